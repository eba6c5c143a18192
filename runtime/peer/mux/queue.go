package mux

import "sync"

// blockSize makes a block fill a size class of the allocator.
const blockSize = 16<<10 - 24

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
			b := blocks.Get().(*block)
			b.next, b.r, b.w = nil, 0, 0
			if q.tail == nil {
				q.head = b
			} else {
				q.tail.next = b
			}
			q.tail = b
		}
		k := copy(q.tail.data[q.tail.w:], p)
		q.tail.w += k
		p = p[k:]
	}
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

// skip drops k bytes, all of the first block.
func (q *queue) skip(k int) {
	b := q.head
	b.r += k
	q.n -= k
	if b.r == b.w {
		if q.head = b.next; q.head == nil {
			q.tail = nil
		}
		blocks.Put(b)
	}
}

// clear drops everything.
func (q *queue) clear() {
	for q.n > 0 {
		q.skip(q.head.w - q.head.r)
	}
}
