package cmd_test

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// lavapipe is the driver that tests draw with: the same on every machine.
const lavapipe = "VK_ICD_FILENAMES=/usr/share/vulkan/icd.d/lvp_icd.x86_64.json"

// newViewer is a place whose programs can draw, and have no display.
func newViewer(t *testing.T) *place {
	p := newPlace(t)
	// Pipelines are compiled once for all tests.
	p.env = append(p.env, lavapipe, "XDG_CACHE_HOME="+filepath.Join(bin, "cache"))
	return p
}

// client runs hearth-client to its end.
func (p *place) client(args ...string) result {
	p.t.Helper()
	return p.run(p.command("hearth-client", args...), nil)
}

// drawn runs hearth-client until it has made a small picture, and returns it.
func (p *place) drawn(file string, args ...string) *image.NRGBA {
	p.t.Helper()
	args = append([]string{"--headless", "--capture", p.path(file), "--size", "256x144", "--samples", "1", "--validate"}, args...)
	if r := p.client(args...); r.code != 0 {
		p.t.Fatalf("%q: exit code %d\n%s", args, r.code, r.errout)
	}
	return p.picture(file)
}

// picture reads a picture that a program made.
func (p *place) picture(file string) *image.NRGBA {
	p.t.Helper()
	f, err := os.Open(p.path(file))
	if err != nil {
		p.t.Fatal(err)
	}
	defer f.Close()
	src, err := png.Decode(f)
	if err != nil {
		p.t.Fatal(err)
	}
	img := image.NewNRGBA(src.Bounds())
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			img.Set(x, y, src.At(x, y))
		}
	}
	return img
}

// differing is the share of pixels that differ by more than a little.
func differing(a, b *image.NRGBA) float64 {
	if a.Rect != b.Rect {
		return 1
	}
	n := 0
	for i := 0; i < len(a.Pix); i += 4 {
		for c := range 3 {
			if d := int(a.Pix[i+c]) - int(b.Pix[i+c]); d > 12 || d < -12 {
				n++
				break
			}
		}
	}
	return float64(n) / float64(len(a.Pix)/4)
}

// colours is how many colours a picture has.
func colours(img *image.NRGBA) int {
	seen := map[color.NRGBA]bool{}
	for i := 0; i < len(img.Pix); i += 4 {
		seen[color.NRGBA{img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3]}] = true
	}
	return len(seen)
}

// A new world shows the starting world without a display, and shows it again when it
// is opened again.
func TestCaptureStartingWorld(t *testing.T) {
	p := newViewer(t)
	at := []string{"--world", p.path("w"), "--camera", "0,3,9,0,-12"}
	first := p.drawn("first.png", at...)
	if first.Rect != image.Rect(0, 0, 256, 144) || colours(first) < 500 {
		t.Errorf("%v with %d colours", first.Rect, colours(first))
	}
	if top, bottom := first.NRGBAAt(128, 4), first.NRGBAAt(128, 140); top.B <= bottom.B {
		t.Errorf("the sky is %v, the ground %v", top, bottom)
	}
	second := p.drawn("second.png", at...)
	if d := differing(first, second); d > 0.25 {
		t.Errorf("%.0f%% of the picture is another after a restart", 100*d)
	}
	away := p.drawn("away.png", "--world", p.path("w"), "--camera", "0,3,9,180,60")
	if d := differing(first, away); d < 0.5 {
		t.Errorf("the other way it looks the same but for %.0f%%", 100*d)
	}
	look := p.drawn("look.png", "--world", p.path("w"), "--camera", "0,3,9", "--look-at", "0,1.0869,0")
	if d := differing(first, look); d > 0.25 {
		t.Errorf("--look-at is not --camera: %.0f%%", 100*d)
	}
}

// Frames go to a folder, one file each, and the world goes on between them.
func TestCaptureFolder(t *testing.T) {
	p := newViewer(t)
	if r := p.client("--headless", "--world", p.path("w"), "--capture", p.path("film"), "--frames", "5", "--fps", "10", "--size", "128x72", "--samples", "1", "--overlay"); r.code != 0 {
		t.Fatalf("exit code %d\n%s", r.code, r.errout)
	}
	files, _ := filepath.Glob(p.path("film/*"))
	if len(files) != 5 || filepath.Base(files[0]) != "000001.png" || filepath.Base(files[4]) != "000005.png" {
		t.Fatalf("%q", files)
	}
	for i := range files {
		if img := p.picture(fmt.Sprintf("film/%06d.png", i+1)); img.Rect != image.Rect(0, 0, 128, 72) {
			t.Errorf("frame %d is %v", i, img.Rect)
		}
	}
}

// An empty world is a background, at once, and the same every time.
func TestCaptureEmptyWorld(t *testing.T) {
	p := newViewer(t)
	begun := time.Now()
	a := p.drawn("a.png", "--world", p.path("w"), "--init", "")
	if d := time.Since(begun); d > 20*time.Second {
		t.Errorf("it took %v", d)
	}
	b := p.drawn("b.png", "--world", p.path("w"), "--init", "", "--frames", "7")
	if differing(a, b) > 0 || colours(a) > 3 {
		t.Errorf("%.0f%% differ, %d colours", 100*differing(a, b), colours(a))
	}
}

// What stands in the way of drawing is one sentence with its code, and no world is
// made.
func TestCannotDraw(t *testing.T) {
	p := newViewer(t)
	letter := p.file("letter", []byte("dear"))
	picture := p.path("picture.png")
	for _, c := range []struct {
		name string
		code int
		says string
		env  string
		args []string
	}{
		{"no display", 69, "$DISPLAY is not set", "", nil},
		{"a display that does not answer", 69, ":4711", "DISPLAY=:4711", nil},
		{"no driver", 69, "Vulkan driver", "VK_ICD_FILENAMES=/nonexistent.json", []string{"--headless", "--capture", picture}},
		{"a driver that is none", 69, "Vulkan driver", "VK_ICD_FILENAMES=" + letter, []string{"--headless", "--capture", picture}},
		{"no such device", 69, "llvmpipe", "", []string{"--headless", "--capture", picture, "--device", "Voodoo"}},
		{"nothing to do", 64, "--capture", "", []string{"--headless"}},
		{"capture of a window", 64, "--headless", "DISPLAY=:4711", []string{"--capture", picture}},
		{"no such folder", 73, "cannot be made", "", []string{"--headless", "--capture", p.path("no/where/x.png")}},
		{"a file in the way", 64, ".png", "", []string{"--headless", "--capture", letter}},
		{"a size that is none", 64, "1280x720", "", []string{"--headless", "--capture", picture, "--size", "big"}},
		{"a camera that is none", 64, "--camera", "", []string{"--headless", "--capture", picture, "--camera", "1,2"}},
		{"a place that is none", 64, "--look-at", "", []string{"--headless", "--capture", picture, "--look-at", "NaN,0,0"}},
		{"two ways to look", 64, "--camera X,Y,Z alone", "", []string{"--headless", "--capture", picture, "--camera", "0,1,2,3,4", "--look-at", "0,0,0"}},
		{"three samples", 64, "--samples", "", []string{"--headless", "--capture", picture, "--samples", "3"}},
		{"no frames", 64, "--frames", "", []string{"--headless", "--capture", picture, "--frames", "0"}},
		{"flags without use", 64, "--overlay", "", []string{"--headless", "--overlay", "--connect", "hearth://127.0.0.1:1/x"}},
		{"a format that is none", 64, "--format", "", []string{"--headless", "--record", "-", "--format", "avi"}},
		{"png to a pipe", 64, "folder", "", []string{"--headless", "--record", "-", "--format", "png"}},
		{"a module that is none", 65, "first process", "", []string{"--headless", "--capture", picture, "--init", letter}},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := *p
			q.t = t
			if c.env != "" {
				q.env = append(q.env[:len(q.env):len(q.env)], c.env)
			}
			args := append([]string{"--world", p.path("w"), "--log-level", "error"}, c.args...)
			q.refused(q.client(args...), c.code, c.says, args...)
			if _, err := os.Stat(p.path("w")); !os.IsNotExist(err) {
				t.Error("a world was made")
				os.RemoveAll(p.path("w"))
			}
		})
	}
	if _, err := os.Stat(picture); !os.IsNotExist(err) {
		t.Error("a picture was made")
	}
}

// The scene of a server is seen from a client that joins it.
func TestCaptureOfServer(t *testing.T) {
	p := newViewer(t)
	space := p.file("space.wasm", startingWorld())
	p.serve("--world", p.path("home"), "--init", space).stop()
	s := p.listening("home")
	img := p.drawn("joined.png", "--connect", s.links[0], "--world", p.path("mine"), "--password-file", p.path("password"), "--camera", "0,3,9,0,-12")
	if colours(img) < 500 {
		t.Errorf("the picture has %d colours", colours(img))
	}
	own := p.drawn("own.png", "--world", p.path("own"), "--camera", "0,3,9,0,-12")
	if d := differing(img, own); d > 0.25 {
		t.Errorf("from a client %.0f%% of it is another", 100*d)
	}
}

// Killed in the middle of its frames, the client loses nothing: the world comes back,
// and with it what it shows.
func TestKilledWhileDrawing(t *testing.T) {
	p := newViewer(t)
	for range 3 {
		cmd := exec.Command(filepath.Join(bin, "hearth-client"), "--headless", "--world", p.path("w"), "--capture", p.path("film"), "--frames", "100000", "--size", "64x36", "--samples", "1")
		s, err := p.start(cmd)
		if err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
			if files, _ := filepath.Glob(p.path("film/*.png")); len(files) > 3 {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("no pictures\n%s", s.log)
			}
		}
		s.end(syscall.SIGKILL)
		files, _ := filepath.Glob(p.path("film/*.png"))
		for _, f := range files {
			name, err := filepath.Rel(p.dir, f)
			if err != nil {
				t.Fatal(err)
			}
			p.picture(name) // whole, all of them
		}
		if err := os.RemoveAll(p.path("film")); err != nil {
			t.Fatal(err)
		}
	}
	if img := p.drawn("after.png", "--world", p.path("w"), "--camera", "0,3,9,0,-12"); colours(img) < 500 {
		t.Errorf("the picture has %d colours", colours(img))
	}
}

// SIGTERM while drawing ends the client in order.
func TestTermWhileDrawing(t *testing.T) {
	p := newViewer(t)
	s, err := p.start(exec.Command(filepath.Join(bin, "hearth-client"), "--headless", "--world", p.path("w"), "--capture", p.path("film"), "--frames", "100000", "--size", "64x36", "--samples", "1"))
	if err != nil {
		t.Fatal(err)
	}
	s.stop()
	if !strings.Contains(s.log.String(), "stopping") {
		t.Errorf("%s", s.log)
	}
}

// A picture that was asked for and not made is said, and no success.
func TestTermBeforeThePicture(t *testing.T) {
	p := newViewer(t)
	s, err := p.start(exec.Command(filepath.Join(bin, "hearth-client"), "--headless", "--world", p.path("w"), "--capture", p.path("one.png"), "--frames", "100000", "--size", "64x36", "--samples", "1"))
	if err != nil {
		t.Fatal(err)
	}
	s.end(syscall.SIGTERM)
	if code := s.cmd.ProcessState.ExitCode(); code != 130 || !strings.HasSuffix(strings.TrimSpace(s.log.String()), "hearth-client: interrupted before the picture was made") {
		t.Errorf("it ends with %d\n%s", code, s.log)
	}
}

// Another driver, which binds all textures at once, draws the same world.
func TestCaptureOnAnotherDriver(t *testing.T) {
	p := newViewer(t)
	at := []string{"--world", p.path("w"), "--camera", "0,3,9,0,-12"}
	first := p.drawn("first.png", at...)
	p.env = append(p.env, "VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json", "XDG_CACHE_HOME="+p.path("cache"))
	second := p.drawn("second.png", append(at, "--device", "SwiftShader")...)
	if d := differing(first, second); d > 0.25 || d == 0 {
		t.Errorf("%.1f%% of the picture is another", 100*d)
	}
}
