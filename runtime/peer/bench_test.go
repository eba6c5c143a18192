package peer_test

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"net"
	"testing"
	"time"

	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/peer"
	"hearth/runtime/peer/secure"
)

// credentials is a directory with one credential.
type credentials map[string][]byte

func (c credentials) Credential(name string) ([]byte, bool) { r, ok := c[name]; return r, ok }

// joinSecured connects two sides by the whole of it: handshake, records, streams.
func joinSecured(t testing.TB, a, b *side) (ab, ba *peer.Conn) {
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
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		nc, err := ln.Accept()
		if err != nil {
			done <- err
			return
		}
		sc, err := secure.Server(ctx, nc, &secure.ServerConfig{Identity: server, Space: "test", Keys: keys, Directory: credentials{"space": record}})
		if err == nil {
			ba, err = b.node.Attach(ctx, sc, peer.Attach{Info: peer.Info{Key: sc.Peer().Key, Credential: "space"}})
		}
		done <- err
	}()
	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	sc, err := secure.Client(ctx, nc, &secure.ClientConfig{Identity: client, Space: "test", Credential: "space", Password: []byte("secret"),
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

// BenchmarkMessages sends messages of 64 bytes from a mailbox here through the
// secured connection to a guest on the other peer, which counts them.
func BenchmarkMessages(b *testing.B) {
	x, y := newSide(b), newSide(b)
	xy, _ := joinSecured(b, x, y)
	y.SpawnGuest("sink", false, func(q *runtime.SpawnRequest) { q.Service = "sink" })
	sink := get(b, x, xy.Root(), "sink")
	b.ReportAllocs()
	b.ResetTimer()
	in := newInbox(x)
	defer in.Close()
	body := make([]byte, 64)
	binary.LittleEndian.PutUint64(body, uint64(b.N))
	send(b, x, sink, runtime.Message{Data: body[:8], Caps: []runtime.Capability{in.Cap(caps.Send)}})
	for range b.N {
		_, _, err := x.Accept(sink, runtime.Message{Data: body})
		if full, ok := err.(*runtime.FullError); ok {
			<-full.Drained
		}
	}
	in.next(b)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
}

// BenchmarkRoundTrip asks a guest on the other peer, one question after another,
// beside a bare TCP echo of the same bytes.
func BenchmarkRoundTrip(b *testing.B) {
	b.Run("hearth", func(b *testing.B) {
		x, y := newSide(b), newSide(b)
		xy, _ := joinSecured(b, x, y)
		y.SpawnGuest("echo", false, func(q *runtime.SpawnRequest) { q.Service = "echo" })
		echo := get(b, x, xy.Root(), "echo")
		answers := make(chan struct{}, 1)
		in := x.NewPort(func(*runtime.Signal) { answers <- struct{}{} })
		defer in.Close()
		m := runtime.Message{Data: make([]byte, 64), Caps: []runtime.Capability{in.Cap(caps.Send)}}
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			x.Accept(echo, m)
			<-answers
		}
	})
	b.Run("tcp", func(b *testing.B) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		defer ln.Close()
		go func() {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			buf := make([]byte, 64)
			for {
				n, err := c.Read(buf)
				if err != nil {
					return
				}
				c.Write(buf[:n])
			}
		}()
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		buf := make([]byte, 64)
		b.ResetTimer()
		for range b.N {
			c.Write(buf)
			c.Read(buf)
		}
	})
}
