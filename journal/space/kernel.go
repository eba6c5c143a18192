package space

import (
	"cmp"
	"container/heap"
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
	Link   bool   `cbor:"link,omitempty"` // made by a link to a transient process
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
	named    map[uint64][]string // process -> its names, in no order
	monitors map[uint64]*Monitor
	watched  map[uint64][]uint64 // process -> ids of the monitors on it, ascending
	watching map[uint64][]uint64 // process -> ids of the monitors of it, ascending
	links    map[uint64][]uint64 // process -> processes it is linked to, ascending
	timers   map[uint64]*PendingTimer
	timersTo map[uint64][]uint64 // process -> ids of the timers for it, ascending
	due      []*PendingTimer     // heap by due time; those that are not in timers are stale
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
		named: map[uint64][]string{}, timersTo: map[uint64][]uint64{},
	}
}

// Clone returns a copy that does not change when k does.
func (k *Kernel) Clone() *Kernel {
	c := *k
	c.procs, c.names, c.monitors = maps.Clone(k.procs), maps.Clone(k.names), maps.Clone(k.monitors)
	c.watched, c.watching, c.links = cloneLists(k.watched), cloneLists(k.watching), cloneLists(k.links)
	c.timers, c.roots, c.keys = maps.Clone(k.timers), maps.Clone(k.roots), maps.Clone(k.keys)
	c.named, c.timersTo = cloneLists(k.named), cloneLists(k.timersTo)
	c.keyOrder, c.due = slices.Clone(k.keyOrder), slices.Clone(k.due)
	return &c
}

func cloneLists[V any](m map[uint64][]V) map[uint64][]V {
	c := make(map[uint64][]V, len(m))
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
	for len(k.due) > 0 && k.timers[k.due[0].ID] != k.due[0] {
		heap.Pop((*timerHeap)(&k.due))
	}
	if len(k.due) == 0 {
		return nil
	}
	return k.due[0]
}

// timerHeap orders timers by due time and, where that is equal, by id.
type timerHeap []*PendingTimer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	return h[i].Due < h[j].Due || h[i].Due == h[j].Due && h[i].ID < h[j].ID
}
func (h timerHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *timerHeap) Push(t any)   { *h = append(*h, t.(*PendingTimer)) }
func (h *timerHeap) Pop() any {
	n := len(*h) - 1
	t := (*h)[n]
	(*h)[n] = nil
	*h = (*h)[:n]
	return t
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

func (k *Kernel) setName(name string, c Cap) {
	k.names[name] = c
	k.named[c.Ref.Process] = append(k.named[c.Ref.Process], name)
}

func (k *Kernel) dropName(name string) {
	c, ok := k.names[name]
	if !ok {
		return
	}
	delete(k.names, name)
	s := k.named[c.Ref.Process]
	if i := slices.Index(s, name); i >= 0 {
		s = slices.Delete(s, i, i+1)
	}
	if len(s) == 0 {
		delete(k.named, c.Ref.Process)
	} else {
		k.named[c.Ref.Process] = s
	}
}

func (k *Kernel) addTimer(t *PendingTimer) {
	k.timers[t.ID] = t
	heap.Push((*timerHeap)(&k.due), t)
	if r := t.To.Ref; r.Kind == RefDurable || r.Kind == RefTransient {
		k.timersTo[r.Process] = insert(k.timersTo[r.Process], t.ID)
	}
}

func (k *Kernel) dropTimer(id uint64) {
	if t := k.timers[id]; t != nil {
		delete(k.timers, id)
		remove(k.timersTo, t.To.Ref.Process, id)
	}
	if len(k.due) > 2*len(k.timers)+staleTimers {
		k.due = slices.Collect(maps.Values(k.timers))
		heap.Init((*timerHeap)(&k.due))
	}
}

// staleTimers is how many dropped timers the heap may hold beside as many as
// there are others.
const staleTimers = 64

func (k *Kernel) link(a, b uint64) {
	k.links[a] = insert(k.links[a], b)
	k.links[b] = insert(k.links[b], a)
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
