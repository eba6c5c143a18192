package pty

import (
	"bufio"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Where no file can be opened any more the processes of a session cannot be listed:
// Close ends the program all the same, and does not wait for ever for one that ignores
// the hangup.
func TestCloseWithoutFiles(t *testing.T) {
	p, err := Start(Options{Path: "/bin/sh", Args: []string{"-c", "trap '' HUP; echo $$; while :; do sleep 0.05; done"}, Grace: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(line(t, bufio.NewReader(p)))
	if err != nil {
		t.Fatal(err)
	}
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	none := unix.Rlimit{Cur: 0, Max: was.Max}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &none); err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	go func() { closed <- p.Close() }()
	select {
	case err = <-closed:
	case <-time.After(20 * time.Second):
		t.Error("Close waits for a program that ignores the hangup")
		_ = syscall.Kill(pid, syscall.SIGKILL)
		err = <-closed
	}
	if e := unix.Setrlimit(unix.RLIMIT_NOFILE, &was); e != nil {
		t.Fatal(e)
	}
	if err != nil {
		t.Error(err)
	}
	if !gone(pid) {
		t.Errorf("the program %d is still there", pid)
	}
	if e := p.Wait(); e.Signal != syscall.SIGKILL {
		t.Errorf("%v", e)
	}
}
