package mirror

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/lumps/want"
	"hearth/store"
)

// answers is a server that answers every request with the same frames.
func answers(t *testing.T, s store.Store, frames ...any) *link {
	return connectTo(t, Everything(s), 0, func(*link) func(context.Context, io.ReadWriteCloser) {
		return func(_ context.Context, stream io.ReadWriteCloser) {
			defer stream.Close()
			w := &wire{rw: stream}
			var q request
			if w.receive(&q) != nil {
				return
			}
			for _, f := range frames {
				if raw, ok := f.([]byte); ok {
					stream.Write(raw)
				} else if w.send(f) != nil {
					return
				}
			}
		}
	})
}

func says(t *testing.T, is string, body any) message {
	raw, err := lumps.Marshal(body)
	must(t, err)
	return message{Is: is, Body: raw}
}

// forged puts a snapshot into a store that is like another, but for a change.
func forged(t *testing.T, s store.Store, of lumps.CID, change func(s *space.Snapshot)) lumps.CID {
	t.Helper()
	snap, err := space.LoadSnapshot(t.Context(), space.Getter(s), of)
	must(t, err)
	change(snap)
	c, err := space.EncodeSnapshot(snap, func(c lumps.CID, data []byte) error {
		return s.Put(t.Context(), store.Block{CID: c, Data: data})
	})
	must(t, err)
	return c
}

// Whatever a server says, no root moves here unless what it names is whole and
// what it says it is.
func TestHostileServer(t *testing.T) {
	ctx := within(t)
	w := newWorld(t, "home")
	counter := w.SpawnGuest("counter", true)
	old := w.Snap().CID
	w.Ask(counter, "add 1")
	w.SpawnGuest("counter", true)
	head := w.Snap().CID
	file, err := store.PutLump(ctx, w.Store, bytes.NewReader([]byte("a file")), store.KindFile)
	must(t, err)
	older, err := space.LoadSnapshot(ctx, space.Getter(w.Store), old)
	must(t, err)
	root := HeadRoot("home")
	world := func(head lumps.CID, change func(a *worldAnswer)) message {
		a := worldAnswer{Name: "home", Head: head}
		if change != nil {
			change(&a)
		}
		return says(t, isWorld, a)
	}
	nowhere := lumps.Sum(lumps.DagCBOR, []byte("nowhere"))
	huge := binary.BigEndian.AppendUint32(nil, 1<<31)
	for name, c := range map[string]struct {
		frames []any
		want   func(error) bool
	}{
		"a snapshot that it does not have": {[]any{world(nowhere, nil)}, is(ErrIncomplete)},
		"a file for a snapshot":            {[]any{world(file.CID, nil)}, is(space.ErrBadState)},
		"a state that is not of its history": {[]any{world(forged(t, w.Store, head, func(s *space.Snapshot) { s.State = older.State }), nil)},
			is(space.ErrUnsound)},
		"a hash that is not of its history": {[]any{world(forged(t, w.Store, head, func(s *space.Snapshot) { s.Chain = make([]byte, 32) }), nil)},
			is(space.ErrBadState)},
		"a history that is not there": {[]any{world(forged(t, w.Store, head, func(s *space.Snapshot) { s.Journal = nowhere }), nil)},
			is(ErrIncomplete)},
		"a state that is not there": {[]any{world(forged(t, w.Store, head, func(s *space.Snapshot) { s.State = nowhere }), nil)},
			is(ErrIncomplete)},
		"another space": {[]any{world(forged(t, w.Store, head, func(s *space.Snapshot) { s.Epoch.Space = bytes.Repeat([]byte{1}, 16) }), nil)},
			func(err error) bool { var o *OtherSpaceError; return errors.As(err, &o) }},
		"another branch": {[]any{world(forged(t, w.Store, head, func(s *space.Snapshot) { s.Epoch.Branch = bytes.Repeat([]byte{1}, 16) }), nil)},
			func(err error) bool { var o *DivergedError; return errors.As(err, &o) }},
		"a name that climbs": {[]any{world(head, func(a *worldAnswer) { a.Name = "../../space" })}, is(ErrRequest)},
		"roots that nobody asked for": {[]any{world(head, func(a *worldAnswer) { a.Roots = []rootAt{{Name: "scene", At: file.CID}} })},
			is(ErrRequest)},
		"too many roots": {[]any{world(head, func(a *worldAnswer) { a.Roots = make([]rootAt, maxRoots+1) })}, is(ErrRequest)},
		"too long a path": {[]any{world(head, func(a *worldAnswer) {
			for range 2*maxPath + 1 {
				a.Path = append(a.Path, head)
			}
		})}, is(ErrRequest)},
		"another answer":       {[]any{says(t, isMoved, movedAnswer{})}, is(ErrRequest)},
		"nothing":              {nil, is(io.ErrUnexpectedEOF)},
		"no frame":             {[]any{[]byte("HTTP/1.1 400")}, is(ErrRequest)},
		"a frame that is huge": {[]any{huge}, is(ErrRequest)},
		"a frame of no length": {[]any{[]byte{0, 0, 0, 0}}, is(ErrRequest)},
		"half a frame":         {[]any{[]byte{0, 0, 0, 9, 1}}, is(io.ErrUnexpectedEOF)},
		"a frame without body": {[]any{message{Is: isWorld}}, is(ErrRequest)},
		"a fault of a new kind": {[]any{says(t, isFault, fault{Kind: "new", Text: "bad\x1b[31m day\u202e"})}, func(err error) bool {
			var r *RemoteError
			return errors.As(err, &r) && !strings.ContainsAny(r.Text, "\x1b\u202e")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			local := empty(t, "local")
			_, err := Pull(ctx, connect(t, w.repo, 0), local, PullOptions{Snapshot: old})
			must(t, err)
			before := lumpsOf(t, local.Store)
			_, err = Pull(ctx, answers(t, w.Store, c.frames...), local, PullOptions{})
			if err == nil || !c.want(err) {
				t.Errorf("%v", err)
			}
			if got := rootOf(t, local.Store, root); got != old {
				t.Errorf("the root is at %s", got)
			}
			for r, err := range local.Store.Roots(ctx) {
				if must(t, err); r.Name != root {
					t.Errorf("a root %q was set", r.Name)
				}
			}
			if now := lumpsOf(t, local.Store); now != before {
				t.Errorf("the catalogue had %d lumps and has %d", before, now)
			}
			// It goes on with an honest one.
			if _, err := Pull(ctx, connect(t, w.repo, 0), local, PullOptions{}); err != nil || rootOf(t, local.Store, root) != head {
				t.Errorf("after it: %v", err)
			}
			whole(t, local.Store, head)
		})
	}
}

func is(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }

func lumpsOf(t *testing.T, s store.Store) (n int) {
	for _, err := range s.Lumps(t.Context()) {
		must(t, err)
		n++
	}
	return n
}

// What a pusher forges does not become a mirror, whatever it was before.
func TestHostilePusher(t *testing.T) {
	ctx := within(t)
	w := newWorld(t, "home")
	counter := w.SpawnGuest("counter", true)
	old := w.Snap().CID
	w.Ask(counter, "add 1")
	w.SpawnGuest("counter", true)
	head := w.Snap().CID
	older, err := space.LoadSnapshot(ctx, space.Getter(w.Store), old)
	must(t, err)
	root := HeadRoot("home")
	for name, c := range map[string]struct {
		change func(s *space.Snapshot)
		want   error
	}{
		"another state":   {func(s *space.Snapshot) { s.State = older.State }, space.ErrUnsound},
		"another clock":   {func(s *space.Snapshot) { s.Clock++ }, space.ErrUnsound},
		"another history": {func(s *space.Snapshot) { s.Journal = older.Journal }, nil},
		"another place":   {func(s *space.Snapshot) { s.Seq++ }, nil},
		"no history":      {func(s *space.Snapshot) { s.Journal, s.Parent = lumps.CID{}, lumps.CID{} }, nil},
	} {
		for _, first := range []lumps.CID{{}, old} {
			server := empty(t, "server")
			l := connect(t, server, 0)
			if !first.IsZero() {
				_, err := Push(ctx, l, w.repo, PushOptions{Snapshot: first})
				must(t, err)
			}
			if name == "no history" && first.IsZero() {
				continue // a world whose journal has no archive looks like this
			}
			_, err := Push(ctx, l, w.repo, PushOptions{Snapshot: forged(t, w.Store, head, c.change)})
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("%s onto %s: %v", name, first, err)
			}
			if got := rootOf(t, server.Store, root); got != first {
				t.Errorf("%s: the root is at %s", name, got)
			}
			if _, err := Push(ctx, l, w.repo, PushOptions{}); err != nil || rootOf(t, server.Store, root) != head {
				t.Errorf("after %s: %v", name, err)
			}
		}
	}
	// A program that is not what its module gives.
	server := empty(t, "server")
	server.Verify = func(context.Context, space.Program) error { return errors.New("rewritten by somebody") }
	if _, err := Push(ctx, connect(t, server, 0), w.repo, PushOptions{}); !errors.Is(err, space.ErrUnsound) || !rootOf(t, server.Store, root).IsZero() {
		t.Errorf("a program: %v", err)
	}
}

// A path brings snapshots and manifests, and no more of anything else than its
// limits let through.
func TestPathIsBounded(t *testing.T) {
	ctx := within(t)
	local := empty(t, "local")
	blocks := map[lumps.CID][]byte{}
	add := func(n int, size int) lumps.CID {
		b, err := lumps.Marshal([]any{n, make([]byte, size)})
		must(t, err)
		c := lumps.Sum(lumps.DagCBOR, b)
		blocks[c] = b
		return c
	}
	huge := add(0, maxWrapper)
	path := []lumps.CID{huge}
	for n := range 400 {
		path = append(path, add(n+1, 60<<10))
	}
	in := &intake{to: local, from: sourceFunc(func(_ context.Context, c lumps.CID) ([]byte, error) {
		if b, ok := blocks[c]; ok {
			return b, nil
		}
		return nil, &store.NotFoundError{CID: c}
	})}
	must(t, in.prefetch(ctx, append(path, lumps.Sum(lumps.DagCBOR, []byte("nowhere")))))
	if has, err := local.Store.Has(ctx, huge); err != nil || has {
		t.Errorf("a block of %d bytes was taken: %v", maxWrapper, err)
	}
	if in.bytes > maxPathBytes || in.bytes < maxPathBytes*9/10 {
		t.Errorf("%d bytes were taken", in.bytes)
	}
}

// without serves a store but for one block.
type without struct {
	want.Provider
	but lumps.CID
}

func (w without) Block(ctx context.Context, c lumps.CID) ([]byte, error) {
	if c == w.but {
		return nil, &store.NotFoundError{CID: c}
	}
	return w.Provider.Block(ctx, c)
}

// Any one block that a sender keeps back is missed, and nothing moves.
func TestBlockKeptBack(t *testing.T) {
	ctx := within(t)
	w := newWorld(t, "home")
	counter := w.SpawnGuest("counter", true)
	old := w.Snap().CID
	w.Ask(counter, "add 1")
	head := w.Snap().CID
	first := empty(t, "first")
	_, err := Pull(ctx, connect(t, w.repo, 0), first, PullOptions{Snapshot: old})
	must(t, err)
	var lacking []lumps.CID
	must(t, store.Reach(ctx, w.Store, []lumps.CID{head}, func(c lumps.CID) (bool, error) {
		has, err := first.Store.Has(ctx, c)
		if !has {
			lacking = append(lacking, c)
		}
		return true, err
	}))
	if len(lacking) < 5 {
		t.Fatalf("%d blocks are new", len(lacking))
	}
	for _, c := range lacking {
		local := empty(t, "local")
		_, err := Pull(ctx, connect(t, w.repo, 0), local, PullOptions{Snapshot: old})
		must(t, err)
		l := connectTo(t, without{Everything(w.Store), c}, 0, func(l *link) func(context.Context, io.ReadWriteCloser) {
			return func(ctx context.Context, stream io.ReadWriteCloser) { _ = Serve(ctx, stream, w.repo, l.there) }
		})
		if _, err := Pull(ctx, l, local, PullOptions{}); !errors.Is(err, ErrIncomplete) {
			t.Errorf("without %s: %v", c, err)
		}
		if got := rootOf(t, local.Store, HeadRoot("home")); got != old {
			t.Errorf("without %s: the root is at %s", c, got)
		}
		l.close()
	}
}

// A dialer serves what it offers for the time of a push, and nothing else: not
// what is in its store besides, not before, not after.
func TestOffers(t *testing.T) {
	ctx := within(t)
	w := newWorld(t, "home")
	w.populate(3)
	head := w.Snap().CID
	secret, err := store.PutLump(ctx, w.Store, bytes.NewReader([]byte("secret")), store.KindFile)
	must(t, err)
	server := empty(t, "server")
	l := connect(t, server, 0)
	denied := func(c lumps.CID) {
		t.Helper()
		if _, err := l.there.Get(ctx, c); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s was given: %v", c, err)
		}
	}
	denied(head)
	var all []lumps.CID
	must(t, store.Reach(ctx, w.Store, []lumps.CID{head}, func(c lumps.CID) (bool, error) {
		all = append(all, c)
		return true, nil
	}))
	stop := l.offers.offer(w.Store, []lumps.CID{head})
	// From the bottom up: what somebody asks for who has what is above it.
	for i := len(all) - 1; i >= 0; i-- {
		if _, err := l.there.Get(ctx, all[i]); err != nil {
			t.Errorf("%s: %v", all[i], err)
		}
	}
	denied(secret.CID)
	stop()
	denied(head)
	if _, err := Push(ctx, l, w.repo, PushOptions{}); err != nil {
		t.Error(err)
	}
	denied(head)
}

// What a dialer sends that is no request is answered or dropped, and the server
// goes on.
func TestHostileDialer(t *testing.T) {
	ctx := within(t)
	w := newWorld(t, "home")
	w.Snap()
	raw := func(v any) []byte {
		b, err := lumps.Marshal(v)
		must(t, err)
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
	}
	body := func(v any) []byte {
		b, err := lumps.Marshal(v)
		must(t, err)
		return b
	}
	for name, c := range map[string]struct {
		send []byte
		want func(error) bool
	}{
		"a newer version": {raw(request{Version: Version + 1, Op: opDescribe, Body: body(describeRequest{})}), func(err error) bool {
			var v *VersionError
			return errors.As(err, &v) && v.Ours == Version && v.Newest == Version
		}},
		"an unknown op":        {raw(request{Version: Version, Op: "erase", Body: body(describeRequest{})}), is(ErrRequest)},
		"no body":              {raw(request{Version: Version, Op: opPush}), is(ErrRequest)},
		"a root of the world":  {raw(request{Version: Version, Op: opPush, Body: body(pushRequest{Roots: []rootAt{{Name: space.RootSnapshot, At: lumps.Sum(lumps.Raw, nil)}}})}), is(ErrReserved)},
		"a name that climbs":   {raw(request{Version: Version, Op: opPush, Body: body(pushRequest{Name: "../x", Head: lumps.Sum(lumps.DagCBOR, nil)})}), is(ErrBadName)},
		"a root of nothing":    {raw(request{Version: Version, Op: opPush, Body: body(pushRequest{Roots: []rootAt{{Name: "x"}}})}), is(ErrRequest)},
		"a head it has not":    {raw(request{Version: Version, Op: opPush, Body: body(pushRequest{Name: "x", Head: lumps.Sum(lumps.DagCBOR, nil)})}), is(ErrIncomplete)},
		"a time before none":   {raw(request{Version: Version, Op: opWatch, Body: body(watchRequest{Wait: -1})}), is(ErrRequest)},
		"too many roots":       {raw(request{Version: Version, Op: opDescribe, Body: body(describeRequest{Roots: make([]string, maxRoots+1)})}), is(ErrRequest)},
		"too many snapshots":   {raw(request{Version: Version, Op: opDescribe, Body: body(describeRequest{Have: make([]lumps.CID, maxHave+1)})}), is(ErrRequest)},
		"a root without name":  {raw(request{Version: Version, Op: opDescribe, Body: body(describeRequest{Roots: []string{""}})}), is(ErrRequest)},
		"nonsense":             {[]byte("GET / HTTP/1.1\r\n"), is(ErrRequest)},
		"a list for a request": {raw([]int{1}), is(ErrRequest)},
	} {
		t.Run(name, func(t *testing.T) {
			l := connect(t, w.repo, 0)
			stream, err := l.Open(ctx)
			must(t, err)
			defer stream.Close()
			go stream.Write(c.send)
			_, err = (&wire{rw: stream}).next()
			if err == nil || !c.want(err) {
				t.Errorf("answered with %v", err)
			}
			if _, err := Describe(ctx, l, false); err != nil {
				t.Errorf("after it: %v", err)
			}
		})
	}
}

// A stream on which nothing comes ends with its context, and holds nothing.
func TestSilentDialer(t *testing.T) {
	w := newWorld(t, "home")
	ctx, cancel := context.WithCancel(within(t))
	near, far := net.Pipe()
	defer near.Close()
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, far, w.repo, nil) }()
	time.Sleep(10 * time.Millisecond)
	cancel()
	if err := <-ended; err == nil {
		t.Error("it ended without a reason")
	}
}

// A sender that stops in the middle ends the fetch, and what came is kept; one
// that is slow does not.
func TestStalledSender(t *testing.T) {
	ctx := within(t)
	w := newWorld(t, "home")
	w.populate(5)
	head := w.Snap().CID
	for _, stalls := range []bool{true, false} {
		local := empty(t, "local")
		var given atomic.Int64
		in := &intake{to: local, patience: 400 * time.Millisecond, from: sourceFunc(func(ctx context.Context, c lumps.CID) ([]byte, error) {
			n := given.Add(1)
			if stalls && n > 5 {
				<-ctx.Done()
				return nil, context.Cause(ctx)
			}
			if n < 5 {
				time.Sleep(150 * time.Millisecond)
			}
			return w.Store.Get(ctx, c)
		})}
		err := in.fetch(ctx, []lumps.CID{head}, nil)
		if stalls != errors.Is(err, ErrStalled) || !stalls && err != nil {
			t.Errorf("stalls=%v: %v", stalls, err)
		}
		if has, err := local.Store.Has(ctx, head); err != nil || !has {
			t.Errorf("what came was not kept: %v", err)
		}
		given.Store(0)
		again := empty(t, "again")
		in.to = again
		path, err := space.Path(ctx, space.Getter(w.Store), head, 0, maxPath)
		must(t, err)
		if !stalls {
			must(t, in.prefetch(ctx, path))
			continue
		}
		given.Store(5)
		if err := in.prefetch(ctx, path); !errors.Is(err, ErrStalled) {
			t.Errorf("a path that stalls: %v", err)
		}
	}
}

// A dialer that asks for loose lumps and then does nothing keeps nobody else out.
func TestIdleDialer(t *testing.T) {
	ctx := within(t)
	server := empty(t, "server")
	l := connect(t, server, 0)
	for range 2 * maxWalks {
		stream, err := l.Open(ctx)
		must(t, err)
		defer stream.Close()
		w := &wire{rw: stream}
		must(t, w.request(opLoose, looseRequest{Take: true}))
		var ready readyAnswer
		must(t, w.expect(isReady, &ready, nil))
	}
	w := newWorld(t, "home")
	w.Snap()
	if _, err := Push(ctx, l, w.repo, PushOptions{}); err != nil {
		t.Error(err)
	}
}

// An error that crosses the stream is the same error there.
func TestFaults(t *testing.T) {
	c := func(s string) lumps.CID { return lumps.Sum(lumps.DagCBOR, []byte(s)) }
	for _, err := range []error{
		ErrReadOnly, ErrNoSnapshot, ErrBusy, ErrBadName, ErrReserved, ErrNoRoot, ErrUnknown, ErrIncomplete, ErrNoSpace, ErrStalled, ErrRequest, space.ErrUnsound, space.ErrRan,
	} {
		f := faultOf(fmt.Errorf("so it is: %w", err))
		if got := f.err(); !errors.Is(got, err) || !strings.Contains(got.Error(), err.Error()) {
			t.Errorf("%v became %v", err, got)
		}
	}
	d := &DivergedError{Root: "r", Ours: c("server"), Theirs: c("pusher"), Common: c("c"), Seq: 7}
	f := faultOf(d)
	var back *DivergedError
	if !errors.As(f.err(), &back) || *back != (DivergedError{Root: "r", Ours: c("pusher"), Theirs: c("server"), Common: c("c"), Seq: 7}) {
		t.Errorf("%+v", back)
	}
	for _, err := range []error{&OtherSpaceError{"r", c("n"), c("o")}, &RootError{"r", c("n"), c("o")}, &VersionError{Ours: 1, Oldest: 2, Newest: 2}} {
		f := faultOf(err)
		if got := f.err(); fmt.Sprintf("%T", got) != fmt.Sprintf("%T", err) || !told(got) {
			t.Errorf("%v became %v", err, got)
		}
	}
}

// Frames of any bytes are read or refused, and never more is held than a frame.
func FuzzFrame(f *testing.F) {
	seed := func(v any) {
		var b bytes.Buffer
		if err := (&wire{rw: &b}).send(v); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	enc := func(v any) []byte {
		b, err := lumps.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		return b
	}
	c := lumps.Sum(lumps.DagCBOR, []byte("x"))
	seed(request{1, opDescribe, enc(describeRequest{Roots: []string{"a"}, Have: []lumps.CID{c}})})
	seed(request{1, opPush, enc(pushRequest{Name: "n", Head: c, Path: []lumps.CID{c}, Roots: []rootAt{{"r", c, true}}})})
	seed(request{1, opWatch, enc(watchRequest{Last: c, Wait: 1, Every: 2})})
	seed(request{1, opLoose, enc(looseRequest{true})})
	seed(message{isWorld, enc(worldAnswer{Name: "n", Head: c, Roots: []rootAt{{"r", c, false}}, Path: []lumps.CID{c}})})
	seed(message{isMoved, enc(movedAnswer{Moves: []Move{{"r", c, c, true}}, Blocks: 1})})
	seed(message{isFault, enc(fault{Kind: faultDiverged, New: c, Old: c, Common: c, Seq: 9})})
	seed(message{isLumps, enc(lumpsFrame{[]lumpRecord{{c, 1, 1, store.KindFile}}})})
	seed(message{isReady, enc(readyAnswer{3})})
	seed(message{isProgress, enc(progressAnswer{3, 4})})
	f.Fuzz(func(t *testing.T, b []byte) {
		w := &wire{rw: bytes.NewBuffer(b)}
		var q request
		if w.receive(&q) == nil {
			for _, v := range []any{&describeRequest{}, &pushRequest{}, &watchRequest{}, &looseRequest{}} {
				_ = readBody(q.Body, v)
			}
		}
		w = &wire{rw: bytes.NewBuffer(b)}
		m, err := w.next()
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without a text")
			}
			return
		}
		for _, v := range []any{&worldAnswer{}, &movedAnswer{}, &lumpsFrame{}, &readyAnswer{}, &progressAnswer{}} {
			if readBody(m.Body, v) != nil {
				continue
			}
			// What was read can be sent again.
			if err := (&wire{rw: new(bytes.Buffer)}).say(m.Is, v); err != nil && len(m.Is) < 100 {
				t.Errorf("%T was read and cannot be written: %v", v, err)
			}
		}
	})
}

// discard takes everything.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Close() error                { return nil }

// A server takes whatever comes as a request.
func FuzzServe(f *testing.F) {
	w := newWorld(f, "home")
	repo, head := w.repo, w.Snap().CID
	for _, op := range []string{opDescribe, opPush, opWatch, opLoose, "x"} {
		b, err := lumps.Marshal(map[string]any{"name": "n", "head": head, "last": head, "wait": 1, "roots": []string{"r"}})
		if err != nil {
			f.Fatal(err)
		}
		var out bytes.Buffer
		if err := (&wire{rw: &out}).send(request{1, op, b}); err != nil {
			f.Fatal(err)
		}
		f.Add(out.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		far := struct {
			io.Reader
			io.WriteCloser
		}{bytes.NewReader(b), discard{}}
		_ = Serve(ctx, far, repo, repo.Store)
		if rootOf(t, repo.Store, space.RootSnapshot) != head {
			t.Error("the world's own root was moved")
		}
	})
}

// Bodies that no request has are refused before anything is done with them.
func TestBodies(t *testing.T) {
	c := lumps.Sum(lumps.DagCBOR, []byte("c"))
	for name, b := range map[string]checked{
		"too many lumps":     &lumpsFrame{Lumps: make([]lumpRecord, maxBatch+1)},
		"a lump of no name":  &lumpsFrame{Lumps: make([]lumpRecord, 1)},
		"too many moves":     &movedAnswer{Moves: make([]Move, maxRoots+2)},
		"a push without end": &pushRequest{Name: "n", Head: c, Path: make([]lumps.CID, 2*maxPath+1)},
		"a fork that climbs": &pushRequest{Name: "n", Head: c, Fork: "../n"},
		"too many roots":     &pushRequest{Roots: make([]rootAt, maxRoots+1)},
		"a wait before none": &watchRequest{Every: -1},
	} {
		if err := b.check(); !errors.Is(err, ErrRequest) && !errors.Is(err, ErrBadName) {
			t.Errorf("%s: %v", name, err)
		}
	}
	in := &intake{to: empty(t, "local")}
	if _, err := in.lumps(t.Context(), lumpsFrame{Lumps: []lumpRecord{{CID: c, Kind: store.KindCode + 1}}}); !errors.Is(err, ErrRequest) {
		t.Errorf("a kind of lump that is none: %v", err)
	}
	w := &wire{rw: new(bytes.Buffer)}
	if err := w.say(isLumps, worldAnswer{Path: make([]lumps.CID, maxFrame)}); err == nil {
		t.Error("a frame that nobody would read was sent")
	}
}
