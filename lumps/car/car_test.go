package car

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/ipfs/go-cid"
	judge "github.com/ipld/go-car/v2"
	"github.com/ipld/go-car/v2/blockstore"

	blocks "github.com/ipfs/go-block-format"

	"hearth/fixtures/cids"
	"hearth/lumps"
	"hearth/store"
	"hearth/store/mem"
)

var ctx = context.Background()

// An exported archive has the very bytes that Kubo writes.
func TestExportAsKubo(t *testing.T) {
	for _, in := range cids.Lumps() {
		if in.Links != 174 || in.Size > 100<<20 {
			continue
		}
		s := mem.New()
		l, err := store.PutLump(ctx, s, in.Reader(), store.KindFile)
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		n, err := Export(ctx, h, s, l.CID)
		if got := hex.EncodeToString(h.Sum(nil)); err != nil || got != in.CAR || n != in.Blocks {
			t.Errorf("%s: %d blocks, %v, hash %s; want %d, %s", in.Name, n, err, got, in.Blocks, in.CAR)
		}
	}
	for _, f := range cids.Foreigns() {
		s := mem.New()
		done, err := Import(ctx, bytes.NewReader(f.CAR()), s)
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		root, _ := lumps.Parse(f.Root)
		if !slices.Equal(done.Roots, []lumps.CID{root}) {
			t.Errorf("%s: roots %v, want %s", f.Name, done.Roots, root)
		}
		var out bytes.Buffer
		if _, err := Export(ctx, &out, s, root); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		// A CID of version 0 goes out as the version 1 that it came to be.
		if f.Root[:2] != "Qm" && !bytes.Equal(out.Bytes(), f.CAR()) {
			t.Errorf("%s: other bytes went out than came in", f.Name)
		}
	}
}

func sample(t testing.TB, n int) (roots []lumps.CID, bs []store.Block) {
	for i := range n {
		b, _ := io.ReadAll(cids.Bytes("random-1", int64(i*i*37)))
		bs = append(bs, store.Block{CID: lumps.Sum(lumps.Raw, b), Data: b})
	}
	return []lumps.CID{bs[0].CID, bs[n-1].CID}, bs
}

func archive(t testing.TB, roots []lumps.CID, bs []store.Block) []byte {
	var out bytes.Buffer
	w, err := NewWriter(&out, roots...)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bs {
		if err := w.WriteBlock(b.CID, b.Data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// readAll returns what a reader gives out before its error; io.EOF is none.
func readAll(r io.Reader) (roots []lumps.CID, bs []store.Block, err error) {
	cr, err := NewReader(r)
	if err != nil {
		return nil, nil, err
	}
	for {
		c, data, err := cr.Next()
		if err == io.EOF {
			return cr.Roots(), bs, nil
		}
		if err != nil {
			return cr.Roots(), bs, err
		}
		bs = append(bs, store.Block{CID: c, Data: data})
	}
}

func same(a, b []store.Block) bool {
	return slices.EqualFunc(a, b, func(a, b store.Block) bool { return a.CID == b.CID && bytes.Equal(a.Data, b.Data) })
}

// What we write, go-car reads.
func TestJudgeReadsOurs(t *testing.T) {
	roots, bs := sample(t, 30)
	r, err := judge.NewBlockReader(bytes.NewReader(archive(t, roots, bs)))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Roots) != 2 || r.Roots[0] != roots[0].Foreign() || r.Roots[1] != roots[1].Foreign() || r.Version != 1 {
		t.Errorf("the judge sees version %d, roots %v", r.Version, r.Roots)
	}
	for i, want := range bs {
		b, err := r.Next()
		if err != nil || b.Cid() != want.CID.Foreign() || !bytes.Equal(b.RawData(), want.Data) {
			t.Fatalf("block %d: %v", i, err)
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("behind the last: %v", err)
	}
}

// What go-car writes, in both versions, we read.
func TestWeReadTheJudge(t *testing.T) {
	roots, bs := sample(t, 30)
	for name, opts := range map[string][]judge.Option{
		"version 1":            {blockstore.WriteAsCarV1(true)},
		"version 2":            {},
		"version 2 and padded": {judge.UseDataPadding(1000), judge.UseIndexPadding(50)},
	} {
		path := filepath.Join(t.TempDir(), "car")
		rw, err := blockstore.OpenReadWrite(path, []cid.Cid{roots[0].Foreign(), roots[1].Foreign()}, append(opts, blockstore.UseWholeCIDs(true))...)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range bs {
			fb, err := blocks.NewBlockWithCid(b.Data, b.CID.Foreign())
			if err != nil {
				t.Fatal(err)
			}
			if err := rw.Put(ctx, fb); err != nil {
				t.Fatal(err)
			}
		}
		if err := rw.Finalize(); err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		gotRoots, got, err := readAll(iotest.HalfReader(bytes.NewReader(file)))
		if err != nil || !slices.Equal(gotRoots, roots) || !same(got, bs) {
			t.Errorf("%s: roots %v, %d blocks, %v", name, gotRoots, len(got), err)
		}
	}
}

// An archive that ends anywhere but between two blocks is said to be cut off, at
// the section that it is cut in; what came before is given out.
func TestTruncated(t *testing.T) {
	roots, bs := sample(t, 8)
	whole := archive(t, roots, bs)
	ends := []int64{int64(len(archive(t, roots, nil)))}
	for i := range bs {
		ends = append(ends, int64(len(archive(t, roots, bs[:i+1]))))
	}
	for n := int64(0); n < int64(len(whole)); n++ {
		_, got, err := readAll(bytes.NewReader(whole[:n]))
		at, between := slices.BinarySearch(ends, n)
		if between {
			if err != nil || !same(got, bs[:at]) {
				t.Fatalf("%d bytes: %d blocks, %v", n, len(got), err)
			}
			continue
		}
		start := int64(0)
		if at > 0 {
			start = ends[at-1]
		}
		var e *Error
		if !errors.As(err, &e) || !errors.Is(err, io.ErrUnexpectedEOF) || e.Offset != start || !same(got, bs[:max(at-1, 0)]) {
			t.Fatalf("%d bytes: %d blocks, %v; want the error at %d", n, len(got), err, start)
		}
	}
}

// No flipped bit passes: a block is given out whole and right or not at all.
func TestFlippedBits(t *testing.T) {
	roots, bs := sample(t, 5)
	whole := archive(t, roots, bs)
	head := len(archive(t, roots, nil))
	for i := range whole {
		b := bytes.Clone(whole)
		b[i] ^= 1 << (i % 8)
		_, got, err := readAll(bytes.NewReader(b))
		var e *Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("byte %d: %v has no offset", i, err)
		}
		for _, blk := range got {
			if !lumps.Verify(blk.CID, blk.Data) {
				t.Fatalf("byte %d: wrong bytes were given out", i)
			}
		}
		// A changed codec is the one thing that a hash does not cover.
		if i >= head && err == nil && len(got) != len(bs) {
			t.Fatalf("byte %d: %d blocks and no error", i, len(got))
		}
	}
}

func TestRefusedArchives(t *testing.T) {
	c := lumps.Sum(lumps.Raw, nil)
	empty := archive(t, []lumps.CID{c}, nil)
	section := func(b ...byte) []byte {
		return append(bytes.Clone(empty), append(binary.AppendUvarint(nil, uint64(len(b))), b...)...)
	}
	mustCBOR := func(v any) []byte {
		b, err := lumps.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return append(binary.AppendUvarint(nil, uint64(len(b))), b...)
	}
	v2 := func(from, size uint64) []byte {
		b := append(bytes.Clone(pragma), make([]byte, 16)...)
		b = binary.LittleEndian.AppendUint64(b, from)
		b = binary.LittleEndian.AppendUint64(b, size)
		return append(append(b, make([]byte, 8)...), empty...)
	}
	identity := []byte{1, 0x55, 0, 1, 'x'}
	for name, in := range map[string]struct {
		b    []byte
		want error
	}{
		"nothing":            {nil, io.ErrUnexpectedEOF},
		"text":               {[]byte("hello, world, this is no archive"), nil},
		"huge header":        {binary.AppendUvarint(nil, maxHeader+1), nil},
		"endless length":     {bytes.Repeat([]byte{0x80}, 30), nil},
		"version 3":          {mustCBOR(map[string]any{"version": 3, "roots": []any{c}}), nil},
		"no version":         {mustCBOR(map[string]any{"roots": []any{c}}), nil},
		"null root":          {mustCBOR(map[string]any{"version": 1, "roots": []any{nil}}), nil},
		"root is text":       {mustCBOR(map[string]any{"version": 1, "roots": []any{"x"}}), nil},
		"empty section":      {section(), nil},
		"no room for a CID":  {section(c[:35]...), nil},
		"identity CID":       {section(append(identity, make([]byte, 40)...)...), lumps.ErrUnsupported},
		"other hash":         {section(append([]byte{1, 0x55, 0x13, 64}, make([]byte, 64)...)...), lumps.ErrUnsupported},
		"huge section":       {append(bytes.Clone(empty), binary.AppendUvarint(nil, maxSection+1)...), nil},
		"wrong bytes":        {section(append(c[:], 'x')...), nil},
		"v2 offset inside":   {v2(50, 10), nil},
		"v2 offset beyond":   {v2(1<<20, 10), io.ErrUnexpectedEOF},
		"v2 offset overflow": {v2(1<<63, 10), nil},
		"v2 size overflow":   {v2(51, 1<<63), nil},
		"v2 cut":             {v2(51, 10)[:30], io.ErrUnexpectedEOF},
		"v2 size too large":  {v2(51, uint64(len(empty))+1), io.ErrUnexpectedEOF},
		"v2 size too small":  {v2(51, uint64(len(empty))-1), io.ErrUnexpectedEOF},
		"v2 size 0":          {v2(51, 0), io.ErrUnexpectedEOF},
	} {
		var e *Error
		_, bs, err := readAll(bytes.NewReader(in.b))
		if !errors.As(err, &e) || in.want != nil && !errors.Is(err, in.want) || len(bs) > 0 {
			t.Errorf("%s: %d blocks, %v", name, len(bs), err)
		}
	}
	var mismatch *store.MismatchError
	if _, _, err := readAll(bytes.NewReader(section(append(c[:], 'x')...))); !errors.As(err, &mismatch) {
		t.Errorf("wrong bytes: %v", err)
	}
	boom := errors.New("boom")
	if _, _, err := readAll(io.MultiReader(bytes.NewReader(empty), iotest.ErrReader(boom))); !errors.Is(err, boom) {
		t.Errorf("the reader failed: %v", err)
	}
	w, _ := NewWriter(io.Discard)
	if err := w.WriteBlock(c, make([]byte, lumps.MaxBlock+1)); !errors.Is(err, store.ErrTooLarge) {
		t.Errorf("a huge block was written: %v", err)
	}
	huge, _ := io.ReadAll(cids.Bytes("zeros", lumps.MaxBlock))
	b := store.Block{CID: lumps.Sum(lumps.Raw, huge), Data: huge}
	if _, got, err := readAll(bytes.NewReader(archive(t, nil, []store.Block{b}))); err != nil || !same(got, []store.Block{b}) {
		t.Errorf("the largest block: %v", err)
	}
}

// An import that fails keeps what came before, and says so.
func TestImportOfHalf(t *testing.T) {
	roots, bs := sample(t, 20)
	whole := archive(t, roots, bs)
	s := mem.New()
	done, err := Import(ctx, bytes.NewReader(whole[:len(whole)-1]), s)
	if !errors.Is(err, io.ErrUnexpectedEOF) || done.Blocks != int64(len(bs)-1) {
		t.Errorf("%+v, %v", done, err)
	}
	for _, b := range bs[:len(bs)-1] {
		if _, err := s.Get(ctx, b.CID); err != nil {
			t.Error(err)
		}
	}
}

// Whatever is read is right, and is read again from what we write of it.
func FuzzReader(f *testing.F) {
	roots, bs := sample(f, 3)
	f.Add(archive(f, roots, bs))
	f.Add(archive(f, nil, nil))
	f.Add(append(append(bytes.Clone(pragma), make([]byte, 16)...), 51, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0))
	for _, fo := range cids.Foreigns() {
		if b := fo.CAR(); len(b) < 2000 {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		roots, bs, err := readAll(bytes.NewReader(b))
		var e *Error
		if err != nil && (!errors.As(err, &e) || e.Offset > int64(len(b))) {
			t.Fatalf("%v", err)
		}
		for _, blk := range bs {
			if !lumps.Verify(blk.CID, blk.Data) {
				t.Fatalf("%s has other bytes", blk.CID)
			}
		}
		if err == nil {
			r2, bs2, err := readAll(bytes.NewReader(archive(t, roots, bs)))
			if err != nil || !slices.Equal(roots, r2) || !same(bs, bs2) {
				t.Fatalf("came back changed: %v", err)
			}
		}
	})
}

func BenchmarkImport(b *testing.B) {
	s := mem.New()
	l, err := store.PutLump(ctx, s, cids.Bytes("random-1", 32<<20), store.KindFile)
	if err != nil {
		b.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := Export(ctx, &out, s, l.CID); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(out.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Import(ctx, bytes.NewReader(out.Bytes()), mem.New()); err != nil {
			b.Fatal(err)
		}
	}
}
