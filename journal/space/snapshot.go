package space

import (
	"context"
	"fmt"

	"hearth/lumps"
	"hearth/store"
)

// RootSnapshot is the store's root that names the newest snapshot.
const RootSnapshot = "space/snapshot"

// Snapshot is the lump that wraps a state: where in which history it stands.
//
//	{hearth: "snapshot", format, state: link, seq, chain: bytes, time, text,
//	 parent: link or null, journal: link or null, epoch: {...}}
type Snapshot struct {
	Hearth  string    `cbor:"hearth"`
	Format  int       `cbor:"format"`
	State   lumps.CID `cbor:"state"`
	Seq     uint64    `cbor:"seq"`
	Chain   []byte    `cbor:"chain"` // hash of the event at Seq
	Time    int64     `cbor:"time"`  // when it was taken, Unix nanoseconds
	Clock   int64     `cbor:"clock"` // time of the event at Seq
	Text    string    `cbor:"text"`
	Parent  lumps.CID `cbor:"parent"`
	Journal lumps.CID `cbor:"journal"` // manifest of the last sealed segment, up to Seq
	Epoch   EpochInfo `cbor:"epoch"`
}

// EncodeSnapshot stores the wrapping lump.
func EncodeSnapshot(s *Snapshot, put Put) (lumps.CID, error) {
	s.Hearth, s.Format = "snapshot", Format
	return putNode(put, s)
}

// LoadSnapshot reads a snapshot lump.
func LoadSnapshot(ctx context.Context, get Get, c lumps.CID) (*Snapshot, error) {
	data, err := get(ctx, c)
	if err != nil {
		return nil, err
	}
	s := new(Snapshot)
	if c.Codec() != lumps.DagCBOR || lumps.Unmarshal(data, s) != nil || s.Hearth != "snapshot" {
		return nil, fmt.Errorf("%s is not a space snapshot: %w", c, ErrBadState)
	}
	if s.Format > Format {
		return nil, &FormatError{Found: s.Format}
	}
	if len(s.Chain) != 32 {
		return nil, fmt.Errorf("%s: %w", c, ErrBadState)
	}
	return s, nil
}

// Load reads the state of a snapshot, ready to fold what follows it.
func (s *Snapshot) Load(ctx context.Context, get Get) (*State, error) {
	st, err := LoadState(ctx, get, s.State)
	if err != nil {
		return nil, err
	}
	st.Kernel.Seq, st.Kernel.Time, st.Kernel.Epoch = s.Seq, s.Clock, s.Epoch
	return st, nil
}

// Getter adapts a block store.
func Getter(b store.Blocks) Get {
	return func(ctx context.Context, c lumps.CID) ([]byte, error) { return b.Get(ctx, c) }
}
