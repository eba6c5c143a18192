package mem

import (
	"fmt"
	"sync"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/raw"
)

// DescError reports what cannot be made, by name and size.
type DescError struct {
	Name          string
	Width, Height uint64 // of a buffer: its bytes, and 0
	Err           error
}

func (e *DescError) Error() string {
	if e.Height == 0 {
		return fmt.Sprintf("%v (%s, %d bytes)", e.Err, e.Name, e.Width)
	}
	return fmt.Sprintf("%v (%s, %d x %d)", e.Err, e.Name, e.Width, e.Height)
}

func (e *DescError) Unwrap() error { return e.Err }

// ImageDesc describes an image. 0 levels, layers and samples are 1; aspect 0 is
// colour.
type ImageDesc struct {
	Width, Height, Levels, Layers, Samples uint32
	Format                                 vk.Format
	Usage                                  vk.ImageUsageFlagBits
	Cube                                   bool // 6 layers (or a multiple) are the faces of a cube
	Array                                  bool // View is an array even if there is one layer
	Mutable                                bool // views may have other formats
	Aspect                                 vk.ImageAspectFlagBits
	Name                                   string
}

// Image is an image, its memory, and a view of all of it.
type Image struct {
	Handle vk.Image
	View   vk.ImageView
	ImageDesc

	a      *Allocator
	al     *allocation
	mu     sync.Mutex // guards views and closed
	views  map[ViewDesc]vk.ImageView
	closed bool
}

// ViewDesc describes a view of a part of an image. Levels and Layers 0 are all from
// the base on; Format 0 is the image's.
type ViewDesc struct {
	Type          vk.ImageViewType
	Level, Levels uint32
	Layer, Layers uint32
	Format        vk.Format
}

// NewImage makes an image in undefined layout. Errors: ErrSize, ErrMemory.
func (a *Allocator) NewImage(i ImageDesc) (*Image, error) {
	i.Levels, i.Layers, i.Samples = max(i.Levels, 1), max(i.Layers, 1), max(i.Samples, 1)
	if i.Aspect == 0 {
		i.Aspect = vk.ImageAspectColorBit
	}
	l := &a.d.Limits
	most := l.MaxImage2D
	if i.Cube {
		most = l.MaxImageCube
	}
	if i.Width == 0 || i.Height == 0 || i.Width > most || i.Height > most || i.Layers > l.MaxImageLayers || i.Samples > l.MaxSamples ||
		i.Levels > Levels(i.Width, i.Height) || (i.Cube && (i.Layers%6 != 0 || i.Width != i.Height)) {
		return nil, &DescError{i.Name, uint64(i.Width), uint64(max(i.Height, 1)), ErrSize}
	}
	ci := &vk.ImageCreateInfo{SType: vk.StructureTypeImageCreateInfo, ImageType: vk.ImageType2d, Format: i.Format,
		Extent: vk.Extent3D{Width: i.Width, Height: i.Height, Depth: 1}, MipLevels: i.Levels, ArrayLayers: i.Layers,
		Samples: vk.SampleCountFlagBits(i.Samples), Tiling: vk.ImageTilingOptimal, Usage: vk.ImageUsageFlags(i.Usage)}
	if i.Cube {
		ci.Flags |= vk.ImageCreateFlags(vk.ImageCreateCubeCompatibleBit)
	}
	if i.Mutable {
		ci.Flags |= vk.ImageCreateFlags(vk.ImageCreateMutableFormatBit)
	}
	defer ci.Free()
	var h vk.Image
	if err := a.d.Check("vkCreateImage", vk.CreateImage(a.d.Handle, ci, nil, &h)); err != nil {
		return nil, &DescError{i.Name, uint64(i.Width), uint64(i.Height), err}
	}
	var mr vk.MemoryRequirements
	vk.GetImageMemoryRequirements(a.d.Handle, h, &mr)
	mr.Deref()
	al, err := a.take(mr, DeviceLocal, true, i.Name)
	if err != nil {
		vk.DestroyImage(a.d.Handle, h, nil)
		return nil, err
	}
	x := &Image{Handle: h, ImageDesc: i, a: a, al: al, views: map[ViewDesc]vk.ImageView{}, View: vk.NullImageView}
	if err = a.d.Check("vkBindImageMemory", vk.BindImageMemory(a.d.Handle, h, al.b.memory, vk.DeviceSize(al.off))); err == nil && i.viewable() {
		x.View, err = x.ViewOf(ViewDesc{Type: i.viewType()})
	}
	if err != nil {
		vk.DestroyImage(a.d.Handle, h, nil)
		a.give(al)
		return nil, err
	}
	if i.Name != "" {
		a.d.NameObject(vk.ObjectTypeImage, raw.Bits(h), i.Name)
	}
	return x, nil
}

// Levels is the length of the whole mip chain of an image.
func Levels(width, height uint32) uint32 {
	n := uint32(1)
	for s := max(width, height); s > 1; s /= 2 {
		n++
	}
	return n
}

// viewable: an image that is only copied has no view.
func (i *ImageDesc) viewable() bool {
	return i.Usage&(vk.ImageUsageSampledBit|vk.ImageUsageStorageBit|vk.ImageUsageColorAttachmentBit|vk.ImageUsageDepthStencilAttachmentBit|vk.ImageUsageInputAttachmentBit) != 0
}

func (i *ImageDesc) viewType() vk.ImageViewType {
	switch {
	case i.Cube && i.Layers > 6:
		return vk.ImageViewTypeCubeArray
	case i.Cube:
		return vk.ImageViewTypeCube
	case i.Array || i.Layers > 1:
		return vk.ImageViewType2dArray
	}
	return vk.ImageViewType2d
}

// LayerView is a two-dimensional view of one level of one layer. Views are made
// once and live as long as the image.
func (i *Image) LayerView(level, layer uint32) (vk.ImageView, error) {
	return i.ViewOf(ViewDesc{Type: vk.ImageViewType2d, Level: level, Levels: 1, Layer: layer, Layers: 1})
}

// ViewOf is a view of a part of the image, made once.
func (i *Image) ViewOf(v ViewDesc) (vk.ImageView, error) {
	if v.Levels == 0 {
		v.Levels = i.Levels - min(v.Level, i.Levels)
	}
	if v.Layers == 0 {
		v.Layers = i.Layers - min(v.Layer, i.Layers)
	}
	if v.Format == 0 {
		v.Format = i.Format
	}
	var none vk.ImageView
	if v.Levels == 0 || v.Layers == 0 || v.Level+v.Levels > i.Levels || v.Layer+v.Layers > i.Layers {
		return none, fmt.Errorf("image %q has %d levels and %d layers, a view of %+v is outside; this is a mistake of the renderer", i.Name, i.Levels, i.Layers, v)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return none, ErrClosed
	}
	if h, ok := i.views[v]; ok {
		return h, nil
	}
	ci := &vk.ImageViewCreateInfo{SType: vk.StructureTypeImageViewCreateInfo, Image: i.Handle, ViewType: v.Type, Format: v.Format,
		SubresourceRange: vk.ImageSubresourceRange{AspectMask: vk.ImageAspectFlags(i.Aspect), BaseMipLevel: v.Level, LevelCount: v.Levels,
			BaseArrayLayer: v.Layer, LayerCount: v.Layers}}
	defer ci.Free()
	var h vk.ImageView
	if err := i.a.d.Check("vkCreateImageView", vk.CreateImageView(i.a.d.Handle, ci, nil, &h)); err != nil {
		return none, err
	}
	i.views[v] = h
	return h, nil
}

// Close destroys the image and its views when everything submitted so far has been
// executed. Closing twice does nothing; so does closing nil.
func (i *Image) Close() {
	if i == nil {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return
	}
	i.closed = true
	a, h, al, views := i.a, i.Handle, i.al, i.views
	a.d.Defer(func() {
		for _, v := range views {
			vk.DestroyImageView(a.d.Handle, v, nil)
		}
		vk.DestroyImage(a.d.Handle, h, nil)
		a.give(al)
	})
}
