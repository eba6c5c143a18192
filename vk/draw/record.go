package draw

import (
	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/graph"
	"hearth/vk/model"
	"hearth/vk/raw"
)

// Slots are the Resources of a drawer in a graph.
type Slots struct {
	Objects, Locals, Items, Batches, Visible, Commands, Template, Views, Frame graph.Slot
	Lights, Clusters                                                           graph.Slot
	Shadow                                                                     graph.Slot
}

// Declare adds the resources to a graph.
func Declare(g *graph.Graph) Slots {
	return Slots{
		Objects: g.Buffer("objects"), Locals: g.Buffer("places of parts"), Items: g.Buffer("items"), Batches: g.Buffer("batches"),
		Visible: g.Buffer("visible items"), Commands: g.Buffer("draw commands"), Template: g.Buffer("empty draw commands"),
		Views: g.Buffer("views"), Frame: g.Buffer("frame"), Lights: g.Buffer("lights"), Clusters: g.Buffer("light clusters"),
		Shadow: g.Image("shadow map"),
	}
}

// Bind gives the resources to a plan.
func (r *Resources) Bind(p *graph.Plan, s Slots) {
	for _, b := range []struct {
		slot graph.Slot
		buf  *graph.Buffer
	}{
		{s.Objects, r.Objects}, {s.Locals, r.Locals}, {s.Items, r.Items}, {s.Batches, r.Batches}, {s.Visible, r.Visible},
		{s.Commands, r.Commands}, {s.Template, r.Template}, {s.Views, r.Views}, {s.Frame, r.Frame},
		{s.Lights, r.Lights}, {s.Clusters, r.Clusters},
	} {
		p.SetBuffer(b.slot, b.buf)
	}
	p.SetImage(s.Shadow, r.Shadow)
}

// Resets declares what RecordReset does.
func (r *Drawer) Resets(p *graph.Pass, s Slots) *graph.Pass {
	return p.Use(s.Template, graph.CopySource).Use(s.Commands, graph.CopyTarget)
}

// Culls declares what RecordCull does.
func (r *Drawer) Culls(p *graph.Pass, s Slots) *graph.Pass {
	for _, x := range []graph.Slot{s.Objects, s.Locals, s.Items, s.Batches, s.Views} {
		p.Use(x, graph.ReadByCompute)
	}
	return p.Use(s.Visible, graph.WrittenByCompute).Use(s.Commands, graph.WrittenByCompute)
}

// Draws declares what drawing surfaces reads.
func (r *Drawer) Draws(p *graph.Pass, s Slots) *graph.Pass {
	for _, x := range []graph.Slot{s.Objects, s.Locals, s.Items, s.Batches, s.Visible} {
		p.Use(x, graph.ReadByVertex)
	}
	p.Use(s.Commands, graph.IndirectCommands)
	return p.Use(s.Frame, graph.UniformOfVertex.Or(graph.UniformOfFrag))
}

// Lit declares what surfaces read besides, where they are lit.
func (r *Drawer) Lit(p *graph.Pass, s Slots) *graph.Pass {
	return r.Draws(p, s).Use(s.Lights, graph.ReadByFragment).Use(s.Clusters, graph.ReadByFragment).Use(s.Shadow, graph.SampledByFragment)
}

// RecordCull finds what the camera and the cascades see.
func (r *Drawer) RecordCull(s *raw.Stream) {
	n := uint32(len(r.World.items.all))
	if n == 0 || len(r.World.commands) == 0 {
		return
	}
	const compute = vk.PipelineBindPointCompute
	s.BindPipeline(compute, r.cull)
	s.BindSets(compute, r.cullPipe, 0, r.set, r.cullSet)
	push := [4]uint32{n, uint32(r.views), uint32(r.stride), uint32(r.commands)}
	r.push(s, r.cullPipe, bytesOf(&push))
	groups := (n + 63) / 64
	row := min(groups, 1<<15) // every device takes 65535 in a row
	s.Dispatch(row, (groups+row-1)/row, 1)
}

// recorder binds only what differs from what is bound.
type recorder struct {
	r        *Drawer
	s        *raw.Stream
	shadow   bool
	pipe     vk.Pipeline
	set      vk.DescriptorSet
	vertices vk.Buffer
	indices  vk.Buffer
	begun    bool
}

func (c *recorder) use(k Kind, key *batchKey) error {
	const graphics = vk.PipelineBindPointGraphics
	p, err := c.r.pipeline(pipeKey{k, c.shadow})
	if err != nil {
		return err
	}
	if !c.begun {
		c.s.BindSets(graphics, c.r.meshPipes, 0, c.r.set)
	}
	if !c.begun || p != c.pipe {
		c.pipe = p
		c.s.BindPipeline(graphics, p)
	}
	set := key.set
	if set == vk.NullDescriptorSet { // its material is in the table
		set = c.r.material
	}
	if needs := !c.shadow || k.Alpha == model.Mask; needs && set != c.set {
		c.set = set
		c.s.BindSets(graphics, c.r.meshPipes, 1, set)
	}
	if !c.begun || key.vertices != c.vertices {
		c.vertices = key.vertices
		c.s.BindVertex(0, key.vertices, 0)
	}
	if !c.begun || key.indices != c.indices {
		c.indices = key.indices
		c.s.BindIndex(key.indices, 0, vk.IndexTypeUint32)
	}
	c.begun = true
	return nil
}

// RecordOpaque draws all surfaces that hide what is behind them, into a pass with
// colour and depth. Viewport and scissor must be set.
func (r *Drawer) RecordOpaque(s *raw.Stream) error {
	c := recorder{r: r, s: s}
	for i := range r.World.groups {
		g := &r.World.groups[i]
		if err := c.use(g.kind, &g.key); err != nil {
			return err
		}
		s.DrawIndexedIndirect(r.mine[bufCommands].Handle, uint64(20*g.first), g.count, 20)
	}
	return nil
}

// RecordSky draws the sky where nothing was drawn.
func (r *Drawer) RecordSky(s *raw.Stream) error {
	if !r.Sky() {
		return nil
	}
	p, err := r.skyPipeline()
	if err != nil {
		return err
	}
	s.BindPipeline(vk.PipelineBindPointGraphics, p)
	s.BindSets(vk.PipelineBindPointGraphics, r.skyPipes, 0, r.set, r.skySet)
	s.Draw(3, 1, 0, 0)
	return nil
}

// RecordBlended draws the surfaces that light shines through, from back to front.
func (r *Drawer) RecordBlended(s *raw.Stream) error {
	c := recorder{r: r, s: s}
	for _, x := range r.runs {
		key := &r.World.batchInfo[x.batch].key
		if err := c.use(key.kind, key); err != nil {
			return err
		}
		s.DrawIndexed(key.indexCount, x.count, key.firstIndex, key.vertexOffset, x.first)
	}
	return nil
}

// RecordShadows draws all cascades of the shadow map (DepthTarget).
func (r *Drawer) RecordShadows(s *raw.Stream) error {
	size := float32(r.o.ShadowSize)
	for i := range r.cascades {
		s.BeginRendering(&raw.Rendering{Width: uint32(r.o.ShadowSize), Height: uint32(r.o.ShadowSize), Depth: &raw.Attachment{
			View: r.shadowViews[i], Layout: vk.ImageLayoutDepthStencilAttachmentOptimal,
			Load: vk.AttachmentLoadOpClear, Store: vk.AttachmentStoreOpStore, Clear: [4]float32{1}}})
		s.Viewport(0, 0, size, size, 0, 1)
		s.Scissor(0, 0, uint32(r.o.ShadowSize), uint32(r.o.ShadowSize))
		r.push(s, r.meshPipes, bytesOf(&r.cascadeClips[i]))
		if err := r.recordShadow(s, i); err != nil {
			s.EndRendering()
			return err
		}
		s.EndRendering()
	}
	return nil
}

func (r *Drawer) recordShadow(s *raw.Stream, cascade int) error {
	c := recorder{r: r, s: s, shadow: true}
	base := (1 + cascade) * r.commands
	groups := r.World.groups
	for i := 0; i < len(groups); {
		g := &groups[i]
		i++
		if g.kind.Topology != model.Triangles {
			continue // lines and points throw none
		}
		// Materials make no difference but where they have holes: join what is apart
		// only for them.
		count := g.count
		for i < len(groups) && g.kind.Alpha == model.Opaque && sameBuffers(&g.key, &groups[i].key) {
			count += groups[i].count
			i++
		}
		if err := c.use(g.kind, &g.key); err != nil {
			return err
		}
		s.DrawIndexedIndirect(r.mine[bufCommands].Handle, uint64(20*(base+int(g.first))), count, 20)
	}
	return nil
}

func (r *Drawer) push(s *raw.Stream, l vk.PipelineLayout, data []byte) {
	stages := vk.ShaderStageFlagBits(vk.ShaderStageVertexBit | vk.ShaderStageFragmentBit | vk.ShaderStageComputeBit)
	s.Push(l, stages, 0, data)
}
