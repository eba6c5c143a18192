package peering

import (
	"context"
	"errors"
	"io"

	"hearth/cmd/internal/world"
	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/peer"
	"hearth/runtime/peer/mirror"
	"hearth/runtime/wasm"
	"hearth/store"
)

// repository is the world as one end of a mirror. rt is nil for one that nobody
// runs.
func repository(w *world.World, rt *runtime.Runtime, name string) *mirror.Repository {
	r := &mirror.Repository{Store: w.Store, Name: name, Writable: true, Verify: verifier(w.Store)}
	if rt != nil {
		r.Snapshot = func(ctx context.Context) (lumps.CID, error) { return newest(ctx, w.Store, rt) }
	}
	return r
}

// verifier derives again what a program of a world that comes in pins.
func verifier(s store.Store) func(context.Context, space.Program) error {
	return func(ctx context.Context, p space.Program) error { return wasm.Verify(ctx, s, p) }
}

// newest returns the newest snapshot, and takes one before if the space has moved.
func newest(ctx context.Context, s store.Store, rt *runtime.Runtime) (lumps.CID, error) {
	c, err := s.Root(ctx, space.RootSnapshot)
	if err == nil {
		snap, err := space.LoadSnapshot(ctx, space.Getter(s), c)
		// The event behind a snapshot says that it was taken.
		if err == nil && rt.Head() <= snap.Seq+1 {
			return c, nil
		}
	} else if !errors.Is(err, store.ErrNotFound) {
		return c, err
	}
	info, err := rt.Snapshot(ctx, "for a mirror")
	return info.CID, err
}

// mirror serves a stream of a peer that came with a mirror's credential.
func (p *Peering) mirror(ctx context.Context, c *peer.Conn, s io.ReadWriteCloser) {
	if err := mirror.Serve(ctx, s, p.mirrored, c.Exchange()); err != nil {
		i := c.Info()
		p.log.Info("a mirror's request ended early", "peer", i.Name(), "error", err)
	}
}
