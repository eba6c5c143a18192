package vk

import (
	"errors"
	"image"

	vulkan "github.com/vulkan-go/vulkan"

	"hearth/vk/graph"
	"hearth/vk/mem"
	"hearth/vk/raw"
)

// Target is what is drawn to: an *Offscreen or a *Swapchain.
type Target interface {
	// Size is in pixels. A side of 0 says that nothing can be drawn now.
	Size() (width, height int)
	Close()

	// begin returns the image of this frame, and nil where there is none now. next
	// ends the frame: it is called after the frame was submitted.
	begin(r *Renderer) (*frameTarget, error)
	next(r *Renderer) error
	planned() *planCache
}

// frameTarget is the image that a frame is drawn to.
type frameTarget struct {
	image         *graph.Image
	format        vulkan.Format
	width, height int
	last          graph.Use // how the frame must leave it
	wait, signal  vulkan.Semaphore
}

// OffscreenFormat holds sRGB-encoded bytes.
const OffscreenFormat = vulkan.FormatR8g8b8a8Unorm

// Offscreen is a picture in memory.
type Offscreen struct {
	r             *Renderer
	width, height int
	image         *mem.Image
	state         *graph.Image
	drawn         bool
	plans         planCache
	target        frameTarget
}

// NewOffscreen makes a picture to draw to. A side of 0 is allowed: Draw then does
// nothing.
func (r *Renderer) NewOffscreen(width, height int) (*Offscreen, error) {
	if r.closed {
		return nil, ErrClosed
	}
	t := &Offscreen{r: r}
	if err := t.Resize(width, height); err != nil {
		return nil, err
	}
	r.targets[t] = struct{}{}
	return t, nil
}

// Resize changes the size. The picture is lost.
func (t *Offscreen) Resize(width, height int) error {
	if err := t.r.checkSize(width, height); err != nil {
		return err
	}
	if t.image != nil && width == t.width && height == t.height {
		return nil
	}
	var i *mem.Image
	if width > 0 && height > 0 {
		var err error
		if i, err = t.r.a.NewImage(mem.ImageDesc{Name: "picture", Width: uint32(width), Height: uint32(height), Format: OffscreenFormat,
			Usage: vulkan.ImageUsageColorAttachmentBit | vulkan.ImageUsageTransferSrcBit | vulkan.ImageUsageSampledBit}); err != nil {
			return err
		}
	}
	t.image.Close()
	t.image, t.width, t.height, t.drawn = i, width, height, false
	if i != nil {
		t.state = graph.NewImage(i.Handle, i.View, 0)
	}
	return nil
}

// Size is in pixels.
func (t *Offscreen) Size() (width, height int) { return t.width, t.height }

// Close gives the picture back.
func (t *Offscreen) Close() {
	t.plans.close()
	t.image.Close()
	t.image, t.width, t.height = nil, 0, 0
	delete(t.r.targets, t)
}

func (t *Offscreen) planned() *planCache { return &t.plans }

func (t *Offscreen) begin(*Renderer) (*frameTarget, error) {
	if t.image == nil {
		return nil, nil
	}
	t.target = frameTarget{image: t.state, format: OffscreenFormat, width: t.width, height: t.height, last: graph.ImageCopySource,
		wait: vulkan.NullSemaphore, signal: vulkan.NullSemaphore}
	return &t.target, nil
}

func (t *Offscreen) next(*Renderer) error {
	t.drawn = true
	return nil
}

// ErrNoPicture reports that nothing was drawn to a target so far.
var ErrNoPicture = errors.New("nothing was drawn to this picture yet; draw before reading it")

// Read returns the picture as it was drawn last. It waits for it.
func (r *Renderer) Read(t *Offscreen) (*image.NRGBA, error) {
	if r.closed {
		return nil, ErrClosed
	}
	if t.image == nil || !t.drawn {
		return nil, ErrNoPicture
	}
	b, err := r.a.NewBuffer(mem.BufferDesc{Name: "picture to read", Size: uint64(4 * t.width * t.height), Usage: vulkan.BufferUsageTransferDstBit, Memory: mem.Readback})
	if err != nil {
		return nil, err
	}
	defer b.Close()
	if err := r.d.Do(func(s *raw.Stream) {
		s.CopyImageToBuffer(t.image.Handle, vulkan.ImageLayoutTransferSrcOptimal,
			raw.Region{Width: uint32(t.width), Height: uint32(t.height)}, b.Handle, raw.BufferLayout{})
		s.Barriers(nil, []raw.BufferBarrier{{Buffer: b.Handle, SrcStage: raw.StageTransfer, SrcAccess: raw.AccessTransferWrite,
			DstStage: raw.StageHost, DstAccess: raw.AccessHostRead}}, nil)
	}); err != nil {
		return nil, err
	}
	img := image.NewNRGBA(image.Rect(0, 0, t.width, t.height))
	copy(img.Pix, b.Bytes)
	return img, nil
}
