package vk

import (
	"encoding/binary"
	"math"

	"github.com/go-gl/mathgl/mgl32"
	vulkan "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/draw"
	"hearth/vk/mem"
	"hearth/vk/model"
	"hearth/vk/raw"
)

// placeholders are what stands for a model that is not there: a box of checks where
// it failed, one of wires where it is still on its way. They belong to the renderer,
// so that nothing has to arrive for them.
type placeholders struct {
	vertices, indices *mem.Buffer
	materials         *mem.Buffer
	checks            *mem.Image
	set               []vulkan.DescriptorSet
	layout            *device.SetLayout
	failed, waiting   draw.Part
}

const (
	materialSize   = 224 // material.glsl
	materialStride = 256 // a multiple of what uniform buffers are aligned to
	flagUnlit      = 1
	flagDouble     = 8
	flagTexture0   = 512
	checkSide      = 8 // checks along an edge
)

func (r *Renderer) openPlaceholders(layout *device.SetLayout) error {
	p := &r.looks.boxes
	p.layout = layout
	var err error
	if p.vertices, err = r.a.NewBuffer(mem.BufferDesc{Name: "boxes", Size: 32 * draw.VertexSize, Usage: vulkan.BufferUsageVertexBufferBit | vulkan.BufferUsageStorageBufferBit, Memory: mem.Upload}); err != nil {
		return err
	}
	if p.indices, err = r.a.NewBuffer(mem.BufferDesc{Name: "boxes", Size: 4 * 60, Usage: vulkan.BufferUsageIndexBufferBit, Memory: mem.Upload}); err != nil {
		return err
	}
	if p.materials, err = r.a.NewBuffer(mem.BufferDesc{Name: "materials of boxes", Size: 2 * materialStride,
		Usage: vulkan.BufferUsageUniformBufferBit | vulkan.BufferUsageStorageBufferBit, Memory: mem.Upload}); err != nil {
		return err
	}
	if p.checks, err = r.a.NewImage(mem.ImageDesc{Name: "checks", Width: checkSide, Height: checkSide, Format: vulkan.FormatR8g8b8a8Srgb,
		Usage: vulkan.ImageUsageSampledBit | vulkan.ImageUsageTransferDstBit}); err != nil {
		return err
	}
	p.fillBoxes()
	if err := r.fillChecks(); err != nil {
		return err
	}
	sampler, err := r.d.Sampler(device.SamplerDesc{})
	if err != nil {
		return err
	}
	bindless := r.d.Profile == device.ProfileBindless
	stride := materialStride
	n := 2
	if bindless {
		stride, n = materialSize, 1
	}
	p.fillMaterials(stride)
	if p.set, err = layout.NewSets(n); err != nil {
		return err
	}
	texture := device.Write{Type: vulkan.DescriptorTypeCombinedImageSampler, View: p.checks.View, Sampler: sampler, Layout: vulkan.ImageLayoutShaderReadOnlyOptimal}
	for i, set := range p.set {
		if bindless {
			texture.Binding = 1
			r.d.WriteSet(set, []device.Write{{Binding: 0, Type: vulkan.DescriptorTypeStorageBuffer, Buffer: p.materials.Handle}, texture})
			break
		}
		writes := []device.Write{{Binding: 0, Type: vulkan.DescriptorTypeUniformBuffer, Buffer: p.materials.Handle, Offset: uint64(i * stride), Range: materialSize}}
		for b := range uint32(5) {
			texture.Binding = 1 + b
			writes = append(writes, texture)
		}
		r.d.WriteSet(set, writes)
	}
	last := len(p.set) - 1
	box := draw.Geometry{Vertices: p.vertices.Handle, Indices: p.indices.Handle, IndexCount: 36, Radius: float32(math.Sqrt(3)) / 2}
	p.failed = draw.Part{Geometry: box, Material: draw.Material{Set: p.set[0], DoubleSided: true}, Local: mgl32.Ident4()}
	box.VertexOffset, box.FirstIndex, box.IndexCount, box.Topology = 24, 36, 24, model.Lines
	p.waiting = draw.Part{Geometry: box, Material: draw.Material{Set: p.set[last], Index: 1}, Local: mgl32.Ident4(), NoShadow: true}
	return nil
}

// fillBoxes writes a cube of faces and one of edges, of side 1 around the origin.
func (p *placeholders) fillBoxes() {
	put := func(n int, at, normal, tangent mgl32.Vec3, u, v float32) {
		b := p.vertices.Bytes[n*draw.VertexSize:]
		for i, f := range []float32{at[0], at[1], at[2], normal[0], normal[1], normal[2], tangent[0], tangent[1], tangent[2], 1, u, v, u, v} {
			binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(f))
		}
		binary.LittleEndian.PutUint32(b[56:], ^uint32(0))
		binary.LittleEndian.PutUint32(b[60:], 0)
	}
	index := func(i int, n uint32) { binary.LittleEndian.PutUint32(p.indices.Bytes[4*i:], n) }
	for f := range 6 {
		var normal, right mgl32.Vec3
		normal[f/2] = float32(1 - 2*(f%2))
		right[(f/2+1)%3] = 1
		up := normal.Cross(right)
		for c := range 4 {
			x, y := float32(c&1), float32(c>>1)
			at := normal.Mul(0.5).Add(right.Mul(x - 0.5)).Add(up.Mul(y - 0.5))
			put(4*f+c, at, normal, right, x, 1-y)
		}
		for i, c := range []int{0, 1, 2, 2, 1, 3} {
			index(6*f+i, uint32(4*f+c))
		}
	}
	for c := range 8 {
		put(24+c, mgl32.Vec3{float32(c&1) - 0.5, float32(c>>1&1) - 0.5, float32(c>>2) - 0.5}, mgl32.Vec3{0, 1, 0}, mgl32.Vec3{1, 0, 0}, 0, 0)
	}
	i := 36
	for c := range 8 {
		for axis := range 3 {
			if c>>axis&1 == 0 {
				index(i, uint32(c))
				index(i+1, uint32(c|1<<axis))
				i += 2
			}
		}
	}
}

// fillMaterials writes the checks, then the grey of the wires; both shine by
// themselves, so that they are seen in the dark too.
func (p *placeholders) fillMaterials(stride int) {
	for i, color := range [2]mgl32.Vec4{{1, 1, 1, 1}, {0.5, 0.5, 0.5, 1}} {
		b := p.materials.Bytes[i*stride:]
		clear(b[:materialSize])
		for k, f := range color {
			binary.LittleEndian.PutUint32(b[4*k:], math.Float32bits(f))
		}
		flags := uint32(flagUnlit | flagDouble)
		if i == 0 {
			flags |= flagTexture0
		}
		binary.LittleEndian.PutUint32(b[48:], flags)
		one := math.Float32bits(1)
		for t := range 5 { // texture coordinates as they are
			binary.LittleEndian.PutUint32(b[64+32*t:], one)
			binary.LittleEndian.PutUint32(b[64+32*t+16+4:], one)
		}
	}
}

func (r *Renderer) fillChecks() error {
	p := &r.looks.boxes
	b, err := r.a.NewBuffer(mem.BufferDesc{Name: "checks", Size: 4 * checkSide * checkSide, Usage: vulkan.BufferUsageTransferSrcBit, Memory: mem.Upload})
	if err != nil {
		return err
	}
	defer b.Close()
	for i := range checkSide * checkSide {
		c := [4]byte{255, 0, 255, 255}
		if (i%checkSide+i/checkSide)%2 == 1 {
			c = [4]byte{0, 0, 0, 255}
		}
		copy(b.Bytes[4*i:], c[:])
	}
	return r.d.Do(func(s *raw.Stream) {
		s.Barriers([]raw.ImageBarrier{{Image: p.checks.Handle, New: vulkan.ImageLayoutTransferDstOptimal, DstStage: raw.StageTransfer, DstAccess: raw.AccessTransferWrite}}, nil, nil)
		s.CopyBufferToImage(b.Handle, raw.BufferLayout{}, p.checks.Handle, vulkan.ImageLayoutTransferDstOptimal, raw.Region{Width: checkSide, Height: checkSide})
		s.Barriers([]raw.ImageBarrier{{Image: p.checks.Handle, Old: vulkan.ImageLayoutTransferDstOptimal, New: vulkan.ImageLayoutShaderReadOnlyOptimal,
			SrcStage: raw.StageTransfer, SrcAccess: raw.AccessTransferWrite, DstStage: raw.StageFragment, DstAccess: raw.AccessSampledRead}}, nil, nil)
	})
}

func (p *placeholders) close() {
	p.vertices.Close()
	p.indices.Close()
	p.materials.Close()
	p.checks.Close()
	if len(p.set) > 0 {
		p.layout.FreeSets(p.set...)
	}
}

// box makes the parts of a placeholder for something of known bounds, or of a unit
// box where they are not known.
func box(p draw.Part, low, high mgl32.Vec3) []draw.Part {
	size := high.Sub(low)
	if low == high {
		low, size = mgl32.Vec3{-0.5, -0.5, -0.5}, mgl32.Vec3{1, 1, 1}
	}
	middle := low.Add(size.Mul(0.5))
	for i := range size {
		size[i] = max(size[i], 1e-3) // flat things are seen too
	}
	p.Local = mgl32.Translate3D(middle[0], middle[1], middle[2]).Mul4(mgl32.Scale3D(size[0], size[1], size[2]))
	return []draw.Part{p}
}
