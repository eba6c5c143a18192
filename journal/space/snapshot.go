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

// What a lump that wraps something says it is, under the key "hearth".
const (
	snapshotMark = "snapshot"
	manifestMark = "segment"
)

// wrapper checks what a lump says it is and of which version, before the rest is
// read: what a newer program wrote is called that, and not damage.
func wrapper(c lumps.CID, data []byte, mark string) error {
	var h struct {
		Hearth string `cbor:"hearth"`
		Format int    `cbor:"format"`
	}
	if c.Codec() != lumps.DagCBOR || lumps.Unmarshal(data, &h) != nil || h.Hearth != mark || h.Format < 1 {
		return notA(c, mark)
	}
	if h.Format > Format {
		return &FormatError{Found: h.Format}
	}
	return nil
}

func notA(c lumps.CID, mark string) error {
	return fmt.Errorf("%s is not a %s of Hearth: %w", c, mark, ErrBadState)
}

// EncodeSnapshot stores the wrapping lump.
func EncodeSnapshot(s *Snapshot, put Put) (lumps.CID, error) {
	s.Hearth, s.Format = snapshotMark, Format
	return putNode(put, s)
}

// LoadSnapshot reads a snapshot lump.
func LoadSnapshot(ctx context.Context, get Get, c lumps.CID) (*Snapshot, error) {
	data, err := get(ctx, c)
	if err != nil {
		return nil, err
	}
	s := new(Snapshot)
	if err := wrapper(c, data, snapshotMark); err != nil {
		return nil, err
	}
	if err := lumps.Unmarshal(data, s); err != nil {
		return nil, notA(c, snapshotMark)
	}
	if len(s.Chain) != 32 || s.Seq == 0 || s.State.IsZero() || s.Epoch.Seq > s.Seq {
		return nil, notA(c, snapshotMark)
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
