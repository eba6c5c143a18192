package mux

import (
	"bytes"
	"math/rand"
	"testing"
)

// A queue is a bytes.Buffer, however its bytes come and leave, and keeps nothing
// when it is empty.
func TestQueue(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	var q queue
	var want bytes.Buffer
	source := random(4 * blockSize)
	bytesOf := func(n int) []byte { return source[r.Intn(blockSize):][:n] }
	size := func() int { return r.Intn([]int{5, 1000, 3 * blockSize}[r.Intn(3)]) }
	for range 3000 {
		switch r.Intn(5) {
		case 0:
			p := bytesOf(size())
			q.push(p)
			want.Write(p)
		case 1:
			b := blocks.Get().(*block)
			n := blockSize/2 + r.Intn(blockSize/2+1)
			copy(b.data[:n], bytesOf(n))
			want.Write(b.data[:n])
			q.attach(b, n)
		case 2, 3:
			got, expected := make([]byte, size()), make([]byte, 0)
			got = got[:q.pop(got[:cap(got)])]
			expected = append(expected, want.Next(len(got))...)
			if !bytes.Equal(got, expected) {
				t.Fatal("other bytes left than came")
			}
		case 4:
			if n := q.first(); n > 0 {
				b := q.detach()
				if !bytes.Equal(b.data[b.r:b.w], want.Next(n)) {
					t.Fatal("another block left than came")
				}
				blocks.Put(b)
			}
			if r.Intn(100) == 0 {
				q.clear()
				want.Reset()
			}
		}
		if q.n != want.Len() || (q.n == 0) != (q.head == nil) || (q.head == nil) != (q.tail == nil) {
			t.Fatalf("%d queued of %d, head %p, tail %p", q.n, want.Len(), q.head, q.tail)
		}
	}
}
