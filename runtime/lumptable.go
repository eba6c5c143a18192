package runtime

import (
	"bytes"
	"slices"

	"hearth/journal/space"
	"hearth/lumps"
)

// lumpTable is what a process knows of lumps: handles for the ones it works with
// and, for a durable process, which ones it holds. Handles are given lowest
// first, so that a replay gives the same.
type lumpTable struct {
	slots []lumps.CID // by handle; zero: free
	held  map[lumps.CID]struct{}
}

func (t *lumpTable) open(c lumps.CID) uint32 {
	for h, x := range t.slots {
		if x.IsZero() {
			t.slots[h] = c
			return uint32(h)
		}
	}
	t.slots = append(t.slots, c)
	return uint32(len(t.slots) - 1)
}

func (t *lumpTable) get(h uint32) (lumps.CID, bool) {
	if int(h) >= len(t.slots) || t.slots[h].IsZero() {
		return lumps.CID{}, false
	}
	return t.slots[h], true
}

func (t *lumpTable) close(h uint32) bool {
	if _, ok := t.get(h); !ok {
		return false
	}
	t.slots[h] = lumps.CID{}
	for n := len(t.slots); n > 0 && t.slots[n-1].IsZero(); n-- {
		t.slots = t.slots[:n-1]
	}
	return true
}

func (t *lumpTable) hold(c lumps.CID) {
	if t.held == nil {
		t.held = map[lumps.CID]struct{}{}
	}
	t.held[c] = struct{}{}
}

// byDigest finds a held lump by the 32 bytes that guests know it by. Where a
// digest is both a raw block and the root of a DAG, the smallest CID decides.
func (t *lumpTable) byDigest(d lumps.Digest) (lumps.CID, bool) {
	for _, codec := range []byte{lumps.Raw, lumps.DagPB, lumps.DagCBOR} {
		for _, hash := range []byte{lumps.BLAKE3, lumps.SHA256} {
			c := lumps.FromDigest(codec, hash, d)
			if _, ok := t.held[c]; ok {
				return c, true
			}
		}
	}
	return lumps.CID{}, false
}

func (t *lumpTable) save(im *space.Image) {
	for h, c := range t.slots {
		if !c.IsZero() {
			im.Lumps = append(im.Lumps, space.LumpSlot{Handle: uint32(h), Lump: c})
		}
	}
	for c := range t.held {
		im.Held = append(im.Held, c)
	}
	slices.SortFunc(im.Held, func(a, b lumps.CID) int { return bytes.Compare(a[:], b[:]) })
}

func (t *lumpTable) load(im *space.Image) {
	*t = lumpTable{}
	for _, s := range im.Lumps {
		for int(s.Handle) >= len(t.slots) {
			t.slots = append(t.slots, lumps.CID{})
		}
		t.slots[s.Handle] = s.Lump
	}
	for _, c := range im.Held {
		t.hold(c)
	}
}
