package crashtest

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
)

// Sparse contents are what a plain slice would be, and copies do not change with
// their origin.
func TestContent(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		c, want := newContent(), []byte{}
		type copied struct {
			c *content
			b []byte
		}
		var copies []copied
		for range 200 {
			off := r.Int64N(5 * pageSize)
			switch r.IntN(5) {
			case 0:
				c.truncate(off)
				if grow := off - int64(len(want)); grow > 0 {
					want = append(want, make([]byte, grow)...)
				}
				want = want[:off]
			case 1:
				copies = append(copies, copied{c.clone(), bytes.Clone(want)})
			default:
				b := make([]byte, r.IntN(2*pageSize))
				if r.IntN(3) > 0 {
					for i := range b {
						b[i] = byte(r.Uint32())
					}
				}
				c.write(b, off)
				if len(b) == 0 && off > int64(len(want)) {
					want = append(want, make([]byte, off-int64(len(want)))...)
				}
				if grow := off + int64(len(b)) - int64(len(want)); grow > 0 {
					want = append(want, make([]byte, grow)...)
				}
				copy(want[off:], b)
			}
			if !bytes.Equal(c.bytes(), want) {
				t.Fatalf("seed %d: %d bytes differ from %d", seed, c.size, len(want))
			}
			part := make([]byte, r.IntN(pageSize))
			n, err := c.ReadAt(part, off)
			if have := max(0, len(want)-int(off)); n != min(len(part), have) || (err == io.EOF) != (n < len(part)) || n > 0 && !bytes.Equal(part[:n], want[off:int(off)+n]) {
				t.Fatalf("seed %d: read %d at %d of %d: %v", seed, n, off, len(want), err)
			}
		}
		for _, x := range copies {
			if !bytes.Equal(x.c.bytes(), x.b) {
				t.Fatalf("seed %d: a copy has changed", seed)
			}
		}
	}
}
