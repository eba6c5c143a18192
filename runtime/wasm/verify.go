package wasm

import (
	"context"
	"fmt"

	"github.com/tetratelabs/wazero"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime/wasm/rewrite"
	"hearth/store"
)

// Verify derives again what a Program pins: the code from the module, the image
// from its initialisation. An archive that somebody else made could have left the
// fuel out of the code, so a world that comes from outside runs only what this
// passes.
func Verify(ctx context.Context, s store.Store, prog space.Program) error {
	if prog.Rewriter != rewrite.Version || prog.ABI != ABI {
		return fmt.Errorf("module %s was prepared by version %d.%d of the rewriting and the interface, and only %d.%d can be verified here; restore it with the Hearth that made it",
			prog.Module, prog.Rewriter, prog.ABI, rewrite.Version, ABI)
	}
	e := &Engine{store: s, init: wazero.NewRuntimeWithConfig(ctx, initConfig())}
	defer e.init.Close(ctx)
	if err := host(ctx, e.init); err != nil {
		return err
	}
	bin, err := e.read(ctx, prog.Module)
	if err != nil {
		return err
	}
	info, err := rewrite.Inspect(bin)
	if err == nil {
		err = e.admit(info, true)
	}
	if err != nil {
		return bad(err)
	}
	opt := rewrite.Options{Durable: true, MaxPages: prog.Limits.Pages, MaxDepth: prog.Limits.Depth}
	first, err := rewrite.Rewrite(bin, opt)
	if err != nil {
		return bad(err)
	}
	opt.Image = true
	rest, err := rewrite.Rewrite(bin, opt)
	if err != nil {
		return bad(err)
	}
	nothing := func(lumps.CID, []byte) error { return nil }
	code, err := cidOf(rest.Module)
	if err != nil {
		return err
	}
	mem, globals, err := e.initialise(ctx, prog.Module, first, prog.Limits)
	if err != nil {
		return err
	}
	_, image, err := encodeImage(mem, globals, nothing)
	if err != nil {
		return err
	}
	if code != prog.Code || image != prog.Image {
		return fmt.Errorf("the code that is recorded for module %s is not what it is rewritten to: %w", prog.Module, space.ErrBadState)
	}
	return nil
}
