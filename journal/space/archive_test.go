package space

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"hearth/journal"
	"hearth/lumps"
	"hearth/store"
	"hearth/store/mem"
)

// A segment may name more lumps than a block has room for; all of them are
// reached from its manifest.
func TestManifestOfManyLumps(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	a := w.spawn("a", DefaultLimits)
	want := map[lumps.CID]bool{}
	for i := range 60 {
		var named []lumps.CID
		for k := range 1000 {
			c := cidOf(fmt.Sprint("lump", i, k))
			named = append(named, c)
			want[c] = true
		}
		w.commit(&Message{To: durableRef(a, 0), Lumps: named})
	}
	seg, err := w.j.Seal(ctx)
	w.check(err)
	w.check(w.j.Archived(ctx))
	for _, s := range w.j.Segments() {
		if s.Last == seg.Last {
			seg = s
		}
	}
	m, err := LoadManifest(ctx, Getter(w.store), seg.CID)
	w.check(err)
	if m.Segment(seg.CID) != seg || !m.Prev.IsZero() {
		t.Errorf("the manifest %+v of %+v", m, seg)
	}
	found := 0
	w.check(store.Reach(ctx, w.store, []lumps.CID{seg.CID}, func(c lumps.CID) (bool, error) {
		if want[c] {
			found++
		}
		return true, nil
	}))
	if found != len(want) {
		t.Errorf("%d of %d lumps are reached", found, len(want))
	}
}

// Segments link each other, also over a restart at which the journal begins to
// archive before its opener comes to say what is known.
func TestManifestsAreAChain(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.live(2)
	// Seal without an archive: the next server finds a segment to archive.
	w.check(w.j.Close())
	j, _, err := journal.Open(w.dir, journalOptions(nil))
	w.check(err)
	w.j = j
	w.send(3, "more")
	_, err = j.Seal(ctx)
	w.check(err)
	w.check(j.Close())
	a := NewArchive(w.store)
	j, _, err = journal.Open(w.dir, journalOptions(a))
	w.check(err)
	defer j.Close()
	time.Sleep(20 * time.Millisecond)
	a.Know(j.Segments())
	w.check(j.Archived(ctx))
	ss := j.Segments()
	got, err := Manifests(ctx, Getter(w.store), ss[len(ss)-1].CID)
	w.check(err)
	if len(got) != len(ss) || got[0].First != 1 {
		t.Errorf("%d segments are linked, and there are %d", len(got), len(ss))
	}
	for i := range got {
		if got[i] != ss[i] {
			t.Errorf("segment %d: %+v, and it is %+v", i, got[i], ss[i])
		}
	}
	r, err := a.Open(ctx, ss[0].CID)
	w.check(err)
	data, err := io.ReadAll(r)
	if err != nil || int64(len(data)) != ss[0].Size || r.Close() != nil {
		t.Errorf("%d bytes of %d: %v", len(data), ss[0].Size, err)
	}
}

func TestArchiveErrors(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a := NewArchive(mem.New())
	cancel()
	if _, err := a.Put(ctx, journal.Segment{First: 1}, bytes.NewReader(nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("a put that nobody answers: %v", err)
	}
	a.Know(nil)
	a.Know(nil)
	var d *journal.DamageError
	if _, err := a.Put(t.Context(), journal.Segment{First: 1, Last: 1, Size: 3}, bytes.NewReader([]byte("bad"))); !errors.As(err, &d) {
		t.Errorf("no segment: %v", err)
	}
	if _, err := a.Open(t.Context(), cidOf("absent")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an absent one: %v", err)
	}
	b := newBlocks()
	one, _ := putNode(b.put, Manifest{Hearth: manifestMark, Format: 1, First: 1, Last: 4, Before: make([]byte, 32), Hash: make([]byte, 32), Bytes: cidOf("x")})
	gap, _ := putNode(b.put, Manifest{Hearth: manifestMark, Format: 1, First: 6, Last: 9, Before: make([]byte, 32), Hash: make([]byte, 32), Bytes: cidOf("x"), Prev: one})
	short, _ := putNode(b.put, Manifest{Hearth: manifestMark, Format: 1, First: 1, Last: 4, Before: make([]byte, 31), Hash: make([]byte, 32), Bytes: cidOf("x")})
	for _, c := range []lumps.CID{gap, short} {
		if _, err := Manifests(t.Context(), b.get, c); !errors.Is(err, ErrBadState) {
			t.Errorf("%v", err)
		}
	}
}

// The largest tables that limits allow become blocks of ordinary size, and one
// capability more writes few of them.
func TestLargestTables(t *testing.T) {
	b := newBlocks()
	im := &Image{}
	for i := range DefaultLimits.Table {
		im.Table = append(im.Table, Slot{Handle: i, Cap: Cap{Ref: Ref{Kind: RefService, Service: fmt.Sprintf("%0255d", i)}, Perms: 1}, Count: 1})
	}
	c, err := EncodeImage(im, b.put)
	if err != nil {
		t.Fatal(err)
	}
	back, err := LoadImage(t.Context(), b.get, c)
	if err != nil || back.Validate(DefaultLimits) != nil || len(back.Table) != len(im.Table) {
		t.Fatalf("%d capabilities came back: %v", len(back.Table), err)
	}
	var largest int
	for _, data := range b.m {
		largest = max(largest, len(data))
	}
	before := len(b.m)
	im.Table[40000].Count++
	if _, err := EncodeImage(im, b.put); err != nil {
		t.Fatal(err)
	}
	if n := len(b.m) - before; n > 8 || largest > lumps.MaxBlock/2 {
		t.Errorf("one capability more wrote %d blocks; the largest block has %d bytes", n, largest)
	}
}

func BenchmarkCheck(b *testing.B) {
	w := newWorld(b)
	w.live(3)
	for i := range 50000 {
		w.send(3, fmt.Sprint("message ", i%100))
	}
	w.snapshot("end")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Check(b.Context(), w.world(), false, func(f Fault) { b.Error(f) }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(w.k.Seq), "ns/event")
}

func BenchmarkBackup(b *testing.B) {
	w := newWorld(b)
	w.live(30)
	at := w.taken[len(w.taken)-1]
	b.ReportAllocs()
	var st BackupStats
	for b.Loop() {
		var err error
		if st, err = Backup(b.Context(), w.store, at, io.Discard); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(st.Bytes)
}
