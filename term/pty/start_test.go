package pty

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStartRefuses(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode fs.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain := file("plain", "text", 0o644)
	for _, c := range []struct {
		name string
		o    Options
		is   error
		want string
	}{
		{"no such shell", Options{Path: "/nowhere/zsh"}, fs.ErrNotExist, "there is no program /nowhere/zsh; name one that exists, or leave it out for your shell"},
		{"not in PATH", Options{Path: "no-such-shell-here"}, fs.ErrNotExist, "there is no program no-such-shell-here; name one that exists, or leave it out for your shell"},
		{"not executable", Options{Path: plain}, fs.ErrPermission, plain + " is not a file that you may execute (permission denied); name another program, or change its mode"},
		{"a folder", Options{Path: dir}, nil, dir + " is not a file that you may execute (is a directory); name another program, or change its mode"},
		{"no such folder", Options{Path: "/bin/sh", Dir: "/nowhere"}, fs.ErrNotExist, "/bin/sh cannot start in /nowhere (no such file or directory); name a folder that you may enter"},
		{"a file as a folder", Options{Path: "/bin/sh", Dir: plain}, nil, "/bin/sh cannot start in " + plain + " (not a directory); name a folder that you may enter"},
		{"no program at all", Options{Path: file("noise", "\x00\x01\x02", 0o755)}, nil, dir + "/noise is not a program of this machine; name another, or begin the script with #! and its interpreter"},
		{"no interpreter", Options{Path: file("script", "#!/nowhere/python\n", 0o755)}, fs.ErrNotExist, dir + "/script names an interpreter or loader that does not exist; install it, or name another program"},
		{"too much", Options{Path: "/bin/sh", Args: []string{strings.Repeat("x", 8<<20)}}, nil, "the arguments and the environment of /bin/sh are too long; pass less"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := descriptors(t)
			p, err := Start(c.o)
			var start *StartError
			if !errors.As(err, &start) {
				t.Fatalf("Start returned %v, %v", p, err)
			}
			if err.Error() != c.want {
				t.Errorf("it says %q, want %q", err, c.want)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v is not %v", err, c.is)
			}
			if after := descriptors(t); after != before {
				t.Errorf("%d descriptors are open, %d were before", after, before)
			}
		})
	}
}

// descriptors counts the open files of this process.
func descriptors(t testing.TB) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

// run starts a shell script and returns what it printed and how it ended.
func run(t *testing.T, o Options, script string) (string, Exit) {
	t.Helper()
	p := shell(t, o, script)
	out, err := io.ReadAll(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(out), p.Wait()
}

func shell(t *testing.T, o Options, script string) *Process {
	t.Helper()
	o.Path, o.Args = "/bin/sh", []string{"-c", script}
	p, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}
