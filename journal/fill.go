package journal

import (
	"os"
	"sync"
	"sync/atomic"
)

const (
	// defaultFill is how far ahead of the records zeros are written. A write into
	// a block that was written before leaves fdatasync no metadata to commit.
	defaultFill = 4 << 20
	// fillPiece is what is written under the lock that the committer may wait for.
	fillPiece = 256 << 10
)

var fillZeros [fillPiece]byte

// fill writes zeros ahead of the committer, and prepares the segment to come, in
// a goroutine of its own and through files of its own: the kernel reports a
// failed write-back once to each open file, and that of the committer must see
// its own. A failure here is no failure of the journal; the committer then
// writes into unfilled blocks.
type fill struct {
	j    *Journal
	step int64
	kick chan struct{}
	done chan struct{}
	end  atomic.Int64 // the open segment is zeros or records up to here; grows under mu
	half atomic.Bool  // the segment to come was asked for
	off  atomic.Bool  // no filling: not wanted, or a write failed and the disk is probably full

	mu       sync.Mutex // guards what follows; held while a piece is written
	name     string     // file that is filled, "" for none
	f        File       // open while it is filled
	target   int64      // up to where
	wantNext bool
	next     File // nextName, being prepared
	nextEnd  int64
}

func newFill(j *Journal) *fill {
	f := &fill{j: j, step: min(j.o.FillAhead, j.o.SegmentSize), kick: make(chan struct{}, 1), done: make(chan struct{})}
	f.off.Store(f.step <= 0)
	f.name = j.open.name
	f.end.Store(j.open.filled)
	go f.run()
	return f
}

// reserve gives the committer the open segment up to end.
func (f *fill) reserve(end int64) {
	if end <= f.end.Load() {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.end.Store(max(end, f.end.Load()))
}

// advance is told where the records end, and has zeros written when they come
// near the end of the zeros.
func (f *fill) advance(off int64) {
	end, size := f.end.Load(), f.j.o.SegmentSize
	more := end-off <= f.step/2 && end < size
	next := off >= size/2 && !f.half.Load()
	if f.off.Load() || !more && !next {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if more && f.target <= end {
		f.target = min(end+f.step, size)
	}
	if next {
		f.wantNext = true
		f.half.Store(true)
	}
	select {
	case f.kick <- struct{}{}:
	default:
	}
}

// detach ends the filling of the open segment.
func (f *fill) detach() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.release()
	f.name, f.target = "", 0
}

// attach begins the filling of a new segment, which was made from the prepared
// file if there was one.
func (f *fill) attach(s *openSegment) {
	f.mu.Lock()
	f.name = s.name
	f.end.Store(max(f.end.Load(), s.off))
	f.mu.Unlock()
	f.advance(s.off)
}

// release closes the filled file. f.mu is held.
func (f *fill) release() {
	if f.f != nil {
		f.f.Close()
		f.f = nil
	}
}

// takeNext gives the prepared file to the committer, if there is one.
func (f *fill) takeNext() (prepared bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	prepared = f.next != nil
	f.end.Store(f.nextEnd)
	f.f, f.next, f.nextEnd, f.wantNext = f.next, nil, 0, false
	f.half.Store(false)
	return prepared
}

func (f *fill) run() {
	defer close(f.done)
	for {
		select {
		case <-f.kick:
		case <-f.j.closing.Done():
			return
		}
		for f.piece() {
		}
	}
}

// piece writes one piece of zeros and reports whether there is more to do.
func (f *fill) piece() (more bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.j.closing.Done():
		return false
	default:
	}
	var err error
	switch end := f.end.Load(); {
	case f.off.Load():
		return false
	case f.name != "" && f.target > end:
		if f.f == nil {
			if f.f, err = f.j.fs.Open(f.j.path(f.name), os.O_RDWR); err != nil {
				f.f = nil
				break
			}
		}
		n := min(f.target-end, fillPiece)
		if _, err = f.f.WriteAt(fillZeros[:n], end); err != nil {
			break
		}
		f.end.Store(end + n)
		if end+n == f.target {
			f.flush(f.f)
		}
		return true
	case f.wantNext:
		if f.next == nil {
			if f.next, err = f.j.fs.Open(f.j.path(nextName), os.O_RDWR|os.O_CREATE|os.O_TRUNC); err != nil {
				f.next = nil
				break
			}
		}
		n := min(f.step-f.nextEnd, fillPiece)
		if _, err = f.next.WriteAt(fillZeros[:n], f.nextEnd); err != nil {
			break
		}
		f.nextEnd += n
		if f.nextEnd == f.step {
			f.wantNext = false
			f.flush(f.next)
		}
		return true
	}
	if err != nil {
		f.off.Store(true)
		f.j.o.Logger.Warn("the journal cannot write ahead; it goes on without", "err", err)
	}
	return false
}

// flush syncs zeros, so that the committer's next sync does not have to. It lets
// go of f.mu meanwhile.
func (f *fill) flush(file File) {
	f.mu.Unlock()
	defer f.mu.Lock()
	_ = file.Sync() // the committer syncs through a file of its own
}

// close waits for the goroutine and closes what it had open.
func (f *fill) close() {
	<-f.done
	f.mu.Lock()
	defer f.mu.Unlock()
	f.release()
	if f.next != nil {
		f.next.Close()
		f.next = nil
		_ = f.j.fs.Remove(f.j.path(nextName)) // worthless, and removed by Open otherwise
	}
}
