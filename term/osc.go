package term

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// osc does an operating system command: a number and what it is about.
func (t *Terminal) osc(text []byte) {
	number, rest, _ := bytes.Cut(text, []byte{';'})
	n, ok := number2int(number)
	if !ok {
		return
	}
	switch {
	case n == 0, n == 1, n == 2:
		t.setTitle(rest, n != 2, n != 1)
	case n == 4:
		t.oscColors(rest, 4, t.palette.Colors[:])
	case n == 5:
		t.oscColors(rest, 5, t.palette.Special[:])
	case n == 104:
		t.oscReset(rest, func(p *Palette) ([]uint32, []uint32) { return p.Colors[:], t.first.Colors[:] })
	case n == 105:
		t.oscReset(rest, func(p *Palette) ([]uint32, []uint32) { return p.Special[:], t.first.Special[:] })
	case n >= 10 && n <= 19:
		t.oscDynamic(n, rest)
	case n >= 110 && n <= 119:
		t.ownPalette().Dynamic[n-110] = t.first.Dynamic[n-110]
		t.paletteChanged()
	case n == 7:
		t.directory = clean(rest, t.limits.LinkBytes)
		t.tell(Event{Kind: Directory, Text: t.directory})
	case n == 8:
		t.oscLink(rest)
	case n == 9:
		// 9;4 is ConEmu's progress bar, no message.
		if !bytes.HasPrefix(rest, []byte("4;")) {
			t.tell(Event{Kind: Notification, Text: clean(rest, t.limits.Title)})
		}
	case n == 22:
		t.tell(Event{Kind: PointerShape, Text: clean(rest, 64)})
	case n == 52:
		t.oscClipboard(rest)
	case n == 133:
		t.oscMark(rest)
	case n == 777:
		if what, message, _ := bytes.Cut(rest, []byte{';'}); string(what) == "notify" {
			title, body, _ := bytes.Cut(message, []byte{';'})
			t.tell(Event{
				Kind: Notification, Title: clean(title, t.limits.Title), Text: clean(body, t.limits.Title),
			})
		}
	}
}

// number2int reads a short decimal number.
func number2int(b []byte) (int, bool) {
	if len(b) == 0 || len(b) > 6 {
		return 0, false
	}
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

func (t *Terminal) setTitle(text []byte, icon, title bool) {
	s := clean(text, t.limits.Title)
	if icon {
		t.icon = s
		t.tell(Event{Kind: IconChanged, Text: s})
	}
	if title {
		t.title = s
		t.tell(Event{Kind: TitleChanged, Text: s})
	}
}

// oscEnd is how an answer to an OSC ends: as the question did.
func (t *Terminal) oscEnd() string {
	if t.parser.bell {
		return "\a"
	}
	return "\x1b\\"
}

// ownPalette returns the palette to be changed: a copy if a View has it.
func (t *Terminal) ownPalette() *Palette {
	if t.shared {
		p := *t.palette
		t.palette, t.shared = &p, false
	}
	return t.palette
}

func (t *Terminal) paletteChanged() {
	t.redraw()
	t.tell(Event{Kind: PaletteChanged})
}

// oscColors does OSC 4 and 5: pairs of an index and a colour, or ? to ask for it. OSC 4
// counts the special colours on from 256.
func (t *Terminal) oscColors(rest []byte, command int, _ []uint32) {
	changed := false
	for len(rest) > 0 {
		var index, spec []byte
		index, rest, _ = bytes.Cut(rest, []byte{';'})
		spec, rest, _ = bytes.Cut(rest, []byte{';'})
		i, ok := number2int(index)
		if !ok {
			return
		}
		at := func(p *Palette) *uint32 {
			switch {
			case command == 5 && i < specials:
				return &p.Special[i]
			case command == 4 && i < 256:
				return &p.Colors[i]
			case command == 4 && i < 256+specials:
				return &p.Special[i-256]
			}
			return nil
		}
		if at(t.palette) == nil {
			continue
		}
		if string(spec) == "?" {
			t.replyf("\x1b]%d;%d;%s%s", command, i, colorSpec(*at(t.palette)), t.oscEnd())
		} else if c, ok := parseColor(spec); ok {
			*at(t.ownPalette()) = c
			changed = true
		}
	}
	if changed {
		t.paletteChanged()
	}
}

// oscReset does OSC 104 and 105: the colours that are named, or all, are as at first.
func (t *Terminal) oscReset(rest []byte, of func(*Palette) (now, first []uint32)) {
	now, first := of(t.ownPalette())
	if len(rest) == 0 {
		copy(now, first)
	}
	for len(rest) > 0 {
		var index []byte
		index, rest, _ = bytes.Cut(rest, []byte{';'})
		if i, ok := number2int(index); ok && i < len(now) {
			now[i] = first[i]
		}
	}
	t.paletteChanged()
}

// oscDynamic does OSC 10 to 19; further colours belong to the numbers that follow.
func (t *Terminal) oscDynamic(n int, rest []byte) {
	changed := false
	for ; n <= 19; n++ {
		spec, more, found := bytes.Cut(rest, []byte{';'})
		if string(spec) == "?" {
			t.replyf("\x1b]%d;%s%s", n, colorSpec(t.palette.Dynamic[n-10]), t.oscEnd())
		} else if c, ok := parseColor(spec); ok {
			t.ownPalette().Dynamic[n-10] = c
			changed = true
		}
		if rest = more; !found {
			break
		}
	}
	if changed {
		t.paletteChanged()
	}
}

// colorSpec writes a colour as X11 does, 16 bits each.
func colorSpec(c uint32) string {
	r, g, b := c>>16&0xff, c>>8&0xff, c&0xff
	return fmt.Sprintf("rgb:%04x/%04x/%04x", r*0x101, g*0x101, b*0x101)
}

// parseColor reads a colour as X11's XParseColor does: #rgb to #rrrrggggbbbb, whose
// digits are the upper ones, or rgb:r/g/b with one to four digits each, which are
// scaled.
func parseColor(spec []byte) (uint32, bool) {
	var part [3]uint32
	switch {
	case len(spec) > 0 && spec[0] == '#':
		digits := spec[1:]
		n := len(digits) / 3
		if n < 1 || n > 4 || len(digits)%3 != 0 {
			return 0, false
		}
		for i := range part {
			v, err := strconv.ParseUint(string(digits[i*n:(i+1)*n]), 16, 16)
			if err != nil {
				return 0, false
			}
			part[i] = uint32(v) << (16 - 4*n) >> 8
		}
	case bytes.HasPrefix(spec, []byte("rgb:")):
		fields := bytes.Split(spec[4:], []byte{'/'})
		if len(fields) != 3 {
			return 0, false
		}
		for i, f := range fields {
			v, err := strconv.ParseUint(string(f), 16, 16)
			if err != nil || len(f) > 4 {
				return 0, false
			}
			full := uint32(1)<<(4*len(f)) - 1
			part[i] = (uint32(v)*255 + full/2) / full
		}
	default:
		return 0, false
	}
	return part[0]<<16 | part[1]<<8 | part[2], true
}

// oscLink does OSC 8: what is written from now on leads to an address, or nowhere.
func (t *Terminal) oscLink(rest []byte) {
	params, uri, ok := bytes.Cut(rest, []byte{';'})
	if !ok {
		return
	}
	t.url = 0
	if len(uri) > 0 && len(uri) <= t.limits.LinkBytes && utf8.Valid(uri) {
		id := ""
		for len(params) > 0 {
			var p []byte
			p, params, _ = bytes.Cut(params, []byte{':'})
			if v, ok := bytes.CutPrefix(p, []byte("id=")); ok && len(v) <= maxLinkID {
				id = clean(v, maxLinkID)
			}
		}
		if id == "" {
			t.tables.nextLink++
			id = "\x00" + strconv.FormatUint(t.tables.nextLink, 36)
		}
		t.url = t.link(link{uri: clean(uri, t.limits.LinkBytes), id: id})
	}
	t.setExtra()
}

// maxLinkID bounds the id of a link: VTE's limit.
const maxLinkID = 250

// oscClipboard does OSC 52. It only sets: what a program could ask for is the user's.
func (t *Terminal) oscClipboard(rest []byte) {
	where, data, ok := bytes.Cut(rest, []byte{';'})
	if !ok || string(data) == "?" {
		return
	}
	text, err := base64.StdEncoding.AppendDecode(nil, data)
	if err != nil {
		if text, err = base64.RawStdEncoding.AppendDecode(nil, data); err != nil {
			text = nil
		}
	}
	selection := "s"
	if len(where) > 0 {
		selection = clean(where, 16)
	}
	t.tell(Event{Kind: Clipboard, Selection: selection, Text: string(bytes.ToValidUTF8(text, []byte("\uFFFD")))})
}

// oscMark does OSC 133: the shell tells where prompts, input and output are.
func (t *Terminal) oscMark(rest []byte) {
	if len(rest) == 0 {
		return
	}
	e := Event{Kind: Mark, Exit: -1, Line: t.screenTop() + int64(t.y)}
	flag := rowFlags(0)
	switch rest[0] {
	case 'A':
		flag, e.Mark = rowMarkA, PromptMark
	case 'B':
		flag, e.Mark = rowMarkB, InputMark
	case 'C':
		flag, e.Mark = rowMarkC, OutputMark
	case 'D':
		flag, e.Mark = rowMarkD, CommandMark
		_, status, _ := bytes.Cut(rest, []byte{';'})
		status, _, _ = bytes.Cut(status, []byte{';'})
		if n, ok := number2int(status); ok {
			e.Exit = n
		}
	default:
		return
	}
	t.edit(t.y).flags |= flag
	t.tell(e)
}
