package runtime

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"runtime"

	"github.com/zeebo/blake3"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime/caps"
	"hearth/store"
)

// durableProcess executes the events of one durable process in order, collects
// what they cause, and captures the state that a snapshot wants.
type durableProcess struct {
	p       *Process
	d       *durable
	program space.Program

	// Guarded by p.mu.
	events []queuedEvent // from head on
	head   int

	// Owned by whoever executes.
	image    *space.Image // as of the last capture; memory and globals to start from while there is no body
	fresh    bool         // never executed: starts from the program's image
	pages    []lumps.CID  // of image
	dirty    bool         // executed since the last capture
	captured *snapshotJob // the last snapshot that has it, of this run
	done     bool         // ended by itself; its exit may not be folded yet

	// Of the event that executes.
	seq      uint64
	now      int64
	index    uint32
	ids      uint32
	effects  []space.Effect
	outward  []func()
	keep     []*Mailbox // proxies that the effects carry
	touched  []lumps.CID
	newLumps map[lumps.CID][]byte
	rng      *rand.ChaCha8
	rngSeed  [32]byte
}

// queuedEvent is an event that waits. ev is nil where it must be read again from
// the journal.
type queuedEvent struct {
	seq  uint64
	ev   space.Event
	keep []*Mailbox // proxies that the event carries
}

// push queues an event. The appender's lock is held, so the order is that of the
// seqs.
func (dp *durableProcess) push(w *Worker, ev space.Event) {
	p := dp.p
	q := queuedEvent{seq: space.HeaderOf(ev).Seq, ev: ev}
	if m, ok := ev.(*space.Message); ok && len(m.Caps) > 0 && !dp.d.replaying.Load() {
		q.keep = p.rt.keepProxies(m.Caps)
	}
	p.mu.Lock()
	if len(dp.events)-dp.head >= queueInMemory && !dp.d.replaying.Load() {
		q.ev = nil
	}
	if dp.head > 1024 && dp.head*2 > len(dp.events) {
		n := copy(dp.events, dp.events[dp.head:])
		clear(dp.events[n:])
		dp.events, dp.head = dp.events[:n], 0
	}
	dp.events = append(dp.events, q)
	dp.d.queuedAll.Add(1)
	wake := p.state == StateIdle
	if wake {
		p.state = StateReady
	}
	p.mu.Unlock()
	if wake {
		p.rt.sched.ready(w, p)
	}
}

func (dp *durableProcess) queued() int {
	dp.p.mu.Lock()
	defer dp.p.mu.Unlock()
	return len(dp.events) - dp.head
}

// turn executes events, and captures between two of them where a snapshot wants
// the state in between.
func (dp *durableProcess) turn(w *Worker) {
	p, d := dp.p, dp.d
	for range maxBatch {
		p.mu.Lock()
		job := d.passing.Load()
		empty := dp.head == len(dp.events)
		if job.isWanted(p) && (empty || dp.events[dp.head].seq > job.at) {
			p.state = StateRunning
			p.mu.Unlock()
			if err := dp.capture(job); err != nil {
				d.fail(err)
				return
			}
			continue
		}
		if empty {
			dp.events, dp.head = dp.events[:0], 0
			p.state, p.used = StateIdle, true
			p.mu.Unlock()
			return
		}
		q := dp.events[dp.head]
		dp.events[dp.head] = queuedEvent{}
		dp.head++
		p.state = StateRunning
		p.mu.Unlock()
		ended, err := dp.execute(w, q)
		runtime.KeepAlive(q.keep) // until the process has taken what it was told of
		if errors.Is(err, ErrStopped) {
			return // the runtime closes; the next start executes the event again
		}
		if err != nil {
			d.fail(err)
			return
		}
		d.dequeued(1)
		if ended {
			return
		}
	}
	p.mu.Lock()
	p.state = StateReady
	p.mu.Unlock()
	p.rt.sched.put(p)
}

// execute runs one event to its end. ended says that the process is gone.
func (dp *durableProcess) execute(w *Worker, q queuedEvent) (ended bool, err error) {
	p, d := dp.p, dp.d
	if d.err() != nil {
		return true, nil
	}
	if q.ev == nil {
		if err := d.j.Wait(context.Background(), q.seq); err != nil {
			return false, err
		}
		rec, err := d.j.Record(context.Background(), q.seq)
		if err != nil {
			return false, err
		}
		if q.ev, err = space.Decode(rec); err != nil {
			return false, err
		}
	}
	if x, ok := q.ev.(*space.Exit); ok {
		dp.leave(x)
		return true, nil
	}
	if dp.done {
		return false, nil
	}
	h := space.HeaderOf(q.ev)
	s := &Signal{Seq: h.Seq, Time: h.Time}
	var to space.Ref
	switch ev := q.ev.(type) {
	case *space.Message:
		to = ev.To
		s.Data, s.Lumps = ev.Body, ev.Lumps
		if !ev.Blob.IsZero() {
			if s.Data, err = p.rt.readLump(context.Background(), ev.Blob); err != nil {
				return false, &HostError{Op: "reading the body of a message", Err: err}
			}
		}
		for _, c := range ev.Caps {
			s.Caps = append(s.Caps, Capability{Ref: c.Ref, Perms: caps.Perms(c.Perms), Box: p.rt.proxyBox(c.Ref)})
		}
	case *space.Down:
		to = ev.To
		s.Kind, s.one[0] = SignalDown, Capability{Ref: ev.Cap.Ref, Perms: caps.Perms(ev.Cap.Perms), Box: p.rt.proxyBox(ev.Cap.Ref)}
	case *space.Resume:
		to = space.Ref{Kind: space.RefDurable, Process: p.pid}
		s.Kind = SignalResume
	}
	box := dp.boxOf(to)
	if box == nil {
		return false, nil // destroyed by the process itself
	}
	s.Box = box.handle
	if p.body == nil {
		if err := dp.wake(); err != nil {
			return false, err
		}
	}
	dp.seq, dp.now, dp.index, dp.ids, dp.rng = h.Seq, h.Time, 0, 0, nil
	dp.dirty = true
	if d.replaying.Load() {
		if from, ok := d.poison[p.pid]; ok && h.Seq >= from {
			dp.quarantined()
			return false, nil
		}
		if d.crumbs != nil {
			if w.crumb == nil {
				w.crumb = d.crumbs.slot()
			}
			w.crumb[1].Store(h.Seq)
			w.crumb[0].Store(p.pid)
			defer w.crumb[0].Store(0)
		}
	}
	// What comes beyond the limit is not held: who sends cannot end the receiver.
	for _, c := range s.Lumps {
		if len(p.lumps.held) < int(p.limits.Held) {
			p.lumps.hold(c)
		}
	}
	rerr := p.body.Receive(w, s)
	p.memory.Store(int64(p.body.MemorySize()))
	var trap *Trap
	if rerr != nil {
		if he, ok := rerr.(*HostError); ok {
			return false, he
		}
		trap = asTrap(rerr)
	}
	return false, dp.finish(w, trap)
}

// quarantined ends the execution of a process whose next event crashes the host.
func (dp *durableProcess) quarantined() {
	dp.done, dp.dirty = true, true
	if dp.p.body != nil {
		dp.p.body.Close()
		dp.p.body = nil
	}
}

// boxOf finds a mailbox by its id.
func (dp *durableProcess) boxOf(r space.Ref) *Mailbox {
	for _, b := range dp.p.boxes {
		if b != nil && b.ref.Mailbox == r.Mailbox {
			return b
		}
	}
	return nil
}

// wake makes the instance of a process that has none.
func (dp *durableProcess) wake() error {
	ctx := context.Background()
	code, err := dp.p.rt.code(ctx, dp.program)
	if err != nil {
		return &HostError{Op: "opening the module of a durable process", Err: err}
	}
	im := dp.image
	if dp.fresh {
		im = nil
	}
	body, err := dp.p.rt.newBody(code, dp.p, im)
	if err != nil {
		return &HostError{Op: "starting a durable process", Err: err}
	}
	dp.p.body = body
	return nil
}

// finish makes events of what an execution caused.
func (dp *durableProcess) finish(w *Worker, trap *Trap) error {
	p, d := dp.p, dp.d
	if trap != nil {
		dp.effect(space.Effect{Kind: space.EffectExit, To: space.Cap{Ref: p.boxes[0].ref}, Reason: trap.Reason, Code: trap.Code, Detail: trap.Detail})
		dp.done = true
		p.body.Close()
		p.body = nil
	}
	for c, data := range dp.newLumps {
		l, err := p.rt.putLump(context.Background(), data)
		if err != nil {
			return &HostError{Op: "storing a lump of a durable process", Err: err}
		}
		if l.CID != c {
			return &HostError{Op: "storing a lump", Err: &store.MismatchError{Want: c, Got: l.CID}}
		}
	}
	clear(dp.newLumps)
	effects, outward := dp.effects, dp.outward
	if len(effects) > 0 {
		if err := d.recordAll(w, effects); err != nil {
			return err
		}
	}
	if len(outward) > 0 && !d.replaying.Load() {
		for _, f := range outward {
			d.held.add(d, dp.seq, f)
		}
	}
	clear(dp.effects)
	clear(dp.outward)
	clear(dp.keep)
	dp.keep = dp.keep[:0]
	dp.effects, dp.outward, dp.touched = dp.effects[:0], dp.outward[:0], dp.touched[:0]
	return nil
}

// leave takes an ended process out of the world.
func (dp *durableProcess) leave(x *space.Exit) {
	p, d := dp.p, dp.d
	if p.body != nil {
		p.body.Close()
		p.body = nil
	}
	p.mu.Lock()
	p.ended = true
	left := int64(len(dp.events) - dp.head)
	dp.events, dp.head = nil, 0
	p.state = StateEnded
	p.mu.Unlock()
	if left > 0 {
		d.dequeued(left)
	}
	d.mu.Lock()
	delete(d.procs, p.pid)
	if d.snap != nil {
		d.snap.left(p.pid)
	}
	d.mu.Unlock()
	if !d.replaying.Load() {
		reason, detail := x.Reason, x.Detail
		d.held.add(d, x.Seq, func() {
			if reason != space.ReasonNormal {
				p.rt.log.Info("a process ended", "pid", p.pid, "reason", reason, "detail", detail)
			}
			p.rt.logs.end(p.pid)
		})
	}
}

// ---- what a handler asks for

func (dp *durableProcess) nextID() uint64 {
	dp.ids++
	return dp.seq<<20 | uint64(dp.ids)&(1<<20-1)
}

func (dp *durableProcess) effect(e space.Effect) error {
	if dp.index >= space.MaxEffects && e.Kind != space.EffectExit {
		return trapf("more than %d effects of one event", space.MaxEffects)
	}
	e.Cause = space.Cause{Process: dp.p.pid, Seq: dp.seq, Index: dp.index}
	dp.index++
	dp.effects = append(dp.effects, e)
	if b := dp.p.rt.proxyBox(e.To.Ref); b != nil {
		dp.keep = append(dp.keep, b) // to be watched, say, and held no longer
	}
	return nil
}

func (dp *durableProcess) send(to space.Ref, data []byte, cs []Capability, named []lumps.CID) error {
	e := space.Effect{Kind: space.EffectMessage, To: space.Cap{Ref: to}, Caps: plainCaps(cs)}
	if len(data) > space.MaxInline {
		c, err := dp.createLump(data)
		if err != nil {
			return err
		}
		e.Blob = c
	} else {
		e.Body = bytes.Clone(data)
	}
	e.Lumps = append(append([]lumps.CID(nil), named...), dp.touchedExcept(named)...)
	for i := range cs {
		if b := cs[i].Box; b != nil && b.proc.remote != nil {
			dp.keep = append(dp.keep, b)
		}
	}
	switch {
	case to.Kind == space.RefDurable:
		return dp.effect(e)
	case to.Kind == space.RefService:
		e.Kind = space.EffectRequest
		return dp.effect(e)
	}
	// It leaves the durable world: at most once, and never again in a replay.
	e.Cause = space.Cause{Process: dp.p.pid, Seq: dp.seq, Index: dp.index}
	dp.index++
	d, keep := dp.d, append(dp.p.rt.keepProxies([]space.Cap{e.To}), dp.keep...)
	dp.outward = append(dp.outward, func() {
		d.deliverOutside(&e, Sender{Process: e.Cause.Process, Module: dp.p.module})
		runtime.KeepAlive(keep)
	})
	return nil
}

func (dp *durableProcess) touchedExcept(named []lumps.CID) []lumps.CID {
	var out []lumps.CID
next:
	for _, c := range dp.touched {
		for _, n := range named {
			if n == c {
				continue next
			}
		}
		out = append(out, c)
	}
	return out
}

// touch notes that the guest has seen the id of a lump in this event: what it
// sends from now on may name it, and then the receiver may load it.
func (dp *durableProcess) touch(c lumps.CID) {
	if len(dp.touched) >= space.MaxLumps/2 {
		return
	}
	for _, t := range dp.touched {
		if t == c {
			return
		}
	}
	dp.touched = append(dp.touched, c)
}

func (dp *durableProcess) kill(r space.Ref) error {
	switch r.Kind {
	case space.RefDurable:
		return dp.effect(space.Effect{Kind: space.EffectExit, To: space.Cap{Ref: r}, Reason: space.ReasonKilled})
	case space.RefTransient:
		d, pid, box := dp.d, dp.p.pid, dp.p.rt.proxyBox(r)
		dp.index++
		dp.outward = append(dp.outward, func() {
			d.rt.killRef(nil, r, box, &Trap{Reason: space.ReasonKilled, Detail: "killed by process " + space.Ref{Kind: space.RefDurable, Process: pid}.String()})
		})
	}
	return nil
}

func (dp *durableProcess) createLump(data []byte) (lumps.CID, error) {
	b, err := lumps.Build(bytes.NewReader(data), func(lumps.CID, []byte) error { return nil })
	if err != nil {
		return lumps.CID{}, err
	}
	if dp.newLumps == nil {
		dp.newLumps = map[lumps.CID][]byte{}
	}
	dp.newLumps[b.CID] = bytes.Clone(data)
	return b.CID, nil
}

func (dp *durableProcess) log(line LogLine) {
	if dp.d.replaying.Load() {
		return
	}
	rt := dp.p.rt
	dp.outward = append(dp.outward, func() { rt.logs.add(line) })
}

// random fills b from a stream that the entropy of the epoch, the process and
// the event determine.
func (dp *durableProcess) random(b []byte) {
	if dp.rng == nil {
		h := blake3.New()
		h.Write([]byte("hearth random 1"))
		h.Write(dp.d.entropyAt(dp.seq))
		h.Write(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, dp.p.pid), dp.seq))
		h.Sum(dp.rngSeed[:0])
		dp.rng = rand.NewChaCha8(dp.rngSeed)
	}
	dp.rng.Read(b)
}

// ---- the state between two events

// restore takes a process from a snapshot.
func (dp *durableProcess) restore(im *space.Image) {
	p := dp.p
	p.table.Reset()
	for _, s := range im.Table {
		p.table.Put(s.Handle, s.Cap.Ref, nil, caps.Perms(s.Cap.Perms), s.Count)
	}
	p.table.Fill()
	p.boxes = p.boxes[:1]
	for _, b := range im.Boxes {
		for int(b.Handle) >= len(p.boxes) {
			p.boxes = append(p.boxes, nil)
		}
		p.boxes[b.Handle] = &Mailbox{proc: p, handle: b.Handle, ref: space.Ref{Kind: space.RefDurable, Process: p.pid, Mailbox: b.ID}}
	}
	p.lumps.load(im)
	p.fuel.Store(im.Fuel)
	p.memory.Store(int64(im.Memory.Pages) * space.PageSize)
	dp.image, dp.done = im, im.Ended
	dp.fresh = im.Memory.Pages == 0 && len(im.Globals) == 0
}
