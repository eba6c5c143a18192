package space

import (
	"errors"
	"fmt"

	"hearth/lumps"
)

// Format is the version of events, states and snapshots. A world of a newer
// format is refused.
const Format = 1

// Kind says what an event is. The numbers are on disk.
type Kind uint16

const (
	KindGenesis    Kind = 1  // the first event of every journal: names the space
	KindEpoch      Kind = 2  // a server starts on the space
	KindSpawn      Kind = 3  // a durable process begins; its PID is the event's seq
	KindMessage    Kind = 4  // a message is accepted for a durable process
	KindDown       Kind = 5  // a monitored capability died
	KindExit       Kind = 6  // a durable process ends
	KindRegister   Kind = 7  // a name is bound to a durable capability
	KindWatch      Kind = 8  // a durable process monitors a capability; the monitor's id is the event's seq
	KindLink       Kind = 9  // two processes are linked or unlinked
	KindTimer      Kind = 10 // a timer is set; its id is the event's seq
	KindRoot       Kind = 11 // a root of the space is set or removed
	KindCheckpoint Kind = 12 // a snapshot was taken; changes nothing
	KindResolved   Kind = 13 // an effect ended without any other event
	KindResume     Kind = 14 // a process that asked for it hears of the new epoch
)

var kindNames = map[Kind]string{
	KindGenesis: "genesis", KindEpoch: "epoch", KindSpawn: "spawn", KindMessage: "message",
	KindDown: "down", KindExit: "exit", KindRegister: "register", KindWatch: "watch",
	KindLink: "link", KindTimer: "timer", KindRoot: "root", KindCheckpoint: "checkpoint",
	KindResolved: "resolved", KindResume: "resume",
}

func (k Kind) String() string {
	if s, ok := kindNames[k]; ok {
		return s
	}
	return fmt.Sprintf("kind-%d", uint16(k))
}

// ErrBadEvent reports a record whose body is no event of its kind.
var ErrBadEvent = errors.New("not an event")

// Cause names the effect that an event records: the index-th effect of the
// process while it executed the event seq. Process 0 is the kernel. The zero
// Cause means that the event came from outside.
type Cause struct {
	_       struct{} `cbor:",toarray"`
	Process uint64
	Seq     uint64
	Index   uint32
}

// MarshalCBOR writes the list that the struct is. The library would not leave an
// empty one out where it writes it itself.
func (c Cause) MarshalCBOR() ([]byte, error) { return c.append(make([]byte, 0, 24)), nil }

func (c *Cause) append(b []byte) []byte {
	b = appendHead(append(b, 0x83), 0, c.Process)
	b = appendHead(b, 0, c.Seq)
	return appendHead(b, 0, uint64(c.Index))
}

// IsZero reports an event from outside.
func (c Cause) IsZero() bool { return c.Seq == 0 }

func (c Cause) String() string { return fmt.Sprintf("%d@%d.%d", c.Process, c.Seq, c.Index) }

// Before orders causes as outstanding effects are appended after a restart.
func (c Cause) Before(d Cause) bool {
	if c.Seq != d.Seq {
		return c.Seq < d.Seq
	}
	if c.Process != d.Process {
		return c.Process < d.Process
	}
	return c.Index < d.Index
}

// RefKind says what a reference reaches.
type RefKind uint8

const (
	RefNone      RefKind = 0 // nothing: a capability that was never alive
	RefDurable   RefKind = 1 // a mailbox of a durable process
	RefTransient RefKind = 2 // a mailbox of a process that lives in one epoch only
	RefService   RefKind = 3 // a native service, bound by name
)

// Ref identifies a mailbox for ever: PIDs and mailbox ids are never used again.
// It is comparable.
type Ref struct {
	_       struct{} `cbor:",toarray"`
	Kind    RefKind
	Process uint64 // PID; 0 for a service
	Mailbox uint64 // 0 is the parent mailbox
	Service string
}

func (r Ref) String() string {
	switch r.Kind {
	case RefService:
		return r.Service
	case RefNone:
		return "nothing"
	}
	if r.Mailbox == 0 {
		return fmt.Sprint(r.Process)
	}
	return fmt.Sprintf("%d/%d", r.Process, r.Mailbox)
}

// Cap is a capability as plain data.
type Cap struct {
	_     struct{} `cbor:",toarray"`
	Ref   Ref
	Perms uint8
}

// IsZero reports a capability to nothing.
func (c Cap) IsZero() bool { return c.Ref.Kind == RefNone }

// Reply is an answer that the kernel sends when an event is folded.
type Reply struct {
	To   Cap    `cbor:"to"`
	Body []byte `cbor:"body"`
}

// Header is what every event has beside its body. Every event type embeds it.
type Header struct {
	Seq  uint64 `cbor:"-"`
	Time int64  `cbor:"-"` // Unix nanoseconds

	Cause  Cause  `cbor:"cause,omitzero"`
	Origin string `cbor:"origin,omitempty"` // who asked, for input from outside
}

func (h *Header) header() *Header { return h }

// Event is one of the event types below, by pointer.
type Event interface {
	Kind() Kind
	header() *Header
}

// HeaderOf returns the common part of an event.
func HeaderOf(e Event) *Header { return e.header() }

// Genesis is the first event of a journal.
type Genesis struct {
	Header
	Format int    `cbor:"format"`
	Space  []byte `cbor:"space"`  // 16 random bytes
	Branch []byte `cbor:"branch"` // 16 random bytes; a fork gets its own
	Limits Limits `cbor:"limits"`
}

// Epoch says that a server started on the space.
type Epoch struct {
	Header
	Number   uint64            `cbor:"number"`
	Entropy  []byte            `cbor:"entropy"` // 32 bytes that seed the randomness of guests
	Versions map[string]string `cbor:"versions"`
	Branch   []byte            `cbor:"branch,omitempty"` // set where a fork begins
}

// Program pins what executes a process, each part by CID or value, so that old
// history never needs an old rewriter.
type Program struct {
	Module   lumps.CID `cbor:"module"`
	Code     lumps.CID `cbor:"code"`  // the rewritten module
	Image    lumps.CID `cbor:"image"` // memory and globals after initialisation
	Rewriter int       `cbor:"rewriter"`
	ABI      int       `cbor:"abi"`
	Limits   Limits    `cbor:"limits"`
	Resume   bool      `cbor:"resume,omitempty"` // exports _hearth_resume
}

// Spawn begins a durable process, or records that a request for one failed.
type Spawn struct {
	Header
	Failed  string  `cbor:"failed,omitempty"` // why there is no process
	Program Program `cbor:"program"`
	Parent  uint64  `cbor:"parent,omitempty"`
	Service string  `cbor:"service,omitempty"` // a name that it is registered under
	Table   []Cap   `cbor:"table,omitempty"`   // its capabilities from handle 0
	Arg     []byte  `cbor:"arg,omitempty"`     // its first message
	HasArg  bool    `cbor:"hasArg,omitempty"`
	Reply   *Reply  `cbor:"reply,omitempty"` // gets the child's capability
	Key     string  `cbor:"key,omitempty"`
}

// Message is accepted for a mailbox of a durable process.
type Message struct {
	Header
	To    Ref         `cbor:"to"`
	Body  []byte      `cbor:"body,omitempty"`
	Blob  lumps.CID   `cbor:"blob,omitzero"` // the body, where it is larger than MaxInline
	Caps  []Cap       `cbor:"caps,omitempty"`
	Lumps []lumps.CID `cbor:"lumps,omitempty"` // what the message names and so grants
	Key   string      `cbor:"key,omitempty"`   // idempotency key
	Timer uint64      `cbor:"timer,omitempty"` // the timer that fired
}

// Down tells a mailbox that a monitored capability died.
type Down struct {
	Header
	To      Ref    `cbor:"to"`
	Monitor uint64 `cbor:"monitor"`
	Cap     Cap    `cbor:"cap"`
	Reason  string `cbor:"reason"`
}

// Exit ends a durable process.
type Exit struct {
	Header
	Process uint64 `cbor:"process"`
	Reason  string `cbor:"reason"`
	Code    int32  `cbor:"code,omitempty"`
	Detail  string `cbor:"detail,omitempty"` // for people: a trap's first line
	From    uint64 `cbor:"from,omitempty"`   // of a quarantine: the event from which on nothing was executed
}

// The reasons for which a process ends. Only ReasonNormal leaves linked
// processes alive.
const (
	ReasonNormal       = "normal"
	ReasonKilled       = "killed"
	ReasonTrap         = "trap"
	ReasonFuel         = "fuel"
	ReasonMemory       = "memory"
	ReasonLinked       = "linked"
	ReasonExited       = "exited" // with a code that is not 0
	ReasonRestart      = "restart"
	ReasonQuarantined  = "quarantined"
	ReasonNoProcess    = "noproc"       // it had ended before it was watched
	ReasonInaccessible = "inaccessible" // the connection to its peer ended
)

// Register binds a name to a durable capability.
type Register struct {
	Header
	Name  string `cbor:"name"`
	Cap   Cap    `cbor:"cap"`
	Reply *Reply `cbor:"reply,omitempty"`
}

// Watch makes a mailbox hear of the end of a capability.
type Watch struct {
	Header
	By     Ref `cbor:"by"`
	Target Cap `cbor:"target"`
}

// Link ties the ends of two processes together, or unties them.
type Link struct {
	Header
	Process uint64 `cbor:"process"`
	Target  Cap    `cbor:"target"`
	Unlink  bool   `cbor:"unlink,omitempty"`
}

// Timer asks for a message at a later time.
type Timer struct {
	Header
	Due  int64  `cbor:"due"` // Unix nanoseconds
	To   Cap    `cbor:"to"`
	Body []byte `cbor:"body,omitempty"`
	Caps []Cap  `cbor:"caps,omitempty"`
}

// Root sets a root of the space, or removes it where CID is zero.
type Root struct {
	Header
	Name string    `cbor:"name"`
	CID  lumps.CID `cbor:"cid"`
	Size int64     `cbor:"size,omitempty"`
}

// Checkpoint puts a snapshot under the chain.
type Checkpoint struct {
	Header
	Snapshot lumps.CID `cbor:"snapshot"`
	At       uint64    `cbor:"at"` // the seq that the snapshot stands at
	State    lumps.CID `cbor:"state"`
}

// Resolved ends an effect that led to no other event: a request whose answer
// went outside, a message refused at a hard limit.
type Resolved struct {
	Header
	Reason string `cbor:"reason,omitempty"`
}

// Resume is the signal of kind 2.
type Resume struct {
	Header
	Process uint64 `cbor:"process"`
}

func (*Genesis) Kind() Kind    { return KindGenesis }
func (*Epoch) Kind() Kind      { return KindEpoch }
func (*Spawn) Kind() Kind      { return KindSpawn }
func (*Message) Kind() Kind    { return KindMessage }
func (*Down) Kind() Kind       { return KindDown }
func (*Exit) Kind() Kind       { return KindExit }
func (*Register) Kind() Kind   { return KindRegister }
func (*Watch) Kind() Kind      { return KindWatch }
func (*Link) Kind() Kind       { return KindLink }
func (*Timer) Kind() Kind      { return KindTimer }
func (*Root) Kind() Kind       { return KindRoot }
func (*Checkpoint) Kind() Kind { return KindCheckpoint }
func (*Resolved) Kind() Kind   { return KindResolved }
func (*Resume) Kind() Kind     { return KindResume }

func newEvent(k Kind) Event {
	switch k {
	case KindGenesis:
		return new(Genesis)
	case KindEpoch:
		return new(Epoch)
	case KindSpawn:
		return new(Spawn)
	case KindMessage:
		return new(Message)
	case KindDown:
		return new(Down)
	case KindExit:
		return new(Exit)
	case KindRegister:
		return new(Register)
	case KindWatch:
		return new(Watch)
	case KindLink:
		return new(Link)
	case KindTimer:
		return new(Timer)
	case KindRoot:
		return new(Root)
	case KindCheckpoint:
		return new(Checkpoint)
	case KindResolved:
		return new(Resolved)
	case KindResume:
		return new(Resume)
	}
	return nil
}

// LumpsOf lists the lumps that an event names: what must be stored for the
// event to be executed again.
func LumpsOf(e Event) []lumps.CID {
	switch e := e.(type) {
	case *Spawn:
		if e.Failed != "" {
			return nil
		}
		return []lumps.CID{e.Program.Module, e.Program.Code, e.Program.Image}
	case *Message:
		if e.Blob.IsZero() {
			return e.Lumps
		}
		return append([]lumps.CID{e.Blob}, e.Lumps...)
	case *Root:
		if !e.CID.IsZero() {
			return []lumps.CID{e.CID}
		}
	}
	return nil
}
