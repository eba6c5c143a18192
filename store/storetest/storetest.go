// Package storetest is the contract of package store as tests: every backend
// passes Run, every durable one RunDurable, and Benchmark times them alike.
package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hearth/lumps"
	"hearth/store"
)

// Open returns a store with nothing in it. Run closes it.
type Open func(t testing.TB) store.Store

// Run tests what holds for every store.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(*testing.T, store.Store)
	}{
		{"PutAndGet", putAndGet},
		{"Empty", empty},
		{"WrongBytesAreRefused", wrongBytes},
		{"HugeBlocksAreRefused", hugeBlocks},
		{"UnsupportedNamesAreRefused", unsupported},
		{"RepeatedPuts", repeatedPuts},
		{"ManyAtOnce", manyAtOnce},
		{"CallersKeepTheirBytes", callersBytes},
		{"CodecIsNotIdentity", codecs},
		{"Remove", remove},
		{"List", list},
		{"Roots", roots},
		{"RootNames", rootNames},
		{"Catalogue", catalogue},
		{"ChangesWhileIterating", changesWhileIterating},
		{"CancelledContext", cancelled},
		{"Closed", closed},
		{"CloseWaits", closeWaits},
		{"ReadersAndWriters", readersAndWriters},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
			c.test(t, s)
		})
	}
	t.Run("Model", func(t *testing.T) { model(t, open) })
}

var ctx = context.Background()

// Blocks returns n distinct blocks of the given size, the same for a seed.
func Blocks(seed uint64, n, size int) []store.Block {
	src := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), byte(seed >> 24)})
	all := make([]byte, n*size)
	io.ReadFull(src, all)
	bs := make([]store.Block, n)
	for i := range bs {
		data := all[i*size : (i+1)*size : (i+1)*size]
		bs[i] = store.Block{CID: lumps.Sum(lumps.Raw, data), Data: data}
	}
	return bs
}

func raw(s string) store.Block {
	return store.Block{CID: lumps.Sum(lumps.Raw, []byte(s)), Data: []byte(s)}
}

func put(t testing.TB, s store.Store, bs ...store.Block) {
	t.Helper()
	if err := s.Put(ctx, bs...); err != nil {
		t.Fatalf("Put: %v", err)
	}
}

// holds fails unless the store has the block and gives its bytes.
func holds(t testing.TB, s store.Store, bs ...store.Block) {
	t.Helper()
	for _, b := range bs {
		if got, err := s.Get(ctx, b.CID); err != nil || !bytes.Equal(got, b.Data) {
			t.Fatalf("Get %s: %d bytes, %v; want %d bytes", b.CID, len(got), err, len(b.Data))
		}
		if ok, err := s.Has(ctx, b.CID); err != nil || !ok {
			t.Fatalf("Has %s: %v, %v", b.CID, ok, err)
		}
		if n, err := s.Size(ctx, b.CID); err != nil || n != int64(len(b.Data)) {
			t.Fatalf("Size %s: %d, %v; want %d", b.CID, n, err, len(b.Data))
		}
	}
}

func lacks(t testing.TB, s store.Store, cids ...lumps.CID) {
	t.Helper()
	for _, c := range cids {
		var missing *store.NotFoundError
		if got, err := s.Get(ctx, c); !errors.Is(err, store.ErrNotFound) || !errors.As(err, &missing) || missing.CID != c {
			t.Fatalf("Get %s: %d bytes, %v; want a NotFoundError of it", c, len(got), err)
		}
		if _, err := s.Size(ctx, c); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("Size %s: %v", c, err)
		}
		if ok, err := s.Has(ctx, c); err != nil || ok {
			t.Fatalf("Has %s: %v, %v", c, ok, err)
		}
	}
}

// listed returns what List yields, by multihash.
func listed(t testing.TB, s store.Store) map[[34]byte]store.Info {
	t.Helper()
	m := map[[34]byte]store.Info{}
	for info, err := range s.List(ctx) {
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		if _, twice := m[info.CID.Multihash()]; twice {
			t.Fatalf("List yields %s twice", info.CID)
		}
		m[info.CID.Multihash()] = info
	}
	return m
}

func putAndGet(t *testing.T, s store.Store) {
	bs := []store.Block{raw("a"), raw(""), {CID: lumps.Sum(lumps.DagCBOR, []byte{0xa0}), Data: []byte{0xa0}}}
	data := []byte("named by sha2-256")
	bs = append(bs, store.Block{CID: lumps.FromDigest(lumps.Raw, lumps.SHA256, sha256.Sum256(data)), Data: data})
	bs = append(bs, Blocks(1, 1, lumps.MaxBlock)...)
	bs = append(bs, Blocks(2, 50, 300)...)
	for _, b := range bs[:3] {
		put(t, s, b)
	}
	put(t, s, bs[3:]...)
	put(t, s)
	holds(t, s, bs...)
	lacks(t, s, raw("b").CID, lumps.Sum(lumps.Raw, data), lumps.CID{})
}

func empty(t *testing.T, s store.Store) {
	for info, err := range s.List(ctx) {
		t.Errorf("List yields %v, %v", info, err)
	}
	for r, err := range s.Roots(ctx) {
		t.Errorf("Roots yields %v, %v", r, err)
	}
	for l, err := range s.Lumps(ctx) {
		t.Errorf("Lumps yields %v, %v", l, err)
	}
}

func wrongBytes(t *testing.T, s store.Store) {
	good, other := raw("good"), raw("other")
	for name, bad := range map[string]store.Block{
		"other bytes": {CID: other.CID, Data: []byte("not other")},
		"no bytes":    {CID: other.CID},
		"sha2-256":    {CID: lumps.FromDigest(lumps.Raw, lumps.SHA256, sha256.Sum256([]byte("x"))), Data: []byte("y")},
	} {
		var mismatch *store.MismatchError
		err := s.Put(ctx, good, bad)
		if !errors.As(err, &mismatch) || mismatch.Want != bad.CID || mismatch.Got != bad.CID.SumLike(bad.Data) {
			t.Errorf("%s: %v", name, err)
		}
		lacks(t, s, bad.CID, good.CID) // refused before anything was written
	}
	put(t, s, good)
	holds(t, s, good)
}

func hugeBlocks(t *testing.T, s store.Store) {
	huge := Blocks(3, 1, lumps.MaxBlock+1)[0]
	if err := s.Put(ctx, raw("small"), huge); !errors.Is(err, store.ErrTooLarge) {
		t.Errorf("a block of %d bytes: %v", len(huge.Data), err)
	}
	lacks(t, s, huge.CID, raw("small").CID)
}

func unsupported(t *testing.T, s store.Store) {
	good := raw("x")
	for _, edit := range []func(*lumps.CID){
		func(c *lumps.CID) { c[0] = 2 },
		func(c *lumps.CID) { c[1] = 0x51 },
		func(c *lumps.CID) { c[2] = 0x13 },
		func(c *lumps.CID) { c[3] = 20 },
	} {
		c := good.CID
		edit(&c)
		if err := s.Put(ctx, store.Block{CID: c, Data: good.Data}); !errors.Is(err, lumps.ErrUnsupported) && !errors.Is(err, lumps.ErrBadCID) {
			t.Errorf("Put under %x: %v", c[:4], err)
		}
		if err := s.AddLump(ctx, store.Lump{CID: c, Blocks: 1}); err == nil {
			t.Errorf("AddLump of %x succeeded", c[:4])
		}
		if err := s.SetRoot(ctx, "r", c); err == nil {
			t.Errorf("SetRoot to %x succeeded", c[:4])
		}
	}
	empty(t, s)
}

func repeatedPuts(t *testing.T, s store.Store) {
	a, b := raw("a"), raw("b")
	put(t, s, a, a, b, a)
	put(t, s, b, a)
	holds(t, s, a, b)
	if m := listed(t, s); len(m) != 2 {
		t.Errorf("%d blocks are listed", len(m))
	}
	if err := s.Remove(ctx, a.CID); err != nil {
		t.Fatal(err)
	}
	lacks(t, s, a.CID)
}

// A put may be larger than what a backend writes at a time.
func manyAtOnce(t *testing.T, s store.Store) {
	bs := append(Blocks(4, 5000, 100), Blocks(5, 30, 1<<20-7)...)
	put(t, s, bs...)
	holds(t, s, bs...)
	if m := listed(t, s); len(m) != len(bs) {
		t.Errorf("%d blocks are listed, want %d", len(m), len(bs))
	}
}

func callersBytes(t *testing.T, s store.Store) {
	b := Blocks(6, 1, 1000)[0]
	data := bytes.Clone(b.Data)
	put(t, s, store.Block{CID: b.CID, Data: data})
	clear(data)
	got, err := s.Get(ctx, b.CID)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(ctx, b.CID); err != nil {
		t.Fatal(err)
	}
	put(t, s, Blocks(7, 20, 1000)...)
	if !bytes.Equal(got, b.Data) {
		t.Error("bytes that Get returned changed when the block was removed")
	}
}

// Blocks are told apart by hash function and digest. The codec that List gives
// is the one that was put first.
func codecs(t *testing.T, s store.Store) {
	data := []byte{0xa0}
	asRaw := store.Block{CID: lumps.Sum(lumps.Raw, data), Data: data}
	asCBOR := store.Block{CID: lumps.Sum(lumps.DagCBOR, data), Data: data}
	put(t, s, asCBOR)
	holds(t, s, asCBOR, asRaw)
	put(t, s, asRaw)
	if m := listed(t, s); len(m) != 1 || m[asRaw.CID.Multihash()] != (store.Info{CID: asCBOR.CID, Size: 1}) {
		t.Errorf("listed as %v", m)
	}
	if err := s.Remove(ctx, asRaw.CID); err != nil {
		t.Fatal(err)
	}
	lacks(t, s, asRaw.CID, asCBOR.CID)
}

func remove(t *testing.T, s store.Store) {
	bs := Blocks(8, 40, 500)
	put(t, s, bs...)
	if err := s.Remove(ctx, bs[0].CID, raw("never there").CID, bs[1].CID, bs[0].CID); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(ctx); err != nil {
		t.Fatal(err)
	}
	lacks(t, s, bs[0].CID, bs[1].CID)
	holds(t, s, bs[2:]...)
	put(t, s, bs[1])
	lacks(t, s, bs[0].CID)
	holds(t, s, bs[1:]...)
	for _, b := range bs {
		if err := s.Remove(ctx, b.CID); err != nil {
			t.Fatal(err)
		}
	}
	if m := listed(t, s); len(m) != 0 {
		t.Errorf("%d blocks are listed after the removal of all", len(m))
	}
}

func list(t *testing.T, s store.Store) {
	want := map[[34]byte]store.Info{}
	for i := range 3 {
		bs := Blocks(uint64(10+i), 700, 100+i)
		put(t, s, bs...)
		for _, b := range bs {
			want[b.CID.Multihash()] = store.Info{CID: b.CID, Size: int64(len(b.Data))}
		}
	}
	if got := listed(t, s); !maps.Equal(got, want) {
		t.Errorf("%d blocks are listed, want %d", len(got), len(want))
	}
	n := 0
	for range s.List(ctx) {
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("stopped after %d", n)
	}
}

func roots(t *testing.T, s store.Store) {
	a, b := raw("a").CID, raw("b").CID
	set := func(name string, c lumps.CID) {
		t.Helper()
		if err := s.SetRoot(ctx, name, c); err != nil {
			t.Fatal(err)
		}
	}
	set("world", a)
	set("worldly", b)
	set("wörld/2", b)
	set("A", a)
	set("world", b)
	set("gone", a)
	set("gone", lumps.CID{})
	set("never", lumps.CID{})
	if c, err := s.Root(ctx, "world"); err != nil || c != b {
		t.Errorf("world is %s, %v", c, err)
	}
	if _, err := s.Root(ctx, "gone"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("gone: %v", err)
	}
	want := []store.Root{{Name: "A", CID: a}, {Name: "world", CID: b}, {Name: "worldly", CID: b}, {Name: "wörld/2", CID: b}}
	if got := collect(t, s.Roots(ctx)); !slices.Equal(got, want) {
		t.Errorf("roots are %v, want %v", got, want)
	}
}

func rootNames(t *testing.T, s store.Store) {
	c := raw("a").CID
	for _, bad := range []string{"", strings.Repeat("x", 256), "\xff", "a\xc3"} {
		if err := s.SetRoot(ctx, bad, c); !errors.Is(err, store.ErrBadName) {
			t.Errorf("%.10q: %v", bad, err)
		}
		if _, err := s.Root(ctx, bad); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Root of %.10q: %v", bad, err)
		}
	}
	for _, good := range []string{"\x00", strings.Repeat("ü", 127) + "x", " "} {
		if err := s.SetRoot(ctx, good, c); err != nil {
			t.Errorf("%.10q: %v", good, err)
		}
		if got, err := s.Root(ctx, good); err != nil || got != c {
			t.Errorf("%.10q: %s, %v", good, got, err)
		}
	}
}

func catalogue(t *testing.T, s store.Store) {
	var ls []store.Lump
	for i := range 300 {
		c := raw(fmt.Sprint("lump ", i)).CID
		ls = append(ls, store.Lump{CID: c, Size: int64(i) << 20, Blocks: int64(i) + 1, Kind: store.Kind(i % 3)})
	}
	// The same digest under another codec is another lump.
	twin := store.Lump{CID: lumps.FromDigest(lumps.DagCBOR, lumps.BLAKE3, ls[7].CID.Digest()), Size: 7, Blocks: 1}
	if err := s.AddLump(ctx, append(ls, twin)...); err != nil {
		t.Fatal(err)
	}
	for _, want := range append(ls[:5:5], twin) {
		if got, err := s.Lump(ctx, want.CID); err != nil || got != want {
			t.Errorf("%v, %v; want %v", got, err, want)
		}
		if ok, err := s.Has(ctx, want.CID); ok || err != nil {
			t.Errorf("a catalogue entry made a block: %v, %v", ok, err)
		}
	}
	ls[0].Kind, ls[0].Size = store.KindSegment, 5
	if err := s.AddLump(ctx, ls[0]); err != nil {
		t.Fatal(err)
	}
	for _, c := range []lumps.CID{ls[1].CID, raw("never").CID, ls[1].CID} {
		if err := s.RemoveLump(ctx, c); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Lump(ctx, c); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a removed lump: %v", err)
		}
	}
	want := append(slices.Delete(slices.Clone(ls), 1, 2), twin)
	slices.SortFunc(want, func(a, b store.Lump) int {
		if d := bytes.Compare(a.CID[4:], b.CID[4:]); d != 0 {
			return d
		}
		return bytes.Compare(a.CID[:4], b.CID[:4])
	})
	if got := collect(t, s.Lumps(ctx)); !slices.Equal(got, want) {
		t.Errorf("%d lumps are listed, want %d, or their order differs", len(got), len(want))
	}
	for _, bad := range []store.Lump{{}, {CID: ls[2].CID, Size: -1, Blocks: 1}, {CID: ls[2].CID, Size: 1}} {
		if err := s.AddLump(ctx, bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}
