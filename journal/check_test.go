package journal_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"hearth/journal"
	"hearth/journal/journaltest"
)

// Check names the segment and the offset of every fault, wherever a bit flips,
// and goes on behind it.
func TestCheckFindsEveryFlip(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, dir, small)
	for range 4 {
		journaltest.Append(t, j, 30)
		j.Seal(t.Context())
	}
	mustClose(t, j)
	frames := journaltest.Frames(t, dir)
	r := rand.New(rand.NewPCG(1, 2))
	for range 150 {
		to := journaltest.Copy(t, dir)
		// Two records in different segments.
		a, b := frames[r.IntN(60)], frames[60+r.IntN(60)]
		for _, f := range []journaltest.Frame{a, b} {
			journaltest.Flip(t, filepath.Join(to, filepath.Base(f.File)), f.Off+r.Int64N(f.End-f.Off))
		}
		j, _ := open(t, to, small)
		var found []*journal.DamageError
		c, err := j.Check(t.Context(), func(e *journal.DamageError) { found = append(found, e) })
		if err != nil || c.Faults != len(found) || c.Records != 118 || c.Segments != 4 {
			t.Fatalf("Check: %+v, %v, %v", c, found, err)
		}
		if len(found) != 2 {
			t.Fatalf("found %v, want the faults in records %d and %d", found, a.Seq, b.Seq)
		}
		for i, f := range []journaltest.Frame{a, b} {
			if found[i].Seq != f.Seq || found[i].Offset != f.Off || found[i].Segment != filepath.Base(f.File) {
				t.Fatalf("found %v, want record %d at %d of %s", found[i], f.Seq, f.Off, filepath.Base(f.File))
			}
		}
		// Reading stops there, too.
		var d *journal.DamageError
		for rec, err := range j.Records(t.Context(), 1) {
			if err == nil && rec.Seq >= a.Seq || err != nil && (!errors.As(err, &d) || d.Seq != a.Seq) {
				t.Fatalf("reading gave record %d, %v; the fault is in record %d", rec.Seq, err, a.Seq)
			}
		}
		if d == nil {
			t.Fatal("reading went over the fault")
		}
		mustClose(t, j)
	}
}

// A record that is whole and was replaced, checksums and all, breaks the chain.
func TestCheckFindsAForgedRecord(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, dir, small)
	journaltest.Append(t, j, 30)
	mustClose(t, j)
	f := journaltest.Frames(t, dir)[10]
	journaltest.Forge(t, f)
	j, _ = open(t, dir, small)
	var found []*journal.DamageError
	if _, err := j.Check(t.Context(), func(e *journal.DamageError) { found = append(found, e) }); err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0].Seq != f.Seq+1 {
		t.Errorf("found %v, want a broken link at record %d", found, f.Seq+1)
	}
	mustClose(t, j)

	// The last record is vouched for by the mark behind it.
	fs := journaltest.Records(journaltest.Frames(t, func() string {
		dir = t.TempDir()
		j, _ := open(t, dir, small)
		journaltest.Append(t, j, 5)
		mustClose(t, j)
		return dir
	}()))
	journaltest.Forge(t, fs[4])
	var d *journal.DamageError
	if _, _, err := journal.Open(dir, small); !errors.As(err, &d) {
		t.Errorf("a forged last record: %v, want damage", err)
	}
}

// Faults at the ends of segments are found.
func TestCheckFindsCutSegments(t *testing.T) {
	for name, edit := range map[string]func(b []byte, last journaltest.Frame) []byte{
		"short":        func(b []byte, last journaltest.Frame) []byte { return b[:len(b)-1] },
		"without last": func(b []byte, last journaltest.Frame) []byte { return b[:last.Off] },
		"longer":       func(b []byte, last journaltest.Frame) []byte { return append(b, "more"...) },
		"header only":  func(b []byte, last journaltest.Frame) []byte { return b[:72] },
	} {
		dir := t.TempDir()
		j, _ := open(t, dir, small)
		for range 2 {
			journaltest.Append(t, j, 10)
			j.Seal(t.Context())
		}
		mustClose(t, j)
		last := journaltest.Frames(t, dir)[9]
		journaltest.Edit(t, last.File, func(b []byte) []byte { return edit(b, last) })
		j, _ = open(t, dir, small)
		n := 0
		c, err := j.Check(t.Context(), func(e *journal.DamageError) {
			n++
			if e.Segment != filepath.Base(last.File) {
				t.Errorf("%s: %v names another segment", name, e)
			}
		})
		if err != nil || n != 1 {
			t.Errorf("%s: %d faults, %+v, %v", name, n, c, err)
		}
		mustClose(t, j)
	}
}

func TestCheckStopsWithItsContext(t *testing.T) {
	j, _ := open(t, t.TempDir(), small)
	journaltest.Append(t, j, 10)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := j.Check(ctx, func(*journal.DamageError) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("Check: %v", err)
	}
	for _, err := range j.Records(ctx, 1) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Records: %v", err)
		}
	}
}

// A foreign file in the folder is left alone.
func TestForeignFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"notes.txt", "1.seg", "0000000000000000001x.seg", "00000000000000000000.seg"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	j, _ := open(t, dir, small)
	journaltest.Append(t, j, 5)
	mustClose(t, j)
	if n := len(journaltest.Files(t, dir)); n != 6 {
		t.Errorf("%d files, want the four, the lock and a segment", n)
	}
}
