package input

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// terminfoKeys are the keys that terminfo's capabilities mean, but for the function
// keys and the cursor keys with modifiers.
var terminfoKeys = map[string]Key{
	"kbs": {Code: Backspace}, "kcbt": {Code: Tab, Mods: Shift}, "kent": {Code: KPEnter},
	"kcuu1": {Code: Up}, "kcud1": {Code: Down}, "kcuf1": {Code: Right}, "kcub1": {Code: Left}, "khome": {Code: Home}, "kend": {Code: End},
	"kich1": {Code: Insert}, "kdch1": {Code: Delete}, "kpp": {Code: PageUp}, "knp": {Code: PageDown}, "kb2": {Code: KP5},
	"kind": {Code: Down, Mods: Shift}, "kri": {Code: Up, Mods: Shift},
	"ka1": {Code: KP7}, "ka2": {Code: KP8}, "ka3": {Code: KP9}, "kb1": {Code: KP4}, "kb3": {Code: KP6}, "kc1": {Code: KP1}, "kc2": {Code: KP2}, "kc3": {Code: KP3},
	"kpZRO": {Code: KP0}, "kpDOT": {Code: KPDecimal}, "kpADD": {Code: KPAdd}, "kpSUB": {Code: KPSubtract}, "kpMUL": {Code: KPMultiply}, "kpDIV": {Code: KPDivide},
}

// capability is the key that the capability name means, false if it is none of a key.
func capability(name string) (k Key, ok bool) {
	if k, ok = terminfoKeys[name]; ok {
		return k, true
	}
	n := 0
	if c, _ := fmt.Sscanf(name, "kf%d", &n); c == 1 && n >= 1 {
		// F13 to F24 are F1 to F12 with Shift, and so on.
		mods := [...]Mods{0, Shift, Ctrl, Ctrl | Shift, Alt, Alt | Shift}
		return Key{Code: F1 + Code((n-1)%12), Mods: mods[(n-1)/12]}, true
	}
	for prefix, code := range map[string]Code{
		"kUP": Up, "kDN": Down, "kRIT": Right, "kLFT": Left, "kEND": End, "kHOM": Home, "kIC": Insert, "kDC": Delete, "kPRV": PageUp, "kNXT": PageDown,
	} {
		if rest, found := strings.CutPrefix(name, prefix); found {
			if rest == "" {
				rest = "2"
			}
			if len(rest) == 1 && rest[0] >= '2' && rest[0] <= '8' {
				return Key{Code: code, Mods: Mods(rest[0] - '1')}, true
			}
		}
	}
	return Key{}, false
}

// Every key of the terminfo entry sends what the entry says, in the modes that its smkx
// sets.
func TestKeysAsTerminfo(t *testing.T) {
	text, err := os.ReadFile("../pty/hearth.ti")
	if err != nil {
		t.Fatal(err)
	}
	m := Initial()
	m.AppCursor, m.AppKeypad = true, true
	checked := 0
	for line := range strings.SplitSeq(string(text), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for field := range strings.SplitSeq(line, ",") {
			name, value, ok := strings.Cut(strings.TrimSpace(field), "=")
			if !ok || len(name) < 3 || name[0] != 'k' || name == "kmous" {
				continue
			}
			k, ok := capability(name)
			if !ok {
				continue
			}
			want := strings.NewReplacer(`\E`, "\x1b", "^?", "\x7f", "^H", "\b").Replace(value)
			if got := string(AppendKey(nil, k, m)); got != want {
				t.Errorf("%s: %q is sent, the entry says %q", name, got, want)
			}
			checked++
		}
	}
	if checked < 120 {
		t.Errorf("the entry has %d keys", checked)
	}
}

// The keys for which X has no keys, as xterm's source numbers them; both formats of
// modifyOtherKeys; and what is not sent.
func TestLegacyKeys(t *testing.T) {
	meta := Initial()
	with := func(f func(*Modes)) Modes { m := meta; f(&m); return m }
	level := func(n, format int) Modes {
		return with(func(m *Modes) { m.ModifyOtherKeys, m.FormatOtherKeys = n, format })
	}
	for _, c := range []struct {
		what string
		k    Key
		m    Modes
		want string
	}{
		{"F13", Key{Code: F13}, meta, "\x1b[25~"}, {"F14", Key{Code: F14}, meta, "\x1b[26~"}, {"F15", Key{Code: F15}, meta, "\x1b[28~"},
		{"F16", Key{Code: F16}, meta, "\x1b[29~"}, {"F17", Key{Code: F17}, meta, "\x1b[31~"}, {"F20", Key{Code: F20, Mods: Shift}, meta, "\x1b[34;2~"},
		{"F21", Key{Code: F21, Mods: Ctrl}, meta, "\x1b[42;5~"}, {"F35", Key{Code: F35}, meta, "\x1b[56~"},
		{"Alt+Enter", Key{Code: Enter, Mods: Alt}, meta, "\x1b\r"},
		{"locks change no sequence", Key{Code: Up, Mods: CapsOn | NumOn}, meta, "\x1b[A"},
		{"Super goes as kitty's bit", Key{Code: Up, Mods: Super}, meta, "\x1b[1;9A"},
		{"a repeat is a press", Key{Code: Up, Action: Repeat}, meta, "\x1b[A"},
		{"a release", Key{Code: Up, Action: Release}, meta, ""},
		{"a release of text", Key{Code: 'a', Text: "a", Action: Release}, meta, ""},
		{"a modifier", Key{Code: LeftCtrl, Mods: Ctrl}, meta, ""},
		{"a media key", Key{Code: MediaPlay}, meta, ""},
		{"CapsLock", Key{Code: CapsLock}, meta, ""},
		{"a dead key", Key{Code: '´'}, meta, ""},
		{"a composed character", Key{Text: "é"}, meta, "é"},
		{"controls are no text", Key{Code: 'a', Text: "\x1b[A\r\x7f\u009b"}, meta, "[A"},
		{"Return as text is Enter", Key{Code: Enter, Text: "\r"}, meta, "\r"},
		{"AltGr types", Key{Code: 'q', Text: "@"}, meta, "@"},
		{"Ctrl in a Cyrillic layout", Key{Code: 'с', Base: 'c', Mods: Ctrl}, meta, "\x03"},
		{"Alt in a Cyrillic layout", Key{Code: 'и', Base: 'b', Mods: Alt}, meta, "\x1bb"},
		{"Ctrl+Shift in a Cyrillic layout", Key{Code: '.', Shifted: ',', Base: '/', Mods: Ctrl | Shift}, meta, ","},
		{"Ctrl on a letter without a twin", Key{Code: 'é', Mods: Ctrl}, meta, "é"},
		{"Alt with CapsLock", Key{Code: 'a', Mods: Alt | CapsOn}, meta, "\x1bA"},
		{"Meta is Alt", Key{Code: 'a', Mods: Meta}, meta, "\x1ba"},
		{"keypad digit", Key{Code: KP7, Text: "7", Mods: NumOn}, meta, "7"},
		{"keypad digit, application, NumLock", Key{Code: KP7, Text: "7", Mods: NumOn}, with(func(m *Modes) { m.AppKeypad = true }), "7"},
		{"keypad comma of a layout", Key{Code: KPDecimal, Text: ",", Mods: NumOn}, meta, ","},

		{"level 1", Key{Code: '1', Mods: Ctrl}, level(1, 0), "\x1b[27;5;49~"},
		{"level 1, format 1", Key{Code: '1', Mods: Ctrl}, level(1, 1), "\x1b[49;5u"},
		{"level 2, format 1", Key{Code: 'a', Shifted: 'A', Mods: Ctrl | Shift}, level(2, 1), "\x1b[65;6u"},
		{"level 2, format 1, Enter", Key{Code: Enter, Mods: Shift}, level(2, 1), "\x1b[13;2u"},
		{"level 2 tells Alt+Enter", Key{Code: Enter, Mods: Alt}, level(2, 0), "\x1b[27;3;13~"},
		{"level 1 leaves Alt+Enter", Key{Code: Enter, Mods: Alt}, level(1, 0), "\x1b\r"},
		{"level 1 keeps Alt", Key{Code: Enter, Mods: Alt | Shift}, level(1, 0), "\x1b[27;4;13~"},
		{"level 2 leaves text", Key{Code: 'a', Text: "a"}, level(2, 0), "a"},
		{"level 2 tells Shift+A", Key{Code: 'a', Text: "A", Mods: Shift}, level(2, 0), "\x1b[27;2;65~"},
		{"level 2 leaves a dead key with Shift", Key{Code: '´', Shifted: '`', Mods: Shift}, level(2, 0), ""},
		{"level 2 in a Cyrillic layout", Key{Code: 'с', Base: 'c', Mods: Ctrl}, level(2, 0), "\x1b[27;5;99~"},
		{"level 2 leaves cursor keys", Key{Code: Up, Mods: Ctrl}, level(2, 0), "\x1b[1;5A"},
		{"level 3 is level 2", Key{Code: 'a', Mods: Ctrl}, level(3, 0), "\x1b[27;5;97~"},
		{"kitty's keys win", Key{Code: 'a', Mods: Ctrl}, with(func(m *Modes) { m.ModifyOtherKeys, m.Kitty = 2, Disambiguate }), "\x1b[97;5u"},
	} {
		if got := string(AppendKey(nil, c.k, c.m)); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}
