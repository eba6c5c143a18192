package journal

import (
	"errors"
	"fmt"
	"io/fs"
)

// Origin is where a journal begins that does not begin with record 1: behind
// history that is in an archive, or behind history that was cut.
type Origin struct {
	// Segments are archived segments, oldest first, as Segments of another journal
	// gave them. The new journal has all their records.
	Segments []Segment
	// Without segments: the last record that is not in the journal. Its first one
	// will be Seq+1.
	Seq  uint64
	Time int64
	Hash [32]byte
}

// Create makes a journal in dir that goes on from an origin; Open then opens it.
// The segments must follow one another, which is verified now; their bytes are
// verified when they are read. ErrExists if there is a journal in dir. When
// Create was interrupted, it can be repeated.
func Create(dir string, o Options, from Origin) (err error) {
	if o, err = o.withDefaults(); err != nil {
		return err
	}
	h := header{first: from.Seq + 1, prevTime: from.Time, prev: from.Hash}
	for i := range from.Segments {
		s := &from.Segments[i]
		if err := s.plausible(); err != nil {
			return fmt.Errorf("segment %d of %d: %w", i+1, len(from.Segments), err)
		}
		if i > 0 && !s.follows(&from.Segments[i-1]) {
			return &DamageError{Segment: s.name(), Seq: s.First, Reason: "it does not follow the segment before it"}
		}
		h = header{first: s.Last + 1, prevTime: s.LastTime, prev: s.LastHash}
	}
	if h.first == 0 {
		return fmt.Errorf("a journal cannot go on behind record %d, the last there can be", from.Seq)
	}
	lock, err := acquire(dir, o.FS, false)
	if err != nil {
		return err
	}
	defer lock.Close()
	j := &Journal{dir: dir, o: o, fs: o.FS}
	names, err := o.FS.List(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if firsts, _ := j.files(names); len(firsts) > 0 {
		return fmt.Errorf("%s: %w", dir, ErrExists)
	}
	// The open segment comes last: what has none is no journal yet.
	if len(from.Segments) > 0 {
		err = writeIndex(o.FS, j.path, dir, from.Segments)
	} else if err = o.FS.Remove(j.path(indexName)); errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return err
	}
	s, err := j.begin(h, false)
	if err != nil {
		return err
	}
	return s.f.Close()
}
