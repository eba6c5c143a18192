package mux

import "sync"

// blockSize is a frame's payload, so that what was queued in one piece can leave
// and come in one. With its three words a block fills a size class of the
// allocator.
const blockSize = maxData

// A block is a piece of a queue.
type block struct {
	next *block
	r, w int
	data [blockSize]byte
}

var blocks = sync.Pool{New: func() any { return new(block) }}

// A queue holds bytes in the order they came, in blocks that all streams share
// and that an empty queue does not keep.
type queue struct {
	head, tail *block
	n          int
}

// push copies p behind what is queued.
func (q *queue) push(p []byte) {
	q.n += len(p)
	for len(p) > 0 {
		if q.tail == nil || q.tail.w == blockSize {
			q.link(blocks.Get().(*block), 0)
		}
		k := copy(q.tail.data[q.tail.w:], p)
		q.tail.w += k
		p = p[k:]
	}
}

// link makes b the last block, with w bytes in it.
func (q *queue) link(b *block, w int) {
	b.next, b.r, b.w = nil, 0, w
	if q.tail == nil {
		q.head = b
	} else {
		q.tail.next = b
	}
	q.tail = b
}

// attach queues a block with n bytes in it without copying them.
func (q *queue) attach(b *block, n int) {
	q.link(b, n)
	q.n += n
}

// first returns how many bytes the first block holds.
func (q *queue) first() int {
	if q.head == nil {
		return 0
	}
	return q.head.w - q.head.r
}

// detach takes the first block out. The caller puts it back to blocks.
func (q *queue) detach() *block {
	b := q.head
	q.n -= b.w - b.r
	if q.head = b.next; q.head == nil {
		q.tail = nil
	}
	return b
}

// pop moves up to len(p) bytes from the front to p.
func (q *queue) pop(p []byte) int {
	n := 0
	for n < len(p) && q.n > 0 {
		b := q.head
		k := copy(p[n:], b.data[b.r:b.w])
		n += k
		q.skip(k)
	}
	return n
}

// skip drops k bytes, all of them in the first block.
func (q *queue) skip(k int) {
	b := q.head
	b.r += k
	q.n -= k
	if b.r == b.w {
		blocks.Put(q.detach())
	}
}

// clear drops everything.
func (q *queue) clear() {
	for q.n > 0 {
		q.skip(q.head.w - q.head.r)
	}
}
