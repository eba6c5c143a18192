package service_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"hearth/runtime"
	"hearth/term"
	"hearth/term/service"
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

// Shares and watchers are bounded; who looks on takes no room from who made the terminal;
// the same watcher counts once; and what is taken back or ends leaves room.
func TestRoomForWatchers(t *testing.T) {
	w := newWorld(t, func(o *service.Options) { o.Limits.Watchers, o.Limits.Shares = 2, 2 })
	g := w.guest()
	c := g.make(screen)
	share := g.ask(c, `{"Share":["View"]}`).Caps[0]
	other := g.ask(c, `{"Share":["Type","Resize"]}`).Caps[0]
	full := func(r runtime.Reply) bool { return strings.HasPrefix(string(r.Data), `{"Err":{"Full":"`) }
	if r := g.ask(c, `{"Share":["View"]}`); !full(r) || len(r.Caps) != 0 {
		t.Errorf("a third share: %s", r.Data)
	}
	w.KillCapability(other, false, "test")
	eventually(t, "room for a share", func() bool { return !full(g.ask(c, `{"Share":["View"]}`)) })
	watches := func(to runtime.Capability, g *guest) bool {
		t.Helper()
		return strings.HasPrefix(string(g.ask(to, `{"Watch":null}`).Data), `{"Replay":`)
	}
	a, b := w.guest(), w.guest()
	for _, v := range []*guest{a, b, a, b} {
		if !watches(share, v) {
			t.Error("there is no room for two who look on")
		}
	}
	if watches(share, w.guest()) {
		t.Error("there is room for a third")
	}
	for range 2 {
		if !watches(c, w.guest()) {
			t.Error("who looks on takes the room of who made it")
		}
	}
	if watches(c, w.guest()) {
		t.Error("there is room for a third of who made it")
	}
	a.port.Close()
	eventually(t, "room again", func() bool { return watches(share, w.guest()) })
	// What was taken back watches no more.
	feed(g, c, "before")
	b.send(share, `{"Unwatch":null}`)
	for string(b.next().Data) != `{"Ok":"Ok"}` {
	}
	feed(g, c, "after")
	if r := string(b.ask(share, `"Describe"`).Data); !strings.HasPrefix(r, `{"Ok":{"Describe"`) {
		t.Errorf("who watches no more hears %s", r)
	}
}

// What holders of a share have waiting is bounded by less than what the maker may have,
// and is nothing to the maker.
func TestFloodOfShares(t *testing.T) {
	w := newWorld(t)
	g, flood := w.guest(), w.guest()
	c := g.make(`{"CreateScreen":{"position":[0,0,0],"units_per_em":0.1,"columns":512,"rows":512}}`)
	share := g.ask(c, `{"Share":["Type"]}`).Caps[0]
	// What the terminal is busy with while it is flooded.
	g.send(c, `{"Feed":"`+base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("\x1b[65$x"), 400))+`"}`)
	const many, size = 64, 64 << 10
	for range many {
		flood.send(share, `{"Input":"`+strings.Repeat("x", size)+`"}`)
	}
	g.send(c, `{"Input":"y"}`) // for whom there is room
	taken := 0
	for range many {
		switch r := string(flood.next().Data); {
		case r == `{"Ok":"Ok"}`:
			taken++
		case !strings.HasPrefix(r, `{"Err":{"Busy":"`):
			t.Error(r)
		}
	}
	if taken == 0 || taken == many {
		t.Errorf("%d of %d were taken, of %d MiB", taken, many, many*size>>20)
	}
	for range 2 {
		if r := string(g.next().Data); r != `{"Ok":"Ok"}` {
			t.Error(r)
		}
	}
}

// busy gives a terminal something to do for a while.
func busy(g *guest, c runtime.Capability) {
	g.w.T.Helper()
	g.send(c, `{"Feed":"`+base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("\x1b[65$x"), 400))+`"}`)
}

const large = `{"CreateScreen":{"position":[0,0,0],"units_per_em":0.1,"columns":512,"rows":512}}`

// Of sizes that wait the newest counts, of each who sends them: one that is not permitted
// does not take the place of one that is.
func TestNewestSize(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	c := g.make(large)
	share := g.ask(c, `{"Share":["View"]}`).Caps[0]
	busy(g, c)
	w.tell(c, `{"Resize":{"columns":11,"rows":5}}`)
	w.tell(c, `{"Resize":{"columns":21,"rows":5}}`)
	w.tell(share, `{"Resize":{"columns":31,"rows":5}}`)
	g.next()
	g.do(c, `{"Input":"x"}`)
	if i := w.plugin.List()[0]; i.Columns != 21 || i.Rows != 5 {
		t.Errorf("%d by %d", i.Columns, i.Rows)
	}
}

// What waits of one client is bounded over all of its terminals.
func TestFloodOfTerminals(t *testing.T) {
	w := newWorld(t, func(o *service.Options) { o.Limits.Pending = 256 << 10 })
	g := w.guest()
	all := []runtime.Capability{g.make(large), g.make(large), g.make(large), g.make(large)}
	for _, c := range all {
		busy(g, c)
	}
	const each = 30
	for range each {
		for _, c := range all {
			g.send(c, `{"Input":"`+strings.Repeat("x", 4<<10)+`"}`) // 120 KiB of each
		}
	}
	full := 0
	for range len(all) * (each + 1) {
		if strings.HasPrefix(string(g.next().Data), `{"Err":{"Busy":"`) {
			full++
		}
	}
	if full == 0 {
		t.Error("all was taken")
	}
}

// A screen with so much history that it does not fit into one message is told in several.
func TestLongReplay(t *testing.T) {
	w := newWorld(t)
	g, viewer := w.guest(), w.guest()
	c := g.make(screen)
	var b strings.Builder
	for n := range 1000 {
		for i := range 39 {
			fmt.Fprintf(&b, "\x1b[38;2;%d;%d;%dm%c", n%256, i, (n+i)%256, 'a'+(n+i)%26)
		}
		fmt.Fprintf(&b, "\r\n")
		if b.Len() > 300<<10 || n == 999 {
			feed(g, c, b.String())
			b.Reset()
		}
	}
	feed(g, c, "the end")
	viewer.send(c, `{"Watch":null}`)
	m := &mirror{t: t}
	for n := 0; !strings.Contains(m.text(), "the end"); n++ {
		m.hear(viewer.next().Data)
		if first, end := m.Lines(); n > 0 && strings.Contains(m.text(), "the end") && end-first != 1001 {
			t.Errorf("%d lines in %d messages", end-first, n+1)
		}
	}
	if m.replays != 1 {
		t.Errorf("%d replays", m.replays)
	}
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
