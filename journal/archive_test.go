package journal_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hearth/journal"
	"hearth/journal/journaltest"
)

func archived(a *journaltest.Archive) journal.Options {
	o := small
	o.Archive = a
	return o
}

func segFiles(t *testing.T, dir string) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// Sealed segments move to the archive, and history reads the same through it:
// at once, after a restart, and from a copy of the folder that never had them.
func TestArchive(t *testing.T) {
	dir, a := t.TempDir(), &journaltest.Archive{}
	j, _ := open(t, dir, archived(a))
	for range 3 {
		journaltest.Append(t, j, 200)
		if _, err := j.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	journaltest.Append(t, j, 50)
	if err := j.Archived(t.Context()); err != nil {
		t.Fatal(err)
	}
	if segFiles(t, dir) != 1 || a.Len() != 3 {
		t.Fatalf("%d files, %d archived; want only the open segment here", segFiles(t, dir), a.Len())
	}
	journaltest.Verify(t, j, 1, 650)
	segments := j.Segments()
	for _, s := range segments {
		if !s.Archived() {
			t.Errorf("segment %d says that it is not archived", s.First)
		}
	}
	mustClose(t, j)

	j, r := open(t, dir, archived(a))
	if r.Last != 650 {
		t.Fatalf("recovery %+v", r)
	}
	journaltest.Verify(t, j, 1, 650)
	journaltest.Verify(t, j, 333, 650)
	for _, seq := range []uint64{1, 200, 201, 599, 600, 601} {
		if r, err := j.Record(t.Context(), seq); err != nil || journaltest.Match(r) != nil {
			t.Errorf("Record(%d): %v", seq, err)
		}
	}
	if c, err := j.Check(t.Context(), func(e *journal.DamageError) { t.Error(e) }); err != nil || c.Records != 650 || c.Segments != 4 {
		t.Errorf("Check: %+v, %v", c, err)
	}
	mustClose(t, j)

	// Without the archive the journal opens; only old history is out of reach.
	j, _ = open(t, dir, small)
	journaltest.Verify(t, j, 601, 650)
	if _, err := j.Record(t.Context(), 5); !errors.Is(err, journal.ErrNoArchive) {
		t.Errorf("a record in the archive without one: %v, want ErrNoArchive", err)
	}
	mustClose(t, j)

	// A journal that is made from the segments goes on behind them.
	copied := t.TempDir()
	if err := journal.Create(copied, archived(a), journal.Origin{Segments: segments}); err != nil {
		t.Fatal(err)
	}
	j, r = open(t, copied, archived(a))
	if r.Last != 600 {
		t.Fatalf("recovery of the copy %+v, want last 600", r)
	}
	if _, hash := j.Durable(); hash != segments[2].LastHash {
		t.Error("the copy's head is not the last segment's")
	}
	journaltest.Append(t, j, 100)
	journaltest.Verify(t, j, 1, 700)
}

// An archive that fails stalls nothing, loses nothing, and is tried again.
func TestArchiveThatFails(t *testing.T) {
	dir, a := t.TempDir(), &journaltest.Archive{}
	full := errors.New("the store is full")
	a.Fail(full)
	j, _ := open(t, dir, archived(a))
	journaltest.Append(t, j, 100)
	j.Seal(t.Context())
	if err := j.Archived(t.Context()); !errors.Is(err, full) {
		t.Errorf("Archived: %v, want the archive's error", err)
	}
	journaltest.Append(t, j, 100)
	journaltest.Verify(t, j, 1, 200)
	if segFiles(t, dir) != 2 {
		t.Errorf("%d files, want both segments", segFiles(t, dir))
	}
	a.Fail(nil)
	if err := j.Archived(t.Context()); err != nil {
		t.Error(err)
	}
	if segFiles(t, dir) != 1 {
		t.Error("the archived segment is still here")
	}
	journaltest.Verify(t, j, 1, 200)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	a.Fail(full)
	journaltest.Append(t, j, 10)
	j.Seal(t.Context())
	if err := j.Archived(ctx); err == nil {
		t.Error("Archived returned though nothing was archived")
	}
}

// A damaged segment is not moved: its file may be all that is left of it.
func TestDamagedSegmentStays(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, dir, small)
	journaltest.Append(t, j, 100)
	j.Seal(t.Context())
	mustClose(t, j)
	f := journaltest.Frames(t, dir)
	journaltest.Flip(t, f[50].File, f[50].Off+9)
	a := &journaltest.Archive{}
	j, _ = open(t, dir, archived(a))
	var d *journal.DamageError
	if err := j.Archived(t.Context()); !errors.As(err, &d) || d.Seq != 51 || d.Offset != f[50].Off {
		t.Errorf("archiving a damaged segment: %v", err)
	}
	if a.Len() != 0 || segFiles(t, dir) != 2 {
		t.Error("the damaged segment was moved")
	}
}

// What a crash leaves between the archive, the index and the file: each state is
// a correct journal.
func TestArchiveInterrupted(t *testing.T) {
	build := func(t *testing.T) (dir string, a *journaltest.Archive, before, after map[string][]byte) {
		dir, a = t.TempDir(), &journaltest.Archive{}
		j, _ := open(t, dir, small)
		journaltest.Append(t, j, 100)
		j.Seal(t.Context())
		journaltest.Append(t, j, 20)
		mustClose(t, j)
		before = journaltest.Files(t, dir)
		j, _ = open(t, dir, archived(a))
		if err := j.Archived(t.Context()); err != nil {
			t.Fatal(err)
		}
		mustClose(t, j)
		return dir, a, before, journaltest.Files(t, dir)
	}
	first := "00000000000000000001.seg"
	for _, c := range []struct {
		name string
		make func(before, after map[string][]byte) map[string][]byte
	}{
		{"the file is still there", func(b, a map[string][]byte) map[string][]byte { a[first] = b[first]; return a }},
		{"the entry is torn", func(b, a map[string][]byte) map[string][]byte {
			a[first] = b[first]
			a["segments"] = a["segments"][:100]
			return a
		}},
		{"the entry is garbled", func(b, a map[string][]byte) map[string][]byte {
			a[first] = b[first]
			clear(a["segments"][60:])
			return a
		}},
		{"the index is empty", func(b, a map[string][]byte) map[string][]byte { b["segments"] = a["segments"][:16]; return b }},
		{"the index is half made", func(b, a map[string][]byte) map[string][]byte { b["segments.tmp"] = a["segments"][:7]; return b }},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, a, before, after := build(t)
			dir := t.TempDir()
			for name, b := range c.make(before, after) {
				if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				j, r := open(t, dir, archived(a))
				if r.Last != 120 {
					t.Fatalf("recovery %+v", r)
				}
				journaltest.Verify(t, j, 1, 120)
				if err := j.Archived(t.Context()); err != nil {
					t.Fatal(err)
				}
				journaltest.Verify(t, j, 1, 120)
				mustClose(t, j)
			}
			if segFiles(t, dir) != 1 || a.Len() != 1 {
				t.Errorf("%d files and %d archived segments are left, want 1 and 1", segFiles(t, dir), a.Len())
			}
		})
	}
	t.Run("both are gone", func(t *testing.T) {
		_, a, _, after := build(t)
		dir := t.TempDir()
		after["segments"] = after["segments"][:16]
		for name, b := range after {
			os.WriteFile(filepath.Join(dir, name), b, 0o600)
		}
		// The open segment says that it begins with 101: what is before it is
		// history that was cut, as far as this folder can tell.
		j, r := open(t, dir, archived(a))
		if r.Last != 120 || j.First() != 101 {
			t.Errorf("recovery %+v, first %d", r, j.First())
		}
		if _, err := j.Record(t.Context(), 1); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("Record(1): %v, want ErrNotFound", err)
		}
	})
	t.Run("the open segment is gone", func(t *testing.T) {
		dir, a, _, _ := build(t)
		os.Remove(lastSegment(t, dir))
		var d *journal.DamageError
		if _, _, err := journal.Open(dir, archived(a)); !errors.As(err, &d) || d.Seq != 101 {
			t.Errorf("%v, want damage", err)
		}
	})
}

// A journal can begin behind history that was cut.
func TestCreateAtSeq(t *testing.T) {
	src, _ := open(t, t.TempDir(), small)
	journaltest.Append(t, src, 40)
	r, err := src.Record(t.Context(), 40)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "new")
	o := journal.Origin{Seq: 40, Time: r.Time, Hash: r.Hash}
	if err := journal.Create(dir, small, o); err != nil {
		t.Fatal(err)
	}
	if err := journal.Create(dir, small, o); !errors.Is(err, journal.ErrExists) {
		t.Errorf("creating over a journal: %v, want ErrExists", err)
	}
	j, rec := open(t, dir, small)
	if seq, hash := j.Durable(); rec.Last != 40 || seq != 40 || hash != r.Hash || j.First() != 41 {
		t.Fatalf("recovery %+v, durable %d, first %d", rec, seq, j.First())
	}
	journaltest.Append(t, src, 10)
	journaltest.Append(t, j, 10)
	journaltest.Verify(t, j, 41, 50)
	_, a := src.Durable()
	if _, b := j.Durable(); a != b {
		t.Error("the same records behind the same origin have another hash")
	}
	for _, seq := range []uint64{1, 40} {
		if _, err := j.Record(t.Context(), seq); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("Record(%d): %v, want ErrNotFound", seq, err)
		}
	}
	for r, err := range j.Records(t.Context(), 3) {
		if !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("Records from before the beginning: %d, %v", r.Seq, err)
		}
	}
	if err := journal.Create(t.TempDir(), small, journal.Origin{Seq: 1<<64 - 1}); err == nil {
		t.Error("a journal behind the last possible record was made")
	}
}

// Segments that do not follow one another make no journal.
func TestCreateRefusesABrokenChain(t *testing.T) {
	a := &journaltest.Archive{}
	j, _ := open(t, t.TempDir(), archived(a))
	for range 3 {
		journaltest.Append(t, j, 10)
		j.Seal(t.Context())
	}
	if err := j.Archived(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(s []journal.Segment) []journal.Segment{
		"missing":      func(s []journal.Segment) []journal.Segment { return []journal.Segment{s[0], s[2]} },
		"swapped":      func(s []journal.Segment) []journal.Segment { return []journal.Segment{s[1], s[0]} },
		"hash":         func(s []journal.Segment) []journal.Segment { s[1].FirstPrev[0]++; return s },
		"not archived": func(s []journal.Segment) []journal.Segment { s[2].CID[0] = 0; clear(s[2].CID[:]); return s },
		"empty":        func(s []journal.Segment) []journal.Segment { s[0].Last = 0; return s },
		"back in time": func(s []journal.Segment) []journal.Segment { s[1].LastTime = 1; return s },
	} {
		dir := t.TempDir()
		if err := journal.Create(dir, small, journal.Origin{Segments: edit(j.Segments())}); err == nil {
			t.Errorf("%s: created", name)
		}
		if segFiles(t, dir) != 0 {
			t.Errorf("%s: a refused Create left a segment", name)
		}
	}
	// The chain is verified, the bytes when they are read: another journal's
	// segment under this one's name is found then.
	segs := j.Segments()
	segs[1].CID = segs[2].CID
	dir := t.TempDir()
	if err := journal.Create(dir, small, journal.Origin{Segments: segs}); err != nil {
		t.Fatal(err)
	}
	k, _ := open(t, dir, archived(a))
	var d *journal.DamageError
	if _, err := k.Record(t.Context(), 15); !errors.As(err, &d) || !strings.Contains(err.Error(), segs[2].CID.String()) {
		t.Errorf("a wrong segment: %v, want damage that names the lump", err)
	}
}
