package want

import (
	"context"
	"errors"
	"slices"
	"sync"

	"hearth/lumps"
	"hearth/store"
)

const (
	// maxReady is how many bytes of blocks may wait to be sent, in each priority,
	// before no more are taken from the Provider: what keeps a fast link busy while
	// a disk seeks. What is held for a peer is at most this and Options.Concurrency
	// times lumps.MaxBlock, for each priority.
	maxReady = 2 << 20
	// maxAnswers is how many answers may wait for a peer that does not read them.
	// An honest one has at most mostWants wants open, and so never comes here.
	maxAnswers = 2 * mostWants
	// enough is how many bytes of chunks are written at once.
	enough = 64 << 10
)

// server is the half of an exchange that serves.
//
// A want goes from waiting to the Provider, then to fresh, and, if it is longer
// than a chunk, round and round in begun until its last chunk. The sender takes
// from fresh and begun in turn: what is small goes out at once, what is large
// shares the rest.
type server struct {
	x           *Exchange
	provider    Provider
	haver       Haver // or nil
	max         int
	concurrency int
	calls       sync.WaitGroup // of the Provider

	mu      sync.Mutex // guards all below
	ended   bool
	wake    *sync.Cond // there may be something for the data stream
	served  map[uint32]*served
	waiting [levels]fifo
	fresh   [levels]fifo
	begun   [levels]fifo
	stops   []uint32
	replies [kindFailed + 1][]uint32 // by kind
	queued  int                      // refs in replies
	workers [levels]int              // that ask the Provider, by the priority of what they ask
	ready   [levels]int              // bytes of blocks in fresh and begun
	open    int                      // blocks in begun
	turn    bool
	stats   Stats
}

// served is one want of the peer.
type served struct {
	wantEntry
	state  state
	cancel context.CancelFunc // of the call of the Provider, in state asked
	data   []byte
	sent   int
	stop   bool // cancelled after its first chunk
}

type state byte

const (
	waiting state = iota
	asked         // the Provider is asked
	fresh         // there, and nothing of it sent
	begun
)

// fifo is a queue that does not keep what was taken from it alive.
type fifo struct {
	list []*served
	head int
}

func (q *fifo) push(w *served) { q.list = append(q.list, w) }
func (q *fifo) len() int       { return len(q.list) - q.head }
func (q *fifo) first() *served { return q.list[q.head] }

func (q *fifo) pop() *served {
	w := q.list[q.head]
	q.list[q.head] = nil
	if q.head++; q.head*2 >= len(q.list) {
		q.list = slices.Delete(q.list, 0, q.head)
		q.head = 0
	}
	return w
}

func (q *fifo) remove(w *served) {
	if i := slices.Index(q.list[q.head:], w); i >= 0 {
		q.list = slices.Delete(q.list, q.head+i, q.head+i+1)
	}
}

func (s *server) init(x *Exchange, p Provider, max, concurrency int) {
	s.x, s.provider, s.max, s.concurrency = x, p, max, concurrency
	s.haver, _ = p.(Haver)
	s.served = map[uint32]*served{}
	s.wake = sync.NewCond(&s.mu)
}

// wanted takes a want in.
func (s *server) wanted(e wantEntry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended:
		return ErrClosed
	case s.served[e.ref] != nil:
		return protocolError("want %d is open and is asked again", e.ref)
	case s.queued >= maxAnswers:
		return protocolError("the peer asks on and does not read %d answers", s.queued)
	case len(s.served) >= s.max+int(e.priority)*priorityRoom:
		s.stats.Busy++
		s.reply(kindBusy, e.ref)
		return nil
	}
	s.stats.Served++
	if s.provider == nil {
		s.stats.Refused++
		s.reply(kindDontHave, e.ref)
		return nil
	}
	w := &served{wantEntry: e}
	s.served[e.ref] = w
	s.waiting[e.priority].push(w)
	s.work(e.priority)
	return nil
}

// cancelled forgets a want, if it is not answered already.
func (s *server) cancelled(ref uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.served[ref]
	if w == nil || w.stop || s.ended {
		return
	}
	switch w.state {
	case waiting:
		s.waiting[w.priority].remove(w)
	case asked:
		w.cancel()
	case fresh:
		s.fresh[w.priority].remove(w)
		s.free(w)
	case begun:
		w.stop = true
		s.begun[w.priority].remove(w)
		s.open--
		s.free(w)
		s.stops = append(s.stops, ref)
		s.wake.Signal()
		return
	}
	delete(s.served, ref)
	s.reply(kindDontHave, ref)
}

// raised lifts the priority of a want, if it is not answered already.
func (s *server) raised(ref uint32, p Priority) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.served[ref]
	if w == nil || w.stop || s.ended || p <= w.priority {
		return
	}
	from := w.priority
	w.priority = p
	switch w.state {
	case waiting:
		s.waiting[from].remove(w)
		s.waiting[p].push(w)
	case asked:
		return
	case fresh:
		s.fresh[from].remove(w)
		s.fresh[p].push(w)
	case begun:
		s.begun[from].remove(w)
		s.begun[p].push(w)
	}
	s.ready[from] -= len(w.data)
	s.ready[p] += len(w.data)
	s.work(from)
	s.work(p)
}

func (s *server) reply(kind byte, ref uint32) {
	s.replies[kind] = append(s.replies[kind], ref)
	s.queued++
	s.x.wake()
}

// free lets go of the bytes of a block.
func (s *server) free(w *served) {
	s.ready[w.priority] -= len(w.data)
	w.data = nil
	s.work(w.priority)
}

// work has a goroutine call the Provider for wants of a priority, if there are any
// and there is room for what it gives. Each priority has goroutines and room of its
// own, so that urgent wants do not wait for what a slow copy holds.
func (s *server) work(p Priority) {
	if s.mayAsk(p) && s.workers[p] < s.concurrency {
		s.workers[p]++
		s.calls.Go(func() { s.ask(p) })
	}
}

func (s *server) mayAsk(p Priority) bool {
	return !s.ended && s.ready[p] < maxReady && s.waiting[p].len() > 0
}

// ask calls the Provider until there is nothing to ask it.
func (s *server) ask(p Priority) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.mayAsk(p) {
		w := s.waiting[p].pop()
		w.state = asked
		var ctx context.Context
		ctx, w.cancel = context.WithCancel(WithPriority(s.x.ctx, p))
		s.work(p) // another, beside this
		entry := w.wantEntry
		s.mu.Unlock()
		data, kind := s.provide(ctx, entry)
		w.cancel()
		s.mu.Lock()
		s.provided(w, data, kind)
	}
	s.workers[p]--
}

// provide asks the Provider. The kind of answer is 0 if data is it.
func (s *server) provide(ctx context.Context, w wantEntry) (data []byte, kind byte) {
	var err error
	if w.onlyHas && s.haver != nil {
		var has bool
		if has, err = s.haver.Has(ctx, w.cid); err == nil && !has {
			return nil, kindDontHave
		}
	} else {
		data, err = s.provider.Block(ctx, w.cid)
	}
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, ErrDenied):
		return nil, kindDontHave
	case err == nil && len(data) > lumps.MaxBlock:
		s.x.log.Error("a provider gave more than a block", "cid", w.cid, "bytes", len(data))
		return nil, kindFailed
	case err != nil:
		if ctx.Err() == nil {
			// Not louder: a peer could fill the log by asking.
			s.x.log.Debug("a block cannot be served", "cid", w.cid, "error", err)
		}
		return nil, kindFailed
	case w.onlyHas:
		return nil, kindHave
	}
	return data, 0
}

// provided takes what the Provider gave, unless the want was cancelled meanwhile.
func (s *server) provided(w *served, data []byte, kind byte) {
	if s.ended || s.served[w.ref] != w {
		return
	}
	if kind != 0 {
		if kind != kindHave {
			s.stats.Refused++
		}
		delete(s.served, w.ref)
		s.reply(kind, w.ref)
		return
	}
	w.state, w.data = fresh, data
	if int(w.offset) < len(data) {
		w.sent = int(w.offset)
	}
	s.ready[w.priority] += len(data)
	s.fresh[w.priority].push(w)
	s.wake.Signal()
}

// answers appends frames with all answers that are not data.
func (s *server) answers(b []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	for kind, refs := range s.replies {
		b = appendRefs(b, byte(kind), refs)
		s.replies[kind] = refs[:0]
	}
	s.queued = 0
	return b
}

// write sends chunks until the exchange ends.
func (s *server) write() error {
	b := make([]byte, 0, enough+maxChunk+dataLen+1)
	for {
		s.mu.Lock()
		for {
			b = s.chunks(b[:0])
			if s.ended {
				s.mu.Unlock()
				return ErrClosed
			}
			if len(b) > 0 {
				break
			}
			s.wake.Wait()
		}
		s.mu.Unlock()
		if _, err := s.x.data.Write(b); err != nil {
			return err
		}
	}
}

// chunks appends what is to be sent next, as far as it is enough for one write.
func (s *server) chunks(b []byte) []byte {
	for len(b) < enough {
		if n := len(s.stops); n > 0 {
			ref := s.stops[n-1]
			s.stops = s.stops[:n-1]
			delete(s.served, ref)
			b = appendStop(b, ref)
			continue
		}
		w := s.pick()
		if w == nil {
			return b
		}
		n := min(len(w.data)-w.sent, maxChunk)
		b = appendChunk(b, chunk{ref: w.ref, total: uint32(len(w.data)), offset: uint32(w.sent)}, w.data[w.sent:w.sent+n])
		w.sent += n
		s.stats.BytesOut += int64(n)
		if w.sent < len(w.data) {
			if w.state == fresh {
				w.state = begun
				s.open++
			}
			s.begun[w.priority].push(w)
			continue
		}
		if w.state == begun {
			s.open--
		}
		s.stats.BlocksOut++
		delete(s.served, w.ref)
		s.free(w)
	}
	return b
}

// pick takes the want whose chunk is next.
func (s *server) pick() *served {
	s.turn = !s.turn
	for p := levels - 1; p >= 0; p-- {
		canBegin := s.fresh[p].len() > 0
		if canBegin && s.open == maxOpen {
			w := s.fresh[p].first()
			canBegin = len(w.data)-w.sent <= maxChunk
		}
		switch {
		case canBegin && (s.turn || s.begun[p].len() == 0):
			return s.fresh[p].pop()
		case s.begun[p].len() > 0:
			return s.begun[p].pop()
		}
	}
	return nil
}

// stop ends all that waits. Calls of the Provider end with the context.
func (s *server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.wake.Broadcast()
}

func (s *server) count(to *Stats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	to.BlocksOut, to.BytesOut = s.stats.BlocksOut, s.stats.BytesOut
	to.Served, to.Refused, to.Busy = s.stats.Served, s.stats.Refused, s.stats.Busy
}
