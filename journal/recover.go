package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
)

// load reads what the folder holds: the index of the archive, the headers of the
// sealed segments, and the open segment. Only when all of it is right does it
// change anything.
func (j *Journal) load() (Recovery, error) {
	names, err := j.fs.List(j.dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("no journal in %s: %w", j.dir, ErrNotFound)
		}
		return Recovery{}, err
	}
	archived, indexSize, err := j.readIndex()
	if err != nil {
		return Recovery{}, err
	}
	j.indexSize = indexSize
	for _, s := range archived {
		j.sealed = append(j.sealed, &sealed{Segment: s, offsets: &offsets{}})
	}
	firsts, left := j.files(names)
	if len(firsts) == 0 {
		if len(archived) > 0 {
			last := archived[len(archived)-1].Last
			return Recovery{}, &DamageError{Segment: segmentName(last + 1), Seq: last + 1, Reason: "the open segment is missing"}
		}
		if j.readOnly {
			return Recovery{}, fmt.Errorf("no journal in %s: %w", j.dir, ErrNotFound)
		}
		if j.open, err = j.begin(header{first: 1}, false); err != nil {
			return Recovery{}, err
		}
		j.durableEnd = j.open.off
		return Recovery{Segment: j.open.name, Offset: j.open.off, Clean: true}, nil
	}
	if err := j.loadSealed(firsts); err != nil {
		return Recovery{}, err
	}
	t, err := j.readTail()
	if err != nil {
		return Recovery{}, err
	}
	if !j.readOnly {
		if err := j.clean(&t, left); err != nil {
			return Recovery{}, err
		}
	}
	s := j.open
	j.durable.Store(t.last)
	j.headSeq, j.headTime = t.last, t.time
	j.durableHash, j.durableEnd = t.hash, s.off
	return Recovery{Last: t.last, Segment: s.name, Offset: t.end, Cut: max(0, t.used-t.end), Clean: t.clean}, nil
}

// files sorts the names in the folder: first seqs of segments that are not
// archived, and the names of files that a crash left over.
func (j *Journal) files(names []string) (firsts []uint64, left []string) {
	var archived uint64
	if n := len(j.sealed); n > 0 {
		archived = j.sealed[n-1].Last
	}
	for _, name := range names {
		first, ok := parseSegmentName(name)
		switch {
		case name == nextName || name == indexTmp || ok && first <= archived:
			left = append(left, name)
		case ok:
			firsts = append(firsts, first)
		}
	}
	slices.Sort(firsts)
	return firsts, left
}

// loadSealed reads the headers of the segments, makes the sealed ones known and
// the last one the open one.
func (j *Journal) loadSealed(firsts []uint64) error {
	heads := make([]header, len(firsts))
	sizes := make([]int64, len(firsts))
	for i, first := range firsts {
		name := segmentName(first)
		flag := os.O_RDONLY
		last := i == len(firsts)-1
		if last && !j.readOnly {
			flag = os.O_RDWR
		}
		f, err := j.fs.Open(j.path(name), flag)
		if err != nil {
			return err
		}
		heads[i], sizes[i], err = readHeader(f, name)
		if err == nil && heads[i].first != first {
			err = &DamageError{Segment: name, Reason: fmt.Sprintf("the header belongs to the segment of record %d", heads[i].first)}
		}
		if err != nil || !last {
			f.Close()
		}
		if err != nil {
			return err
		}
		if last {
			j.open = &openSegment{header: heads[i], name: name, f: f, filled: sizes[i], offsets: &offsets{}}
		}
	}
	if n := len(j.sealed); n > 0 {
		if s := j.sealed[n-1].Segment; heads[0].first != s.Last+1 || heads[0].prev != s.LastHash {
			return &DamageError{Segment: segmentName(s.Last + 1), Seq: s.Last + 1, Reason: "the segment that follows the archived ones is missing or belongs to another journal"}
		}
	}
	for i := range firsts[:len(firsts)-1] {
		h, next := heads[i], heads[i+1]
		j.sealed = append(j.sealed, &sealed{offsets: &offsets{}, Segment: Segment{
			First: h.first, Last: next.first - 1, Size: sizes[i], LastTime: next.prevTime,
			FirstPrev: h.prev, LastHash: next.prev,
		}})
	}
	return nil
}

func readHeader(f File, name string) (header, int64, error) {
	size, err := f.Size()
	if err != nil {
		return header{}, 0, err
	}
	b := make([]byte, min(size, segmentHead))
	if n, err := f.ReadAt(b, 0); n < len(b) {
		return header{}, 0, err
	}
	h, err := decodeHeader(b, name)
	return h, size, err
}

// tail is what is known of the open segment's end.
type tail struct {
	last  uint64
	time  int64
	hash  [32]byte
	end   int64 // of the whole frames
	used  int64 // no byte but zeros behind this
	mark  bool  // the last frame is a mark
	clean bool  // it is, and nothing is behind it
}

// readTail steps through the open segment to the end of its records.
func (j *Journal) readTail() (tail, error) {
	s := j.open
	t := tail{last: s.first - 1, time: s.prevTime, hash: s.prev, end: segmentHead}
	sc := newScanner(io.NewSectionReader(s.f, segmentHead, math.MaxInt64-segmentHead), segmentHead, s.salt)
	defer sc.close()
	damage := func(off int64, reason string) error {
		return &DamageError{Segment: s.name, Offset: off, Seq: t.last + 1, Reason: reason}
	}
	// The hash of a record is computed only when it is asked for: here, for the
	// last one. Reading verifies the chain.
	var last Record
	var body []byte
	hash := func() [32]byte {
		if last.Seq != 0 {
			last.Body = body
			return last.hash()
		}
		return s.prev
	}
	for {
		f, err := sc.next()
		if bad, ok := isBad(err); ok {
			t.hash = hash()
			t.used, err = j.judge(sc, bad, t.last+1)
			t.clean = t.mark && t.used == 0
			s.off = t.end
			return t, err
		}
		if err == io.EOF {
			t.hash = hash()
			t.clean = t.mark
			s.off = t.end
			return t, nil
		}
		if err != nil {
			return t, err
		}
		t.end, t.mark = f.end, f.mark()
		switch {
		case f.mark() && (f.seq != t.last || f.prev != hash()):
			return t, damage(f.off, "a mark does not agree with the record before it")
		case f.mark():
		case f.seq != t.last+1:
			return t, damage(f.off, fmt.Sprintf("record %d stands in the place of another", f.seq))
		case f.time < t.time:
			return t, damage(f.off, "the time of the record is before that of the one before it")
		default:
			t.last, t.time = f.seq, f.time
			last = Record{Seq: f.seq, Time: f.time, Kind: f.kind, Prev: f.prev}
			body = append(body[:0], f.body...)
			s.offsets.note(f.seq, f.off)
		}
	}
}

// judge decides what a bad frame in the place of record seq is: a torn tail, of
// which it returns the end, or damage.
func (j *Journal) judge(sc *scanner, bad *badFrame, seq uint64) (used int64, err error) {
	grow := func(end int64) { used = max(used, end) }
	if b, err := sc.need(frameAlign); err != nil {
		return 0, err
	} else if bytes.Count(b, []byte{0}) < len(b) {
		grow(bad.off + int64(len(b)))
	}
	for {
		h, err := sc.resync(seq, bad.off, grow)
		if err == io.EOF {
			return used, nil
		}
		if err != nil {
			return 0, err
		}
		grow(sc.off + frameHead)
		// A record that was written when seq was durable, or before which nothing
		// but a mark is missing: marks are durable before anything follows them.
		if h.durable() >= seq || !h.mark() && h.seq == seq {
			return 0, &DamageError{Segment: j.open.name, Offset: bad.off, Seq: seq,
				Reason: fmt.Sprintf("%s, and record %d, which was written later, is whole", bad, h.seq)}
		}
	}
}

// clean removes what a crash left, and makes what was found durable: it may have
// been read from memory that the disk has yet to see.
func (j *Journal) clean(t *tail, left []string) error {
	s := j.open
	if !t.clean {
		for off := t.end; off < t.used; {
			n := min(t.used-off, int64(len(fillZeros)))
			if _, err := s.f.WriteAt(fillZeros[:n], off); err != nil {
				return err
			}
			off += n
		}
		if !t.mark && t.last >= s.first {
			h := head{seq: t.last, time: t.time, flags: flagMark, prev: t.hash}
			b := appendFrame(nil, saltCRC(s.salt), &h, nil)
			if _, err := s.f.WriteAt(b, s.off); err != nil {
				return err
			}
			s.off += int64(len(b))
			s.filled = max(s.filled, s.off)
		}
		if err := s.f.Sync(); err != nil {
			return err
		}
	}
	if len(left) > 0 && j.indexSize > 0 {
		// The index must be on disk before what it names goes from the folder.
		f, err := j.fs.Open(j.path(indexName), os.O_RDWR)
		if err != nil {
			return err
		}
		err = f.Sync()
		f.Close()
		if err != nil {
			return err
		}
	}
	for _, name := range left {
		if err := j.fs.Remove(j.path(name)); err != nil {
			return err
		}
	}
	return nil
}
