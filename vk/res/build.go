package res

import (
	"slices"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/mem"
	"hearth/vk/model"
)

// builder makes the device's form of a model.
type builder struct {
	r       *Resources
	e       *entry
	src     *model.Model
	sources []*TextureRef // of a pair: 2*source, or 2*source+1 for numbers
	out     *Model
	single  *Texture
	jobs    []*job
	images  map[imageKey]*Texture
}

type imageKey struct {
	picture int
	colour  bool
	mips    bool
}

func newBuilder(r *Resources, e *entry, src *model.Model) *builder {
	return &builder{r: r, e: e, src: src, out: &Model{}, images: map[imageKey]*Texture{}}
}

// abort gives up what was made.
func (b *builder) abort() {
	if b.out != nil {
		b.out.destroy(b.r)
	}
	if b.single != nil {
		b.single.destroy()
	}
}

func (b *builder) build() error {
	b.out.Source = slim(b.src)
	for i := range b.src.Meshes {
		h, err := b.mesh(&b.src.Meshes[i])
		b.out.Meshes = append(b.out.Meshes, h)
		if err != nil {
			return err
		}
	}
	shared := map[use]uint32{}
	all := append(slices.Clone(b.src.Materials), model.DefaultMaterial())
	for i := range all {
		var uses [textureCount]use
		for j, t := range textureRefs(&all[i]) {
			u, err := b.use(t, colours[j])
			if err != nil {
				return err
			}
			if uses[j] = u; u.image == nil {
				t.Texture = -1
			}
		}
		x, data, err := b.r.materials.take(&all[i], uses, &b.out.slots, shared)
		if err != nil {
			return err
		}
		b.out.Materials = append(b.out.Materials, x)
		buf, off := b.r.materials.target(&x)
		b.copy(data, buf, off)
	}
	return nil
}

// copy queues the copy of bytes into a buffer.
func (b *builder) copy(data []byte, to vk.Buffer, offset uint64) {
	if len(data) > 0 {
		b.jobs = append(b.jobs, &job{e: b.e, data: data, buffer: to, offset: offset})
	}
}

// part packs into a page.
func (b *builder) part(g *pages, data []byte) (part, error) {
	if len(data) == 0 {
		return part{}, nil
	}
	p, err := g.take(len(data) / int(g.size))
	if err == nil {
		b.copy(data, p.buffer(), uint64(p.r.First)*g.size)
	}
	return p, err
}

func (b *builder) mesh(m *model.Mesh) (h Mesh, err error) {
	h = Mesh{Topology: m.Topology, Material: m.Material}
	h.Min, h.Max = m.Min, m.Max
	if h.Material < 0 || h.Material >= len(b.src.Materials) {
		h.Material = len(b.src.Materials)
	}
	if len(m.Positions) == 0 || len(m.Indices) == 0 {
		return h, nil
	}
	indices, err := packIndices(m)
	if err != nil {
		return h, err
	}
	if h.vertex, err = b.part(b.r.vertices, packVertices(m)); err != nil {
		return h, err
	}
	if h.index, err = b.part(b.r.indices, indices); err != nil {
		return h, err
	}
	if len(m.Joints) > 0 {
		if h.skin, err = b.part(b.r.skins, packSkin(m)); err != nil {
			return h, err
		}
	}
	if h.delta, err = b.part(b.r.deltas, packTargets(m)); err != nil {
		return h, err
	}
	h.VertexBuffer, h.IndexBuffer = h.vertex.buffer(), h.index.buffer()
	h.VertexOffset, h.VertexCount = int32(h.vertex.r.First), uint32(len(m.Positions))
	h.FirstIndex, h.IndexCount = h.index.r.First, uint32(len(m.Indices))
	h.SkinBuffer, h.FirstSkin = h.skin.buffer(), h.skin.r.First
	h.DeltaBuffer, h.FirstDelta, h.Targets = h.delta.buffer(), h.delta.r.First, uint32(len(m.Targets))
	return h, nil
}

// use is the texture and the sampler of a material's reference.
func (b *builder) use(t *model.TextureRef, colour bool) (u use, err error) {
	if t.Texture < 0 || t.Texture >= len(b.src.Textures) {
		return u, nil
	}
	tex := &b.src.Textures[t.Texture]
	if b.sources != nil {
		at := 2 * tex.Picture
		if !colour {
			at++
		}
		if at >= len(b.sources) || b.sources[at] == nil {
			return u, nil
		}
		b.r.mu.Lock()
		u.image = b.sources[at].e.texture.Image
		b.r.mu.Unlock()
	} else {
		if tex.Picture < 0 || tex.Picture >= len(b.src.Pictures) {
			return u, nil
		}
		k := imageKey{tex.Picture, colour, tex.Mipmaps}
		x := b.images[k]
		if x == nil {
			if x, err = b.texture(&b.src.Pictures[tex.Picture], colour, tex.Mipmaps); err != nil {
				return u, err
			}
			b.images[k] = x
			b.out.textures = append(b.out.textures, x)
		}
		u.image = x.Image
	}
	if u.image.Cube {
		return use{}, nil // a material has no use for a cube
	}
	u.sampler, err = b.r.materials.sampler(tex)
	return u, err
}

// texture makes the image of a picture and queues its pixels.
func (b *builder) texture(p *model.Picture, colour, mips bool) (*Texture, error) {
	d := b.r.d
	limit := b.r.o.MaxTexture
	if p.Faces == 6 {
		limit = min(limit, d.Limits.MaxImageCube)
	}
	p = fit(p, int(limit), colour)
	t := &Texture{Cube: p.Faces == 6, HDR: p.Format == model.RGBA16F, picture: p}
	f := vk.FormatR8g8b8a8Unorm
	switch {
	case t.HDR:
		f = vk.FormatR16g16b16a16Sfloat
	case colour:
		f = vk.FormatR8g8b8a8Srgb
	}
	w, h := uint32(p.Width), uint32(p.Height)
	levels := uint32(1)
	if mips {
		levels = mem.Levels(w, h)
	}
	var err error
	t.Image, err = b.r.a.NewImage(mem.ImageDesc{Width: w, Height: h, Levels: levels, Layers: uint32(p.Faces), Format: f, Cube: t.Cube,
		Usage: vk.ImageUsageSampledBit | vk.ImageUsageTransferDstBit | vk.ImageUsageTransferSrcBit, Name: "texture"})
	if err != nil {
		return nil, err
	}
	b.jobs = append(b.jobs, &job{e: b.e, texture: t, data: p.Pixels})
	return t, nil
}
