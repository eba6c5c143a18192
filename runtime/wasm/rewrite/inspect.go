package rewrite

import "fmt"

// ValType is the type of a WebAssembly value, as it is encoded.
type ValType byte

// The types of WebAssembly 2.0.
const (
	I32       ValType = 0x7f
	I64       ValType = 0x7e
	F32       ValType = 0x7d
	F64       ValType = 0x7c
	V128      ValType = 0x7b
	FuncRef   ValType = 0x70
	ExternRef ValType = 0x6f
)

func (t ValType) valid() bool     { return t >= V128 && t <= I32 || t.reference() }
func (t ValType) reference() bool { return t == FuncRef || t == ExternRef }
func (t ValType) number() bool    { return t >= F64 && t <= I32 }

func (t ValType) String() string {
	switch t {
	case I32:
		return "i32"
	case I64:
		return "i64"
	case F32:
		return "f32"
	case F64:
		return "f64"
	case V128:
		return "v128"
	case FuncRef:
		return "funcref"
	case ExternRef:
		return "externref"
	}
	return fmt.Sprintf("type %#x", byte(t))
}

// MarshalText gives the type as it is written.
func (t ValType) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// Kind is what an import or export is.
type Kind byte

// The kinds, as they are encoded.
const (
	FuncKind Kind = iota
	TableKind
	MemoryKind
	GlobalKind
)

func (k Kind) String() string {
	switch k {
	case FuncKind:
		return "func"
	case TableKind:
		return "table"
	case MemoryKind:
		return "memory"
	case GlobalKind:
		return "global"
	}
	return fmt.Sprintf("kind %d", byte(k))
}

// MarshalText gives the kind as it is written.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Info tells about a module as it came; what the rewriting adds is not in it.
type Info struct {
	// Globals are the mutable globals in the order of their index.
	Globals []Global
	// HasMemory says that there is a memory, its own or an imported one, of MinPages
	// to MaxPages pages: after the rewriting, within the limit of the options.
	HasMemory          bool
	MinPages, MaxPages uint32
	Imports            []Import
	Exports            []Export
	// HasStart says that the module has a start function, which the host calls as
	// StartExport; that is empty where an image replaces it and before the rewriting.
	HasStart    bool
	StartExport string
}

// Global is a mutable global. The host reads and writes it under the name Export;
// that is empty for a vector or a reference, which a durable module cannot have.
type Global struct {
	Index  uint32
	Type   ValType
	Export string
}

// Import is what a module wants from outside. Params and Results are of a function.
type Import struct {
	Module, Name    string
	Kind            Kind
	Params, Results []ValType
}

// Export is what a module gives. Params and Results are of a function.
type Export struct {
	Name            string
	Kind            Kind
	Params, Results []ValType
}

func (m *module) info() Info {
	in := Info{HasStart: m.start >= 0}
	if l := m.anyMemory(); l != nil {
		in.HasMemory, in.MinPages, in.MaxPages = true, l.min, l.maximum()
	}
	for i, g := range m.globals {
		if !g.mutable {
			continue
		}
		x := Global{Index: uint32(i), Type: g.typ}
		if g.typ.number() {
			x.Export = globalExport(i)
		}
		in.Globals = append(in.Globals, x)
	}
	for _, x := range m.imports {
		i := Import{Module: x.module, Name: x.name, Kind: x.kind}
		if x.kind == FuncKind {
			i.Params, i.Results = m.types[x.index].signature()
		}
		in.Imports = append(in.Imports, i)
	}
	for _, x := range m.exports {
		e := Export{Name: x.name, Kind: x.kind}
		if x.kind == FuncKind {
			e.Params, e.Results = m.types[m.funcs[x.index]].signature()
		}
		in.Exports = append(in.Exports, e)
	}
	return in
}

func globalExport(i int) string { return fmt.Sprintf("%sg%d", reservedPrefix, i) }
