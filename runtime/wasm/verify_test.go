package wasm_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"hearth/fixtures/guests"
	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/runtimetest"
	"hearth/runtime/wasm"
	"hearth/runtime/wasm/rewrite"
	"hearth/store"
)

// What a process pins can be derived again from its module, and a program whose
// fuel was left out, or whose image was changed, is refused.
func TestVerifyProgram(t *testing.T) {
	s := runtimetest.New(t)
	ctx := context.Background()
	for _, guest := range []string{"counter", "room", "kv"} {
		pid := s.SpawnGuest(guest, true)
		info := s.Snap()
		snap, err := space.LoadSnapshot(ctx, space.Getter(s.Store), info.CID)
		if err != nil {
			t.Fatal(err)
		}
		st, err := snap.Load(ctx, space.Getter(s.Store))
		if err != nil {
			t.Fatal(err)
		}
		prog := st.Kernel.Process(pid).Program
		if err := wasm.Verify(ctx, s.Store, prog); err != nil {
			t.Fatalf("%s: %v", guest, err)
		}
		if guest != "counter" {
			continue
		}
		free, err := rewrite.Rewrite(guests.Module(guest), rewrite.Options{Image: true, MaxPages: prog.Limits.Pages})
		if err != nil {
			t.Fatal(err)
		}
		l, err := store.PutLump(ctx, s.Store, bytes.NewReader(free.Module), store.KindFile)
		if err != nil {
			t.Fatal(err)
		}
		for name, change := range map[string]func(p *space.Program){
			"other code":   func(p *space.Program) { p.Code = l.CID },
			"other image":  func(p *space.Program) { p.Image = p.Module },
			"other module": func(p *space.Program) { p.Module = s.Module("echo") },
		} {
			p := prog
			change(&p)
			if err := wasm.Verify(ctx, s.Store, p); !errors.Is(err, space.ErrBadState) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// A message cannot make a durable process hold a lump that is not there.
func TestMissingLumpIsRefused(t *testing.T) {
	s := runtimetest.New(t)
	pid := s.SpawnGuest("keeper", true)
	head := s.Head()
	for _, codec := range []byte{lumps.Raw, lumps.DagPB, lumps.DagCBOR} {
		to := s.Cap(pid)
		_, _, err := s.Send(context.Background(), to, runtime.Message{Data: []byte("take"), Lumps: []lumps.CID{lumps.Sum(codec, []byte("nowhere"))}})
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("codec %#x: %v", codec, err)
		}
	}
	if s.Head() != head {
		t.Error("a refused message left an event")
	}
}
