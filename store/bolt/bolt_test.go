package bolt

import (
	"context"
	"os"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"hearth/store"
	"hearth/store/storetest"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		writeUntilKilled(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

var ctx = context.Background()

// mustOpen opens a store and hands the report on.
func mustOpen(t testing.TB, dir string, opts Options) (*Store, Recovery) {
	t.Helper()
	s, rep, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, rep
}

// The contract holds with ordinary sizes, and with sizes so small that every few
// calls begin a pack, flush the index and empty a pack.
func TestStore(t *testing.T) {
	for name, opts := range map[string]Options{
		"Default": {noSync: true},
		"Tiny":    {PackSize: 3000, FlushEntries: 3, noSync: true},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t testing.TB) store.Store {
				dir, err := os.MkdirTemp(t.TempDir(), "")
				if err != nil {
					t.Fatal(err)
				}
				s, _ := mustOpen(t, dir, opts)
				return s
			})
		})
	}
}

// One pass over the real thing, with its syncs.
func TestSynced(t *testing.T) {
	s, _ := mustOpen(t, t.TempDir(), Options{PackSize: 1 << 16, FlushEntries: 100})
	bs := storetest.Blocks(1, 400, 1000)
	for part := range slices.Chunk(bs, 40) {
		if err := s.Put(ctx, part...); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, rep := mustOpen(t, s.dir, Options{})
	if !rep.Clean() {
		t.Errorf("an orderly close left work: %s", rep)
	}
	for _, b := range bs {
		if _, err := s.Get(ctx, b.CID); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReopened(t *testing.T) {
	for name, opts := range map[string]Options{
		"Default": {noSync: true},
		"Tiny":    {PackSize: 3000, FlushEntries: 3, noSync: true},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.RunDurable(t, func(t testing.TB, dir string) store.Store {
				s, rep := mustOpen(t, dir, opts)
				if !rep.Clean() {
					t.Errorf("an orderly close left work: %s", rep)
				}
				return s
			})
		})
	}
}
