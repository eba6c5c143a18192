package window

import (
	"fmt"
	"unicode/utf8"

	"github.com/go-gl/glfw/v3.3/glfw"
)

// places are winit's names (VirtualKeyCode) of the keys of a US keyboard.
var places = map[glfw.Key]string{
	glfw.KeySpace: "Space", glfw.KeyApostrophe: "Apostrophe", glfw.KeyComma: "Comma", glfw.KeyMinus: "Minus",
	glfw.KeyPeriod: "Period", glfw.KeySlash: "Slash", glfw.KeySemicolon: "Semicolon", glfw.KeyEqual: "Equals",
	glfw.KeyLeftBracket: "LBracket", glfw.KeyBackslash: "Backslash", glfw.KeyRightBracket: "RBracket",
	glfw.KeyGraveAccent: "Grave", glfw.KeyWorld1: "OEM102", glfw.KeyWorld2: "OEM102",
	glfw.KeyEscape: "Escape", glfw.KeyEnter: "Return", glfw.KeyTab: "Tab", glfw.KeyBackspace: "Back",
	glfw.KeyInsert: "Insert", glfw.KeyDelete: "Delete", glfw.KeyRight: "Right", glfw.KeyLeft: "Left",
	glfw.KeyDown: "Down", glfw.KeyUp: "Up", glfw.KeyPageUp: "PageUp", glfw.KeyPageDown: "PageDown",
	glfw.KeyHome: "Home", glfw.KeyEnd: "End", glfw.KeyCapsLock: "Capital", glfw.KeyScrollLock: "Scroll",
	glfw.KeyNumLock: "Numlock", glfw.KeyPrintScreen: "Snapshot", glfw.KeyPause: "Pause",
	glfw.KeyKPDecimal: "NumpadDecimal", glfw.KeyKPDivide: "NumpadDivide", glfw.KeyKPMultiply: "NumpadMultiply",
	glfw.KeyKPSubtract: "NumpadSubtract", glfw.KeyKPAdd: "NumpadAdd", glfw.KeyKPEnter: "NumpadEnter", glfw.KeyKPEqual: "NumpadEquals",
	glfw.KeyLeftShift: "LShift", glfw.KeyLeftControl: "LControl", glfw.KeyLeftAlt: "LAlt", glfw.KeyLeftSuper: "LWin",
	glfw.KeyRightShift: "RShift", glfw.KeyRightControl: "RControl", glfw.KeyRightAlt: "RAlt", glfw.KeyRightSuper: "RWin",
	glfw.KeyMenu: "Apps",
}

func init() {
	for i := range 26 {
		places[glfw.KeyA+glfw.Key(i)] = string(rune('A' + i))
	}
	for i := range 10 {
		places[glfw.Key0+glfw.Key(i)] = fmt.Sprintf("Key%d", i)
		places[glfw.KeyKP0+glfw.Key(i)] = fmt.Sprintf("Numpad%d", i)
	}
	for i := range 24 { // winit knows no F25
		places[glfw.KeyF1+glfw.Key(i)] = fmt.Sprintf("F%d", i+1)
	}
}

// printed are the names of what a layout prints on a key. What is not among them is
// named by its place.
var printed = map[rune]string{
	'\'': "Apostrophe", ',': "Comma", '-': "Minus", '.': "Period", '/': "Slash", ';': "Semicolon", '=': "Equals",
	'[': "LBracket", '\\': "Backslash", ']': "RBracket", '`': "Grave", '@': "At", ':': "Colon", '+': "Plus",
	'*': "Asterisk", '^': "Caret", '_': "Underline",
}

// nameOf is winit's name of a key; text is what the layout prints on it, or "".
func nameOf(key glfw.Key, text string) string {
	place := places[key]
	if key < glfw.KeyApostrophe || key > glfw.KeyWorld2 {
		return place
	}
	r, n := utf8.DecodeRuneInString(text)
	switch {
	case n == 0 || n != len(text):
		return place
	case r >= 'a' && r <= 'z':
		return string(r - 'a' + 'A')
	case r >= 'A' && r <= 'Z':
		return text
	case r >= '0' && r <= '9':
		return "Key" + text
	}
	if name, ok := printed[r]; ok {
		return name
	}
	return place
}

// modifierOf is the modifier that a key is, 0 if it is none.
func modifierOf(key glfw.Key) Modifiers {
	switch key {
	case glfw.KeyLeftShift, glfw.KeyRightShift:
		return Shift
	case glfw.KeyLeftControl, glfw.KeyRightControl:
		return Ctrl
	case glfw.KeyLeftAlt, glfw.KeyRightAlt:
		return Alt
	case glfw.KeyLeftSuper, glfw.KeyRightSuper:
		return Logo
	}
	return 0
}

// modifiers are GLFW's bits in ours.
func modifiers(m glfw.ModifierKey) (out Modifiers) {
	for _, x := range [...]struct {
		from glfw.ModifierKey
		to   Modifiers
	}{{glfw.ModShift, Shift}, {glfw.ModControl, Ctrl}, {glfw.ModAlt, Alt}, {glfw.ModSuper, Logo}} {
		if m&x.from != 0 {
			out |= x.to
		}
	}
	return out
}

// locks are GLFW's bits in ours.
func locks(m glfw.ModifierKey) (out Locks) {
	if m&glfw.ModCapsLock != 0 {
		out |= CapsLock
	}
	if m&glfw.ModNumLock != 0 {
		out |= NumLock
	}
	return out
}

// runeOf is the character of an X keysym (X11 protocol, appendix A): Latin-1 as it is,
// and Unicode above a bit. The older sets of other scripts have letters only, whose
// capitals Unicode knows.
func runeOf(keysym uint32) (rune, bool) {
	switch {
	case keysym >= 0x20 && keysym < 0x7f, keysym >= 0xa0 && keysym <= 0xff:
		return rune(keysym), true
	case keysym >= 0x01000100 && keysym <= 0x0110ffff:
		return rune(keysym - 0x01000000), true
	}
	return 0, false
}

// control is the control character that a key types, which GLFW does not tell. As
// terminals have it: Ctrl with a letter is its number.
func control(place, name string, m Modifiers) (rune, bool) {
	if m&(Alt|Logo) != 0 {
		return 0, false
	}
	if m&Ctrl != 0 {
		if len(name) == 1 && name[0] >= 'A' && name[0] <= 'Z' {
			return rune(name[0] - 'A' + 1), true
		}
		switch name {
		case "Space", "Key2":
			return 0, true
		case "LBracket":
			return 0x1b, true
		case "Backslash":
			return 0x1c, true
		case "RBracket":
			return 0x1d, true
		}
	}
	switch place {
	case "Return", "NumpadEnter":
		return '\r', true
	case "Tab":
		return '\t', true
	case "Back":
		return '\b', true
	case "Escape":
		return 0x1b, true
	case "Delete":
		return 0x7f, true
	}
	return 0, false
}
