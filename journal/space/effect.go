package space

import (
	"bytes"
	"fmt"
	"slices"

	"hearth/lumps"
)

// EffectKind says what an execution asks for.
type EffectKind uint8

const (
	EffectMessage EffectKind = 1 // a message to a durable mailbox
	EffectRequest EffectKind = 2 // a message to a service whose answers are part of the fold
	EffectExit    EffectKind = 3 // the end of a process: its own, or one it kills
	EffectWatch   EffectKind = 4
	EffectLink    EffectKind = 5
	EffectUnlink  EffectKind = 6
	EffectDown    EffectKind = 7 // of the kernel
	EffectResume  EffectKind = 8 // of the kernel
)

// Effect is what an execution caused and what some event must record: exactly
// one event has its cause. Effects that leave the durable world are not here.
type Effect struct {
	Cause Cause       `cbor:"cause"`
	Kind  EffectKind  `cbor:"kind"`
	To    Cap         `cbor:"to"` // whom it concerns: receiver, service, victim, watched
	By    Ref         `cbor:"by"`
	Body  []byte      `cbor:"body,omitempty"`
	Blob  lumps.CID   `cbor:"blob,omitzero"`
	Caps  []Cap       `cbor:"caps,omitempty"`
	Lumps []lumps.CID `cbor:"lumps,omitempty"`
	// Reason and Code belong to an exit or a down, Monitor to a down.
	Reason  string `cbor:"reason,omitempty"`
	Code    int32  `cbor:"code,omitempty"`
	Detail  string `cbor:"detail,omitempty"`
	Monitor uint64 `cbor:"monitor,omitempty"`
}

// Event gives the event that records e, or nil for a request: its outcome is
// decided by the host.
func (e *Effect) Event() Event {
	h := Header{Cause: e.Cause}
	switch e.Kind {
	case EffectMessage:
		return &Message{Header: h, To: e.To.Ref, Body: e.Body, Blob: e.Blob, Caps: e.Caps, Lumps: e.Lumps}
	case EffectExit:
		return &Exit{Header: h, Process: e.To.Ref.Process, Reason: e.Reason, Code: e.Code, Detail: e.Detail}
	case EffectWatch:
		return &Watch{Header: h, By: e.By, Target: e.To}
	case EffectLink, EffectUnlink:
		return &Link{Header: h, Process: e.By.Process, Target: e.To, Unlink: e.Kind == EffectUnlink}
	case EffectDown:
		return &Down{Header: h, To: e.By, Monitor: e.Monitor, Cap: e.To, Reason: e.Reason}
	case EffectResume:
		return &Resume{Header: h, Process: e.To.Ref.Process}
	}
	return nil
}

// MismatchError reports a replay in which a process did something else than the
// journal says it did.
type MismatchError struct {
	Seq   uint64 // the recorded event
	Cause Cause
	What  string
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("replay differs from the journal at event %d: %s", e.Seq, e.What)
}

// Match compares an effect of a replay with the event that was recorded for it.
func Match(e *Effect, rec Event) error {
	h := rec.header()
	bad := func(what string) error { return &MismatchError{Seq: h.Seq, Cause: e.Cause, What: what} }
	if h.Cause != e.Cause {
		return bad(fmt.Sprintf("it is recorded for effect %s and compared with %s", h.Cause, e.Cause))
	}
	if _, ok := rec.(*Resolved); ok && (e.Kind == EffectRequest || e.Kind == EffectMessage) {
		return nil
	}
	if e.Kind == EffectRequest {
		to := e.ReplyTo()
		switch r := rec.(type) {
		case *Message:
			if r.To != to.Ref {
				return bad(fmt.Sprintf("an answer to %s is recorded, the request names %s", r.To, to.Ref))
			}
		case *Spawn:
			if r.Reply != nil && r.Reply.To != to {
				return bad(fmt.Sprintf("a spawn for %s is recorded, the request names %s", r.Reply.To.Ref, to.Ref))
			}
		case *Register:
			if r.Reply != nil && r.Reply.To != to {
				return bad(fmt.Sprintf("a registration for %s is recorded, the request names %s", r.Reply.To.Ref, to.Ref))
			}
		case *Timer:
			if r.To != to {
				return bad(fmt.Sprintf("a timer for %s is recorded, the request names %s", r.To.Ref, to.Ref))
			}
		default:
			return bad(fmt.Sprintf("a %s is recorded for a request to %s", rec.Kind(), e.To.Ref))
		}
		return nil
	}
	if what := e.differs(rec); what != "" {
		return bad(what)
	}
	return nil
}

// differs says what the recorded event has that the effect has not, or "". Texts
// for people take no part.
func (e *Effect) differs(rec Event) string {
	h := rec.header()
	other := func(part string) string {
		return fmt.Sprintf("the %s that process %d causes has another %s than the recorded one", rec.Kind(), e.Cause.Process, part)
	}
	if h.Origin != "" {
		return other("origin")
	}
	switch r := rec.(type) {
	case *Message:
		if e.Kind == EffectMessage {
			switch {
			case r.To != e.To.Ref:
				return other("receiver")
			case !bytes.Equal(r.Body, e.Body) || r.Blob != e.Blob:
				return other("body")
			case !slices.Equal(r.Caps, e.Caps):
				return other("list of capabilities")
			case !slices.Equal(r.Lumps, e.Lumps):
				return other("list of lumps")
			case r.Key != "" || r.Timer != 0:
				return other("key or timer")
			}
			return ""
		}
	case *Exit:
		if e.Kind == EffectExit {
			switch {
			case r.Process != e.To.Ref.Process:
				return other("process")
			case r.Reason != e.Reason || r.Code != e.Code || r.From != 0:
				return other("reason")
			}
			return ""
		}
	case *Watch:
		if e.Kind == EffectWatch {
			if r.By != e.By || r.Target != e.To {
				return other("watcher or target")
			}
			return ""
		}
	case *Link:
		if e.Kind == EffectLink || e.Kind == EffectUnlink {
			if r.Process != e.By.Process || r.Target != e.To || r.Unlink != (e.Kind == EffectUnlink) {
				return other("process, target or direction")
			}
			return ""
		}
	case *Down:
		if e.Kind == EffectDown {
			if r.To != e.By || r.Monitor != e.Monitor || r.Cap != e.To || r.Reason != e.Reason {
				return other("receiver, monitor, capability or reason")
			}
			return ""
		}
	case *Resume:
		if e.Kind == EffectResume {
			if r.Process != e.To.Ref.Process {
				return other("process")
			}
			return ""
		}
	}
	if ev := e.Event(); ev != nil {
		return fmt.Sprintf("a %s is recorded where process %d causes a %s", rec.Kind(), e.Cause.Process, ev.Kind())
	}
	return fmt.Sprintf("a %s is recorded where process %d causes effect %d", rec.Kind(), e.Cause.Process, e.Kind)
}

// ReplyTo is the address that a request gives: its first capability.
func (e *Effect) ReplyTo() Cap {
	if len(e.Caps) == 0 {
		return Cap{}
	}
	return e.Caps[0]
}
