package graph

import (
	"encoding/binary"
	"errors"
	"testing"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/raw"
	"hearth/vk/vktest"
)

// shape is a small image of colours.
var shape = Transient{Format: vk.FormatR8g8b8a8Unorm, Width: 32, Height: 16, Levels: 1, Layers: 1, Samples: 1}

// clearTo records a pass that fills an image by drawing nothing.
func clearTo(s *raw.Stream, v vk.ImageView, load vk.AttachmentLoadOp, c [4]float32) {
	s.BeginRendering(&raw.Rendering{Width: 32, Height: 16, Color: []raw.Attachment{{View: v, Layout: vk.ImageLayoutColorAttachmentOptimal,
		Load: load, Store: vk.AttachmentStoreOpStore, Clear: c}}})
	s.EndRendering()
}

// chain draws an image, copies it into a second one and that into a buffer, whose
// beginning it overwrites. The use of the number without is not declared.
type chain struct {
	plan  *Plan
	bytes *mem.Buffer
	image *mem.Image
}

func newChain(t *testing.T, a *mem.Allocator, without int) *chain {
	t.Helper()
	c := &chain{}
	var err error
	if c.bytes, err = a.NewBuffer(mem.BufferDesc{Name: "bytes", Size: 32 * 16 * 4, Usage: vk.BufferUsageTransferDstBit | vk.BufferUsageTransferSrcBit, Memory: mem.Readback}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.bytes.Close)
	if c.image, err = a.NewImage(mem.ImageDesc{Name: "outer", Width: 32, Height: 16, Format: shape.Format, Usage: vk.ImageUsageTransferDstBit | vk.ImageUsageTransferSrcBit}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.image.Close)
	g := New()
	drawn, outer, bytes := g.Transient("drawn", shape), g.Image("outer"), g.Buffer("bytes")
	n := 0
	use := func(p *Pass, s Slot, u Use, overwrite bool) {
		if n++; n == without {
			return
		}
		if overwrite {
			p.Overwrite(s, u)
		} else {
			p.Use(s, u)
		}
	}
	region := raw.Region{Width: 32, Height: 16}
	const src, dst = vk.ImageLayoutTransferSrcOptimal, vk.ImageLayoutTransferDstOptimal
	use(g.Pass("draw", func(s *raw.Stream) {
		clearTo(s, c.plan.View(drawn), vk.AttachmentLoadOpClear, [4]float32{1, 0, 1, 1})
	}), drawn, ColorTarget, true)
	copies := g.Pass("copy", func(s *raw.Stream) {
		s.CopyImage(c.plan.ImageOf(drawn).Handle, src, region, c.image.Handle, dst, region)
	})
	use(copies, drawn, ImageCopySource, false)
	use(copies, outer, ImageCopyTarget, true)
	reads := g.Pass("read", func(s *raw.Stream) {
		s.CopyImageToBuffer(c.image.Handle, src, region, c.bytes.Handle, raw.BufferLayout{})
	})
	use(reads, outer, ImageCopySource, false)
	use(reads, bytes, CopyTarget, false)
	again := g.Pass("read again", func(s *raw.Stream) { s.FillBuffer(c.bytes.Handle, 0, 16, 7) })
	use(again, bytes, CopyTarget, false)
	p, err := g.Compile(a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	p.SetImage(outer, NewImage(c.image.Handle, c.image.View, 0))
	p.SetBuffer(bytes, NewBuffer(c.bytes.Handle))
	c.plan = p
	return c
}

// What is declared is enough: validation and synchronization validation are silent,
// also when the plan is executed again, and the pixels come through.
func TestDeclaredIsSilent(t *testing.T) {
	d := vktest.Open(t)
	a := vktest.Memory(t, d)
	c := newChain(t, a, 0)
	for range 3 {
		if err := d.Do(func(s *raw.Stream) {
			c.plan.Execute(s, nil)
			c.plan.Execute(s, nil)
			s.Barriers(nil, nil, []raw.MemoryBarrier{{SrcStage: raw.StageTransfer, SrcAccess: raw.AccessTransferWrite, DstStage: raw.StageHost, DstAccess: raw.AccessHostRead}})
		}); err != nil {
			t.Fatal(err)
		}
	}
	if v := binary.LittleEndian.Uint32(c.bytes.Bytes[64:]); v != 0xFFFF00FF {
		t.Errorf("a pixel is %08x", v)
	}
	if v := binary.LittleEndian.Uint32(c.bytes.Bytes); v != 7 {
		t.Errorf("the second write did not come second: %08x", v)
	}
}

// Every use that is left out is a hazard or a wrong layout, and validation says so:
// the silence of the test above means something.
func TestUndeclaredIsHeard(t *testing.T) {
	for without, name := range []string{2: "copy reads", 3: "copy writes", 4: "read reads", 6: "second write"} {
		if name == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			d, log := vktest.OpenLog(t)
			c := newChain(t, vktest.Memory(t, d), without)
			if err := d.Do(func(s *raw.Stream) { c.plan.Execute(s, nil) }); err != nil {
				t.Fatal(err)
			}
			if len(log.Messages()) == 0 {
				t.Error("nothing was said")
			}
		})
	}
}

func TestMistakes(t *testing.T) {
	for name, build := range map[string]func(g *Graph){
		"read before written": func(g *Graph) { g.Pass("a", nil).Use(g.Transient("t", shape), SampledByFragment) },
		"two layouts": func(g *Graph) {
			i := g.Image("i")
			g.Pass("a", nil).Use(i, SampledByFragment).Use(i, ImageCopySource)
		},
		"overwritten by reading":  func(g *Graph) { g.Pass("a", nil).Overwrite(g.Image("i"), SampledByFragment) },
		"a slot of another graph": func(g *Graph) { g.Pass("a", nil).Use(7, SampledByFragment) },
	} {
		g := New()
		build(g)
		if _, err := g.phases(); !errors.Is(err, ErrGraph) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Images of one shape whose lives do not overlap are one image.
func TestTransientsShare(t *testing.T) {
	g := New()
	a, b, c := g.Transient("a", shape), g.Transient("b", shape), g.Transient("c", shape)
	other := shape
	other.Width = 64
	d := g.Transient("d", other)
	unused := g.Transient("unused", shape)
	g.Pass("1", nil).Overwrite(a, ColorTarget)
	g.Pass("2", nil).Use(a, SampledByFragment).Overwrite(b, ColorTarget)
	g.Pass("3", nil).Use(b, SampledByFragment).Overwrite(c, ColorTarget)
	g.Pass("4", nil).Use(c, SampledByCompute).Overwrite(d, ImageWrittenByCompute)
	all, err := g.phases()
	if err != nil {
		t.Fatal(err)
	}
	blocks := share(g, all)
	if len(blocks) != 3 {
		t.Fatalf("%d images for two shapes of which one is needed twice at a time: %+v", len(blocks), blocks)
	}
	if s := blocks[0].slots; len(s) != 2 || s[0] != a || s[1] != c {
		t.Errorf("a and c do not share: %v", s)
	}
	if want := vk.ImageUsageColorAttachmentBit | vk.ImageUsageSampledBit; blocks[0].usage != want {
		t.Errorf("usage %x, want %x", blocks[0].usage, want)
	}
	for _, b := range blocks {
		for _, s := range b.slots {
			if s == unused {
				t.Error("an image is made for a slot that no pass uses")
			}
		}
	}
}

// Reads that follow one another need one barrier, which serves all of them; a write
// after them waits for all.
func TestBarriers(t *testing.T) {
	g := New()
	b := g.Buffer("b")
	g.Pass("write", nil).Use(b, WrittenByCompute)
	g.Pass("read 1", nil).Use(b, ReadByVertex)
	g.Pass("read 2", nil).Use(b, ReadByFragment)
	g.Pass("write 2", nil).Use(b, CopyTarget)
	all, err := g.phases()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 3 || all[1].use.Stage != raw.StageVertex|raw.StageFragment || all[1].pass != 1 {
		t.Fatalf("%+v", all)
	}
	var s state
	var got []raw.ImageBarrier
	for _, ph := range append(all, all...) {
		if bar, needed := s.step(ph.use, false, false); needed {
			got = append(got, bar)
		}
	}
	want := []raw.ImageBarrier{
		{SrcStage: raw.StageCompute, SrcAccess: raw.AccessStorageWrite, DstStage: raw.StageVertex | raw.StageFragment, DstAccess: raw.AccessStorageRead},
		{SrcStage: raw.StageCompute | raw.StageVertex | raw.StageFragment, SrcAccess: raw.AccessStorageWrite, DstStage: raw.StageTransfer, DstAccess: raw.AccessTransferWrite},
		{SrcStage: raw.StageTransfer, SrcAccess: raw.AccessTransferWrite, DstStage: raw.StageCompute, DstAccess: raw.AccessStorageRead | raw.AccessStorageWrite},
	}
	if len(got) != 5 {
		t.Fatalf("%d barriers for two rounds: %+v", len(got), got)
	}
	for i, w := range want {
		if got[i] != w {
			t.Errorf("barrier %d is %+v, want %+v", i, got[i], w)
		}
	}
}

// Executing a plan allocates nothing.
func TestExecuteAllocatesNothing(t *testing.T) {
	d := vktest.Open(t, func(o *device.Options) { o.Validate = false })
	c := newChain(t, vktest.Memory(t, d), 0)
	var s raw.Stream
	c.plan.Execute(&s, nil)
	if n := testing.AllocsPerRun(20, func() {
		s.Reset()
		c.plan.Execute(&s, nil)
	}); n > 1 { // clearTo's own attachment
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkExecute(b *testing.B) {
	b.ReportAllocs()
	g := New()
	slots := make([]Slot, 10)
	for i := range slots {
		slots[i] = g.Buffer("b")
	}
	for i := range 20 {
		p := g.Pass("p", nil)
		for j, s := range slots {
			if (i+j)%3 == 0 {
				p.Use(s, WrittenByCompute)
			} else {
				p.Use(s, ReadByVertex)
			}
		}
	}
	p, err := g.Compile(nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, s := range slots {
		p.SetBuffer(s, NewBuffer(vk.NullBuffer))
	}
	var s raw.Stream
	for b.Loop() {
		s.Reset()
		p.Execute(&s, nil)
	}
}
