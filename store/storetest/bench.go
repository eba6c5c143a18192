package storetest

import (
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"hearth/store"
)

// Benchmark times a backend. Blocks are new in every iteration; making them is
// not timed.
func Benchmark(b *testing.B, open Open) {
	start := func(b *testing.B) store.Store {
		s := open(b)
		b.Cleanup(func() {
			if err := s.Close(); err != nil {
				b.Errorf("Close: %v", err)
			}
		})
		b.ReportAllocs()
		return s
	}
	puts := func(count, size int) func(*testing.B) {
		return func(b *testing.B) {
			s := start(b)
			b.SetBytes(int64(count) * int64(size))
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				bs := Blocks(uint64(i), count, size)
				b.StartTimer()
				put(b, s, bs...)
			}
			b.ReportMetric(float64(count)*float64(b.N)/b.Elapsed().Seconds(), "blocks/s")
		}
	}
	b.Run("Put/64x256KiB", puts(64, 256<<10))
	b.Run("Put/10000x200B", puts(10000, 200))
	b.Run("Put/1x256KiB", puts(1, 256<<10))
	b.Run("Put/1x200B", puts(1, 200))
	b.Run("PutParallel/1x200B", func(b *testing.B) {
		s := start(b)
		var seed atomic.Uint64
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				put(b, s, Blocks(seed.Add(1), 1, 200)...)
			}
		})
	})
	gets := func(count, size int) func(*testing.B) {
		return func(b *testing.B) {
			s := start(b)
			bs := Blocks(1, count, size)
			put(b, s, bs...)
			b.SetBytes(int64(size))
			for b.Loop() {
				if _, err := s.Get(ctx, bs[rand.IntN(count)].CID); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.Run("Get/256KiB", gets(256, 256<<10))
	b.Run("Get/200B", gets(100000, 200))
	b.Run("Has", func(b *testing.B) {
		s := start(b)
		bs := Blocks(1, 200000, 20)
		put(b, s, bs[:100000]...)
		for b.Loop() {
			if _, err := s.Has(ctx, bs[rand.IntN(len(bs))].CID); err != nil {
				b.Fatal(err)
			}
		}
	})
}
