package peerbench

import (
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"hearth/runtime/peer/mux"
	"hearth/runtime/peer/peertest"
)

// piece is what bulk is written and read in.
const piece = 64 << 10

// BenchmarkBulk moves much data one way; an operation is 64 KiB.
func BenchmarkBulk(b *testing.B) {
	move := func(b *testing.B, w io.Writer, r io.Reader) {
		b.SetBytes(piece)
		measure(b, "", func(n int) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				buf := make([]byte, piece)
				for left := n * piece; left > 0; {
					k, err := r.Read(buf)
					if err != nil {
						b.Error(err)
						return
					}
					left -= k
				}
			}()
			p := make([]byte, piece)
			for range n {
				if _, err := w.Write(p); err != nil {
					b.Fatal(err)
				}
			}
			<-done
		})
	}
	b.Run("hearth", func(b *testing.B) {
		client, server := ours(b, loopback)
		near, far := streams(b, client, server, mux.Bulk)
		move(b, near, far)
	})
	b.Run("hearth/plain", func(b *testing.B) {
		x, y := loopback(b)
		client, server := sessions(b, x, y)
		near, far := streams(b, client, server, mux.Bulk)
		move(b, near, far)
	})
	b.Run("secured", func(b *testing.B) {
		near, far := secured(b, loopback)
		b.Log(near.Suite())
		move(b, near, far)
	})
	b.Run("tls/chacha20-poly1305", func(b *testing.B) {
		near, far := overTLS(b, loopback, chacha)
		move(b, near, far)
	})
	b.Run("tls/default", func(b *testing.B) {
		near, far := overTLS(b, loopback, 0)
		move(b, near, far)
	})
	b.Run("yamux/secured", func(b *testing.B) {
		x, y := secured(b, loopback)
		s := overYamux(b, x, y)[0]
		move(b, s[0], s[1])
	})
	b.Run("yamux/tls", func(b *testing.B) {
		x, y := overTLS(b, loopback, chacha)
		s := overYamux(b, x, y)[0]
		move(b, s[0], s[1])
	})
}

// home is 50 Mbit/s with a round trip of 30 ms, and a queue of a tenth of a
// second in front of it.
var home = peertest.Conditions{Delay: 15 * time.Millisecond, Rate: 50_000_000 / 8, Queue: 640 << 10}

// BenchmarkSmallDuringBulk sends 64 bytes there and back, 50 times a second,
// while bulk fills an emulated link in the same direction. The time of an
// operation is one round trip and the pause; p50-ms and p99-ms are what counts.
func BenchmarkSmallDuringBulk(b *testing.B) {
	race := func(b *testing.B, small, bulk [2]io.ReadWriter) {
		var carried int64
		var mu sync.Mutex
		go func() {
			p := make([]byte, piece)
			for {
				if _, err := bulk[0].Write(p); err != nil {
					return
				}
			}
		}()
		go func() {
			buf := make([]byte, piece)
			for {
				n, err := bulk[1].Read(buf)
				if err != nil {
					return
				}
				mu.Lock()
				carried += int64(n)
				mu.Unlock()
			}
		}()
		go func() {
			p := make([]byte, message)
			for {
				if _, err := io.ReadFull(small[1], p); err != nil {
					return
				}
				small[1].Write(p)
			}
		}()
		time.Sleep(2 * time.Second) // until windows have found the link
		mu.Lock()
		before, start := carried, time.Now()
		mu.Unlock()
		took := make([]time.Duration, 0, b.N)
		b.ResetTimer()
		p := make([]byte, message)
		for range b.N {
			sent := time.Now()
			small[0].Write(p)
			if _, err := io.ReadFull(small[0], p); err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(sent))
			time.Sleep(20 * time.Millisecond)
		}
		b.StopTimer()
		mu.Lock()
		b.ReportMetric(float64(carried-before)*8/1e6/time.Since(start).Seconds(), "Mbit/s")
		mu.Unlock()
		slices.Sort(took)
		b.ReportMetric(took[len(took)/2].Seconds()*1e3, "p50-ms")
		b.ReportMetric(took[len(took)*99/100].Seconds()*1e3, "p99-ms")
	}
	for _, link := range links {
		b.Run("hearth/"+link.name, func(b *testing.B) {
			client, server := ours(b, link.dial)
			near, far := streams(b, client, server, mux.Interactive)
			bnear, bfar := streams(b, client, server, mux.Bulk)
			race(b, [2]io.ReadWriter{near, far}, [2]io.ReadWriter{bnear, bfar})
		})
		b.Run("yamux/"+link.name, func(b *testing.B) {
			x, y := secured(b, link.dial)
			s := overYamux(b, x, y)
			race(b, [2]io.ReadWriter{s[0][0], s[0][1]}, [2]io.ReadWriter{s[1][0], s[1][1]})
		})
	}
}
