package term

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// seen describes all of a terminal that can be seen: the lines it keeps with their
// cells, the cursor, the modes, what it answered and told.
func seen(t *Terminal) string {
	var b strings.Builder
	fmt.Fprintf(&b, "size %dx%d cursor %d,%d wrap %v pen %+v margins %d,%d,%d,%d modes %x keys %+v alternate %v\n",
		t.columns, t.rows, t.x, t.y, t.wrap, t.pen, t.top, t.bottom, t.left, t.right, t.modes, t.keys, t.Alternate())
	fmt.Fprintf(&b, "title %q icon %q shape %d level %d charsets %+v tabs %x\n", t.title, t.icon, t.cursor, t.level, t.charsets, t.tabs)
	fmt.Fprintf(&b, "replies %q events %+v\n", t.replies, t.events)
	for _, s := range []*screen{&t.main, &t.alt} {
		fmt.Fprintf(&b, "screen from %d saved %+v kitty %v\n", s.base, s.saved, s.kitty)
		for i := range s.ring.n {
			b.WriteString(rowState(t, s.ring.at(i)))
		}
	}
	return b.String()
}

// rowState describes a row as it looks, however it is kept.
func rowState(t *Terminal, r *row) string {
	var b strings.Builder
	x := t.tables.texts()
	n := t.lineEnd(r)
	last := r.cell(n - 1)
	for n > 0 && last.Blank() && r.cell(n-1) == last {
		n--
	}
	for i := range n {
		c := r.cell(i)
		uri, _ := x.Link(c)
		fmt.Fprintf(&b, "[%s %x %x %x %x %s]", x.Text(nil, c), c.attr, c.fg, c.bg, x.UnderlineColor(c), uri)
		if c.Blank() {
			b.WriteByte('_')
		}
	}
	fmt.Fprintf(&b, " %x %x\n", last.bg, r.flags)
	return b.String()
}

// same fails t unless both terminals are the same to who looks at them.
func same(t *testing.T, got, want *Terminal) {
	t.Helper()
	if g, w := seen(got), seen(want); g != w {
		t.Errorf("the terminals differ: %s", firstDifference(g, w))
	}
	var v, u View
	got.View(&v)
	want.View(&u)
	v.texts, u.texts, v.source, u.source, v.rev, u.rev, v.Palette, u.Palette = texts{}, texts{}, nil, nil, 0, 0, nil, nil
	for i := range v.Lines {
		v.Lines[i].Revision, u.Lines[i].Revision = 0, 0
	}
	if !reflect.DeepEqual(v.Cursor, u.Cursor) {
		t.Errorf("the cursor is %+v, want %+v", v.Cursor, u.Cursor)
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d:\n%.600s\nwant\n%.600s", i, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

// check fails t if what always holds of a terminal does not.
func check(t *testing.T, x *Terminal) {
	t.Helper()
	if x.x < 0 || x.x >= x.columns || x.y < 0 || x.y >= x.rows {
		t.Fatalf("the cursor is at %d,%d of %dx%d", x.x, x.y, x.columns, x.rows)
	}
	if x.top < 0 || x.top >= x.bottom || x.bottom > x.rows || x.left < 0 || x.left >= x.right || x.right > x.columns {
		t.Fatalf("margins %d,%d %d,%d of %dx%d", x.top, x.bottom, x.left, x.right, x.columns, x.rows)
	}
	if x.scroll < 0 || x.scroll > x.HistoryLen() {
		t.Fatalf("the view is %d lines up of %d", x.scroll, x.HistoryLen())
	}
	for _, s := range []*screen{&x.main, &x.alt} {
		g := &s.ring
		if g.n < x.rows || g.n > g.max || g.n > len(g.rows) {
			t.Fatalf("%d rows in the ring of %d, %d shown", g.n, g.max, x.rows)
		}
		for i := range g.n {
			r := g.at(i)
			if r.n > x.columns || r.n > len(r.cells) || r.n > x.lineEnd(r) {
				t.Fatalf("row %d has %d cells of %d", i, r.n, x.columns)
			}
			if r.flags&(rowWrapped|rowGap) == rowWrapped && r.cell(x.lineEnd(r)-1).Blank() {
				t.Fatalf("row %d goes on behind a blank", i)
			}
			if r.flags&(rowWrapped|rowGap) == rowGap {
				t.Fatalf("row %d has a gap and does not go on", i)
			}
			for j, c := range r.cells[:r.n] {
				switch c.attr & wideHalves {
				case wideHead:
					if j+1 >= r.n || r.cells[j+1].attr&wideHalves != wideTail {
						t.Fatalf("row %d column %d: half a wide character", i, j)
					}
				case wideTail:
					if j == 0 || r.cells[j-1].attr&wideHalves != wideHead {
						t.Fatalf("row %d column %d: the right half of nothing", i, j)
					}
				case wideHalves:
					t.Fatalf("row %d column %d: both halves", i, j)
				}
				if k := c.content &^ clusterBit; c.Clustered() && (int(k) >= len(x.tables.clusters.values) || x.tables.clusters.values[k] == "") {
					t.Fatalf("row %d column %d: no text", i, j)
				}
				if int(c.extra) >= len(x.tables.extras.values) {
					t.Fatalf("row %d column %d: no extra %d", i, j, c.extra)
				}
			}
		}
	}
	if l := x.limits; len(x.replies) > l.Replies || len(x.events) > l.Events || cap(x.parser.text) > 4*l.Strings+keepString ||
		len(x.tables.clusters.values) > l.Clusters || len(x.tables.extras.values) > l.Extras || len(x.tables.links.values) > l.Links {
		t.Fatal("a limit is passed")
	}
}
