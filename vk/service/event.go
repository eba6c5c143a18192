package service

// Event is something that happened in the window. What guests see of it is winit's.
type Event interface {
	// wire is the event as serde writes it.
	wire() any
	// merge adds a later event of the same kind, where one can stand for both; nil
	// where none can: no key and no click is ever merged.
	merge(later Event) Event
	// keyed says that the event is for who has the focus alone.
	keyed() bool
}

// Redraw is a frame. DT is in seconds, since the one before.
type Redraw struct{ DT float64 }

// Resized is the new size of the picture in pixels.
type Resized struct{ Width, Height uint32 }

// ReceivedCharacter is text that was typed.
type ReceivedCharacter struct{ Char rune }

// Focused says whether what is typed goes to the guest.
type Focused struct{ Focused bool }

// KeyboardInput is a key that went down or up.
type KeyboardInput struct {
	Scancode  uint32
	Pressed   bool
	Key       string // winit's name, such as "A", "Key1" or "LShift"; "" where it has none
	Synthetic bool   // nobody moved the key: the focus did
}

// ModifiersChanged are winit's bits: 1<<2 shift, 1<<5 ctrl, 1<<8 alt, 1<<11 logo.
type ModifiersChanged struct{ Bits uint32 }

// CursorMoved is the place of the pointer in pixels, from the upper left.
type CursorMoved struct{ X, Y float64 }

// CursorEntered and CursorLeft say whether the pointer is over the window.
type (
	CursorEntered struct{}
	CursorLeft    struct{}
)

// MouseWheel is a turn of the wheel: in lines, or in pixels on a touchpad.
type MouseWheel struct {
	X, Y   float64
	Pixels bool
}

// MouseInput is a button that went down or up: "Left", "Right", "Middle", or "" and
// a number.
type MouseInput struct {
	Button  string
	Number  uint16
	Pressed bool
}

// ScaleFactorChanged is how many pixels make a unit of the desktop.
type ScaleFactorChanged struct {
	Factor        float64
	Width, Height uint32
}

// MouseMotion is how far the mouse itself moved.
type MouseMotion struct{ X, Y float64 }

type (
	object map[string]any
	array  []any
)

func state(pressed bool) string {
	if pressed {
		return "Pressed"
	}
	return "Released"
}

func (e Redraw) wire() any            { return object{"Redraw": object{"dt": e.DT}} }
func (e Resized) wire() any           { return object{"Resized": array{e.Width, e.Height}} }
func (e ReceivedCharacter) wire() any { return object{"ReceivedCharacter": string(e.Char)} }
func (e Focused) wire() any           { return object{"Focused": e.Focused} }
func (e KeyboardInput) wire() any {
	var key any
	if e.Key != "" {
		key = e.Key
	}
	return object{"KeyboardInput": object{
		"input":        object{"scancode": e.Scancode, "state": state(e.Pressed), "virtual_keycode": key},
		"is_synthetic": e.Synthetic,
	}}
}
func (e ModifiersChanged) wire() any { return object{"ModifiersChanged": e.Bits} }
func (e CursorMoved) wire() any      { return object{"CursorMoved": object{"position": array{e.X, e.Y}}} }
func (e CursorEntered) wire() any    { return object{"CursorEntered": object{}} }
func (e CursorLeft) wire() any       { return object{"CursorLeft": object{}} }
func (e MouseWheel) wire() any {
	unit := "LineDelta"
	if e.Pixels {
		unit = "PixelDelta"
	}
	return object{"MouseWheel": object{"delta": object{unit: array{e.X, e.Y}}, "phase": "Moved"}}
}
func (e MouseInput) wire() any {
	var button any = e.Button
	if e.Button == "" {
		button = object{"Other": e.Number}
	}
	return object{"MouseInput": object{"state": state(e.Pressed), "button": button}}
}
func (e ScaleFactorChanged) wire() any {
	return object{"ScaleFactorChanged": object{"scale_factor": e.Factor, "new_inner_size": array{e.Width, e.Height}}}
}
func (e MouseMotion) wire() any { return object{"MouseMotion": array{e.X, e.Y}} }

// latest lets a later event of the same type stand for both.
func latest[T Event](later Event) Event {
	if x, ok := later.(T); ok {
		return x
	}
	return nil
}

func (e Resized) merge(l Event) Event            { return latest[Resized](l) }
func (e CursorMoved) merge(l Event) Event        { return latest[CursorMoved](l) }
func (e ScaleFactorChanged) merge(l Event) Event { return latest[ScaleFactorChanged](l) }
func (e Redraw) merge(l Event) Event {
	if x, ok := l.(Redraw); ok {
		return Redraw{e.DT + x.DT}
	}
	return nil
}
func (e MouseMotion) merge(l Event) Event {
	if x, ok := l.(MouseMotion); ok {
		return MouseMotion{e.X + x.X, e.Y + x.Y}
	}
	return nil
}
func (e MouseWheel) merge(l Event) Event {
	if x, ok := l.(MouseWheel); ok && x.Pixels == e.Pixels {
		return MouseWheel{e.X + x.X, e.Y + x.Y, e.Pixels}
	}
	return nil
}

func (ReceivedCharacter) merge(Event) Event { return nil }
func (Focused) merge(Event) Event           { return nil }
func (KeyboardInput) merge(Event) Event     { return nil }
func (ModifiersChanged) merge(Event) Event  { return nil }
func (CursorEntered) merge(Event) Event     { return nil }
func (CursorLeft) merge(Event) Event        { return nil }
func (MouseInput) merge(Event) Event        { return nil }

func (Redraw) keyed() bool             { return false }
func (Resized) keyed() bool            { return false }
func (ReceivedCharacter) keyed() bool  { return true }
func (Focused) keyed() bool            { return true }
func (KeyboardInput) keyed() bool      { return true }
func (ModifiersChanged) keyed() bool   { return true }
func (CursorMoved) keyed() bool        { return false }
func (CursorEntered) keyed() bool      { return false }
func (CursorLeft) keyed() bool         { return false }
func (MouseWheel) keyed() bool         { return false }
func (MouseInput) keyed() bool         { return false }
func (ScaleFactorChanged) keyed() bool { return false }
func (MouseMotion) keyed() bool        { return true }

// moves reports an event of which the newest or the sum is enough.
func moves(e Event) bool { return e.merge(e) != nil }
