package peer_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/peer"
	"hearth/runtime/peer/peertest"
	"hearth/store"
)

// home is 50 Mbit/s with a round trip of 30 ms, and a queue of a tenth of a
// second in front of it.
var home = peertest.Conditions{Delay: 15 * time.Millisecond, Rate: 50_000_000 / 8, Queue: 640 << 10}

// BenchmarkCalls has a guest pass 64 bytes to a guest on the other peer and back,
// over an emulated link: while nothing else moves, and while another process of
// the same side loads one lump of 20 MB after another from there. An operation is
// one call and a pause; p50-ms and p99-ms are what counts.
func BenchmarkCalls(b *testing.B) {
	measure := func(b *testing.B, loading bool) {
		asServer(b)
		path := peertest.NewPath(b, home)
		near, err := path.Dial(10 * time.Second)
		if err != nil {
			b.Fatal(err)
		}
		far, err := path.Listener().Accept()
		if err != nil {
			b.Fatal(err)
		}
		x, y := newSide(b), newSide(b)
		xy, yx := joinOver(b, x, y, near, far)
		calls := newPair(b, x, y, xy)
		carried := func() int64 { return xy.Exchange().Stats().BytesIn }
		if loading {
			load(b, x, y, yx)
			time.Sleep(2 * time.Second) // until windows have found the link
		}
		before, start := carried(), time.Now()
		took := make([]time.Duration, 0, b.N)
		b.ResetTimer()
		for range b.N {
			sent := time.Now()
			calls.turn(b, 1)
			took = append(took, time.Since(sent))
			time.Sleep(10 * time.Millisecond)
		}
		b.StopTimer()
		if loading {
			b.ReportMetric(float64(carried()-before)*8/1e6/time.Since(start).Seconds(), "Mbit/s")
		}
		slices.Sort(took)
		b.ReportMetric(took[len(took)/2].Seconds()*1e3, "p50-ms")
		b.ReportMetric(took[len(took)*99/100].Seconds()*1e3, "p99-ms")
	}
	b.Run("alone", func(b *testing.B) { measure(b, false) })
	b.Run("loading", func(b *testing.B) { measure(b, true) })
}

// loadSize is more than three seconds of the link.
const loadSize = 20_000_000

// load has a guest on x load one lump of y after another until the benchmark ends.
func load(b *testing.B, x, y *side, yx *peer.Conn) {
	x.SpawnGuest("visitor", false, func(q *runtime.SpawnRequest) { q.Service = "visitor" })
	visitor := get(b, y, yx.Root(), "visitor")
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	b.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	go func() { ended <- loadAll(ctx, y, visitor) }()
}

func loadAll(ctx context.Context, y *side, visitor runtime.Capability) error {
	data := make([]byte, loadSize)
	for n := range ^byte(0) {
		rand.NewChaCha8([32]byte{n}).Read(data)
		l, err := store.PutLump(ctx, y.Store, bytes.NewReader(data), store.KindFile)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		id := l.CID.Digest()
		r, err := y.Call(ctx, visitor, runtime.Message{Data: []byte("look " + hex.EncodeToString(id[:])), Lumps: []lumps.CID{l.CID}})
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if want := fmt.Sprintf("%d bytes", loadSize); !strings.HasPrefix(string(r.Data), want) {
			return fmt.Errorf("the guest saw %q, not %s", r.Data, want)
		}
	}
	return errors.New("the benchmark ran longer than there are lumps to load")
}
