package want

import (
	"container/list"
	"sync"

	"hearth/lumps"
)

// Partials keeps, in memory, the beginnings of blocks whose transfer was cut, so
// that the next exchange goes on where the last one ended. Give the same one to
// every exchange with the same peer, or with all. What is in it is not verified
// until the block is whole, and never leaves it otherwise.
type Partials struct {
	mu    sync.Mutex // guards all below
	max   int
	bytes int
	order *list.List // of *partial, the oldest first
	by    map[lumps.CID]*list.Element
}

type partial struct {
	cid  lumps.CID
	data []byte
}

// DefaultPartials bounds what NewPartials(0) keeps: as many unfinished blocks of
// the usual size as an exchange can leave behind.
const DefaultPartials = 16 << 20

// NewPartials returns a holder of at most max bytes; 0 means DefaultPartials. The
// oldest are forgotten first.
func NewPartials(max int) *Partials {
	if max <= 0 {
		max = DefaultPartials
	}
	return &Partials{max: max, order: list.New(), by: map[lumps.CID]*list.Element{}}
}

// Bytes returns how much is kept.
func (p *Partials) Bytes() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bytes
}

// keep takes over data, the beginning of c, if it is more than what is there.
func (p *Partials) keep(c lumps.CID, data []byte) {
	if p == nil || len(data) == 0 || cap(data) > p.max {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if e, ok := p.by[c]; ok {
		if len(e.Value.(*partial).data) >= len(data) {
			return
		}
		p.drop(e)
	}
	p.by[c] = p.order.PushBack(&partial{c, data})
	p.bytes += cap(data)
	for p.bytes > p.max {
		p.drop(p.order.Front())
	}
}

// take hands the beginning of c over, or nil.
func (p *Partials) take(c lumps.CID) []byte {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok := p.by[c]
	if !ok {
		return nil
	}
	p.drop(e)
	return e.Value.(*partial).data
}

func (p *Partials) drop(e *list.Element) {
	k := p.order.Remove(e).(*partial)
	delete(p.by, k.cid)
	p.bytes -= cap(k.data)
}
