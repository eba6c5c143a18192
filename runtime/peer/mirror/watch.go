package mirror

import (
	"context"
	"time"
)

// WatchOptions say how a mirror follows.
type WatchOptions struct {
	PullOptions
	// Every has the server take a snapshot so often while its space moves; zero
	// waits for those that it takes anyway. The server has a least time of its own.
	Every time.Duration
	// Moved is told of each pull that moved something, and how long the snapshot
	// was taken before it stood here.
	Moved func(r Result, behind time.Duration)
}

// Watch pulls, and pulls again whenever the other side has a new snapshot, until
// ctx ends or something fails. It returns context.Cause of ctx then; what was
// pulled stands.
func Watch(ctx context.Context, s Session, local *Repository, o WatchOptions) error {
	if o.Every > 0 {
		o.Every = max(o.Every, time.Millisecond)
	}
	once := o.PullOptions
	r, err := Pull(ctx, s, local, once)
	if err != nil {
		return err
	}
	o.tell(r, time.Time{})
	once.Roots, once.RootsOnly, once.Loose = nil, false, false
	for last := r.Snapshot; ; {
		var r Result
		var a worldAnswer
		q := watchRequest{Last: last, Wait: maxWait.Milliseconds(), Every: o.Every.Milliseconds()}
		if err := single(ctx, s, &r, opWatch, q, isWorld, &a, nil); err != nil {
			return err
		}
		w := a.world()
		if w.Head == last || w.Head.IsZero() {
			continue
		}
		err := measured(s, &r, func() error { return follow(ctx, s, local, w, once, &r) })
		if err != nil {
			return err
		}
		last = w.Head
		o.tell(r, w.Time)
	}
}

func follow(ctx context.Context, s Session, local *Repository, w World, o PullOptions, r *Result) error {
	in := newIntake(s, local, o.Progress)
	defer in.count(r)
	r.Snapshot = w.Head
	m, err := in.pulled(ctx, w.Name, w.Head, w.path, o)
	if err == nil {
		r.Moves = append(r.Moves, m)
	}
	return err
}

func (o *WatchOptions) tell(r Result, taken time.Time) {
	if o.Moved == nil || len(r.Moves) == 0 {
		return
	}
	var behind time.Duration
	if !taken.IsZero() {
		behind = max(0, time.Since(taken))
	}
	o.Moved(r, behind)
}
