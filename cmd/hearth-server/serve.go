package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"hearth/cmd/internal/serve"
	"hearth/cmd/internal/version"
	"hearth/cmd/internal/world"
	"hearth/runtime"
	"hearth/runtime/ipc"
	"hearth/store"
)

// run serves a world until ctx ends.
func run(ctx context.Context, f *flags, stdout, stderr io.Writer) (err error) {
	dir, socket, err := f.resolve()
	if err != nil {
		return err
	}
	log := logger(f, stderr)
	var module []byte
	if f.init != "" {
		if module, err = os.ReadFile(f.init); err != nil {
			return fmt.Errorf("the module for the first process: %w", err)
		}
	}
	w, err := open(dir, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if socket, err = filepath.Abs(socket); err != nil {
		return err
	}
	ln, err := ipc.Listen(socket)
	if err != nil {
		return err
	}
	defer ln.Close()
	if err := w.Announce(socket); err != nil {
		return err
	}
	if w.Made {
		if err := w.Load(); err != nil {
			return err
		}
	}
	o := w.Options()
	o.Workers, o.Versions = f.workers, version.Parts()
	o.SnapshotEvery, o.SnapshotEvents = orNever(f.snapshotEvery), orNever(f.snapshotEvents)
	o.Crumbs = filepath.Join(dir, "cache", "crumbs") // to lose them costs another crash
	rt, err := w.Run(ctx, o)
	if err != nil {
		if ctx.Err() != nil {
			return nil // asked to stop before it began
		}
		return err
	}
	if w.Made {
		err = found(ctx, w, rt, module)
	} else if module != nil {
		log.Info("the world exists, so --init is ignored", "world", dir, "module", f.init)
	}
	if err != nil {
		return errors.Join(err, rt.Close())
	}
	srv := ipc.NewServer(serve.World(w, "hearth-server", rt), log)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	log.Info("the space is restored", "world", dir, "events", rt.Head(), "socket", socket)
	if _, err := fmt.Fprintf(stdout, "ready %s\n", socket); err != nil {
		log.Warn("nobody reads stdout", "error", err)
	}
	select {
	case <-ctx.Done():
		log.Info("stopping")
		err = srv.Close()
		return errors.Join(err, <-served, rt.Shutdown(context.Background()))
	case <-rt.Failed():
		err := fmt.Errorf("the space stopped: %w", rt.Err())
		srv.Close()
		<-served
		return errors.Join(err, rt.Close())
	}
}

// open opens the world in dir, or begins a new one.
func open(dir string, log *slog.Logger) (*world.World, error) {
	owner := world.Owner{PID: os.Getpid(), Program: "hearth-server"}
	err := world.Exists(dir)
	if errors.Is(err, world.ErrNoWorld) {
		w, err := world.Make(dir, owner, log)
		if !errors.Is(err, world.ErrExists) {
			return w, err
		}
		// Another server made it between the two looks.
		err = nil
		return world.Open(dir, owner, log)
	}
	if err != nil {
		return nil, err
	}
	return world.Open(dir, owner, log)
}

// found gives a new world its first process and makes it a world. Until then it
// is none, so a server that is killed in between begins anew.
func found(ctx context.Context, w *world.World, rt *runtime.Runtime, module []byte) error {
	if module != nil {
		l, err := store.PutLump(ctx, w.Store, bytes.NewReader(module), store.KindFile)
		if err != nil {
			return err
		}
		if err := rt.SetRoot(ctx, ipc.RootPrefix+l.CID.String(), l.CID, l.Size, "init"); err != nil {
			return err
		}
		if _, _, err := rt.Spawn(ctx, runtime.SpawnRequest{Module: l.CID, Durable: true, Entry: -1, Origin: "init", Key: "init"}); err != nil {
			return fmt.Errorf("the first process: %w", err)
		}
	}
	return w.Commit()
}

// orNever gives zero the meaning that it has on the command line.
func orNever[T ~int64](v T) T {
	if v == 0 {
		return -1
	}
	return v
}

func logger(f *flags, w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: f.logLevel}
	if f.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
