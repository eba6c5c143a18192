package journal_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"hearth/journal"
	"hearth/journal/journaltest"
)

// SealLater fixes the end of the segment at the call, whatever is submitted
// before the wait.
func TestSealLater(t *testing.T) {
	j, _ := open(t, t.TempDir(), small)
	group(t, j, 5)
	for range 20 {
		at := j.Head()
		wait, err := j.SealLater()
		if err != nil {
			t.Fatal(err)
		}
		group(t, j, 3)
		if err := wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		ss := j.Segments()
		if last := ss[len(ss)-1].Last; last != at {
			t.Fatalf("sealed up to %d, and %d was submitted at the call", last, at)
		}
	}
	journaltest.Verify(t, j, 1, 65)
	mustClose(t, j)
	if _, err := j.SealLater(); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("SealLater on a closed journal: %v, want ErrClosed", err)
	}
}

// ReadSegment gives the records of a segment from its bytes alone, and finds
// bytes that are not the segment's.
func TestReadSegment(t *testing.T) {
	a := &journaltest.Archive{}
	j, _ := open(t, t.TempDir(), archived(a))
	for range 2 {
		journaltest.Append(t, j, 30)
		if _, err := j.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Archived(t.Context()); err != nil {
		t.Fatal(err)
	}
	seg := j.Segments()[1]
	src, err := a.Open(t.Context(), seg.CID)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(src)
	if err != nil {
		t.Fatal(err)
	}
	read := func(seg journal.Segment, b []byte) (n int, err error) {
		for r, err := range journal.ReadSegment(t.Context(), seg, bytes.NewReader(b)) {
			if err != nil {
				return n, err
			}
			if err := journaltest.Match(r); err != nil || r.Seq != seg.First+uint64(n) {
				t.Fatalf("record %d in the place of %d: %v", r.Seq, seg.First+uint64(n), err)
			}
			n++
		}
		return n, nil
	}
	if n, err := read(seg, b); n != 30 || err != nil {
		t.Fatalf("%d records, %v; want 30", n, err)
	}
	wrong := seg
	wrong.LastHash[0]++
	flipped := bytes.Clone(b)
	flipped[len(b)/2] ^= 1
	for name, c := range map[string]struct {
		seg journal.Segment
		b   []byte
	}{
		"a bit":          {seg, flipped},
		"cut":            {seg, b[:len(b)-1]},
		"no bytes":       {seg, nil},
		"another's":      {j.Segments()[0], b},
		"another's hash": {wrong, b},
	} {
		var d *journal.DamageError
		if _, err := read(c.seg, c.b); !errors.As(err, &d) {
			t.Errorf("%s: %v, want damage", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range journal.ReadSegment(ctx, seg, bytes.NewReader(b)) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("ReadSegment with an ended context: %v", err)
		}
	}
}
