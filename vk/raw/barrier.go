package raw

import vk "github.com/vulkan-go/vulkan"

// Stage is a set of pipeline stages (VkPipelineStageFlags2).
type Stage uint64

// The stages of synchronization2 that a renderer without tessellation, geometry
// and ray tracing has.
const (
	StageNone           Stage = 0
	StageTop            Stage = 1 << 0
	StageDrawIndirect   Stage = 1 << 1
	StageVertexInput    Stage = 1 << 2
	StageVertex         Stage = 1 << 3
	StageFragment       Stage = 1 << 7
	StageEarlyFragment  Stage = 1 << 8
	StageLateFragment   Stage = 1 << 9
	StageColorOutput    Stage = 1 << 10
	StageCompute        Stage = 1 << 11
	StageTransfer       Stage = 1 << 12
	StageBottom         Stage = 1 << 13
	StageHost           Stage = 1 << 14
	StageGraphics       Stage = 1 << 15
	StageAll            Stage = 1 << 16
	StageCopy           Stage = 1 << 32
	StageResolve        Stage = 1 << 33
	StageBlit           Stage = 1 << 34
	StageClear          Stage = 1 << 35
	StageIndexInput     Stage = 1 << 36
	StageAttributeInput Stage = 1 << 37
	StagePreRaster      Stage = 1 << 38
	StageFragmentTests        = StageEarlyFragment | StageLateFragment
)

// Access is a set of kinds of memory access (VkAccessFlags2).
type Access uint64

// The kinds of access of synchronization2.
const (
	AccessNone          Access = 0
	AccessIndirectRead  Access = 1 << 0
	AccessIndexRead     Access = 1 << 1
	AccessVertexRead    Access = 1 << 2
	AccessUniformRead   Access = 1 << 3
	AccessInputRead     Access = 1 << 4
	AccessShaderRead    Access = 1 << 5
	AccessShaderWrite   Access = 1 << 6
	AccessColorRead     Access = 1 << 7
	AccessColorWrite    Access = 1 << 8
	AccessDepthRead     Access = 1 << 9
	AccessDepthWrite    Access = 1 << 10
	AccessTransferRead  Access = 1 << 11
	AccessTransferWrite Access = 1 << 12
	AccessHostRead      Access = 1 << 13
	AccessHostWrite     Access = 1 << 14
	AccessMemoryRead    Access = 1 << 15
	AccessMemoryWrite   Access = 1 << 16
	AccessSampledRead   Access = 1 << 32
	AccessStorageRead   Access = 1 << 33
	AccessStorageWrite  Access = 1 << 34
)

// ImageBarrier orders access to an image and may change its layout. Levels or
// Layers 0 are all from the base on; Aspect 0 is colour.
type ImageBarrier struct {
	Image                vk.Image
	Old, New             vk.ImageLayout
	SrcStage, DstStage   Stage
	SrcAccess, DstAccess Access
	Aspect               vk.ImageAspectFlagBits
	BaseLevel, Levels    uint32
	BaseLayer, Layers    uint32
}

// BufferBarrier orders access to a part of a buffer. Size 0 is the rest of it.
type BufferBarrier struct {
	Buffer               vk.Buffer
	SrcStage, DstStage   Stage
	SrcAccess, DstAccess Access
	Offset, Size         uint64
}

// MemoryBarrier orders access to all memory.
type MemoryBarrier struct {
	SrcStage, DstStage   Stage
	SrcAccess, DstAccess Access
}

const (
	memoryBarrierWords = 8
	bufferBarrierWords = 14
	imageBarrierWords  = 17
)

// Barriers records a pipeline barrier. The slices are copied; nothing is recorded
// if all are empty.
func (s *Stream) Barriers(images []ImageBarrier, buffers []BufferBarrier, memory []MemoryBarrier) {
	for len(images)+len(buffers)+len(memory) > 0 {
		i, b, m := min(len(images), maxBarriers), min(len(buffers), maxBarriers), min(len(memory), maxBarriers)
		s.words = append(s.words, head(opBarriers, uint32(4+memoryBarrierWords*m+bufferBarrierWords*b+imageBarrierWords*i)),
			uint32(m), uint32(b), uint32(i))
		for j := range memory[:m] {
			x := &memory[j]
			s.sync(x.SrcStage, x.DstStage, x.SrcAccess, x.DstAccess)
		}
		for j := range buffers[:b] {
			x := &buffers[j]
			s.sync(x.SrcStage, x.DstStage, x.SrcAccess, x.DstAccess)
			h, n := bits(x.Buffer), x.Size
			if n == 0 {
				n = ^uint64(0) // VK_WHOLE_SIZE
			}
			s.words = append(s.words, lo(h), hi(h), lo(x.Offset), hi(x.Offset), lo(n), hi(n))
		}
		for j := range images[:i] {
			x := &images[j]
			s.sync(x.SrcStage, x.DstStage, x.SrcAccess, x.DstAccess)
			h := bits(x.Image)
			s.words = append(s.words, lo(h), hi(h), uint32(x.Old), uint32(x.New), uint32(aspect(x.Aspect)),
				x.BaseLevel, rest(x.Levels), x.BaseLayer, rest(x.Layers))
		}
		images, buffers, memory = images[i:], buffers[b:], memory[m:]
	}
}

func (s *Stream) sync(ss, ds Stage, sa, da Access) {
	s.words = append(s.words, lo(uint64(ss)), hi(uint64(ss)), lo(uint64(ds)), hi(uint64(ds)),
		lo(uint64(sa)), hi(uint64(sa)), lo(uint64(da)), hi(uint64(da)))
}

func aspect(a vk.ImageAspectFlagBits) vk.ImageAspectFlagBits {
	if a == 0 {
		return vk.ImageAspectColorBit
	}
	return a
}

// rest is a count of levels or layers; 0 is all that remain.
func rest(n uint32) uint32 {
	if n == 0 {
		return remaining
	}
	return n
}
