package service

import (
	"errors"
	"slices"
	"time"

	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/serde"
)

// event is something that watchers are told, besides bare names.
type event = map[string]any

// The values of events.
type (
	replayed struct {
		Columns int    `json:"columns"`
		Rows    int    `json:"rows"`
		Title   string `json:"title"`
		Data    []byte `json:"data"`
	}
	exited struct {
		Text string `json:"text"`
		Code int    `json:"code"`
	}
	notice struct {
		Title string `json:"title"`
		Text  string `json:"text"`
	}
	marked struct {
		Mark string `json:"mark"`
		Line int64  `json:"line"`
		Exit int    `json:"exit"`
	}
)

// watcher is somebody who follows a terminal: it is told the screen as a whole, and from
// then on what is written and what happens. It may also see a screen of its own, as the
// bytes are those of the shell.
//
// What waits for it is bounded. Who is too far behind loses the bytes, and is told the
// screen as a whole again when it takes messages.
type watcher struct {
	a    *access
	to   runtime.Capability
	cbor bool

	// Guarded by the session's mu while it watches.
	cancel func()          // takes the interest in its end back
	news   []any           // the last may be an output that grows
	bytes  int             // of outputs in news
	lost   bool            // a replay is needed before anything else
	paused <-chan struct{} // to is full until this is closed; nil: it is not
}

const (
	// maxNews bounds the events that wait for a watcher.
	maxNews = 256
	// longQueue is how many messages may wait at a watcher, who is told no more until
	// it has read some.
	longQueue = 64
	// replayEvery is the least time between two looks at a terminal as a whole, for who
	// begins to watch or was too slow: with a long history one costs milliseconds.
	replayEvery = 100 * time.Millisecond
	// maxOutput bounds the bytes of one Output, so that it fits into a message as
	// base64, with room for what is around it.
	maxOutput = 256 << 10
)

// output is an event that grows while it waits.
type output struct{ data []byte }

// output tells of bytes that were written. The session's mu is held.
func (w *watcher) output(data []byte) {
	if w.lost {
		return
	}
	if w.bytes += len(data); w.bytes > watchBytes {
		w.behind()
		return
	}
	if n := len(w.news); n > 0 {
		if o, ok := w.news[n-1].(*output); ok {
			o.data = append(o.data, data...)
			return
		}
	}
	w.event(&output{slices.Clone(data)})
}

// event tells of what happened. The session's mu is held.
func (w *watcher) event(e any) {
	if len(w.news) >= maxNews {
		w.behind()
		return
	}
	w.news = append(w.news, e)
}

// behind lets go of what waits: the screen as a whole comes in its place. The session's
// mu is held.
func (w *watcher) behind() {
	// What was typed is not in the screen: it is not lost with the rest.
	w.news = slices.DeleteFunc(w.news, func(e any) bool {
		m, ok := e.(event)
		return !ok || m["Input"] == nil && m["Exit"] == nil
	})
	if len(w.news) >= maxNews {
		w.news = nil
	}
	w.bytes, w.lost = 0, true
}

// tell tells all watchers. The caller holds mu.
func (s *session) tell(e any) {
	for _, w := range s.watchers {
		w.event(e)
	}
}

// watch makes the first capability of a message a watcher.
func (s *session) watch(m *message) error {
	if m.reply.Ref.Process == 0 {
		return errNoWatcher
	}
	w := &watcher{a: m.a, to: m.reply, cbor: m.cbor, lost: true}
	// Who was shown the terminal leaves room for who made it.
	mine := m.a.rights.has(own)
	s.mu.Lock()
	n := 0
	for _, o := range s.watchers {
		if o.a.rights.has(own) == mine && !(o.to.Ref == w.to.Ref && o.a == w.a) {
			n++
		}
	}
	switch {
	case s.removed:
		s.mu.Unlock()
		return errEnded
	case n >= s.p.limits.Watchers:
		s.mu.Unlock()
		return &LimitError{"a terminal", "watchers", int64(s.p.limits.Watchers)}
	}
	again := s.unwatch(func(o *watcher) bool { return o.to.Ref == w.to.Ref && o.a == w.a })
	s.watchers = append(s.watchers, w)
	rt := s.rt
	s.mu.Unlock()
	stopWatching(again)
	s.touch()
	if m.reply.Perms.Has(caps.Monitor) || runtime.OriginOf(m.reply) == "" {
		cancel := rt.Monitor(m.reply, func(string) {
			s.p.start(func() {
				s.mu.Lock()
				s.unwatch(func(o *watcher) bool { return o == w })
				s.mu.Unlock()
			})
		})
		s.mu.Lock()
		late := !slices.Contains(s.watchers, w)
		if !late {
			w.cancel = cancel
		}
		s.mu.Unlock()
		if late {
			cancel()
		}
	}
	return errAnswered
}

// stopWatching takes the interest in the ends of watchers back that were forgotten.
func stopWatching(gone []*watcher) {
	for _, w := range gone {
		if w.cancel != nil {
			w.cancel()
		}
	}
}

// unwatch forgets watchers. The caller holds mu.
func (s *session) unwatch(which func(*watcher) bool) (gone []*watcher) {
	s.watchers = slices.DeleteFunc(s.watchers, func(w *watcher) bool {
		out := which(w)
		if out {
			gone = append(gone, w)
		}
		return out
	})
	return gone
}

// letter is what a watcher is sent.
type letter struct {
	w    *watcher
	data [][]byte
}

// letters takes what watchers are to be sent now. more says that somebody has to be
// looked at again. The caller holds mu.
func (s *session) letters(now time.Duration) (out []letter, more bool) {
	var replay []byte // of this moment, for all who need it
	early := s.replayed != 0 && now-s.replayed < replayEvery
	for _, w := range s.watchers {
		if w.paused != nil {
			select {
			case <-w.paused:
				w.paused = nil
			default:
				more = true
				continue
			}
		}
		if s.rt.Waiting(w.to) > longQueue {
			more = true
			continue
		}
		if w.lost && early {
			more = true
			continue
		}
		l := letter{w: w}
		c := serde.Codec{CBOR: w.cbor}
		news := w.news
		if w.lost {
			columns, rows := s.t.Size()
			if replay == nil {
				replay, s.replayed = s.t.Replay(), now
			}
			first := replay[:min(len(replay), maxOutput)]
			l.data = append(l.data, c.Encode(event{"Replay": replayed{columns, rows, cleanTitle(s.t.Title()), first}}))
			for rest := replay[len(first):]; len(rest) > 0; {
				n := min(len(rest), maxOutput)
				l.data = append(l.data, c.Encode(event{"Output": rest[:n]}))
				rest = rest[n:]
			}
		}
		for _, e := range news {
			o, ok := e.(*output)
			if !ok {
				l.data = append(l.data, c.Encode(e))
				continue
			}
			for b := o.data; len(b) > 0; {
				n := min(len(b), maxOutput)
				l.data = append(l.data, c.Encode(event{"Output": b[:n]}))
				b = b[n:]
			}
		}
		w.news, w.bytes, w.lost = nil, 0, false
		if len(l.data) > 0 {
			out = append(out, l)
		}
	}
	return out, more
}

// post sends letters.
func (s *session) post(rt *runtime.Runtime, out []letter) {
	for _, l := range out {
		for _, data := range l.data {
			_, _, err := rt.Accept(l.w.to, runtime.Message{Data: data, Origin: "a terminal"})
			var full *runtime.FullError
			if errors.As(err, &full) {
				s.mu.Lock()
				l.w.paused = full.Drained
				s.mu.Unlock()
			} else if errors.Is(err, runtime.ErrBusy) {
				// The rest would be lost one by one: the screen as a whole comes later.
				s.mu.Lock()
				l.w.behind()
				s.mu.Unlock()
				break
			}
		}
	}
}
