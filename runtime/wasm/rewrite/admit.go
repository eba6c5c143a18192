package rewrite

import (
	"slices"
	"strings"
)

// admit refuses what the options do not allow; the code is looked at later.
func (m *module) admit(o *Options) error {
	refuse := func(at int, kind error, format string, args ...any) error {
		r := reader{fn: -1}
		r.failAt(at, kind, format, args...)
		return r.err
	}
	if o.MaxDepth > MaxMaxDepth {
		return refuse(0, ErrLimit, "a depth of %d units was asked for, at most %d are safe", o.MaxDepth, MaxMaxDepth)
	}
	var g uint32 // the next imported global
	for _, x := range m.imports {
		if x.module == FuelModule {
			return refuse(x.at, ErrReserved, "an import from %q", FuelModule)
		}
		if x.kind == GlobalKind {
			if m.globals[g].mutable {
				return refuse(x.at, ErrUnsupported, "the imported mutable global %q %q", x.module, x.name)
			}
			g++
		}
		if o.Durable && (x.kind == TableKind || x.kind == MemoryKind) {
			return refuse(x.at, ErrNotDurable, "an imported %s, %q %q", x.kind, x.module, x.name)
		}
	}
	for _, x := range m.exports {
		if strings.HasPrefix(x.name, reservedPrefix) {
			return refuse(x.at, ErrReserved, "the export %q", x.name)
		}
	}
	if o.Durable {
		if i := slices.IndexFunc(m.globals, func(g global) bool { return g.mutable && !g.typ.number() }); i >= 0 {
			return refuse(m.globals[i].at, ErrNotDurable, "the mutable global %d of %s, which a snapshot does not hold", i, m.globals[i].typ)
		}
	}
	if o.MaxPages > 0 && m.memory != nil && m.memory.min > o.MaxPages {
		return refuse(0, ErrLimit, "it begins with %d pages of memory where %d are allowed", m.memory.min, o.MaxPages)
	}
	return nil
}
