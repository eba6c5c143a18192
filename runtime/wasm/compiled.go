package wasm

import (
	"bytes"
	"context"
	"io"
	goruntime "runtime"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"

	"hearth/lumps"
	"hearth/store/asset"
)

// compiled is the asset of this package: machine code made of a rewritten module,
// shared by everything that runs it.
type compiled struct{ module wazero.CompiledModule }

// codeFactor is about how many bytes of memory a compiled byte of wasm takes: code,
// and what wazero keeps beside it.
const codeFactor = 12

func (e *Engine) registerCompiled() {
	asset.Register(e.assets, "compiled module", asset.Loader[*compiled]{
		MaxSize: 4 * MaxModule, // a rewritten module is larger than it was
		Load: func(ctx context.Context, _ lumps.CID, r asset.Content) (*compiled, int64, error) {
			bin, err := io.ReadAll(r)
			if err != nil {
				return nil, 0, err
			}
			// On all processors: a Go guest takes a second of one.
			ctx = experimental.WithCompilationWorkers(ctx, goruntime.GOMAXPROCS(0))
			m, err := e.wz.CompileModule(ctx, bin)
			if err != nil {
				return nil, 0, bad(err)
			}
			return &compiled{m}, codeFactor * int64(len(bin)), nil
		},
		Close: func(c *compiled) { c.module.Close(context.Background()) },
	})
}

// source reads modules that were just rewritten from memory, and others from the
// store: code of transient processes is no lump of the space.
type source struct {
	e     *Engine
	store asset.Source
}

func (s source) Open(ctx context.Context, c lumps.CID) (asset.Content, error) {
	if b, ok := s.e.fresh.Load(c); ok {
		return bytes.NewReader(b.([]byte)), nil
	}
	return s.store.Open(ctx, c)
}

// compile finds or makes the machine code of a rewritten module. bin is nil where
// the store has it.
func (c *code) compile(ctx context.Context, cid lumps.CID, bin []byte) (err error) {
	if bin != nil {
		c.e.fresh.Store(cid, bin)
		defer c.e.fresh.Delete(cid)
	}
	if c.compiled, err = asset.Load[*compiled](ctx, c.e.assets, cid); err != nil {
		c.image.close()
	}
	return err
}
