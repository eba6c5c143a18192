package service_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/term/service"
)

// judge is a person with a mind.
type judge struct {
	mu      sync.Mutex
	asked   []service.Request
	answers []service.Answer
	hold    chan struct{} // answers wait for it; nil: they do not
}

func (j *judge) ask(ctx context.Context, r service.Request) (service.Answer, error) {
	j.mu.Lock()
	j.asked = append(j.asked, r)
	answer := service.Deny
	if len(j.answers) > 0 {
		answer, j.answers = j.answers[0], j.answers[1:]
	}
	hold := j.hold
	j.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return service.Deny, ctx.Err()
		}
	}
	return answer, nil
}

func (j *judge) count() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.asked)
}

// usher is a guest that asks for terminals in its own name, whoever's address it gives:
// it passes "introduce SERVICE OTHER TEXT" on with the reply address of who said so.
func (w *world) usher(durable bool) uint64 { return w.SpawnGuest("usher", durable) }

// short is a request of so few bytes that an usher passes it on.
const short = `{"CreateTerminal":{"position":[0,0,0],"half_size":[1,1],"units_per_em":0.1}}`

func (g *guest) through(pid uint64, request string) runtime.Reply {
	g.w.T.Helper()
	return g.ask(g.w.Cap(pid), "introduce "+service.Factory+" "+service.Factory+" "+request)
}

// itself has an usher ask for a terminal that becomes its own.
func (w *world) itself(pid uint64, request string) {
	w.T.Helper()
	m := runtime.Message{Data: []byte("introduce " + service.Factory + " " + service.Factory + " " + request), Caps: []runtime.Capability{w.Cap(pid)}}
	if _, _, err := w.Accept(w.Cap(pid), m); err != nil {
		w.T.Fatal(err)
	}
}

// has waits for so many terminals.
func (w *world) has(n int) {
	w.T.Helper()
	eventually(w.T, fmt.Sprintf("%d terminals", n), func() bool { return len(w.plugin.List()) == n })
}

func local(o *service.Options)  { o.Policy = service.Local }
func asking(o *service.Options) { o.Policy = service.Ask }
func none(o *service.Options)   { o.Policy = service.None }

// What the program itself asks for is permitted, unless nothing is.
func TestHost(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*service.Options)
		want   string
	}{{"none", none, `{"Err":{"Refused":"`}, {"ask", asking, `{"Ok":"Terminal"}`}, {"local", local, `{"Ok":"Terminal"}`}} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.change)
			if r := string(w.guest().ask(w.factory(), create).Data); !strings.HasPrefix(r, c.want) {
				t.Error(r)
			}
			if r := string(w.guest().ask(w.factory(), screen).Data); r != `{"Ok":"Screen"}` {
				t.Error("a screen needs no permission: ", r)
			}
			if _, err := w.plugin.OpenHere(here()); err != nil {
				t.Error("the person needs no permission: ", err)
			}
		})
	}
}

// A process is asked about as itself, by its module, and not as whom it gives the
// address of; what is always permitted stays so.
func TestProcessIsAskedAbout(t *testing.T) {
	for _, durable := range []bool{false, true} {
		j := &judge{answers: []service.Answer{service.Once, service.Always}}
		w := newWorld(t, asking, func(o *service.Options) { o.Ask = j.ask })
		pid, g := w.usher(durable), w.guest()
		for n := range 4 {
			w.itself(pid, short)
			w.has(n + 1)
		}
		module := w.Module("usher")
		want := service.Request{
			Who: fmt.Sprintf("process %d with the module %s", pid, module), Module: module,
			What: "It wants a shell on this computer, with all that you may do here.",
		}
		if len(j.asked) != 2 || j.asked[0] != want || j.asked[1] != want {
			t.Errorf("asked %+v", j.asked)
		}
		// Another process of the module is permitted too: the module was.
		w.itself(w.usher(durable), short)
		w.has(5)
		// A screen is nobody's question.
		if r := g.through(pid, strings.Replace(short, "Terminal", "Screen", 1)); string(r.Data) != `{"Ok":"Screen"}` {
			t.Errorf("%s", r.Data)
		}
	}
}

// After a no, the person is left alone for a while, and so is who asked; another module
// may still ask.
func TestDenied(t *testing.T) {
	j := &judge{answers: []service.Answer{service.Deny, service.Once}}
	w := newWorld(t, asking, func(o *service.Options) { o.Ask = j.ask })
	pid, g := w.usher(false), w.guest()
	for range 3 {
		if r := string(g.through(pid, short).Data); !strings.HasPrefix(r, `{"Err":{"Refused":"the person`) {
			t.Fatal(r)
		}
	}
	if n := j.count(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	if n := len(w.plugin.List()); n != 0 {
		t.Errorf("%d terminals", n)
	}
}

// Nobody is there to be asked.
func TestNobodyToAsk(t *testing.T) {
	w := newWorld(t, asking)
	if r := string(w.guest().through(w.usher(false), short).Data); !strings.HasPrefix(r, `{"Err":{"Refused":`) {
		t.Error(r)
	}
}

// A module that the program brought itself is trusted, and no other; and it is so for
// itself, not for whoever has it ask.
func TestTrusted(t *testing.T) {
	w := newWorld(t, asking)
	module := w.Module("usher")
	w = newWorld(t, asking, func(o *service.Options) { o.Trusted = func(m lumps.CID) bool { return m == module } })
	pid := w.usher(false)
	w.itself(pid, short)
	w.has(1)
	if r := string(w.guest().through(pid, short).Data); !strings.HasPrefix(r, `{"Err":{"Refused":`) {
		t.Error("a stranger got a shell through a trusted module: ", r)
	}
}

// What a process always may have is its own: with the address of another the person is
// asked again, about both, and an answer of always does not outlive it.
func TestAlwaysIsForItself(t *testing.T) {
	j := &judge{answers: []service.Answer{service.Always, service.Always, service.Deny}}
	kept := &memory{}
	w := newWorld(t, asking, func(o *service.Options) { o.Ask, o.Keep = j.ask, kept })
	pid, g := w.usher(false), w.guest()
	named := strings.Replace(short, `{"position"`, `{"name":"log","position"`, 1)
	w.itself(pid, named)
	w.has(1)
	if r := string(g.through(pid, named).Data); r != `{"Ok":"Terminal"}` {
		t.Fatal(r)
	}
	if r := string(g.through(pid, named).Data); !strings.HasPrefix(r, `{"Err":{"Refused":`) {
		t.Error(r)
	}
	if n := j.count(); n != 3 {
		t.Fatalf("asked %d times", n)
	}
	if who := j.asked[1].Who; !strings.Contains(who, fmt.Sprintf("process %d with", pid)) || !strings.Contains(who, ", for process ") {
		t.Errorf("asked about %q", who)
	}
	w.itself(pid, short)
	w.has(3)
	w.plugin.Close()
	if keys, _ := kept.Keys(); len(keys) != 1 || keys[0] != "module "+w.Module("usher").String()+"/log" {
		t.Errorf("kept %q", keys)
	}
}

// An answer that is none is no.
func TestStrangeAnswer(t *testing.T) {
	j := &judge{answers: []service.Answer{service.Always + 1, -1}}
	w := newWorld(t, asking, func(o *service.Options) { o.Ask = j.ask })
	if r := string(w.guest().through(w.usher(false), short).Data); !strings.HasPrefix(r, `{"Err":{"Refused":`) {
		t.Error(r)
	}
}

// A question goes when who asked has ended, or who would get the terminal; what the
// person says then is to nobody, and the next one is asked about.
func TestQuestionEndsWithAsker(t *testing.T) {
	for name, end := range map[string]func(w *world, pid uint64, g *guest){
		"the sender": func(w *world, pid uint64, _ *guest) { w.Runtime.Kill(background, pid, "test") },
		"the heir":   func(_ *world, _ uint64, g *guest) { g.port.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			gone := make(chan struct{})
			w := newWorld(t, asking, func(o *service.Options) {
				o.Ask = func(ctx context.Context, r service.Request) (service.Answer, error) {
					<-ctx.Done()
					close(gone)
					return service.Always, nil
				}
			})
			pid, g := w.usher(false), w.guest()
			g.send(w.Cap(pid), "introduce "+service.Factory+" "+service.Factory+" "+short)
			eventually(t, "a question", func() bool { return service.Asking(w.plugin) == 1 })
			end(w, pid, g)
			select {
			case <-gone:
			case <-time.After(20 * time.Second):
				t.Fatal("the question stays")
			}
			eventually(t, "no question", func() bool { return service.Asking(w.plugin) == 0 })
			if n := len(w.plugin.List()); n != 0 {
				t.Errorf("%d terminals for nobody", n)
			}
		})
	}
}

// Who said no to several is asked about nobody for a while.
func TestManyAreDenied(t *testing.T) {
	j := &judge{}
	w := newWorld(t, asking, func(o *service.Options) { o.Ask = j.ask })
	factory := w.factory()
	for i := range 5 {
		r := w.guest().fromPeer(factory, short, fmt.Sprint("key ", i))
		if want := map[bool]string{true: `{"Err":{"Refused":`, false: `{"Err":{"Busy":`}[i < 3]; !strings.HasPrefix(r, want) {
			t.Errorf("%d: %s", i, r)
		}
	}
	if n := j.count(); n != 3 {
		t.Errorf("asked %d times", n)
	}
}

// Who ends while others are asked about is not asked about.
func TestAskerEndsInTheQueue(t *testing.T) {
	j := &judge{hold: make(chan struct{})}
	w := newWorld(t, asking, func(o *service.Options) { o.Ask = j.ask })
	first, second := w.guest(), w.guest()
	ask := func(g *guest, key string) {
		m := runtime.Message{Data: []byte(short), Caps: []runtime.Capability{g.port.Cap(caps.Send)}, Peer: key}
		if _, _, err := w.Accept(w.factory(), m); err != nil {
			t.Fatal(err)
		}
	}
	ask(first, "first")
	eventually(t, "a question", func() bool { return j.count() == 1 })
	ask(second, "second")
	eventually(t, "another in the queue", func() bool { return service.Asking(w.plugin) == 2 })
	second.port.Close()
	eventually(t, "it is gone", func() bool { return service.Asking(w.plugin) == 1 })
	close(j.hold)
	first.next()
	eventually(t, "no question", func() bool { return service.Asking(w.plugin) == 0 })
	if n := j.count(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// One question for each who asks is there at a time, and no more than a few: a flood of
// requests is refused at once.
func TestQuestionsAreBounded(t *testing.T) {
	j := &judge{answers: []service.Answer{service.Once}, hold: make(chan struct{})}
	w := newWorld(t, asking, func(o *service.Options) { o.Ask = j.ask })
	pid, g, other := w.usher(false), w.guest(), w.guest()
	g.send(w.Cap(pid), "introduce "+service.Factory+" "+service.Factory+" "+short)
	eventually(t, "a question", func() bool { return j.count() == 1 })
	for range 20 {
		if r := string(other.through(pid, short).Data); !strings.HasPrefix(r, `{"Err":{"Busy":`) {
			t.Fatal(r)
		}
	}
	close(j.hold)
	if r := string(g.next().Data); r != `{"Ok":"Terminal"}` {
		t.Error(r)
	}
	if n := j.count(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// The end of the terminals ends a question with a no.
func TestCloseWhileAsked(t *testing.T) {
	j := &judge{hold: make(chan struct{})}
	w := newWorld(t, asking, func(o *service.Options) { o.Ask = j.ask })
	g := w.guest()
	g.send(w.Cap(w.usher(false)), "introduce "+service.Factory+" "+service.Factory+" "+short)
	eventually(t, "a question", func() bool { return j.count() == 1 })
	w.plugin.Close()
	if r := string(g.next().Data); !strings.HasPrefix(r, `{"Err":{"Refused":`) {
		t.Error(r)
	}
}
