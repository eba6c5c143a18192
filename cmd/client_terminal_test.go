package cmd_test

import (
	"bytes"
	"image"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// eventually waits for something.
func eventually(t *testing.T, what string, right func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !right(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it does not come: %s", what)
		}
	}
}

// bright is how many pixels are as bright as text.
func bright(img *image.NRGBA) (n int) {
	for i := 0; i < len(img.Pix); i += 4 {
		if img.Pix[i] > 140 && img.Pix[i+1] > 140 && img.Pix[i+2] > 140 {
			n++
		}
	}
	return n
}

// The user opens a terminal with F5 and acts on this very world from its shell. What was
// on its screen is there after a kill, when the shell is not.
func TestTerminalOfTheUser(t *testing.T) {
	p := newViewer(t)
	p.env = append(p.env, "PS1=$ ", "ENV=")
	x := p.open("--init", "", "--shell", "sh", "--terminal", "ask")
	before := x.Shot(x.id)
	x.Do("key", "F5")
	x.until("a terminal", func(img *image.NRGBA) bool { return differing(img, before) > 0.2 })
	x.Do("type", "hearth-ctl ps > said 2>&1; echo $? $HEARTH_SOCKET >> said; echo A''PICTURE")
	x.Do("key", "Return")
	var said string
	eventually(t, "what the shell writes", func() bool {
		b, _ := os.ReadFile(p.path("said"))
		said = string(b)
		return strings.Contains(said, x.socket)
	})
	if !strings.HasSuffix(said, "0 "+x.socket+"\n") {
		t.Errorf("hearth-ctl does not work in the shell: %q\n%s", said, x.log)
	}
	eventually(t, "a picture of the screen on disk", func() bool {
		files, err := filepath.Glob(p.path("w/cache/terminals/*"))
		if err != nil || len(files) != 1 {
			return false
		}
		b, err := os.ReadFile(files[0])
		return err == nil && bytes.Contains(b, []byte("APICTURE"))
	})
	x.Do("key", "ctrl+shift+Escape")
	x.end(syscall.SIGKILL)
	p.env = append(p.env, "DISPLAY=")
	if img := p.drawn("was.png", "--world", p.path("w"), "--terminal", "ask"); bright(img) < 20 {
		t.Errorf("%d bright pixels", bright(img))
	}
	if img := p.drawn("none.png", "--world", p.path("w"), "--terminal", "none"); bright(img) > 0 {
		t.Errorf("without terminals: %d bright pixels", bright(img))
	}
}

// With --terminal none there is no service for terminals, and F5 says so.
func TestNoTerminals(t *testing.T) {
	p := newViewer(t)
	x := p.open("--init", "", "--terminal", "none")
	p.fails(66, "hearth.terminal.TerminalFactory", "--world", p.path("w"), "send", "hearth.terminal.TerminalFactory", `"Describe"`, "--wait")
	before := x.Shot(x.id)
	x.Do("key", "F5")
	x.until("why there is none", func(img *image.NRGBA) bool {
		return differing(img.SubImage(image.Rect(0, 120, 320, 180)).(*image.NRGBA), before.SubImage(image.Rect(0, 120, 320, 180)).(*image.NRGBA)) > 0.05
	})
	x.stop()
}

// What stands in the way of terminals is one sentence, before a world is made.
func TestTerminalFlagsRefused(t *testing.T) {
	p := newViewer(t)
	font := p.file("broken.ttf", []byte("\x00\x01\x00\x00 no font"))
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{64, "none, ask or local", []string{"--terminal", "everybody"}},
		{64, "cannot be run", []string{"--shell", "/no/such/shell"}},
		{64, "quotation mark", []string{"--shell", "sh -c 'x"}},
		{66, "no such file", []string{"--font", p.path("none.ttf")}},
		{65, "broken.ttf", []string{"--font", font}},
		{64, "a font is a file", []string{"--font", p.dir}},
		{64, "no use", []string{"--terminal", "none", "--font", font}},
	} {
		args := append([]string{"--world", p.path("new"), "--headless", "--capture", p.path("x.png")}, c.args...)
		p.refused(p.client(args...), c.code, c.says, args...)
		if _, err := os.Stat(p.path("new")); err == nil {
			t.Errorf("%q makes a world", c.args)
		}
	}
	args := []string{"--headless", "--connect", "hearth://127.0.0.1:1/x", "--shell", "sh"}
	p.refused(p.client(args...), 64, "--shell is of no use", args...)
}
