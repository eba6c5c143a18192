package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/iotest"

	"go.uber.org/goleak"

	"hearth/fixtures/cids"
	"hearth/lumps"
	"hearth/lumps/car"
	"hearth/store"
	"hearth/store/mem"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ctx = context.Background()

// A lump goes in under the name that Kubo prints, and comes out as it went in.
func TestLumpRoundTrip(t *testing.T) {
	for _, in := range cids.Lumps() {
		if in.Links != 174 || in.Size > 100<<20 {
			continue
		}
		t.Run(in.Name, func(t *testing.T) {
			s := mem.New()
			l, err := store.PutLump(ctx, s, in.Reader(), store.KindSnapshot)
			if err != nil {
				t.Fatal(err)
			}
			if l.CID.String() != in.CID || l.Size != in.Size || l.Kind != store.KindSnapshot {
				t.Errorf("put as %+v, want %s", l, in.CID)
			}
			if got, err := s.Lump(ctx, l.CID); err != nil || got != l {
				t.Errorf("the catalogue has %+v, %v", got, err)
			}
			r, err := store.OpenLump(ctx, s, l.CID)
			if err != nil {
				t.Fatal(err)
			}
			if r.Size() != in.Size {
				t.Errorf("size %d, want %d", r.Size(), in.Size)
			}
			want := sha256.New()
			io.Copy(want, in.Reader())
			got := sha256.New()
			if n, err := io.Copy(got, r); n != in.Size || err != nil {
				t.Errorf("read %d bytes, %v", n, err)
			}
			if !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
				t.Error("other bytes came out")
			}
			v, err := store.Verify(ctx, s, []lumps.CID{l.CID}, func(c lumps.CID, err error) { t.Errorf("%s: %v", c, err) })
			if err != nil || v.Blocks != in.Blocks {
				t.Errorf("verified %+v, %v; want %d blocks", v, err, in.Blocks)
			}
		})
	}
}

// Reader passes the standard library's own test of readers.
func TestReader(t *testing.T) {
	s := mem.New()
	for _, size := range []int64{0, 1, 5000, 131072, 400_000, 3_000_000} {
		l, err := store.PutLump(ctx, s, cids.Bytes("random-1", size), store.KindFile)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := io.ReadAll(cids.Bytes("random-1", size))
		r, err := store.OpenLump(ctx, s, l.CID)
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(struct{ io.ReadSeeker }{r}, want); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func blocksOf(t *testing.T, f cids.Foreign) *mem.Store {
	s := mem.New()
	importCAR(t, s, f.CAR())
	return s
}

func TestReadLumpsOfOthers(t *testing.T) {
	for _, f := range cids.Foreigns() {
		t.Run(f.Name, func(t *testing.T) {
			s := blocksOf(t, f)
			root, err := lumps.Parse(f.Root)
			if err != nil {
				t.Fatal(err)
			}
			r, err := store.OpenLump(ctx, s, root)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			want, _ := io.ReadAll(content(f))
			if f.Kind == "none" {
				want, _ = s.Get(ctx, root)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%d bytes came out, %d are right", len(got), len(want))
			}
			if _, err := store.Verify(ctx, s, []lumps.CID{root}, func(c lumps.CID, err error) { t.Errorf("%s: %v", c, err) }); err != nil {
				t.Error(err)
			}
			// Without any one block, reading and walking name the missing one.
			var all []lumps.CID
			if err := store.Walk(ctx, s, []lumps.CID{root, root}, func(c lumps.CID, b []byte) (bool, error) {
				if !lumps.Verify(c, b) {
					t.Errorf("%s has other bytes", c)
				}
				all = append(all, c)
				return true, nil
			}); err != nil {
				t.Fatal(err)
			}
			for _, c := range all {
				b, _ := s.Get(ctx, c)
				s.Remove(ctx, c)
				var missing *store.NotFoundError
				if err := store.Walk(ctx, s, []lumps.CID{root}, func(lumps.CID, []byte) (bool, error) { return true, nil }); !errors.As(err, &missing) || missing.CID != c {
					t.Errorf("Walk without %s: %v", c, err)
				}
				if f.Kind != "none" {
					r, err := store.OpenLump(ctx, s, root)
					if err == nil {
						_, err = io.ReadAll(r)
					}
					if !errors.As(err, &missing) || missing.CID != c {
						t.Errorf("reading without %s: %v", c, err)
					}
				}
				n := 0
				v, err := store.Verify(ctx, s, []lumps.CID{root}, func(f lumps.CID, err error) {
					if n++; f != c || !errors.Is(err, store.ErrNotFound) {
						t.Errorf("fault %s: %v", f, err)
					}
				})
				if err != nil || n != 1 || v.Faults != 1 {
					t.Errorf("Verify without %s: %+v, %d reports, %v", c, v, n, err)
				}
				if err := s.Put(ctx, store.Block{CID: c, Data: b}); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestWalkOrderAndPruning(t *testing.T) {
	s := mem.New()
	put := func(v any) lumps.CID {
		b, err := lumps.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		c := lumps.Sum(lumps.DagCBOR, b)
		if err := s.Put(ctx, store.Block{CID: c, Data: b}); err != nil {
			t.Fatal(err)
		}
		return c
	}
	leaf := func(name string) lumps.CID {
		c := lumps.Sum(lumps.Raw, []byte(name))
		s.Put(ctx, store.Block{CID: c, Data: []byte(name)})
		return c
	}
	a, b, c := leaf("a"), leaf("b"), leaf("c")
	left, right := put([]any{a, b}), put([]any{b, c})
	root := put([]any{left, a, right})
	walk := func(prune lumps.CID) (got []lumps.CID) {
		if err := store.Walk(ctx, s, []lumps.CID{root}, func(c lumps.CID, _ []byte) (bool, error) {
			got = append(got, c)
			return c != prune, nil
		}); err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := walk(lumps.CID{}); !slices.Equal(got, []lumps.CID{root, left, a, b, right, c}) {
		t.Errorf("walked %v", got)
	}
	if got := walk(left); !slices.Equal(got, []lumps.CID{root, left, a, right, b, c}) {
		t.Errorf("walked %v", got)
	}
	boom := errors.New("boom")
	if err := store.Walk(ctx, s, []lumps.CID{root}, func(c lumps.CID, _ []byte) (bool, error) {
		if c == a {
			return false, boom
		}
		return true, nil
	}); !errors.Is(err, boom) {
		t.Errorf("Walk: %v", err)
	}
	s.Remove(ctx, a, b, c) // Reach does not read them
	var reached []lumps.CID
	if err := store.Reach(ctx, s, []lumps.CID{root}, func(c lumps.CID) (bool, error) {
		reached = append(reached, c)
		return true, nil
	}); err != nil || !slices.Equal(reached, []lumps.CID{root, left, a, b, right, c}) {
		t.Errorf("reached %v, %v", reached, err)
	}
	dead, cancel := context.WithCancel(ctx)
	cancel()
	if err := store.Walk(dead, s, []lumps.CID{root}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled Walk: %v", err)
	}
}

// A parent that lies about its children is caught by who reads.
func TestFalseSizes(t *testing.T) {
	s := mem.New()
	leaf := []byte("four")
	c := lumps.Sum(lumps.Raw, leaf)
	node := []byte{0x12, 42, 0x0a, 36}
	node = append(node, c[:]...)
	node = append(node, 0x12, 0, 0x18, 4)
	node = append(node, 0x0a, 6, 0x08, 2, 0x18, 9, 0x20, 9) // 9 bytes, says the parent
	root := lumps.Sum(lumps.DagPB, node)
	if err := s.Put(ctx, store.Block{CID: c, Data: leaf}, store.Block{CID: root, Data: node}); err != nil {
		t.Fatal(err)
	}
	r, err := store.OpenLump(ctx, s, root)
	if err != nil {
		t.Fatal(err)
	}
	var format *lumps.FormatError
	if _, err := io.ReadAll(r); !errors.As(err, &format) || format.CID != c {
		t.Errorf("read: %v", err)
	}
	n := 0
	if _, err := store.Verify(ctx, s, []lumps.CID{c, root}, func(at lumps.CID, err error) {
		if n++; at != c || !errors.As(err, &format) {
			t.Errorf("fault %s: %v", at, err)
		}
	}); err != nil || n != 1 {
		t.Errorf("Verify: %d faults, %v", n, err)
	}
}

// failing refuses the nth put.
type failing struct {
	*mem.Store
	n   int
	err error
}

func (f *failing) Put(ctx context.Context, bs ...store.Block) error {
	if f.n--; f.n < 0 {
		return f.err
	}
	return f.Store.Put(ctx, bs...)
}

func TestPutLumpPassesErrorsOn(t *testing.T) {
	boom := errors.New("boom")
	for n := range 6 {
		s := &failing{mem.New(), n, boom}
		_, err := store.PutLump(ctx, s, cids.Bytes("zeros", 21<<20), store.KindFile)
		if !errors.Is(err, boom) {
			t.Errorf("put %d failed, PutLump says %v", n, err)
		}
		for l := range s.Lumps(ctx) {
			t.Errorf("a lump was recorded: %v", l)
		}
	}
	_, err := store.PutLump(ctx, mem.New(), io.MultiReader(cids.Bytes("zeros", 9<<20), iotest.ErrReader(boom)), store.KindFile)
	if !errors.Is(err, boom) {
		t.Errorf("the reader failed, PutLump says %v", err)
	}
	dead, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := store.PutLump(dead, mem.New(), cids.Bytes("zeros", 9<<20), store.KindFile); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled PutLump: %v", err)
	}
}

func content(f cids.Foreign) io.Reader {
	if f.Kind == "none" {
		return bytes.NewReader(nil)
	}
	return f.Reader()
}

func BenchmarkPutLump(b *testing.B) {
	buf := make([]byte, 64<<20)
	io.ReadFull(cids.Bytes("random-1", int64(len(buf))), buf)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := store.PutLump(ctx, mem.New(), bytes.NewReader(buf), store.KindFile); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadLump(b *testing.B) {
	s := mem.New()
	l, err := store.PutLump(ctx, s, cids.Bytes("random-1", 64<<20), store.KindFile)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(l.Size)
	b.ReportAllocs()
	for b.Loop() {
		r, err := store.OpenLump(ctx, s, l.CID)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := r.WriteTo(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

// importCAR puts the blocks of an archive.
func importCAR(t *testing.T, s store.Store, b []byte) {
	t.Helper()
	if _, err := car.Import(ctx, bytes.NewReader(b), s); err != nil {
		t.Fatal(err)
	}
}
