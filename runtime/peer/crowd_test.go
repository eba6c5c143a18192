package peer_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/peer"
	"hearth/runtime/peer/peertest"
	"hearth/runtime/peer/secure"
)

// TestThousandClients has a thousand clients log in, a few dozen at a time, and all
// of them served: while one takes nothing and one sends without end.
func TestThousandClients(t *testing.T) {
	clients, ksf := 1000, secure.InsecureKSF
	if os.Getenv("HEARTH_SOAK") != "" {
		ksf = secure.DefaultKSF
	}
	t.Logf("Argon2id: %v", ksf)
	// All come from one address here.
	server := newServed(t, ksf, secure.NewGate(secure.GateLimits{PerAddress: 256, Guesses: 1000, Rate: 2000}))
	server.SpawnGuest("echo", false, func(q *runtime.SpawnRequest) { q.Service = "echo" })
	stuck := make(chan struct{})
	port := server.NewService(func(ctx context.Context, _ *runtime.Request) {
		select {
		case <-stuck:
		case <-ctx.Done():
		}
	})
	server.Register("stuck", port.Cap(caps.Send))
	defer close(stuck)

	many := newSide(t) // holds the connections of all clients
	login := func(addr string) (*peer.Conn, error) {
		d := server.client(many.node, "", addr)
		for pause := 10 * time.Millisecond; ; pause *= 2 {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			c, err := d.Connect(ctx)
			cancel()
			if !errors.Is(err, secure.ErrBusy) || pause > 10*time.Second {
				return c, err
			}
			time.Sleep(pause)
		}
	}
	link := peertest.NewLink(t, server.addr, peertest.Conditions{})
	stalled, err := login(link.Addr())
	if err != nil {
		t.Fatal(err)
	}
	link.Stall(true)
	flooding, err := login(server.addr)
	if err != nil {
		t.Fatal(err)
	}
	target := get(t, many, flooding.Root(), "stuck")
	var stop atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		for body := make([]byte, 256); !stop.Load(); {
			_, _, err := many.Accept(target, runtime.Message{Data: body})
			if full, ok := err.(*runtime.FullError); ok {
				select {
				case <-full.Drained:
				case <-time.After(100 * time.Millisecond):
				}
			}
		}
	})
	begun := time.Now()
	var answered atomic.Int64
	var slowest atomic.Int64
	gate := make(chan struct{}, 48)
	var crowd sync.WaitGroup
	for i := range clients {
		gate <- struct{}{}
		crowd.Go(func() {
			defer func() { <-gate }()
			c, err := login(server.addr)
			if err != nil {
				t.Errorf("client %d: %v", i, err)
				return
			}
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			at := time.Now()
			r, err := many.Call(ctx, c.Root(), runtime.Message{Data: []byte(`{"Get":{"name":"echo"}}`)})
			if err != nil || len(r.Caps) != 1 {
				t.Errorf("client %d: %q %v", i, r.Data, err)
				return
			}
			text := fmt.Sprint("client ", i)
			if r, err = many.Call(ctx, r.Caps[0], runtime.Message{Data: []byte(text)}); err != nil || string(r.Data) != text {
				t.Errorf("client %d: %q %v", i, r.Data, err)
				return
			}
			answered.Add(1)
			for d := int64(time.Since(at)); ; {
				old := slowest.Load()
				if d <= old || slowest.CompareAndSwap(old, d) {
					break
				}
			}
		})
	}
	crowd.Wait()
	stop.Store(true)
	wg.Wait()
	t.Logf("%d clients in %v, two calls of one took at most %v", answered.Load(), time.Since(begun).Round(time.Millisecond), time.Duration(slowest.Load()).Round(time.Millisecond))
	if n := len(server.node.Conns()); n < clients {
		t.Errorf("%d connections stand at the server", n)
	}
	if stalled.Err() != nil && flooding.Err() != nil {
		t.Log("both bad ones were cut off")
	}
}
