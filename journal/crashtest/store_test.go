package crashtest_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"hearth/journal/crashtest"
	"hearth/lumps"
	"hearth/store"
	"hearth/store/bolt"
)

// stored is what the store's workload notes: what it had begun to do, and what
// the store had said that it has done. Blocks and lumps count up; a root points
// at the block of its number.
type stored struct {
	Begun, Blocks, Lumps int
	Root                 int  // the block that the root points at
	RootChanging         bool // to some block up to Begun
}

// blocks are made once; the checks want each of them very often.
var blocks = map[int]store.Block{}

func block(i int) store.Block {
	b, ok := blocks[i]
	if !ok {
		b = makeBlock(i)
		blocks[i] = b
	}
	return b
}

func makeBlock(i int) store.Block {
	r := rand.New(rand.NewPCG(uint64(i), 9))
	n := 100 + r.IntN(900)
	if i%11 == 0 {
		n = 10_000 + r.IntN(20_000)
	}
	var b []byte
	for len(b) < n {
		b = binary.LittleEndian.AppendUint64(b, r.Uint64())
	}
	return store.Block{CID: lumps.Sum(lumps.Raw, b), Data: b}
}

func lump(i int) store.Lump {
	b := block(i)
	return store.Lump{CID: b.CID, Size: int64(len(b.Data)), Blocks: 1, Kind: store.KindFile}
}

// storeOptions make the packs and the flushes small, so that many are begun.
var storeOptions = bolt.Options{PackSize: 64 << 10, FlushEntries: 20}

// fill puts blocks, catalogues lumps and moves a root, and opens the store again
// now and then, until something fails.
func fill(dir string, ack func(stored)) error {
	ctx := context.Background()
	now := stored{Root: -1}
	r := rand.New(rand.NewPCG(4, 4))
	for range 3 {
		s, _, err := bolt.Open(dir, storeOptions)
		if err != nil {
			return err
		}
		for range 15 {
			var bs []store.Block
			for range 1 + r.IntN(5) {
				bs = append(bs, block(now.Begun))
				now.Begun++
			}
			ack(now) // before the fact
			if err := s.Put(ctx, bs...); err != nil {
				return errors.Join(err, s.Close())
			}
			now.Blocks = now.Begun
			ack(now)
			if err := s.AddLump(ctx, lump(now.Lumps)); err != nil {
				return errors.Join(err, s.Close())
			}
			now.Lumps++
			ack(now)
			if r.IntN(3) == 0 {
				now.RootChanging = true
				ack(now)
				if err := s.SetRoot(ctx, "root", bs[0].CID); err != nil {
					return errors.Join(err, s.Close())
				}
				now.Root, now.RootChanging = now.Blocks-len(bs), false
				ack(now)
			}
		}
		if err := s.Close(); err != nil {
			return err
		}
	}
	return nil
}

// storeSound checks a store after a crash: it opens, everything acknowledged is
// there and verifies, nothing is there that was not put, and it goes on.
func storeSound(dir string, acked []stored) (err error) {
	now := stored{Root: -1}
	if len(acked) > 0 {
		now = acked[len(acked)-1]
	}
	ctx := context.Background()
	s, _, err := bolt.Open(dir, storeOptions)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := s.Close(); err == nil {
			err = cerr
		}
	}()
	if err := storeHolds(ctx, s, now); err != nil {
		return err
	}
	// It goes on: what comes next is stored, and nothing of it hides the old.
	next := block(now.Begun + 1)
	if err := s.Put(ctx, next); err != nil {
		return fmt.Errorf("going on: %w", err)
	}
	if err := s.SetRoot(ctx, "after", next.CID); err != nil {
		return fmt.Errorf("going on: %w", err)
	}
	if err := s.Close(); err != nil {
		return fmt.Errorf("closing: %w", err)
	}
	if s, _, err = bolt.Open(dir, storeOptions); err != nil {
		return fmt.Errorf("opening again: %w", err)
	}
	if b, err := s.Get(ctx, next.CID); err != nil || !bytes.Equal(b, next.Data) {
		return fmt.Errorf("what was put after the crash: %w", err)
	}
	return storeHolds(ctx, s, now)
}

func storeHolds(ctx context.Context, s store.Store, now stored) error {
	for i := range now.Begun {
		b := block(i)
		got, err := s.Get(ctx, b.CID)
		switch {
		case errors.Is(err, store.ErrNotFound) && i >= now.Blocks:
		case err != nil:
			return fmt.Errorf("block %d of %d acknowledged: %w", i, now.Blocks, err)
		case !bytes.Equal(got, b.Data):
			return fmt.Errorf("block %d has other bytes", i)
		}
	}
	for i := range now.Lumps {
		if l, err := s.Lump(ctx, lump(i).CID); err != nil || l != lump(i) {
			return fmt.Errorf("lump %d of %d acknowledged: %+v, %w", i, now.Lumps, l, err)
		}
	}
	root, err := s.Root(ctx, "root")
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return err
	case now.RootChanging:
	case now.Root < 0 && err == nil:
		return errors.New("there is a root that nobody set")
	case now.Root >= 0 && root != block(now.Root).CID:
		return fmt.Errorf("the root is not block %d: %w", now.Root, err)
	}
	known := map[lumps.CID]bool{}
	for i := range now.Begun + 2 {
		known[block(i).CID] = true
	}
	for info, err := range s.List(ctx) {
		if err != nil {
			return err
		}
		if !known[info.CID] {
			return fmt.Errorf("a block that nobody put: %s", info.CID)
		}
	}
	return nil
}

// What the embedded store acknowledged survives a crash at any operation of the
// unmodified program, bbolt included; one that forgot a sync is found out.
func TestStore(t *testing.T) {
	ops := crashtest.RecordChild(t, func(dir string, ack func(stored)) { must0(fill(dir, ack)) })
	pack := func(o crashtest.Op) bool { return strings.Contains(o.Name, "packs/") }
	t.Run("sound", func(t *testing.T) {
		crashtest.CheckDir(t, ops, crashtest.Options{States: 250}, storeSound).Verify(t)
	})
	for name, drop := range map[string]func(crashtest.Op) bool{
		"no sync of packs":        func(o crashtest.Op) bool { return o.Kind == crashtest.Sync && pack(o) },
		"no sync of their folder": func(o crashtest.Op) bool { return o.Kind == crashtest.SyncDir },
	} {
		t.Run(name, func(t *testing.T) {
			crashtest.CheckDir(t, ops, crashtest.Options{States: 150, PerPoint: 3, Drop: drop}, storeSound).VerifyMutant(t)
		})
	}
}

// A write or sync that fails, in the packs or in bbolt, costs nothing that was
// acknowledged, whether the machine then crashes or not.
func TestStoreFailures(t *testing.T) {
	for _, cause := range []syscall.Errno{syscall.EIO, syscall.ENOSPC} {
		for _, kind := range []crashtest.Kind{crashtest.Write, crashtest.Sync} {
			for _, n := range []int{6, 30, 75, 110} {
				t.Run(fmt.Sprintf("%v/%v/%d", cause, kind, n), func(t *testing.T) {
					left := n // guarded by the file system's lock
					ops := crashtest.RecordFailing(t, func(o crashtest.Op) error {
						if o.Kind != kind {
							return nil
						}
						if left--; left <= 0 {
							return cause
						}
						return nil
					}, func(dir string, ack func(stored)) {
						if err := fill(dir, ack); !errors.Is(err, cause) {
							panic(fmt.Sprintf("the failure came out as: %v", err))
						}
					})
					crashtest.CheckDir(t, ops, crashtest.Options{States: 10, PerPoint: 5}, storeSound).Verify(t)
				})
			}
		}
	}
}
