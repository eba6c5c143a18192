package device_test

import (
	"errors"
	"math"
	"runtime"
	"testing"
	"time"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/raw"
	"hearth/vk/vktest"
)

func f32bits(v float32) uint32 { return math.Float32bits(v) }

func frames(t testing.TB, d *device.Device, n, ring int) *device.Frames {
	t.Helper()
	f, err := d.NewFrames(n, ring)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

func begin(t testing.TB, f *device.Frames) *device.Frame {
	t.Helper()
	fr, err := f.Begin()
	if err != nil {
		t.Fatal(err)
	}
	return fr
}

func submit(t testing.TB, fr *device.Frame) {
	t.Helper()
	if err := fr.Submit(vk.NullSemaphore, vk.NullSemaphore, 0); err != nil {
		t.Fatal(err)
	}
}

// What is deferred runs when all that could use it has been executed: not while a
// frame that was begun before is not submitted, and in order.
func TestDefer(t *testing.T) {
	d := vktest.Open(t)
	f := frames(t, d, 2, 0)
	var ran []string
	note := func(s string) func() { return func() { ran = append(ran, s) } }
	fr := begin(t, f)
	d.Defer(note("in a frame"))
	for range 3 { // other submissions do not make it due
		if err := d.Do(func(*raw.Stream) {}); err != nil {
			t.Fatal(err)
		}
	}
	if len(ran) > 0 {
		t.Fatalf("%v ran while its frame was recorded", ran)
	}
	submit(t, fr)
	d.Defer(func() {
		note("outer")()
		d.Defer(note("inner"))
	})
	if err := d.WaitIdle(); err != nil {
		t.Fatal(err)
	}
	if err := d.WaitIdle(); err != nil {
		t.Fatal(err)
	}
	if len(ran) != 3 || ran[0] != "in a frame" || ran[1] != "outer" || ran[2] != "inner" {
		t.Errorf("ran %v", ran)
	}
	fr = begin(t, f)
	d.Defer(note("abandoned"))
	fr.Abandon()
	if err := d.WaitIdle(); err != nil || ran[len(ran)-1] != "abandoned" {
		t.Errorf("%v after %v", ran, err)
	}
	if d.Garbage() != 0 {
		t.Errorf("%d left", d.Garbage())
	}
}

// A frame's memory is aligned, never overlaps, grows when it must, begins at the
// same place, and has an end.
func TestFrameMemory(t *testing.T) {
	d := vktest.Open(t)
	f := frames(t, d, 2, 1024)
	first := map[int]device.Slice{}
	for range 6 {
		fr := begin(t, f)
		type span struct {
			b    vk.Buffer
			from uint64
			to   uint64
		}
		var all []span
		for i, n := range []int{1, 100, 7, 5000, 64, 20000, 0, 3} {
			s, err := fr.Alloc(n, 0)
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				if was, ok := first[fr.Index]; ok && (was.Buffer != s.Buffer || was.Offset != s.Offset) {
					t.Error("the first piece moved")
				}
				first[fr.Index] = s
			}
			if s.Offset%16 != 0 || s.Offset%max(d.Limits.UniformAlign, 1) != 0 || len(s.Bytes) != n || cap(s.Bytes) != n {
				t.Fatalf("%d bytes at %d", len(s.Bytes), s.Offset)
			}
			for j := range s.Bytes {
				s.Bytes[j] = byte(j)
			}
			for _, o := range all {
				if o.b == s.Buffer && s.Offset < o.to && o.from < s.Offset+uint64(n) {
					t.Fatal("pieces overlap")
				}
			}
			all = append(all, span{s.Buffer, s.Offset, s.Offset + uint64(n)})
		}
		for _, n := range []int{-1, device.MaxFrameBytes + 1, math.MaxInt} {
			if _, err := fr.Alloc(n, 4); !errors.Is(err, device.ErrFrameMemory) {
				t.Errorf("%d bytes: %v", n, err)
			}
		}
		submit(t, fr)
	}
	for _, c := range [][2]int{{-1, 0}, {9, 0}, {2, -1}, {2, device.MaxFrameBytes + 1}} {
		if _, err := d.NewFrames(c[0], c[1]); err == nil {
			t.Errorf("%v frames", c)
		}
	}
}

// Frames are numbered, alternate between slots, and complain about misuse.
func TestFrameOrder(t *testing.T) {
	d := vktest.Open(t)
	f := frames(t, d, 3, 0)
	for i := range 7 {
		fr := begin(t, f)
		if fr.Number != uint64(i+1) || fr.Index != (i+1)%3 {
			t.Errorf("frame %d has number %d and slot %d", i, fr.Number, fr.Index)
		}
		if _, err := f.Begin(); err == nil {
			t.Error("two frames at once")
		}
		submit(t, fr)
		if err := fr.Submit(vk.NullSemaphore, vk.NullSemaphore, 0); err == nil {
			t.Error("submitted twice")
		}
	}
	fr := begin(t, f)
	fr.Stream.Push(nil, device.PushStages, 0, make([]byte, 3))
	if err := fr.Submit(vk.NullSemaphore, vk.NullSemaphore, 0); !errors.Is(err, raw.ErrStream) {
		t.Errorf("a stream with a mistake: %v", err)
	}
	submit(t, begin(t, f)) // and the next frame is fine
}

// Spans of a frame are read when its slot comes again, with their names.
func TestTimers(t *testing.T) {
	d := vktest.Open(t)
	a := vktest.Memory(t, d)
	b, err := a.NewBuffer(mem.BufferDesc{Size: 1 << 20, Usage: vk.BufferUsageTransferDstBit, Name: "work"})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	f := frames(t, d, 2, 0)
	tm, err := d.NewTimers(f, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer tm.Close()
	for i := range 5 {
		fr := begin(t, f)
		tm.Begin(fr)
		if got := tm.Spans(); i >= 2 && (len(got) != 2 || got[0].Name != "fill" || got[1].Name != "nothing" || got[0].Duration <= 0 || got[0].Duration > time.Minute) {
			t.Errorf("frame %d: %v", i, got)
		}
		s := tm.Start(fr.Stream, "fill")
		fr.Stream.FillBuffer(b.Handle, 0, b.Size, uint32(i))
		tm.End(fr.Stream, s)
		tm.End(fr.Stream, tm.Start(fr.Stream, "nothing"))
		tm.End(fr.Stream, tm.Start(fr.Stream, "one too many"))
		tm.Finish(fr.Stream)
		if i == 3 {
			fr.Abandon()
			continue
		}
		submit(t, fr)
	}
	if _, err := d.NewTimers(f, 0); err == nil {
		t.Error("timers without spans")
	}
}

// A device that is lost, by whichever call, says ErrLost from then on and can be
// closed; memory that ends is ErrMemory, and nothing is lost by it.
func TestFailingDevice(t *testing.T) {
	for _, call := range []string{"vkQueueSubmit2", "vkWaitSemaphores", "vkGetSemaphoreCounterValue"} {
		t.Run(call, func(t *testing.T) {
			d := vktest.Open(t)
			f := frames(t, d, 2, 0)
			ran := false
			a := mem.New(d, mem.Options{})
			b, err := a.NewBuffer(mem.BufferDesc{Size: 20 << 20, Usage: vk.BufferUsageTransferDstBit, Name: "lost with the device"})
			if err != nil {
				t.Fatal(err)
			}
			submit(t, begin(t, f))
			d.Defer(func() { ran = true })
			d.SetHook(func(c string, r vk.Result) vk.Result {
				if c == call {
					return vk.ErrorDeviceLost
				}
				return r
			})
			for range 4 {
				var fr *device.Frame
				if fr, err = f.Begin(); err != nil {
					break
				}
				if err = fr.Submit(vk.NullSemaphore, vk.NullSemaphore, 0); err != nil {
					break
				}
			}
			if !errors.Is(err, device.ErrLost) || !d.Lost() {
				t.Fatalf("%v", err)
			}
			d.SetHook(nil)
			if _, err := f.Begin(); !errors.Is(err, device.ErrLost) {
				t.Errorf("begin behind it: %v", err)
			}
			if err := d.Do(func(*raw.Stream) {}); !errors.Is(err, device.ErrLost) {
				t.Errorf("do behind it: %v", err)
			}
			b.Close()
			f.Close()
			if err := a.Close(); !errors.Is(err, device.ErrLost) || errors.As(err, new(*mem.LeakError)) {
				t.Errorf("close of the memory: %v", err)
			}
			if err := d.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
			if !ran {
				t.Error("what was deferred did not run")
			}
		})
	}
	t.Run("hang", func(t *testing.T) {
		d := vktest.Open(t)
		d.SetHook(func(c string, r vk.Result) vk.Result {
			if c == "vkWaitSemaphores" {
				return vk.Timeout
			}
			return r
		})
		if err := d.Do(func(*raw.Stream) {}); !errors.Is(err, device.ErrLost) || !d.Lost() {
			t.Errorf("%v", err)
		}
		d.SetHook(nil)
	})
	t.Run("memory", func(t *testing.T) {
		d := vktest.Open(t)
		a := vktest.Memory(t, d)
		f := frames(t, d, 2, 1024)
		// Only calls that make nothing are changed behind the fact: what really was made
		// would leak, and validation would say so.
		for _, code := range []vk.Result{vk.ErrorOutOfDeviceMemory, vk.ErrorOutOfHostMemory} {
			answers := func(call string) func(string, vk.Result) vk.Result {
				return func(c string, r vk.Result) vk.Result {
					if c == call {
						return code
					}
					return r
				}
			}
			d.SetHook(answers("vkBindBufferMemory"))
			if _, err := a.NewBuffer(mem.BufferDesc{Size: 100, Usage: vk.BufferUsageTransferDstBit, Name: "b"}); !errors.Is(err, device.ErrMemory) {
				t.Errorf("buffer: %v", err)
			}
			d.SetHook(answers("vkBindImageMemory"))
			if _, err := a.NewImage(mem.ImageDesc{Width: 4, Height: 4, Format: vk.FormatR8g8b8a8Unorm, Usage: vk.ImageUsageSampledBit, Name: "i"}); !errors.Is(err, device.ErrMemory) {
				t.Errorf("image: %v", err)
			}
			d.SetHook(nil)
		}
		if d.Lost() {
			t.Error("lost for want of memory")
		}
		submit(t, begin(t, f))
	})
}

// A steady frame allocates nothing.
func TestFrameAllocatesNothing(t *testing.T) {
	d := vktest.Open(t, func(o *device.Options) { o.Validate = false })
	f := frames(t, d, 2, 0)
	a := vktest.Memory(t, d)
	b, err := a.NewBuffer(mem.BufferDesc{Size: 4096, Usage: vk.BufferUsageTransferDstBit, Name: "work"})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	run := func() {
		fr := begin(t, f)
		if _, err := fr.Alloc(1000, 0); err != nil {
			t.Fatal(err)
		}
		for i := range 50 {
			fr.Stream.FillBuffer(b.Handle, uint64(64*i), 64, uint32(i))
		}
		submit(t, fr)
	}
	for range 10 {
		run()
	}
	if n := testing.AllocsPerRun(100, run); n > 0 {
		t.Errorf("%v allocations in a frame", n)
	}
}

// Frames under a garbage collector that runs all the time stay what they are:
// nothing of Go's is handed to the driver that could be freed or moved.
func TestGarbageCollector(t *testing.T) {
	d := vktest.Open(t)
	a := vktest.Memory(t, d)
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		var keep [64][]byte
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				keep[i%64] = make([]byte, 1<<10+i%4096)
				if i%512 == 0 {
					runtime.GC()
				}
			}
		}
	}()
	defer func() { close(stop); <-done }()
	f := frames(t, d, 2, 0)
	l, err := d.SetLayout([]device.Binding{{Type: vk.DescriptorTypeStorageBuffer, Stages: vk.ShaderStageComputeBit}})
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(700 * time.Millisecond); time.Now().Before(end); {
		b, err := a.NewBuffer(mem.BufferDesc{Size: 256, Usage: vk.BufferUsageTransferDstBit | vk.BufferUsageTransferSrcBit | vk.BufferUsageStorageBufferBit, Name: "short lived"})
		if err != nil {
			t.Fatal(err)
		}
		i, err := a.NewImage(mem.ImageDesc{Width: 8, Height: 8, Format: vk.FormatR8g8b8a8Unorm, Usage: vk.ImageUsageTransferDstBit | vk.ImageUsageSampledBit, Name: "short lived"})
		if err != nil {
			t.Fatal(err)
		}
		sets, err := l.NewSets(2)
		if err != nil {
			t.Fatal(err)
		}
		d.WriteSet(sets[0], []device.Write{{Type: vk.DescriptorTypeStorageBuffer, Buffer: b.Handle}})
		fr := begin(t, f)
		fr.Stream.Barriers([]raw.ImageBarrier{{Image: i.Handle, New: vk.ImageLayoutTransferDstOptimal, DstStage: raw.StageTransfer, DstAccess: raw.AccessTransferWrite}}, nil, nil)
		fr.Stream.FillBuffer(b.Handle, 0, 256, 7)
		fr.Stream.Barriers(nil, []raw.BufferBarrier{{Buffer: b.Handle, SrcStage: raw.StageTransfer, SrcAccess: raw.AccessTransferWrite, DstStage: raw.StageTransfer, DstAccess: raw.AccessTransferRead}}, nil)
		fr.Stream.CopyBufferToImage(b.Handle, raw.BufferLayout{}, i.Handle, vk.ImageLayoutTransferDstOptimal, raw.Region{Width: 8, Height: 8})
		submit(t, fr)
		b.Close()
		i.Close()
		l.FreeSets(sets...)
	}
}

func BenchmarkFrame(b *testing.B) {
	d := vktest.Open(b, func(o *device.Options) { o.Validate = false })
	f := frames(b, d, 2, 0)
	b.ReportAllocs()
	for b.Loop() {
		submit(b, begin(b, f))
	}
}
