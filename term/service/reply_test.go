package service_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hearth/term/service"
)

// What an emulator answers to questions is for the program that asked: of a screen
// without a shell nobody hears of it, neither as typing nor as output.
func TestScreensDoNotAnswer(t *testing.T) {
	x := newConsole(t)
	questions := "\x1b[c\x1b[>c\x1b[=c\x1b[5n\x1b[6n\x1b[?6n\x1b[x\x1b[18t\x1b[21t\x1b[20t\x1b[?1$p\x1bP$qm\x1b\\\x1bP+q544e\x1b\\" +
		"\x1b]4;1;?\x07\x1b]10;?\x07\x1b]11;?\x07\x1b]52;c;?\x07\x1b[>q\x1b[?u\x1b[1;1;1;1;1;1*y\x05\x1b[?2048h\x1b[?996n"
	feed(x.g, x.c, "\x1b]2;rm -rf /\x07"+questions)
	x.g.do(x.c, `{"Resize":{"columns":30,"rows":7}}`)
	x.g.do(x.c, `{"State":{"position":[0,0,0],"half_size":[1,1],"units_per_em":0.1,"colors":{"257":16777215}}}`)
	if got := x.typed(); got != "" {
		t.Errorf("it types %q", got)
	}
	feed(x.g, x.c, "\x1b[?2048l")
	late := x.world.guest()
	late.send(x.c, `{"Watch":null}`)
	m := &mirror{t: t}
	m.hear(late.next().Data)
	if got := string(m.Replies()); got != "" {
		t.Errorf("a late watcher's emulator answers %q", got)
	}
}

// A program that asked to be told of its size in band hears of it at once.
func TestSizeInBand(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	c := g.make(strings.Replace(create, `"opacity"`, `"command":{"path":"/bin/sh","args":["-c","stty -echo raw; printf '\\033[?2048hready'; cat -v"]},"opacity"`, 1))
	g.shows(c, "ready^[[48;") // and of the size that it is
	g.do(c, `{"Resize":{"columns":70,"rows":9}}`)
	g.shows(c, "^[[48;9;70;")
}

// What a paste is that somebody else sends is no question to the person: who may type
// may type.
func TestPasteOfOthers(t *testing.T) {
	x := newConsole(t)
	share := x.g.ask(x.c, `{"Share":["Type"]}`).Caps[0]
	x.g.do(share, `{"Paste":"a\nb\n"}`)
	x.press('x', 0, "x") // which would be lost to a question
	if got := x.typed(); got != "a\rb\rx" {
		t.Errorf("%q", got)
	}
}

// Sizes that no number holds are refused, and change nothing.
func TestSizesOutOfSpace(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	c := g.make(`{"CreateScreen":{"position":[0,0,0],"columns":100,"rows":2,"units_per_em":1e6}}`)
	before := w.plugin.List()[0]
	for _, m := range []string{
		`{"Resize":{"columns":10000,"rows":1}}`, `{"Resize":{"columns":0,"rows":5}}`, `{"Resize":{"columns":-1,"rows":5}}`, `{"Resize":{"columns":10001,"rows":1}}`, `{"Resize":{"columns":10000,"rows":10000}}`,
		`{"Resize":{"columns":4611686018427387904,"rows":4}}`,
		`{"State":{"position":[0,0,0],"half_size":[1,1],"units_per_em":0}}`, `{"State":{"position":[0,0,0],"half_size":[1,1],"units_per_em":-1}}`, `{"State":{"position":[0,0,0],"half_size":[1,1],"units_per_em":1e39}}`, `{"State":{"position":[0,0,0],"half_size":[1,1],"units_per_em":2e6}}`,
		`{"State":{"position":[0,0,0],"half_size":[0,1],"units_per_em":0.1}}`, `{"State":{"position":[0,0,0],"half_size":[-1,1],"units_per_em":0.1}}`, `{"State":{"position":[0,0,0],"units_per_em":0.1}}`,
		`{"State":{"position":[0,0,1e10],"half_size":[1,1],"units_per_em":0.1}}`, `{"State":{"position":[0,0,0],"half_size":[1,1],"padding":[-1,0],"units_per_em":0.1}}`,
		`{"State":{"position":[0,0,0],"half_size":[1,1],"opacity":1.5,"units_per_em":0.1}}`, `{"State":{"position":[0,0,0],"orientation":[0,0,0,0],"half_size":[1,1],"units_per_em":0.1}}`,
		`{"State":{"position":[0,0,0],"half_size":[1,1],"units_per_em":0.1,"colors":{"269":1}}}`, `{"State":{"position":[0,0,0],"half_size":[1000,1000],"units_per_em":0.1}}`,
	} {
		if r := string(g.ask(c, m).Data); !strings.HasPrefix(r, `{"Err":{"`) {
			t.Errorf("%s: %s", m, r)
		}
	}
	if got := w.plugin.List()[0]; got != before {
		t.Errorf("%+v, and was %+v", got, before)
	}
	feed(g, c, "x")
	eventually(t, "its picture", func() bool { return w.grid().Lines != nil && w.grid().Lines[0][0].Glyph != 0 })
	// As wide as may be, and nearly nothing, are sizes.
	for m, want := range map[string][2]int{
		`{"State":{"position":[0,0,0],"half_size":[400,0.1],"units_per_em":0.1}}`:                        {10000, 1},
		`{"State":{"position":[0,0,0],"half_size":[1e-9,1e-9],"units_per_em":1e6}}`:                      {1, 1},
		`{"State":{"position":[0,0,0],"half_size":[1,1],"padding":[1e9,1e9],"units_per_em":0.1}}`:        {1, 1},
		`{"State":{"position":[0,0,0],"half_size":[1e-30,1e-30],"padding":[0,0],"units_per_em":0.0001}}`: {1, 1},
	} {
		g.do(c, m)
		if i := w.plugin.List()[0]; i.Columns != want[0] || i.Rows != want[1] {
			t.Errorf("%s: %d by %d", m, i.Columns, i.Rows)
		}
		eventually(t, "its grid", func() bool { return w.grid().Columns == want[0] && w.grid().Rows == want[1] })
	}
}

// Every way in which a shell does not start is one sentence that names it, and leaves
// nothing.
func TestShellsThatDoNotStart(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	dir := t.TempDir()
	plain, broken := filepath.Join(dir, "plain"), filepath.Join(dir, "broken")
	os.WriteFile(plain, []byte("x"), 0o600)
	os.WriteFile(broken, []byte("#!/no/such/interpreter\n"), 0o700)
	for command, want := range map[string]string{
		`{"path":"/no/such/shell"}`:                                        "there is no program /no/such/shell",
		`{"path":"no-such-program"}`:                                       "there is no program no-such-program",
		fmt.Sprintf(`{"path":%q}`, plain):                                  plain + " is not a file that you may execute",
		fmt.Sprintf(`{"path":%q}`, broken):                                 "names an interpreter or loader that does not exist",
		fmt.Sprintf(`{"path":%q}`, dir):                                    dir + " is not a file that you may execute",
		`{"path":"/bin/sh","dir":"/no/such/folder"}`:                       "cannot start in /no/such/folder",
		fmt.Sprintf(`{"path":"/bin/sh","dir":%q}`, plain):                  "cannot start in " + plain,
		`{"path":"/bin/sh","dir":"relative"}`:                              "the dir of a command is absolute",
		`{"path":"","args":["x"]}`:                                         "a command has a path",
		`{"path":"/bin/sh","args":["a\u0000b"]}`:                           "no zero bytes",
		`{"path":"/bin/sh\u0000x"}`:                                        "no zero bytes",
		`{"path":"/bin/sh","args":["` + strings.Repeat("a", 1<<16) + `"]}`: "65536 bytes at most",
	} {
		r := g.ask(w.factory(), strings.Replace(create, `"opacity"`, `"command":`+command+`,"opacity"`, 1))
		if got := string(r.Data); !strings.HasPrefix(got, `{"Err":{"`) || !strings.Contains(got, want) || strings.Contains(got, `\n`) || len(r.Caps) != 0 {
			t.Errorf("%.80s: %s", command, got)
		}
	}
	if n := len(w.plugin.List()); n != 0 || service.Shells(w.plugin) != 0 || w.scene.Snapshot().Grids.Len() != 0 {
		t.Errorf("%d terminals, %d shells", n, service.Shells(w.plugin))
	}
}

// A home that is gone does not keep the person from a shell.
func TestHomeIsGone(t *testing.T) {
	t.Setenv("HOME", filepath.Join(t.TempDir(), "gone"))
	w := newWorld(t)
	g := w.guest()
	c := g.make(create)
	g.do(c, `{"Input":"echo at-$PWD-\r"}`)
	g.shows(c, "at-/-")
}

// The border tells a shell from a screen, which only looks like one: what is typed there
// goes to who made it.
func TestBorderOfScreens(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	border := func(of string) uint32 {
		c := g.make(of)
		w.plugin.Focus(w.plugin.List()[0].ID)
		eventually(t, "a border", func() bool { return w.grid().BorderWidth > 0 })
		color := w.grid().Border
		w.KillCapability(c, false, "test")
		w.has(0)
		eventually(t, "no grid", func() bool { return w.scene.Snapshot().Grids.Len() == 0 })
		return color
	}
	if a, b := border(create), border(screen); a == b {
		t.Errorf("both have %08x", a)
	}
}
