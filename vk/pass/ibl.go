package pass

import (
	"fmt"
	"math/bits"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/raw"
)

// IrradianceBytes is the size of an environment's irradiance: 9 coefficients of f32x4,
// for iblIrradiance in ibl.glsl.
const IrradianceBytes = 9 * 16

// The sides that an environment's cube can have, in texels: at least two levels; and
// filtering takes time by the square, while roughness blurs more than this anyway.
const (
	MinEnvironmentSize = 16
	MaxEnvironmentSize = 1024
)

const (
	// irradianceSize is the side of the level that irradiance is taken from: 6144 texels
	// are plenty for functions of second order.
	irradianceSize = 32
	// maxSteps bounds the points per texel and direction when a source is reduced.
	maxSteps = 16
	// defaultSamples is the samples of the GGX lobe for each texel. Each is filtered, so
	// few are enough.
	defaultSamples = 64
	// environmentLevels is the roughnesses that are filtered at most: 0 to 1 in even
	// steps. roughestSize is the least side of the last: the filter of a smaller cube
	// would flatten the widest lobe by a tenth and more.
	environmentLevels = 6
	roughestSize      = 8
	faces             = 6
)

// IBL filters a sky for lighting. What samples cubes are draws and not dispatches, since
// there are devices (SwiftShader) whose compute shaders do not filter across the edges of
// a cube.
type IBL struct {
	fromCube, fromPicture      program
	mip, irradiance, prefilter program
	cubes, texels, pictures    vk.Sampler // of cubes, filtered and not; of pictures
	alloc                      *mem.Allocator
}

// IBLInput is what Record reads: a sky (sampled, fragment, ShaderReadOnlyOptimal) and
// writes: Into, visible to compute and fragment shaders afterwards.
type IBLInput struct {
	Frame uint64
	// Source is a cube view, or the 2D view of an equirectangular picture, +X in its
	// middle and +Y at its top. Radiance is linear as it is sampled.
	Source   vk.ImageView
	Equirect bool
	// SourceSize is the side of a cube's face, or the width of a picture, in texels;
	// Levels its mip levels, which make reducing cheaper.
	SourceSize, SourceLevels int
	Samples                  int // per texel; 0 is 64
	Into                     *Environment
}

// NewIBL makes the pass.
func NewIBL(d *device.Device, a *mem.Allocator) (*IBL, error) {
	p := &IBL{alloc: a}
	linear := device.SamplerDesc{Mag: vk.FilterLinear, Min: vk.FilterLinear, Mipmap: vk.SamplerMipmapModeLinear, MaxLod: device.LodAll,
		U: vk.SamplerAddressModeClampToEdge, V: vk.SamplerAddressModeClampToEdge}
	var err error
	if p.cubes, err = d.Sampler(linear); err != nil {
		return nil, err
	}
	nearest := linear
	nearest.Mag, nearest.Min, nearest.Mipmap = vk.FilterNearest, vk.FilterNearest, vk.SamplerMipmapModeNearest
	if p.texels, err = d.Sampler(nearest); err != nil {
		return nil, err
	}
	linear.U = vk.SamplerAddressModeRepeat // a picture of all around has no left and right edge
	if p.pictures, err = d.Sampler(linear); err != nil {
		return nil, err
	}
	if p.mip, err = newCompute(d, "ibl_mip.comp", 4, stored, stored); err == nil {
		p.irradiance, err = newCompute(d, "ibl_irradiance.comp", 4, stored, storage)
	}
	for _, x := range []struct {
		p      *program
		shader string
	}{{&p.fromCube, "ibl_base.frag"}, {&p.fromPicture, "ibl_base.equirect.frag"}, {&p.prefilter, "ibl_prefilter.frag"}} {
		if err == nil {
			*x.p, err = newDrawing(d, drawing{vertex: "frame_full.vert", fragment: x.shader, push: 20, target: Target{Color: hdrFormat}}, sampled)
		}
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// Close destroys the pass behind the frames in flight; environments are closed on
// their own.
func (p *IBL) Close() {
	for _, x := range []*program{&p.fromCube, &p.fromPicture, &p.mip, &p.irradiance, &p.prefilter} {
		x.close()
	}
}

// Record filters a sky: some milliseconds of a GPU, so once for each sky.
func (p *IBL) Record(s *raw.Stream, in IBLInput) error {
	e := in.Into
	if e == nil || in.Source == vk.NullImageView || in.SourceSize <= 0 {
		return fmt.Errorf("%w: an environment without a sky", ErrInput)
	}
	const readers = raw.StageFragment | raw.StageCompute
	s.Barriers([]raw.ImageBarrier{
		{Image: e.base.Handle, Old: vk.ImageLayoutUndefined, New: vk.ImageLayoutGeneral, SrcStage: readers, SrcAccess: raw.AccessShaderRead,
			DstStage: raw.StageColorOutput | raw.StageCompute, DstAccess: raw.AccessColorWrite | raw.AccessShaderWrite},
		{Image: e.cube.Handle, Old: vk.ImageLayoutUndefined, New: vk.ImageLayoutGeneral, SrcStage: readers, SrcAccess: raw.AccessShaderRead,
			DstStage: raw.StageColorOutput, DstAccess: raw.AccessColorWrite},
	}, []raw.BufferBarrier{{Buffer: e.buffer.Handle, SrcStage: readers, SrcAccess: raw.AccessShaderRead | raw.AccessUniformRead,
		DstStage: raw.StageCompute, DstAccess: raw.AccessShaderWrite}}, nil)

	if err := p.reduce(s, &in); err != nil {
		return err
	}
	for l := 1; l < e.baseLevels; l++ {
		set, err := p.mip.sets.take(in.Frame)
		if err != nil {
			return err
		}
		p.mip.sets.image(0, e.baseViews[l-1])
		p.mip.sets.image(1, e.baseViews[l])
		p.mip.sets.write(set)
		size := uint32(e.Size >> l)
		p.mip.dispatch(s, set, bytesOf(&size), groups(size, 8), groups(size, 8), 6)
		e.written(s, raw.StageCompute, raw.AccessShaderWrite)
	}

	level := max(0, bits.Len(uint(e.Size))-bits.Len(uint(irradianceSize)))
	set, err := p.irradiance.sets.take(in.Frame)
	if err != nil {
		return err
	}
	p.irradiance.sets.image(0, e.baseViews[level])
	p.irradiance.sets.buffer(1, Range{Buffer: e.buffer.Handle})
	p.irradiance.sets.write(set)
	size := uint32(e.Size >> level)
	p.irradiance.dispatch(s, set, bytesOf(&size), 1, 1, 1)

	samples := in.Samples
	if samples <= 0 {
		samples = defaultSamples
	}
	if set, err = p.prefilter.sets.take(in.Frame); err != nil {
		return err
	}
	p.prefilter.sets.texture(0, e.base.View, p.cubes, vk.ImageLayoutGeneral)
	p.prefilter.sets.write(set)
	for l := range e.Levels {
		for face := range faces {
			push := struct {
				face, size, base, samples uint32
				roughness                 float32
			}{uint32(face), uint32(e.Size >> l), uint32(e.Size), uint32(samples), float32(l) / float32(max(e.Levels-1, 1))}
			p.prefilter.face(s, set, e.cubeFaces[l*faces+face], e.Size>>l, bytesOf(&push))
		}
	}
	s.Barriers([]raw.ImageBarrier{{Image: e.cube.Handle, Old: vk.ImageLayoutGeneral, New: vk.ImageLayoutShaderReadOnlyOptimal,
		SrcStage: raw.StageColorOutput, SrcAccess: raw.AccessColorWrite, DstStage: readers, DstAccess: raw.AccessShaderRead}},
		[]raw.BufferBarrier{{Buffer: e.buffer.Handle, SrcStage: raw.StageCompute, SrcAccess: raw.AccessShaderWrite,
			DstStage: readers, DstAccess: raw.AccessShaderRead | raw.AccessUniformRead}}, nil)
	return nil
}

// reduce records the copy of the sky into level 0 of the base.
func (p *IBL) reduce(s *raw.Stream, in *IBLInput) error {
	e, from, sampler := in.Into, &p.fromCube, p.cubes
	texels := in.SourceSize // of the source along a side of a face
	if in.Equirect {
		from, sampler, texels = &p.fromPicture, p.pictures, in.SourceSize/4
	}
	ratio := max(texels/e.Size, 1)
	level := min(bits.Len(uint(ratio))-1, max(in.SourceLevels, 1)-1)
	steps := min(max(ratio>>level, 1), maxSteps)
	if !in.Equirect && e.Size*steps == in.SourceSize>>level {
		sampler = p.texels // each point is a texel: what is equal is copied, what is infinite stays in its place
	}
	set, err := from.sets.take(in.Frame)
	if err != nil {
		return err
	}
	from.sets.texture(0, in.Source, sampler, vk.ImageLayoutShaderReadOnlyOptimal)
	from.sets.write(set)
	for face := range faces {
		push := struct {
			face, size, steps uint32
			level, limit      float32
		}{uint32(face), uint32(e.Size), uint32(steps), float32(level), MaxLight}
		from.face(s, set, e.baseFaces[face], e.Size, bytesOf(&push))
	}
	e.written(s, raw.StageColorOutput, raw.AccessColorWrite)
	return nil
}

// face draws a face of a cube, which is in layout General.
func (p *program) face(s *raw.Stream, set vk.DescriptorSet, to vk.ImageView, size int, push []byte) {
	s.BeginRendering(&raw.Rendering{Width: uint32(size), Height: uint32(size), Color: []raw.Attachment{{View: to,
		Layout: vk.ImageLayoutGeneral, Load: vk.AttachmentLoadOpDontCare, Store: vk.AttachmentStoreOpStore}}})
	p.begin(s, size, size)
	s.BindSets(vk.PipelineBindPointGraphics, p.layout, 0, set)
	s.Push(p.layout, device.PushStages, 0, push)
	s.Draw(3, 1, 0, 0)
	s.EndRendering()
}
