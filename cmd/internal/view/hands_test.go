package view

import (
	"testing"
	"time"

	"hearth/cmd/internal/eye"
	"hearth/vk/window"
)

func press(h *hands, place string) bool {
	return h.take(window.Key{Name: place, Place: place, Pressed: true}) != toNobody
}

func let(h *hands, place string) bool {
	return h.take(window.Key{Name: place, Place: place}) != toNobody
}

// sees reports whether a guest sees an event.
func sees(h *hands, e window.Event) bool { return h.take(e) == toGuests }

// Keys move the eye until guests have the keyboard; then they are the guests' alone,
// and only the chord takes them back.
func TestWhoHasTheKeyboard(t *testing.T) {
	var h hands
	if press(&h, "W") {
		t.Error("a guest without the keyboard sees W")
	}
	if w := h.wish(time.Second); w.Forward != 1 {
		t.Errorf("W wishes %+v", w)
	}
	chord := func() {
		t.Helper()
		for _, forward := range []bool{press(&h, "Tab"), sees(&h, window.Character{Rune: '\t'}), let(&h, "Tab")} {
			if forward {
				t.Error("a guest sees a part of the chord")
			}
		}
		if !h.next {
			t.Error("the chord does nothing")
		}
		h.next, h.guests = false, !h.guests // one guest listens
	}
	press(&h, "LControl")
	chord()
	let(&h, "LControl")
	if !h.guests || !h.wish(time.Second).Idle() {
		t.Error("W moves on while guests have the keyboard")
	}
	let(&h, "W")
	for _, place := range []string{"W", "F2", "F3", "F4", "Escape", "Tab", "Space"} {
		if !press(&h, place) || !let(&h, place) {
			t.Errorf("%s does not reach the guests", place)
		}
	}
	if !sees(&h, window.Character{Rune: 'w'}) || !sees(&h, window.Character{Rune: '\t'}) {
		t.Error("text does not reach the guests")
	}
	if h.overlay || h.theirs || h.mode != eye.Fly || !h.wish(time.Second).Idle() {
		t.Errorf("keys of the guests did something here: %+v", h)
	}
	press(&h, "RControl")
	chord()
	let(&h, "RControl")
	if h.guests || press(&h, "W") || sees(&h, window.Character{Rune: 'w'}) {
		t.Error("the chord does not take the keyboard back")
	}
	// The chord again and again, with Control held.
	press(&h, "LControl")
	for i := range 5 {
		chord()
		if want := i%2 == 0; h.guests != want {
			t.Errorf("chord %d: %v", i, h.guests)
		}
	}
}

// The mouse is the guests' until the right button takes it; then it turns the eye.
func TestWhoHasTheMouse(t *testing.T) {
	var h hands
	move := window.Motion{X: 100, Y: -50}
	if !sees(&h, move) || !sees(&h, window.Wheel{Y: 1}) || !h.wish(time.Second).Idle() || h.notches() != 0 {
		t.Error("a free mouse moves the eye")
	}
	if !sees(&h, window.Button{Name: "Left", Pressed: true}) || h.looking {
		t.Error("a click is not the guests'")
	}
	h.take(window.Button{Name: "Right", Pressed: true})
	if !h.looking || sees(&h, move) || sees(&h, window.Wheel{Y: 2}) || sees(&h, window.Wheel{Y: 1}) {
		t.Error("the right button does not take the mouse")
	}
	if w := h.wish(0); w.Turn != -100*sensitivity || w.Tilt != 50*sensitivity || h.notches() != 3 {
		t.Errorf("the mouse wishes %+v", w)
	}
	if w := h.wish(0); !w.Idle() {
		t.Errorf("the same movement counts twice: %+v", w)
	}
	press(&h, "Escape")
	if h.looking || !sees(&h, move) {
		t.Error("Escape does not give it back")
	}
	for _, away := range []window.Event{window.Focused{}} {
		h.looking = true
		press(&h, "S")
		if h.take(away); h.looking || !h.wish(time.Second).Idle() {
			t.Errorf("%T leaves the mouse or a key held", away)
		}
	}
}

func TestSwitches(t *testing.T) {
	var h hands
	press(&h, "F2")
	let(&h, "F2")
	press(&h, "Space")
	if w := h.wish(time.Second); h.mode != eye.Walk || !w.Jump || w.Up != 0 {
		t.Errorf("who walks and jumps: %+v", w)
	}
	let(&h, "Space")
	press(&h, "F2")
	h.take(window.Key{Place: "F2", Pressed: true, Repeat: true})
	press(&h, "Space")
	if w := h.wish(time.Second); h.mode != eye.Fly || w.Jump || w.Up != 1 {
		t.Errorf("who flies and rises: %+v", w)
	}
	press(&h, "F3")
	press(&h, "F4")
	if !h.overlay || !h.theirs {
		t.Errorf("%+v", h)
	}
	press(&h, "F2")
	if h.theirs {
		t.Error("F2 does not take the eye back")
	}
	press(&h, "A")
	press(&h, "D")
	press(&h, "Left")
	if w := h.wish(time.Second / 2); w.Right != 0 || w.Turn != keyTurn/2 {
		t.Errorf("%+v", w)
	}
}

// Guests hold and hide the pointer while the user lets them have the keyboard, and at no
// other time.
func TestWhoHasThePointer(t *testing.T) {
	wish := wishes{grab: window.GrabConfined, visible: false}
	for _, c := range []struct {
		what    string
		hands   hands
		focused bool
		grab    window.Grab
		visible bool
	}{
		{"the user has the keyboard", hands{}, true, window.GrabNone, true},
		{"a guest has it", hands{guests: true}, true, window.GrabConfined, false},
		{"another window has it", hands{guests: true}, false, window.GrabNone, true},
		{"the user looks around", hands{looking: true}, true, window.GrabLocked, true},
	} {
		v := &View{hands: c.hands, guests: wish}
		if grab, visible := v.pointer(c.focused); grab != c.grab || visible != c.visible {
			t.Errorf("%s: %v, visible %v", c.what, grab, visible)
		}
	}
}

// While a terminal has the keyboard every key is its, but for the two chords: one hands
// the keyboard on, the other takes it back, in whatever order their keys are let go.
func TestTerminalHasTheKeyboard(t *testing.T) {
	h := hands{terminal: true}
	for _, place := range []string{"W", "F2", "F3", "F4", "F5", "Escape", "Tab", "Space", "LShift", "RShift", "LControl", "RControl", "LAlt", "C"} {
		for _, pressed := range []bool{true, false} {
			if to := h.take(window.Key{Name: place, Place: place, Pressed: pressed}); to != toTerminal {
				t.Errorf("%s (%v) goes to %v", place, pressed, to)
			}
		}
	}
	if to := h.take(window.Character{Rune: 'w'}); to != toTerminal {
		t.Errorf("text goes to %v", to)
	}
	if h.overlay || h.theirs || h.open || h.mode != eye.Fly || !h.wish(time.Second).Idle() || h.wish(time.Second).Fast {
		t.Errorf("keys of the terminal did something here: %+v", h)
	}
	press(&h, "LShift")
	if to := h.take(window.Key{Name: "Tab", Place: "Tab", Pressed: true}); to != toTerminal || h.next {
		t.Error("Shift+Tab is not the terminal's")
	}
	if to := h.take(window.Key{Name: "Escape", Place: "Escape", Pressed: true}); to != toTerminal || h.back {
		t.Error("Shift+Escape is not the terminal's")
	}
	let(&h, "LShift")
	press(&h, "RControl")
	if to := h.take(window.Key{Name: "Escape", Place: "Escape", Pressed: true}); to != toTerminal || h.back {
		t.Error("Ctrl+Escape is not the terminal's")
	}
	press(&h, "LShift")
	for _, e := range []window.Event{window.Key{Name: "Escape", Place: "Escape", Pressed: true}, window.Character{Rune: 0x1b},
		window.Key{Name: "Escape", Place: "Escape", Pressed: true, Repeat: true}, window.Character{Rune: 0x1b}, window.Key{Name: "Escape", Place: "Escape"}} {
		if to := h.take(e); to != toNobody {
			t.Errorf("a part of the chord, %+v, goes to %v", e, to)
		}
	}
	if !h.back || h.next {
		t.Errorf("%+v", h)
	}
	h.back = false
	for range 2 {
		press(&h, "Tab")
	}
	if !h.next {
		t.Error("Ctrl+Shift+Tab does not hand on")
	}
	h = hands{}
	if press(&h, "F5"); !h.open {
		t.Error("F5 opens nothing")
	}
}
