package space

import (
	"context"
	"errors"
	"fmt"

	"hearth/journal"
	"hearth/lumps"
	"hearth/store"
)

// Copied says what CopyHistory made.
type Copied struct {
	Seq      uint64    // the last event
	Hash     [32]byte  // its hash, the same as in the world that it was copied from
	Snapshot lumps.CID // the newest one of those that stand at or before Seq, zero if none does
	Blocks   int64
	Bytes    int64
}

// copyBatch is how many bytes of blocks are put at a time.
const copyBatch = 4 << 20

// CopyHistory makes a world that ends at an event of another: the same records
// with the same hashes in a new journal in journalDir, and in an empty store the
// snapshots up to there and what the events name. Segments that were sealed
// before are shared as they are. A server that opens the copy goes on from seq.
func CopyHistory(ctx context.Context, from World, seq uint64, to store.Store, journalDir string) (Copied, error) {
	out := Copied{Seq: seq}
	j := from.Journal
	if head, _ := j.Durable(); seq > head || seq < j.First() {
		return out, fmt.Errorf("event %d is not in a history of events %d to %d: %w", seq, j.First(), head, journal.ErrNotFound)
	}
	cp := &copier{ctx: ctx, from: from.Store, to: to, seen: map[lumps.CID]struct{}{}}
	head, err := from.Store.Root(ctx, RootSnapshot)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return out, err
	}
	for c, s := range snapshots(ctx, Getter(from.Store), head) {
		if s.err != nil {
			return out, s.err
		}
		if s.Seq <= seq {
			out.Snapshot = c
			break
		}
	}
	if !out.Snapshot.IsZero() {
		if err := cp.reach(out.Snapshot); err != nil {
			return out, err
		}
	} else if j.First() > 1 {
		return out, fmt.Errorf("history begins with event %d, and no snapshot stands between it and event %d", j.First(), seq)
	}
	origin := journal.Origin{Seq: j.First() - 1}
	for _, s := range j.Segments() {
		if !s.Archived() || s.Last > seq {
			break
		}
		if err := cp.reach(s.CID); err != nil {
			return out, err
		}
		origin.Segments = append(origin.Segments, s)
	}
	if len(origin.Segments) == 0 && j.First() > 1 {
		first, err := j.Record(ctx, j.First())
		if err != nil {
			return out, err
		}
		origin.Hash = first.Prev
	}
	if err := journal.Create(journalDir, journal.Options{}, origin); err != nil {
		return out, err
	}
	if out.Hash, err = cp.records(from.Journal, journalDir, seq); err != nil {
		return out, err
	}
	out.Blocks, out.Bytes = cp.blocks, cp.bytes
	if err := cp.catalogue(); err != nil {
		return out, err
	}
	if out.Snapshot.IsZero() {
		return out, nil
	}
	return out, to.SetRoot(ctx, RootSnapshot, out.Snapshot)
}

// copier copies what lumps reach from one store to another.
type copier struct {
	ctx    context.Context
	from   store.Store
	to     store.Store
	seen   map[lumps.CID]struct{}
	batch  []store.Block
	size   int
	blocks int64
	bytes  int64
}

func (cp *copier) reach(c lumps.CID) error {
	if _, ok := cp.seen[c]; ok || c.IsZero() {
		return nil
	}
	stack := []lumps.CID{c}
	for len(stack) > 0 {
		c := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if _, ok := cp.seen[c]; ok {
			continue
		}
		cp.seen[c] = struct{}{}
		data, err := cp.from.Get(cp.ctx, c)
		if err != nil {
			return err
		}
		links, err := lumps.Links(c, data)
		if err != nil {
			return err
		}
		stack = append(stack, links...)
		cp.batch = append(cp.batch, store.Block{CID: c, Data: data})
		cp.blocks++
		cp.bytes += int64(len(data))
		if cp.size += len(data); cp.size >= copyBatch {
			if err := cp.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// catalogue takes over what the catalogue has of what was copied.
func (cp *copier) catalogue() error {
	var ls []store.Lump
	for l, err := range cp.from.Lumps(cp.ctx) {
		if err != nil {
			return err
		}
		if _, ok := cp.seen[l.CID]; ok {
			ls = append(ls, l)
		}
	}
	return cp.to.AddLump(cp.ctx, ls...)
}

func (cp *copier) flush() error {
	if len(cp.batch) == 0 {
		return nil
	}
	err := cp.to.Put(cp.ctx, cp.batch...)
	cp.batch, cp.size = nil, 0
	return err
}

// records appends what is in no shared segment, and returns the last hash. Before
// an event is written, what it names is stored.
func (cp *copier) records(from *journal.Journal, dir string, seq uint64) (hash [32]byte, err error) {
	to, _, err := journal.Open(dir, journal.Options{})
	if err != nil {
		return hash, err
	}
	defer func() {
		if cerr := to.Close(); err == nil {
			err = cerr
		}
	}()
	next := to.Head() + 1
	if next <= seq {
		for rec, err := range from.Records(cp.ctx, next) {
			if err != nil {
				return hash, err
			}
			if rec.Seq > seq {
				break
			}
			ev, err := Decode(rec)
			if err != nil {
				return hash, err
			}
			for _, l := range LumpsOf(ev) {
				if err := cp.reach(l); err != nil {
					return hash, fmt.Errorf("event %d: %w", rec.Seq, err)
				}
			}
			if err := cp.flush(); err != nil {
				return hash, err
			}
			if _, err := to.Submit(rec.Kind, rec.Time, append([]byte(nil), rec.Body...)); err != nil {
				return hash, err
			}
		}
	}
	if err := cp.flush(); err != nil {
		return hash, err
	}
	if err := to.Wait(cp.ctx, seq); err != nil {
		return hash, err
	}
	_, hash = to.Durable()
	rec, err := from.Record(cp.ctx, seq)
	if err == nil && rec.Hash != hash {
		err = fmt.Errorf("the copy of event %d has another hash than the original: %w", seq, ErrBadState)
	}
	return hash, err
}
