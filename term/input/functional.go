package input

// final is how a named key without modifiers is written: CSI number final, where the
// number is left out for a letter. A final of 0 is a key that has no such form.
type final struct {
	number uint16
	final  byte
}

// shared are the forms that xterm and kitty share, and kitty's of F3, which xterm writes
// as an answer to the question where the cursor is (CSI 1 ; m R).
var shared = [...]final{
	Escape - firstNamed:    {27, 'u'},
	Enter - firstNamed:     {13, 'u'},
	Tab - firstNamed:       {9, 'u'},
	Backspace - firstNamed: {127, 'u'},
	Insert - firstNamed:    {2, '~'},
	Delete - firstNamed:    {3, '~'},
	Left - firstNamed:      {1, 'D'},
	Right - firstNamed:     {1, 'C'},
	Up - firstNamed:        {1, 'A'},
	Down - firstNamed:      {1, 'B'},
	PageUp - firstNamed:    {5, '~'},
	PageDown - firstNamed:  {6, '~'},
	Home - firstNamed:      {1, 'H'},
	End - firstNamed:       {1, 'F'},
	F1 - firstNamed:        {1, 'P'},
	F2 - firstNamed:        {1, 'Q'},
	F3 - firstNamed:        {13, '~'},
	F4 - firstNamed:        {1, 'S'},
	F5 - firstNamed:        {15, '~'},
	F6 - firstNamed:        {17, '~'},
	F7 - firstNamed:        {18, '~'},
	F8 - firstNamed:        {19, '~'},
	F9 - firstNamed:        {20, '~'},
	F10 - firstNamed:       {21, '~'},
	F11 - firstNamed:       {23, '~'},
	F12 - firstNamed:       {24, '~'},
	KPBegin - firstNamed:   {1, 'E'},
}

// sharedFinal is the form of c that both protocols know, or the zero final.
func sharedFinal(c Code) final {
	if i := c - firstNamed; i >= 0 && int(i) < len(shared) {
		return shared[i]
	}
	return final{}
}

// laterF are xterm's numbers of F13 to F20, which are the VT220's; those from F21 on
// xterm counts from 42.
var laterF = [...]uint16{25, 26, 28, 29, 31, 32, 33, 34}

// legacyFinal is xterm's form of c.
func legacyFinal(c Code) final {
	switch {
	case c == F3:
		return final{1, 'R'}
	case c >= F13 && c <= F20:
		return final{laterF[c-F13], '~'}
	case c > F20 && c <= F35:
		return final{42 + uint16(c-F21), '~'}
	case c == Menu:
		return final{29, '~'}
	case c <= Backspace:
		return final{}
	}
	return sharedFinal(c)
}

// padTwins are the keys that keypad keys stand for where the two are not told apart:
// what a digit types is a character, the others are keys of the main block.
var padTwins = [...]Code{
	'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '.', '/', '*', '-', '+', Enter, '=', ',',
	Left, Right, Up, Down, PageUp, PageDown, Home, End, Insert, Delete, KPBegin,
}

// padApplication are the letters that keypad keys send after SS3 in the application
// mode of the keypad.
const padApplication = "pqrstuvwxynojmkMXl"

// padNavigation are the keys that the digits and the point of the keypad are while
// NumLock is off.
var padNavigation = [...]Code{
	KPInsert, KPEnd, KPDown, KPPageDown, KPLeft, KPBegin, KPRight, KPHome, KPUp, KPPageUp, KPDelete,
}

// Keypad is the key that a key of the keypad is by the state of NumLock: KP7 while it is
// on is KPHome while it is off, or while Shift is held. Other keys stay what they are.
func Keypad(c Code, m Mods) Code {
	if c >= KP0 && c <= KPDecimal && (m&NumOn == 0) != (m&Shift != 0) {
		return padNavigation[c-KP0]
	}
	return c
}
