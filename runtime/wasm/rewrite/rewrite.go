package rewrite

// Version names the rewriting: a cached result of another version is made again.
const Version = 1

// Names of what is added to a module.
const (
	FuelModule  = "hearth::fuel"
	FuelRefill  = "refill"
	FuelGlobal  = "__hearth_fuel"
	DepthGlobal = "__hearth_depth"
	StartExport = "__hearth_start"

	reservedPrefix = "__hearth_"
)

// Options say for what a module is rewritten.
type Options struct {
	// Durable refuses what cannot be replayed or snapshotted, counts the stack and
	// makes computed NaNs canonical.
	Durable bool
	// Image leaves out active data segments and the start function, because a memory
	// image takes their place. Segment indices stay what they are: an active segment
	// is dropped after instantiation, so an empty passive one is its equal.
	Image bool
	// MaxPages bounds linear memory, in pages of 64 KiB; 0 leaves it as declared.
	MaxPages uint32
	// MaxDepth bounds the stack of a durable module in units of DepthUnit bytes;
	// 0 is DefaultDepth, and MaxMaxDepth is the most.
	MaxDepth uint32
}

// Result is a rewritten module.
type Result struct {
	Module []byte
	Info   Info
}

// Rewrite returns the module as the engine shall see it, or an *Error. The result
// shares no memory with the module, and depends on nothing but the arguments and
// Version.
func Rewrite(module []byte, o Options) (*Result, error) {
	if o.MaxDepth == 0 {
		o.MaxDepth = DefaultDepth
	}
	m, err := decode(module)
	if err == nil {
		err = m.admit(&o)
	}
	if err != nil {
		return nil, err
	}
	if o.MaxPages > 0 && m.memory != nil {
		m.memory.max, m.memory.hasMax = min(m.memory.maximum(), o.MaxPages), true
	}
	c := newCoder(m, o)
	if err := c.functions(); err != nil {
		return nil, err
	}
	e := emitter{m: m, o: o, code: c}
	out, err := e.module()
	if err != nil {
		return nil, err
	}
	info := m.info()
	if m.start >= 0 && !o.Image {
		info.StartExport = StartExport
	}
	return &Result{Module: out, Info: info}, nil
}

// Inspect tells about a module without rewriting it; the code is not looked at.
func Inspect(module []byte) (*Info, error) {
	m, err := decode(module)
	if err != nil {
		return nil, err
	}
	info := m.info()
	return &info, nil
}
