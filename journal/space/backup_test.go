package space

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	blocksfmt "github.com/ipfs/go-block-format"
	carv2 "github.com/ipld/go-car/v2"

	"hearth/journal"
	"hearth/lumps"
	"hearth/lumps/car"
	"hearth/store"
	"hearth/store/mem"
)

func backup(t testing.TB, w *testWorld, at lumps.CID) []byte {
	t.Helper()
	var buf bytes.Buffer
	st, err := Backup(context.Background(), w.store, at, &buf)
	if err != nil {
		t.Fatal(err)
	}
	if st.Snapshot != at || st.Bytes != int64(buf.Len()) || st.Blocks == 0 || st.Seq == 0 {
		t.Errorf("%+v for %d bytes", st, buf.Len())
	}
	return buf.Bytes()
}

// reopen opens what was restored, as a server does.
func reopen(t *testing.T, s store.Store, dir string) *testWorld {
	w := &testWorld{t: t, dir: dir, store: s, k: NewKernel(), clock: 3e18, pages: map[uint64][]lumps.CID{}, counts: map[uint64]uint64{}}
	w.open()
	return w
}

// A world that was restored is the world at the time of the backup: the same
// snapshots, the same history, the same catalogue as far as it is reached.
func TestBackupRestore(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	w.live(4)
	w.file([]byte("loaded, but named by nobody"))
	for i, at := range w.taken {
		data := backup(t, w, at)
		if again := backup(t, w, at); !bytes.Equal(data, again) {
			t.Error("the same snapshot gave two archives")
		}
		s, dir := mem.New(), t.TempDir()
		var asked []Program
		r, err := Restore(ctx, s, dir, bytes.NewReader(data), func(_ context.Context, p Program) error {
			asked = append(asked, p)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(asked) != 3+i {
			t.Errorf("%d programs were verified", len(asked))
		}
		snap, err := LoadSnapshot(ctx, Getter(w.store), at)
		w.check(err)
		if d := cmp.Diff(*snap, r.Snapshot); d != "" || r.CID != at || r.Bytes == 0 || r.Checked.Events != snap.Seq || r.Checked.Snapshots != i+1 {
			t.Errorf("restored %+v: %s", r, d)
		}
		if head, err := s.Root(ctx, RootSnapshot); err != nil || head != at {
			t.Errorf("the newest snapshot is %s, %v", head, err)
		}
		have, want := catalogueOf(t, s), catalogueOf(t, w.store)
		for c, l := range have {
			o := want[c]
			if l.Kind == store.KindSnapshot {
				o.Size = l.Size // the test's own records know no better
			}
			if l != o {
				t.Errorf("the catalogue has %+v and had %+v", l, o)
			}
		}
		if i == len(w.taken)-1 {
			missing := 0
			for _, c := range sortedCIDs(want) {
				if _, ok := have[c]; !ok {
					missing++
				}
			}
			// What was loaded and never named, and the segment of the last checkpoint.
			if missing != 1 {
				t.Errorf("%d lumps of the catalogue are missing", missing)
			}
		}

		again := reopen(t, s, dir)
		seq, hash := again.j.Durable()
		if seq != snap.Seq || hash != [32]byte(snap.Chain) {
			t.Errorf("the journal ends at %d, the snapshot is of %d", seq, snap.Seq)
		}
		clean(t, again.world(), true)
		// It lives on.
		st, err := snap.Load(ctx, Getter(s))
		w.check(err)
		again.k = st.Kernel
		for pid, im := range st.Images {
			again.pages[pid], err = im.Memory.Load(ctx, Getter(s))
			w.check(err)
			again.counts[pid] = im.Fuel / 10
		}
		again.commit(&Epoch{Number: 2, Entropy: make([]byte, 32)})
		again.send(3, "in the new world")
		again.snapshot("new")
		clean(t, again.world(), true)
	}
}

// The peers' library reads a backup and finds what links say.
func TestBackupByPeer(t *testing.T) {
	w := newWorld(t)
	w.live(2)
	data := backup(t, w, w.taken[1])
	br, err := carv2.NewBlockReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if br.Version != 1 || len(br.Roots) != 1 || !bytes.Equal(br.Roots[0].Bytes(), w.taken[1][:]) {
		t.Errorf("version %d, roots %v", br.Version, br.Roots)
	}
	var got []blocksfmt.Block
	seen := map[lumps.CID]bool{}
	for {
		b, err := br.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		c, err := lumps.FromBytes(b.Cid().Bytes())
		w.check(err)
		if seen[c] {
			t.Errorf("%s is there twice", c)
		}
		seen[c] = true
		got = append(got, b)
		if c.Codec() == lumps.DagCBOR {
			strictDagCBOR(t, c.String(), b.RawData())
		}
	}
	want := map[lumps.CID]bool{}
	w.check(store.Walk(t.Context(), w.store, []lumps.CID{w.taken[1]}, func(c lumps.CID, _ []byte) (bool, error) {
		want[c] = true
		return true, nil
	}))
	if !maps.Equal(seen, want) || len(got) < 30 {
		t.Errorf("the archive has %d blocks, and %d are reached", len(seen), len(want))
	}
	for _, name := range []string{"module a", "code a", "lump 1", "module child1"} {
		if !seen[cidOf(name)] {
			t.Errorf("%s is not in the backup", name)
		}
	}
}

// Nothing that is not a whole backup becomes a world.
func TestRestoreRefuses(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	w.live(2)
	good := backup(t, w, w.taken[1])
	restore := func(data []byte) error {
		_, err := Restore(ctx, mem.New(), t.TempDir(), bytes.NewReader(data), nil)
		return err
	}
	if err := restore(good); err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut < len(good); cut += 1 + len(good)/60 {
		if err := restore(good[:cut]); !errors.Is(err, ErrNotBackup) {
			t.Errorf("cut at %d of %d: %v", cut, len(good), err)
		}
	}
	for at := 1; at < len(good); at += 1 + len(good)/60 {
		bad := bytes.Clone(good)
		bad[at] ^= 0x40
		if err := restore(bad); !errors.Is(err, ErrNotBackup) {
			t.Errorf("byte %d of %d changed: %v", at, len(good), err)
		}
	}
	// Archives that are whole, and no backups.
	archive := func(root lumps.CID) []byte {
		var buf bytes.Buffer
		var roots []lumps.CID
		if !root.IsZero() {
			roots = append(roots, root)
		}
		_, err := car.Export(ctx, &buf, w.store, roots...)
		w.check(err)
		return buf.Bytes()
	}
	scene, _ := w.k.Root("scene")
	for name, data := range map[string][]byte{
		"a file":          archive(scene.CID),
		"no roots":        archive(lumps.CID{}),
		"another history": archive(w.forge(func(s *Snapshot, _ *State) { s.Chain[0]++ })),
		"a changed state": archive(w.forge(func(s *Snapshot, st *State) { s.Chain[0]--; st.Kernel.setName("x", durableTo(3)) })),
		"less history":    archive(w.forge(func(s *Snapshot, _ *State) { m, _ := LoadManifest(ctx, Getter(w.store), s.Journal); s.Journal = m.Prev })),
	} {
		if err := restore(data); !errors.Is(err, ErrNotBackup) {
			t.Errorf("%s: %v", name, err)
		}
	}
	no := errors.New("the fuel was left out")
	if _, err := Restore(ctx, mem.New(), t.TempDir(), bytes.NewReader(good), func(context.Context, Program) error { return no }); !errors.Is(err, no) {
		t.Errorf("a program that does not verify: %v", err)
	}
	if _, err := Backup(ctx, w.store, scene.CID, io.Discard); !errors.Is(err, ErrBadState) {
		t.Errorf("backup of a file: %v", err)
	}
	w.check(w.store.Remove(ctx, cidOf("lump 0")))
	if _, err := Backup(ctx, w.store, w.taken[1], io.Discard); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("backup of what is not whole: %v", err)
	}
}

// A backup may leave history out: the world then begins with the snapshot.
func TestRestoreWithoutHistory(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	w.live(2)
	c := w.forge(func(s *Snapshot, _ *State) { s.Journal, s.Parent = lumps.CID{}, lumps.CID{} })
	data := backup(t, w, c)
	s, dir := mem.New(), t.TempDir()
	var programs int
	r, err := Restore(ctx, s, dir, bytes.NewReader(data), func(context.Context, Program) error { programs++; return nil })
	w.check(err)
	if programs != 3 {
		t.Errorf("%d programs were verified", programs)
	}
	again := reopen(t, s, dir)
	if first := again.j.First(); first != r.Snapshot.Seq+1 {
		t.Errorf("history begins with %d behind a snapshot of %d", first, r.Snapshot.Seq)
	}
	clean(t, again.world(), true)
}

// A copy of history ends where it was told to, with the same hashes, and is whole.
func TestCopyHistory(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	w.live(3)
	var marks []uint64
	for _, c := range w.taken {
		s, err := LoadSnapshot(ctx, Getter(w.store), c)
		w.check(err)
		marks = append(marks, s.Seq)
	}
	for _, c := range []struct {
		seq  uint64
		snap int // -1: none
	}{{1, -1}, {5, -1}, {marks[0] - 1, -1}, {marks[0], 0}, {marks[0] + 1, 0}, {marks[1], 1}, {marks[2] - 1, 1}, {marks[2], 2}, {w.k.Seq, 2}} {
		t.Run(fmt.Sprint(c.seq), func(t *testing.T) {
			s, dir := mem.New(), t.TempDir()
			got, err := CopyHistory(ctx, w.world(), c.seq, s, dir)
			w.check(err)
			rec, err := w.j.Record(ctx, c.seq)
			w.check(err)
			var snap lumps.CID
			if c.snap >= 0 {
				snap = w.taken[c.snap]
			}
			if got.Seq != c.seq || got.Hash != rec.Hash || got.Snapshot != snap || c.seq > 5 && got.Blocks == 0 {
				t.Errorf("%+v", got)
			}
			again := reopen(t, s, dir)
			if seq, hash := again.j.Durable(); seq != c.seq || hash != rec.Hash {
				t.Errorf("the copy ends at %d", seq)
			}
			clean(t, again.world(), true)
			for cid, l := range catalogueOf(t, s) {
				if o, err := w.store.Lump(ctx, cid); err != nil || o != l {
					t.Errorf("the catalogue has %+v and had %+v, %v", l, o, err)
				}
			}
		})
	}
	for _, seq := range []uint64{0, w.k.Seq + 1} {
		if _, err := CopyHistory(ctx, w.world(), seq, mem.New(), t.TempDir()); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("event %d: %v", seq, err)
		}
	}
	w.check(w.store.Remove(ctx, cidOf("lump 1")))
	if _, err := CopyHistory(ctx, w.world(), marks[2], mem.New(), t.TempDir()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a lump is missing: %v", err)
	}
}
