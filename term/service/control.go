package service

import (
	"cmp"
	"errors"
	"slices"

	"hearth/runtime"
	"hearth/runtime/serde"
	"hearth/term/input"
)

// Whoever controls this program through its socket is the person at the screen, with
// other hands: they list the terminals, open others, and tell them what a
// capability would.

// errControl answers others.
var errControl = errors.New("only who controls this program through its socket may do this; ask the terminal itself")

// errTell answers what needs a capability that a control cannot give or take.
var errTell = errors.New("this is for who holds a capability to the terminal; a control may tell it the rest")

// listed is a terminal in the answer to List.
type listed struct {
	ID      ID     `json:"id"`
	Name    string `json:"name"`
	Title   string `json:"title"`
	Who     string `json:"who"`
	Kind    string `json:"kind"` // Terminal or Screen
	Columns int    `json:"columns"`
	Rows    int    `json:"rows"`
	PID     int    `json:"pid"`   // of the shell; 0: none runs
	Ended   string `json:"ended"` // how the shell ended
	Focused bool   `json:"focused"`
}

// maxListed bounds an answer to List, so that it fits into a message.
const maxListed = 1024

// told is the value of Tell.
type told struct {
	Terminal ID  `json:"terminal"`
	Message  raw `json:"message"`
}

// raw is a value in the encoding that it came in.
type raw []byte

func (x *raw) UnmarshalJSON(b []byte) error { *x = slices.Clone(b); return nil }
func (x *raw) UnmarshalCBOR(b []byte) error { *x = slices.Clone(b); return nil }

// isControl tells whether a request to the factory is one of a control.
func isControl(name string) bool { return name == "List" || name == "Tell" || name == "Open" }

// control follows it.
func (p *Plugin) control(r *runtime.Request, reply runtime.Capability, c serde.Codec, t serde.Tagged) (any, error) {
	if _, remote := ownerOf(r.Sender, reply); remote || !r.Sender.Host {
		return nil, errControl
	}
	switch t.Name {
	case "List":
		return map[string]any{"List": p.listed()}, nil
	case "Open":
		return p.openThere(c, t)
	}
	v, err := serde.Value[told](c, t)
	if err != nil {
		return nil, &parseError{err}
	}
	s := p.session(v.Terminal)
	if s == nil {
		return nil, errEnded
	}
	tag, err := c.Tagged(v.Message)
	if err != nil {
		return nil, &parseError{err}
	}
	switch tag.Name {
	case "Watch", "Unwatch", "Share":
		return nil, errTell
	case "Screen":
		return s.look(c, tag)
	}
	if text, _ := serde.Value[string](c, tag); tag.Name == "Input" && text == "\r" && s.hasEnded() {
		// This is the key that the screen tells the person to press.
		s.press(input.Key{Code: input.Enter})
		s.touch()
		return "Ok", nil
	}
	answer, _, err := s.follow(&message{a: &access{s: s, rights: all}, name: tag.Name, data: v.Message, cbor: c.CBOR})
	s.touch()
	return answer, err
}

// hasEnded tells whether the shell of a terminal has ended.
func (s *session) hasEnded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.phase == ended
}

func (p *Plugin) listed() []listed {
	all := p.List()
	out := make([]listed, 0, len(all))
	for _, i := range all[:min(len(all), maxListed)] {
		kind := "Terminal"
		if i.Screen {
			kind = "Screen"
		}
		out = append(out, listed{i.ID, i.Name, i.Title, i.Who, kind, i.Columns, i.Rows, i.PID, i.Ended, i.Focused})
	}
	slices.SortFunc(out, func(a, b listed) int { return cmp.Compare(a.ID, b.ID) })
	return out
}
