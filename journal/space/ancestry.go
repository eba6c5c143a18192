package space

import (
	"bytes"
	"context"

	"hearth/lumps"
)

// Order says how two histories stand to each other.
type Order int

const (
	OrderEqual    Order = iota // both end at the same event
	OrderAhead                 // the first goes on behind the end of the second
	OrderBehind                // the second goes on behind the end of the first
	OrderDiverged              // they part before either ends
	OrderForeign               // they are of different spaces
)

func (o Order) String() string {
	return [...]string{"equal", "ahead", "behind", "diverged", "foreign"}[o]
}

// Relation is how the histories of two snapshots stand to each other.
type Relation struct {
	Order Order
	// Seq is the last event that both are known to share: the end of a segment or
	// the place of a snapshot. Behind it they may still agree up to the next end.
	Seq uint64
	// Snapshot is the newest one that both have at or before Seq, zero if none.
	Snapshot lumps.CID
	// SameBranch says that both ends are of one branch: none of them lies behind a
	// fork that the other does not have.
	SameBranch bool
}

// Relate compares the histories of two snapshots by what links them: the chain
// of sealed segments, whose ends carry the hash that vouches for everything
// before, or, where a journal had no archive, the snapshots before them. It reads
// from both ends back to where the two meet and nothing else. What it reads is
// believed; VerifyHistory is what checks it.
func Relate(ctx context.Context, getA Get, a lumps.CID, getB Get, b lumps.CID) (Relation, error) {
	sa, err := LoadSnapshot(ctx, getA, a)
	if err != nil {
		return Relation{}, err
	}
	sb, err := LoadSnapshot(ctx, getB, b)
	if err != nil {
		return Relation{}, err
	}
	if !bytes.Equal(sa.Epoch.Space, sb.Epoch.Space) {
		return Relation{Order: OrderForeign}, nil
	}
	r := Relation{SameBranch: bytes.Equal(sa.Epoch.Branch, sb.Epoch.Branch)}
	if a == b {
		r.Seq, r.Snapshot = sa.Seq, a
		return r, nil
	}
	ta, tb := newTrail(getA, sa), newTrail(getB, sb)
	for r.Order = OrderDiverged; ta.at.seq > 0 && tb.at.seq > 0; {
		if ta.at == tb.at {
			r.Seq = ta.at.seq
			break
		}
		// Not both at once unless they are at the same event.
		pa, pb := ta.at.seq, tb.at.seq
		if pa >= pb {
			if err := ta.back(ctx); err != nil {
				return r, err
			}
		}
		if pb >= pa {
			if err := tb.back(ctx); err != nil {
				return r, err
			}
		}
	}
	switch {
	case r.Seq == 0:
		return r, nil
	case r.Seq == sa.Seq && r.Seq == sb.Seq:
		r.Order = OrderEqual
	case r.Seq == sb.Seq:
		r.Order = OrderAhead
	case r.Seq == sa.Seq:
		r.Order = OrderBehind
	}
	r.Snapshot, err = sharedSnapshot(ctx, getA, a, getB, b, r.Seq)
	return r, err
}

// Passes reports whether the history of a snapshot passes through an event with
// that hash, as far as the ends of its segments tell.
func (s *Snapshot) Passes(ctx context.Context, get Get, seq uint64, hash [32]byte) (bool, error) {
	for t := newTrail(get, s); t.at.seq >= seq && t.at.seq > 0; {
		if t.at.seq == seq {
			return t.at.hash == hash, nil
		}
		if err := t.back(ctx); err != nil {
			return false, err
		}
	}
	return false, nil
}

// sharedSnapshot finds the newest snapshot of both chains that stands at or
// before seq.
func sharedSnapshot(ctx context.Context, getA Get, a lumps.CID, getB Get, b lumps.CID, seq uint64) (lumps.CID, error) {
	for !a.IsZero() && !b.IsZero() {
		sa, err := LoadSnapshot(ctx, getA, a)
		if err != nil {
			return lumps.CID{}, err
		}
		sb, err := LoadSnapshot(ctx, getB, b)
		if err != nil {
			return lumps.CID{}, err
		}
		if a == b && sa.Seq <= seq {
			return a, nil
		}
		// The one that stands later goes back; both have gone back when they stand
		// at the same event and are not the same.
		if sa.Seq > seq || sa.Seq >= sb.Seq {
			a = sa.Parent
		}
		if sb.Seq > seq || sb.Seq >= sa.Seq {
			b = sb.Parent
		}
		if err := ctx.Err(); err != nil {
			return lumps.CID{}, err
		}
	}
	return lumps.CID{}, nil
}

// mark is an event and the hash that vouches for all before it.
type mark struct {
	seq  uint64
	hash [32]byte
}

// trail goes back through a history from mark to mark. Every step is to an older
// event, so that also one that somebody made up ends.
type trail struct {
	get     Get
	at      mark // seq 0: the history is at its beginning, or goes on unseen
	journal bool // the marks are the ends of segments, not the places of snapshots
	next    lumps.CID
	before  mark // of the segment whose end is at
	first   bool // nothing was read yet
}

func newTrail(get Get, s *Snapshot) *trail {
	t := &trail{get: get, at: mark{s.Seq, [32]byte(s.Chain)}, next: s.Parent, first: true}
	if !s.Journal.IsZero() {
		t.journal, t.next = true, s.Journal
	}
	return t
}

func (t *trail) back(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !t.journal {
		return t.parent(ctx)
	}
	if t.first {
		// The last segment ends where the snapshot stands.
		t.first = false
		if err := t.segment(ctx, t.at); err != nil {
			return err
		}
	}
	end := t.before
	if t.next.IsZero() {
		t.at, t.before = end, mark{}
		return nil
	}
	t.at = end
	return t.segment(ctx, end)
}

// segment reads the manifest at next, which must end with a mark.
func (t *trail) segment(ctx context.Context, end mark) error {
	m, err := LoadManifest(ctx, t.get, t.next)
	if err != nil {
		return err
	}
	if end != (mark{m.Last, [32]byte(m.Hash)}) {
		return badState("the segment of events %d to %d does not end at event %d of the history that names it", m.First, m.Last, end.seq)
	}
	t.before, t.next = mark{m.First - 1, [32]byte(m.Before)}, m.Prev
	return nil
}

func (t *trail) parent(ctx context.Context) error {
	if t.next.IsZero() {
		t.at = mark{}
		return nil
	}
	s, err := LoadSnapshot(ctx, t.get, t.next)
	if err != nil {
		return err
	}
	if s.Seq >= t.at.seq {
		return badState("snapshot %s is of event %d and the parent of one of event %d", t.next, s.Seq, t.at.seq)
	}
	t.at, t.next = mark{s.Seq, [32]byte(s.Chain)}, s.Parent
	return nil
}

// Path lists what leads from a snapshot back to an event: the snapshots and the
// manifests of segments that stand behind it, newest first, at most limit of
// each. Whoever has the list can fetch them all at once, where following the
// links takes a round trip for each.
func Path(ctx context.Context, get Get, head lumps.CID, behind uint64, limit int) ([]lumps.CID, error) {
	var out []lumps.CID
	var manifest lumps.CID
	n := 0
	for c, s := range snapshots(ctx, get, head) {
		if s.err != nil {
			return nil, s.err
		}
		if c == head {
			manifest = s.Journal
		}
		if s.Seq <= behind || n == limit {
			break
		}
		out = append(out, c)
		n++
	}
	for n = 0; !manifest.IsZero() && n < limit; n++ {
		m, err := LoadManifest(ctx, get, manifest)
		if err != nil {
			return nil, err
		}
		if m.Last <= behind {
			break
		}
		out = append(out, manifest)
		manifest = m.Prev
	}
	return out, nil
}
