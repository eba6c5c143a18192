package wasm

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/wasm/rewrite"
	"hearth/store"
	"hearth/store/asset"
)

// maxInitFuel bounds an initialisation, which is interpreted at about 100 ns a
// unit: some seconds, and ten times what a Go guest takes.
const maxInitFuel = 50_000_000

// code is a module made ready: compiled without its data, and the image that
// takes its place.
type code struct {
	e        *Engine
	module   lumps.CID
	program  space.Program // zero for transient code
	info     rewrite.Info
	compiled *asset.Ref[*compiled]
	image    *image
	globals  []byte      // after the initialisation
	pages    []lumps.CID // of the image; durable code only
	maxPages uint32
	blocking bool
	resume   bool

	arenas arenas

	mu    sync.Mutex  // guards what follows
	spare []*instance // ready for the next process
	wipe  []*arena    // with enough ended instances to wipe them
	kept  int         // ended instances, wiped or not
}

func (c *code) Program() space.Program { return c.program }
func (c *code) Blocking() bool         { return c.blocking }
func (c *code) MemorySize() int        { return c.image.size }

func (c *code) close() {
	c.dropSpare()
	c.compiled.Release()
	c.image.close()
}

// classify finds out which kind of guest this is.
func (c *code) classify() {
	c.blocking = true
	for _, x := range c.info.Exports {
		switch {
		case x.Kind == rewrite.FuncKind && x.Name == "_hearth_receive":
			c.blocking = false
		case x.Kind == rewrite.FuncKind && x.Name == "_hearth_resume":
			c.resume = true
		}
	}
}

// limited is durable code under limits that are not part of the compiled code.
type limited struct {
	*code
	program space.Program
}

func (l *limited) Program() space.Program { return l.program }

func (c *code) withLimits(limits space.Limits) runtime.Code {
	p := c.program
	p.Limits = limits
	return &limited{c, p}
}

// admit refuses a module that imports what is not there or exports no way in.
func (e *Engine) admit(info *rewrite.Info, durable bool) error {
	handler, blocking := false, false
	for _, x := range info.Exports {
		if x.Kind != rewrite.FuncKind {
			continue
		}
		want := []rewrite.ValType(nil)
		switch x.Name {
		case "_hearth_receive":
			handler, want = true, []rewrite.ValType{rewrite.I32, rewrite.I32}
		case "run":
			blocking = true
		case "_hearth_spawn_by_index":
			blocking, want = true, []rewrite.ValType{rewrite.I32}
		case "_initialize", "_start", "_hearth_init", "_hearth_metadata":
		default:
			continue
		}
		if len(x.Results) > 0 && x.Name != "run" || !sameTypes(x.Params, want) {
			return fmt.Errorf("its export %s has another type than the guest interface says", x.Name)
		}
	}
	for _, m := range info.Imports {
		if m.Kind != rewrite.FuncKind {
			return fmt.Errorf("it imports the %s %q of %q; only functions can be imported", m.Kind, m.Name, m.Module)
		}
		f, ok := hostFuncs[m.Module][m.Name]
		if !ok {
			return fmt.Errorf("it imports %q of %q, which does not exist here", m.Name, m.Module)
		}
		if !f.fits(m.Params, m.Results) {
			return fmt.Errorf("it imports %q of %q with another type than it has here", m.Name, m.Module)
		}
	}
	switch {
	case durable && !handler && blocking:
		return runtime.ErrBlocking
	case !handler && !blocking:
		return errors.New("it exports neither _hearth_receive nor run, so nothing could be sent to it")
	}
	return nil
}

func sameTypes(a, b []rewrite.ValType) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// initialise runs what a module does before its first signal and returns its
// memory and globals. The clock stands at 0, randomness comes from the module,
// and nothing can be asked of the world, so the result is the same everywhere.
func (e *Engine) initialise(ctx context.Context, module lumps.CID, r *rewrite.Result, limits space.Limits) (mem, globals []byte, err error) {
	cm, err := e.init.CompileModule(ctx, r.Module)
	if err != nil {
		return nil, nil, bad(err)
	}
	defer cm.Close(ctx)
	i := &instance{c: &code{e: e, module: module, info: r.Info}, init: newInitialising(module)}
	m, err := newMemory(&image{}, memoryMax(&r.Info, limits.Pages))
	if err != nil {
		return nil, nil, err
	}
	i.mem = m
	if err := i.instantiate(ctx, e.init, cm); err != nil {
		m.Free()
		return nil, nil, bad(err)
	}
	defer i.mod.Close(ctx)
	calls := []string{r.Info.StartExport, "_initialize", "_start", "_hearth_metadata", "_hearth_init"}
	for _, name := range calls {
		if name == "" {
			continue
		}
		f := i.mod.ExportedFunction(name)
		if f == nil {
			continue
		}
		i.init.metadata = name == "_hearth_metadata"
		i.begin(min(limits.Fuel, maxInitFuel))
		_, err := f.Call(&blockingContext{ctx, i})
		var t *runtime.Trap
		if err != nil && errors.As(err, &t) && t.Reason == space.ReasonNormal {
			err = nil // _start ended with proc_exit(0)
		}
		if err != nil {
			text := i.trap(err).Error()
			if out := strings.TrimSpace(string(i.init.output)); out != "" {
				text += "; it wrote: " + out
			}
			return nil, nil, bad(fmt.Errorf("its initialisation failed in %s: %s", name, text))
		}
	}
	if err := i.findInbox(); err != nil {
		return nil, nil, bad(err)
	}
	return append([]byte(nil), i.Memory()...), append([]byte(nil), i.Globals()...), nil
}

func memoryMax(info *rewrite.Info, pages uint32) int {
	if !info.HasMemory {
		return 0
	}
	return int(min(info.MaxPages, pages)) * wasmPage
}

// pin stores what a Program names.
func (c *code) pin(ctx context.Context, module, mem []byte, limits space.Limits) error {
	s := c.e.store
	l, err := putBytes(ctx, s, module)
	if err != nil {
		return err
	}
	var blocks []store.Block
	put := func(cid lumps.CID, data []byte) error {
		blocks = append(blocks, store.Block{CID: cid, Data: data})
		return nil
	}
	pages, im, err := encodeImage(mem, c.globals, put)
	if err != nil {
		return err
	}
	c.pages = pages
	if err := s.Put(ctx, blocks...); err != nil {
		return err
	}
	c.program = space.Program{Module: c.module, Code: l, Image: im, Rewriter: rewrite.Version, ABI: ABI, Limits: limits, Resume: c.resume}
	return nil
}

// encodeImage stores the memory and globals after an initialisation.
func encodeImage(mem, globals []byte, put space.Put) ([]lumps.CID, lumps.CID, error) {
	pages, err := runtime.PageCIDs(mem, nil, put)
	if err != nil {
		return nil, lumps.CID{}, err
	}
	tree, err := space.BuildPages(pages, put)
	if err != nil {
		return nil, lumps.CID{}, err
	}
	c, err := space.EncodeImage(&space.Image{Memory: tree, Globals: globals}, put)
	return pages, c, err
}

// cidOf names bytes without storing them.
func cidOf(data []byte) (lumps.CID, error) {
	b, err := lumps.Build(bytes.NewReader(data), func(lumps.CID, []byte) error { return nil })
	return b.CID, err
}

// instantiate makes the wazero instance around i.mem.
func (i *instance) instantiate(ctx context.Context, wz wazero.Runtime, cm wazero.CompiledModule) error {
	ctx = experimental.WithMemoryAllocator(ctx, &allocator{mem: i.mem})
	mod, err := wz.InstantiateModule(ctx, cm, anonymous)
	if err != nil {
		return err
	}
	i.mod = mod
	i.fuel = mod.ExportedGlobal(rewrite.FuelGlobal).(api.MutableGlobal)
	if g := mod.ExportedGlobal(rewrite.DepthGlobal); g != nil {
		i.depth = g.(api.MutableGlobal)
	}
	for _, g := range i.c.info.Globals {
		if g.Export != "" {
			i.vars = append(i.vars, mod.ExportedGlobal(g.Export).(api.MutableGlobal))
		}
	}
	return nil
}

// anonymous is how every instance is made. The source of randomness is never
// read; wazero would make one of 5 KB for each instance otherwise.
var anonymous = wazero.NewModuleConfig().WithName("").WithStartFunctions().WithRandSource(rand.Reader)

// New makes an instance for p, or uses an ended one again.
func (c *code) New(ctx context.Context, p *runtime.Process, im *space.Image) (runtime.Body, error) {
	var pages []lumps.CID
	globals := c.globals
	if im != nil && (im.Memory.Pages > 0 || len(im.Globals) > 0) {
		var err error
		if pages, err = im.Memory.Load(ctx, space.Getter(c.e.store)); err != nil {
			return nil, err
		}
		globals = im.Globals
		if len(globals) != len(c.globals) || len(pages) < len(c.pages) {
			return nil, fmt.Errorf("the image of process %d does not fit its module: %w", p.PID(), space.ErrBadState)
		}
	}
	size := len(pages) * space.PageSize
	i := c.reuse(size)
	if i == nil {
		i = &instance{c: c}
		var err error
		if i.mem, err = c.memory(); err != nil {
			return nil, err
		}
		i.mem.size = max(i.mem.size, size)
		if size > len(i.mem.all) {
			i.mem.Free()
			return nil, fmt.Errorf("the image of process %d is larger than its memory: %w", p.PID(), space.ErrBadState)
		}
		if err := i.instantiate(ctx, c.e.wz, c.compiled.Value().module); err != nil {
			i.mem.Free()
			return nil, err
		}
		if !c.blocking {
			if err := i.findInbox(); err != nil {
				i.mod.Close(ctx)
				return nil, bad(err)
			}
		}
	}
	i.p = p
	i.setGlobals(globals)
	if pages != nil {
		if err := fill(ctx, c.e.store, i.Memory(), pages, c.pages); err != nil {
			i.mod.Close(ctx)
			return nil, err
		}
	}
	i.fuel.Set(runtime.FuelSlice)
	i.granted = runtime.FuelSlice
	return i, nil
}

func (i *instance) setGlobals(b []byte) {
	for n, g := range i.vars {
		g.Set(binary.LittleEndian.Uint64(b[8*n:]))
	}
}

// putBytes stores a lump.
func putBytes(ctx context.Context, s store.Store, data []byte) (lumps.CID, error) {
	l, err := store.PutLump(ctx, s, bytes.NewReader(data), store.KindCode)
	return l.CID, err
}
