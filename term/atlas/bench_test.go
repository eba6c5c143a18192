package atlas

import "testing"

func BenchmarkAcquireKnown(b *testing.B) {
	for _, text := range []string{"x", "中", "e\u0301"} {
		b.Run(text, func(b *testing.B) {
			a := New(family(), Options{})
			defer a.Close()
			t := []byte(text)
			a.Acquire(t, 0, 1)
			b.ReportAllocs()
			for b.Loop() {
				a.Release(a.Acquire(t, 0, 1))
			}
		})
	}
}

// The first screen: all printable characters of ASCII, from nothing.
func BenchmarkASCII(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		r := read(b, Options{})
		for c := byte('!'); c <= '~'; c++ {
			r.a.Acquire([]byte{c}, 0, 1)
		}
		r.until("all are there", func() bool { return r.a.Stats().Waiting == 0 })
		r.a.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/94, "us/glyph")
}

// Characters that come and go, more than there is room for.
func BenchmarkChurn(b *testing.B) {
	r := read(b, Options{Pages: 1, Keep: 1})
	i := 0
	for ; r.a.Stats().Evicted == 0; i++ { // a full page
		h := r.a.Acquire(han(i), 0, 2)
		r.until("it is there", func() bool { return r.a.Stats().Waiting == 0 })
		r.a.Release(h)
	}
	before := r.a.Stats().Evicted
	b.ReportAllocs()
	for b.Loop() {
		h := r.a.Acquire(han(i%5000), 0, 2)
		r.until("it is there", func() bool { return r.a.Stats().Waiting == 0 })
		r.a.Release(h)
		i++
	}
	b.ReportMetric(float64(r.a.Stats().Evicted-before)/float64(b.N), "evicted/op")
}
