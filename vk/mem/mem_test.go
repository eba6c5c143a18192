package mem_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	vk "github.com/vulkan-go/vulkan"
	"go.uber.org/goleak"

	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/raw"
	"hearth/vk/vktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const copies = vk.BufferUsageTransferSrcBit | vk.BufferUsageTransferDstBit

func buffer(t testing.TB, a *mem.Allocator, n uint64, m mem.Memory) *mem.Buffer {
	t.Helper()
	b, err := a.NewBuffer(mem.BufferDesc{Size: n, Usage: copies, Memory: m, Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What is written to one of many buffers is in that buffer and no other.
func TestBuffersAreApart(t *testing.T) {
	d := vktest.Open(t)
	a := vktest.Memory(t, d)
	rnd := rand.New(rand.NewPCG(3, 4))
	var all []*mem.Buffer
	for i := range 200 {
		all = append(all, buffer(t, a, uint64(4*(1+rnd.IntN(20_000))), mem.Upload))
		for j := range all[i].Bytes {
			all[i].Bytes[j] = byte(i)
		}
		if i%3 == 2 {
			k := rnd.IntN(len(all))
			all[k].Close()
			all[k].Close() // twice does nothing
			all[k] = buffer(t, a, 4096, mem.Upload)
			for j := range all[k].Bytes {
				all[k].Bytes[j] = byte(k)
			}
		}
	}
	for i, b := range all {
		for _, v := range b.Bytes {
			if v != byte(i) {
				t.Fatalf("buffer %d holds %d", i, v)
			}
		}
		b.Close()
	}
	if err := d.WaitIdle(); err != nil {
		t.Fatal(err)
	}
	if s := a.Stats(); s.Buffers != 0 || s.Used != 0 || s.Peak == 0 {
		t.Errorf("%+v after all is closed", s)
	}
	(*mem.Buffer)(nil).Close()
	(*mem.Image)(nil).Close()
}

// Copies go through all kinds of memory and come back.
func TestKindsOfMemory(t *testing.T) {
	d := vktest.Open(t)
	a := vktest.Memory(t, d)
	up, local, back := buffer(t, a, 1<<16, mem.Upload), buffer(t, a, 1<<16, mem.DeviceLocal), buffer(t, a, 1<<16, mem.Readback)
	defer up.Close()
	defer local.Close()
	defer back.Close()
	for i := range up.Bytes {
		up.Bytes[i] = byte(i * 7)
	}
	read := []raw.MemoryBarrier{{SrcStage: raw.StageCopy, SrcAccess: raw.AccessTransferWrite, DstStage: raw.StageCopy | raw.StageHost, DstAccess: raw.AccessTransferRead | raw.AccessHostRead}}
	if err := d.Do(func(s *raw.Stream) {
		s.CopyBuffer(up.Handle, 0, local.Handle, 0, 1<<16)
		s.Barriers(nil, nil, read)
		s.CopyBuffer(local.Handle, 0, back.Handle, 0, 1<<16)
		s.Barriers(nil, nil, read)
	}); err != nil {
		t.Fatal(err)
	}
	if string(up.Bytes) != string(back.Bytes) {
		t.Error("something else came back")
	}
}

// A buffer is destroyed behind the frame that uses it, not before.
func TestCloseBehindFrames(t *testing.T) {
	d := vktest.Open(t)
	a := vktest.Memory(t, d)
	f, err := d.NewFrames(2, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range 5 {
		fr, err := f.Begin()
		if err != nil {
			t.Fatal(err)
		}
		b := buffer(t, a, 64, mem.DeviceLocal)
		fr.Stream.FillBuffer(b.Handle, 0, 64, 1)
		b.Close() // validation would say if it were gone when the frame is submitted
		if err := fr.Submit(vk.NullSemaphore, vk.NullSemaphore, 0); err != nil {
			t.Fatal(err)
		}
	}
}

// Where the budget ends, ErrMemory names what did not fit; what is freed is used.
func TestBudget(t *testing.T) {
	d := vktest.Open(t)
	a := mem.New(d, mem.Options{Budget: 40 << 20})
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	one := buffer(t, a, 20<<20, mem.DeviceLocal)
	_, err := a.NewBuffer(mem.BufferDesc{Size: 30 << 20, Usage: copies, Name: "the straw"})
	var e *mem.ExhaustedError
	if !errors.Is(err, mem.ErrMemory) || !errors.Is(err, device.ErrMemory) || !errors.As(err, &e) || e.Size < 30<<20 || e.Free != 20<<20 || !strings.Contains(err.Error(), "the straw") {
		t.Errorf("%v", err)
	}
	if _, err := a.NewImage(mem.ImageDesc{Width: 4096, Height: 4096, Format: vk.FormatR8g8b8a8Unorm, Usage: vk.ImageUsageSampledBit, Name: "wall"}); !errors.Is(err, mem.ErrMemory) {
		t.Errorf("%v", err)
	}
	var small []*mem.Buffer
	for {
		b, err := a.NewBuffer(mem.BufferDesc{Size: 1 << 20, Usage: copies, Name: "small"})
		if err != nil {
			if !errors.Is(err, mem.ErrMemory) {
				t.Error(err)
			}
			break
		}
		small = append(small, b)
	}
	if len(small) < 17 || len(small) > 20 {
		t.Errorf("%d MB fit where 20 are free", len(small))
	}
	if s := a.Stats(); s.Allocated > 40<<20 || s.Budget != 40<<20 {
		t.Errorf("%+v", s)
	}
	one.Close()
	for _, b := range small {
		b.Close()
	}
	if err := d.WaitIdle(); err != nil {
		t.Fatal(err)
	}
	buffer(t, a, 39<<20, mem.DeviceLocal).Close()
}

// Where the driver itself has no memory left, that is ErrMemory too, and what is
// there stays.
func TestDriverExhausted(t *testing.T) {
	d := vktest.Open(t, func(o *device.Options) { o.Validate = false }) // which knows that this is too large
	for i := range d.Memory.MemoryHeapCount {
		d.Memory.MemoryHeaps[i].Size = 1 << 60 // so that only the driver refuses
	}
	a := vktest.Memory(t, d)
	one := buffer(t, a, 1<<20, mem.Upload)
	defer one.Close()
	one.Bytes[7] = 7
	_, err := a.NewBuffer(mem.BufferDesc{Size: 1 << 47, Usage: copies, Name: "everything"})
	if !errors.Is(err, mem.ErrMemory) || !strings.Contains(err.Error(), "everything") {
		t.Errorf("%v", err)
	}
	if one.Bytes[7] != 7 || a.Stats().Buffers != 1 {
		t.Error("another buffer suffered")
	}
	buffer(t, a, 1<<20, mem.Upload).Close()
}

// Sizes that cannot be are refused before Vulkan sees them.
func TestRefused(t *testing.T) {
	d := vktest.Open(t)
	a := vktest.Memory(t, d)
	for _, n := range []uint64{0, 1 << 60} {
		if _, err := a.NewBuffer(mem.BufferDesc{Size: n, Usage: copies, Name: "b"}); !errors.Is(err, mem.ErrSize) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	const u = vk.ImageUsageSampledBit
	for _, i := range []mem.ImageDesc{
		{Width: 0, Height: 1}, {Width: 1, Height: 0}, {Width: d.Limits.MaxImage2D + 1, Height: 1}, {Width: 4, Height: 4, Levels: 4},
		{Width: 4, Height: 4, Layers: 7, Cube: true}, {Width: 4, Height: 8, Layers: 6, Cube: true}, {Width: 4, Height: 4, Layers: d.Limits.MaxImageLayers + 1},
		{Width: 4, Height: 4, Samples: 64},
	} {
		i.Format, i.Usage, i.Name = vk.FormatR8g8b8a8Unorm, u, "i"
		if x, err := a.NewImage(i); !errors.Is(err, mem.ErrSize) {
			t.Errorf("%+v: %v", i, err)
			x.Close()
		}
	}
	i, err := a.NewImage(mem.ImageDesc{Width: 8, Height: 8, Levels: 4, Layers: 6, Cube: true, Format: vk.FormatR8g8b8a8Unorm, Usage: u, Name: "cube"})
	if err != nil {
		t.Fatal(err)
	}
	v, err := i.LayerView(3, 5)
	if err != nil {
		t.Fatal(err)
	}
	if w, _ := i.LayerView(3, 5); w != v {
		t.Error("a view was made twice")
	}
	for _, x := range [][2]uint32{{4, 0}, {0, 6}} {
		if _, err := i.LayerView(x[0], x[1]); err == nil {
			t.Errorf("a view of %v", x)
		}
	}
	i.Close()
	i.Close()
	if _, err := i.LayerView(0, 0); !errors.Is(err, mem.ErrClosed) {
		t.Errorf("a view of what is closed: %v", err)
	}
}

// An allocator that is closed names what was not, and makes nothing more.
func TestLeak(t *testing.T) {
	d, _ := vktest.OpenLog(t)
	a := mem.New(d, mem.Options{})
	b := buffer(t, a, 20<<20, mem.DeviceLocal)
	h := b.Handle
	var leak *mem.LeakError
	if err := a.Close(); !errors.As(err, &leak) || len(leak.Names) != 1 || leak.Names[0] != "test" {
		t.Errorf("%v", err)
	}
	if _, err := a.NewBuffer(mem.BufferDesc{Size: 1, Usage: copies}); !errors.Is(err, mem.ErrClosed) {
		t.Errorf("%v", err)
	}
	vk.DestroyBuffer(d.Handle, h, nil)
}

// What is given back behind the allocator's end is not freed twice.
func TestCloseInFrame(t *testing.T) {
	d, log := vktest.OpenLog(t)
	a := mem.New(d, mem.Options{})
	f, err := d.NewFrames(1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Begin(); err != nil {
		t.Fatal(err)
	}
	large, small := buffer(t, a, 20<<20, mem.DeviceLocal), buffer(t, a, 64, mem.DeviceLocal)
	large.Close()
	small.Close()
	if err := a.Close(); !errors.As(err, new(*mem.LeakError)) { // they wait for the frame
		t.Errorf("%v", err)
	}
	f.Close()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if log.Has("double") || log.Has("vkFreeMemory") || log.Has("not been destroyed") {
		t.Errorf("validation: %s", log)
	}
}

// Many goroutines make and close at the same time.
func TestConcurrent(t *testing.T) {
	d := vktest.Open(t)
	a := vktest.Memory(t, d)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(g), 1))
			for range 50 {
				b, err := a.NewBuffer(mem.BufferDesc{Size: uint64(4 + rnd.IntN(100_000)), Usage: copies, Memory: mem.Upload, Name: "b"})
				if err != nil {
					t.Error(err)
					return
				}
				b.Bytes[0] = byte(g)
				i, err := a.NewImage(mem.ImageDesc{Width: 16, Height: 16, Format: vk.FormatR8g8b8a8Unorm, Usage: vk.ImageUsageSampledBit, Name: "i"})
				if err != nil {
					t.Error(err)
					return
				}
				if b.Bytes[0] != byte(g) {
					t.Error("another wrote here")
				}
				b.Close()
				i.Close()
				if err := d.Collect(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkNewBuffer(b *testing.B) {
	d := vktest.Open(b, func(o *device.Options) { o.Validate = false })
	a := vktest.Memory(b, d)
	b.ReportAllocs()
	for b.Loop() {
		x := buffer(b, a, 65536, mem.DeviceLocal)
		x.Close()
		if err := d.Collect(); err != nil {
			b.Fatal(err)
		}
	}
}
