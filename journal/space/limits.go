package space

// Limits bound a durable process. They are fixed when it is spawned and are part
// of its history: replay applies the same ones.
type Limits struct {
	_     struct{} `cbor:",toarray"`
	Pages uint32   // linear memory, in wasm pages of 64 KiB
	Fuel  uint64   // units for one event; a handler that needs more is a runaway
	Depth uint32   // units of call stack
	Table uint32   // capabilities that it may hold
	Boxes uint32   // mailboxes
	Held  uint32   // lumps that it may hold
}

// DefaultLimits are what a process gets that asks for nothing else.
var DefaultLimits = Limits{
	Pages: 1024,          // 64 MiB
	Fuel:  2_000_000_000, // a few seconds of a tight loop
	Depth: 1 << 20,
	Table: 1 << 16,
	Boxes: 1 << 12,
	Held:  1 << 14,
}

const (
	// MaxMessage bounds the body of a message. Larger content is a lump, and the
	// message names it.
	MaxMessage = 1 << 20
	// MaxInline is the largest body that stands in the event itself; a larger one
	// is a lump, so that the journal stays quick to read.
	MaxInline = 32 << 10
	// MaxCaps bounds the capabilities in a message.
	MaxCaps = 1 << 10
	// MaxLumps bounds the lumps that a message names.
	MaxLumps = 1 << 10
	// MaxEffects bounds what one execution may cause: a handler that sends more
	// traps, before it can fill the journal.
	MaxEffects = 1 << 16
	// MaxKeys is how many idempotency keys a space remembers; the oldest go first.
	MaxKeys = 1 << 16
	// MaxKey bounds an idempotency key, MaxName a name, in bytes.
	MaxKey  = 128
	MaxName = 255
	// MaxOrigin bounds the text that says who asked.
	MaxOrigin = 128
	// MaxText bounds the texts in events that are for people; longer ones are cut.
	MaxText = 1024
	// MaxEvent bounds the body of an event: a body of MaxInline with as many
	// capabilities and lumps as a message may have, and a half of what a block may
	// hold, because timers and effects become values of the state's trees.
	MaxEvent = 512 << 10
)

// Transient PIDs begin here: transientBase + epoch*transientSpan + n, so that
// they never meet a seq, fit in the 53 bits of a JSON number and can be read.
const (
	transientBase = 1_000_000_000_000_000
	transientSpan = 1_000_000_000
)

// TransientPID returns the PID of the n-th transient process of an epoch.
func TransientPID(epoch, n uint64) uint64 { return transientBase + epoch*transientSpan + n }

// IsTransient reports whether a PID is of the transient kind.
func IsTransient(pid uint64) bool { return pid >= transientBase }

// EpochOf returns the epoch of a transient PID.
func EpochOf(pid uint64) uint64 { return (pid - transientBase) / transientSpan }
