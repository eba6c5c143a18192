package mirror

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/store"
	"hearth/store/mem"
)

// standby is a world that follows another, in a folder.
func standby(t testing.TB) (*Repository, string) {
	t.Helper()
	dir := t.TempDir()
	s := boltStore(t, filepath.Join(dir, "store"))
	y := &space.Standby{Store: s, Journal: filepath.Join(dir, "journal")}
	return &Repository{Store: s, Name: "standby", Standby: y}, y.Journal
}

// started opens a standby as a server does, on a branch of its own.
func started(t testing.TB, r *Repository, journal string) *world {
	t.Helper()
	w := &world{Space: newSpace(t, r.Store, journal), repo: r}
	w.Options.Branch = bytes.Repeat([]byte{42}, 16)
	w.Start()
	t.Cleanup(w.Kill)
	return w
}

// A standby is the world at the snapshot: it is moved on while it has not run,
// and what it has when it is started is what the server had.
func TestStandby(t *testing.T) {
	ctx := within(t)
	server := newWorld(t, "home")
	pids := server.populate(10)
	counter := server.SpawnGuest("counter", true)
	r, dir := standby(t)
	l := connect(t, server.repo, 0)
	for i := range 3 {
		server.touch(pids[i], 4, 50+i)
		if got := server.Ask(counter, "add 1"); got != fmt.Sprint(i+1) {
			t.Fatal(got)
		}
		server.Snap()
		res, err := Pull(ctx, l, r, PullOptions{})
		must(t, err)
		if len(res.Moves) != 1 || res.Moves[0].Root != space.RootSnapshot || res.Moves[0].Already || rootOf(t, r.Store, space.RootSnapshot) != res.Snapshot {
			t.Errorf("%+v", res)
		}
		if i > 0 && res.Blocks > 60 {
			t.Errorf("%d blocks for a change of a page", res.Blocks)
		}
	}
	res, err := Pull(ctx, l, r, PullOptions{})
	must(t, err)
	if res.Blocks != 0 || !res.Moves[0].Already {
		t.Errorf("nothing new: %+v", res)
	}
	at, err := space.LoadSnapshot(ctx, space.Getter(r.Store), rootOf(t, r.Store, space.RootSnapshot))
	must(t, err)

	w := started(t, r, dir)
	rep, err := w.Replay(at.Seq)
	must(t, err)
	if rep.State != at.State {
		t.Errorf("the history here gives state %s, and the server had %s", rep.State, at.State)
	}
	if got := w.Ask(counter, "get"); got != "3" {
		t.Errorf("the counter stands at %s", got)
	}
	if got := w.Ask(counter, "add 1"); got != "4" {
		t.Errorf("the counter goes on to %s", got)
	}
	own := w.Snap()
	snap, err := space.LoadSnapshot(ctx, space.Getter(r.Store), own.CID)
	must(t, err)
	if bytes.Equal(snap.Epoch.Branch, at.Epoch.Branch) || snap.Parent != res.Snapshot {
		t.Errorf("it does not go on from %s on a branch of its own: parent %s", res.Snapshot, snap.Parent)
	}
	_, err = space.Check(ctx, space.World{Store: w.Store, Journal: w.J}, true, func(f space.Fault) { t.Error(f) })
	must(t, err)
	// It ran: nothing moves it any more, whether it runs or is stopped. While the
	// server has not moved there is nothing to complain of.
	y := r.Standby
	for _, stopped := range []bool{false, true} {
		if stopped {
			w.Kill()
			r.Standby = y
		} else {
			r.Standby = nil
		}
		if res, err := Pull(ctx, l, r, PullOptions{Snapshot: res.Snapshot}); err != nil || !res.Moves[0].Already {
			t.Errorf("stopped=%v: %+v, %v", stopped, res, err)
		}
		server.Ask(counter, "add 1")
		server.Snap()
		var d *DivergedError
		if _, err := Pull(ctx, l, r, PullOptions{}); !errors.As(err, &d) || d.Common != res.Snapshot || d.Ours != own.CID {
			t.Errorf("stopped=%v: %v", stopped, err)
		}
		if rootOf(t, r.Store, space.RootSnapshot) != own.CID {
			t.Error("the root of a world that has run was moved")
		}
	}
}

// failing fails one call that changes the store, and all that follow, as a
// process that is killed there makes no more.
type failing struct {
	store.Store
	after atomic.Int64
	fault error
}

func (s *failing) next() error {
	if s.after.Add(-1) < 0 {
		return s.fault
	}
	return nil
}

func (s *failing) Put(ctx context.Context, bs ...store.Block) error {
	if err := s.next(); err != nil {
		return err
	}
	return s.Store.Put(ctx, bs...)
}

func (s *failing) SetRoot(ctx context.Context, name string, c lumps.CID) error {
	if err := s.next(); err != nil {
		return err
	}
	return s.Store.SetRoot(ctx, name, c)
}

func (s *failing) AddLump(ctx context.Context, ls ...store.Lump) error {
	if err := s.next(); err != nil {
		return err
	}
	return s.Store.AddLump(ctx, ls...)
}

// Whichever change to the store is the last one, a standby is at the old snapshot
// or at the new one, starts, and the next pull goes on. The same for a mirror.
func TestEndsAnywhere(t *testing.T) {
	ctx := within(t)
	server := newWorld(t, "home")
	pids := server.populate(4)
	counter := server.SpawnGuest("counter", true)
	server.Ask(counter, "add 1")
	first := server.Snap()
	server.touch(pids[0], 4, 99)
	server.Ask(counter, "add 1")
	second := server.Snap()
	for _, asStandby := range []bool{true, false} {
		for after := int64(0); ; after++ {
			inner := mem.New()
			r := &Repository{Store: inner, Name: "copy"}
			root, dir := HeadRoot("home"), ""
			if asStandby {
				dir = filepath.Join(t.TempDir(), "journal")
				r.Standby = &space.Standby{Store: inner, Journal: dir}
				root = space.RootSnapshot
			}
			l := connect(t, server.repo, 0)
			_, err := Pull(ctx, l, r, PullOptions{Snapshot: first.CID})
			must(t, err)
			broken := &failing{Store: inner, fault: errors.New("killed")}
			broken.after.Store(after)
			dying := &Repository{Store: broken, Name: "copy"}
			if asStandby {
				dying.Standby = &space.Standby{Store: broken, Journal: dir}
			}
			_, failed := Pull(ctx, l, dying, PullOptions{})
			at := rootOf(t, inner, root)
			if failed != nil && at != first.CID || failed == nil && at != second.CID {
				t.Errorf("after %d changes: at %s, %v", after, at, failed)
			}
			whole(t, inner, at)
			if asStandby && after%3 == 0 {
				must(t, r.Standby.Settle(ctx))
				// It starts where it stands, on a copy of what is there.
				copied := mem.New()
				for i, err := range inner.List(ctx) {
					must(t, err)
					data, err := inner.Get(ctx, i.CID)
					must(t, err)
					must(t, copied.Put(ctx, store.Block{CID: i.CID, Data: data}))
				}
				must(t, copied.SetRoot(ctx, space.RootSnapshot, at))
				y := space.Standby{Store: copied, Journal: filepath.Join(t.TempDir(), "journal")}
				must(t, y.Settle(ctx))
				want := "1"
				if at == second.CID {
					want = "2"
				}
				w := started(t, &Repository{Store: copied}, y.Journal)
				if got := w.Ask(counter, "get"); got != want {
					t.Errorf("after %d changes: the counter stands at %s", after, got)
				}
				w.Kill()
			}
			if _, err := Pull(ctx, l, r, PullOptions{}); err != nil || rootOf(t, inner, root) != second.CID {
				t.Errorf("after %d changes, once more: %v", after, err)
			}
			l.close()
			if failed == nil {
				if after < 3 {
					t.Errorf("only %d changes were seen", after)
				}
				break
			}
		}
	}
}

// A transfer that is cut, wherever, goes on where it was cut: nothing that was
// stored is fetched again.
func TestCutAndResumed(t *testing.T) {
	ctx := within(t)
	w := newWorld(t, "home")
	w.populate(60)
	head := w.Snap().CID
	server := empty(t, "server")
	total, size := lacks(t, w.Store, server.Store, head)
	for _, push := range []bool{true, false} {
		for _, share := range []int64{1, 3, 10, 25, 50, 80, 97} {
			t.Run(fmt.Sprintf("push=%v at %d%%", push, share), func(t *testing.T) {
				to := empty(t, "home")
				attempt := func(limit int64) (Result, error) {
					if push {
						l := connect(t, to, limit)
						defer l.close()
						return Push(ctx, l, w.repo, PushOptions{})
					}
					l := connect(t, w.repo, limit)
					defer l.close()
					return Pull(ctx, l, to, PullOptions{})
				}
				_, err := attempt(size * share / 100)
				if err == nil {
					t.Fatal("the cut was not felt")
				}
				if !rootOf(t, to.Store, HeadRoot("home")).IsZero() {
					t.Error("a root was set")
				}
				// The server may still be storing what came.
				var left int64
				for last := int64(-1); left != last; time.Sleep(20 * time.Millisecond) {
					last = left
					left, _ = lacks(t, w.Store, to.Store, head)
				}
				r, err := attempt(0)
				must(t, err)
				if r.Blocks != left {
					t.Errorf("%d blocks were fetched, and %d of %d lacked", r.Blocks, left, total)
				}
				whole(t, to.Store, head)
			})
		}
	}
}

// A full disk on the receiving side is told as one, moves nothing, and what came
// before is kept.
func TestFullDisk(t *testing.T) {
	ctx := within(t)
	w := newWorld(t, "home")
	w.populate(40)
	head := w.Snap().CID
	for _, push := range []bool{true, false} {
		for _, after := range []int64{0, 1, 2} {
			inner := mem.New()
			full := &failing{Store: inner, fault: &os.PathError{Op: "write", Path: "pack", Err: syscall.ENOSPC}}
			full.after.Store(after)
			attempt := func(s store.Store) error {
				to := &Repository{Store: s, Name: "home", Writable: true}
				var err error
				if push {
					l := connect(t, to, 0)
					defer l.close()
					_, err = Push(ctx, l, w.repo, PushOptions{})
				} else {
					l := connect(t, w.repo, 0)
					defer l.close()
					_, err = Pull(ctx, l, to, PullOptions{})
				}
				return err
			}
			if err := attempt(full); !errors.Is(err, ErrNoSpace) {
				t.Errorf("push=%v after %d: %v", push, after, err)
			}
			if !rootOf(t, inner, HeadRoot("home")).IsZero() {
				t.Error("a root was set")
			}
			must(t, attempt(inner))
			whole(t, inner, head)
		}
	}
}

// A standby that watches is behind by moments, and ends when it is told to.
func TestWatch(t *testing.T) {
	for _, notified := range []bool{true, false} {
		ctx, cancel := context.WithCancelCause(within(t))
		server := newWorld(t, "home").fresh()
		counter := server.SpawnGuest("counter", true)
		server.Ask(counter, "add 1")
		if notified {
			server.repo.Changed = changes(server)
		}
		r, dir := standby(t)
		l := connect(t, server.repo, 0)
		moved := make(chan Result, 100)
		ended := make(chan error, 1)
		go func() {
			ended <- Watch(ctx, l, r, WatchOptions{Every: time.Second, Moved: func(r Result, behind time.Duration) {
				if behind > 30*time.Second {
					t.Errorf("%v behind", behind)
				}
				moved <- r
			}})
		}()
		// follows waits until the standby has what the server has now.
		follows := func() {
			t.Helper()
			want, _ := server.J.Durable()
			for {
				select {
				case r := <-moved:
					if s, err := space.LoadSnapshot(ctx, space.Getter(server.Store), r.Snapshot); err != nil || s.Seq >= want {
						must(t, err)
						return
					}
				case err := <-ended:
					t.Fatalf("it ended: %v", err)
				case <-ctx.Done():
					t.Fatal("it does not follow")
				}
			}
		}
		server.Ask(counter, "add 1")
		follows()
		server.Ask(counter, "add 1")
		follows()
		stop := errors.New("enough")
		cancel(stop)
		if err := <-ended; !errors.Is(err, stop) {
			t.Errorf("it ended with %v", err)
		}
		w := started(t, r, dir)
		if got := w.Ask(counter, "get"); got != "3" {
			t.Errorf("the counter stands at %s", got)
		}
		w.Kill()
		l.close()
	}
}

// changes tells of the snapshots that the test takes, by looking often: what a
// server does that knows.
func changes(w *world) func() <-chan struct{} {
	return func() <-chan struct{} {
		before, _ := w.Store.Root(context.Background(), space.RootSnapshot)
		c := make(chan struct{})
		var once sync.Once
		time.AfterFunc(2*time.Second, func() { once.Do(func() { close(c) }) })
		go func() {
			for range 2000 {
				if now, err := w.Store.Root(context.Background(), space.RootSnapshot); err != nil || now != before {
					break
				}
				time.Sleep(time.Millisecond)
			}
			once.Do(func() { close(c) })
		}()
		return c
	}
}
