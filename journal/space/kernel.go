package space

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"hearth/lumps"
)

// Process is what the kernel knows of a durable process. It is never changed
// after the spawn.
type Process struct {
	PID     uint64  `cbor:"-"`
	Program Program `cbor:"program"`
	Parent  uint64  `cbor:"parent,omitempty"`
	Service string  `cbor:"service,omitempty"`
	Table   []Cap   `cbor:"-"` // its first capabilities; from then on the image has them
}

// Monitor is an interest in the end of a capability. Its id is the seq of the
// Watch.
type Monitor struct {
	ID     uint64 `cbor:"-"`
	By     Ref    `cbor:"by"`
	Target Cap    `cbor:"target"`
}

// PendingTimer is a timer that has not fired. Its id is the seq of the Timer.
type PendingTimer struct {
	ID   uint64 `cbor:"-"`
	Due  int64  `cbor:"due"`
	To   Cap    `cbor:"to"`
	Body []byte `cbor:"body,omitempty"`
	Caps []Cap  `cbor:"caps,omitempty"`
}

// EpochInfo is what the latest epoch fixed. It is in the snapshot, not in the
// state.
type EpochInfo struct {
	Number  uint64 `cbor:"number"`
	Seq     uint64 `cbor:"seq"`
	Entropy []byte `cbor:"entropy"`
	Space   []byte `cbor:"space"`
	Branch  []byte `cbor:"branch"`
	Limits  Limits `cbor:"limits"`
}

// Kernel is the part of the state that the fold changes by itself. It is not
// safe for concurrent use: the appender owns it.
type Kernel struct {
	Seq   uint64 // the last event folded
	Time  int64  // its time
	Epoch EpochInfo

	procs    map[uint64]*Process
	names    map[string]Cap
	monitors map[uint64]*Monitor
	watched  map[uint64][]uint64 // process -> ids of the monitors on it, ascending
	watching map[uint64][]uint64 // process -> ids of the monitors of it, ascending
	links    map[uint64][]uint64 // process -> processes it is linked to, ascending
	timers   map[uint64]*PendingTimer
	roots    map[string]RootValue
	keys     map[string]uint64 // idempotency key -> seq of the message
	keyOrder []string          // oldest first
}

// RootValue is what a root of the space names.
type RootValue struct {
	CID  lumps.CID `cbor:"cid"`
	Size int64     `cbor:"size,omitempty"`
}

// NewKernel returns the kernel of a space without history.
func NewKernel() *Kernel {
	return &Kernel{
		procs: map[uint64]*Process{}, names: map[string]Cap{}, monitors: map[uint64]*Monitor{},
		watched: map[uint64][]uint64{}, watching: map[uint64][]uint64{}, links: map[uint64][]uint64{},
		timers: map[uint64]*PendingTimer{}, roots: map[string]RootValue{}, keys: map[string]uint64{},
	}
}

// Clone returns a copy that does not change when k does.
func (k *Kernel) Clone() *Kernel {
	c := *k
	c.procs, c.names, c.monitors = maps.Clone(k.procs), maps.Clone(k.names), maps.Clone(k.monitors)
	c.watched, c.watching, c.links = cloneLists(k.watched), cloneLists(k.watching), cloneLists(k.links)
	c.timers, c.roots, c.keys = maps.Clone(k.timers), maps.Clone(k.roots), maps.Clone(k.keys)
	c.keyOrder = slices.Clone(k.keyOrder)
	return &c
}

func cloneLists(m map[uint64][]uint64) map[uint64][]uint64 {
	c := make(map[uint64][]uint64, len(m))
	for k, v := range m {
		c[k] = slices.Clone(v)
	}
	return c
}

// Outcome is what must happen because an event was folded.
type Outcome struct {
	// Deliver is the process in whose queue the event goes, 0 for none.
	Deliver uint64
	// Spawned is the process that the event began.
	Spawned *Process
	// Effects are the kernel's own, in order; each needs its event.
	Effects []Effect
	// TimersChanged says that the next timer may be another.
	TimersChanged bool
}

// Lookups. What they return must not be changed.

// Process returns a live process, or nil.
func (k *Kernel) Process(pid uint64) *Process { return k.procs[pid] }

// Processes returns the live processes by ascending PID.
func (k *Kernel) Processes() []*Process {
	return slices.SortedFunc(maps.Values(k.procs), func(a, b *Process) int { return cmp.Compare(a.PID, b.PID) })
}

// Name returns what a name is bound to.
func (k *Kernel) Name(name string) (Cap, bool) { c, ok := k.names[name]; return c, ok }

// Names returns the bound names in order.
func (k *Kernel) Names() []string { return slices.Sorted(maps.Keys(k.names)) }

// Root returns a root of the space.
func (k *Kernel) Root(name string) (RootValue, bool) { r, ok := k.roots[name]; return r, ok }

// Roots returns the names of the roots in order.
func (k *Kernel) Roots() []string { return slices.Sorted(maps.Keys(k.roots)) }

// Key returns the seq of the message that was accepted with an idempotency key.
func (k *Kernel) Key(key string) (uint64, bool) { s, ok := k.keys[key]; return s, ok }

// NextTimer returns the timer that is due first, or nil.
func (k *Kernel) NextTimer() *PendingTimer {
	var next *PendingTimer
	for _, t := range k.timers {
		if next == nil || t.Due < next.Due || t.Due == next.Due && t.ID < next.ID {
			next = t
		}
	}
	return next
}

// Timer returns a pending timer, or nil.
func (k *Kernel) Timer(id uint64) *PendingTimer { return k.timers[id] }

// Monitor returns a monitor, or nil.
func (k *Kernel) Monitor(id uint64) *Monitor { return k.monitors[id] }

// Alive reports whether a reference can still be reached at this point of the
// history. A service always can.
func (k *Kernel) Alive(r Ref) bool {
	switch r.Kind {
	case RefDurable:
		return k.procs[r.Process] != nil
	case RefTransient:
		return EpochOf(r.Process) == k.Epoch.Number
	case RefService:
		return true
	}
	return false
}

// Settled reports whether an effect without an event needs none any more: its
// receiver is dead, and stays so.
func (k *Kernel) Settled(e *Effect) bool {
	switch e.Kind {
	case EffectMessage, EffectDown, EffectResume:
		r := e.To.Ref
		if e.Kind == EffectDown {
			r = e.By
		}
		return !k.Alive(r)
	case EffectExit:
		return k.procs[e.To.Ref.Process] == nil
	}
	return false
}

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
		k.names[e.Name] = e.Cap
		if !k.Alive(e.Cap.Ref) {
			delete(k.names, e.Name)
		}
		if e.Reply != nil {
			f.message(e.Reply.To, e.Reply.Body, nil)
		}
	case *Watch:
		m := &Monitor{ID: f.seq, By: e.By, Target: e.Target}
		if !k.Alive(e.Target.Ref) {
			f.effect(Effect{Kind: EffectDown, By: e.By, To: e.Target, Monitor: m.ID, Reason: "noproc"})
			return nil
		}
		k.addMonitor(m)
	case *Link:
		f.link(e)
	case *Timer:
		k.timers[f.seq] = &PendingTimer{ID: f.seq, Due: e.Due, To: e.To, Body: e.Body, Caps: e.Caps}
		f.out.TimersChanged = true
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
		k.names[e.Service] = Cap{Ref: self, Perms: permSend | permMonitor}
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
		delete(k.timers, e.Timer)
		f.out.TimersChanged = true
	}
	if k.procs[e.To.Process] != nil {
		f.out.Deliver = e.To.Process
	}
}

// exit ends a process: its names, monitors and links go, and who watched hears.
// The queue gets the event, so that what was accepted before is executed first.
func (f *fold) exit(e *Exit) {
	k := f.k
	p := k.procs[e.Process]
	if p == nil {
		return
	}
	delete(k.procs, p.PID)
	f.out.Deliver = p.PID
	for name, c := range k.names {
		if c.Ref.Kind == RefDurable && c.Ref.Process == p.PID {
			delete(k.names, name)
		}
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
	r := e.Target.Ref
	switch {
	case e.Unlink:
		k.unlink(e.Process, r.Process)
	case k.procs[e.Process] == nil || e.Process == r.Process:
	case r.Kind == RefTransient && k.Alive(r):
		k.addMonitor(&Monitor{ID: f.seq, By: Ref{Kind: RefDurable, Process: e.Process}, Target: e.Target})
	case r.Kind == RefTransient:
		f.effect(Effect{Kind: EffectDown, By: Ref{Kind: RefDurable, Process: e.Process}, To: e.Target, Monitor: f.seq, Reason: "noproc"})
	case r.Kind == RefDurable && k.procs[r.Process] == nil:
		f.effect(Effect{Kind: EffectExit, To: Cap{Ref: Ref{Kind: RefDurable, Process: e.Process}}, Reason: ReasonLinked})
	case r.Kind == RefDurable:
		k.links[e.Process] = insert(k.links[e.Process], r.Process)
		k.links[r.Process] = insert(k.links[r.Process], e.Process)
	}
}

func (k *Kernel) unlink(a, b uint64) {
	remove(k.links, a, b)
	remove(k.links, b, a)
}

func (k *Kernel) addMonitor(m *Monitor) {
	k.monitors[m.ID] = m
	k.watching[m.By.Process] = insert(k.watching[m.By.Process], m.ID)
	if t := m.Target.Ref; t.Kind != RefService {
		k.watched[t.Process] = insert(k.watched[t.Process], m.ID)
	}
}

func (k *Kernel) dropMonitor(id uint64) {
	m := k.monitors[id]
	if m == nil {
		return
	}
	delete(k.monitors, id)
	remove(k.watching, m.By.Process, id)
	remove(k.watched, m.Target.Ref.Process, id)
}

func (k *Kernel) addKey(key string, seq uint64) {
	if _, ok := k.keys[key]; ok {
		return
	}
	k.keys[key] = seq
	k.keyOrder = append(k.keyOrder, key)
	if len(k.keyOrder) > MaxKeys {
		delete(k.keys, k.keyOrder[0])
		k.keyOrder = k.keyOrder[1:]
	}
}

func insert(s []uint64, v uint64) []uint64 {
	i, found := slices.BinarySearch(s, v)
	if found {
		return s
	}
	return slices.Insert(s, i, v)
}

func remove(m map[uint64][]uint64, key, v uint64) {
	s := m[key]
	i, found := slices.BinarySearch(s, v)
	if !found {
		return
	}
	if s = slices.Delete(s, i, i+1); len(s) == 0 {
		delete(m, key)
	} else {
		m[key] = s
	}
}

// FormatError reports a world that a newer version wrote.
type FormatError struct{ Found int }

func (e *FormatError) Error() string {
	return fmt.Sprintf("this world has format %d and this program knows up to %d; use a newer Hearth", e.Found, Format)
}
