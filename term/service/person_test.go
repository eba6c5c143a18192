package service_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/runtime"
	"hearth/term/input"
	"hearth/term/service"
)

// A ray meets the cell that it goes through, from either side, whatever the terminal's
// place; the nearest of several.
func TestHit(t *testing.T) {
	w := newWorld(t)
	st := here()
	st.Padding = mgl32.Vec2{0.1, 0.2}
	st.Orientation = mgl32.QuatRotate(math.Pi/2, mgl32.Vec3{0, 1, 0}) // it faces +X
	id, err := w.plugin.OpenHere(st)
	if err != nil {
		t.Fatal(err)
	}
	g := w.grid()
	// at is the middle of a cell in the space: right of the terminal is -Z of the space.
	at := func(column, row float32) mgl32.Vec3 {
		x := -st.HalfSize[0] + st.Padding[0] + (column+0.5)*g.Cell[0]
		y := st.HalfSize[1] - st.Padding[1] - (row+0.5)*g.Cell[1]
		return st.Position.Add(mgl32.Vec3{0, y, -x})
	}
	for _, c := range []struct {
		name        string
		from        mgl32.Vec3
		column, row float32
		hits        bool
	}{
		{"the first cell", mgl32.Vec3{5, 0, 0}, 0, 0, true},
		{"another", mgl32.Vec3{5, 3, 1}, 7, 3, true},
		{"the last", mgl32.Vec3{1, 0, 0}, float32(g.Columns - 1), float32(g.Rows - 1), true},
		{"from behind", mgl32.Vec3{-5, 1, 1}, 3, 2, true},
		{"above", mgl32.Vec3{5, 0, 0}, 0, -50, false},
		{"beside", mgl32.Vec3{5, 0, 0}, 500, 0, false},
	} {
		d := at(c.column, c.row).Sub(c.from).Normalize()
		h, ok := w.plugin.Hit(c.from, d)
		if ok != c.hits {
			t.Errorf("%s: %v", c.name, ok)
			continue
		}
		if ok && (h.Terminal != id || h.Column != int(c.column) || h.Row != int(c.row) || int(h.X) != int(c.column)*8+4 && int(h.X) != int(c.column)*8+3 ||
			math.Abs(float64(h.Distance-at(c.column, c.row).Sub(c.from).Len())) > 1e-3) {
			t.Errorf("%s: %+v", c.name, h)
		}
		if _, ok := w.plugin.Hit(c.from, d.Mul(-1)); ok {
			t.Errorf("%s: behind the ray", c.name)
		}
	}
	for _, bad := range []mgl32.Vec3{{}, {0, 0, 1}, {float32(math.NaN()), 0, 0}} {
		if _, ok := w.plugin.Hit(mgl32.Vec3{5, 1.5, -2}, bad); ok {
			t.Errorf("a ray along %v hits", bad)
		}
	}
	near := st
	near.Position[0] += 1
	other, err := w.plugin.OpenHere(near)
	if err != nil {
		t.Fatal(err)
	}
	if h, ok := w.plugin.Hit(mgl32.Vec3{5, 1.5, -2}, mgl32.Vec3{-1, 0, 0}); !ok || h.Terminal != other {
		t.Errorf("%+v", h)
	}
}

// A terminal that is busy keeps no frame waiting that looks where the pointer is; where it
// stands is known as soon as it has moved.
func TestHitOfTheBusy(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	c := g.make(screen)
	ahead := mgl32.Vec3{0, 0, -1}
	for _, m := range []string{`{"State":{"position":[5,1,-2],"half_size":[1,1],"units_per_em":0.1}}`, `{"Resize":{"columns":7,"rows":3}}`} {
		g.do(c, m)
		i := w.plugin.List()[0]
		release := service.Hold(w.plugin, i.ID)
		h, ok := w.plugin.Hit(mgl32.Vec3{5, 1, 0}, ahead)
		d, also := w.plugin.Drag(i.ID, mgl32.Vec3{50, -50, 0}, ahead)
		release()
		if !ok || h.Terminal != i.ID || h.Column != i.Columns/2 || h.Row != i.Rows/2 || !also || d.Column != i.Columns-1 || d.Row != i.Rows-1 || d.Beyond < 1 {
			t.Errorf("%s: %+v and %+v of %+v", m, h, d, i)
		}
	}
	w.KillCapability(c, false, "test")
	w.has(0)
	if h, ok := w.plugin.Hit(mgl32.Vec3{5, 1, 0}, ahead); ok {
		t.Errorf("what is gone is met: %+v", h)
	}
}

// The painter rests behind what it showed, and behind a few looks at nothing: however
// often something is written, it looks not much more often than there are frames.
func TestPainterRests(t *testing.T) {
	x := newConsole(t)
	was, begun := service.Passes(x.plugin), time.Now()
	for n := range 500 {
		feed(x.g, x.c, fmt.Sprintf("\r%d", n))
	}
	frames := 120*time.Since(begun).Seconds() + 1
	if n := service.Passes(x.plugin) - was; float64(n) > 9*frames+9 {
		t.Errorf("%d looks in %.1f frames", n, frames)
	}
}

// The focus goes where it is given, in turn, and away.
func TestFocus(t *testing.T) {
	w := newWorld(t)
	p := w.plugin
	if p.Focus(1) || p.Key(enter) {
		t.Error("nothing has the focus")
	}
	if _, ok := p.FocusNext(); ok {
		t.Error("there is nothing")
	}
	g := w.guest()
	g.make(screen)
	g.make(screen)
	l := p.List()
	for _, want := range []service.ID{l[0].ID, l[1].ID, l[0].ID} {
		if got, ok := p.FocusNext(); !ok || got != want {
			t.Errorf("%d, want %d", got, want)
		}
	}
	p.CloseTerminal(l[0].ID)
	eventually(t, "one terminal", func() bool { return len(p.List()) == 1 })
	if _, ok := p.Focused(); ok {
		t.Error("what is gone has the focus")
	}
	p.Focus(l[1].ID)
	if id, ok := p.Focused(); !ok || id != l[1].ID || !p.List()[0].Focused {
		t.Error("no focus")
	}
	p.Unfocus()
	if _, ok := p.Focused(); ok {
		t.Error("still the focus")
	}
}

// console is a screen with its keyboard: what is typed comes out as text.
type console struct {
	*world
	g       *guest
	c       runtime.Capability
	watcher *guest
	m       *mirror
	id      service.ID
}

func newConsole(t *testing.T, change ...func(*service.Options)) *console {
	w := newWorld(t, change...)
	x := &console{world: w, g: w.guest(), watcher: w.guest(), m: &mirror{t: t}}
	x.c = x.g.make(screen)
	x.watcher.send(x.c, `{"Watch":null}`)
	x.m.hear(x.watcher.next().Data)
	x.id = w.plugin.List()[0].ID
	w.plugin.Focus(x.id)
	return x
}

// typed returns what the program read since the last call.
func (x *console) typed() string {
	x.T.Helper()
	x.g.do(x.c, `{"Input":"|"}`)
	for !strings.HasSuffix(x.m.typed, "|") {
		x.m.hear(x.watcher.next().Data)
	}
	out := strings.TrimSuffix(x.m.typed, "|")
	x.m.typed = ""
	return out
}

func (x *console) press(code input.Code, mods input.Mods, text string) {
	x.plugin.Key(input.Key{Code: code, Mods: mods, Text: text})
	x.plugin.Key(input.Key{Code: code, Mods: mods, Action: input.Release})
}

func (x *console) mouse(column, row int, e input.Mouse) {
	x.plugin.Mouse(service.Hit{Terminal: x.id, Column: column, Row: row, X: float32(column*8 + 4), Y: float32(row*16 + 8)}, e)
}

const ctrlShift = input.Ctrl | input.Shift

// What is selected with the mouse is copied with the keyboard, by cells, words and lines.
func TestSelectAndCopy(t *testing.T) {
	clip := &clipboard{}
	x := newConsole(t, func(o *service.Options) { o.Clipboard = clip })
	feed(x.g, x.c, "hello, wide world\r\nand a second line")
	left := input.Mouse{Button: input.ButtonLeft}
	drag := func(fromColumn, fromRow, column, row int, mods input.Mods) {
		x.mouse(fromColumn, fromRow, input.Mouse{Button: input.ButtonLeft, Mods: mods})
		x.mouse(column, row, input.Mouse{Action: input.Motion, Button: input.ButtonLeft, Mods: mods})
		x.mouse(column, row, input.Mouse{Action: input.Release, Button: input.ButtonLeft, Mods: mods})
		x.press('c', ctrlShift, "")
	}
	drag(0, 0, 4, 0, 0)
	if got := clip.Get(); got != "hello" {
		t.Errorf("%q", got)
	}
	drag(12, 0, 2, 1, 0)
	if got := clip.Get(); got != "world\nand" {
		t.Errorf("%q", got)
	}
	drag(0, 0, 2, 1, input.Alt)
	if got := clip.Get(); got != "hel\nand" {
		t.Errorf("a rectangle: %q", got)
	}
	clicks := func(n int) string {
		x.press('x', 0, "x") // ends the selection
		x.mouse(39, 4, left)
		for range n {
			x.mouse(8, 0, left)
			x.mouse(8, 0, input.Mouse{Action: input.Release, Button: input.ButtonLeft})
		}
		x.press('c', ctrlShift, "")
		return clip.Get()
	}
	if got := clicks(2); got != "wide" {
		t.Errorf("a word: %q", got)
	}
	if got := clicks(3); strings.TrimSpace(got) != "hello, wide world" {
		t.Errorf("a line: %q", got)
	}
	if got := x.typed(); got != "xx" {
		t.Errorf("the program heard %q", got)
	}
}

// The mouse is the program's while it asks for it, but with Shift.
func TestMouseOfPrograms(t *testing.T) {
	clip := &clipboard{}
	x := newConsole(t, func(o *service.Options) { o.Clipboard = clip })
	feed(x.g, x.c, "text\x1b[?1002h\x1b[?1006h")
	left := input.Mouse{Button: input.ButtonLeft}
	x.mouse(2, 1, left)
	x.mouse(3, 1, input.Mouse{Action: input.Motion, Button: input.ButtonLeft})
	x.mouse(3, 1, input.Mouse{Action: input.Release, Button: input.ButtonLeft})
	x.mouse(3, 1, input.Mouse{Button: input.WheelUp})
	if got, want := x.typed(), "\x1b[<0;3;2M\x1b[<32;4;2M\x1b[<0;4;2m\x1b[<64;4;2M"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, e := range []input.Mouse{{Button: input.ButtonLeft}, {Action: input.Motion, Button: input.ButtonLeft}, {Action: input.Release, Button: input.ButtonLeft}} {
		e.Mods = input.Shift
		column := 0
		if e.Action != input.Press {
			column = 3
		}
		x.mouse(column, 0, e)
	}
	x.press('c', ctrlShift, "")
	if got := x.typed(); got != "" || clip.Get() != "text" {
		t.Errorf("the program heard %q, and %q was copied", got, clip.Get())
	}
}

// What was selected is what the middle button pastes, and the clipboard stays as it was.
func TestPrimarySelection(t *testing.T) {
	clip, primary := &clipboard{}, &clipboard{}
	x := newConsole(t, func(o *service.Options) { o.Clipboard, o.Primary = clip, primary })
	clip.Set("of the clipboard")
	feed(x.g, x.c, "some words")
	for _, a := range []input.Action{input.Press, input.Release} {
		x.mouse(5, 0, input.Mouse{Action: a, Button: input.ButtonLeft})
	}
	if got := primary.Get(); got != "" {
		t.Errorf("a click selected %q", got)
	}
	x.mouse(5, 0, input.Mouse{Button: input.ButtonLeft})
	x.mouse(10, 0, input.Mouse{Action: input.Motion, Button: input.ButtonLeft})
	x.mouse(10, 0, input.Mouse{Action: input.Release, Button: input.ButtonLeft})
	if got := primary.Get(); got != "words" {
		t.Errorf("%q was selected", got)
	}
	x.mouse(0, 3, input.Mouse{Button: input.ButtonMiddle})
	if got := x.typed(); got != "words" || clip.Get() != "of the clipboard" {
		t.Errorf("the middle button pasted %q, and the clipboard has %q", got, clip.Get())
	}
}

// A selection ends where the button went up, also beside the terminal; a program that
// asked for it hears of the focus.
func TestPointerLeaves(t *testing.T) {
	clip := &clipboard{}
	x := newConsole(t, func(o *service.Options) { o.Clipboard = clip })
	feed(x.g, x.c, "hello, wide world")
	x.mouse(0, 0, input.Mouse{Button: input.ButtonLeft})
	x.mouse(4, 0, input.Mouse{Action: input.Motion, Button: input.ButtonLeft})
	x.plugin.MouseLeft()
	x.mouse(11, 0, input.Mouse{Action: input.Motion})
	x.press('c', ctrlShift, "")
	if got := clip.Get(); got != "hello" {
		t.Errorf("%q", got)
	}
	feed(x.g, x.c, "\x1b[?1004h")
	x.plugin.Unfocus()
	x.plugin.Focus(x.id)
	if got := x.typed(); got != "\x1b[O\x1b[I" {
		t.Errorf("it hears %q of the focus", got)
	}
}

// A selection that is drawn beyond the edge goes on through the history, by itself, until
// the pointer comes back, the button goes up or there is no more.
func TestSelectionBeyondTheEdge(t *testing.T) {
	clip := &clipboard{}
	x := newConsole(t, func(o *service.Options) { o.Clipboard = clip })
	alphabet := x.alphabet()
	var all []string
	for n := range 200 {
		all = append(all, fmt.Sprintf("line %d", n))
	}
	feed(x.g, x.c, strings.Join(all, "\r\n"))
	top := func(want string) {
		t.Helper()
		eventually(t, want+" on top", func() bool { return read(x.grid(), 0, alphabet) == want })
	}
	top("line 195")
	st, _ := x.plugin.Terminal(x.id)
	cell := x.grid().Cell
	drag := func(column, row float32) {
		t.Helper()
		at := st.Position.Add(mgl32.Vec3{-st.HalfSize[0] + (column+0.5)*cell[0], st.HalfSize[1] - (row+0.5)*cell[1], 0})
		h, ok := x.plugin.Drag(x.id, st.Position.Add(mgl32.Vec3{0, 0, 3}), at.Sub(st.Position).Sub(mgl32.Vec3{0, 0, 3}))
		if beyond := int(min(row, 0) + max(row-4, 0)); !ok || h.Beyond != beyond || h.Row != int(min(max(row, 0), 4)) || h.Column != int(min(max(column, 0), 39)) {
			t.Fatalf("%+v at %v, %v", h, column, row)
		}
		x.plugin.Mouse(h, input.Mouse{Action: input.Motion, Button: input.ButtonLeft})
	}
	x.mouse(6, 4, input.Mouse{Button: input.ButtonLeft})
	drag(2, -20)
	top("line 0")
	x.press('c', ctrlShift, "")
	if got, want := clip.Get(), strings.Join(all, "\n")[2:len(strings.Join(all, "\n"))-1]; got != want {
		t.Errorf("%d bytes are selected, want %d", len(got), len(want))
	}
	drag(7, 9) // below
	top("line 195")
	drag(0, -400)
	eventually(t, "some lines above", func() bool { return read(x.grid(), 0, alphabet) != "line 195" })
	x.mouse(0, 0, input.Mouse{Action: input.Release, Button: input.ButtonLeft})
	passes := service.Passes(x.plugin)
	at := service.Scrolled(x.plugin, x.id)
	eventually(t, "more pictures", func() bool {
		x.g.do(x.c, `{"Feed":"Bw=="}`) // a bell is another picture
		return service.Passes(x.plugin) > passes+20
	})
	if now := service.Scrolled(x.plugin, x.id); now != at {
		t.Errorf("it scrolls on, from %d to %d, when the button is up", at, now)
	}
	if _, ok := x.plugin.Drag(x.id, st.Position, mgl32.Vec3{1, 0, 0}); ok {
		t.Error("a ray in the plane meets it")
	}
	if _, ok := x.plugin.Drag(x.id+1, mgl32.Vec3{}, mgl32.Vec3{0, 0, -1}); ok {
		t.Error("a terminal that is not there")
	}
	for _, bad := range []mgl32.Vec3{{float32(math.NaN()), 0, -1}, {float32(math.Inf(1)), 0, -1}, {}, {0, 0, 1}} {
		if h, ok := x.plugin.Drag(x.id, st.Position.Add(mgl32.Vec3{0, 0, 3}), bad); ok {
			t.Errorf("a ray along %v meets %+v", bad, h)
		}
	}
	if h, ok := x.plugin.Drag(x.id, st.Position.Add(mgl32.Vec3{0, 0, 3}), mgl32.Vec3{0, 3e30, -1}); !ok || h.Beyond != -10_000 {
		t.Errorf("far above: %+v", h)
	}
}

// On a line of double width the cursor and the mouse are where the characters are.
func TestDoubleWidth(t *testing.T) {
	clip := &clipboard{}
	x := newConsole(t, func(o *service.Options) { o.Clipboard = clip })
	feed(x.g, x.c, "\x1b#6abcd")
	eventually(t, "the cursor", func() bool { c := x.grid().Cursor; return c.Column == 8 && c.Wide })
	x.mouse(2, 0, input.Mouse{Button: input.ButtonLeft})
	x.mouse(5, 0, input.Mouse{Action: input.Motion, Button: input.ButtonLeft})
	x.mouse(5, 0, input.Mouse{Action: input.Release, Button: input.ButtonLeft})
	x.press('c', ctrlShift, "")
	if got := clip.Get(); got != "bc" {
		t.Errorf("%q is selected", got)
	}
}

// The wheel and the keys go through the history; what is typed goes back to its end.
func TestScroll(t *testing.T) {
	x := newConsole(t)
	alphabet := x.alphabet()
	feed(x.g, x.c, "1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n9")
	top := func(want string) {
		t.Helper()
		eventually(t, want+" on top", func() bool { return read(x.grid(), 0, alphabet) == want })
	}
	top("5")
	x.mouse(0, 0, input.Mouse{Button: input.WheelUp})
	top("2")
	x.mouse(0, 0, input.Mouse{Button: input.WheelDown})
	top("5")
	x.press(input.PageUp, input.Shift, "")
	top("1")
	x.press(input.Down, ctrlShift, "")
	top("2")
	x.press(input.End, input.Shift, "")
	top("5")
	x.press(input.Home, input.Shift, "")
	top("1")
	feed(x.g, x.c, "\r\na")
	top("1")
	x.press('q', 0, "q")
	top("6")
	if got := x.typed(); got != "q" {
		t.Errorf("the program heard %q", got)
	}
}

// A paste of many lines into a program that cannot tell it from typing is asked about.
func TestPaste(t *testing.T) {
	clip := &clipboard{}
	x := newConsole(t, func(o *service.Options) { o.Clipboard = clip })
	alphabet := x.alphabet()
	bar := func() string { return read(x.grid(), 4, alphabet) }
	x.plugin.Paste("one")
	if got := x.typed(); got != "one" {
		t.Errorf("%q", got)
	}
	x.plugin.Paste("rm -r x\nyes\n")
	eventually(t, "a question", func() bool { return strings.HasPrefix(bar(), "Paste 2 lines, which this") })
	x.press('y', 0, "y")
	x.press(input.Escape, 0, "")
	eventually(t, "no question", func() bool { return bar() == "" })
	if got := x.typed(); got != "" {
		t.Errorf("after Escape: %q", got)
	}
	clip.Set("ls\n")
	x.press('v', ctrlShift, "")
	x.press(input.Enter, 0, "")
	if got := x.typed(); got != "ls\r" {
		t.Errorf("after Enter: %q", got)
	}
	feed(x.g, x.c, "\x1b[?2004h")
	x.plugin.Paste("a\nb\x1b[201~c")
	if got := x.typed(); got != "\x1b[200~a\nb[201~c\x1b[201~" {
		t.Errorf("in brackets: %q", got)
	}
	if x.plugin.Paste(strings.Repeat("x", 2<<20)); x.typed() != "" {
		t.Error("too much was pasted")
	}
}

// Search finds what was typed, back from the end, selects and shows it.
func TestSearch(t *testing.T) {
	clip := &clipboard{}
	x := newConsole(t, func(o *service.Options) { o.Clipboard = clip })
	alphabet := x.alphabet()
	bar := func() string { return read(x.grid(), 4, alphabet) }
	feed(x.g, x.c, "alpha one\r\n\r\n\r\n\r\n\r\nalpha two\r\n\r\n\r\n\r\n\r\nend")
	x.press('f', ctrlShift, "")
	for _, r := range "alpha o" {
		x.press(input.Code(r), 0, string(r))
	}
	eventually(t, "a bar", func() bool { return bar() == "Search: alpha o" })
	eventually(t, "the line", func() bool { return read(x.grid(), 0, alphabet) == "alpha one" })
	x.press(input.Backspace, 0, "")
	eventually(t, "the later one", func() bool {
		return strings.Contains(read(x.grid(), 0, alphabet)+read(x.grid(), 1, alphabet)+read(x.grid(), 2, alphabet), "alpha two")
	})
	x.press(input.Enter, 0, "")
	eventually(t, "the one before", func() bool { return read(x.grid(), 0, alphabet) == "alpha one" })
	x.press('!', 0, "!")
	eventually(t, "nothing", func() bool { return strings.HasSuffix(bar(), "(not found)") })
	x.press(input.Escape, 0, "")
	eventually(t, "no bar", func() bool { return !strings.HasPrefix(bar(), "Search") })
	if got := x.typed(); got != "" {
		t.Errorf("the program heard %q", got)
	}
}

// A link is followed with Ctrl and a click, where it is safe.
func TestLinks(t *testing.T) {
	var opened []string
	x := newConsole(t, func(o *service.Options) { o.Open = func(uri string) { opened = append(opened, uri) } })
	for _, c := range []struct {
		uri  string
		safe bool
	}{
		{"https://example.org/a?b=c", true}, {"http://example.org", true}, {"mailto:someone@example.org", true},
		{"file:///etc/passwd", false}, {"javascript:alert(1)", false}, {"ssh://-oProxyCommand=x", false}, {"HTTPS://Example.org/", true},
		{"https:///nowhere", false}, {"vscode://run", false}, {"-option", false},
	} {
		opened = nil
		feed(x.g, x.c, "\x1bc\x1b]8;;"+c.uri+"\x1b\\here\x1b]8;;\x1b\\")
		x.mouse(1, 0, input.Mouse{Button: input.ButtonLeft})
		x.mouse(1, 0, input.Mouse{Action: input.Release, Button: input.ButtonLeft})
		if len(opened) != 0 {
			t.Errorf("%s: followed without Ctrl", c.uri)
		}
		x.mouse(1, 0, input.Mouse{Button: input.ButtonLeft, Mods: input.Ctrl})
		if got := len(opened) == 1 && opened[0] == c.uri; got != c.safe {
			t.Errorf("%s: %v", c.uri, opened)
		}
	}
}

// A link under the pointer is underlined while Ctrl is held there, whole, and no other is;
// one that may not be followed is not.
func TestLinkUnderThePointer(t *testing.T) {
	x := newConsole(t)
	feed(x.g, x.c, "\x1b]8;;https://example.org\x07one\x1b]8;;\x07 x\r\n\x1b]8;;http://example.org\x07two\x1b]8;;\x07\r\n\x1b]8;;file:///x\x07bad\x1b]8;;\x07")
	lined := func(row int) (out string) {
		for _, c := range x.grid().Lines[row][:4] {
			out += fmt.Sprint(c.Deco & 7)
		}
		return out
	}
	shown := func(rows ...string) {
		t.Helper()
		eventually(t, fmt.Sprint("underlined ", rows), func() bool {
			return x.grid().Lines != nil && slices.Equal(rows, []string{lined(0), lined(1), lined(2)})
		})
	}
	point := func(column, row int, mods input.Mods) {
		x.mouse(column, row, input.Mouse{Action: input.Motion, Mods: mods})
	}
	const none, one = "0000", "1110"
	point(1, 0, 0)
	shown(none, none, none)
	point(1, 0, input.Ctrl)
	shown(one, none, none)
	point(2, 1, input.Ctrl)
	shown(none, one, none)
	point(1, 2, input.Ctrl)
	shown(none, none, none)
	point(0, 0, input.Ctrl)
	shown(one, none, none)
	point(0, 0, 0)
	shown(none, none, none)
	point(0, 1, input.Ctrl)
	shown(none, one, none)
	x.plugin.MouseLeft()
	shown(none, none, none)
}

// What a program puts into the clipboard is taken while it has the focus, now and then,
// and never given back.
func TestClipboardOfPrograms(t *testing.T) {
	clip := &clipboard{}
	x := newConsole(t, func(o *service.Options) { o.Clipboard = clip })
	clip.Set("mine")
	feed(x.g, x.c, "\x1b]52;c;c3RvbGVu\x07\x1b]52;c;?\x07")
	if clip.Get() != "mine" {
		t.Error("a screen without a shell sets the clipboard")
	}
	w := newWorld(t, func(o *service.Options) { o.Clipboard = clip })
	g := w.guest()
	c := g.make(create)
	g.do(c, `{"Input":"printf '\\033]52;c;c3RvbGVu\\007'; echo a$((1+1))b\r"}`)
	g.shows(c, "a2b")
	if clip.Get() != "mine" {
		t.Error("without the focus")
	}
	w.plugin.Focus(w.plugin.List()[0].ID)
	g.do(c, `{"Input":"for i in 1 2 3 4 5 6 7 8 9; do printf '\\033]52;c;dGhlaXJz\\007'; done; echo c$((1+1))d\r"}`)
	g.shows(c, "c2d")
	if clip.Get() != "theirs" {
		t.Errorf("with the focus: %q", clip.Get())
	}
	if n := clip.count(); n > 3 {
		t.Errorf("set %d times", n)
	}
}
