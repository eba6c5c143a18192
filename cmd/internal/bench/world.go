package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"hearth/cmd/internal/world"
	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/ipc"
	"hearth/store"
)

// What is durable is measured on a real world: a store and a journal on disk, and
// for clients and restarts the real server.

// tokenRing is a world whose durable guests pass tokens round a ring.
type tokenRing struct {
	w    *world.World
	rt   *runtime.Runtime
	ring []runtime.Capability
	done chan struct{}
}

const (
	stations = 1000
	tokens   = 64
)

var quiet = slog.New(slog.DiscardHandler)

// makeRing makes a world with a ring of durable guests.
func makeRing(ctx context.Context, dir string) (_ *tokenRing, err error) {
	w, err := world.Make(dir, world.Owner{PID: os.Getpid(), Program: "bench"}, quiet)
	if err != nil {
		return nil, err
	}
	r := &tokenRing{w: w, done: make(chan struct{}, tokens)}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	if err := w.Load(); err != nil {
		return nil, err
	}
	o := w.Options()
	o.SnapshotEvery, o.SnapshotEvents = -1, -1
	if r.rt, err = w.Run(ctx, o); err != nil {
		return nil, err
	}
	if err := w.Commit(); err != nil {
		return nil, err
	}
	module, err := putGuest(ctx, w.Store, "ring")
	if err != nil {
		return nil, err
	}
	r.ring = make([]runtime.Capability, stations)
	err = parallel(stations, func(i int) (err error) {
		_, r.ring[i], err = r.rt.Spawn(ctx, runtime.SpawnRequest{Module: module, Durable: true, Entry: -1})
		return err
	})
	if err != nil {
		return nil, err
	}
	end := r.rt.NewPort(func(*runtime.Signal) { r.done <- struct{}{} }).Cap(caps.All)
	return r, parallel(stations, func(i int) error {
		_, _, err := r.rt.Send(ctx, r.ring[i], runtime.Message{Caps: []runtime.Capability{end, r.ring[(i+1)%stations]}})
		return err
	})
}

func putGuest(ctx context.Context, s store.Store, name string) (lumps.CID, error) {
	b, err := os.ReadFile(filepath.Join("fixtures", "guests", name, name+".wasm"))
	if err != nil {
		return lumps.CID{}, err
	}
	l, err := store.PutLump(ctx, s, bytes.NewReader(b), store.KindFile)
	return l.CID, err
}

// pass has all tokens make hops in all.
func (r *tokenRing) pass(ctx context.Context, hops int) error {
	for i := range tokens {
		token := make([]byte, 64)
		binary.LittleEndian.PutUint64(token, uint64(hops/tokens))
		if _, _, err := r.rt.Accept(r.ring[i*stations/tokens], runtime.Message{Data: token}); err != nil {
			return err
		}
	}
	for range tokens {
		select {
		case <-r.done:
		case <-r.rt.Failed():
			return r.rt.Err()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (r *tokenRing) close() error {
	var err error
	if r.rt != nil {
		err = r.rt.Close()
	}
	return errors.Join(err, r.w.Close())
}

// parallel calls f for every number below n, 64 at a time: what waits for the disk
// waits together.
func parallel(n int, f func(i int) error) error {
	errs := make([]error, 64)
	var wg sync.WaitGroup
	for k := range errs {
		wg.Go(func() {
			for i := k; i < n && errs[k] == nil; i += len(errs) {
				errs[k] = f(i)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// durable measures messages between durable guests, each an event on disk.
func durable(ctx context.Context, s *session) (_ []*row, err error) {
	rate := &row{what: "durable messages between guests", unit: perSecond, goal: goal{ours, 50_000, true}}
	rows := []*row{rate}
	r, err := makeRing(ctx, filepath.Join(s.tmp, "durable"))
	if err != nil {
		return rows, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	const hops = 200_000
	for range s.rounds {
		begin := time.Now()
		cpu := ownCPU()
		if err := r.pass(ctx, hops); err != nil {
			return rows, err
		}
		used := ownCPU() - cpu
		rate.ours = append(rate.ours, hops/time.Since(begin).Seconds())
		rate.cost = append(rate.cost, float64(used.Nanoseconds())/hops)
	}
	return rows, nil
}

// restart starts the server on a world with a long history.
func restart(ctx context.Context, s *session) ([]*row, error) {
	const events = 1_000_000
	r0 := &row{what: "restart, 1,000,000 events, snapshot near the end", unit: seconds, goal: goal{ours, 2, false}}
	rows := []*row{r0}
	if err := s.buildServer(ctx); err != nil {
		return rows, err
	}
	dir := filepath.Join(s.tmp, "restart")
	r, err := makeRing(ctx, dir)
	if err != nil {
		return rows, err
	}
	err = r.pass(ctx, events)
	if err == nil {
		_, err = r.rt.Snapshot(ctx, "")
	}
	if err == nil {
		err = r.pass(ctx, tokens*16) // what is behind the snapshot is executed again
	}
	if err := errors.Join(err, r.close()); err != nil {
		return rows, err
	}
	for range s.rounds {
		begin := time.Now()
		srv, err := s.startServer(ctx, dir)
		if err != nil {
			return rows, err
		}
		r0.ours = append(r0.ours, time.Since(begin).Seconds())
		c, err := ipc.Dial(ctx, srv.socket)
		if err == nil {
			var info ipc.Info
			if info, err = c.Info(ctx); err == nil && info.Head < events {
				err = fmt.Errorf("the world has %d events only", info.Head)
			}
			err = errors.Join(err, c.Close())
		}
		used := srv.cpu()
		if err := errors.Join(err, srv.kill()); err != nil {
			return rows, err
		}
		r0.cost = append(r0.cost, float64(used.Nanoseconds()))
	}
	return rows, nil
}

// clients measures acknowledged messages from the socket.
func clients(ctx context.Context, s *session) ([]*row, error) {
	const connections, each = 64, 1500
	r := &row{what: "64 clients on the socket, acknowledged messages", unit: perSecond, goal: goal{ours, 20_000, true}}
	rows := []*row{r}
	if err := s.buildServer(ctx); err != nil {
		return rows, err
	}
	srv, err := s.startServer(ctx, filepath.Join(s.tmp, "clients"))
	if err != nil {
		return rows, err
	}
	err = s.drive(ctx, srv, r, connections, each)
	return rows, errors.Join(err, srv.kill())
}

func (s *session) drive(ctx context.Context, srv *server, r *row, connections, each int) (err error) {
	cs := make([]*ipc.Client, connections)
	defer func() {
		for _, c := range cs {
			if c != nil {
				err = errors.Join(err, c.Close())
			}
		}
	}()
	for i := range cs {
		if cs[i], err = ipc.Dial(ctx, srv.socket); err != nil {
			return err
		}
	}
	b, err := os.ReadFile("fixtures/guests/sink/sink.wasm")
	if err != nil {
		return err
	}
	l, err := cs[0].PutLump(ctx, bytes.NewReader(b), true)
	if err != nil {
		return err
	}
	pid, err := cs[0].Spawn(ctx, ipc.SpawnParams{Module: l.CID, Durable: true})
	if err != nil {
		return err
	}
	for range s.rounds {
		begin, cpu := time.Now(), srv.cpu()
		err := parallel(connections, func(i int) error {
			for range each {
				sent, err := cs[i].Send(ctx, ipc.SendParams{PID: pid, Data: make([]byte, 64)})
				if err != nil {
					return err
				}
				if sent.Seq == 0 {
					return errors.New("a message to a durable process has no place in the journal")
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		n := connections * each
		r.ours = append(r.ours, float64(n)/time.Since(begin).Seconds())
		r.cost = append(r.cost, float64((srv.cpu()-cpu).Nanoseconds())/float64(n))
	}
	return nil
}

// program is where buildServer puts the server.
func (s *session) program() string { return filepath.Join(s.tmp, "hearth-server") }

func (s *session) buildServer(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", s.program(), "./cmd/hearth-server")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if msg, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("the server does not build: %w\n%s", err, msg)
	}
	return nil
}

// server is the real program.
type server struct {
	cmd    *exec.Cmd
	socket string
}

// startServer runs the server on a world, which it makes where there is none, and
// returns when it is ready.
func (s *session) startServer(ctx context.Context, dir string) (*server, error) {
	cmd := exec.CommandContext(ctx, s.program(), "--world", dir, "--socket", filepath.Join(s.tmp, "server", "s.sock"), "--log-level", "warn")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	socket, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if err != nil || !ok {
		cmd.Process.Kill()
		return nil, errors.Join(fmt.Errorf("the server said %q instead of ready", line), err, cmd.Wait())
	}
	return &server{cmd, socket}, nil
}

// kill ends the server as a crash does.
func (s *server) kill() error {
	if err := s.cmd.Process.Kill(); err != nil {
		return err
	}
	if err := s.cmd.Wait(); err != nil && s.cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		return err
	}
	return nil
}

// cpu is the processor time that the server has used, in ticks of 10 ms.
func (s *server) cpu() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	// The name stands in brackets and may hold anything; 11 fields are between it
	// and the user and system time.
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	var user, system int64
	fmt.Sscan(f[11], &user)
	fmt.Sscan(f[12], &system)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// ownCPU is the processor time that this program has used.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
