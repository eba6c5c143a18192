package graph

import (
	"fmt"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/mem"
	"hearth/vk/raw"
)

// Spans measures passes, as device.Timers does; what measures nothing is nil.
type Spans interface {
	Start(s *raw.Stream, name string) (span int)
	End(s *raw.Stream, span int)
}

// Plan is a compiled graph with its transient images.
type Plan struct {
	slots []bound
	steps []step
	made  []*mem.Image

	images  []raw.ImageBarrier // grown once, for Execute
	buffers []raw.BufferBarrier
}

type bound struct {
	name      string
	isBuffer  bool
	transient bool
	image     *Image
	buffer    *Buffer
}

type step struct {
	name   string
	run    func(*raw.Stream)
	phases []phase
}

// Compile checks the graph and makes its transient images. Later changes of the
// graph do not reach the plan.
func (g *Graph) Compile(a *mem.Allocator) (*Plan, error) {
	all, err := g.phases()
	if err != nil {
		return nil, err
	}
	p := &Plan{slots: make([]bound, len(g.slots)), steps: make([]step, len(g.passes))}
	for i, s := range g.slots {
		p.slots[i] = bound{name: s.name, isBuffer: s.buffer, transient: s.transient != nil}
	}
	for i, pass := range g.passes {
		p.steps[i] = step{name: pass.name, run: pass.run}
	}
	for _, ph := range all {
		st := &p.steps[ph.pass]
		st.phases = append(st.phases, ph)
	}
	if err := p.makeImages(g, all, a); err != nil {
		p.Close()
		return nil, err
	}
	p.images = make([]raw.ImageBarrier, 0, len(g.slots)+1)
	p.buffers = make([]raw.BufferBarrier, 0, len(g.slots)+1)
	return p, nil
}

// life is when a transient slot is in use, and what it is made for.
type life struct {
	first, last int
	usage       vk.ImageUsageFlagBits
}

// block is an image that transient slots take turns in.
type block struct {
	shape Transient
	usage vk.ImageUsageFlagBits
	last  int // pass
	slots []Slot
}

// lives finds when each slot is in use.
func lives(g *Graph, all []phase) []life {
	l := make([]life, len(g.slots))
	for i := range l {
		l[i].first = -1
	}
	for _, ph := range all {
		s := &l[ph.slot]
		if s.first < 0 {
			s.first = ph.pass
		}
		s.last = max(s.last, ph.last)
		s.usage |= ph.use.Usage
	}
	return l
}

// share gives each transient slot that is used a block, the first of its shape that
// is free again: passes are ordered, so that greedy is optimal for equal shapes.
func share(g *Graph, all []phase) []block {
	l := lives(g, all)
	var blocks []block
	for _, ph := range all { // in the order of passes: by the beginning of lives
		s := g.slots[ph.slot]
		if s.transient == nil || l[ph.slot].first != ph.pass {
			continue
		}
		shape := *s.transient
		usage := l[ph.slot].usage | shape.Usage
		shape.Usage = 0
		found := false
		for i := range blocks {
			b := &blocks[i]
			if b.shape == shape && b.last < ph.pass {
				b.usage |= usage
				b.last = l[ph.slot].last
				b.slots = append(b.slots, ph.slot)
				found = true
				break
			}
		}
		if !found {
			blocks = append(blocks, block{shape: shape, usage: usage, last: l[ph.slot].last, slots: []Slot{ph.slot}})
		}
	}
	return blocks
}

func (p *Plan) makeImages(g *Graph, all []phase, a *mem.Allocator) error {
	for _, b := range share(g, all) {
		name := g.slots[b.slots[0]].name
		img, err := a.NewImage(mem.ImageDesc{
			Name: name, Format: b.shape.Format, Usage: b.usage, Aspect: b.shape.Aspect,
			Width: uint32(b.shape.Width), Height: uint32(b.shape.Height),
			Levels: uint32(b.shape.Levels), Layers: uint32(b.shape.Layers), Samples: uint32(b.shape.Samples),
			Array: b.shape.Layers > 1,
		})
		if err != nil {
			return fmt.Errorf("an image for %s of a frame of %dx%d pixels: %w", name, b.shape.Width, b.shape.Height, err)
		}
		p.made = append(p.made, img)
		i := NewImage(img.Handle, img.View, b.shape.Aspect)
		for _, s := range b.slots {
			p.slots[s].image = i
		}
	}
	return nil
}

// Close gives back the transient images, once what was submitted is done.
func (p *Plan) Close() {
	for _, i := range p.made {
		i.Close()
	}
	p.made = nil
}

// SetImage says which image a slot is from now on.
func (p *Plan) SetImage(s Slot, i *Image) {
	if p.slots[s].transient || p.slots[s].isBuffer {
		panic("graph: " + p.slots[s].name + " is no image that can be set")
	}
	p.slots[s].image = i
}

// SetBuffer says which buffer a slot is from now on.
func (p *Plan) SetBuffer(s Slot, b *Buffer) {
	if !p.slots[s].isBuffer {
		panic("graph: " + p.slots[s].name + " is no buffer")
	}
	p.slots[s].buffer = b
}

// View returns the view of a slot's image.
func (p *Plan) View(s Slot) vk.ImageView { return p.slots[s].image.View }

// ImageOf returns the image of a slot: nil for a slot that no pass uses.
func (p *Plan) ImageOf(s Slot) *Image { return p.slots[s].image }

// Execute records the passes with their barriers. Slots that were not set are
// taken to be nothing, and their uses do nothing.
func (p *Plan) Execute(s *raw.Stream, spans Spans) {
	for i := range p.steps {
		st := &p.steps[i]
		p.images, p.buffers = p.images[:0], p.buffers[:0]
		for j := range st.phases {
			p.barrier(&st.phases[j])
		}
		span := 0
		if spans != nil {
			span = spans.Start(s, st.name)
		}
		s.BeginLabel(st.name)
		s.Barriers(p.images, p.buffers, nil)
		if st.run != nil {
			st.run(s)
		}
		s.EndLabel()
		if spans != nil {
			spans.End(s, span)
		}
	}
}

// barrier moves the state of a phase's resource on, and notes what barrier it needs.
func (p *Plan) barrier(ph *phase) {
	b := &p.slots[ph.slot]
	switch {
	case b.buffer != nil:
		if m, needed := b.buffer.state.step(ph.use, false, false); needed {
			p.buffers = append(p.buffers, raw.BufferBarrier{Buffer: b.buffer.Handle,
				SrcStage: m.SrcStage, SrcAccess: m.SrcAccess, DstStage: m.DstStage, DstAccess: m.DstAccess})
		}
	case b.image != nil:
		if m, needed := b.image.state.step(ph.use, true, ph.discard); needed {
			m.Image, m.Aspect = b.image.Handle, b.image.Aspect
			p.images = append(p.images, m)
		}
	}
}
