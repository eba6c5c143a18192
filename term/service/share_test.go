package service_test

import (
	"encoding/json"
	"strings"
	"testing"

	"hearth/runtime"
	"hearth/term"
)

// A share permits what it names and no more, at each message.
func TestRights(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	c := g.make(create)
	messages := map[string]string{
		`"Text"`: "View", `"Describe"`: "View", `{"Unwatch":null}`: "View",
		`{"Input":" "}`: "Type", `{"Paste":" "}`: "Type",
		`{"Resize":{"columns":30,"rows":9}}`: "Resize",
		`"Quit"`:                             "", `"Destroy"`: "", `"Copy"`: "", `{"Scroll":-1}`: "", `{"Select":null}`: "", `{"Search":{"text":"x"}}`: "", `{"Share":["View"]}`: "",
		`{"State":{"position":[0,0,0],"half_size":[1,1],"units_per_em":0.1}}`: "", `{"Feed":""}`: "",
	}
	for _, rights := range []string{`["View"]`, `["Type"]`, `["Resize"]`, `["View","Type"]`, `["View","Type","Resize"]`} {
		r := g.ask(c, `{"Share":`+rights+`}`)
		if len(r.Caps) != 1 {
			t.Fatalf("%s", r.Data)
		}
		for m, need := range messages {
			got := string(g.ask(r.Caps[0], m).Data)
			refused := strings.HasPrefix(got, `{"Err":{"Refused":"this capability does not permit`)
			if permitted := need != "" && strings.Contains(rights, need); permitted == refused || !permitted && !refused {
				t.Errorf("%s: %s: %s", rights, m, got)
			}
		}
	}
}

// What was shared ends when it is taken back, and with the terminal.
func TestShareEnds(t *testing.T) {
	w := newWorld(t)
	g, viewer := w.guest(), w.guest()
	c := g.make(create)
	ended := func(x runtime.Capability) chan struct{} {
		ch := make(chan struct{})
		w.Monitor(x, func(string) { close(ch) })
		return ch
	}
	one, two := g.ask(c, `{"Share":["View"]}`).Caps[0], g.ask(c, `{"Share":["View"]}`).Caps[0]
	viewer.send(one, `{"Watch":null}`)
	viewer.next()
	oneEnds, twoEnds := ended(one), ended(two)
	w.KillCapability(one, false, "test")
	<-oneEnds
	g.do(c, `{"Input":"echo x$((1+1))y\r"}`)
	g.shows(c, "x2y")
	for len(viewer.got) > 0 {
		if r := string(viewer.next().Data); strings.Contains(r, "x2y") {
			t.Error("who was shut out still hears: ", r)
		}
	}
	select {
	case <-twoEnds:
		t.Error("the other share ended too")
	default:
	}
	w.KillCapability(c, false, "test")
	<-twoEnds
}

// mirror follows a terminal by what its watchers hear.
type mirror struct {
	*term.Terminal
	t              testing.TB
	events         []string
	typed          string
	replays, ended int
}

func (m *mirror) hear(data []byte) {
	var e struct {
		Replay *struct {
			Columns, Rows int
			Data          []byte
		}
		Output, Input []byte
		Resized       *struct{ Columns, Rows int }
		Exit          *struct{ Code int }
	}
	if json.Unmarshal(data, &e) != nil {
		m.events = append(m.events, string(data))
		return
	}
	switch {
	case e.Replay != nil:
		m.replays++
		m.Terminal = term.New(term.Options{Columns: e.Replay.Columns, Rows: e.Replay.Rows})
		m.Feed(e.Replay.Data)
	case e.Output != nil:
		m.Feed(e.Output)
	case e.Resized != nil:
		m.Resize(e.Resized.Columns, e.Resized.Rows)
	case e.Exit != nil:
		m.ended++
	case e.Input != nil:
		m.typed += string(e.Input)
	default:
		m.events = append(m.events, string(data))
	}
}

func (m *mirror) text() string {
	if m.Terminal == nil {
		return ""
	}
	_, rows := m.Size()
	_, end := m.Lines()
	var out []byte
	for n := end - int64(rows); n < end; n++ {
		l, _ := m.Line(n)
		from := len(out)
		for _, c := range l.Cells {
			out = m.Text(out, c)
		}
		out = append(out[:from], strings.TrimRight(string(out[from:]), " ")...)
		out = append(out, '\n')
	}
	return string(out)
}

// A watcher that comes late has the same screen, through output, sizes and the end.
func TestWatch(t *testing.T) {
	w := newWorld(t)
	g, viewer := w.guest(), w.guest()
	c := g.make(create)
	g.do(c, `{"Input":"echo be$((1+1))fore\r"}`)
	g.shows(c, "be2fore")
	share := g.ask(c, `{"Share":["View"]}`).Caps[0]
	viewer.send(share, `{"Watch":null}`)
	m := &mirror{t: t}
	for !strings.Contains(m.text(), "be2fore") {
		m.hear(viewer.next().Data)
	}
	g.do(c, `{"Resize":{"columns":33,"rows":7}}`)
	g.do(c, `{"Input":"printf '\\033]2;a title\\007\\007'; echo af$((1+1))ter\r"}`)
	g.do(c, `{"Input":"exit\r"}`)
	for m.ended == 0 {
		m.hear(viewer.next().Data)
	}
	if got, want := m.text(), g.text(c); got != want {
		t.Errorf("the watcher sees\n%s and not\n%s", got, want)
	}
	if c, r := m.Size(); c != 33 || r != 7 {
		t.Errorf("%d by %d", c, r)
	}
	if all := strings.Join(m.events, " "); !strings.Contains(all, `{"Title":"a title"}`) || !strings.Contains(all, `"Bell"`) {
		t.Errorf("events %s", all)
	}
	if m.typed != "" {
		t.Errorf("a watcher of a shell hears what is typed: %q", m.typed)
	}
}

// What is typed at a screen goes to who made it, and to no other watcher; what it is fed
// is shown.
func TestScreenIsTypedAt(t *testing.T) {
	w := newWorld(t)
	g, maker, other := w.guest(), w.guest(), w.guest()
	c := g.make(screen)
	share := g.ask(c, `{"Share":["View","Type"]}`).Caps[0]
	maker.send(c, `{"Watch":null}`)
	other.send(share, `{"Watch":null}`)
	a, b := &mirror{t: t}, &mirror{t: t}
	a.hear(maker.next().Data)
	b.hear(other.next().Data)
	id := w.plugin.List()[0].ID
	w.plugin.Focus(id)
	for _, r := range "ls" {
		w.plugin.Key(key(r, string(r)))
	}
	w.plugin.Key(enter)
	g.do(share, `{"Input":"pwd\r"}`)
	for a.typed != "ls\rpwd\r" {
		a.hear(maker.next().Data)
	}
	feed(g, c, "done")
	for !strings.Contains(b.text(), "done") {
		b.hear(other.next().Data)
	}
	if b.typed != "" {
		t.Errorf("who may only look and type hears %q", b.typed)
	}
}

// A shell is shown to a room, and driven by one there: a process relays between the
// terminal here and a screen in another client, which has no shell.
func TestShellShownToAnother(t *testing.T) {
	home, away := newWorld(t), newWorld(t)
	h, a := home.guest(), away.guest()
	shell := h.make(strings.Replace(create, `"half_size":[2,1.2]`, `"columns":40,"rows":5`, 1))
	show := a.make(screen)
	h.send(shell, `{"Watch":null}`)
	a.send(show, `{"Watch":null}`)
	a.next() // from now on who watches hears what is typed
	done := make(chan struct{})
	defer func() { <-done }()
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		defer close(done)
		for {
			var e struct {
				Replay        *struct{ Data []byte }
				Output, Input []byte
			}
			select {
			case <-stop:
				return
			case r := <-h.got:
				if json.Unmarshal(r.Data, &e) == nil && (e.Output != nil || e.Replay != nil) {
					data := e.Output
					if e.Replay != nil {
						data = e.Replay.Data
					}
					b, _ := json.Marshal(map[string]any{"Feed": data})
					away.Accept(show, runtime.Message{Data: b})
				}
			case r := <-a.got:
				if json.Unmarshal(r.Data, &e) == nil && e.Input != nil {
					b, _ := json.Marshal(map[string]any{"Input": string(e.Input)})
					home.Accept(shell, runtime.Message{Data: b})
				}
			}
		}
	}()
	away.plugin.Focus(away.plugin.List()[0].ID)
	for _, r := range "echo there$((40+2))" {
		away.plugin.Key(key(r, string(r)))
	}
	away.plugin.Key(enter)
	away.guest().shows(show, "there42")
}
