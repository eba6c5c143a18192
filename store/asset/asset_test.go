package asset

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"hearth/lumps"
	"hearth/store"
	"hearth/store/mem"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ctx = context.Background()

func put(t testing.TB, s store.Store, b []byte) lumps.CID {
	t.Helper()
	l, err := store.PutLump(ctx, s, bytes.NewReader(b), store.KindFile)
	if err != nil {
		t.Fatal(err)
	}
	return l.CID
}

// text is the simplest asset: the bytes. It knows whether it was closed.
type text struct {
	s      string
	closed atomic.Int32
}

// texts registers a loader of *text that counts.
func texts(c *Cache) (loads *atomic.Int32) {
	loads = new(atomic.Int32)
	Register(c, "text", Loader[*text]{
		Load: func(_ context.Context, _ lumps.CID, r Content) (*text, int64, error) {
			loads.Add(1)
			b, err := io.ReadAll(r)
			return &text{s: string(b)}, int64(len(b)), err
		},
		Close: func(t *text) { t.closed.Add(1) },
	})
	return loads
}

func load(t testing.TB, c *Cache, cid lumps.CID) *Ref[*text] {
	t.Helper()
	r, err := Load[*text](ctx, c, cid)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Loaders of several types, of a large lump, and of one made from others.
func TestRealLoaders(t *testing.T) {
	s := mem.New()
	c := New(FromBlocks(s), Options{})
	defer c.Close()
	Register(c, "image", Loader[image.Image]{Load: func(_ context.Context, _ lumps.CID, r Content) (image.Image, int64, error) {
		img, err := png.Decode(r)
		if err != nil {
			return nil, 0, err
		}
		return img, int64(img.Bounds().Dx() * img.Bounds().Dy() * 4), nil
	}})
	type material struct {
		Name    string
		texture *Ref[image.Image]
	}
	Register(c, "material", Loader[*material]{
		Load: func(ctx context.Context, _ lumps.CID, r Content) (*material, int64, error) {
			var doc struct {
				Name    string
				Texture lumps.CID
			}
			if err := json.NewDecoder(r).Decode(&doc); err != nil {
				return nil, 0, err
			}
			tex, err := Load[image.Image](ctx, c, doc.Texture)
			return &material{doc.Name, tex}, 100, err
		},
		Close: func(m *material) { m.texture.Release() },
	})
	img := image.NewNRGBA(image.Rect(0, 0, 300, 300))
	for i := range img.Pix {
		img.Pix[i] = byte(rand.Uint32())
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		t.Fatal(err)
	}
	if buf.Len() < lumps.MinChunk {
		t.Fatal("the image is not a lump of many blocks")
	}
	texture := put(t, s, buf.Bytes())
	stone := put(t, s, fmt.Appendf(nil, `{"Name":"stone","Texture":%q}`, texture))
	m, err := Load[*material](ctx, c, stone)
	if err != nil {
		t.Fatal(err)
	}
	got, ok := m.Value().texture.Value().(*image.NRGBA)
	if !ok || !bytes.Equal(got.Pix, img.Pix) || m.Value().Name != "stone" || m.CID() != stone {
		t.Errorf("the material is %+v", m.Value())
	}
	if st := c.Stats(); st.Held != 2 || st.HeldCost != 100+300*300*4 {
		t.Errorf("%+v", st)
	}
	m.Release()
	c.Trim() // the material; its texture is idle from then on
	c.Trim()
	if st := c.Stats(); st.Held+st.Idle != 0 || st.HeldCost+st.IdleCost != 0 || st.Reaped != 2 {
		t.Errorf("%+v", st)
	}
	// The same bytes as another type, for which they are wrong.
	var le *LoadError
	if _, err := Load[image.Image](ctx, c, stone); !errors.As(err, &le) || le.Type != "image" || le.CID != stone {
		t.Errorf("text as image: %v", err)
	}
	if _, err := Load[*text](ctx, c, stone); !errors.Is(err, ErrNoLoader) {
		t.Errorf("a type without loader: %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a second loader of a type was taken")
		}
	}()
	Register(c, "again", Loader[image.Image]{})
}

// However many ask at once, the loader runs once and all get the same value.
func TestLoadsAreShared(t *testing.T) {
	s := mem.New()
	c := New(FromBlocks(s), Options{})
	defer c.Close()
	gate := make(chan struct{})
	var loads atomic.Int32
	Register(c, "slow", Loader[*text]{Load: func(context.Context, lumps.CID, Content) (*text, int64, error) {
		loads.Add(1)
		<-gate
		return &text{}, 1, nil
	}})
	cid := put(t, s, []byte("x"))
	refs := make([]*Ref[*text], 50)
	var wg sync.WaitGroup
	for i := range refs {
		wg.Go(func() { refs[i] = load(t, c, cid) })
	}
	for c.Stats().Hits < int64(len(refs)-1) {
		time.Sleep(time.Millisecond)
	}
	close(gate)
	wg.Wait()
	for _, r := range refs {
		if r.Value() != refs[0].Value() {
			t.Error("two values of one asset")
		}
	}
	if n := loads.Load(); n != 1 {
		t.Errorf("the loader ran %d times", n)
	}
	for _, r := range refs {
		r.Release()
	}
	if st := c.Stats(); st.Held != 0 || st.Idle != 1 {
		t.Errorf("%+v", st)
	}
}

func TestErrorsAreNotKept(t *testing.T) {
	s := mem.New()
	c := New(FromBlocks(s), Options{})
	defer c.Close()
	loads := texts(c)
	b := []byte("late")
	cid := lumps.Sum(lumps.Raw, b)
	if _, err := Load[*text](ctx, c, cid); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a missing lump: %v", err)
	}
	put(t, s, b)
	r := load(t, c, cid)
	if r.Value().s != "late" || loads.Load() != 1 {
		t.Errorf("%q after %d loads", r.Value().s, loads.Load())
	}
	r.Release()
	Register(c, "bad", Loader[int]{MaxSize: 4, Load: func(_ context.Context, _ lumps.CID, r Content) (int, int64, error) {
		if r.Size() == 3 {
			panic("three")
		}
		return 0, 0, io.ErrUnexpectedEOF
	}})
	for in, want := range map[string]error{"aaa": ErrPanic, "aaaa": io.ErrUnexpectedEOF, "aaaaa": store.ErrTooLarge} {
		if _, err := Load[int](ctx, c, put(t, s, []byte(in))); !errors.Is(err, want) {
			t.Errorf("%s: %v", in, err)
		}
	}
	if st := c.Stats(); st.Failed != 4 || st.Held != 0 {
		t.Errorf("%+v", st)
	}
}

func TestCycle(t *testing.T) {
	s := mem.New()
	c := New(FromBlocks(s), Options{})
	defer c.Close()
	Register(c, "self", Loader[int]{Load: func(ctx context.Context, cid lumps.CID, _ Content) (int, int64, error) {
		_, err := Load[int](ctx, c, cid)
		return 0, 0, err
	}})
	if _, err := Load[int](ctx, c, put(t, s, []byte("x"))); !errors.Is(err, ErrCycle) {
		t.Errorf("%v", err)
	}
}

// An asset that is made from others does not wait for a slot that it holds.
func TestNestedLoadsDoNotStarve(t *testing.T) {
	s := mem.New()
	c := New(FromBlocks(s), Options{Parallel: 1})
	defer c.Close()
	texts(c)
	leaf := put(t, s, []byte("leaf"))
	Register(c, "outer", Loader[string]{Load: func(ctx context.Context, _ lumps.CID, _ Content) (string, int64, error) {
		r, err := Load[*text](ctx, c, leaf)
		if err != nil {
			return "", 0, err
		}
		defer r.Release()
		return r.Value().s, 1, nil
	}})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			r, err := Load[string](ctx, c, put(t, s, fmt.Append(nil, i)))
			if err != nil {
				t.Error(err)
				return
			}
			r.Release()
		})
	}
	wg.Wait()
}

// missing is a source that has some lumps, and for others waits for ever.
type missing struct {
	Source
	never lumps.CID
}

func (m missing) Open(ctx context.Context, c lumps.CID) (Content, error) {
	if c == m.never {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return m.Source.Open(ctx, c)
}

// A lump that never arrives, and an asset that waits for it, keep no other from being
// made.
func TestLumpsThatNeverArriveHoldUpNobody(t *testing.T) {
	s := mem.New()
	never := lumps.Sum(lumps.Raw, []byte("never"))
	c := New(missing{FromBlocks(s), never}, Options{Parallel: 1})
	texts(c)
	Register(c, "outer", Loader[string]{Load: func(ctx context.Context, _ lumps.CID, _ Content) (string, int64, error) {
		_, err := Load[*text](ctx, c, never)
		return "", 0, err
	}})
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			if _, err := Load[string](ctx, c, put(t, s, fmt.Append(nil, "outer", i))); err == nil {
				t.Error("it was made of nothing")
			}
		})
	}
	wg.Go(func() { Load[*text](ctx, c, never) })
	for i := range 4 {
		r, err := Load[*text](ctx, c, put(t, s, fmt.Append(nil, i)))
		if err != nil {
			t.Fatal(err)
		}
		r.Release()
	}
	c.Close()
	wg.Wait()
	if n := len(c.slots); n != 0 {
		t.Errorf("%d slots are held", n)
	}
}

// Beyond the budget the asset goes that was let go longest ago, and none before
// its grace is over.
func TestReaping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := mem.New()
		c := New(FromBlocks(s), Options{Budget: 250, Grace: 10 * time.Second})
		defer c.Close()
		loads := texts(c)
		var cids []lumps.CID
		var vals []*text
		for i := range 5 {
			cids = append(cids, put(t, s, bytes.Repeat([]byte{byte('a' + i)}, 100)))
			r := load(t, c, cids[i])
			vals = append(vals, r.Value())
			r.Release()
			time.Sleep(time.Second)
		}
		closed := func() (n int) {
			for _, v := range vals {
				n += int(v.closed.Load())
			}
			return n
		}
		if st := c.Stats(); st.Idle != 5 || st.IdleCost != 500 || closed() != 0 {
			t.Errorf("within the grace: %+v, %d closed", st, closed())
		}
		load(t, c, cids[0]).Release() // the oldest is the newest now
		if loads.Load() != 5 {
			t.Errorf("%d loads", loads.Load())
		}
		held := load(t, c, cids[1]) // and this one stays
		time.Sleep(time.Minute)
		synctest.Wait()
		if st := c.Stats(); st.Idle != 2 || st.IdleCost != 200 || st.Held != 1 || st.HeldCost != 100 {
			t.Errorf("after the grace: %+v", st)
		}
		for i, v := range vals {
			if want := i == 2 || i == 3; (v.closed.Load() == 1) != want {
				t.Errorf("asset %d: closed %d times", i, v.closed.Load())
			}
		}
		held.Release()
		held.Release() // counts once
		time.Sleep(time.Minute)
		synctest.Wait()
		if st := c.Stats(); st.Idle != 2 || st.Held != 0 || closed() != 3 {
			t.Errorf("at the end: %+v, %d closed", st, closed())
		}
		c.Trim()
		if closed() != 5 {
			t.Errorf("%d closed after Trim", closed())
		}
	})
}

func TestNoBudget(t *testing.T) {
	s := mem.New()
	c := New(FromBlocks(s), Options{Budget: -1, Grace: -1})
	defer c.Close()
	texts(c)
	r := load(t, c, put(t, s, nil)) // costs nothing, and goes all the same
	v, other := r.Value(), r.Clone()
	r.Release()
	if v.closed.Load() != 0 || other.Value() != v {
		t.Error("closed while it was held")
	}
	other.Release()
	if v.closed.Load() != 1 {
		t.Error("kept without a budget")
	}
	defer func() {
		if recover() == nil {
			t.Error("a released reference gave a value")
		}
	}()
	r.Value()
}

// blocking is a source that gives nothing until its context ends.
type blocking struct{ opened, ended atomic.Int32 }

func (b *blocking) Open(ctx context.Context, _ lumps.CID) (Content, error) {
	b.opened.Add(1)
	<-ctx.Done()
	b.ended.Add(1)
	return nil, ctx.Err()
}

// When the last who waits gives up, so does the load; who asks then begins anew.
func TestGivingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &blocking{}
		c := New(src, Options{Parallel: 1})
		texts(c)
		cid := lumps.Sum(lumps.Raw, nil)
		one, cancel1 := context.WithCancel(ctx)
		two, cancel2 := context.WithCancel(ctx)
		var wg sync.WaitGroup
		for _, ctx := range []context.Context{one, two} {
			wg.Go(func() {
				if _, err := Load[*text](ctx, c, cid); !errors.Is(err, context.Canceled) {
					t.Errorf("given up: %v", err)
				}
			})
		}
		synctest.Wait()
		cancel1()
		synctest.Wait()
		if src.opened.Load() != 1 || src.ended.Load() != 0 {
			t.Errorf("one of two gave up: %d opened, %d ended", src.opened.Load(), src.ended.Load())
		}
		cancel2()
		wg.Wait()
		synctest.Wait()
		if src.ended.Load() != 1 || c.Stats().Held != 0 {
			t.Errorf("both gave up: %d ended", src.ended.Load())
		}
		wg.Go(func() {
			if _, err := Load[*text](ctx, c, cid); !errors.Is(err, ErrClosed) {
				t.Errorf("closed while waiting: %v", err)
			}
		})
		synctest.Wait()
		if src.opened.Load() != 2 {
			t.Error("who asked later got the load that was given up")
		}
		c.Close()
		wg.Wait()
		if _, err := Load[*text](ctx, c, cid); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestHeldBeyondClose(t *testing.T) {
	s := mem.New()
	c := New(FromBlocks(s), Options{})
	texts(c)
	a, b := load(t, c, put(t, s, []byte("a"))), load(t, c, put(t, s, []byte("b")))
	va, vb := a.Value(), b.Value()
	b.Release()
	c.Close()
	if va.closed.Load() != 0 || vb.closed.Load() != 1 {
		t.Errorf("closed %d, %d times", va.closed.Load(), vb.closed.Load())
	}
	a.Release()
	if va.closed.Load() != 1 {
		t.Error("not closed with its last reference")
	}
}

// Many goroutines load, hold, clone and release under a small budget: nobody
// sees a closed value, and at the end each value was closed exactly once.
func TestHammer(t *testing.T) {
	s := mem.New()
	c := New(FromBlocks(s), Options{Budget: 300, Grace: -1, Parallel: 3})
	var mu sync.Mutex
	var all []*text
	Register(c, "text", Loader[*text]{
		Load: func(_ context.Context, _ lumps.CID, r Content) (*text, int64, error) {
			if rand.IntN(20) == 0 {
				return nil, 0, io.ErrUnexpectedEOF
			}
			v := &text{}
			mu.Lock()
			all = append(all, v)
			mu.Unlock()
			return v, 100, nil
		},
		Close: func(v *text) { v.closed.Add(1) },
	})
	var cids []lumps.CID
	for i := range 12 {
		cids = append(cids, put(t, s, fmt.Append(nil, i)))
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				ctx, cancel := context.WithCancel(ctx)
				if rand.IntN(10) == 0 {
					go cancel()
				}
				r, err := Load[*text](ctx, c, cids[rand.IntN(len(cids))])
				cancel()
				if err != nil {
					if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
					continue
				}
				o := r.Clone()
				r.Release()
				if o.Value().closed.Load() != 0 {
					t.Error("a held value was closed")
				}
				o.Release()
			}
		})
	}
	wg.Wait()
	if st := c.Stats(); st.Held != 0 || st.HeldCost != 0 || st.IdleCost > 300 || st.IdleCost != int64(st.Idle)*100 {
		t.Errorf("%+v", st)
	}
	c.Close()
	for _, v := range all {
		if n := v.closed.Load(); n != 1 {
			t.Fatalf("a value was closed %d times", n)
		}
	}
	if len(c.entries) != 0 {
		t.Errorf("%d entries are left", len(c.entries))
	}
}

func BenchmarkHit(b *testing.B) {
	s := mem.New()
	c := New(FromBlocks(s), Options{})
	defer c.Close()
	texts(c)
	cid := put(b, s, []byte("x"))
	defer load(b, c, cid).Release()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, err := Load[*text](ctx, c, cid)
			if err != nil {
				b.Fatal(err)
			}
			r.Release()
		}
	})
}
