package service

import (
	"time"

	"hearth/term"
	"hearth/term/input"
)

// mouse is what the person does with the mouse on one terminal.
type mouse struct {
	drawing bool          // a selection, with the left button
	clicks  int           // of the left button in one place, 1 to 3
	at      time.Duration // of the last one
	spot    term.Point    // of the last one
	held    input.Button  // by the program, until it is released
	link    term.Span     // under the pointer, to be followed

	// While a selection is drawn beyond the first or the last row: by how many rows, in
	// which column, and when that last moved the view.
	pull, column int
	pulled       time.Duration
}

const (
	// pullEvery is how often a selection that is drawn beyond the edge moves the view, by
	// as many rows as the pointer is away, but pullMost at most.
	pullEvery = 50 * time.Millisecond
	pullMost  = 20
)

// clickWithin is the most time between the clicks of a double one.
const clickWithin = 400 * time.Millisecond

// Mouse gives what the mouse does to the terminal that it hits: to the program, where it
// asked for that and Shift is not held; else it selects, scrolls and, with Ctrl, follows
// links. A press gives the terminal the focus. Of the event, place and pixels are those
// of the hit. taken is false where the terminal is gone.
func (p *Plugin) Mouse(h Hit, e input.Mouse) (taken bool) {
	s := p.session(h.Terminal)
	if s == nil {
		return false
	}
	if e.Action == input.Press && !wheel(e.Button) {
		p.Focus(s.id)
	}
	p.mu.Lock()
	was := p.sessions[p.pointed]
	p.pointed = s.id
	p.mu.Unlock()
	if was != nil && was != s {
		was.left()
	}
	e.Column, e.Row, e.X, e.Y = h.Column, h.Row, int(h.X), int(h.Y)
	s.mu.Lock()
	uri := s.point(e, h.Beyond)
	s.mu.Unlock()
	if uri != "" && p.open != nil {
		p.open(uri)
	}
	s.touch()
	return true
}

// MouseLeft says that the pointer is on no terminal any more.
func (p *Plugin) MouseLeft() {
	p.mu.Lock()
	was := p.sessions[p.pointed]
	p.pointed = 0
	p.mu.Unlock()
	if was != nil {
		was.left()
	}
}

// left says that the pointer is not on the terminal any more.
func (s *session) left() {
	s.mu.Lock()
	s.mouse.link = term.Span{}
	s.tracker.Reset()
	s.mu.Unlock()
	s.touch()
}

func wheel(b input.Button) bool { return b >= input.WheelUp && b <= input.WheelRight }

// point does what an event of the mouse asks for, beyond being how many rows it is away,
// and returns a link that is to be followed. The caller holds mu.
func (s *session) point(e input.Mouse, beyond int) (follow string) {
	if s.removed {
		return ""
	}
	columns, rows := s.t.Size()
	e.Column, e.Row = min(e.Column, columns-1), min(e.Row, rows-1)
	x, modes := &s.mouse, s.t.Modes()
	x.pull = 0
	if e.Action == input.Motion && e.Button == input.NoButton {
		x.drawing, x.held = false, input.NoButton // the button went up elsewhere
	}
	_, end := s.t.Lines()
	at := term.Point{Line: end - int64(rows) - int64(s.t.Scrolled()) + int64(e.Row), Column: e.Column}
	if l, ok := s.t.Line(at.Line); ok && l.Size != term.SingleSize {
		at.Column /= 2 // characters of double width
	}
	wants := modes.Mouse != input.MouseNone && (s.phase == running || s.phase == fed) && s.t.Scrolled() == 0
	mine := e.Mods&input.Shift != 0 || e.Mods&input.Ctrl != 0 && e.Button == input.ButtonLeft && s.linked(at) != ""
	switch {
	case x.held != input.NoButton && (e.Button == x.held || e.Action == input.Motion), wants && !mine && !x.drawing:
		if e.Action == input.Press && !wheel(e.Button) {
			x.held = e.Button
		} else if e.Action == input.Release {
			x.held = input.NoButton
		}
		x.link = term.Span{}
		s.toProgram(s.tracker.Append(nil, e, modes))
		return ""
	case wheel(e.Button):
		s.roll(e, modes)
		return ""
	}
	switch {
	case e.Action == input.Press && e.Button == input.ButtonLeft:
		if e.Mods&input.Ctrl != 0 {
			return s.linked(at)
		}
		s.click(at, e.Mods)
	case e.Action == input.Press && e.Button == input.ButtonMiddle:
		s.pasteFrom(s.p.primary)
	case e.Action == input.Motion && x.drawing:
		s.t.Extend(at)
		x.pull, x.column = beyond, e.Column
	case e.Action == input.Motion:
		x.link = term.Span{}
		if e.Mods&input.Ctrl != 0 && s.linked(at) != "" {
			l, _ := s.t.LinkAt(at)
			x.link = l.Span
		}
	case e.Action == input.Release && e.Button == input.ButtonLeft:
		if text := s.t.SelectedText(); x.drawing && text != "" && len(text) <= maxClipboard && s.p.primary != s.p.clip {
			s.p.primary.Set(text)
		}
		x.drawing = false
	}
	return ""
}

// tug moves the view under a selection that is drawn beyond the edge, and returns when it
// does so again, 0 for not. The caller holds mu.
func (s *session) tug(now time.Duration) (again time.Duration) {
	x := &s.mouse
	if !x.drawing || x.pull == 0 || s.removed {
		return 0
	}
	if next := x.pulled + pullEvery; x.pulled != 0 && now < next {
		return next
	}
	before := s.t.Scrolled()
	s.t.Scroll(-min(max(x.pull, -pullMost), pullMost))
	if s.t.Scrolled() == before {
		return 0 // the end
	}
	x.pulled = now
	_, rows := s.t.Size()
	_, end := s.t.Lines()
	at := term.Point{Line: end - int64(s.t.Scrolled()) - 1, Column: x.column}
	if x.pull < 0 {
		at.Line -= int64(rows) - 1
	}
	s.t.Extend(at)
	return now + pullEvery
}

// linked is the link in a place, where it may be followed.
func (s *session) linked(at term.Point) string {
	if l, ok := s.t.LinkAt(at); ok && followable(l.URI) {
		return l.URI
	}
	return ""
}

// toProgram hands over what is no typing. The caller holds mu.
func (s *session) toProgram(data []byte) {
	if len(data) == 0 || s.phase == past || s.phase == ended {
		return
	}
	if err := s.typed(data); err != nil {
		s.client.complain(err)
	}
}

// roll follows the wheel: through the history or, where there is none, as keys to the
// program that asked for these.
func (s *session) roll(e input.Mouse, modes input.Modes) {
	if e.Action != input.Press {
		return
	}
	if data := input.AppendMouse(nil, e, modes); modes.Mouse == input.MouseNone && len(data) > 0 {
		s.toProgram(data)
		return
	}
	switch e.Button {
	case input.WheelUp:
		s.t.Scroll(input.WheelLines)
	case input.WheelDown:
		s.t.Scroll(-input.WheelLines)
	}
}

// click begins a selection: of cells, with a second click of words, with a third of
// lines, with Alt of a rectangle; with Shift it draws the end of the last one.
func (s *session) click(at term.Point, mods input.Mods) {
	x, now := &s.mouse, s.p.now()
	if x.clicks > 0 && x.clicks < 3 && x.spot == at && now-x.at < clickWithin {
		x.clicks++
	} else {
		x.clicks = 1
	}
	x.at, x.spot, x.drawing = now, at, true
	if mods&input.Shift != 0 {
		if _, _, ok := s.t.Selection(); ok {
			s.t.Adjust(at)
			return
		}
	}
	kind := []term.SelectionKind{term.SelectCells, term.SelectWords, term.SelectLines}[x.clicks-1]
	if mods&input.Alt != 0 {
		kind = term.SelectBlock
	}
	s.t.Select(kind, at)
}
