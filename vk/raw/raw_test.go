package raw_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image/color"
	"math"
	"slices"
	"testing"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/raw"
	"hearth/vk/vktest"
)

const all = vk.ImageUsageTransferSrcBit | vk.ImageUsageTransferDstBit

// toTransfer is the barrier that makes everything before visible to a transfer.
var toTransfer = []raw.MemoryBarrier{{SrcStage: raw.StageAll, SrcAccess: raw.AccessMemoryWrite, DstStage: raw.StageAll, DstAccess: raw.AccessMemoryRead | raw.AccessMemoryWrite}}

type stage struct {
	t testing.TB
	d *device.Device
	a *mem.Allocator
}

func newStage(t testing.TB) *stage {
	d := vktest.Open(t)
	return &stage{t, d, vktest.Memory(t, d)}
}

func (s *stage) buffer(n uint64, usage vk.BufferUsageFlagBits) *mem.Buffer {
	s.t.Helper()
	b, err := s.a.NewBuffer(mem.BufferDesc{Size: n, Usage: usage | vk.BufferUsageTransferSrcBit | vk.BufferUsageTransferDstBit, Memory: mem.Readback, Name: "b"})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(b.Close)
	return b
}

func (s *stage) image(i mem.ImageDesc) *mem.Image {
	s.t.Helper()
	x, err := s.a.NewImage(i)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(x.Close)
	return x
}

func (s *stage) do(f func(*raw.Stream)) {
	s.t.Helper()
	if err := s.d.Do(f); err != nil {
		s.t.Fatal(err)
	}
}

// general is the barrier that brings an image from nothing into layout GENERAL.
func general(i ...*mem.Image) (b []raw.ImageBarrier) {
	for _, x := range i {
		b = append(b, raw.ImageBarrier{Image: x.Handle, New: vk.ImageLayoutGeneral, Aspect: x.Aspect, DstStage: raw.StageAll, DstAccess: raw.AccessMemoryWrite})
	}
	return b
}

// Copies of buffers move the bytes that they name, and no others.
func TestBufferCommands(t *testing.T) {
	s := newStage(t)
	a, b := s.buffer(64, 0), s.buffer(64, 0)
	data := []byte("sixteen bytes..!")
	s.do(func(x *raw.Stream) {
		x.FillBuffer(a.Handle, 0, 64, 0x01020304)
		x.FillBuffer(b.Handle, 0, 64, 0)
		x.Barriers(nil, nil, toTransfer)
		x.UpdateBuffer(a.Handle, 16, data)
		x.Barriers(nil, nil, toTransfer)
		x.CopyBuffer(a.Handle, 12, b.Handle, 4, 24)
	})
	want := make([]byte, 64)
	copy(want[4:], []byte{4, 3, 2, 1})
	copy(want[8:], data)
	copy(want[24:], []byte{4, 3, 2, 1})
	if !bytes.Equal(b.Bytes, want) {
		t.Errorf("%x, want %x", b.Bytes, want)
	}
}

// Images are cleared, copied, scaled and read in the regions that are named.
func TestImageCommands(t *testing.T) {
	s := newStage(t)
	const f = vk.FormatR8g8b8a8Unorm
	one := s.image(mem.ImageDesc{Width: 8, Height: 8, Format: f, Usage: all, Name: "one"})
	two := s.image(mem.ImageDesc{Width: 16, Height: 8, Levels: 2, Layers: 2, Format: f, Usage: all, Name: "two"})
	bytes16 := s.buffer(16, 0)
	for i := range bytes16.Bytes {
		bytes16.Bytes[i] = 200
	}
	g := vk.ImageLayoutGeneral
	s.do(func(x *raw.Stream) {
		x.Barriers(general(one, two), nil, nil)
		x.ClearColorImage(one.Handle, g, [4]float32{1, 0, 0, 1})
		x.ClearColorImage(two.Handle, g, [4]float32{0, 0, 1, 1})
		x.Barriers(nil, nil, toTransfer)
		x.CopyBufferToImage(bytes16.Handle, raw.BufferLayout{}, one.Handle, g, raw.Region{X: 4, Y: 4, Width: 2, Height: 2})
		x.Barriers(nil, nil, toTransfer)
		x.CopyImage(one.Handle, g, raw.Region{X: 4, Y: 4, Width: 4, Height: 4}, two.Handle, g, raw.Region{Layer: 1, X: 12})
		x.BlitImage(one.Handle, g, raw.Region{X: 4, Y: 4, Width: 2, Height: 2}, two.Handle, g, raw.Region{Level: 1, Layer: 1, Width: 8, Height: 4}, vk.FilterNearest)
	})
	p := vktest.Bytes(t, s.a, two, g, 0, 1, 4)
	at := func(p []byte, w, x, y int) color.NRGBA {
		o := p[4*(y*w+x):]
		return color.NRGBA{o[0], o[1], o[2], o[3]}
	}
	for _, c := range []struct {
		x, y int
		want color.NRGBA
	}{{12, 0, color.NRGBA{200, 200, 200, 200}}, {13, 1, color.NRGBA{200, 200, 200, 200}}, {14, 1, color.NRGBA{255, 0, 0, 255}}, {11, 0, color.NRGBA{0, 0, 255, 255}}, {12, 4, color.NRGBA{0, 0, 255, 255}}} {
		if got := at(p, 16, c.x, c.y); got != c.want {
			t.Errorf("%d,%d is %v, want %v", c.x, c.y, got, c.want)
		}
	}
	if p := vktest.Bytes(t, s.a, two, g, 1, 1, 4); !bytes.Equal(p, bytes.Repeat([]byte{200}, 8*4*4)) {
		t.Error("the blit into level 1 is another")
	}
	if p := vktest.Bytes(t, s.a, two, g, 0, 0, 4); at(p, 16, 12, 0) != (color.NRGBA{0, 0, 255, 255}) {
		t.Error("the other layer changed")
	}
}

// Integers, depth and samples are cleared and resolved by rendering and without.
func TestClearAndResolve(t *testing.T) {
	s := newStage(t)
	ids := s.image(mem.ImageDesc{Width: 4, Height: 4, Format: vk.FormatR32Uint, Usage: all | vk.ImageUsageColorAttachmentBit, Name: "ids"})
	depth := s.image(mem.ImageDesc{Width: 4, Height: 4, Samples: 4, Format: vk.FormatD32Sfloat, Aspect: vk.ImageAspectDepthBit, Usage: vk.ImageUsageDepthStencilAttachmentBit | all, Name: "depth"})
	single := s.image(mem.ImageDesc{Width: 4, Height: 4, Format: vk.FormatD32Sfloat, Aspect: vk.ImageAspectDepthBit, Usage: vk.ImageUsageDepthStencilAttachmentBit | all, Name: "depth of one sample"})
	many := s.image(mem.ImageDesc{Width: 4, Height: 4, Samples: 4, Format: vk.FormatR8g8b8a8Unorm, Usage: all, Name: "many"})
	few := s.image(mem.ImageDesc{Width: 4, Height: 4, Format: vk.FormatR8g8b8a8Unorm, Usage: all, Name: "few"})
	g := vk.ImageLayoutGeneral
	s.do(func(x *raw.Stream) {
		x.Barriers(general(ids, many, few, depth, single), nil, nil)
		x.ClearColorImageUint(ids.Handle, g, [4]uint32{7})
		x.ClearDepthImage(single.Handle, g, 0.25)
		x.ClearColorImage(many.Handle, g, [4]float32{0, 1, 0, 1})
		x.Barriers(nil, nil, toTransfer)
		x.ResolveImage(many.Handle, g, raw.Region{Width: 4, Height: 4}, few.Handle, g, raw.Region{})
	})
	if p := vktest.Bytes(t, s.a, ids, g, 0, 0, 4); binary.LittleEndian.Uint32(p) != 7 {
		t.Errorf("an id is %x", p[:4])
	}
	if p := vktest.Bytes(t, s.a, single, g, 0, 0, 4); math.Float32frombits(binary.LittleEndian.Uint32(p)) != 0.25 {
		t.Errorf("a depth is %x", p[:4])
	}
	if p := vktest.Bytes(t, s.a, few, g, 0, 0, 4); !bytes.Equal(p[:4], []byte{0, 255, 0, 255}) {
		t.Errorf("resolved to %v", p[:4])
	}
	s.do(func(x *raw.Stream) {
		x.BeginRendering(&raw.Rendering{Width: 4, Height: 4,
			Color: []raw.Attachment{{View: ids.View, Layout: g, Load: vk.AttachmentLoadOpClear, Store: vk.AttachmentStoreOpStore, Integer: true, ClearUint: [4]uint32{0xfffffffe}}}})
		x.EndRendering()
		x.BeginRendering(&raw.Rendering{Width: 4, Height: 4,
			Depth: &raw.Attachment{View: depth.View, Resolve: single.View, Layout: g, Load: vk.AttachmentLoadOpClear, Store: vk.AttachmentStoreOpDontCare, Clear: [4]float32{0.75}}})
		x.EndRendering()
	})
	if p := vktest.Bytes(t, s.a, ids, g, 0, 0, 4); binary.LittleEndian.Uint32(p) != 0xfffffffe {
		t.Errorf("an id is %x", p[:4])
	}
	if p := vktest.Bytes(t, s.a, single, g, 0, 0, 4); math.Float32frombits(binary.LittleEndian.Uint32(p)) != 0.75 {
		t.Errorf("a depth is %x", p[:4])
	}
}

// More barriers than a command holds are split, and all of them take effect.
func TestManyBarriers(t *testing.T) {
	s := newStage(t)
	var images []*mem.Image
	for range 70 {
		images = append(images, s.image(mem.ImageDesc{Width: 1, Height: 1, Format: vk.FormatR8g8b8a8Unorm, Usage: all, Name: "many"}))
	}
	b := s.buffer(256*4, 0)
	s.do(func(x *raw.Stream) {
		x.Barriers(general(images...), slices.Repeat([]raw.BufferBarrier{{Buffer: b.Handle, SrcStage: raw.StageAll, DstStage: raw.StageAll}}, 40), nil)
		for _, i := range images { // validation says so where one is in no layout
			x.ClearColorImage(i.Handle, vk.ImageLayoutGeneral, [4]float32{})
		}
		x.Barriers(nil, nil, nil)
	})
}

// A stream keeps the first mistake until it is reset, and is then not submitted.
func TestMistakes(t *testing.T) {
	var b vk.Buffer
	var l vk.PipelineLayout
	for name, f := range map[string]func(*raw.Stream){
		"push of 3 bytes":    func(s *raw.Stream) { s.Push(l, 0, 0, make([]byte, 3)) },
		"push of nothing":    func(s *raw.Stream) { s.Push(l, 0, 0, nil) },
		"push of too much":   func(s *raw.Stream) { s.Push(l, 0, 0, make([]byte, raw.MaxPush+4)) },
		"push at 2":          func(s *raw.Stream) { s.Push(l, 0, 2, make([]byte, 4)) },
		"update of 5 bytes":  func(s *raw.Stream) { s.UpdateBuffer(b, 0, make([]byte, 5)) },
		"update of too much": func(s *raw.Stream) { s.UpdateBuffer(b, 0, make([]byte, raw.MaxUpdate+4)) },
		"no sets":            func(s *raw.Stream) { s.BindSets(vk.PipelineBindPointGraphics, l, 0) },
		"nine sets":          func(s *raw.Stream) { s.BindSets(vk.PipelineBindPointGraphics, l, 0, make([]vk.DescriptorSet, 9)...) },
		"five colours":       func(s *raw.Stream) { s.BeginRendering(&raw.Rendering{Color: make([]raw.Attachment, 5)}) },
	} {
		var s raw.Stream
		f(&s)
		first := s.Err()
		if !errors.Is(first, raw.ErrStream) || s.Len() != 0 {
			t.Errorf("%s: %v, %d words", name, first, s.Len())
		}
		s.Push(l, 0, 0, make([]byte, 1))
		if s.Err() != first {
			t.Errorf("%s: a later mistake took its place", name)
		}
		var o raw.Stream
		if o.Append(&s); o.Err() != first {
			t.Errorf("%s: lost by Append", name)
		}
		if s.Reset(); s.Err() != nil {
			t.Errorf("%s: kept by Reset", name)
		}
	}
}

// A command that a device lacks is refused, not called.
func TestLackingCommand(t *testing.T) {
	d := vktest.SwiftShader(t)
	if d.Features.DrawIndirectCount {
		t.Fatal("SwiftShader has learned drawIndirectCount; find another device that lacks something")
	}
	if err := d.Do(func(s *raw.Stream) {
		var b vk.Buffer
		s.DrawIndexedIndirectCount(b, 0, b, 0, 1, 20)
	}); !errors.Is(err, raw.ErrStream) {
		t.Errorf("%v", err)
	}
}

// Streams that are joined replay as one.
func TestAppend(t *testing.T) {
	s := newStage(t)
	b := s.buffer(16, 0)
	var one, two raw.Stream
	one.FillBuffer(b.Handle, 0, 8, 1)
	two.FillBuffer(b.Handle, 8, 8, 2)
	s.do(func(x *raw.Stream) {
		x.Append(&one)
		x.Append(&two)
	})
	if b.Bytes[0] != 1 || b.Bytes[8] != 2 {
		t.Errorf("%x", b.Bytes)
	}
}

// everything records one of each kind of command that a frame repeats.
func everything(s *raw.Stream, b vk.Buffer) {
	var p vk.Pipeline
	var l vk.PipelineLayout
	var set vk.DescriptorSet
	data := [16]byte{}
	s.BindPipeline(vk.PipelineBindPointGraphics, p)
	s.BindSets(vk.PipelineBindPointGraphics, l, 0, set, set)
	s.Push(l, vk.ShaderStageVertexBit, 0, data[:])
	s.BindVertex(0, b, 0)
	s.BindIndex(b, 0, vk.IndexTypeUint32)
	s.Viewport(0, 0, 1, 1, 0, 1)
	s.Scissor(0, 0, 1, 1)
	s.DrawIndexed(3, 1, 0, 0, 0)
	s.DrawIndexedIndirect(b, 0, 1, 20)
	s.Dispatch(1, 1, 1)
	s.BeginLabel("a label")
	s.EndLabel()
	color := [2]raw.Attachment{}
	s.BeginRendering(&raw.Rendering{Width: 1, Height: 1, Color: color[:]})
	s.EndRendering()
	barriers := [1]raw.BufferBarrier{{Buffer: b}}
	s.Barriers(nil, barriers[:], nil)
}

// A stream that has grown allocates nothing.
func TestStreamAllocatesNothing(t *testing.T) {
	var s raw.Stream
	var b vk.Buffer
	record := func() {
		s.Reset()
		for range 100 {
			everything(&s, b)
		}
	}
	record()
	if n := testing.AllocsPerRun(20, record); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	var s raw.Stream
	var buf vk.Buffer
	b.ReportAllocs()
	for b.Loop() {
		s.Reset()
		for range 1000 {
			s.BindVertex(0, buf, 0)
			s.DrawIndexed(3, 1, 0, 0, 0)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2000, "ns/command")
}

// BenchmarkReplay records 10,000 commands into a command buffer.
func BenchmarkReplay(b *testing.B) {
	d := vktest.Open(b, func(o *device.Options) { o.Validate = false })
	var pool vk.CommandPool
	ci := &vk.CommandPoolCreateInfo{SType: vk.StructureTypeCommandPoolCreateInfo, QueueFamilyIndex: d.Family, Flags: vk.CommandPoolCreateFlags(vk.CommandPoolCreateResetCommandBufferBit)}
	if r := vk.CreateCommandPool(d.Handle, ci, nil, &pool); r != vk.Success {
		b.Fatal(r)
	}
	defer vk.DestroyCommandPool(d.Handle, pool, nil)
	cbs := make([]vk.CommandBuffer, 1)
	ai := &vk.CommandBufferAllocateInfo{SType: vk.StructureTypeCommandBufferAllocateInfo, CommandPool: pool, CommandBufferCount: 1}
	if r := vk.AllocateCommandBuffers(d.Handle, ai, cbs); r != vk.Success {
		b.Fatal(r)
	}
	const commands = 10_000
	var s raw.Stream
	for range commands {
		s.Scissor(0, 0, 16, 16)
	}
	b.ReportAllocs()
	for b.Loop() {
		if r, err := d.F.Record(cbs[0], &s); r != vk.Success || err != nil {
			b.Fatal(r, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/commands, "ns/command")
}
