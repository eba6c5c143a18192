package view

import (
	"unicode"

	"hearth/term/input"
	"hearth/vk/window"
)

// typist makes keys of terminals of what the window tells. GLFW tells a key and what it
// types one after the other, or the text later and without a key, where an input method
// composes it; a program in a terminal reads both as one.
//
//	Key A, Character a              one key with its text
//	Key E, Character é              the end of a compose sequence: one key with its text
//	Key (dead), nothing             part of a compose sequence: no key
//	Character 你, Character 好       an input method: a key that is only text
//
// A display tells the text of a key directly behind it, so whoever takes flushes at the
// end of what was read at once.
type typist struct {
	keys    []input.Key // that are whole; taken by flush
	waiting bool        // the last of keys may still get text
	silent  map[input.Code]bool
}

// modsOf are modifiers and locks in the bits of terminals.
func modsOf(m window.Modifiers, l window.Locks) (out input.Mods) {
	for _, x := range [...]struct {
		from window.Modifiers
		to   input.Mods
	}{{window.Shift, input.Shift}, {window.Alt, input.Alt}, {window.Ctrl, input.Ctrl}, {window.Logo, input.Super}} {
		if m&x.from != 0 {
			out |= x.to
		}
	}
	if l&window.CapsLock != 0 {
		out |= input.CapsOn
	}
	if l&window.NumLock != 0 {
		out |= input.NumOn
	}
	return out
}

// control are the modifiers with which a key types no text.
const control = input.Ctrl | input.Alt | input.Super

// codeOf is the key itself: by its name, or by what the layout prints on it.
func codeOf(k window.Key) (code input.Code, base rune, ok bool) {
	place, there := input.Named(k.Place)
	if there && place.Named() {
		return place, 0, true
	}
	if there {
		base = rune(place)
	}
	if k.Rune != 0 {
		code = input.Code(unicode.ToLower(k.Rune))
	} else if code, ok = input.Named(k.Name); !ok {
		code = place
	}
	if base == rune(code) {
		base = 0
	}
	return code, base, code != 0
}

// key takes a key.
func (t *typist) key(k window.Key) {
	t.settle()
	code, base, ok := codeOf(k)
	if !ok {
		return
	}
	e := input.Key{Code: code, Base: base, Shifted: k.Shifted, Mods: modsOf(k.Modifiers, k.Locks)}
	switch {
	case !k.Pressed:
		e.Action = input.Release
		if t.silent[code] {
			delete(t.silent, code)
			return
		}
	case k.Repeat:
		e.Action = input.Repeat
	}
	t.keys = append(t.keys, e)
	t.waiting = k.Pressed && (!code.Named() || keypad(code))
	if !t.waiting {
		t.number()
	}
}

// text takes a character that was typed. Control characters follow from their keys.
func (t *typist) text(r rune) {
	if unicode.IsControl(r) {
		return
	}
	if !t.waiting {
		t.keys = append(t.keys, input.Key{})
		t.waiting = true
	}
	k := &t.keys[len(t.keys)-1]
	if k.Mods&input.Super == 0 && len(k.Text) < input.MaxText {
		k.Text += string(r)
	}
}

// settle ends the last key: no text comes for it any more. One that types, and typed
// nothing, is part of a compose sequence.
func (t *typist) settle() {
	if !t.waiting {
		return
	}
	t.waiting = false
	k := t.keys[len(t.keys)-1]
	if k.Text == "" && k.Mods&control == 0 && !keypad(k.Code) {
		t.keys = t.keys[:len(t.keys)-1]
		if k.Code != 0 {
			if t.silent == nil {
				t.silent = map[input.Code]bool{}
			}
			t.silent[k.Code] = true
		}
		return
	}
	t.number()
}

// number makes the last key, where it is one of the keypad, what it is without the lock
// of the numbers: an arrow and its like.
func (t *typist) number() {
	k := &t.keys[len(t.keys)-1]
	to, there := withoutLock[k.Code]
	if there && k.Text == "" && (k.Mods&input.NumOn == 0 || k.Mods&input.Shift != 0) {
		k.Code = to
	}
}

// take returns the keys that are whole; the slice is valid until the next call of key
// or text.
func (t *typist) take() []input.Key {
	t.settle()
	keys := t.keys
	t.keys = t.keys[:0]
	return keys
}

// reset forgets what was half typed.
func (t *typist) reset() {
	t.keys, t.waiting = t.keys[:0], false
	clear(t.silent)
}

// keypad reports a key of the keypad that may type text.
func keypad(c input.Code) bool { return c >= input.KP0 && c <= input.KPEqual && c != input.KPEnter }

var withoutLock = map[input.Code]input.Code{
	input.KP0: input.KPInsert, input.KP1: input.KPEnd, input.KP2: input.KPDown, input.KP3: input.KPPageDown,
	input.KP4: input.KPLeft, input.KP5: input.KPBegin, input.KP6: input.KPRight, input.KP7: input.KPHome,
	input.KP8: input.KPUp, input.KP9: input.KPPageUp, input.KPDecimal: input.KPDelete,
}
