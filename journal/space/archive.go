package space

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"

	"hearth/journal"
	"hearth/lumps"
	"hearth/store"
)

// Manifest is the lump of a sealed segment: the segment's bytes are a file below
// it, and it links what its events name, so that whoever has the manifest can
// fetch everything that a replay needs.
//
//	{hearth: "segment", format, first, last, time, size, before: hash, hash,
//	 bytes: link, prev: link or null, lumps: link of a tree or null}
//
// The tree of lumps is CID -> link.
type Manifest struct {
	Hearth string    `cbor:"hearth"`
	Format int       `cbor:"format"`
	First  uint64    `cbor:"first"`
	Last   uint64    `cbor:"last"`
	Time   int64     `cbor:"time"` // of the last event
	Size   int64     `cbor:"size"`
	Before []byte    `cbor:"before"` // hash of the event before the first
	Hash   []byte    `cbor:"hash"`   // hash of the last event
	Bytes  lumps.CID `cbor:"bytes"`
	Prev   lumps.CID `cbor:"prev"`
	Lumps  lumps.CID `cbor:"lumps"`
}

// Segment is how the journal knows the segment.
func (m *Manifest) Segment(c lumps.CID) journal.Segment {
	return journal.Segment{First: m.First, Last: m.Last, Size: m.Size, LastTime: m.Time,
		FirstPrev: [32]byte(m.Before), LastHash: [32]byte(m.Hash), CID: c}
}

// LoadManifest reads a manifest.
func LoadManifest(ctx context.Context, get Get, c lumps.CID) (*Manifest, error) {
	data, err := get(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := wrapper(c, data, manifestMark); err != nil {
		return nil, err
	}
	m := new(Manifest)
	if err := lumps.Unmarshal(data, m); err != nil {
		return nil, notA(c, manifestMark)
	}
	if len(m.Before) != 32 || len(m.Hash) != 32 || m.First == 0 || m.Last < m.First || m.Size < 0 || m.Bytes.IsZero() {
		return nil, notA(c, manifestMark)
	}
	return m, nil
}

// Manifests returns the segments from the first to the one at c.
func Manifests(ctx context.Context, get Get, c lumps.CID) ([]journal.Segment, error) {
	var out []journal.Segment
	for !c.IsZero() {
		m, err := LoadManifest(ctx, get, c)
		if err != nil {
			return nil, err
		}
		// Each is older than the one before, so the walk ends.
		if n := len(out); n > 0 && (out[n-1].First != m.Last+1 || out[n-1].FirstPrev != [32]byte(m.Hash)) {
			return nil, fmt.Errorf("segment %d to %d is not followed by the next one: %w", m.First, m.Last, ErrBadState)
		}
		out = append(out, m.Segment(c))
		c = m.Prev
	}
	slices.Reverse(out)
	return out, nil
}

// Archive keeps the sealed segments of a journal as lumps of a store. It
// implements journal.Archive; the CID that it gives is the manifest's.
type Archive struct {
	store store.Store
	known chan struct{} // closed by Know

	mu   sync.Mutex
	prev map[uint64]lumps.CID // last seq of a segment -> its manifest
}

// NewArchive returns the archive of a world. It takes no segment before Know was
// called.
func NewArchive(s store.Store) *Archive {
	return &Archive{store: s, known: make(chan struct{}), prev: map[uint64]lumps.CID{}}
}

// Know tells the archive of the segments of the journal that was opened with it,
// so that the next manifest can link the last of them.
func (a *Archive) Know(segments []journal.Segment) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range segments {
		if s.Archived() {
			a.prev[s.Last] = s.CID
		}
	}
	select {
	case <-a.known:
	default:
		close(a.known)
	}
}

// Put stores a segment and its manifest. It waits for Know: the journal begins
// to archive while it is being opened, and a manifest without the one before it
// would cut the history.
func (a *Archive) Put(ctx context.Context, seg journal.Segment, r io.Reader) (lumps.CID, error) {
	select {
	case <-a.known:
	case <-ctx.Done():
		return lumps.CID{}, ctx.Err()
	}
	file, err := store.PutLump(ctx, a.store, r, store.KindSegment)
	if err != nil {
		return lumps.CID{}, err
	}
	lr, err := store.OpenLump(ctx, a.store, file.CID)
	if err != nil {
		return lumps.CID{}, err
	}
	named := map[lumps.CID]struct{}{}
	for rec, err := range journal.ReadSegment(ctx, seg, lr) {
		if err != nil {
			return lumps.CID{}, err
		}
		ev, err := Decode(rec)
		if err != nil {
			return lumps.CID{}, err
		}
		for _, c := range LumpsOf(ev) {
			if !c.IsZero() {
				named[c] = struct{}{}
			}
		}
	}
	var blocks []store.Block
	put := func(c lumps.CID, data []byte) error {
		blocks = append(blocks, store.Block{CID: c, Data: data})
		return nil
	}
	m := Manifest{Hearth: manifestMark, Format: Format, First: seg.First, Last: seg.Last, Time: seg.LastTime, Size: seg.Size,
		Before: seg.FirstPrev[:], Hash: seg.LastHash[:], Bytes: file.CID}
	if m.Lumps, err = lumpTree(named, put); err != nil {
		return lumps.CID{}, err
	}
	a.mu.Lock()
	m.Prev = a.prev[seg.First-1]
	a.mu.Unlock()
	c, err := putNode(put, m)
	if err != nil {
		return lumps.CID{}, err
	}
	if err := a.store.Put(ctx, blocks...); err != nil {
		return lumps.CID{}, err
	}
	a.mu.Lock()
	a.prev[seg.Last] = c
	a.mu.Unlock()
	return c, nil
}

// lumpTree stores a set of lumps so that whoever walks links finds them.
func lumpTree(set map[lumps.CID]struct{}, put Put) (lumps.CID, error) {
	entries := make([]entry, 0, len(set))
	for c := range set {
		value, err := lumps.Marshal(c)
		if err != nil {
			return lumps.CID{}, err
		}
		entries = append(entries, entry{Key: bytes.Clone(c[:]), Value: value})
	}
	return sortedTree(entries, put)
}

// Open returns the bytes of a segment by its manifest.
func (a *Archive) Open(ctx context.Context, c lumps.CID) (io.ReadSeekCloser, error) {
	m, err := LoadManifest(ctx, Getter(a.store), c)
	if err != nil {
		return nil, err
	}
	r, err := store.OpenLump(ctx, a.store, m.Bytes)
	if err != nil {
		return nil, err
	}
	return nopCloser{r}, nil
}

type nopCloser struct{ io.ReadSeeker }

func (nopCloser) Close() error { return nil }
