package service_test

import (
	"slices"
	"testing"

	"hearth/term"
	"hearth/term/service"
	"hearth/vk/scene"
)

// A row that did not change stays the same slice, and one that scrolled moves.
func TestRowsAreShared(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	c := g.make(screen)
	alphabet := w.alphabet()
	feed(g, c, "one\r\ntwo\r\nthree\r\nfour\r\nfive")
	eventually(t, "five lines", func() bool { return read(w.grid(), 4, alphabet) == "five" })
	before := w.grid()
	feed(g, c, "!")
	eventually(t, "a mark", func() bool { return read(w.grid(), 4, alphabet) == "five!" })
	after := w.grid()
	for i := range 4 {
		if &before.Lines[i][0] != &after.Lines[i][0] {
			t.Errorf("row %d is another slice", i)
		}
	}
	if before.Version == after.Version || &before.Lines[4][0] == &after.Lines[4][0] {
		t.Error("the row that changed was written in its place")
	}
	if got := read(before, 4, alphabet); got != "five" {
		t.Errorf("a snapshot changed: %q", got)
	}
	feed(g, c, "\r\n")
	eventually(t, "a line gone", func() bool { return read(w.grid(), 0, alphabet) == "two" })
	if now := w.grid(); &now.Lines[0][0] != &after.Lines[1][0] {
		t.Error("a row that scrolled was made again")
	}
}

// Colours, decorations and wide characters come out as the renderer reads them.
func TestCells(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	c := g.make(screen)
	p := term.DefaultPalette()
	rgb := func(c uint32) uint32 { return c>>16&0xff | c&0xff00 | c&0xff<<16 | 0xff<<24 }
	fg, bg := rgb(p.Dynamic[term.Foreground]), rgb(p.Dynamic[term.Background])
	for _, x := range []struct {
		name, text string
		want       scene.GridCell // without its glyph
		glyph      bool
	}{
		{"plain", "a", scene.GridCell{FG: fg}, true},
		{"blank", " ", scene.GridCell{FG: fg}, false},
		{"red on blue", "\x1b[31;44ma", scene.GridCell{FG: rgb(p.Colors[1]), BG: rgb(p.Colors[4])}, true},
		{"true colour", "\x1b[38;2;1;2;3;48;2;4;5;6ma", scene.GridCell{FG: 0xff030201, BG: 0xff060504}, true},
		{"inverse", "\x1b[7ma", scene.GridCell{FG: bg, BG: fg}, true},
		{"hidden", "\x1b[8ma", scene.GridCell{FG: fg}, false},
		{"strike and overline", "\x1b[9;53ma", scene.GridCell{FG: fg, Deco: scene.DecoStrike | scene.DecoOverline}, true},
		{"curly", "\x1b[4:3;58;2;9;8;7ma", scene.GridCell{FG: fg, Deco: scene.UnderlineCurly | scene.DecoColor(9, 8, 7)}, true},
		{"blink", "\x1b[5ma", scene.GridCell{FG: fg, Deco: scene.DecoBlink}, true},
		{"wide", "\u6f22", scene.GridCell{FG: fg, Deco: scene.DecoWide}, true},
		{"cluster", "e\u0301", scene.GridCell{FG: fg}, true},
	} {
		feed(g, c, "\x1bc"+x.text+"\x1b[0m\x1b[5;1H.")
		ok := func() bool {
			l := w.grid().Lines
			return l != nil && l[4] != nil && l[4][0].Glyph != 0
		}
		eventually(t, x.name, ok)
		var got scene.GridCell
		eventually(t, x.name, func() bool {
			got = w.grid().Lines[0][0]
			has := got.Glyph != 0
			got.Glyph = 0
			return got == x.want && has == x.glyph
		})
		feed(g, c, "\x1bc")
		eventually(t, "a blank screen", func() bool { return w.grid().Lines[4][0].Glyph == 0 })
	}
}

// The background, the cursor and the border say what the state, the program and the
// focus are.
func TestLook(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	c := g.make(create)
	eventually(t, "its own colours", func() bool { return w.grid().Background == 0xff111111 })
	if w.grid().Opacity != 0.9 || w.grid().Padding != ([2]float32{0.1, 0.1}) {
		t.Errorf("%+v", w.grid())
	}
	eventually(t, "a hollow cursor", func() bool { return w.grid().Cursor.Shape == scene.CursorHollowBlock })
	id := w.plugin.List()[0].ID
	w.plugin.Focus(id)
	eventually(t, "a cursor and a border", func() bool {
		return w.grid().Cursor.Shape == scene.CursorBlock && w.grid().BorderWidth > 0
	})
	w.plugin.Unfocus()
	eventually(t, "neither", func() bool {
		return w.grid().Cursor.Shape == scene.CursorHollowBlock && w.grid().BorderWidth == 0
	})
	g.do(c, `{"State":{"position":[1,2,3],"half_size":[1,0.5],"opacity":0.5,"units_per_em":0.05}}`)
	eventually(t, "its place", func() bool {
		x := w.grid()
		return x.Origin == ([3]float32{1, 2, 3}) && x.HalfSize == ([2]float32{1, 0.5}) && x.Opacity == 0.5 && x.Em == 0.05 && x.Background == 0xff000000
	})
	x := w.grid()
	if x.Columns != int(2/(x.Cell[0])+1e-3) || len(x.Lines) != x.Rows {
		t.Errorf("%d by %d cells of %v", x.Columns, x.Rows, x.Cell)
	}
	g.do(c, `{"Resize":{"columns":20,"rows":4}}`)
	eventually(t, "its size", func() bool {
		x := w.grid()
		return x.Columns == 20 && x.Rows == 4 && x.Em == 0.05 && len(x.Lines) == 4 &&
			!slices.ContainsFunc(x.Lines, func(l []scene.GridCell) bool { return len(l) != 20 }) && x.HalfSize[0] < 1
	})
}

// What changes nothing that is seen makes no other picture.
func TestQuietScreen(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	c := g.make(screen)
	alphabet := w.alphabet()
	feed(g, c, "quiet")
	eventually(t, "the text", func() bool { return read(w.grid(), 0, alphabet) == "quiet" })
	pass := func() { // the painter has looked at it once more
		n := service.Passes(w.plugin)
		g.do(c, `{"Select":null}`)
		eventually(t, "a pass", func() bool { return service.Passes(w.plugin) > n })
	}
	pass()
	// The pictures of glyphs may still come; then it is quiet.
	eventually(t, "ten passes without a change", func() bool {
		before := w.scene.Snapshot().Version
		for range 10 {
			feed(g, c, "\x1b[1;1Hquiet")
			pass()
		}
		return w.scene.Snapshot().Version == before
	})
}

// Output that is held back is shown when the program never says that it is done.
func TestSynchronizedOutputEnds(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	c := g.make(screen)
	alphabet := w.alphabet()
	feed(g, c, "\x1b[?2026hheld")
	eventually(t, "what was held back", func() bool { return read(w.grid(), 0, alphabet) == "held" })
}

// Characters of double width and height stand in two columns, half of each in each, and a
// line that is the upper half of some has no line under them.
func TestDoubleLines(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	c := g.make(screen)
	feed(g, c, "\x1b#3\x1b[4ma\u6f22b\r\n\x1b#4a\u6f22b\r\n\x1b#6\x1b[ma\r\n-")
	eventually(t, "a line behind them", func() bool { l := w.grid().Lines; return l != nil && l[3] != nil && l[3][0].Glyph != 0 })
	lines := w.grid().Lines
	for row, size := range []uint32{scene.GlyphUpper, scene.GlyphLower, scene.GlyphDoubleWidth} {
		l := lines[row]
		if a, b := l[0].Glyph, l[1].Glyph; a&scene.GlyphHandle == 0 || a&^scene.GlyphHandle != size || b != a|scene.GlyphRight {
			t.Errorf("row %d: the halves of a letter are %x and %x", row, a, b)
		}
		if under := l[0].Deco&7 != 0; under != (size == scene.GlyphLower) {
			t.Errorf("row %d is underlined: %v", row, under)
		}
		if row == 2 {
			break
		}
		if a, b := l[2].Glyph, l[4].Glyph; a&scene.GlyphHandle == 0 || b != a|scene.GlyphRight || l[3].Glyph != 0 || l[5].Glyph != 0 || l[4].Deco&scene.DecoWide == 0 {
			t.Errorf("row %d: the halves of a wide character are %x and %x", row, a, b)
		}
		if l[6].Glyph&scene.GlyphHandle == 0 || l[7].Glyph != l[6].Glyph|scene.GlyphRight {
			t.Errorf("row %d: behind it are %x and %x", row, l[6].Glyph, l[7].Glyph)
		}
	}
}
