package mirror

import (
	"bytes"
	"errors"
	"sync"
	"testing"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/store"
)

// A first push brings the world; one after a process changed brings what changed
// and nothing else.
func TestPush(t *testing.T) {
	ctx := within(t)
	w := newWorld(t, "home")
	pids := w.populate(30)
	first := w.Snap()
	server := empty(t, "server")
	l := connect(t, server, 0)
	blocks, size := lacks(t, w.Store, server.Store, first.CID)
	r, err := Push(ctx, l, w.repo, PushOptions{})
	must(t, err)
	if r.Snapshot != first.CID || r.Blocks != blocks || r.Bytes != size || len(r.Moves) != 1 || r.Moves[0] != (Move{Root: "mirror/home/head", To: first.CID}) {
		t.Errorf("%+v; lacking were %d blocks of %d bytes", r, blocks, size)
	}
	if rootOf(t, server.Store, HeadRoot("home")) != first.CID {
		t.Error("the root was not set")
	}
	whole(t, server.Store, first.CID)

	w.touch(pids[7], 3, 200)
	second := w.Snap()
	blocks, size = lacks(t, w.Store, server.Store, second.CID)
	before := l.carried()
	r, err = Push(ctx, l, w.repo, PushOptions{})
	must(t, err)
	wire := l.carried() - before
	if r.Blocks != blocks || r.Bytes != size || r.Moves[0] != (Move{Root: "mirror/home/head", From: first.CID, To: second.CID}) {
		t.Errorf("%+v; lacking were %d blocks of %d bytes", r, blocks, size)
	}
	if blocks > 30 {
		t.Errorf("a change of one page in one process is %d blocks", blocks)
	}
	t.Logf("a page changed: %d blocks, %d bytes, %d on the wire in %d round trips", blocks, size, wire, r.RoundTrips)
	whole(t, server.Store, second.CID)

	// Once more: nothing to do, and an older one does not move it back.
	for _, c := range []lumps.CID{second.CID, first.CID} {
		r, err = Push(ctx, l, w.repo, PushOptions{Snapshot: c})
		must(t, err)
		if r.Blocks != 0 || !r.Moves[0].Already || r.Moves[0].To != second.CID {
			t.Errorf("pushed again: %+v", r)
		}
	}
}

// A mirror that lost something is whole again after the next push, and one whose
// other roots are of no use takes pushes all the same.
func TestPushHeals(t *testing.T) {
	ctx := within(t)
	w := newWorld(t, "home")
	pids := w.populate(5)
	first := w.Snap()
	w.touch(pids[0], 3, 99)
	second := w.Snap()
	snap, err := space.LoadSnapshot(ctx, space.Getter(w.Store), first.CID)
	must(t, err)
	for name, lost := range map[string]lumps.CID{"the state": snap.State, "the manifest": snap.Journal, "the snapshot": first.CID} {
		server := empty(t, "server")
		l := connect(t, server, 0)
		_, err := Push(ctx, l, w.repo, PushOptions{Snapshot: first.CID})
		must(t, err)
		must(t, server.Store.SetRoot(ctx, HeadRoot("lost"), lumps.Sum(lumps.DagCBOR, []byte("lost"))))
		must(t, server.Store.Remove(ctx, lost))
		_, err = Push(ctx, l, w.repo, PushOptions{})
		if err != nil || rootOf(t, server.Store, HeadRoot("home")) != second.CID {
			t.Errorf("without %s: %v", name, err)
			continue
		}
		whole(t, server.Store, second.CID)
	}
}

// The world that was pushed can be pulled back, by its root, from elsewhere.
func TestPullMirror(t *testing.T) {
	ctx := within(t)
	w := newWorld(t, "home")
	w.populate(3)
	at := w.Snap()
	server, third := newWorld(t, "server"), empty(t, "third")
	server.SpawnGuest("counter", true)
	own := server.Snap()
	_, err := Push(ctx, connect(t, server.repo, 0), w.repo, PushOptions{})
	must(t, err)
	l := connect(t, server.repo, 0)
	r, err := Pull(ctx, l, third, PullOptions{Root: HeadRoot("home"), Name: "home"})
	must(t, err)
	if r.Snapshot != at.CID || rootOf(t, third.Store, HeadRoot("home")) != at.CID {
		t.Errorf("%+v", r)
	}
	whole(t, third.Store, at.CID)
	r, err = Pull(ctx, l, third, PullOptions{})
	must(t, err)
	if r.Snapshot != own.CID || rootOf(t, third.Store, HeadRoot("server")) != own.CID {
		t.Errorf("%+v", r)
	}
	if _, err := Pull(ctx, l, third, PullOptions{Root: HeadRoot("nobody")}); !errors.Is(err, ErrNoRoot) {
		t.Errorf("a root that is not there: %v", err)
	}
	nowhere := lumps.Sum(lumps.DagCBOR, []byte("nowhere"))
	if _, err := Pull(ctx, l, third, PullOptions{Snapshot: nowhere}); !errors.Is(err, ErrUnknown) {
		t.Errorf("a snapshot that is not there: %v", err)
	}
	if _, err := Pull(ctx, connect(t, empty(t, "none"), 0), third, PullOptions{}); !errors.Is(err, ErrNoSnapshot) {
		t.Errorf("a world without a snapshot: %v", err)
	}
}

// fork makes a world of a snapshot of another, and starts it on a branch of its
// own.
func fork(t testing.TB, from *world, at lumps.CID, branch byte, name string) *world {
	t.Helper()
	ctx := within(t)
	dir := t.TempDir()
	s := boltStore(t, dir+"/store")
	y := &space.Standby{Store: s, Journal: dir + "/journal"}
	repo := &Repository{Store: s, Name: name, Standby: y, Writable: true}
	_, err := Pull(ctx, connect(t, &Repository{Store: from.Store, Name: from.repo.Name}, 0), repo, PullOptions{Snapshot: at})
	must(t, err)
	w := &world{Space: newSpace(t, s, y.Journal), repo: repo}
	w.Options.Branch = bytes.Repeat([]byte{branch}, 16)
	w.Start()
	t.Cleanup(w.Kill)
	repo.Standby = nil
	return w
}

// Histories that part are told of with the snapshot that both have, nothing
// moves, and both are kept under two names when that is asked for.
func TestDiverged(t *testing.T) {
	ctx := within(t)
	w := newWorld(t, "home")
	pids := w.populate(3)
	w.Snap()
	common := w.Snap()
	other := fork(t, w, common.CID, 9, "home")
	other.touch(pids[0], 2, 77)
	theirs := other.Snap()
	w.touch(pids[0], 2, 78)
	w.Snap()
	ours := w.Snap()
	server := empty(t, "server")
	l := connect(t, server, 0)
	_, err := Push(ctx, l, w.repo, PushOptions{})
	must(t, err)
	root := HeadRoot("home")
	check := func(err error, want DivergedError) {
		t.Helper()
		var d *DivergedError
		if !errors.As(err, &d) || *d != want {
			t.Errorf("%v, %+v; want %+v", err, d, want)
		}
	}
	// A push of the fork: its pusher does not know what is there.
	_, err = Push(ctx, l, other.repo, PushOptions{})
	check(err, DivergedError{Root: root, Ours: theirs.CID, Theirs: ours.CID, Common: common.CID, Seq: common.Seq})
	if rootOf(t, server.Store, root) != ours.CID {
		t.Error("the root moved")
	}
	// A pull into the fork, which has run.
	_, err = Pull(ctx, connect(t, w.repo, 0), other.repo, PullOptions{})
	check(err, DivergedError{Root: space.RootSnapshot, Ours: theirs.CID, Theirs: ours.CID, Common: common.CID, Seq: common.Seq})
	// Now it knows: nothing is sent.
	before := l.exchange.Stats().BytesOut
	_, err = Push(ctx, l, other.repo, PushOptions{})
	check(err, DivergedError{Root: root, Ours: theirs.CID, Theirs: ours.CID, Common: common.CID, Seq: common.Seq})
	if n := l.exchange.Stats().BytesOut - before; n != 0 {
		t.Errorf("%d bytes were sent", n)
	}
	r, err := Push(ctx, l, other.repo, PushOptions{Fork: "home-2"})
	must(t, err)
	if len(r.Moves) != 1 || r.Moves[0].Root != HeadRoot("home-2") || rootOf(t, server.Store, root) != ours.CID || rootOf(t, server.Store, HeadRoot("home-2")) != theirs.CID {
		t.Errorf("%+v", r)
	}
	whole(t, server.Store, theirs.CID)
	r, err = Pull(ctx, connect(t, w.repo, 0), other.repo, PullOptions{Fork: "original"})
	must(t, err)
	if rootOf(t, other.Store, HeadRoot("original")) != ours.CID || rootOf(t, other.Store, space.RootSnapshot) != theirs.CID {
		t.Errorf("%+v", r)
	}
	// A fork that goes on from where the mirror stands is another branch, too.
	third := empty(t, "third")
	l3 := connect(t, third, 0)
	_, err = Push(ctx, l3, w.repo, PushOptions{Snapshot: common.CID})
	must(t, err)
	_, err = Push(ctx, l3, other.repo, PushOptions{})
	check(err, DivergedError{Root: root, Ours: theirs.CID, Theirs: common.CID, Common: common.CID, Seq: common.Seq})
	// A pull into one that ran from a server that did not move.
	still := &Repository{Store: third.Store, Name: "home"}
	must(t, third.Store.SetRoot(ctx, space.RootSnapshot, common.CID))
	r, err = Pull(ctx, connect(t, still, 0), other.repo, PullOptions{})
	must(t, err)
	if r.Blocks != 0 || !r.Moves[0].Already || r.Moves[0].To != theirs.CID {
		t.Errorf("nothing new: %+v", r)
	}
}

// Another space under a name that is taken is refused.
func TestOtherSpace(t *testing.T) {
	ctx := within(t)
	a, b := newWorld(t, "home"), newWorld(t, "home")
	at := a.Snap()
	b.SpawnGuest("counter", true)
	b.Snap()
	server := empty(t, "server")
	l := connect(t, server, 0)
	_, err := Push(ctx, l, a.repo, PushOptions{})
	must(t, err)
	var other *OtherSpaceError
	if _, err := Push(ctx, l, b.repo, PushOptions{}); !errors.As(err, &other) || other.Old != at.CID {
		t.Errorf("%v", err)
	}
	if rootOf(t, server.Store, HeadRoot("home")) != at.CID {
		t.Error("the root moved")
	}
	if _, err := Push(ctx, l, b.repo, PushOptions{Name: "b"}); err != nil {
		t.Errorf("under another name: %v", err)
	}
}

// Two that push at once: each snapshot is on the way of the other, so both end
// at the newer one, whoever comes first; and of two that have diverged one loses.
func TestTwoPushers(t *testing.T) {
	ctx := within(t)
	w := newWorld(t, "home")
	pids := w.populate(5)
	base := w.Snap()
	var at []lumps.CID
	for i := range 4 {
		w.touch(pids[i], 5, 100+i)
		at = append(at, w.Snap().CID)
	}
	server := empty(t, "server")
	var wg sync.WaitGroup
	for i := range at {
		l := connect(t, server, 0)
		wg.Go(func() {
			r, err := Push(ctx, l, w.repo, PushOptions{Snapshot: at[i]})
			if err != nil || len(r.Moves) != 1 {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
	wg.Wait()
	if got := rootOf(t, server.Store, HeadRoot("home")); got != at[3] {
		t.Errorf("the root is at %s, not at the newest", got)
	}
	other := fork(t, w, base.CID, 9, "home")
	other.touch(pids[0], 2, 77)
	other.Snap()
	server = empty(t, "server")
	var won, lost int
	var mu sync.Mutex
	for _, p := range []*world{w, other} {
		l := connect(t, server, 0)
		wg.Go(func() {
			_, err := Push(ctx, l, p.repo, PushOptions{})
			var d *DivergedError
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case errors.As(err, &d):
				lost++
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won != 1 || lost != 1 {
		t.Errorf("%d won and %d lost", won, lost)
	}
	whole(t, server.Store, rootOf(t, server.Store, HeadRoot("home")))
}

// A world that takes no pushes says so before anything moves, and so does one
// that has enough to do.
func TestPushRefused(t *testing.T) {
	ctx := within(t)
	w := newWorld(t, "home")
	w.Snap()
	server := empty(t, "server")
	server.Writable = false
	if _, err := Push(ctx, connect(t, server, 0), w.repo, PushOptions{}); !errors.Is(err, ErrReadOnly) {
		t.Errorf("%v", err)
	}
	server.Writable = true
	for range maxWalks {
		must(t, server.begin())
	}
	l := connect(t, server, 0)
	if _, err := Push(ctx, l, w.repo, PushOptions{}); !errors.Is(err, ErrBusy) {
		t.Errorf("%v", err)
	}
	server.end()
	if _, err := Push(ctx, l, w.repo, PushOptions{}); err != nil {
		t.Errorf("%v", err)
	}
	for _, name := range []string{"a/b", "../x", ".hidden", "", "ü"} {
		w.repo.Name = name
		if _, err := Push(ctx, l, w.repo, PushOptions{}); !errors.Is(err, ErrBadName) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// Roots move as they are: set where there was nothing, refused where there is
// something else, replaced by force; those that name snapshots move forward.
func TestRoots(t *testing.T) {
	ctx := within(t)
	local, server := empty(t, "local"), empty(t, "server")
	file := func(n byte) lumps.CID {
		l, err := store.PutLump(ctx, local.Store, bytes.NewReader(bytes.Repeat([]byte{n, n + 1, 3}, 400_000)), store.KindFile)
		must(t, err)
		return l.CID
	}
	a, b := file(1), file(2)
	must(t, local.Store.SetRoot(ctx, "scene", a))
	l := connect(t, server, 0)
	o := PushOptions{Roots: []string{"scene"}, RootsOnly: true}
	r, err := Push(ctx, l, local, o)
	must(t, err)
	if r.Moves[0] != (Move{Root: "scene", To: a}) || rootOf(t, server.Store, "scene") != a || r.Blocks == 0 {
		t.Errorf("%+v", r)
	}
	whole(t, server.Store, a)
	must(t, local.Store.SetRoot(ctx, "scene", b))
	var differs *RootError
	if _, err := Push(ctx, l, local, o); !errors.As(err, &differs) || *differs != (RootError{"scene", b, a}) {
		t.Errorf("%v", err)
	}
	o.Force = true
	if _, err := Push(ctx, l, local, o); err != nil || rootOf(t, server.Store, "scene") != b {
		t.Errorf("by force: %v", err)
	}
	if r, err := Push(ctx, l, local, o); err != nil || !r.Moves[0].Already || r.Blocks != 0 {
		t.Errorf("again: %+v, %v", r, err)
	}
	if _, err := Push(ctx, l, local, PushOptions{Roots: []string{space.RootSnapshot}, RootsOnly: true}); !errors.Is(err, ErrReserved) {
		t.Errorf("the world's own root: %v", err)
	}
	if _, err := Push(ctx, l, local, PushOptions{Roots: []string{"nothing"}, RootsOnly: true}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a root that is not here: %v", err)
	}

	// The other way, and with a snapshot.
	w := newWorld(t, "home")
	w.SpawnGuest("counter", true)
	old, now := w.Snap().CID, w.Snap().CID
	must(t, w.Store.SetRoot(ctx, "kept", old))
	must(t, w.Store.SetRoot(ctx, "mesh", old))
	lw := connect(t, w.repo, 0)
	p := PullOptions{Roots: []string{"kept"}, RootsOnly: true}
	if _, err := Pull(ctx, lw, local, p); err != nil || rootOf(t, local.Store, "kept") != old {
		t.Errorf("%v", err)
	}
	must(t, w.Store.SetRoot(ctx, "kept", now))
	if _, err := Pull(ctx, lw, local, p); err != nil || rootOf(t, local.Store, "kept") != now {
		t.Errorf("forward: %v", err)
	}
	must(t, w.Store.SetRoot(ctx, "kept", old))
	if r, err := Pull(ctx, lw, local, p); err != nil || rootOf(t, local.Store, "kept") != now || !r.Moves[0].Already {
		t.Errorf("back: %+v, %v", r, err)
	}
	p.Force = true
	if _, err := Pull(ctx, lw, local, p); err != nil || rootOf(t, local.Store, "kept") != old {
		t.Errorf("back by force: %v", err)
	}
	if _, err := Pull(ctx, lw, local, PullOptions{Roots: []string{"none"}, RootsOnly: true}); !errors.Is(err, ErrNoRoot) {
		t.Errorf("a root that is not there: %v", err)
	}
}

// Lumps that no root reaches move when that is asked for, in both directions,
// and only those that lack.
func TestLoose(t *testing.T) {
	ctx := within(t)
	local, server := empty(t, "local"), empty(t, "server")
	file := func(s store.Store, n, size int) lumps.CID {
		l, err := store.PutLump(ctx, s, bytes.NewReader(bytes.Repeat([]byte{byte(n), byte(n >> 8), 3}, size)), store.KindFile)
		must(t, err)
		return l.CID
	}
	for i := range 300 {
		file(local.Store, i, 100)
		file(server.Store, i, 100)
	}
	must(t, local.Store.SetRoot(ctx, "named", file(local.Store, 999, 100)))
	var ours, theirs []lumps.CID
	for i := range 5 {
		ours = append(ours, file(local.Store, 1000+i, 500_000))
		theirs = append(theirs, file(server.Store, 2000+i, 500_000))
	}
	l := connect(t, server, 0)
	r, err := Push(ctx, l, local, PushOptions{RootsOnly: true, Loose: true})
	must(t, err)
	if r.Lumps != 5 || r.Blocks < 5 {
		t.Errorf("%+v", r)
	}
	for _, c := range ours {
		whole(t, server.Store, c)
		a, err := server.Store.Lump(ctx, c)
		must(t, err)
		if b, err := local.Store.Lump(ctx, c); err != nil || a != b {
			t.Errorf("the catalogue has %+v and had %+v", a, b)
		}
	}
	if has, _ := local.Store.Has(ctx, theirs[0]); has {
		t.Error("a push took something")
	}
	r, err = Pull(ctx, l, local, PullOptions{RootsOnly: true, Loose: true})
	must(t, err)
	if r.Lumps != 5 {
		t.Errorf("%+v", r)
	}
	for _, c := range theirs {
		whole(t, local.Store, c)
	}
	for _, again := range []func() (Result, error){
		func() (Result, error) { return Push(ctx, l, local, PushOptions{RootsOnly: true, Loose: true}) },
		func() (Result, error) { return Pull(ctx, l, local, PullOptions{RootsOnly: true, Loose: true}) },
	} {
		if r, err := again(); err != nil || r.Lumps != 0 || r.Blocks != 0 {
			t.Errorf("again: %+v, %v", r, err)
		}
	}
}
