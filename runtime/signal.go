package runtime

import (
	"sync"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime/caps"
)

// SignalKind is the kind of a signal as guests see it.
type SignalKind uint32

const (
	SignalMessage SignalKind = 0
	SignalDown    SignalKind = 1
	SignalResume  SignalKind = 2
)

// Capability is what a table entry or a message carries.
type Capability struct {
	Ref   space.Ref
	Perms caps.Perms
	// Box is the live mailbox, nil where it is durable or dead. It is a cache of
	// Ref and no part of identity.
	Box *Mailbox
}

func (c Capability) plain() space.Cap { return space.Cap{Ref: c.Ref, Perms: uint8(c.Perms)} }

func plainCaps(cs []Capability) []space.Cap {
	if len(cs) == 0 {
		return nil
	}
	out := make([]space.Cap, len(cs))
	for i, c := range cs {
		out[i] = c.plain()
	}
	return out
}

// Mailbox is where the signals for one address of a live process arrive.
type Mailbox struct {
	proc   *Process
	ref    space.Ref
	handle uint32 // by which the owner knows it
	// sink takes the signals of a port of the host at once, in the sender's call.
	// It keeps nothing of the signal.
	sink func(s *Signal)

	// dead and queue are guarded by the process's mu. Only a process that waits
	// for a certain mailbox (a blocking guest) has a queue here.
	dead  bool
	queue []*Signal
}

// Cap returns a capability to the mailbox.
func (b *Mailbox) Cap(p caps.Perms) Capability { return Capability{Ref: b.ref, Perms: p, Box: b} }

// inlineData is how many bytes of a message travel inside the signal: what most
// messages between guests have.
const inlineData = 96

// Signal is what a mailbox receives. A body may keep neither it nor what it
// points to beyond the call.
type Signal struct {
	Kind  SignalKind
	Box   uint32 // handle of the mailbox it is for
	Data  []byte
	Caps  []Capability
	Lumps []lumps.CID

	// Seq and Time are the position and time of the event; 0 for a transient
	// process.
	Seq  uint64
	Time int64

	request *Request // set for services, where a durable process asks
	sender  *Sender  // set for services, otherwise
	inline  [inlineData]byte
	// one is room for the capability that most messages with any have; of a down
	// signal, it is what died.
	one [1]Capability
}

// Down is what a down signal tells the end of.
func (s *Signal) Down() Capability { return s.one[0] }

var signalPool = sync.Pool{New: func() any { return new(Signal) }}

// newSignal returns a message with a copy of data.
func newSignal(data []byte) *Signal {
	s := signalPool.Get().(*Signal)
	if len(data) <= inlineData {
		s.Data = s.inline[:copy(s.inline[:], data)]
	} else {
		s.Data = append([]byte(nil), data...)
	}
	return s
}

func (s *Signal) free() {
	s.reset()
	signalPool.Put(s)
}

func (s *Signal) reset() {
	if s.Caps != nil || s.Lumps != nil || s.request != nil || s.Kind != SignalMessage {
		s.Caps, s.Lumps, s.request, s.Kind = nil, nil, nil, SignalMessage
		s.one[0] = Capability{}
	}
	s.Data, s.Box, s.Seq, s.Time, s.sender = nil, 0, 0, 0, nil
}
