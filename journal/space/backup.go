package space

import (
	"context"
	"errors"
	"fmt"
	"io"

	"hearth/journal"
	"hearth/lumps"
	"hearth/lumps/car"
	"hearth/store"
)

// BackupStats says what a backup holds.
type BackupStats struct {
	Snapshot lumps.CID
	Seq      uint64
	Blocks   int64
	Bytes    int64 // of the archive
}

// Backup writes a snapshot and everything that it reaches as an archive whose
// root it is: the state with its modules, pages and lumps, the snapshots before
// it, and the sealed segments of the journal up to it with the lumps that their
// events name. The same snapshot gives the same bytes.
func Backup(ctx context.Context, s store.Store, snapshot lumps.CID, w io.Writer) (BackupStats, error) {
	snap, err := LoadSnapshot(ctx, Getter(s), snapshot)
	if err != nil {
		return BackupStats{}, err
	}
	cw := &countingWriter{w: w}
	n, err := car.Export(ctx, cw, s, snapshot)
	if err != nil {
		return BackupStats{}, fmt.Errorf("the backup is not complete: %w", err)
	}
	return BackupStats{Snapshot: snapshot, Seq: snap.Seq, Blocks: n, Bytes: cw.n}, nil
}

type countingWriter struct {
	w io.Writer
	n int64
}

func (w *countingWriter) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	w.n += int64(n)
	return n, err
}

// ErrNotBackup reports an archive that is not the backup of a space.
var ErrNotBackup = errors.New("not a whole backup of a space")

// Restored is what Restore made.
type Restored struct {
	Snapshot Snapshot
	CID      lumps.CID
	Blocks   int64
	Bytes    int64 // of the archive
	Checked  Checked
}

// Restore makes a world from a backup: the blocks in an empty store, a journal in
// journalDir that goes on behind the snapshot, and the root that names it. It
// believes nothing: every block is hashed, everything that the snapshot reaches
// must be there, the history is folded and compared with every snapshot, and
// verifyProgram, where it is not nil, is asked about each program that history
// or a snapshot names, once. After an error the store and the folder hold parts
// of a world and must be thrown away.
func Restore(ctx context.Context, s store.Store, journalDir string, r io.Reader, verifyProgram func(context.Context, Program) error) (Restored, error) {
	var out Restored
	in, err := car.Import(ctx, r, s)
	if err != nil {
		return out, fmt.Errorf("%w: %w", ErrNotBackup, err)
	}
	out.Blocks, out.Bytes = in.Blocks, in.Bytes
	if len(in.Roots) != 1 {
		return out, fmt.Errorf("the archive has %d roots: %w", len(in.Roots), ErrNotBackup)
	}
	out.CID = in.Roots[0]
	get := Getter(s)
	snap, err := LoadSnapshot(ctx, get, out.CID)
	if err != nil {
		return out, fmt.Errorf("%w: %w", ErrNotBackup, err)
	}
	out.Snapshot = *snap
	origin, err := snap.origin(ctx, get)
	if err != nil {
		return out, fmt.Errorf("%w: %w", ErrNotBackup, err)
	}
	if err := journal.Create(journalDir, journal.Options{}, origin); err != nil {
		return out, err
	}
	if err := s.SetRoot(ctx, RootSnapshot, out.CID); err != nil {
		return out, err
	}
	j, _, err := journal.OpenReadOnly(journalDir, journal.Options{Archive: NewArchive(s)})
	if err != nil {
		return out, err
	}
	defer j.Close()
	programs := map[Program]struct{}{}
	var order []Program
	c := newChecker(ctx, World{s, j}, nil)
	c.program = func(p Program) {
		if _, ok := programs[p]; !ok {
			programs[p] = struct{}{}
			order = append(order, p)
		}
	}
	var first error
	c.report = func(f Fault) {
		if first == nil {
			first = f
		}
	}
	if err := c.run(false); err != nil {
		return out, err
	}
	if first != nil {
		return out, fmt.Errorf("%w: %w", ErrNotBackup, first)
	}
	out.Checked = c.sum
	if verifyProgram != nil {
		for _, p := range order {
			if err := verifyProgram(ctx, p); err != nil {
				return out, fmt.Errorf("the program of module %s: %w", p.Module, err)
			}
		}
	}
	return out, catalogue(ctx, s, c.order)
}

// origin is where a journal goes on behind a snapshot.
func (s *Snapshot) origin(ctx context.Context, get Get) (journal.Origin, error) {
	segments, err := Manifests(ctx, get, s.Journal)
	if err != nil {
		return journal.Origin{}, err
	}
	if n := len(segments); n > 0 {
		if last := segments[n-1]; last.Last != s.Seq || last.LastHash != [32]byte(s.Chain) {
			return journal.Origin{}, badState("the history of the snapshot of event %d ends at event %d", s.Seq, last.Last)
		}
		return journal.Origin{Segments: segments}, nil
	}
	return journal.Origin{Seq: s.Seq, Time: s.Clock, Hash: [32]byte(s.Chain)}, nil
}

// catalogue records the lumps among tops: files, snapshots and the bytes of
// segments.
func catalogue(ctx context.Context, s store.Store, tops []lumps.CID) error {
	var ls []store.Lump
	done := map[lumps.CID]bool{}
	add := func(c lumps.CID, kind store.Kind) error {
		l, err := measure(ctx, s, c, kind)
		if err != nil {
			return err
		}
		ls = append(ls, l)
		return nil
	}
	for _, c := range tops {
		if c.Codec() != lumps.DagCBOR {
			if err := add(c, store.KindFile); err != nil {
				return err
			}
			continue
		}
		// A snapshot brings those before it, a manifest the bytes of its segment.
		if m, err := LoadManifest(ctx, Getter(s), c); err == nil {
			if err := add(m.Bytes, store.KindSegment); err != nil {
				return err
			}
		}
		for cid, snap := range snapshots(ctx, Getter(s), c) {
			if snap.err != nil || done[cid] {
				break
			}
			done[cid] = true
			if err := add(cid, store.KindSnapshot); err != nil {
				return err
			}
		}
	}
	return s.AddLump(ctx, ls...)
}

// measure says how large a lump is.
func measure(ctx context.Context, s store.Store, c lumps.CID, kind store.Kind) (store.Lump, error) {
	r, err := store.OpenLump(ctx, s, c)
	if err != nil {
		return store.Lump{}, err
	}
	l := store.Lump{CID: c, Size: r.Size(), Blocks: 1, Kind: kind}
	if c.Codec() == lumps.DagPB {
		l.Blocks, err = countBlocks(ctx, s, c, map[lumps.CID]int64{})
	}
	return l, err
}

// countBlocks counts the blocks of a file, repetitions included, as they are
// counted when it is put.
func countBlocks(ctx context.Context, b store.Blocks, c lumps.CID, known map[lumps.CID]int64) (int64, error) {
	if c.Codec() == lumps.Raw {
		return 1, nil
	}
	if n, ok := known[c]; ok {
		return n, nil
	}
	data, err := b.Get(ctx, c)
	if err != nil {
		return 0, err
	}
	links, err := lumps.Links(c, data)
	if err != nil {
		return 0, err
	}
	n := int64(1)
	for _, l := range links {
		k, err := countBlocks(ctx, b, l, known)
		if err != nil {
			return 0, err
		}
		if n += k; n > lumps.MaxFile {
			return 0, badState("file %s has too many blocks", c)
		}
	}
	known[c] = n
	return n, nil
}
