package service

import (
	"errors"
	"slices"
	"sync"
	"time"

	"hearth/runtime"
	"hearth/runtime/serde"
)

const (
	// maxUnread is how many events wait for a subscriber that does not read, moves
	// not counted, which are merged. It takes minutes of typing to get there; who is
	// behind by that much hears no more, since it must not miss a key in between.
	maxUnread = 4096
	// maxAhead is how many events may lie in the mailbox of a subscriber. More wait
	// here, where moves can still be merged.
	maxAhead = 32
	// lookAgain is how often the mailbox of a subscriber that is behind is looked at.
	lookAgain = 5 * time.Millisecond
	// durableEvery is the time between two moves that a durable process is told of:
	// each is an event of its history.
	durableEvery = 50 * time.Millisecond
)

var errBehind = errors.New("it does not read its events")

// Everybody and Nobody are special values of the focus.
const (
	Nobody    = 0
	Everybody = -1
)

// Subscriber is somebody who hears of the window.
type Subscriber struct {
	ID     int // from 1, never used again
	Client string
}

// Input brings what happens in the window to those who asked for it. Keys, text and
// the motion of the mouse go to who has the focus, which the user gives; all else
// goes to everybody. Nothing here waits for a guest: each subscriber has a queue and
// a goroutine. In a queue, a move that follows moves of its kind is merged with
// them, so that who is slow loses moves and never a key; who leaves maxUnread events
// unread is unsubscribed.
type Input struct {
	p *Plugin

	mu      sync.Mutex // guards what follows; comes before a subscriber's mu
	last    int
	list    []*subscriber
	focus   int
	pressed []KeyboardInput // that who has the focus believes to be down
	mods    uint32
}

type subscriber struct {
	in     *Input
	id     int
	client string
	rt     *runtime.Runtime
	to     runtime.Capability
	c      serde.Codec
	frames bool          // it wants to hear of frames
	every  time.Duration // the least time between two moves
	stop   chan struct{}
	cancel func()

	mu    sync.Mutex
	queue []Event
	keys  int  // events in queue that are no moves
	cut   bool // it was too far behind
	wake  chan struct{}
}

func newInput(p *Plugin) *Input { return &Input{p: p, focus: Nobody} }

// Publish tells the subscribers of an event.
func (in *Input) Publish(e Event) {
	in.mu.Lock()
	defer in.mu.Unlock()
	switch k := e.(type) {
	case KeyboardInput:
		in.pressed = slices.DeleteFunc(in.pressed, func(o KeyboardInput) bool { return o.Scancode == k.Scancode && o.Key == k.Key })
		if k.Pressed && in.focus != Nobody {
			in.pressed = append(in.pressed, k)
		}
	case ModifiersChanged:
		in.mods = k.Bits
	}
	in.tell(e)
}

// tell gives an event to those that it is for. The caller holds mu.
func (in *Input) tell(e Event) {
	for _, s := range in.list {
		if !e.keyed() || in.focus == Everybody || in.focus == s.id {
			s.push(e)
		}
	}
}

// Subscribers lists those who hear of the window, in the order in which they came.
func (in *Input) Subscribers() []Subscriber {
	in.mu.Lock()
	defer in.mu.Unlock()
	out := make([]Subscriber, len(in.list))
	for i, s := range in.list {
		out[i] = Subscriber{s.id, s.client}
	}
	return out
}

// Focus gives the keys to a subscriber, to Everybody or to Nobody. Who loses them
// hears that no key is down any more.
func (in *Input) Focus(id int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.refocus(id)
}

func (in *Input) refocus(id int) {
	if id != Everybody && !slices.ContainsFunc(in.list, func(s *subscriber) bool { return s.id == id }) {
		id = Nobody
	}
	if id == in.focus {
		return
	}
	for _, k := range in.pressed {
		k.Pressed, k.Synthetic = false, true
		in.tell(k)
	}
	in.pressed = nil
	in.tell(Focused{false})
	in.focus = id
	in.tell(Focused{true})
	if id != Nobody {
		in.tell(ModifiersChanged{in.mods})
	}
}

// Focused returns who has the keys.
func (in *Input) Focused() int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.focus
}

// FocusNext gives the keys to the subscriber behind the one that has them, and to
// nobody behind the last. It returns who has them now; ok is false for nobody.
func (in *Input) FocusNext() (who Subscriber, ok bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	next := 0
	for i, s := range in.list {
		if s.id == in.focus {
			next = i + 1
		}
	}
	if next >= len(in.list) {
		in.refocus(Nobody)
		return Subscriber{}, false
	}
	s := in.list[next]
	in.refocus(s.id)
	return Subscriber{s.id, s.client}, true
}

// interest is what a subscriber wants to hear of, where it says so.
type interest struct {
	Frames *bool    `json:"frames"`
	Every  *float64 `json:"every"` // seconds between two moves, at least
}

// subscribe begins to tell somebody. A durable process hears of no frames and of
// few moves unless it asks for them, since each is an event of its history; of a
// process on a peer nobody here knows whether it is one.
func (in *Input) subscribe(rt *runtime.Runtime, to runtime.Capability, q interest, c serde.Codec) error {
	durable := to.Box == nil
	s := &subscriber{in: in, client: clientOf(to), rt: rt, to: to, c: c, frames: !durable, stop: make(chan struct{}), wake: make(chan struct{}, 1)}
	if durable {
		s.every = durableEvery
	}
	if q.Frames != nil {
		s.frames = *q.Frames
	}
	if q.Every != nil {
		if !(*q.Every >= 0 && *q.Every <= 60) {
			return &parseError{errors.New("every is in seconds, up to a minute")}
		}
		s.every = time.Duration(*q.Every * float64(time.Second))
	}
	in.mu.Lock()
	if slices.ContainsFunc(in.list, func(o *subscriber) bool { return o.to.Ref == to.Ref }) {
		in.mu.Unlock()
		return nil // it hears of everything already
	}
	if most := in.p.limits.Subscribers; len(in.list) >= most {
		in.mu.Unlock()
		return &LimitError{"the window", "subscribers", int64(most)}
	}
	if !in.p.start(s.run) {
		in.mu.Unlock()
		return nil
	}
	in.last++
	s.id = in.last
	in.list = append(in.list, s)
	in.mu.Unlock()
	cancel := rt.Monitor(to, func(string) { in.drop(s) })
	in.mu.Lock()
	s.cancel = cancel
	gone := !slices.Contains(in.list, s)
	in.mu.Unlock()
	if gone {
		cancel()
	}
	return nil
}

func (in *Input) unsubscribe(to runtime.Capability) {
	in.mu.Lock()
	i := slices.IndexFunc(in.list, func(o *subscriber) bool { return o.to.Ref == to.Ref })
	var s *subscriber
	var cancel func()
	if i >= 0 {
		s = in.list[i]
		cancel = s.cancel
	}
	in.mu.Unlock()
	if s != nil {
		in.drop(s)
	}
	if cancel != nil {
		cancel()
	}
}

// drop forgets a subscriber.
func (in *Input) drop(s *subscriber) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.dropLocked(s)
}

func (in *Input) dropLocked(s *subscriber) {
	i := slices.Index(in.list, s)
	if i < 0 {
		return
	}
	in.list = slices.Delete(in.list, i, i+1)
	close(s.stop)
	if in.focus == s.id {
		in.refocus(Nobody)
	}
}

// close ends all subscriptions.
func (in *Input) close() {
	in.mu.Lock()
	list := slices.Clone(in.list)
	in.mu.Unlock()
	for _, s := range list {
		in.unsubscribe(s.to)
	}
}

// push puts an event in the queue. The caller holds in.mu.
func (s *subscriber) push(e Event) {
	if _, frame := e.(Redraw); frame && !s.frames {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cut {
		return // or there would be a gap
	}
	if moves(e) {
		for i := len(s.queue) - 1; i >= 0 && moves(s.queue[i]); i-- {
			if both := s.queue[i].merge(e); both != nil {
				s.queue[i] = both
				return
			}
		}
	} else if s.keys++; s.keys > maxUnread {
		s.in.p.start(func() { s.in.behind(s) })
		s.cut, s.keys, s.queue = true, 0, nil
		return
	}
	s.queue = append(s.queue, e)
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// behind ends a subscription that is not read.
func (in *Input) behind(s *subscriber) {
	in.p.log.Warn("a guest hears of the window no more", "client", s.client, "error", errBehind)
	in.unsubscribe(s.to)
}

func (s *subscriber) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	pause := func(d time.Duration, ready <-chan struct{}) bool {
		timer.Reset(d)
		select {
		case <-s.stop:
			return false
		case <-s.in.p.ctx.Done():
			return false
		case <-ready:
		case <-timer.C:
		}
		return true
	}
	var moved time.Time
	for {
		e, some := s.front()
		if !some {
			select {
			case <-s.wake:
				continue
			case <-s.stop:
				return
			case <-s.in.p.ctx.Done():
				return
			}
		}
		if s.rt.Waiting(s.to) >= maxAhead {
			if !pause(lookAgain, nil) {
				return
			}
			continue
		}
		if moves(e) && !s.urgent() {
			if wait := s.every - time.Since(moved); wait > 0 {
				if !pause(wait, s.wake) {
					return
				}
				continue
			}
		}
		if e = s.take(); e == nil {
			continue
		}
		if moves(e) {
			moved = time.Now()
		}
		for {
			_, _, err := s.rt.Accept(s.to, runtime.Message{Data: s.c.Encode(e.wire()), Origin: "the window"})
			var full *runtime.FullError
			if errors.As(err, &full) { // taken: the next one waits
				if !pause(time.Hour, full.Drained) {
					return
				}
			} else if errors.Is(err, runtime.ErrBusy) {
				if !pause(lookAgain, nil) {
					return
				}
				continue
			}
			break
		}
	}
}

// urgent reports that something waits that is no move: no move holds it up.
func (s *subscriber) urgent() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys > 0
}

// front looks at the first event.
func (s *subscriber) front() (Event, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return nil, false
	}
	return s.queue[0], true
}

// take removes the first event. Only the goroutine takes, and what it saw at the
// front can have been merged meanwhile.
func (s *subscriber) take() Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return nil // it was cut off
	}
	e := s.queue[0]
	s.queue[0] = nil
	if s.queue = s.queue[1:]; len(s.queue) == 0 {
		s.queue = nil
	}
	if !moves(e) {
		s.keys--
	}
	return e
}
