package mirror

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/lumps/want"
	"hearth/store"
	"hearth/store/mem"
)

// distant is a session whose blocks take a round trip, in a time of its own.
type distant struct {
	repo *Repository
	wg   sync.WaitGroup
}

const roundTrip = 100 * time.Millisecond

func (d *distant) Open(ctx context.Context) (io.ReadWriteCloser, error) {
	near, far := net.Pipe()
	d.wg.Go(func() { _ = Serve(context.Background(), far, d.repo, nil) })
	time.Sleep(roundTrip)
	return near, nil
}

func (d *distant) Source() want.Source {
	return sourceFunc(func(ctx context.Context, c lumps.CID) ([]byte, error) {
		time.Sleep(roundTrip)
		return d.repo.Store.Get(ctx, c)
	})
}

func (d *distant) Offers() *Offers { return new(Offers) }

// What a pull waits for grows with the depth of what is new, not with how many
// snapshots it is behind.
func TestRoundTrips(t *testing.T) {
	w := newWorld(t, "home")
	counter := w.SpawnGuest("counter", true)
	at := []lumps.CID{w.Snap().CID}
	for range 60 {
		w.Ask(counter, "add 1")
		at = append(at, w.Snap().CID)
	}
	served := mem.New()
	must(t, store.Walk(t.Context(), w.Store, []lumps.CID{at[60]}, func(c lumps.CID, data []byte) (bool, error) {
		return true, served.Put(t.Context(), store.Block{CID: c, Data: data})
	}))
	must(t, served.SetRoot(t.Context(), space.RootSnapshot, at[60]))
	for _, behind := range []int{1, 10, 60} {
		t.Run(fmt.Sprint(behind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &distant{repo: &Repository{Store: served, Name: "home"}}
				local := &Repository{Store: mem.New(), Name: "local"}
				_, err := Pull(context.Background(), d, local, PullOptions{Snapshot: at[60-behind]})
				must(t, err)
				begin := time.Now()
				_, err = Pull(context.Background(), d, local, PullOptions{})
				must(t, err)
				trips := int(time.Since(begin) / roundTrip)
				// The request, the snapshots and manifests at once, then the state of
				// each and what is below: no deeper for many than for one.
				if trips > 14 {
					t.Errorf("%d round trips for %d snapshots", trips, behind)
				}
				t.Logf("%d round trips for %d snapshots", trips, behind)
				d.wg.Wait()
			})
		})
	}
}
