package pass

import (
	"fmt"
	"math"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/raw"
)

// Mapper is how light becomes colour. The numbers are those of tone_map.frag.
type Mapper uint32

const (
	MapNeutral  Mapper = iota // Khronos PBR Neutral
	MapACES                   // Hill's fit of the ACES reference and output transforms
	MapReinhard               // Reinhard et al. 2002, equation 3, on luminance
	MapNone                   // cut at 1
	mappers
)

// Tone turns light into the picture: exposure, bloom, a tone mapper, the sRGB curve, a
// dither that hides the steps of 8 bits.
type Tone struct {
	program
	nearest, linear vk.Sampler
}

// ToneInput is what Record reads: HDR (sampled, fragment, ShaderReadOnlyOptimal) of the
// target's size and Bloom of any size (sampled, fragment, General; null without). The target is a UNORM format that
// holds sRGB-encoded bytes; all of it is written.
type ToneInput struct {
	Frame         uint64
	HDR, Bloom    vk.ImageView
	BloomShare    float32 // 0 to 1: how much of the picture is bloom
	Exposure      float32 // EV: one more doubles the light
	Mapper        Mapper
	Dither        bool
	Width, Height int // of the target, pixels
}

// NewTone makes the pass for a target without depth.
func NewTone(d *device.Device, t Target) (*Tone, error) {
	edge := device.SamplerDesc{U: vk.SamplerAddressModeClampToEdge, V: vk.SamplerAddressModeClampToEdge}
	// Light is read texel by texel: a filter would turn infinite light, times a
	// neighbour's weight of 0, into NaN.
	nearest, err := d.Sampler(edge)
	if err != nil {
		return nil, err
	}
	edge.Mag, edge.Min = vk.FilterLinear, vk.FilterLinear
	linear, err := d.Sampler(edge)
	if err != nil {
		return nil, err
	}
	p, err := newDrawing(d, drawing{vertex: "frame_full.vert", fragment: "tone_map.frag", push: 24, target: t},
		sampled, sampled)
	if err != nil {
		return nil, err
	}
	return &Tone{p, nearest, linear}, nil
}

// Close destroys the pass behind the frames in flight.
func (p *Tone) Close() { p.program.close() }

// Record draws over the whole target.
func (p *Tone) Record(s *raw.Stream, in ToneInput) error {
	if in.HDR == vk.NullImageView || in.Width <= 0 || in.Height <= 0 || in.Mapper >= mappers {
		return fmt.Errorf("%w: tone mapper %d on a picture of %d by %d pixels", ErrInput, in.Mapper, in.Width, in.Height)
	}
	set, err := p.sets.take(in.Frame)
	if err != nil {
		return err
	}
	p.sets.texture(0, in.HDR, p.nearest, vk.ImageLayoutShaderReadOnlyOptimal)
	if in.Bloom == vk.NullImageView {
		in.BloomShare = 0
		p.sets.texture(1, in.HDR, p.nearest, vk.ImageLayoutShaderReadOnlyOptimal)
	} else {
		p.sets.texture(1, in.Bloom, p.linear, vk.ImageLayoutGeneral)
	}
	p.sets.write(set)
	push := struct {
		texel           [2]float32
		exposure, share float32
		mapper          Mapper
		dither          float32
	}{[2]float32{1 / float32(in.Width), 1 / float32(in.Height)}, float32(math.Exp2(float64(in.Exposure))),
		min(max(in.BloomShare, 0), 1), in.Mapper, 0}
	if in.Dither {
		push.dither = 1
	}
	p.begin(s, in.Width, in.Height)
	s.BindSets(vk.PipelineBindPointGraphics, p.layout, 0, set)
	s.Push(p.layout, device.PushStages, 0, bytesOf(&push))
	s.Draw(3, 1, 0, 0)
	return nil
}
