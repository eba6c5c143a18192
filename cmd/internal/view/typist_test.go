package view

import (
	"reflect"
	"strings"
	"testing"

	"hearth/term/input"
	"hearth/vk/window"
)

// What the window tells, one thing after the other, is keys with their text.
func TestTypist(t *testing.T) {
	down := func(place string, r rune, m window.Modifiers) window.Key {
		return window.Key{Place: place, Name: place, Pressed: true, Rune: r, Modifiers: m}
	}
	up := func(place string, r rune) window.Key { return window.Key{Place: place, Name: place, Rune: r} }
	numbers := func(k window.Key) window.Key { k.Locks = window.NumLock; return k }
	repeat := func(k window.Key) window.Key { k.Repeat = true; return k }
	text := func(r rune) window.Character { return window.Character{Rune: r} }
	type events []window.Event
	type keys []input.Key
	for _, c := range []struct {
		what   string
		events events
		want   keys
	}{
		{"a letter", events{down("A", 'a', 0), text('a'), up("A", 'a')}, keys{{Code: 'a', Text: "a"}, {Code: 'a', Action: input.Release}}},
		{"a capital", events{down("LShift", 0, window.Shift), window.Key{Place: "A", Name: "A", Pressed: true, Rune: 'a', Shifted: 'A', Modifiers: window.Shift}, text('A')},
			keys{{Code: input.LeftShift, Mods: input.Shift}, {Code: 'a', Text: "A", Shifted: 'A', Mods: input.Shift}}},
		{"a key that is held", events{down("A", 'a', 0), text('a'), repeat(down("A", 'a', 0)), text('a')}, keys{{Code: 'a', Text: "a"}, {Code: 'a', Text: "a", Action: input.Repeat}}},
		{"Return", events{down("Return", 0, 0), text('\r'), up("Return", 0)}, keys{{Code: input.Enter}, {Code: input.Enter, Action: input.Release}}},
		{"Ctrl+C", events{down("C", 'c', window.Ctrl), text(3)}, keys{{Code: 'c', Mods: input.Ctrl}}},
		{"Alt+X types nothing", events{down("X", 'x', window.Alt)}, keys{{Code: 'x', Mods: input.Alt}}},
		{"a command of the desktop", events{down("X", 'x', window.Logo), text('x')}, keys{{Code: 'x', Mods: input.Super}}},
		{"a key of another layout", events{window.Key{Place: "Z", Name: "Y", Pressed: true, Rune: 'y'}, text('y')}, keys{{Code: 'y', Base: 'z', Text: "y"}}},
		{"a letter that winit does not know", events{window.Key{Place: "LBracket", Name: "LBracket", Pressed: true, Rune: 'ü', Shifted: 'Ü'}, text('ü')},
			keys{{Code: 'ü', Base: '[', Shifted: 'Ü', Text: "ü"}}},
		{"AltGr+Q", events{window.Key{Place: "Q", Name: "Q", Pressed: true, Rune: 'q'}, text('@')}, keys{{Code: 'q', Text: "@"}}},
		{"a dead key and a letter", events{down("Apostrophe", 0, 0), up("Apostrophe", 0), down("E", 'e', 0), text('é'), up("E", 'e')},
			keys{{Code: 'e', Text: "é"}, {Code: 'e', Action: input.Release}}},
		{"a compose sequence whose text comes late", events{down("E", 'e', 0), up("E", 'e'), text('é')}, keys{{Text: "é"}}},
		{"an input method", events{text('你'), text('好')}, keys{{Text: "你好"}}},
		{"the keypad with numbers", events{numbers(down("Numpad7", 0, 0)), text('7')}, keys{{Code: input.KP7, Text: "7", Mods: input.NumOn}}},
		{"the keypad without", events{down("Numpad7", 0, 0), down("NumpadDecimal", 0, 0)}, keys{{Code: input.KPHome}, {Code: input.KPDelete}}},
		{"its sum", events{down("NumpadAdd", 0, 0), text('+'), down("NumpadEnter", 0, 0), text('\r')}, keys{{Code: input.KPAdd, Text: "+"}, {Code: input.KPEnter}}},
		{"its numbers with Ctrl", events{numbers(down("Numpad7", 0, window.Ctrl))}, keys{{Code: input.KP7, Mods: input.Ctrl | input.NumOn}}},
		{"a key nobody knows", events{down("", 0, 0), text('x')}, keys{{Text: "x"}}},
		{"two keys at once", events{down("A", 'a', 0), text('a'), down("B", 'b', 0), text('b'), up("A", 'a')}, keys{{Code: 'a', Text: "a"}, {Code: 'b', Text: "b"}, {Code: 'a', Action: input.Release}}},
		{"Space", events{down("Space", ' ', 0), text(' ')}, keys{{Code: ' ', Text: " "}}},
	} {
		var typist typist
		for _, e := range c.events {
			switch e := e.(type) {
			case window.Key:
				typist.key(e)
			case window.Character:
				typist.text(e.Rune)
			}
		}
		if got := typist.take(); !reflect.DeepEqual(keys(got), c.want) {
			t.Errorf("%s:\n %+v, want\n %+v", c.what, got, c.want)
		}
		if more := typist.take(); len(more) != 0 {
			t.Errorf("%s: twice", c.what)
		}
	}
}

// Text without end is bounded.
func TestTypistBounded(t *testing.T) {
	var typist typist
	for range 3 * input.MaxText {
		typist.text('語')
	}
	if k := typist.take(); len(k) != 1 || len(k[0].Text) > input.MaxText+len("語") || !strings.HasPrefix(k[0].Text, "語語") {
		t.Errorf("%d keys", len(k))
	}
}
