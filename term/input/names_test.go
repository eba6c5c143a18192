package input

import "testing"

// Every name that a window gives a key is a key of a terminal.
func TestNamed(t *testing.T) {
	for name, want := range map[string]Code{
		"A": 'a', "Z": 'z', "Key0": '0', "Key9": '9', "Space": ' ', "Escape": Escape, "Return": Enter, "Back": Backspace, "Tab": Tab,
		"F1": F1, "F9": F9, "F10": F10, "F24": F24, "Numpad0": KP0, "Numpad9": KP9, "NumpadEnter": KPEnter, "NumpadDecimal": KPDecimal,
		"LShift": LeftShift, "RShift": RightShift, "LControl": LeftCtrl, "RControl": RightCtrl, "LAlt": LeftAlt, "RAlt": RightAlt,
		"LWin": LeftSuper, "RWin": RightSuper, "Apps": Menu, "Capital": CapsLock, "Scroll": ScrollLock, "Numlock": NumLock,
		"Snapshot": PrintScreen, "Pause": Pause, "LBracket": '[', "RBracket": ']', "Grave": '`', "Equals": '=', "OEM102": '<',
		"Apostrophe": '\'', "Semicolon": ';', "Backslash": '\\', "Comma": ',', "Period": '.', "Slash": '/', "Minus": '-', "Plus": '+',
		"At": '@', "Colon": ':', "Asterisk": '*', "Caret": '^', "Underline": '_', "PageUp": PageUp, "PageDown": PageDown,
		"Insert": Insert, "Delete": Delete, "Home": Home, "End": End, "Up": Up, "Down": Down, "Left": Left, "Right": Right,
		"NumpadAdd": KPAdd, "NumpadSubtract": KPSubtract, "NumpadMultiply": KPMultiply, "NumpadDivide": KPDivide, "NumpadEquals": KPEqual,
	} {
		if got, ok := Named(name); !ok || got != want {
			t.Errorf("%s is %d, %v; want %d", name, got, ok, want)
		}
	}
	for _, name := range []string{"", "a", "AA", "F0", "F25", "F100", "F1x", "Key", "Keyx", "Key10", "Numpad", "Numpadx", "é", "Calculator"} {
		if got, ok := Named(name); ok {
			t.Errorf("%q is %d", name, got)
		}
	}
}

// The digits of the keypad move the cursor while NumLock is off; Shift turns that round.
func TestKeypad(t *testing.T) {
	for _, c := range []struct {
		c    Code
		m    Mods
		want Code
	}{
		{KP7, 0, KPHome}, {KP7, NumOn, KP7}, {KP7, Shift, KP7}, {KP7, Shift | NumOn, KPHome}, {KP0, 0, KPInsert}, {KP5, 0, KPBegin},
		{KPDecimal, Ctrl, KPDelete}, {KP1, 0, KPEnd}, {KP2, 0, KPDown}, {KP3, 0, KPPageDown}, {KP4, 0, KPLeft}, {KP6, 0, KPRight},
		{KP8, 0, KPUp}, {KP9, 0, KPPageUp}, {KPAdd, 0, KPAdd}, {KPEnter, 0, KPEnter}, {'7', 0, '7'}, {Home, 0, Home},
	} {
		if got := Keypad(c.c, c.m); got != c.want {
			t.Errorf("Keypad(%d, %d) = %d, want %d", c.c, c.m, got, c.want)
		}
	}
}
