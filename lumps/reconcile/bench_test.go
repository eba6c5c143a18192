package reconcile

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"

	"hearth/lumps"
)

// Two sets of 1,000,000 CIDs, some of which only one side has, over a connection;
// beside it the list of one side.
func BenchmarkReconcile(b *testing.B) {
	const n = 1_000_000
	common := some(1, n)
	for _, differ := range []int{0, 1, 100, 10_000} {
		half := differ / 2
		ours, theirs := setOf(common[:n-differ+half], some(2, differ-half)), setOf(common[:n-differ+half], some(3, half))
		b.Run(fmt.Sprintf("%d differ", differ), func(b *testing.B) {
			b.ReportAllocs()
			var s Stats
			for b.Loop() {
				var have, need []lumps.CID
				have, need, s = session(b, ours, theirs)
				if len(have)+len(need) != differ {
					b.Fatalf("found %d and %d", len(have), len(need))
				}
			}
			b.ReportMetric(float64(s.Rounds), "roundtrips")
			b.ReportMetric(float64(s.BytesIn+s.BytesOut), "wire-B")
		})
	}
	b.Run("whole list", func(b *testing.B) {
		b.ReportAllocs()
		set := setOf(common)
		for b.Loop() {
			c, d := net.Pipe()
			go func() {
				var buf []byte
				for cid := range set.All() {
					if buf = append(buf, cid[:]...); len(buf) > 64<<10 {
						d.Write(buf)
						buf = buf[:0]
					}
				}
				d.Write(buf)
				d.Close()
			}()
			list, err := io.ReadAll(c)
			if err != nil || len(list) != n*lumps.CIDLen {
				b.Fatal(len(list), err)
			}
			need := 0
			for len(list) > 0 {
				if !set.Has(lumps.CID(list[:lumps.CIDLen])) {
					need++
				}
				list = list[lumps.CIDLen:]
			}
			if need != 0 {
				b.Fatal(need)
			}
		}
		b.ReportMetric(1, "roundtrips")
		b.ReportMetric(n*lumps.CIDLen, "wire-B")
	})
}

func session(b *testing.B, ours, theirs *Set) (have, need []lumps.CID, s Stats) {
	c, d := net.Pipe()
	defer c.Close()
	defer d.Close()
	go func() {
		if err := Respond(context.Background(), d, theirs); err != nil {
			b.Error(err)
		}
	}()
	have, need, s, err := Initiate(context.Background(), c, ours, Options{})
	if err != nil {
		b.Fatal(err)
	}
	return have, need, s
}

func BenchmarkNewSet(b *testing.B) {
	cids := some(1, 1_000_000)
	b.ReportAllocs()
	for b.Loop() {
		NewSet(slices.Values(cids))
	}
}

// What a session costs each side before its first byte.
func BenchmarkView(b *testing.B) {
	set := setOf(some(1, 1_000_000))
	b.ReportAllocs()
	for b.Loop() {
		newView(set, [nonceLen]byte{})
	}
}
