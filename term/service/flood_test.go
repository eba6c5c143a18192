package service_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"hearth/runtime"
	"hearth/runtime/runtimetest"
	"hearth/term/service"
)

// A terminal answers while twenty print without end, and none of them grows or is
// forgotten by the painter.
func TestFloodOfOutput(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	for range 20 {
		g.make(strings.Replace(create, `"opacity"`, `"command":{"path":"yes","args":["flood flood flood flood flood"]},"opacity"`, 1))
	}
	c := g.make(create)
	for i := range 20 {
		g.do(c, fmt.Sprintf(`{"Input":"echo an$((%d+1))swer\r"}`, i))
		g.shows(c, fmt.Sprintf("an%dswer", i+1))
	}
	eventually(t, "all painted", func() bool {
		n := 0
		for _, x := range w.scene.Snapshot().Grids.All() {
			if x.Lines != nil && x.Lines[0] != nil && x.Lines[0][0].Glyph != 0 {
				n++
			}
		}
		return n == 21
	})
	// In turns: at most one of each of the others comes before.
	if most := w.plugin.TurnsWaited(); most == 0 || most > 20 {
		t.Errorf("a terminal waited for %d turns of others", most)
	}
}

// What waits for a terminal is bounded: what has no room is lost, said in the log, and
// answered where an answer was asked for. Afterwards there is room again.
func TestFloodOfMessages(t *testing.T) {
	var log runtimetest.Log
	w := newWorld(t, func(o *service.Options) {
		o.Limits.Pending = 64 << 10
		o.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	g := w.guest()
	c := g.make(screen)
	data := `{"Feed":"` + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("flood\r\n", 2000))) + `"}`
	for range 300 {
		g.send(c, data)
	}
	full := 0
	for range 300 {
		switch r := string(g.next().Data); {
		case strings.HasPrefix(r, `{"Err":{"Busy":`):
			full++
		case r != `{"Ok":"Ok"}`:
			t.Error(r)
		}
	}
	if full == 0 || full == 300 {
		t.Errorf("%d of 300 were refused", full)
	}
	g.do(c, data)
	if log.String() != "" {
		t.Error("who hears answers is no matter for the log: ", log.String())
	}
	for range 300 {
		w.tell(c, data)
	}
	if n := strings.Count(log.String(), "send less"); n != 1 {
		t.Errorf("%d lines in the log: %s", n, log.String())
	}
}

// A watcher that does not read gets the screen as a whole when it does, and what waited
// for it was bounded.
func TestSlowWatcher(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	c := g.make(screen)
	gate := make(chan struct{})
	got := make(chan []byte, 1<<16)
	slow := w.NewService(nil)
	slow.Close()
	first := true
	port := w.NewPort(func(s *runtime.Signal) {
		if first {
			first = false
			<-gate // in the sender's call, as the worst of receivers
		}
		got <- append([]byte(nil), s.Data...)
	})
	defer port.Close()
	if _, _, err := w.Accept(c, runtime.Message{Data: []byte(`{"Watch":null}`), Caps: []runtime.Capability{port.Cap(3)}}); err != nil {
		t.Fatal(err)
	}
	line := strings.Repeat("x", 39) + "\r\n"
	for range 200 {
		feed(g, c, strings.Repeat(line, 400))
	}
	feed(g, c, "the end")
	close(gate)
	m := &mirror{t: t}
	bytes := 0
	for !strings.Contains(m.text(), "the end") {
		b := <-got
		bytes += len(b)
		m.hear(b)
	}
	if m.replays < 2 {
		t.Errorf("%d replays: nothing was lost of %d bytes", m.replays, bytes)
	}
	if m.text() != g.text(c) {
		t.Errorf("it sees\n%s", m.text())
	}
}

// Bells, titles and notifications without end are told a few times, and the last title
// is told.
func TestFloodOfEvents(t *testing.T) {
	x := newConsole(t)
	var b strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&b, "\a\x1b]2;title %d\x07\x1b]9;notice %d\x07\x1b]7;file:///tmp/%d\x07", i, i, i)
	}
	b.WriteString("\x1b]2;\u202ethe last\x07")
	feed(x.g, x.c, b.String())
	for !strings.Contains(strings.Join(x.m.events, " "), `{"Title":"the last"}`) {
		x.m.hear(x.watcher.next().Data)
	}
	if n := len(x.m.events); n > 20 {
		t.Errorf("%d events: %s", n, x.m.events)
	}
}

// A few bytes that fill a large screen again and again end a turn early: others and the
// painter come in between.
func TestTurnOfCostlySequences(t *testing.T) {
	w := newWorld(t)
	x := service.NewBench(w.plugin, 512, 512)
	defer x.Close()
	costly := bytes.Repeat([]byte("\x1b[65$x"), 10_000) // fill everything with A
	if n := x.Turn(costly); n == 0 || n == len(costly) {
		t.Errorf("a turn took %d of %d bytes", n, len(costly))
	}
	if n := x.Turn([]byte("quick")); n != 5 {
		t.Errorf("a turn took %d of 5 bytes", n)
	}
}
