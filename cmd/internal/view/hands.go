package view

import (
	"time"

	"hearth/cmd/internal/eye"
	"hearth/vk/window"
)

// hands are what a person at the window does with the client itself, and what of it
// goes to guests instead.
//
// The mouse: clicks always go to guests. The right button takes the mouse for looking
// around (it is locked then, and moves nobody but the eye); Escape gives it back.
//
// The keyboard: it is the client's, or that of one of the guests who listen, or that of
// a terminal. Ctrl+Tab hands it to the next of them, whatever guests and programs do, and
// in terminals goes round these; Ctrl+Shift+Escape takes it back at once. While a
// guest or a terminal has it, nothing else of it is ours.
type hands struct {
	guests   bool // a guest has the keyboard
	terminal bool // a terminal has it
	next     bool // the chord was pressed: the keyboard is to go to the next
	back     bool // the keyboard is to be ours
	open     bool // a terminal is to be opened
	looking  bool // the mouse is ours
	overlay  bool
	mode     eye.Mode
	// theirs is set while the camera of a guest is looked through.
	theirs bool

	down   map[string]bool // places of the keys that are held
	turn   float32         // collected since the last wish, radians
	tilt   float32
	wheel  float64
	jumped bool
}

const (
	// sensitivity is how far a movement of the mouse by one unit turns the eye, in
	// radians: a hand's width is about half a turn.
	sensitivity = 0.0025
	// keyTurn is how fast the arrow keys turn it, in radians per second.
	keyTurn = 1.5
)

// keysHelp is what the overlay says of the keys.
var keysHelp = [...]string{
	"WASD QE move, Shift faster, arrows turn, right button look, Esc let go",
	"F2 fly/walk, F3 figures, F4 guest's camera, F5 a terminal here",
	"click a terminal to type in it, Ctrl+Tab keys to a guest or a terminal",
}

// receiver is who gets an event of the window.
type receiver int

const (
	toNobody receiver = iota
	toGuests
	toTerminal
)

// take takes an event, and tells who shall see it too.
func (h *hands) take(e window.Event) receiver {
	if h.down == nil {
		h.down = map[string]bool{}
	}
	switch e := e.(type) {
	case window.Key:
		return h.key(e)
	case window.Character:
		if e.Rune == '\t' && h.chord() || e.Rune == 0x1b && h.releases() {
			return toNobody
		}
		return h.keyboard()
	case window.Motion:
		if !h.looking {
			return toGuests
		}
		h.turn -= float32(e.X) * sensitivity
		h.tilt -= float32(e.Y) * sensitivity
		return toNobody
	case window.Wheel:
		if !h.looking {
			return toGuests
		}
		h.wheel += e.Y
		return toNobody
	case window.Button:
		if e.Name == "Right" && e.Pressed && h.keyboard() == toNobody && !h.looking {
			h.looking = true
		}
		return toGuests
	case window.Focused:
		if !e.Focused {
			h.looking = false
			clear(h.down)
		}
		return toGuests
	case window.CloseRequested, window.Exposed:
		return toNobody
	}
	return toGuests
}

// keyboard is who has it; nobody else is the user.
func (h *hands) keyboard() receiver {
	switch {
	case h.terminal:
		return toTerminal
	case h.guests:
		return toGuests
	}
	return toNobody
}

// chord reports whether the keys that are held are those of the chord that hands the
// keyboard on, and releases whether they are those of the one that takes it back.
func (h *hands) chord() bool    { return h.down["LControl"] || h.down["RControl"] }
func (h *hands) releases() bool { return h.chord() && (h.down["LShift"] || h.down["RShift"]) }

func (h *hands) key(k window.Key) receiver {
	switch k.Place {
	case "LControl", "RControl", "LShift", "RShift":
		h.set(k.Place, k.Pressed)
		return h.keyboard()
	}
	if k.Place == "Tab" && h.chord() {
		if k.Pressed && !k.Repeat {
			h.next = true
			h.looking = false
			h.release()
		}
		return toNobody
	}
	if k.Place == "Escape" && h.releases() {
		if k.Pressed && !k.Repeat {
			h.back = true
			h.looking = false
			h.release()
		}
		return toNobody
	}
	if to := h.keyboard(); to != toNobody {
		return to
	}
	h.set(k.Place, k.Pressed)
	if !k.Pressed || k.Repeat {
		return toNobody
	}
	switch k.Place {
	case "Escape":
		h.looking = false
	case "F2":
		h.theirs = false
		h.mode = eye.Walk - h.mode
	case "F3":
		h.overlay = !h.overlay
	case "F4":
		h.theirs = true
	case "F5":
		h.open = true
	case "Space":
		h.jumped = true
	}
	return toNobody
}

// release forgets the keys that move; those of the chords stay.
func (h *hands) release() {
	for place := range h.down {
		switch place {
		case "LControl", "RControl", "LShift", "RShift":
		default:
			delete(h.down, place)
		}
	}
}

func (h *hands) set(place string, pressed bool) {
	if pressed {
		h.down[place] = true
	} else {
		delete(h.down, place)
	}
}

// wish is what the hands want of the eye for a moment. What the mouse did is taken.
func (h *hands) wish(moment time.Duration) eye.Wish {
	axis := func(plus, minus string) (v float32) {
		if h.down[plus] {
			v++
		}
		if h.down[minus] {
			v--
		}
		return v
	}
	w := eye.Wish{
		Forward: axis("W", "S"), Right: axis("D", "A"), Up: axis("E", "Q"),
		Fast: h.keyboard() == toNobody && (h.down["LShift"] || h.down["RShift"]),
		Jump: h.jumped || h.down["Space"],
		Turn: h.turn + axis("Left", "Right")*keyTurn*float32(moment.Seconds()),
		Tilt: h.tilt + axis("Up", "Down")*keyTurn*float32(moment.Seconds()),
	}
	if h.mode == eye.Fly {
		w.Jump = false
		if h.down["Space"] {
			w.Up = min(w.Up+1, 1)
		}
	}
	h.turn, h.tilt, h.jumped = 0, 0, false
	return w
}

// notches are the turns of the wheel since the last call.
func (h *hands) notches() float64 {
	n := h.wheel
	h.wheel = 0
	return n
}
