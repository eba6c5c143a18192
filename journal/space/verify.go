package space

import (
	"context"
	"errors"
	"fmt"

	"hearth/journal"
	"hearth/lumps"
	"hearth/store"
)

// ErrUnsound reports a snapshot whose history, state and blocks do not agree.
var ErrUnsound = errors.New("the snapshot is not a sound one of a space")

// Verification is what VerifyHistory is asked to check.
type Verification struct {
	Head lumps.CID // the snapshot
	// From is a snapshot among those before it that was verified once: only what
	// follows it is looked at. Zero begins where the history begins.
	From lumps.CID
	// Skip says of which blocks it is known that they are stored with everything
	// below. Nil knows of none.
	Skip func(lumps.CID) bool
	// Program, where it is not nil, is asked about each program that the history
	// or a snapshot names, once.
	Program func(context.Context, Program) error
}

// VerifyHistory checks a snapshot as Restore does, without a journal: the chain
// of its records, every event by folding it, every snapshot against the fold at
// its place, that everything is stored that it reaches and its events name, and
// the programs. It puts the lumps that it met into the catalogue. An error that
// wraps ErrUnsound says what is wrong with the snapshot.
//
// What guests did to their memory is not among it: only executing the history
// tells that, as runtime.Replay does.
//
// From makes the work proportional to what is new, and the result is the same: a
// fold that goes on from a state that was verified gives what a fold from the
// first event would.
func VerifyHistory(ctx context.Context, s store.Store, v Verification) (Checked, error) {
	c := newChecker(ctx, World{Store: s}, nil)
	var first error
	c.report = func(f Fault) {
		if first == nil {
			first = f
		}
	}
	programs := map[Program]struct{}{}
	var order []Program
	c.program = func(p Program) {
		if _, ok := programs[p]; !ok {
			programs[p] = struct{}{}
			order = append(order, p)
		}
	}
	p := &part{checker: c, from: v.From}
	unsound := func(err error) error {
		if err == nil || !isFault(err) {
			return err
		}
		return fmt.Errorf("%w: %w", ErrUnsound, err)
	}
	for _, step := range []func() error{
		func() error { return p.snapshots(v.Head) },
		p.segments,
		p.fold,
		func() error { return p.stored(v.Skip) },
	} {
		err := step()
		if err == nil {
			err = first
		}
		var f Fault
		if errors.As(err, &f) {
			return c.sum, fmt.Errorf("%w: %w", ErrUnsound, f)
		}
		if err != nil {
			return c.sum, unsound(err)
		}
	}
	if v.Program != nil {
		for _, p := range order {
			if err := v.Program(ctx, p); err != nil {
				return c.sum, fmt.Errorf("%w: the program of module %s: %w", ErrUnsound, p.Module, err)
			}
		}
	}
	return c.sum, p.catalogue()
}

// part is a run of VerifyHistory.
type part struct {
	*checker
	from  lumps.CID
	base  *Snapshot // of from, nil without
	head  *Snapshot
	taken []lumps.CID // snapshots behind from
	parts []segment   // of the history behind from, oldest first
}

type segment struct {
	journal.Segment
	bytes lumps.CID
}

// snapshots notes the snapshots that the fold will pass.
func (p *part) snapshots(head lumps.CID) (err error) {
	if !p.from.IsZero() {
		if p.base, err = LoadSnapshot(p.ctx, p.get, p.from); err != nil {
			return err
		}
	}
	p.at = map[uint64][]placed{}
	p.need(head, "the snapshot")
	for cid, s := range snapshots(p.ctx, p.get, head) {
		if s.err != nil {
			return s.err
		}
		if p.head == nil {
			p.head = s.Snapshot
		}
		p.known[cid] = true
		if cid == p.from {
			return nil
		}
		p.taken = append(p.taken, cid)
		p.at[s.Seq] = append(p.at[s.Seq], placed{cid, s.Snapshot})
	}
	if p.base != nil {
		return badState("snapshot %s, which was verified before, is not among those before snapshot %s", p.from, head)
	}
	return nil
}

// segments finds the part of the history that is to be folded.
func (p *part) segments() error {
	end := mark{p.head.Seq, [32]byte(p.head.Chain)}
	begin := mark{}
	if p.base != nil {
		begin = mark{p.base.Seq, [32]byte(p.base.Chain)}
	}
	for c := p.head.Journal; !c.IsZero() && end.seq > begin.seq; {
		m, err := LoadManifest(p.ctx, p.get, c)
		if err != nil {
			return err
		}
		if end != (mark{m.Last, [32]byte(m.Hash)}) {
			return badState("the segment of events %d to %d does not end at event %d of the snapshot's history", m.First, m.Last, end.seq)
		}
		p.parts = append(p.parts, segment{m.Segment(c), m.Bytes})
		end, c = mark{m.First - 1, [32]byte(m.Before)}, m.Prev
	}
	for i, j := 0, len(p.parts)-1; i < j; i, j = i+1, j-1 {
		p.parts[i], p.parts[j] = p.parts[j], p.parts[i]
	}
	p.sum.Segments = len(p.parts)
	if len(p.parts) > 0 && p.base != nil && end != begin {
		return badState("the history of the snapshot of event %d does not pass through event %d as it was verified before", p.head.Seq, p.base.Seq)
	}
	return nil
}

// fold goes through the events. Without a history only the states can be looked
// at.
func (p *part) fold() error {
	var k *Kernel
	p.mirror = map[uint64]*mirrored{}
	switch {
	case len(p.parts) == 0:
	case p.base != nil:
		st, err := p.base.Load(p.ctx, p.get)
		if err != nil {
			return err
		}
		if err := p.goOn(st); err != nil {
			return err
		}
		k = st.Kernel
	case p.parts[0].First == 1:
		k = NewKernel()
	default:
		seq := p.parts[0].First - 1
		for _, s := range p.at[seq] {
			if [32]byte(s.Chain) != p.parts[0].FirstPrev {
				return badState("snapshot %s is not what the history goes on from at event %d", s.cid, seq+1)
			}
			st, err := p.load(s)
			if err != nil || st == nil {
				return err
			}
			k = st.Kernel
		}
		if k == nil {
			return badState("the history begins with event %d, and no snapshot stands before it", seq+1)
		}
	}
	begin := p.head.Seq
	if len(p.parts) > 0 {
		begin = p.parts[0].First - 1
	}
	for seq, ss := range p.at {
		if seq > begin || seq == begin && k != nil {
			continue
		}
		for _, s := range ss {
			if _, err := p.load(s); err != nil {
				return err
			}
		}
	}
	for _, part := range p.parts {
		r, err := store.OpenLump(p.ctx, p.w.Store, part.bytes)
		if err != nil {
			return err
		}
		if r.Size() != part.Size {
			return badState("the segment of events %d to %d has %d bytes, and its manifest says %d", part.First, part.Last, r.Size(), part.Size)
		}
		for rec, err := range journal.ReadSegment(p.ctx, part.Segment, r) {
			if err != nil {
				return err
			}
			if err := p.record(rec, &k, true); err != nil {
				return err
			}
			if k == nil {
				return nil // the fault was reported
			}
		}
	}
	return nil
}

// goOn makes the state of from the one that the next snapshot is compared with.
func (p *part) goOn(st *State) error {
	n, err := loadStateNode(p.ctx, p.get, p.base.State)
	if err != nil {
		return err
	}
	p.mirrorRoot = n.Processes
	for _, q := range st.Kernel.Processes() {
		p.mirror[q.PID] = &mirrored{q, st.Images[q.PID].Memory}
	}
	return nil
}

// stored looks for every block below what is needed. A snapshot that only a
// checkpoint names may be missing or be there in part: the snapshot does not
// reach it.
func (p *part) stored(skip func(lumps.CID) bool) error {
	for _, w := range p.waiting {
		delete(p.reach, w.cid)
	}
	seen := map[lumps.CID]struct{}{}
	for _, top := range p.order {
		by, ok := p.reach[top]
		if !ok {
			continue
		}
		for stack := []lumps.CID{top}; len(stack) > 0; {
			c := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if _, ok := seen[c]; ok || c == p.from || skip != nil && skip(c) {
				continue
			}
			if err := p.ctx.Err(); err != nil {
				return err
			}
			seen[c] = struct{}{}
			p.sum.Blocks++
			links, err := p.links(c)
			if errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("block %s is missing, and %s needs it: %w", c, by, store.ErrNotFound)
			}
			if err != nil {
				return err
			}
			stack = append(stack, links...)
		}
	}
	p.sum.Lumps = int64(len(p.reach))
	return nil
}

// links returns what a block links. Of one that can have none only its presence
// is looked at.
func (p *part) links(c lumps.CID) ([]lumps.CID, error) {
	if c.Codec() != lumps.Raw {
		data, err := p.w.Store.Get(p.ctx, c)
		if err != nil {
			return nil, err
		}
		return lumps.Links(c, data)
	}
	has, err := p.w.Store.Has(p.ctx, c)
	if err == nil && !has {
		err = &store.NotFoundError{CID: c}
	}
	return nil, err
}

// catalogue records the lumps that were met and are not in it.
func (p *part) catalogue() error {
	s := p.w.Store
	kinds := map[lumps.CID]store.Kind{}
	for _, c := range p.order {
		if _, ok := p.reach[c]; ok && c.Codec() != lumps.DagCBOR {
			kinds[c] = store.KindFile
		}
	}
	for _, part := range p.parts {
		kinds[part.bytes] = store.KindSegment
	}
	for _, c := range p.taken {
		kinds[c] = store.KindSnapshot
	}
	var ls []store.Lump
	for c, kind := range kinds {
		_, err := s.Lump(p.ctx, c)
		if err == nil {
			continue
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		l, err := measure(p.ctx, s, c, kind)
		if err != nil {
			return err
		}
		ls = append(ls, l)
	}
	return s.AddLump(p.ctx, ls...)
}

// Measure is what the catalogue should say of a stored lump.
func Measure(ctx context.Context, s store.Store, c lumps.CID, kind store.Kind) (store.Lump, error) {
	return measure(ctx, s, c, kind)
}
