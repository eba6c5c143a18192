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
	// MiB a group gains nothing and makes those in it wait. With it and a request a
	// pack ends at 4 GiB at most.
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
	more   bool   // another request of the same caller follows at once
	move   bool   // the records stand elsewhere already; see extra.from
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

// commitLoop is the committer: it writes what waits as one group, syncs once, and
// answers all.
func (s *Store) commitLoop() {
	for {
		select {
		case r, open := <-s.queue:
			if !open {
				return
			}
			if single := s.commitFrom(r); single != nil {
				s.commitFrom(single)
			}
		case err := <-s.flushing:
			s.endFlush(err)
		}
	}
}

// commitFrom commits a group that begins with r: what waits in the queue, and
// what is announced to follow. It writes each request as it comes. A request
// that cannot be part of the group is returned.
func (s *Store) commitFrom(r *request) (single *request) {
	err := s.prepare(r)
	ready := err == nil
	w := packWriter{file: s.active.file, at: s.active.size}
	defer w.release()
	group, size := []*request{r}, len(r.buf)
	for err == nil {
		if err = w.write(r.buf); err != nil || size >= groupBytes || r.single() {
			break
		}
		next := s.next(r.more)
		if next == nil {
			break
		}
		if next.single() {
			single = next
			break
		}
		r = next
		group, size = append(group, r), size+len(r.buf)
	}
	if ready {
		err = s.finish(&w, group, err)
	}
	if r.flush && err == nil {
		s.awaitFlush(r)
		return nil
	}
	for _, r := range group {
		r.answer(err)
	}
	s.flushIfDue()
	return single
}

// next returns the next request, or nil if none waits.
func (s *Store) next(wait bool) *request {
	if wait {
		return <-s.queue
	}
	select {
	case r := <-s.queue:
		return r
	default:
		return nil
	}
}

// prepare makes the end of the last pack ready for a group that begins with r.
func (s *Store) prepare(r *request) error {
	if err := s.failed(); err != nil {
		return err
	}
	if err := s.roomForChanges(); err != nil {
		return err
	}
	if r.move {
		if err := s.keepCurrent(r); err != nil {
			return err
		}
	}
	// A group may end beyond the size of a pack: what follows is not known yet.
	full := len(r.buf) > 0 && s.active.size+int64(len(r.buf)) > s.opts.PackSize
	if (full || r.seal) && s.active.size > packHeader {
		return s.roll()
	}
	return nil
}

// finish makes a group durable and visible, or undoes it.
func (s *Store) finish(w *packWriter, group []*request, err error) error {
	at := s.active.size
	if err == nil {
		err = w.flush()
	}
	if err != nil {
		return s.undo(at, err)
	}
	if w.at > at {
		if err := s.active.file.Sync(); err != nil {
			// What the kernel did with the pages is unknown, and asking again would
			// not tell: it reports an error once.
			return s.fail(err)
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
