package vk

import (
	"errors"

	"github.com/go-gl/mathgl/mgl32"
	vulkan "github.com/vulkan-go/vulkan"

	"hearth/vk/mem"
	"hearth/vk/pass"
	"hearth/vk/raw"
	"hearth/vk/scene"
)

// canvasBudget is how many bytes of canvases are sent in one frame, the first always:
// several large ones take turns.
const canvasBudget = 16 << 20

// canvasState is the canvases of the scene on the device.
type canvasState struct {
	seen  []*scene.Chunk[scene.Canvas]
	sets  map[scene.ID]*canvas
	list  []*canvas // shown ones
	draws []pass.CanvasDraw
	round uint64
	left  int // whose pixels wait for another frame
}

type canvas struct {
	image   *mem.Image
	version uint64
	draw    pass.CanvasDraw
	filled  bool
	round   uint64
}

// syncCanvases takes over the canvases that changed and records their uploads.
func (r *Renderer) syncCanvases(s *raw.Stream, t scene.Table[scene.Canvas]) error {
	c := &r.canvases
	if same(&c.seen, t) {
		return nil
	}
	if c.sets == nil {
		c.sets = map[scene.ID]*canvas{}
	}
	c.round++
	c.list = c.list[:0]
	sent := 0
	c.left = 0
	for id, x := range t.All() {
		k := c.sets[id]
		if k == nil {
			k = &canvas{}
			c.sets[id] = k
		}
		k.round = c.round
		if k.version != x.Version {
			if sent > 0 && sent+len(x.Pixels) > canvasBudget {
				c.seen = c.seen[:0] // goes on in the next frame
				c.left++
			} else {
				err := r.fillCanvas(s, k, x)
				if errors.Is(err, mem.ErrMemory) {
					// The rest of the picture goes on; other pixels are tried again.
					r.log.Warn("a canvas is not shown", "why", err)
					k.filled, err = false, nil
				}
				if err != nil {
					c.seen = c.seen[:0]
					return err
				}
				sent += len(x.Pixels)
			}
		}
		q := x.Orientation
		if q.Len() < 1e-6 {
			q = mgl32.QuatIdent()
		}
		k.draw.Nearest, k.draw.Origin, k.draw.Opacity = x.Nearest, x.Origin, x.Opacity
		k.draw.Right, k.draw.Up = q.Rotate(mgl32.Vec3{x.HalfSize[0], 0, 0}), q.Rotate(mgl32.Vec3{0, x.HalfSize[1], 0})
		if k.filled && !x.Hidden && x.Opacity > 0 {
			c.list = append(c.list, k)
		}
	}
	for id, k := range c.sets {
		if k.round != c.round {
			k.image.Close()
			delete(c.sets, id)
		}
	}
	return nil
}

// fillCanvas sends the pixels of a canvas.
func (r *Renderer) fillCanvas(s *raw.Stream, k *canvas, x *scene.Canvas) error {
	k.version = x.Version
	if x.Width <= 0 || x.Height <= 0 || len(x.Pixels) < 4*x.Width*x.Height {
		k.filled = false
		return nil
	}
	if err := r.checkSize(x.Width, x.Height); err != nil {
		k.filled = false // a canvas that the device cannot hold is not seen
		r.log.Warn("a canvas is not shown", "why", err)
		return nil
	}
	b, err := r.a.NewBuffer(mem.BufferDesc{Name: "pixels of a canvas", Size: uint64(4 * x.Width * x.Height), Usage: vulkan.BufferUsageTransferSrcBit, Memory: mem.Upload})
	if err != nil {
		return err
	}
	defer b.Close() // when the frame has been executed
	copy(b.Bytes, x.Pixels)
	old := vulkan.ImageLayoutShaderReadOnlyOptimal
	if k.image == nil || int(k.image.Width) != x.Width || int(k.image.Height) != x.Height {
		i, err := r.a.NewImage(mem.ImageDesc{Name: "canvas", Width: uint32(x.Width), Height: uint32(x.Height), Format: vulkan.FormatR8g8b8a8Srgb,
			Usage: vulkan.ImageUsageSampledBit | vulkan.ImageUsageTransferDstBit})
		if err != nil {
			return err
		}
		k.image.Close()
		k.image, old = i, vulkan.ImageLayoutUndefined
	}
	s.Barriers([]raw.ImageBarrier{{Image: k.image.Handle, Old: old, New: vulkan.ImageLayoutTransferDstOptimal, SrcStage: raw.StageFragment,
		DstStage: raw.StageTransfer, DstAccess: raw.AccessTransferWrite}}, nil, nil)
	s.CopyBufferToImage(b.Handle, raw.BufferLayout{}, k.image.Handle, vulkan.ImageLayoutTransferDstOptimal, raw.Region{Width: uint32(x.Width), Height: uint32(x.Height)})
	s.Barriers([]raw.ImageBarrier{{Image: k.image.Handle, Old: vulkan.ImageLayoutTransferDstOptimal, New: vulkan.ImageLayoutShaderReadOnlyOptimal,
		SrcStage: raw.StageTransfer, SrcAccess: raw.AccessTransferWrite, DstStage: raw.StageFragment, DstAccess: raw.AccessSampledRead}}, nil, nil)
	k.draw.Texture, k.filled = k.image.View, true
	return nil
}

func (c *canvasState) close() {
	for _, k := range c.sets {
		k.image.Close()
	}
	c.sets = nil
}

// recordCanvases records the draws that were put together.
func (r *Renderer) recordCanvases(s *raw.Stream) error {
	f := &r.now
	return r.canvas.Record(s, pass.CanvasInput{Frame: f.number, ViewProjection: f.combined, Brightness: f.asTheyAre(), Draws: r.canvases.draws,
		Width: f.plan.key.width, Height: f.plan.key.height})
}
