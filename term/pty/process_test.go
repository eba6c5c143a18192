package pty

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A program has a session and a controlling terminal of its own, and sees its arguments.
func TestChild(t *testing.T) {
	dir := t.TempDir()
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	out, e := run(t, Options{Dir: dir, Columns: 100, Rows: 30, Width: 800, Height: 480, Env: []string{"A=b c"}},
		`tty -s && echo terminal; [ "$(ps -o sid= -p $$ | tr -d ' ')" = $$ ] && echo session; stty size </dev/tty; stty -a | grep -o ' -*iutf8'; pwd; echo "$A"`)
	if want := "terminal\r\nsession\r\n30 100\r\n iutf8\r\n" + real + "\r\nb c\r\n"; out != want {
		t.Errorf("the program printed %q, want %q", out, want)
	}
	if !e.Ok() || e.String() != "the program ended" {
		t.Errorf("it ended as %+v: %s", e, e)
	}
}

func TestName(t *testing.T) {
	for _, c := range []struct{ name, want string }{{"", "sh\r\n"}, {"-sh", "-sh\r\n"}} {
		p, err := Start(Options{Path: "/bin/sh", Name: c.name, Env: []string{"HOME=/nowhere", "PATH=/usr/bin:/bin"}})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if _, err := p.Write([]byte("PS1=; stty -echo; echo $0; exit\n")); err != nil {
			t.Fatal(err)
		}
		out, err := io.ReadAll(p)
		if err != nil || !strings.HasSuffix(string(out), "\n"+c.want) && !strings.HasSuffix(string(out), " "+c.want) {
			t.Errorf("named %q it printed %q (%v)", c.name, out, err)
		}
	}
}

func TestExit(t *testing.T) {
	for _, c := range []struct {
		script string
		want   Exit
		says   string
	}{
		{"exit 0", Exit{}, "the program ended"},
		{"exit 200", Exit{Code: 200}, "the program ended with code 200"},
		{"kill -TERM $$", Exit{Code: -1, Signal: syscall.SIGTERM}, "the program was ended by signal 15 (SIGTERM, terminated)"},
		{"kill -KILL $$", Exit{Code: -1, Signal: syscall.SIGKILL}, "the program was ended by signal 9 (SIGKILL, killed)"},
		{"ulimit -c 0; kill -SEGV $$", Exit{Code: -1, Signal: syscall.SIGSEGV}, "the program was ended by signal 11 (SIGSEGV, segmentation fault)"},
	} {
		if _, e := run(t, Options{}, c.script); e != c.want || e.String() != c.says || e.Ok() != (c.want == Exit{}) {
			t.Errorf("%s ended as %+v: %s", c.script, e, e)
		}
	}
	for e, want := range map[Exit]string{
		{Code: -1, Signal: syscall.SIGABRT, Core: true}: "the program was ended by signal 6 (SIGABRT, aborted) and left a core dump",
		{Code: -1, Err: syscall.ECHILD}:                 "how the program ended is not known: no child processes",
	} {
		if e.String() != want {
			t.Errorf("%+v says %q, want %q", e, e, want)
		}
	}
}

// What was written before the end is read, however late.
func TestLastOutputArrives(t *testing.T) {
	p := shell(t, Options{}, "seq 1 700; echo end") // little enough for the kernel to hold
	p.Wait()
	out, err := io.ReadAll(p)
	if lines := strings.Count(string(out), "\n"); err != nil || lines != 701 || !strings.HasSuffix(string(out), "\n700\r\nend\r\n") {
		t.Errorf("%d lines arrived, the last of %q (%v)", lines, out[max(0, len(out)-20):], err)
	}
}

// Nobody reads, so the program waits, and it goes on where it was.
func TestFlow(t *testing.T) {
	p := shell(t, Options{}, "exec seq 1 200000")
	var last, calm int
	eventually(t, "the program waits in its write", func() bool {
		n := writes(p.Pid())
		if n == 0 || n != last || state(p.Pid()) != "S" {
			last, calm = n, 0
		}
		calm++
		return calm > 10
	})
	if last > 256<<10 {
		t.Errorf("the program wrote %d bytes before anybody read them", last)
	}
	out, err := io.ReadAll(p)
	if err != nil || strings.Count(string(out), "\n") != 200000 || !strings.HasSuffix(string(out), "\n200000\r\n") {
		t.Errorf("%d bytes arrived, the last of %q (%v)", len(out), out[max(0, len(out)-20):], err)
	}
	if s := p.Stats(); s.Read != uint64(len(out)) {
		t.Errorf("%d bytes are counted of %d", s.Read, len(out))
	}
}

// state is a process's letter in /proc, empty when it is gone.
func state(pid int) string {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return ""
	}
	return strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))[0]
}

// writes is how many bytes a process has written so far.
func writes(pid int) (n int) {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "io"))
	if err == nil {
		for _, line := range strings.Split(string(b), "\n") {
			if value, ok := strings.CutPrefix(line, "wchar: "); ok {
				n, _ = strconv.Atoi(value)
			}
		}
	}
	return n
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came that %s", what)
		}
	}
}
