package wasm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/wasm/rewrite"
	"hearth/store"
	"hearth/store/asset"
)

// globalPrefix is how the rewriting names the globals that it exports.
const globalPrefix = "__hearth_g"

// ABI is the version of what guests import. It is pinned for every durable
// process.
const ABI = 1

// MaxModule is the largest module that is taken, in bytes.
const MaxModule = 64 << 20

// Options configure an engine.
type Options struct {
	// CacheDir keeps compiled machine code between starts; "" keeps none.
	CacheDir string
}

// Engine makes code of modules. It implements runtime.Engine.
type Engine struct {
	store  store.Store
	wz     wazero.Runtime // runs processes
	init   wazero.Runtime // runs initialisations
	cache  wazero.CompilationCache
	assets *asset.Cache // compiled modules
	fresh  sync.Map     // CID -> a rewritten module on its way to be compiled

	mu       sync.Mutex
	modules  map[moduleKey]*loading
	programs map[space.Program]*loading
	all      []*code
}

// moduleKey is what the code of a module depends on.
type moduleKey struct {
	module  lumps.CID
	pages   uint32
	depth   uint32
	durable bool
}

// loading is code that is there or on its way: askers share one compilation.
type loading struct {
	done chan struct{}
	code *code
	err  error
}

// New returns an engine for a runtime; it fits runtime.Options.Engine when bound
// to its options.
func New(rt *runtime.Runtime, o Options) (*Engine, error) {
	ctx := context.Background()
	cfg := wazero.NewRuntimeConfig().WithCoreFeatures(api.CoreFeaturesV2).WithDebugInfoEnabled(true)
	e := &Engine{store: rt.Store(), modules: map[moduleKey]*loading{}, programs: map[space.Program]*loading{}}
	e.assets = asset.New(source{e, asset.FromBlocks(e.store)}, asset.Options{})
	e.registerCompiled()
	if o.CacheDir != "" {
		c, err := wazero.NewCompilationCacheWithDir(o.CacheDir)
		if err != nil {
			return nil, fmt.Errorf("the folder for compiled modules cannot be used: %w", err)
		}
		e.cache = c
		cfg = cfg.WithCompilationCache(c)
	}
	e.wz = wazero.NewRuntimeWithConfig(ctx, cfg)
	// An initialisation runs once and is short: interpreting it takes a tenth of the
	// time that compiling the module for it would, and gives the same image.
	e.init = wazero.NewRuntimeWithConfig(ctx, initConfig())
	if err := errors.Join(host(ctx, e.wz), host(ctx, e.init)); err != nil {
		e.wz.Close(ctx)
		e.init.Close(ctx)
		return nil, err
	}
	return e, nil
}

func initConfig() wazero.RuntimeConfig {
	return wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(api.CoreFeaturesV2)
}

// Bind returns New as a constructor for runtime.Options.
func Bind(o Options) func(*runtime.Runtime) (runtime.Engine, error) {
	return func(rt *runtime.Runtime) (runtime.Engine, error) { return New(rt, o) }
}

// Close gives everything back. No instance may run any more.
func (e *Engine) Close() error {
	ctx := context.Background()
	for _, c := range e.all {
		c.close()
	}
	e.assets.Close()
	err := errors.Join(e.wz.Close(ctx), e.init.Close(ctx))
	if e.cache != nil {
		err = errors.Join(err, e.cache.Close(ctx))
	}
	return err
}

// once makes or finds code. A failure is not remembered.
func once[K comparable](e *Engine, codes map[K]*loading, key K, load func() (*code, error)) (*code, error) {
	e.mu.Lock()
	l := codes[key]
	if l != nil {
		e.mu.Unlock()
		<-l.done
		return l.code, l.err
	}
	l = &loading{done: make(chan struct{})}
	codes[key] = l
	e.mu.Unlock()
	l.code, l.err = load()
	e.mu.Lock()
	if l.err != nil {
		delete(codes, key)
	} else {
		e.all = append(e.all, l.code)
	}
	e.mu.Unlock()
	close(l.done)
	return l.code, l.err
}

// Prepare compiles a module.
func (e *Engine) Prepare(ctx context.Context, module lumps.CID, limits space.Limits, durable bool) (runtime.Code, error) {
	key := moduleKey{module, limits.Pages, limits.Depth, durable}
	// Others may wait for the same: that who came first has left is not their failure.
	ctx = context.WithoutCancel(ctx)
	c, err := once(e, e.modules, key, func() (*code, error) { return e.prepare(ctx, module, limits, durable) })
	if err != nil {
		return nil, err
	}
	if durable {
		return c.withLimits(limits), nil
	}
	return c, nil
}

func (e *Engine) prepare(ctx context.Context, module lumps.CID, limits space.Limits, durable bool) (*code, error) {
	bin, err := e.read(ctx, module)
	if err != nil {
		return nil, err
	}
	opt := rewrite.Options{Durable: durable, MaxPages: limits.Pages, MaxDepth: limits.Depth}
	info, err := rewrite.Inspect(bin)
	if err == nil {
		err = e.admit(info, durable)
	}
	if err != nil {
		return nil, bad(err)
	}
	first, err := rewrite.Rewrite(bin, opt)
	if err != nil {
		return nil, bad(err)
	}
	opt.Image = true
	rest, err := rewrite.Rewrite(bin, opt)
	if err != nil {
		return nil, bad(err)
	}
	mem, globals, err := e.initialise(ctx, module, first, limits)
	if err != nil {
		return nil, err
	}
	c := &code{e: e, module: module, info: rest.Info, globals: globals, maxPages: limits.Pages}
	if c.image, err = newImage(mem); err != nil {
		return nil, err
	}
	c.classify()
	if durable {
		if err := c.pin(ctx, rest.Module, mem, limits); err != nil {
			return nil, err
		}
	}
	cid, err := cidOf(rest.Module)
	if err != nil {
		return nil, err
	}
	return c, c.compile(ctx, cid, rest.Module)
}

// Open makes the code that a Program pins ready again: no rewriter and no
// initialisation, so that a newer version of either changes nothing.
func (e *Engine) Open(ctx context.Context, prog space.Program) (runtime.Code, error) {
	ctx = context.WithoutCancel(ctx) // as in Prepare
	c, err := once(e, e.programs, prog, func() (*code, error) { return e.open(ctx, prog) })
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (e *Engine) open(ctx context.Context, prog space.Program) (*code, error) {
	if prog.ABI > ABI {
		return nil, fmt.Errorf("a process uses version %d of the guest interface and this program has %d; use a newer Hearth", prog.ABI, ABI)
	}
	bin, err := e.read(ctx, prog.Code)
	if err != nil {
		return nil, err
	}
	info, err := rewritten(bin)
	if err != nil {
		return nil, bad(err)
	}
	get := space.Getter(e.store)
	im, err := space.LoadImage(ctx, get, prog.Image)
	if err != nil {
		return nil, err
	}
	c := &code{e: e, module: prog.Module, info: *info, globals: im.Globals, maxPages: prog.Limits.Pages, program: prog}
	if c.pages, err = im.Memory.Load(ctx, get); err != nil {
		return nil, err
	}
	mem := make([]byte, len(c.pages)*space.PageSize)
	if err := fill(ctx, e.store, mem, c.pages, nil); err != nil {
		return nil, err
	}
	if c.image, err = newImage(mem); err != nil {
		return nil, err
	}
	c.classify()
	return c, c.compile(ctx, prog.Code, nil)
}

// rewritten reads the facts of a module that was rewritten: its own mutable
// globals are those that carry the host's export names.
func rewritten(bin []byte) (*rewrite.Info, error) {
	info, err := rewrite.Inspect(bin)
	if err != nil {
		return nil, err
	}
	info.Globals = nil
	for _, x := range info.Exports {
		if n, ok := strings.CutPrefix(x.Name, globalPrefix); ok && x.Kind == rewrite.GlobalKind {
			index, err := strconv.ParseUint(n, 10, 32)
			if err != nil {
				return nil, fmt.Errorf("the global %s: %w", x.Name, err)
			}
			info.Globals = append(info.Globals, rewrite.Global{Index: uint32(index), Export: x.Name})
		}
	}
	slices.SortFunc(info.Globals, func(a, b rewrite.Global) int { return cmp.Compare(a.Index, b.Index) })
	return info, nil
}

func (e *Engine) read(ctx context.Context, c lumps.CID) ([]byte, error) {
	r, err := store.OpenLump(ctx, e.store, c)
	if err != nil {
		return nil, err
	}
	if r.Size() > MaxModule {
		return nil, bad(fmt.Errorf("it has %d bytes and the limit is %d", r.Size(), MaxModule))
	}
	return io.ReadAll(r)
}

// bad marks an error as the module's fault.
func bad(err error) error { return fmt.Errorf("%w: %w", runtime.ErrBadModule, err) }

// fill writes the pages of a memory that are not those of have.
func fill(ctx context.Context, b store.Blocks, mem []byte, pages, have []lumps.CID) error {
	for i, c := range pages {
		if i < len(have) && have[i] == c {
			continue
		}
		at := mem[i*space.PageSize : (i+1)*space.PageSize]
		if c.IsZero() {
			if i < len(have) {
				clear(at)
			}
			continue
		}
		data, err := b.Get(ctx, c)
		if err != nil {
			return err
		}
		if len(data) != space.PageSize {
			return fmt.Errorf("page %s has %d bytes: %w", c, len(data), space.ErrBadState)
		}
		copy(at, data)
	}
	return nil
}
