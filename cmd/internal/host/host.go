// Package host runs a world: it restores the space, executes it, answers hearth-ctl
// on a Unix socket and meets peers. hearth-server and hearth-client are flags in
// front of it; what only one of them has (a window on the space) is an [Extension].
package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"hearth/cmd/internal/peering"
	"hearth/cmd/internal/serve"
	"hearth/cmd/internal/version"
	"hearth/cmd/internal/world"
	"hearth/runtime"
	"hearth/runtime/ipc"
	"hearth/runtime/peer"
	"hearth/store"
)

// Options say what to run.
type Options struct {
	Program string // for the lock, logs and peers
	World   string // absolute
	Socket  string
	Init    string // the file of the first process of a new world; ""
	First   []byte // the module of that process where Init is ""; nil: there is none
	Space   string // the name among peers; ""
	Log     *slog.Logger
	Runtime runtime.Options // the fields that flags set
	Peers   peering.Options
	// Extend, if it is not nil, says what the program adds to the world. It is asked
	// when the store is open and before anything runs: where it fails, a new world is
	// not made.
	Extend func(st store.Store) (*Extension, error)
}

// Extension is what a program adds to the world that it runs.
type Extension struct {
	// Services are started with the native ones, before anything is replayed.
	Services []runtime.Service
	// Started is told the runtime when the space stands as it was left. May be nil.
	Started func(rt *runtime.Runtime)
	// Run, if it is not nil, is called when the world is ready, on the goroutine that
	// called Run. The world ends, in order, when it returns, and ctx is done when the
	// world is to end. peers counts who is connected.
	Run func(ctx context.Context, peers func() int) error
	// Close is called when nothing runs any more, however far it came. May be nil.
	Close func() error
}

// Run serves a world until ctx ends. Lines for whoever started it go to stdout:
//
//	link LINK      where the world can be joined, for each
//	ready SOCKET   the space stands as it was left
//	joined LINK    of a client, each time that it is connected
func Run(ctx context.Context, o Options, stdout io.Writer) (err error) {
	log := o.Log
	module := o.First
	if o.Init != "" {
		if module, err = os.ReadFile(o.Init); err != nil {
			return fmt.Errorf("the module for the first process: %w", err)
		}
	}
	w, err := open(o.World, o.Program, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	socket, err := filepath.Abs(o.Socket)
	if err != nil {
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
	ext := &Extension{}
	if o.Extend != nil {
		if ext, err = o.Extend(w.Store); err != nil {
			return err
		}
		if ext.Close != nil {
			defer func() { err = errors.Join(err, ext.Close()) }()
		}
	}
	ro := merge(w.Options(), o)
	ro.Services = append(ro.Services, ext.Services...)
	rt, err := w.Run(ctx, ro)
	if err != nil {
		if ctx.Err() != nil {
			return nil // asked to stop before it began
		}
		return err
	}
	if ext.Started != nil {
		ext.Started(rt)
	}
	if w.Made || w.Empty {
		if err = found(ctx, w, rt, module); err == nil {
			err = w.Begun()
		}
	} else if o.Init != "" {
		log.Info("the world exists, so --init is ignored", "world", o.World, "module", o.Init)
	}
	if err != nil {
		return errors.Join(err, rt.Close())
	}
	say := func(format string, args ...any) {
		if _, err := fmt.Fprintf(stdout, format+"\n", args...); err != nil {
			log.Warn("nobody reads stdout", "error", err)
		}
	}
	if o.Peers.Connect != nil {
		o.Peers.Connect.Joined = func(*peer.Conn) { say("joined %s", o.Peers.Connect.Link) }
	}
	peers, err := meet(w, rt, o)
	if err != nil {
		return errors.Join(err, rt.Close())
	}
	control := serve.World(w, o.Program, rt)
	control.Peers = &peering.Control{Open: func() (*peering.Files, error) {
		if peers.Files != nil {
			return peers.Files, nil
		}
		return peering.OpenFiles(w.Dir, o.Space)
	}, Peering: peers}
	srv := ipc.NewServer(control, log)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	log.Info("the space is restored", "world", o.World, "events", rt.Head(), "socket", socket)
	for _, l := range peers.Links() {
		say("link %s", l)
	}
	say("ready %s", socket)
	if err = until(ctx, peers, rt, ext); err == nil {
		log.Info("stopping")
	}
	peers.Close()
	err = errors.Join(err, srv.Close(), <-served)
	if rt.Err() != nil {
		return errors.Join(err, rt.Close())
	}
	return errors.Join(err, rt.Shutdown(context.Background()))
}

// until returns when the world is to end: somebody said so, the client gave up for
// good, the machine failed, or what the program adds is done.
func until(ctx context.Context, peers *peering.Peering, rt *runtime.Runtime, ext *Extension) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	why := make(chan error, 1)
	go func() {
		defer cancel()
		select {
		case <-ctx.Done():
			why <- nil
		case err := <-peers.Ended():
			why <- err
		case <-rt.Failed():
			why <- fmt.Errorf("the space stopped: %w", rt.Err())
		}
	}()
	if ext.Run == nil {
		return <-why
	}
	err := ext.Run(ctx, func() int { return len(peers.Node.Conns()) })
	cancel()
	return errors.Join(err, <-why)
}

// merge adds what flags say to what the world says.
func merge(w runtime.Options, o Options) runtime.Options {
	w.Workers, w.Versions = o.Runtime.Workers, version.Parts()
	w.SnapshotEvery, w.SnapshotEvents = orNever(o.Runtime.SnapshotEvery), orNever(o.Runtime.SnapshotEvents)
	w.Crumbs = filepath.Join(o.World, "cache", "crumbs") // to lose them costs another crash
	return w
}

// meet opens the node and, for a world that meets anybody, the files of trust: one
// that does not needs none.
func meet(w *world.World, rt *runtime.Runtime, o Options) (*peering.Peering, error) {
	var files *peering.Files
	if len(o.Peers.Listen) > 0 || o.Peers.Connect != nil {
		var err error
		if files, err = peering.OpenFiles(w.Dir, o.Space); err != nil {
			return nil, err
		}
	}
	o.Peers.Program = o.Program
	return peering.Start(w, rt, files, o.Peers, o.Log)
}

// Found makes the world in dir where there is none, and returns when it is one.
func Found(ctx context.Context, dir, program string, log *slog.Logger) (err error) {
	if err := world.Exists(dir); !errors.Is(err, world.ErrNoWorld) {
		return err
	}
	w, err := open(dir, program, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if !w.Made {
		return nil
	}
	if err := w.Load(); err != nil {
		return err
	}
	rt, err := w.Run(ctx, merge(w.Options(), Options{World: dir}))
	if err != nil {
		return err
	}
	return errors.Join(w.Leave(), rt.Close())
}

// open opens the world in dir, or begins a new one.
func open(dir, program string, log *slog.Logger) (*world.World, error) {
	owner := world.Owner{PID: os.Getpid(), Program: program}
	err := world.Exists(dir)
	if errors.Is(err, world.ErrNoWorld) {
		w, err := world.Make(dir, owner, log)
		if !errors.Is(err, world.ErrExists) {
			return w, err
		}
		// Another server made it between the two looks.
		return world.Open(dir, owner, log)
	}
	if err != nil {
		return nil, err
	}
	return world.Open(dir, owner, log)
}

// FirstMessage is what the first process of a new world is sent, once: a handler does
// nothing before a message. Later starts of the world give it a resume signal, where
// it exports _hearth_resume.
const FirstMessage = "init"

// found gives a new world its first process. Until that is said, the next server does
// it again: of two with the same key the second is the first.
func found(ctx context.Context, w *world.World, rt *runtime.Runtime, module []byte) error {
	if module != nil {
		l, err := store.PutLump(ctx, w.Store, bytes.NewReader(module), store.KindFile)
		if err != nil {
			return err
		}
		if err := rt.SetRoot(ctx, ipc.RootPrefix+l.CID.String(), l.CID, l.Size, "init"); err != nil {
			return err
		}
		if _, _, err := rt.Spawn(ctx, runtime.SpawnRequest{
			Module: l.CID, Durable: true, Entry: -1, Arg: []byte(FirstMessage), HasArg: true, Origin: "init", Key: "init",
		}); err != nil {
			return fmt.Errorf("the first process: %w", err)
		}
	}
	return nil
}

// orNever gives zero the meaning that it has on the command line.
func orNever[T ~int64](v T) T {
	if v == 0 {
		return -1
	}
	return v
}
