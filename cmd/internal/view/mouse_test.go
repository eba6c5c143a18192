package view

import (
	"cmp"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/cmd/internal/eye"
	"hearth/store/asset"
	"hearth/store/mem"
	"hearth/term/input"
	terminal "hearth/term/service"
	"hearth/vk"
	"hearth/vk/scene"
	"hearth/vk/service"
	"hearth/vk/window"
)

// wall is terminals that hang in the plane z = 0, each a metre wide, side by side from
// x = 0 on; what they are told is written down.
type wall struct {
	n       int
	focused terminal.ID
	told    []string
	opened  []terminal.State
	err     error
	title   string
}

func (w *wall) Hit(origin, direction mgl32.Vec3) (h terminal.Hit, ok bool) {
	d := -origin[2] / direction[2]
	at := origin.Add(direction.Mul(d))
	if d <= 0 || at[0] < 0 || at[0] >= float32(w.n) || at[1] < 0 || at[1] >= 1 {
		return h, false
	}
	id := int(at[0])
	return terminal.Hit{Terminal: terminal.ID(id + 1), Column: int((at[0] - float32(id)) * 10), Row: int((1 - at[1]) * 10), Distance: d}, true
}

// Drag is Hit in the whole plane.
func (w *wall) Drag(id terminal.ID, origin, direction mgl32.Vec3) (h terminal.Hit, ok bool) {
	d := -origin[2] / direction[2]
	if d <= 0 || id == 0 || int(id) > w.n {
		return h, false
	}
	at := origin.Add(direction.Mul(d))
	x, y := int((at[0]-float32(id-1))*10), int(math.Floor(float64((1-at[1])*10)))
	h = terminal.Hit{Terminal: id, Column: min(max(x, 0), 9), Row: min(max(y, 0), 9), Distance: d, Beyond: min(y, max(y-9, 0))}
	return h, true
}

func (w *wall) say(format string, args ...any) { w.told = append(w.told, fmt.Sprintf(format, args...)) }

func (w *wall) Mouse(h terminal.Hit, e input.Mouse) bool {
	beyond := ""
	if h.Beyond != 0 {
		beyond = fmt.Sprintf(" beyond %+d", h.Beyond)
	}
	w.say("%d:%d,%d%s action %d button %d mods %d", h.Terminal, h.Column, h.Row, beyond, e.Action, e.Button, e.Mods)
	return true
}

func (w *wall) MouseLeft() { w.say("left") }

func (w *wall) Key(k input.Key) bool {
	w.say("key %q %q %d", rune(k.Code), k.Text, k.Action)
	return true
}

func (w *wall) Focus(id terminal.ID) bool {
	w.focused = id
	return int(id) <= w.n
}

func (w *wall) Focused() (terminal.ID, bool) { return w.focused, w.focused != 0 }
func (w *wall) Unfocus()                     { w.focused = 0 }
func (w *wall) List() (all []terminal.Info) {
	for i := range w.n {
		all = append(all, terminal.Info{ID: terminal.ID(i + 1), Title: cmp.Or(w.title, fmt.Sprintf("shell %d", i+1))})
	}
	return all
}

func (w *wall) OpenHere(s terminal.State) (terminal.ID, error) {
	if w.err != nil {
		return 0, w.err
	}
	w.opened = append(w.opened, s)
	w.n++
	return terminal.ID(w.n), nil
}

// before what was told, forgotten.
func (w *wall) take() []string {
	out := w.told
	w.told = nil
	return out
}

// sits is somebody before a wall of n terminals, who looks at it from 2 metres. A pixel
// is about a centimetre.
func sits(t *testing.T, n int) (*View, *wall) {
	t.Helper()
	w := &wall{n: n}
	sc := scene.New(scene.Limits{})
	assets := asset.New(asset.FromBlocks(mem.New()), asset.Options{})
	t.Cleanup(assets.Close)
	v := &View{o: Options{Width: 320, Height: 180}, log: slog.New(slog.DiscardHandler), scene: sc, terminals: w, wanted: newWanted("", nil), chosen: true}
	v.plugin = service.New(service.Options{Scene: sc, Assets: assets})
	t.Cleanup(v.plugin.Close)
	v.prompts.wake = func() {}
	v.eye = eye.Eye{Position: mgl32.Vec3{1, 0.5, 2}}
	v.hear()
	return v, w
}

// at is the pixel of a place on the wall.
func at(v *View, x, y float32) window.CursorMoved {
	c := v.camera()
	p := mgl32.Perspective(c.VFov, 320.0/180, 0.1, 100).Mul4(c.View).Mul4x1(mgl32.Vec4{x, y, 0, 1})
	return window.CursorMoved{X: float64(p[0]/p[3]+1) / 2 * 320, Y: float64(1-p[1]/p[3]) / 2 * 180}
}

// do does what happens, and goes on where the picture is asked.
func do(v *View, all ...window.Event) {
	for _, e := range all {
		v.happened(e, time.Now())
	}
	v.typed()
	v.answered(time.Now())
	v.keyboards()
}

func left(pressed bool) window.Button { return window.Button{Name: "Left", Pressed: pressed} }

// A click on a terminal gives it the keys; a click elsewhere, or the chord, takes them
// back; Ctrl+Tab goes round all of them, and comes back from the only one.
func TestClickGivesTheKeys(t *testing.T) {
	v, w := sits(t, 2)
	a := window.Key{Name: "A", Place: "A", Pressed: true, Rune: 'a'}
	do(v, a)
	if v.hands.wish(time.Second).Right == 0 || len(w.take()) > 0 {
		t.Fatal("keys are not the user's at first")
	}
	do(v, at(v, 1.5, 0.5), left(true), left(false), a, window.Character{Rune: 'a'})
	if w.focused != 2 || !v.hands.terminal || !v.hands.wish(time.Second).Idle() {
		t.Fatalf("focused %d, %+v", w.focused, v.hands)
	}
	want := []string{"2:5,5 action 3 button 0 mods 0", "2:5,5 action 0 button 1 mods 0", "2:5,5 action 2 button 1 mods 0"}
	if got := w.take(); !slices.Equal(got[:3], want) {
		t.Errorf("%q", got)
	}
	do(v, a, window.Character{Rune: 'a'})
	if got := w.take(); !slices.Equal(got, []string{`key 'a' "a" 0`}) {
		t.Errorf("%q", got)
	}
	if v.typing() != "shell 2 - Ctrl+Shift+Esc ends, Ctrl+Tab next" {
		t.Errorf("%q", v.typing())
	}
	w.title = strings.Repeat("a\x1b\u202e", 200)
	if got := v.typing(); len(got) > maxNamed+50 || !strings.Contains(got, "Ctrl+Shift+Esc") || strings.ContainsAny(got, "\x1b\u202e") {
		t.Errorf("a hostile title: %q", got)
	}
	do(v, at(v, 1.5, 1.2), left(true), left(false))
	if w.focused != 0 || v.hands.terminal || v.typing() != "" {
		t.Error("a click elsewhere leaves the keys there")
	}
	w.take()
	if do(v, a); v.hands.wish(time.Second).Right == 0 || len(w.take()) > 0 {
		t.Error("keys are not the user's again")
	}
	ctrl := window.Key{Place: "LControl", Pressed: true, Modifiers: window.Ctrl}
	tab := window.Key{Place: "Tab", Pressed: true, Modifiers: window.Ctrl}
	do(v, ctrl)
	for _, want := range []terminal.ID{1, 2, 1, 2, 1} {
		if do(v, tab); w.focused != want || v.hands.terminal != (want != 0) {
			t.Errorf("the chord: %d, want %d", w.focused, want)
		}
	}
	w.n = 1
	for _, want := range []terminal.ID{0, 1, 0, 1} {
		if do(v, tab); w.focused != want || v.hands.terminal != (want != 0) {
			t.Errorf("the chord with one terminal: %d, want %d", w.focused, want)
		}
	}
	if got := v.typing(); strings.Contains(got, "next") {
		t.Errorf("there is no next one: %q", got)
	}
	w.n = 2
	do(v, window.Key{Place: "LShift", Pressed: true, Modifiers: window.Ctrl | window.Shift}, window.Key{Place: "Escape", Pressed: true, Modifiers: window.Ctrl | window.Shift})
	if w.focused != 0 || v.hands.terminal {
		t.Error("the chord does not take the keys back")
	}
	// While another window has the keys no terminal has them, and then the same has.
	do(v, at(v, 1.5, 0.5), left(true), left(false))
	do(v, window.Focused{})
	if w.focused != 0 || v.hands.terminal {
		t.Error("another window has the keys, and a terminal")
	}
	if do(v, window.Focused{Focused: true}); w.focused != 2 || !v.hands.terminal {
		t.Error("the keys do not come back")
	}
	v.takeBack()
	if do(v, window.Focused{}, window.Focused{Focused: true}); w.focused != 0 {
		t.Error("a terminal gets keys that it had not")
	}
	// A terminal that ends has no keys.
	do(v, at(v, 0.5, 0.5), left(true), left(false))
	if w.focused != 1 {
		t.Fatal("no focus")
	}
	w.focused = 0
	if v.keyboards(); v.hands.terminal || v.typing() != "" {
		t.Error("a terminal that ended has the keys")
	}
}

// Buttons, drags and the wheel go to the terminal under the mouse, with modifiers; a
// drag stays with its terminal; elsewhere the mouse is the guests'.
func TestMouseOnTerminals(t *testing.T) {
	v, w := sits(t, 2)
	do(v, at(v, 0.05, 0.95), left(true), at(v, 0.55, 0.45), at(v, 1.5, 0.5), at(v, 0.5, 3), window.Button{Name: "Right", Pressed: true}, left(false), window.Button{Name: "Right"})
	do(v)
	want := []string{
		"1:0,0 action 3 button 0 mods 0", "1:0,0 action 0 button 1 mods 0", "1:5,5 action 3 button 1 mods 0", "1:9,5 action 3 button 1 mods 0", "1:5,0 beyond -20 action 3 button 1 mods 0",
		"1:5,0 beyond -20 action 0 button 3 mods 0", "1:5,0 beyond -20 action 2 button 1 mods 0", "1:5,0 beyond -20 action 2 button 3 mods 0",
	}
	if got := w.take(); !slices.Equal(got, want) {
		t.Errorf("a drag:\n%q, want\n%q", got, want)
	}
	do(v, window.Key{Place: "LControl", Pressed: true, Modifiers: window.Ctrl}, at(v, 1.55, 0.45), window.Wheel{Y: 0.5}, window.Wheel{Y: 0.5}, window.Wheel{Y: -2, X: 1}, window.Wheel{Y: 1e9})
	w.told = slices.DeleteFunc(w.told, func(s string) bool { return s[:3] == "key" })
	got := w.take()
	if want := []string{"2:5,5 action 3 button 0 mods 4", "2:5,5 action 0 button 4 mods 4", "2:5,5 action 0 button 7 mods 4", "2:5,5 action 0 button 5 mods 4", "2:5,5 action 0 button 5 mods 4"}; !slices.Equal(got[:5], want) || len(got) != 5+maxNotches {
		t.Errorf("the wheel: %q", got)
	}
	v.takeBack()
	do(v, at(v, -1, 0.5), left(true), left(false), window.Wheel{Y: 1}, window.Motion{X: 3}, at(v, -2, 0.5))
	if got := w.take(); !slices.Equal(got, []string{"left"}) {
		t.Errorf("beside: %q", got)
	}
	// The right button looks around, also over a terminal that has not the keys.
	if do(v, at(v, 0.5, 0.5), window.Button{Name: "Right", Pressed: true}); !v.hands.looking {
		t.Error("the right button does not look around")
	}
	w.take()
	if do(v, window.Motion{X: 10}, window.Wheel{Y: 1}); len(w.take()) > 0 || v.hands.notches() != 1 {
		t.Error("the mouse that looks around is a terminal's")
	}
	// Then the middle of the picture is clicked, and the mouse is free again.
	if do(v, left(true)); w.focused != 2 || v.hands.looking {
		t.Errorf("a click in the middle: focused %d, looking %v", w.focused, v.hands.looking)
	}
	w.take()
	do(v, window.Focused{})
	if got := w.take(); len(got) != 1 || got[0] != "2:0,5 action 2 button 1 mods 4" {
		t.Errorf("another window: %q", got)
	}
}

// What stands before a terminal gets the click; what follows a click waits until the
// picture has told, and an unanswered question does not wait for ever.
func TestClickOnWhatStandsBefore(t *testing.T) {
	whole := []string{"1:5,5 action 0 button 1 mods 0", "1:6,3 action 3 button 1 mods 0", "1:6,3 action 2 button 1 mods 0", `key 'a' "A" 0`}
	for _, c := range []struct {
		what    string
		hit     vk.Hit
		focused terminal.ID
		told    []string
	}{
		{"nothing", vk.Hit{}, 1, whole},
		{"the terminal itself", vk.Hit{Object: 7, Position: mgl32.Vec3{0.5, 0.5, 0}}, 1, whole},
		{"something behind", vk.Hit{Object: 7, Position: mgl32.Vec3{0.5, 0.5, -1}}, 1, whole},
		{"a cube before it", vk.Hit{Object: 7, Position: mgl32.Vec3{0.5, 0.5, 0.3}}, 0, []string{"1:6,3 action 3 button 0 mods 0"}},
	} {
		v, w := sits(t, 1)
		now := time.Now()
		a := window.Key{Name: "A", Place: "A", Pressed: true, Rune: 'a', Modifiers: window.Shift}
		v.happened(at(v, 0.5, 0.5), now)
		v.happened(left(true), now)
		answer := make(chan vk.Hit, 1)
		v.mouse.asked = answer
		for _, e := range []window.Event{at(v, 0.6, 0.6), left(false), a, window.Character{Rune: 'A'}} {
			v.happened(e, now)
		}
		if v.answered(now) || len(w.told) != 1 || v.hands.wish(time.Second).Right != 0 {
			t.Fatalf("%s: before the answer: %q", c.what, w.told)
		}
		answer <- c.hit
		if !v.answered(now) || w.focused != c.focused || !slices.Equal(w.told[1:], c.told) {
			t.Errorf("%s: focused %d, told %q", c.what, w.focused, w.told)
		}
		if moves := v.hands.wish(time.Second).Right != 0; moves != (c.focused == 0) {
			t.Errorf("%s: the key moves the eye: %v", c.what, moves)
		}
		// The second click in the same place is at once.
		if c.focused != 0 {
			w.take()
			v.mouse.x, v.mouse.y = v.mouse.where.x, v.mouse.where.y
			v.happened(left(true), now)
			if got := w.take(); v.mouse.asked != nil || !slices.Equal(got, []string{"1:5,5 action 0 button 1 mods 1"}) {
				t.Errorf("%s: the second click: %q", c.what, got)
			}
		}
	}
	v, w := sits(t, 1)
	v.happened(at(v, 0.5, 0.5), time.Now())
	v.happened(left(true), time.Now())
	v.mouse.asked = make(chan vk.Hit)
	if v.answered(time.Now()) || w.focused != 0 {
		t.Error("a picture that has not answered is not waited for")
	}
	if !v.answered(time.Now().Add(askedFor)) || w.focused != 1 {
		t.Error("a picture that does not answer is waited for")
	}
	for what, e := range map[string]window.Event{"too much": window.CursorMoved{X: 1, Y: 90}, "another window": window.Focused{}} {
		v, w := sits(t, 1)
		v.happened(at(v, 0.5, 0.5), time.Now())
		v.happened(left(true), time.Now())
		v.mouse.asked = make(chan vk.Hit)
		n := 1
		if what == "too much" {
			n = 3 * maxQueued
		}
		for range n {
			v.happened(e, time.Now())
		}
		if v.mouse.asked != nil || len(v.mouse.queue) > 0 || w.take()[1] != "1:5,5 action 0 button 1 mods 0" {
			t.Errorf("%s: %d wait", what, len(v.mouse.queue))
		}
	}
}

// F5 opens a terminal that faces the user, and gives it the keys; where none opens,
// the picture says why.
func TestOpenHere(t *testing.T) {
	v, w := sits(t, 0)
	v.cell = mgl32.Vec2{0.5, 1}
	v.eye.Yaw, v.eye.Pitch = 0.8, 0.2
	do(v, window.Key{Place: "F5", Pressed: true})
	if len(w.opened) != 1 || w.focused != 1 || !v.hands.terminal {
		t.Fatalf("%+v, focused %d", w.opened, w.focused)
	}
	s := w.opened[0]
	to := s.Position.Sub(v.eye.Position)
	if l := to.Len(); l < openAway-1e-4 || l > openAway+1e-4 || to.Normalize().Sub(v.eye.Forward()).Len() > 1e-4 {
		t.Errorf("it is at %v", s.Position)
	}
	if got, want := s.HalfSize, (mgl32.Vec2{40*0.5*openEm + openPadding, 12*openEm + openPadding}); got.Sub(want).Len() > 1e-5 {
		t.Errorf("it is %v large, not %v", got, want)
	}
	if front := s.Orientation.Rotate(mgl32.Vec3{0, 0, 1}); front.Add(v.eye.Forward()).Len() > 1e-4 {
		t.Errorf("it faces %v", front)
	}
	if right := s.Orientation.Rotate(mgl32.Vec3{1, 0, 0}); right[1] > 1e-4 || right[1] < -1e-4 {
		t.Errorf("it is tilted: %v", right)
	}
	for range 3 { // from the same place: none hides another, and all are near
		g := scene.NewGrid(80, 24)
		g.Origin = w.opened[len(w.opened)-1].Position
		if _, err := v.scene.AddGrid(g); err != nil {
			t.Fatal(err)
		}
		v.takeBack()
		do(v, window.Key{Place: "F5", Pressed: true})
	}
	for i, a := range w.opened {
		for _, b := range w.opened[:i] {
			to := a.Position.Sub(b.Position)
			if to.Len() < openAside || to.Len() > 5*openAside || to.Dot(v.eye.Forward()) >= 0 {
				t.Errorf("one opens at %v, a later one at %v", b.Position, a.Position)
			}
		}
	}
	v.takeBack()
	w.err = fmt.Errorf("no\nshell")
	do(v, window.Key{Place: "F5", Pressed: true})
	if v.notice.text != "no terminal opens: no shell" || v.hands.terminal {
		t.Errorf("%q", v.notice.text)
	}
	if !v.chores(v.notice.until.Add(time.Second)) || v.notice.text != "" {
		t.Error("a notice stays for ever")
	}
	v.terminals = nil
	if do(v, window.Key{Place: "F5", Pressed: true}); v.notice.text == "" {
		t.Error("--terminal none says nothing")
	}
	do(v, at(v, 0.5, 0.5), left(true), left(false), window.Wheel{Y: 1}) // nothing to hit
}
