package pass

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/raw"
	"hearth/vk/vktest"
)

// rig is a device with validation and what tests need around a pass.
type rig struct {
	t     testing.TB
	dev   *device.Device
	alloc *mem.Allocator
}

func open(t testing.TB) *rig {
	t.Helper()
	d := vktest.Open(t, func(o *device.Options) {
		_, bench := t.(*testing.B)
		o.Validate = o.Validate && !bench // its time is not what is measured
	})
	return &rig{t, d, vktest.Memory(t, d)}
}

// do records, submits and waits.
func (g *rig) do(f func(s *raw.Stream) error) {
	g.t.Helper()
	var inner error
	if err := g.dev.Do(func(s *raw.Stream) {
		inner = f(s)
		s.Barriers(nil, nil, []raw.MemoryBarrier{{SrcStage: raw.StageAll, SrcAccess: raw.AccessMemoryWrite,
			DstStage: raw.StageAll | raw.StageHost, DstAccess: raw.AccessMemoryRead | raw.AccessMemoryWrite | raw.AccessHostRead}})
	}); err != nil {
		g.t.Fatal(err)
	}
	if inner != nil {
		g.t.Fatal(inner)
	}
}

const anyBuffer = vk.BufferUsageStorageBufferBit | vk.BufferUsageVertexBufferBit | vk.BufferUsageIndexBufferBit |
	vk.BufferUsageUniformBufferBit | vk.BufferUsageTransferSrcBit | vk.BufferUsageTransferDstBit

// buffer makes a buffer of zeros that closes with the test.
func (g *rig) buffer(size int) *mem.Buffer {
	g.t.Helper()
	b, err := g.alloc.NewBuffer(mem.BufferDesc{Size: uint64(max(size, 16)), Usage: anyBuffer, Memory: mem.Upload, Name: "test"})
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(b.Close)
	clear(b.Bytes)
	return b
}

// upload makes a buffer of bytes; none for none.
func (g *rig) upload(data []byte) Range {
	g.t.Helper()
	if len(data) == 0 {
		return Range{}
	}
	b := g.buffer(len(data))
	copy(b.Bytes, data)
	return Range{Buffer: b.Handle}
}

// download reads a buffer of this rig that the device wrote.
func (g *rig) download(b *mem.Buffer) []byte { return b.Bytes }

// picture is an image with its bytes per texel.
type picture struct {
	*mem.Image
	texel int
}

// image makes an image with data for all layers of level 0, in ShaderReadOnlyOptimal.
func (g *rig) image(w, h int, format vk.Format, texel int, cube bool, data []byte) picture {
	g.t.Helper()
	d := mem.ImageDesc{Width: uint32(w), Height: uint32(h), Layers: 1, Format: format, Name: "test",
		Usage: vk.ImageUsageSampledBit | vk.ImageUsageTransferDstBit | vk.ImageUsageTransferSrcBit}
	if cube {
		d.Cube, d.Layers = true, 6
	}
	im, err := g.alloc.NewImage(d)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(im.Close)
	from := g.upload(data)
	g.do(func(s *raw.Stream) error {
		s.Barriers([]raw.ImageBarrier{{Image: im.Handle, Old: vk.ImageLayoutUndefined, New: vk.ImageLayoutTransferDstOptimal,
			DstStage: raw.StageCopy, DstAccess: raw.AccessTransferWrite}}, nil, nil)
		s.CopyBufferToImage(from.Buffer, raw.BufferLayout{}, im.Handle, vk.ImageLayoutTransferDstOptimal,
			raw.Region{Width: uint32(w), Height: uint32(h), Layers: d.Layers})
		s.Barriers([]raw.ImageBarrier{{Image: im.Handle, Old: vk.ImageLayoutTransferDstOptimal, New: vk.ImageLayoutShaderReadOnlyOptimal,
			SrcStage: raw.StageCopy, SrcAccess: raw.AccessTransferWrite, DstStage: raw.StageFragment | raw.StageCompute, DstAccess: raw.AccessShaderRead}}, nil, nil)
		return nil
	})
	return picture{im, texel}
}

// read returns all layers of a level of an image in a layout, which it keeps.
func (g *rig) read(im *mem.Image, texel int, level uint32, layout vk.ImageLayout) []byte {
	g.t.Helper()
	w, h := max(im.Width>>level, 1), max(im.Height>>level, 1)
	b := g.buffer(int(w*h*im.Layers) * texel)
	g.do(func(s *raw.Stream) error {
		to := func(from, to vk.ImageLayout) {
			s.Barriers([]raw.ImageBarrier{{Image: im.Handle, Old: from, New: to, Aspect: im.Aspect, SrcStage: raw.StageAll, DstStage: raw.StageAll,
				SrcAccess: raw.AccessMemoryWrite, DstAccess: raw.AccessMemoryRead | raw.AccessMemoryWrite}}, nil, nil)
		}
		to(layout, vk.ImageLayoutTransferSrcOptimal)
		s.CopyImageToBuffer(im.Handle, vk.ImageLayoutTransferSrcOptimal, raw.Region{Aspect: im.Aspect, Level: level, Width: w, Height: h, Layers: im.Layers},
			b.Handle, raw.BufferLayout{})
		to(vk.ImageLayoutTransferSrcOptimal, layout)
		return nil
	})
	return b.Bytes[:int(w*h*im.Layers)*texel]
}

// surface is a picture to draw on, with a depth.
type surface struct {
	g            *rig
	color, depth *mem.Image
	w, h, texel  int
}

// surface makes a target; depth says whether it has one.
func (g *rig) surface(w, h int, format vk.Format, texel int, depth bool) *surface {
	g.t.Helper()
	x := &surface{g: g, w: w, h: h, texel: texel}
	var err error
	if x.color, err = g.alloc.NewImage(mem.ImageDesc{Width: uint32(w), Height: uint32(h), Format: format, Name: "target",
		Usage: vk.ImageUsageColorAttachmentBit | vk.ImageUsageTransferSrcBit}); err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(x.color.Close)
	if depth {
		if x.depth, err = g.alloc.NewImage(mem.ImageDesc{Width: uint32(w), Height: uint32(h), Format: vk.FormatD32Sfloat, Aspect: vk.ImageAspectDepthBit,
			Usage: vk.ImageUsageDepthStencilAttachmentBit | vk.ImageUsageTransferSrcBit, Name: "target depth"}); err != nil {
			g.t.Fatal(err)
		}
		g.t.Cleanup(x.depth.Close)
	}
	return x
}

func (x *surface) target() Target {
	t := Target{Color: x.color.Format, Samples: 1}
	if x.depth != nil {
		t.Depth = x.depth.Format
	}
	return t
}

// draw clears the target, draws on it and returns its texels.
func (x *surface) draw(clear [4]float32, depth float32, f func(s *raw.Stream) error) []byte {
	x.g.t.Helper()
	x.g.do(func(s *raw.Stream) error {
		b := []raw.ImageBarrier{{Image: x.color.Handle, Old: vk.ImageLayoutUndefined, New: vk.ImageLayoutColorAttachmentOptimal,
			DstStage: raw.StageColorOutput, DstAccess: raw.AccessColorRead | raw.AccessColorWrite}}
		r := raw.Rendering{Width: uint32(x.w), Height: uint32(x.h), Color: []raw.Attachment{{View: x.color.View,
			Layout: vk.ImageLayoutColorAttachmentOptimal, Load: vk.AttachmentLoadOpClear, Store: vk.AttachmentStoreOpStore, Clear: clear}}}
		if x.depth != nil {
			b = append(b, raw.ImageBarrier{Image: x.depth.Handle, Old: vk.ImageLayoutUndefined, New: vk.ImageLayoutDepthStencilAttachmentOptimal,
				Aspect: vk.ImageAspectDepthBit, DstStage: raw.StageFragmentTests, DstAccess: raw.AccessDepthRead | raw.AccessDepthWrite})
			r.Depth = &raw.Attachment{View: x.depth.View, Layout: vk.ImageLayoutDepthStencilAttachmentOptimal,
				Load: vk.AttachmentLoadOpClear, Store: vk.AttachmentStoreOpStore, Clear: [4]float32{depth}}
		}
		s.Barriers(b, nil, nil)
		s.BeginRendering(&r)
		err := f(s)
		s.EndRendering()
		return err
	})
	return x.g.read(x.color, x.texel, 0, vk.ImageLayoutColorAttachmentOptimal)
}

// record benchmarks recording: the stream is replayed nowhere, the sets are real.
func (g *rig) record(b *testing.B, f func(s *raw.Stream, frame uint64) error) {
	var s raw.Stream
	frame := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		frame++
		s.Reset()
		if err := f(&s, frame); err != nil {
			b.Fatal(err)
		}
	}
}

// compile makes the program of a shader of testdata, which may include those of
// vk/shaders. One for fragments draws all over an RGBA32F target.
func (g *rig) compile(name string, push int, bindings ...vk.DescriptorType) program {
	g.t.Helper()
	out := filepath.Join(g.t.TempDir(), name+".spv")
	if b, err := exec.Command("glslc", "-O", "--target-env=vulkan1.2", "-I../shaders", "-o", out, filepath.Join("testdata", name)).CombinedOutput(); err != nil {
		g.t.Fatalf("glslc: %v\n%s", err, b)
	}
	code, err := os.ReadFile(out)
	must(g.t, err)
	m, err := g.dev.Shader(code)
	must(g.t, err)
	defer g.dev.Destroy(m)
	p, err := newProgram(g.dev, push, vk.ShaderStageComputeBit|vk.ShaderStageFragmentBit, bindings)
	must(g.t, err)
	g.t.Cleanup(p.close)
	if filepath.Ext(name) == ".comp" {
		p.pipeline, err = g.dev.Compute(device.ComputeDesc{Name: name, Layout: p.layout, Shader: device.ShaderStage{Module: m}})
		must(g.t, err)
		return p
	}
	v, err := module(g.dev, "frame_full.vert")
	must(g.t, err)
	defer g.dev.Destroy(v)
	p.pipeline, err = g.dev.Graphics(device.GraphicsDesc{Name: name, Layout: p.layout, Vertex: device.ShaderStage{Module: v},
		Fragment: device.ShaderStage{Module: m}, Colors: []vk.Format{vk.FormatR32g32b32a32Sfloat}})
	must(g.t, err)
	return p
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// half and unhalf convert between half floats and single ones.
func half(f float32) uint16 {
	b := math.Float32bits(f)
	sign, abs := uint16(b>>16&0x8000), b&0x7FFFFFFF
	switch {
	case abs > 0x7F800000:
		return sign | 0x7E00
	case abs >= 0x477FF000:
		return sign | 0x7C00
	case abs < 0x33000000:
		return sign
	case abs < 0x38800000: // subnormal
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(abs))*(1<<24)))
	}
	return sign | uint16((abs-0x38000000+0x0FFF+abs>>13&1)>>13)
}

func unhalf(h uint16) float32 {
	m, e := uint32(h&0x3FF), uint32(h>>10&31)
	s := float32(1)
	if h&0x8000 != 0 {
		s = -1
	}
	switch e {
	case 0:
		return s * float32(m) / (1 << 24)
	case 31:
		return math.Float32frombits(uint32(h&0x8000)<<16 | 0x7F800000 | m<<13)
	}
	return s * math.Float32frombits((e+112)<<23|m<<13)
}

// halves are RGBA colours as texels of half floats.
func halves(c [][4]float32) []byte {
	out := make([]byte, 0, len(c)*8)
	for _, x := range c {
		for _, f := range x {
			h := half(f)
			out = append(out, byte(h), byte(h>>8))
		}
	}
	return out
}

// colors are texels of half floats as RGBA colours.
func colors(b []byte) [][4]float32 {
	out := make([][4]float32, len(b)/8)
	for i := range out {
		for k := range 4 {
			out[i][k] = unhalf(uint16(b[i*8+k*2]) | uint16(b[i*8+k*2+1])<<8)
		}
	}
	return out
}

func TestHalves(t *testing.T) {
	for h := range 1 << 16 {
		f := unhalf(uint16(h))
		if f != f {
			continue
		}
		if got := half(f); got != uint16(h) {
			t.Fatalf("half(unhalf(%04x)) is %04x", h, got)
		}
	}
}
