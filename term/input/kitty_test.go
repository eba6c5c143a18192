package input

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// functional is the table "Functional key definitions" of kitty's specification: the
// keys in the order of their codes with what follows CSI. Of two forms the first is
// sent.
const functional = `
ESCAPE 27u ENTER 13u TAB 9u BACKSPACE 127u INSERT 2~ DELETE 3~ LEFT 1D RIGHT 1C UP 1A DOWN 1B PAGE_UP 5~ PAGE_DOWN 6~
HOME 1H END 1F CAPS_LOCK 57358u SCROLL_LOCK 57359u NUM_LOCK 57360u PRINT_SCREEN 57361u PAUSE 57362u MENU 57363u
F1 1P F2 1Q F3 13~ F4 1S F5 15~ F6 17~ F7 18~ F8 19~ F9 20~ F10 21~ F11 23~ F12 24~
F13 57376u F14 57377u F15 57378u F16 57379u F17 57380u F18 57381u F19 57382u F20 57383u F21 57384u F22 57385u
F23 57386u F24 57387u F25 57388u F26 57389u F27 57390u F28 57391u F29 57392u F30 57393u F31 57394u F32 57395u
F33 57396u F34 57397u F35 57398u
KP_0 57399u KP_1 57400u KP_2 57401u KP_3 57402u KP_4 57403u KP_5 57404u KP_6 57405u KP_7 57406u KP_8 57407u KP_9 57408u
KP_DECIMAL 57409u KP_DIVIDE 57410u KP_MULTIPLY 57411u KP_SUBTRACT 57412u KP_ADD 57413u KP_ENTER 57414u KP_EQUAL 57415u
KP_SEPARATOR 57416u KP_LEFT 57417u KP_RIGHT 57418u KP_UP 57419u KP_DOWN 57420u KP_PAGE_UP 57421u KP_PAGE_DOWN 57422u
KP_HOME 57423u KP_END 57424u KP_INSERT 57425u KP_DELETE 57426u KP_BEGIN 1E
MEDIA_PLAY 57428u MEDIA_PAUSE 57429u MEDIA_PLAY_PAUSE 57430u MEDIA_REVERSE 57431u MEDIA_STOP 57432u
MEDIA_FAST_FORWARD 57433u MEDIA_REWIND 57434u MEDIA_TRACK_NEXT 57435u MEDIA_TRACK_PREVIOUS 57436u MEDIA_RECORD 57437u
LOWER_VOLUME 57438u RAISE_VOLUME 57439u MUTE_VOLUME 57440u
LEFT_SHIFT 57441u LEFT_CONTROL 57442u LEFT_ALT 57443u LEFT_SUPER 57444u LEFT_HYPER 57445u LEFT_META 57446u
RIGHT_SHIFT 57447u RIGHT_CONTROL 57448u RIGHT_ALT 57449u RIGHT_SUPER 57450u RIGHT_HYPER 57451u RIGHT_META 57452u
ISO_LEVEL3_SHIFT 57453u ISO_LEVEL5_SHIFT 57454u`

// escape is a key as an escape code of kitty's protocol says it.
type escape struct {
	name  string // of a functional key
	code  rune   // of another
	alts  []rune
	mods  Mods
	event Action
	text  string
}

// definitions are the functional keys by what follows CSI, without the number 1.
func definitions(t testing.TB) (names []string, byForm map[string]string) {
	t.Helper()
	byForm = map[string]string{}
	f := strings.Fields(functional)
	for i := 0; i < len(f); i += 2 {
		names = append(names, f[i])
		form := f[i+1]
		if n := len(form) - 1; n == 1 && form[0] == '1' {
			form = form[1:]
		}
		byForm[form] = f[i]
	}
	if len(names) != int(lastNamed-firstNamed)+1 || len(byForm) != len(names) {
		t.Fatalf("the table has %d names and %d forms, the package %d keys", len(names), len(byForm), lastNamed-firstNamed+1)
	}
	return names, byForm
}

// parseEscape reads an escape code as the specification tells a program to.
func parseEscape(s string, byForm map[string]string) (e escape, err error) {
	body, ok := strings.CutPrefix(s, "\x1b[")
	if !ok || body == "" {
		return e, fmt.Errorf("%q is no escape code", s)
	}
	fin := body[len(body)-1]
	fields := strings.Split(body[:len(body)-1], ";")
	if len(fields) > 3 {
		return e, fmt.Errorf("%q has too many fields", s)
	}
	keys := strings.Split(fields[0], ":")
	form := keys[0] + string(fin)
	if fin != 'u' && fin != '~' {
		if form = string(fin); keys[0] == "1" != (len(fields) > 1) {
			return e, fmt.Errorf("%q must have the number 1 with modifiers and only then", s)
		}
	}
	if e.name, ok = byForm[form]; !ok {
		n, err := strconv.Atoi(keys[0])
		if err != nil || fin != 'u' {
			return e, fmt.Errorf("%q is no key", s)
		}
		e.code = rune(n)
	}
	for _, k := range keys[1:] {
		n := 0
		if k != "" {
			if n, err = strconv.Atoi(k); err != nil {
				return e, err
			}
		}
		e.alts = append(e.alts, rune(n))
	}
	if len(fields) > 1 && fields[1] != "" {
		mods, event, has := strings.Cut(fields[1], ":")
		n, err := strconv.Atoi(mods)
		if err != nil || n < 1 || n > 256 {
			return e, fmt.Errorf("%q has bad modifiers", s)
		}
		e.mods = Mods(n - 1)
		if has {
			if len(event) != 1 || event[0] < '1' || event[0] > '3' {
				return e, fmt.Errorf("%q has a bad event", s)
			}
			e.event = Action(event[0] - '1')
		}
	}
	if len(fields) > 2 {
		for _, c := range strings.Split(fields[2], ":") {
			n, err := strconv.Atoi(c)
			if err != nil {
				return e, err
			}
			e.text += string(rune(n))
		}
	}
	return e, nil
}

// With all keys as escape codes, every key with every set of modifiers says exactly
// what happened, by the specification's own table.
func TestKittyTellsAll(t *testing.T) {
	names, byForm := definitions(t)
	keys := []Key{{Code: 'a', Shifted: 'A'}, {Code: 'с', Shifted: 'С', Base: 'c'}, {Code: ' '}, {Code: '1', Shifted: '!'}, {Code: 'é', Base: '2'}}
	for c := firstNamed; c <= lastNamed; c++ {
		keys = append(keys, Key{Code: c})
	}
	var b []byte
	for _, k := range keys {
		for mods := range 256 {
			for action := Press; action <= Release; action++ {
				k.Mods, k.Action, k.Text = Mods(mods), action, ""
				if !k.Code.Named() && k.Mods&commands == 0 && action != Release {
					k.Text = string(character(k))
				}
				b = AppendKey(b[:0], k, Modes{Kitty: AllKitty, AppCursor: true, AppKeypad: true, MetaEscape: true})
				e, err := parseEscape(string(b), byForm)
				if err != nil {
					t.Fatalf("%+v: %v", k, err)
				}
				want := escape{mods: k.Mods, event: action, text: k.Text}
				if k.Code.Named() {
					want.name = names[k.Code-firstNamed]
				} else {
					want.code = rune(k.Code)
				}
				if k.Shifted != 0 && k.Mods&Shift != 0 {
					want.alts = []rune{k.Shifted}
				}
				if k.Base != 0 {
					if want.alts == nil {
						want.alts = []rune{0}
					}
					want.alts = append(want.alts, k.Base)
				}
				if fmt.Sprint(e) != fmt.Sprint(want) {
					t.Fatalf("%+v is sent as %q, which says %+v", k, b, e)
				}
			}
		}
	}
}

func TestKitty(t *testing.T) {
	const (
		dis, events, alts, all, text = Disambiguate, ReportEvents, ReportAlternate, ReportAll, ReportText
		ctrlShift                    = Ctrl | Shift
	)
	a := Key{Code: 'a', Text: "a", Shifted: 'A'}
	shiftA := Key{Code: 'a', Text: "A", Shifted: 'A', Mods: Shift}
	es := Key{Code: 'с', Text: "с", Shifted: 'С', Base: 'c'} // Cyrillic
	with := func(k Key, m Mods) Key { k.Mods, k.Text = m, ""; return k }
	did := func(k Key, x Action) Key {
		if k.Action = x; x == Release {
			k.Text = ""
		}
		return k
	}
	named := func(c Code, m Mods) Key { return Key{Code: c, Mods: m} }
	for _, c := range []struct {
		what  string
		flags KittyFlags
		k     Key
		want  string
	}{
		{"text is text", dis, a, "a"},
		{"text with Shift is text", dis, shiftA, "A"},
		{"text with a lock is text", dis, Key{Code: 'a', Text: "A", Mods: CapsOn | NumOn}, "A"},
		{"text of several characters", dis, Key{Code: 'a', Text: "AB"}, "AB"},
		{"Escape is told apart", dis, named(Escape, 0), "\x1b[27u"},
		{"Escape with a lock", dis, named(Escape, NumOn), "\x1b[27;129u"},
		{"Ctrl+A is no control character", dis, with(a, Ctrl), "\x1b[97;5u"},
		{"Alt+A has no ESC of its own", dis, with(a, Alt), "\x1b[97;3u"},
		{"Ctrl+Shift+A has the unshifted code", dis, with(a, ctrlShift), "\x1b[97;6u"},
		{"Alt+Shift+A", dis, with(a, Alt|Shift), "\x1b[97;4u"},
		{"Ctrl+Space", dis, named(' ', Ctrl), "\x1b[32;5u"},
		{"Super+A", dis, with(a, Super), "\x1b[97;9u"},
		{"text beside Alt is a command", dis, Key{Code: 'a', Text: "a", Mods: Alt}, "\x1b[97;3u"},
		{"Enter stays CR", dis, named(Enter, 0), "\r"},
		{"Enter stays CR with a lock", dis, named(Enter, NumOn), "\r"},
		{"Tab stays HT", dis, named(Tab, 0), "\t"},
		{"Backspace stays DEL", dis, named(Backspace, 0), "\x7f"},
		{"Shift+Enter", dis, named(Enter, Shift), "\x1b[13;2u"},
		{"Shift+Tab", dis, named(Tab, Shift), "\x1b[9;2u"},
		{"Ctrl+Shift+Tab", dis, named(Tab, ctrlShift), "\x1b[9;6u"},
		{"Ctrl+Backspace", dis, named(Backspace, Ctrl), "\x1b[127;5u"},
		{"Up never is SS3", dis, named(Up, 0), "\x1b[A"},
		{"Ctrl+Up", dis, named(Up, Ctrl), "\x1b[1;5A"},
		{"F1 never is SS3", dis, named(F1, 0), "\x1b[P"},
		{"F3 is no cursor report", dis, named(F3, 0), "\x1b[13~"},
		{"Shift+F3", dis, named(F3, Shift), "\x1b[13;2~"},
		{"F13", dis, named(F13, 0), "\x1b[57376u"},
		{"Menu", dis, named(Menu, 0), "\x1b[57363u"},
		{"a keypad key is another key", dis, named(KPPageUp, 0), "\x1b[57421u"},
		{"a keypad key with Ctrl", dis, named(KP0, Ctrl), "\x1b[57399;5u"},
		{"a keypad key that types", dis, Key{Code: KP0, Text: "0", Mods: NumOn}, "0"},
		{"KPEnter is another key", dis, named(KPEnter, 0), "\x1b[57414u"},
		{"KPBegin", dis, named(KPBegin, 0), "\x1b[E"},
		{"no releases unasked", dis, did(a, Release), ""},
		{"a repeat is a press unasked", dis, did(named(Up, 0), Repeat), "\x1b[A"},
		{"no modifiers unasked", dis, named(LeftShift, Shift), ""},
		{"no locks unasked", dis, named(CapsLock, CapsOn), ""},
		{"a dead key", dis, Key{Code: '^'}, ""},
		{"what an input method types", dis, Key{Text: "かな"}, "かな"},

		{"events: text", events, a, "a"},
		{"events: text repeats as text", events, did(a, Repeat), "a"},
		{"events: release of text", events, did(a, Release), "\x1b[97;1:3u"},
		{"events: release of text with Shift", events, did(shiftA, Release), "\x1b[97;2:3u"},
		{"events: Escape stays ESC", events, named(Escape, 0), "\x1b"},
		{"events: release of Escape", events, did(named(Escape, 0), Release), "\x1b[27;1:3u"},
		{"events: Up repeats", events, did(named(Up, 0), Repeat), "\x1b[1;1:2A"},
		{"events: Up goes up", events, did(named(Up, Ctrl), Release), "\x1b[1;5:3A"},
		{"events: Delete goes up", events, did(named(Delete, 0), Release), "\x1b[3;1:3~"},
		{"events: Enter has no release", events, did(named(Enter, 0), Release), ""},
		{"events: Enter repeats as CR", events, did(named(Enter, 0), Repeat), "\r"},
		{"events: Tab has no release", events, did(named(Tab, CapsOn), Release), ""},
		{"events: Ctrl+A stays a control character", events, with(a, Ctrl), "\x01"},
		{"events: Ctrl+A repeats", events, did(with(a, Ctrl), Repeat), "\x1b[97;5:2u"},
		{"events: Ctrl+Shift+A has no legacy form", events, with(a, ctrlShift), "\x1b[97;6u"},
		{"events: Alt+A stays ESC a", events, with(a, Alt), "\x1ba"},
		{"events: keypad is the main block", events, named(KPUp, 0), "\x1b[A"},
		{"events: the keypad types", events, named(KPAdd, 0), "+"},
		{"events with disambiguation", dis | events, did(with(a, Ctrl), Release), "\x1b[97;5:3u"},

		{"alternates: text", alts, shiftA, "A"},
		{"alternates: nothing new goes as an escape code", alts, with(a, Ctrl), "\x01"},
		{"alternates: cursor keys as ever", alts, named(Up, 0), "\x1bOA"},
		{"alternates: Ctrl+Shift+A", dis | alts, with(a, ctrlShift), "\x1b[97:65;6u"},
		{"alternates: shifted only with Shift", dis | alts, with(a, Ctrl), "\x1b[97;5u"},
		{"alternates: base alone", dis | alts, with(es, Ctrl), "\x1b[1089::99;5u"},
		{"alternates: both", dis | alts, with(es, ctrlShift), "\x1b[1089:1057:99;6u"},
		{"alternates: none of a named key", dis | alts, Key{Code: F5, Shifted: 'x', Base: 'y', Mods: Shift}, "\x1b[15;2~"},

		{"all: text", all, a, "\x1b[97u"},
		{"all: a repeat without events is a press", all, did(a, Repeat), "\x1b[97u"},
		{"all: a repeat", all | events, did(a, Repeat), "\x1b[97;1:2u"},
		{"all: Shift+A", all, shiftA, "\x1b[97;2u"},
		{"all: locks are told", all, Key{Code: 'a', Text: "A", Mods: CapsOn}, "\x1b[97;65u"},
		{"all: Ctrl+A", all, with(a, Ctrl), "\x1b[97;5u"},
		{"all: Enter", all, named(Enter, 0), "\x1b[13u"},
		{"all: Enter goes up", all | events, did(named(Enter, 0), Release), "\x1b[13;1:3u"},
		{"all: Tab", all, named(Tab, 0), "\x1b[9u"},
		{"all: Backspace", all, named(Backspace, 0), "\x1b[127u"},
		{"all: Escape", all, named(Escape, 0), "\x1b[27u"},
		{"all: Up", all, named(Up, 0), "\x1b[A"},
		{"all: LeftShift goes down", all, named(LeftShift, Shift), "\x1b[57441;2u"},
		{"all: LeftCtrl goes up", all | events, did(named(LeftCtrl, 0), Release), "\x1b[57442;1:3u"},
		{"all: the keypad too", all, Key{Code: KP1, Text: "1", Mods: NumOn}, "\x1b[57400;129u"},
		{"all: what an input method types is not lost", all, Key{Text: "か"}, "か"},

		{"text: A", all | text, a, "\x1b[97;;97u"},
		{"text: Shift+A", all | text, shiftA, "\x1b[97;2;65u"},
		{"text: of several characters", all | text, Key{Code: 'a', Text: "AB", Mods: Shift}, "\x1b[97;2;65:66u"},
		{"text: å by AltGr", all | text, Key{Code: 'a', Text: "å"}, "\x1b[97;;229u"},
		{"text: without a key", all | text, Key{Text: "å"}, "\x1b[0;;229u"},
		{"text: none of Enter", all | text, Key{Code: Enter, Text: "\r"}, "\x1b[13u"},
		{"text: controls are left out", all | text, Key{Code: 'a', Text: "a\x1b[201~\u009b\x7f"}, "\x1b[97;;97:91:50:48:49:126u"},
		{"text: with an event", all | text | events, did(a, Repeat), "\x1b[97;1:2;97u"},
		{"text: none when it goes up", all | text | events, did(a, Release), "\x1b[97;1:3u"},
		{"text: alone it changes nothing", text, a, "a"},
	} {
		if got := string(AppendKey(nil, c.k, Modes{Kitty: c.flags, AppCursor: true, AppKeypad: true, MetaEscape: true})); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

// The table "Legacy text keys" and that of control characters, for which a program
// that only wants releases is sent the bytes that it would get without the protocol.
func TestKittyLegacyText(t *testing.T) {
	controls := map[rune]rune{
		' ': 0, '/': 31, '0': 48, '1': 49, '2': 0, '3': 27, '4': 28, '5': 29, '6': 30, '7': 31, '8': 127, '9': 57,
		'?': 127, '@': 0, '[': 27, '\\': 28, ']': 29, '^': 30, '_': 31, '~': 30,
	}
	for c := 'a'; c <= 'z'; c++ {
		controls[c] = c - 'a' + 1
	}
	m := Modes{Kitty: ReportEvents}
	for _, c := range "abcdefghijklmnopqrstuvwxyz0123456789`-=[]\\;',./" {
		ctrl, ok := controls[c]
		if !ok {
			ctrl = c
		}
		s := shifted(c)
		for mods, want := range map[Mods]string{
			Alt: "\x1b" + string(c), Ctrl: string(ctrl), Shift | Alt: "\x1b" + string(s), Ctrl | Alt: "\x1b" + string(ctrl),
		} {
			if got := string(AppendKey(nil, Key{Code: Code(c), Shifted: s, Mods: mods}, m)); got != want {
				t.Errorf("%q with %03b: %q, want %q", c, mods, got, want)
			}
		}
	}
	for mods, want := range map[Mods]string{Ctrl: "\x00", Alt: "\x1b ", Ctrl | Shift: "\x00", Alt | Shift: "\x1b ", Ctrl | Alt: "\x1b\x00"} {
		if got := string(AppendKey(nil, Key{Code: ' ', Mods: mods}, m)); got != want {
			t.Errorf("space with %03b: %q, want %q", mods, got, want)
		}
	}
}

// Every key under every flag: a change of any of it shows in the file. A line is a key,
// its modifiers, what it did, and what is sent: by all flags, or by those whose bits are
// set in the hexadecimal number before it.
func TestKeysGolden(t *testing.T) {
	keys := []Key{{Code: 'a', Shifted: 'A'}, {Code: '2', Shifted: '@'}, {Code: 'с', Shifted: 'С', Base: 'c'}, {Code: ' '}}
	for c := firstNamed; c <= lastNamed; c++ {
		keys = append(keys, Key{Code: c})
	}
	names, _ := definitions(t)
	var out bytes.Buffer
	for _, k := range keys {
		name := strconv.QuoteRune(rune(k.Code))
		if k.Code.Named() {
			name = names[k.Code-firstNamed]
		}
		for _, k.Mods = range []Mods{0, Shift, Ctrl, Ctrl | Alt, Super, CapsOn | NumOn} {
			for k.Action = Press; k.Action <= Release; k.Action++ {
				if k.Text = ""; !k.Code.Named() && k.Mods&commands == 0 && k.Action != Release {
					k.Text = string(character(k))
				}
				fmt.Fprintf(&out, "%s %d %d", name, k.Mods, k.Action)
				var sent []string
				flags := map[string]uint32{}
				for f := KittyFlags(0); f <= AllKitty; f++ {
					s := string(AppendKey(nil, k, Modes{Kitty: f, MetaEscape: true}))
					if flags[s] == 0 {
						sent = append(sent, s)
					}
					flags[s] |= 1 << f
				}
				for _, s := range sent {
					if flags[s] == 1<<32-1 {
						fmt.Fprintf(&out, " %q", s)
					} else {
						fmt.Fprintf(&out, " %x:%q", flags[s], s)
					}
				}
				out.WriteByte('\n')
			}
		}
	}
	const file = "testdata/keys.golden"
	if *update {
		if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, old := strings.Split(out.String(), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(got), len(old)) {
		if i >= len(got) || i >= len(old) || got[i] != old[i] {
			t.Fatalf("line %d of %s changed; look at it, then -update", i+1, file)
		}
	}
}
