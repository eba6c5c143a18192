package rewrite

// unit is a module in parts, for tests that write code by hand.
type unit struct {
	types    []funcType
	locals   []ValType // of each function
	bodies   [][]byte  // functions, without the last end; each of the type of its index
	typeOf   []uint32
	memory   bool
	globals  []byte
	nglobals uint32
	export   bool // every function as f<i>
}

func (u *unit) bytes() []byte {
	e := &emitter{out: []byte("\x00asm\x01\x00\x00\x00")}
	b := appendU32(nil, uint32(len(u.types)))
	for _, t := range u.types {
		b = append(appendU32(append(b, 0x60), uint32(len(t.params))), t.params...)
		b = append(appendU32(b, uint32(len(t.results))), t.results...)
	}
	e.put(secType, b)
	b = appendU32(nil, uint32(len(u.bodies)))
	for i := range u.bodies {
		t := uint32(0)
		if i < len(u.typeOf) {
			t = u.typeOf[i]
		}
		b = appendU32(b, t)
	}
	e.put(secFunction, b)
	e.put(secTable, []byte{1, byte(FuncRef), 0, 1})
	if u.memory {
		e.put(secMemory, []byte{1, 0, 1})
	}
	if u.nglobals > 0 {
		e.put(secGlobal, append(appendU32(nil, u.nglobals), u.globals...))
	}
	var items []byte
	n := uint32(0)
	if u.memory {
		items = append(appendName(items, "memory"), byte(MemoryKind), 0)
		n++
	}
	if u.export {
		for i := range u.bodies {
			items = appendU32(append(appendName(items, exportName(i)), byte(FuncKind)), uint32(i))
			n++
		}
	}
	e.put(secExport, append(appendU32(nil, n), items...))
	b = appendU32(nil, uint32(len(u.bodies)))
	for _, body := range u.bodies {
		code := appendU32(nil, uint32(len(u.locals)))
		for _, t := range u.locals {
			code = append(code, 1, byte(t))
		}
		code = append(append(code, body...), opEnd)
		b = append(appendU32(b, uint32(len(code))), code...)
	}
	e.put(secCode, b)
	return e.out
}
