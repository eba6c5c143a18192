package peer_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/peer"
	"hearth/store"
)

// meeting is two clients and their server; a has a capability to a mailbox of b.
type meeting struct {
	a, b, server   *side
	as, sa, bs, sb *peer.Conn
	in             *inbox // of b
	toB            runtime.Capability
}

func meet(t *testing.T) *meeting {
	m := &meeting{a: newSide(t), b: newSide(t), server: newSide(t)}
	m.as, m.sa = join(t, m.a, m.server)
	m.bs, m.sb = join(t, m.b, m.server)
	m.in = newInbox(m.b)
	t.Cleanup(m.in.Close)
	call(t, m.b, m.bs.Root(), `{"Register":{"name":"b"}}`, m.in.Cap(caps.All))
	m.toB = get(t, m.a, m.as.Root(), "b")
	return m
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// Two that know the CID of a lump and have it neither get it from who has by naming
// it to each other, or to a process that holds what it is sent.
func TestKnowingACIDIsNoAuthority(t *testing.T) {
	for name, size := range map[string]int{"one block": 1000, "many blocks": 3_000_000} {
		t.Run(name, func(t *testing.T) {
			m := meet(t)
			secret, _ := putLump(t, m.server, size)
			ctx := within(t, 10*time.Second)
			send(t, m.a, m.toB, runtime.Message{Data: []byte("psst"), Lumps: []lumps.CID{secret}})
			if r := m.in.next(t); len(r.Lumps) != 1 {
				t.Fatalf("lumps %v", r.Lumps)
			}
			if _, err := m.bs.Exchange().Get(ctx, secret); err == nil {
				t.Error("b got by a's word what a has not")
			}
			runtime.RemoteOf(m.toB).Offer(secret)
			time.Sleep(100 * time.Millisecond)
			if _, err := m.bs.Exchange().Get(ctx, secret); err == nil || m.b.HasLump(secret) {
				t.Error("b got by a's offer what a has not")
			}
			m.server.SpawnGuest("keeper", true, func(q *runtime.SpawnRequest) { q.Service = "keeper" })
			keeper := get(t, m.a, m.as.Root(), "keeper")
			send(t, m.a, keeper, runtime.Message{Data: []byte("take"), Caps: []runtime.Capability{newInbox(m.a).Cap(caps.Send)}, Lumps: []lumps.CID{secret}})
			if got := call(t, m.a, keeper, "list").Data; len(got) != 0 {
				t.Errorf("the keeper holds %q", got)
			}
			// Who has it too may name it, though the server's is asked for.
			if l, err := store.PutLump(ctx, m.a.Store, open(t, m.server, secret), store.KindFile); err != nil || l.CID != secret {
				t.Fatal(l, err)
			}
			send(t, m.a, m.toB, runtime.Message{Data: []byte("look"), Lumps: []lumps.CID{secret}})
			m.in.next(t)
			if err := m.b.Ensure(ctx, secret); err != nil {
				t.Error(err)
			}
			if got := call(t, m.a, keeper, "take", newInbox(m.a).Cap(caps.Send)); got.Data == nil {
				t.Error("no answer")
			}
			r, err := m.a.Call(ctx, keeper, runtime.Message{Data: []byte("take"), Lumps: []lumps.CID{secret}})
			if err != nil || len(call(t, m.a, keeper, "list").Data) == 0 {
				t.Errorf("%q, %v", r.Data, err)
			}
		})
	}
}

func open(t *testing.T, s *side, c lumps.CID) *bytes.Reader {
	t.Helper()
	r, err := store.OpenLump(context.Background(), s.Store, c)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := r.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(b.Bytes())
}

// Who named a lump and was cut off before anybody loaded it is asked for it when it
// comes back.
func TestNamesOutliveAConnection(t *testing.T) {
	m := meet(t)
	cid, _ := putLump(t, m.a, 600_000)
	send(t, m.a, m.toB, runtime.Message{Data: []byte("look"), Lumps: []lumps.CID{cid}})
	m.in.next(t)
	m.as.Close("cut")
	<-m.sa.Done()
	if err := m.b.Ensure(within(t, 5*time.Second), cid); err == nil {
		t.Fatal("it came from nobody")
	}
	join(t, m.a, m.server)
	if err := m.b.Ensure(within(t, 5*time.Second), cid); err != nil {
		t.Error(err)
	}
}

// A lump of which a part has come, its first block among it, is brought to its end
// when somebody asks for the rest.
func TestRestOfALump(t *testing.T) {
	m := meet(t)
	cid, _ := putLump(t, m.a, 3_000_000)
	for _, s := range []*side{m.server, m.b} {
		block, err := m.a.Store.Get(context.Background(), cid)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Store.Put(context.Background(), store.Block{CID: cid, Data: block}); err != nil {
			t.Fatal(err)
		}
	}
	send(t, m.a, m.toB, runtime.Message{Data: []byte("look"), Lumps: []lumps.CID{cid}})
	m.in.next(t)
	if err := m.b.Ensure(within(t, 10*time.Second), cid); err != nil {
		t.Error(err)
	}
}

// Several processes that want the same lump, and others, load each once.
func TestFetchBySeveral(t *testing.T) {
	m := meet(t)
	var all []lumps.CID
	for i := range 4 {
		cid, _ := putLump(t, m.a, 400_000+1000*i)
		all = append(all, cid)
	}
	send(t, m.a, m.toB, runtime.Message{Data: []byte("look"), Lumps: all})
	m.in.next(t)
	ctx := within(t, 20*time.Second)
	errs := make(chan error, 32)
	for i := range cap(errs) {
		go func() { errs <- m.b.Ensure(ctx, all[i%len(all)]) }()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	var blocks int64
	for _, c := range all {
		store.Reach(ctx, m.b.Store, []lumps.CID{c}, func(lumps.CID) (bool, error) { blocks++; return true, nil })
	}
	if got := m.sa.Exchange().Stats().BlocksIn; got > blocks+int64(len(all)) { // each first block once more, as a proof
		t.Errorf("%d blocks crossed for %d", got, blocks)
	}
}

// Peers that name to each other what neither has find that out at once.
func TestFetchInACircle(t *testing.T) {
	m := meet(t)
	nowhere := lumps.Sum(lumps.Raw, []byte("nowhere"))
	toA := newInbox(m.a)
	defer toA.Close()
	call(t, m.a, m.as.Root(), `{"Register":{"name":"a"}}`, toA.Cap(caps.All))
	send(t, m.a, m.toB, runtime.Message{Data: []byte("x"), Lumps: []lumps.CID{nowhere}})
	send(t, m.b, get(t, m.b, m.bs.Root(), "a"), runtime.Message{Data: []byte("x"), Lumps: []lumps.CID{nowhere}})
	m.in.next(t)
	toA.next(t)
	x, _ := m.server.Lookup("b")
	send(t, m.server, x, runtime.Message{Data: []byte("x"), Lumps: []lumps.CID{nowhere}})
	m.in.next(t)
	for _, s := range []*side{m.a, m.b, m.server} {
		if err := s.Ensure(within(t, 8*time.Second), nowhere); err == nil {
			t.Error("it came from nowhere")
		} else if t.Context().Err() != nil {
			t.Error(err)
		}
	}
}
