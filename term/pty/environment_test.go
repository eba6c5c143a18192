package pty

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEnvironment(t *testing.T) {
	own := []string{"TERM=hearth", "COLORTERM=truecolor", "TERM_PROGRAM=hearth", "TERMINFO_DIRS=/t:"}
	for _, c := range []struct {
		name        string
		base, extra []string
		terminfo    string
		want        []string
	}{
		{"nothing", nil, nil, "/t", append(slices.Clone(own), "LC_CTYPE=C.UTF-8")},
		{"what is the user's stays", []string{"HOME=/h", "LANG=de_DE.UTF-8", "EDITOR=vim", "TMUX_TMPDIR=/tmp", "TERMITE=ant"}, nil, "/t",
			append([]string{"HOME=/h", "LANG=de_DE.UTF-8", "EDITOR=vim", "TMUX_TMPDIR=/tmp", "TERMITE=ant"}, own...)},
		{"what other terminals left goes", []string{
			"TERM=xterm-kitty", "KITTY_WINDOW_ID=1", "KITTY_PID=2", "LC_ALL=C", "TERM_PROGRAM=iTerm.app", "TERM_PROGRAM_VERSION=3", "WINDOWID=77",
			"TMUX=/tmp/x,1,0", "TMUX_PANE=%3", "STY=1.pts", "VTE_VERSION=7000", "ALACRITTY_SOCKET=/s", "WEZTERM_PANE=0", "GHOSTTY_BIN_DIR=/g",
			"LINES=10", "COLUMNS=20", "TERMCAP=x", "COLORFGBG=0;15", "VSCODE_INJECTION=1", "ZELLIJ=0", "INSIDE_EMACS=no",
		}, nil, "/t", append([]string{"LC_ALL=C"}, own...)},
		{"other entries are still found", []string{"TERMINFO=/k", "TERMINFO_DIRS=/a::/t:/k", "LANG=C"}, nil, "/t",
			[]string{"LANG=C", "TERM=hearth", "COLORTERM=truecolor", "TERM_PROGRAM=hearth", "TERMINFO_DIRS=/t:/k:/a:"}},
		{"the entry cannot be written", []string{"LANG=C"}, nil, "",
			[]string{"LANG=C", "TERM=xterm-256color", "COLORTERM=truecolor", "TERM_PROGRAM=hearth"}},
		{"the last counts, and extra most", []string{"A=1", "B=2", "A=3", "LANG=C"}, []string{"B=4", "TERM=vt100", "HEARTH_SOCKET=/s"}, "/t",
			[]string{"A=3", "B=4", "LANG=C", "TERM=vt100", "COLORTERM=truecolor", "TERM_PROGRAM=hearth", "TERMINFO_DIRS=/t:", "HEARTH_SOCKET=/s"}},
		{"what is no variable goes", []string{"LANG=C", "", "=x", "A", "B=\x00"}, nil, "/t", append([]string{"LANG=C"}, own...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, environment(c.base, c.terminfo, c.extra)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The whole way: the entry lands in the cache folder, and where it cannot, programs
// still have a terminal that they know.
func TestEnvironmentWrites(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	if env := Environment(nil); !slices.Contains(env, "TERM=hearth") || !slices.Contains(env, "TERMINFO_DIRS="+cache+"/hearth/terminfo:") {
		t.Errorf("the environment is %q", env)
	}
	if _, err := os.Stat(filepath.Join(cache, "hearth/terminfo/h/hearth")); err != nil {
		t.Error(err)
	}
	file := filepath.Join(cache, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", file)
	if env := Environment(nil); !slices.Contains(env, "TERM=xterm-256color") {
		t.Errorf("the environment is %q", env)
	}
}

func TestShell(t *testing.T) {
	passwd := filepath.Join(t.TempDir(), "passwd")
	if err := os.WriteFile(passwd, []byte("root:x:0:0:root:/root:/bin/bash\nbroken:line\na:x:7:7::/home/a:/bin/zsh\nb:x:8:8::/home/b:\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for user, want := range map[int]string{0: "/bin/bash", 7: "/bin/zsh", 8: "", 9: ""} {
		if got := passwdShell(passwd, user); got != want {
			t.Errorf("the shell of %d is %q, want %q", user, got, want)
		}
	}
	if got := passwdShell(passwd+".missing", 0); got != "" {
		t.Errorf("without a file it is %q", got)
	}
	t.Setenv("SHELL", "/bin/sh")
	if got := Shell(); got != "/bin/sh" {
		t.Errorf("with SHELL it is %q", got)
	}
	for _, bad := range []string{"", "sh", "/nowhere/sh", t.TempDir(), passwd} {
		t.Setenv("SHELL", bad)
		if got := Shell(); got == bad || !strings.HasPrefix(got, "/") {
			t.Errorf("with SHELL=%q it is %q", bad, got)
		}
	}
}
