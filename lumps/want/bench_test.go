package want

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"
	"testing"

	"hearth/lumps"
	"hearth/store"
)

// shelf serves blocks without a store's work, so that what is measured is the
// exchange.
type shelf map[lumps.CID][]byte

func (s shelf) Block(_ context.Context, c lumps.CID) ([]byte, error) {
	if b, ok := s[c]; ok {
		return b, nil
	}
	return nil, store.ErrNotFound
}

var pipes = []struct {
	name string
	pipe func(testing.TB) (a, b *link)
}{{"memory", memPipe}, {"tcp", tcpPipe}}

// Blocks through an exchange, 256 asked for at once.
func BenchmarkGet(b *testing.B) {
	for _, via := range pipes {
		for _, size := range []int{64, 4 << 10, 256 << 10} {
			b.Run(fmt.Sprintf("%s/%dB", via.name, size), func(b *testing.B) {
				s := shelf{}
				var cids []lumps.CID
				for i := range min(4096, 64<<20/size) {
					data := bytesOf(uint64(i), size)
					cids = append(cids, lumps.Sum(lumps.Raw, data))
					s[cids[i]] = data
				}
				p := newPair(b, via.pipe, Options{}, Options{Provider: s})
				b.SetBytes(int64(size))
				b.ReportAllocs()
				// Few enough that none asks for what another waits for.
				b.SetParallelism(min(DefaultMaxWants, len(cids)/4) / runtime.GOMAXPROCS(0))
				var next atomic.Int64
				b.ResetTimer()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						c := cids[int(next.Add(1))%len(cids)]
						if _, err := p.ours.Get(bg, c); err != nil {
							b.Error(err)
							return
						}
					}
				})
				if n := p.ours.Stats().Coalesced; n*100 > int64(b.N) {
					b.Errorf("%d blocks of %d did not cross", n, b.N)
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "blocks/s")
			})
		}
	}
}

// What the same bytes take without an exchange, unverified.
func BenchmarkCopy(b *testing.B) {
	for _, via := range pipes {
		b.Run(via.name, func(b *testing.B) {
			from, to := via.pipe(b)
			defer to.Close()
			chunk := make([]byte, 64<<10)
			b.SetBytes(int64(len(chunk)))
			b.ReportAllocs()
			b.ResetTimer()
			go func() {
				for range b.N {
					if _, err := from.Conn.Write(chunk); err != nil {
						return
					}
				}
				from.Conn.Close()
			}()
			if n, err := io.Copy(io.Discard, to.Conn); err != nil || n != int64(b.N*len(chunk)) {
				b.Fatal(n, err)
			}
		})
	}
}

// One block after the other: what a round trip costs.
func BenchmarkRoundTrip(b *testing.B) {
	data := bytesOf(1, 64)
	c := lumps.Sum(lumps.Raw, data)
	p := newPair(b, tcpPipe, Options{}, Options{Provider: shelf{c: data}})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.ours.Get(bg, c); err != nil {
			b.Fatal(err)
		}
	}
}

// discard is a store that keeps nothing.
type discard struct{ store.Blocks }

func (discard) Put(context.Context, ...store.Block) error    { return nil }
func (discard) Has(context.Context, lumps.CID) (bool, error) { return false, nil }
func (discard) Get(_ context.Context, c lumps.CID) ([]byte, error) {
	return nil, &store.NotFoundError{CID: c}
}

// A DAG of 4096 leaves of 4 KiB, walked and fetched over TCP.
func BenchmarkFetch(b *testing.B) {
	s := shelf{}
	add := func(codec byte, data []byte) lumps.CID {
		c := lumps.Sum(codec, data)
		s[c] = data
		return c
	}
	const leaves, size = 4096, 4 << 10
	var nodes []lumps.CID
	for i := range leaves / 64 {
		var kids []lumps.CID
		for j := range 64 {
			kids = append(kids, add(lumps.Raw, bytesOf(uint64(i*64+j), size)))
		}
		data, err := lumps.Marshal(kids)
		if err != nil {
			b.Fatal(err)
		}
		nodes = append(nodes, add(lumps.DagCBOR, data))
	}
	data, err := lumps.Marshal(nodes)
	if err != nil {
		b.Fatal(err)
	}
	root := add(lumps.DagCBOR, data)
	p := newPair(b, tcpPipe, Options{}, Options{Provider: s})
	b.SetBytes(leaves * size)
	b.ReportAllocs()
	for b.Loop() {
		f := &Fetch{Roots: []lumps.CID{root}, To: discard{}, From: []Source{p.ours}}
		if st, err := f.Run(bg); err != nil || st.Blocks != int64(len(s)) {
			b.Fatal(st, err)
		}
	}
	b.ReportMetric(float64(len(s)*b.N)/b.Elapsed().Seconds(), "blocks/s")
}
