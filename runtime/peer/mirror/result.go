package mirror

import "hearth/lumps"

// Move is what became of a root.
type Move struct {
	Root string    `cbor:"root"`
	From lumps.CID `cbor:"from"` // zero: there was none
	To   lumps.CID `cbor:"to"`   // what it names now
	// Already says that nothing had to be moved: the root named that, or a later
	// snapshot of the same history.
	Already bool `cbor:"already"`
}

// Result says what a push or a pull did.
type Result struct {
	Snapshot lumps.CID // that was pushed or pulled, zero if only roots or lumps were
	Moves    []Move
	Blocks   int64 // that the receiver lacked and has now
	Bytes    int64 // of those blocks
	Lumps    int64 // loose ones among what moved
	// Wire is what the connection carried for it both ways, as far as this end can
	// tell: the frames of this package and, where the session counts them, the
	// block exchange.
	Wire int64
	// RoundTrips is how often this end waited for an answer to a frame of this
	// package. The waits of a fetch overlap and are not among them.
	RoundTrips int
}

// Progress is how far a push or a pull is.
type Progress struct {
	Blocks, Bytes int64 // that the receiver has got
}
