package pty_test

import (
	"os"
	"os/exec"
	"testing"

	"hearth/term/input"
	"hearth/term/pty"
)

// What the entry says of keys is what they send once a program has asked for them (smkx).
func TestEntryKeys(t *testing.T) {
	dir, err := pty.Terminfo(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	modes := input.Initial()
	modes.AppCursor, modes.AppKeypad = true, true
	type key struct {
		code input.Code
		mods input.Mods
	}
	for name, k := range map[string]key{
		"kcuu1": {input.Up, 0}, "kcud1": {input.Down, 0}, "kcub1": {input.Left, 0}, "kcuf1": {input.Right, 0},
		"khome": {input.Home, 0}, "kend": {input.End, 0}, "kich1": {input.Insert, 0}, "kdch1": {input.Delete, 0},
		"kpp": {input.PageUp, 0}, "knp": {input.PageDown, 0}, "kbs": {input.Backspace, 0}, "kcbt": {input.Tab, input.Shift},
		"kf1": {input.F1, 0}, "kf4": {input.F4, 0}, "kf5": {input.F5, 0}, "kf12": {input.F12, 0},
		"kf13": {input.F1, input.Shift}, "kf24": {input.F12, input.Shift}, "kf25": {input.F1, input.Ctrl}, "kf48": {input.F12, input.Ctrl | input.Shift},
		"kf49": {input.F1, input.Alt}, "kf63": {input.F3, input.Alt | input.Shift},
		"kUP": {input.Up, input.Shift}, "kDN3": {input.Down, input.Alt}, "kLFT5": {input.Left, input.Ctrl}, "kRIT7": {input.Right, input.Ctrl | input.Alt},
		"kHOM4": {input.Home, input.Alt | input.Shift}, "kEND6": {input.End, input.Ctrl | input.Shift}, "kIC5": {input.Insert, input.Ctrl},
		"kDC": {input.Delete, input.Shift}, "kPRV3": {input.PageUp, input.Alt}, "kNXT5": {input.PageDown, input.Ctrl},
		"kent": {input.KPEnter, 0}, "kpADD": {input.KPAdd, 0}, "kpSUB": {input.KPSubtract, 0}, "kpMUL": {input.KPMultiply, 0}, "kpDIV": {input.KPDivide, 0},
	} {
		cmd := exec.Command("tput", "-T", pty.Term, name)
		cmd.Env = append(os.Environ(), "TERMINFO_DIRS="+dir)
		out, err := cmd.Output()
		if sent := input.AppendKey(nil, input.Key{Code: k.code, Mods: k.mods}, modes); err != nil || string(out) != string(sent) {
			t.Errorf("%s is %q (%v), and the key sends %q", name, out, err, sent)
		}
	}
}
