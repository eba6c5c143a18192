package mirror

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hearth/journal"
	"hearth/journal/space"
	"hearth/lumps"
	"hearth/lumps/want"
	"hearth/runtime"
	"hearth/runtime/runtimetest"
	"hearth/store"
	"hearth/store/bolt"
)

func TestMain(m *testing.M) {
	if args := strings.Split(os.Getenv("HEARTH_MIRROR_CHILD"), "|"); len(args) == 3 {
		if err := child(args[0], args[1], args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	runtimetest.Cleanup()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func boltStore(t testing.TB, dir string) *bolt.Store {
	t.Helper()
	s, _, err := bolt.Open(dir, bolt.Options{})
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// world is a space that runs on a store of the disk.
type world struct {
	*runtimetest.Space
	repo *Repository
}

func newSpace(t testing.TB, s store.Store, dir string) *runtimetest.Space {
	return &runtimetest.Space{T: t, Dir: dir, Store: s,
		Options: runtime.Options{SnapshotEvery: -1, SnapshotEvents: -1, Logger: slog.New(slog.DiscardHandler)},
		Journal: journal.Options{Logger: slog.New(slog.DiscardHandler), FillAhead: -1}}
}

func newWorld(t testing.TB, name string) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{Space: newSpace(t, boltStore(t, filepath.Join(dir, "store")), filepath.Join(dir, "journal"))}
	w.Start()
	t.Cleanup(w.Kill)
	w.repo = &Repository{Store: w.Store, Name: name, Writable: true}
	return w
}

// fresh has the world take snapshots when it is asked for its newest.
func (w *world) fresh() *world {
	w.repo.Snapshot = func(ctx context.Context) (lumps.CID, error) {
		c, err := w.Store.Root(ctx, space.RootSnapshot)
		if err == nil {
			s, err := space.LoadSnapshot(ctx, space.Getter(w.Store), c)
			if err != nil {
				return c, err
			}
			if head, _ := w.J.Durable(); head <= s.Seq+1 { // its checkpoint
				return c, nil
			}
		}
		info, err := w.Space.Snapshot(ctx, "")
		return info.CID, err
	}
	return w
}

// populate gives the world processes with some pages, all of which differ.
func (w *world) populate(n int) []uint64 {
	w.T.Helper()
	pids := make([]uint64, n)
	for i := range pids {
		pids[i] = w.SpawnGuest("touch", true)
		to := w.Cap(pids[i])
		for page := range 6 {
			for range page + 1 {
				w.send(to, page)
			}
		}
	}
	must(w.T, w.Quiesce(w.T.Context()))
	return pids
}

// touch changes one page of a process, so that it is as no other.
func (w *world) touch(pid uint64, page, times int) {
	w.T.Helper()
	to := w.Cap(pid)
	for range times {
		w.send(to, page)
	}
	must(w.T, w.Quiesce(w.T.Context()))
}

func (w *world) send(to runtime.Capability, page int) {
	w.T.Helper()
	_, _, err := w.Send(w.T.Context(), to, runtime.Message{Data: make([]byte, page), Origin: "test"})
	must(w.T, err)
}

func empty(t testing.TB, name string) *Repository {
	return &Repository{Store: boltStore(t, t.TempDir()), Name: name, Writable: true}
}

// link is a session in memory, and what breaks it.
type link struct {
	t        testing.TB
	ctx      context.Context
	cancel   context.CancelFunc
	exchange *want.Exchange
	there    *want.Exchange
	offers   *Offers
	serve    func(ctx context.Context, stream io.ReadWriteCloser)
	up, down atomic.Int64 // bytes to the server, and from it
	budget   atomic.Int64 // bytes until the link is cut, if not 0
	wg       sync.WaitGroup
	mu       sync.Mutex
	conns    []net.Conn
	dead     bool
}

var errCut = errors.New("the link was cut")

// end counts and cuts what goes through a pipe.
type end struct {
	net.Conn
	l     *link
	count *atomic.Int64
}

func (e *end) Write(p []byte) (int, error) {
	e.count.Add(int64(len(p)))
	if left := e.l.budget.Load(); left > 0 && e.l.up.Load()+e.l.down.Load() > left {
		e.l.cut()
		return 0, errCut
	}
	return e.Conn.Write(p)
}

func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = true
	for _, c := range l.conns {
		c.Close()
	}
}

// pipe gives the dialer's end and the server's.
func (l *link) pipe() (near, far net.Conn, err error) {
	near, far = net.Pipe()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		near.Close()
		far.Close()
		return nil, nil, errCut
	}
	l.conns = append(l.conns, near, far)
	return &end{near, l, &l.up}, &end{far, l, &l.down}, nil
}

func (l *link) Open(ctx context.Context) (io.ReadWriteCloser, error) {
	near, far, err := l.pipe()
	if err != nil {
		return nil, err
	}
	l.wg.Go(func() { l.serve(l.ctx, far) })
	return near, nil
}

func (l *link) Source() want.Source { return l.exchange }
func (l *link) Offers() *Offers     { return l.offers }

func (l *link) carried() int64 { return l.up.Load() + l.down.Load() }

// connect joins a dialer to a repository. limit cuts the link after so many
// bytes.
func connect(t testing.TB, r *Repository, limit int64) *link {
	t.Helper()
	return connectTo(t, Everything(r.Store), limit, func(l *link) func(context.Context, io.ReadWriteCloser) {
		return func(ctx context.Context, stream io.ReadWriteCloser) { _ = Serve(ctx, stream, r, l.there) }
	})
}

func connectTo(t testing.TB, provider want.Provider, limit int64, serve func(l *link) func(context.Context, io.ReadWriteCloser)) *link {
	t.Helper()
	l := &link{t: t, offers: new(Offers)}
	l.budget.Store(limit)
	l.ctx, l.cancel = context.WithCancel(context.Background())
	cn, cf, err := l.pipe()
	must(t, err)
	dn, df, err := l.pipe()
	must(t, err)
	l.exchange = want.New(cn, dn, want.Options{Provider: l.offers})
	l.there = want.New(cf, df, want.Options{Provider: provider})
	l.serve = serve(l)
	t.Cleanup(l.close)
	return l
}

func (l *link) close() {
	l.cancel()
	l.exchange.Close()
	l.there.Close()
	l.cut()
	l.wg.Wait()
}

func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// lacks counts the blocks that a DAG has and a store does not.
func lacks(t testing.TB, from, to store.Store, c lumps.CID) (blocks, size int64) {
	t.Helper()
	err := store.Walk(t.Context(), from, []lumps.CID{c}, func(c lumps.CID, data []byte) (bool, error) {
		has, err := to.Has(t.Context(), c)
		if err == nil && !has {
			blocks++
			size += int64(len(data))
		}
		return true, err
	})
	must(t, err)
	return blocks, size
}

func rootOf(t testing.TB, s store.Store, name string) lumps.CID {
	t.Helper()
	c, err := s.Root(t.Context(), name)
	if errors.Is(err, store.ErrNotFound) {
		return lumps.CID{}
	}
	must(t, err)
	return c
}

// whole fails unless everything is stored that a root reaches.
func whole(t testing.TB, s store.Store, c lumps.CID) {
	t.Helper()
	v, err := store.Verify(t.Context(), s, []lumps.CID{c}, func(c lumps.CID, err error) { t.Errorf("%s: %v", c, err) })
	must(t, err)
	if v.Blocks == 0 {
		t.Error("nothing is there")
	}
}
