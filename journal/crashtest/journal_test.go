package crashtest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path"
	"strings"
	"syscall"
	"testing"

	"hearth/journal"
	"hearth/journal/crashtest"
	"hearth/journal/journaltest"
)

// told is what the journal's workload notes: how far it had submitted, and how
// far the journal had said that it is durable.
type told struct{ Submitted, Durable, Sealed uint64 }

func options(fs journal.FS, a journal.Archive) journal.Options {
	return journal.Options{
		SegmentSize: journal.MinSegmentSize, FillAhead: 8 << 10, FS: fs, Archive: a,
		Logger: slog.New(slog.DiscardHandler),
	}
}

// history appends to a journal, in groups and alone, seals, archives, closes and
// opens again.
func history(fs journal.FS, a journal.Archive, dir string, ack func(told)) {
	r := rand.New(rand.NewPCG(3, 3))
	ctx := context.Background()
	var now told
	for range 3 {
		j, _, err := journal.Open(dir, options(fs, a))
		must0(err)
		for range 14 {
			var es []journal.Entry
			for range 1 + r.IntN(6) {
				now.Submitted++
				es = append(es, journal.Entry{
					Kind: journaltest.Kind(now.Submitted), Time: journaltest.Time(now.Submitted), Body: journaltest.Body(now.Submitted),
				})
			}
			ack(now) // before the fact: from here on they may be there
			last := must(j.SubmitBatch(es...))
			if r.IntN(4) > 0 {
				must0(j.Wait(ctx, last))
				now.Durable = last
				ack(now)
			}
			if r.IntN(5) == 0 {
				s := must(j.Seal(ctx))
				now.Durable, now.Sealed = s.Last, s.Last
				ack(now)
				if a != nil && r.IntN(2) == 0 {
					must0(j.Archived(ctx))
				}
			}
		}
		must0(j.Close())
		now.Durable = now.Submitted
		ack(now)
	}
}

// sound checks a journal after a crash: it opens, everything acknowledged is
// there, nothing is there that was not submitted, and it goes on.
func sound(fs journal.FS, a journal.Archive, dir string, acked []told) error {
	var now told
	if len(acked) > 0 {
		now = acked[len(acked)-1]
	}
	j, rec, err := journal.Open(dir, options(fs, a))
	if err != nil {
		return err
	}
	last := j.Head()
	if err := holds(j, now, last); err != nil {
		j.Close()
		return fmt.Errorf("%w (recovery %+v)", err, rec)
	}
	var es []journal.Entry
	for seq := last + 1; seq <= last+3; seq++ {
		es = append(es, journal.Entry{Kind: journaltest.Kind(seq), Time: journaltest.Time(seq), Body: journaltest.Body(seq)})
	}
	seq, err := j.SubmitBatch(es...)
	if err == nil {
		err = j.Wait(context.Background(), seq)
	}
	if cerr := j.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("going on: %w", err)
	}
	j, rec, err = journal.Open(dir, options(fs, a))
	if err != nil {
		return fmt.Errorf("opening again: %w", err)
	}
	defer j.Close()
	if !rec.Clean {
		return fmt.Errorf("the second opening recovered again: %+v", rec)
	}
	return holds(j, told{Submitted: last + 3, Durable: last + 3}, last+3)
}

func holds(j *journal.Journal, now told, last uint64) error {
	if last < now.Durable {
		return fmt.Errorf("the journal ends with record %d, and %d was acknowledged", last, now.Durable)
	}
	if last > now.Submitted {
		return fmt.Errorf("the journal ends with record %d, and only %d were submitted", last, now.Submitted)
	}
	next := uint64(1)
	for r, err := range j.Records(context.Background(), 0) {
		if err != nil {
			return err
		}
		if r.Seq != next {
			return fmt.Errorf("record %d in the place of %d", r.Seq, next)
		}
		if err := journaltest.Match(r); err != nil {
			return err
		}
		next++
	}
	if next != last+1 {
		return fmt.Errorf("%d records, and the head is %d", next-1, last)
	}
	return nil
}

// An acknowledged record survives a crash at any operation, with and without an
// archive, also a crash in the recovery from a crash.
func TestJournal(t *testing.T) {
	for _, archive := range []bool{false, true} {
		t.Run(fmt.Sprintf("archive=%v", archive), func(t *testing.T) {
			var a journal.Archive
			if archive {
				a = &journaltest.Archive{}
			}
			ops := crashtest.Record(t, func(fs *crashtest.FS, ack func(told)) { history(fs, a, "j", ack) })
			r := rand.New(rand.NewPCG(5, 5))
			crashtest.Check(t, ops, crashtest.Options{States: 500}, func(s crashtest.State, acked []told) error {
				base := s.FS.Fork()
				if err := sound(s.FS, a, "j", acked); err != nil {
					return err
				}
				if r.IntN(20) > 0 {
					return nil
				}
				// What was done since is crashed in its turn.
				return again(t, base, s.FS.Ops(), a, acked)
			}).Verify(t)
		})
	}
}

// again explores the crashes of a recovery, of which nothing new was acknowledged.
func again(t *testing.T, base *crashtest.FS, ops []crashtest.Op, a journal.Archive, acked []told) error {
	var now told
	if len(acked) > 0 {
		now = acked[len(acked)-1]
	}
	now.Submitted += 3 // sound appends so many
	r := crashtest.Check(t, ops, crashtest.Options{Base: base, States: 12, PerPoint: 3}, func(s crashtest.State, _ []told) error {
		return sound(s.FS, a, "j", []told{now})
	})
	if r.Violated > 0 {
		return errors.New("in the recovery, " + r.Violations[0])
	}
	return nil
}

// A journal that forgot one of its syncs is found out.
func TestJournalMutants(t *testing.T) {
	segment := func(o crashtest.Op) bool { return strings.HasSuffix(o.Name, ".seg") }
	for name, drop := range map[string]func() func(crashtest.Op) bool{
		"no sync of records": func() func(crashtest.Op) bool {
			return func(o crashtest.Op) bool { return o.Kind == crashtest.Sync && segment(o) }
		},
		"no sync of a new segment's header": func() func(crashtest.Op) bool {
			return func(o crashtest.Op) bool { return o.Kind == crashtest.Sync && path.Base(o.Name) == "next.tmp" }
		},
		"no sync of the folder": func() func(crashtest.Op) bool {
			return func(o crashtest.Op) bool { return o.Kind == crashtest.SyncDir && o.Name == "j" }
		},
		"no sync of the index": func() func(crashtest.Op) bool {
			return func(o crashtest.Op) bool { return o.Kind == crashtest.Sync && path.Base(o.Name) == "segments" }
		},
		"every second sync forgotten": func() func(crashtest.Op) bool {
			n := 0
			return func(o crashtest.Op) bool {
				if o.Kind != crashtest.Sync || !segment(o) {
					return false
				}
				n++
				return n%2 == 0
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := &journaltest.Archive{}
			ops := crashtest.Record(t, func(fs *crashtest.FS, ack func(told)) { history(fs, a, "j", ack) })
			crashtest.Check(t, ops, crashtest.Options{States: 1000, PerPoint: 3, Drop: drop()}, func(s crashtest.State, acked []told) error {
				return sound(s.FS, a, "j", acked)
			}).VerifyMutant(t)
		})
	}
}

// The same through the kernel: the journal on real files, in a process of its own.
func TestJournalThroughFUSE(t *testing.T) {
	ops := crashtest.RecordChild(t, func(dir string, ack func(told)) { history(nil, nil, dir+"/j", ack) })
	crashtest.Check(t, ops, crashtest.Options{States: 300}, func(s crashtest.State, acked []told) error {
		return sound(s.FS, nil, "j", acked)
	}).Verify(t)
}

// A write, truncate or sync that fails, whichever it is, ends the journal: what
// was waited for says why, nothing is acknowledged after it, and reopening finds
// everything that was acknowledged before.
func TestJournalFailures(t *testing.T) {
	for _, cause := range []error{syscall.EIO, syscall.ENOSPC} {
		for _, kind := range []crashtest.Kind{crashtest.Write, crashtest.Sync, crashtest.Truncate, crashtest.Rename, crashtest.SyncDir} {
			failed := 0
			for n := 1; ; n++ {
				fs := crashtest.NewFS()
				j, _, err := journal.Open("j", options(fs, nil))
				if err != nil {
					t.Fatal(err)
				}
				left := n
				fs.Fail(func(o crashtest.Op) error {
					if o.Kind != kind {
						return nil
					}
					if left--; left <= 0 {
						return cause // and all that follow, as a disk does it
					}
					return nil
				})
				var acked uint64
				for seq := uint64(1); seq <= 60 && err == nil; seq++ {
					_, err = j.Append(t.Context(), journaltest.Kind(seq), journaltest.Time(seq), journaltest.Body(seq))
					if err == nil {
						acked = seq
					}
					if seq%20 == 0 && err == nil {
						_, err = j.Seal(t.Context())
					}
				}
				if err == nil {
					// The whole history, and the failure was still to come.
					fs.Fail(nil)
					must0(j.Close())
					break
				}
				failed++
				if !errors.Is(err, journal.ErrFailed) || !errors.Is(err, cause) {
					t.Fatalf("%v of %v number %d: %v", cause, kind, n, err)
				}
				if _, again := j.Append(t.Context(), 0, 0, nil); !errors.Is(again, journal.ErrFailed) {
					t.Fatalf("a failed journal took a record: %v", again)
				}
				if err := j.Wait(t.Context(), acked); err != nil {
					t.Fatalf("what was durable before the failure: %v", err)
				}
				if err := j.Close(); !errors.Is(err, journal.ErrFailed) {
					t.Fatalf("closing a failed journal: %v", err)
				}
				// The disk works again: reopening, and a crash instead, lose nothing.
				fs.Fail(nil)
				crashtest.Explore(fs.Ops(), crashtest.Options{States: 1, PerPoint: 4}, func(s crashtest.State) bool {
					if err := sound(s.FS, nil, "j", []told{{Submitted: 60, Durable: acked}}); err != nil && s.Point == len(fs.Ops())-1 {
						t.Errorf("%v of %v number %d, crashed: %v", cause, kind, n, err)
					}
					return true
				})
				if err := sound(fs, nil, "j", []told{{Submitted: 60, Durable: acked}}); err != nil {
					t.Fatalf("%v of %v number %d, reopened: %v", cause, kind, n, err)
				}
			}
			if failed == 0 {
				t.Errorf("no %v failed; the test has lost its subject", kind)
			}
			t.Logf("%v: %d different %ss failed", cause, failed, kind)
		}
	}
}

// An open that fails leaves a journal that opens when the disk works again.
func TestJournalOpenFails(t *testing.T) {
	const opening = 12 // operations, and a few more
	for n := 1; n <= opening; n++ {
		fs := crashtest.NewFS()
		left := n // guarded by the file system's lock
		fs.Fail(func(crashtest.Op) error {
			if left--; left == 0 {
				return syscall.EIO
			}
			return nil
		})
		if j, _, err := journal.Open("j", options(fs, nil)); err == nil {
			j.Close()
		} else if !errors.Is(err, syscall.EIO) {
			t.Errorf("operation %d fails: %v", n, err)
		}
		fs.Fail(nil)
		if err := sound(fs, nil, "j", []told{{}}); err != nil {
			t.Errorf("after operation %d failed: %v", n, err)
		}
	}
}

// The index of the archive cannot be written: the segments stay in the folder
// until it can, and every state between is a correct journal.
func TestJournalIndexFails(t *testing.T) {
	for _, kind := range []crashtest.Kind{crashtest.Write, crashtest.Sync, crashtest.Truncate, crashtest.Rename, crashtest.Remove} {
		fs, a := crashtest.NewFS(), &journaltest.Archive{}
		j, _, err := journal.Open("j", options(fs, a))
		if err != nil {
			t.Fatal(err)
		}
		journaltest.Append(t, j, 10)
		must(j.Seal(t.Context()))
		must0(j.Archived(t.Context()))
		failed := false // guarded by the file system's lock
		fs.Fail(func(o crashtest.Op) error {
			index := strings.HasPrefix(path.Base(o.Name), "segments")
			if o.Kind == kind && (index || kind == crashtest.Remove) {
				failed = true
				return syscall.ENOSPC
			}
			return nil
		})
		journaltest.Append(t, j, 10)
		must(j.Seal(t.Context()))
		err = j.Archived(t.Context())
		fs.Fail(nil)
		// A rename is needed only to make the index anew, and a file that cannot
		// be removed is removed by the next start.
		if want := kind != crashtest.Rename && kind != crashtest.Remove; want != (err != nil) || want && !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%v of the index fails: %v", kind, err)
		}
		if kind != crashtest.Rename && !failed {
			t.Errorf("no %v failed; the test has lost its subject", kind)
		}
		journaltest.Append(t, j, 10)
		journaltest.Verify(t, j, 1, 30)
		crashtest.Explore(fs.Ops(), crashtest.Options{States: 40}, func(s crashtest.State) bool {
			if s.Point < len(fs.Ops())-1 {
				return true
			}
			if err := sound(s.FS, a, "j", []told{{Submitted: 30, Durable: 30}}); err != nil {
				t.Errorf("%v of the index failed, then a crash: %v", kind, err)
			}
			return true
		})
		must0(j.Archived(t.Context()))
		journaltest.Verify(t, j, 1, 30)
		must0(j.Close())
		if err := sound(fs, a, "j", []told{{Submitted: 30, Durable: 30}}); err != nil {
			t.Errorf("%v of the index failed, reopened: %v", kind, err)
		}
		left := 0
		for _, name := range must(fs.List("j")) {
			if strings.HasSuffix(name, ".seg") {
				left++
			}
		}
		if left != 1 {
			t.Errorf("%v of the index failed: %d segments are in the folder in the end, want the open one", kind, left)
		}
	}
}
