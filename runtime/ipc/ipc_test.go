package ipc

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hearth/journal"
	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/native"
	"hearth/runtime/runtimetest"
	"hearth/runtime/wasm"
	"hearth/store"
)

func TestMain(m *testing.M) {
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

// serve listens for a world and returns the socket.
func serve(t testing.TB, w World) (socket string, srv *Server) {
	t.Helper()
	dir, err := os.MkdirTemp("", "hearth-ipc")
	if err != nil {
		t.Fatal(err)
	}
	socket = filepath.Join(dir, "s", "w.sock")
	ln, err := Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	srv = NewServer(w, nil)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	t.Cleanup(func() {
		if err := errors.Join(srv.Close(), <-served, os.RemoveAll(dir)); err != nil {
			t.Error(err)
		}
	})
	return socket, srv
}

func world(s *runtimetest.Space) World {
	return World{Program: "test", Dir: s.Dir, Store: s.Store, Journal: s.J, Runtime: s.Runtime,
		Replay: runtime.Options{Engine: wasm.Bind(wasm.Options{}), Services: native.Services()}}
}

func dialT(t testing.TB, socket string) *Client {
	t.Helper()
	c, err := Dial(t.Context(), socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestSocketIsPrivate(t *testing.T) {
	s := runtimetest.New(t)
	socket, _ := serve(t, world(s))
	fi, err := os.Stat(socket)
	if err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("the socket has mode %v (%v)", fi.Mode(), err)
	}
	if fi, err = os.Stat(filepath.Dir(socket)); err != nil || fi.Mode().Perm() != 0o700 {
		t.Errorf("its folder has mode %v (%v)", fi.Mode(), err)
	}
	for _, c := range []struct {
		peer, own uint32
		ok        bool
	}{{1000, 1000, true}, {0, 1000, true}, {1001, 1000, false}, {1000, 0, false}} {
		if _, err := admit(c.peer, c.own); errors.Is(err, ErrPermission) == c.ok {
			t.Errorf("user %d at the socket of user %d: %v", c.peer, c.own, err)
		}
	}
	if _, err := Listen(socket); !errors.Is(err, ErrSocketInUse) {
		t.Errorf("a second server on the socket: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(file); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file in the place of the socket: %v", err)
	}
	if _, err := Listen("/" + strings.Repeat("x", 120)); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a path that is too long: %v", err)
	}
	if _, err := Dial(t.Context(), file+".none"); !errors.Is(err, ErrNoServer) {
		t.Errorf("a socket that is not there: %v", err)
	}
}

// A socket that a dead server left behind is replaced.
func TestStaleSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.sock")
	for range 2 {
		ln, err := Listen(path)
		if err != nil {
			t.Fatal(err)
		}
		ln.(*listener).UnixListener.Close() // as a kill does: the file stays
		if _, err := Dial(t.Context(), path); !errors.Is(err, ErrNoServer) {
			t.Errorf("a dead socket: %v", err)
		}
	}
}

func TestMethods(t *testing.T) {
	s := runtimetest.New(t)
	socket, _ := serve(t, world(s))
	c, ctx := dialT(t, socket), t.Context()

	info, err := c.Info(ctx)
	if err != nil || !info.Running || info.Program != "test" || info.Head < 2 {
		t.Errorf("info %+v, %v", info, err)
	}
	data := make([]byte, 3_000_000)
	rand.NewChaCha8([32]byte{1}).Read(data)
	l, err := c.PutLump(ctx, bytes.NewReader(data), true)
	if err != nil || l.Size != int64(len(data)) || l.Kind != "file" {
		t.Fatalf("put %+v, %v", l, err)
	}
	if st, err := c.StatLump(ctx, l.CID); err != nil || st != l {
		t.Errorf("stat %+v, %v", st, err)
	}
	var got bytes.Buffer
	if err := c.GetLump(ctx, l.CID, &got); err != nil || !bytes.Equal(got.Bytes(), data) {
		t.Errorf("get: %d bytes, %v", got.Len(), err)
	}
	found := false
	if err := c.Lumps(ctx, func(x Lump) error { found = found || x == l; return nil }); err != nil || !found {
		t.Errorf("the lump is not in the list (%v)", err)
	}
	if b, err := c.Block(ctx, l.CID); err != nil || !lumps.Verify(l.CID, b) {
		t.Errorf("block: %v", err)
	}

	pid, err := c.Spawn(ctx, SpawnParams{Module: s.Module("counter"), Durable: true, Service: "sum", Arg: []byte("add 2")})
	if err != nil {
		t.Fatal(err)
	}
	sent, err := c.Send(ctx, SendParams{PID: pid, Data: []byte("add 3"), Key: "k"})
	if err != nil || sent.Seq == 0 || sent.Duplicate {
		t.Errorf("send %+v, %v", sent, err)
	}
	again, err := c.Send(ctx, SendParams{PID: pid, Data: []byte("add 3"), Key: "k"})
	if err != nil || again.Seq != sent.Seq || !again.Duplicate {
		t.Errorf("the same key: %+v, %v", again, err)
	}
	if again, err = c.Send(ctx, SendParams{PID: pid, Data: []byte("add 3"), Key: "k", Wait: true}); err != nil || !again.Duplicate || again.Replied {
		t.Errorf("the same key and a wait: %+v, %v", again, err)
	}
	reply, err := c.Send(ctx, SendParams{Service: "sum", Data: []byte("get"), Wait: true})
	if err != nil || !reply.Replied || string(reply.Reply) != "5" {
		t.Errorf("get: %+v, %v", reply, err)
	}
	ps := map[uint64]Process{}
	if err := c.Processes(ctx, func(p Process) error { ps[p.PID] = p; return nil }); err != nil || ps[pid].Service != "sum" || !ps[pid].Durable || ps[pid].Fuel == 0 {
		t.Errorf("processes %+v, %v", ps, err)
	}
	names := map[string]Service{}
	if err := c.Services(ctx, func(v Service) error { names[v.Name] = v; return nil }); err != nil || names["sum"].PID != pid || !names["hearth.Registry"].Native {
		t.Errorf("services %+v, %v", names, err)
	}
	snap, err := c.Snapshot(ctx, "text")
	if err != nil || snap.Text != "text" || snap.Seq == 0 {
		t.Errorf("snapshot %+v, %v", snap, err)
	}
	var list []Snapshot
	if err := c.History(ctx, func(h Snapshot) error { list = append(list, h); return nil }); err != nil || len(list) != 1 || list[0] != snap {
		t.Errorf("history %+v, %v", list, err)
	}
	st, err := c.State(ctx)
	if err != nil || st.State != snap.State {
		t.Errorf("state %+v, %v; the snapshot has %s", st, err, snap.State)
	}
	r, err := c.Replay(ctx, 0)
	if err != nil || r.State != snap.State || r.Compared != snap.Seq {
		t.Errorf("replay %+v, %v; the snapshot has %s at %d", r, err, snap.State, snap.Seq)
	}
	// Another where nothing has changed since: it is the one to compare with.
	snap2, err := c.Snapshot(ctx, "again")
	if err != nil || snap2.State != snap.State || snap2.Seq <= snap.Seq {
		t.Errorf("snapshot %+v, %v", snap2, err)
	}
	if r, err := c.Replay(ctx, snap2.Seq); err != nil || r.State != snap.State || r.Compared != snap2.Seq {
		t.Errorf("replay %+v, %v; the second snapshot has %s at %d", r, err, snap2.State, snap2.Seq)
	}
	kinds := map[string]int{}
	if err := c.Journal(ctx, JournalParams{}, func(e Event) error { kinds[e.Kind]++; return nil }); err != nil ||
		kinds["genesis"] != 1 || kinds["spawn"] != 1 || kinds["message"] != 3 || kinds["checkpoint"] != 2 || kinds["root"] != 1 {
		t.Errorf("journal %v, %v", kinds, err)
	}
	if err := c.Kill(ctx, pid); err != nil {
		t.Error(err)
	}

	unknown := lumps.Sum(lumps.Raw, []byte("nowhere"))
	for _, x := range []struct {
		name string
		err  error
		want error
	}{
		{"kill", c.Kill(ctx, pid), runtime.ErrNoProcess},
		{"stat", second(c.StatLump(ctx, unknown)), store.ErrNotFound},
		{"get", c.GetLump(ctx, unknown, io.Discard), store.ErrNotFound},
		{"block", second(c.Block(ctx, unknown)), store.ErrNotFound},
		{"spawn unknown", second(c.Spawn(ctx, SpawnParams{Module: unknown})), store.ErrNotFound},
		{"spawn no module", second(c.Spawn(ctx, SpawnParams{Module: s.Module("bad/not-wasm")})), runtime.ErrBadModule},
		{"spawn bad import", second(c.Spawn(ctx, SpawnParams{Module: s.Module("bad/unknown-import"), Durable: true})), runtime.ErrBadModule},
		{"spawn blocking", second(c.Spawn(ctx, SpawnParams{Module: s.Module("echo-blocking"), Durable: true})), runtime.ErrBlocking},
		{"send to the dead", second(c.Send(ctx, SendParams{PID: pid})), runtime.ErrNoProcess},
		{"send to nobody", second(c.Send(ctx, SendParams{Service: "nobody"})), runtime.ErrNoService},
		{"send and wait", second(c.Send(ctx, SendParams{Service: "nobody", Wait: true})), runtime.ErrNoService},
		{"send an unknown lump", second(c.Send(ctx, SendParams{Service: "hearth.Registry", Lumps: []lumps.CID{unknown}})), store.ErrNotFound},
		{"send too much", second(c.Send(ctx, SendParams{Service: "hearth.Registry", Data: make([]byte, space.MaxMessage+1)})), runtime.ErrTooLarge},
		{"tail", c.Tail(ctx, TailParams{PID: 999}, nil), runtime.ErrNoProcess},
		{"replay", second(c.Replay(ctx, 1<<40)), journal.ErrNotFound},
		{"method", c.Call(ctx, "nothing", nil, nil), ErrNoMethod},
		{"params", c.Call(ctx, "lump.stat", map[string]int{"cid": 7}, nil), ErrUsage},
		{"cid", c.Call(ctx, "lump.stat", map[string]string{"cid": "x"}, nil), lumps.ErrBadCID},
	} {
		if !errors.Is(x.err, x.want) {
			t.Errorf("%s: %v, want %v", x.name, x.err, x.want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestReplyTimeout(t *testing.T) {
	s := runtimetest.New(t)
	socket, _ := serve(t, world(s))
	c := dialT(t, socket)
	pid := s.SpawnGuest("sink", true)
	start := time.Now()
	_, err := c.Send(t.Context(), SendParams{PID: pid, Data: []byte("8 bytes!"), Wait: true, Timeout: 50})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 5*time.Second {
		t.Errorf("no reply: %v after %v", err, time.Since(start))
	}
	trap := s.SpawnGuest("trap", true)
	if _, err = c.Send(t.Context(), SendParams{PID: trap, Data: []byte("trap"), Wait: true, Timeout: 5000}); !errors.Is(err, runtime.ErrNoReply) {
		t.Errorf("a receiver that traps: %v", err)
	}
}

func TestTails(t *testing.T) {
	s := runtimetest.New(t)
	socket, _ := serve(t, world(s))
	c := dialT(t, socket)
	pid := s.SpawnGuest("counter", true)
	ctx, cancel := context.WithCancel(t.Context())
	events := make(chan Event, 64)
	var wg sync.WaitGroup
	wg.Go(func() {
		err := c.Journal(ctx, JournalParams{From: s.Head() + 1, Follow: true}, func(e Event) error { events <- e; return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("following: %v", err)
		}
	})
	time.Sleep(20 * time.Millisecond)
	for i := range 5 {
		if _, err := c.Send(t.Context(), SendParams{PID: pid, Data: fmt.Appendf(nil, "add %d", i)}); err != nil {
			t.Fatal(err)
		}
		if e := <-events; e.Kind != "message" || string(e.Body) != fmt.Sprintf("add %d", i) {
			t.Errorf("event %+v", e)
		}
	}
	cancel()
	wg.Wait()
	// The connection goes on.
	if _, err := c.Info(t.Context()); err != nil {
		t.Error(err)
	}
}

// Messages that one client sends without waiting arrive in the order of its lines.
func TestOrder(t *testing.T) {
	s := runtimetest.New(t)
	socket, _ := serve(t, world(s))
	pid := s.SpawnGuest("counter", true)
	nc, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	const n = 2000
	go func() {
		w := bufio.NewWriter(nc)
		for i := range n {
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%d,"method":"send","params":{"pid":%d,"data":"MQ=="}}`+"\n", i, pid)
		}
		w.Flush()
		nc.(*net.UnixConn).CloseWrite()
	}()
	r := bufio.NewScanner(nc)
	count := 0
	for last := uint64(0); r.Scan(); count++ {
		var seq uint64
		f, err := parseFrame(r.Bytes())
		if err == nil {
			_, err = fmt.Sscanf(string(f.result), `{"seq":%d}`, &seq)
		}
		if err != nil || string(f.id) != fmt.Sprint(count) || seq <= last {
			t.Fatalf("answer %d: %s, %v", count, r.Text(), err)
		}
		last = seq
	}
	if got := s.Ask(pid, "get"); count != n || got != fmt.Sprint(n) {
		t.Errorf("%d answers, and the counter says %s of %d", count, got, n)
	}
}

// A raw peer is answered whatever it sends, and the connection lives on.
func TestRawPeer(t *testing.T) {
	s := runtimetest.New(t)
	socket, _ := serve(t, world(s))
	nc, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	r := bufio.NewReaderSize(nc, 1<<20)
	for _, c := range []struct{ say, want string }{
		{`{"jsonrpc":"2.0","id":1,"method":"nothing"}`, `"id":1,"error":{"code":-32601`},
		{`rubbish`, `"id":null,"error":{"code":-32700`},
		{`[{"jsonrpc":"2.0","id":1,"method":"world.info"}]`, `"id":null,"error":{"code":-32700`},
		{`{"jsonrpc":"2.0","id":1}`, `"id":1,"error":{"code":-32600`},
		{`{"jsonrpc":"1","id":1,"method":"x"}`, `"id":null,"error":{"code":-32600`},
		{`{"jsonrpc":"2.0","id":"x","method":"lump.stat","params":{"cid":"bafkrei"}}`, `"kind":"bad-cid","exit":65`},
		{`{"jsonrpc":"2.0","id":2,"method":"send","params":{"pid":"x"}}`, `"id":2,"error":{"code":-32602`},
		{`{"jsonrpc":"2.0","id":2,"method":"send","params":{"pid":1,"data":"%"}}`, `"id":2,"error":{"code":-32602`},
		{`{"jsonrpc":"2.0","id":2,"method":"send"}`, `"id":2,"error":{"code":-32602`},
		{`{"jsonrpc":"2.0","method":"world.info"}` + "\n" + `{"jsonrpc":"2.0","method":"data","params":{"call":99,"data":"AA=="}}` + "\n" +
			`{"jsonrpc":"2.0","id":"é","method":"world.info","params":{"unknown":[1]}}`, `"id":"é","result":{"program":"test"`},
		{`{"jsonrpc":"2.0","id":5,"method":"lump.put"}` + "\n" + `{"jsonrpc":"2.0","method":"data","params":{"call":5,"data":"aGVsbG8="}}` + "\n" +
			`{"jsonrpc":"2.0","method":"end","params":{"call":5}}`, `"size":5`},
		{`{"jsonrpc":"2.0","id":6,"method":"lump.put"}` + "\n" + `{"jsonrpc":"2.0","method":"data","params":{"call":6,"data":"a?"}}`, `"kind":"canceled"`},
	} {
		fmt.Fprintln(nc, c.say)
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("%s: %v", c.say, err)
		}
		if !strings.Contains(line, c.want) {
			t.Errorf("%s\nwas answered %s\nwant %s", c.say, line, c.want)
		}
	}
	go nc.Write(bytes.Repeat([]byte("x"), MaxLine+128<<10))
	line, err := r.ReadString('\n')
	if err != nil || !strings.Contains(line, `"kind":"line-too-long"`) {
		t.Errorf("a line over the limit: %s, %v", line, err)
	}
	if _, err := r.ReadByte(); err == nil {
		t.Error("the connection goes on behind a line over the limit")
	}
}

// A client that leaves in the middle of an upload leaves nothing behind.
func TestHalfUpload(t *testing.T) {
	s := runtimetest.New(t)
	socket, _ := serve(t, world(s))
	nc, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(nc, `{"jsonrpc":"2.0","id":5,"method":"lump.put","params":{"root":true}}`)
	nc.Write(appendPiece(nil, []byte("5"), []byte("half of it")))
	nc.Close()
	time.Sleep(50 * time.Millisecond)
	c := dialT(t, socket)
	n := 0
	if err := c.Lumps(t.Context(), func(Lump) error { n++; return nil }); err != nil || n != 0 {
		t.Errorf("%d lumps, %v", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	pr, pw := io.Pipe()
	go func() {
		pw.Write(make([]byte, PieceSize))
		cancel()
		pw.CloseWithError(io.ErrUnexpectedEOF)
	}()
	if _, err := c.PutLump(ctx, pr, true); err == nil {
		t.Error("an upload that was cut off succeeded")
	}
	if err := c.Lumps(t.Context(), func(Lump) error { n++; return nil }); err != nil || n != 0 {
		t.Errorf("%d lumps, %v", n, err)
	}
}

func TestLimits(t *testing.T) {
	s := runtimetest.New(t)
	socket, _ := serve(t, world(s))
	c := dialT(t, socket)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range maxCalls {
		wg.Go(func() {
			// The calls that look for the limit below may be in the way for a moment.
			for err := ErrCalls; errors.Is(err, ErrCalls); {
				err = c.Journal(ctx, JournalParams{From: 1 << 40, Follow: true}, func(Event) error { return nil })
			}
		})
	}
	var err error
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end) && err == nil; {
		_, err = c.Info(t.Context())
	}
	if !errors.Is(err, ErrCalls) {
		t.Errorf("a call over the limit: %v", err)
	}
	// Messages have a limit of their own.
	if _, err := c.Send(t.Context(), SendParams{Service: "hearth.Registry", Data: []byte("x")}); err != nil {
		t.Error(err)
	}
	cancel()
	wg.Wait()
}

func TestServerCloses(t *testing.T) {
	s := runtimetest.New(t)
	socket, srv := serve(t, world(s))
	c := dialT(t, socket)
	pid := s.SpawnGuest("sink", true)
	errs := make(chan error, 2)
	go func() {
		_, err := c.Send(context.Background(), SendParams{PID: pid, Data: []byte("8 bytes!"), Wait: true, Timeout: 60_000})
		errs <- err
	}()
	go func() {
		errs <- c.Journal(context.Background(), JournalParams{From: 1 << 40, Follow: true}, func(Event) error { return nil })
	}()
	time.Sleep(50 * time.Millisecond)
	srv.Close()
	for range 2 {
		if err := <-errs; !errors.Is(err, runtime.ErrStopped) && !errors.Is(err, ErrLost) {
			t.Errorf("a call on a server that closes: %v", err)
		}
	}
	if err := c.Call(context.Background(), "world.info", nil, nil); !errors.Is(err, ErrLost) {
		t.Errorf("a call afterwards: %v", err)
	}
	if _, err := Dial(t.Context(), socket); !errors.Is(err, ErrNoServer) {
		t.Errorf("a dial afterwards: %v", err)
	}
}

// A stopped world answers what needs no live process, and its history stays whole.
func TestStoppedWorld(t *testing.T) {
	s := runtimetest.New(t)
	pid := s.SpawnGuest("counter", true, func(q *runtime.SpawnRequest) { q.Service = "sum" })
	s.Tell(pid, "add 5")
	w := world(s)
	if err := s.Runtime.Close(); err != nil {
		t.Fatal(err)
	}
	s.Runtime = nil
	w.Runtime = nil
	srv := NewServer(w, nil)
	here, there := net.Pipe()
	if err := srv.ServeConn(there, "test"); err != nil {
		t.Fatal(err)
	}
	c, ctx := NewClient(here), t.Context()
	for name, err := range map[string]error{
		"ps": c.Processes(ctx, nil), "send": second(c.Send(ctx, SendParams{PID: pid})), "kill": c.Kill(ctx, pid),
		"spawn": second(c.Spawn(ctx, SpawnParams{})), "tail": c.Tail(ctx, TailParams{PID: pid}, nil),
	} {
		if !errors.Is(err, ErrNoServer) {
			t.Errorf("%s on a stopped world: %v", name, err)
		}
	}
	var names []string
	if err := c.Services(ctx, func(v Service) error { names = append(names, v.Name); return nil }); err != nil || fmt.Sprint(names) != "[sum]" {
		t.Errorf("services %v, %v", names, err)
	}
	l, err := c.PutLump(ctx, strings.NewReader("loaded"), true)
	if err != nil {
		t.Fatal(err)
	}
	snap, err := c.Snapshot(ctx, "stopped")
	if err != nil {
		t.Fatal(err)
	}
	if r, err := c.Replay(ctx, 0); err != nil || r.State != snap.State {
		t.Errorf("replay %+v, %v; want %s", r, err, snap.State)
	}
	c.Close()
	srv.Close()
	if err := s.J.Close(); err != nil {
		t.Fatal(err)
	}
	s.Start()
	if got := s.Ask(pid, "get"); got != "5" {
		t.Errorf("the counter says %s", got)
	}
	if r, err := s.Replay(^uint64(0)); err != nil {
		t.Errorf("replay %+v, %v", r, err)
	}
	if l2, err := s.Store.Lump(ctx, l.CID); err != nil || l2.Size != 6 {
		t.Errorf("the lump %+v, %v", l2, err)
	}
}

// 64 clients that each wait for the acknowledgement of one message before they
// send the next.
func BenchmarkSend64(b *testing.B) {
	s := runtimetest.New(b)
	socket, _ := serve(b, world(s))
	pid := s.SpawnGuest("sink", true)
	data := make([]byte, 64)
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	const clients = 64
	for i := range clients {
		c := dialT(b, socket)
		n := b.N / clients
		if i < b.N%clients {
			n++
		}
		wg.Go(func() {
			for range n {
				if _, err := c.Send(context.Background(), SendParams{PID: pid, Data: data}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sends/s")
}
