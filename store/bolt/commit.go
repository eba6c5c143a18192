package bolt

import (
	"context"
	"fmt"
	"sync"

	"hearth/store"
)

const (
	// queueLength is how many requests wait without blocking their callers.
	queueLength = 1024
	// groupBytes is how much is written for one sync while more waits: beyond a few
	// MiB a group gains nothing and makes those in it wait.
	groupBytes = 16 << 20
	// requestBytes is how much of one put goes into a request, so that the next
	// part is encoded while this one is written.
	requestBytes = 4 << 20
)

// request is one unit of the committer's work: records to append, blocks to
// forget, or a change of the packs.
type request struct {
	buf    []byte // encoded records, back to back
	recs   []queued
	forget []key
	looked uint64 // Store.flushes when the tables were last looked at
	move   bool   // the records stand elsewhere already; see queued.from
	drop   *pack  // a sealed pack to take out of the store, if nothing lives in it
	seal   bool   // begin a new pack
	flush  bool   // done when the database has all changes so far

	dropped bool // drop was done
	done    chan error
}

// queued is a record of a request.
type queued struct {
	record
	off  int    // in buf
	more *extra // nil for a block that was put
}

// extra is what some records have besides.
type extra struct {
	lump store.Lump
	name string // of a root
	// from is where a moving record stands. It moves only if it still counts there.
	from place
}

// add appends a record to the request.
func (r *request) add(salt uint32, q queued, body []byte) {
	q.off, q.len = len(r.buf), uint32(len(body))
	r.buf = appendRecord(r.buf, salt, q.kind, q.cid, body)
	r.recs = append(r.recs, q)
}

// bufs are the buffers of requests.
var bufs = sync.Pool{New: func() any { return new([]byte) }}

func newRequest() *request {
	return &request{buf: (*bufs.Get().(*[]byte))[:0], done: make(chan error, 1)}
}

// answer ends a request. Its caller may be gone.
func (r *request) answer(err error) {
	b := r.buf
	r.buf = nil
	if c := cap(b); c > 0 && c <= 2*requestBytes {
		bufs.Put(&b)
	}
	r.done <- err
}

// submit queues a request.
func (s *Store) submit(ctx context.Context, r *request) error {
	select {
	case s.queue <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *request) wait(ctx context.Context) error {
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// do submits a request and waits for its end.
func (s *Store) do(ctx context.Context, r *request) error {
	if err := s.submit(ctx, r); err != nil {
		return err
	}
	return r.wait(ctx)
}

// single reports whether the request is a group of its own, because what it does
// depends on all before it being done.
func (r *request) single() bool { return r.flush || r.seal || r.move || r.drop != nil }

// commitLoop is the committer: it takes what waits as one group, writes it,
// syncs once, and answers all.
func (s *Store) commitLoop() {
	for {
		select {
		case r, open := <-s.queue:
			if !open {
				return
			}
			s.commitFrom(r)
		case err := <-s.flushing:
			s.endFlush(err)
		}
	}
}

func (s *Store) commitFrom(r *request) {
	var group []*request
	size := 0
	for {
		if r.single() {
			s.commitGroup(group)
			s.commitGroup([]*request{r})
			return
		}
		group, size = append(group, r), size+len(r.buf)
		if size >= groupBytes {
			break
		}
		select {
		case next, open := <-s.queue:
			if open {
				r = next
				continue
			}
		default:
		}
		break
	}
	s.commitGroup(group)
}

func (s *Store) commitGroup(group []*request) {
	if len(group) == 0 {
		return
	}
	err := s.commit(group)
	if last := group[len(group)-1]; last.flush && err == nil {
		s.awaitFlush(last)
		return
	}
	for _, r := range group {
		r.answer(err)
	}
	s.flushIfDue()
}

func (s *Store) commit(group []*request) error {
	if err := s.failed(); err != nil {
		return err
	}
	if err := s.roomForChanges(); err != nil {
		return err
	}
	if first := group[0]; first.seal && s.active.size > packHeader {
		return s.roll()
	} else if first.move {
		if err := s.keepCurrent(first); err != nil {
			return err
		}
	}
	size := 0
	for _, r := range group {
		size += len(r.buf)
	}
	if size > 0 {
		if s.active.size > packHeader && s.active.size+int64(size) > s.opts.PackSize {
			if err := s.roll(); err != nil {
				return err
			}
		}
		if err := s.write(group); err != nil {
			return err
		}
	}
	return s.apply(group)
}

// roll begins a new pack. All that the old one holds is synced already.
func (s *Store) roll() error {
	p, err := s.createPack(s.nextPack)
	if err != nil {
		// Without the new file nothing has changed.
		return fmt.Errorf("begin a pack: %w", err)
	}
	s.mu.Lock()
	s.nextPack++
	s.packs[p.number], s.active = p, p
	s.mu.Unlock()
	s.wakeSweeper()
	return nil
}
