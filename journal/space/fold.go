package space

import (
	"fmt"
	"maps"
	"slices"
)

// Apply folds the next event.
func (k *Kernel) Apply(ev Event) (Outcome, error) {
	h := ev.header()
	if h.Seq != k.Seq+1 {
		return Outcome{}, fmt.Errorf("event %d was folded after event %d: %w", h.Seq, k.Seq, ErrBadEvent)
	}
	if _, ok := ev.(*Genesis); ok != (h.Seq == 1) {
		return Outcome{}, fmt.Errorf("event %d is a %s: %w", h.Seq, ev.Kind(), ErrBadEvent)
	}
	f := fold{k: k, seq: h.Seq}
	if err := f.apply(ev); err != nil {
		return Outcome{}, err
	}
	k.Seq = h.Seq
	k.Time = max(k.Time, h.Time)
	return f.out, nil
}

// fold is the folding of one event.
type fold struct {
	k   *Kernel
	seq uint64
	out Outcome
}

func (f *fold) effect(e Effect) {
	e.Cause = Cause{Seq: f.seq, Index: uint32(len(f.out.Effects))}
	f.out.Effects = append(f.out.Effects, e)
}

// message makes an effect of a message of the kernel. One that leaves the
// durable world is the runtime's to send.
func (f *fold) message(to Cap, body []byte, caps []Cap) {
	f.effect(Effect{Kind: EffectMessage, To: to, Body: body, Caps: caps})
}

func (f *fold) apply(ev Event) error {
	k := f.k
	switch e := ev.(type) {
	case *Genesis:
		if e.Format > Format {
			return &FormatError{Found: e.Format}
		}
		k.Epoch.Space, k.Epoch.Branch, k.Epoch.Limits = e.Space, e.Branch, e.Limits
	case *Epoch:
		f.epoch(e)
	case *Spawn:
		f.spawn(e)
	case *Message:
		f.accept(e)
	case *Down:
		k.dropMonitor(e.Monitor)
		if k.procs[e.To.Process] != nil {
			f.out.Deliver = e.To.Process
		}
	case *Exit:
		f.exit(e)
	case *Register:
		k.dropName(e.Name)
		if e.Cap.Ref.Kind == RefDurable && k.Alive(e.Cap.Ref) {
			k.setName(e.Name, e.Cap)
		}
		if e.Reply != nil {
			f.message(e.Reply.To, e.Reply.Body, nil)
		}
	case *Watch:
		switch {
		case k.procs[e.By.Process] == nil: // it ended before it was its turn
		case !k.Alive(e.Target.Ref):
			f.effect(Effect{Kind: EffectDown, By: e.By, To: e.Target, Monitor: f.seq, Reason: ReasonNoProcess})
		default:
			k.addMonitor(&Monitor{ID: f.seq, By: e.By, Target: e.Target})
		}
	case *Link:
		f.link(e)
	case *Timer:
		if k.Alive(e.To.Ref) {
			k.addTimer(&PendingTimer{ID: f.seq, Due: e.Due, To: e.To, Body: e.Body, Caps: e.Caps})
			f.out.TimersChanged = true
		}
	case *Root:
		if e.CID.IsZero() {
			delete(k.roots, e.Name)
		} else {
			k.roots[e.Name] = RootValue{CID: e.CID, Size: e.Size}
		}
	case *Resume:
		if k.procs[e.Process] != nil {
			f.out.Deliver = e.Process
		}
	case *Checkpoint, *Resolved:
	default:
		return fmt.Errorf("event %d: %w", f.seq, ErrBadEvent)
	}
	return nil
}

// epoch kills what lived only in the epochs before.
func (f *fold) epoch(e *Epoch) {
	k := f.k
	k.Epoch.Number, k.Epoch.Seq, k.Epoch.Entropy = e.Number, e.Header.Seq, e.Entropy
	if e.Branch != nil {
		k.Epoch.Branch = e.Branch
	}
	for _, id := range slices.Sorted(maps.Keys(k.monitors)) {
		m := k.monitors[id]
		if m.Target.Ref.Kind == RefTransient && !k.Alive(m.Target.Ref) {
			f.effect(Effect{Kind: EffectDown, By: m.By, To: m.Target, Monitor: id, Reason: ReasonRestart})
			k.dropMonitor(id)
		}
	}
	for id, t := range k.timers {
		if !k.Alive(t.To.Ref) {
			k.dropTimer(id)
			f.out.TimersChanged = true
		}
	}
	for _, p := range k.Processes() {
		if p.Program.Resume {
			f.effect(Effect{Kind: EffectResume, To: Cap{Ref: Ref{Kind: RefDurable, Process: p.PID}}})
		}
	}
}

func (f *fold) spawn(e *Spawn) {
	k := f.k
	if e.Key != "" {
		k.addKey(e.Key, f.seq)
	}
	if e.Failed != "" {
		if e.Reply != nil {
			f.message(e.Reply.To, e.Reply.Body, nil)
		}
		return
	}
	p := &Process{PID: f.seq, Program: e.Program, Parent: e.Parent, Service: e.Service, Table: e.Table}
	k.procs[p.PID] = p
	f.out.Spawned = p
	self := Ref{Kind: RefDurable, Process: p.PID}
	if e.Service != "" {
		k.dropName(e.Service)
		k.setName(e.Service, Cap{Ref: self, Perms: permSend | permMonitor})
	}
	if e.HasArg {
		f.message(Cap{Ref: self, Perms: permSend}, e.Arg, nil)
	}
	if e.Reply != nil {
		f.message(e.Reply.To, e.Reply.Body, []Cap{{Ref: self, Perms: permAll}})
	}
}

// The bits of runtime/caps, which this package must not import.
const (
	permSend    = 1
	permMonitor = 2
	permAll     = 15
)

func (f *fold) accept(e *Message) {
	k := f.k
	if e.Key != "" {
		k.addKey(e.Key, f.seq)
	}
	if e.Timer != 0 {
		k.dropTimer(e.Timer)
		f.out.TimersChanged = true
	}
	if k.procs[e.To.Process] != nil {
		f.out.Deliver = e.To.Process
	}
}

// exit ends a process: its names, timers, monitors and links go, and who watched
// hears, in the order of the monitors, before who was linked.
// The queue gets the event, so that what was accepted before is executed first.
func (f *fold) exit(e *Exit) {
	k := f.k
	p := k.procs[e.Process]
	if p == nil {
		return
	}
	delete(k.procs, p.PID)
	f.out.Deliver = p.PID
	for _, name := range slices.Clone(k.named[p.PID]) {
		k.dropName(name)
	}
	for _, id := range slices.Clone(k.timersTo[p.PID]) {
		k.dropTimer(id)
		f.out.TimersChanged = true
	}
	for _, id := range slices.Clone(k.watching[p.PID]) {
		k.dropMonitor(id)
	}
	for _, id := range slices.Clone(k.watched[p.PID]) {
		m := k.monitors[id]
		f.effect(Effect{Kind: EffectDown, By: m.By, To: m.Target, Monitor: id, Reason: e.Reason})
		k.dropMonitor(id)
	}
	for _, other := range slices.Clone(k.links[p.PID]) {
		k.unlink(p.PID, other)
		if e.Reason != ReasonNormal {
			f.effect(Effect{Kind: EffectExit, To: Cap{Ref: Ref{Kind: RefDurable, Process: other}}, Reason: ReasonLinked})
		}
	}
}

// link ties two durable processes. A link to a transient one is a monitor, for
// the end of a transient cannot be replayed into a durable process's own end.
func (f *fold) link(e *Link) {
	k := f.k
	r, self := e.Target.Ref, Ref{Kind: RefDurable, Process: e.Process}
	switch {
	case k.procs[e.Process] == nil || e.Process == r.Process: // it ended before it was its turn
	case r.Kind == RefTransient:
		if id := k.linkMonitor(e.Process, r); id != 0 {
			if e.Unlink {
				k.dropMonitor(id)
			}
		} else if e.Unlink {
		} else if k.Alive(r) {
			k.addMonitor(&Monitor{ID: f.seq, By: self, Target: e.Target, Link: true})
		} else {
			f.effect(Effect{Kind: EffectDown, By: self, To: e.Target, Monitor: f.seq, Reason: ReasonNoProcess})
		}
	case r.Kind != RefDurable:
	case e.Unlink:
		k.unlink(e.Process, r.Process)
	case k.procs[r.Process] == nil:
		f.effect(Effect{Kind: EffectExit, To: Cap{Ref: self}, Reason: ReasonLinked})
	default:
		k.link(e.Process, r.Process)
	}
}

// linkMonitor finds the monitor that stands for a link to a transient process.
func (k *Kernel) linkMonitor(pid uint64, r Ref) uint64 {
	for _, id := range k.watching[pid] {
		if m := k.monitors[id]; m.Link && m.Target.Ref.Kind == r.Kind && m.Target.Ref.Process == r.Process {
			return id
		}
	}
	return 0
}

// FormatError reports a world that a newer version wrote.
type FormatError struct{ Found int }

func (e *FormatError) Error() string {
	return fmt.Sprintf("this world has format %d and this program knows up to %d; use a newer Hearth", e.Found, Format)
}
