package runtime

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime/caps"
)

// Body is what executes a process's signals: a wasm instance.
type Body interface {
	// Receive handles one signal, with the guest's stack empty before and after.
	// A *Trap ends the process.
	Receive(w *Worker, s *Signal) error
	// Run executes a blocking guest until it ends.
	Run(ctx context.Context) error
	// Memory is the linear memory as it is; valid until the next call.
	Memory() []byte
	// MemorySize is its length.
	MemorySize() int
	// Globals are the mutable globals, 8 bytes each, little endian.
	Globals() []byte
	// Rest gives back what the next call makes again.
	Rest()
	// Close gives the instance back.
	Close()
}

// Code is a module made ready to run under given limits.
type Code interface {
	// Program pins what a durable process needs; zero for transient code.
	Program() space.Program
	// Blocking reports a module without a handler.
	Blocking() bool
	// MemorySize is the length of a new instance's memory.
	MemorySize() int
	// New makes an instance for p. im is the memory and globals to start from; nil
	// is the state after initialisation.
	New(ctx context.Context, p *Process, im *space.Image) (Body, error)
}

// Engine turns lumps into code.
type Engine interface {
	// Prepare compiles a module. For a durable process what its Program names is
	// stored before Prepare returns. The error wraps ErrBadModule or ErrBlocking
	// where the module is at fault.
	Prepare(ctx context.Context, module lumps.CID, limits space.Limits, durable bool) (Code, error)
	// Open makes the code that a Program pins ready again.
	Open(ctx context.Context, prog space.Program) (Code, error)
	Close() error
}

// State is where a process is.
type State int32

const (
	StateIdle    State = iota // waits for a signal
	StateReady                // has signals and waits for a worker
	StateRunning              // executes
	StateEnded
)

func (s State) String() string {
	return [...]string{"idle", "ready", "running", "ended"}[s]
}

// Process is a unit of execution. The methods that guests reach (calls.go) may
// only be called while the process executes.
type Process struct {
	rt      *Runtime
	pid     uint64
	module  lumps.CID
	service string // the name that it was spawned under
	parent  uint64
	native  *Service // set for native services
	remote  Remote   // set for proxies
	limits  space.Limits
	entry   int64 // entry point of a blocking guest, -1: run

	parentBox Mailbox
	firstBox  [1]*Mailbox

	// Owned by whoever executes the process.
	code   Code // what makes the body of a transient process, with its first signal
	body   Body
	table  caps.Table[space.Ref, *Mailbox]
	boxes  []*Mailbox // by handle; nil where destroyed
	lumps  lumpTable
	fuel   atomic.Uint64 // burnt in all
	memory atomic.Int64  // bytes of linear memory when it last stood still

	mu      sync.Mutex
	cond    *sync.Cond // of a process that waits on its own goroutine
	state   State
	used    bool       // executed since the last sweep for idle processes
	queue   []*Signal  // from head on
	room    [2]*Signal // for most queues
	head    int
	waiting int // signals in mailbox queues of a blocking guest
	bytes   int // of the messages that wait
	killed  atomic.Bool
	named   atomic.Bool // some name was bound to it
	logged  atomic.Bool // there are lines of it, or somebody waits for some
	why     *Trap       // set before killed
	ended   bool
	// watchers are guarded by mu: who wants to hear of the end.
	watchers []*watcher
	links    []*Process

	// touched are lumps whose ids a transient process has read lately: guests of
	// hearth-rs write ids into text, and a peer may load what they wrote.
	touched []lumps.CID
	stall   <-chan struct{} // of a handler that must wait until this is closed
	dying   chan struct{}   // closed by kill, where somebody waits for that

	dur *durableProcess // nil for a transient process
}

// watcher is a transient process's or a host's interest in an end.
type watcher struct {
	box  *Mailbox
	cap  Capability // as the watcher holds it
	call func(reason string)
}

// PID returns the number that names the process for ever.
func (p *Process) PID() uint64 { return p.pid }

// Durable reports whether the process survives a restart.
func (p *Process) Durable() bool { return p.dur != nil }

// Limits returns what bounds the process.
func (p *Process) Limits() space.Limits { return p.limits }

// Module returns the CID of the module, zero for a native service.
func (p *Process) Module() lumps.CID { return p.module }

// Entry returns the entry point of a blocking guest, -1 for run.
func (p *Process) Entry() int64 { return p.entry }

// Killed reports that the process must end; guests that burn fuel look here.
func (p *Process) Killed() *Trap {
	if p.killed.Load() {
		return p.why
	}
	return nil
}

// Burn adds to the fuel account.
func (p *Process) Burn(units uint64) { p.fuel.Add(units) }

func (rt *Runtime) newProcess(pid uint64, limits space.Limits) *Process {
	p := &Process{rt: rt, pid: pid, limits: limits, entry: -1}
	p.table.Init(int(limits.Table))
	kind := space.RefTransient
	if !space.IsTransient(pid) {
		kind = space.RefDurable
	}
	p.parentBox = Mailbox{proc: p, ref: space.Ref{Kind: kind, Process: pid}}
	p.boxes = append(p.firstBox[:0], &p.parentBox)
	p.queue = p.room[:0]
	return p
}

// self is the capability to the parent mailbox. It may be asked for while the
// process executes, so it does not look at boxes.
func (p *Process) self(perms caps.Perms) Capability { return p.parentBox.Cap(perms) }

// push queues a signal for a transient process. It takes the signal over.
func (p *Process) push(w *Worker, b *Mailbox, s *Signal) error {
	if b.sink != nil {
		b.sink(s)
		s.free()
		return nil
	}
	if p.remote != nil {
		return p.pass(s)
	}
	p.mu.Lock()
	if p.ended || b.dead {
		p.mu.Unlock()
		s.free()
		return nil
	}
	if len(p.queue)-p.head+p.waiting >= MaxQueue || p.bytes > MaxQueueBytes {
		p.mu.Unlock()
		s.free()
		return ErrBusy
	}
	s.Box = b.handle
	p.bytes += len(s.Data)
	if p.cond != nil {
		if p.native == nil {
			b.queue = append(b.queue, s)
			p.waiting++
		} else {
			p.queue = append(p.queue, s)
		}
		p.cond.Signal()
		p.mu.Unlock()
		return nil
	}
	p.enqueue(s)
	wake := p.state == StateIdle
	if wake {
		p.state = StateReady
	}
	p.mu.Unlock()
	if wake {
		p.rt.sched.ready(w, p)
	}
	return nil
}

// pass sends a message through a proxy.
func (p *Process) pass(s *Signal) error {
	p.mu.Lock()
	ended := p.ended
	p.mu.Unlock()
	var err error
	if !ended && s.Kind == SignalMessage {
		err = p.remote.Deliver(s)
	}
	s.free()
	runtime.KeepAlive(p) // what is sent must not follow the release of the proxy
	return err
}

func (p *Process) enqueue(s *Signal) {
	if p.head == len(p.queue) {
		p.queue, p.head = p.queue[:0], 0
	} else if p.head > 1024 && p.head*2 > len(p.queue) {
		n := copy(p.queue, p.queue[p.head:])
		clear(p.queue[n:])
		p.queue, p.head = p.queue[:n], 0
	}
	p.queue = append(p.queue, s)
}

// turn executes what waits, for a while.
func (p *Process) turn(w *Worker) {
	if p.dur != nil {
		p.dur.turn(w)
		return
	}
	batch := w.batch[:]
	for done := 0; ; {
		if p.stall != nil {
			p.mu.Lock()
			p.state = StateReady
			p.mu.Unlock()
			if p.park() {
				return
			}
		}
		p.mu.Lock()
		if p.killed.Load() {
			p.mu.Unlock()
			p.end(w, p.why)
			return
		}
		n := copy(batch[:], p.queue[p.head:])
		if n == 0 {
			p.queue, p.head, p.state, p.used = p.queue[:0], 0, StateIdle, true
			p.mu.Unlock()
			return
		}
		if done >= maxBatch {
			p.state = StateReady
			p.mu.Unlock()
			p.rt.sched.put(p)
			return
		}
		clear(p.queue[p.head : p.head+n])
		p.head += n
		if p.head == len(p.queue) {
			p.bytes = 0
		} else {
			for _, s := range batch[:n] {
				p.bytes -= len(s.Data)
			}
		}
		p.state = StateRunning
		p.mu.Unlock()
		done += n
		if p.body == nil {
			body, err := p.rt.newBody(p.code, p, nil)
			if err != nil {
				for _, s := range batch[:n] {
					w.free(s)
				}
				p.end(w, asTrap(err))
				return
			}
			p.body = body
		}
		for i, s := range batch[:n] {
			p.touched = p.touched[:0]
			err := p.body.Receive(w, s)
			w.free(s)
			if err != nil || p.killed.Load() {
				for _, s := range batch[i+1 : n] {
					w.free(s)
				}
				if err != nil {
					p.end(w, asTrap(err))
					return
				}
				break
			}
			if p.stall != nil && i+1 < n {
				p.putBack(batch[i+1 : n])
				break
			}
		}
		if n := int64(p.body.MemorySize()); n != p.memory.Load() {
			p.memory.Store(n)
		}
	}
}

// putBack puts signals that were taken from the queue in front of it again.
func (p *Process) putBack(signals []*Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue, p.head = slices.Concat(signals, p.queue[p.head:]), 0
	for _, s := range signals {
		p.bytes += len(s.Data)
	}
}

// queued returns how many signals wait.
func (p *Process) queued() int {
	if p.dur != nil {
		return p.dur.queued()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.queue) - p.head + p.waiting
}

func asTrap(err error) *Trap {
	if t, ok := err.(*Trap); ok {
		return t
	}
	return &Trap{Reason: space.ReasonTrap, Detail: err.Error()}
}
