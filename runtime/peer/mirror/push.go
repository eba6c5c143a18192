package mirror

import (
	"context"
	"errors"
	"fmt"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/store"
)

// PushOptions say what is pushed.
type PushOptions struct {
	// Snapshot to push; zero takes the newest.
	Snapshot lumps.CID
	// Name of the mirror; empty takes the name of the local world.
	Name string
	// Fork is a second name, for the case that the first holds a history that has
	// diverged from ours: both are kept.
	Fork string
	// Roots are names of roots of the store to push besides, as they are.
	Roots []string
	// RootsOnly leaves the snapshot out.
	RootsOnly bool
	// Force sets Roots that are there and name something else.
	Force bool
	// Loose brings lumps that the catalogue names and no root reaches.
	Loose    bool
	Progress func(Progress)
}

// Push brings a snapshot of the local world, and roots, to the other side. The
// roots there move when everything is there and verified, and only forward;
// *DivergedError otherwise.
func Push(ctx context.Context, s Session, local *Repository, o PushOptions) (Result, error) {
	var r Result
	err := measured(s, &r, func() error { return push(ctx, s, local, o, &r) })
	return r, err
}

func push(ctx context.Context, s Session, local *Repository, o PushOptions, r *Result) error {
	q := pushRequest{Name: o.Name, Fork: o.Fork}
	if q.Name == "" {
		q.Name = local.Name
	}
	var names []string
	var offered []lumps.CID
	if !o.RootsOnly {
		var err error
		if q.Head = o.Snapshot; q.Head.IsZero() {
			if q.Head, err = local.Head(ctx, true); err != nil {
				return err
			}
		}
		if _, err := space.LoadSnapshot(ctx, local.get(), q.Head); err != nil {
			return err
		}
		if err := CheckName(q.Name); err != nil {
			return err
		}
		r.Snapshot = q.Head
		names = append(names, HeadRoot(q.Name))
		if q.Fork != "" {
			names = append(names, HeadRoot(q.Fork))
		}
		offered = append(offered, q.Head)
	}
	for _, name := range o.Roots {
		if err := checkRoot(name); err != nil {
			return err
		}
		c, err := local.Store.Root(ctx, name)
		if err != nil {
			return fmt.Errorf("the root %q: %w", name, err)
		}
		q.Roots = append(q.Roots, rootAt{Name: name, At: c, Force: o.Force})
		offered = append(offered, c)
	}
	if err := q.check(); err != nil {
		return err
	}
	if len(offered) > 0 {
		if err := pushRoots(ctx, s, local, q, names, offered, o, r); err != nil {
			return err
		}
	}
	if o.Loose {
		return pushLoose(ctx, s, local, o.Progress, r)
	}
	return nil
}

func pushRoots(ctx context.Context, s Session, local *Repository, q pushRequest, names []string, offered []lumps.CID, o PushOptions, r *Result) error {
	w, err := describe(ctx, s, r, describeRequest{Roots: names})
	if err != nil {
		return err
	}
	if !w.Writable {
		return ErrReadOnly
	}
	var have []lumps.CID
	for _, root := range w.Roots {
		if !root.CID.IsZero() {
			have = append(have, root.CID)
		}
	}
	if !q.Head.IsZero() {
		if q.Fork == "" && len(have) > 0 {
			if err := divergedHere(ctx, local, HeadRoot(q.Name), q.Head, have[0]); err != nil {
				return err
			}
		}
		if q.Path, err = pathBehind(ctx, local, q.Head, have); err != nil {
			return err
		}
		offered = append(offered, q.Path...)
	}
	defer s.Offers().offer(local.Store, offered)()
	var a movedAnswer
	err = single(ctx, s, r, opPush, q, isMoved, &a, func(p progressAnswer) {
		if o.Progress != nil {
			o.Progress(Progress(p))
		}
	})
	r.add(a)
	return err
}

func (r *Result) add(a movedAnswer) {
	r.Moves = append(r.Moves, a.Moves...)
	r.Blocks += a.Blocks
	r.Bytes += a.Bytes
	r.Lumps += a.Lumps
}

// divergedHere says what the other side would say, where what it has is known
// here, too, before anything is sent.
func divergedHere(ctx context.Context, local *Repository, root string, ours, theirs lumps.CID) error {
	if has, err := local.Store.Has(ctx, theirs); err != nil || !has {
		return err
	}
	if is, err := local.isSnapshot(ctx, theirs); err != nil || !is {
		return err
	}
	rel, err := space.Relate(ctx, local.get(), ours, local.get(), theirs)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if rel.Order == space.OrderDiverged || rel.Order == space.OrderAhead && !rel.SameBranch {
		return &DivergedError{Root: root, Ours: ours, Theirs: theirs, Common: rel.Snapshot, Seq: rel.Seq}
	}
	return nil
}
