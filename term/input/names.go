package input

import "strconv"

// named are the keys by winit's names (VirtualKeyCode) that are neither a letter, a
// digit nor a function key.
var named = map[string]Code{
	"Escape": Escape, "Return": Enter, "Tab": Tab, "Back": Backspace, "Space": ' ',
	"Insert": Insert, "Delete": Delete, "Home": Home, "End": End, "PageUp": PageUp, "PageDown": PageDown,
	"Left": Left, "Right": Right, "Up": Up, "Down": Down,
	"Capital": CapsLock, "Scroll": ScrollLock, "Numlock": NumLock,
	"Snapshot": PrintScreen, "Sysrq": PrintScreen, "Pause": Pause, "Apps": Menu,
	"LShift": LeftShift, "LControl": LeftCtrl, "LAlt": LeftAlt, "LWin": LeftSuper,
	"RShift": RightShift, "RControl": RightCtrl, "RAlt": RightAlt, "RWin": RightSuper,

	"Apostrophe": '\'', "Asterisk": '*', "At": '@', "Backslash": '\\', "Caret": '^', "Colon": ':', "Comma": ',',
	"Equals": '=', "Grave": '`', "LBracket": '[', "Minus": '-', "Period": '.', "Plus": '+', "RBracket": ']',
	"Semicolon": ';', "Slash": '/', "Underline": '_', "OEM102": '<', "Yen": '¥',

	"NumpadDecimal": KPDecimal, "NumpadDivide": KPDivide, "NumpadMultiply": KPMultiply, "NumpadSubtract": KPSubtract,
	"NumpadAdd": KPAdd, "NumpadEnter": KPEnter, "NumpadEquals": KPEqual, "NumpadComma": KPSeparator,

	"PlayPause": MediaPlayPause, "MediaStop": MediaStop, "NextTrack": MediaNext, "PrevTrack": MediaPrevious,
	"VolumeDown": LowerVolume, "VolumeUp": RaiseVolume, "Mute": MuteVolume,
}

// lastNamedF is the last function key that winit has a name for.
const lastNamedF = 24

// Named is the key that winit's VirtualKeyCode calls name, such as "A", "Key1", "F5" or
// "LShift"; false where a terminal knows no such key.
func Named(name string) (Code, bool) {
	switch {
	case len(name) == 1 && name[0] >= 'A' && name[0] <= 'Z':
		return Code(name[0] - 'A' + 'a'), true
	case len(name) == 4 && name[:3] == "Key" && name[3] >= '0' && name[3] <= '9':
		return Code(name[3]), true
	case len(name) == 7 && name[:6] == "Numpad" && name[6] >= '0' && name[6] <= '9':
		return KP0 + Code(name[6]-'0'), true
	case len(name) >= 2 && len(name) <= 3 && name[0] == 'F' && name[1] >= '1' && name[1] <= '9':
		if n, err := strconv.Atoi(name[1:]); err == nil && n <= lastNamedF {
			return F1 + Code(n-1), true
		}
		return 0, false
	}
	c, ok := named[name]
	return c, ok
}
