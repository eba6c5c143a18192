package want

import (
	"container/list"
	"context"
	"encoding/binary"
	"slices"
	"sync"
	"time"

	"hearth/lumps"
)

const (
	// busyPause is how long we ask nothing after BUSY: what a queue of wants on a
	// slow link needs to shrink.
	busyPause = 50 * time.Millisecond
	// minWindow is what is asked at once of a peer that stays busy.
	minWindow = 4
)

// asker is the half of an exchange that asks.
type asker struct {
	x        *Exchange
	partials *Partials
	max      int

	mu      sync.Mutex // guards all below, and what calls say is guarded
	err     error      // why the exchange ended
	calls   map[lumps.CID]*call
	refs    map[uint32]*call  // sent and not answered
	pending [levels]list.List // of *call, not sent
	cancels []uint32
	raises  []*call
	next    uint32    // ref of the next want
	window  int       // how many may be in refs
	hold    time.Time // nothing is asked before
	open    int       // blocks in the middle of their transfer
	stats   Stats
}

// call is one block that is asked for, by one or more Gets, or one question
// whether it is there.
type call struct {
	cid      lumps.CID
	onlyHas  bool
	done     chan struct{}
	data     []byte // the result, once done is closed
	err      error
	priority Priority

	waiters   int           // guarded by asker.mu, as all below
	queued    *list.Element // in pending
	ref       uint32
	cancelled bool   // nobody waits, but the want is not answered
	resumed   int    // bytes that came from an earlier exchange
	asm       []byte // what came of the block; only the data reader appends
	total     int
	begun     bool // a chunk came, or comes
	long      bool // there are more chunks than one; counts in asker.open
}

func (a *asker) init(x *Exchange, max int, p *Partials) {
	a.x, a.max, a.window, a.partials = x, max, max, p
	a.calls, a.refs = map[lumps.CID]*call{}, map[uint32]*call{}
}

// Get returns a block, verified. A block that is asked for twice at once crosses
// once. The slice is the caller's to read, not to change. An error that wraps
// store.ErrNotFound says that the peer has not or does not give it.
func (x *Exchange) Get(ctx context.Context, c lumps.CID) ([]byte, error) {
	k, err := x.ask.begin(ctx, c, false)
	if err != nil {
		return nil, err
	}
	return x.ask.wait(ctx, k)
}

// Has reports for each CID whether the peer would give the block.
func (x *Exchange) Has(ctx context.Context, cids ...lumps.CID) ([]bool, error) {
	has := make([]bool, 0, len(cids))
	for len(cids) > 0 {
		some := cids[:min(len(cids), x.ask.max)]
		cids = cids[len(some):]
		calls := make([]*call, 0, len(some))
		var failed error
		for _, c := range some {
			k, err := x.ask.begin(ctx, c, true)
			if err != nil {
				failed = err
				break
			}
			calls = append(calls, k)
		}
		for _, k := range calls {
			data, err := x.ask.wait(ctx, k)
			if err != nil && failed == nil {
				failed = err
			}
			has = append(has, data != nil)
		}
		if failed != nil {
			return nil, failed
		}
	}
	return has, nil
}

// yes is the result of a call with onlyHas for a block that is there.
var yes = []byte{}

func (a *asker) begin(ctx context.Context, c lumps.CID, onlyHas bool) (*call, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if _, err := lumps.FromBytes(c[:]); err != nil {
		return nil, err
	}
	p := priorityOf(ctx)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return nil, a.err
	}
	if k := a.calls[c]; k != nil && !onlyHas {
		k.waiters++
		a.stats.Coalesced++
		if p > k.priority {
			a.raise(k, p)
		}
		return k, nil
	}
	k := &call{cid: c, onlyHas: onlyHas, priority: p, waiters: 1, done: make(chan struct{})}
	k.queued = a.pending[p].PushBack(k)
	if !onlyHas {
		a.calls[c] = k
	}
	a.x.wake()
	return k, nil
}

// raise lifts the priority of a call, sent or not.
func (a *asker) raise(k *call, p Priority) {
	if k.queued != nil {
		a.pending[k.priority].Remove(k.queued)
		k.queued = a.pending[p].PushBack(k)
	} else {
		a.raises = append(a.raises, k)
	}
	k.priority = p
	a.x.wake()
}

func (a *asker) wait(ctx context.Context, k *call) ([]byte, error) {
	select {
	case <-k.done:
		return k.data, k.err
	case <-ctx.Done():
	}
	if a.leave(k) {
		return nil, ctx.Err()
	}
	<-k.done // what came is not thrown away
	return k.data, k.err
}

// leave is for a waiter who goes; the last one cancels the call. It is false if the
// call has ended, or is about to with the exchange.
func (a *asker) leave(k *call) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-k.done:
		return false
	default:
	}
	if a.err != nil {
		return false
	}
	if k.waiters--; k.waiters > 0 {
		return true
	}
	if a.calls[k.cid] == k {
		delete(a.calls, k.cid)
	}
	switch {
	case k.queued != nil:
		a.pending[k.priority].Remove(k.queued)
		k.queued = nil
	case a.refs[k.ref] == k:
		k.cancelled = true
		a.cancels = append(a.cancels, k.ref)
		a.x.wake()
	}
	return true
}

// wants appends frames with what is to be cancelled, and to be asked as far as the
// window allows.
func (a *asker) wants(b []byte) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	b = appendRefs(b, kindCancel, a.cancels)
	a.cancels = a.cancels[:0]
	b = appendRaises(b, a.raises)
	a.raises = a.raises[:0]
	if time.Now().Before(a.hold) {
		return b
	}
	head, n := len(b), 0
	for p := levels - 1; p >= 0; p-- {
		for len(a.refs) < a.window+p*priorityRoom && n < maxInOne {
			e := a.pending[p].Front()
			if e == nil {
				break
			}
			k := a.pending[p].Remove(e).(*call)
			k.queued = nil
			if n == 0 {
				b = appendHead(b, kindWant, 0)
			}
			n++
			b = appendWant(b, a.send(k))
		}
	}
	if n > 0 {
		appendHead(b[:head], kindWant, n)
	}
	return b
}

func appendRaises(b []byte, calls []*call) []byte {
	for some := range slices.Chunk(calls, maxInOne) {
		b = appendHead(b, kindRaise, len(some))
		for _, k := range some {
			b = append(binary.BigEndian.AppendUint32(b, k.ref), byte(k.priority))
		}
	}
	return b
}

// send moves a call from pending to refs.
func (a *asker) send(k *call) wantEntry {
	for a.refs[a.next] != nil {
		a.next++
	}
	k.ref = a.next
	a.next++
	a.refs[k.ref] = k
	k.begun, k.long = false, false
	if !k.onlyHas && k.asm == nil {
		k.asm = a.partials.take(k.cid)
		k.resumed = len(k.asm)
	}
	a.stats.Wants++
	return wantEntry{ref: k.ref, onlyHas: k.onlyHas, priority: k.priority, offset: uint32(len(k.asm)), cid: k.cid}
}

// answered takes an answer that is no data.
func (a *asker) answered(kind byte, ref uint32) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	k := a.refs[ref]
	switch {
	case k == nil:
		return protocolError("an answer is for want %d, which is not open", ref)
	case k.begun:
		return protocolError("want %d is answered and has data", ref)
	case kind == kindHave && !k.onlyHas:
		return protocolError("want %d is answered by HAVE without its data", ref)
	}
	delete(a.refs, ref)
	defer a.x.wake()
	if k.cancelled {
		a.setAside(k)
		return nil
	}
	switch kind {
	case kindHave:
		a.finish(k, yes, nil)
	case kindDontHave:
		a.stats.DontHaves++
		a.setAside(k)
		var err error
		if !k.onlyHas {
			err = notGiven(k.cid)
		}
		a.finish(k, nil, err)
	case kindFailed:
		a.setAside(k)
		a.finish(k, nil, unavailable(k.cid))
	case kindBusy:
		a.window = max(minWindow, min(a.window, len(a.refs)))
		a.window = min(a.window, a.max)
		a.hold = time.Now().Add(busyPause)
		time.AfterFunc(busyPause+time.Millisecond, a.x.wake)
		k.queued = a.pending[k.priority].PushFront(k)
	}
	return nil
}

// finish gives the result to all who wait.
func (a *asker) finish(k *call, data []byte, err error) {
	if a.calls[k.cid] == k {
		delete(a.calls, k.cid)
	}
	k.data, k.err = data, err
	close(k.done)
}

// setAside keeps what came of a block that will not be whole in this call.
func (a *asker) setAside(k *call) {
	a.partials.keep(k.cid, k.asm)
	k.asm = nil
}

// refuse has nothing more asked. What was asked may still come, as far as the data
// reader holds it already.
func (a *asker) refuse(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
}

// fail ends all calls, when no reader is left, and sets aside what is not whole.
func (a *asker) fail() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for p := range a.pending {
		for e := a.pending[p].Front(); e != nil; e = e.Next() {
			k := e.Value.(*call)
			a.setAside(k)
			a.finish(k, nil, a.err)
		}
		a.pending[p].Init()
	}
	for _, k := range a.refs {
		a.setAside(k)
		if !k.cancelled {
			a.finish(k, nil, a.err)
		}
	}
	clear(a.refs)
}

func (a *asker) count(s *Stats) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s.BlocksIn, s.BytesIn, s.PartialIn = a.stats.BlocksIn, a.stats.BytesIn, a.stats.PartialIn
	s.Wants, s.Coalesced, s.DontHaves = a.stats.Wants, a.stats.Coalesced, a.stats.DontHaves
}
