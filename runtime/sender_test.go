package runtime_test

import (
	"bytes"
	"context"
	"testing"

	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/runtimetest"
)

// A service hears who sent a request: the process and its module, or the program
// itself, whoever's reply address the request has.
func TestServiceHearsWhoAsks(t *testing.T) {
	s := runtimetest.New(t)
	asked := make(chan runtime.Sender, 1)
	s.Serve(runtime.Service{Name: "who", Handle: func(_ context.Context, r *runtime.Request) {
		asked <- r.Sender
		r.Reply([]byte("heard"))
	}})
	who, err := s.Target(0, "who")
	if err != nil {
		t.Fatal(err)
	}
	module := s.Module("relay")
	for _, durable := range []bool{false, true} {
		pid := s.SpawnGuest("relay", durable)
		s.Tell(pid, "next", who)
		stranger := s.NewPort(func(*runtime.Signal) {})
		s.Tell(pid, "7", stranger.Cap(caps.Send))
		if got, want := <-asked, (runtime.Sender{Process: pid, Module: module}); got != want {
			t.Errorf("durable %v: %+v, want %+v", durable, got, want)
		}
		stranger.Close()
	}
	r, err := s.Call(context.Background(), who, runtime.Message{Data: []byte("x"), Origin: "process 7"})
	if err != nil || !bytes.Equal(r.Data, []byte("heard")) {
		t.Fatal(r, err)
	}
	if got, want := <-asked, (runtime.Sender{Host: true}); got != want {
		t.Errorf("the program itself: %+v", got)
	}
}
