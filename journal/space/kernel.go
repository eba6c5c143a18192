package space

import (
	"cmp"
	"container/heap"
	"maps"
	"slices"
	"strings"

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

// IsRoot reports whether a root with a name that begins with prefix names c.
func (k *Kernel) IsRoot(prefix string, c lumps.CID) bool {
	for name, r := range k.roots {
		if r.CID == c && strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

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
