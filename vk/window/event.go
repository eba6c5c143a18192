package window

// Event is something that happened to the window: one of the types below.
type Event interface{ event() }

// Modifiers are the modifier keys that are held, in the bits of winit.
type Modifiers uint32

const (
	Shift Modifiers = 1 << 2
	Ctrl  Modifiers = 1 << 5
	Alt   Modifiers = 1 << 8
	Logo  Modifiers = 1 << 11
)

// Key is a key that went down or up, or repeats while it is held.
type Key struct {
	// Scancode is the key's number in the kernel (evdev), -1 where it has none.
	Scancode int
	// Name is winit's name of what is printed on the key in the user's layout, ""
	// where winit has none.
	Name string
	// Place is the name of the key in this place of a US keyboard: what a game
	// binds, since WASD lie together there in every layout.
	Place   string
	Pressed bool
	Repeat  bool
	// Synthetic reports a release that nobody did: the window lost the focus.
	Synthetic bool
	Modifiers Modifiers
	Locks     Locks
	// Rune is what the layout prints on the key, alone and with Shift; 0 where that is
	// no character. A key that types nothing at once (a dead key) has 0 too.
	Rune, Shifted rune
}

// Locks are the keys that stay locked.
type Locks uint8

const (
	CapsLock Locks = 1 << iota
	NumLock
)

// Character is text that was typed. Control characters are among it: Return is '\r',
// Ctrl+C is 3.
type Character struct{ Rune rune }

// ModifiersChanged tells the modifier keys that are held from now on.
type ModifiersChanged struct{ Modifiers Modifiers }

// CursorMoved is the place of the mouse pointer, in pixels. It is not told while the
// pointer is locked.
type CursorMoved struct{ X, Y float64 }

// CursorEntered and CursorLeft tell that the pointer is over the window, or not.
type (
	CursorEntered struct{}
	CursorLeft    struct{}
)

// Motion is how far the mouse itself moved; X to the right, Y towards the user.
type Motion struct{ X, Y float64 }

// Wheel is a turn of the wheel in lines; Y is positive away from the user.
type Wheel struct{ X, Y float64 }

// Button is a mouse button that went down or up: "Left", "Right", "Middle", or "Other"
// with its number as X11 counts (8 is back, 9 is forward).
type Button struct {
	Name    string
	Number  int
	Pressed bool
}

// Focused tells whether what is typed goes to the window.
type Focused struct{ Focused bool }

// Resized is the new size of the picture, in pixels; 0, 0 while minimised.
type Resized struct{ Width, Height int }

// ScaleChanged is how many pixels make one unit of the desktop.
type ScaleChanged struct {
	Scale         float64
	Width, Height int
}

// Exposed says that the picture on the screen is damaged and is to be shown again.
type Exposed struct{}

// CloseRequested says that the user closed the window. It stays open until Close.
type CloseRequested struct{}

func (Key) event()              {}
func (Character) event()        {}
func (ModifiersChanged) event() {}
func (CursorMoved) event()      {}
func (CursorEntered) event()    {}
func (CursorLeft) event()       {}
func (Motion) event()           {}
func (Wheel) event()            {}
func (Button) event()           {}
func (Focused) event()          {}
func (Resized) event()          {}
func (ScaleChanged) event()     {}
func (Exposed) event()          {}
func (CloseRequested) event()   {}
