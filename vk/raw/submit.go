package raw

// #include "raw.h"
import "C"

import (
	"fmt"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"
)

// Record begins a command buffer for one submission, replays the stream into it
// and ends it: one call into C, which allocates nothing. ErrStream if the stream
// holds a mistake or a command that the device lacks; the buffer must then not be
// submitted.
func (fn *Functions) Record(cb vk.CommandBuffer, s *Stream) (vk.Result, error) {
	if s.err != nil {
		return vk.Success, s.err
	}
	if len(s.words) == 0 {
		s.words = append(s.words, head(opEndLabel, 1))[:0] // so that there is an address
	}
	r := C.raw_record(fn.c, C.VkCommandBuffer(unsafe.Pointer(cb)), (*C.uint32_t)(unsafe.Pointer(unsafe.SliceData(s.words))), C.size_t(len(s.words)))
	if r.result == C.VK_SUCCESS && r.bad >= 0 {
		return vk.Success, fmt.Errorf("%w: the device lacks operation %d", ErrStream, s.words[r.bad]>>opShift)
	}
	return vk.Result(r.result), nil
}

// Semaphore is a semaphore and, of a timeline, the value that is waited for or
// signalled. The null handle is none.
type Semaphore struct {
	Handle vk.Semaphore
	Value  uint64
	Stage  Stage
}

// Submit submits a command buffer that waits for and signals semaphores. Calls for
// one queue must not overlap.
func (fn *Functions) Submit(q vk.Queue, cb vk.CommandBuffer, wait, signal [2]Semaphore) vk.Result {
	s := fn.submit
	*s = C.raw_submit{command: C.uint64_t(bits(cb))}
	for _, w := range wait {
		if h := bits(w.Handle); h != 0 {
			s.wait[s.waits], s.wait_value[s.waits], s.wait_stage[s.waits] = C.uint64_t(h), C.uint64_t(w.Value), C.uint64_t(w.Stage)
			s.waits++
		}
	}
	for _, w := range signal {
		if h := bits(w.Handle); h != 0 {
			s.signal[s.signals], s.signal_value[s.signals], s.signal_stage[s.signals] = C.uint64_t(h), C.uint64_t(w.Value), C.uint64_t(w.Stage)
			s.signals++
		}
	}
	return vk.Result(C.raw_submit2(fn.c, C.VkQueue(unsafe.Pointer(q)), s))
}

// Present shows an image of a swapchain after wait.
func (fn *Functions) Present(q vk.Queue, sc vk.Swapchain, image uint32, wait vk.Semaphore) vk.Result {
	return vk.Result(C.raw_present(fn.c, C.VkQueue(unsafe.Pointer(q)), C.VkSwapchainKHR(unsafe.Pointer(sc)), C.uint32_t(image), C.VkSemaphore(unsafe.Pointer(wait))))
}

// NewTimeline makes a timeline semaphore.
func (fn *Functions) NewTimeline(initial uint64) (vk.Semaphore, vk.Result) {
	var s C.VkSemaphore
	r := C.raw_timeline(fn.c, fn.dev(), C.uint64_t(initial), &s)
	return vk.Semaphore(unsafe.Pointer(s)), vk.Result(r)
}

// Wait waits until a timeline has reached value: Success, Timeout after so many
// nanoseconds, or an error.
func (fn *Functions) Wait(s vk.Semaphore, value, nanoseconds uint64) vk.Result {
	return vk.Result(C.raw_wait(fn.c, fn.dev(), C.VkSemaphore(unsafe.Pointer(s)), C.uint64_t(value), C.uint64_t(nanoseconds)))
}

// Value is what a timeline has reached.
func (fn *Functions) Value(s vk.Semaphore) (uint64, vk.Result) {
	r := C.raw_reached(fn.c, fn.dev(), C.VkSemaphore(unsafe.Pointer(s)))
	return uint64(r.value), vk.Result(r.result)
}

// WaitIdle waits until the device has nothing to do.
func (fn *Functions) WaitIdle() vk.Result { return vk.Result(C.raw_idle(fn.c, fn.dev())) }

// Queue is the first queue of a family.
func (fn *Functions) Queue(family uint32) vk.Queue {
	return vk.Queue(unsafe.Pointer(C.raw_queue(fn.c, fn.dev(), C.uint32_t(family))))
}

// Flush makes what was written to mapped memory visible to the device; Invalidate
// the other way round. Both are for memory that is not coherent.
func (fn *Functions) Flush(m vk.DeviceMemory, offset, size uint64) vk.Result {
	return vk.Result(C.raw_flush(fn.c, fn.dev(), C.VkDeviceMemory(unsafe.Pointer(m)), C.uint64_t(offset), C.uint64_t(size), 0))
}

// Invalidate makes what the device wrote visible to the program.
func (fn *Functions) Invalidate(m vk.DeviceMemory, offset, size uint64) vk.Result {
	return vk.Result(C.raw_flush(fn.c, fn.dev(), C.VkDeviceMemory(unsafe.Pointer(m)), C.uint64_t(offset), C.uint64_t(size), 1))
}
