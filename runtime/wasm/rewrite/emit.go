package rewrite

import "strings"

// emitter writes the module: the sections in their order, those that the rewriting
// needs and the module lacks in their places.
type emitter struct {
	m    *module
	o    Options
	code *coder
	out  []byte
	buf  []byte
}

func (e *emitter) module() ([]byte, error) {
	m := e.m
	e.out = make([]byte, 0, len(m.raw)+len(e.code.out)-(m.bodies.to-m.bodies.from)+1024)
	e.out = append(e.out, m.raw[:8]...)
	done := 0
	for i := range m.sections {
		s := &m.sections[i]
		if s.id == secCustom {
			e.custom(s)
			continue
		}
		e.missing(done, place[s.id])
		done = place[s.id]
		e.section(s)
	}
	e.missing(done, len(place)+1)
	if len(e.out) > maxOutput {
		return nil, &Error{Kind: ErrLimit, What: "it would grow too much", Func: -1}
	}
	return e.out, nil
}

// missing writes the added sections that belong between two places.
func (e *emitter) missing(after, before int) {
	for _, id := range []byte{secType, secImport, secGlobal, secExport} {
		if p := place[id]; p > after && p < before {
			e.section(&section{id: id})
		}
	}
}

func (e *emitter) put(id byte, body []byte) {
	e.out = appendU32(append(e.out, id), uint32(len(body)))
	e.out = append(e.out, body...)
}

// rest returns a reader behind the count of a section, and the count; both are empty
// for one that is added.
func (e *emitter) rest(s *section) (*reader, uint32) {
	r := &reader{b: e.m.raw[:s.to], p: s.from, fn: -1}
	if s.from == s.to {
		return r, 0
	}
	return r, r.u32()
}

func (e *emitter) section(s *section) {
	m, b := e.m, e.buf[:0]
	r, n := e.rest(s)
	switch s.id {
	case secType:
		b = appendU32(b, n+e.code.types.n)
		b = append(b, m.raw[r.p:s.to]...)
		b = append(b, e.code.types.added...)
	case secImport:
		b = appendU32(b, n+1)
		b = append(b, m.raw[r.p:s.to]...)
		b = appendName(appendName(b, FuelModule), FuelRefill)
		b = appendU32(append(b, byte(FuncKind)), e.code.types.index(nil))
	case secTable:
		b = e.tables(b, n)
	case secMemory:
		b = appendU32(b, n)
		if n > 0 {
			b = appendLimits(b, m.memory)
		}
	case secGlobal:
		b = e.globals(b, r, n)
	case secExport:
		b = e.exports(b)
	case secStart:
		return
	case secElement:
		b = m.elementSegments(r, appendU32(b, n))
	case secDataCount:
		b = append(b, m.raw[s.from:s.to]...)
	case secCode:
		b = append(appendU32(b, n), e.code.out...)
	case secData:
		if !e.o.Image {
			b = append(b, m.raw[s.from:s.to]...)
			break
		}
		if !m.dataCount {
			return // nothing can name a segment
		}
		b = m.imageSegments(r, appendU32(b, n))
	default:
		b = append(b, m.raw[s.from:s.to]...)
	}
	e.buf = b
	e.put(s.id, b)
}

func appendLimits(b []byte, l *limits) []byte {
	if !l.hasMax {
		return appendU32(append(b, 0), l.min)
	}
	return appendU32(appendU32(append(b, 1), l.min), l.max)
}

// tables writes the module's own tables, which grow no further than the limit.
func (e *emitter) tables(b []byte, n uint32) []byte {
	b = appendU32(b, n)
	for _, t := range e.m.tables[e.m.foreignTables:] {
		if !t.hasMax || t.max > maxTableElements {
			t.max, t.hasMax = maxTableElements, true
		}
		b = appendLimits(append(b, byte(t.ref)), &t)
	}
	return b
}

func (e *emitter) globals(b []byte, r *reader, n uint32) []byte {
	added := uint32(1)
	if e.o.Durable {
		added++
	}
	b = appendU32(b, n+added)
	for _, g := range e.m.globals[e.m.foreignGlobals:] {
		r.take(2)
		mutable := byte(0)
		if g.mutable {
			mutable = 1
		}
		b = e.m.constant(r, append(b, byte(g.typ), mutable))
	}
	b = append(b, byte(I64), 1, opI64Const, 0, opEnd)
	if e.o.Durable {
		b = append(b, byte(I32), 1, opI32Const, 0, opEnd)
	}
	return b
}

func (e *emitter) exports(b []byte) []byte {
	m := e.m
	var n uint32
	var items []byte
	add := func(name string, k Kind, i uint32) {
		n++
		items = appendU32(append(appendName(items, name), byte(k)), i)
	}
	for _, x := range m.exports {
		i := x.index
		if x.kind == FuncKind {
			i = m.shift(i)
		}
		add(x.name, x.kind, i)
	}
	for i, g := range m.globals {
		if g.mutable && g.typ.number() {
			add(globalExport(i), GlobalKind, uint32(i))
		}
	}
	add(FuelGlobal, GlobalKind, e.code.fuel)
	if e.o.Durable {
		add(DepthGlobal, GlobalKind, e.code.depth)
	}
	if m.start >= 0 && !e.o.Image {
		add(StartExport, FuncKind, m.shift(uint32(m.start)))
	}
	return append(appendU32(b, n), items...)
}

// custom keeps a custom section, unless the rewriting makes it wrong: debugging
// information and branch hints point into the old code.
func (e *emitter) custom(s *section) {
	switch {
	case s.name == "name":
		r := &reader{b: e.m.raw[:s.to], p: s.from, fn: -1}
		r.name()
		if b := e.names(r); b != nil {
			e.put(secCustom, b)
		}
	case strings.HasPrefix(s.name, ".debug_"), strings.HasPrefix(s.name, "reloc."), s.name == "linking",
		strings.HasPrefix(s.name, "metadata.code."), s.name == "sourceMappingURL", s.name == "external_debug_info":
	default:
		e.put(secCustom, e.m.raw[s.from:s.to])
	}
}

// names keeps the names of the module and of its functions for traces. It gives nil
// if they cannot be read: names are no reason to refuse a module.
func (e *emitter) names(r *reader) []byte {
	b := appendName(nil, "name")
	for r.more() {
		id := r.byte()
		sub := &reader{b: r.b, p: r.p, fn: -1}
		size := r.u32()
		sub.p = r.p
		part := r.take(size)
		if r.err != nil {
			return nil
		}
		sub.b = r.b[:r.p]
		switch id {
		case 0:
		case 1:
			part = e.functionNames(sub)
			if part == nil {
				return nil
			}
		default:
			continue
		}
		b = append(appendU32(append(b, id), uint32(len(part))), part...)
	}
	return b
}

func (e *emitter) functionNames(r *reader) []byte {
	n := r.count("names", maxFuncs)
	b := appendU32(make([]byte, 0, len(r.b)-r.p+64), n)
	for range n {
		i := r.index("function", uint32(len(e.m.funcs)))
		name := r.name()
		if r.err != nil {
			return nil
		}
		b = appendName(appendU32(b, e.m.shift(i)), name)
	}
	if r.more() {
		return nil
	}
	return b
}
