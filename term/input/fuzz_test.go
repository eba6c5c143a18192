package input

import (
	"bytes"
	"testing"
	"unicode/utf8"
)

// fuzzModes are modes by the bits of n.
func fuzzModes(n uint32) Modes {
	bit := func(i int) bool { return n>>i&1 != 0 }
	return Modes{
		AppCursor: bit(0), AppKeypad: bit(1), Backarrow: bit(2), NewLine: bit(3), MetaEscape: bit(4), MetaEighth: bit(5),
		FocusEvents: bit(6), BracketedPaste: bit(7), AlternateScroll: bit(8), Alternate: bit(9),
		Kitty: KittyFlags(n >> 10 & 31), ModifyOtherKeys: int(n >> 15 & 3), FormatOtherKeys: int(n >> 17 & 1),
		Mouse: MouseMode(n >> 18 & 7), MouseFormat: MouseFormat(n >> 21 & 7),
	}
}

// FuzzEncode feeds any event under any modes: what is sent is bounded, is UTF-8 but for
// the bytes of the default mouse format, has an end of a bracket only at the end of a
// paste in brackets, and keeps what stood in the buffer before.
func FuzzEncode(f *testing.F) {
	f.Add(uint32(0), int32('a'), "a", int32('A'), int32('a'), uint8(0), uint8(0), uint8(1), 3, 4)
	f.Add(uint32(0x3ff), int32(KP7), "", int32(0), int32(0), uint8(Ctrl), uint8(2), uint8(4), 500, -1)
	f.Add(uint32(31<<10|1<<7), int32('x'), "\x1b[201~\u009b201~", int32(-5), int32(1<<30), uint8(255), uint8(1), uint8(200), 1<<40, 0)
	f.Add(uint32(2<<15|1<<4), int32(Backspace), "\xff", int32(0x1b), int32(0x9b), uint8(Alt), uint8(9), uint8(0), 0, 0)
	f.Fuzz(func(t *testing.T, modes uint32, code int32, text string, shifted, base int32, mods, action, button uint8, x, y int) {
		m := fuzzModes(modes)
		end := []byte("\x1b[201~")
		check := func(what string, got []byte, limit int) {
			if len(got) > limit {
				t.Errorf("%s: %d bytes, the limit is %d", what, len(got), limit)
			}
			if bytes.Contains(got, end) || bytes.Contains(got, []byte("\u009b201~")) {
				t.Errorf("%s ends a bracket: %q", what, got)
			}
			if !utf8.Valid(got) {
				t.Errorf("%s is not UTF-8: %q", what, got)
			}
		}
		prefix := []byte("before")
		cut := func(b []byte) []byte {
			if !bytes.HasPrefix(b, prefix) {
				t.Fatalf("the buffer's beginning became %q", b)
			}
			return b[len(prefix):]
		}
		k := Key{Code: Code(code), Text: text, Shifted: shifted, Base: base, Mods: Mods(mods), Action: Action(action)}
		got := cut(AppendKey(prefix[:6:6], k, m))
		check("a key", got, 64+8*min(len(text), MaxText))
		e := Mouse{Action: Action(action), Button: Button(button), Column: x, Row: y, X: y, Y: x, Mods: Mods(mods)}
		got = cut(AppendMouse(prefix[:6:6], e, m))
		if m.MouseFormat != FormatDefault && m.MouseFormat <= FormatSGRPixels {
			check("the mouse", got, 32)
		} else if len(got) > 32 {
			t.Errorf("the mouse sends %q", got)
		}
		got = cut(AppendPaste(prefix[:6:6], text, m))
		if m.BracketedPaste {
			if !bytes.HasPrefix(got, []byte("\x1b[200~")) || !bytes.HasSuffix(got, end) {
				t.Fatalf("a paste without brackets: %q", got)
			}
			got = got[6 : len(got)-6]
		}
		check("a paste", got, 3*len(text))
		if bytes.ContainsRune(got, 0x1b) {
			t.Errorf("a paste has an ESC: %q", got)
		}
	})
}

// Nothing is allocated for an event when the buffer has room.
func TestNoAllocations(t *testing.T) {
	buf := make([]byte, 0, 256)
	var tr Tracker
	for _, m := range []Modes{Initial(), {Kitty: AllKitty}, {Kitty: Disambiguate}, {ModifyOtherKeys: 2}, {Mouse: MouseAny, MouseFormat: FormatSGR, BracketedPaste: true}} {
		if n := testing.AllocsPerRun(100, func() {
			b := buf[:0]
			b = AppendKey(b, Key{Code: 'a', Text: "a"}, m)
			b = AppendKey(b, Key{Code: 'с', Base: 'c', Mods: Ctrl}, m)
			b = AppendKey(b, Key{Code: F13, Mods: Shift, Action: Repeat}, m)
			b = tr.Append(b, Mouse{Action: Motion, Column: len(b)}, m)
			b = AppendPaste(b, "a\nb", m)
			AppendFocus(b, true, m)
		}); n != 0 {
			t.Errorf("%v allocations an event under %+v", n, m)
		}
	}
}

func BenchmarkKey(b *testing.B) {
	for _, c := range []struct {
		name string
		k    Key
		m    Modes
	}{
		{"text", Key{Code: 'a', Text: "a"}, Initial()},
		{"cursor", Key{Code: Up, Mods: Ctrl}, Initial()},
		{"other", Key{Code: 'a', Mods: Ctrl}, Modes{ModifyOtherKeys: 2}},
		{"kitty", Key{Code: 'a', Text: "A", Shifted: 'A', Mods: Shift}, Modes{Kitty: AllKitty}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			buf := make([]byte, 0, 64)
			for b.Loop() {
				buf = AppendKey(buf[:0], c.k, c.m)
			}
		})
	}
}
