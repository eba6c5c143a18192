// Package serve joins an open world with the control interface.
package serve

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"hearth/cmd/internal/exit"
	"hearth/cmd/internal/peering"
	"hearth/cmd/internal/version"
	"hearth/cmd/internal/world"
	"hearth/journal/space"
	"hearth/runtime"
	"hearth/runtime/ipc"
	"hearth/store/bolt"
)

// World is what package ipc serves of w; rt is nil where nobody executes it.
func World(w *world.World, program string, rt *runtime.Runtime) ipc.World {
	replay := w.Options()
	replay.Branch = nil
	return ipc.World{
		Peers:   &peering.Control{Open: func() (*peering.Files, error) { return peering.OpenFiles(w.Dir, "") }},
		Sync:    peering.Syncer(w, rt, program),
		Program: version.Of(program), Dir: w.Dir, Store: w.Store, Journal: w.Journal, Runtime: rt, Replay: replay,
		CheckStore: func(ctx context.Context, readData bool, report func(ipc.Fault)) error {
			return w.Store.Check(ctx, readData, func(f bolt.Fault) { report(ipc.Fault{Fault: f.String(), CID: f.CID}) })
		},
		Copy: func(ctx context.Context, seq uint64, into string) error {
			err := copyWorld(ctx, w, program, seq, into)
			if k := ipc.KindOf(err); err == nil || k.Name != "internal" {
				return err
			}
			return &ipc.Error{Kind: "world", Exit: exit.Code(err), Message: exit.Sentence(err)}
		},
	}
}

// copyWorld makes a world of the history of another up to an event.
func copyWorld(ctx context.Context, from *world.World, program string, seq uint64, into string) (err error) {
	w, err := world.Make(into, world.Owner{PID: os.Getpid(), Program: program}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := w.OpenStore(); err != nil {
		return err
	}
	if _, err := space.CopyHistory(ctx, space.World{Store: from.Store, Journal: from.Journal}, seq, w.Store, w.JournalDir()); err != nil {
		return err
	}
	if err := w.Fork(); err != nil {
		return err
	}
	return w.Commit()
}
