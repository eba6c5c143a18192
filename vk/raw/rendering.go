package raw

import (
	"math"

	vk "github.com/vulkan-go/vulkan"
)

// Rendering is what a dynamic rendering pass draws to. Layers 0 is 1.
type Rendering struct {
	X, Y                  int32
	Width, Height, Layers uint32
	Color                 []Attachment // at most MaxColors
	Depth                 *Attachment
}

// Attachment is an image that is drawn to. Resolve, if set, gets the resolved
// samples in the same layout: their mean, or for depth and integers sample 0.
type Attachment struct {
	View, Resolve vk.ImageView
	Layout        vk.ImageLayout
	Load          vk.AttachmentLoadOp
	Store         vk.AttachmentStoreOp
	Clear         [4]float32 // for LoadOpClear; depth in [0]
	Integer       bool       // an image of integers, cleared to ClearUint
	ClearUint     [4]uint32
}

const attachmentWords = 13

// BeginRendering begins a pass. r is copied.
func (s *Stream) BeginRendering(r *Rendering) {
	if len(r.Color) > MaxColors {
		s.fail("%d colour attachments, at most %d can be", len(r.Color), MaxColors)
		return
	}
	n := len(r.Color)
	depth := uint32(0)
	if r.Depth != nil {
		depth = 1
	}
	s.words = append(s.words, head(opBeginRendering, uint32(8+attachmentWords*(n+int(depth)))),
		uint32(r.X), uint32(r.Y), r.Width, r.Height, max(r.Layers, 1), uint32(n), depth)
	for i := range r.Color {
		s.attachment(&r.Color[i])
	}
	if r.Depth != nil {
		s.attachment(r.Depth)
	}
}

func (s *Stream) attachment(a *Attachment) {
	v, r := bits(a.View), bits(a.Resolve)
	clear := a.ClearUint
	mode := uint32(2) // VK_RESOLVE_MODE_AVERAGE_BIT
	if a.Integer {
		mode = 1 // VK_RESOLVE_MODE_SAMPLE_ZERO_BIT
	} else {
		for i, c := range a.Clear {
			clear[i] = math.Float32bits(c)
		}
	}
	s.words = append(s.words, lo(v), hi(v), lo(r), hi(r), mode, uint32(a.Layout), uint32(a.Load), uint32(a.Store),
		clear[0], clear[1], clear[2], clear[3], 0)
}

// EndRendering ends the pass.
func (s *Stream) EndRendering() { s.words = append(s.words, head(opEndRendering, 1)) }
