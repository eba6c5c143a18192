package pty

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "compile hearth.ti again with tic")

func infocmp(t *testing.T, dir string) string {
	t.Helper()
	out, err := exec.Command("infocmp", "-x", "-1", "-A", dir, Term).Output()
	if err != nil {
		t.Fatalf("infocmp of %s: %v", dir, err)
	}
	_, entry, _ := strings.Cut(string(out), "\n") // the first line names the file
	return entry
}

// The committed form is what tic makes of the source, without a complaint.
func TestEntryIsCompiledSource(t *testing.T) {
	dir := t.TempDir()
	if *update {
		dir = "terminfo"
	}
	if out, err := exec.Command("tic", "-x", "-o", dir, "hearth.ti").CombinedOutput(); err != nil || len(out) != 0 {
		t.Fatalf("tic: %v\n%s", err, out)
	}
	if made, committed := infocmp(t, dir), infocmp(t, "terminfo"); made != committed {
		t.Errorf("terminfo/h/hearth is not what hearth.ti says; go test -run Entry -update makes it again\n%s\n%s", committed, made)
	}
}

// Readers of before 2018 know one form, with numbers of 16 bits, and at most 4096 bytes.
func TestEntryIsReadEverywhere(t *testing.T) {
	if len(entry) > 4096 || !bytes.HasPrefix(entry, []byte{0x1a, 0x01}) {
		t.Errorf("the entry has %d bytes and begins with % x", len(entry), entry[:2])
	}
}

// ncurses finds the entry where it was written, and the system's beside it.
func TestTerminfoIsFound(t *testing.T) {
	dir, err := Terminfo(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	env := environment([]string{"PATH=" + os.Getenv("PATH"), "HOME=/nowhere"}, dir, nil)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"colors"}, "256"},
		{[]string{"smcup"}, "\x1b[?1049h\x1b[22;0;0t"},
		{[]string{"setrgbf", "1", "20", "255"}, "\x1b[38:2::1:20:255m"},
		{[]string{"Setulc", fmt.Sprint(0x0a64ff)}, "\x1b[58:2::10:100:255m"},
		{[]string{"Sync", "1"}, "\x1b[?2026h"},
		{[]string{"Sync", "2"}, "\x1b[?2026l"},
		{[]string{"XM", "1"}, "\x1b[?1006;1000h"},
		{[]string{"setaf", "5"}, "\x1b[35m"},
		{[]string{"setaf", "13"}, "\x1b[95m"},
		{[]string{"setab", "200"}, "\x1b[48;5;200m"},
		{[]string{"-T", "xterm", "cup", "4", "5"}, "\x1b[5;6H"},
	} {
		cmd := exec.Command("tput", c.args...)
		cmd.Env = env
		out, err := cmd.CombinedOutput()
		if got := strings.TrimSuffix(string(out), "\n"); err != nil || got != c.want {
			t.Errorf("tput %v: %q (%v), want %q", c.args, got, err, c.want)
		}
	}
}

// An entry that is old, or half there, is put right; one that is right is left alone;
// and nothing else is left in the folder.
func TestTerminfoWrites(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		if got, err := Terminfo(dir); got != dir || err != nil {
			t.Fatal(got, err)
		}
	}
	path := filepath.Join(dir, "h", Term)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "68", Term), entry[:100], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Terminfo(dir); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("an entry that was right was written again (%v)", err)
	}
	for _, letter := range []string{"h", "68"} {
		b, err := os.ReadFile(filepath.Join(dir, letter, Term))
		if err != nil || !bytes.Equal(b, entry) {
			t.Errorf("%s/%s has %d bytes (%v)", letter, Term, len(b), err)
		}
		if names, err := os.ReadDir(filepath.Join(dir, letter)); err != nil || len(names) != 1 {
			t.Errorf("%s holds %v (%v)", letter, names, err)
		}
	}
}

func TestTerminfoRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		file:   "the description of the terminal cannot be written to \"" + file + "\"; name a folder that you may write to: ",
		"/a:b": "the description of the terminal cannot be written to \"/a:b\"; name a folder that you may write to: a list of folders cannot hold its colon",
	} {
		if got, err := Terminfo(dir); got != "" || err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %q, %v", dir, got, err)
		}
	}
}
