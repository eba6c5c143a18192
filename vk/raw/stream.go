package raw

import (
	"errors"
	"fmt"
	"math"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"
)

// ErrStream reports a command that a stream cannot hold or a device cannot do.
var ErrStream = errors.New("a frame was recorded with a command that Vulkan does not allow; this is a mistake of the renderer")

// Limits of one command, each the least that Vulkan promises, or what the replay
// keeps on its stack.
const (
	MaxSets     = 8     // descriptor sets bound at once
	MaxPush     = 256   // bytes of push constants
	MaxColors   = 4     // colour attachments
	MaxUpdate   = 65536 // bytes of UpdateBuffer
	maxLabel    = 64    // bytes of a label that are kept
	maxBarriers = 32    // barriers of a kind in one command; more are split
	maxWords    = 1<<24 - 1
	opShift     = 24
	remaining   = math.MaxUint32
)

// A Stream is a list of commands. The zero value is empty and usable; it belongs
// to one goroutine. Methods do not talk to Vulkan: mistakes that can be seen here
// are kept and returned by Err, all others are Vulkan's to report on replay.
type Stream struct {
	words []uint32
	err   error
}

// Reset empties the stream and keeps its memory.
func (s *Stream) Reset() { s.words, s.err = s.words[:0], nil }

// Len is the length of the stream in words.
func (s *Stream) Len() int { return len(s.words) }

// Err is the first mistake that a method saw, wrapping ErrStream.
func (s *Stream) Err() error { return s.err }

// Append adds the commands of another stream, which may be recorded elsewhere.
func (s *Stream) Append(o *Stream) {
	s.words = append(s.words, o.words...)
	if s.err == nil {
		s.err = o.err
	}
}

func (s *Stream) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf("%w: %s", ErrStream, fmt.Sprintf(format, args...))
	}
}

// The operations, as in raw.c.
const (
	opBindPipeline = iota + 1
	opBindSets
	opPush
	opBindVertex
	opBindIndex
	opViewport
	opScissor
	opDraw
	opDrawIndexed
	opDrawIndirect
	opDrawIndexedIndirect
	opDrawIndirectCount
	opDrawIndexedIndirectCount
	opDispatch
	opDispatchIndirect
	opBeginRendering
	opEndRendering
	opBarriers
	opCopyBuffer
	opCopyBufferToImage
	opCopyImageToBuffer
	opCopyImage
	opBlitImage
	opResolveImage
	opFillBuffer
	opUpdateBuffer
	opClearColor
	opClearDepth
	opResetQueries
	opWriteTimestamp
	opCopyQueries
	opBeginLabel
	opEndLabel
)

// bits are a handle as a number. A handle is read as memory, never as a Go
// pointer: with validation on, handles are small numbers that the runtime would
// take for damage.
func bits[H any](h H) uint64 { return *(*uint64)(unsafe.Pointer(&h)) }

func lo(v uint64) uint32 { return uint32(v) }
func hi(v uint64) uint32 { return uint32(v >> 32) }

func head(op, words uint32) uint32 { return op<<opShift | words }

// BindPipeline makes p the pipeline of a bind point.
func (s *Stream) BindPipeline(point vk.PipelineBindPoint, p vk.Pipeline) {
	h := bits(p)
	s.words = append(s.words, head(opBindPipeline, 4), uint32(point), lo(h), hi(h))
}

// BindSets binds at most MaxSets sets, the first as number first.
func (s *Stream) BindSets(point vk.PipelineBindPoint, l vk.PipelineLayout, first uint32, sets ...vk.DescriptorSet) {
	if len(sets) == 0 || len(sets) > MaxSets {
		s.fail("%d sets were bound at once, 1 to %d can be", len(sets), MaxSets)
		return
	}
	h := bits(l)
	s.words = append(s.words, head(opBindSets, uint32(6+2*len(sets))), uint32(point), lo(h), hi(h), first, uint32(len(sets)))
	for _, d := range sets {
		h := bits(d)
		s.words = append(s.words, lo(h), hi(h))
	}
}

// Push sets push constants: a multiple of 4 bytes, at most MaxPush.
func (s *Stream) Push(l vk.PipelineLayout, stages vk.ShaderStageFlagBits, offset uint32, data []byte) {
	if len(data) == 0 || len(data)%4 != 0 || len(data) > MaxPush || offset%4 != 0 {
		s.fail("%d bytes of push constants at %d, it must be multiples of 4 up to %d", len(data), offset, MaxPush)
		return
	}
	h := bits(l)
	s.words = append(s.words, head(opPush, uint32(6+len(data)/4)), lo(h), hi(h), uint32(stages), offset, uint32(len(data)))
	s.appendBytes(data)
}

// appendBytes appends a multiple of 4 bytes as they are in memory.
func (s *Stream) appendBytes(data []byte) {
	n := len(s.words)
	for range len(data) / 4 {
		s.words = append(s.words, 0)
	}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&s.words[n])), len(data)), data)
}

// BindVertex binds a vertex buffer from offset bytes on.
func (s *Stream) BindVertex(binding uint32, b vk.Buffer, offset uint64) {
	h := bits(b)
	s.words = append(s.words, head(opBindVertex, 6), binding, lo(h), hi(h), lo(offset), hi(offset))
}

// BindIndex binds an index buffer from offset bytes on. For indirect draws bind it
// at 0 and count in firstIndex: Mesa's lavapipe 22.3 draws nothing otherwise.
func (s *Stream) BindIndex(b vk.Buffer, offset uint64, t vk.IndexType) {
	h := bits(b)
	s.words = append(s.words, head(opBindIndex, 6), lo(h), hi(h), lo(offset), hi(offset), uint32(t))
}

// Viewport sets the viewport in pixels; a negative height flips it.
func (s *Stream) Viewport(x, y, w, h, near, far float32) {
	s.words = append(s.words, head(opViewport, 7), math.Float32bits(x), math.Float32bits(y),
		math.Float32bits(w), math.Float32bits(h), math.Float32bits(near), math.Float32bits(far))
}

// Scissor sets the scissor rectangle in pixels.
func (s *Stream) Scissor(x, y int32, w, h uint32) {
	s.words = append(s.words, head(opScissor, 5), uint32(x), uint32(y), w, h)
}

// Draw draws vertices without an index buffer.
func (s *Stream) Draw(vertices, instances, firstVertex, firstInstance uint32) {
	s.words = append(s.words, head(opDraw, 5), vertices, instances, firstVertex, firstInstance)
}

// DrawIndexed draws with the bound index buffer.
func (s *Stream) DrawIndexed(indices, instances, firstIndex uint32, vertexOffset int32, firstInstance uint32) {
	s.words = append(s.words, head(opDrawIndexed, 6), indices, instances, firstIndex, uint32(vertexOffset), firstInstance)
}

// DrawIndirect draws count commands of 16 bytes that lie stride bytes apart. A
// device without multiDrawIndirect draws them one by one.
func (s *Stream) DrawIndirect(b vk.Buffer, offset uint64, count, stride uint32) {
	s.indirect(opDrawIndirect, b, offset, count, stride)
}

// DrawIndexedIndirect draws count commands of 20 bytes, as DrawIndirect does.
func (s *Stream) DrawIndexedIndirect(b vk.Buffer, offset uint64, count, stride uint32) {
	s.indirect(opDrawIndexedIndirect, b, offset, count, stride)
}

func (s *Stream) indirect(op uint32, b vk.Buffer, offset uint64, count, stride uint32) {
	h := bits(b)
	s.words = append(s.words, head(op, 7), lo(h), hi(h), lo(offset), hi(offset), count, stride)
}

// DrawIndirectCount draws as many commands as the word at countOffset says, at
// most max. A device without drawIndirectCount refuses on replay.
func (s *Stream) DrawIndirectCount(b vk.Buffer, offset uint64, count vk.Buffer, countOffset uint64, most, stride uint32) {
	s.indirectCount(opDrawIndirectCount, b, offset, count, countOffset, most, stride)
}

// DrawIndexedIndirectCount is DrawIndirectCount with the bound index buffer.
func (s *Stream) DrawIndexedIndirectCount(b vk.Buffer, offset uint64, count vk.Buffer, countOffset uint64, most, stride uint32) {
	s.indirectCount(opDrawIndexedIndirectCount, b, offset, count, countOffset, most, stride)
}

func (s *Stream) indirectCount(op uint32, b vk.Buffer, offset uint64, count vk.Buffer, countOffset uint64, most, stride uint32) {
	h, c := bits(b), bits(count)
	s.words = append(s.words, head(op, 11), lo(h), hi(h), lo(offset), hi(offset),
		lo(c), hi(c), lo(countOffset), hi(countOffset), most, stride)
}

// Dispatch runs x*y*z workgroups.
func (s *Stream) Dispatch(x, y, z uint32) { s.words = append(s.words, head(opDispatch, 4), x, y, z) }

// DispatchIndirect reads the three numbers of Dispatch from a buffer.
func (s *Stream) DispatchIndirect(b vk.Buffer, offset uint64) {
	h := bits(b)
	s.words = append(s.words, head(opDispatchIndirect, 5), lo(h), hi(h), lo(offset), hi(offset))
}

// ResetQueries makes queries ready to be written.
func (s *Stream) ResetQueries(p vk.QueryPool, first, count uint32) {
	h := bits(p)
	s.words = append(s.words, head(opResetQueries, 5), lo(h), hi(h), first, count)
}

// WriteTimestamp writes the device's clock when everything before has passed stage.
func (s *Stream) WriteTimestamp(stage Stage, p vk.QueryPool, query uint32) {
	h := bits(p)
	s.words = append(s.words, head(opWriteTimestamp, 6), lo(uint64(stage)), hi(uint64(stage)), lo(h), hi(h), query)
}

// CopyQueries writes the results of queries into a buffer, as numbers of 8 bytes from
// offset on. All of them must have been written by commands before; it is a transfer.
func (s *Stream) CopyQueries(p vk.QueryPool, first, count uint32, b vk.Buffer, offset uint64) {
	h, d := bits(p), bits(b)
	s.words = append(s.words, head(opCopyQueries, 9), lo(h), hi(h), first, count, lo(d), hi(d), lo(offset), hi(offset))
}

// BeginLabel opens a named region for debuggers; without one it does nothing.
func (s *Stream) BeginLabel(name string) {
	name = name[:min(len(name), maxLabel-1)]
	n := len(name)/4 + 1 // at least one zero byte ends it
	at := len(s.words) + 1
	s.words = append(s.words, head(opBeginLabel, uint32(1+n)))
	for range n {
		s.words = append(s.words, 0)
	}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&s.words[at])), 4*n), name)
}

// EndLabel closes the region.
func (s *Stream) EndLabel() { s.words = append(s.words, head(opEndLabel, 1)) }
