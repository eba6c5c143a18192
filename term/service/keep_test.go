package service_test

import (
	"fmt"
	"strings"
	"testing"

	"hearth/term/service"
)

// The person's terminal comes back where it was, as a picture of what was, and a key
// starts a new shell beneath it.
func TestPictureOfWhatWas(t *testing.T) {
	kept := &memory{}
	keeping := func(o *service.Options) { o.Keep = kept }
	w := newWorld(t, keeping)
	if _, err := w.plugin.OpenHere(here()); err != nil {
		t.Fatal(err)
	}
	alphabet := w.alphabet()
	has := func(text string) func() bool {
		return func() bool {
			g := w.grid()
			for i := range g.Lines {
				if strings.Contains(read(g, i, alphabet), text) {
					return true
				}
			}
			return false
		}
	}
	before := w.plugin.List()[0]
	w.plugin.Focus(before.ID)
	w.write("echo be$((1+1))fore\r")
	eventually(t, "an answer", has("be2fore"))
	if err := w.plugin.Close(); err != nil {
		t.Fatal(err)
	}

	w = newWorld(t, keeping)
	l := w.plugin.List()
	if len(l) != 1 || l[0].Name != before.Name || l[0].PID != 0 || l[0].Columns != before.Columns || !strings.Contains(l[0].Ended, "ended with the client") {
		t.Fatalf("%+v", l)
	}
	alphabet = w.alphabet()
	eventually(t, "what was", has("be2fore"))
	eventually(t, "a line that says so", has("The shell of this terminal ended with"))
	if st, ok := w.plugin.Terminal(l[0].ID); !ok || st.Position != here().Position || st.HalfSize != here().HalfSize {
		t.Errorf("it stands at %+v", st)
	}
	w.plugin.Focus(l[0].ID)
	w.plugin.Key(key('x', "x"))
	w.write("echo af$((1+1))ter\r")
	eventually(t, "a new shell", has("af2ter"))
	if !has("be2fore")() {
		t.Error("what was is gone")
	}
	if i := w.plugin.List()[0]; i.PID == 0 || i.Ended != "" {
		t.Errorf("%+v", i)
	}
	// What is closed on purpose is not kept.
	w.plugin.CloseTerminal(l[0].ID)
	eventually(t, "no terminal", func() bool { return len(w.plugin.List()) == 0 })
	w.plugin.Close()
	if w = newWorld(t, keeping); len(w.plugin.List()) != 0 {
		t.Error("what was closed came back")
	}
}

// write types a text.
func (w *world) write(text string) {
	for _, r := range text {
		k := key(r, string(r))
		if r == '\r' {
			k = enter
		}
		w.plugin.Key(k)
	}
}

// A terminal of a maker comes back to the same one, under the same name, and to nobody
// else; one without a name does not.
func TestPictureOfMakers(t *testing.T) {
	kept := &memory{}
	keeping := func(o *service.Options) { o.Keep = kept }
	named := strings.Replace(create, `"opacity"`, `"name":"log","opacity"`, 1)
	w := newWorld(t, keeping)
	g := w.guest()
	c := g.make(named)
	plain := g.make(create)
	for i, x := range []struct{ text string }{{"first"}, {"second"}} {
		to := c
		if i == 1 {
			to = plain
		}
		g.do(to, fmt.Sprintf(`{"Input":"echo %s$((1+1))\r"}`, x.text))
		g.shows(to, x.text+"2")
	}
	w.plugin.Close()
	if keys, _ := kept.Keys(); len(keys) != 1 || keys[0] != "host/log" {
		t.Fatalf("kept %q", keys)
	}
	w = newWorld(t, keeping)
	if len(w.plugin.List()) != 0 {
		t.Error("a terminal of somebody who is gone came back by itself")
	}
	g = w.guest()
	if text := g.text(g.make(create)); strings.Contains(text, "2") {
		t.Errorf("a terminal without a name shows %q", text)
	}
	usher := w.guest()
	if r := usher.through(w.usher(false), strings.Replace(short, `{"position"`, `{"name":"log","position"`, 1)); len(r.Caps) != 1 || strings.Contains(usher.text(r.Caps[0]), "first2") {
		t.Errorf("another module has what was of the first: %s", r.Data)
	}
	c = g.make(named)
	if text := g.text(c); !strings.Contains(text, "first2") || strings.Contains(text, "second2") {
		t.Errorf("it shows %q", text)
	}
	g.do(c, `{"Input":"echo third$((1+1))\r"}`)
	g.shows(c, "third2")
	if text := g.text(c); !strings.Contains(text, "first2") || !strings.Contains(text, "The shell of this terminal ended") {
		t.Errorf("it shows %q", text)
	}
}

// A picture that asks the emulator something is answered by nobody: least of all is the
// answer typed into the next shell.
func TestPictureThatAsks(t *testing.T) {
	kept := &memory{}
	keeping := func(o *service.Options) { o.Keep = kept }
	cat := strings.Replace(create, `"opacity"`, `"name":"log","command":{"path":"cat","args":["-v"]},"opacity"`, 1)
	w := newWorld(t, keeping)
	w.guest().make(cat)
	w.plugin.Close()
	data, _ := kept.Load("host/log")
	kept.Save("host/log", append(data, "\x1b[6n\x1b[c\x1b]11;?\x07\x1bP$qm\x1b\\\x1b[?2048h"...))
	w = newWorld(t, keeping)
	g := w.guest()
	c := g.make(cat)
	g.do(c, `{"Input":"\r"}`)
	g.do(c, `{"Resize":{"columns":33,"rows":9}}`)
	g.do(c, `{"Input":"typed\r"}`)
	g.shows(c, "typed\ntyped")
	if text := g.text(c); strings.Contains(text, "^[") || strings.Contains(text, "R") || strings.Contains(text, "rgb") {
		t.Errorf("it shows %q", text)
	}
}

// Of two terminals of one name the first is kept, and the second is no picture of it.
func TestTwoOfOneName(t *testing.T) {
	kept := &memory{}
	w := newWorld(t, func(o *service.Options) { o.Keep = kept })
	g := w.guest()
	named := strings.Replace(create, `"opacity"`, `"name":"twin","opacity"`, 1)
	a, b := g.make(named), g.make(named)
	for _, i := range w.plugin.List() {
		if i.PID == 0 || i.Ended != "" {
			t.Errorf("%+v", i)
		}
	}
	g.do(a, `{"Input":"echo fi$((1+1))rst\r"}`)
	g.do(b, `{"Input":"echo se$((1+1))cond\r"}`)
	g.shows(a, "fi2rst")
	g.shows(b, "se2cond")
	w.plugin.Close()
	data, _ := kept.Load("host/twin")
	if !strings.Contains(string(data), "fi2rst") || strings.Contains(string(data), "se2cond") {
		t.Errorf("kept %q", data)
	}
}

// What was kept is anybody's bytes: what is damaged is not shown, and stops nothing.
func TestDamagedPicture(t *testing.T) {
	kept := &memory{}
	keeping := func(o *service.Options) { o.Keep = kept }
	w := newWorld(t, keeping)
	if _, err := w.plugin.OpenHere(here()); err != nil {
		t.Fatal(err)
	}
	w.plugin.Close()
	keys, _ := kept.Keys()
	good, _ := kept.Load(keys[0])
	for i, bad := range [][]byte{{}, []byte("HTERM01"), good[:20], append([]byte("X"), good...), []byte("HTERM01\xff\xff\xff\xff{}")} {
		kept.Save(keys[0], bad)
		if w := newWorld(t, keeping); len(w.plugin.List()) != 0 {
			t.Errorf("%d: %+v", i, w.plugin.List())
		}
	}
}
