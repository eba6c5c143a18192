package pass

import (
	"fmt"
	"image"

	vk "github.com/vulkan-go/vulkan"
	"golang.org/x/image/font/inconsolata"

	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/raw"
)

// The overlay's font: Inconsolata, as bitmaps of one size.
const (
	GlyphWidth  = 8  // pixels from one character to the next
	GlyphHeight = 16 // pixels from one line to the next

	// Bitmaps are larger than the step: a stroke may reach into its neighbour.
	cellWidth    = 9
	cellHeight   = 17
	atlasColumns = 28
	solid        = ^uint32(0) // no glyph: all of the rectangle
	missing      = '\ufffd'   // stands for what the font lacks
)

// glyphIndex finds a character in the font.
func glyphIndex(r rune) (int, bool) {
	for _, g := range inconsolata.Regular8x16.Ranges {
		if r >= g.Low && r < g.High {
			return g.Offset + int(r-g.Low), true
		}
	}
	return 0, false
}

// glyph is where a character lies in the atlas: x | y << 16, in texels.
func glyph(r rune) uint32 {
	i, ok := glyphIndex(r)
	if !ok {
		i, _ = glyphIndex(missing)
	}
	return uint32(i%atlasColumns*cellWidth) | uint32(i/atlasColumns*cellHeight)<<16
}

// fontAtlas lays the glyphs, which the font keeps in one column, out in a grid.
func fontAtlas() *image.Alpha {
	mask := inconsolata.Regular8x16.Mask
	n := mask.Bounds().Dy() / cellHeight
	out := image.NewAlpha(image.Rect(0, 0, atlasColumns*cellWidth, (n+atlasColumns-1)/atlasColumns*cellHeight))
	for i := range n {
		for y := range cellHeight {
			for x := range cellWidth {
				_, _, _, a := mask.At(x, i*cellHeight+y).RGBA()
				out.Pix[out.PixOffset(i%atlasColumns*cellWidth+x, i/atlasColumns*cellHeight+y)] = uint8(a >> 8)
			}
		}
	}
	return out
}

// uploadFont makes the atlas on the device and waits for it.
func uploadFont(d *device.Device, a *mem.Allocator) (*mem.Image, error) {
	atlas := fontAtlas()
	w, h := atlas.Rect.Dx(), atlas.Rect.Dy()
	staging, err := a.NewBuffer(mem.BufferDesc{Size: uint64(len(atlas.Pix)), Usage: vk.BufferUsageTransferSrcBit, Memory: mem.Upload, Name: "font upload"})
	if err != nil {
		return nil, err
	}
	defer staging.Close()
	copy(staging.Bytes, atlas.Pix)
	im, err := a.NewImage(mem.ImageDesc{Width: uint32(w), Height: uint32(h), Levels: 1, Layers: 1, Samples: 1, Format: vk.FormatR8Unorm,
		Usage: vk.ImageUsageSampledBit | vk.ImageUsageTransferDstBit, Name: "font"})
	if err != nil {
		return nil, err
	}
	err = d.Do(func(s *raw.Stream) {
		s.Barriers([]raw.ImageBarrier{{Image: im.Handle, Old: vk.ImageLayoutUndefined, New: vk.ImageLayoutTransferDstOptimal,
			DstStage: raw.StageCopy, DstAccess: raw.AccessTransferWrite}}, nil, nil)
		s.CopyBufferToImage(staging.Handle, raw.BufferLayout{}, im.Handle, vk.ImageLayoutTransferDstOptimal, raw.Region{Width: uint32(w), Height: uint32(h)})
		s.Barriers([]raw.ImageBarrier{{Image: im.Handle, Old: vk.ImageLayoutTransferDstOptimal, New: vk.ImageLayoutShaderReadOnlyOptimal,
			SrcStage: raw.StageCopy, SrcAccess: raw.AccessTransferWrite, DstStage: raw.StageFragment, DstAccess: raw.AccessShaderRead}}, nil, nil)
	})
	if err != nil {
		im.Close()
		return nil, fmt.Errorf("the overlay's font was not uploaded: %w", err)
	}
	return im, nil
}
