package vk

import (
	vulkan "github.com/vulkan-go/vulkan"

	"hearth/vk/draw"
	"hearth/vk/graph"
	"hearth/vk/pass"
	"hearth/vk/raw"
)

// planKey is what a plan is compiled for.
type planKey struct {
	width, height int
	format        vulkan.Format
	bloom         bool
	last          graph.Use
}

// plan is the passes of a frame, compiled for one kind of picture.
type plan struct {
	key   planKey
	graph *graph.Plan
	slots draw.Slots
	skin  graph.Slot
	color graph.Slot // with samples
	depth graph.Slot
	hdr   graph.Slot // resolved
	out   graph.Slot
	chain *pass.Chain
}

// planCache keeps the plan of a target. A target changes its size now and then; the
// plan of the size before is not kept, since windows are dragged through many.
type planCache struct{ p *plan }

func (c *planCache) close() {
	if c.p != nil {
		c.p.close()
		c.p = nil
	}
}

func (p *plan) close() {
	p.graph.Close()
	if p.chain != nil {
		p.chain.Close()
	}
}

func (c *planCache) get(r *Renderer, k planKey) (*plan, error) {
	if c.p != nil && c.p.key == k {
		return c.p, nil
	}
	c.close()
	p, err := r.compile(k)
	if err != nil {
		return nil, err
	}
	c.p = p
	return p, nil
}

// compile declares what each pass reads and writes.
func (r *Renderer) compile(k planKey) (*plan, error) {
	p := &plan{key: k}
	g := graph.New()
	d := r.drawer
	p.slots = draw.Declare(g)
	s := p.slots
	p.skin = g.Buffer("bent vertices")
	shape := graph.Transient{Format: draw.ColorFormat, Width: k.width, Height: k.height}
	p.hdr = g.Transient("light", shape)
	p.color = p.hdr
	shape.Samples = r.samples
	if r.samples > 1 {
		p.color = g.Transient("light with samples", shape)
	}
	shape.Format, shape.Aspect = draw.DepthFormat, vulkan.ImageAspectDepthBit
	p.depth = g.Transient("depth", shape)
	p.out = g.Image("picture")

	d.Uploads(g.Pass("upload", d.RecordUpload), s)
	d.Resets(g.Pass("reset", d.RecordReset), s)
	g.Pass("skin", r.recordSkin).Use(p.skin, graph.WrittenByCompute)
	d.Culls(g.Pass("cull", d.RecordCull), s)
	d.CountsSeen(g.Pass("count", d.RecordCount), s)
	g.Pass("clusters", r.recordClusters).Use(s.Lights, graph.ReadByCompute).Use(s.Clusters, graph.WrittenByCompute)
	d.Draws(g.Pass("shadows", r.recordShadows), s).Use(p.skin, graph.VertexData).Overwrite(s.Shadow, graph.DepthTarget)
	surfaces := d.Lit(g.Pass("surfaces", r.recordSurfaces), s).Use(p.skin, graph.VertexData).
		Overwrite(p.color, graph.ColorTarget).Overwrite(p.depth, graph.DepthTarget)
	if p.hdr != p.color {
		surfaces.Overwrite(p.hdr, graph.ColorTarget)
	}
	if k.bloom {
		g.Pass("bloom", r.recordBloom).Use(p.hdr, graph.SampledByCompute)
	}
	g.Pass("tone", r.recordTone).Use(p.hdr, graph.SampledByFragment).Overwrite(p.out, graph.ColorTarget)
	g.Pass("hand over", nil).Use(p.out, k.last)

	var err error
	if p.graph, err = g.Compile(r.a); err != nil {
		return nil, err
	}
	if k.bloom {
		if p.chain, err = r.bloom.NewChain(k.width, k.height); err != nil {
			p.close()
			return nil, err
		}
	}
	d.Bind(p.graph, s)
	return p, nil
}

func (r *Renderer) recordClusters(s *raw.Stream) {
	f := &r.now
	f.fail(r.cluster.Record(s, pass.ClusterInput{Frame: f.number, Lights: pass.Range{Buffer: r.drawer.Lights.Handle}, Count: r.lights.count,
		Clusters: pass.Range{Buffer: r.drawer.Clusters.Handle}, View: f.camera.View, Projection: f.projection,
		Width: f.plan.key.width, Height: f.plan.key.height, Near: clusterNear, Far: clusterFar}))
}

func (r *Renderer) recordShadows(s *raw.Stream) { r.now.fail(r.drawer.RecordShadows(s)) }

func (r *Renderer) recordSurfaces(s *raw.Stream) {
	f := &r.now
	p, k := f.plan, &f.plan.key
	b := f.snapshot.Look.Background
	color := raw.Attachment{View: p.graph.View(p.color), Resolve: vulkan.NullImageView, Layout: vulkan.ImageLayoutColorAttachmentOptimal,
		Load: vulkan.AttachmentLoadOpClear, Store: vulkan.AttachmentStoreOpStore, Clear: [4]float32{b[0], b[1], b[2], 1}}
	if p.color != p.hdr {
		color.Resolve, color.Store = p.graph.View(p.hdr), vulkan.AttachmentStoreOpDontCare
	}
	f.depth = raw.Attachment{View: p.graph.View(p.depth), Resolve: vulkan.NullImageView, Layout: vulkan.ImageLayoutDepthStencilAttachmentOptimal,
		Load: vulkan.AttachmentLoadOpClear, Store: vulkan.AttachmentStoreOpDontCare} // 0 is the far plane
	f.color[0] = color
	f.rendering = raw.Rendering{Width: uint32(k.width), Height: uint32(k.height), Color: f.color[:], Depth: &f.depth}
	s.BeginRendering(&f.rendering)
	s.Viewport(0, 0, float32(k.width), float32(k.height), 0, 1)
	s.Scissor(0, 0, uint32(k.width), uint32(k.height))
	f.fail(r.drawer.RecordOpaque(s))
	f.fail(r.drawer.RecordSky(s))
	// Canvases and grids hide what is behind them, as opaque surfaces do; lines hide
	// nothing, and so come last.
	f.fail(r.recordFlat(s))
	f.fail(r.drawer.RecordBlended(s))
	f.fail(r.recordLines(s))
	s.EndRendering()
}

// bloomSpread is how much of each level's light goes on to the next wider one.
const bloomSpread = 0.65

func (r *Renderer) recordBloom(s *raw.Stream) {
	f := &r.now
	f.fail(r.bloom.Record(s, pass.BloomInput{Frame: f.number, HDR: f.plan.graph.View(f.plan.hdr), Chain: f.plan.chain, Spread: bloomSpread}))
}

func (r *Renderer) recordTone(s *raw.Stream) {
	f := &r.now
	p, k, look := f.plan, &f.plan.key, &f.snapshot.Look
	in := pass.ToneInput{Frame: f.number, HDR: p.graph.View(p.hdr), Bloom: vulkan.NullImageView, Exposure: look.Exposure,
		Mapper: mapper(look.ToneMap), Dither: true, Width: k.width, Height: k.height}
	if p.chain != nil {
		in.Bloom, in.BloomShare = p.chain.View(), look.Bloom
	}
	f.color[0] = raw.Attachment{View: p.graph.View(p.out), Resolve: vulkan.NullImageView, Layout: vulkan.ImageLayoutColorAttachmentOptimal,
		Load: vulkan.AttachmentLoadOpDontCare, Store: vulkan.AttachmentStoreOpStore}
	f.rendering = raw.Rendering{Width: uint32(k.width), Height: uint32(k.height), Color: f.color[:]}
	s.BeginRendering(&f.rendering)
	f.fail(f.output.tone.Record(s, in))
	if f.overlay != nil && len(f.overlaySpace.Bytes) > 0 {
		f.fail(f.output.overlay.Record(s, pass.OverlayInput{Frame: f.number, Content: f.overlay, Width: k.width, Height: k.height,
			Space:      pass.Range{Buffer: f.overlaySpace.Buffer, Offset: f.overlaySpace.Offset, Size: uint64(len(f.overlaySpace.Bytes))},
			SpaceBytes: f.overlaySpace.Bytes}))
	}
	s.EndRendering()
}
