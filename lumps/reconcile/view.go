package reconcile

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"runtime"
	"sync"
)

const (
	nonceLen       = 16
	fingerprintLen = 12
	tagLen         = 8

	// stride is how many keys stand between two sums that a view keeps: a MiB for
	// 1,000,000 keys, and on average as many hashes for a fingerprint.
	stride = 16
)

type (
	fingerprint [fingerprintLen]byte
	tag         [tagLen]byte
)

// sum is a number of 128 bits, of which fingerprints show the lower 96.
type sum struct{ hi, lo uint64 }

func (s sum) plus(o sum) sum {
	lo, carry := bits.Add64(s.lo, o.lo, 0)
	hi, _ := bits.Add64(s.hi, o.hi, carry)
	return sum{hi, lo}
}

func (s sum) minus(o sum) sum {
	lo, borrow := bits.Sub64(s.lo, o.lo, 0)
	hi, _ := bits.Sub64(s.hi, o.hi, borrow)
	return sum{hi, lo}
}

// view is a set under the nonce of a session.
type view struct {
	*Set
	nonce [nonceLen]byte
	sums  []sum // sums[i] is that of the first i*stride keys
}

func newView(s *Set, nonce [nonceLen]byte) *view {
	v := &view{Set: s, nonce: nonce, sums: make([]sum, len(s.keys)/stride+1)}
	// Each part sums for itself, and then all are joined.
	parts := min(runtime.GOMAXPROCS(0), len(v.sums))
	var wg sync.WaitGroup
	for p := range parts {
		wg.Go(func() {
			for i := p * len(v.sums) / parts; i < (p+1)*len(v.sums)/parts; i++ {
				if i > 0 {
					v.sums[i] = v.add(sum{}, (i-1)*stride, i*stride)
				}
			}
		})
	}
	wg.Wait()
	for i := 1; i < len(v.sums); i++ {
		v.sums[i] = v.sums[i].plus(v.sums[i-1])
	}
	return v
}

func (v *view) hash(k *key) [sha256.Size]byte {
	var b [nonceLen + keyLen]byte // one block of SHA-256 with its padding
	copy(b[:], v.nonce[:])
	copy(b[nonceLen:], k[:])
	return sha256.Sum256(b[:])
}

func (v *view) tag(i int) (t tag) {
	h := v.hash(&v.keys[i])
	copy(t[:], h[16:])
	return t
}

func (v *view) add(s sum, lo, hi int) sum {
	for i := lo; i < hi; i++ {
		h := v.hash(&v.keys[i])
		s = s.plus(sum{binary.BigEndian.Uint64(h[:]), binary.BigEndian.Uint64(h[8:])})
	}
	return s
}

// first is the sum of the first i keys.
func (v *view) first(i int) sum { return v.add(v.sums[i/stride], i/stride*stride, i) }

// fingerprint is that of the keys from index lo to before hi.
func (v *view) fingerprint(lo, hi int) (f fingerprint) {
	var s sum
	if hi-lo <= stride {
		s = v.add(s, lo, hi)
	} else {
		s = v.first(hi).minus(v.first(lo))
	}
	binary.BigEndian.PutUint32(f[:], uint32(s.hi))
	binary.BigEndian.PutUint64(f[4:], s.lo)
	return f
}
