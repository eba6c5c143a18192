package cmd_test

import (
	"image/png"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// attach shows a terminal of the space on a terminal of so many columns and rows.
func (w *walker) attach(columns, rows uint16, args ...string) *terminal {
	w.t.Helper()
	return w.sitAt(func(hand *os.File, cmd *exec.Cmd) {
		cmd.Stdout = cmd.Stderr
		if err := unix.IoctlSetWinsize(int(hand.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: rows}); err != nil {
			w.t.Fatal(err)
		}
	}, "hearth-ctl", append([]string{"terminal", "attach"}, args...)...)
}

// leaves is how attach leaves a terminal: with the screen that was there, the cursor and
// the modes of keys.
const leaves = "\x1b[m\x1b[?2004l\x1b[?1l\x1b>\x1b[0 q\x1b[?25h\x1b[?1049l"

// A terminal of the space is shown on one's own, and typed at; whatever ends that, one's
// own is as it was.
func TestAttach(t *testing.T) {
	w := walk(t, "--size", "64x36", "--fps", "1")
	if got := w.ok("terminal", "open", "--name", "cat", "--", "sh", "-c", "stty -echo; printf '\\033[34mblue\\033[m\\033[?1h\\r\\n'; exec cat"); !strings.HasSuffix(got, "\tcat") {
		t.Fatalf("open says %q", got)
	}
	w.fails(64, "is called cat already", "terminal", "open", "--name", "cat")
	w.fails(64, "cannot be run", "terminal", "open", "--", "no-such-program")
	w.fails(64, "put -- before", "terminal", "open", "ls")
	w.fails(64, "not empty", "terminal", "open", "--name", "")
	w.fails(64, "without a slash", "terminal", "open", "--name", "a/b")
	w.fails(64, "stdin and stdout", "terminal", "attach", "cat")
	w.fails(66, "there is no terminal nowhere", "terminal", "text", "nowhere")
	w.ok("terminal", "wait", "cat", "--for", "^blue$")

	x := w.attach(60, 10, "cat")
	x.see("\x1b[?1049h")
	x.see("\x1b[;34mblue\x1b[m")
	x.see("\x1b[?1h")
	x.say("h\xc3")
	x.say("\xa9llo\r")
	x.see("héllo")
	// A resize of one's own draws it anew, and does not touch the other.
	if err := unix.IoctlSetWinsize(int(x.hand.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: 3, Row: 10}); err != nil {
		t.Fatal(err)
	}
	x.see("\x1b[2K\x1b[;34mblu\x1b[m")
	if got := w.ok("terminal", "list"); !strings.Contains(got, "\tcat\t-\t80x24\t") {
		t.Errorf("the list is %q", got)
	}
	x.say("\x1d")
	if said := x.ends(0); !strings.Contains(said, leaves+"detached from cat") {
		t.Errorf("detaching: %q", said)
	}

	// Whoever only looks types nothing.
	x = w.attach(60, 10, "cat", "--view")
	x.see("héllo")
	x.say("nothing\r")
	w.ok("terminal", "type", "cat", "something", "--enter")
	if said := x.see("something"); strings.Contains(said, "nothing") {
		t.Errorf("a viewer types: %q", said)
	}
	x.say("\x03")
	x.ends(0)

	// Signals leave no raw terminal, and the end of what is shown is no error.
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		x = w.attach(70, 12, "cat", "--resize")
		x.see("something")
		if err := x.cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		if said := x.ends(130); !strings.Contains(said, leaves) {
			t.Errorf("%v: %q", sig, said)
		}
	}
	if got := w.ok("terminal", "list"); !strings.Contains(got, "\tcat\t-\t70x12\t") {
		t.Errorf("--resize: the list is %q", got)
	}
	x = w.attach(60, 10, "cat")
	x.see("something")
	w.ok("terminal", "quit", "cat")
	if said := x.ends(0); !strings.Contains(said, leaves+"cat is closed") {
		t.Errorf("the end: %q", said)
	}

	// What the client shows is a picture at any time.
	file := w.path("now.png")
	if got := w.ok("capture", file, "--size", "48x27"); got != "48\t27" {
		t.Errorf("capture says %q", got)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if img, err := png.DecodeConfig(f); err != nil || img.Width != 48 || img.Height != 27 {
		t.Errorf("%+v, %v", img, err)
	}
	w.fails(64, "PNG files", "capture", "x.jpg")
	w.fails(64, "no size", "capture", "x.png", "--size", "1")
	w.fails(64, "16384", "capture", "x.png", "--size", "100000x1")
	w.fails(73, "cannot be made", "capture", w.path("nowhere/x.png"))
	w.s.stop()
	w.fails(69, "no server", "capture", "x.png")
}
