package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	creack "github.com/creack/pty"

	"hearth/term/pty"
)

// tmux is a server of its own, that ends with the benchmark.
type tmux struct {
	b   testing.TB
	env []string
}

func newTmux(b testing.TB) *tmux {
	b.Helper()
	dir := b.TempDir()
	conf := dir + "/conf"
	if err := os.WriteFile(conf, []byte("set -g history-limit 10000\nset -g status off\nset -g default-shell /bin/sh\nset -sg escape-time 0\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	m := &tmux{b, append(pty.Environment(os.Environ(), "PS1=$ ", "ENV="), "TMUX_TMPDIR="+dir, "TERM=xterm-256color")}
	m.do("-f", conf, "start-server", ";", "new-session", "-d", "-s", "first", "/bin/cat")
	b.Cleanup(func() { m.do("kill-server") })
	return m
}

func (m *tmux) command(args ...string) *exec.Cmd {
	cmd := exec.Command("tmux", append([]string{"-L", "bench"}, args...)...)
	cmd.Env = m.env
	return cmd
}

func (m *tmux) do(args ...string) string {
	m.b.Helper()
	out, err := m.command(args...).CombinedOutput()
	if err != nil {
		m.b.Fatalf("tmux %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// pid is that of the server.
func (m *tmux) pid() int {
	m.b.Helper()
	n, err := strconv.Atoi(m.do("display-message", "-p", "-t", "first", "#{pid}"))
	if err != nil {
		m.b.Fatal(err)
	}
	return n
}

// control returns where commands are written, each a line. What they answer is read
// and dropped.
func (m *tmux) control(session string) io.Writer {
	m.b.Helper()
	cmd := m.command("-C", "attach", "-t", session)
	in, err := cmd.StdinPipe()
	if err != nil {
		m.b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		m.b.Fatal(err)
	}
	m.b.Cleanup(func() {
		in.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	return in
}

// seen is what an attached client writes to its pseudo-terminal.
type seen struct {
	b   testing.TB
	out chan piece
}

type piece struct {
	data []byte
	at   time.Time
}

// attach shows a session on a pseudo-terminal.
func (m *tmux) attach(session string) *seen {
	m.b.Helper()
	cmd := m.command("attach", "-t", session)
	f, err := creack.StartWithSize(cmd, &creack.Winsize{Cols: 80, Rows: 24})
	if err != nil {
		m.b.Fatal(err)
	}
	s := &seen{m.b, make(chan piece, 1024)}
	go func() {
		defer close(s.out)
		for {
			buf := make([]byte, 4096)
			n, err := f.Read(buf)
			if n > 0 {
				s.out <- piece{buf[:n], time.Now()}
			}
			if err != nil {
				return
			}
		}
	}()
	m.b.Cleanup(func() {
		cmd.Process.Kill()
		f.Close()
		for range s.out {
		}
		cmd.Wait()
	})
	return s
}

// settle waits until nothing has been written for a second.
func (s *seen) settle() {
	for {
		select {
		case <-s.out:
		case <-time.After(time.Second):
			return
		}
	}
}

// until reads on to what is wanted and returns when it was read.
func (s *seen) until(ok func([]byte) bool) time.Time {
	s.b.Helper()
	late := time.After(time.Minute)
	for {
		select {
		case p, open := <-s.out:
			if !open {
				s.b.Fatal("the client of tmux has ended")
			}
			if ok(p.data) {
				return p.at
			}
		case <-late:
			s.b.Fatal("tmux did not show it in time")
		}
	}
}

// computedBy is the processor time of a process, to a hundredth of a second.
func computedBy(t testing.TB, pid int) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	// The name in parentheses may hold anything; utime and stime are fields 14 and 15.
	f := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(f) < 13 {
		t.Fatalf("%s", text)
	}
	var ticks int64
	for _, s := range f[11:13] {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100
}
