package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	// DefaultSegmentSize is where a segment ends: large enough that beginning one
	// (three syncs) is rare, small enough that opening, which reads the last one,
	// takes some tens of milliseconds.
	DefaultSegmentSize = 32 << 20
	// MinSegmentSize leaves room for one record of the largest body.
	MinSegmentSize = 2 << 20
	// MaxSegmentSize keeps a sealed segment a lump of ordinary size.
	MaxSegmentSize = 1 << 30
	// maxWaiting is how many bytes may wait for the disk before Submit blocks:
	// about a tenth of a second of what a disk takes.
	maxWaiting = 64 << 20
)

// Options are how a journal is opened. The zero value is right for most.
type Options struct {
	// SegmentSize is where a segment ends, DefaultSegmentSize if 0.
	SegmentSize int64
	// Archive takes the sealed segments. Without one they stay in the folder.
	Archive Archive
	// Logger hears of what nobody waits for: archiving that fails. slog's default
	// if nil.
	Logger *slog.Logger
	// FS replaces the file system in tests.
	FS FS
	// FillAhead is how far the open segment is filled with zeros ahead of its
	// records; 0 means 4 MiB, negative not at all.
	FillAhead int64
}

func (o Options) withDefaults() (Options, error) {
	if o.SegmentSize == 0 {
		o.SegmentSize = DefaultSegmentSize
	}
	if o.SegmentSize < MinSegmentSize || o.SegmentSize > MaxSegmentSize {
		return o, fmt.Errorf("a journal segment of %d bytes is not possible; choose from %d to %d", o.SegmentSize, MinSegmentSize, MaxSegmentSize)
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.FS == nil {
		o.FS = osFS{}
	}
	if o.FillAhead == 0 {
		o.FillAhead = defaultFill
	}
	return o, nil
}

// Recovery says what Open found at the end of the journal.
type Recovery struct {
	Last    uint64 // the last record
	Segment string // the open segment
	Offset  int64  // where its records end
	Cut     int64  // bytes behind them that a crash left and nobody was told of
	Clean   bool   // the journal had been closed
}

// Journal is an open journal. All methods may be called from many goroutines.
type Journal struct {
	dir      string
	o        Options
	fs       FS
	lock     io.Closer
	readOnly bool

	fill     *fill     // zeros ahead of the committer; nil when read-only
	archiver *archiver // nil without an archive or when read-only
	done     chan struct{}
	closing  context.Context // ends when Close begins to stop the helpers
	stop     context.CancelFunc

	// The last durable record; written by the committer under mu.
	durable atomic.Uint64

	mu          sync.Mutex // guards what follows
	work        sync.Cond  // the committer waits here for work
	room        sync.Cond  // submitters wait here when too much is waiting
	queue       []Entry    // submitted, and not taken by the committer
	headSeq     uint64     // last submitted
	headTime    int64
	waiting     int64   // bytes submitted and not durable
	group       *group  // whose end the queue's records wait for
	groups      []group // taken by the committer, in order
	seals       []*sealRequest
	err         error // why the journal takes no more
	closed      bool
	durableHash [32]byte
	durableEnd  int64 // in the open segment
	indexSize   int64 // of the whole entries
	sealed      []*sealed
	open        *openSegment
	watchers    []*watcher // replaced, never changed in place
}

type watcher struct{ f func(seq uint64) }

// group is closed when every record up to last is durable or the journal failed.
type group struct {
	last uint64
	done chan struct{}
}

type sealRequest struct {
	at   uint64 // the last record of the segment
	done chan struct{}
	err  error // set before done is closed
}

// openSegment is the segment that records are appended to. Its file and the
// place in it belong to the committer.
type openSegment struct {
	header
	name    string
	f       File
	off     int64 // end of the records
	filled  int64 // size of the file when it was opened
	offsets *offsets
}

// Open opens the journal in dir for appending, and makes one if there is none.
// It reads the last segment only. A torn tail is cut and reported; damage is a
// *DamageError, and nothing is changed.
func Open(dir string, o Options) (*Journal, Recovery, error) {
	return open(dir, o, false)
}

// OpenReadOnly opens the journal of a stopped world for reading. It modifies
// nothing: a torn tail is left out and reported. ErrNotFound if there is none.
func OpenReadOnly(dir string, o Options) (*Journal, Recovery, error) {
	return open(dir, o, true)
}

func open(dir string, o Options, readOnly bool) (_ *Journal, _ Recovery, err error) {
	if o, err = o.withDefaults(); err != nil {
		return nil, Recovery{}, err
	}
	lock, err := acquire(dir, o.FS, readOnly)
	if err != nil {
		return nil, Recovery{}, err
	}
	j := &Journal{
		dir: dir, o: o, fs: o.FS, lock: lock, readOnly: readOnly,
		done: make(chan struct{}), group: &group{done: make(chan struct{})},
	}
	j.work.L, j.room.L = &j.mu, &j.mu
	j.closing, j.stop = context.WithCancel(context.Background())
	r, err := j.load()
	if err != nil {
		j.stop()
		if j.open != nil && j.open.f != nil {
			j.open.f.Close()
		}
		lock.Close()
		return nil, Recovery{}, err
	}
	if readOnly {
		close(j.done)
		return j, r, nil
	}
	j.fill = newFill(j)
	if o.Archive != nil {
		j.archiver = newArchiver(j)
	}
	go newCommitter(j).run()
	return j, r, nil
}

// acquire takes the lock of the folder, making the folder for a writer.
func acquire(dir string, fsys FS, readOnly bool) (io.Closer, error) {
	if !readOnly {
		if err := fsys.MakeDir(dir); err != nil {
			return nil, err
		}
	}
	lock, err := fsys.Lock(filepath.Join(dir, "lock"), readOnly)
	if readOnly && errors.Is(err, fs.ErrNotExist) {
		// A journal that was copied without its lock has no writer.
		return noLock{}, nil
	}
	return lock, err
}

type noLock struct{}

func (noLock) Close() error { return nil }

// Entry is what a caller gives for a record.
type Entry struct {
	Kind uint16
	Time int64
	Body []byte
}

// Submit gives a record its place and returns without waiting for the disk: it
// is durable when Wait returns for its seq. The body belongs to the journal from
// now on. A time before the last record's becomes the last record's. Submit
// blocks only while far too much is waiting for the disk.
func (j *Journal) Submit(kind uint16, time int64, body []byte) (seq uint64, err error) {
	seq, _, err = j.submit(Entry{kind, time, body})
	return seq, err
}

// SubmitBatch submits records that follow one another, and returns the seq of
// the last. They share a place in the order, not their fate: a crash may leave
// the first of them.
func (j *Journal) SubmitBatch(es ...Entry) (last uint64, err error) {
	last, _, err = j.submit(es...)
	return last, err
}

func (j *Journal) submit(es ...Entry) (uint64, *group, error) {
	for i := range es {
		if n := len(es[i].Body); n > MaxBody {
			return 0, nil, fmt.Errorf("a body of %d bytes, and %d is the most: %w", n, MaxBody, ErrTooLarge)
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.waiting > maxWaiting && j.err == nil {
		j.room.Wait()
	}
	if j.err != nil {
		return 0, nil, j.err
	}
	if j.readOnly {
		return 0, nil, ErrReadOnly
	}
	if len(j.queue) == 0 {
		j.work.Signal()
	}
	for i := range es {
		e := &es[i]
		j.headTime = max(j.headTime, e.Time)
		j.headSeq++
		j.waiting += frameLen(len(e.Body))
		j.queue = append(j.queue, Entry{e.Kind, j.headTime, e.Body})
	}
	return j.headSeq, j.group, nil
}

// Append submits a record and waits until it is durable. When ctx ends first,
// the record may become durable all the same.
func (j *Journal) Append(ctx context.Context, kind uint16, time int64, body []byte) (seq uint64, err error) {
	seq, g, err := j.submit(Entry{kind, time, body})
	if err != nil {
		return 0, err
	}
	if ctx.Done() == nil {
		<-g.done
	} else {
		select {
		case <-g.done:
		case <-ctx.Done():
			return seq, ctx.Err()
		}
	}
	if j.durable.Load() >= seq {
		return seq, nil
	}
	return seq, j.Wait(ctx, seq)
}

// Wait returns when every record up to seq is durable, also those that are yet
// to be submitted, or with the reason why they never will be.
func (j *Journal) Wait(ctx context.Context, seq uint64) error {
	for j.durable.Load() < seq {
		j.mu.Lock()
		if j.durable.Load() >= seq {
			j.mu.Unlock()
			return nil
		}
		err := j.err
		if j.readOnly && err == nil {
			err = ErrReadOnly
		}
		if err != nil && (err != ErrClosed || seq > j.headSeq || j.readOnly) {
			j.mu.Unlock()
			return err
		}
		done := j.group.done
		for _, g := range j.groups {
			if g.last >= seq {
				done = g.done
				break
			}
		}
		j.mu.Unlock()
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Durable returns the last durable record and its hash, which vouches for
// everything before it.
func (j *Journal) Durable() (seq uint64, hash [32]byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.durable.Load(), j.durableHash
}

// Head returns the last submitted record.
func (j *Journal) Head() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.headSeq
}

// First returns the first record that the journal holds, or would hold.
func (j *Journal) First() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.sealed) > 0 {
		return j.sealed[0].First
	}
	return j.open.first
}

// OnDurable has the committer call f after each group with the last durable
// seq, until the function that it returns is called. f must not block.
func (j *Journal) OnDurable(f func(seq uint64)) (remove func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	w := &watcher{f}
	j.watchers = append(slices.Clone(j.watchers), w)
	return func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.watchers = slices.DeleteFunc(slices.Clone(j.watchers), func(o *watcher) bool { return o == w })
	}
}

// Segments returns the sealed segments, oldest first.
func (j *Journal) Segments() []Segment {
	j.mu.Lock()
	defer j.mu.Unlock()
	ss := make([]Segment, len(j.sealed))
	for i, s := range j.sealed {
		ss[i] = s.Segment
	}
	return ss
}

// Close makes everything that was submitted durable and closes the journal.
// Iterators that still run may fail.
func (j *Journal) Close() error {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		<-j.done
		return nil
	}
	j.closed = true
	if j.err == nil {
		j.err = ErrClosed
	}
	j.work.Broadcast()
	j.room.Broadcast()
	j.mu.Unlock()
	<-j.done // the committer has written what was submitted, and the mark
	j.stop()
	if j.archiver != nil {
		<-j.archiver.done
	}
	if j.fill != nil {
		j.fill.close()
	}
	if j.open.f != nil {
		j.open.f.Close()
	}
	err := j.lock.Close()
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != ErrClosed {
		return j.err
	}
	return err
}

// path returns the path of a file of the journal.
func (j *Journal) path(name string) string { return filepath.Join(j.dir, name) }
