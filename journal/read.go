package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"sort"
)

// Records yields the durable records from seq on, up to the one that is the last
// durable at the call, and verifies the chain on the way. 0 means from the
// first. The body is valid until the next step. An error ends the iteration.
func (j *Journal) Records(ctx context.Context, from uint64) iter.Seq2[Record, error] {
	to := j.durable.Load()
	return func(yield func(Record, error) bool) {
		j.walk(ctx, j.clampFirst(from), to, yield)
	}
}

// Follow yields the records from seq on as Records does, and then each new one
// when it is durable, until ctx ends.
func (j *Journal) Follow(ctx context.Context, from uint64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		from := j.clampFirst(from)
		for {
			to := j.durable.Load()
			if from <= to {
				if !j.walk(ctx, from, to, yield) {
					return
				}
				from = to + 1
			}
			if err := j.Wait(ctx, from); err != nil {
				if ctx.Err() == nil {
					yield(Record{}, err)
				}
				return
			}
		}
	}
}

// Record returns one durable record. ErrNotFound if the journal does not hold it
// (yet, or any more).
func (j *Journal) Record(ctx context.Context, seq uint64) (Record, error) {
	if last := j.durable.Load(); seq == 0 || seq > last {
		return Record{}, fmt.Errorf("record %d, and the last is %d: %w", seq, last, ErrNotFound)
	}
	for r, err := range j.records(ctx, seq, seq) {
		r.Body = bytes.Clone(r.Body)
		return r, err
	}
	return Record{}, fmt.Errorf("record %d: %w", seq, ErrNotFound)
}

func (j *Journal) records(ctx context.Context, from, to uint64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) { j.walk(ctx, from, to, yield) }
}

func (j *Journal) clampFirst(from uint64) uint64 {
	if from == 0 {
		return j.First()
	}
	return from
}

// walk yields the records from .. to and reports whether the caller wants more.
func (j *Journal) walk(ctx context.Context, from, to uint64, yield func(Record, error) bool) bool {
	fail := func(err error) bool {
		yield(Record{}, err)
		return false
	}
	for from <= to {
		if err := ctx.Err(); err != nil {
			return fail(err)
		}
		w, err := j.openWalker(ctx, from)
		if err != nil {
			return fail(err)
		}
		for last := min(to, w.last); from <= last; {
			r, err := w.next()
			if err != nil {
				w.close()
				return fail(err)
			}
			if r.Seq < from {
				continue
			}
			from++
			if !yield(r, nil) {
				w.close()
				return false
			}
			if from%1024 == 0 && ctx.Err() != nil {
				w.close()
				return fail(ctx.Err())
			}
		}
		err = w.finish(from - 1)
		w.close()
		if err != nil {
			return fail(err)
		}
	}
	return true
}

// span is a segment as a reader finds it: sealed, or the durable part of the
// open one.
type span struct {
	Segment
	sealed  bool
	offsets *offsets
}

// span returns the segment that holds seq.
func (j *Journal) span(seq uint64) (span, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	i := sort.Search(len(j.sealed), func(i int) bool { return j.sealed[i].Last >= seq })
	if i < len(j.sealed) {
		if s := j.sealed[i]; seq >= s.First {
			return span{Segment: s.Segment, sealed: true, offsets: s.offsets}, nil
		}
	} else if s := j.open; seq >= s.first {
		return span{offsets: s.offsets, Segment: Segment{
			First: s.first, Last: j.durable.Load(), Size: j.durableEnd, FirstPrev: s.prev, LastHash: j.durableHash,
		}}, nil
	}
	first := j.open.first
	if len(j.sealed) > 0 {
		first = j.sealed[0].First
	}
	return span{}, fmt.Errorf("record %d, and history begins with %d: %w", seq, first, ErrNotFound)
}

// walker steps through the records of a segment and verifies them.
type walker struct {
	span
	src   io.Closer
	sc    *scanner
	from  uint64 // records before it are not hashed
	seq   uint64 // expected next; 0 for whatever comes
	prev  [32]byte
	known bool // prev is
	time  int64
	last  uint64 // of the segment, as the walker was opened
	at    uint64 // seq of the last frame that was whole
}

// openWalker opens the segment that holds from, at or a little before it.
func (j *Journal) openWalker(ctx context.Context, from uint64) (*walker, error) {
	for {
		s, err := j.span(from)
		if err != nil {
			return nil, err
		}
		src, err := j.source(ctx, &s.Segment)
		if errors.Is(err, fs.ErrNotExist) && !s.Archived() {
			// It may have gone to the archive meanwhile.
			if again, err := j.span(from); err == nil && again.Archived() {
				continue
			}
			return nil, &DamageError{Segment: s.name(), Seq: s.First, Reason: "the file is missing"}
		}
		if err != nil {
			return nil, err
		}
		w, err := newWalker(s, src, from)
		if err != nil {
			src.Close()
			return nil, err
		}
		return w, nil
	}
}

// source opens the bytes of a segment.
func (j *Journal) source(ctx context.Context, s *Segment) (io.ReadSeekCloser, error) {
	if !s.Archived() {
		f, err := j.fs.Open(j.path(segmentName(s.First)), os.O_RDONLY)
		if err != nil {
			return nil, err
		}
		return &fileSource{io.NewSectionReader(f, 0, s.Size), f}, nil
	}
	if j.o.Archive == nil {
		return nil, fmt.Errorf("records %d to %d: %w", s.First, s.Last, ErrNoArchive)
	}
	src, err := j.o.Archive.Open(ctx, s.CID)
	if err != nil {
		return nil, fmt.Errorf("records %d to %d of the journal: %w", s.First, s.Last, err)
	}
	return src, nil
}

type fileSource struct {
	*io.SectionReader
	io.Closer
}

func newWalker(s span, src io.ReadSeekCloser, from uint64) (*walker, error) {
	b := make([]byte, segmentHead)
	n, err := io.ReadFull(src, b)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return nil, err
	}
	h, err := decodeHeader(b[:n], s.name())
	if err != nil {
		return nil, err
	}
	if h.first != s.First || h.prev != s.FirstPrev {
		return nil, &DamageError{Segment: s.name(), Seq: s.First, Reason: "the header does not follow the record before it"}
	}
	w := &walker{span: s, src: src, from: from, last: s.Last}
	seq, off := s.offsets.find(from)
	if seq == 0 {
		w.seq, w.prev, w.known, w.time = s.First, s.FirstPrev, true, h.prevTime
	} else {
		w.seq = seq
	}
	if off > segmentHead {
		if _, err := src.Seek(off, io.SeekStart); err != nil {
			return nil, err
		}
	}
	w.sc = newScanner(io.LimitReader(src, s.Size-off), off, h.salt)
	return w, nil
}

func (w *walker) close() {
	w.sc.close()
	w.src.Close()
}

func (w *walker) damage(off int64, reason string) *DamageError {
	return &DamageError{Segment: w.name(), Offset: off, Seq: w.seq, Reason: reason}
}

// next returns the next record. Hash and Prev are set and verified from w.from
// on; before it, the hash is not computed.
func (w *walker) next() (Record, error) {
	for {
		f, err := w.sc.next()
		if bad, ok := isBad(err); ok {
			return Record{}, w.damage(bad.off, bad.Error())
		}
		if err == io.EOF {
			return Record{}, w.damage(w.sc.off, "the segment ends before its last record")
		}
		if err != nil {
			return Record{}, err
		}
		w.at = f.seq
		switch {
		case w.known && f.prev != w.prev:
			return Record{}, w.damage(f.off, "it does not follow the record before it")
		case f.mark() && f.seq != w.seq-1:
			return Record{}, w.damage(f.off, fmt.Sprintf("a mark of record %d stands here", f.seq))
		case f.mark():
			continue
		case f.seq != w.seq:
			return Record{}, w.damage(f.off, fmt.Sprintf("record %d stands in its place", f.seq))
		case f.time < w.time:
			return Record{}, w.damage(f.off, "its time is before that of the record before it")
		}
		r := Record{Seq: f.seq, Time: f.time, Kind: f.kind, Body: f.body, Prev: f.prev}
		if w.known = f.seq >= w.from; w.known {
			r.Hash = r.hash()
			w.prev = r.Hash
		}
		w.seq, w.time = f.seq+1, f.time
		w.offsets.note(f.seq, f.off)
		return r, nil
	}
}

// finish verifies the end of a sealed segment, if the walk came there.
func (w *walker) finish(seq uint64) error {
	if seq != w.last || !w.known {
		return nil
	}
	if w.prev != w.LastHash {
		return w.damage(w.sc.off, fmt.Sprintf("record %d is not the one that the next segment follows", seq))
	}
	return nil
}
