package input

import (
	"bufio"
	"encoding/json"
	"os"
	"strconv"
	"testing"
	"unicode/utf8"
)

// What kitty 0.26.5 encodes, asked through its function encode_key_for_tty. A line is a
// key, its shifted and base characters, modifiers, text, action (as Action), and what is
// sent by the flags whose bits are set in a hexadecimal number.
func TestKeysAsKitty(t *testing.T) {
	f, err := os.Open("testdata/kitty0265.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	names, _ := definitions(t)
	codes := map[string]Code{}
	for i, name := range names {
		codes[name] = firstNamed + Code(i)
	}
	n := 0
	for s := bufio.NewScanner(f); s.Scan(); {
		var name, text string
		var shifted, base rune
		var mods, action uint8
		row := []any{&name, &shifted, &base, &mods, &text, &action}
		var raw []json.RawMessage
		if err := json.Unmarshal(s.Bytes(), &raw); err != nil {
			t.Fatal(err)
		}
		for i, p := range row {
			if err := json.Unmarshal(raw[i], p); err != nil {
				t.Fatal(err)
			}
		}
		k := Key{Shifted: shifted, Base: base, Mods: Mods(mods), Action: Action(action)}
		if k.Action != Release {
			k.Text = text
		}
		var ok bool
		if k.Code, ok = codes[name]; !ok {
			r, _ := utf8.DecodeRuneInString(name)
			k.Code = Code(r)
		}
		for _, x := range raw[len(row):] {
			var sent [2]string
			if err := json.Unmarshal(x, &sent); err != nil {
				t.Fatal(err)
			}
			set, err := strconv.ParseUint(sent[0], 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			for flags := KittyFlags(0); flags <= AllKitty; flags++ {
				if set>>flags&1 == 0 || departs(k, flags) {
					continue
				}
				n++
				if got := string(AppendKey(nil, k, Modes{Kitty: flags, MetaEscape: true})); got != sent[1] {
					t.Errorf("%s mods %d action %d flags %d: %q, kitty sends %q", name, mods, action, flags, got, sent[1])
				}
			}
		}
	}
	if n < 15_000 {
		t.Errorf("compared %d keys only", n)
	}
}

// departs tells where kitty 0.26.5 is not followed, and why.
func departs(k Key, flags KittyFlags) bool {
	c0 := k.Code.Named() && k.Code <= Backspace || k.Code == KPEnter && flags&Disambiguate == 0
	vague := flags&(Disambiguate|ReportAll) == 0
	switch {
	case k.Code == F3:
		return true // the specification took CSI R back, which says where the cursor is
	case flags&(Disambiguate|ReportAll) == ReportAll && (k.Code.keypad() || k.Code == Menu || k.Code >= F1 && k.Code <= F4 || c0):
		return true // "this enhancement implies all keys are automatically disambiguated"
	case vague && k.Code >= KP0 && k.Code <= KPSeparator && k.Code != KPEnter && k.Action != Release:
		return true // it was asked without a text, which these keys have
	case flags&ReportText != 0 && k.Text > "\x7f":
		return true // it lost text that is not ASCII
	case vague && flags&ReportAlternate != 0 && !k.Code.Named():
		return true // alternates are "a pure enhancement to the form of the escape code"
	case c0 && flags&ReportAll == 0 && (k.Action != Press || k.Mods&locks != 0):
		return true // Enter, Tab and Backspace have no releases and mind no locks; releases of Escape are told
	case vague && k.Mods&locks != 0 && !k.Code.Named():
		return true // "the Lock modifiers are not reported for text producing keys"
	case vague && k.Code == Tab && k.Mods&Shift != 0:
		return true // Shift+Alt+Tab is xterm's
	}
	return false
}
