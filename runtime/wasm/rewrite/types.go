package rewrite

// typeAdder gives the types that the rewriting needs, none of which has parameters,
// an index: one that the module has, or one behind them.
type typeAdder struct {
	m     *module
	added []byte
	n     uint32
	known map[string]uint32 // by results
}

func (t *typeAdder) index(results []byte) uint32 {
	if t.known == nil {
		t.known = make(map[string]uint32)
		for i, ft := range t.m.types {
			if _, ok := t.known[string(ft.results)]; !ok && len(ft.params) == 0 {
				t.known[string(ft.results)] = uint32(i)
			}
		}
	}
	i, ok := t.known[string(results)]
	if !ok {
		i = uint32(len(t.m.types)) + t.n
		t.n++
		t.added = append(t.added, 0x60, 0)
		t.added = append(appendU32(t.added, uint32(len(results))), results...)
		t.known[string(results)] = i
	}
	return i
}

var noResult = []byte{emptyBlock}

// block returns the type of a block with the results and no parameters.
func (t *typeAdder) block(results []byte) []byte {
	switch len(results) {
	case 0:
		return noResult
	case 1:
		return results
	}
	return appendS64(nil, int64(t.index(results)))
}
