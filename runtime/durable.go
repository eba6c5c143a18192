package runtime

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"hearth/journal"
	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime/caps"
)

// durable is the durable world: the appender, which gives every event its place,
// folds it and hands it to the process it is for.
type durable struct {
	rt *Runtime
	j  *journal.Journal

	// mu is the appender's. It guards everything down to the blank line. What holds
	// it may submit to the journal, never wait for it.
	mu       sync.Mutex
	k        *space.Kernel
	procs    map[uint64]*Process // every durable process that has events to execute or may get some
	pending  map[space.Cause]*space.Effect
	caused   []space.Effect        // the kernel's own effects, waiting for their events
	watch    map[uint64][]*watcher // transient interest in the ends of durable processes
	snap     *snapshotJob
	timer    *time.Timer
	replay   *replay
	poison   map[uint64]uint64 // process -> the event from which on it is not executed
	crumbs   *crumbs
	requests []*Request // to be served when mu is free
	closed   bool

	replaying atomic.Bool // replay is not nil
	epochs    atomic.Pointer[[]epochEntropy]
	passing   atomic.Pointer[snapshotJob] // snap, for processes that pass its seq
	events    atomic.Uint64               // folded since the last snapshot
	held      held
	queuedAll atomic.Int64 // events in queues, for the replay's window and the end of quiet
	quiet     chan struct{}
	failOnce  sync.Once
	failed    chan struct{}
	failure   error
}

func newDurable(rt *Runtime, j *journal.Journal) *durable {
	return &durable{
		rt: rt, j: j, k: space.NewKernel(), procs: map[uint64]*Process{},
		pending: map[space.Cause]*space.Effect{}, watch: map[uint64][]*watcher{}, poison: map[uint64]uint64{},
		quiet: make(chan struct{}, 1), failed: make(chan struct{}),
	}
}

// fail stops the durable world: nothing is executed or accepted any more. The
// journal and the store hold everything that was acknowledged.
func (d *durable) fail(err error) {
	d.failOnce.Do(func() {
		d.failure = err
		close(d.failed)
		d.rt.log.Error("the space stopped; restart the server to verify and restore it", "error", err)
	})
}

func (d *durable) err() error {
	select {
	case <-d.failed:
		return d.failure
	default:
		return nil
	}
}

// ---- the appender

// commit gives an event its place: it is submitted, folded and delivered. The
// caller holds mu. Effects of the kernel follow at once, in order.
func (d *durable) commit(w *Worker, ev space.Event) (uint64, error) {
	body, err := space.Encode(ev)
	if err != nil {
		return 0, err
	}
	return d.commitEncoded(w, ev, body)
}

func (d *durable) commitEncoded(w *Worker, ev space.Event, body []byte) (uint64, error) {
	seq, err := d.place(w, ev, body)
	if err != nil {
		return 0, err
	}
	for len(d.caused) > 0 {
		e := d.caused[0]
		d.caused = d.caused[1:]
		if err := d.record(w, &e); err != nil {
			return 0, err
		}
	}
	return seq, nil
}

func (d *durable) place(w *Worker, ev space.Event, body []byte) (uint64, error) {
	if err := d.err(); err != nil {
		return 0, err
	}
	if d.closed {
		return 0, ErrStopped
	}
	now := max(d.rt.now(), d.k.Time)
	seq, err := d.j.Submit(uint16(ev.Kind()), now, body)
	if err != nil {
		d.fail(err)
		return 0, err
	}
	h := space.HeaderOf(ev)
	h.Seq, h.Time = seq, now
	if err := d.apply(w, ev); err != nil {
		d.fail(err)
		return 0, err
	}
	if ev.Kind() == space.KindCheckpoint {
		return seq, nil // it changes nothing, and is no reason for another snapshot
	}
	if n := d.events.Add(1); n == d.rt.snapshotEvents {
		select {
		case d.rt.snapSoon <- struct{}{}:
		default:
		}
	}
	return seq, nil
}

// apply folds an event and hands it out: in life and in replay alike.
func (d *durable) apply(w *Worker, ev space.Event) error {
	out, err := d.k.Apply(ev)
	if err != nil {
		return err
	}
	if x, ok := ev.(*space.Epoch); ok {
		d.noteEpoch(x.Seq, x.Entropy)
	}
	if out.Spawned != nil {
		d.addProcess(out.Spawned, nil)
	}
	if out.Deliver != 0 {
		if p := d.procs[out.Deliver]; p != nil {
			p.dur.push(w, ev)
		}
	}
	if x, ok := ev.(*space.Exit); ok && out.Deliver != 0 {
		d.tellWatchers(x)
	}
	if d.replay == nil {
		if x, ok := ev.(*space.Watch); ok {
			d.watchTransient(x.Seq)
		}
		if x, ok := ev.(*space.Link); ok {
			d.watchTransient(x.Seq)
		}
		if out.TimersChanged {
			d.armTimer()
		}
	}
	d.caused = append(d.caused, out.Effects...)
	return nil
}

// record finds the event for an effect, or drops one that needs none any more.
func (d *durable) record(w *Worker, e *space.Effect) error {
	if e.Kind == space.EffectMessage && e.To.Ref.Kind != space.RefDurable {
		// An answer of the kernel to somebody outside: at most once.
		if d.replay == nil {
			d.leave(*e, e.Cause.Seq)
		}
		return nil
	}
	if d.snap != nil && e.Cause.Seq <= d.snap.at {
		d.snap.outbox = append(d.snap.outbox, *e)
	}
	if d.replay != nil {
		return d.replay.caused(e)
	}
	if d.k.Settled(e) {
		return nil
	}
	if e.Kind == space.EffectRequest {
		return d.request(w, e)
	}
	ev := e.Event()
	if e.Kind == space.EffectMessage {
		if p := d.procs[e.To.Ref.Process]; p != nil && p.dur.queued() >= MaxQueue {
			ev = &space.Resolved{Header: space.Header{Cause: e.Cause}, Reason: "busy"}
		}
	}
	body, err := space.Encode(ev)
	if err != nil {
		return err
	}
	_, err = d.place(w, ev, body)
	return err
}

// request hands a request to its service. A folded service's answer will be the
// event of e. A device gets it when the event that says so is on disk, so at most
// once; which of both a service is, is decided here and never in a replay.
func (d *durable) request(w *Worker, e *space.Effect) error {
	c := *e
	n := d.rt.service(e.To.Ref.Service)
	if n != nil && n.svc.Folded {
		d.pending[c.Cause] = &c
		d.requests = append(d.requests, d.rt.requestOf(&c))
		return nil
	}
	reason := "device"
	if n == nil {
		reason = "no such service"
	}
	ev := &space.Resolved{Header: space.Header{Cause: c.Cause}, Reason: reason}
	body, err := space.Encode(ev)
	if err != nil {
		return err
	}
	seq, err := d.place(w, ev, body)
	if err == nil && n != nil {
		d.leave(c, seq)
	}
	return err
}

// leave sends a message out of the durable world when the journal is durable up to
// seq. The proxies that it goes to and carries are held until then.
func (d *durable) leave(e space.Effect, seq uint64) {
	keep := d.rt.keepProxies(append([]space.Cap{e.To}, e.Caps...))
	from := d.sender(e.Cause.Process)
	d.held.add(d, seq, func() {
		d.deliverOutside(&e, from)
		runtime.KeepAlive(keep)
	})
}

// sender is a durable process as services hear of it. The caller holds mu.
func (d *durable) sender(pid uint64) Sender {
	s := Sender{Process: pid}
	if p := d.procs[pid]; p != nil {
		s.Module = p.module
	}
	return s
}

// recordAll records the effects of one execution and, behind each, those of the
// kernel that follow from it.
func (d *durable) recordAll(w *Worker, effects []space.Effect) error {
	d.mu.Lock()
	for i := range effects {
		d.caused = append(d.caused, effects[i])
		for len(d.caused) > 0 {
			e := d.caused[0]
			d.caused = d.caused[1:]
			if err := d.record(w, &e); err != nil {
				d.mu.Unlock()
				return err
			}
		}
	}
	d.unlock()
	return nil
}

// unlock releases mu and serves the requests that were recorded under it.
func (d *durable) unlock() {
	reqs := d.requests
	d.requests = nil
	d.mu.Unlock()
	for _, r := range reqs {
		d.rt.serve(r)
	}
}

// outcome records what a request led to. make is called under the appender's
// lock and returns the event; its cause is set here.
func (d *durable) outcome(cause space.Cause, make func(k *space.Kernel) space.Event) (uint64, error) {
	d.mu.Lock()
	defer d.unlock()
	if !cause.IsZero() {
		if d.pending[cause] == nil {
			return 0, nil // answered before
		}
		delete(d.pending, cause)
	}
	ev := make(d.k)
	space.HeaderOf(ev).Cause = cause
	return d.commit(nil, ev)
}

// accept takes a message from outside in. It is durable when the journal is past
// the returned seq. dup says that its key was accepted before, at that seq.
func (d *durable) accept(w *Worker, m *space.Message) (seq uint64, dup bool, err error) {
	if len(m.Body) > space.MaxMessage {
		return 0, false, ErrTooLarge
	}
	if len(m.Caps) > space.MaxCaps || len(m.Lumps) > space.MaxLumps || len(m.Key) > space.MaxKey {
		return 0, false, fmt.Errorf("%w: too many capabilities or lumps, or a key that is too long", ErrTooLarge)
	}
	for _, c := range m.Lumps {
		if err := d.rt.haveLump(c); err != nil {
			return 0, false, err
		}
	}
	if len(m.Body) > space.MaxInline {
		l, err := d.rt.putLump(context.Background(), m.Body)
		if err != nil {
			return 0, false, err
		}
		m.Body, m.Blob = nil, l.CID
	}
	body, err := space.Encode(m)
	if err != nil {
		return 0, false, err
	}
	d.mu.Lock()
	defer d.unlock()
	if m.Key != "" {
		if seq, ok := d.k.Key(m.Key); ok {
			return seq, true, nil
		}
	}
	if d.k.Process(m.To.Process) == nil {
		return 0, false, ErrNoProcess
	}
	if p := d.procs[m.To.Process]; p != nil && p.dur.queued() >= busyQueue {
		return 0, false, ErrBusy
	}
	seq, err = d.commitEncoded(w, m, body)
	return seq, false, err
}

// killProcess ends a durable process from outside: an event behind what it was
// sent before.
func (d *durable) killProcess(pid uint64, origin, detail string) (uint64, error) {
	d.mu.Lock()
	defer d.unlock()
	if d.k.Process(pid) == nil {
		return 0, ErrNoProcess
	}
	return d.commit(nil, &space.Exit{Header: space.Header{Origin: origin}, Process: pid, Reason: space.ReasonKilled, Detail: detail})
}

// addProcess makes the process object for a live process. im is its image in a
// snapshot, nil for a new one.
func (d *durable) addProcess(sp *space.Process, im *space.Image) *Process {
	p := d.rt.newProcess(sp.PID, sp.Program.Limits)
	p.module, p.service, p.parent = sp.Program.Module, sp.Service, sp.Parent
	dp := &durableProcess{p: p, d: d, program: sp.Program, image: im, fresh: im == nil}
	p.dur = dp
	if im == nil {
		for _, c := range sp.Table {
			p.table.Add(c.Ref, d.rt.proxyBox(c.Ref), caps.Perms(c.Perms))
		}
		dp.image = &space.Image{}
		dp.dirty = true
	} else {
		dp.restore(im)
	}
	d.procs[p.pid] = p
	return p
}

// sortEffects puts effects in the order in which they are appended after a restart.
func sortEffects(es []space.Effect) {
	slices.SortFunc(es, func(a, b space.Effect) int {
		if a.Cause == b.Cause {
			return 0
		}
		if a.Cause.Before(b.Cause) {
			return -1
		}
		return 1
	})
}

// wait returns when the journal is durable up to seq.
func (d *durable) wait(ctx context.Context, seq uint64) error {
	if err := d.j.Wait(ctx, seq); err != nil {
		if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
			d.fail(err)
		}
		return err
	}
	return nil
}

// messageTo is the event of a message from outside.
func (d *durable) messageTo(ref space.Ref, body []byte, cs []Capability, named []lumps.CID, origin, key string) *space.Message {
	if len(origin) > space.MaxOrigin {
		origin = origin[:space.MaxOrigin]
	}
	return &space.Message{Header: space.Header{Origin: origin}, To: ref, Body: body, Caps: plainCaps(cs), Lumps: named, Key: key}
}
