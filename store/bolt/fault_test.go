package bolt

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"hearth/lumps"
	"hearth/store"
	"hearth/store/storetest"
)

// faulty fails what it is told to fail.
type faulty struct {
	file
	writes                      *atomic.Int64 // how many more succeed
	writeErr, syncErr, truncErr *error
}

func (f faulty) WriteAt(b []byte, off int64) (int, error) {
	if *f.writeErr != nil && f.writes.Add(-1) < 0 {
		n, _ := f.file.WriteAt(b[:len(b)/2], off) // a disk that fills takes a part
		return n, *f.writeErr
	}
	return f.file.WriteAt(b, off)
}

func (f faulty) Sync() error {
	if *f.syncErr != nil {
		return *f.syncErr
	}
	return f.file.Sync()
}

func (f faulty) Truncate(n int64) error {
	if *f.truncErr != nil {
		return *f.truncErr
	}
	return f.file.Truncate(n)
}

type faults struct {
	writes                 atomic.Int64
	write, sync, truncate_ error
}

func (f *faults) wrap(_ string, inner file) file {
	return faulty{inner, &f.writes, &f.write, &f.sync, &f.truncate_}
}

// A full disk is an error of the put and of nothing else.
func TestFullDisk(t *testing.T) {
	for after := range int64(4) { // writes of the put that succeed
		var f faults
		opts := Options{noSync: true, wrap: f.wrap}
		s, _ := mustOpen(t, t.TempDir(), opts)
		early := storetest.Blocks(1, 10, 300)
		if err := s.Put(ctx, early...); err != nil {
			t.Fatal(err)
		}
		size := s.active.size
		f.writes.Store(after)
		f.write = fmt.Errorf("write: %w", syscall.ENOSPC)
		big := storetest.Blocks(2, 4, 1<<20)
		for range 2 {
			err := s.Put(ctx, big...)
			if !errors.Is(err, syscall.ENOSPC) || errors.Is(err, store.ErrFailed) {
				t.Fatalf("Put: %v", err)
			}
		}
		info, err := os.Stat(packFiles(t, s.dir)[0])
		if err != nil || info.Size() != size || s.active.size != size {
			t.Errorf("the pack has %d bytes, had %d", info.Size(), size)
		}
		for _, b := range early {
			if _, err := s.Get(ctx, b.CID); err != nil {
				t.Errorf("Get: %v", err)
			}
		}
		for _, b := range big {
			if ok, err := s.Has(ctx, b.CID); ok || err != nil {
				t.Errorf("Has of what was not stored: %v, %v", ok, err)
			}
		}
		f.write = nil
		if err := s.Put(ctx, big...); err != nil {
			t.Fatalf("Put with room again: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s, rep := mustOpen(t, s.dir, Options{noSync: true})
		if !rep.Clean() {
			t.Errorf("report %+v", rep)
		}
		for _, b := range append(early, big...) {
			if _, err := s.Get(ctx, b.CID); err != nil {
				t.Errorf("Get: %v", err)
			}
		}
	}
}

// After a write or a sync that failed nothing more is written, what was
// acknowledged is read, and the next open has all of it.
func TestFailedStore(t *testing.T) {
	for name, breakIt := range map[string]func(*faults){
		"write":           func(f *faults) { f.write = syscall.EIO },
		"second write":    func(f *faults) { f.writes.Store(1); f.write = syscall.EIO },
		"sync":            func(f *faults) { f.sync = syscall.EIO },
		"sync, disk full": func(f *faults) { f.sync = syscall.ENOSPC },
		"disk full and no truncate": func(f *faults) {
			f.write, f.truncate_ = syscall.ENOSPC, syscall.EIO
		},
		"disk full and no sync": func(f *faults) { f.write, f.sync = syscall.ENOSPC, syscall.EIO },
	} {
		t.Run(name, func(t *testing.T) {
			var f faults
			s, _ := mustOpen(t, t.TempDir(), Options{noSync: true, wrap: f.wrap})
			m, bs := fill(t, s, 1)
			breakIt(&f)
			late := storetest.Blocks(2, 3, 300<<10)
			if err := s.Put(ctx, late...); !errors.Is(err, store.ErrFailed) || !errors.Is(err, syscall.EIO) && !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("the put that failed: %v", err)
			}
			f.write, f.sync, f.truncate_ = nil, nil, nil
			_, cerr := s.Compact(ctx, 0.5)
			for call, err := range map[string]error{
				"Put":        s.Put(ctx, storetest.Blocks(3, 1, 10)...),
				"Put again":  s.Put(ctx, bs[0]),
				"Remove":     s.Remove(ctx, bs[0].CID),
				"SetRoot":    s.SetRoot(ctx, "x", bs[0].CID),
				"AddLump":    s.AddLump(ctx, store.Lump{CID: bs[0].CID, Blocks: 1}),
				"RemoveLump": s.RemoveLump(ctx, bs[0].CID),
				"Compact":    cerr,
			} {
				if !errors.Is(err, store.ErrFailed) {
					t.Errorf("%s after the failure: %v", call, err)
				}
			}
			storetest.Same(t, s, m)
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			s, _ = mustOpen(t, s.dir, Options{noSync: true})
			// The put that failed may have arrived: that is allowed.
			for _, b := range late {
				if err := s.Remove(ctx, b.CID); err != nil {
					t.Fatal(err)
				}
			}
			storetest.Same(t, s, m)
		})
	}
}

// The real thing, where a test may mount a small file system: packs, new packs
// and the index all run out of room, at whatever moment.
func TestReallyFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("none", disk, "tmpfs", 0, "size=6m"); err != nil {
		t.Skipf("no small file system to be had: %v", err)
	}
	defer syscall.Unmount(disk, syscall.MNT_DETACH)
	s, _ := mustOpen(t, filepath.Join(disk, "s"), Options{PackSize: 1 << 20, FlushEntries: 500})
	acked := map[uint64]bool{}
	refused := 0
	for seed := uint64(1); refused < 50; seed++ {
		err := s.Put(ctx, storetest.Blocks(seed, 200, 20+int(seed%100))...)
		switch {
		case err == nil:
			acked[seed] = true
		case errors.Is(err, syscall.ENOSPC) && !errors.Is(err, store.ErrFailed):
			refused++
		default:
			t.Fatalf("Put: %v", err)
		}
	}
	verify := func() {
		t.Helper()
		for seed := range acked {
			for _, b := range storetest.Blocks(seed, 200, 20+int(seed%100)) {
				if _, err := s.Get(ctx, b.CID); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	verify()
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if err := syscall.Mount("none", disk, "tmpfs", syscall.MS_REMOUNT, "size=60m"); err != nil {
		t.Fatal(err)
	}
	s, rep := mustOpen(t, filepath.Join(disk, "s"), Options{})
	if rep.Rebuilt != "" || len(rep.Damaged) > 0 {
		t.Errorf("report %+v", rep)
	}
	verify()
	if err := s.Put(ctx, storetest.Blocks(1<<20, 200, 300)...); err != nil {
		t.Errorf("Put with room again: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if len(acked) < 10 {
		t.Errorf("%d puts went into 6 MB", len(acked))
	}
}

// Damage at rest is found, named, and gone when the block is put again.
func TestDamageAtRest(t *testing.T) {
	s, _ := mustOpen(t, t.TempDir(), small)
	m, bs := fill(t, s, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, _ = mustOpen(t, s.dir, small)
	faults := func(readData bool) (fs []Fault) {
		t.Helper()
		if err := s.Check(ctx, readData, func(f Fault) { fs = append(fs, f) }); err != nil {
			t.Fatal(err)
		}
		return fs
	}
	if fs := faults(true); len(fs) > 0 {
		t.Fatalf("an intact store has faults: %v", fs)
	}
	hurt := map[lumps.CID]place{}
	for i := 5; i < len(bs); i += 17 {
		e, ok, err := s.lookup(blockKey(bs[i].CID))
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		hurt[bs[i].CID] = e.place
		edit(t, filepath.Join(s.packDir(), packName(e.pack)), func(b []byte) []byte {
			b[int(e.off)+recHeader+i] ^= 1
			return b
		})
	}
	if fs := faults(false); len(fs) > 0 {
		t.Errorf("without reading data: %v", fs)
	}
	fs := faults(true)
	if len(fs) != len(hurt) {
		t.Errorf("%d faults for %d damaged blocks: %v", len(fs), len(hurt), fs)
	}
	for _, f := range fs {
		var c *store.CorruptError
		if at, ok := hurt[f.CID]; !ok || f.Pack != packName(at.pack) || f.Offset != int64(at.off) || !errors.As(f.Err, &c) || c.CID != f.CID {
			t.Errorf("fault %v", f)
		}
	}
	for _, b := range bs {
		_, err := s.Get(ctx, b.CID)
		at, bad := hurt[b.CID]
		var c *store.CorruptError
		if bad && (!errors.As(err, &c) || c.Pack != packName(at.pack) || c.Offset != int64(at.off)) || !bad && err != nil {
			t.Errorf("Get: %v", err)
		}
	}
	// Compaction leaves damage where it is, and loses nothing else.
	if _, err := s.Compact(ctx, 1); err == nil {
		t.Error("Compact did not speak of damage")
	}
	for _, b := range bs {
		if err := s.Put(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	storetest.Same(t, s, m)
	if _, err := s.Compact(ctx, 1); err != nil {
		t.Errorf("Compact of a healed store: %v", err)
	}
	if fs := faults(true); len(fs) > 0 {
		t.Errorf("a healed store has faults: %v", fs)
	}
	storetest.Same(t, s, m)
}

// An index that points at the wrong place is found without reading data.
func TestCheckFindsWrongPointers(t *testing.T) {
	s, _ := mustOpen(t, t.TempDir(), Options{noSync: true})
	bs := storetest.Blocks(1, 10, 100)
	if err := s.Put(ctx, bs...); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	move := func(i int, f func(*entry)) {
		k := blockKey(bs[i].CID)
		e, _, _ := s.blocks.newer(k)
		f(&e)
		s.blocks.set(k, e)
	}
	move(1, func(e *entry) { e.off += 144 })
	move(2, func(e *entry) { e.pack = 9 })
	move(3, func(e *entry) { e.len-- })
	move(4, func(e *entry) { e.off += 1 << 20 })
	s.mu.Unlock()
	found := map[lumps.CID]bool{}
	if err := s.Check(ctx, false, func(f Fault) { found[f.CID] = true }); err != nil {
		t.Fatal(err)
	}
	for i, b := range bs {
		if found[b.CID] != (i >= 1 && i <= 4) {
			t.Errorf("block %d: found %v", i, found[b.CID])
		}
	}
}
