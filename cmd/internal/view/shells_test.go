package view

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/cmd/internal/exit"
	"hearth/lumps"
	"hearth/runtime/runtimetest"
	terminal "hearth/term/service"
	"hearth/vk/scene"
)

func TestWords(t *testing.T) {
	for command, want := range map[string][]string{
		"":                              nil,
		" \t ":                          nil,
		"bash":                          {"bash"},
		"  bash  -l ":                   {"bash", "-l"},
		`sh -c 'echo "a b"; read x'`:    {"sh", "-c", `echo "a b"; read x`},
		`"a b"c 'd'e\ f`:                {"a bc", "de f"},
		`"\"\\\n" '\'`:                  {`"\\n`, `\`},
		`'' ""`:                         {"", ""},
		"\u00e9cole ünï":                {"\u00e9cole", "ünï"},
		`tmux new -A -s "my session"`:   {"tmux", "new", "-A", "-s", "my session"},
		"a\nb":                          {"a", "b"},
		`$HOME ~ * ` + "`x` $(y) a;b|c": {"$HOME", "~", "*", "`x`", "$(y)", "a;b|c"},
	} {
		if got, err := words(command); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, %v; want %q", command, got, err, want)
		}
	}
	for _, bad := range []string{`"`, `'a`, `a\`, `"a\"`} {
		if got, err := words(bad); !errors.Is(err, errQuote) {
			t.Errorf("%q: %q, %v", bad, got, err)
		}
	}
}

func TestTerminalFlags(t *testing.T) {
	if o, err := newTerminals("none", "", nil); o != nil || err != nil {
		t.Errorf("none: %+v, %v", o, err)
	}
	if o, err := newTerminals("ask", "", nil); err != nil || o.Policy != terminal.Ask || o.Shell != nil {
		t.Errorf("ask: %+v, %v", o, err)
	}
	o, err := newTerminals("local", "sh -c 'exit 3'", nil)
	if err != nil || o.Policy != terminal.Local || !filepath.IsAbs(o.Shell.Path) || filepath.Base(o.Shell.Path) != "sh" || !slices.Equal(o.Shell.Args, []string{"-c", "exit 3"}) {
		t.Errorf("local: %+v, %v", o, err)
	}
	for _, bad := range [][2]string{{"everybody", ""}, {"", ""}, {"ask", "/no/such/shell"}, {"ask", "no-such-shell -l"}, {"ask", "'"}, {"ask", " "}, {"none", "sh"}, {"ask", "/etc"}} {
		var usage *exit.UsageError
		if o, err := newTerminals(bad[0], bad[1], nil); !errors.As(err, &usage) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %+v, %v", bad, o, err)
		}
	}
}

// Shells find the world and the program that talks to it, behind the user's own.
func TestEnvironment(t *testing.T) {
	t.Setenv("PATH", "/first:/second")
	env := Environment("/run/x.sock")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"HEARTH_SOCKET=/run/x.sock", "HEARTH_TERMINAL=1", "PATH=/first:/second:" + filepath.Dir(self)}; !slices.Equal(env, want) {
		t.Errorf("%q, want %q", env, want)
	}
}

func listens() (*slog.Logger, *runtimetest.Log) {
	h := &runtimetest.Log{}
	return slog.New(slog.NewTextHandler(h, nil)), h
}

// Who may open terminals is known after a restart, and nobody else is. A broken file
// grants nothing, and says so.
func TestGrants(t *testing.T) {
	dir := t.TempDir()
	log, said := listens()
	g := openGrants(dir, log)
	for _, key := range []string{"module b", "peer a", "module b"} {
		if err := g.Grant(key); err != nil {
			t.Fatal(err)
		}
	}
	for _, g := range []*grants{g, openGrants(dir, log)} {
		if !g.Granted("module b") || !g.Granted("peer a") || g.Granted("module") || g.Granted("") || len(g.keys) != 2 {
			t.Errorf("%q", g.keys)
		}
	}
	if st, err := os.Stat(g.file); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st, err)
	}
	for _, bad := range []string{"", strings.Repeat("x", terminal.MaxKey+1)} {
		if err := g.Grant(bad); err == nil {
			t.Errorf("%.8q is granted", bad)
		}
	}
	for i := range maxGrants - 2 {
		g.keys = append(g.keys, fmt.Sprintf("z%06d", i))
	}
	if err := g.Grant("zzz"); !errors.Is(err, errGrants) {
		t.Errorf("one too many: %v", err)
	}
	if said.String() != "" {
		t.Errorf("%s", said)
	}
	whole, err := os.ReadFile(g.file)
	if err != nil {
		t.Fatal(err)
	}
	newer, err := lumps.Marshal(grantsRecord{2, []string{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	for what, b := range map[string][]byte{"empty": {}, "cut": whole[:len(whole)-1], "text": []byte("root = yes"), "longer": append(slices.Clone(whole), 0), "of a later version": newer, "huge": make([]byte, maxGrantsFile+1)} {
		if err := os.WriteFile(g.file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		log, said := listens()
		bad := openGrants(dir, log)
		if len(bad.keys) != 0 || strings.Count(said.String(), "\n") != 1 {
			t.Errorf("a file that is %s: %q\n%s", what, bad.keys, said)
		}
		if err := bad.Grant("again"); err != nil || !openGrants(dir, log).Granted("again") {
			t.Errorf("behind a file that is %s nothing is remembered: %v", what, err)
		}
	}
}

// What was on a screen is there after a restart, the newest of it; a broken file is as
// good as none, the oldest screens go, and half a file that a kill left goes too.
func TestPictures(t *testing.T) {
	dir := t.TempDir()
	log, said := listens()
	p := openPictures(dir, log)
	if b, err := p.Load("a"); b != nil || err != nil {
		t.Errorf("before there is a folder: %q, %v", b, err)
	}
	for _, x := range [][2]string{{"a", "one"}, {"b/../../..", "two"}, {"a", "three"}, {"", "nameless"}} {
		if err := p.Save(x[0], []byte(x[1])); err != nil {
			t.Fatal(err)
		}
	}
	p = openPictures(dir, log)
	for key, want := range map[string]string{"a": "three", "b/../../..": "two", "": "nameless", "c": ""} {
		if b, err := p.Load(key); string(b) != want || err != nil {
			t.Errorf("%q: %q, %v", key, b, err)
		}
	}
	keys := func() []string {
		t.Helper()
		k, err := p.Keys()
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	if k := keys(); !slices.Equal(k, []string{"", "a", "b/../../.."}) {
		t.Errorf("%q", k)
	}
	for range 2 {
		if err := p.Remove("a"); err != nil {
			t.Error(err)
		}
	}
	if b, _ := p.Load("a"); b != nil {
		t.Error("removed, and there")
	}
	if err := p.Save("large", make([]byte, maxPictureFile)); !errors.Is(err, errPicture) {
		t.Error(err)
	}
	if said.String() != "" {
		t.Errorf("%s", said)
	}
	file := p.file("b/../../..")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	flipped := slices.Clone(whole)
	flipped[len(flipped)-1] ^= 1
	for what, b := range map[string][]byte{"empty": {}, "cut": whole[:len(whole)/2], "flipped": flipped, "huge": make([]byte, maxPictureFile+1)} {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		before := strings.Count(said.String(), "\n")
		if b, err := p.Load("b/../../.."); b != nil || err != nil {
			t.Errorf("%s: %q, %v", what, b, err)
		}
		if strings.Count(said.String(), "\n") != before+1 {
			t.Errorf("%s: nothing is said", what)
		}
	}
	if k := keys(); !slices.Equal(k, []string{""}) {
		t.Errorf("%q", k)
	}
	// A picture under the name of another is not that one's.
	if err := os.Rename(p.file(""), p.file("x")); err != nil {
		t.Fatal(err)
	}
	if b, err := p.Load("x"); b != nil || err != nil || len(keys()) != 0 {
		t.Errorf("%q, %v", b, err)
	}
	for _, left := range []string{p.file("x"), file} {
		if err := os.Remove(left); err != nil {
			t.Fatal(err)
		}
	}
	half := filepath.Join(p.dir, ".half")
	if err := os.WriteFile(half, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-48 * time.Hour)
	if err := os.Chtimes(half, long, long); err != nil {
		t.Fatal(err)
	}
	for i := range maxPictures + 3 {
		key := fmt.Sprint(i)
		if err := p.Save(key, []byte(key)); err != nil {
			t.Fatal(err)
		}
		when := long.Add(time.Duration(i) * time.Minute)
		if err := os.Chtimes(p.file(key), when, when); err != nil {
			t.Fatal(err)
		}
	}
	if k := keys(); len(k) != maxPictures || slices.Contains(k, "0") || !slices.Contains(k, fmt.Sprint(maxPictures+2)) {
		t.Errorf("%d are kept: %q", len(k), k)
	}
	if _, err := os.Stat(half); err == nil {
		t.Error("half a file stays")
	}
}

// FuzzRecords reads files that somebody else wrote: they are what they say, or refused.
func FuzzRecords(f *testing.F) {
	g, err := lumps.Marshal(grantsRecord{1, []string{"a", "b"}})
	if err != nil {
		f.Fatal(err)
	}
	p, err := lumps.Marshal(pictureRecord{"k", 0, 1, nil})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(g)
	f.Add(p)
	f.Add([]byte{0xa4})
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := readGrants(b); err == nil {
			if again, err := lumps.Marshal(r); err != nil || !bytes.Equal(again, b) {
				t.Errorf("%x is read as %+v, which is %x", b, r, again)
			}
		}
		if r, err := readPicture(b); err == nil {
			if again, err := lumps.Marshal(r); err != nil || !bytes.Equal(again, b) {
				t.Errorf("%x is read as %+v, which is %x", b, r, again)
			}
		}
	})
}

// Without a window there is a clipboard all the same, of the program.
func TestClipboardWithoutAWindow(t *testing.T) {
	var c clipboard
	c.Set("copied")
	c.give()
	if c.Get() != "copied" {
		t.Errorf("%q", c.Get())
	}
}

// Without a window nobody can be asked, which the log says with what to do.
func TestNobodyToAsk(t *testing.T) {
	log, said := listens()
	v := &View{log: log}
	if a, err := v.permit(t.Context(), terminal.Request{Who: "process 7", What: "may it open a terminal?"}); a != terminal.Deny || err != nil {
		t.Errorf("%v, %v", a, err)
	}
	if s := said.String(); !strings.Contains(s, "process 7") || !strings.Contains(s, "--terminal local") {
		t.Errorf("%s", s)
	}
}

// A capture waits for a screen until it shows something with all its glyphs, and rests;
// and not for ever.
func TestTextsSettle(t *testing.T) {
	sc := scene.New(scene.Limits{})
	line := func(glyph uint32) [][]scene.GridCell { return [][]scene.GridCell{{{Glyph: glyph}}} }
	id, err := sc.AddGrid(scene.Grid{Orientation: mgl32.QuatIdent(), HalfSize: mgl32.Vec2{1, 1}, Columns: 1, Rows: 1, Cell: mgl32.Vec2{1, 1}, Em: 1, Lines: line(0)})
	if err != nil {
		t.Fatal(err)
	}
	var x texts
	look := func(what string, changed, blank bool) {
		t.Helper()
		if c, b := x.look(sc.Snapshot()); c != changed || b != blank {
			t.Errorf("%s: changed %v, blank %v", what, c, b)
		}
	}
	look("a new one", true, true)
	look("nothing yet", false, true)
	if err := sc.UpdateGrid(id, func(g *scene.Grid) { g.Lines = line(5) }); err != nil {
		t.Fatal(err)
	}
	look("a glyph without a picture", true, true)
	if err := sc.PutGlyph(5, scene.Glyph{Page: -1}); err != nil {
		t.Fatal(err)
	}
	look("a glyph whose picture is on its way", false, true)
	if err := sc.PutGlyph(5, scene.Glyph{W: 8, H: 8, Right: 1, Top: 1}); err != nil {
		t.Fatal(err)
	}
	look("a whole one", false, false)
	if !x.recent() {
		t.Error("it is not waited for")
	}
	x.since = time.Now().Add(-screenFor)
	if x.recent() {
		t.Error("it is waited for for ever")
	}
}
