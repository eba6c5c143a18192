package device

import (
	"errors"
	"fmt"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/raw"
)

// Limits of frames.
const (
	// DefaultFrames in flight: one is drawn while the next is recorded. More only
	// make what is seen older.
	DefaultFrames = 2
	maxFrames     = 8
	// DefaultRing is how many bytes of uniforms and instances a frame begins with.
	DefaultRing = 1 << 20
	// maxFrameBytes bounds what one frame may take; a frame that needs more has
	// something in it that belongs in a buffer of its own.
	maxFrameBytes = 256 << 20
)

// ErrFrameMemory reports a frame that wants more than maxFrameBytes for its data.
var ErrFrameMemory = errors.New("one frame holds more data than the 256 MiB that it may; keep it in a buffer")

// Slice is memory of a frame: the program writes Bytes, the device reads Buffer
// from Offset on.
type Slice struct {
	Buffer vk.Buffer
	Offset uint64
	Bytes  []byte
}

// Frames are the frames in flight.
type Frames struct {
	d      *Device
	pool   vk.CommandPool
	slots  []slot
	number uint64
	open   bool
}

type slot struct {
	frame  Frame
	cb     vk.CommandBuffer
	done   uint64 // on the timeline
	chunks []chunk
	total  uint64
}

// chunk is a buffer that is mapped and coherent.
type chunk struct {
	buffer vk.Buffer
	memory vk.DeviceMemory
	bytes  []byte
	used   uint64
}

// Frame is what a frame is recorded with. It is valid until it is submitted or
// abandoned.
type Frame struct {
	Stream *raw.Stream
	Index  int    // of the slot: what is kept per frame in flight is indexed with it
	Number uint64 // from 1 on

	frames *Frames
	stream raw.Stream
}

// NewFrames makes n frames in flight (0: DefaultFrames), each with ring bytes of
// mapped memory to begin with (0: DefaultRing).
func (d *Device) NewFrames(n, ring int) (*Frames, error) {
	if n == 0 {
		n = DefaultFrames
	}
	if ring == 0 {
		ring = DefaultRing
	}
	if n < 1 || n > maxFrames || ring < 0 || ring > maxFrameBytes {
		return nil, fmt.Errorf("%d frames in flight of %d bytes: 1 to %d of at most %d can be", n, ring, maxFrames, maxFrameBytes)
	}
	ci := &vk.CommandPoolCreateInfo{SType: vk.StructureTypeCommandPoolCreateInfo, QueueFamilyIndex: d.Family,
		Flags: vk.CommandPoolCreateFlags(vk.CommandPoolCreateResetCommandBufferBit)}
	defer ci.Free()
	var pool vk.CommandPool
	if err := d.check("vkCreateCommandPool", vk.CreateCommandPool(d.Handle, ci, nil, &pool)); err != nil {
		return nil, err
	}
	f := &Frames{d: d, pool: pool, slots: make([]slot, n)}
	cbs, err := newCommandBuffers(d, pool, n)
	if err != nil {
		f.Close()
		return nil, err
	}
	for i := range f.slots {
		s := &f.slots[i]
		s.cb = cbs[i]
		s.frame.frames, s.frame.Index, s.frame.Stream = f, i, &s.frame.stream
		if err := s.grow(d, uint64(ring)); err != nil {
			f.Close()
			return nil, err
		}
	}
	return f, nil
}

// Len is how many frames are in flight.
func (f *Frames) Len() int { return len(f.slots) }

// Close destroys the frames when they have been executed.
func (f *Frames) Close() {
	d := f.d
	if f.open {
		f.slots[f.number%uint64(len(f.slots))].frame.Abandon()
	}
	slots, pool := f.slots, f.pool
	f.slots = nil
	d.Defer(func() {
		for i := range slots {
			for _, c := range slots[i].chunks {
				c.destroy(d)
			}
		}
		vk.DestroyCommandPool(d.Handle, pool, nil)
	})
}

// Begin waits until the frame that used the slot before has been executed, runs
// what was deferred, and begins a frame. ErrLost if the device is lost.
func (f *Frames) Begin() (*Frame, error) {
	if f.slots == nil {
		return nil, ErrClosed
	}
	if f.open {
		return nil, errors.New("a frame was begun before the one before it was submitted; this is a mistake of the renderer")
	}
	s := &f.slots[(f.number+1)%uint64(len(f.slots))]
	if err := f.d.Wait(s.done); err != nil {
		return nil, err
	}
	if err := f.d.Collect(); err != nil {
		return nil, err
	}
	f.number++
	f.open = true
	f.d.mu.Lock()
	f.d.begin()
	f.d.mu.Unlock()
	for i := range s.chunks {
		s.chunks[i].used = 0
	}
	s.frame.Number = f.number
	s.frame.stream.Reset()
	return &s.frame, nil
}

func (fr *Frame) slot() *slot { return &fr.frames.slots[fr.Index] }

// Alloc takes n bytes for this frame, aligned to align (0: what uniform and storage
// buffers need). The memory is usable as uniform, storage, vertex, index and
// indirect buffer and as source of copies; its content is undefined. The first
// Alloc of a frame in a slot is always at the same place.
func (fr *Frame) Alloc(n, align int) (Slice, error) {
	s, d := fr.slot(), fr.frames.d
	a := uint64(align)
	if align <= 0 {
		a = max(d.Limits.UniformAlign, d.Limits.StorageAlign, 16)
	}
	if n < 0 || uint64(n) > maxFrameBytes {
		return Slice{}, ErrFrameMemory
	}
	for {
		for i := range s.chunks {
			c := &s.chunks[i]
			at := (c.used + a - 1) / a * a
			if at+uint64(n) <= uint64(len(c.bytes)) {
				c.used = at + uint64(n)
				return Slice{c.buffer, at, c.bytes[at : at+uint64(n) : at+uint64(n)]}, nil
			}
		}
		if err := s.grow(d, max(uint64(n), s.total)); err != nil {
			return Slice{}, err
		}
	}
}

// grow adds a chunk: as much again as there was, so that a frame soon finds its size.
func (s *slot) grow(d *Device, n uint64) error {
	if s.total+n > maxFrameBytes {
		return ErrFrameMemory
	}
	c, err := newChunk(d, n)
	if err != nil {
		return err
	}
	s.chunks = append(s.chunks, c)
	s.total += n
	return nil
}

// Abandon gives the frame up without submitting it.
func (fr *Frame) Abandon() {
	f := fr.frames
	if !f.open {
		return
	}
	f.open = false
	f.d.mu.Lock()
	f.d.end()
	f.d.mu.Unlock()
}

// Submit submits the frame. It waits for wait at stage and signals signal; both may
// be null. The frame is over, also where it fails.
func (fr *Frame) Submit(wait, signal vk.Semaphore, stage raw.Stage) error {
	f, s := fr.frames, fr.slot()
	if !f.open {
		return errors.New("a frame was submitted twice; this is a mistake of the renderer")
	}
	n, err := f.d.Submit(s.cb, &fr.stream, wait, signal, stage)
	if err == nil {
		s.done = n
	}
	fr.Abandon()
	return err
}

// Done is the number on the device's timeline of the last frame in this slot.
func (fr *Frame) Done() uint64 { return fr.slot().done }

func newChunk(d *Device, n uint64) (chunk, error) {
	const usage = vk.BufferUsageUniformBufferBit | vk.BufferUsageStorageBufferBit | vk.BufferUsageVertexBufferBit |
		vk.BufferUsageIndexBufferBit | vk.BufferUsageIndirectBufferBit | vk.BufferUsageTransferSrcBit | vk.BufferUsageTransferDstBit
	c := chunk{}
	ci := &vk.BufferCreateInfo{SType: vk.StructureTypeBufferCreateInfo, Size: vk.DeviceSize(max(n, 16)), Usage: vk.BufferUsageFlags(usage)}
	defer ci.Free()
	var b vk.Buffer
	if err := d.check("vkCreateBuffer", vk.CreateBuffer(d.Handle, ci, nil, &b)); err != nil {
		return c, err
	}
	c.buffer = b
	var mr vk.MemoryRequirements
	vk.GetBufferMemoryRequirements(d.Handle, b, &mr)
	mr.Deref()
	t, ok := d.MemoryType(mr.MemoryTypeBits, vk.MemoryPropertyHostVisibleBit|vk.MemoryPropertyHostCoherentBit, vk.MemoryPropertyDeviceLocalBit, 0)
	if !ok {
		c.destroy(d)
		return chunk{}, fmt.Errorf("%w (no memory that the program can write)", ErrMemory)
	}
	ai := &vk.MemoryAllocateInfo{SType: vk.StructureTypeMemoryAllocateInfo, AllocationSize: mr.Size, MemoryTypeIndex: t}
	defer ai.Free()
	var m vk.DeviceMemory
	if err := d.check("vkAllocateMemory", vk.AllocateMemory(d.Handle, ai, nil, &m)); err != nil {
		c.destroy(d)
		return chunk{}, err
	}
	c.memory = m
	if err := d.check("vkBindBufferMemory", vk.BindBufferMemory(d.Handle, b, m, 0)); err != nil {
		c.destroy(d)
		return chunk{}, err
	}
	var p unsafe.Pointer
	if err := d.check("vkMapMemory", vk.MapMemory(d.Handle, m, 0, vk.DeviceSize(vk.WholeSize), 0, &p)); err != nil {
		c.destroy(d)
		return chunk{}, err
	}
	c.bytes = unsafe.Slice((*byte)(p), n)
	return c, nil
}

func (c chunk) destroy(d *Device) {
	if c.buffer != vk.NullBuffer {
		vk.DestroyBuffer(d.Handle, c.buffer, nil)
	}
	if c.memory != vk.NullDeviceMemory {
		vk.FreeMemory(d.Handle, c.memory, nil)
	}
}

// MemoryType finds a memory type among bits that has all of need and none of avoid,
// one that also has want if there is one.
func (d *Device) MemoryType(bits uint32, need, want, avoid vk.MemoryPropertyFlagBits) (uint32, bool) {
	best, found := uint32(0), false
	for i := range d.Memory.MemoryTypeCount {
		f := d.Memory.MemoryTypes[i].PropertyFlags
		if bits&(1<<i) == 0 || f&vk.MemoryPropertyFlags(need) != vk.MemoryPropertyFlags(need) || f&vk.MemoryPropertyFlags(avoid) != 0 {
			continue
		}
		if f&vk.MemoryPropertyFlags(want) == vk.MemoryPropertyFlags(want) {
			return i, true
		}
		if !found {
			best, found = i, true
		}
	}
	return best, found
}
