package bolt

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hearth/store"
	"hearth/store/storetest"
)

func BenchmarkStore(b *testing.B) {
	storetest.Benchmark(b, func(tb testing.TB) store.Store {
		s, _ := mustOpen(tb, tb.(*testing.B).TempDir(), Options{})
		return s
	})
}

// raw is the least that durable storage costs: the same bytes appended to a file
// in writes of 256 KiB, and one fdatasync.
type raw struct {
	f  *os.File
	at int64
}

func newRaw(b *testing.B) *raw {
	f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return &raw{f: f}
}

func (r *raw) put(b *testing.B, blocks []store.Block) {
	w := packWriter{file: r.f, at: r.at}
	defer w.release()
	for _, bl := range blocks {
		if err := w.write(bl.Data); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.flush(); err != nil {
		b.Fatal(err)
	}
	r.at = w.at
	if err := datasync(r.f); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkAgainstRaw puts by turns into the store and into a plain file, so that
// both meet the same machine, and reports the share of the file's speed that the
// store has: "of-raw" 1 is as fast as the file.
func BenchmarkAgainstRaw(b *testing.B) {
	for _, c := range []struct{ count, size int }{{64, 256 << 10}, {16, 1 << 20}, {10000, 200}, {1, 256 << 10}, {1, 200}} {
		b.Run(fmt.Sprintf("%dx%d", c.count, c.size), func(b *testing.B) {
			s, _ := mustOpen(b, b.TempDir(), Options{})
			r := newRaw(b)
			var inStore, inRaw time.Duration
			b.SetBytes(int64(c.count * c.size))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				bs := storetest.Blocks(uint64(i), c.count, c.size)
				start := time.Now()
				r.put(b, bs)
				inRaw += time.Since(start)
				b.StartTimer()
				start = time.Now()
				if err := s.Put(ctx, bs...); err != nil {
					b.Fatal(err)
				}
				inStore += time.Since(start)
			}
			b.ReportMetric(float64(inRaw)/float64(inStore), "of-raw")
			b.ReportMetric(float64(c.count*b.N)/inStore.Seconds(), "blocks/s")
		})
	}
}

// BenchmarkPutters is one block a put from many goroutines, which share syncs.
func BenchmarkPutters(b *testing.B) {
	for _, n := range []int{1, 16, 256} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s, _ := mustOpen(b, b.TempDir(), Options{})
			bs := storetest.Blocks(1, b.N, 200)
			b.ReportAllocs()
			b.ResetTimer()
			var next atomic.Int64
			var wg sync.WaitGroup
			for range n {
				wg.Go(func() {
					for i := next.Add(1); i <= int64(len(bs)); i = next.Add(1) {
						if err := s.Put(ctx, bs[i-1]); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "blocks/s")
		})
	}
}

// BenchmarkOpen is a cold start behind a clean close, and one that has to read
// what the index lacks.
func BenchmarkOpen(b *testing.B) {
	s, _ := mustOpen(b, b.TempDir(), Options{FlushEntries: 1 << 20})
	for i := range 20 {
		if err := s.Put(ctx, storetest.Blocks(uint64(i), 10000, 200)...); err != nil {
			b.Fatal(err)
		}
	}
	crashed := copyDir(b, s.dir)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run("Clean/200000", func(b *testing.B) {
		for b.Loop() {
			s, _, err := Open(s.dir, Options{})
			if err != nil {
				b.Fatal(err)
			}
			s.Close()
		}
	})
	b.Run("Rebuild/200000", func(b *testing.B) {
		for b.Loop() {
			s, _, err := Open(crashed, Options{RebuildIndex: true})
			if err != nil {
				b.Fatal(err)
			}
			s.Close()
		}
	})
}
