package ipc

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"hearth/journal"
	"hearth/runtime"
	"hearth/store"
)

const (
	// maxConnections bounds the connections of a server: each may hold an outbox
	// and a line, so this is about 3 GiB at the very worst and some MB in practice.
	maxConnections = 1024
	// maxCalls bounds the calls that are open on a connection, beside messages that
	// are sent without wait.
	maxCalls = 256
	// maxAcks bounds the messages of a connection that wait for the disk; beyond
	// it the connection is not read.
	maxAcks = 1024
	// closeGrace is how long a closing server tries to deliver last answers.
	closeGrace = time.Second
)

// World is what a server serves.
type World struct {
	Program string // who serves, for Info
	Dir     string
	Store   store.Store
	Journal *journal.Journal
	// Runtime is nil for a world that nothing executes.
	Runtime *runtime.Runtime
	// Replay is how to execute the history again: engine, services, logger. Store
	// and Journal are set from here.
	Replay runtime.Options
	// CheckStore verifies what is below the contract of a store. May be nil.
	CheckStore func(ctx context.Context, readData bool, report func(Fault)) error
	// Copy makes a world in the folder into that ends at an event of this one. May
	// be nil.
	Copy func(ctx context.Context, seq uint64, into string) error
	// Peers is what this program has to do with others. May be nil.
	Peers Peers
	// Sync moves this world, or another into it, by what differs, and tells progress
	// of it, one goroutine at a time. An error of progress ends it. May be nil.
	Sync func(ctx context.Context, p SyncParams, progress func(SyncProgress) error) (SyncResult, error)
}

// Server answers the calls of clients.
type Server struct {
	w      World
	log    *slog.Logger
	ctx    context.Context
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup

	mu        sync.Mutex // guards what follows
	closed    bool
	conns     map[*conn]struct{}
	listeners []net.Listener
}

// NewServer returns a server that listens nowhere yet.
func NewServer(w World, log *slog.Logger) *Server {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Server{w: w, log: log, conns: map[*conn]struct{}{}}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	return s
}

// Serve accepts connections until the server is closed or the listener fails.
func (s *Server) Serve(ln net.Listener) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ln.Close()
	}
	s.listeners = append(s.listeners, ln)
	s.mu.Unlock()
	for {
		c, err := ln.Accept()
		if err != nil {
			if s.ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return nil
			}
			// Out of file descriptors, most likely: those who leave make room.
			s.log.Warn("a connection could not be accepted", "error", err)
			select {
			case <-time.After(100 * time.Millisecond):
				continue
			case <-s.ctx.Done():
				return nil
			}
		}
		origin := "local"
		if u, ok := c.(*net.UnixConn); ok {
			if origin, err = peerOf(u); err != nil {
				s.log.Warn("a connection was refused", "error", err)
				refuse(c, err)
				continue
			}
		}
		if err := s.ServeConn(c, origin); err != nil {
			refuse(c, err)
		}
	}
}

// refuse answers a connection with one error and ends it.
func refuse(c net.Conn, err error) {
	c.SetWriteDeadline(time.Now().Add(closeGrace))
	c.Write(appendError(nil, nil, codeServer, err))
	c.Close()
}

// ServeConn serves one connection in goroutines of its own. origin is who is at
// the other end, for the journal.
func (s *Server) ServeConn(nc net.Conn, origin string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return runtime.ErrStopped
	}
	if len(s.conns) >= maxConnections {
		return ErrConnections
	}
	c := newConn(s, nc, origin)
	s.conns[c] = struct{}{}
	s.wg.Go(func() {
		c.serve()
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	})
	return nil
}

// Close stops listening, ends the open calls and waits for them.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	var errs []error
	for _, ln := range s.listeners {
		errs = append(errs, ln.Close())
	}
	s.listeners = nil
	s.cancel(runtime.ErrStopped)
	for c := range s.conns {
		c.hurry()
	}
	s.mu.Unlock()
	s.wg.Wait()
	return errors.Join(errs...)
}
