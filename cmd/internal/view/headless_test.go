package view

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime"
	"hearth/store/mem"
)

// worker is the code of one process that computes until it is let go.
type worker struct{ let chan struct{} }

func (w worker) Prepare(context.Context, lumps.CID, space.Limits, bool) (runtime.Code, error) {
	return w, nil
}
func (w worker) Open(context.Context, space.Program) (runtime.Code, error) { return w, nil }
func (w worker) Program() space.Program                                    { return space.Program{} }
func (w worker) Blocking() bool                                            { return true }
func (w worker) New(context.Context, *runtime.Process, *space.Image) (runtime.Body, error) {
	return body{let: w.let}, nil
}
func (w worker) MemorySize() int { return 0 }
func (w worker) Close() error    { return nil }

type body struct {
	runtime.Body
	let chan struct{}
}

func (b body) Run(ctx context.Context) error {
	select {
	case <-b.let:
	case <-ctx.Done():
	}
	return nil
}
func (b body) Close() {}

// A picture waits for processes that have something to do, of a world of our own.
func TestBusy(t *testing.T) {
	w := worker{let: make(chan struct{})}
	rt, err := runtime.New(runtime.Options{Store: mem.New(), Engine: func(*runtime.Runtime) (runtime.Engine, error) { return w, nil }, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	v := &View{}
	if v.busy(t.Context()) {
		t.Error("it is busy before the space stands")
	}
	v.world.Store(rt)
	if v.busy(t.Context()) {
		t.Error("it is busy without a process")
	}
	if _, _, err := rt.Spawn(t.Context(), runtime.SpawnRequest{Module: lumps.Sum(lumps.Raw, []byte("worker")), Entry: -1}); err != nil {
		t.Fatal(err)
	}
	if !v.busy(t.Context()) {
		t.Error("who computes is not waited for")
	}
	if v.o.Remote = true; v.busy(t.Context()) {
		t.Error("a server's processes are not known here")
	}
	v.o.Remote = false
	close(w.let)
	for end := time.Now().Add(patience); v.busy(t.Context()); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("who has ended is waited for")
		}
	}
}
