package rewrite

// Sections by id.
const (
	secCustom = iota
	secType
	secImport
	secFunction
	secTable
	secMemory
	secGlobal
	secExport
	secStart
	secElement
	secCode
	secData
	secDataCount
	secTag
)

// place orders the sections within a module; the id does not.
var place = [...]int{secType: 1, secImport: 2, secFunction: 3, secTable: 4, secMemory: 5, secGlobal: 6,
	secExport: 7, secStart: 8, secElement: 9, secDataCount: 10, secCode: 11, secData: 12}

// module is a decoded module. Function and global indices are those of the input.
type module struct {
	raw      []byte
	sections []section
	types    []funcType
	imports  []importItem
	funcs    []uint32 // type of each function, imported ones first
	imported uint32   // functions that are imported
	tables   []limits
	memory   *limits // nil where it is imported or absent
	foreign  *limits // imported memory
	globals  []global
	exports  []exportItem
	start    int64 // -1: none
	elements uint32
	segments uint32 // data segments
	bodies   span   // the functions' code, behind the count
	// dataCount says that there is a section of that name, so that code can refer to
	// data segments.
	dataCount bool
	scratch   []byte

	foreignTables, foreignGlobals uint32
}

type span struct{ from, to int }

type section struct {
	id   byte
	name string // of a custom section
	span
}

// funcType is a function type; its parts are bytes of the module.
type funcType struct{ params, results []byte }

func (t funcType) signature() (params, results []ValType) {
	return valTypes(t.params), valTypes(t.results)
}

func valTypes(b []byte) []ValType {
	t := make([]ValType, len(b))
	for i, c := range b {
		t[i] = ValType(c)
	}
	return t
}

type limits struct {
	ref      ValType // of a table
	min, max uint32
	hasMax   bool
}

func (l *limits) maximum() uint32 {
	if l.hasMax {
		return l.max
	}
	return maxPages
}

type global struct {
	typ     ValType
	mutable bool
	at      int
}

type importItem struct {
	module, name string
	kind         Kind
	index        uint32 // type of a function
	at           int
}

type exportItem struct {
	name  string
	kind  Kind
	index uint32
	at    int
}

func (m *module) anyMemory() *limits {
	if m.memory != nil {
		return m.memory
	}
	return m.foreign
}

// decode reads everything but the code of the functions and the contents of the
// segments. Whether the module is valid is for the engine to say: what is checked
// here is what the rewriting builds on.
func decode(raw []byte) (*module, error) {
	m := &module{raw: raw, start: -1}
	r := &reader{b: raw, fn: -1}
	if len(raw) > maxModule {
		r.fail(ErrLimit, "%d bytes, at most %d are taken", len(raw), maxModule)
		return nil, r.err
	}
	if len(raw) < 8 || string(raw[:4]) != "\x00asm" {
		r.fail(ErrMalformed, "it does not begin as one")
		return nil, r.err
	}
	if string(raw[4:8]) != "\x01\x00\x00\x00" {
		r.fail(ErrUnsupported, "a component, or another version of the format")
		return nil, r.err
	}
	r.p = 8
	last := 0
	for r.more() {
		at := r.p
		s := section{id: r.byte()}
		size := r.u32()
		s.from = r.p
		r.take(size)
		s.to = r.p
		if r.err != nil {
			return nil, r.err
		}
		switch {
		case s.id == secTag:
			r.failAt(at, ErrUnsupported, "exceptions (a tag section)")
		case s.id > secTag:
			r.failAt(at, ErrMalformed, "a section %d", s.id)
		case s.id != secCustom && place[s.id] <= last:
			r.failAt(at, ErrMalformed, "section %d is out of order or there twice", s.id)
		}
		if r.err != nil {
			return nil, r.err
		}
		if s.id != secCustom {
			last = place[s.id]
		}
		if err := m.section(&s); err != nil {
			return nil, err
		}
		m.sections = append(m.sections, s)
	}
	local := len(m.funcs) - int(m.imported)
	if local > 0 && m.bodies == (span{}) {
		r.fail(ErrMalformed, "%d functions without code", local)
		return nil, r.err
	}
	return m, nil
}

func (m *module) section(s *section) error {
	r := &reader{b: m.raw[:s.to], p: s.from, fn: -1}
	switch s.id {
	case secCustom:
		s.name = r.name()
		r.p = s.to
	case secType:
		m.decodeTypes(r)
	case secImport:
		m.decodeImports(r)
	case secFunction:
		for range r.count("functions", maxFuncs) {
			m.funcs = append(m.funcs, r.index("type", uint32(len(m.types))))
		}
	case secTable:
		for range r.count("tables", maxTables) {
			m.decodeTable(r)
		}
	case secMemory:
		if n := r.count("memories", 1); n > 0 {
			if m.foreign != nil {
				r.fail(ErrUnsupported, "more than one memory")
			}
			l := r.limits("memory", maxPages)
			m.memory = &l
		}
	case secGlobal:
		for range r.count("globals", maxGlobals) {
			m.decodeGlobal(r)
			m.scratch = m.constant(r, m.scratch[:0])
		}
	case secExport:
		m.decodeExports(r)
	case secStart:
		m.decodeStart(r)
	case secElement:
		m.elements = r.count("element segments", maxElements)
		m.elementSegments(r, nil)
	case secDataCount:
		m.segments, m.dataCount = r.u32(), true
	case secCode:
		n := r.count("functions", maxFuncs)
		if int(n) != len(m.funcs)-int(m.imported) {
			r.fail(ErrMalformed, "the code of %d functions where %d are declared", n, len(m.funcs)-int(m.imported))
		}
		m.bodies = span{r.p, s.to}
		r.p = s.to
	case secData:
		at := r.p
		n := r.count("data segments", maxData)
		if m.dataCount && n != m.segments {
			r.failAt(at, ErrMalformed, "%d data segments where %d are declared", n, m.segments)
		}
		m.segments = n
		m.dataSegments(r)
	}
	r.end("section")
	if r.err != nil {
		return r.err
	}
	return nil
}

func (m *module) decodeTypes(r *reader) {
	n := r.count("types", maxTypes)
	m.types = make([]funcType, 0, n)
	for range n {
		if form := r.byte(); form != 0x60 {
			r.fail(ErrUnsupported, "a type of the form %#x (typed references or garbage collection)", form)
			return
		}
		t := funcType{params: r.valTypes("parameters"), results: r.valTypes("results")}
		if r.err != nil {
			return
		}
		m.types = append(m.types, t)
	}
}

func (r *reader) valTypes(what string) []byte {
	n := r.count(what, maxArity)
	at := r.p
	b := r.take(n)
	for i, c := range b {
		if !ValType(c).valid() {
			r.failAt(at+i, ErrUnsupported, "a value of %s", ValType(c))
		}
	}
	return b
}

func (r *reader) valType() ValType {
	t := ValType(r.byte())
	if r.err == nil && !t.valid() {
		r.fail(ErrUnsupported, "a value of %s", t)
	}
	return t
}

func (r *reader) limits(what string, most uint32) limits {
	var l limits
	at := r.p
	switch flags := r.byte(); flags {
	case 0:
		l.min = r.u32()
	case 1:
		l.min, l.hasMax = r.u32(), true
		l.max = r.u32()
	default:
		r.failAt(at, ErrUnsupported, "a shared or 64-bit %s", what)
	}
	if l.min > most {
		r.failAt(at, ErrLimit, "a %s of %d, at most %d are taken", what, l.min, most)
	}
	if l.hasMax && l.min > l.max {
		r.failAt(at, ErrMalformed, "a %s of at least %d and at most %d", what, l.min, l.max)
	}
	return l
}

func (m *module) decodeImports(r *reader) {
	for range r.count("imports", maxImports) {
		x := importItem{at: r.p, module: r.name(), name: r.name()}
		x.kind = Kind(r.byte())
		switch x.kind {
		case FuncKind:
			x.index = r.index("type", uint32(len(m.types)))
			m.funcs = append(m.funcs, x.index)
			m.imported++
		case TableKind:
			m.decodeTable(r)
			m.foreignTables++
		case MemoryKind:
			if m.foreign != nil {
				r.failAt(x.at, ErrUnsupported, "more than one memory")
			}
			l := r.limits("memory", maxPages)
			m.foreign = &l
		case GlobalKind:
			m.decodeGlobal(r)
			m.foreignGlobals++
		default:
			r.failAt(x.at, ErrUnsupported, "an import of %s", x.kind)
		}
		if r.err != nil {
			return
		}
		m.imports = append(m.imports, x)
	}
}

func (m *module) decodeTable(r *reader) {
	at := r.p
	t := ValType(r.byte())
	if r.err == nil && !t.reference() {
		r.failAt(at, ErrUnsupported, "a table of %s", t)
	}
	l := r.limits("table", maxTableElements)
	l.ref = t
	m.tables = append(m.tables, l)
	if len(m.tables) > maxTables {
		r.failAt(at, ErrLimit, "more than %d tables", maxTables)
	}
}

func (m *module) decodeGlobal(r *reader) {
	g := global{at: r.p, typ: r.valType()}
	switch b := r.byte(); b {
	case 0:
	case 1:
		g.mutable = true
	default:
		r.fail(ErrUnsupported, "a global of the form %d", b)
	}
	m.globals = append(m.globals, g)
	if len(m.globals) > maxGlobals {
		r.failAt(g.at, ErrLimit, "more than %d globals", maxGlobals)
	}
}

func (m *module) decodeExports(r *reader) {
	memories := uint32(0)
	if m.anyMemory() != nil {
		memories = 1
	}
	of := [...]uint32{FuncKind: uint32(len(m.funcs)), TableKind: uint32(len(m.tables)), MemoryKind: memories, GlobalKind: uint32(len(m.globals))}
	for range r.count("exports", maxExports) {
		x := exportItem{at: r.p, name: r.name(), kind: Kind(r.byte())}
		if r.err == nil && x.kind > GlobalKind {
			r.failAt(x.at, ErrUnsupported, "an export of %s", x.kind)
		}
		if r.err != nil {
			return
		}
		x.index = r.index(x.kind.String(), of[x.kind])
		m.exports = append(m.exports, x)
	}
}

func (m *module) decodeStart(r *reader) {
	at := r.p
	f := r.index("function", uint32(len(m.funcs)))
	if r.err != nil {
		return
	}
	// As an ordinary export the engine no longer checks it.
	if t := m.types[m.funcs[f]]; len(t.params)+len(t.results) > 0 {
		r.failAt(at, ErrMalformed, "a start function with parameters or results")
	}
	m.start = int64(f)
}
