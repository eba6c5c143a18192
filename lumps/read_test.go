package lumps

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/ipld/go-car/v2"
	"github.com/ipld/go-ipld-prime/codec/dagcbor"
	"github.com/ipld/go-ipld-prime/datamodel"
	cidlink "github.com/ipld/go-ipld-prime/linking/cid"
	"github.com/ipld/go-ipld-prime/node/basicnode"
	"github.com/ipld/go-ipld-prime/traversal"

	"hearth/fixtures/cids"
)

// archive reads a CAR with the judge's reader.
func archive(t testing.TB, b []byte) map[CID][]byte {
	r, err := car.NewBlockReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	m := map[CID][]byte{}
	for {
		blk, err := r.Next()
		if err == io.EOF {
			return m
		}
		if err != nil {
			t.Fatal(err)
		}
		c, err := FromBytes(blk.Cid().Bytes())
		if err != nil {
			t.Fatal(err)
		}
		m[c] = blk.RawData()
	}
}

// content reads a file by recursion, the plainest way there is.
func content(t testing.TB, m map[CID][]byte, c CID, want int64) []byte {
	f, err := ParseFile(c, m[c])
	if err != nil {
		t.Fatal(err)
	}
	if want >= 0 && f.Size != want {
		t.Fatalf("%s holds %d bytes, its parent says %d", c, f.Size, want)
	}
	b := bytes.Clone(f.Data)
	for _, k := range f.Children {
		b = append(b, content(t, m, k.CID, k.Size)...)
	}
	return b
}

// Files of every layout that Kubo writes read as what went in.
func TestParseFileOfOthers(t *testing.T) {
	for _, f := range cids.Foreigns() {
		t.Run(f.Name, func(t *testing.T) {
			root, err := Parse(f.Root)
			if err != nil {
				t.Fatal(err)
			}
			m := archive(t, f.CAR())
			if _, ok := m[root]; !ok && root.Codec() != DagPB {
				t.Fatalf("no root %s in the archive", root)
			}
			// Every link leads to a block of the archive, and every block is linked to.
			linked := map[CID]bool{root: true}
			for c, b := range m {
				if !Verify(c, b) {
					t.Errorf("%s does not verify", c)
				}
				links, err := Links(c, b)
				if err != nil {
					t.Error(err)
				}
				for _, l := range links {
					linked[l] = true
					if _, ok := m[l]; !ok {
						t.Errorf("%s links to %s, which is not in the archive", c, l)
					}
				}
			}
			if len(linked) != len(m) {
				t.Errorf("%d blocks, %d linked to", len(m), len(linked))
			}
			if f.Kind == "none" {
				if _, err := ParseFile(root, m[root]); !errors.Is(err, ErrNotFile) {
					t.Errorf("ParseFile: %v", err)
				}
				return
			}
			want, _ := io.ReadAll(f.Reader())
			if got := content(t, m, root, f.Size); !bytes.Equal(got, want) {
				t.Errorf("%d bytes differ from the %d that went in", len(got), len(want))
			}
		})
	}
}

func TestBuiltFileReadsBack(t *testing.T) {
	m := map[CID][]byte{}
	b, err := build(cids.Bytes("random-6", 6000000), 2, func(c CID, b []byte) error {
		m[c] = bytes.Clone(b)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want, _ := io.ReadAll(cids.Bytes("random-6", 6000000))
	if got := content(t, m, b.CID, b.Size); !bytes.Equal(got, want) {
		t.Error("the content came back changed")
	}
}

// pb makes blocks for the tables below.
func pb(fields ...[]byte) []byte { return slices.Concat(fields...) }
func pbBytes(num byte, b ...byte) []byte {
	return append(binary.AppendUvarint([]byte{num<<3 | 2}, uint64(len(b))), b...)
}
func pbInt(num byte, v uint64) []byte { return binary.AppendUvarint([]byte{num << 3}, v) }

func TestMalformedFiles(t *testing.T) {
	leaf := Sum(Raw, []byte("leaf"))
	link := pbBytes(2, pb(pbBytes(1, leaf[:]...), pbBytes(2), pbInt(3, 4))...)
	data := func(fields ...[]byte) []byte { return pbBytes(1, pb(fields...)...) }
	good := pb(link, data(pbInt(1, 2), pbInt(3, 4), pbInt(4, 4)))
	if f, err := ParseFile(CID{1, DagPB}, good); err != nil || f.Size != 4 || len(f.Children) != 1 || f.Children[0] != (Child{leaf, 4}) {
		t.Fatalf("the good one: %+v, %v", f, err)
	}
	if f, err := ParseFile(CID{1, DagPB}, pb(data(pbInt(1, 2), pbInt(3, 4), pbInt(4, 4)), link)); err != nil || f.Size != 4 {
		t.Fatalf("data before links: %+v, %v", f, err)
	}
	if f, err := ParseFile(CID{1, DagPB}, pb(link, link, data(pbInt(1, 2), pbBytes(4, 4, 3)))); err != nil || f.Size != 7 {
		t.Fatalf("packed sizes: %+v, %v", f, err)
	}
	for name, c := range map[string]struct {
		block []byte
		want  string
	}{
		"cut in a link":        {good[:20], "beyond the end"},
		"cut in a varint":      {[]byte{0x12, 0x80}, "varint is cut off"},
		"long varint":          {[]byte{0x12, 0x80, 0x00}, "more bytes than it needs"},
		"huge varint":          {bytes.Repeat([]byte{0xff}, 11), "too large"},
		"unknown field":        {pb(good, pbBytes(3)), "unknown"},
		"wrong wire type":      {[]byte{0x0d, 1, 2, 3, 4}, "does not use"},
		"data twice":           {pb(good, data(pbInt(1, 2))), "doubled"},
		"links around data":    {pb(good, link), "out of order"},
		"link without CID":     {pb(pbBytes(2, pbBytes(2)...), data(pbInt(1, 2))), "without a CID"},
		"link disordered":      {pb(pbBytes(2, pb(pbInt(3, 4), pbBytes(1, leaf[:]...))...)), "out of order"},
		"link twice":           {pb(pbBytes(2, pb(pbBytes(1, leaf[:]...), pbBytes(1, leaf[:]...))...)), "doubled"},
		"link with more":       {pb(pbBytes(2, pb(pbBytes(1, leaf[:]...), pbInt(4, 1))...)), "unknown"},
		"bad CID":              {pb(pbBytes(2, pbBytes(1, 1, 2, 3)...)), "not a CID"},
		"name not UTF-8":       {pb(pbBytes(2, pb(pbBytes(1, leaf[:]...), pbBytes(2, 0xff))...)), "UTF-8"},
		"no type":              {pb(link, data(pbInt(3, 4), pbInt(4, 4))), "no UnixFS type"},
		"type twice":           {pb(data(pbInt(1, 2), pbInt(1, 2))), "doubled"},
		"more sizes":           {pb(link, data(pbInt(1, 2), pbInt(4, 4), pbInt(4, 4))), "more sizes"},
		"fewer sizes":          {pb(link, data(pbInt(1, 2))), "fewer sizes"},
		"size 0":               {pb(link, data(pbInt(1, 2), pbInt(4, 0))), "without bytes"},
		"sum differs":          {pb(link, data(pbInt(1, 2), pbInt(3, 5), pbInt(4, 4))), "given as 5"},
		"inline differs":       {pb(data(pbInt(1, 2), pbBytes(2, 'x'), pbInt(3, 2))), "given as 2"},
		"size over the limit":  {pb(link, data(pbInt(1, 2), pbInt(4, MaxFile+1))), "no file has"},
		"sum over the limit":   {pb(link, link, data(pbInt(1, 2), pbInt(4, MaxFile), pbInt(4, MaxFile))), "no file has"},
		"directory's fan-out":  {pb(data(pbInt(1, 2), pbInt(6, 256))), "does not have"},
		"field beyond":         {pb(data(pbInt(1, 2), pbInt(9, 1))), "unknown"},
		"longer than a block":  {make([]byte, MaxBlock+1), "longer"},
		"data cut in the type": {pb(pbBytes(1, 0x08)), "varint"},
	} {
		var fe *FormatError
		_, err := ParseFile(CID{1, DagPB, BLAKE3, 32}, c.block)
		if !errors.As(err, &fe) || !strings.Contains(fe.Error(), c.want) || fe.Offset > len(c.block) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	for name, block := range map[string][]byte{
		"nothing": {}, "directory": pb(data(pbInt(1, 1))), "links only": link, "symlink": data(pbInt(1, 4), pbBytes(2, 'x')),
	} {
		if _, err := ParseFile(CID{1, DagPB, BLAKE3, 32}, block); !errors.Is(err, ErrNotFile) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseFile(CID{1, DagCBOR, BLAKE3, 32}, []byte{0xf6}); !errors.Is(err, ErrNotFile) {
		t.Errorf("dag-cbor: %v", err)
	}
}

func TestLinksOfCBOR(t *testing.T) {
	a, b := Sum(Raw, []byte("a")), Sum(DagCBOR, []byte("b"))
	block, err := Marshal(map[string]any{"x": []any{a, 1, "text", b}, "long key": map[string]any{"deep": a}, "n": nil, "f": 1.5, "t": true})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Links(Sum(DagCBOR, block), block)
	if err != nil || !slices.Equal(got, []CID{a, b, a}) {
		t.Errorf("%v, %v", got, err)
	}
	link := append([]byte{0xd8, 0x2a, 0x58, 37, 0}, a[:]...)
	for name, c := range map[string]struct {
		block []byte
		want  string
	}{
		"nothing":            {nil, "ends early"},
		"two items":          {[]byte{0xf6, 0xf6}, "bytes follow"},
		"indefinite list":    {[]byte{0x9f, 0xff}, "indefinite"},
		"reserved length":    {[]byte{0x1c}, "reserved"},
		"short list":         {[]byte{0x82, 0x01}, "ends early"},
		"huge list":          {[]byte{0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, "ends early"},
		"huge string":        {[]byte{0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, "beyond the end"},
		"cut number":         {[]byte{0x19, 1}, "ends early"},
		"long number":        {[]byte{0x18, 23}, "more bytes"},
		"long length":        {[]byte{0x79, 0, 1, 'x'}, "more bytes"},
		"other tag":          {[]byte{0xc1, 0x00}, "tag 1"},
		"link of text":       {[]byte{0xd8, 0x2a, 0x61, 'x'}, "not a byte string"},
		"link of nothing":    {[]byte{0xd8, 0x2a, 0x40}, "multibase"},
		"link in base32":     {[]byte{0xd8, 0x2a, 0x42, 'b', 'a'}, "multibase"},
		"link cut":           {link[:30], "beyond the end"},
		"link to an unknown": {[]byte{0xd8, 0x2a, 0x46, 0, 1, 0x55, 0, 1, 'x'}, "unsupported"},
		"key not text":       {[]byte{0xa1, 0x01, 0x02}, "key"},
		"key not UTF-8":      {[]byte{0xa1, 0x61, 0xff, 0x02}, "UTF-8"},
		"doubled key":        {[]byte{0xa2, 0x61, 'a', 1, 0x61, 'a', 1}, "doubled"},
		"disordered keys":    {[]byte{0xa2, 0x62, 'a', 'a', 1, 0x61, 'b', 1}, "out of order"},
		"undefined":          {[]byte{0xf7}, "simple"},
		"simple 99":          {[]byte{0xf8, 99}, "simple"},
		"below int64":        {[]byte{0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0}, "no integer"},
		"half infinity":      {[]byte{0xf9, 0x7c, 0}, "infinite"},
		"NaN":                {[]byte{0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0}, "infinite"},
		"minus infinity":     {[]byte{0xfa, 0xff, 0x80, 0, 0}, "infinite"},
		"break":              {[]byte{0xff}, "reserved or indefinite"},
		"too deep":           {append(bytes.Repeat([]byte{0x81}, maxNesting+1), 0xf6), "too deep"},
		"longer":             {make([]byte, MaxBlock+1), "longer"},
	} {
		var fe *FormatError
		if _, err := Links(CID{1, DagCBOR, BLAKE3, 32}, c.block); !errors.As(err, &fe) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := Links(CID{1, DagCBOR}, append(bytes.Repeat([]byte{0x81}, maxNesting), 0xf6)); err != nil {
		t.Errorf("as deep as allowed: %v", err)
	}
	if _, err := Links(CID{1, DagCBOR}, []byte{0xd8, 0x2a, 0x46, 0, 1, 0x55, 0, 1, 'x'}); !errors.Is(err, ErrUnsupported) {
		t.Errorf("%v is not ErrUnsupported", err)
	}
}

// Whatever Links takes, go-ipld-prime takes, and finds the same links.
func FuzzLinksOfCBOR(f *testing.F) {
	a := Sum(Raw, []byte("a"))
	seed, _ := Marshal(map[string]any{"x": []any{a, 1, "text"}, "y": nil, "f": 1.5})
	f.Add(seed)
	h, _ := hex.DecodeString("a2616181d82a58250001551e20")
	f.Add(h)
	f.Add([]byte{0x82, 0xf9, 0x3c, 0x00, 0xfa, 0x3f, 0x80, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := Links(CID{1, DagCBOR, BLAKE3, 32}, b)
		if err != nil {
			return
		}
		nb := basicnode.Prototype.Any.NewBuilder()
		if err := (dagcbor.DecodeOptions{AllowLinks: true}).Decode(nb, bytes.NewReader(b)); err != nil {
			t.Fatalf("%x: the judge says %v", b, err)
		}
		var want []CID
		if err := traversal.WalkLocal(nb.Build(), func(_ traversal.Progress, n datamodel.Node) error {
			if n.Kind() == datamodel.Kind_Link {
				l, _ := n.AsLink()
				c, err := FromBytes(l.(cidlink.Link).Cid.Bytes())
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, c)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%x: links %v, the judge found %v", b, got, want)
		}
	})
}

// What ParseFile takes adds up, and has the links that Links has.
func FuzzParseFile(f *testing.F) {
	leaf := Sum(Raw, []byte("leaf"))
	f.Add(appendFileNode(nil, []part{{leaf, 4, 4}, {leaf, 300, 300}}))
	for _, fo := range cids.Foreigns() {
		for c, b := range archive(f, fo.CAR()) {
			if c.Codec() == DagPB && len(b) < 1000 {
				f.Add(b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c := CID{1, DagPB, BLAKE3, 32}
		links, lerr := Links(c, b)
		file, err := ParseFile(c, b)
		if err != nil {
			return
		}
		if lerr != nil || len(links) != len(file.Children) {
			t.Fatalf("%d links, %d children, %v", len(links), len(file.Children), lerr)
		}
		sum := int64(len(file.Data))
		for i, k := range file.Children {
			if k.CID != links[i] || k.Size < 1 {
				t.Fatalf("child %d is %v", i, k)
			}
			sum += k.Size
		}
		if sum != file.Size || sum > MaxFile {
			t.Fatalf("parts make %d, the file has %d", sum, file.Size)
		}
	})
}
