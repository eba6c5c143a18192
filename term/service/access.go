package service

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/serde"
)

// rights are what a capability to a terminal permits. They are looked at with every
// message.
type rights uint8

const (
	view   rights = 1 << iota // Watch, Text, Describe
	typing                    // Input, Paste, Key
	sizing                    // Resize
	own                       // the rest
	all    = view | typing | sizing | own
)

func (r rights) has(x rights) bool { return r&x == x }

var rightNames = map[string]rights{"View": view, "Type": typing, "Resize": sizing}

// needs are the rights that messages need; what is not here only the owner may say.
var needs = map[string]rights{
	"Watch": view, "Unwatch": view, "Text": view, "Describe": view,
	"Input": typing, "Paste": typing,
	"Resize": sizing,
}

// deeds say in words what a right permits.
var deeds = map[rights]string{view: "look", typing: "type", sizing: "resize", own: "do that"}

// access is a capability to a terminal with some rights.
type access struct {
	s       *session
	rights  rights
	port    *runtime.Port
	bytes   atomic.Int64 // of messages that wait
	most    int64
	closing atomic.Bool
	cancel  func() // takes the interest in its end back; guarded by the session's mu, of shares alone
}

// sharePending bounds what waits of the holders of a shared capability, in bytes: they
// are not the owner's client, and should not use up what that may have waiting.
const sharePending = 1 << 20

// message is what a terminal was told.
type message struct {
	a     *access
	name  string
	data  []byte
	reply runtime.Capability   // sending to it is permitted, where it has a place
	args  []runtime.Capability // behind it
	first runtime.Capability   // the first one, whatever it permits
	full  bool                 // there was no room for data, and this is to be answered
	cbor  bool
}

func (m *message) cost() int64 { return messageCost + int64(len(m.data)) }

// hand makes the capability to the terminal for who asked for it.
func (s *session) hand(rt *runtime.Runtime, reply runtime.Capability) runtime.Capability {
	a := &access{s: s, rights: all, most: s.p.limits.Pending}
	a.port = rt.NewPort(a.sink)
	s.mu.Lock()
	s.rt, s.main = rt, a
	gone := s.removed
	s.mu.Unlock()
	if gone {
		a.port.Close()
		return a.port.Cap(caps.All)
	}
	end := func(string) { s.p.start(s.quit) }
	s.onEnd(rt.Monitor(a.port.Cap(caps.Monitor), end))
	s.onEnd(rt.Monitor(reply, end))
	return a.port.Cap(caps.All)
}

// onEnd keeps what takes an interest back, until the terminal is removed.
func (s *session) onEnd(cancel func()) {
	s.mu.Lock()
	late := s.removed
	if !late {
		s.cancel = append(s.cancel, cancel)
	}
	s.mu.Unlock()
	if late {
		cancel()
	}
}

// share makes a capability with some rights: all permissions but that to kill are
// for who holds it, and killing it takes it back.
func (s *session) share(names []string) (runtime.Capability, error) {
	a := &access{s: s, most: sharePending}
	for _, n := range names {
		r, ok := rightNames[n]
		if !ok {
			return runtime.Capability{}, &parseError{errors.New("rights are View, Type and Resize")}
		}
		a.rights |= r
	}
	if a.rights == 0 {
		return runtime.Capability{}, &parseError{errors.New("a share has one right at least: View, Type or Resize")}
	}
	s.mu.Lock()
	switch {
	case s.removed || s.rt == nil:
		s.mu.Unlock()
		return runtime.Capability{}, errEnded
	case len(s.shares) >= s.p.limits.Shares:
		s.mu.Unlock()
		return runtime.Capability{}, &LimitError{"a terminal", "shares", int64(s.p.limits.Shares)}
	}
	rt := s.rt
	a.port = rt.NewPort(a.sink)
	s.shares = append(s.shares, a)
	s.mu.Unlock()
	cancel := rt.Monitor(a.port.Cap(caps.Monitor), func(string) { s.p.start(a.revoke) })
	s.mu.Lock()
	late := !slices.Contains(s.shares, a)
	if !late {
		a.cancel = cancel
	}
	s.mu.Unlock()
	if late {
		cancel()
	}
	return a.port.Cap(caps.All), nil
}

// revoke ends what was shared: its holders watch no longer.
func (a *access) revoke() {
	a.closing.Store(true)
	s := a.s
	s.mu.Lock()
	s.shares = slices.DeleteFunc(s.shares, func(o *access) bool { return o == a })
	gone := s.unwatch(func(w *watcher) bool { return w.a == a })
	s.mu.Unlock()
	stopWatching(gone)
}

// sink takes a message, in the sender's call.
func (a *access) sink(sig *runtime.Signal) {
	if sig.Kind != runtime.SignalMessage || a.closing.Load() {
		return
	}
	s, c := a.s, serde.Of(sig.Data)
	m := message{a: a, cbor: c.CBOR}
	if len(sig.Caps) > 0 {
		m.first, m.args = sig.Caps[0], slices.Clone(sig.Caps[1:])
		if m.first.Perms.Has(caps.Send) {
			m.reply = m.first
		}
	}
	if name, _, err := c.Tag(sig.Data); err == nil {
		m.name = string(name)
	}
	s.mu.Lock()
	taken := s.queue(m, sig.Data)
	s.mu.Unlock()
	if !taken {
		s.client.lost.Add(1)
		s.client.complain(errLost)
	}
}

// queue lets a message wait, and reports false where there is no room. The caller holds
// mu.
func (s *session) queue(m message, data []byte) bool {
	if s.removed {
		return true
	}
	a, answered := m.a, m.reply.Ref.Process != 0
	// Of states and sizes that nobody wants an answer to, the newest counts.
	if (m.name == "State" || m.name == "Resize") && !answered {
		s.inbox = slices.DeleteFunc(s.inbox, func(o message) bool {
			void := o.a == a && o.name == m.name && o.reply.Ref.Process == 0
			if void {
				a.bytes.Add(-o.cost())
				s.client.pending.Add(-o.cost())
			}
			return void
		})
	}
	cost := messageCost + int64(len(data))
	if a.bytes.Load()+cost > a.most || s.client.pending.Load()+cost > s.p.limits.Pending {
		// For a refusal there is twice the room: it takes little.
		m.full, data, cost = answered, nil, messageCost
		if !answered || a.bytes.Load()+cost > 2*a.most {
			return false
		}
	}
	m.data = slices.Clone(data)
	a.bytes.Add(cost)
	s.client.pending.Add(cost)
	s.inbox = append(s.inbox, m)
	s.kick()
	return true
}

// drop forgets what waits. The caller holds mu.
func (s *session) drop() {
	for i := range s.inbox {
		m := &s.inbox[i]
		m.a.bytes.Add(-m.cost())
		s.client.pending.Add(-m.cost())
	}
	s.inbox = nil
}

// kick sees to it that the messages are followed. The caller holds mu.
func (s *session) kick() {
	if s.working.CompareAndSwap(false, true) && !s.p.start(s.work) {
		s.working.Store(false)
	}
}

// work follows messages while there are any.
func (s *session) work() {
	for {
		s.mu.Lock()
		if len(s.inbox) == 0 || s.removed {
			s.working.Store(false)
			s.mu.Unlock()
			return
		}
		m := s.inbox[0]
		s.inbox = s.inbox[1:]
		m.a.bytes.Add(-m.cost())
		s.client.pending.Add(-m.cost())
		s.mu.Unlock()
		if m.a.closing.Load() {
			continue
		}
		v, given, err := s.follow(&m)
		s.respond(&m, v, given, err)
		s.touch()
	}
}

// respond answers who gave a reply address; of others' faults the log hears.
func (s *session) respond(m *message, v any, given []runtime.Capability, err error) {
	c := serde.Codec{CBOR: m.cbor}
	switch {
	case errors.Is(err, errAnswered):
	case m.reply.Ref.Process == 0:
		if err != nil {
			s.client.complain(err)
		}
	case err != nil:
		s.send(m.reply, refusal(c, err))
	default:
		s.send(m.reply, ok(c, v), given...)
	}
}

func (s *session) send(to runtime.Capability, data []byte, given ...runtime.Capability) {
	s.mu.Lock()
	rt := s.rt
	s.mu.Unlock()
	if rt != nil {
		_, _, _ = rt.Accept(to, runtime.Message{Data: data, Caps: given, Origin: "a terminal"})
	}
}

// errAnswered says that nothing more is to be answered.
var errAnswered = errors.New("answered")

// follow does what a message says.
func (s *session) follow(m *message) (answer any, given []runtime.Capability, err error) {
	if m.full {
		return nil, nil, errLost
	}
	c := serde.Codec{CBOR: m.cbor}
	tag, err := c.Tagged(m.data)
	if err != nil {
		return nil, nil, &parseError{err}
	}
	need, known := needs[tag.Name]
	if !known {
		need = own
	}
	if !m.a.rights.has(need) {
		return nil, nil, &RightError{deeds[need]}
	}
	switch tag.Name {
	case "Quit", "Destroy":
		s.p.start(s.quit)
		return "Ok", nil, nil
	case "Describe":
		return map[string]any{"Describe": s.describe(m.a)}, nil, nil
	case "Text":
		var q struct {
			History int `json:"history"`
		}
		if tag.Value != nil {
			if err := c.Decode(tag.Value, &q); err != nil {
				return nil, nil, &parseError{err}
			}
		}
		return map[string]any{"Text": s.text(q.History)}, nil, nil
	case "Copy":
		text := s.copied()
		return map[string]any{"Text": text}, nil, nil
	case "Watch":
		return nil, nil, s.watch(m)
	case "Unwatch":
		s.mu.Lock()
		gone := s.unwatch(func(w *watcher) bool { return w.a == m.a && w.to.Ref == m.first.Ref })
		s.mu.Unlock()
		stopWatching(gone)
		return "Ok", nil, nil
	case "Share":
		names, err := serde.Value[[]string](c, tag)
		if err != nil {
			return nil, nil, &parseError{errors.New("to share, give a list of rights: View, Type and Resize")}
		}
		x, err := s.share(names)
		if err != nil {
			return nil, nil, err
		}
		return "Share", []runtime.Capability{x}, nil
	}
	answer, err = s.apply(c, tag)
	return answer, nil, err
}

// apply follows what changes the terminal.
func (s *session) apply(c serde.Codec, tag serde.Tagged) (any, error) {
	switch tag.Name {
	case "Input", "Paste":
		text, err := serde.Value[string](c, tag)
		if err != nil {
			return nil, &parseError{fmt.Errorf("%s has a text", tag.Name)}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if tag.Name == "Paste" {
			return "Ok", s.paste(text)
		}
		return "Ok", s.typed([]byte(text))
	case "Feed":
		data, err := serde.Value[blob](c, tag)
		if err != nil {
			return nil, &parseError{err}
		}
		return "Ok", s.fill(data)
	case "State":
		w, err := serde.Value[stateWire](c, tag)
		if err != nil {
			return nil, &parseError{err}
		}
		st, err := w.state()
		if err != nil {
			return nil, err
		}
		return "Ok", s.move(st)
	case "Resize":
		q, err := serde.Value[size](c, tag)
		if err != nil {
			return nil, &parseError{err}
		}
		return "Ok", s.refit(q.Columns, q.Rows)
	case "Scroll":
		n, err := serde.Value[int](c, tag)
		if err != nil {
			return nil, &parseError{errors.New("to scroll, give a count of lines, into the history where it is positive")}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.t.Scroll(max(min(n, scrollAll), -scrollAll))
		return "Ok", nil
	case "Select":
		return "Ok", s.choose(c, tag)
	case "Search":
		return s.seek(c, tag)
	}
	return nil, &parseError{errUnknown}
}

// scrollAll is more lines than any history has.
const scrollAll = 1 << 24

type size struct {
	Columns int `json:"columns"`
	Rows    int `json:"rows"`
}

// fill feeds a screen that has no shell.
func (s *session) fill(data []byte) error {
	s.mu.Lock()
	fits := s.phase == fed
	s.mu.Unlock()
	if !fits {
		return errNoScreen
	}
	s.pour(data, nil)
	return nil
}

type sessionDescription struct {
	ID      ID       `json:"id"`
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	Client  string   `json:"client"`
	Kind    string   `json:"kind"` // Terminal or Screen
	Columns int      `json:"columns"`
	Rows    int      `json:"rows"`
	Running bool     `json:"running"`
	Ended   string   `json:"ended"`
	Focused bool     `json:"focused"`
	Rights  []string `json:"rights"`
	State   any      `json:"state"`
}

func (s *session) describe(a *access) sessionDescription {
	i := s.info()
	s.mu.Lock()
	defer s.mu.Unlock()
	d := sessionDescription{
		ID: i.ID, Name: i.Name, Title: i.Title, Client: s.client.name, Kind: "Terminal", Columns: i.Columns, Rows: i.Rows,
		Running: i.PID != 0, Ended: i.Ended, Focused: s.focused, State: s.state.wire(), Rights: []string{},
	}
	if i.Screen {
		d.Kind = "Screen"
	}
	for _, n := range []string{"View", "Type", "Resize"} {
		if a.rights.has(rightNames[n]) {
			d.Rights = append(d.Rights, n)
		}
	}
	return d
}

// maxText bounds the text of a screen, in bytes, so that it fits into a message: of
// what is longer, the end.
const maxText = 128 << 10

// text is what the screen shows, and lines of the history above it, without the blanks
// at the ends of lines.
func (s *session) text(history int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, rows := s.t.Size()
	first, end := s.t.Lines()
	var out []byte
	for n := max(first, end-int64(rows)-int64(min(max(history, 0), scrollAll))); n < end; n++ {
		l, _ := s.t.Line(n)
		from := len(out)
		for _, c := range l.Cells {
			out = s.t.Text(out, c)
		}
		out = append(out[:from], strings.TrimRight(string(out[from:]), " ")...)
		out = append(out, '\n')
	}
	if cut := len(out) - maxText; cut > 0 {
		out = out[cut+bytes.IndexByte(out[cut:], '\n')+1:]
	}
	return string(out)
}
