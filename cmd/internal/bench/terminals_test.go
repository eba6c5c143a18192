package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/runtimetest"
	"hearth/term/service"
	"hearth/vk/scene"
)

func TestMain(m *testing.M) {
	// The terminfo entry and the shells' history go to a folder of their own.
	dir, err := os.MkdirTemp("", "hearth-bench-*")
	if err != nil {
		panic(err)
	}
	os.Setenv("XDG_CACHE_HOME", dir)
	os.Setenv("HOME", dir)
	code := m.Run()
	runtimetest.Cleanup()
	os.RemoveAll(dir)
	os.Exit(code)
}

// desk is a space whose terminals are asked for by messages, as guests ask for them,
// and are seen in the snapshots of a scene, as the renderer sees them.
type desk struct {
	*runtimetest.Space
	scene   *scene.Scene
	plugin  *service.Plugin
	factory runtime.Capability
	port    *runtime.Port
	got     chan runtime.Reply
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{Space: runtimetest.New(t), scene: scene.New(scene.Limits{}), got: make(chan runtime.Reply, 16)}
	p, err := service.New(service.Options{
		Scene: d.scene, Env: []string{"PS1=$ ", "ENV="}, Policy: service.Local, Limits: service.Limits{Terminals: 256},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	d.plugin = p
	for _, s := range p.Services() {
		d.Serve(s)
	}
	if d.factory, err = d.Target(0, service.Factory); err != nil {
		t.Fatal(err)
	}
	d.port = d.NewPort(func(s *runtime.Signal) {
		if s.Kind == runtime.SignalMessage {
			d.got <- runtime.Reply{Data: bytes.Clone(s.Data), Caps: append([]runtime.Capability(nil), s.Caps...)}
		}
	})
	t.Cleanup(d.port.Close)
	return d
}

// creation is the message that asks for a terminal of 80 by 24 cells with a program.
func creation(t testing.TB, command ...string) []byte {
	t.Helper()
	b, err := json.Marshal(map[string]any{"CreateTerminal": map[string]any{
		"position": []float64{0, 1.5, -2}, "units_per_em": 0.1, "columns": 80, "rows": 24,
		"command": map[string]any{"path": command[0], "args": command[1:]},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ask sends the message of a creation.
func (d *desk) ask(message []byte) {
	d.T.Helper()
	if _, _, err := d.Accept(d.factory, runtime.Message{Data: message, Caps: []runtime.Capability{d.port.Cap(caps.Send | caps.Monitor)}}); err != nil {
		d.T.Fatal(err)
	}
}

// made is the terminal that the answer to ask brings.
func (d *desk) made() runtime.Capability {
	d.T.Helper()
	select {
	case r := <-d.got:
		if len(r.Caps) != 1 {
			d.T.Fatalf("no terminal: %s", r.Data)
		}
		return r.Caps[0]
	case <-time.After(time.Minute):
		d.T.Fatal("no answer")
	}
	panic("unreachable")
}

func (d *desk) open(command ...string) runtime.Capability {
	d.T.Helper()
	d.ask(creation(d.T, command...))
	return d.made()
}

func (d *desk) tell(to runtime.Capability, message []byte) {
	d.T.Helper()
	if _, _, err := d.Accept(to, runtime.Message{Data: message}); err != nil {
		d.T.Fatal(err)
	}
}

// sees waits until a snapshot of the scene shows what is asked, and returns when that
// was. It looks when the scene says that it changed, and never rests in between.
func (d *desk) sees(what string, ok func(*scene.Snapshot) bool) time.Time {
	d.T.Helper()
	late := time.NewTimer(time.Minute)
	defer late.Stop()
	for {
		if ok(d.scene.Snapshot()) {
			return time.Now()
		}
		select {
		case <-d.scene.Changed():
		case <-late.C:
			d.T.Fatal("not in time: ", what)
		}
	}
}

// prompted tells whether something is written in as many grids.
func prompted(n int) func(*scene.Snapshot) bool {
	return func(s *scene.Snapshot) bool {
		written := 0
		for _, g := range s.Grids.All() {
			if slices.ContainsFunc(g.Lines, func(l []scene.GridCell) bool {
				return slices.ContainsFunc(l, func(c scene.GridCell) bool { return c.Glyph != 0 })
			}) {
				written++
			}
		}
		return written == n
	}
}

// clear closes all terminals.
func (d *desk) clear() {
	d.T.Helper()
	for _, i := range d.plugin.List() {
		d.plugin.CloseTerminal(i.ID)
	}
	d.sees("no terminal", func(s *scene.Snapshot) bool { return s.Grids.Len() == 0 })
	for end := time.Now().Add(time.Minute); len(d.plugin.List()) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			d.T.Fatal("terminals are not gone")
		}
	}
}

// report tells the median and the 99th percentile of times, in nanoseconds.
func report(b *testing.B, whose string, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2]), whose+"-p50-ns")
	b.ReportMetric(float64(took[len(took)*99/100]), whose+"-p99-ns")
}

// computed is the processor time of this process, user and system, and how often it
// went to sleep.
func computed(t testing.TB) (time.Duration, int64) {
	t.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), u.Nvcsw
}

// kilobytesOf reads a field of a file of /proc, such as "Rss:" of smaps_rollup.
func kilobytesOf(t testing.TB, path, field string) float64 {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, field); ok {
			var n float64
			if _, err := fmt.Sscan(rest, &n); err != nil {
				t.Fatalf("%s: %q: %v", path, line, err)
			}
			return n
		}
	}
	t.Fatalf("%s has no %s", path, field)
	return 0
}
