package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"hearth/cmd/internal/serve"
	"hearth/cmd/internal/world"
	"hearth/runtime/ipc"
)

// session is a client of the server of a world, or of one that this program is
// itself because nobody runs the world.
type session struct {
	*ipc.Client
	running bool
	close   func() error
}

const (
	// worldPatience is how long a world is waited for that another hearth-ctl has
	// open.
	worldPatience = 5 * time.Second
	worldPause    = 50 * time.Millisecond
)

// with runs f on the world that the command line names.
func (a *app) with(ctx context.Context, f func(s *session) error) error {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	err = f(s)
	if ferr := a.out.flush(); err == nil {
		err = ferr
	}
	if cerr := s.close(); err == nil {
		err = cerr
	}
	return err
}

// live is with for what needs a live process.
func (a *app) live(ctx context.Context, f func(s *session) error) error {
	return a.with(ctx, func(s *session) error {
		if !s.running {
			return ipc.ErrNoServer
		}
		return f(s)
	})
}

func (a *app) connect(ctx context.Context) (*session, error) {
	if socket := a.socketPath(); socket != "" {
		return dial(ctx, socket)
	}
	dir, err := a.worldDir()
	if err != nil {
		return nil, err
	}
	return openWorld(ctx, dir)
}

// socketPath is the socket that the command line or the environment names, "" for
// that of the world.
func (a *app) socketPath() string {
	if a.socket == "" && a.world == "" {
		return os.Getenv("HEARTH_SOCKET")
	}
	return a.socket
}

// worldDir is the world that the command line, the environment or nobody names.
func (a *app) worldDir() (string, error) {
	dir := a.world
	if dir == "" {
		dir = os.Getenv("HEARTH_WORLD")
	}
	if dir == "" {
		var err error
		if dir, err = world.DefaultDir(); err != nil {
			return "", err
		}
	}
	return world.Dir(dir)
}

func dial(ctx context.Context, socket string) (*session, error) {
	c, err := ipc.Dial(ctx, socket)
	if err != nil {
		return nil, err
	}
	return &session{Client: c, running: true, close: c.Close}, nil
}

// openWorld finds the server of a world or opens the world itself.
func openWorld(ctx context.Context, dir string) (*session, error) {
	if err := world.Exists(dir); err != nil {
		return nil, err
	}
	for end := time.Now().Add(worldPatience); ; {
		owner, taken, err := world.Running(dir)
		if err != nil {
			return nil, &world.PathError{Op: "open", Dir: dir, Err: err}
		}
		if taken && owner.Socket != "" {
			s, err := dial(ctx, owner.Socket)
			if errors.Is(err, ipc.ErrNoServer) {
				err = fmt.Errorf("%w, and its socket %s does not answer", &world.LockedError{Dir: dir, Owner: owner}, owner.Socket)
			}
			return s, err
		}
		if !taken {
			s, err := openStopped(dir)
			var locked *world.LockedError
			if !errors.As(err, &locked) {
				return s, err
			}
			owner = locked.Owner
		}
		// Another command, or a server that does not listen yet.
		if time.Now().After(end) {
			return nil, &world.LockedError{Dir: dir, Owner: owner}
		}
		select {
		case <-time.After(worldPause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// openStopped opens a world and serves it to this program alone.
func openStopped(dir string) (*session, error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	w, err := world.Open(dir, world.Owner{PID: os.Getpid(), Program: "hearth-ctl"}, log)
	if err != nil {
		return nil, err
	}
	srv := ipc.NewServer(serve.World(w, "hearth-ctl", nil), log)
	here, there := net.Pipe()
	if err := srv.ServeConn(there, fmt.Sprintf("user %d", os.Getuid())); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	c := ipc.NewClient(here)
	return &session{Client: c, close: func() error {
		return errors.Join(c.Close(), srv.Close(), w.Close())
	}}, nil
}
