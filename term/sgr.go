package term

// sgr does SGR: parameters one after the other, those behind a colon belong to the one
// before them.
func (t *Terminal) sgr() {
	s := &t.parser
	p := &t.pen
	for i := 0; i < s.n; i++ {
		v := s.params[i]
		subs := 0
		for i+subs+1 < s.n && s.sub&(1<<(i+subs+1)) != 0 {
			subs++
		}
		if subs > 0 {
			t.sgrColon(s.params[i : i+subs+1])
			i += subs
			continue
		}
		switch v {
		case 0:
			p.fg, p.bg, p.attr = DefaultColor, DefaultColor, p.attr&^rendition
			if t.ul != DefaultColor {
				t.setUnderlineColor(DefaultColor)
			}
		case 1:
			p.attr |= Bold
		case 2:
			p.attr |= Faint
		case 3:
			p.attr |= Italic
		case 4:
			p.attr = p.attr.withUnderline(SingleUnderline)
		case 5, 6:
			p.attr |= Blink
		case 7:
			p.attr |= Inverse
		case 8:
			p.attr |= Hidden
		case 9:
			p.attr |= Strike
		case 21:
			p.attr = p.attr.withUnderline(DoubleUnderline)
		case 22:
			p.attr &^= Bold | Faint
		case 23:
			p.attr &^= Italic
		case 24:
			p.attr &^= underlineMask
		case 25:
			p.attr &^= Blink
		case 27:
			p.attr &^= Inverse
		case 28:
			p.attr &^= Hidden
		case 29:
			p.attr &^= Strike
		case 30, 31, 32, 33, 34, 35, 36, 37:
			p.fg = Indexed(uint8(v - 30))
		case 38, 48, 58:
			c, n, ok := extendedColor(s.params[i+1 : s.n])
			i += n
			if ok {
				t.setColor(v, c)
			}
		case 39:
			p.fg = DefaultColor
		case 40, 41, 42, 43, 44, 45, 46, 47:
			p.bg = Indexed(uint8(v - 40))
		case 49:
			p.bg = DefaultColor
		case 53:
			p.attr |= Overline
		case 55:
			p.attr &^= Overline
		case 59:
			t.setUnderlineColor(DefaultColor)
		case 90, 91, 92, 93, 94, 95, 96, 97:
			p.fg = Indexed(uint8(v - 90 + 8))
		case 100, 101, 102, 103, 104, 105, 106, 107:
			p.bg = Indexed(uint8(v - 100 + 8))
		}
	}
}

// extendedColor reads what follows 38, 48 or 58 between semicolons: 2;r;g;b or 5;i. n
// is how many parameters belong to it.
func extendedColor(p []int32) (c Color, n int, ok bool) {
	if len(p) == 0 {
		return 0, 0, false
	}
	switch p[0] {
	case 2:
		if len(p) < 4 {
			return 0, len(p), false
		}
		if max(p[1], p[2], p[3]) > 255 {
			return 0, 4, false
		}
		return RGB(uint8(p[1]), uint8(p[2]), uint8(p[3])), 4, true
	case 5:
		if len(p) < 2 {
			return 0, 1, false
		}
		return Indexed(uint8(p[1])), 2, p[1] <= 255
	}
	return 0, 1, false
}

// sgrColon does one attribute with its subparameters.
func (t *Terminal) sgrColon(p []int32) {
	switch v := p[0]; v {
	case 4:
		if p[1] <= int32(DashedUnderline) {
			t.pen.attr = t.pen.attr.withUnderline(Underline(p[1]))
		}
	case 38, 48, 58:
		switch p[1] {
		case 2:
			rgb := p[2:]
			// The standard has a colour space before the parts; without it there are
			// three of them, as many programs write.
			if len(rgb) >= 4 {
				rgb = rgb[1:]
			}
			if len(rgb) >= 3 && max(rgb[0], rgb[1], rgb[2]) <= 255 {
				t.setColor(v, RGB(uint8(rgb[0]), uint8(rgb[1]), uint8(rgb[2])))
			}
		case 5:
			if len(p) >= 3 && p[2] <= 255 {
				t.setColor(v, Indexed(uint8(p[2])))
			}
		}
	}
}

// setColor sets the colour that SGR v is about.
func (t *Terminal) setColor(v int32, c Color) {
	switch v {
	case 38:
		t.pen.fg = c
	case 48:
		t.pen.bg = c
	case 58:
		t.setUnderlineColor(c)
	}
}

func (t *Terminal) setUnderlineColor(c Color) {
	t.ul = c
	t.setExtra()
}

// setExtra gives the pen its link and the colour of its underline.
func (t *Terminal) setExtra() { t.pen.extra = t.extra(extra{link: t.url, underline: t.ul}) }

// maxPens bounds what XTPUSHSGR keeps; xterm keeps as many.
const maxPens = 10

// A keptPen is what XTPUSHSGR keeps of a pen.
type keptPen struct {
	pen    Cell
	ul     Color
	attr   Attr // which attributes come back
	fg, bg bool
	all    bool // the colour of the underline as well
}

// pushPen does XTPUSHSGR: all of the pen, or what the parameters name.
func (t *Terminal) pushPen() {
	if len(t.pens) == maxPens {
		return
	}
	s := &t.parser
	k := keptPen{pen: t.pen, ul: t.ul}
	if s.given == 0 {
		k.attr, k.fg, k.bg, k.all = rendition, true, true, true
	}
	for i := range s.n {
		switch s.arg(i, 0) {
		case 1:
			k.attr |= Bold
		case 2:
			k.attr |= Faint
		case 3:
			k.attr |= Italic
		case 4, 21:
			k.attr |= underlineMask
		case 5:
			k.attr |= Blink
		case 7:
			k.attr |= Inverse
		case 8:
			k.attr |= Hidden
		case 9:
			k.attr |= Strike
		case 30:
			k.fg = true
		case 31:
			k.bg = true
		}
	}
	t.pens = append(t.pens, k)
}

// popPen does XTPOPSGR.
func (t *Terminal) popPen() {
	n := len(t.pens) - 1
	if n < 0 {
		return
	}
	k := t.pens[n]
	t.pens = t.pens[:n]
	t.pen.attr = t.pen.attr&^k.attr | k.pen.attr&k.attr
	if k.fg {
		t.pen.fg = k.pen.fg
	}
	if k.bg {
		t.pen.bg = k.pen.bg
	}
	if k.all {
		t.ul = k.ul
	}
	t.setExtra()
}

// sgrText appends the parameters of the SGR that makes c's rendition, underlined in
// colour ul, from none.
func sgrText(b []byte, c Cell, ul Color) []byte {
	b = append(b, '0')
	for _, a := range [...]struct {
		attr Attr
		text string
	}{
		{Bold, ";1"}, {Faint, ";2"}, {Italic, ";3"}, {Blink, ";5"}, {Inverse, ";7"},
		{Hidden, ";8"}, {Strike, ";9"}, {Overline, ";53"},
	} {
		if c.attr&a.attr != 0 {
			b = append(b, a.text...)
		}
	}
	switch u := c.attr.Underline(); u {
	case NoUnderline:
	case SingleUnderline:
		b = append(b, ";4"...)
	case DoubleUnderline:
		b = append(b, ";21"...)
	default:
		b = append(b, ";4:"...)
		b = append(b, '0'+byte(u))
	}
	b = colorText(b, c.fg, 30)
	b = colorText(b, c.bg, 40)
	return colorText(b, ul, 50)
}

// colorText appends the parameters that set c as the colour of base: 30 the foreground,
// 40 the background, 50 the underline.
func colorText(b []byte, c Color, base int) []byte {
	if i, ok := c.Index(); ok {
		switch {
		case base == 50 || i >= 16:
			return appendf(b, ";%d:5:%d", base+8, i)
		case i >= 8:
			return appendf(b, ";%d", base+60+int(i)-8)
		}
		return appendf(b, ";%d", base+int(i))
	}
	if r, g, bl, ok := c.RGB(); ok {
		return appendf(b, ";%d:2::%d:%d:%d", base+8, r, g, bl)
	}
	return b
}
