package pass

import (
	"math/rand/v2"
	"testing"

	"github.com/go-gl/mathgl/mgl32"
	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/mem"
	"hearth/vk/raw"
	"hearth/vk/vktest"
)

// whole is all passes and what a small frame gives them.
type whole struct {
	g           *rig
	skin        *Skin
	cluster     *Cluster
	ibl         *IBL
	bloom       *Bloom
	tone        *Tone
	lines       *Lines
	canvas      *Canvas
	pick        *Pick
	overlay     *Overlay
	hdr, ldr    *surface
	env         *Environment
	chain       *Chain
	skinIn      SkinInput
	clusterIn   ClusterInput
	iblIn       IBLInput
	linesIn     LinesInput
	canvasIn    CanvasInput
	pickIn      PickInput
	overlayIn   OverlayInput
	skinned     *mem.Buffer
	begin, last raw.Rendering
}

func newWhole(t testing.TB, g *rig) *whole {
	t.Helper()
	x := &whole{g: g}
	const w, h = 128, 72
	x.hdr = g.surface(w, h, hdrFormat, 8, true)
	// The picture is read again by the passes after it.
	var err error
	x.hdr.color, err = g.alloc.NewImage(mem.ImageDesc{Width: w, Height: h, Format: hdrFormat, Name: "light",
		Usage: vk.ImageUsageColorAttachmentBit | vk.ImageUsageSampledBit})
	must(t, err)
	t.Cleanup(x.hdr.color.Close)
	x.ldr = g.surface(w, h, vk.FormatR8g8b8a8Unorm, 4, false)
	x.skin, err = NewSkin(g.dev, g.alloc)
	must(t, err)
	t.Cleanup(x.skin.Close)
	x.cluster, err = NewCluster(g.dev)
	must(t, err)
	t.Cleanup(x.cluster.Close)
	x.ibl, err = NewIBL(g.dev, g.alloc)
	must(t, err)
	t.Cleanup(x.ibl.Close)
	x.env, err = x.ibl.NewEnvironment(16)
	must(t, err)
	t.Cleanup(x.env.Close)
	x.bloom = newBloom(t, g)
	x.chain, err = x.bloom.NewChain(w, h)
	must(t, err)
	t.Cleanup(x.chain.Close)
	x.tone, err = NewTone(g.dev, x.ldr.target())
	must(t, err)
	t.Cleanup(x.tone.Close)
	x.lines, err = NewLines(g.dev, x.hdr.target())
	must(t, err)
	t.Cleanup(x.lines.Close)
	x.canvas, err = NewCanvas(g.dev, x.hdr.target())
	must(t, err)
	t.Cleanup(x.canvas.Close)
	x.pick = newPick(t, g)
	x.overlay, err = NewOverlay(g.dev, g.alloc, x.ldr.target())
	must(t, err)
	t.Cleanup(x.overlay.Close)

	vertices, skins, joints, deltas, weights, jobs := skinBuffers([]*skinMesh{randomMesh(rand.New(rand.NewPCG(1, 1)), 300, 4, 2)})
	list := make([]byte, SkinJobSize)
	n, err := PutSkinJobs(list, jobs)
	must(t, err)
	x.skinned = g.buffer(400 * VertexSize)
	x.skinIn = SkinInput{Vertices: g.upload(vertices), Skins: g.upload(skins), Joints: g.upload(joints), Deltas: g.upload(deltas),
		Weights: g.upload(weights), Jobs: g.upload(list), Out: Range{Buffer: x.skinned.Handle}, JobCount: 1, Groups: n}
	v := randomView(3, 20)
	lights := make([]byte, 20*LightSize)
	for i := range v.lights {
		PutLight(lights[i*LightSize:], &v.lights[i])
	}
	x.clusterIn = ClusterInput{Lights: g.upload(lights), Count: 20, Clusters: Range{Buffer: g.buffer(ClusterBytes).Handle},
		View: v.view, Projection: v.projection, Width: w, Height: h, Near: 1, Far: 100}
	sky := g.image(16, 16, hdrFormat, 8, true, sky(painted).cube(16))
	x.iblIn = IBLInput{Source: sky.View, SourceSize: 16, SourceLevels: 1, Samples: 4, Into: x.env}
	vp := perspective(1, w, h).Mul4(mgl32.LookAtV(mgl32.Vec3{0, 2, 6}, mgl32.Vec3{}, mgl32.Vec3{0, 1, 0}))
	gv, gi := grid()
	x.linesIn = LinesInput{ViewProjection: vp, Width: w, Height: h,
		Draws: []LinesDraw{{Vertices: g.upload(floats(gv...)), Indices: g.upload(words(gi...)), Count: uint32(len(gi))}}}
	im := g.image(2, 2, vk.FormatR8g8b8a8Srgb, 4, false, []byte{255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 255, 255, 255, 255})
	x.canvasIn = CanvasInput{ViewProjection: vp, Width: w, Height: h}
	for i := range 5 {
		x.canvasIn.Draws = append(x.canvasIn.Draws, CanvasDraw{Texture: im.View, Nearest: i%2 == 0, Opacity: 0.9,
			Origin: mgl32.Vec3{float32(i) - 2, 0.5, 0}, Right: mgl32.Vec3{0.4, 0, 0}, Up: mgl32.Vec3{0, 0.4, 0}})
	}
	x.pickIn = PickInput{ViewProjection: vp, Width: w, Height: h, X: 64, Y: 36, RegionWidth: 3, RegionHeight: 3,
		Draws: []PickDraw{{Vertices: Range{Buffer: x.skinned.Handle}, Indices: g.upload(words(3, 4, 5, 6, 7, 8)), Count: 6, Transform: mgl32.Ident4(), Number: 1}}}
	c := &OverlayContent{Rects: []OverlayRect{{X: 2, Y: 2, Width: 60, Height: 20, Color: [4]uint8{0, 0, 0, 128}}},
		Texts: []OverlayText{{X: 4, Y: 4, Text: "1.23 ms", Color: [4]uint8{255, 255, 255, 255}}}}
	space := g.buffer(c.Size())
	x.overlayIn = OverlayInput{Content: c, Space: Range{Buffer: space.Handle}, SpaceBytes: space.Bytes, Width: w, Height: h}
	x.begin = raw.Rendering{Width: w, Height: h, Color: []raw.Attachment{{View: x.hdr.color.View, Layout: vk.ImageLayoutColorAttachmentOptimal,
		Load: vk.AttachmentLoadOpClear, Store: vk.AttachmentStoreOpStore, Clear: [4]float32{0.1, 0.1, 0.2, 1}}},
		Depth: &raw.Attachment{View: x.hdr.depth.View, Layout: vk.ImageLayoutDepthStencilAttachmentOptimal, Load: vk.AttachmentLoadOpClear, Store: vk.AttachmentStoreOpDontCare}}
	x.last = raw.Rendering{Width: w, Height: h, Color: []raw.Attachment{{View: x.ldr.color.View, Layout: vk.ImageLayoutColorAttachmentOptimal,
		Load: vk.AttachmentLoadOpDontCare, Store: vk.AttachmentStoreOpStore}}}
	return x
}

// record records a whole frame; the barriers are those that a caller makes.
func (x *whole) record(s *raw.Stream, frame uint64) error {
	x.skinIn.Frame, x.clusterIn.Frame, x.iblIn.Frame, x.canvasIn.Frame, x.pickIn.Frame, x.overlayIn.Frame = frame, frame, frame, frame, frame, frame
	// What is written here may still be read by the frame before.
	s.Barriers([]raw.ImageBarrier{
		{Image: x.hdr.color.Handle, Old: vk.ImageLayoutUndefined, New: vk.ImageLayoutColorAttachmentOptimal,
			SrcStage: raw.StageFragment | raw.StageCompute, SrcAccess: raw.AccessShaderRead, DstStage: raw.StageColorOutput, DstAccess: raw.AccessColorRead | raw.AccessColorWrite},
		{Image: x.hdr.depth.Handle, Aspect: vk.ImageAspectDepthBit, Old: vk.ImageLayoutUndefined, New: vk.ImageLayoutDepthStencilAttachmentOptimal,
			SrcStage: raw.StageFragmentTests, SrcAccess: raw.AccessDepthWrite, DstStage: raw.StageFragmentTests, DstAccess: raw.AccessDepthRead | raw.AccessDepthWrite},
		{Image: x.ldr.color.Handle, Old: vk.ImageLayoutUndefined, New: vk.ImageLayoutColorAttachmentOptimal,
			SrcStage: raw.StageColorOutput, SrcAccess: raw.AccessColorWrite, DstStage: raw.StageColorOutput, DstAccess: raw.AccessColorRead | raw.AccessColorWrite},
	}, nil, []raw.MemoryBarrier{{SrcStage: raw.StageFragment | raw.StageVertexInput | raw.StageCompute, SrcAccess: raw.AccessShaderRead | raw.AccessShaderWrite | raw.AccessVertexRead,
		DstStage: raw.StageCompute, DstAccess: raw.AccessShaderRead | raw.AccessShaderWrite}})
	if err := x.skin.Record(s, x.skinIn); err != nil {
		return err
	}
	if err := x.cluster.Record(s, x.clusterIn); err != nil {
		return err
	}
	if err := x.ibl.Record(s, x.iblIn); err != nil {
		return err
	}
	s.Barriers(nil, nil, []raw.MemoryBarrier{{SrcStage: raw.StageCompute, SrcAccess: raw.AccessShaderWrite,
		DstStage: raw.StageFragment | raw.StageVertexInput, DstAccess: raw.AccessShaderRead | raw.AccessVertexRead}})
	if !x.pick.Busy() {
		if err := x.pick.Record(s, x.pickIn); err != nil {
			return err
		}
	}
	s.BeginRendering(&x.begin)
	if err := x.lines.Record(s, x.linesIn); err != nil {
		return err
	}
	if err := x.canvas.Record(s, x.canvasIn); err != nil {
		return err
	}
	s.EndRendering()
	s.Barriers([]raw.ImageBarrier{{Image: x.hdr.color.Handle, Old: vk.ImageLayoutColorAttachmentOptimal, New: vk.ImageLayoutShaderReadOnlyOptimal,
		SrcStage: raw.StageColorOutput, SrcAccess: raw.AccessColorWrite, DstStage: raw.StageFragment | raw.StageCompute, DstAccess: raw.AccessShaderRead}}, nil, nil)
	if err := x.bloom.Record(s, BloomInput{Frame: frame, HDR: x.hdr.color.View, Chain: x.chain, Spread: 0.65}); err != nil {
		return err
	}
	s.BeginRendering(&x.last)
	if err := x.tone.Record(s, ToneInput{Frame: frame, HDR: x.hdr.color.View, Bloom: x.chain.View(), BloomShare: 0.1, Width: x.ldr.w, Height: x.ldr.h}); err != nil {
		return err
	}
	if err := x.overlay.Record(s, x.overlayIn); err != nil {
		return err
	}
	s.EndRendering()
	return nil
}

// All passes together, frame after frame with two in flight, on two drivers that have
// nothing in common: validation and synchronization validation have nothing to say,
// descriptor sets stop growing, and the pictures are the same.
func TestWholeFrames(t *testing.T) {
	t.Run("default", func(t *testing.T) { wholeFrames(t, open(t)) })
	t.Run("SwiftShader", func(t *testing.T) {
		d := vktest.SwiftShader(t)
		wholeFrames(t, &rig{t, d, vktest.Memory(t, d)})
	})
}

func wholeFrames(t *testing.T, g *rig) {
	x := newWhole(t, g)
	frames, err := g.dev.NewFrames(2, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer frames.Close()
	answers, sets := 0, 0
	for i := range 5 * InFlight {
		f, err := frames.Begin()
		if err != nil {
			t.Fatal(err)
		}
		if f.Number > 2 {
			for {
				a, ok := x.pick.Poll(f.Number - 2)
				if !ok {
					break
				}
				answers++
				if a.Frame > f.Number-2 {
					t.Errorf("an answer of frame %d in frame %d", a.Frame, f.Number)
				}
			}
		}
		if err := x.record(f.Stream, f.Number); err != nil {
			t.Fatal(err)
		}
		if err := f.Submit(vk.NullSemaphore, vk.NullSemaphore, raw.StageNone); err != nil {
			t.Fatal(err)
		}
		switch i {
		case 3 * InFlight:
			sets = x.sets()
		case 5*InFlight - 1:
			if n := x.sets(); n != sets {
				t.Errorf("%d descriptor sets grew to %d", sets, n)
			}
		}
	}
	if answers != 5*InFlight-2 {
		t.Errorf("%d answers", answers)
	}
	if err := g.dev.WaitIdle(); err != nil {
		t.Fatal(err)
	}
	got := g.read(x.ldr.color, 4, 0, vk.ImageLayoutColorAttachmentOptimal)
	vktest.Golden(t, "frame", picturePNG(got, x.ldr.w, x.ldr.h))
}

func (x *whole) sets() (n int) {
	for _, p := range []*program{&x.skin.program, &x.cluster.program, &x.ibl.fromCube, &x.ibl.mip, &x.ibl.irradiance, &x.ibl.prefilter,
		&x.bloom.first, &x.bloom.down, &x.bloom.up, &x.bloom.last, &x.tone.program, &x.canvas.program, &x.overlay.program} {
		n += len(p.sets.sets)
	}
	return n
}

// Recording allocates nothing once it has grown.
func TestRecordAllocatesNothing(t *testing.T) {
	x := newWhole(t, open(t))
	var s raw.Stream
	frame := uint64(0)
	step := func() {
		frame++
		s.Reset()
		x.pick.Poll(frame)
		if err := x.record(&s, frame); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 * InFlight {
		step()
	}
	if n := testing.AllocsPerRun(50, step); n != 0 {
		t.Errorf("a frame of all passes allocates %v times, want 0", n)
	}
	if err := s.Err(); err != nil {
		t.Error(err)
	}
}

// The barriers that a pass leaves to its caller are needed: who forgets the one between
// skinning and reading the vertices hears of it.
func TestForgottenBarrierIsSeen(t *testing.T) {
	d, log := vktest.OpenLog(t)
	g := &rig{t, d, vktest.Memory(t, d)}
	p, err := NewSkin(g.dev, g.alloc)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	vertices, _, _, _, _, jobs := skinBuffers([]*skinMesh{randomMesh(rand.New(rand.NewPCG(1, 1)), 30, 0, 0)})
	list := make([]byte, SkinJobSize)
	n, err := PutSkinJobs(list, jobs)
	if err != nil {
		t.Fatal(err)
	}
	out, copied := g.buffer(40*VertexSize), g.buffer(40*VertexSize)
	in := SkinInput{Vertices: g.upload(vertices), Jobs: g.upload(list), Out: Range{Buffer: out.Handle}, JobCount: 1, Groups: n}
	for _, forget := range []bool{false, true} {
		in.Frame++
		g.do(func(s *raw.Stream) error {
			if err := p.Record(s, in); err != nil {
				return err
			}
			if !forget {
				s.Barriers(nil, nil, []raw.MemoryBarrier{{SrcStage: raw.StageCompute, SrcAccess: raw.AccessShaderWrite, DstStage: raw.StageCopy, DstAccess: raw.AccessTransferRead}})
			}
			s.CopyBuffer(out.Handle, 0, copied.Handle, 0, 33*VertexSize)
			return nil
		})
		if log.Has("SYNC-HAZARD-READ-AFTER-WRITE") != forget {
			t.Errorf("forgotten: %v; validation says: %v", forget, log)
		}
	}
}

// One frame of all passes: what recording costs.
func BenchmarkRecordWhole(b *testing.B) {
	g := open(b)
	x := newWhole(b, g)
	g.record(b, func(s *raw.Stream, frame uint64) error {
		x.pick.Poll(frame)
		return x.record(s, frame)
	})
}
