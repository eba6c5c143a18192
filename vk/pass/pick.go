package pass

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/go-gl/mathgl/mgl32"
	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/raw"
)

// PickSide is the most pixels of a side that one question asks for: a thumb's worth.
const PickSide = 16

const (
	pickNumbers = vk.FormatR32Uint
	pickDepths  = vk.FormatD32Sfloat
	// pickPlane is the bytes of the numbers, or of the depths, of one question.
	pickPlane = PickSide * PickSide * 4
)

// Pick tells which object is under a pixel and how far: the objects that may be there
// are drawn once more, only into the pixels that are asked for, as numbers. The answer
// is copied to memory behind the frame; nothing waits for it.
type Pick struct {
	program
	numbers, depths *mem.Image
	answers         *mem.Buffer
	asked           [InFlight]question
	next            int
}

type question struct {
	frame         uint64
	pending       bool
	tag           uint64
	x, y, w, h    int
	width, height int
	inverse       mgl32.Mat4
}

// PickInput is a question.
type PickInput struct {
	Frame          uint64
	Tag            uint64     // comes back with the answer
	ViewProjection mgl32.Mat4 // world to clip, reverse depth, y down
	Width, Height  int        // of the whole picture, pixels
	// X, Y is the upper left pixel of the region, RegionWidth and RegionHeight its size,
	// at most PickSide; 0 is 1.
	X, Y, RegionWidth, RegionHeight int
	Draws                           []PickDraw
}

// PickDraw is one mesh that may be there: triangles with 32-bit indices into vertices of
// VertexSize that begin with the position. Number is not 0, which is nothing.
type PickDraw struct {
	Vertices, Indices Range
	VertexOffset      int32
	FirstIndex, Count uint32
	Transform         mgl32.Mat4
	Number            uint32
}

// PickAnswer is what was in the region: of its pixels that show an object, the one
// nearest to the region's middle. Number 0: nothing.
type PickAnswer struct {
	Frame, Tag uint64
	Number     uint32
	X, Y       int        // the pixel
	Depth      float32    // as in the depth buffer
	Position   mgl32.Vec3 // world
}

// NewPick makes the pass.
func NewPick(d *device.Device, a *mem.Allocator) (*Pick, error) {
	p := &Pick{}
	var err error
	if p.program, err = newDrawing(d, drawing{vertex: "pick_object.vert", fragment: "pick_object.frag", push: 68,
		target: Target{Color: pickNumbers, Depth: pickDepths, Samples: 1}, stride: VertexSize,
		attributes: []raw.VertexAttribute{{Location: 0, Format: vk.FormatR32g32b32Sfloat}},
		depthTest:  true, depthWrite: true}); err != nil {
		return nil, err
	}
	im := mem.ImageDesc{Width: PickSide, Height: PickSide, Levels: 1, Layers: 1, Samples: 1, Format: pickNumbers,
		Usage: vk.ImageUsageColorAttachmentBit | vk.ImageUsageTransferSrcBit, Name: "pick numbers"}
	if p.numbers, err = a.NewImage(im); err == nil {
		im.Format, im.Name, im.Aspect = pickDepths, "pick depths", vk.ImageAspectDepthBit
		im.Usage = vk.ImageUsageDepthStencilAttachmentBit | vk.ImageUsageTransferSrcBit
		p.depths, err = a.NewImage(im)
	}
	if err == nil {
		p.answers, err = a.NewBuffer(mem.BufferDesc{Size: InFlight * 2 * pickPlane, Usage: vk.BufferUsageTransferDstBit, Memory: mem.Readback, Name: "pick answers"})
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// Close destroys the pass behind the frames in flight.
func (p *Pick) Close() {
	p.program.close()
	p.numbers.Close()
	p.depths.Close()
	p.answers.Close()
}

// Busy reports whether all of the InFlight questions wait for their answers, so that
// another would be refused.
func (p *Pick) Busy() bool { return p.asked[p.next].pending }

// Record draws a question and copies its answer, with the barriers that it needs. It
// must stand outside a rendering scope; the vertices are visible to it.
func (p *Pick) Record(s *raw.Stream, in PickInput) error {
	w, h := max(in.RegionWidth, 1), max(in.RegionHeight, 1)
	if in.Width <= 0 || in.Height <= 0 || w > PickSide || h > PickSide {
		return fmt.Errorf("%w: picking %d by %d of %d by %d pixels, a side can be 1 to %d", ErrInput, w, h, in.Width, in.Height, PickSide)
	}
	if p.Busy() {
		return fmt.Errorf("%w: more than %d picks wait for their answers", ErrInput, InFlight)
	}
	slot := p.next
	p.next = (p.next + 1) % InFlight
	p.asked[slot] = question{in.Frame, true, in.Tag, in.X, in.Y, w, h, in.Width, in.Height, in.ViewProjection.Inv()}

	s.Barriers([]raw.ImageBarrier{
		{Image: p.numbers.Handle, Old: vk.ImageLayoutUndefined, New: vk.ImageLayoutColorAttachmentOptimal,
			SrcStage: raw.StageCopy, SrcAccess: raw.AccessTransferRead, DstStage: raw.StageColorOutput, DstAccess: raw.AccessColorRead | raw.AccessColorWrite},
		{Image: p.depths.Handle, Old: vk.ImageLayoutUndefined, New: vk.ImageLayoutDepthStencilAttachmentOptimal, Aspect: vk.ImageAspectDepthBit,
			SrcStage: raw.StageCopy, SrcAccess: raw.AccessTransferRead, DstStage: raw.StageFragmentTests, DstAccess: raw.AccessDepthRead | raw.AccessDepthWrite},
	}, nil, nil)
	depth := raw.Attachment{View: p.depths.View, Layout: vk.ImageLayoutDepthStencilAttachmentOptimal, Load: vk.AttachmentLoadOpClear, Store: vk.AttachmentStoreOpStore}
	s.BeginRendering(&raw.Rendering{Width: uint32(w), Height: uint32(h), Depth: &depth, Color: []raw.Attachment{{
		View: p.numbers.View, Layout: vk.ImageLayoutColorAttachmentOptimal, Load: vk.AttachmentLoadOpClear, Store: vk.AttachmentStoreOpStore, Integer: true}}})
	clip := crop(in.Width, in.Height, in.X, in.Y, w, h).Mul4(in.ViewProjection)
	p.begin(s, w, h)
	for i := range in.Draws {
		d := &in.Draws[i]
		if d.Count == 0 || d.Number == 0 {
			continue
		}
		push := struct {
			clip   mgl32.Mat4
			number uint32
		}{clip.Mul4(d.Transform), d.Number}
		s.Push(p.layout, device.PushStages, 0, bytesOf(&push))
		s.BindVertex(0, d.Vertices.Buffer, d.Vertices.Offset)
		s.BindIndex(d.Indices.Buffer, d.Indices.Offset, vk.IndexTypeUint32)
		s.DrawIndexed(d.Count, 1, d.FirstIndex, d.VertexOffset, 0)
	}
	s.EndRendering()

	s.Barriers([]raw.ImageBarrier{
		{Image: p.numbers.Handle, Old: vk.ImageLayoutColorAttachmentOptimal, New: vk.ImageLayoutTransferSrcOptimal,
			SrcStage: raw.StageColorOutput, SrcAccess: raw.AccessColorWrite, DstStage: raw.StageCopy, DstAccess: raw.AccessTransferRead},
		{Image: p.depths.Handle, Old: vk.ImageLayoutDepthStencilAttachmentOptimal, New: vk.ImageLayoutTransferSrcOptimal, Aspect: vk.ImageAspectDepthBit,
			SrcStage: raw.StageFragmentTests, SrcAccess: raw.AccessDepthWrite, DstStage: raw.StageCopy, DstAccess: raw.AccessTransferRead},
	}, nil, nil)
	at := uint64(slot * 2 * pickPlane)
	region := raw.Region{Width: uint32(w), Height: uint32(h)}
	s.CopyImageToBuffer(p.numbers.Handle, vk.ImageLayoutTransferSrcOptimal, region, p.answers.Handle, raw.BufferLayout{Offset: at})
	region.Aspect = vk.ImageAspectDepthBit
	s.CopyImageToBuffer(p.depths.Handle, vk.ImageLayoutTransferSrcOptimal, region, p.answers.Handle, raw.BufferLayout{Offset: at + pickPlane})
	s.Barriers(nil, []raw.BufferBarrier{{Buffer: p.answers.Handle, Offset: at, Size: 2 * pickPlane,
		SrcStage: raw.StageCopy, SrcAccess: raw.AccessTransferWrite, DstStage: raw.StageHost, DstAccess: raw.AccessHostRead}}, nil)
	return nil
}

// crop maps the clip space of a picture to that of a region of it.
func crop(width, height, x, y, w, h int) mgl32.Mat4 {
	fw, fh := float32(w), float32(h)
	m := mgl32.Scale3D(float32(width)/fw, float32(height)/fh, 1)
	m[12] = float32(width-2*x-w) / fw
	m[13] = float32(height-2*y-h) / fh
	return m
}

// Poll returns the oldest answer that is there: done is the number of the last frame
// that the device has executed.
func (p *Pick) Poll(done uint64) (PickAnswer, bool) {
	for i := range p.asked {
		slot := (p.next + i) % InFlight // the oldest comes first
		q := &p.asked[slot]
		if q.pending && q.frame <= done {
			q.pending = false
			return p.answer(slot), true
		}
	}
	return PickAnswer{}, false
}

func (p *Pick) answer(slot int) PickAnswer {
	q := &p.asked[slot]
	a := PickAnswer{Frame: q.frame, Tag: q.tag, X: q.x + q.w/2, Y: q.y + q.h/2}
	plane := p.answers.Bytes[slot*2*pickPlane:]
	best := math.MaxInt
	for y := range q.h {
		for x := range q.w {
			i := (y*q.w + x) * 4
			n := binary.LittleEndian.Uint32(plane[i:])
			dx, dy := 2*x+1-q.w, 2*y+1-q.h
			if d := dx*dx + dy*dy; n != 0 && d < best {
				best = d
				a.Number, a.X, a.Y = n, q.x+x, q.y+y
				a.Depth = math.Float32frombits(binary.LittleEndian.Uint32(plane[pickPlane+i:]))
			}
		}
	}
	if a.Number != 0 {
		ndc := mgl32.Vec4{(2*float32(a.X)+1)/float32(q.width) - 1, (2*float32(a.Y)+1)/float32(q.height) - 1, a.Depth, 1}
		v := q.inverse.Mul4x1(ndc)
		a.Position = v.Vec3().Mul(1 / v[3])
	}
	return a
}
