package service

import (
	"encoding/json"
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"

	"hearth/runtime/serde"
	"hearth/term"
)

// opening is the value of Open.
type opening struct {
	Name    string       `json:"name"`
	Command *commandWire `json:"command"`
}

// openThere opens a terminal for the person, who asks for it by the socket of this program
// and not by a key: it stands where one stands that is opened by a key. A command is not
// run again by itself, so what it showed is not kept.
func (p *Plugin) openThere(c serde.Codec, t serde.Tagged) (any, error) {
	var w opening
	if t.Value != nil {
		var err error
		if w, err = serde.Value[opening](c, t); err != nil {
			return nil, &parseError{err}
		}
	}
	x := creation{owner: person, keep: w.Command == nil}
	var err error
	if x.name, err = cleanName(w.Name); err != nil {
		return nil, err
	}
	if w.Command != nil {
		if x.command, err = w.Command.command(); err != nil {
			return nil, err
		}
	}
	if p.here == nil {
		return nil, &valueError{"nobody looks at this space, so there is no place before their eyes; CreateTerminal makes one at a place that it is told"}
	}
	if x.name == "" {
		x.name = p.freeName()
	} else if slices.ContainsFunc(p.listed(), func(l listed) bool { return l.Name == x.name }) {
		return nil, &valueError{fmt.Sprintf("a terminal is called %s already; choose another name", x.name)}
	}
	x.state = p.here()
	s, err := p.create(x)
	if err != nil {
		return nil, err
	}
	return map[string]any{"Opened": map[string]any{"id": s.id, "name": s.name}}, nil
}

// looking is the value of Screen: a part of the screen, from its upper left corner on, and
// what of it was seen last.
type looking struct {
	Columns int    `json:"columns"` // 0: all
	Rows    int    `json:"rows"`
	Since   string `json:"since"`
}

// seen is a screen for who looks at it from elsewhere. The rows are text and colours of
// it (SGR) and nothing else, whatever the program wrote, so that they can be shown by a
// terminal that is somebody's own.
type seen struct {
	Serial  string     `json:"serial"` // for Since
	Columns int        `json:"columns"`
	Rows    int        `json:"rows"`
	Title   string     `json:"title"`
	Ended   string     `json:"ended"`
	Lines   []string   `json:"lines"`
	Cursor  seenCursor `json:"cursor"`
	// The modes that change what keys send.
	AppCursor bool `json:"app_cursor"`
	AppKeypad bool `json:"app_keypad"`
	Paste     bool `json:"paste"`
}

// seenCursor is where the cursor is in the part that was asked for.
type seenCursor struct {
	Column  int  `json:"column"`
	Row     int  `json:"row"`
	Visible bool `json:"visible"`
	Shape   int  `json:"shape"` // as DECSCUSR has it
}

// serialSeed makes serials; they mean nothing to another run of this program.
var serialSeed = maphash.MakeSeed()

// look is what the screen shows, or Nothing where that is what somebody has seen.
func (s *session) look(c serde.Codec, t serde.Tagged) (any, error) {
	var q looking
	if t.Value != nil {
		if err := c.Decode(t.Value, &q); err != nil {
			return nil, &parseError{err}
		}
	}
	info := s.info()
	s.mu.Lock()
	var v term.View
	s.t.View(&v)
	m := s.t.Modes()
	s.mu.Unlock()
	out := seen{
		Columns: v.Columns, Rows: v.Rows, Title: info.Title, Ended: info.Ended,
		AppCursor: m.AppCursor, AppKeypad: m.AppKeypad, Paste: m.BracketedPaste,
	}
	columns, rows := v.Columns, v.Rows
	if q.Columns > 0 {
		columns = min(columns, q.Columns)
	}
	if q.Rows > 0 {
		rows = min(rows, q.Rows)
	}
	total := 0
	for _, l := range v.Lines[:rows] {
		text := paintedRow(&v, l.Cells[:columns])
		if total += len(text); total > maxText {
			text = ""
		}
		out.Lines = append(out.Lines, text)
	}
	out.Cursor = seenCursor{v.Cursor.Column, v.Cursor.Row, v.Cursor.Visible && v.Cursor.Column < columns && v.Cursor.Row < rows, 2 * (int(v.Cursor.Shape) + 1)}
	if v.Cursor.Blink {
		out.Cursor.Shape--
	}
	b, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	out.Serial = strconv.FormatUint(maphash.Bytes(serialSeed, b), 16)
	if out.Serial == q.Since {
		return "Nothing", nil
	}
	return map[string]any{"Screen": out}, nil
}

// paintedRow is a row as text and SGR, which begins and ends with the default pen. A wide
// character that is cut is a space.
func paintedRow(v *term.View, cells []term.Cell) string {
	var out, text []byte
	pen := "\x1b[m"
	for i, c := range cells {
		if c.Width() == 0 {
			continue
		}
		if now := sgr(v, c); now != pen {
			out = append(out, now...)
			pen = now
		}
		if text = v.Text(text[:0], c); i+c.Width() > len(cells) {
			text = append(text[:0], ' ')
		}
		out = append(out, text...)
	}
	if pen != "\x1b[m" {
		out = append(out, "\x1b[m"...)
	}
	return string(out)
}

// sgr sets the pen of a cell, whatever it was.
func sgr(v *term.View, c term.Cell) string {
	b := []byte("\x1b[")
	attr := c.Attr()
	for _, a := range [...]struct {
		attr term.Attr
		n    int
	}{
		{term.Bold, 1}, {term.Faint, 2}, {term.Italic, 3}, {term.Blink, 5}, {term.Hidden, 8}, {term.Strike, 9}, {term.Overline, 53},
	} {
		if attr&a.attr != 0 {
			b = fmt.Appendf(b, ";%d", a.n)
		}
	}
	if (attr&term.Inverse != 0) != v.Reverse != (attr&term.Selected != 0) {
		b = append(b, ";7"...)
	}
	if u := attr.Underline(); u != term.NoUnderline {
		b = append(b, ";4"...)
	}
	for _, x := range [...]struct {
		c    term.Color
		base int
	}{{c.FG(), 30}, {c.BG(), 40}} {
		if i, ok := x.c.Index(); ok {
			switch {
			case i < 8:
				b = fmt.Appendf(b, ";%d", x.base+int(i))
			case i < 16:
				b = fmt.Appendf(b, ";%d", x.base+60+int(i)-8)
			default:
				b = fmt.Appendf(b, ";%d;5;%d", x.base+8, i)
			}
		} else if r, g, bl, ok := x.c.RGB(); ok {
			b = fmt.Appendf(b, ";%d;2;%d;%d;%d", x.base+8, r, g, bl)
		}
	}
	return string(append(b, 'm'))
}
