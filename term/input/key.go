package input

// Code is a key: the character that the user's layout prints on it, unshifted and in
// lower case ('a', '1', 'é', ' '), or one of the named keys below, whose numbers are
// those of kitty's table of functional keys (57344 and on, in Unicode's private use
// area).
type Code rune

const (
	Escape Code = 57344 + iota
	Enter
	Tab
	Backspace
	Insert
	Delete
	Left
	Right
	Up
	Down
	PageUp
	PageDown
	Home
	End
	CapsLock
	ScrollLock
	NumLock
	PrintScreen
	Pause
	Menu

	F1
	F2
	F3
	F4
	F5
	F6
	F7
	F8
	F9
	F10
	F11
	F12
	F13
	F14
	F15
	F16
	F17
	F18
	F19
	F20
	F21
	F22
	F23
	F24
	F25
	F26
	F27
	F28
	F29
	F30
	F31
	F32
	F33
	F34
	F35

	KP0
	KP1
	KP2
	KP3
	KP4
	KP5
	KP6
	KP7
	KP8
	KP9
	KPDecimal
	KPDivide
	KPMultiply
	KPSubtract
	KPAdd
	KPEnter
	KPEqual
	KPSeparator
	KPLeft
	KPRight
	KPUp
	KPDown
	KPPageUp
	KPPageDown
	KPHome
	KPEnd
	KPInsert
	KPDelete
	KPBegin

	MediaPlay
	MediaPause
	MediaPlayPause
	MediaReverse
	MediaStop
	MediaFastForward
	MediaRewind
	MediaNext
	MediaPrevious
	MediaRecord
	LowerVolume
	RaiseVolume
	MuteVolume

	LeftShift
	LeftCtrl
	LeftAlt
	LeftSuper
	LeftHyper
	LeftMeta
	RightShift
	RightCtrl
	RightAlt
	RightSuper
	RightHyper
	RightMeta
	Level3Shift
	Level5Shift
)

// firstNamed and lastNamed bound the named keys.
const (
	firstNamed = Escape
	lastNamed  = Level5Shift
)

// Named tells whether c is one of the named keys.
func (c Code) Named() bool { return c >= firstNamed && c <= lastNamed }

// Modifier tells whether c is itself a modifier or a lock.
func (c Code) Modifier() bool {
	return c >= LeftShift && c <= Level5Shift || c == CapsLock || c == NumLock || c == ScrollLock
}

// keypad tells whether c lies on the keypad.
func (c Code) keypad() bool { return c >= KP0 && c <= KPBegin }

// Mods are modifiers that are held and locks that are on, in the bits of kitty's
// protocol, the first three of which are xterm's.
type Mods uint8

const (
	Shift Mods = 1 << iota
	Alt
	Ctrl
	Super
	Hyper
	Meta
	CapsOn
	NumOn

	locks = CapsOn | NumOn
)

// Action is what happened to a key or to a button of the mouse.
type Action uint8

const (
	Press Action = iota
	Repeat
	Release
	Motion // of the mouse alone
)

// Key is something that happened to a key.
type Key struct {
	Code Code
	// Text is what the key types with the modifiers that are held, "" for none. A
	// control character is not text: it follows from Code and Mods. A key without a
	// code, such as the end of a compose sequence, has its text alone.
	Text string
	// Shifted is the character that the layout prints on the key with Shift, 0 if it
	// is not known; Base the one that a US keyboard has in its place, 0 if that is
	// Code or is not known.
	Shifted, Base rune
	Mods          Mods
	Action        Action
}

// Button is a button of the mouse, by X11's numbers.
type Button uint8

const (
	NoButton Button = iota
	ButtonLeft
	ButtonMiddle
	ButtonRight
	WheelUp
	WheelDown
	WheelLeft
	WheelRight
	Button8 // back
	Button9 // forward
	Button10
	Button11
)

// wheel tells whether b is a turn of the wheel, which has no release.
func (b Button) wheel() bool { return b >= WheelUp && b <= WheelRight }

// Mouse is something that happened to the mouse over the cells of a terminal.
type Mouse struct {
	Action      Action
	Button      Button // of Motion: the button that is held, the lowest of several
	Column, Row int    // the cell, from 0
	X, Y        int    // pixels from the upper left corner of the first cell, from 0
	Mods        Mods
}
