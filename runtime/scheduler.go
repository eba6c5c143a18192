package runtime

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// The scheduler runs handler processes on a few workers. A worker prefers the
// process that its own handler woke last (its message is still in the cache), then
// its own list, then the common queue; every 61st turn it looks at the common
// queue first, so that nothing waits for ever.
//
// Guests cannot be preempted from outside; they call back every FuelSlice. A
// worker whose handler runs long puts what it kept for itself in the common queue
// and gives its place to a new goroutine, so a loop costs its fair share of the
// processor and no more.
type scheduler struct {
	mu    sync.Mutex
	cond  sync.Cond
	queue procQueue
	idle  int
	stop  bool

	nidle   atomic.Int32
	nqueued atomic.Int32
	wg      sync.WaitGroup
}

// Worker is the place of execution of a handler. It is the context that guests
// are called with, so that host functions find their way back without a lookup.
type Worker struct {
	context.Context
	// Guest is for the body's use during a call.
	Guest any

	s      *scheduler
	next   *Process
	local  procQueue
	ticks  uint
	slices int
	crumb  *[2]atomic.Uint64 // where it leaves crumbs in a replay
	spare  []*Signal         // for messages that its handlers send
	batch  [maxBatch]*Signal // what the process that runs was handed
	// detached is set when the place was given to another goroutine.
	detached bool
}

const maxLocal = 32

// procQueue is a queue of processes in a ring.
type procQueue struct {
	buf        []*Process
	head, size int
}

func (q *procQueue) push(p *Process) {
	if q.size == len(q.buf) {
		buf := make([]*Process, max(16, 2*len(q.buf)))
		for i := range q.size {
			buf[i] = q.buf[(q.head+i)%len(q.buf)]
		}
		q.buf, q.head = buf, 0
	}
	q.buf[(q.head+q.size)&(len(q.buf)-1)] = p
	q.size++
}

func (q *procQueue) pop() *Process {
	p := q.buf[q.head]
	q.buf[q.head] = nil
	q.head = (q.head + 1) & (len(q.buf) - 1)
	q.size--
	return p
}

func newScheduler(workers int) *scheduler {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	s := &scheduler{}
	s.cond.L = &s.mu
	for range workers {
		s.start()
	}
	return s
}

func (s *scheduler) start() {
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		(&Worker{Context: context.Background(), s: s}).run()
	}()
}

func (s *scheduler) put(p *Process) {
	s.mu.Lock()
	s.queue.push(p)
	s.nqueued.Store(int32(s.queue.size))
	if s.idle > 0 {
		s.cond.Signal()
	}
	s.mu.Unlock()
}

func (s *scheduler) get() *Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.queue.size == 0 && !s.stop {
		s.idle++
		s.nidle.Store(int32(s.idle))
		s.cond.Wait()
		s.idle--
		s.nidle.Store(int32(s.idle))
	}
	if s.stop {
		return nil
	}
	p := s.queue.pop()
	s.nqueued.Store(int32(s.queue.size))
	return p
}

// close ends the workers and waits for them. What is queued is not run.
func (s *scheduler) close() {
	s.mu.Lock()
	s.stop = true
	s.cond.Broadcast()
	s.mu.Unlock()
	s.wg.Wait()
}

func (w *Worker) run() {
	for !w.detached {
		var p *Process
		w.ticks++
		if w.ticks%61 != 0 || w.s.nqueued.Load() == 0 {
			if p = w.next; p != nil {
				w.next = nil
			} else if w.local.size > 0 {
				p = w.local.pop()
			}
		}
		if p == nil {
			if p = w.s.get(); p == nil {
				return
			}
		}
		w.slices = 0
		p.turn(w)
	}
	w.share()
}

// ready queues a process that has become runnable. w is the worker in whose call
// that happened, or nil.
func (s *scheduler) ready(w *Worker, p *Process) {
	switch {
	case w == nil || w.detached:
		s.put(p)
	case w.next == nil:
		w.next = p
	case s.nidle.Load() > 0 || w.local.size > maxLocal:
		s.put(p)
	default:
		w.local.push(p)
	}
}

// share gives away what the worker kept for itself.
func (w *Worker) share() {
	if w.next != nil {
		w.s.put(w.next)
		w.next = nil
	}
	for w.local.size > 0 {
		w.s.put(w.local.pop())
	}
}

// signal returns a message with a copy of data.
func (w *Worker) signal(data []byte) *Signal {
	if w == nil || len(w.spare) == 0 || len(data) > inlineData {
		return newSignal(data)
	}
	s := w.spare[len(w.spare)-1]
	w.spare = w.spare[:len(w.spare)-1]
	s.Data = s.inline[:copy(s.inline[:], data)]
	return s
}

// free keeps a signal for the next message.
func (w *Worker) free(s *Signal) {
	if len(w.spare) >= maxSpareSignals {
		s.free()
		return
	}
	s.reset()
	w.spare = append(w.spare, s)
}

// maxSpareSignals is how many signals a worker keeps.
const maxSpareSignals = 256

// Slice is called by a guest that has burnt a slice of fuel: others run.
func (w *Worker) Slice() {
	w.slices++
	w.share()
	if w.slices == longRun && !w.detached {
		w.detached = true
		w.s.start()
	}
	runtime.Gosched()
}
