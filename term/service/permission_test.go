package service_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"hearth/lumps"
	"hearth/runtime"
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
		for range 4 {
			if r := g.through(pid, short); string(r.Data) != `{"Ok":"Terminal"}` || len(r.Caps) != 1 {
				t.Fatalf("%s", r.Data)
			}
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
		if r := g.through(w.usher(durable), short); string(r.Data) != `{"Ok":"Terminal"}` {
			t.Errorf("%s", r.Data)
		}
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

// A module that the program brought itself is trusted, and no other.
func TestTrusted(t *testing.T) {
	w := newWorld(t, asking)
	module := w.Module("usher")
	w = newWorld(t, asking, func(o *service.Options) { o.Trusted = func(m lumps.CID) bool { return m == module } })
	if r := string(w.guest().through(w.usher(false), short).Data); r != `{"Ok":"Terminal"}` {
		t.Error(r)
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
