package cmd_test

import (
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// walker is somebody who works in the terminal of the starting world: a script does here
// what a person's fingers do.
type walker struct {
	*place
	s *server
}

// walk starts a client without a window, whose pictures go to a folder one after the
// other, and a checkout of this repository to work in.
func walk(t *testing.T, args ...string) *walker {
	p := newViewer(t)
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(p.path("hearth/fixtures/walk"), os.DirFS("../fixtures/walk")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum", "runtime"} {
		if err := os.Symlink(filepath.Join(root, name), p.path("hearth/"+name)); err != nil {
			t.Fatal(err)
		}
	}
	// What Go has compiled and fetched already serves the shell as well.
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS", "GOTOOLCHAIN"} {
		out, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		p.env = append(p.env, name+"="+strings.TrimSpace(string(out)))
	}
	p.env = append(p.env, "PS1=$ ", "ENV=")
	args = append([]string{"--headless", "--world", p.path("w"), "--shell", "sh", "--capture", p.path("film"), "--frames", "1000000", "--fps", "2",
		"--size", "480x270", "--samples", "1", "--log-level", "warn"}, args...)
	s, err := p.start(p.command("hearth-client", args...))
	if err != nil {
		t.Fatal(err)
	}
	p.env = append(p.env, "HEARTH_SOCKET="+s.socket)
	w := &walker{p, s}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the terminal shows\n%s\nand the client says\n%s", w.ctl("terminal", "text", "world").out, s.log)
		}
	})
	w.ok("terminal", "wait", "world", "--for", `^\$`, "--timeout", "50s")
	return w
}

// type types a command and waits for a prompt behind what it has to say.
func (w *walker) types(command, says string) string {
	w.t.Helper()
	w.ok("terminal", "type", "world", "clear; "+command, "--enter")
	return w.sees(says + `\n\$$`)
}

// sees waits until the terminal shows something. A compiler that has compiled nothing
// before takes minutes on a small machine.
func (w *walker) sees(what string) string {
	w.t.Helper()
	wait := []string{"terminal", "wait", "world", "--for", what, "--timeout", "30s"}
	for range 8 {
		if r := w.ctl(wait...); r.code != 75 {
			break
		}
	}
	return w.ok(wait...)
}

// last is the newest whole picture.
func (w *walker) last() *image.NRGBA {
	w.t.Helper()
	files, err := filepath.Glob(w.path("film/*.png"))
	if err != nil || len(files) == 0 {
		return nil
	}
	f, err := os.Open(files[len(files)-1])
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	if _, err := png.Decode(f); err != nil {
		return nil // it is being written
	}
	return w.picture(filepath.Join("film", filepath.Base(files[len(files)-1])))
}

// lantern waits for a picture with a lantern of a colour, and returns it.
func (w *walker) lantern(color string) (seen *image.NRGBA) {
	w.t.Helper()
	eventually(w.t, "a "+color+" lantern", func() bool {
		img := w.last()
		if img == nil || lanterns(img)[color] < 400 {
			return false
		}
		seen = img
		return true
	})
	if keep := os.Getenv("HEARTH_WALK_PICTURES"); keep != "" { // to look at

		f, err := os.Create(filepath.Join(keep, color+".png"))
		if err != nil {
			w.t.Fatal(err)
		}
		defer f.Close()
		if err := png.Encode(f, seen); err != nil {
			w.t.Fatal(err)
		}
	}
	return seen
}

// lanterns counts the pixels that are as red, green or blue as only a lantern is.
func lanterns(img *image.NRGBA) map[string]int {
	n := map[string]int{}
	// Where the lantern hangs, in the starting view.
	for y := img.Rect.Dy() / 4; y < img.Rect.Dy()*3/4; y++ {
		for x := img.Rect.Dx() / 2; x < img.Rect.Dx()*3/4; x++ {
			c := img.NRGBAAt(x, y)
			r, g, b := int(c.R), int(c.G), int(c.B)
			switch {
			case r > 110 && r > 2*g && r > 2*b:
				n["red"]++
			case g > 110 && g > 3*r/2 && g > 3*b/2:
				n["green"]++
			case b > 110 && b > 2*r && b > 3*g/2:
				n["blue"]++
			}
		}
	}
	return n
}

// A person works from inside the space: in the terminal that floats there they compile a
// guest in C, hang it up, change it with an editor, put it in the place of the old one,
// and do the same again with one in Go. Each time the picture shows it.
func TestWorkFromInside(t *testing.T) {
	w := walk(t)
	// The commands are those of fixtures/walk/README.md.
	const clang = `clang --target=wasm32-unknown-unknown -O2 -nostdlib -Wl,--no-entry,--strip-all -I$SDK -o lantern.wasm lantern.c $SDK/hearth.c $SDK/display.c`

	// The shell is in this world, and knows.
	w.types(`printf %s "$HEARTH_SOCKET" > said; echo written`, `written`)
	if got, err := os.ReadFile(w.path("said")); err != nil || string(got) != w.s.socket {
		t.Errorf("the shell has %q for a socket, and the world %s: %v", got, w.s.socket, err)
	}
	w.types("cd hearth/fixtures/walk && SDK=../../runtime/guest/c && echo there", `there`)

	w.types(clang+" && ls", `(?s:.*)lantern\.wasm(?s:.*)`)
	pid := w.spawned(w.types(`hearth-ctl spawn $(hearth-ctl load-lump lantern.wasm) --durable --service lantern --arg light`, `\d+`))
	before := w.lantern("red")

	// vim changes it, in this very terminal.
	w.ok("terminal", "type", "world", "clear; vim -u NONE -N lantern.c", "--enter")
	w.sees(`"lantern\.c" \d+L, \d+B`)
	w.ok("terminal", "type", "world", "/red = 1.0f\n")
	w.ok("terminal", "type", "world", ":s/red = 1.0f, green = 0.12f/red = 0.05f, green = 0.9f/\n")
	w.sees(`red = 0\.05f, green = 0\.9f`)
	w.ok("terminal", "type", "world", ":wq\n")
	w.sees(`^\$$`)
	if b, err := os.ReadFile(w.path("hearth/fixtures/walk/lantern.c")); err != nil || !strings.Contains(string(b), "red = 0.05f, green = 0.9f, blue") {
		t.Fatalf("vim did not change the file: %v\n%.600s", err, b)
	}

	w.types(clang+" && echo compiled", `compiled`)
	next := w.spawned(w.types(`hearth-ctl spawn $(hearth-ctl load-lump lantern.wasm) --replace lantern --arg light`, `\d+`))
	after := w.lantern("green")
	if n := lanterns(before)["green"] + lanterns(after)["red"]; n > 40 {
		t.Errorf("%d pixels of the pictures have the colour of the other", n)
	}
	if d := differing(before, after); d < 0.005 || d > 0.6 {
		t.Errorf("%.3f of the picture has changed: that is no lantern", d)
	}
	w.replaced(pid, next)

	// And in Go.
	w.types(`GOOS=wasip1 GOARCH=wasm go build -ldflags='-s -w' -buildmode=c-shared -o go.wasm ./lantern-go && echo compiled`, `compiled`)
	last := w.spawned(w.types(`hearth-ctl spawn $(hearth-ctl load-lump go.wasm) --replace lantern --arg light`, `\d+`))
	w.lantern("blue")
	w.replaced(next, last)
	w.s.stop()
}

var digits = regexp.MustCompile(`\d+`)

// spawned reads a PID off the screen.
func (w *walker) spawned(said string) string {
	w.t.Helper()
	pid := digits.FindString(said)
	if pid == "" {
		w.t.Fatalf("no process: %q", said)
	}
	return pid
}

// replaced wants a process in the place of another, durable and with its name.
func (w *walker) replaced(old, now string) {
	w.t.Helper()
	var found bool
	for line := range strings.Lines(w.ok("ps")) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if f[0] == old {
			w.t.Errorf("process %s is still there: %s", old, line)
		}
		found = found || f[0] == now && f[2] == "yes" && f[3] == "lantern"
	}
	if !found {
		w.t.Errorf("process %s is not the lantern:\n%s", now, w.ok("ps"))
	}
}

// What hearth-ctl terminal says of terminals, and refuses.
func TestTerminalCommands(t *testing.T) {
	w := walk(t, "--size", "64x36", "--fps", "1")
	if got, want := w.ok("terminal", "list"), "1\tworld\t-\t70x20\truns process "; !strings.HasPrefix(got, want) || strings.Contains(got, "\n") {
		t.Errorf("the list is %q, want %q", got, want)
	}
	w.ok("terminal", "type", "1", "seq 100\n")
	w.ok("terminal", "wait", "-", "--for", "^100$")
	if got := w.ok("terminal", "text", "world"); strings.Contains(got, "\n2\n") || !strings.HasSuffix(got, "\n99\n100\n$") {
		t.Errorf("the screen shows\n%s", got)
	}
	if got := w.ok("terminal", "text", "world", "--history"); !strings.Contains(got, "$ seq 100\n1\n2\n3\n") {
		t.Errorf("the history is\n%s", got)
	}
	w.ok("terminal", "resize", "world", "40x10")
	w.types("stty size", "10 40")
	w.file("script", []byte("echo one\necho t''wo\n"))
	w.ok("terminal", "type", "world", "--file", "script")
	w.sees(`two$`)
	w.ok("terminal", "type", "world", "echo pasted", "--paste")
	w.ok("terminal", "type", "world", "--enter")
	w.sees(`^pasted$`)
	if got := w.object(w.ok("terminal", "list", "--json")); got["name"] != "world" || got["columns"].(interface{ String() string }).String() != "40" {
		t.Errorf("as JSON: %v", got)
	}
	w.fails(66, "there is no terminal nowhere", "terminal", "text", "nowhere")
	w.fails(64, "no size", "terminal", "resize", "world", "40")
	w.fails(64, "--for", "terminal", "wait", "world")
	w.fails(64, "--for", "terminal", "wait", "world", "--for", "(")
	w.fails(75, "does not show", "terminal", "wait", "world", "--for", "what never comes", "--timeout", "200ms")
	w.fails(75, "there is no terminal", "terminal", "wait", "nowhere", "--for", "x", "--timeout", "3s")
	w.fails(64, "nothing to type", "terminal", "type", "world")
	w.fails(64, "exclude", "terminal", "type", "world", "x", "--file", "script")
	w.fails(64, "is missing", "terminal")
	w.fails(64, "nothing that is done", "terminal", "dance")

	// A shell that ends leaves its last screen, and another begins with Enter; one that
	// is closed is gone, and stays so until the client starts again.
	w.ok("terminal", "type", "world", "exit", "--enter")
	eventually(t, "the shell ends", func() bool { return strings.Contains(w.ok("terminal", "list"), "ended") })
	w.ok("terminal", "type", "world", "--enter")
	eventually(t, "another begins", func() bool { return strings.Contains(w.ok("terminal", "list"), "runs process") })
	w.ok("terminal", "quit", "world")
	eventually(t, "it is closed", func() bool { return w.ok("terminal", "list") == "" })
	w.s.stop()
}
