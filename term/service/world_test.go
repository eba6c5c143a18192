package service_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"
	"go.uber.org/goleak"

	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/runtimetest"
	"hearth/term/service"
	"hearth/vk/scene"
)

func TestMain(m *testing.M) {
	// The terminfo entry goes to a cache folder: not to that of who runs the tests.
	dir, err := os.MkdirTemp("", "hearth-terminals-*")
	if err != nil {
		panic(err)
	}
	os.Setenv("XDG_CACHE_HOME", dir)
	os.Setenv("HOME", dir)
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		runtimetest.Cleanup()
		os.RemoveAll(dir)
		os.Exit(code)
	}))
}

// world is a space with a screen that nobody looks at.
type world struct {
	*runtimetest.Space
	scene  *scene.Scene
	plugin *service.Plugin
}

// plain is a shell that prompts with a dollar and reads no files of its user.
func plain() service.Command { return service.Command{Path: "/bin/sh"} }

func newWorld(t testing.TB, change ...func(*service.Options)) *world {
	t.Helper()
	w := &world{Space: runtimetest.New(t)}
	w.open(change...)
	return w
}

// open starts the terminals, as a client does.
func (w *world) open(change ...func(*service.Options)) {
	w.T.Helper()
	o := service.Options{Scene: scene.New(scene.Limits{}), Shell: plain, Env: []string{"PS1=$ ", "ENV="}, Policy: service.Local}
	for _, f := range change {
		f(&o)
	}
	p, err := service.New(o)
	if err != nil {
		w.T.Fatal(err)
	}
	w.scene, w.plugin = o.Scene, p
	w.T.Cleanup(func() { p.Close() })
	for _, s := range p.Services() {
		w.Serve(s)
	}
}

func (w *world) factory() runtime.Capability {
	w.T.Helper()
	c, err := w.Target(0, service.Factory)
	if err != nil {
		w.T.Fatal(err)
	}
	return c
}

// guest is somebody with an address, who lives until it ends.
type guest struct {
	w    *world
	port *runtime.Port
	got  chan runtime.Reply
}

func (w *world) guest() *guest {
	g := &guest{w: w, got: make(chan runtime.Reply, 1<<16)}
	g.port = w.NewPort(func(s *runtime.Signal) {
		if s.Kind == runtime.SignalMessage {
			g.got <- runtime.Reply{Data: bytes.Clone(s.Data), Caps: append([]runtime.Capability(nil), s.Caps...)}
		}
	})
	w.T.Cleanup(g.port.Close)
	return g
}

func (g *guest) send(to runtime.Capability, data string) {
	g.w.T.Helper()
	if _, _, err := g.w.Accept(to, runtime.Message{Data: []byte(data), Caps: []runtime.Capability{g.port.Cap(caps.Send | caps.Monitor)}}); err != nil {
		g.w.T.Fatalf("%.80q: %v", data, err)
	}
}

func (g *guest) next() runtime.Reply {
	g.w.T.Helper()
	select {
	case r := <-g.got:
		return r
	case <-time.After(20 * time.Second):
		g.w.T.Fatal("no answer")
	}
	panic("unreachable")
}

// ask sends a request and waits for the answer.
func (g *guest) ask(to runtime.Capability, text string) runtime.Reply {
	g.w.T.Helper()
	g.send(to, text)
	return g.next()
}

// make asks the factory for a terminal.
func (g *guest) make(text string) runtime.Capability {
	g.w.T.Helper()
	r := g.ask(g.w.factory(), text)
	if len(r.Caps) != 1 {
		g.w.T.Fatalf("%s: %s and %d capabilities", text, r.Data, len(r.Caps))
	}
	return r.Caps[0]
}

// do tells a terminal something and waits until it has followed.
func (g *guest) do(to runtime.Capability, text string) {
	g.w.T.Helper()
	if got := string(g.ask(to, text).Data); got != `{"Ok":"Ok"}` {
		g.w.T.Fatalf("%s: %s", text, got)
	}
}

// text is what a terminal shows.
func (g *guest) text(of runtime.Capability) string {
	g.w.T.Helper()
	var out struct{ Ok struct{ Text string } }
	r := g.ask(of, `"Text"`)
	if err := json.Unmarshal(r.Data, &out); err != nil {
		g.w.T.Fatalf("%s: %v", r.Data, err)
	}
	return out.Ok.Text
}

// shows waits until a terminal shows a text.
func (g *guest) shows(of runtime.Capability, text string) {
	g.w.T.Helper()
	var last string
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if last = g.text(of); strings.Contains(last, text) {
			return
		}
		if time.Now().After(end) {
			g.w.T.Fatalf("%q is not shown in\n%s", text, strings.TrimRight(last, "\n"))
		}
	}
}

// tell sends a message without a reply address.
func (w *world) tell(to runtime.Capability, text string) {
	w.T.Helper()
	if _, _, err := w.Accept(to, runtime.Message{Data: []byte(text)}); err != nil {
		w.T.Fatal(err)
	}
}

const (
	// create is a request as hearth-rs makes it.
	create = `{"CreateTerminal":{"position":[0,1.5,-2],"orientation":[0,0,0,1],"half_size":[2,1.2],"opacity":0.9,"padding":[0.1,0.1],"units_per_em":0.1,"colors":{"256":16777215,"257":1118481}}}`
	screen = `{"CreateScreen":{"position":[0,1.5,-2],"units_per_em":0.1,"columns":40,"rows":5}}`
)

// here is where the person opens a terminal.
func here() service.State {
	return service.State{Position: mgl32.Vec3{0, 1.5, -2}, Orientation: mgl32.QuatIdent(), HalfSize: mgl32.Vec2{2, 1.2}, Opacity: 0.9, UnitsPerEm: 0.1}
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in time: ", what)
		}
	}
}

// grid is the only grid of a scene.
func (w *world) grid() *scene.Grid {
	w.T.Helper()
	s := w.scene.Snapshot()
	if s.Grids.Len() != 1 {
		w.T.Fatalf("%d grids and not one", s.Grids.Len())
	}
	for _, g := range s.Grids.All() {
		return g
	}
	panic("unreachable")
}

// memory keeps things for tests.
type memory struct {
	mu   sync.Mutex
	data map[string][]byte
}

func (m *memory) Save(key string, b []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.data == nil {
		m.data = map[string][]byte{}
	}
	m.data[key] = bytes.Clone(b)
	return nil
}

func (m *memory) Load(key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.data[key], nil
}

func (m *memory) Remove(key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.data, key)
	return nil
}

func (m *memory) Keys() (out []string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k := range m.data {
		out = append(out, k)
	}
	return out, nil
}

var background = context.Background()
