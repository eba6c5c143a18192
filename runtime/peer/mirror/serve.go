package mirror

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/lumps/want"
	"hearth/store"
)

// Serve answers the request of one stream and closes it. peer is where blocks of
// the dialer come from, nil if it may not push. What the dialer was told is no
// error of Serve; that is about the stream, and about what broke here.
func Serve(ctx context.Context, stream io.ReadWriteCloser, r *Repository, peer want.Source) error {
	s := &served{Repository: r, wire: &wire{rw: stream}, peer: peer}
	defer s.reading.Wait()
	defer stream.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.cancel = cancel
	defer context.AfterFunc(ctx, func() { stream.Close() })()
	var q request
	if err := s.soon(func() error { return s.receive(&q) }); err != nil {
		if err == io.EOF {
			return nil
		}
		if errors.Is(err, ErrRequest) {
			return errors.Join(err, s.say(isFault, faultOf(err)))
		}
		return err
	}
	err := s.answer(ctx, q)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil && !s.broken {
		err = context.Cause(ctx)
	}
	if !s.broken {
		if serr := s.say(isFault, faultOf(err)); serr != nil {
			return serr
		}
	}
	if told(err) {
		return nil
	}
	return err
}

// told reports whether an error is about what was asked for, and was answered.
func told(err error) bool {
	var diverged *DivergedError
	var other *OtherSpaceError
	var root *RootError
	var version *VersionError
	if errors.As(err, &diverged) || errors.As(err, &other) || errors.As(err, &root) || errors.As(err, &version) {
		return true
	}
	for _, e := range []error{ErrReadOnly, ErrNoSnapshot, ErrBusy, ErrBadName, ErrReserved, ErrNoRoot, ErrUnknown} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// served is a request that is being answered.
type served struct {
	*Repository
	*wire
	peer   want.Source
	broken bool // the stream takes no more frames
	cancel func()

	reading sync.WaitGroup // who waits for the dialer to go
}

// soon waits for something that the dialer has no reason to delay.
func (s *served) soon(f func() error) error {
	patience := time.AfterFunc(requestTimeout, s.cancel)
	defer patience.Stop()
	return f()
}

// left returns a channel that is closed when the dialer goes, or says something
// where it has nothing to say.
func (s *served) left() <-chan struct{} {
	gone := make(chan struct{})
	s.reading.Go(func() {
		defer close(gone)
		var b [1]byte
		s.rw.Read(b[:])
	})
	return gone
}

func (s *served) answer(ctx context.Context, q request) error {
	if q.Version != Version {
		return &VersionError{Ours: Version, Oldest: q.Version, Newest: q.Version}
	}
	switch q.Op {
	case opDescribe:
		return s.describe(ctx, q.Body)
	case opPush:
		return s.push(ctx, q.Body)
	case opWatch:
		return s.watch(ctx, q.Body)
	case opLoose:
		return s.loose(ctx, q.Body)
	}
	return fmt.Errorf("a request for %.20q: %w", q.Op, ErrRequest)
}

func (s *served) describe(ctx context.Context, body []byte) error {
	var q describeRequest
	if err := readBody(body, &q); err != nil {
		return err
	}
	head, err := s.asked(ctx, q)
	if err != nil {
		return err
	}
	a, err := s.world(ctx, head, q.Have)
	if err != nil {
		return err
	}
	for _, name := range q.Roots {
		c, err := s.root(ctx, name)
		if err != nil {
			return err
		}
		a.Roots = append(a.Roots, rootAt{Name: name, At: c})
	}
	return s.say(isWorld, a)
}

// asked finds the snapshot that a request is about, zero if the world has none.
func (s *served) asked(ctx context.Context, q describeRequest) (lumps.CID, error) {
	switch {
	case !q.Of.IsZero():
		has, err := s.Store.Has(ctx, q.Of)
		if err == nil && has {
			has, err = s.isSnapshot(ctx, q.Of)
		}
		if err == nil && !has {
			err = fmt.Errorf("%s: %w", q.Of, ErrUnknown)
		}
		return q.Of, err
	case q.Root != "":
		c, err := s.root(ctx, q.Root)
		if err == nil && c.IsZero() {
			err = fmt.Errorf("%q: %w", q.Root, ErrNoRoot)
		}
		return c, err
	}
	c, err := s.Head(ctx, q.Fresh)
	if errors.Is(err, ErrNoSnapshot) {
		err = nil
	}
	return c, err
}

// world tells of a snapshot of this world, and how it leads back to the newest
// of those that the dialer has.
func (s *served) world(ctx context.Context, head lumps.CID, have []lumps.CID) (worldAnswer, error) {
	a := worldAnswer{Name: s.Name, Writable: s.Writable && s.peer != nil, Head: head}
	if head.IsZero() {
		return a, nil
	}
	snap, err := space.LoadSnapshot(ctx, s.get(), head)
	if err != nil {
		return a, err
	}
	a.Seq, a.Time, a.Branch = snap.Seq, snap.Time, snap.Epoch.Branch
	a.Path, err = pathBehind(ctx, s.Repository, head, have)
	return a, err
}

// pathBehind lists what leads from a snapshot back to the newest of others that
// are stored here.
func pathBehind(ctx context.Context, r *Repository, head lumps.CID, have []lumps.CID) ([]lumps.CID, error) {
	var behind uint64
	for _, c := range have {
		// What is not here, or no snapshot, is none that leads anywhere.
		if has, err := r.Store.Has(ctx, c); err != nil || !has {
			if err != nil {
				return nil, err
			}
			continue
		}
		if is, err := r.isSnapshot(ctx, c); err != nil || !is {
			if err != nil {
				return nil, err
			}
			continue
		}
		rel, err := space.Relate(ctx, r.get(), head, r.get(), c)
		if errors.Is(err, store.ErrNotFound) {
			continue // it came without what is before it
		}
		if err != nil {
			return nil, err
		}
		if rel.Order != space.OrderForeign {
			behind = max(behind, rel.Seq)
		}
	}
	return space.Path(ctx, r.get(), head, behind, maxPath)
}

func (s *served) push(ctx context.Context, body []byte) error {
	if !s.Writable || s.peer == nil {
		return ErrReadOnly
	}
	var q pushRequest
	if err := readBody(body, &q); err != nil {
		return err
	}
	if err := s.begin(); err != nil {
		return err
	}
	defer s.end()
	in := &intake{to: s.Repository, from: s.peer}
	var moves []Move
	err := s.working(ctx, in, func(ctx context.Context) error {
		if !q.Head.IsZero() {
			m, err := in.forked(ctx, arrival{root: HeadRoot(q.Name), head: q.Head, path: q.Path}, q.Fork)
			if err != nil {
				return err
			}
			moves = append(moves, m)
		}
		for _, r := range q.Roots {
			m, err := in.root(ctx, r)
			if err != nil {
				return err
			}
			moves = append(moves, m)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.say(isMoved, movedAnswer{Moves: moves, Blocks: in.blocks, Bytes: in.bytes})
}

// forked brings a snapshot, under another name if there is one and the first
// holds another history.
func (in *intake) forked(ctx context.Context, a arrival, fork string) (Move, error) {
	m, err := in.snapshot(ctx, a)
	var diverged *DivergedError
	var other *OtherSpaceError
	if fork != "" && (errors.As(err, &diverged) || errors.As(err, &other)) {
		a.root = HeadRoot(fork)
		return in.snapshot(ctx, a)
	}
	return m, err
}

// working does what takes long, tells how far it is, and notices when the dialer
// goes.
func (s *served) working(ctx context.Context, in *intake, f func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var at counter
	in.progress = at.set
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			p := at.get()
			if err := s.say(isProgress, progressAnswer(p)); err != nil {
				s.broken = true
				cancel()
				<-done
				return err
			}
		}
	}
}

func (s *served) watch(ctx context.Context, body []byte) error {
	var q watchRequest
	if err := readBody(body, &q); err != nil {
		return err
	}
	wait := min(time.Duration(min(q.Wait, maxWait.Milliseconds()))*time.Millisecond, maxWait)
	over := time.NewTimer(wait)
	defer over.Stop()
	every := max(time.Duration(min(q.Every, maxWait.Milliseconds()))*time.Millisecond, minEvery)
	take := time.NewTicker(every)
	defer take.Stop()
	fresh := q.Every > 0
	gone := s.left()
	for {
		// The channel first, so that a change after the look is not missed.
		var changed <-chan struct{}
		if s.Changed != nil {
			changed = s.Changed()
		}
		head, err := s.Head(ctx, fresh)
		if err != nil && !errors.Is(err, ErrNoSnapshot) {
			return err
		}
		if head != q.Last && !head.IsZero() {
			return s.sayWorld(ctx, head, q.Last)
		}
		fresh = false
		var poll <-chan time.Time
		if changed == nil {
			poll = time.After(pollEvery)
		}
		select {
		case <-changed:
		case <-poll:
		case <-take.C:
			fresh = q.Every > 0
		case <-over.C:
			return s.sayWorld(ctx, head, q.Last)
		case <-gone:
			s.broken = true
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (s *served) sayWorld(ctx context.Context, head, last lumps.CID) error {
	var have []lumps.CID
	if !last.IsZero() {
		have = append(have, last)
	}
	a, err := s.world(ctx, head, have)
	if err != nil {
		return err
	}
	return s.say(isWorld, a)
}
