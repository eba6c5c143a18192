// Package pass holds the parts of a frame that stand alone: skinning, clustered
// lights, image-based lighting, bloom, tone mapping, debug lines, canvases, text,
// picking and the overlay.
//
// The key idea: a pass knows Vulkan handles and nothing else. It makes its pipelines
// once; Record adds commands to a stream and allocates nothing. What it reads must be
// visible to it and in the layout that its input says, what it writes is made visible
// by the caller: barriers stand outside, where all accesses of a frame are known,
// except those within images that a pass owns itself (Environment, Chain, Pick).
//
// Record of Skin, Cluster, IBL, Bloom and Pick must stand outside a rendering scope; IBL
// and Pick begin and end their own. Record of Tone, Lines, Canvas, Text and Overlay must stand
// inside one that the caller has begun on the formats that the pass was made for; it sets
// pipeline, viewport and scissor itself and leaves them set.
//
// Every input carries the number of the frame. Descriptor sets that a recording uses
// are used again InFlight frames later, when the device has executed it.
//
// The order of a frame: IBL (where the sky is another), Skin, Cluster, Pick, opaque
// surfaces, sky, Canvas and Text from back to front, blended surfaces, Lines, Bloom,
// Tone, Overlay.
package pass

import (
	"errors"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"
)

// InFlight is the most frames that may be recorded before the first of them has been
// executed: more than any caller keeps in flight, since a set costs some hundred bytes.
const InFlight = 8

// ErrInput reports an input that a pass cannot work on; nothing was recorded.
var ErrInput = errors.New("a pass of the renderer was given an input that it cannot draw; this is a mistake of the renderer")

// Range is a part of a buffer. Size 0 is all from Offset on. As storage, Offset must be
// a multiple of the device's alignment.
type Range struct {
	Buffer       vk.Buffer
	Offset, Size uint64
}

// Target is what a drawing pass draws to.
type Target struct {
	Color, Depth vk.Format // Depth: FormatUndefined where there is none
	Samples      int
}

// bytesOf are the bytes of a plain struct as they lie in memory, which is as the
// shaders read them: every machine that Hearth draws on is little-endian.
func bytesOf[T any](p *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(p)), unsafe.Sizeof(*p))
}

// groups is how many workgroups of size cover n.
func groups(n, size uint32) uint32 { return (n + size - 1) / size }
