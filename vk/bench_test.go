package vk

import (
	"image"
	goruntime "runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"
	vulkan "github.com/vulkan-go/vulkan"
	"golang.org/x/sys/unix"

	"hearth/lumps"
	"hearth/vk/device"
	"hearth/vk/draw"
	"hearth/vk/graph"
	"hearth/vk/raw"
	"hearth/vk/scene"
)

// processor is the time that all threads of this process have computed: what counts
// where the device is a program, and whatever else the machine does.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func unwatched(o *Options) { o.Device.Validate = false }

// benchStage is a stage without validation and MSAA, with a picture of 1280x720.
func benchStage(b *testing.B, set ...func(*Options)) (*stage, *Offscreen) {
	b.Helper()
	s := newStage(b, device.ProfileBound, append([]func(*Options){unwatched, func(o *Options) { o.Samples = 1 }}, set...)...)
	s.sun()
	off, err := s.r.NewOffscreen(1280, 720)
	if err != nil {
		b.Fatal(err)
	}
	return s, off
}

// BenchmarkModel draws one textured PBR model at 1280x720 without MSAA, beside a bare
// triangle over the picture with the same shader and material: the whole model, and so
// near that it fills the picture, which is like for like: both shade every pixel once,
// with the same textures, sun, shadow and sky. Both in processor time of all threads;
// "ratio" is between the two. The frame has everything a frame has: the shadow's map,
// the tone mapper, and with "sky" the sky's light and bloom, too.
func BenchmarkModel(b *testing.B) {
	near := mgl32.Vec3{0.05, 0.05, 0.8}
	b.Run("whole", func(b *testing.B) { benchModel(b, mgl32.Vec3{0.9, 0.8, 1.3}, false) })
	b.Run("filling", func(b *testing.B) { benchModel(b, near, false) })
	b.Run("sky", func(b *testing.B) { benchModel(b, near, true) })
}

func benchModel(b *testing.B, from mgl32.Vec3, sky bool) {
	s, off := benchStage(b)
	s.look(from, mgl32.Vec3{})
	s.add(s.file(samples+"BoxTextured-glTF-Binary/BoxTextured.glb"), mgl32.Ident4())
	if sky {
		if err := s.scene.SetSky(scene.Sky{Texture: s.put(heaven())}); err != nil {
			b.Fatal(err)
		}
	} else {
		look := s.scene.Snapshot().Look
		look.Bloom = 0
		if err := s.scene.SetLook(look); err != nil {
			b.Fatal(err)
		}
	}
	s.settle()
	snap := s.scene.Snapshot()
	frame := func() {
		if _, err := s.r.Draw(snap, off, FrameOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	bare := s.bare(b, 1280, 720)
	defer bare.close()
	frame()
	bare.frame()
	var full, least, tall, tleast time.Duration
	b.ReportAllocs()
	for b.Loop() {
		t, w := processor(), time.Now()
		frame()
		if err := s.r.d.WaitIdle(); err != nil {
			b.Fatal(err)
		}
		full += processor() - t
		tall += time.Since(w)
		t, w = processor(), time.Now()
		bare.frame()
		least += processor() - t
		tleast += time.Since(w)
	}
	b.ReportMetric(float64(tall)/float64(tleast), "wall-ratio")
	b.ReportMetric(float64(full.Microseconds())/1000/float64(b.N), "ms-cpu/frame")
	b.ReportMetric(float64(least.Microseconds())/1000/float64(b.N), "ms-cpu/bare")
	b.ReportMetric(float64(full)/float64(least), "ratio")
	for _, g := range s.r.timers.Spans() {
		b.Logf("%-12s %v", g.Name, g.Duration)
	}
}

// bareTarget is what a bare triangle is drawn to.
type bareTarget struct {
	b    testing.TB
	s    *stage
	bare *draw.Bare
	plan *graph.Plan
}

func (s *stage) bare(b testing.TB, w, h int) *bareTarget {
	b.Helper()
	t := &bareTarget{b: b, s: s}
	var err error
	if t.bare, err = s.r.drawer.NewBare(); err != nil {
		b.Fatal(err)
	}
	g := graph.New()
	color := g.Transient("color", graph.Transient{Format: draw.ColorFormat, Width: w, Height: h})
	depth := g.Transient("depth", graph.Transient{Format: draw.DepthFormat, Width: w, Height: h, Aspect: vulkan.ImageAspectDepthBit})
	g.Pass("bare", func(st *raw.Stream) {
		a := raw.Attachment{View: t.plan.View(color), Layout: vulkan.ImageLayoutColorAttachmentOptimal, Load: vulkan.AttachmentLoadOpClear, Store: vulkan.AttachmentStoreOpStore}
		d := raw.Attachment{View: t.plan.View(depth), Layout: vulkan.ImageLayoutDepthStencilAttachmentOptimal, Load: vulkan.AttachmentLoadOpClear, Store: vulkan.AttachmentStoreOpDontCare}
		st.BeginRendering(&raw.Rendering{Width: uint32(w), Height: uint32(h), Color: []raw.Attachment{a}, Depth: &d})
		st.Viewport(0, 0, float32(w), float32(h), 0, 1)
		st.Scissor(0, 0, uint32(w), uint32(h))
		t.bare.Record(st)
		st.EndRendering()
	}).Overwrite(color, graph.ColorTarget).Overwrite(depth, graph.DepthTarget)
	if t.plan, err = g.Compile(s.r.a); err != nil {
		b.Fatal(err)
	}
	return t
}

func (t *bareTarget) frame() {
	if err := t.s.r.d.Do(func(s *raw.Stream) { t.plan.Execute(s, nil) }); err != nil {
		t.b.Fatal(err)
	}
}

func (t *bareTarget) close() {
	t.plan.Close()
	t.bare.Close()
}

// BenchmarkRecord is the processor's part of a frame of many objects, on the thread
// that draws, without the driver: taking over the snapshot and recording.
func BenchmarkRecord(b *testing.B) {
	for _, n := range []struct {
		name    string
		objects int
		moving  bool
	}{{"100", 100, false}, {"10000", 10000, false}, {"10000moving", 10000, true}, {"100000", 100000, false}} {
		b.Run(n.name, func(b *testing.B) {
			s, ids := crowd(b, n.objects)
			b.ReportAllocs()
			var sum time.Duration
			for i := 0; b.Loop(); i++ {
				if n.moving {
					b.StopTimer()
					for k, id := range ids {
						s.lift(b, id, float32(i+k))
					}
					b.StartTimer()
				}
				took, _ := s.record(b, s.scene.Snapshot())
				sum += took
			}
			b.ReportMetric(float64(sum.Nanoseconds())/float64(b.N), "ns-record")
		})
	}
}

// BenchmarkDraw is all of Draw on the thread that draws, in its own processor time:
// what BenchmarkRecord is, and the driver's part of it, the commands and handing them
// over. What the device then does is on its own threads.
func BenchmarkDraw(b *testing.B) {
	for _, n := range []int{100, 10_000, 100_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			s, _ := crowd(b, n)
			snap := s.scene.Snapshot()
			goruntime.LockOSThread()
			defer goruntime.UnlockOSThread()
			var sum time.Duration
			b.ReportAllocs()
			for b.Loop() {
				t := thread(b)
				if _, err := s.r.Draw(snap, s.off, FrameOptions{}); err != nil {
					b.Fatal(err)
				}
				sum += thread(b) - t
				if err := s.r.d.WaitIdle(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(sum.Nanoseconds())/float64(b.N), "ns-thread")
		})
	}
}

// BenchmarkMoved moves one object of many: the time until it is recorded, with the
// copy of its chunk, and the bytes that the device is sent.
func BenchmarkMoved(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			s, ids := crowd(b, n)
			b.ReportAllocs()
			var sum time.Duration
			sent := 0
			for i := 0; b.Loop(); i++ {
				t := time.Now()
				s.lift(b, ids[i*977%len(ids)], float32(i))
				snap := s.scene.Snapshot()
				changed := time.Since(t)
				took, st := s.record(b, snap)
				sum += changed + took
				sent += st.Uploaded
			}
			b.ReportMetric(float64(sum.Nanoseconds())/float64(b.N), "ns-moved")
			b.ReportMetric(float64(sent)/float64(b.N), "B-sent")
		})
	}
}

// crowd is a stage with so many objects of eight kinds, all on the device, and a
// picture so small that the driver's pixels are not what is measured.
func crowd(b *testing.B, objects int) (*stage, []scene.ID) {
	b.Helper()
	s, _ := benchStage(b)
	s.look(mgl32.Vec3{0, 3, 5}, mgl32.Vec3{0, 0, 0})
	var shapes [8]lumps.CID
	for i := range shapes {
		shapes[i] = s.put(pane(paint(float64(i)/8, 0.5, 0.2, 0, 0.5)).gltf())
	}
	ids := make([]scene.ID, objects)
	for i := range ids {
		ids[i] = s.add(shapes[i%8], mgl32.Translate3D(float32(i%100)-50, float32(i/10000)*2, -float32(i/100%100)))
	}
	small, err := s.r.NewOffscreen(16, 16)
	if err != nil {
		b.Fatal(err)
	}
	s.off = small
	s.settle()
	if err := s.r.d.WaitIdle(); err != nil {
		b.Fatal(err)
	}
	return s, ids
}

// lift moves an object to a height.
func (s *stage) lift(b testing.TB, id scene.ID, y float32) {
	if err := s.scene.UpdateObject(id, func(o *scene.Object) { o.Transform[13] = y }); err != nil {
		b.Fatal(err)
	}
}

// thread is the time that the calling thread has computed.
func thread(b testing.TB) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		b.Fatal(err)
	}
	return time.Duration(t.Nano())
}

// BenchmarkUpload draws a textured model that fills 1280x720 while 25 models with a
// texture of 4 MiB each come into the scene: the longest of the frames in which they
// are copied, with their mip chains, over the median of these frames. "copying" is
// what frames cost when all is decoded, in processor time of all threads; "decoding"
// is how long they last, with the decoders on the same processors.
func BenchmarkUpload(b *testing.B) {
	b.Run("copying", func(b *testing.B) { benchUpload(b, false, processor) })
	b.Run("decoding", func(b *testing.B) {
		begun := time.Now()
		benchUpload(b, true, func() time.Duration { return time.Since(begun) })
	})
}

func benchUpload(b *testing.B, decoding bool, clock func() time.Duration) {
	const textures, side = 25, 1024
	pngs := make([][]byte, textures)
	for i := range pngs {
		p := pane(`{"pbrMetallicRoughness":{"baseColorTexture":{"index":0},"metallicFactor":0}}`)
		p.textures = []image.Image{noise(side, i)}
		pngs[i] = p.gltf()
	}
	var alone, median, longest, over float64
	for b.Loop() {
		s, off := benchStage(b)
		s.off = off
		s.look(mgl32.Vec3{0.05, 0.05, 0.8}, mgl32.Vec3{})
		s.add(s.file(samples+"BoxTextured-glTF-Binary/BoxTextured.glb"), mgl32.Ident4())
		s.settle()
		frame := func() float64 {
			t := clock()
			s.draw()
			if err := s.r.d.WaitIdle(); err != nil {
				b.Fatal(err)
			}
			return float64((clock() - t).Microseconds()) / 1000
		}
		var quiet, busy []float64
		for range 10 {
			quiet = append(quiet, frame())
		}
		for i, p := range pngs {
			s.add(s.put(p), mgl32.Translate3D(float32(i%5)/5-0.4, float32(i/5)/5-0.4, 0.52).Mul4(mgl32.Scale3D(0.1, 0.1, 0.1)))
		}
		pending := 1
		if !decoding {
			busy = append(busy, frame()) // asks for them
			for s.r.looks.res.Stats().Queued < textures*side*side*4 {
				time.Sleep(5 * time.Millisecond)
			}
			busy = busy[:0]
		}
		for pending > 0 {
			busy = append(busy, frame())
			pending, _ = s.r.Ready(s.scene.Snapshot())
		}
		slices.Sort(quiet)
		slices.Sort(busy)
		alone += quiet[len(quiet)/2]
		median += busy[len(busy)/2]
		longest += busy[len(busy)-1]
		over += busy[len(busy)-1] / busy[len(busy)/2]
		if err := s.r.Close(); err != nil {
			b.Fatal(err)
		}
	}
	n := float64(b.N)
	b.ReportMetric(alone/n, "ms-alone") // nothing arrives
	b.ReportMetric(median/n, "ms-median")
	b.ReportMetric(longest/n, "ms-longest")
	b.ReportMetric(over/n, "longest/median")
}

// noise is a picture that does not shrink to nothing as PNG.
func noise(side, seed int) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, side, side))
	x := uint32(seed)*2654435761 + 1
	for i := range m.Pix {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		m.Pix[i] = uint8(i>>12) + uint8(x&15)
		if i%4 == 3 {
			m.Pix[i] = 255
		}
	}
	return m
}

// record records a frame without submitting it, and returns how long that took.
func (s *stage) record(b testing.TB, snap *scene.Snapshot) (time.Duration, Stats) {
	fr, err := s.r.frames.Begin()
	if err != nil {
		b.Fatal(err)
	}
	t := time.Now()
	st, err := s.r.record(fr, snap, s.off, FrameOptions{})
	if err != nil {
		b.Fatal(err)
	}
	d := time.Since(t)
	fr.Abandon()
	return d, st
}

// BenchmarkStart is the time from nothing to the first frame, with the pipelines in
// the cache.
func BenchmarkStart(b *testing.B) {
	cache := b.TempDir() + "/pipelines"
	open := func() time.Duration {
		begun := time.Now()
		s := newStage(b, device.ProfileBound, unwatched, func(o *Options) { o.Device.Cache = cache })
		s.sun()
		s.look(mgl32.Vec3{0, 1.6, 5}, mgl32.Vec3{0, 0.6, 0})
		if err := s.scene.SetSky(scene.Sky{Texture: s.put(heaven())}); err != nil {
			b.Fatal(err)
		}
		s.add(s.put(plane(paint(0.4, 0.4, 0.42, 0, 0.8)).gltf()), mgl32.Scale3D(20, 1, 20))
		s.add(s.file(samples+"BoxTextured-glTF-Binary/BoxTextured.glb"), mgl32.Translate3D(0, 0.5, 0))
		s.settle()
		s.picture()
		d := time.Since(begun)
		if err := s.r.Close(); err != nil {
			b.Fatal(err)
		}
		return d
	}
	b.Logf("with an empty cache %v", open())
	for b.Loop() {
		open()
	}
}
