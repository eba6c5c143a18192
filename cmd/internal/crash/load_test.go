package crash

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hearth/fixtures/guests"
	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/ipc"
)

// The processes of the world, all durable and each with its name:
//
//	clients -> link0 -> mid0 -> end0     relays; end0 counts
//	clients -> link1 -> mid1 -> end1
//	clients -> tally, gopher             counters in C and in Go
//	clients -> usher -> tally            numbers that others overtake
//	clients -> room -> ear0, ear1        a room; its members are relays that count
//	                -> mortals           members that end with the first thing they hear
//	clients -> usher -> time -> link0    messages that come later
//	clients -> parent -> children        a relay; its children end at once
//	clients -> keeper                    lumps
var services = []struct{ name, module string }{
	{"usher", "usher"},
	{"link0", "relay"}, {"mid0", "relay"}, {"end0", "relay"},
	{"link1", "relay"}, {"mid1", "relay"}, {"end1", "relay"},
	{"tally", "counter"}, {"gopher", "counter-go"},
	{"room", "room"}, {"ear0", "relay"}, {"ear1", "relay"},
	{"parent", "relay"}, {"keeper", "keeper"},
}

var introductions = []string{
	"link0 mid0 next", "mid0 end0 next", "link1 mid1 next", "mid1 end1 next", "room ear0 join", "room ear1 join",
}

// load is the traffic of a world.
type load struct {
	p        *place
	ledger   *ledger
	modules  map[string]lumps.CID
	inFlight atomic.Int64 // messages sent and not acknowledged
	calm     bool         // no client asks for snapshots
	babbling int          // the most bytes of talk that says nothing

	// excused are errors that this test causes, beside those of a crash.
	excused func(error) bool

	mu      sync.Mutex
	kept    map[string]string    // ids in hexadecimal of what the keeper acknowledged
	stored  map[lumps.CID][]byte // lumps that clients put
	living  map[uint64]bool      // processes whose start was acknowledged
	ended   map[uint64]bool      // processes whose end was
	mortals []ipc.SpawnParams    // whose start was not
}

func newLoad(p *place) *load {
	return &load{p: p, ledger: newLedger(), modules: map[string]lumps.CID{}, kept: map[string]string{},
		stored: map[lumps.CID][]byte{}, living: map[uint64]bool{}, ended: map[uint64]bool{}}
}

// populate makes the processes. It may be called again after a crash.
func (l *load) populate(c *ipc.Client) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	names := []string{"exit"}
	for _, s := range services {
		names = append(names, s.module)
	}
	for _, name := range names {
		if _, ok := l.modules[name]; ok {
			continue
		}
		lump, err := c.PutLump(ctx, bytes.NewReader(guests.Module(name)), true)
		if err != nil {
			return fmt.Errorf("loading %s: %w", name, err)
		}
		l.modules[name] = lump.CID
	}
	for _, s := range services {
		pid, err := c.Spawn(ctx, ipc.SpawnParams{Module: l.modules[s.module], Durable: true, Service: s.name, Key: "service " + s.name})
		if err != nil {
			return fmt.Errorf("starting %s: %w", s.name, err)
		}
		l.ledger.pids[s.name] = pid
		l.living[pid] = true
	}
	for _, text := range introductions {
		r, err := c.Send(ctx, ipc.SendParams{Service: "usher", Data: []byte("introduce " + text), Key: text, Wait: true})
		if err != nil || !r.Duplicate && string(r.Reply) != "ok" && !strings.HasPrefix(string(r.Reply), "joined ") {
			return fmt.Errorf("introduce %s: %q, %w", text, r.Reply, err)
		}
	}
	return nil
}

const (
	connections = 3
	senders     = 4 // on each connection
)

// run sends on several connections until the server is gone or ctx ends.
func (l *load) run(ctx context.Context, seed uint64) error {
	var wg sync.WaitGroup
	for i := range connections {
		c, err := l.p.dial()
		if err != nil {
			wg.Wait()
			if gone(err) {
				return nil
			}
			return err
		}
		defer c.Close()
		for j := range senders {
			wg.Add(1)
			go func() {
				defer wg.Done()
				s := &sender{load: l, c: c, rng: rand.New(rand.NewPCG(seed, uint64(i*senders+j)))}
				for ctx.Err() == nil && l.ledger.err() == nil {
					err := s.step(ctx)
					if err == nil {
						continue
					}
					if l.excused != nil && l.excused(err) {
						continue
					}
					if !gone(err) && ctx.Err() == nil {
						l.ledger.wrong("a client met an error that no crash explains: %w", err)
					}
					return
				}
			}()
		}
	}
	wg.Wait()
	return l.ledger.err()
}

// gone reports an error that a server's end explains.
func gone(err error) bool {
	return errors.Is(err, ipc.ErrLost) || errors.Is(err, ipc.ErrNoServer) || errors.Is(err, runtime.ErrStopped)
}

// sender is one of the goroutines that share a connection.
type sender struct {
	*load
	c   *ipc.Client
	rng *rand.Rand
}

// step does one thing.
func (s *sender) step(ctx context.Context) error {
	if m := s.ledger.again(); m != nil {
		return s.resend(ctx, m)
	}
	switch n := s.rng.IntN(100); {
	case n < 45:
		return s.relay(ctx)
	case n < 65:
		return s.count(ctx)
	case n < 75:
		return s.talk(ctx)
	case n < 80:
		return s.later(ctx)
	case n < 86:
		return s.breed(ctx)
	case n < 90:
		return s.keep(ctx)
	case n < 93:
		return s.put(ctx)
	case n < 96:
		return s.mortal(ctx)
	case n < 97:
		return s.babble(ctx)
	case n < 99:
		return s.startAndEnd(ctx)
	case s.calm:
		return nil
	default:
		_, err := s.c.Snapshot(ctx, "in the middle")
		return err
	}
}

// send sends a message and, with wait, returns the reply.
func (s *sender) send(ctx context.Context, m *message, wait bool) (string, error) {
	s.ledger.sending(m)
	s.inFlight.Add(1)
	r, err := s.c.Send(ctx, ipc.SendParams{Service: m.to, Data: []byte(m.body), Key: m.key, Lumps: m.lumps, Wait: wait})
	if err != nil {
		return "", err // it stays in flight: nobody knows of it
	}
	s.inFlight.Add(-1)
	if r.Duplicate {
		return "", fmt.Errorf("a new message to %s with key %q is said to be known", m.to, m.key)
	}
	if wait != r.Replied || !wait && r.Seq == 0 {
		return "", fmt.Errorf("a message to %s was answered %+v", m.to, r)
	}
	s.ledger.acknowledged(m, r.Seq)
	return string(r.Reply), nil
}

// resend sends a message with its key until it is acknowledged. It must be known
// exactly if the journal had it.
func (s *sender) resend(ctx context.Context, m *message) error {
	s.inFlight.Add(1)
	r, err := s.c.Send(ctx, ipc.SendParams{Service: m.to, Data: []byte(m.body), Key: m.key, Lumps: m.lumps})
	if err != nil {
		return err
	}
	s.inFlight.Add(-1)
	s.ledger.mu.Lock()
	known := m.journaled
	s.ledger.mu.Unlock()
	if r.Duplicate != (known != 0) || known != 0 && r.Seq != known {
		return fmt.Errorf("the message with key %q stands at %d and the server answers %+v", m.key, known, r)
	}
	s.ledger.acknowledged(m, r.Seq)
	return nil
}

// keyed gives every second message a key.
func (s *sender) keyed(m *message) *message {
	if s.rng.IntN(2) == 0 {
		m.key = fmt.Sprintf("key %d", m.id)
	}
	return m
}

// relay sends a number through a chain.
func (s *sender) relay(ctx context.Context) error {
	n := s.rng.IntN(2)
	m := s.keyed(&message{id: s.ledger.id(), to: fmt.Sprintf("link%d", n), sinks: []*sink{s.ledger.sink(fmt.Sprintf("end%d", n))}})
	m.body = fmt.Sprint(m.id)
	wait := s.rng.IntN(4) == 0
	reply, err := s.send(ctx, m, wait)
	if err == nil && wait && reply != "ok" {
		err = fmt.Errorf("the number %d, sent once, was answered %q", m.id, reply)
	}
	return err
}

// count adds a number to a counter.
func (s *sender) count(ctx context.Context) error {
	k := s.ledger.sink("tally")
	if s.rng.IntN(8) == 0 {
		k = s.ledger.sink("gopher")
	}
	m := s.keyed(&message{id: s.ledger.id(), to: k.name, sinks: []*sink{k}})
	m.body = fmt.Sprintf("add %d", m.id)
	wait := s.rng.IntN(4) == 0
	if k.name == "tally" && s.rng.IntN(4) == 0 {
		// The answer shows messages that were sent later and came earlier: it may be
		// given when those are on disk too.
		m.to, m.body, wait = "usher", fmt.Sprintf("introduce tally room %d", m.id), true
		m.sinks = append(m.sinks, s.ledger.sink("usher"))
	}
	reply, err := s.send(ctx, m, wait)
	if err != nil || !wait {
		return err
	}
	var sum int64
	if _, err := fmt.Sscan(reply, &sum); err != nil {
		return fmt.Errorf("%s answered %q", k.name, reply)
	}
	s.ledger.mu.Lock()
	k.shown = max(k.shown, sum)
	s.ledger.mu.Unlock()
	return nil
}

// talk says a number to all in the room.
func (s *sender) talk(ctx context.Context) error {
	m := s.keyed(&message{id: s.ledger.id(), to: "room", sinks: []*sink{s.ledger.sink("ear0"), s.ledger.sink("ear1")}})
	m.body = fmt.Sprintf("say %d", m.id)
	_, err := s.send(ctx, m, s.rng.IntN(3) == 0)
	return err
}

// later has a number sent through a chain when some time has gone by. It waits, so
// that the usher never has more appointments than it can remember.
func (s *sender) later(ctx context.Context) error {
	m := s.keyed(&message{id: s.ledger.id(), to: "usher", sinks: []*sink{s.ledger.sink("end0"), s.ledger.sink("usher")}})
	m.body = fmt.Sprintf("after %.3f link0 %d", s.rng.Float64()*0.15, m.id)
	reply, err := s.send(ctx, m, true)
	if err == nil && reply != "set" {
		err = fmt.Errorf("%q was answered %q", m.body, reply)
	}
	return err
}

// errRefused is what a parent is told whose child finds no room.
var errRefused = errors.New("a child was refused")

// breed has a child started that ends at once.
func (s *sender) breed(ctx context.Context) error {
	k := s.ledger.sink("parent")
	id := s.ledger.id()
	m := &message{id: id, to: "parent", key: fmt.Sprintf("key %d", id), sinks: []*sink{k}}
	module := s.modules["exit"]
	m.body = []string{"spawn ", "spawn durable ", "spawn transient "}[s.rng.IntN(3)] + hexOf(module)
	if s.rng.IntN(2) == 0 {
		m.body, m.lumps = strings.TrimSpace(m.body[:strings.LastIndexByte(m.body, ' ')]), []lumps.CID{module}
	}
	reply, err := s.send(ctx, m, true)
	if err == nil && reply == "failed: the spawner refused" {
		return errRefused
	}
	if err == nil && reply != "spawned" {
		err = fmt.Errorf("%q was answered %q", m.body, reply)
	}
	return err
}

// keep gives the keeper bytes, some of them more than stand in an event.
func (s *sender) keep(ctx context.Context) error {
	s.mu.Lock()
	full := len(s.kept) > 300
	s.mu.Unlock()
	if full {
		return nil
	}
	m := s.keyed(&message{id: s.ledger.id(), to: "keeper"})
	m.body = fmt.Sprintf("put %d", m.id)
	if s.rng.IntN(10) == 0 {
		m.key = fmt.Sprintf("key %d", m.id)
		m.body += strings.Repeat(".", 20_000+s.rng.IntN(30_000))
	}
	reply, err := s.send(ctx, m, true)
	if err != nil {
		return err
	}
	bytes := m.body[len("put "):]
	if want := hexOf(lumps.Sum(lumps.Raw, []byte(bytes))); reply != want {
		return fmt.Errorf("the keeper put %.40q as %s, which is %s", bytes, reply, want)
	}
	s.mu.Lock()
	s.kept[reply] = bytes
	s.mu.Unlock()
	return nil
}

// hexOf is the id of a lump as guests take it.
func hexOf(c lumps.CID) string {
	d := c.Digest()
	return hex.EncodeToString(d[:])
}

// put stores a lump, and sometimes gives it to the keeper.
func (s *sender) put(ctx context.Context) error {
	data := make([]byte, s.rng.IntN(1<<s.rng.IntN(18)+1))
	for i := range data {
		data[i] = byte(s.rng.Uint32())
	}
	lump, err := s.c.PutLump(ctx, bytes.NewReader(data), s.rng.IntN(2) == 0)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.stored[lump.CID] = data
	s.mu.Unlock()
	return nil
}

// mortal starts a member of the room that ends with the first thing it hears.
func (s *sender) mortal(ctx context.Context) error {
	p := s.unborn()
	if p.Key == "" {
		id := s.ledger.id()
		p = ipc.SpawnParams{Module: s.modules["exit"], Durable: true, Service: fmt.Sprintf("mortal%d", id), Key: fmt.Sprintf("mortal %d", id)}
	}
	if _, err := s.c.Spawn(ctx, p); err != nil {
		s.mu.Lock()
		s.mortals = append(s.mortals, p)
		s.mu.Unlock()
		return err
	}
	m := s.keyed(&message{id: s.ledger.id(), to: "usher", body: "introduce room " + p.Service + " join", sinks: []*sink{s.ledger.sink("usher")}})
	_, err := s.send(ctx, m, s.rng.IntN(2) == 0)
	return err
}

// babble sends a counter what it does not understand, and much of it, so that the
// segments of the journal fill.
func (s *sender) babble(ctx context.Context) error {
	m := s.keyed(&message{id: s.ledger.id(), to: "tally"})
	m.body = fmt.Sprintf("%d %s", m.id, strings.Repeat("babble ", s.rng.IntN(s.babbling/len("babble ")+1)))
	_, err := s.send(ctx, m, false)
	return err
}

// unborn returns a mortal whose start nobody is sure of, if there is one.
func (s *sender) unborn() (p ipc.SpawnParams) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.mortals); n > 0 {
		p, s.mortals = s.mortals[n-1], s.mortals[:n-1]
	}
	return p
}

// startAndEnd starts a process and kills some.
func (s *sender) startAndEnd(ctx context.Context) error {
	pid, err := s.c.Spawn(ctx, ipc.SpawnParams{Module: s.modules["counter"], Durable: true, Arg: []byte("add 1")})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.living[pid] = true
	s.mu.Unlock()
	if s.rng.IntN(4) == 0 {
		return nil
	}
	s.mu.Lock()
	delete(s.living, pid)
	s.mu.Unlock()
	if err := s.c.Kill(ctx, pid); err != nil {
		return err
	}
	s.mu.Lock()
	s.ended[pid] = true
	s.mu.Unlock()
	return nil
}

// ask sends a request that nobody counts.
func ask(ctx context.Context, c *ipc.Client, service, text string) (string, error) {
	r, err := c.Send(ctx, ipc.SendParams{Service: service, Data: []byte(text), Wait: true, Timeout: patience.Milliseconds()})
	if err != nil {
		return "", fmt.Errorf("%s to %s: %w", text, service, err)
	}
	return string(r.Reply), nil
}

// relayCounts is what a relay tells.
type relayCounts struct {
	Counted, Distinct, Duplicates, Forwarded, Spawned, Failed, Downs uint64
	Checksum                                                         string
}

// usherCounts is what an usher tells.
type usherCounts struct{ Passed, Failed, Busy uint64 }

func check[T any](ctx context.Context, c *ipc.Client, service string) (v T, err error) {
	text, err := ask(ctx, c, service, "check")
	if err == nil {
		err = json.Unmarshal([]byte(text), &v)
	}
	return v, err
}

// pause sleeps a random time.
func pause(rng *rand.Rand, most time.Duration) {
	time.Sleep(time.Duration(rng.Int64N(int64(most) + 1)))
}
