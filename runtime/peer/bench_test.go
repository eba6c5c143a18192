package peer_test

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime/debug"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/peer"
	"hearth/runtime/peer/secure"
)

// credentials is a directory with one credential.
type credentials map[string][]byte

func (c credentials) Credential(name string) ([]byte, bool) { r, ok := c[name]; return r, ok }

// joinSecured connects two sides over loopback by the whole of it: handshake,
// records, streams.
func joinSecured(t testing.TB, a, b *side) (ab, ba *peer.Conn) {
	t.Helper()
	near, far := loopback(t)
	return joinOver(t, a, b, near, far)
}

// loopback is the two ends of a TCP connection.
func loopback(t testing.TB) (near, far net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if near, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if far, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	return near, far
}

// joinOver is joinSecured over a connection; a is who dialed it.
func joinOver(t testing.TB, a, b *side, near, far net.Conn) (ab, ba *peer.Conn) {
	t.Helper()
	_, server, _ := ed25519.GenerateKey(nil)
	_, client, _ := ed25519.GenerateKey(nil)
	weak := secure.KSF{Time: 1, MemoryKiB: 8, Threads: 1}
	keys, err := secure.NewKeys(server.Public().(ed25519.PublicKey), weak)
	if err != nil {
		t.Fatal(err)
	}
	record, err := keys.Register("test", "space", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		sc, err := secure.Server(ctx, far, &secure.ServerConfig{Identity: server, Space: "test", Keys: keys, Directory: credentials{"space": record}})
		if err == nil {
			ba, err = b.node.Attach(ctx, sc, peer.Attach{Info: peer.Info{Key: sc.Peer().Key, Credential: "space"}})
		}
		done <- err
	}()
	sc, err := secure.Client(ctx, near, &secure.ClientConfig{Identity: client, Space: "test", Credential: "space", Password: []byte("secret"),
		MinKSF: weak, Pin: func(ed25519.PublicKey) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	ab, err = a.node.Attach(ctx, sc, peer.Attach{Info: peer.Info{Key: sc.Peer().Key, Server: true}, Dialed: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return ab, ba
}

// asServer collects garbage as rarely as the programs do.
func asServer(b *testing.B) {
	before := debug.SetGCPercent(runtime.GCPercent)
	b.Cleanup(func() { debug.SetGCPercent(before) })
}

// cpu is the processor time of this process, which is both peers.
func cpu() time.Duration {
	var u unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// token is 64 bytes that begin with a number.
func token(n uint64) []byte {
	b := make([]byte, 64)
	binary.LittleEndian.PutUint64(b, n)
	return b
}

// accept waits where the mailbox is full.
func accept(b *testing.B, s *side, to runtime.Capability, m runtime.Message) {
	b.Helper()
	for {
		_, _, err := s.Accept(to, m)
		var full *runtime.FullError
		if !errors.As(err, &full) {
			if err != nil {
				b.Fatal(err)
			}
			return
		}
		<-full.Drained
	}
}

// BenchmarkMessages sends messages of 64 bytes from a guest on one peer to a guest
// on the other, over one secured connection; the second counts them. The time ends
// when its count has come back.
func BenchmarkMessages(b *testing.B) {
	asServer(b)
	x, y := newSide(b), newSide(b)
	xy, _ := joinSecured(b, x, y)
	y.SpawnGuest("sink", false, func(q *runtime.SpawnRequest) { q.Service = "sink" })
	sink := get(b, x, xy.Root(), "sink")
	sender := x.Cap(x.SpawnGuest("sender", false))
	in := newInbox(x)
	defer in.Close()
	b.ReportAllocs()
	b.ResetTimer()
	start := cpu()
	send(b, x, sink, runtime.Message{Data: token(uint64(b.N))[:8], Caps: []runtime.Capability{in.Cap(caps.Send)}})
	// A handler ends before its process can be made to wait: each sends a few.
	const each = 1000
	for left := b.N; left > 0; left -= each {
		accept(b, x, sender, runtime.Message{Data: token(uint64(min(left, each)))[:8], Caps: []runtime.Capability{sink}})
	}
	in.within(b, time.Minute)
	b.StopTimer()
	b.ReportMetric(float64(cpu()-start)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
}

// pair is a guest on each of two peers that pass a token of 64 bytes to each other.
type pair struct {
	x     *side
	first runtime.Capability // the guest on x
	in    *inbox             // of the host of x, where the token goes at last
}

func newPair(b *testing.B, x, y *side, xy *peer.Conn) *pair {
	b.Helper()
	y.SpawnGuest("ring", false, func(q *runtime.SpawnRequest) { q.Service = "ring" })
	second := get(b, x, xy.Root(), "ring")
	p := &pair{x, x.Cap(x.SpawnGuest("ring", false)), newInbox(x)}
	b.Cleanup(p.in.Close)
	end := p.in.Cap(caps.Send)
	send(b, x, second, runtime.Message{Caps: []runtime.Capability{end, p.first}})
	send(b, x, p.first, runtime.Message{Caps: []runtime.Capability{end, second}})
	p.turn(b, 1) // which is there after what was said above
	return p
}

// turn returns when the token has been there and back n times.
func (p *pair) turn(b *testing.B, n int) {
	b.Helper()
	accept(b, p.x, p.first, runtime.Message{Data: token(uint64(2 * n))})
	p.in.within(b, time.Minute)
}

// BenchmarkRoundTrip passes 64 bytes from a guest on one peer to a guest on the
// other and back, one after another, beside a bare TCP echo of the same bytes.
func BenchmarkRoundTrip(b *testing.B) {
	b.Run("hearth", func(b *testing.B) {
		asServer(b)
		x, y := newSide(b), newSide(b)
		xy, _ := joinSecured(b, x, y)
		p := newPair(b, x, y, xy)
		b.ReportAllocs()
		b.ResetTimer()
		start := cpu()
		p.turn(b, b.N)
		b.StopTimer()
		b.ReportMetric(float64(cpu()-start)/float64(b.N), "cpu-ns/op")
	})
	b.Run("tcp", func(b *testing.B) {
		near, far := loopback(b)
		defer near.Close()
		go func() {
			defer far.Close()
			buf := make([]byte, 64)
			for {
				if _, err := io.ReadFull(far, buf); err != nil {
					return
				}
				far.Write(buf)
			}
		}()
		buf := make([]byte, 64)
		b.ResetTimer()
		start := cpu()
		for range b.N {
			near.Write(buf)
			if _, err := io.ReadFull(near, buf); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
		b.ReportMetric(float64(cpu()-start)/float64(b.N), "cpu-ns/op")
	})
}

// within is next for what takes its time.
func (in *inbox) within(t testing.TB, d time.Duration) runtime.Reply {
	t.Helper()
	select {
	case r := <-in.got:
		return r
	case <-time.After(d):
		t.Fatal("no message came")
		panic(0)
	}
}
