package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"hearth/lumps"
)

// Archive keeps sealed segments outside of the folder: the bytes of a segment
// become a lump in a store.
type Archive interface {
	// Put stores what r gives, seg.Size bytes, and returns its CID when it is
	// durable. To put the same bytes again gives the same CID.
	Put(ctx context.Context, seg Segment, r io.Reader) (lumps.CID, error)
	// Open returns a reader of what was put, verified.
	Open(ctx context.Context, c lumps.CID) (io.ReadSeekCloser, error)
}

// Archiving that fails is tried again after archiveRetry, and after twice as
// long each time up to archiveRetryMax: a full store is not helped by hurry.
const (
	archiveRetry    = time.Second
	archiveRetryMax = time.Minute
)

// archiver moves sealed segments to the archive, oldest first, in a goroutine of
// its own. For each: the archive has it, the index says so, the file goes. A
// crash in between leaves a file too many, which Open removes or archives again.
type archiver struct {
	j    *Journal
	kick chan struct{}
	done chan struct{}

	mu   sync.Mutex    // guards what follows
	turn chan struct{} // closed when a segment was archived, or failed to be
	err  error         // the last failure, nil after a success
}

func newArchiver(j *Journal) *archiver {
	a := &archiver{j: j, kick: make(chan struct{}, 1), done: make(chan struct{}), turn: make(chan struct{})}
	a.wake()
	go a.run()
	return a
}

// wake has the archiver look for work, at once if it waits to try again.
func (a *archiver) wake() {
	select {
	case a.kick <- struct{}{}:
	default:
	}
}

func (a *archiver) run() {
	defer close(a.done)
	j := a.j
	var x *index
	defer func() {
		if x != nil {
			x.f.Close()
		}
	}()
	var retry <-chan time.Time
	wait := archiveRetry
	for {
		select {
		case <-a.kick:
		case <-retry:
		case <-j.closing.Done():
			return
		}
		retry = nil
		for s := a.oldest(); s != nil; s = a.oldest() {
			err := a.move(s, &x)
			a.report(err)
			if j.closing.Err() != nil {
				return
			}
			if err != nil {
				j.o.Logger.Warn("a journal segment could not be archived; it stays in the folder and is tried again", "segment", s.name(), "in", wait, "err", err)
				retry = time.After(wait)
				wait = min(2*wait, archiveRetryMax)
				break
			}
			wait = archiveRetry
		}
	}
}

func (a *archiver) report(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
	close(a.turn)
	a.turn = make(chan struct{})
}

// oldest returns the first sealed segment that is still a file.
func (a *archiver) oldest() *sealed {
	a.j.mu.Lock()
	defer a.j.mu.Unlock()
	for _, s := range a.j.sealed {
		if !s.Archived() {
			return s
		}
	}
	return nil
}

// move archives one segment. The index is opened when it is first needed.
func (a *archiver) move(s *sealed, x **index) error {
	j := a.j
	name := segmentName(s.First)
	f, err := j.fs.Open(j.path(name), os.O_RDONLY)
	if err != nil {
		return err
	}
	defer f.Close()
	// A damaged segment stays where it is: the file may be all that is left.
	if err := j.verifySealed(s, f); err != nil {
		return err
	}
	c, err := j.o.Archive.Put(j.closing, s.Segment, io.NewSectionReader(f, 0, s.Size))
	if err != nil {
		return err
	}
	moved := &sealed{Segment: s.Segment, offsets: s.offsets}
	moved.CID = c
	if err := moved.plausible(); err != nil {
		return fmt.Errorf("the archive gave no name: %w", err)
	}
	if *x == nil {
		j.mu.Lock()
		size := j.indexSize
		j.mu.Unlock()
		if *x, err = j.openIndex(size); err != nil {
			*x = nil
			return err
		}
	}
	if err := (*x).add(&moved.Segment); err != nil {
		// After a failed sync the file is not to be trusted: it is made anew.
		(*x).f.Close()
		*x = nil
		return errors.Join(err, j.rewriteIndex())
	}
	j.mu.Lock()
	j.indexSize = (*x).size
	j.sealed = slices.Clone(j.sealed)
	j.sealed[slices.Index(j.sealed, s)] = moved
	j.mu.Unlock()
	// If this fails, or does not outlive a crash, Open removes the file.
	if err := j.fs.Remove(j.path(name)); err != nil {
		j.o.Logger.Warn("an archived journal segment could not be removed; the next start removes it", "segment", name, "err", err)
	}
	return nil
}

// rewriteIndex makes the index from what is known to be archived.
func (j *Journal) rewriteIndex() error {
	var ss []Segment
	for _, s := range j.Segments() {
		if s.Archived() {
			ss = append(ss, s)
		}
	}
	if err := writeIndex(j.fs, j.path, j.dir, ss); err != nil {
		return err
	}
	j.mu.Lock()
	j.indexSize = indexHead + int64(len(ss))*indexEntry
	j.mu.Unlock()
	return nil
}

// Archived returns when every segment that is sealed now is in the archive, or
// with the error of an attempt that failed since. The journal keeps trying.
func (j *Journal) Archived(ctx context.Context) error {
	if j.o.Archive == nil {
		return ErrNoArchive
	}
	if j.archiver == nil {
		return ErrReadOnly
	}
	a := j.archiver
	j.mu.Lock()
	n := len(j.sealed)
	j.mu.Unlock()
	for {
		a.mu.Lock()
		turn := a.turn
		a.mu.Unlock()
		j.mu.Lock()
		all := n == 0 || j.sealed[n-1].Archived()
		j.mu.Unlock()
		if all {
			return nil
		}
		a.wake()
		select {
		case <-turn:
		case <-ctx.Done():
			return ctx.Err()
		case <-a.done:
			return ErrClosed
		}
		a.mu.Lock()
		err := a.err
		a.mu.Unlock()
		if err != nil {
			return err
		}
	}
}
