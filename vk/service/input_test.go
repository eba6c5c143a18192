package service_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/runtimetest"
	"hearth/vk/scene"
	"hearth/vk/service"
)

// drain returns what a guest has heard until it hears nothing for a while.
func (g *guest) drain() string {
	var b strings.Builder
	for {
		select {
		case r := <-g.got:
			b.Write(r.Data)
			b.WriteByte('\n')
		case <-time.After(30 * time.Millisecond):
			return b.String()
		}
	}
}

func key(name string, pressed bool) service.KeyboardInput {
	return service.KeyboardInput{Scancode: uint32(name[0]), Key: name, Pressed: pressed}
}

// Keys go to who has the focus, all else to everybody; who loses the focus hears that
// its keys are up.
func TestFocus(t *testing.T) {
	w := newWorld(t)
	in := w.plugin.Input()
	a, b := w.guest(), w.guest()
	for i, g := range []*guest{a, b, a} { // the second time counts for nothing
		g.send(w.service(service.Window), []byte(`"Subscribe"`))
		eventually(t, "the subscription", func() bool { return len(in.Subscribers()) >= min(i+1, 2) })
	}
	said := func(what string, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s heard\n%swant\n%s", what, got, want)
		}
	}
	press := `{"KeyboardInput":{"input":{"scancode":87,"state":"Pressed","virtual_keycode":"W"},"is_synthetic":false}}` + "\n"
	in.Publish(key("W", true))
	in.Publish(service.Resized{Width: 1, Height: 2})
	in.Publish(service.MouseInput{Button: "Left", Pressed: true})
	all := `{"Resized":[1,2]}` + "\n" + `{"MouseInput":{"button":"Left","state":"Pressed"}}` + "\n"
	said("a without focus", a.drain(), all)
	said("b without focus", b.drain(), all)
	if in.Focused() != service.Nobody {
		t.Error("somebody has the focus")
	}
	in.Publish(service.ModifiersChanged{Bits: 4})
	who, ok := in.FocusNext()
	if !ok || who.ID != 1 || in.Focused() != 1 || who.Client != fmt.Sprintf("process %d", a.port.Cap(0).Ref.Process) {
		t.Errorf("the focus is at %+v", who)
	}
	in.Publish(key("W", true))
	in.Publish(service.MouseMotion{X: 1})
	said("a with focus", a.drain(), `{"Focused":true}`+"\n"+`{"ModifiersChanged":4}`+"\n"+press+`{"MouseMotion":[1,0]}`+"\n")
	if who, ok = in.FocusNext(); !ok || who.ID != 2 {
		t.Errorf("the focus is at %+v", who)
	}
	in.Publish(service.ReceivedCharacter{Char: 'x'})
	said("a that lost it", a.drain(), `{"KeyboardInput":{"input":{"scancode":87,"state":"Released","virtual_keycode":"W"},"is_synthetic":true}}`+"\n"+`{"Focused":false}`+"\n")
	said("b that got it", b.drain(), `{"Focused":true}`+"\n"+`{"ModifiersChanged":4}`+"\n"+`{"ReceivedCharacter":"x"}`+"\n")
	if _, ok = in.FocusNext(); ok || in.Focused() != service.Nobody {
		t.Error("behind the last comes nobody")
	}
	in.Focus(service.Everybody)
	in.Focus(77)
	if in.Focused() != service.Nobody {
		t.Error("somebody who is not there has the focus")
	}
	a.drain()
	b.drain()
	in.Focus(2)
	b.port.Close()
	eventually(t, "the end of b", func() bool { return len(in.Subscribers()) == 1 && in.Focused() == service.Nobody })
	w.tell(w.service(service.Window), `"Unsubscribe"`) // without a capability: nobody
	a.send(w.service(service.Window), []byte(`"Unsubscribe"`))
	eventually(t, "the end of a's interest", func() bool { return len(in.Subscribers()) == 0 })
	in.Publish(service.Resized{Width: 3, Height: 4})
	said("a that left", a.drain(), "")
}

// reader is a process that reads nothing until it is let.
type reader struct {
	port *runtime.Port
	let  chan struct{}
	mu   sync.Mutex
	got  [][]byte
}

func (w *world) reader() *reader {
	r := &reader{let: make(chan struct{})}
	r.port = w.NewService(func(ctx context.Context, q *runtime.Request) {
		select {
		case <-r.let:
		case <-ctx.Done():
		}
		r.mu.Lock()
		r.got = append(r.got, q.Data)
		r.mu.Unlock()
	})
	w.T.Cleanup(r.port.Close)
	return r
}

// last reports whether what was read last has a text in it.
func (r *reader) last(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.got) > 0 && bytes.Contains(r.got[len(r.got)-1], []byte(text))
}

func (w *world) subscribe(to runtime.Capability) {
	w.T.Helper()
	if _, _, err := w.Accept(w.service(service.Window), runtime.Message{Data: []byte(`"Subscribe"`), Caps: []runtime.Capability{to}}); err != nil {
		w.T.Fatal(err)
	}
	eventually(w.T, "the subscription", func() bool { return len(w.plugin.Input().Subscribers()) == 1 })
}

// Who does not read loses moves, and no key and none of the way that was moved.
func TestSlowSubscriber(t *testing.T) {
	w := newWorld(t)
	in := w.plugin.Input()
	r := w.reader()
	w.subscribe(r.port.Cap(caps.Send | caps.Monitor))
	in.Focus(service.Everybody)
	const moves, keys = 20000, 200
	for i := range moves {
		in.Publish(service.MouseMotion{X: 1, Y: -2})
		in.Publish(service.CursorMoved{X: float64(i), Y: 1})
		in.Publish(service.Redraw{DT: 0.5})
		if i%(moves/keys) == 0 {
			in.Publish(key(fmt.Sprint("K", i), true))
		}
		if n := w.Waiting(r.port.Cap(0)); n > 40 {
			t.Fatalf("%d events lie in its mailbox", n)
		}
	}
	in.Publish(key("last", false))
	close(r.let)
	var names []string
	var x, y, dt float64
	var at float64
	eventually(t, "the last key", func() bool { return r.last(`"last"`) })
	for _, data := range r.got {
		var e struct {
			KeyboardInput *struct {
				Input struct {
					Key string `json:"virtual_keycode"`
				}
			}
			MouseMotion *[2]float64
			CursorMoved *struct{ Position [2]float64 }
			Redraw      *struct{ DT float64 }
		}
		if err := json.Unmarshal(data, &e); err != nil {
			t.Fatal(err)
		}
		switch {
		case e.KeyboardInput != nil:
			names = append(names, e.KeyboardInput.Input.Key)
		case e.MouseMotion != nil:
			x, y = x+e.MouseMotion[0], y+e.MouseMotion[1]
		case e.CursorMoved != nil:
			if e.CursorMoved.Position[0] < at {
				t.Fatal("the pointer goes back")
			}
			at = e.CursorMoved.Position[0]
		case e.Redraw != nil:
			dt += e.Redraw.DT
		}
	}
	if len(names) != keys+1 {
		t.Errorf("%d keys of %d", len(names), keys+1)
	}
	for i, name := range names[:len(names)-1] {
		if want := fmt.Sprint("K", i*(moves/keys)); name != want {
			t.Fatalf("key %d is %s and not %s", i, name, want)
		}
	}
	if x != moves || y != -2*moves || at != moves-1 || dt != moves/2 {
		t.Errorf("moved by %v, %v to %v in %v", x, y, at, dt)
	}
	if n := len(r.got); n > 4*(keys+2)+100 {
		t.Errorf("%d messages", n)
	}
}

// Who leaves thousands of keys unread hears no more, and the log says so: no key was
// skipped before.
func TestSubscriberThatNeverReads(t *testing.T) {
	var log runtimetest.Log
	w := newWorld(t, func(o *service.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	in := w.plugin.Input()
	r := w.reader()
	w.subscribe(r.port.Cap(caps.Send | caps.Monitor))
	in.Focus(service.Everybody)
	n := 0
	for ; len(in.Subscribers()) == 1 && n < 1_000_000; n++ {
		in.Publish(service.ReceivedCharacter{Char: rune('a' + n%26)})
	}
	if n < 4096 {
		t.Errorf("cut off after %d keys", n)
	}
	eventually(t, "a line in the log", func() bool { return strings.Contains(log.String(), "does not read") })
	if len(in.Subscribers()) != 0 {
		t.Fatal("it is still a subscriber")
	}
	close(r.let)
	time.Sleep(20 * time.Millisecond)
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, data := range r.got[min(1, len(r.got)):] { // behind "Focused" and "ModifiersChanged"
		if i == 0 {
			continue
		}
		if want := fmt.Sprintf(`{"ReceivedCharacter":"%c"}`, 'a'+(i-1)%26); string(data) != want {
			t.Fatalf("event %d is %s and not %s", i, data, want)
		}
	}
}

// far is a mailbox of a peer whose way is full after each message.
type far struct {
	mu      sync.Mutex
	got     []string
	drained chan struct{}
}

func (f *far) Deliver(s *runtime.Signal) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got = append(f.got, string(s.Data))
	f.drained = make(chan struct{})
	return &runtime.FullError{Drained: f.drained}
}
func (*far) Watch(bool)      {}
func (*far) Link(bool)       {}
func (*far) Offer(lumps.CID) {}
func (*far) Kill(bool)       {}
func (*far) Origin() string  { return "peer far" }

// A subscriber on a peer gets the next event when the way has room.
func TestSubscriberBehindAFullWay(t *testing.T) {
	w := newWorld(t)
	in := w.plugin.Input()
	f := &far{}
	p := w.NewProxy(f, func() {})
	w.subscribe(p.Cap(caps.Send | caps.Monitor))
	if s := in.Subscribers(); s[0].Client != "peer far" {
		t.Errorf("%+v", s)
	}
	for i := range 1000 {
		in.Publish(service.CursorMoved{X: float64(i)})
		if i == 0 {
			eventually(t, "the first", func() bool { f.mu.Lock(); defer f.mu.Unlock(); return len(f.got) == 1 })
		}
	}
	in.Publish(service.MouseInput{Button: "Left", Pressed: true})
	in.Publish(service.MouseInput{Button: "Left"})
	for want := 1; want <= 4; want++ {
		eventually(t, "a message", func() bool { f.mu.Lock(); defer f.mu.Unlock(); return len(f.got) == want })
		time.Sleep(5 * time.Millisecond)
		f.mu.Lock()
		if len(f.got) != want {
			t.Errorf("%d messages, and the way was full behind %d", len(f.got), want)
		}
		close(f.drained)
		f.mu.Unlock()
	}
	if f.got[1] != `{"CursorMoved":{"position":[999,0]}}` || !strings.Contains(f.got[3], "Released") {
		t.Errorf("%q", f.got)
	}
	p.End("gone")
	eventually(t, "the end", func() bool { return len(in.Subscribers()) == 0 })
}

// A durable process is not told of frames, and of moves not more often than its
// history should hold.
func TestDurableSubscriber(t *testing.T) {
	w := newWorld(t)
	in := w.plugin.Input()
	pid := w.SpawnGuest("sink", true)
	w.subscribe(w.Cap(pid))
	head := w.Head()
	begun := time.Now()
	for range 2000 {
		in.Publish(service.Redraw{DT: 1})
		in.Publish(service.CursorMoved{X: 1})
		time.Sleep(100 * time.Microsecond)
	}
	in.Publish(service.MouseInput{Button: "Left"})
	time.Sleep(120 * time.Millisecond)
	events := w.Head() - head
	if most := uint64(time.Since(begun)/(50*time.Millisecond)) + 3; events > most || events == 0 {
		t.Errorf("%d events in its history, more than %d", events, most)
	}
}

// A subscriber can say that it wants less.
func TestModestSubscriber(t *testing.T) {
	w := newWorld(t)
	in := w.plugin.Input()
	g := w.guest()
	for _, bad := range []string{`{"Subscribe":{"every":-1}}`, `{"Subscribe":{"every":1e9}}`, `{"Subscribe":7}`} {
		g.send(w.service(service.Window), []byte(bad))
	}
	g.send(w.service(service.Window), []byte(`{"Subscribe":{"frames":false,"every":0.05}}`))
	eventually(t, "the subscription", func() bool { return len(in.Subscribers()) == 1 })
	begun := time.Now()
	for i := range 100 {
		in.Publish(service.Redraw{DT: 1})
		in.Publish(service.CursorMoved{X: float64(i)})
		time.Sleep(2 * time.Millisecond)
	}
	time.Sleep(60 * time.Millisecond)
	lines := strings.Split(strings.TrimSpace(g.drain()), "\n")
	if most := int(time.Since(begun)/(50*time.Millisecond)) + 1; len(lines) < 2 || len(lines) > most {
		t.Errorf("%d events, more than %d", len(lines), most)
	}
	if last := lines[len(lines)-1]; last != `{"CursorMoved":{"position":[99,0]}}` {
		t.Error("the last is ", last)
	}
}

// host notes what the window is told.
type host struct {
	mu  sync.Mutex
	log []string
}

func (h *host) note(format string, a ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log = append(h.log, fmt.Sprintf(format, a...))
}
func (h *host) SetTitle(s string)            { h.note("title %s", s) }
func (h *host) SetCursorGrab(g service.Grab) { h.note("grab %s", g) }
func (h *host) SetCursorVisible(v bool)      { h.note("visible %v", v) }
func (h *host) SetCamera(c scene.Camera)     { h.note("camera %.3f %v", c.VFov, c.Near) }

func TestWindowCommands(t *testing.T) {
	h := &host{}
	w := newWorld(t, func(o *service.Options) { o.Host = h })
	to := w.service(service.Window)
	for _, m := range []string{
		`{"SetTitle":"a space"}`, `{"SetTitle":"` + strings.Repeat("x", 2000) + `"}`, `{"SetTitle":7}`,
		`{"SetCursorGrab":"Locked"}`, `{"SetCursorGrab":"Confined"}`, `{"SetCursorGrab":"None"}`, `{"SetCursorGrab":"locked"}`,
		`{"SetCursorVisible":false}`, `{"SetCamera":{"vfov":60,"near":0.5,"view":"$I"}}`,
		`{"SetCamera":{"vfov":60,"near":0.5}}`, `{"SetCamera":{"vfov":60,"near":-1,"view":"$I"}}`, `"Nonsense"`, `{"SetTitle":"the end"}`,
	} {
		w.tell(to, m)
	}
	eventually(t, "the last title", func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return len(h.log) > 0 && h.log[len(h.log)-1] == "title the end"
	})
	want := "title a space|grab Locked|grab Confined|grab None|visible false|camera 1.047 0.5|title the end"
	if got := strings.Join(h.log, "|"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
