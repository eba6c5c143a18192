package term

import "testing"

// What is known of xterm from esctest2 (github.com/ThomasDickey/esctest2), the suite that
// its author keeps: what a program of 80x24 is answered. The facts are from there; the
// programs are not.
func TestAnswersOfEsctest(t *testing.T) {
	const at = "\x1b[6n"
	for _, c := range []struct{ name, input, want string }{
		{"BS wraps back", "\x1b[?45h\x1b[2;1H\b" + at, "\x1b[1;80R"},
		{"BS needs DECAWM", "\x1b[?45h\x1b[?7l\x1b[2;1H\b" + at, "\x1b[2;1R"},
		{"BS in the last column", "\x1b[?45h\x1b[1;79Hab\b" + at, "\x1b[1;80R"},
		{"CUB wraps back", "\x1b[1;79Habcd\x1b[?45h\x1b[4D" + at, "\x1b[1;79R"},
		{"DECSTR ends wrapping back", "\x1b[?45h\x1b[!p\x1b[2;1H\b" + at, "\x1b[2;1R"},
		{"DECSTR forgets DECSC", "\x1b[6;5H\x1b7\x1b[!p\x1b8" + at, "\x1b[1;1R"},
		{"DECSTR leaves the cursor", "\x1b[6;5H\x1b[!p" + at, "\x1b[6;5R"},
		{"DECSTR keeps DECAWM", "\x1b[?7h\x1b[!p\x1b[1;79Hxxx" + at, "\x1b[2;2R"},
		{"DECSTR ends the margins", "\x1b[3;4r\x1b[!p\x1b[4;1H\r\n" + at, "\x1b[5;1R"},
		{"RIS resets tabs", "\x1bH\x1b[C\x1bH\x1bc\t" + at, "\x1b[1;9R"},
		{"DECRC wraps no more", "\x1b[?7h\x1b7\x1b[?7l\x1b8\x1b[1;79Habcd" + at, "\x1b[1;80R"},
		{"SCOSC is DECSLRM with DECLRMM", "\x1b[3;2H\x1b[s\x1b[?69h\x1b[1;10s\x1b[6;5H\x1b[s\x1b[5;4H\x1b[u" + at, "\x1b[3;2R"},
		{"screens save for themselves", "\x1b[3;2H\x1b7\x1b[?47h\x1b[7;6H\x1b7\x1b[?47l\x1b8" + at + "\x1b[?47h\x1b8" + at, "\x1b[3;2R\x1b[7;6R"},
		{"XTSAVE of a mode that is on", "\x1b[?7h\x1b[?7s\x1b[?7l\x1b[?7r\x1b[1;79Hxxx" + at, "\x1b[2;2R"},
		{"XTSAVE of a mode that is off", "\x1b[?7l\x1b[?7s\x1b[?7h\x1b[?7r\x1b[1;79Hxxx" + at, "\x1b[1;80R"},
		{"HT stops at the margin", "\x1b[?69h\x1b[10;20s\t" + at + "\t" + at + "\t" + at + "\t" + at, "\x1b[1;9R\x1b[1;17R\x1b[1;20R\x1b[1;20R"},
		{"DECRQSS DECSCA", "\x1b[1\"q\x1bP$q\"q\x1b\\", "\x1bP1$r1\"q\x1b\\"},
		{"DECRQSS DECSTBM", "\x1b[5;6r\x1bP$qr\x1b\\", "\x1bP1$r5;6r\x1b\\"},
		{"DECRQSS SGR", "\x1b[1m\x1bP$qm\x1b\\", "\x1bP1$r0;1m\x1b\\"},
		{"DECRQSS DECSCUSR", "\x1b[4 q\x1bP$q q\x1b\\", "\x1bP1$r4 q\x1b\\"},
		{"DECRQSS DECSLRM", "\x1b[?69h\x1b[3;4s\x1bP$qs\x1b\\", "\x1bP1$r3;4s\x1b\\"},
		{"DECRQSS DECSNLS", "\x1bP$q*|\x1b\\", "\x1bP1$r24*|\x1b\\"},
		{"DECRQSS DECSSDT", "\x1bP$q$~\x1b\\", "\x1bP1$r0$~\x1b\\"},
		{"DECRQM of IRM", "\x1b[4h\x1b[4$p\x1b[4l\x1b[4$p", "\x1b[4;1$y\x1b[4;2$y"},
		{"DECRQM of GATM", "\x1b[1$p", "\x1b[1;4$y"},
		{"DECRQM of SRTM, VEM, HEM", "\x1b[5$p\x1b[7$p\x1b[10$p", "\x1b[5;4$y\x1b[7;4$y\x1b[10;4$y"},
		{"OSC 4 of two", "\x1b]4;0;rgb:f0f0/f0f0/f0f0;1;rgb:f0f0/0/0\x1b\\\x1b]4;0;?;1;?\x1b\\", "\x1b]4;0;rgb:f0f0/f0f0/f0f0\x1b\\\x1b]4;1;rgb:f0f0/0000/0000\x1b\\"},
		{"OSC 4 with three digits", "\x1b]4;0;#888\x1b\\\x1b]4;0;?\x1b\\", "\x1b]4;0;rgb:8080/8080/8080\x1b\\"},
		{"OSC 4 with nine digits", "\x1b]4;0;#800800800\x1b\\\x1b]4;0;?\x1b\\", "\x1b]4;0;rgb:8080/8080/8080\x1b\\"},
		{"OSC 4 with twelve digits", "\x1b]4;0;#f000f000f000\x1b\\\x1b]4;0;?\x1b\\", "\x1b]4;0;rgb:f0f0/f0f0/f0f0\x1b\\"},
		{"OSC 4 beyond the colours", "\x1b]4;256;#f0f0f0\x1b\\\x1b]4;256;?\x1b\\", "\x1b]4;256;rgb:f0f0/f0f0/f0f0\x1b\\"},
		{"OSC 5", "\x1b]5;1;#800000\x1b\\\x1b]5;1;?\x1b\\", "\x1b]5;1;rgb:8080/0000/0000\x1b\\"},
	} {
		x := New(Options{})
		x.Feed([]byte(c.input))
		if got := string(x.Replies()); got != c.want {
			t.Errorf("%s: %q is answered %q, want %q", c.name, c.input, got, c.want)
		}
	}
}
