package cmd_test

import (
	"bufio"
	"bytes"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// camera places a camera through the scene graph of the starting world.
func (p *place) camera(world, name string, w, h int) {
	p.t.Helper()
	for end := time.Now().Add(patience); !strings.Contains(p.ok("--world", p.path(world), "list-services"), "hearth.space.Scene"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatal("there is no scene")
		}
	}
	put := fmt.Sprintf(`{"Put":{"name":%q,"service":"hearth.Camera","request":{"CreateCamera":{"position":[0,3,9],"width":%d,"height":%d,"every":0.05,"name":%q}}}}`, name, w, h, name)
	if got := p.ask(world, "hearth.space.Scene", put); got != `{"Ok":null}` {
		p.t.Fatalf("a camera: %s", got)
	}
}

// films starts a client without a window that records.
func (p *place) films(args ...string) *server {
	p.t.Helper()
	s, err := p.start(p.command("hearth-client", append([]string{"--headless", "--world", p.path("w"), "--samples", "1", "--fps", "20"}, args...)...))
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

// files waits until a pattern matches so many files.
func (p *place) wait(pattern string, n int) []string {
	p.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		files, err := filepath.Glob(p.path(pattern))
		if err != nil {
			p.t.Fatal(err)
		}
		if len(files) >= n {
			return files
		}
		if time.Now().After(end) {
			p.t.Fatalf("%s matches %d files, want %d", pattern, len(files), n)
		}
	}
}

// Cameras that guests place are filmed, each into a folder, until they are removed.
func TestFilmsToFolders(t *testing.T) {
	p := newViewer(t)
	s := p.films("--record", p.path("films"), "--validate")
	p.camera("w", "over/the ground", 128, 72)
	p.wait("films/camera-1-overtheground/*.png", 3)
	p.camera("w", "another", 64, 64)
	p.wait("films/camera-2-another/*.png", 3)
	if img := p.picture("films/camera-2-another/000002.png"); img.Rect != image.Rect(0, 0, 64, 64) || colours(img) < 100 {
		t.Errorf("%v with %d colours", img.Rect, colours(img))
	}
	if got := p.ask("w", "hearth.space.Scene", `{"Remove":{"name":"another"}}`); got != `{"Ok":null}` {
		t.Fatal(got)
	}
	time.Sleep(500 * time.Millisecond)
	before := len(p.wait("films/camera-2-another/*.png", 1))
	first := len(p.wait("films/camera-1-overtheground/*.png", 1))
	p.wait("films/camera-1-overtheground/*.png", first+5)
	if after := len(p.wait("films/camera-2-another/*.png", 1)); after != before {
		t.Errorf("a camera that was removed makes pictures: %d, then %d", before, after)
	}
	s.stop()
}

// frames reads the frames of a y4m film, and what its header says.
func frames(t *testing.T, r io.Reader, size, n int) (header string) {
	t.Helper()
	in := bufio.NewReader(r)
	header, err := in.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	frame := make([]byte, size)
	for i := range n {
		line, err := in.ReadString('\n')
		if err != nil || !strings.HasPrefix(line, "FRAME") {
			t.Fatalf("frame %d begins with %q, %v", i, line, err)
		}
		if _, err := io.ReadFull(in, frame); err != nil {
			t.Fatal(err)
		}
		if luma := frame[:size*2/3]; bytes.Count(luma, luma[:1]) > len(luma)/2 {
			t.Errorf("frame %d is mostly of brightness %d", i, luma[0])
		}
	}
	return header
}

// A film goes to a pipe, which nobody has to read: the world does not wait.
func TestFilmToPipe(t *testing.T) {
	p := newViewer(t)
	fifo := p.path("film.y4m")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	s := p.films("--record", fifo)
	p.camera("w", "cam", 128, 72)
	time.Sleep(500 * time.Millisecond) // pictures are made, and nobody reads
	if got := p.ask("w", "hearth.space.Scene", `"Status"`); !strings.Contains(got, "Ok") {
		t.Errorf("the world waits for a reader: %s", got)
	}
	f, err := os.Open(fifo)
	if err != nil {
		t.Fatal(err)
	}
	if header := frames(t, f, 128*72*3/2, 10); !strings.HasPrefix(header, "YUV4MPEG2 W128 H72 F20:1") {
		t.Errorf("%q", header)
	}
	f.Close() // in the middle of a picture
	select {
	case <-s.gone:
	case <-time.After(patience):
		t.Fatalf("nobody reads, and it goes on\n%s", s.log)
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 74 || !strings.Contains(s.log.String(), "snapshot taken") {
		t.Errorf("the end of the reader ends it with %d\n%s", code, s.log)
	}
}

// A film goes to stdout, and nothing else does.
func TestFilmToStdout(t *testing.T) {
	p := newViewer(t)
	cmd := p.command("hearth-client", "--headless", "--world", p.path("w"), "--samples", "1", "--fps", "20", "--record", "-", "--format", "rgba", "--log-level", "warn")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	said := &said{more: make(chan struct{})}
	errout, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer stop.Stop()
	go said.read(errout)
	if _, ok := said.wait("ready ", 1); !ok {
		t.Fatalf("not ready: %s", said.all())
	}
	p.camera("w", "cam", 64, 36)
	img := image.NewNRGBA(image.Rect(0, 0, 64, 36))
	for i := range 5 {
		if _, err := io.ReadFull(out, img.Pix); err != nil {
			t.Fatal(err)
		}
		if img.Pix[3] != 255 || i > 2 && colours(img) < 50 {
			t.Errorf("picture %d has %d colours, opacity %d", i, colours(img), img.Pix[3])
		}
	}
	cmd.Process.Signal(syscall.SIGTERM)
	io.Copy(io.Discard, out) // to the end, as a recording program does
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, said.all())
	}
}

// What a window shows is filmed too, and a hidden window does not stop the film.
func TestFilmBesideWindow(t *testing.T) {
	p := newViewer(t)
	x := p.open("--record", p.path("films"))
	x.full()
	p.camera("w", "cam", 64, 36)
	p.wait("films/camera-1-cam/*.png", 2)
	x.Do("windowunmap", "--sync", x.id)
	time.Sleep(300 * time.Millisecond)
	n := len(p.wait("films/camera-1-cam/*.png", 2))
	p.wait("films/camera-1-cam/*.png", n+5)
	x.stop()
}
