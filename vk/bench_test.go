package vk

import (
	"syscall"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"
	vulkan "github.com/vulkan-go/vulkan"

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
// near that it fills the picture. Both in processor time of all threads; "ratio" is
// between the two. The frame has everything a frame has: a shadow, the tone mapper.
func BenchmarkModel(b *testing.B) {
	b.Run("whole", func(b *testing.B) { benchModel(b, mgl32.Vec3{0.9, 0.8, 1.3}, mgl32.Vec3{}) })
	b.Run("filling", func(b *testing.B) { benchModel(b, mgl32.Vec3{0.05, 0.05, 0.8}, mgl32.Vec3{}) })
}

func benchModel(b *testing.B, from, to mgl32.Vec3) {
	s, off := benchStage(b)
	s.look(from, to)
	s.add(s.file(samples+"BoxTextured-glTF-Binary/BoxTextured.glb"), mgl32.Ident4())
	look := s.scene.Snapshot().Look
	look.Bloom = 0
	if err := s.scene.SetLook(look); err != nil {
		b.Fatal(err)
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
	var full, least time.Duration
	b.ReportAllocs()
	for b.Loop() {
		t := processor()
		frame()
		if err := s.r.d.WaitIdle(); err != nil {
			b.Fatal(err)
		}
		full += processor() - t
		t = processor()
		bare.frame()
		least += processor() - t
	}
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
			s, _ := benchStage(b)
			s.look(mgl32.Vec3{0, 3, 5}, mgl32.Vec3{0, 0, 0})
			var shapes [8]lumps.CID
			for i := range shapes {
				shapes[i] = s.put(pane(paint(float64(i)/8, 0.5, 0.2, 0, 0.5)).gltf())
			}
			var ids []scene.ID
			for i := range n.objects {
				ids = append(ids, s.add(shapes[i%8], mgl32.Translate3D(float32(i%100)-50, float32(i/10000)*2, -float32(i/100%100))))
			}
			small, err := s.r.NewOffscreen(16, 16) // the driver's pixels are not what is measured
			if err != nil {
				b.Fatal(err)
			}
			s.off = small
			s.settle()
			if err := s.r.d.WaitIdle(); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			var sum time.Duration
			for i := 0; b.Loop(); i++ {
				if n.moving {
					b.StopTimer()
					for k, id := range ids {
						if err := s.scene.UpdateObject(id, func(o *scene.Object) { o.Transform[13] = float32(i + k) }); err != nil {
							b.Fatal(err)
						}
					}
					b.StartTimer()
				}
				snap := s.scene.Snapshot()
				sum += s.record(b, snap)
			}
			b.ReportMetric(float64(sum.Nanoseconds())/float64(b.N), "ns-record")
		})
	}
}

// record records a frame without submitting it, and returns how long that took.
func (s *stage) record(b testing.TB, snap *scene.Snapshot) time.Duration {
	fr, err := s.r.frames.Begin()
	if err != nil {
		b.Fatal(err)
	}
	t := time.Now()
	if _, err := s.r.record(fr, snap, s.off, FrameOptions{}); err != nil {
		b.Fatal(err)
	}
	d := time.Since(t)
	fr.Abandon()
	return d
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
