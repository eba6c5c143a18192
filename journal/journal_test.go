package journal_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hearth/journal"
	"hearth/journal/journaltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var small = journal.Options{SegmentSize: journal.MinSegmentSize, FillAhead: 256 << 10}

func open(t testing.TB, dir string, o journal.Options) (*journal.Journal, journal.Recovery) {
	t.Helper()
	j, r, err := journal.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil && !errors.Is(err, journal.ErrFailed) {
			t.Errorf("close: %v", err)
		}
	})
	return j, r
}

func mustClose(t testing.TB, j *journal.Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// What was appended is there after reopening, over many segments, and an
// independent reader of the format finds the same.
func TestAppendReopenRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	const rounds, per = 4, 3000
	for round := range uint64(rounds) {
		j, r := open(t, dir, small)
		if r.Last != round*per || !r.Clean || r.Cut != 0 {
			t.Fatalf("recovery %+v, want a clean journal of %d records", r, round*per)
		}
		if j.Head() != r.Last {
			t.Fatalf("head %d, want %d", j.Head(), r.Last)
		}
		journaltest.Append(t, j, per)
		journaltest.Verify(t, j, 1, (round+1)*per)
		mustClose(t, j)
	}
	fs := journaltest.Records(journaltest.Frames(t, dir))
	if len(fs) != rounds*per {
		t.Fatalf("the independent reader finds %d records, want %d", len(fs), rounds*per)
	}
	j, _ := open(t, dir, small)
	if n := len(j.Segments()); n < 2 {
		t.Fatalf("%d sealed segments; the test needs some", n)
	}
	i := 0
	for r, err := range j.Records(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Hash != fs[i].Hash || r.Prev != fs[i].Prev {
			t.Fatalf("record %d has another hash for the independent reader", r.Seq)
		}
		i++
	}
	// Any record, in any order, with an index that is there and one that is not.
	for range 300 {
		seq := 1 + rand.Uint64N(rounds*per)
		r, err := j.Record(t.Context(), seq)
		if err == nil {
			err = journaltest.Match(r)
		}
		if err != nil || r.Hash != fs[seq-1].Hash {
			t.Fatalf("Record(%d): %v", seq, err)
		}
	}
	for _, seq := range []uint64{0, rounds*per + 1, 1 << 63} {
		if _, err := j.Record(t.Context(), seq); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("Record(%d): %v, want ErrNotFound", seq, err)
		}
	}
	if c, err := j.Check(t.Context(), func(e *journal.DamageError) { t.Error(e) }); err != nil || c.Records != rounds*per {
		t.Fatalf("Check: %+v, %v", c, err)
	}
}

// A time before that of the last record becomes that of the last record, also
// across a restart and at the beginning of a segment.
func TestTimeNeverDecreases(t *testing.T) {
	dir := t.TempDir()
	want := []int64{}
	high := int64(-1 << 62)
	for round, times := range [][]int64{{-5, 7, 3, 9}, {1, 10}, {2, 2, 11, 4}} {
		j, _ := open(t, dir, small)
		for _, tm := range times {
			if _, err := j.Append(t.Context(), 0, tm, nil); err != nil {
				t.Fatal(err)
			}
			if round == 0 && len(want) == 0 {
				high = max(0, tm) // the journal begins at 0
			}
			high = max(high, tm)
			want = append(want, high)
		}
		if _, err := j.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		mustClose(t, j)
	}
	j, _ := open(t, dir, small)
	for r, err := range j.Records(t.Context(), 0) {
		if err != nil || r.Time != want[r.Seq-1] {
			t.Fatalf("record %d has time %d, want %d (%v)", r.Seq, r.Time, want[r.Seq-1], err)
		}
	}
}

func TestLimits(t *testing.T) {
	j, _ := open(t, t.TempDir(), small)
	if _, err := j.Submit(0, 0, make([]byte, journal.MaxBody+1)); !errors.Is(err, journal.ErrTooLarge) {
		t.Errorf("a body over the limit: %v", err)
	}
	for range 5 { // more than a segment
		if _, err := j.Append(t.Context(), 0, 0, make([]byte, journal.MaxBody)); err != nil {
			t.Fatal(err)
		}
	}
	if len(j.Segments()) < 3 {
		t.Errorf("%d sealed segments after five of the largest records", len(j.Segments()))
	}
	for _, size := range []int64{1, journal.MinSegmentSize - 1, journal.MaxSegmentSize + 1, -1} {
		if _, _, err := journal.Open(t.TempDir(), journal.Options{SegmentSize: size}); err == nil {
			t.Errorf("a segment size of %d was taken", size)
		}
	}
}

// Submit gives seqs in order to concurrent callers; Wait returns only for what
// is durable; the watcher hears of every group, in order.
func TestConcurrentAppenders(t *testing.T) {
	j, _ := open(t, t.TempDir(), small)
	var heard []uint64
	remove := j.OnDurable(func(seq uint64) { heard = append(heard, seq) })
	var mu sync.Mutex
	bodies := map[uint64]byte{}
	var wg sync.WaitGroup
	const n, per = 16, 200
	for i := range n {
		wg.Go(func() {
			for range per {
				seq, err := j.Append(t.Context(), uint16(i), 1, []byte{byte(i)})
				if err != nil {
					t.Error(err)
					return
				}
				if d, _ := j.Durable(); d < seq {
					t.Errorf("Append returned for %d, and %d is durable", seq, d)
				}
				mu.Lock()
				bodies[seq] = byte(i)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	remove()
	if _, err := j.Append(t.Context(), 0, 0, nil); err != nil {
		t.Fatal(err)
	}
	for r, err := range j.Records(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Seq <= n*per && (len(r.Body) != 1 || bodies[r.Seq] != r.Body[0] || r.Kind != uint16(r.Body[0])) {
			t.Fatalf("record %d has another's body", r.Seq)
		}
	}
	for i := 1; i < len(heard); i++ {
		if heard[i] <= heard[i-1] {
			t.Fatalf("the watcher heard %d after %d", heard[i], heard[i-1])
		}
	}
	if len(heard) == 0 || heard[len(heard)-1] != n*per {
		t.Errorf("the watcher heard last of %v, want %d", heard[max(0, len(heard)-1):], n*per)
	}
}

func TestWait(t *testing.T) {
	j, _ := open(t, t.TempDir(), small)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := j.Wait(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Wait for a record that nobody submits: %v", err)
	}
	got := make(chan error, 2)
	go func() { got <- j.Wait(t.Context(), 3) }()
	go func() { got <- j.Wait(t.Context(), 4) }()
	journaltest.Append(t, j, 3)
	if err := <-got; err != nil {
		t.Errorf("Wait for a record submitted later: %v", err)
	}
	mustClose(t, j)
	if err := <-got; !errors.Is(err, journal.ErrClosed) {
		t.Errorf("Wait for what never came: %v, want ErrClosed", err)
	}
	if err := j.Wait(t.Context(), 3); err != nil {
		t.Errorf("Wait for a durable record on a closed journal: %v", err)
	}
	if _, err := j.Submit(0, 0, nil); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("Submit on a closed journal: %v, want ErrClosed", err)
	}
	if _, err := j.Seal(t.Context()); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("Seal on a closed journal: %v, want ErrClosed", err)
	}
}

// Close makes durable what was submitted and not waited for.
func TestCloseFlushes(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, dir, small)
	for seq := uint64(1); seq <= 5000; seq++ {
		if _, err := j.Submit(journaltest.Kind(seq), journaltest.Time(seq), journaltest.Body(seq)); err != nil {
			t.Fatal(err)
		}
	}
	mustClose(t, j)
	j, r := open(t, dir, small)
	if r.Last != 5000 || !r.Clean {
		t.Fatalf("recovery %+v", r)
	}
	journaltest.Verify(t, j, 1, 5000)
}

// Follow gives what is there, then what comes, without a gap, until its context
// ends.
func TestFollow(t *testing.T) {
	j, _ := open(t, t.TempDir(), small)
	journaltest.Append(t, j, 100)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen := make(chan uint64, 1000)
	done := make(chan error, 1)
	go func() {
		defer close(seen)
		for r, err := range j.Follow(ctx, 50) {
			if err != nil {
				done <- err
				return
			}
			if err := journaltest.Match(r); err != nil {
				done <- err
				return
			}
			seen <- r.Seq
		}
		done <- nil
	}()
	for range 8 {
		journaltest.Append(t, j, 100)
		if _, err := j.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for want := uint64(50); want <= 900; want++ {
		if got := <-seen; got != want {
			t.Fatalf("Follow gave %d, want %d", got, want)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestSeal(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, dir, small)
	if s, err := j.Seal(t.Context()); err != nil || s != (journal.Segment{}) {
		t.Fatalf("sealing an empty journal: %+v, %v", s, err)
	}
	var all []journal.Segment
	for i := range uint64(3) {
		for seq := i*10 + 1; seq <= i*10+10; seq++ {
			j.Submit(journaltest.Kind(seq), journaltest.Time(seq), journaltest.Body(seq))
		}
		s, err := j.Seal(t.Context())
		if err != nil || s.First != i*10+1 || s.Last != i*10+10 {
			t.Fatalf("sealed %+v, %v", s, err)
		}
		if again, err := j.Seal(t.Context()); err != nil || again != s {
			t.Fatalf("sealing again gave %+v, %v; want the last segment", again, err)
		}
		st, err := os.Stat(filepath.Join(dir, fmt.Sprintf("%020d.seg", s.First)))
		if err != nil || st.Size() != s.Size {
			t.Fatalf("a sealed segment of %d bytes: %v, %v", s.Size, st, err)
		}
		if _, hash := j.Durable(); hash != s.LastHash {
			t.Fatal("the segment's last hash is not the head's")
		}
		all = append(all, s)
	}
	// Concurrent appenders do not move the end of the segment.
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					j.Append(t.Context(), 0, 0, []byte("x"))
				}
			}
		})
	}
	for range 20 {
		before := j.Head()
		s, err := j.Seal(t.Context())
		if err != nil || s.Last < before {
			t.Fatalf("sealed up to %d, %v; %d was submitted before", s.Last, err, before)
		}
		if s != all[len(all)-1] {
			all = append(all, s)
		}
	}
	close(stop)
	wg.Wait()
	mustClose(t, j)
	j, _ = open(t, dir, small)
	for i, s := range j.Segments() {
		if s != all[i] {
			t.Fatalf("segment %d after reopening: %+v, want %+v", i, s, all[i])
		}
	}
	if len(j.Segments()) != len(all) {
		t.Fatalf("%d segments after reopening, want %d", len(j.Segments()), len(all))
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, dir, small)
	if _, _, err := journal.Open(dir, small); !errors.Is(err, journal.ErrLocked) {
		t.Errorf("a second writer: %v, want ErrLocked", err)
	}
	if _, _, err := journal.OpenReadOnly(dir, small); !errors.Is(err, journal.ErrLocked) {
		t.Errorf("a reader beside a writer: %v, want ErrLocked", err)
	}
	mustClose(t, j)
	a, _, err := journal.OpenReadOnly(dir, small)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, _, err := journal.OpenReadOnly(dir, small)
	if err != nil {
		t.Fatalf("a second reader: %v", err)
	}
	defer b.Close()
	if _, _, err := journal.Open(dir, small); !errors.Is(err, journal.ErrLocked) {
		t.Errorf("a writer beside readers: %v, want ErrLocked", err)
	}
}
