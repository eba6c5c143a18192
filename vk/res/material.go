package res

import (
	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/model"
	"hearth/vk/raw"
)

// Limits of the tables of the bindless profile. A material names its textures with
// 16 bits; the materials take less than 4 MiB.
const (
	maxMaterials = 1 << 14
	maxTextures  = 1 << 13
	// materialStride keeps uniform buffers aligned in the bound profile: 256 is the
	// most that a device may ask for.
	materialStride = 256
)

// materials are the places of materials and, in the bindless profile, of textures.
type materials struct {
	r      *Resources
	layout *device.SetLayout
	white  *mem.Image // what is bound where a material has no texture

	bound *pages // profile bound: uniform buffers

	set   vk.DescriptorSet // profile bindless: the only set
	table *mem.Buffer
	used  *mem.Ranges
	slots *mem.Ranges
}

func newMaterials(r *Resources) (*materials, error) {
	m := &materials{r: r}
	d := r.d
	const stages = vk.ShaderStageVertexBit | vk.ShaderStageFragmentBit
	var b []device.Binding
	if d.Profile == device.ProfileBindless {
		b = []device.Binding{{Binding: 0, Type: vk.DescriptorTypeStorageBuffer, Stages: stages},
			{Binding: 1, Type: vk.DescriptorTypeCombinedImageSampler, Count: maxTextures, Stages: stages, Bindless: true}}
	} else {
		b = []device.Binding{{Binding: 0, Type: vk.DescriptorTypeUniformBuffer, Stages: stages}}
		for i := range textureCount {
			b = append(b, device.Binding{Binding: uint32(1 + i), Type: vk.DescriptorTypeCombinedImageSampler, Stages: stages})
		}
	}
	var err error
	if m.layout, err = d.SetLayout(b); err != nil {
		return nil, err
	}
	if err := m.newWhite(); err != nil {
		m.layout.Close()
		return nil, err
	}
	if d.Profile != device.ProfileBindless {
		m.bound = &pages{a: r.a, name: "materials", size: materialStride, usage: vk.BufferUsageUniformBufferBit | vk.BufferUsageTransferDstBit | vk.BufferUsageTransferSrcBit}
		return m, nil
	}
	fail := func(err error) (*materials, error) {
		m.white.Close()
		m.table.Close()
		m.layout.Close()
		return nil, err
	}
	m.used, m.slots = mem.NewRanges(maxMaterials), mem.NewRanges(maxTextures)
	if m.table, err = r.a.NewBuffer(mem.BufferDesc{Size: maxMaterials * MaterialSize, Name: "materials",
		Usage: vk.BufferUsageStorageBufferBit | vk.BufferUsageTransferDstBit | vk.BufferUsageTransferSrcBit}); err != nil {
		return fail(err)
	}
	sets, err := m.layout.NewSets(1)
	if err != nil {
		return fail(err)
	}
	m.set = sets[0]
	d.WriteSet(m.set, []device.Write{{Binding: 0, Type: vk.DescriptorTypeStorageBuffer, Buffer: m.table.Handle}})
	s, err := m.sampler(&model.Texture{})
	if err != nil {
		return fail(err)
	}
	m.slots.Take(1) // place 0 is the white texture, for good
	m.writeSlot(0, m.white.View, s)
	return m, nil
}

// newWhite makes the white texture, and blits once in each format: a driver
// builds its programs for that the first time, for a quarter of a second on a CPU,
// which should be no frame's. It does not wait: pipelines are built meanwhile.
func (m *materials) newWhite() (err error) {
	const usage = vk.ImageUsageSampledBit | vk.ImageUsageTransferDstBit | vk.ImageUsageTransferSrcBit
	m.white, err = m.r.a.NewImage(mem.ImageDesc{Width: 1, Height: 1, Format: vk.FormatR8g8b8a8Unorm, Name: "white", Usage: usage})
	if err != nil {
		return err
	}
	var first []*mem.Image
	for _, f := range []vk.Format{vk.FormatR8g8b8a8Unorm, vk.FormatR8g8b8a8Srgb, vk.FormatR16g16b16a16Sfloat} {
		i, err := m.r.a.NewImage(mem.ImageDesc{Width: 4, Height: 4, Levels: 3, Format: f, Name: "first blit", Usage: usage})
		if err != nil {
			m.white.Close()
			return err
		}
		defer i.Close()
		first = append(first, i)
	}
	const dst, src = vk.ImageLayoutTransferDstOptimal, vk.ImageLayoutTransferSrcOptimal
	_, err = m.r.d.Start(func(s *raw.Stream) {
		for _, i := range append(first, m.white) {
			s.Barriers([]raw.ImageBarrier{{Image: i.Handle, New: dst, DstStage: raw.StageTransfer, DstAccess: raw.AccessTransferWrite}}, nil, nil)
			s.ClearColorImage(i.Handle, dst, [4]float32{1, 1, 1, 1})
		}
		for _, i := range first {
			for l := range uint32(2) { // from the first level and from a later one: two programs
				s.Barriers([]raw.ImageBarrier{{Image: i.Handle, Old: dst, New: src, BaseLevel: l, Levels: 1, SrcStage: raw.StageTransfer,
					SrcAccess: raw.AccessTransferWrite, DstStage: raw.StageTransfer, DstAccess: raw.AccessTransferRead | raw.AccessTransferWrite},
					{Image: i.Handle, Old: dst, New: dst, BaseLevel: l + 1, Levels: 1, SrcStage: raw.StageTransfer, SrcAccess: raw.AccessTransferWrite,
						DstStage: raw.StageTransfer, DstAccess: raw.AccessTransferWrite}}, nil, nil)
				s.BlitImage(i.Handle, src, raw.Region{Level: l, Width: 4 >> l, Height: 4 >> l}, i.Handle, dst,
					raw.Region{Level: l + 1, Width: 2 >> l, Height: 2 >> l}, vk.FilterLinear)
			}
		}
		s.Barriers([]raw.ImageBarrier{{Image: m.white.Handle, Old: dst, New: vk.ImageLayoutShaderReadOnlyOptimal,
			SrcStage: raw.StageTransfer, SrcAccess: raw.AccessTransferWrite, DstStage: raw.StageAll, DstAccess: raw.AccessShaderRead}}, nil, nil)
	})
	if err != nil {
		m.white.Close()
	}
	return err
}

func (m *materials) close() {
	m.white.Close()
	m.table.Close()
	if m.bound != nil {
		m.bound.close()
	}
	m.layout.Close()
}

// MaterialLayout is the layout of set 1: of a material where the profile is bound,
// of all of them where it is bindless.
func (r *Resources) MaterialLayout() *device.SetLayout { return r.materials.layout }

// MaterialSet is the set of all materials in the bindless profile. In the bound
// profile it is null, and each material has its own.
func (r *Resources) MaterialSet() vk.DescriptorSet { return r.materials.set }

func (m *materials) sampler(t *model.Texture) (vk.Sampler, error) {
	filter := func(f model.Filter) vk.Filter {
		if f == model.FilterNearest {
			return vk.FilterNearest
		}
		return vk.FilterLinear
	}
	wrap := func(w model.Wrap) vk.SamplerAddressMode {
		switch w {
		case model.Mirror:
			return vk.SamplerAddressModeMirroredRepeat
		case model.Clamp:
			return vk.SamplerAddressModeClampToEdge
		}
		return vk.SamplerAddressModeRepeat
	}
	s := device.SamplerDesc{Mag: filter(t.Mag), Min: filter(t.Min), Mipmap: vk.SamplerMipmapModeLinear, U: wrap(t.Wrap[0]), V: wrap(t.Wrap[1])}
	if t.MipFilter == model.FilterNearest {
		s.Mipmap = vk.SamplerMipmapModeNearest
	}
	if t.Mipmaps {
		s.MaxLod = device.LodAll
		if t.Min == model.FilterLinear && t.Mag == model.FilterLinear {
			s.Anisotropy = m.r.o.Anisotropy
		}
	}
	return m.r.d.Sampler(s)
}

func (m *materials) writeSlot(slot uint32, v vk.ImageView, s vk.Sampler) {
	m.r.d.WriteSet(m.set, []device.Write{{Binding: 1, Element: slot, Type: vk.DescriptorTypeCombinedImageSampler, View: v, Sampler: s, Layout: vk.ImageLayoutShaderReadOnlyOptimal}})
}

func (m *materials) giveSlot(s slot) { m.r.d.Defer(func() { m.slots.Give(s.r) }) }

// use is a texture of a material with its sampler; a null view is none.
type use struct {
	image   *mem.Image
	sampler vk.Sampler
}

// take makes a place for a material and returns its bytes, to be copied to its part.
// Slots that it takes are added to slots.
func (m *materials) take(src *model.Material, uses [textureCount]use, slots *[]slot, shared map[use]uint32) (Material, []byte, error) {
	out := Material{Alpha: src.AlphaMode, DoubleSided: src.DoubleSided, Unlit: src.Unlit}
	if m.bound != nil {
		p, err := m.bound.take(1)
		if err != nil {
			return out, nil, err
		}
		out.part = p
		sets, err := m.layout.NewSets(1)
		if err != nil {
			m.bound.give(p)
			return out, nil, err
		}
		out.Set, out.set = sets[0], true
		white, err := m.sampler(&model.Texture{})
		if err != nil {
			m.give(&out)
			return out, nil, err
		}
		w := []device.Write{{Binding: 0, Type: vk.DescriptorTypeUniformBuffer, Buffer: p.buffer(), Offset: uint64(p.r.First) * materialStride, Range: MaterialSize}}
		for i, u := range uses {
			x := device.Write{Binding: uint32(1 + i), Type: vk.DescriptorTypeCombinedImageSampler, View: m.white.View, Sampler: white, Layout: vk.ImageLayoutShaderReadOnlyOptimal}
			if u.image != nil {
				x.View, x.Sampler = u.image.View, u.sampler
			}
			w = append(w, x)
		}
		m.r.d.WriteSet(out.Set, w)
		return out, packMaterial(src, [textureCount]uint32{}), nil
	}
	at, ok := m.used.Take(1)
	if !ok {
		return out, nil, ErrFull
	}
	out.Index, out.part = at.First, part{r: at}
	out.set = true
	var places [textureCount]uint32
	for i, u := range uses {
		if u.image == nil {
			continue
		}
		p, ok := shared[u]
		if !ok {
			x, free := m.slots.Take(1)
			if !free {
				m.give(&out)
				return out, nil, ErrFull
			}
			m.writeSlot(x.First, u.image.View, u.sampler)
			*slots = append(*slots, slot{x})
			p = x.First
			shared[u] = p
		}
		places[i] = p
	}
	return out, packMaterial(src, places), nil
}

// target is where the bytes of a material go.
func (m *materials) target(x *Material) (vk.Buffer, uint64) {
	if m.bound != nil {
		return x.part.buffer(), uint64(x.part.r.First) * materialStride
	}
	return m.table.Handle, uint64(x.Index) * MaterialSize
}

// give takes the place of a material back behind the frames in flight.
func (m *materials) give(x *Material) {
	if !x.set {
		return
	}
	x.set = false
	if m.bound != nil {
		m.layout.FreeSets(x.Set)
		m.bound.give(x.part)
		return
	}
	p := x.part.r
	m.r.d.Defer(func() { m.used.Give(p) })
}
