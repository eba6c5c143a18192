package service

import (
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"hearth/term"
	"hearth/term/atlas"
	"hearth/term/glyph"
	"hearth/vk/scene"
)

// opaque turns 0xRRGGBB into the bytes R, G, B, A of a cell.
func opaque(c uint32) uint32 { return c>>16&0xff | c&0xff00 | c&0xff<<16 | 0xff<<24 }

// mix is the colour between two, 0xRRGGBB: what faint text looks like.
func mix(a, b uint32) uint32 { return (a&0xfefefe)>>1 + (b&0xfefefe)>>1 }

func (s *style) foreground() uint32 {
	if s.reverse {
		return s.palette.Dynamic[term.Background]
	}
	return s.palette.Dynamic[term.Foreground]
}

func (s *style) background() uint32 {
	if s.reverse {
		return s.palette.Dynamic[term.Foreground]
	}
	return s.palette.Dynamic[term.Background]
}

// compose makes the cells of a line, in k.row, and acquires their glyphs, in k.used.
func (k *ink) compose(v *term.View, l *term.Line, number int64, st style, hover term.Span) {
	k.begin(v.Columns)
	fg, bg := st.foreground(), st.background()
	linked := touches(hover, number)
	if l.Size == term.SingleSize {
		for i, c := range l.Cells {
			k.row[i] = k.cell(v, c, &st, fg, bg, linked && hover.Holds(term.Point{Line: number, Column: i}))
		}
		return
	}
	// Characters of double width have twice their columns, whose halves each show a half.
	for i := 0; 2*i < v.Columns; i++ {
		x, n := k.cell(v, l.Cells[i], &st, fg, bg, false), 1
		if x.Deco&scene.DecoWide != 0 {
			n = 2
		}
		switch l.Size { // a line is where its half of the characters is
		case term.DoubleTop:
			x.Deco &^= 7 | scene.DecoStrike
		case term.DoubleBottom:
			x.Deco &^= scene.DecoOverline
		}
		for j := range min(2*n, v.Columns-2*i) {
			y := x
			switch {
			case j%n != 0:
				y.Glyph = 0
			case y.Glyph != 0:
				y.Glyph |= doubled[l.Size]
				if j == n {
					y.Glyph |= scene.GlyphRight
				}
			}
			k.row[2*i+j] = y
		}
		i += n - 1
	}
}

// doubled is how the renderer is told of the size of a line's characters.
var doubled = [...]uint32{term.DoubleWidth: scene.GlyphDoubleWidth, term.DoubleTop: scene.GlyphUpper, term.DoubleBottom: scene.GlyphLower}

func (k *ink) begin(columns int) {
	if cap(k.row) < columns {
		k.row = make([]scene.GridCell, columns)
	}
	k.row, k.used = k.row[:columns], k.used[:0]
	clear(k.row)
}

func (k *ink) cell(v *term.View, c term.Cell, st *style, fgDefault, bgDefault uint32, hovered bool) scene.GridCell {
	attr := c.Attr()
	fg, bg, paper := fgDefault, bgDefault, false
	if x := c.FG(); !x.Default() {
		fg = st.palette.Resolve(x, term.Foreground)
	}
	if x := c.BG(); !x.Default() {
		bg, paper = st.palette.Resolve(x, term.Background), true
	}
	if attr&term.Inverse != 0 {
		fg, bg, paper = bg, fg, true
	}
	if attr&term.Faint != 0 {
		fg = mix(fg, bg)
	}
	if attr&term.Selected != 0 {
		bg, paper = st.palette.Dynamic[term.SelectionBackground], true
		fg = st.palette.Dynamic[term.SelectionForeground]
	}
	out := scene.GridCell{FG: opaque(fg)}
	if paper {
		out.BG = opaque(bg)
	}
	if deco := attr & decorated; deco != 0 || hovered || c.HasExtra() {
		out.Deco = decorate(v, c, attr, fg, hovered)
	}
	switch c.Width() {
	case 0:
		return out
	case 2:
		out.Deco |= scene.DecoWide
	}
	if attr&term.Hidden == 0 {
		out.Glyph = uint32(k.glyph(v, c, attr))
	}
	return out
}

// decorated are the attributes that decorate reads.
const decorated = term.Strike | term.Overline | term.Blink | underlined

// underlined are the bits of an underline's style.
const underlined = term.Attr(7) << 12

func decorate(v *term.View, c term.Cell, attr term.Attr, fg uint32, hovered bool) uint32 {
	under := uint32(attr.Underline())
	if hovered && under == scene.UnderlineNone {
		under = scene.UnderlineSingle
	}
	deco := under
	if attr&term.Strike != 0 {
		deco |= scene.DecoStrike
	}
	if attr&term.Overline != 0 {
		deco |= scene.DecoOverline
	}
	if attr&term.Blink != 0 {
		deco |= scene.DecoBlink
	}
	if under != scene.UnderlineNone {
		color := fg
		if x := v.UnderlineColor(c); !x.Default() && !hovered {
			color = v.Palette.Resolve(x, term.Foreground)
		}
		deco |= scene.DecoColor(uint8(color>>16), uint8(color>>8), uint8(color))
	}
	return deco
}

// glyph is the picture of a cell, 0 for none.
func (k *ink) glyph(v *term.View, c term.Cell, attr term.Attr) atlas.Handle {
	var face glyph.Style
	if attr&term.Bold != 0 {
		face |= glyph.Bold
	}
	if attr&term.Italic != 0 {
		face |= glyph.Italic
	}
	r := c.Rune()
	if r == ' ' {
		return 0
	}
	if r >= firstGlyph && r < firstGlyph+glyphs {
		h := &k.ascii[face&3][r-firstGlyph]
		if *h == 0 {
			*h = k.atlas.Acquire([]byte{byte(r)}, face, 1)
		}
		return *h
	}
	k.text = v.Text(k.text[:0], c)
	return k.acquire(face, c.Width())
}

func (k *ink) acquire(face glyph.Style, columns int) atlas.Handle {
	h := k.atlas.Acquire(k.text, face, columns)
	if h != 0 {
		k.used = append(k.used, h)
	}
	return h
}

// banner makes the cells of a bar: one line of text in the colours of the screen, the
// other way round.
func (k *ink) banner(v *term.View, text string, st style) {
	k.begin(v.Columns)
	fg, bg := opaque(st.background()), opaque(st.foreground())
	for i := range k.row {
		k.row[i] = scene.GridCell{FG: fg, BG: bg}
	}
	column, state := 0, -1
	for len(text) > 0 && column < v.Columns {
		var cluster string
		var width int
		cluster, text, width, state = uniseg.FirstGraphemeClusterInString(text, state)
		width = min(width, 2)
		if width == 0 || column+width > v.Columns {
			continue
		}
		if r, _ := utf8.DecodeRuneInString(cluster); r > ' ' {
			k.text = append(k.text[:0], cluster...)
			k.row[column].Glyph = uint32(k.acquire(0, width))
			if width == 2 {
				k.row[column].Deco = scene.DecoWide
			}
		}
		column += width
	}
}
