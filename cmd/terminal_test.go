package cmd_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hearth/runtime/ipc"
	"hearth/runtime/peer/trust"
)

// terminal is a person before a program.
type terminal struct {
	t     *testing.T
	cmd   *exec.Cmd
	hand  *os.File // the other end of its terminal
	seat  *os.File
	shown strings.Builder
	gone  chan int
}

// sit runs hearth-ctl on a terminal of its own, with stdout elsewhere.
func (p *place) sit(args ...string) *terminal {
	p.t.Helper()
	return p.sitBefore("hearth-ctl", args...)
}

func (p *place) sitBefore(program string, args ...string) *terminal {
	p.t.Helper()
	return p.sitAt(func(*os.File, *exec.Cmd) {}, program, args...)
}

// sitAt runs a program on a terminal of its own, both made ready by a function.
func (p *place) sitAt(ready func(hand *os.File, cmd *exec.Cmd), program string, args ...string) *terminal {
	p.t.Helper()
	// Not blocking, so that reads can have a deadline.
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	hand := os.NewFile(uintptr(fd), "terminal")
	seat, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { hand.Close(); seat.Close() })
	cmd := p.command(program, args...)
	cmd.Stdin, cmd.Stderr = seat, seat
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	ready(hand, cmd)
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	x := &terminal{t: p.t, cmd: cmd, hand: hand, seat: seat, gone: make(chan int, 1)}
	stop := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	go func() {
		cmd.Wait()
		stop.Stop()
		x.gone <- cmd.ProcessState.ExitCode()
	}()
	return x
}

// see waits until the terminal shows a text, and forgets what came before.
func (x *terminal) see(text string) string {
	x.t.Helper()
	x.hand.SetReadDeadline(time.Now().Add(patience))
	for buf := make([]byte, 1024); ; {
		if i := strings.Index(x.shown.String(), text); i >= 0 {
			all := x.shown.String()
			x.shown.Reset()
			x.shown.WriteString(all[i+len(text):])
			return all[:i+len(text)]
		}
		n, err := x.hand.Read(buf)
		x.shown.Write(buf[:n])
		if err != nil {
			x.t.Fatalf("the terminal shows %q and not %q: %v", &x.shown, text, err)
		}
	}
}

func (x *terminal) say(text string) {
	if _, err := x.hand.WriteString(text); err != nil {
		x.t.Error(err)
	}
}

// ends waits for the program. What it showed at last is returned.
func (x *terminal) ends(code int) string {
	x.t.Helper()
	if got := <-x.gone; got != code {
		x.t.Errorf("exit code %d, want %d", got, code)
	}
	mode, err := unix.IoctlGetTermios(int(x.seat.Fd()), unix.TCGETS)
	if err != nil || mode.Lflag&unix.ECHO == 0 {
		x.t.Errorf("the terminal is left without an echo (%v)", err)
	}
	x.hand.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	for buf := make([]byte, 1024); ; {
		n, err := x.hand.Read(buf)
		x.shown.Write(buf[:n])
		if err != nil {
			return x.shown.String()
		}
	}
}

// On a terminal the password is asked for, and what is typed is not shown; the key
// of a server that is not known is shown and asked about.
func TestPrompts(t *testing.T) {
	p := newPlace(t)
	key, err := trust.ParseKeyID(stranger)
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{sync: func(_ context.Context, p ipc.SyncParams, progress func(ipc.SyncProgress) error) (ipc.SyncResult, error) {
		if p.Trust != stranger {
			return ipc.SyncResult{}, &trust.UnknownServerError{Host: "h:4920", Space: "home", Key: key}
		}
		return ipc.SyncResult{Root: "mirror/home/head", To: newHead}, progress(ipc.SyncProgress{Blocks: 12, Bytes: 2048})
	}}
	p.among(c)

	x := p.sit("sync", "push", "hearth://h/home?cred=ann")
	x.see(`Password of "ann" for home at h:4920: `)
	x.say("open sesame\n")
	x.see(stranger)
	x.see("Trust it? (yes/no) ")
	x.say("yes\n")
	shown := x.see("12 blocks, 2.0 KiB") + x.ends(0)
	if strings.Contains(shown, "sesame") {
		t.Errorf("the password is shown: %q", shown)
	}
	if s := c.synced(); len(s) != 2 || string(s[0].Password) != "open sesame" || s[0].Trust != "" || string(s[1].Password) != "open sesame" || s[1].Trust != stranger {
		t.Errorf("it asked for %+v", s)
	}

	x = p.sit("sync", "push", plainLink)
	x.see("Password of \"space\"")
	x.say("open sesame\n")
	x.see("Trust it? (yes/no) ")
	x.say("y\n") // whole words only
	if said := x.ends(77); !strings.Contains(said, "was not accepted") {
		t.Errorf("it said %q", said)
	}
	if s := c.synced(); len(s) != 1 {
		t.Errorf("it went on: %+v", s)
	}

	x = p.sit("sync", "push", plainLink)
	x.see("Password of ")
	x.say("\n")
	if said := x.ends(64); !strings.Contains(said, "empty") {
		t.Errorf("it said %q", said)
	}

	// An interrupt ends the question and gives the echo back.
	x = p.sit("sync", "push", plainLink)
	x.see("Password of ")
	time.Sleep(50 * time.Millisecond) // for the echo to be off
	x.say("half\x03")
	x.ends(130)
	if s := c.synced(); len(s) != 0 {
		t.Errorf("it went on: %+v", s)
	}
}

// Every program that asks can be interrupted while it does.
func TestPromptsAreInterrupted(t *testing.T) {
	p := newPlace(t)
	s := p.listening("home")
	unknown := s.links[0][:strings.Index(s.links[0], "?")]
	for _, x := range []struct {
		program  string
		args     []string
		question string
		code     int
	}{
		{"hearth-server", []string{"passwd", "--world", p.path("home")}, "New password: ", 130},
		{"hearth-client", []string{"--connect", s.links[0], "--headless", "--world", p.path("mine")}, "Password of home: ", 130},
		// The world of this one runs while it is asked about the server's key.
		{"hearth-client", []string{"--connect", unknown, "--headless", "--world", p.path("mine"), "--password-file", p.path("password")}, "Trust it? (yes/no) ", 0},
	} {
		term := p.sitBefore(x.program, x.args...)
		term.see(x.question)
		time.Sleep(50 * time.Millisecond) // for the echo to be off
		term.say("half\x03")
		term.ends(x.code)
	}
	// Nothing of it came to be.
	p.join(s.links[0], "mine")
}

// TestClientAsks has a person compare the key of a server, take as long as a
// handshake may not, and type the password.
func TestClientAsks(t *testing.T) {
	p := newPlace(t)
	s := p.listening("home")
	bare := s.links[0][:strings.Index(s.links[0], "?")]
	key := s.links[0][strings.Index(s.links[0], "id=")+3:]
	x := p.sitBefore("hearth-client", "--connect", bare, "--headless", "--world", p.path("c"))
	x.see("Password of home: ")
	x.say(password + "\n")
	x.see(key)
	x.see("(yes/no) ")
	x.say("no\n")
	x.see("not")
	x.ends(77)
	x = p.sitBefore("hearth-client", "--connect", bare, "--headless", "--world", p.path("c"))
	x.see("Password of home: ")
	x.say(password + "\n")
	x.see("(yes/no) ")
	x.say("yes\n")
	x.see("joined")
	x.say("\x03")
	x.ends(0)
}
