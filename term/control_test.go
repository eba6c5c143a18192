package term

import (
	"fmt"
	"strings"
	"testing"
)

// show draws the screen: rows between bars, · for what was never written, the cursor
// as column,row behind them, with ! where a wrap is due.
func show(t *Terminal) string {
	var rows []string
	for y := range t.rows {
		var b []byte
		r := t.row(y)
		for x := range t.columns {
			if c := r.cell(x); c.Blank() {
				b = append(b, "·"...)
			} else {
				b = t.Text(b, c)
			}
		}
		rows = append(rows, strings.TrimRight(string(b), "·"))
	}
	for len(rows) > 1 && rows[len(rows)-1] == "" {
		rows = rows[:len(rows)-1]
	}
	wrap := ""
	if t.wrap {
		wrap = "!"
	}
	return fmt.Sprintf("%s| %d,%d%s", strings.Join(rows, "|"), t.x, t.y, wrap)
}

// In the tables \e stands for ESC and grid for rows of letters to work on.
const grid = "abcdef\r\nghijkl\r\nmnopqr\r\nstuvwx"

func expand(s string) string {
	return strings.NewReplacer(`\e`, "\x1b", `\g`, grid, `\n`, "\n", `\r`, "\r").Replace(s)
}

func TestControls(t *testing.T) {
	for _, c := range []struct{ name, input, want string }{
		// The screen is 6x4.
		{"text wraps when there is more", "abcdef", "abcdef| 5,0!"},
		{"a wrap that is due", "abcdefg", "abcdef|g| 1,1"},
		{"no autowrap", `\e[?7labcdefgh`, "abcdeh| 5,0"},
		{"line feed", "ab\ncd", "ab|··cd| 4,1"},
		{"new line mode", "\x1b[20hab\ncd", "ab|cd| 2,1"},
		{"VT and FF feed lines", "a\vb\fc", "a|·b|··c| 3,2"},
		{"backspace", "ab\bc", "ac| 2,0"},
		{"backspace stops", "\b\bx", "x| 1,0"},
		{"reverse wrap", "\x1b[?45habcdefg\b\bx", "abcdex|g| 5,0!"},
		{"tab", "a\tb", "a····b| 5,0!"},
		{"set tab", "\x1b[3G\x1bH\r\tx", "··x| 3,0"},
		{"clear tab", "\x1b[3G\x1bH\x1b[5G\x1bH\x1b[3G\x1b[g\r\tx", "····x| 5,0"},
		{"clear all tabs", "\x1b[3G\x1bH\x1b[3g\r\tx", "·····x| 5,0!"},
		{"back tab", "\x1b[3G\x1bH\x1b[6G\x1b[Zx", "··x| 3,0"},
		{"forward tabs", "\x1b[2G\x1bH\x1b[4G\x1bH\r\x1b[2Ix", "···x| 4,0"},
		{"index", `a\eDb`, "a|·b| 2,1"},
		{"next line", `a\eEb`, "a|b| 1,1"},
		{"reverse index", `\g\e[H\eMx`, "x|abcdef|ghijkl|mnopqr| 1,0"},
		{"scrolls at the bottom", `\g\r\nx`, "ghijkl|mnopqr|stuvwx|x| 1,3"},
		{"CUP", `\e[2;3Hx`, "|··x| 3,1"},
		{"CUP far away", `\e[99;99Hx`, "|||·····x| 5,3!"},
		{"HVP and zeros", `\e[0;0fx`, "x| 1,0"},
		{"CUU CUD CUF CUB", `\e[3;3H\e[Aa\e[2Bb\e[Cc\e[3Dd`, "|··a||··db·c| 3,3"},
		{"CNL CPL", `\e[2;3H\e[Ex\e[2Fy`, "y||x| 1,0"},
		{"CHA VPA HPA HPR VPR", "\x1b[3Ga\x1b[2db\x1b[2`c\x1b[2ad\x1b[1ee", "··a|·c·bd|·····e| 5,2!"},
		{"CUU stops at the margin", `\e[2;3r\e[3;1H\e[9Ax`, "|x| 1,1"},
		{"CUU from above it", `\e[3;4r\e[2;1H\e[9Ax`, "x| 1,0"},
		{"origin mode", `\e[2;3r\e[?6h\e[1;1Hx\e[9;9Hy`, "|x|·····y| 5,2!"},
		{"ED below", `\g\e[2;3H\e[J`, "abcdef|gh| 2,1"},
		{"ED above", `\g\e[2;3H\e[1J`, "|···jkl|mnopqr|stuvwx| 2,1"},
		{"ED all", `\g\e[2;3H\e[2J`, "| 2,1"},
		{"EL", `\g\e[2;3H\e[K\e[3;3H\e[1K\e[4;3H\e[2K`, "abcdef|gh|···pqr| 2,3"},
		{"ECH", `\g\e[2;3H\e[2X`, "abcdef|gh··kl|mnopqr|stuvwx| 2,1"},
		{"ICH", `\g\e[2;3H\e[2@`, "abcdef|gh··ij|mnopqr|stuvwx| 2,1"},
		{"DCH", `\g\e[2;3H\e[2P`, "abcdef|ghkl|mnopqr|stuvwx| 2,1"},
		{"IL", `\g\e[2;3H\e[L`, "abcdef||ghijkl|mnopqr| 0,1"},
		{"DL", `\g\e[2;3H\e[2M`, "abcdef|stuvwx| 0,1"},
		{"IL within margins", `\g\e[2;3r\e[2;1H\e[L`, "abcdef||ghijkl|stuvwx| 0,1"},
		{"IL outside of margins", `\g\e[2;3r\e[1;1H\e[L`, "abcdef|ghijkl|mnopqr|stuvwx| 0,0"},
		{"the row below the margin stays", `\g\e[1;3r\e[3;1H\nx`, "ghijkl|mnopqr|x|stuvwx| 1,2"},
		{"a wrap within margins that go", `\e[?69h\e[1;3sabc\e[!pd`, "abd| 3,0"},
		{"REP beyond the screen", `a\e[999b`, "aaaaaa|aaaaaa|aaaaaa|aaaa| 4,3"},
		{"single shift before wide ones", `\e*0\eN日本q`, "日本q| 5,0"},
		{"SU SD", `\g\e[2S\e[T`, "|mnopqr|stuvwx| 5,3!"},
		{"SD by the other name", `\g\e[2^`, "||abcdef|ghijkl| 5,3!"},
		{"insert mode", `abc\e[2G\e[4hxy\e[4lz`, "axyzc| 4,0"},
		{"REP", `a\e[3b`, "aaaa| 4,0"},
		{"REP once", `a\e[2b\e[2b`, "aaa| 3,0"},
		{"REP of nothing", `a\e[m\e[3b`, "a| 1,0"},
		{"SD by 0", `\g\e[0T`, "abcdef|ghijkl|mnopqr|stuvwx| 5,3!"},
		{"SCOSC with parameters", `ab\e[2;3s\e[3;3H\e[ux`, "abx| 3,0"},
		{"REP of a wide one", `日\e[2b`, "日日日| 5,0!"},
		{"REP of the last of wide ones", `日本\e[b`, "日本本| 5,0!"},
		{"SL SR", `\g\e[2 @`, "cdef|ijkl|opqr|uvwx| 5,3!"},
		{"SR", `\g\e[1 A`, "·abcde|·ghijk|·mnopq|·stuvw| 5,3!"},
		{"DECIC DECDC", `\g\e[1;3H\e['}\e[1;5H\e['~`, "ab·ce|gh·ik|mn·oq|st·uw| 4,0"},
		{"DECBI", `\g\e[H\e6`, "·abcde|·ghijk|·mnopq|·stuvw| 0,0"},
		{"DECFI", `\g\e[1;6H\e9`, "bcdef|hijkl|nopqr|tuvwx| 5,0"},
		{"side margins wrap", `\e[?69h\e[2;4s\e[1;2Habcde`, "·abc|·de| 3,1"},
		{"side margins scroll", `\g\e[?69h\e[2;4s\e[2;3r\e[3;2H\n`, "abcdef|gnopkl|m···qr|stuvwx| 1,2"},
		{"side margins and DCH", `\g\e[?69h\e[2;4s\e[1;2H\e[P`, "acd·ef|ghijkl|mnopqr|stuvwx| 1,0"},
		{"side margins and IL", `\g\e[?69h\e[2;4s\e[2;2H\e[L`, "abcdef|g···kl|mhijqr|snopwx| 1,1"},
		{"a margin that is none", `\e[3;2rx`, "x| 1,0"},
		{"DECALN", `\e[2;3r\e[?6h\e#8`, "EEEEEE|EEEEEE|EEEEEE|EEEEEE| 0,0"},
		{"DECSED", `a\e[1"qb\e["qc\e[?2J`, "·b| 3,0"},
		{"DECSEL", `a\e[1"qb\e["qc\e[?1K`, "·b| 3,0"},
		{"ED takes what DECSCA protects", `a\e[1"qb\e[2J`, "| 2,0"},
		{"ED leaves what SPA protects", `a\eVb\eWc\e[2J`, "·b| 3,0"},
		{"DECFRA", `\e[88;2;2;3;4$x`, "|·XXX|·XXX| 0,0"},
		{"DECERA", `\g\e[2;2;3;4$z`, "abcdef|g···kl|m···qr|stuvwx| 5,3!"},
		{"DECSERA", `\e[1"qab\e["qcd\e[1;2;1;3${`, "ab d| 4,0"},
		{"DECCRA", `\g\e[1;1;2;2;1;3;4;1$v`, "abcdef|ghijkl|mnoabr|stughx| 5,3!"},
		{"DECCRA onto itself", `\g\e[1;1;3;6;1;2;1;1$v`, "abcdef|abcdef|ghijkl|mnopqr| 5,3!"},
		{"save and restore", `ab\e7\e[3;3Hx\e8c`, "abc||··x| 3,0"},
		{"SCOSC", `ab\e[s\e[3;3Hx\e[uc`, "abc||··x| 3,0"},
		{"restore what was not saved", `\e[3;3H\e8x`, "x| 1,0"},
		{"1048", `ab\e[?1048h\e[3;3Hx\e[?1048lc`, "abc||··x| 3,0"},
		{"1049", `ab\e[?1049hxyz\e[?1049lc`, "abc| 3,0"},
		{"1049 is cleared", `ab\e[?1049h`, "| 2,0"},
		{"47 keeps the cursor and the text", `ab\e[?47hx\e[?47ly\e[?47h`, "··x| 4,0"},
		{"1047 is cleared when left", `ab\e[?1047hx\e[?1047l\e[?1047h`, "| 3,0"},
		{"line drawing", `\e(0lqk\e(Bq`, "┌─┐q| 4,0"},
		{"shift out", "\x1b)0\x0eq\x0fq", "─q| 2,0"},
		{"single shift", `\e*0\eNqq`, "─q| 2,0"},
		{"British", `\e(A#`, "£| 1,0"},
		{"Latin 1 in the left half", `\e-A\ex` + "\x0ei\x0f", "é| 1,0"},
		{"ISO 2022", "\x1b%@\xe9\x9b2Cx\x1b%G\u00e9", "é··xé| 5,0"},
		{"C1 in UTF-8", "\u009b2;2Hx", "|·x| 2,1"},
		{"VT52", `\e[?2l\eY"#x\eA\eDy\e<\e[1;1Hz`, "z|···y|···x| 1,0"},
		{"wide", "日本", "日本| 4,0"},
		{"wide at the edge", "abcde日", "abcde|日| 2,1"},
		{"wide at the edge without autowrap", `\e[?7labcde日`, "abcde| 5,0"},
		{"the left half of a wide one is overwritten", "日本\rx", "x 本| 1,0"},
		{"the right half is", "日本\x1b[2Gx", " x本| 2,0"},
		{"a wide one over two", "日本\x1b[2G語", " 語 | 3,0"},
		{"DCH cuts", "日本\x1b[2G\x1b[P", " 本| 1,0"},
		{"ICH cuts", "日本\x1b[2G\x1b[@", " · 本| 1,0"},
		{"combining", "e\u0301x", "e\u0301x| 2,0"},
		{"combining at the edge", "abcdee\u0301", "abcdee\u0301| 5,0!"},
		{"combining with nothing", "\u0301x", "x| 1,0"},
		{"emoji by code points", "👩\u200d🚀", "👩\u200d🚀| 4,0"},
		{"emoji by clusters", "\x1b[?2027h👩\u200d🚀", "👩\u200d🚀| 2,0"},
		{"flags by clusters", "\x1b[?2027h🇩🇪🇫", "🇩🇪🇫| 3,0"},
		{"VS16 by clusters", "\x1b[?2027h❤\ufe0fx", "❤\ufe0fx| 3,0"},
		{"VS16 widens in the last column", "\x1b[?2027habcde❤\ufe0f", "abcde|❤\ufe0f| 2,1"},
		{"double width", `\e#6abcd`, "abc|d| 1,1"},
		{"double width cuts", `abcdef\e#6`, "abc| 2,0"},
		{"a broken character", "\xe2\x82x\xff\xc0\x80", "\ufffdx\ufffd\ufffd\ufffd| 5,0"},
		{"surrogates", "\xed\xa0\x80", "\ufffd\ufffd\ufffd| 3,0"},
		{"a parameter beyond all", `\e[1000000000000Cx`, "·····x| 5,0!"},
		{"CAN and SUB", "\x1b[3\x18a\x1b[3\x1ab\x1b]0;\x18c", "abc| 3,0"},
		{"controls within a sequence", "\x1b[2\r\n;3Hx", "|··x| 3,1"},
		{"ESC within a sequence", "\x1b[2\x1b[3Cx", "···x| 4,0"},
		{"unknown sequences", `\e[?1;2zx\e[>5y\e[1!!q\e%%5\ePq#1;~-\e\\e_G\e\\e^x\e\`, "x| 1,0"},
		{"colons where none belong", `\e[2:3Hx`, "|··x| 3,1"},
		{"DECCOLM needs mode 40", `ab\e[?3h`, "ab| 2,0"},
		{"DECCOLM clears", `ab\e[?40h\e[?3h`, "| 0,0"},
		{"soft reset", `\e[2;3r\e[?6h\e[4h\e[1m\e[!p\e[Hx`, "x| 1,0"},
		{"RIS", `abc\e[2;3r\ec`, "| 0,0"},
		{"CHT stops at the edge", `\e[9Ix`, "·····x| 5,0!"},
		{"DECDHL", `\e#3ab\n\r\e#4ab`, "ab|ab| 2,1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := New(Options{Columns: 6, Rows: 4})
			x.Feed([]byte(expand(c.input)))
			check(t, x)
			if got := show(x); got != c.want {
				t.Errorf("%q makes\n%s, want\n%s", c.input, got, c.want)
			}
		})
	}
}

func TestReplies(t *testing.T) {
	for _, c := range []struct{ input, want string }{
		{`\e[c`, `\e[?64;6;21;22;28;52c`}, {`\eZ`, `\e[?64;6;21;22;28;52c`}, {`\e[>c`, `\e[>41;379;0c`},
		{`\e[=c`, `\eP!|00000000\e\`}, {`\e[>q`, `\eP>|Hearth(1)\e\`},
		{`\e[5n`, `\e[0n`}, {`\e[2;3H\e[6n`, `\e[2;3R`}, {`\e[2;3r\e[?6h\e[2;2H\e[6n`, `\e[2;2R`},
		{`\e[?6n`, `\e[?1;1;1R`}, {`\e[?15n`, `\e[?13n`}, {`\e[?25n`, `\e[?20n`}, {`\e[?26n`, `\e[?27;1;0;0n`},
		{`\e[?55n`, `\e[?50n`}, {`\e[?62n`, `\e[0000*{`}, {`\e[?63;7n`, `\eP7!~0000\e\`}, {`\e[?75n`, `\e[?70n`},
		{`\e[?85n`, `\e[?83n`}, {`\e[?996n`, `\e[?997;1n`},
		{`\e[?7$p`, `\e[?7;1$y`}, {`\e[?6$p`, `\e[?6;2$y`}, {`\e[?999$p`, `\e[?999;0$y`}, {`\e[4$p`, `\e[4;2$y`},
		{`\e[?2026h\e[?2026$p`, `\e[?2026;1$y`}, {`\e[?1049h\e[?1049$p\e[?47$p`, `\e[?1049;1$y\e[?47;1$y`}, {`\e[?2$p`, `\e[?2;1$y`},
		{`\e[?1;25s\e[?1h\e[?25l\e[?1;25r\e[?1$p\e[?25$p`, `\e[?1;2$y\e[?25;1$y`},
		{`\eP$qm\e\`, `\eP1$r0m\e\`}, {`\e[1;4:3;38;5;200;48;2;1;2;3;58:5:7m\eP$qm\e\`, `\eP1$r0;1;4:3;38:5:200;48:2::1:2:3;58:5:7m\e\`},
		{`\e[2;3r\eP$qr\e\`, `\eP1$r2;3r\e\`}, {`\eP$q q\e\`, `\eP1$r2 q\e\`}, {`\e[5 q\eP$q q\e\`, `\eP1$r5 q\e\`},
		{`\e[1"q\eP$q"q\e\`, `\eP1$r1"q\e\`}, {`\eP$q"p\e\`, `\eP1$r64;1"p\e\`}, {`\eP$qz\e\`, `\eP0$r\e\`},
		{`\eP+q544e;436f;7878\e\`, `\eP1+r544E=686561727468\e\\eP1+r436F=323536\e\\eP0+r7878\e\`},
		{`\e[14t`, `\e[4;64;48t`}, {`\e[16t`, `\e[6;16;8t`}, {`\e[18t`, `\e[8;4;6t`}, {`\e[19t`, `\e[9;4;6t`},
		{`\e]2;evil\e\\e[21t`, `\e]l\e\`},
		{`\e[?u`, `\e[?0u`}, {`\e[>5u\e[?u\e[<u\e[?u`, `\e[?5u\e[?0u`}, {`\e[=3u\e[=4;2u\e[=1;3u\e[?u`, `\e[?6u`},
		{`\e[=3u\e[<u\e[?u`, `\e[?0u`}, {`\e[>1u\e[?1049h\e[?u\e[>3u\e[?1049l\e[?u`, `\e[?0u\e[?1u`}, {`\e[>4;2m\e[?4m`, `\e[>4;2m`},
		{`\e]4;1;?\e\`, `\e]4;1;rgb:e9e9/5050/4d4d\e\`}, {`\e]4;1;#123;1;?` + "\a", `\e]4;1;rgb:1010/2020/3030` + "\a"},
		{`\e]4;1;rgb:f/8/0\e\\e]4;1;?\e\`, `\e]4;1;rgb:ffff/8888/0000\e\`}, {`\e]4;1;#fff\e\\e]104;1\e\\e]4;1;?\e\`, `\e]4;1;rgb:e9e9/5050/4d4d\e\`},
		{`\e]10;#ff0000;#00ff00\e\\e]10;?;?\e\`, `\e]10;rgb:ffff/0000/0000\e\\e]11;rgb:0000/ffff/0000\e\`},
		{`\e]11;#ffffff\e\\e[?996n\e]111\e\\e[?996n`, `\e[?997;2n\e[?997;1n`},
		{`\e]52;c;?\e\`, ``}, {`\e[?2048h`, `\e[48;4;6;64;48t`},
		{`ab\e[1;1;1;1;1;2*y`, `\eP1!~FF3D\e\`}, {`\e[1;4ma\e[9;1;1;1;1;6*y`, `\eP9!~FF0F\e\`},
		{`\e[2$w`, `\eP2$u1\e\`}, {`\e[1$w`, `\eP1$u1;1;1;@;@;@;0;2;@;BBBB\e\`},
		{`\e G\e[6n`, "\u009b1;1R"}, {`\e%@\e G\e[6n`, "\x9b1;1R"}, {`\e[62;0"p\e[6n`, "\u009b1;1R"},
		{`\e[?2l\eZ`, `\e/Z`}, {`\e[x`, `\e[2;1;1;128;128;1;0x`},
		{`\e[?1;1;0S`, `\e[?1;1S`}, {"\x05", ``},
	} {
		x := New(Options{Columns: 6, Rows: 4})
		x.Feed([]byte(expand(c.input)))
		if got := string(x.Replies()); got != expand(c.want) {
			t.Errorf("%q answers %q, want %q", c.input, got, expand(c.want))
		}
	}
}

func TestSGR(t *testing.T) {
	for _, c := range []struct {
		input string
		want  Cell
	}{
		{"1;2;3;5;7;8;9;53", Cell{attr: Bold | Faint | Italic | Blink | Inverse | Hidden | Strike | Overline}},
		{"1;2;3;5;7;8;9;53;22;23;25;27;28;29;55", Cell{}},
		{"4", Cell{attr: Attr(0).withUnderline(SingleUnderline)}}, {"21", Cell{attr: Attr(0).withUnderline(DoubleUnderline)}},
		{"4:3", Cell{attr: Attr(0).withUnderline(CurlyUnderline)}}, {"4:5", Cell{attr: Attr(0).withUnderline(DashedUnderline)}},
		{"4:3;4:0", Cell{}}, {"4:9", Cell{}}, {"4;24", Cell{}},
		{"31;42", Cell{fg: Indexed(1), bg: Indexed(2)}}, {"91;102", Cell{fg: Indexed(9), bg: Indexed(10)}},
		{"31;42;39;49", Cell{}}, {"38;5;200", Cell{fg: Indexed(200)}}, {"38:5:200", Cell{fg: Indexed(200)}},
		{"48;2;1;2;3;1", Cell{bg: RGB(1, 2, 3), attr: Bold}}, {"48:2:1:2:3", Cell{bg: RGB(1, 2, 3)}},
		{"48:2::1:2:3", Cell{bg: RGB(1, 2, 3)}}, {"48:2:0:1:2:3:0:0", Cell{bg: RGB(1, 2, 3)}},
		{"38;2;1;2", Cell{}}, {"38;5;256;1", Cell{attr: Bold}}, {"38;2;1;2;300", Cell{}}, {"38;9;1", Cell{attr: Bold}},
		{"1;31;0", Cell{}}, {"1;31;", Cell{}}, {"", Cell{}}, {"58;2;1;2;3;59", Cell{}},
	} {
		x := New(Options{})
		x.Feed([]byte("\x1b[" + c.input + "m"))
		if x.pen != c.want {
			t.Errorf("%q is %+v, want %+v", c.input, x.pen, c.want)
		}
	}
	x := New(Options{})
	x.Feed([]byte("\x1b[58:2::1:2:3mx\x1b[58;5;7my\x1b[mz"))
	for i, want := range []Color{RGB(1, 2, 3), Indexed(7), DefaultColor} {
		if got := x.tables.texts().UnderlineColor(x.row(0).cell(i)); got != want {
			t.Errorf("the underline of cell %d is %x, want %x", i, got, want)
		}
	}
}

func TestEvents(t *testing.T) {
	for _, c := range []struct{ input, want string }{
		{"\a\a", "[{Kind:0}]"},
		{`\e]2;a` + "\x01\u202e" + `b\e\`, `[{Kind:1 Text:ab}]`},
		{`\e]0;x` + "\a", "[{Kind:2 Text:x} {Kind:1 Text:x}]"},
		{`\e]52;c;aGVsbG8=\e\`, "[{Kind:3 Text:hello Selection:c}]"},
		{`\e]52;;aGVsbG8\e\`, "[{Kind:3 Text:hello Selection:s}]"},
		{`\e]7;file://h/tmp\e\`, "[{Kind:4 Text:file://h/tmp}]"},
		{`\e]133;A\e\`, "[{Kind:5 Mark:1 Exit:-1}]"},
		{"\n" + `\e]133;D;2\e\`, "[{Kind:5 Mark:8 Exit:2 Line:1}]"},
		{`\e]9;hi\e\`, "[{Kind:6 Text:hi}]"}, {`\e]9;4;1;50\e\`, "[]"},
		{`\e]777;notify;t;b;c\e\`, "[{Kind:6 Text:b;c Title:t}]"},
		{`\e]22;pointer\e\`, "[{Kind:7 Text:pointer}]"},
		{`\e]4;1;#fff\e\`, "[{Kind:8}]"},
		{`\e]2;a\e\\e[22t\e]2;b\e\\e[23t`, "[{Kind:1 Text:b} {Kind:2} {Kind:1 Text:a}]"},
		{`\e]nonsense\e\\e]\e\\e]999999999;x\e\`, "[]"},
	} {
		x := New(Options{Columns: 6, Rows: 4})
		x.Feed([]byte(expand(c.input)))
		var got []string
		for _, e := range x.Events() {
			s := fmt.Sprintf("%+v", e)
			for _, none := range []string{" Text: ", " Title: ", " Selection: ", " Mark:0 ", " Exit:0 ", " Line:0}"} {
				end := none[len(none)-1:]
				s = strings.ReplaceAll(s, none, map[string]string{" ": " ", "}": "}"}[end])
			}
			got = append(got, strings.ReplaceAll(s, "  ", " "))
		}
		if s := fmt.Sprint(got); s != c.want {
			t.Errorf("%q tells %s, want %s", c.input, s, c.want)
		}
	}
}
