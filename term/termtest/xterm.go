// Package termtest holds the terminal against another: xterm, on a screen that nobody
// sees, is fed what the terminal is fed, and asked the same questions.
//
// Nothing runs in that xterm. With -S it takes one end of a PTY from whoever starts it
// and makes no child, so a test holds the other end and is the program:
//
//	test  <->  slave  PTY  master  <->  xterm  ->  Xvfb
//
// What xterm shows is learned by DECRQCRA, the checksum of a rectangle, cell by cell.
package termtest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"
)

// patience is how long xterm may be silent. It bounds a test that hangs; no answer
// takes so long.
const patience = 10 * time.Second

// Xterm is an xterm that runs for a test.
type Xterm struct {
	t   testing.TB
	tty *os.File
	n   int // counts the ends of input
}

// Start starts an xterm with a screen of this size. It allows what is asked of it, and
// its checksums are those of checksumExtension 0: a character's low byte, and weights of
// its attributes, negated. Resources are more of xterm's, "name: value".
func Start(t testing.TB, columns, rows int, resources ...string) *Xterm {
	t.Helper()
	display := startDisplay(t)
	ptmx, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer ptmx.Close()
	if _, err := term.MakeRaw(int(tty.Fd())); err != nil {
		t.Fatal(err)
	}
	// As a file that is known not to block, it has deadlines; to ask for the number of
	// another one would have that block again.
	fd, err := syscall.Dup(int(tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	x := &Xterm{t: t, tty: os.NewFile(uintptr(fd), tty.Name())}
	tty.Close()
	args := []string{"-S/3", "-u8", "-fn", "fixed", "-geometry", fmt.Sprintf("%dx%d", columns, rows)}
	for _, r := range append([]string{
		"decTerminalID: 420", "allowWindowOps: true", "allowTitleOps: true", "allowColorOps: true",
		"allowFontOps: false", "backarrowKey: false", "precompose: false", "boldColors: false", "disallowedWindowOps:", "disallowedColorOps:", "allowC1Printable: false",
		"locale: false", "utf8: 3", "titeInhibit: false", "c132: false", "scrollBar: false",
		"foreground: #e5e5e5", "background: #000000",
	}, resources...) {
		args = append(args, "-xrm", "*"+r)
	}
	cmd := exec.Command("xterm", args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	cmd.ExtraFiles = []*os.File{ptmx}
	cmd.Env = append(os.Environ(), "DISPLAY="+display, "LC_ALL=C.UTF-8", "XENVIRONMENT=/dev/null")
	if err := cmd.Start(); err != nil {
		t.Fatalf("xterm: %v; install it with: apt-get install xterm", err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() // it has nothing to put in order
		cmd.Wait()
		x.tty.Close()
		if t.Failed() && said.Len() > 0 {
			t.Logf("xterm says: %s", said.Bytes())
		}
	})
	// First it says which window it has.
	x.hurry()
	var b [1]byte
	for b[0] != '\n' {
		if _, err := x.tty.Read(b[:]); err != nil {
			t.Fatalf("xterm does not begin: %v %s", err, said.Bytes())
		}
	}
	x.Ask(nil)
	return x
}

// Ask sends input and returns all that xterm answers. The input must not leave a
// control string open.
func (x *Xterm) Ask(input []byte) []byte {
	x.t.Helper()
	// The checksum of nothing, whose number nobody else uses, is the last answer.
	x.n++
	id := 10000 + x.n%20000
	input = append(bytes.Clone(input), fmt.Sprintf("\x1b<\x1b F\x1b[%d;1;2;2;1;1*y", id)...)
	end := fmt.Sprintf("\x1bP%d!~", id)
	x.hurry()
	sent := make(chan error, 1)
	go func() {
		_, err := x.tty.Write(input)
		sent <- err
	}()
	var got []byte
	var b [4096]byte
	for {
		n, err := x.tty.Read(b[:])
		got = append(got, b[:n]...)
		if i := bytes.LastIndex(got, []byte(end)); i >= 0 && bytes.HasSuffix(got[i+2:], []byte("\x1b\\")) {
			if err := <-sent; err != nil {
				x.t.Fatal(err)
			}
			return got[:i]
		}
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				err = errors.New("xterm is silent")
			}
			x.t.Fatalf("%v; it was told %.200q and answered %.200q", err, input, got)
		}
	}
}

// hurry bounds what is read and written next.
func (x *Xterm) hurry() {
	if err := x.tty.SetDeadline(time.Now().Add(patience)); err != nil {
		x.t.Fatal(err)
	}
}

// startDisplay starts an X server that ends with the test, and returns its name.
func startDisplay(t testing.TB) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	x := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1280x1024x24", "-nolisten", "tcp", "-noreset")
	x.ExtraFiles = []*os.File{w}
	if err := x.Start(); err != nil {
		t.Fatalf("Xvfb: %v; install it with: apt-get install xvfb", err)
	}
	w.Close()
	t.Cleanup(func() {
		x.Process.Signal(syscall.SIGTERM)
		x.Wait()
	})
	number, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("Xvfb does not begin: %v", err)
	}
	return ":" + strings.TrimSpace(number)
}
