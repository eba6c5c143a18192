package space

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"hearth/journal"
	"hearth/lumps"
)

// ErrTooLarge reports an event over a limit: it was not recorded.
var ErrTooLarge = errors.New("too large for one event; put the content in a lump and name the lump")

// Encode returns the body of an event's record. Texts for people are cut to what
// a record takes. An event that could not be read again is refused, with
// ErrTooLarge or ErrBadEvent.
func Encode(e Event) ([]byte, error) {
	tidy(e)
	if name := invalidText(e); name != "" {
		return nil, fmt.Errorf("a %s whose %s is no UTF-8 text: %w", e.Kind(), name, ErrBadEvent)
	}
	if s, ok := e.(*Spawn); ok && s.Program.Limits.Fuel > math.MaxInt64 {
		return nil, fmt.Errorf("a limit of %d units of fuel: %w", s.Program.Limits.Fuel, ErrTooLarge)
	}
	var body []byte
	if m, ok := e.(*Message); ok {
		body = m.append(make([]byte, 0, m.size()))
	} else {
		var err error
		if body, err = lumps.Marshal(e); err != nil {
			return nil, err
		}
	}
	if len(body) > MaxEvent {
		return nil, fmt.Errorf("a %s of %d bytes (limit %d): %w", e.Kind(), len(body), MaxEvent, ErrTooLarge)
	}
	return body, nil
}

// tidy makes texts that come from guests and errors texts of a record.
func tidy(e Event) {
	text := func(s *string, n int) {
		if len(*s) > n {
			*s = (*s)[:n]
		}
		*s = strings.ToValidUTF8(*s, "?")
	}
	text(&e.header().Origin, MaxOrigin)
	switch e := e.(type) {
	case *Spawn:
		text(&e.Failed, MaxText)
	case *Exit:
		text(&e.Detail, MaxText)
	case *Resolved:
		text(&e.Reason, MaxText)
	}
}

// invalidText names the first text that dag-cbor cannot hold.
func invalidText(e Event) string {
	caps := func(cs []Cap) bool {
		for i := range cs {
			if s := cs[i].Ref.Service; s != "" && !utf8.ValidString(s) {
				return false
			}
		}
		return true
	}
	reply := func(r *Reply) bool { return r == nil || utf8.ValidString(r.To.Ref.Service) }
	ok := true
	switch e := e.(type) {
	case *Message:
		if !utf8.ValidString(e.Key) {
			return "key"
		}
		ok = utf8.ValidString(e.To.Service) && caps(e.Caps)
	case *Spawn:
		if !utf8.ValidString(e.Key) {
			return "key"
		}
		ok = utf8.ValidString(e.Service) && caps(e.Table) && reply(e.Reply)
	case *Register:
		ok = utf8.ValidString(e.Name) && utf8.ValidString(e.Cap.Ref.Service) && reply(e.Reply)
	case *Root:
		ok = utf8.ValidString(e.Name)
	case *Down:
		ok = utf8.ValidString(e.To.Service) && utf8.ValidString(e.Cap.Ref.Service) && utf8.ValidString(e.Reason)
	case *Exit:
		ok = utf8.ValidString(e.Reason)
	case *Watch:
		ok = utf8.ValidString(e.By.Service) && utf8.ValidString(e.Target.Ref.Service)
	case *Link:
		ok = utf8.ValidString(e.Target.Ref.Service)
	case *Timer:
		ok = utf8.ValidString(e.To.Ref.Service) && caps(e.Caps)
	case *Epoch:
		for k, v := range e.Versions {
			ok = ok && utf8.ValidString(k) && utf8.ValidString(v)
		}
	}
	if !ok {
		return "name"
	}
	return ""
}

// Decode reads a record.
func Decode(r journal.Record) (Event, error) {
	e, err := decode(Kind(r.Kind), r.Body)
	if err != nil {
		return nil, fmt.Errorf("event %d: %w", r.Seq, err)
	}
	h := e.header()
	h.Seq, h.Time = r.Seq, r.Time
	return e, nil
}

func decode(kind Kind, body []byte) (Event, error) {
	if len(body) > MaxEvent {
		return nil, fmt.Errorf("a %s of %d bytes (limit %d): %w", kind, len(body), MaxEvent, ErrBadEvent)
	}
	if kind == KindMessage {
		if m := parseMessage(body); m != nil {
			return m, nil
		}
	}
	e := newEvent(kind)
	if e == nil {
		return nil, fmt.Errorf("it is of kind %d, which this version does not know: %w", kind, ErrBadEvent)
	}
	if err := lumps.Unmarshal(body, e); err != nil {
		return nil, fmt.Errorf("%s: %w (%v)", kind, ErrBadEvent, err)
	}
	return e, nil
}
