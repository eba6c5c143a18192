package journal

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
)

const (
	// maxGroup is when a group is written though more is waiting: a few
	// milliseconds of writing, so that nobody waits long for others.
	maxGroup = 2 << 20
	// writePiece is how much is written at once. Larger writes stall other users
	// of the disk, and are not faster.
	writePiece = 256 << 10
)

// committer writes records. It is one goroutine; nothing of it is shared.
type committer struct {
	j       *Journal
	help    *digester
	backlog []Entry  // taken from the queue
	digests []digest // of backlog
	next    int      // backlog[next:] is yet to be encoded
	spare   []Entry  // the queue to come
	sealAt  uint64   // no record behind this one belongs in the segment
	buf     []byte   // frames of the group
	noted   int64    // offset of the last entry in the segment's index

	// The last encoded record.
	seq  uint64
	time int64
	hash [32]byte

	written uint64 // the last record on disk: the durable mark of this group
	salt    uint32
	marked  bool // the segment's last frame is a mark, or it has no record
}

// newCommitter is called before the first record can be submitted.
func newCommitter(j *Journal) *committer {
	return &committer{
		j: j, help: newDigester(), seq: j.headSeq, time: j.headTime, hash: j.durableHash, written: j.headSeq,
		salt: saltCRC(j.open.salt), marked: true,
	}
}

// run is the committer's goroutine.
func (c *committer) run() {
	j := c.j
	defer close(j.done)
	defer c.help.close()
	j.fill.advance(j.open.off)
	for c.take() {
		full := c.encode()
		err := c.write()
		if err == nil && (full || c.seq == c.sealAt) && c.seq >= j.open.first {
			err = c.rotate()
		}
		if err != nil {
			j.fail(err)
			return
		}
		c.answerSeals()
	}
	if !c.marked {
		if err := c.mark(); err != nil {
			j.fail(err)
			return
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	close(j.group.done)
}

// take waits for records or a request to seal. It returns false when the
// journal is closed and everything is written.
func (c *committer) take() bool {
	j := c.j
	// Those who were just told that their records are durable may have more:
	// whoever can run does so first, and shares the group.
	runtime.Gosched()
	j.mu.Lock()
	defer j.mu.Unlock()
	for c.next == len(c.backlog) && len(j.queue) == 0 && len(j.seals) == 0 {
		if j.closed {
			return false
		}
		j.work.Wait()
	}
	c.absorb()
	return true
}

// absorb moves the queue to the empty backlog. j.mu is held.
func (c *committer) absorb() {
	j := c.j
	c.sealAt = math.MaxUint64
	if len(j.seals) > 0 {
		c.sealAt = j.seals[0].at
	}
	if c.next < len(c.backlog) || len(j.queue) == 0 {
		return
	}
	c.spare, c.backlog, c.next = c.backlog[:0], j.queue, 0
	j.queue = c.spare
	j.group.last = j.headSeq
	j.groups = append(j.groups, *j.group)
	j.group = &group{done: make(chan struct{})}
}

// encode makes frames of the backlog and of what is submitted meanwhile, until
// there is no more or the group is large enough. It reports whether the segment
// has no room for the next record.
func (c *committer) encode() (full bool) {
	j := c.j
	for {
		if c.next == 0 {
			c.digests = slices.Grow(c.digests[:0], len(c.backlog))[:len(c.backlog)]
			c.help.digest(c.backlog, c.digests)
		}
		for ; c.next < len(c.backlog); c.next++ {
			p := &c.backlog[c.next]
			if c.seq == c.sealAt || len(c.buf) >= maxGroup {
				return false
			}
			off := j.open.off + int64(len(c.buf))
			if off+frameLen(len(p.Body)) > j.o.SegmentSize && c.seq >= j.open.first {
				return true
			}
			c.frame(p, &c.digests[c.next], off)
			*p = Entry{}
		}
		j.mu.Lock()
		c.absorb()
		j.mu.Unlock()
		if c.next == len(c.backlog) {
			return false
		}
	}
}

func (c *committer) frame(p *Entry, d *digest, off int64) {
	c.seq++
	h := head{
		bodyCRC: d.crc, len: uint32(len(p.Body)), back: uint32(c.seq - c.written),
		seq: c.seq, time: p.Time, kind: p.Kind, prev: c.hash,
	}
	c.buf = appendFrame(c.buf, c.salt, &h, p.Body)
	c.hash = chain(h.seq, h.time, h.kind, len(p.Body), &h.prev, &d.hash)
	c.time = p.Time
	if off-c.noted >= offsetStep {
		c.j.open.offsets.note(c.seq, off)
		c.noted = off
	}
}

// write makes the group durable and says so.
func (c *committer) write() error {
	j := c.j
	if len(c.buf) == 0 {
		return nil
	}
	if err := c.flush(); err != nil {
		return err
	}
	c.written, c.marked = c.seq, false
	n := int64(len(c.buf))
	c.buf = c.buf[:0]

	j.mu.Lock()
	j.durable.Store(c.seq)
	j.durableHash, j.durableEnd = c.hash, j.open.off
	j.waiting -= n
	j.room.Broadcast()
	i := 0
	for ; i < len(j.groups) && j.groups[i].last <= c.seq; i++ {
		close(j.groups[i].done)
	}
	j.groups = append(j.groups[:0], j.groups[i:]...)
	watchers := j.watchers
	j.mu.Unlock()
	for _, w := range watchers {
		w.f(c.seq)
	}
	j.fill.advance(j.open.off)
	return nil
}

// flush writes and syncs the buffer behind the open segment.
func (c *committer) flush() error {
	s := c.j.open
	end := s.off + int64(len(c.buf))
	c.j.fill.reserve(end)
	for b := c.buf; len(b) > 0; {
		n := min(len(b), writePiece)
		if _, err := s.f.WriteAt(b[:n], s.off); err != nil {
			return err
		}
		s.off += int64(n)
		b = b[n:]
	}
	return s.f.Sync()
}

// mark ends the records with the statement that they are all durable.
func (c *committer) mark() error {
	h := head{seq: c.seq, time: c.time, flags: flagMark, prev: c.hash}
	c.buf = appendFrame(c.buf[:0], c.salt, &h, nil)
	return c.flush()
}

// rotate seals the open segment, in which everything is durable, and begins the
// next. The sealed file is synced before the next one has its name, so whatever
// is missing in a segment that has a successor is damage.
func (c *committer) rotate() error {
	j := c.j
	old := j.open
	j.fill.detach()
	if err := old.f.Truncate(old.off); err != nil {
		return err
	}
	if err := old.f.Sync(); err != nil {
		return err
	}
	open, err := j.begin(header{first: c.seq + 1, prevTime: c.time, prev: c.hash}, j.fill.takeNext())
	if err != nil {
		return err
	}
	c.salt, c.noted, c.marked = saltCRC(open.salt), 0, true
	s := &sealed{offsets: old.offsets, Segment: Segment{
		First: old.first, Last: c.seq, Size: old.off, LastTime: c.time,
		FirstPrev: old.prev, LastHash: c.hash,
	}}
	j.mu.Lock()
	j.sealed = append(j.sealed, s)
	j.open, j.durableEnd = open, open.off
	j.mu.Unlock()
	j.fill.attach(open)
	if j.archiver != nil {
		j.archiver.wake()
	}
	return old.f.Close()
}

// begin makes the file of a segment, durably, from the prepared file or a new one.
func (j *Journal) begin(h header, prepared bool) (_ *openSegment, err error) {
	var salt [8]byte
	rand.Read(salt[:])
	h.salt = binary.LittleEndian.Uint64(salt[:])
	flag := os.O_RDWR
	if !prepared {
		flag |= os.O_CREATE | os.O_TRUNC
	}
	f, err := j.fs.Open(j.path(nextName), flag)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	if _, err := f.WriteAt(h.encode(), 0); err != nil {
		return nil, err
	}
	if err := f.Sync(); err != nil {
		return nil, err
	}
	name := segmentName(h.first)
	if err := j.fs.Rename(j.path(nextName), j.path(name)); err != nil {
		return nil, err
	}
	if err := j.fs.SyncDir(j.dir); err != nil {
		return nil, err
	}
	return &openSegment{header: h, name: name, f: f, off: segmentHead, filled: segmentHead, offsets: &offsets{}}, nil
}

// answerSeals tells those that asked for the segment that has just ended.
func (c *committer) answerSeals() {
	j := c.j
	j.mu.Lock()
	defer j.mu.Unlock()
	for len(j.seals) > 0 && j.seals[0].at == c.seq && j.open.first > c.seq {
		close(j.seals[0].done)
		j.seals = j.seals[1:]
	}
}

// fail ends the journal: nothing more is written, and everybody who waits is told.
func (j *Journal) fail(cause error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err == nil || j.err == ErrClosed {
		j.err = fmt.Errorf("%w: %w", ErrFailed, cause)
	}
	for _, g := range j.groups {
		close(g.done)
	}
	close(j.group.done)
	for _, r := range j.seals {
		r.err = j.err
		close(r.done)
	}
	j.groups, j.seals, j.queue = nil, nil, nil
	j.room.Broadcast()
}
