package journal_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hearth/journal"
	"hearth/journal/journaltest"
)

// killed makes a journal of the given groups and returns a copy of its folder as
// a kill would leave it: without the mark that Close writes.
func killed(t *testing.T, groups ...int) string {
	t.Helper()
	dir := t.TempDir()
	j, _ := open(t, dir, small)
	for _, n := range groups {
		group(t, j, n)
	}
	to := journaltest.Copy(t, dir)
	mustClose(t, j)
	return to
}

// group appends n records that become durable in one group: they are submitted
// at once to a committer that has nothing else to do.
func group(t *testing.T, j *journal.Journal, n int) {
	t.Helper()
	var es []journal.Entry
	for seq := j.Head() + 1; len(es) < n; seq++ {
		es = append(es, journal.Entry{Kind: journaltest.Kind(seq), Time: journaltest.Time(seq), Body: journaltest.Body(seq)})
	}
	last, err := j.SubmitBatch(es...)
	if err == nil {
		err = j.Wait(t.Context(), last)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func lastSegment(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil || len(files) == 0 {
		t.Fatal("no segments", err)
	}
	return slices.Max(files)
}

func zero(b []byte, from, to int64) []byte {
	clear(b[from:to])
	return b
}

// What may stand behind the last whole record, and what Open makes of it. The
// journal has groups of records 1-4, 5-7 and 8-10.
func TestTail(t *testing.T) {
	for _, c := range []struct {
		name   string
		edit   func(b []byte, f []journaltest.Frame) []byte
		last   uint64 // after recovery
		damage uint64 // or the record that the error names
	}{
		{"nothing", func(b []byte, f []journaltest.Frame) []byte { return b }, 10, 0},
		{"zeros cut off", func(b []byte, f []journaltest.Frame) []byte { return b[:f[9].End] }, 10, 0},
		{"last record short by a byte of filling or body", func(b []byte, f []journaltest.Frame) []byte { return b[:f[9].End-1] }, 9, 0},
		{"last record is half a head", func(b []byte, f []journaltest.Frame) []byte { return b[:f[9].Off+30] }, 9, 0},
		{"last record is one byte", func(b []byte, f []journaltest.Frame) []byte { return b[:f[9].Off+1] }, 9, 0},
		{"last record's head lost", func(b []byte, f []journaltest.Frame) []byte { return zero(b, f[9].Off, f[9].Off+68) }, 9, 0},
		{"last record's body lost", func(b []byte, f []journaltest.Frame) []byte { return zero(b, f[9].Off+68, f[9].End) }, 9, 0},
		{"a bit of the last head", func(b []byte, f []journaltest.Frame) []byte { b[f[9].Off+20] ^= 4; return b }, 9, 0},
		{"a bit of the last body", func(b []byte, f []journaltest.Frame) []byte { b[f[9].Off+70] ^= 4; return b }, 9, 0},
		{"rubbish behind the last", func(b []byte, f []journaltest.Frame) []byte { copy(b[f[9].End+500:], "rubbish"); return b }, 10, 0},
		{"hole in the last group", func(b []byte, f []journaltest.Frame) []byte { return zero(b, f[8].Off, f[8].End) }, 8, 0},
		{"hole at the last group's begin", func(b []byte, f []journaltest.Frame) []byte { return zero(b, f[7].Off, f[7].Off+4) }, 7, 0},
		{"last group lost", func(b []byte, f []journaltest.Frame) []byte { return zero(b, f[7].Off, f[9].End) }, 7, 0},
		{"last two groups lost", func(b []byte, f []journaltest.Frame) []byte { return zero(b, f[4].Off, f[9].End) }, 4, 0},
		{"everything lost", func(b []byte, f []journaltest.Frame) []byte { return b[:72] }, 0, 0},

		{"hole before the last group", func(b []byte, f []journaltest.Frame) []byte { return zero(b, f[6].Off, f[6].End) }, 0, 7},
		{"a bit before the last group", func(b []byte, f []journaltest.Frame) []byte { b[f[5].Off+68+3] ^= 1; return b }, 0, 6},
		{"a bit of a head's length", func(b []byte, f []journaltest.Frame) []byte { b[f[3].Off+8] ^= 1; return b }, 0, 4},
		{"hole at the begin", func(b []byte, f []journaltest.Frame) []byte { return zero(b, f[0].Off, f[3].End) }, 0, 1},
		{"hole, and of what follows only a head is whole", func(b []byte, f []journaltest.Frame) []byte {
			zero(b, f[6].Off, f[6].End)
			return zero(b, f[7].Off+68, f[9].End)
		}, 0, 7},
		{"header", func(b []byte, f []journaltest.Frame) []byte { b[50] ^= 1; return b }, 0, 0},
		{"no header", func(b []byte, f []journaltest.Frame) []byte { return b[:40] }, 0, 0},
		{"another file", func(b []byte, f []journaltest.Frame) []byte { copy(b, "something else"); return b }, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := killed(t, 4, 3, 3)
			f := journaltest.Frames(t, dir)
			if len(f) != 10 || f[9].Durable != 7 || f[6].Durable != 4 {
				t.Fatalf("the journal is not as the test wants it: %d frames", len(f))
			}
			file := lastSegment(t, dir)
			journaltest.Edit(t, file, func(b []byte) []byte { return c.edit(b, f) })
			before := journaltest.Files(t, dir)

			// Reading changes nothing and sees what recovery will leave.
			j, r, err := journal.OpenReadOnly(dir, small)
			if err == nil {
				journaltest.Verify(t, j, 1, c.last)
				if r.Last != c.last {
					t.Errorf("read-only recovery %+v, want last %d", r, c.last)
				}
				mustClose(t, j)
			}
			if !maps.EqualFunc(before, journaltest.Files(t, dir), bytes.Equal) {
				t.Error("a read-only open changed the folder")
			}
			rerr := err
			j, r, err = journal.Open(dir, small)
			if (rerr == nil) != (err == nil) {
				t.Errorf("open for reading: %v; for writing: %v", rerr, err)
			}
			if c.damage != 0 || strings.Contains(c.name, "header") || c.name == "another file" {
				var d *journal.DamageError
				if !errors.As(err, &d) || d.Seq != c.damage || d.Segment != filepath.Base(file) || c.damage > 0 && d.Offset != f[c.damage-1].Off {
					t.Fatalf("%v; want damage at record %d", err, c.damage)
				}
				after := journaltest.Files(t, dir)
				delete(after, "lock")
				if !maps.EqualFunc(before, after, bytes.Equal) {
					t.Error("a refused open changed the folder")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if r.Last != c.last || r.Clean || j.Head() != c.last {
				t.Errorf("recovery %+v, head %d, want last %d", r, j.Head(), c.last)
			}
			if rest := bytes.TrimRight(before[filepath.Base(file)][r.Offset:], "\x00"); int64(len(rest)) > r.Cut+3 || r.Cut > int64(len(rest))+68 {
				t.Errorf("%d bytes reported as cut, and %d were there", r.Cut, len(rest))
			}
			// The journal goes on, and nothing of what was cut comes back.
			journaltest.Append(t, j, 20)
			journaltest.Verify(t, j, 1, c.last+20)
			mustClose(t, j)
			j, r = open(t, dir, small)
			if !r.Clean || r.Last != c.last+20 {
				t.Errorf("after going on: %+v", r)
			}
			journaltest.Verify(t, j, 1, c.last+20)
			if got := journaltest.Records(journaltest.Frames(t, dir)); uint64(len(got)) != c.last+20 {
				t.Errorf("the independent reader finds %d records", len(got))
			}
		})
	}
}

// After a clean close the mark vouches for the last group too: what would be a
// torn tail after a crash is damage then.
func TestCleanCloseVouchesForTheLastGroup(t *testing.T) {
	for off := int64(0); off < 70; off += 3 {
		dir := t.TempDir()
		j, _ := open(t, dir, small)
		group(t, j, 3)
		mustClose(t, j)
		f := journaltest.Frames(t, dir)
		if !f[3].Mark {
			t.Fatal("Close left no mark")
		}
		journaltest.Flip(t, f[2].File, f[2].Off+off)
		var d *journal.DamageError
		if _, _, err := journal.Open(dir, small); !errors.As(err, &d) || d.Seq != 3 || d.Offset != f[2].Off {
			t.Fatalf("a bit at %d of the last record: %v, want damage", off, err)
		}
	}
}

// Opening and closing, or killing, an idle journal does not make it grow.
func TestIdleRestartsWriteNothing(t *testing.T) {
	dir := killed(t, 3)
	j, r := open(t, dir, small)
	if r.Clean || r.Cut != 0 {
		t.Fatalf("recovery %+v", r)
	}
	mustClose(t, j)
	_, r = open(t, journaltest.Copy(t, dir), small)
	end := r.Offset
	for range 5 {
		j, r := open(t, dir, small)
		if r.Offset != end || !r.Clean {
			t.Fatalf("recovery %+v, want clean and an end at %d", r, end)
		}
		mustClose(t, j)
	}
}

// A body that contains frames, even of the same journal, is never taken for them.
func TestBodiesThatLookLikeFrames(t *testing.T) {
	src := killed(t, 4, 4)
	seg, err := os.ReadFile(lastSegment(t, src))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	j, _ := open(t, dir, small)
	group(t, j, 1)
	if _, err := j.Append(t.Context(), 0, 0, seg[72:5000]); err != nil {
		t.Fatal(err)
	}
	to := journaltest.Copy(t, dir)
	f := journaltest.Frames(t, to)
	journaltest.Edit(t, f[1].File, func(b []byte) []byte { return zero(b, f[1].Off, f[1].Off+68) })
	if _, r := open(t, to, small); r.Last != 1 || r.Cut == 0 {
		t.Fatalf("recovery %+v, want record 2 cut", r)
	}
}

// A file that a newer program wrote is refused by name and version, damaged or not.
func TestNewerVersions(t *testing.T) {
	for _, name := range []string{"segment", "index"} {
		dir := t.TempDir()
		a := &journaltest.Archive{}
		o := small
		o.Archive = a
		j, _ := open(t, dir, o)
		journaltest.Append(t, j, 3)
		j.Seal(t.Context())
		if err := j.Archived(t.Context()); err != nil {
			t.Fatal(err)
		}
		mustClose(t, j)
		file, size := lastSegment(t, dir), 72
		if name == "index" {
			file, size = filepath.Join(dir, "segments"), 16
		}
		journaltest.Edit(t, file, func(b []byte) []byte {
			b[8] = 9
			journaltest.Seal(b[:size], 12)
			return b
		})
		_, _, err := journal.Open(dir, o)
		var v *journal.VersionError
		if !errors.As(err, &v) || v.Found != 9 || v.Newest != 1 || v.File != filepath.Base(file) {
			t.Errorf("%s: %v, want a *VersionError of 9 and 1", name, err)
		}
		if err != nil && (!strings.Contains(err.Error(), "9") || !strings.Contains(err.Error(), "1")) {
			t.Errorf("%q does not name both versions", err)
		}
	}
}

// A missing segment is noticed, wherever it is.
func TestMissingSegments(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, dir, small)
	for range 4 {
		journaltest.Append(t, j, 10)
		j.Seal(t.Context())
	}
	journaltest.Append(t, j, 10)
	mustClose(t, j)
	to := journaltest.Copy(t, dir)
	os.Remove(filepath.Join(to, "00000000000000000011.seg"))
	j, _ = open(t, to, small)
	var faults []*journal.DamageError
	j.Check(t.Context(), func(e *journal.DamageError) { faults = append(faults, e) })
	if len(faults) != 1 || faults[0].Seq != 11 {
		t.Errorf("Check found %v, want the missing records from 11", faults)
	}
	var d *journal.DamageError
	if _, err := j.Record(t.Context(), 15); !errors.As(err, &d) {
		t.Errorf("reading from a missing segment: %v", err)
	}
	mustClose(t, j)
}

func TestReadOnly(t *testing.T) {
	if _, _, err := journal.OpenReadOnly(filepath.Join(t.TempDir(), "none"), small); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("a folder that is not there: %v, want ErrNotFound", err)
	}
	if _, _, err := journal.OpenReadOnly(t.TempDir(), small); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("a folder without a journal: %v, want ErrNotFound", err)
	}
	dir := killed(t, 5)
	j, _, err := journal.OpenReadOnly(dir, small)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if _, err := j.Append(context.Background(), 0, 0, nil); !errors.Is(err, journal.ErrReadOnly) {
		t.Errorf("Append: %v", err)
	}
	if _, err := j.Seal(t.Context()); !errors.Is(err, journal.ErrReadOnly) {
		t.Errorf("Seal: %v", err)
	}
	if err := j.Wait(t.Context(), 6); !errors.Is(err, journal.ErrReadOnly) {
		t.Errorf("Wait: %v", err)
	}
	if err := j.Wait(t.Context(), 5); err != nil {
		t.Errorf("Wait for what is there: %v", err)
	}
}
