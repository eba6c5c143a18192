package mirror

import (
	"context"
	"errors"
	"fmt"

	"hearth/journal/space"
	"hearth/lumps"
)

// PullOptions say what is pulled.
type PullOptions struct {
	// Snapshot to pull; zero takes the newest of the other side's own world.
	Snapshot lumps.CID
	// Root names a root of the other side whose snapshot is pulled instead, such as
	// mirror/NAME/head: what somebody pushed there comes back.
	Root string
	// Name of the mirror here; empty takes the name of the other world.
	Name string
	// Fork is a second name, for the case that the first, or the local world
	// itself, holds a history that has diverged from theirs.
	Fork string
	// Roots are names of roots of the other side to pull besides, as they are.
	Roots []string
	// RootsOnly leaves the snapshot out.
	RootsOnly bool
	// Force sets Roots that are here and name something else.
	Force bool
	// Loose brings lumps that their catalogue names and no root of them reaches.
	Loose    bool
	Progress func(Progress)
}

// Pull brings a snapshot of the other side, and roots, to the local world: to a
// root beside a world of another history, or, into a standby, as the world
// itself.
func Pull(ctx context.Context, s Session, local *Repository, o PullOptions) (Result, error) {
	var r Result
	err := measured(s, &r, func() error { return pull(ctx, s, local, o, &r) })
	return r, err
}

func pull(ctx context.Context, s Session, local *Repository, o PullOptions, r *Result) error {
	q := describeRequest{Fresh: !o.RootsOnly, Of: o.Snapshot, Root: o.Root, Roots: o.Roots}
	if o.RootsOnly {
		q.Of, q.Root = lumps.CID{}, ""
	}
	have, err := local.vouched(ctx)
	if err != nil {
		return err
	}
	q.Have = have[:min(len(have), maxHave)]
	w, err := describe(ctx, s, r, q)
	if err != nil {
		return err
	}
	if len(w.Roots) != len(q.Roots) {
		return fmt.Errorf("%d roots for %d that were asked for: %w", len(w.Roots), len(q.Roots), ErrRequest)
	}
	if !q.Of.IsZero() && w.Head != q.Of {
		return fmt.Errorf("snapshot %s was asked for and %s offered: %w", q.Of, w.Head, ErrRequest)
	}
	in := newIntake(s, local, o.Progress)
	defer in.count(r)
	if !o.RootsOnly {
		if w.Head.IsZero() {
			return ErrNoSnapshot
		}
		r.Snapshot = w.Head
		m, err := in.pulled(ctx, w.Name, w.Head, w.path, o)
		if err != nil {
			return err
		}
		r.Moves = append(r.Moves, m)
	}
	for i, root := range w.Roots {
		if root.Name != o.Roots[i] {
			return fmt.Errorf("the root %.40q was not asked for: %w", root.Name, ErrRequest)
		}
		if root.CID.IsZero() {
			return fmt.Errorf("%q: %w", root.Name, ErrNoRoot)
		}
		m, err := in.root(ctx, rootAt{Name: root.Name, At: root.CID, Force: o.Force})
		if err != nil {
			return err
		}
		r.Moves = append(r.Moves, m)
	}
	if o.Loose {
		return pullLoose(ctx, s, in, r)
	}
	return nil
}

func newIntake(s Session, local *Repository, progress func(Progress)) *intake {
	return &intake{to: local, from: s.Source(), progress: progress}
}

// count puts what came into the result.
func (in *intake) count(r *Result) {
	r.Blocks += in.blocks
	r.Bytes += in.bytes
	in.blocks, in.bytes = 0, 0
}

// pulled brings a snapshot to where it belongs here.
func (in *intake) pulled(ctx context.Context, theirs string, head lumps.CID, path []lumps.CID, o PullOptions) (Move, error) {
	name := o.Name
	if name == "" {
		name = theirs
	}
	if err := CheckName(name); err != nil {
		return Move{}, err
	}
	if o.Fork != "" {
		if err := CheckName(o.Fork); err != nil {
			return Move{}, err
		}
	}
	a := arrival{root: space.RootSnapshot, head: head, path: path}
	if in.to.Standby != nil {
		m, err := in.snapshot(ctx, a)
		if !errors.Is(err, space.ErrRan) {
			return m, err
		}
	}
	if err := in.prefetch(ctx, append([]lumps.CID{head}, path...)); err != nil {
		return Move{}, err
	}
	m, err := in.own(ctx, head)
	var diverged *DivergedError
	if errors.As(err, &diverged) && o.Fork != "" {
		a.root = HeadRoot(o.Fork)
		return in.snapshot(ctx, a)
	}
	if err != nil || m.Already {
		return m, err
	}
	a.root = HeadRoot(name)
	return in.forked(ctx, a, o.Fork)
}

// own compares what comes with the world itself, where both are of one space: a
// world that runs, or has run, cannot be moved. Already says that it has what
// comes; no error and not that, that it has nothing to do with it.
func (in *intake) own(ctx context.Context, head lumps.CID) (Move, error) {
	ours, err := in.to.root(ctx, space.RootSnapshot)
	if err != nil || ours.IsZero() {
		return Move{}, err
	}
	m := Move{Root: space.RootSnapshot, From: ours, To: ours}
	rel, err := space.Relate(ctx, in.remote, head, in.to.get(), ours)
	if err != nil {
		return m, err
	}
	switch rel.Order {
	case space.OrderForeign:
		return m, nil
	case space.OrderEqual, space.OrderBehind:
		m.Already = true
		return m, nil
	}
	return m, &DivergedError{Root: space.RootSnapshot, Ours: ours, Theirs: head, Common: rel.Snapshot, Seq: rel.Seq}
}
