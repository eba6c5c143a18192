package glyph

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"runtime"
	"slices"
	"testing"

	"hearth/fixtures/fonts"
)

// with is a font with some tables of its own.
func with(data []byte, set map[string][]byte) []byte {
	tables := map[string][]byte{}
	for i := range int(binary.BigEndian.Uint16(data[4:])) {
		e := data[12+16*i:]
		at, size := binary.BigEndian.Uint32(e[8:]), binary.BigEndian.Uint32(e[12:])
		tables[string(e[:4])] = data[at : at+size]
	}
	maps.Copy(tables, set)
	out := words(slices.Clone(data[:4]), len(tables), 0, 0, 0)
	at := uint32(12 + 16*len(tables))
	tags := slices.Sorted(maps.Keys(tables))
	for _, tag := range tags {
		out = binary.BigEndian.AppendUint32(append(out, tag...), 0)
		out = binary.BigEndian.AppendUint32(out, at)
		out = binary.BigEndian.AppendUint32(out, uint32(len(tables[tag])))
		at += uint32(len(tables[tag]))
	}
	for _, tag := range tags {
		out = append(out, tables[tag]...)
	}
	return out
}

// words appends numbers of two bytes.
func words(b []byte, v ...int) []byte {
	for _, x := range v {
		b = binary.BigEndian.AppendUint16(b, uint16(x))
	}
	return b
}

// long is a number of four bytes as two of two.
func long(v int) []int { return []int{v >> 16, v & 0xFFFF} }

// shared is a count and as many offsets to the same place: right behind them.
func shared(b []byte, n, before int) []byte {
	b = words(b, n)
	for range n {
		b = words(b, before+2+2*n)
	}
	return b
}

// rules is GSUB or GPOS with n lookups that are all one, with n subtables that are all
// one, of a kind.
func rules(kind, n int, subtable []byte) []byte {
	b := shared(words(nil, 1, 0, 10, 12, 14, 0, 0), n, 0)
	return append(shared(words(b, kind, 0), n, 4), subtable...)
}

// of repeats a number.
func of(n, v int) []int { return slices.Repeat([]int{v}, n) }

// Tables of a few thousand bytes, whose offsets lead again and again to the same place,
// are gigabytes when they are read: they are refused before, each kind of them.
func TestBombs(t *testing.T) {
	const n = 400
	head := slices.Clone(regular())
	at, _ := find(t, head, "maxp")
	copy(head[at+4:], []byte{0xFF, 0xFF})
	// A glyph of 65,000 points that are one, in 522 bytes.
	point := append(words(nil, 1, 0, 0, 0, 0, 65000, 0), bytes.Repeat([]byte{0x39, 255}, 254)...)
	many := func(record []int, behind []byte) []byte {
		b := words(nil, 0, n)
		for range n {
			b = words(b, record...)
		}
		return append(b, behind...)
	}
	segments := words(nil, 4, 0, 0, 2*n)
	segments = words(words(words(words(words(words(segments, 0, 0, 0), of(n, 0xFFFE)...), 0), of(n, 0)...), of(n, 0)...), of(n, 2)...)
	var loca []byte
	for i := range 1 << 16 {
		loca = words(loca, long(min(i, 2000)*len(point))...)
	}
	var composite []byte // 40 pictures, each the next one over itself: 2^40
	for range 40 {
		composite = append(composite, 32, 0, 0, 8, 3, 0, 0, 8)
	}
	for name, c := range map[string]struct {
		font []byte
		set  map[string][]byte
		fine bool // it is read, but for the table
	}{
		"glyphs for glyphs":  {nil, map[string][]byte{"GSUB": rules(1, n, words(words(nil, 2, 6+2*n, n), append(of(n, 1), append([]int{1, n}, of(n, 1)...)...)...))}, false},
		"ligatures":          {nil, map[string][]byte{"GSUB": rules(4, n, shared(shared(words(nil, 1, 0), n, 4), n, 0))}, false},
		"rules of sequences": {nil, map[string][]byte{"GSUB": rules(5, 60, append(shared(shared(words(nil, 1, 0), n, 4), n, 0), words(nil, append([]int{n, 0}, of(n, 1)...)...)...))}, false},
		"rules of chains":    {nil, map[string][]byte{"GSUB": rules(6, 60, append(shared(shared(words(nil, 1, 0), n, 4), n, 0), words(nil, append([]int{n}, of(n+3, 0)...)...)...))}, false},
		"extensions":         {nil, map[string][]byte{"GSUB": rules(7, n, append(words(nil, 1, 2, 0, 8), shared(words(nil, 1, 0), n, 4)...))}, false},
		"places of glyphs":   {nil, map[string][]byte{"GPOS": rules(1, n, words(words(nil, 2, 0, 4, n), of(n, 1)...))}, false},
		"pairs":              {nil, map[string][]byte{"GPOS": rules(2, n, shared(words(nil, 1, 0, 0, 0), n, 8))}, false},
		"cursive letters":    {nil, map[string][]byte{"GPOS": rules(3, n, words(words(nil, 1, 0, n), of(2*n, 6+4*n)...))}, false},
		"marks":              {nil, map[string][]byte{"GPOS": rules(4, n, words(words(nil, 1, 0, 0, 1, 12, 0, n), of(2*n, 2)...))}, false},
		"carets": {nil, map[string][]byte{"GDEF": append(shared(append(words(nil, 1, 0, 0, 0, 12, 0), 0, 0), 8000, 2),
			shared(nil, 8000, 0)...)}, false},
		"encodings": {nil, map[string][]byte{"cmap": many(append([]int{3, 10}, long(4+8*n)...), append(words(nil, 12, 0, 0, 0, 0, 0, 0, 50000), make([]byte, 12*50000)...))}, false},
		"segments":  {nil, map[string][]byte{"cmap": append(words(nil, 0, 1, 3, 1, 0, 12), append(segments, make([]byte, 140000)...)...)}, false},
		"outlines":  {head, map[string][]byte{"glyf": bytes.Repeat(point, 2000), "loca": loca, "head": longLoca(t)}, false},
		"bitmaps":   {nil, map[string][]byte{"CBLC": bitmapBomb(200), "CBDT": words(nil, 3, 0)}, false},
		"strikes":   {head, map[string][]byte{"sbix": append(words(nil, 1, 0, 0, 100), make([]byte, 1<<19)...)}, false},
		"paint":     {nil, map[string][]byte{"COLR": append(words(nil, 1, 0, 0, 0, 0, 0, 0, 0, 34, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 10), composite...), "CPAL": words(nil, 0, 1, 1, 1, 0, 14, 0, 0, 0)}, true},
		"what nobody needs": {nil, map[string][]byte{"kern": words(nil, of(30000, 1)...), "morx": words(nil, of(30000, 1)...), "gvar": words(nil, of(30000, 1)...),
			"EBLC": bitmapBomb(1), "EBDT": words(nil, 2, 0)}, true},
		"a table twice": {duplicate(), nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			if c.font == nil {
				c.font = regular()
			}
			data := with(c.font, c.set)
			if c.set == nil {
				data = c.font
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			faces, err := Parse(data)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
				t.Errorf("%d bytes took %d MiB to read", len(data), used>>20)
			}
			var font *FontError
			if c.fine != (err == nil) || err != nil && (!errors.As(err, &font) || c.set != nil && !errors.Is(err, ErrCostly)) {
				t.Fatalf("%d bytes: %v", len(data), err)
			}
			if c.fine {
				if p := NewFamily(FamilyOptions{Regular: faces[0], NoSystem: true}).Picture("g", 0, 1); p.Blank() {
					t.Error("g is not seen")
				}
				if faces[0].Colored() != (c.set["COLR"] != nil) {
					t.Errorf("it is of colour: %v", faces[0].Colored())
				}
			}
		})
	}
}

// longLoca is the head of a font whose loca has offsets of four bytes.
func longLoca(t *testing.T) []byte {
	data := regular()
	at, size := find(t, data, "head")
	head := data[at : at+size]
	head[51] = 1
	return head
}

// duplicate is a font that names a table twice, once with a name that is not read.
func duplicate() []byte {
	data := regular()
	copy(data[12:16], data[28:32])
	return data
}

// bitmapBomb is sizes of bitmaps that all have the same tables, which are all one.
func bitmapBomb(n int) []byte {
	b := words(nil, 3, 0, 0, n)
	for range n {
		b = words(b, long(8+48*n)...)
		b = words(b, 0, 0, 0, n)
		b = append(b, make([]byte, 36)...)
	}
	for range n {
		b = words(b, 1, 5000, 0, 8*n)
	}
	return append(words(b, 1, 17, 0, 0), make([]byte, 4*5002)...)
}

// Honest fonts weigh less than a quarter of what they may.
func TestWeights(t *testing.T) {
	r, bold, italic, both := fonts.Mononoki()
	book, heavy := fonts.DejaVuSansMono()
	emoji, err := os.ReadFile(noto)
	if err != nil {
		t.Fatalf("%v; install it with: apt-get install fonts-noto-color-emoji", err)
	}
	for i, data := range [][]byte{r, bold, italic, both, book, heavy, emoji} {
		tables, err := readTables(data)
		if err != nil {
			t.Fatal(err)
		}
		most := maxWeight + weightPerByte*len(data)
		s := &scale{left: most}
		if s.weigh(data, tables[0]); s.left < most*3/4 {
			t.Errorf("font %d weighs %d of %d", i, most-s.left, most)
		}
	}
}
