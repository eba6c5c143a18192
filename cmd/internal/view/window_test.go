package view

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/cmd/internal/eye"
	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/runtimetest"
	terminal "hearth/term/service"
	"hearth/vk/window/windowtest"
)

func TestMain(m *testing.M) {
	code := windowtest.Main(m)
	runtimetest.Cleanup()
	os.Exit(code)
}

// patience is far more than anything here takes.
const patience = 60 * time.Second

// until waits for something.
func until(t *testing.T, what string, right func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !right(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it does not come: %s", what)
		}
	}
}

// eyes are where somebody is at first who sits at a desk.
var eyes = eye.Eye{Position: mgl32.Vec3{0, 1, 2}}

// desk is somebody before a window on a space that has terminals.
type desk struct {
	*windowtest.Display
	*runtimetest.Space
	t   *testing.T
	v   *View
	id  string // of the window
	log *runtimetest.Log
}

// sh is a shell that says little, the same everywhere.
func sh(t *testing.T) *terminal.Command {
	t.Helper()
	path, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	return &terminal.Command{Path: path, Dir: t.TempDir()}
}

// sitDown opens the window.
func sitDown(t *testing.T, o Terminals) *desk {
	t.Helper()
	onLavapipe(t)
	d := &desk{Display: windowtest.Start(t), t: t}
	t.Setenv("DISPLAY", d.Name)
	t.Setenv("PS1", "$ ")
	t.Setenv("ENV", "")
	var log *slog.Logger
	log, d.log = listens()
	d.Space = runtimetest.New(t)
	var err error
	windowtest.OnMain(func() {
		d.v, err = Open(Options{Window: true, Title: "Hearth", Width: 320, Height: 180, Samples: 1, Validate: true, FPS: 30,
			Eye: eyes, HasEye: true, Terminals: &o}, d.Store, log)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range d.v.Services() {
		d.Serve(s)
	}
	d.v.Started(d.Runtime)
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go windowtest.OnMain(func() { ran <- d.v.Run(ctx, func() int { return 0 }) })
	t.Cleanup(func() {
		cancel()
		if err := <-ran; err != nil {
			t.Errorf("%v\n%s", err, d.log)
		}
		windowtest.OnMain(func() { err = d.v.Close() })
		if err != nil {
			t.Error(err)
		}
	})
	d.id = strings.Fields(d.Do("search", "--sync", "--onlyvisible", "--class", "Hearth"))[0]
	d.Do("windowfocus", "--sync", d.id)
	return d
}

// create has a terminal made, as a process here does that stays.
func (d *desk) create(request string) runtime.Capability {
	d.t.Helper()
	answers := make(chan *runtime.Request, 1)
	owner := d.NewService(func(_ context.Context, r *runtime.Request) { answers <- r })
	d.t.Cleanup(owner.Close)
	to, ok := d.Lookup(terminal.Factory)
	if !ok {
		d.t.Fatal("there is no factory")
	}
	if _, _, err := d.Send(context.Background(), to, runtime.Message{Data: []byte(request), Caps: []runtime.Capability{owner.Cap(caps.Send | caps.Monitor)}}); err != nil {
		d.t.Fatal(err)
	}
	select {
	case r := <-answers:
		if len(r.Caps) != 1 {
			d.t.Fatalf("%s", r.Data)
		}
		return r.Caps[0]
	case <-time.After(patience):
		d.t.Fatal("no answer")
	}
	return runtime.Capability{}
}

// text is what a terminal shows.
func (d *desk) text(c runtime.Capability) string {
	d.t.Helper()
	r, err := d.Call(context.Background(), c, runtime.Message{Data: []byte(`"Text"`)})
	if err != nil {
		d.t.Fatal(err)
	}
	var a struct{ Ok struct{ Text string } }
	if err := json.Unmarshal(r.Data, &a); err != nil {
		d.t.Fatalf("%s: %v", r.Data, err)
	}
	return a.Ok.Text
}

// pixel is where a place of the space is in the window.
func (d *desk) pixel(at mgl32.Vec3) (x, y string) {
	c := eyes.Camera(mgl32.DegToRad(60), 0.1)
	p := mgl32.Perspective(c.VFov, 320.0/180, 0.1, 100).Mul4(c.View).Mul4x1(at.Vec4(1))
	return fmt.Sprint(int((p[0]/p[3] + 1) / 2 * 320)), fmt.Sprint(int((1 - p[1]/p[3]) / 2 * 180))
}

func (d *desk) focused() bool {
	_, ok := d.v.shells.Focused()
	return ok
}

// A click gives a terminal the keys: what is typed is what the shell reads, and its
// answer is on the screen. The chord takes the keys back, and they move the eye again;
// what is selected and copied can be pasted.
func TestTypeIntoATerminal(t *testing.T) {
	d := sitDown(t, Terminals{Policy: terminal.Ask, Shell: sh(t)})
	c := d.create(`{"CreateTerminal":{"position":[0,1,0],"half_size":[0.9,0.5],"units_per_em":0.08}}`)
	until(t, "a prompt", func() bool { return strings.HasPrefix(d.text(c), "$") })
	x, y := d.pixel(mgl32.Vec3{0, 1, 0})
	d.Do("mousemove", "--window", d.id, x, y)
	d.Do("click", "1")
	until(t, "the focus", d.focused)
	d.Do("type", "echo HE''LLO $((6*7))")
	d.Do("key", "Return")
	until(t, "the answer of the shell", func() bool { return strings.Contains(d.text(c), "\nHELLO 42\n") })
	before := d.Shot(d.id)
	savePicture(t, "typed.png", before)
	// Two clicks select a word, which other programs can paste, and so can this one.
	info := d.v.shells.List()[0]
	x, y = d.pixel(mgl32.Vec3{-0.9 + 2.5*1.8/float32(info.Columns), 1.5 - 1.5/float32(info.Rows), 0})
	d.Do("mousemove", "--window", d.id, x, y)
	d.Do("click", "--repeat", "2", "--delay", "50", "1")
	until(t, "the word as what is selected", func() bool { return d.v.primary.Get() == "HELLO" })
	d.Do("key", "ctrl+shift+c")
	until(t, "the word in the clipboard", func() bool { return d.v.board.Get() == "HELLO" })
	d.Do("type", "echo ")
	d.Own("CLIPBOARD", "of another program")
	d.Do("key", "ctrl+shift+v")
	d.Do("key", "Return")
	until(t, "what was pasted", func() bool { return strings.Contains(d.text(c), "\nof another program\n") })
	// Keys with modifiers.
	d.Do("type", "cat")
	d.Do("key", "Return")
	d.Do("type", "a~!@#%^&*()_+{}|:<>?")
	d.Do("key", "ctrl+d")
	d.Do("key", "Return")
	until(t, "signs with Shift", func() bool { return strings.Count(d.text(c), "a~!@#%^&*()_+{}|:<>?") >= 2 })
	d.Do("key", "ctrl+c")
	d.Do("key", "ctrl+shift+Escape")
	until(t, "the keys back", func() bool { return !d.focused() })
	d.Do("keydown", "s")
	time.Sleep(500 * time.Millisecond)
	d.Do("keyup", "s")
	until(t, "a step back", func() bool { return differs(d.Shot(d.id), before) > 0.05 })
	if strings.Contains(d.text(c), "ss") {
		t.Error("the step was typed too")
	}
}

// Somebody who is not known asks for a terminal: the user says no, then always, and is
// not asked again, also by the next client of this world.
func TestPromptInTheWindow(t *testing.T) {
	world := t.TempDir()
	request := `introduce ` + terminal.Factory + ` usher {"CreateTerminal":{"position":[0,1,0],"units_per_em":0.1,"half_size":[1,1]}}`
	answers := func(d *desk, key string) {
		t.Helper()
		until(t, "a question", func() bool { return isBox(d.Shot(d.id)) })
		savePicture(t, "prompt.png", d.Shot(d.id))
		time.Sleep(promptQuiet + 200*time.Millisecond)
		d.Do("key", key)
	}
	// has waits for a terminal of a new process, which asks for itself, and ends it.
	has := func(d *desk, key string) {
		t.Helper()
		pid := d.SpawnGuest("usher", false, func(q *runtime.SpawnRequest) { q.Service = "usher" })
		if _, _, err := d.Accept(d.Cap(pid), runtime.Message{Data: []byte(request), Caps: []runtime.Capability{d.Cap(pid)}}); err != nil {
			t.Fatal(err)
		}
		if key != "" {
			answers(d, key)
		}
		until(t, "a terminal", func() bool { return len(d.v.shells.List()) == 1 })
		d.KillCapability(d.Cap(pid), false, "test")
		until(t, "no terminal any more", func() bool { return len(d.v.shells.List()) == 0 })
	}
	t.Run("no", func(t *testing.T) {
		d := sitDown(t, Terminals{Policy: terminal.Ask, Shell: sh(t), World: world})
		pid := d.SpawnGuest("usher", false, func(q *runtime.SpawnRequest) { q.Service = "usher" })
		out := make(chan string, 1)
		go func() {
			r, err := d.Call(context.Background(), d.Cap(pid), runtime.Message{Data: []byte(request)})
			if err != nil {
				r.Data = []byte(err.Error())
			}
			out <- string(r.Data)
		}()
		answers(d, "n")
		select {
		case a := <-out:
			if !strings.HasPrefix(a, `{"Err":`) {
				t.Errorf("no: %s", a)
			}
		case <-time.After(patience):
			t.Fatalf("no answer\n%s", d.log)
		}
		until(t, "the box gone", func() bool { return !isBox(d.Shot(d.id)) })
	})
	t.Run("always", func(t *testing.T) {
		d := sitDown(t, Terminals{Policy: terminal.Ask, Shell: sh(t), World: world})
		has(d, "a")
		has(d, "")
	})
	t.Run("again", func(t *testing.T) {
		d := sitDown(t, Terminals{Policy: terminal.Ask, Shell: sh(t), World: world})
		has(d, "")
	})
}

// isBox reports whether the middle of a picture is the box of a question.
func isBox(img *image.NRGBA) bool {
	n := 0
	for y := 60; y < 120; y++ {
		for x := 100; x < 220; x++ {
			if c := img.NRGBAAt(x, y); c.B > c.R+20 && c.B > 40 && c.B < 90 && c.R < 40 {
				n++
			}
		}
	}
	return n > 1000
}

// differs is the share of pixels that are others.
func differs(a, b *image.NRGBA) float64 {
	n := 0
	for i := 0; i < len(a.Pix); i += 4 {
		for c := range 3 {
			if x := int(a.Pix[i+c]) - int(b.Pix[i+c]); x > 12 || x < -12 {
				n++
				break
			}
		}
	}
	return float64(n) / float64(len(a.Pix)/4)
}

// savePicture keeps a picture for who wants to look at it.
func savePicture(t *testing.T, name string, img image.Image) {
	dir := os.Getenv("HEARTH_PICTURES")
	if dir == "" {
		return
	}
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

// A picture without a window waits for a shell's first words and their glyphs.
func TestCaptureATerminal(t *testing.T) {
	onLavapipe(t)
	t.Setenv("PS1", "$ ")
	file := filepath.Join(t.TempDir(), "x.png")
	for _, words := range []string{"", "printf '\\033[48;5;21m%60s\\033[0m' HELLO; sleep 30"} {
		shell := sh(t)
		if words != "" {
			shell.Args = []string{"-c", words}
		}
		log, said := listens()
		space := runtimetest.New(t)
		c, err := newCapture(file)
		if err != nil {
			t.Fatal(err)
		}
		var v *View
		windowtest.OnMain(func() {
			v, err = Open(Options{Width: 320, Height: 180, Samples: 1, Validate: true, FPS: 30, Frames: 1, Capture: c, Timeout: patience,
				Eye: eye.Eye{Position: mgl32.Vec3{0, 1, 1.2}}, HasEye: true, Terminals: &Terminals{Policy: terminal.Local, Shell: shell}}, space.Store, log)
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range v.Services() {
			space.Serve(s)
		}
		v.Started(space.Runtime)
		if _, err := v.shells.OpenHere(terminal.State{Position: mgl32.Vec3{0, 1, 0}, Orientation: mgl32.QuatIdent(), HalfSize: mgl32.Vec2{1, 0.6}, UnitsPerEm: 0.1, Opacity: 1}); err != nil {
			t.Fatal(err)
		}
		windowtest.OnMain(func() {
			if err := v.Run(t.Context(), func() int { return 0 }); err != nil {
				t.Error(err)
			}
			if err := v.Close(); err != nil {
				t.Error(err)
			}
		})
		f, err := os.Open(file)
		if err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		img, err := png.Decode(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		savePicture(t, fmt.Sprintf("capture%d.png", len(words)), img)
		blue, bright := 0, 0
		for y := range 180 {
			for x := range 320 {
				r, g, b, _ := img.At(x, y).RGBA()
				if b > 2*r+0x2000 && b > 2*g {
					blue++
				}
				if r > 0x9000 && g > 0x9000 && b > 0x9000 {
					bright++
				}
			}
		}
		if bright < 10 || words != "" && blue < 500 {
			t.Errorf("%q: %d bright pixels, %d blue ones\n%s", words, bright, blue, said)
		}
	}
}
