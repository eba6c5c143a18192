package service_test

import (
	"fmt"
	"strings"
	"testing"

	"hearth/term/service"
)

// Pictures of characters are counted as often as rows show them, and given back when
// those change, move, are drawn again as they were, lose their columns or are gone.
func TestGlyphsAreGivenBack(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	has := func(n int, what string) {
		t.Helper()
		eventually(t, what, func() bool { return service.Glyphs(w.plugin) == n })
	}
	c := g.make(screen) // 40 by 5
	has(0, "nothing")
	painted := func() {
		t.Helper()
		for n := range 2 { // the first may have begun before
			was := service.Passes(w.plugin)
			eventually(t, fmt.Sprint("a picture ", n), func() bool {
				feed(g, c, "\a")
				return service.Passes(w.plugin) > was
			})
		}
	}
	for _, x := range []struct {
		feed string
		want int
	}{
		{"éü", 2},
		{"\x1b[Héü", 2},                             // as it was
		{"\x1b[?5h\x1b[?5l\x1b[Héü", 2},             // all drawn again
		{"\x1b[Hß€", 2},                             // others
		{"\r\nß€", 2},                               // twice the same
		{"\r\n\r\n\r\n\r\nö", 2 + 1},                // a row is gone, one moved
		{"\x1b[2J", 0},                              //
		{"\x1b[Hab\x1b[1mé\x1b[3mé\x1b[0mé", 2 + 3}, // two of ASCII, which stay
		{"\x1b[H\x1b[2Jab", 2},
		{strings.Repeat("é", 20) + "ü", 2 + 2},
	} {
		feed(g, c, x.feed)
		painted()
		has(x.want, x.feed)
	}
	g.do(c, `{"Resize":{"columns":10,"rows":1}}`)
	feed(g, c, "\x1b[H\x1b[2Jäöü")
	has(2+3, "three in a small screen")
	was := w.grid().Background
	feed(g, c, "\x1b[?5h")
	eventually(t, "a screen in reverse", func() bool { return w.grid().Background != was })
	w.KillCapability(c, false, "test")
	has(2, "what is left of a terminal that is gone")
}
