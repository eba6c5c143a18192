package res

import (
	"slices"
	"testing"
	"time"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/raw"
	"hearth/vk/vktest"
)

// side of the textures, in texels: 4 MiB each, and a third more for the mip chain.
const side = 1024

// BenchmarkUpload draws frames while 100 MB of textures with mip chains arrive: how
// much longer the longest frame is than the median of all, and than one that copies
// nothing. A frame here clears and copies pictures of 1280 x 720, and is waited for.
func BenchmarkUpload(b *testing.B) {
	d := vktest.Open(b, func(o *device.Options) { o.Validate = false })
	a := vktest.Memory(b, d)
	var pngs [][]byte
	for i := range 25 {
		pngs = append(pngs, picture(b, side, side, byte(i)))
	}
	w := newWork(b, a)
	var longest, median, alone time.Duration
	for b.Loop() {
		x := newBench(b, d, a, Options{})
		frame := func() time.Duration {
			start := time.Now()
			fr, err := x.frames.Begin()
			if err != nil {
				b.Fatal(err)
			}
			if err := x.r.Record(fr); err != nil {
				b.Fatal(err)
			}
			w.record(fr.Stream)
			if err := fr.Submit(vk.NullSemaphore, vk.NullSemaphore, 0); err != nil {
				b.Fatal(err)
			}
			if err := d.Wait(fr.Done()); err != nil {
				b.Fatal(err)
			}
			return time.Since(start)
		}
		var quiet, all []time.Duration
		for range 20 {
			quiet = append(quiet, frame())
		}
		var refs []*TextureRef
		for _, p := range pngs {
			refs = append(refs, x.r.Texture(x.shelf.put(p), TextureOptions{}))
		}
		for x.r.Stats().Queued < 25*side*side*4 { // decoding would compete for the same processors
			time.Sleep(time.Millisecond)
		}
		for slices.ContainsFunc(refs, func(r *TextureRef) bool { return r.State() == Pending }) {
			all = append(all, frame())
		}
		slices.Sort(quiet)
		slices.Sort(all)
		alone, median, longest = quiet[len(quiet)/2], all[len(all)/2], all[len(all)-1]
		for _, r := range refs {
			r.Release()
		}
	}
	b.ReportMetric(float64(alone.Microseconds())/1000, "ms-alone")
	b.ReportMetric(float64(median.Microseconds())/1000, "ms-median")
	b.ReportMetric(float64(longest.Microseconds())/1000, "ms-longest")
	b.ReportMetric(float64(longest)/float64(median), "longest/median")
}

// work is what a frame does besides.
type work struct {
	a, b *mem.Image
	init bool
}

func newWork(t testing.TB, a *mem.Allocator) *work {
	t.Helper()
	w := &work{}
	for _, i := range []**mem.Image{&w.a, &w.b} {
		x, err := a.NewImage(mem.ImageDesc{Width: 1280, Height: 720, Format: vk.FormatR16g16b16a16Sfloat, Name: "work",
			Usage: vk.ImageUsageTransferDstBit | vk.ImageUsageTransferSrcBit})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(x.Close)
		*i = x
	}
	return w
}

func (w *work) record(s *raw.Stream) {
	g := vk.ImageLayoutGeneral
	if !w.init {
		w.init = true
		s.Barriers([]raw.ImageBarrier{{Image: w.a.Handle, New: g, DstStage: raw.StageAll, DstAccess: raw.AccessMemoryWrite},
			{Image: w.b.Handle, New: g, DstStage: raw.StageAll, DstAccess: raw.AccessMemoryWrite}}, nil, nil)
	}
	m := []raw.MemoryBarrier{{SrcStage: raw.StageAll, SrcAccess: raw.AccessMemoryWrite, DstStage: raw.StageAll, DstAccess: raw.AccessMemoryRead | raw.AccessMemoryWrite}}
	full := raw.Region{Width: 1280, Height: 720}
	s.Barriers(nil, nil, m)
	s.ClearColorImage(w.a.Handle, g, [4]float32{1, 2, 3, 4})
	s.Barriers(nil, nil, m)
	s.BlitImage(w.a.Handle, g, full, w.b.Handle, g, raw.Region{Width: 640, Height: 360}, vk.FilterLinear)
}

// BenchmarkRecordIdle is what Record costs where nothing is to be copied.
func BenchmarkRecordIdle(b *testing.B) {
	d := vktest.Open(b, func(o *device.Options) { o.Validate = false })
	x := newBench(b, d, vktest.Memory(b, d), Options{})
	fr, err := x.frames.Begin()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := x.r.Record(fr); err != nil {
			b.Fatal(err)
		}
	}
}
