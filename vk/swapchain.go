package vk

import (
	"errors"
	"fmt"
	"time"

	vulkan "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/graph"
)

const (
	// acquireWait is how long a frame waits for the window system to give an image. A
	// window that is hidden gives none; the frame then is skipped.
	acquireWait = 100 * time.Millisecond
	// maxSurfaces bounds how often in a row a surface may be lost before that is an
	// error: some drivers lose it once when the screen is switched.
	maxSurfaces = 8
)

// Swapchain is a window. It follows the window's size; while a side is 0, as that of
// a minimised window is, frames are skipped. A surface that is lost is replaced.
type Swapchain struct {
	r      *Renderer
	size   func() (width, height int)
	plans  planCache
	target frameTarget

	handle        vulkan.Swapchain
	format        vulkan.Format
	width, height int    // of the images
	asked         [2]int // what the window was when they were made
	well          bool   // the image that is acquired fits
	unfit         [2]int // the size for which images were made anew since they did not fit well
	images        []*graph.Image
	views         []vulkan.ImageView
	acquired      []vulkan.Semaphore // by frame in flight
	done          []vulkan.Semaphore // by image: presenting may take longer than the frame
	image         uint32             // that is acquired
	slot          int                // of the frame in flight for which it is
	stale         bool               // does not fit the window any more
	open          bool               // an image was acquired and not handed back
	lost          bool               // the surface
	losses        int
}

// NewSwapchain draws to the window whose surface the device was opened with. size
// is its framebuffer's in pixels, asked before each frame.
func (r *Renderer) NewSwapchain(size func() (width, height int)) (*Swapchain, error) {
	if r.closed {
		return nil, ErrClosed
	}
	if r.d.Surface == vulkan.NullSurface {
		return nil, ErrNoSurface
	}
	t := &Swapchain{r: r, size: size, handle: vulkan.NullSwapchain, stale: true}
	for range r.frames.Len() {
		s, err := r.d.Semaphore()
		if err != nil {
			t.Close()
			return nil, err
		}
		t.acquired = append(t.acquired, s)
	}
	r.targets[t] = struct{}{}
	return t, nil
}

// Size is that of the window in pixels.
func (t *Swapchain) Size() (width, height int) { return t.size() }

func (t *Swapchain) planned() *planCache { return &t.plans }

// Close leaves the window.
func (t *Swapchain) Close() {
	t.plans.close()
	t.clear()
	for _, s := range t.acquired {
		vulkan.DestroySemaphore(t.r.d.Handle, s, nil)
	}
	t.acquired = nil
	delete(t.r.targets, t)
}

// clear destroys the images. Presenting has no timeline: it waits for everything.
func (t *Swapchain) clear() {
	if t.handle == vulkan.NullSwapchain {
		return
	}
	d := t.r.d
	d.F.WaitIdle()
	for _, v := range t.views {
		vulkan.DestroyImageView(d.Handle, v, nil)
	}
	for _, s := range t.done {
		vulkan.DestroySemaphore(d.Handle, s, nil)
	}
	vulkan.DestroySwapchain(d.Handle, t.handle, nil)
	t.handle, t.images, t.views, t.done = vulkan.NullSwapchain, nil, nil, nil
}

func (t *Swapchain) begin(r *Renderer) (*frameTarget, error) {
	w, h := t.size()
	if w <= 0 || h <= 0 {
		return nil, nil
	}
	if t.open { // a frame failed after it had an image: its semaphore is in no order
		t.clear()
		s, err := r.d.Semaphore()
		if err != nil {
			return nil, err
		}
		r.d.Destroy(t.acquired[t.slot])
		t.acquired[t.slot], t.stale, t.open = s, true, false
	}
	if t.lost {
		t.clear()
		if err := r.d.NewSurface(); err != nil {
			return nil, err
		}
		t.lost, t.stale = false, true
	}
	for range 2 { // an image that is out of date is asked for once more
		if t.stale || t.asked != [2]int{w, h} {
			if ok, err := t.build(w, h); err != nil || !ok {
				return nil, err
			}
		}
		var image uint32
		switch res := vulkan.AcquireNextImage(r.d.Handle, t.handle, uint64(acquireWait), t.acquired[r.now.frame.Index], vulkan.NullFence, &image); res {
		case vulkan.Suboptimal, vulkan.Success:
			if t.well = res == vulkan.Success; !t.well {
				t.fits(false)
			}
			t.image, t.slot, t.open, t.losses = image, r.now.frame.Index, true, 0
			img := t.images[image]
			img.Forget(graph.ColorTarget)
			t.target = frameTarget{image: img, format: t.format, width: t.width, height: t.height, last: graph.Present,
				wait: t.acquired[r.now.frame.Index], signal: t.done[image]}
			return &t.target, nil
		case vulkan.ErrorOutOfDate:
			t.stale = true
		case vulkan.Timeout, vulkan.NotReady:
			return nil, nil
		default:
			return nil, t.trouble("vkAcquireNextImageKHR", res)
		}
	}
	return nil, nil
}

// fits takes over whether the images are what the window wants. Those that it can show
// and does not want are made anew from the next frame on, once for each size: some
// window systems are never content.
func (t *Swapchain) fits(well bool) {
	switch {
	case well:
		t.unfit = [2]int{}
	case t.unfit != t.asked:
		t.unfit, t.stale = t.asked, true
	}
}

// trouble takes a result that is no success: a lost surface is replaced before the
// next frame.
func (t *Swapchain) trouble(call string, res vulkan.Result) error {
	if res != vulkan.ErrorSurfaceLost {
		return t.r.d.Check(call, res)
	}
	t.lost = true
	if t.losses++; t.losses > maxSurfaces {
		return fmt.Errorf("the window's surface is lost again and again: %w", t.r.d.Check(call, res))
	}
	return nil
}

// build makes the images for a window. It is not ok where the window has no size.
func (t *Swapchain) build(w, h int) (ok bool, err error) {
	d := t.r.d
	var caps vulkan.SurfaceCapabilities
	if res := vulkan.GetPhysicalDeviceSurfaceCapabilities(d.Physical, d.Surface, &caps); res != vulkan.Success {
		return false, t.trouble("vkGetPhysicalDeviceSurfaceCapabilitiesKHR", res)
	}
	caps.Deref()
	caps.CurrentExtent.Deref()
	caps.MinImageExtent.Deref()
	caps.MaxImageExtent.Deref()
	extent := caps.CurrentExtent
	if extent.Width == ^uint32(0) { // the surface takes the size of its images
		extent = vulkan.Extent2D{Width: min(max(uint32(w), caps.MinImageExtent.Width), caps.MaxImageExtent.Width),
			Height: min(max(uint32(h), caps.MinImageExtent.Height), caps.MaxImageExtent.Height)}
	}
	if extent.Width == 0 || extent.Height == 0 {
		return false, nil
	}
	format, err := t.chooseFormat()
	if x := (*device.VulkanError)(nil); errors.As(err, &x) {
		return false, t.trouble(x.Call, x.Result)
	}
	if err != nil {
		return false, err
	}
	t.clear()
	count := caps.MinImageCount + 1
	if caps.MaxImageCount > 0 {
		count = min(count, caps.MaxImageCount)
	}
	alpha := vulkan.CompositeAlphaOpaqueBit
	if vulkan.CompositeAlphaFlagBits(caps.SupportedCompositeAlpha)&alpha == 0 {
		alpha = vulkan.CompositeAlphaInheritBit
	}
	ci := &vulkan.SwapchainCreateInfo{SType: vulkan.StructureTypeSwapchainCreateInfo, Surface: d.Surface, MinImageCount: count,
		ImageFormat: format.Format, ImageColorSpace: format.ColorSpace, ImageExtent: extent, ImageArrayLayers: 1,
		ImageUsage: vulkan.ImageUsageFlags(vulkan.ImageUsageColorAttachmentBit), ImageSharingMode: vulkan.SharingModeExclusive,
		PreTransform: caps.CurrentTransform, CompositeAlpha: alpha, PresentMode: vulkan.PresentModeFifo, Clipped: vulkan.True,
		OldSwapchain: vulkan.NullSwapchain}
	defer ci.Free()
	var sc vulkan.Swapchain
	if res := vulkan.CreateSwapchain(d.Handle, ci, nil, &sc); res != vulkan.Success {
		return false, t.trouble("vkCreateSwapchainKHR", res)
	}
	t.handle, t.format, t.width, t.height, t.asked = sc, format.Format, int(extent.Width), int(extent.Height), [2]int{w, h}
	if err := t.fetch(); err != nil {
		t.clear()
		return false, err
	}
	t.stale = false
	return true, nil
}

// chooseFormat finds a format of 8 bits that holds bytes as they are: the tone mapper
// has encoded them.
func (t *Swapchain) chooseFormat() (vulkan.SurfaceFormat, error) {
	d := t.r.d
	var n uint32
	if err := d.Check("vkGetPhysicalDeviceSurfaceFormatsKHR", vulkan.GetPhysicalDeviceSurfaceFormats(d.Physical, d.Surface, &n, nil)); err != nil {
		return vulkan.SurfaceFormat{}, err
	}
	formats := make([]vulkan.SurfaceFormat, n)
	if err := d.Check("vkGetPhysicalDeviceSurfaceFormatsKHR", vulkan.GetPhysicalDeviceSurfaceFormats(d.Physical, d.Surface, &n, formats)); err != nil {
		return vulkan.SurfaceFormat{}, err
	}
	for i := range formats {
		formats[i].Deref()
		switch f := formats[i]; f.Format {
		case vulkan.FormatB8g8r8a8Unorm, vulkan.FormatR8g8b8a8Unorm:
			return f, nil
		case vulkan.FormatUndefined: // any
			f.Format = vulkan.FormatB8g8r8a8Unorm
			return f, nil
		}
	}
	return vulkan.SurfaceFormat{}, errNoFormat
}

var errNoFormat = errors.New("the window takes no picture of 8 bits a channel; choose another device")

func (t *Swapchain) fetch() error {
	d := t.r.d
	var n uint32
	if err := d.Check("vkGetSwapchainImagesKHR", vulkan.GetSwapchainImages(d.Handle, t.handle, &n, nil)); err != nil {
		return err
	}
	images := make([]vulkan.Image, n)
	if err := d.Check("vkGetSwapchainImagesKHR", vulkan.GetSwapchainImages(d.Handle, t.handle, &n, images)); err != nil {
		return err
	}
	for _, i := range images[:n] {
		ci := &vulkan.ImageViewCreateInfo{SType: vulkan.StructureTypeImageViewCreateInfo, Image: i, ViewType: vulkan.ImageViewType2d, Format: t.format,
			SubresourceRange: vulkan.ImageSubresourceRange{AspectMask: vulkan.ImageAspectFlags(vulkan.ImageAspectColorBit), LevelCount: 1, LayerCount: 1}}
		var v vulkan.ImageView
		res := vulkan.CreateImageView(d.Handle, ci, nil, &v)
		ci.Free()
		if err := d.Check("vkCreateImageView", res); err != nil {
			return err
		}
		t.views = append(t.views, v)
		t.images = append(t.images, graph.NewImage(i, v, 0))
		s, err := d.Semaphore()
		if err != nil {
			return err
		}
		t.done = append(t.done, s)
	}
	return nil
}

func (t *Swapchain) next(r *Renderer) error {
	t.open = false
	switch res := r.d.Present(t.handle, t.image, t.done[t.image]); res {
	case vulkan.Success:
		if t.well {
			t.fits(true)
		}
		return nil
	case vulkan.Suboptimal:
		t.fits(false)
		return nil
	case vulkan.ErrorOutOfDate:
		t.stale = true
		return nil
	default:
		return t.trouble("vkQueuePresentKHR", res)
	}
}
