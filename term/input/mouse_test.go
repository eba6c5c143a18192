package input

import (
	"strings"
	"testing"
)

// The xterm rows are what xterm 379 sent for a press in column 8, row 6, motion to
// column 31, row 8 and a release there, counted from 1.
func TestMouse(t *testing.T) {
	press := func(b Button, m Mods) Mouse {
		return Mouse{Action: Press, Button: b, Column: 7, Row: 5, X: 43, Y: 68, Mods: m}
	}
	motion := func(b Button, m Mods) Mouse {
		return Mouse{Action: Motion, Button: b, Column: 30, Row: 7, X: 184, Y: 98, Mods: m}
	}
	release := func(b Button, m Mods) Mouse {
		return Mouse{Action: Release, Button: b, Column: 30, Row: 7, X: 184, Y: 98, Mods: m}
	}
	drag := func(b Button, m Mods) []Mouse { return []Mouse{press(b, m), motion(b, m), release(b, m)} }
	for _, c := range []struct {
		what   string
		mode   MouseMode
		format MouseFormat
		events []Mouse
		want   string
	}{
		{"nothing asked for", MouseNone, FormatSGR, drag(ButtonLeft, 0), ""},

		{"xterm 9", MouseX10, FormatDefault, drag(ButtonLeft, 0), "\x1b[M (&"},
		{"xterm 9 with Alt", MouseX10, FormatDefault, drag(ButtonLeft, Alt), "\x1b[M (&"},
		{"xterm 9 middle", MouseX10, FormatSGR, drag(ButtonMiddle, 0), "\x1b[<1;8;6M"},
		{"9 knows three buttons", MouseX10, FormatSGR, drag(WheelUp, 0), ""},

		{"xterm 1000 left", MouseNormal, FormatDefault, drag(ButtonLeft, 0), "\x1b[M (&\x1b[M#?("},
		{"xterm 1000 middle", MouseNormal, FormatDefault, drag(ButtonMiddle, 0), "\x1b[M!(&\x1b[M#?("},
		{"xterm 1000 right", MouseNormal, FormatDefault, drag(ButtonRight, 0), "\x1b[M\"(&\x1b[M#?("},
		{"xterm 1000 back", MouseNormal, FormatDefault, drag(Button8, 0), "\x1b[M\xa0(&\x1b[M#?("},
		{"xterm 1000 forward", MouseNormal, FormatDefault, drag(Button9, 0), "\x1b[M\xa1(&\x1b[M#?("},
		{"xterm 1000 Alt", MouseNormal, FormatDefault, drag(ButtonLeft, Alt), "\x1b[M((&\x1b[M+?("},
		{"the wheel has no release", MouseNormal, FormatDefault, drag(WheelUp, 0), "\x1b[M`(&"},
		{"wheels", MouseNormal, FormatSGR, []Mouse{press(WheelUp, 0), press(WheelDown, 0), press(WheelLeft, 0), press(WheelRight, 0)},
			"\x1b[<64;8;6M\x1b[<65;8;6M\x1b[<66;8;6M\x1b[<67;8;6M"},
		{"extra buttons", MouseNormal, FormatSGR, []Mouse{press(Button8, 0), press(Button9, 0), press(Button10, 0), press(Button11, 0), press(Button11+1, 0)},
			"\x1b[<128;8;6M\x1b[<129;8;6M\x1b[<130;8;6M\x1b[<131;8;6M"},

		{"xterm 1000 UTF-8", MouseNormal, FormatUTF8, drag(Button8, 0), "\x1b[M\u00a0(&\x1b[M#?("},
		{"xterm 1000 SGR", MouseNormal, FormatSGR, drag(ButtonRight, 0), "\x1b[<2;8;6M\x1b[<2;31;8m"},
		{"xterm 1000 SGR Alt", MouseNormal, FormatSGR, drag(ButtonLeft, Alt), "\x1b[<8;8;6M\x1b[<8;31;8m"},
		{"xterm 1000 URXVT", MouseNormal, FormatURXVT, drag(ButtonMiddle, 0), "\x1b[33;8;6M\x1b[35;31;8M"},
		{"xterm 1000 URXVT Alt", MouseNormal, FormatURXVT, drag(ButtonLeft, Alt), "\x1b[40;8;6M\x1b[43;31;8M"},
		{"xterm 1000 pixels", MouseNormal, FormatSGRPixels, drag(ButtonLeft, 0), "\x1b[<0;44;69M\x1b[<0;185;99m"},

		{"xterm 1002", MouseButtons, FormatDefault, drag(ButtonLeft, 0), "\x1b[M (&\x1b[M@?(\x1b[M#?("},
		{"xterm 1002 Alt", MouseButtons, FormatDefault, drag(ButtonLeft, Alt), "\x1b[M((&\x1b[MH?(\x1b[M+?("},
		{"xterm 1002 back UTF-8", MouseButtons, FormatUTF8, drag(Button8, 0), "\x1b[M\u00a0(&\x1b[M\u00c0?(\x1b[M#?("},
		{"1002 without a button", MouseButtons, FormatSGR, []Mouse{motion(NoButton, 0)}, ""},
		{"1003 without a button", MouseAny, FormatSGR, []Mouse{motion(NoButton, 0)}, "\x1b[<35;31;8M"},
		{"1003 without a button, by byte", MouseAny, FormatDefault, []Mouse{motion(NoButton, 0)}, "\x1b[MC?("},
		{"1003 with all modifiers", MouseAny, FormatSGR, drag(ButtonRight, Shift|Alt|Ctrl|CapsOn|NumOn|Super), "\x1b[<30;8;6M\x1b[<62;31;8M\x1b[<30;31;8m"},
		{"a press of nothing", MouseAny, FormatSGR, []Mouse{press(NoButton, 0), release(NoButton, 0)}, ""},

		{"column 223 by byte", MouseNormal, FormatDefault, []Mouse{{Button: ButtonLeft, Column: 222, Row: 222}}, "\x1b[M \xff\xff"},
		{"column 224 by byte", MouseNormal, FormatDefault, []Mouse{{Button: ButtonLeft, Column: 223}}, ""},
		{"row 224 by byte", MouseNormal, FormatDefault, []Mouse{{Button: ButtonLeft, Row: 223}}, ""},
		{"column 2015 in UTF-8", MouseNormal, FormatUTF8, []Mouse{{Button: ButtonLeft, Column: 2014, Row: 95}}, "\x1b[M \u07ff\u0080"},
		{"column 2016 in UTF-8", MouseNormal, FormatUTF8, []Mouse{{Button: ButtonLeft, Column: 2015}}, ""},
		{"column 10000", MouseNormal, FormatSGR, []Mouse{{Button: ButtonLeft, Column: 9999, Row: 9999}}, "\x1b[<0;10000;10000M"},
		{"outside", MouseNormal, FormatSGR, []Mouse{{Button: ButtonLeft, Column: -5, Row: -1 << 62}}, "\x1b[<0;1;1M"},
		{"far outside", MouseNormal, FormatURXVT, []Mouse{{Button: ButtonLeft, Column: 1<<62 - 1}}, "\x1b[32;1048577;1M"},
	} {
		var b []byte
		for _, e := range c.events {
			b = AppendMouse(b, e, Modes{Mouse: c.mode, MouseFormat: c.format, AlternateScroll: true})
		}
		if string(b) != c.want {
			t.Errorf("%s: %q, want %q", c.what, b, c.want)
		}
	}
}

// In the alternate screen the wheel moves the cursor of a program that does not know
// the mouse.
func TestAlternateScroll(t *testing.T) {
	up := Mouse{Button: WheelUp}
	for _, c := range []struct {
		what string
		e    Mouse
		m    Modes
		want string
	}{
		{"up", up, Modes{AlternateScroll: true, Alternate: true}, strings.Repeat("\x1b[A", WheelLines)},
		{"down, application cursor", Mouse{Button: WheelDown}, Modes{AlternateScroll: true, Alternate: true, AppCursor: true}, strings.Repeat("\x1bOB", WheelLines)},
		{"modifiers of the wheel are none of the keys", Mouse{Button: WheelRight, Mods: Shift}, Modes{AlternateScroll: true, Alternate: true}, strings.Repeat("\x1b[C", WheelLines)},
		{"with kitty's keys", up, Modes{AlternateScroll: true, Alternate: true, AppCursor: true, Kitty: AllKitty}, strings.Repeat("\x1b[A", WheelLines)},
		{"main screen", up, Modes{AlternateScroll: true}, ""},
		{"not wanted", up, Modes{Alternate: true}, ""},
		{"a button", Mouse{Button: ButtonLeft}, Modes{AlternateScroll: true, Alternate: true}, ""},
		{"the program knows the mouse", up, Modes{AlternateScroll: true, Alternate: true, Mouse: MouseNormal, MouseFormat: FormatSGR}, "\x1b[<64;1;1M"},
	} {
		if got := string(AppendMouse(nil, c.e, c.m)); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

// Motion is told once a cell, or once a pixel where pixels are told.
func TestTracker(t *testing.T) {
	var tr Tracker
	m := Modes{Mouse: MouseAny, MouseFormat: FormatSGR}
	at := func(a Action, b Button, col, x int) string {
		return string(tr.Append(nil, Mouse{Action: a, Button: b, Column: col, X: x}, m))
	}
	for i, c := range []struct {
		a      Action
		b      Button
		col, x int
		want   string
	}{
		{Motion, NoButton, 1, 10, "\x1b[<35;2;1M"},
		{Motion, NoButton, 1, 11, ""},
		{Motion, NoButton, 2, 20, "\x1b[<35;3;1M"},
		{Press, ButtonLeft, 2, 20, "\x1b[<0;3;1M"},
		{Motion, ButtonLeft, 2, 21, ""}, // a button alone is no motion
		{Motion, ButtonLeft, 3, 30, "\x1b[<32;4;1M"},
		{Press, WheelUp, 3, 30, "\x1b[<64;4;1M"},
		{Motion, ButtonLeft, 3, 31, ""},
		{Release, ButtonLeft, 3, 31, "\x1b[<0;4;1m"},
		{Motion, NoButton, 3, 32, ""},
		{Motion, NoButton, 2, 29, "\x1b[<35;3;1M"},
	} {
		if got := at(c.a, c.b, c.col, c.x); got != c.want {
			t.Errorf("event %d: %q, want %q", i, got, c.want)
		}
	}
	m.MouseFormat = FormatSGRPixels
	if got := at(Motion, NoButton, 2, 29); got != "\x1b[<35;30;1M" {
		t.Errorf("the first motion in another format: %q", got)
	}
	if got := at(Motion, NoButton, 2, 30); got != "\x1b[<35;31;1M" {
		t.Errorf("a pixel further: %q", got)
	}
	if got := at(Motion, NoButton, 2, 30); got != "" {
		t.Errorf("the same pixel: %q", got)
	}
	tr.Reset()
	if got := at(Motion, NoButton, 2, 30); got != "\x1b[<35;31;1M" {
		t.Errorf("after the mouse was away: %q", got)
	}
}
