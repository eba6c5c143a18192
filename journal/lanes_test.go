package journal

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/zeebo/blake3"
)

// Bodies that are hashed side by side have the hashes that each has alone, at
// every length around a block and a chunk, and in every mixture.
func TestHashBodies(t *testing.T) {
	if !haveLanes {
		t.Log("this machine hashes one body at a time; the test compares the library with itself")
	}
	r := rand.New(rand.NewPCG(1, 1))
	check := func(lens []int) {
		t.Helper()
		es := make([]Entry, len(lens))
		for i, n := range lens {
			es[i].Body = make([]byte, n)
			for k := range es[i].Body {
				es[i].Body[k] = byte(r.Uint32())
			}
		}
		ds := make([]digest, len(es))
		hashBodies(es, ds)
		for i := range es {
			if ds[i].hash != blake3.Sum256(es[i].Body) {
				t.Fatalf("body %d of %d, %d bytes, has another hash beside others", i, len(es), lens[i])
			}
		}
	}
	for n := range maxLane + 3 {
		check([]int{n, n, 0, n + 1, n})
	}
	for range 300 {
		lens := make([]int, r.IntN(40))
		for i := range lens {
			if lens[i] = r.IntN(400); r.IntN(10) == 0 {
				lens[i] = r.IntN(3000)
			}
		}
		check(lens)
	}
}

func BenchmarkHashBodies(b *testing.B) {
	for _, n := range []int{50, 200, 1000} {
		es, ds := make([]Entry, digestShare), make([]digest, digestShare)
		for i := range es {
			es[i].Body = make([]byte, n)
		}
		b.Run(fmt.Sprintf("lanes/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for range b.N / len(es) {
				hashBodies(es, ds)
			}
		})
		b.Run(fmt.Sprintf("alone/%d", n), func(b *testing.B) {
			for i := range b.N {
				ds[i%len(ds)].hash = blake3.Sum256(es[i%len(es)].Body)
			}
		})
	}
}
