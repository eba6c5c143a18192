package space

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"hearth/journal"
	"hearth/lumps"
	"hearth/store"
)

// World is a space at rest or at work: its history and what it is made of.
type World struct {
	Store   store.Store
	Journal *journal.Journal // opened with an Archive of Store
}

// Fault is something in a world that is not as it should be.
type Fault struct {
	Seq uint64    // the event it is about, 0 if none can be named
	CID lumps.CID // the lump or block it is about, zero if none can be named
	Err error     // one sentence
}

func (f Fault) Error() string { return f.Err.Error() }
func (f Fault) Unwrap() error { return f.Err }

// Checked says what Check went through.
type Checked struct {
	Segments  int    // of the journal
	Events    uint64 // decoded and folded
	Snapshots int    // compared with the fold
	Processes int    // images of processes looked at
	Lumps     int64  // that something names
	Blocks    int64  // that those are made of, each once
	Bytes     int64  // of the blocks that were read
	Faults    int
}

// Check verifies a world without executing a guest: every record of the journal
// and the chain; every event, by folding it; every snapshot that the root or a
// checkpoint names, against the fold at its place; and that every block is there
// that the events, the snapshots, the roots and the catalogue reach. With
// readData it reads all of those and compares them with their names. It reports
// each fault and goes on; the error is of Check itself.
//
// A snapshot that only a checkpoint names may be gone: it was pruned, or the
// server ended before it became the newest, and a backup left it out. What it
// held can be computed again.
func Check(ctx context.Context, w World, readData bool, report func(Fault)) (Checked, error) {
	c := newChecker(ctx, w, report)
	err := c.run(readData)
	return c.sum, err
}

func newChecker(ctx context.Context, w World, report func(Fault)) *checker {
	return &checker{ctx: ctx, w: w, get: Getter(w.Store), report: report,
		reach: map[lumps.CID]string{}, known: map[lumps.CID]bool{}, faulty: map[lumps.CID]bool{}}
}

func (c *checker) run(readData bool) error {
	// The root first: what it names is older than the end of the journal, then.
	head, err := c.w.Store.Root(c.ctx, RootSnapshot)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	js, err := c.w.Journal.Check(c.ctx, func(d *journal.DamageError) { c.fault(d.Seq, lumps.CID{}, d) })
	c.sum.Segments = js.Segments
	if err != nil {
		if !isFault(err) {
			return err
		}
		c.fault(0, lumps.CID{}, err)
	}
	for _, step := range []func() error{
		func() error { return c.chain(head) },
		c.segments,
		func() error { return c.fold(true) },
		c.orphans,
		c.named,
		func() error { return c.blocks(readData) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// isFault tells damage from a store that cannot be read at all.
func isFault(err error) bool {
	var corrupt *store.CorruptError
	var damage *journal.DamageError
	var format *lumps.FormatError
	var newer *FormatError
	return errors.Is(err, store.ErrNotFound) || errors.Is(err, journal.ErrNotFound) || errors.Is(err, ErrBadState) || errors.Is(err, ErrBadEvent) ||
		errors.As(err, &corrupt) || errors.As(err, &damage) || errors.As(err, &format) || errors.As(err, &newer)
}

// checker is a run of Check.
type checker struct {
	ctx    context.Context
	w      World
	get    Get
	report func(Fault)
	sum    Checked

	reach  map[lumps.CID]string // what must be stored -> who says so
	order  []lumps.CID          // of reach
	faulty map[lumps.CID]bool   // what a fault was reported of

	known   map[lumps.CID]bool // snapshots that are verified, or will be in this fold
	at      map[uint64][]placed
	waiting []placed // named by checkpoints only

	// program is told of every program that history or a snapshot names.
	program func(Program)

	mirror     map[uint64]*mirrored // processes of the state that was compared last
	mirrorRoot lumps.CID
}

type mirrored struct {
	*Process
	memory PageTree
}

// placed is a snapshot that a fold will pass.
type placed struct {
	cid lumps.CID
	*Snapshot
}

func (c *checker) fault(seq uint64, cid lumps.CID, err error) {
	if !cid.IsZero() {
		if c.faulty[cid] {
			return
		}
		c.faulty[cid] = true
	}
	c.sum.Faults++
	c.report(Fault{seq, cid, err})
}

// need notes that a lump must be stored.
func (c *checker) need(cid lumps.CID, by string) {
	if _, ok := c.reach[cid]; ok || cid.IsZero() {
		return
	}
	c.reach[cid] = by
	c.order = append(c.order, cid)
}

// chain finds the snapshots that the root reaches.
func (c *checker) chain(head lumps.CID) error {
	c.at = map[uint64][]placed{}
	if !head.IsZero() {
		c.need(head, "the newest snapshot")
	}
	for cid, s := range snapshots(c.ctx, c.get, head) {
		if s.err != nil {
			if !isFault(s.err) {
				return s.err
			}
			c.fault(0, cid, fmt.Errorf("snapshot %s cannot be used: %w", cid, s.err))
			return nil
		}
		c.known[cid] = true
		c.at[s.Seq] = append(c.at[s.Seq], placed{cid, s.Snapshot})
	}
	return nil
}

// segments compares what the journal knows of archived segments with their
// manifests.
func (c *checker) segments() error {
	var prev lumps.CID
	for _, s := range c.w.Journal.Segments() {
		if !s.Archived() {
			prev = lumps.CID{}
			continue
		}
		where := fmt.Sprintf("the journal's segment of events %d to %d", s.First, s.Last)
		c.need(s.CID, where)
		m, err := LoadManifest(c.ctx, c.get, s.CID)
		switch {
		case err != nil && !isFault(err):
			return err
		case err != nil:
			c.fault(s.First, s.CID, fmt.Errorf("the manifest of %s: %w", where, err))
		case m.Segment(s.CID) != s:
			c.fault(s.First, s.CID, fmt.Errorf("the manifest %s is not of %s", s.CID, where))
		case !prev.IsZero() && m.Prev != prev:
			c.fault(s.First, s.CID, fmt.Errorf("the manifest of %s does not link the one before it", where))
		}
		prev = s.CID
	}
	return nil
}

// fold goes through the journal. With events it reports what is wrong with
// those; without, it only brings the kernel to the snapshots' places.
func (c *checker) fold(events bool) error {
	j := c.w.Journal
	c.mirror, c.mirrorRoot = map[uint64]*mirrored{}, lumps.CID{}
	var k *Kernel // nil where the fold is lost
	first := j.First()
	if err := c.before(first, &k); err != nil {
		return err
	}
	head, _ := j.Durable()
	for from := first; from <= head; {
		var broken error
		for rec, err := range j.Records(c.ctx, from) {
			if err != nil {
				broken = err
				break
			}
			from = rec.Seq + 1
			if err := c.record(rec, &k, events); err != nil {
				return err
			}
		}
		if broken == nil {
			continue
		}
		if !isFault(broken) {
			return broken
		}
		var d *journal.DamageError
		if events && !errors.As(broken, &d) { // damage was reported by the journal's own check
			c.fault(from, lumps.CID{}, fmt.Errorf("event %d and what follows it cannot be read: %w", from, broken))
		}
		k = nil
		if from = c.nextSegment(from); from == 0 {
			break
		}
	}
	for _, seq := range slices.Sorted(maps.Keys(c.at)) {
		if seq > head {
			for _, s := range c.at[seq] {
				c.fault(seq, s.cid, fmt.Errorf("snapshot %s is of event %d, and the journal ends at %d", s.cid, seq, head))
			}
		}
	}
	return nil
}

// before looks at the snapshots that stand before the first event that the
// journal has. One at its very edge is where the fold begins.
func (c *checker) before(first uint64, k **Kernel) error {
	if first <= 1 {
		*k = NewKernel()
		return nil
	}
	for _, seq := range slices.Sorted(maps.Keys(c.at)) {
		if seq >= first {
			break
		}
		for _, s := range c.at[seq] {
			st, err := c.load(s)
			if err != nil {
				return err
			}
			if st == nil || seq != first-1 {
				continue
			}
			if rec, err := c.w.Journal.Record(c.ctx, first); err == nil && rec.Prev != [32]byte(s.Chain) {
				c.fault(seq, s.cid, fmt.Errorf("snapshot %s is not what the journal goes on from at event %d", s.cid, first))
				continue
			}
			*k = st.Kernel
		}
	}
	if *k == nil {
		c.fault(first, lumps.CID{}, fmt.Errorf("history begins with event %d, and no snapshot stands before it", first))
	}
	return nil
}

// nextSegment returns the first event behind a damaged place that may be read.
func (c *checker) nextSegment(from uint64) uint64 {
	last := uint64(0)
	for _, s := range c.w.Journal.Segments() {
		if s.First > from {
			return s.First
		}
		last = s.Last
	}
	if last >= from {
		return last + 1
	}
	return 0
}

func (c *checker) record(rec journal.Record, k **Kernel, events bool) error {
	ev, err := Decode(rec)
	if err != nil {
		if events {
			c.fault(rec.Seq, lumps.CID{}, err)
		}
		*k = nil
	} else {
		if events {
			c.sum.Events++
			c.event(ev)
		}
		if *k != nil {
			if _, err := (*k).Apply(ev); err != nil {
				if events {
					c.fault(rec.Seq, lumps.CID{}, err)
				}
				*k = nil
			}
		}
	}
	for _, s := range c.at[rec.Seq] {
		if [32]byte(s.Chain) != rec.Hash {
			c.fault(rec.Seq, s.cid, fmt.Errorf("snapshot %s is of another history: its hash of event %d is not the journal's", s.cid, rec.Seq))
			continue
		}
		if *k != nil {
			if err := c.compare(s, *k); err != nil {
				return err
			}
			continue
		}
		// The fold was lost; from here on it goes again.
		st, err := c.load(s)
		if err != nil {
			return err
		}
		if st != nil {
			*k = st.Kernel
		}
	}
	return nil
}

// event notes what an event names.
func (c *checker) event(ev Event) {
	h := ev.header()
	if ls := LumpsOf(ev); len(ls) > 0 {
		by := fmt.Sprintf("event %d", h.Seq)
		for _, l := range ls {
			c.need(l, by)
		}
	}
	switch ev := ev.(type) {
	case *Spawn:
		if ev.Failed == "" && c.program != nil {
			c.program(ev.Program)
		}
	case *Checkpoint:
		if ev.At >= h.Seq {
			c.fault(h.Seq, lumps.CID{}, fmt.Errorf("event %d is the checkpoint of event %d, which comes later", h.Seq, ev.At))
			return
		}
		s, err := LoadSnapshot(c.ctx, c.get, ev.Snapshot)
		switch {
		case errors.Is(err, store.ErrNotFound):
		case err != nil:
			c.fault(h.Seq, ev.Snapshot, fmt.Errorf("the snapshot of event %d's checkpoint: %w", h.Seq, err))
		case s.Seq != ev.At || s.State != ev.State:
			c.fault(h.Seq, ev.Snapshot, fmt.Errorf("snapshot %s is not the one of event %d's checkpoint", ev.Snapshot, h.Seq))
		case !c.known[ev.Snapshot]:
			c.known[ev.Snapshot] = true
			c.waiting = append(c.waiting, placed{ev.Snapshot, s})
			c.need(ev.Snapshot, fmt.Sprintf("event %d", h.Seq))
		}
	}
}

// orphans compares the snapshots that only checkpoints name, in a fold of their
// own: the first one met them behind their places.
func (c *checker) orphans() error {
	if len(c.waiting) == 0 {
		return nil
	}
	c.at = map[uint64][]placed{}
	for _, s := range c.waiting {
		c.at[s.Seq] = append(c.at[s.Seq], s)
	}
	return c.fold(false)
}
