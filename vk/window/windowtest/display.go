// Package windowtest puts somebody in front of a window: an X server without a
// screen (Xvfb), and hands on its keyboard and mouse (xdotool).
package windowtest

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// Display is an X server that runs for a test.
type Display struct {
	Name string // for $DISPLAY
	t    testing.TB
	x    *exec.Cmd
}

// Start starts a display of 800x600 pixels, without a window manager. It ends with
// the test.
func Start(t testing.TB) *Display {
	t.Helper()
	return start(t, "-noreset")
}

// StartResetting starts a display that begins anew whenever its last program leaves.
func StartResetting(t testing.TB) *Display {
	t.Helper()
	return start(t)
}

func start(t testing.TB, more ...string) *Display {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	x := exec.Command("Xvfb", append([]string{"-displayfd", "3", "-screen", "0", "800x600x24", "-nolisten", "tcp"}, more...)...)
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
		t.Fatal(err)
	}
	return &Display{Name: ":" + strings.TrimSpace(number), t: t, x: x}
}

// Kill takes the display away from the programs that use it.
func (d *Display) Kill() { d.x.Process.Kill() }

// Do runs xdotool and returns what it prints.
func (d *Display) Do(args ...string) string {
	d.t.Helper()
	cmd := exec.Command("xdotool", args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+d.Name)
	out, err := cmd.CombinedOutput()
	if err != nil {
		d.t.Fatalf("xdotool %q: %v\n%s", args, err, out)
	}
	return strings.TrimSuffix(string(out), "\n")
}
