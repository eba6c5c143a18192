package cmd_test

import (
	"fmt"
	"image"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hearth/fixtures/space"
	"hearth/vk/window/windowtest"
)

func startingWorld() []byte { return space.Module() }

// watcher is somebody in front of a client's window.
type watcher struct {
	*windowtest.Display
	*server
	t  *testing.T
	id string // of the window
}

// open starts a client with a window.
func (p *place) open(args ...string) *watcher {
	p.t.Helper()
	d := windowtest.Start(p.t)
	p.env = append(p.env, "DISPLAY="+d.Name)
	args = append([]string{"--world", p.path("w"), "--size", "320x180", "--samples", "1", "--validate"}, args...)
	s, err := p.start(exec.Command(filepath.Join(bin, "hearth-client"), args...))
	if err != nil {
		p.t.Fatal(err)
	}
	x := &watcher{Display: d, server: s, t: p.t}
	x.id = strings.Fields(d.Do("search", "--sync", "--onlyvisible", "--class", "Hearth"))[0]
	d.Do("windowfocus", "--sync", x.id)
	return x
}

// until looks at the window until what it shows is right.
func (x *watcher) until(what string, right func(*image.NRGBA) bool) *image.NRGBA {
	x.t.Helper()
	for end := time.Now().Add(patience / 2); ; time.Sleep(50 * time.Millisecond) {
		img := x.Shot(x.id)
		if right(img) {
			return img
		}
		if time.Now().After(end) {
			x.t.Fatalf("%s: the window does not show it\n%s", what, x.log)
		}
	}
}

// full waits until the starting world is there: the picture has many colours and
// rests, but for what moves.
func (x *watcher) full() *image.NRGBA {
	x.t.Helper()
	return x.until("the starting world", func(img *image.NRGBA) bool { return colours(img) > 500 })
}

// steady waits until the picture rests, but for what moves.
func (x *watcher) steady() *image.NRGBA {
	x.t.Helper()
	last, rested := x.Shot(x.id), 0
	return x.until("a picture that rests", func(img *image.NRGBA) bool {
		time.Sleep(150 * time.Millisecond)
		if rested++; colours(img) <= 500 || differing(img, last) >= 0.1 {
			rested = 0
		}
		last = img
		return rested >= 4 // a busy machine draws few frames a second
	})
}

// A window shows the world; keys and the mouse move the eye; the window is resized,
// hidden, shown, and closed, and the world ends in order.
func TestWindow(t *testing.T) {
	p := newViewer(t)
	x := p.open()
	x.full()
	before := x.Shot(x.id)
	x.Do("keydown", "s")
	time.Sleep(700 * time.Millisecond)
	x.Do("keyup", "s")
	moved := x.until("S moves back", func(img *image.NRGBA) bool { return differing(img, before) > 0.1 })
	// The right button takes the mouse: now it turns the eye.
	x.Do("mousemove", "--window", x.id, "160", "90")
	x.Do("click", "3")
	time.Sleep(200 * time.Millisecond)
	x.Do("mousemove_relative", "--", "200", "0")
	x.until("the mouse turns", func(img *image.NRGBA) bool { return differing(img, moved) > 0.2 })
	x.Do("key", "Escape")
	// Figures.
	dark := func(img *image.NRGBA) bool { c := img.NRGBAAt(4, 4); return int(c.R)+int(c.G)+int(c.B) < 300 }
	if dark(x.Shot(x.id)) {
		t.Error("the sky is dark")
	}
	x.Do("key", "F3")
	x.until("F3 shows figures", dark)
	x.Do("key", "F3")
	x.until("F3 hides them", func(img *image.NRGBA) bool { return !dark(img) })
	// Another size: the picture fills it.
	x.Do("windowsize", "--sync", x.id, "400", "240")
	x.until("a larger window", func(img *image.NRGBA) bool {
		return img.Rect == image.Rect(0, 0, 400, 240) && colours(img.SubImage(image.Rect(330, 190, 400, 240)).(*image.NRGBA)) > 20
	})
	x.Do("windowsize", "--sync", x.id, "1", "1")
	x.Do("windowsize", "--sync", x.id, "320", "180")
	x.full()
	// A guest's camera is looked through when the user asks for it.
	ours := x.steady()
	down := `{"SetCamera":{"vfov":60,"near":0.1,"view":[1,0,0,0, 0,0,1,0, 0,-1,0,0, 0,0,-30,1]}}`
	if got := p.ask("w", "hearth.Window", down); !strings.Contains(got, "Ok") {
		t.Errorf("SetCamera: %s", got)
	}
	time.Sleep(300 * time.Millisecond)
	then := x.Shot(x.id)
	x.Do("key", "F4")
	x.until("a guest's camera, from above, and not before it was asked for", func(img *image.NRGBA) bool {
		return differing(img, ours) > 0.4 && differing(img, then) > 0.4
	})
	x.CloseWindow(x.id)
	x.ended(0)
	if !strings.Contains(x.log.String(), "stopping") {
		t.Errorf("it did not stop in order\n%s", x.log)
	}
}

// ended waits for the end of the client and wants an exit code.
func (x *watcher) ended(code int) {
	x.t.Helper()
	select {
	case <-x.gone:
	case <-time.After(patience):
		x.t.Fatalf("it does not end\n%s", x.log)
	}
	if got := x.cmd.ProcessState.ExitCode(); got != code {
		x.t.Errorf("it ended with %d, want %d\n%s", got, code, x.log)
	}
}

// SIGTERM closes the window and the world, as the user does.
func TestWindowTerm(t *testing.T) {
	p := newViewer(t)
	x := p.open("--init", "")
	x.stop()
}

// What changes in the scene is seen at once; a window at rest, or one that nobody sees,
// costs next to nothing.
func TestWindowRests(t *testing.T) {
	p := newViewer(t)
	x := p.open("--init", "")
	look := func(r, g, b float64) {
		t.Helper()
		got := p.ask("w", "hearth.Renderer", fmt.Sprintf(`{"SetLook":{"background":[%g,%g,%g],"bloom":0}}`, r, g, b))
		if !strings.Contains(got, "Ok") {
			t.Fatalf("SetLook: %s", got)
		}
	}
	look(0.5, 0, 0)
	x.until("red", func(img *image.NRGBA) bool { c := img.NRGBAAt(160, 90); return c.R > 100 && c.G < 60 && c.B < 60 })
	look(0, 0.5, 0)
	x.until("green", func(img *image.NRGBA) bool { c := img.NRGBAAt(160, 90); return c.G > 100 && c.R < 60 && c.B < 60 })
	// What is under a pixel is told by frames, which are drawn for it.
	if got := p.ask("w", "hearth.Renderer", `{"Pick":{"x":160,"y":90}}`); !strings.HasPrefix(got, `{"Ok"`) {
		t.Errorf("Pick: %s", got)
	}
	for _, state := range []string{"at rest", "hidden"} {
		if state == "hidden" {
			x.Do("windowunmap", "--sync", x.id)
			time.Sleep(500 * time.Millisecond)
		}
		before := x.busy()
		time.Sleep(2 * time.Second)
		if used := x.busy() - before; used > time.Second {
			t.Errorf("a window %s takes %v of a processor in 2 s", state, used)
		}
	}
	if got := p.ask("w", "hearth.Window", `{"SetTitle":"a guest's title"}`); !strings.Contains(got, "Ok") {
		t.Errorf("SetTitle: %s", got)
	}
	look(0, 0, 0.5) // a scene that changes while nobody sees it
	x.Do("windowmap", "--sync", x.id)
	x.until("blue", func(img *image.NRGBA) bool { c := img.NRGBAAt(160, 90); return c.B > 100 && c.R < 60 && c.G < 60 })
	if title := x.Do("getwindowname", x.id); title != "a guest's title" {
		t.Errorf("the title is %q", title)
	}
	x.stop()
}

// busy is the processor time that the client has used.
func (x *watcher) busy() time.Duration {
	x.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", x.cmd.Process.Pid))
	if err != nil {
		x.t.Fatal(err)
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+2:]))
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// A display that goes away ends the client in order, with a sentence.
func TestDisplayGoesAway(t *testing.T) {
	p := newViewer(t)
	x := p.open()
	x.full()
	x.Kill()
	x.ended(69)
	if log := x.log.String(); !strings.Contains(log, "the display went away") {
		t.Errorf("%s", log)
	}
	// The world is whole: another program opens it.
	if img := p.drawn("after.png", "--world", p.path("w")); colours(img) < 500 {
		t.Errorf("%d colours", colours(img))
	}
}

// One world has one client.
func TestSecondClient(t *testing.T) {
	p := newViewer(t)
	x := p.open("--init", "")
	p.refused(p.client("--world", p.path("w"), "--log-level", "error"), 75, "in use", "a second client")
	x.end(syscall.SIGTERM)
}

// near reports pixels of about the same colour.
func near(a, b color.NRGBA) bool {
	far := func(x, y uint8) bool { return max(x, y)-min(x, y) > 24 }
	return !far(a.R, b.R) && !far(a.G, b.G) && !far(a.B, b.B)
}

// A click reaches the guest whose thing lies under the pointer: the cube of the
// starting world takes another colour. Figures and the line that names who has the
// keys come and go.
func TestWindowClickAndKeys(t *testing.T) {
	p := newViewer(t)
	x := p.open("--camera", "0,1.7,6", "--look-at", "1.6,0.9,2")
	x.full()
	cube := image.Pt(148, 93)
	before := x.Shot(x.id).NRGBAAt(cube.X, cube.Y)
	x.Do("mousemove", "--window", x.id, fmt.Sprint(cube.X), fmt.Sprint(cube.Y))
	for end := time.Now().Add(patience / 2); ; {
		x.Do("click", "1")
		time.Sleep(300 * time.Millisecond)
		if !near(x.Shot(x.id).NRGBAAt(cube.X, cube.Y), before) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("a click on the cube changes nothing\n%s", x.log)
		}
	}
	// The chord gives the keys to the guest that listens: they move the eye no more.
	named := func(img *image.NRGBA) bool { c := img.NRGBAAt(310, 3); return int(c.R)+int(c.G)+int(c.B) < 300 }
	x.Do("key", "ctrl+Tab")
	x.until("who has the keys", named)
	still := x.Shot(x.id)
	x.Do("keydown", "s")
	time.Sleep(time.Second)
	x.Do("keyup", "s")
	if d := differing(x.Shot(x.id), still); d > 0.1 {
		t.Errorf("a key of a guest moved the eye: %.0f%%", 100*d)
	}
	x.Do("key", "ctrl+shift+Escape")
	x.until("the keys are taken back", func(img *image.NRGBA) bool { return !named(img) })
	x.Do("keydown", "s")
	time.Sleep(700 * time.Millisecond)
	x.Do("keyup", "s")
	x.until("S moves back", func(img *image.NRGBA) bool { return differing(img, still) > 0.1 })
	x.stop()
}

// Who walks falls to the ground and stands there.
func TestWindowWalk(t *testing.T) {
	p := newViewer(t)
	x := p.open("--camera", "0,6,9,0,-30")
	high := x.full()
	x.Do("key", "F2")
	x.until("the fall", func(img *image.NRGBA) bool { return differing(img, high) > 0.3 })
	time.Sleep(2 * time.Second)
	ground := x.Shot(x.id)
	time.Sleep(time.Second)
	if d := differing(x.Shot(x.id), ground); d > 0.15 {
		t.Errorf("who stands moves: %.0f%%", 100*d)
	}
	standing := p.drawnOf(x, "0,1.7,9,0,-30")
	if d := differing(ground, standing); d > 0.25 {
		t.Errorf("the eyes are not at their height: %.0f%%", 100*d)
	}
}

// drawnOf ends a client and has another draw its world from a place.
func (p *place) drawnOf(x *watcher, from string) *image.NRGBA {
	p.t.Helper()
	x.stop()
	return p.drawn("standing.png", "--world", p.path("w"), "--camera", from, "--size", "320x180")
}
