package pass

import (
	"fmt"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/raw"
)

// hdrFormat is what light is kept in: half floats.
const hdrFormat = vk.FormatR16g16b16a16Sfloat

// MaxLight is the brightest a channel may be: what a half float holds, with room for
// sums of four.
const MaxLight = 16000

// bloomLevels is how many times the picture is halved: 32 pixels of the picture become
// one of the last, whose tent then reaches about 100 pixels far.
const bloomLevels = 5

// Bloom widens light: the picture is halved over and over, and each level is mixed
// with the one above it on the way back (Bjorge 2015, Jimenez 2014). No threshold and no loss: what
// bleeds is missing where it came from, so a picture keeps its energy.
type Bloom struct {
	first, down, up, last program
	sampler               vk.Sampler
	alloc                 *mem.Allocator
}

// Chain is the levels of one picture's bloom: an image of half its size, which stays in
// layout General.
type Chain struct {
	image         *mem.Image
	views         []vk.ImageView
	Width, Height int // of the picture
}

// BloomInput is what Record reads: the picture (sampled, compute,
// ShaderReadOnlyOptimal) of the size that the chain was made for. What it writes,
// Chain.View, is visible to fragment shaders afterwards, in layout General.
type BloomInput struct {
	Frame  uint64
	HDR    vk.ImageView
	Chain  *Chain
	Spread float32 // 0 to 1: how much a level takes of the wider one; 0.65 is natural
}

// NewBloom makes the pass.
func NewBloom(d *device.Device, a *mem.Allocator) (*Bloom, error) {
	p := &Bloom{alloc: a}
	var err error
	if p.sampler, err = d.Sampler(device.SamplerDesc{Mag: vk.FilterLinear, Min: vk.FilterLinear,
		U: vk.SamplerAddressModeClampToEdge, V: vk.SamplerAddressModeClampToEdge}); err != nil {
		return nil, err
	}
	for _, x := range []struct {
		p      *program
		shader string
	}{{&p.first, "bloom_down.first.comp"}, {&p.down, "bloom_down.comp"}, {&p.up, "bloom_up.comp"}, {&p.last, "bloom_up.last.comp"}} {
		if *x.p, err = newCompute(d, x.shader, 20, sampled, stored); err != nil {
			p.Close()
			return nil, err
		}
	}
	return p, nil
}

// Close destroys the pass behind the frames in flight; chains are closed on their own.
func (p *Bloom) Close() {
	p.first.close()
	p.down.close()
	p.up.close()
	p.last.close()
}

// NewChain makes the levels for pictures of a size.
func (p *Bloom) NewChain(width, height int) (*Chain, error) {
	if width <= 0 || height <= 0 {
		return nil, fmt.Errorf("%w: bloom of a picture of %d by %d pixels", ErrInput, width, height)
	}
	w, h := uint32(max(width/2, 1)), uint32(max(height/2, 1))
	levels := min(bloomLevels, mem.Levels(w, h))
	im, err := p.alloc.NewImage(mem.ImageDesc{Width: w, Height: h, Levels: levels, Layers: 1, Samples: 1, Format: hdrFormat,
		Usage: vk.ImageUsageSampledBit | vk.ImageUsageStorageBit | vk.ImageUsageTransferSrcBit, Name: "bloom"})
	if err != nil {
		return nil, err
	}
	c := &Chain{image: im, Width: width, Height: height}
	for l := range levels {
		v, err := im.LayerView(l, 0)
		if err != nil {
			im.Close()
			return nil, err
		}
		c.views = append(c.views, v)
	}
	return c, nil
}

// View is the bloom, of half the picture's size, in layout General.
func (c *Chain) View() vk.ImageView { return c.views[0] }

// Close destroys the chain behind the frames in flight.
func (c *Chain) Close() { c.image.Close() }

func (c *Chain) size(level int) (uint32, uint32) {
	return uint32(max(max(c.Width/2, 1)>>level, 1)), uint32(max(max(c.Height/2, 1)>>level, 1))
}

// Record fills the chain.
func (p *Bloom) Record(s *raw.Stream, in BloomInput) error {
	c := in.Chain
	if c == nil || in.HDR == vk.NullImageView {
		return fmt.Errorf("%w: bloom without a picture or a chain", ErrInput)
	}
	// All levels are written anew, when the last frame's readers are done.
	s.Barriers([]raw.ImageBarrier{{Image: c.image.Handle, Old: vk.ImageLayoutUndefined, New: vk.ImageLayoutGeneral,
		SrcStage: raw.StageFragment | raw.StageCompute, DstStage: raw.StageCompute,
		SrcAccess: raw.AccessShaderWrite, DstAccess: raw.AccessShaderRead | raw.AccessShaderWrite}}, nil, nil)

	for l := range c.views {
		w, h := c.size(l)
		q, from, layout := &p.first, in.HDR, vk.ImageLayoutShaderReadOnlyOptimal
		sw, sh := uint32(c.Width), uint32(c.Height)
		if l > 0 {
			q, from, layout = &p.down, c.views[l-1], vk.ImageLayoutGeneral
			sw, sh = c.size(l - 1)
		}
		push := bloomPush{[2]uint32{w, h}, [2]float32{1 / float32(sw), 1 / float32(sh)}, MaxLight}
		if err := p.level(s, q, in.Frame, from, layout, c.views[l], &push); err != nil {
			return err
		}
		c.step(s, raw.StageCompute|raw.StageFragment)
	}
	for l := len(c.views) - 2; l >= 0; l-- {
		w, h := c.size(l)
		sw, sh := c.size(l + 1)
		push := bloomPush{[2]uint32{w, h}, [2]float32{1 / float32(sw), 1 / float32(sh)}, min(max(in.Spread, 0), 1)}
		q := &p.up
		if l == 0 {
			q = &p.last
		}
		if err := p.level(s, q, in.Frame, c.views[l+1], vk.ImageLayoutGeneral, c.views[l], &push); err != nil {
			return err
		}
		c.step(s, raw.StageCompute|raw.StageFragment)
	}
	return nil
}

// level records one step from one level to another.
func (p *Bloom) level(s *raw.Stream, q *program, frame uint64, from vk.ImageView, layout vk.ImageLayout, to vk.ImageView, push *bloomPush) error {
	set, err := q.sets.take(frame)
	if err != nil {
		return err
	}
	q.sets.texture(0, from, p.sampler, layout)
	q.sets.image(1, to)
	q.sets.write(set)
	q.dispatch(s, set, bytesOf(push), groups(push.size[0], 8), groups(push.size[1], 8), 1)
	return nil
}

type bloomPush struct {
	size  [2]uint32
	texel [2]float32 // of the source
	last  float32    // down: the brightest channel; up: the spread
}

// step makes what was written visible to what comes next.
func (c *Chain) step(s *raw.Stream, to raw.Stage) {
	s.Barriers([]raw.ImageBarrier{{Image: c.image.Handle, Old: vk.ImageLayoutGeneral, New: vk.ImageLayoutGeneral,
		SrcStage: raw.StageCompute, SrcAccess: raw.AccessShaderWrite,
		DstStage: to, DstAccess: raw.AccessShaderRead | raw.AccessShaderWrite}}, nil, nil)
}
