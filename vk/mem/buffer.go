package mem

import (
	"errors"
	"sync/atomic"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/raw"
)

// ErrSize reports a buffer or an image of a size that cannot be.
var ErrSize = errors.New("a buffer or an image of this size cannot be made on this device; make it smaller")

// BufferDesc describes a buffer. Size is in bytes.
type BufferDesc struct {
	Size   uint64
	Usage  vk.BufferUsageFlagBits
	Memory Memory
	Name   string
}

// Buffer is a buffer and its memory.
type Buffer struct {
	Handle vk.Buffer
	Size   uint64
	Bytes  []byte // mapped and coherent; nil where the program cannot reach the memory

	a      *Allocator
	al     *allocation
	closed atomic.Bool
}

// NewBuffer makes a buffer; its content is undefined. Errors: ErrSize, ErrMemory.
func (a *Allocator) NewBuffer(b BufferDesc) (*Buffer, error) {
	if b.Size == 0 || b.Size > maxObject {
		return nil, &DescError{b.Name, b.Size, 0, ErrSize}
	}
	ci := &vk.BufferCreateInfo{SType: vk.StructureTypeBufferCreateInfo, Size: vk.DeviceSize(b.Size), Usage: vk.BufferUsageFlags(b.Usage)}
	defer ci.Free()
	var h vk.Buffer
	if err := a.d.Check("vkCreateBuffer", vk.CreateBuffer(a.d.Handle, ci, nil, &h)); err != nil {
		return nil, &DescError{b.Name, b.Size, 0, err}
	}
	var mr vk.MemoryRequirements
	vk.GetBufferMemoryRequirements(a.d.Handle, h, &mr)
	mr.Deref()
	al, err := a.take(mr, b.Memory, false, b.Name)
	if err != nil {
		vk.DestroyBuffer(a.d.Handle, h, nil)
		return nil, err
	}
	if err := a.d.Check("vkBindBufferMemory", vk.BindBufferMemory(a.d.Handle, h, al.b.memory, vk.DeviceSize(al.off))); err != nil {
		vk.DestroyBuffer(a.d.Handle, h, nil)
		a.give(al)
		return nil, err
	}
	x := &Buffer{Handle: h, Size: b.Size, a: a, al: al}
	if al.b.bytes != nil {
		x.Bytes = al.b.bytes[al.off : al.off+b.Size : al.off+b.Size]
	}
	if b.Name != "" {
		a.d.NameObject(vk.ObjectTypeBuffer, raw.Bits(h), b.Name)
	}
	return x, nil
}

// Close destroys the buffer when everything submitted so far has been executed.
// Bytes must not be used any more. Closing twice does nothing; so does closing nil.
func (b *Buffer) Close() {
	if b == nil || b.closed.Swap(true) {
		return
	}
	a, h, al := b.a, b.Handle, b.al
	b.Bytes = nil
	a.d.Defer(func() {
		vk.DestroyBuffer(a.d.Handle, h, nil)
		a.give(al)
	})
}
