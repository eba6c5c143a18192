package service_test

import (
	"strings"

	"hearth/term/input"
	"hearth/vk/scene"
)

// The tests have fonts whose glyphs are not read back, so a row is read by the handles
// of a screen that shows every character once.

func key(code rune, text string) input.Key { return input.Key{Code: input.Code(code), Text: text} }

var enter = input.Key{Code: input.Enter}

// alphabet finds which handle is which character, by a screen of its own.
func (w *world) alphabet() map[uint32]byte {
	w.T.Helper()
	g := w.guest()
	before := w.scene.Snapshot().Grids.Len()
	c := g.make(`{"CreateScreen":{"position":[0,0,0],"units_per_em":0.1,"columns":95,"rows":1}}`)
	var b strings.Builder
	for r := '!'; r <= '~'; r++ {
		b.WriteRune(r)
	}
	feed(g, c, b.String())
	out := map[uint32]byte{}
	eventually(w.T, "an alphabet", func() bool {
		s := w.scene.Snapshot()
		if s.Grids.Len() != before+1 {
			return false
		}
		for _, x := range s.Grids.All() {
			if x.Columns != 95 || x.Rows != 1 || x.Lines == nil || x.Lines[0] == nil || x.Lines[0][93].Glyph == 0 {
				continue
			}
			for i := range 94 {
				out[x.Lines[0][i].Glyph] = byte('!' + i)
			}
			return true
		}
		return false
	})
	w.KillCapability(c, false, "test")
	eventually(w.T, "its end", func() bool { return w.scene.Snapshot().Grids.Len() == before })
	return out
}

// row reads a row of the only grid.
func (w *world) row(n int) string {
	w.T.Helper()
	return read(w.grid(), n, w.alphabet())
}

func read(g *scene.Grid, n int, alphabet map[uint32]byte) string {
	if n >= len(g.Lines) {
		return ""
	}
	var b strings.Builder
	for _, c := range g.Lines[n] {
		switch x, ok := alphabet[c.Glyph]; {
		case c.Glyph == 0:
			b.WriteByte(' ')
		case ok:
			b.WriteByte(x)
		default:
			b.WriteByte('?')
		}
	}
	return strings.TrimRight(b.String(), " ")
}
