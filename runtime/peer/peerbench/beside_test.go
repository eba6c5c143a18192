package peerbench

import (
	"io"
	"slices"
	"testing"
	"time"

	"hearth/runtime/peer/mux"
)

// lane carries bulk from one end to the other, bit by bit.
type lane struct {
	w       io.Writer
	arrived chan error // for every bit
	wall    []float64  // seconds for each
	cpu     []float64
}

// bit is what one side moves before it is the other's turn: enough for a
// twentieth of a second, so that what disturbs the machine disturbs both.
const bit = 64 << 20

func newLane(w io.Writer, r io.Reader) *lane {
	l := &lane{w: w, arrived: make(chan error, 1)}
	go func() {
		buf := make([]byte, piece)
		for left := bit; ; {
			n, err := r.Read(buf)
			if left -= n; left == 0 {
				l.arrived <- nil
				left = bit
			}
			if err != nil {
				l.arrived <- err
				return
			}
		}
	}()
	return l
}

func (l *lane) turn(b *testing.B, p []byte) {
	used, start := cpu(), time.Now()
	for range bit / piece {
		if _, err := l.w.Write(p); err != nil {
			b.Fatal(err)
		}
	}
	if err := <-l.arrived; err != nil {
		b.Fatal(err)
	}
	l.wall = append(l.wall, time.Since(start).Seconds())
	l.cpu = append(l.cpu, (cpu() - used).Seconds())
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}

// BenchmarkBulkBesideTLS moves bulk by turns over a stream of Hearth and over
// crypto/tls with ChaCha20-Poly1305; an operation is a turn of both. ratio and
// cpu-ratio are how often as much ours does in the same time, and with the same
// processor time: the medians of the turns.
func BenchmarkBulkBesideTLS(b *testing.B) {
	beside := func(b *testing.B, suite string) {
		x, y := secured(b, loopback)
		if s := x.Suite(); suite != "" && s != suite {
			b.Skipf("this machine prefers %s; set GODEBUG=cpu.aes=off", s)
		}
		client, server := sessions(b, x, y)
		near, far := streams(b, client, server, mux.Bulk)
		tnear, tfar := overTLS(b, loopback, chacha)
		ours, theirs := newLane(near, far), newLane(tnear, tfar)
		p := make([]byte, piece)
		for range 2 { // until windows and buffers have grown
			ours.turn(b, p)
			theirs.turn(b, p)
		}
		for _, l := range []*lane{ours, theirs} {
			l.wall, l.cpu = nil, nil
		}
		b.ResetTimer()
		first, second := ours, theirs
		for range b.N {
			first.turn(b, p)
			second.turn(b, p)
			first, second = second, first
		}
		b.StopTimer()
		ratio := func(theirs, ours []float64) float64 {
			r := make([]float64, len(ours))
			for i := range r {
				r[i] = theirs[i] / ours[i]
			}
			return median(r)
		}
		b.ReportMetric(bit/1e6/median(ours.wall), "hearth-MB/s")
		b.ReportMetric(bit/1e6/median(theirs.wall), "tls-MB/s")
		b.ReportMetric(ratio(theirs.wall, ours.wall), "ratio")
		b.ReportMetric(ratio(theirs.cpu, ours.cpu), "cpu-ratio")
	}
	// The cipher of a machine without AES, which GODEBUG=cpu.aes=off makes of any.
	b.Run("chacha20-poly1305", func(b *testing.B) { beside(b, "ChaCha20-Poly1305") })
	b.Run("default", func(b *testing.B) { beside(b, "") })
}
