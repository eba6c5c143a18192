package graph

import (
	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/raw"
)

// Use is how a pass touches a resource. Uses of one pass are joined with Or.
type Use struct {
	Stage  raw.Stage
	Access raw.Access
	Layout vk.ImageLayout        // of images
	Usage  vk.ImageUsageFlagBits // what a transient image is made for
}

// The uses of images.
var (
	ColorTarget = Use{raw.StageColorOutput, raw.AccessColorRead | raw.AccessColorWrite,
		vk.ImageLayoutColorAttachmentOptimal, vk.ImageUsageColorAttachmentBit}
	DepthTarget = Use{raw.StageFragmentTests, raw.AccessDepthRead | raw.AccessDepthWrite,
		vk.ImageLayoutDepthStencilAttachmentOptimal, vk.ImageUsageDepthStencilAttachmentBit}
	SampledByFragment = Use{raw.StageFragment, raw.AccessSampledRead,
		vk.ImageLayoutShaderReadOnlyOptimal, vk.ImageUsageSampledBit}
	SampledByCompute = Use{raw.StageCompute, raw.AccessSampledRead,
		vk.ImageLayoutShaderReadOnlyOptimal, vk.ImageUsageSampledBit}
	ImageWrittenByCompute = Use{raw.StageCompute, raw.AccessStorageRead | raw.AccessStorageWrite,
		vk.ImageLayoutGeneral, vk.ImageUsageStorageBit}
	ImageCopySource = Use{raw.StageTransfer, raw.AccessTransferRead,
		vk.ImageLayoutTransferSrcOptimal, vk.ImageUsageTransferSrcBit}
	ImageCopyTarget = Use{raw.StageTransfer, raw.AccessTransferWrite,
		vk.ImageLayoutTransferDstOptimal, vk.ImageUsageTransferDstBit}
	// Present is what a swapchain image must be in when it is handed over; the
	// semaphore of the hand-over does the waiting.
	Present = Use{raw.StageNone, raw.AccessNone, vk.ImageLayoutPresentSrc, 0}
)

// The uses of buffers.
var (
	ReadByVertex     = Use{Stage: raw.StageVertex, Access: raw.AccessStorageRead}
	ReadByFragment   = Use{Stage: raw.StageFragment, Access: raw.AccessStorageRead}
	ReadByCompute    = Use{Stage: raw.StageCompute, Access: raw.AccessStorageRead}
	WrittenByCompute = Use{Stage: raw.StageCompute, Access: raw.AccessStorageRead | raw.AccessStorageWrite}
	UniformOfVertex  = Use{Stage: raw.StageVertex, Access: raw.AccessUniformRead}
	UniformOfFrag    = Use{Stage: raw.StageFragment, Access: raw.AccessUniformRead}
	UniformOfCompute = Use{Stage: raw.StageCompute, Access: raw.AccessUniformRead}
	VertexData       = Use{Stage: raw.StageAttributeInput, Access: raw.AccessVertexRead}
	IndexData        = Use{Stage: raw.StageIndexInput, Access: raw.AccessIndexRead}
	IndirectCommands = Use{Stage: raw.StageDrawIndirect, Access: raw.AccessIndirectRead}
	CopySource       = Use{Stage: raw.StageTransfer, Access: raw.AccessTransferRead}
	CopyTarget       = Use{Stage: raw.StageTransfer, Access: raw.AccessTransferWrite}
)

// Or joins two uses of one resource in one pass. Of images, both must want the
// same layout.
func (u Use) Or(v Use) Use {
	return Use{u.Stage | v.Stage, u.Access | v.Access, u.Layout, u.Usage | v.Usage}
}

const writes = raw.AccessShaderWrite | raw.AccessColorWrite | raw.AccessDepthWrite | raw.AccessTransferWrite |
	raw.AccessHostWrite | raw.AccessMemoryWrite | raw.AccessStorageWrite

// Writes reports whether the use changes the resource.
func (u Use) Writes() bool { return u.Access&writes != 0 }

// state is what is known of a resource between two uses.
type state struct {
	layout                  vk.ImageLayout
	writeStage, readStage   raw.Stage
	writeAccess, readAccess raw.Access
}

// step moves the state on to a use and says what barrier is needed first, if any.
// With discard, what an image held may be lost.
func (s *state) step(u Use, image, discard bool) (b raw.ImageBarrier, needed bool) {
	b = raw.ImageBarrier{Old: s.layout, New: u.Layout, DstStage: u.Stage, DstAccess: u.Access,
		SrcStage: s.writeStage | s.readStage, SrcAccess: s.writeAccess}
	moves := image && (s.layout != u.Layout || discard && u.Writes())
	if discard {
		b.Old = vk.ImageLayoutUndefined
	}
	switch {
	case u.Writes() || moves:
		// What was read since the last write needs an order only; the barrier that let
		// it be read has made the write available, so reads hide it from this one.
		needed = moves || b.SrcStage != 0
		s.writeStage, s.writeAccess = u.Stage, u.Access&writes
		s.readStage, s.readAccess = 0, 0
		if !u.Writes() {
			// A move is a write that is available already, and visible to who asked.
			s.readStage, s.readAccess = u.Stage, u.Access
		}
	default:
		needed = s.writeStage != 0 && (u.Stage&^s.readStage != 0 || u.Access&^s.readAccess != 0)
		s.readStage |= u.Stage
		s.readAccess |= u.Access
	}
	s.layout = u.Layout
	return b, needed
}
