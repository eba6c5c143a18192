package pty

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// zombies counts the children of this process that nobody reaped.
func zombies(t *testing.T) int {
	t.Helper()
	var info unix.Siginfo
	if err := unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil); err != nil && !errors.Is(err, unix.ECHILD) {
		t.Fatal(err)
	}
	if info.Signo == 0 {
		return 0
	}
	return 1
}

// Whatever a program does against its end, Close ends it and all that it started in
// this terminal, within the grace.
func TestClose(t *testing.T) {
	const grace = 300 * time.Millisecond
	either := Exit{Code: -2} // killed, or it gave up when its own job was
	for _, c := range []struct {
		name, script string
		want         Exit
		killed       bool // someone lasts through the grace
	}{
		{"a quiet shell", "echo $$; read x", Exit{Code: -1, Signal: syscall.SIGHUP}, false},
		{"one that says goodbye", "trap 'exit 7' HUP; echo $$; while :; do sleep 0.01; done", Exit{Code: 7}, false},
		{"one that ignores the hangup", "trap '' HUP TERM INT; echo $$; while :; do sleep 0.01; done", Exit{Code: -1, Signal: syscall.SIGKILL}, true},
		{"one that is stopped", "echo $$; kill -STOP $$", Exit{Code: -1, Signal: syscall.SIGHUP}, false},
		{"one that floods", "echo $$; yes", Exit{Code: -1, Signal: syscall.SIGHUP}, false},
		{"a job in the background", "set -m; sleep 1000 & echo $!; read x", Exit{Code: -1, Signal: syscall.SIGHUP}, false},
		{"a job that ignores the hangup", "set -m; sh -c 'trap \"\" HUP; echo $$; exec sleep 1000' & read x; read x", Exit{Code: -1, Signal: syscall.SIGHUP}, true},
		{"a stopped job", "set -m; sh -c 'kill -STOP $$' & echo $!; read x", Exit{Code: -1, Signal: syscall.SIGHUP}, false},
		{"jobs whose shell has ended", "set -m; sh -c 'trap \"\" HUP; echo $$; exec sleep 1000' & exit 4", Exit{Code: 4}, true},
		{"jobs that make jobs", "set -m; trap '' HUP; (while :; do sleep 0.01 & done) & echo $!; while :; do sleep 1; done", either, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := descriptors(t)
			p := shell(t, Options{Grace: grace}, c.script)
			pid, err := strconv.Atoi(line(t, bufio.NewReader(p)))
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			took := time.Since(start)
			if e := p.Wait(); c.want != either && (e.Signal != c.want.Signal && c.want.Signal != 0 || e.Signal == 0 && e != c.want) {
				t.Errorf("it ended as %+v, want %+v", e, c.want)
			}
			if c.killed && took < grace {
				t.Errorf("it was killed after %v, before the grace of %v was over", took, grace)
			}
			if !gone(p.Pid()) || !gone(pid) && !orphaned(pid) {
				t.Errorf("%d or %d is still there", p.Pid(), pid)
			}
			if left, err := living(p.Pid()); left != nil || err != nil {
				t.Errorf("%v live on (%v)", left, err)
			}
			if n := zombies(t); n != 0 {
				t.Error("a zombie is left")
			}
			if after := descriptors(t); after != before {
				t.Errorf("%d descriptors are open, %d were before", after, before)
			}
			if _, err := p.Write([]byte("x")); !errors.Is(err, ErrEnded) {
				t.Errorf("a write after the end: %v", err)
			}
			if n, err := p.Read(make([]byte, 9)); n != 0 || err != io.EOF {
				t.Errorf("a read after the end: %d, %v", n, err)
			}
			p.Resize(10, 10, 0, 0)
			if err := p.Close(); err != nil {
				t.Errorf("the second close: %v", err)
			}
		})
	}
}

// orphaned reports whether a process is dead and waits for init to reap it, which is
// init's matter.
func orphaned(pid int) bool {
	s := state(pid)
	return s == "" || s == "Z" || s == "X"
}

// Who ignores hangups, as under nohup, does not hand that on to shells.
func TestHangupWhereItIsIgnored(t *testing.T) {
	signal.Ignore(syscall.SIGHUP)
	p := shell(t, Options{}, "echo ready; read x")
	line(t, bufio.NewReader(p))
	syscall.Kill(os.Getpid(), syscall.SIGHUP) // it is as deaf as before
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if e := p.Wait(); e.Signal != syscall.SIGHUP {
		t.Errorf("it ended as %+v", e)
	}
}

// A daemon has a session of its own, and so it stays.
func TestCloseLeavesDaemons(t *testing.T) {
	p := shell(t, Options{}, "setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $!; read x")
	pid, err := strconv.Atoi(line(t, bufio.NewReader(p)))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(pid, syscall.SIGKILL)
	eventually(t, "the daemon has a session of its own", func() bool {
		sid, err := unix.Getsid(pid)
		return err == nil && sid == pid
	})
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if s := state(pid); s != "S" && s != "R" {
		t.Errorf("the daemon is in state %q", s)
	}
}

// The first process is reaped at once where it was alone, and keeps its number while
// others of its session live.
func TestReaping(t *testing.T) {
	alone := shell(t, Options{}, "exit 0")
	alone.Wait()
	eventually(t, "a shell that was alone is reaped", func() bool { return gone(alone.Pid()) })

	p := shell(t, Options{}, "set -m; sh -c 'trap \"\" HUP; echo $$; exec sleep 1000' &")
	pid, err := strconv.Atoi(line(t, bufio.NewReader(p)))
	if err != nil {
		t.Fatal(err)
	}
	p.Wait() // the job has the terminal open still, so the output does not end
	if s := state(p.Pid()); s != "Z" {
		t.Errorf("the shell is in state %q, though a job of its session lives", s)
	}
	if s := state(pid); s != "S" && s != "R" {
		t.Errorf("a job that ignores the hangup is in state %q after the end of its shell", s)
	}
	if err := p.Close(); err != nil || !gone(p.Pid()) || !orphaned(pid) {
		t.Errorf("after Close (%v) the shell or the job is still there", err)
	}
}

// A read that waits ends with Close.
func TestCloseEndsReads(t *testing.T) {
	p := shell(t, Options{}, "exec sleep 1000")
	ended := make(chan error)
	go func() {
		_, err := p.Read(make([]byte, 1))
		ended <- err
	}()
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != io.EOF {
		t.Errorf("the read ended with %v", err)
	}
}

// A name in /proc may hold what looks like other fields.
func TestLiving(t *testing.T) {
	dir := t.TempDir()
	b, err := os.ReadFile("/bin/sleep")
	if err != nil {
		t.Fatal(err)
	}
	name := dir + "/a) Z 1 1 1"
	if err := os.WriteFile(name, b, 0o755); err != nil {
		t.Fatal(err)
	}
	p, err := Start(Options{Path: name, Args: []string{"1000"}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if got, err := living(p.Pid()); err != nil || len(got) != 1 || got[0] != p.Pid() {
		t.Errorf("in the session of %d live %v (%v)", p.Pid(), got, err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if left, err := living(p.Pid()); left != nil || err != nil {
		t.Errorf("after Close %v live (%v)", left, err)
	}
}
