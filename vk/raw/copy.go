package raw

import (
	"math"

	vk "github.com/vulkan-go/vulkan"
)

// Region is a part of an image: one level, and layers from Layer on. Aspect 0 is
// colour, Layers and Depth 0 are 1. Sizes are in texels.
type Region struct {
	Aspect               vk.ImageAspectFlagBits
	Level, Layer, Layers uint32
	X, Y, Z              int32
	Width, Height, Depth uint32
}

// BufferLayout says how texels lie in a buffer: from Offset bytes on, rows of
// RowLength texels and layers of ImageHeight rows; 0 is tightly packed.
type BufferLayout struct {
	Offset                 uint64
	RowLength, ImageHeight uint32
}

const regionWords = 10

func (s *Stream) region(r *Region) {
	s.words = append(s.words, uint32(aspect(r.Aspect)), r.Level, r.Layer, max(r.Layers, 1),
		uint32(r.X), uint32(r.Y), uint32(r.Z), r.Width, r.Height, max(r.Depth, 1))
}

// CopyBuffer copies size bytes.
func (s *Stream) CopyBuffer(src vk.Buffer, srcOffset uint64, dst vk.Buffer, dstOffset, size uint64) {
	a, b := bits(src), bits(dst)
	s.words = append(s.words, head(opCopyBuffer, 11), lo(a), hi(a), lo(srcOffset), hi(srcOffset),
		lo(b), hi(b), lo(dstOffset), hi(dstOffset), lo(size), hi(size))
}

// CopyBufferToImage fills a region of an image, which is in the given layout.
func (s *Stream) CopyBufferToImage(src vk.Buffer, l BufferLayout, dst vk.Image, layout vk.ImageLayout, r Region) {
	s.bufferImage(opCopyBufferToImage, src, l, dst, layout, r)
}

// CopyImageToBuffer reads a region of an image, which is in the given layout.
func (s *Stream) CopyImageToBuffer(src vk.Image, layout vk.ImageLayout, r Region, dst vk.Buffer, l BufferLayout) {
	s.bufferImage(opCopyImageToBuffer, dst, l, src, layout, r)
}

func (s *Stream) bufferImage(op uint32, buf vk.Buffer, l BufferLayout, img vk.Image, layout vk.ImageLayout, r Region) {
	b, i := bits(buf), bits(img)
	s.words = append(s.words, head(op, 10+regionWords), lo(b), hi(b), lo(l.Offset), hi(l.Offset), l.RowLength, l.ImageHeight,
		lo(i), hi(i), uint32(layout))
	s.region(&r)
}

// CopyImage copies texels of the same size; the extent is that of from.
func (s *Stream) CopyImage(src vk.Image, srcLayout vk.ImageLayout, from Region, dst vk.Image, dstLayout vk.ImageLayout, to Region) {
	s.images(opCopyImage, src, srcLayout, from, dst, dstLayout, to, 0)
}

// BlitImage copies with scaling and conversion.
func (s *Stream) BlitImage(src vk.Image, srcLayout vk.ImageLayout, from Region, dst vk.Image, dstLayout vk.ImageLayout, to Region, filter vk.Filter) {
	s.images(opBlitImage, src, srcLayout, from, dst, dstLayout, to, uint32(filter))
}

// ResolveImage averages the samples of src into dst; the extent is that of from.
func (s *Stream) ResolveImage(src vk.Image, srcLayout vk.ImageLayout, from Region, dst vk.Image, dstLayout vk.ImageLayout, to Region) {
	s.images(opResolveImage, src, srcLayout, from, dst, dstLayout, to, 0)
}

func (s *Stream) images(op uint32, src vk.Image, sl vk.ImageLayout, from Region, dst vk.Image, dl vk.ImageLayout, to Region, filter uint32) {
	a, b := bits(src), bits(dst)
	s.words = append(s.words, head(op, 8+2*regionWords), lo(a), hi(a), uint32(sl), lo(b), hi(b), uint32(dl), filter)
	s.region(&from)
	s.region(&to)
}

// FillBuffer writes a word over a part of a buffer; offset and size are multiples of
// 4. Its stage is StageTransfer: layers do not agree on a narrower one.
func (s *Stream) FillBuffer(b vk.Buffer, offset, size uint64, word uint32) {
	h := bits(b)
	s.words = append(s.words, head(opFillBuffer, 8), lo(h), hi(h), lo(offset), hi(offset), lo(size), hi(size), word)
}

// UpdateBuffer writes a multiple of 4 bytes, at most MaxUpdate, kept in the stream.
func (s *Stream) UpdateBuffer(b vk.Buffer, offset uint64, data []byte) {
	if len(data) == 0 || len(data)%4 != 0 || len(data) > MaxUpdate {
		s.fail("a buffer was updated with %d bytes, it must be a multiple of 4 up to %d", len(data), MaxUpdate)
		return
	}
	h := bits(b)
	s.words = append(s.words, head(opUpdateBuffer, uint32(6+len(data)/4)), lo(h), hi(h), lo(offset), hi(offset), uint32(len(data)))
	s.appendBytes(data)
}

// ClearColorImage clears all levels and layers of a colour image.
func (s *Stream) ClearColorImage(i vk.Image, layout vk.ImageLayout, c [4]float32) {
	h := bits(i)
	s.words = append(s.words, head(opClearColor, 8), lo(h), hi(h), uint32(layout),
		math.Float32bits(c[0]), math.Float32bits(c[1]), math.Float32bits(c[2]), math.Float32bits(c[3]))
}

// ClearColorImageUint clears all levels and layers of an image of integers.
func (s *Stream) ClearColorImageUint(i vk.Image, layout vk.ImageLayout, c [4]uint32) {
	h := bits(i)
	s.words = append(s.words, head(opClearColor, 8), lo(h), hi(h), uint32(layout), c[0], c[1], c[2], c[3])
}

// ClearDepthImage clears all levels and layers of a depth image.
func (s *Stream) ClearDepthImage(i vk.Image, layout vk.ImageLayout, depth float32) {
	h := bits(i)
	s.words = append(s.words, head(opClearDepth, 5), lo(h), hi(h), uint32(layout), math.Float32bits(depth))
}
