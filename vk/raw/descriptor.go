package raw

// #include "raw.h"
import "C"

import (
	"fmt"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"
)

// Binding is one binding of a set layout. Bindless ones may hold less than Count
// and may be written while a set is in use.
type Binding struct {
	Binding  uint32
	Type     vk.DescriptorType
	Count    uint32 // 0 is 1
	Stages   vk.ShaderStageFlagBits
	Bindless bool
}

// Write is one descriptor. Range 0 is the rest of the buffer.
type Write struct {
	Binding, Element uint32
	Type             vk.DescriptorType
	Buffer           vk.Buffer
	Offset, Range    uint64
	View             vk.ImageView
	Sampler          vk.Sampler
	Layout           vk.ImageLayout
}

func (fn *Functions) bindings(b []Binding) (*C.raw_binding, error) {
	if len(b) > MaxBindings {
		return nil, fmt.Errorf("%w: a set of %d bindings, at most %d can be", ErrStream, len(b), MaxBindings)
	}
	p := (*C.raw_binding)(C.calloc(C.size_t(len(b)+1), C.sizeof_raw_binding))
	for i, x := range b {
		unsafe.Slice(p, len(b))[i] = C.raw_binding{binding: C.uint32_t(x.Binding), _type: C.uint32_t(x.Type),
			count: C.uint32_t(max(x.Count, 1)), stages: C.uint32_t(x.Stages), bindless: flag(x.Bindless)}
	}
	return p, nil
}

// NewSetLayout makes a layout of descriptor sets.
func (fn *Functions) NewSetLayout(b []Binding) (vk.DescriptorSetLayout, vk.Result, error) {
	var l C.VkDescriptorSetLayout
	p, err := fn.bindings(b)
	if err != nil {
		return vk.DescriptorSetLayout(unsafe.Pointer(l)), vk.Success, err
	}
	defer C.free(unsafe.Pointer(p))
	r := C.raw_set_layout(fn.c, fn.dev(), p, C.uint32_t(len(b)), &l)
	return vk.DescriptorSetLayout(unsafe.Pointer(l)), vk.Result(r), nil
}

// NewDescriptorPool makes a pool with room for so many sets of these bindings.
func (fn *Functions) NewDescriptorPool(b []Binding, sets int) (vk.DescriptorPool, vk.Result, error) {
	var l C.VkDescriptorPool
	p, err := fn.bindings(b)
	if err != nil {
		return vk.DescriptorPool(unsafe.Pointer(l)), vk.Success, err
	}
	defer C.free(unsafe.Pointer(p))
	r := C.raw_descriptor_pool(fn.c, fn.dev(), p, C.uint32_t(len(b)), C.uint32_t(sets), &l)
	return vk.DescriptorPool(unsafe.Pointer(l)), vk.Result(r), nil
}

// AllocateSets fills out with sets of one layout.
func (fn *Functions) AllocateSets(p vk.DescriptorPool, l vk.DescriptorSetLayout, out []vk.DescriptorSet) vk.Result {
	if len(out) == 0 {
		return vk.Success
	}
	h := make([]uint64, len(out))
	r := C.raw_allocate_sets(fn.c, fn.dev(), C.VkDescriptorPool(unsafe.Pointer(p)), C.VkDescriptorSetLayout(unsafe.Pointer(l)),
		(*C.uint64_t)(unsafe.Pointer(&h[0])), C.uint32_t(len(h)))
	for i, v := range h {
		*(*uint64)(unsafe.Pointer(&out[i])) = v
	}
	return vk.Result(r)
}

// Writer collects descriptor writes. The zero value is ready; it allocates nothing
// once it has grown.
type Writer struct{ writes []C.raw_write }

// Add adds the write of a descriptor of a set.
func (w *Writer) Add(set vk.DescriptorSet, x Write) {
	w.writes = append(w.writes, C.raw_write{set: C.uint64_t(bits(set)), buffer: C.uint64_t(bits(x.Buffer)), offset: C.uint64_t(x.Offset),
		_range: C.uint64_t(x.Range), view: C.uint64_t(bits(x.View)), sampler: C.uint64_t(bits(x.Sampler)),
		binding: C.uint32_t(x.Binding), element: C.uint32_t(x.Element), _type: C.uint32_t(x.Type), layout: C.uint32_t(x.Layout)})
}

// WriteSets writes what was added and empties the writer.
func (fn *Functions) WriteSets(w *Writer) {
	if len(w.writes) > 0 {
		C.raw_write_sets(fn.c, fn.dev(), &w.writes[0], C.uint32_t(len(w.writes)))
		w.writes = w.writes[:0]
	}
}

// NewPipelineLayout makes a layout of at most MaxSets sets and push bytes of push
// constants, seen by stages.
func (fn *Functions) NewPipelineLayout(push uint32, stages vk.ShaderStageFlagBits, sets []vk.DescriptorSetLayout) (vk.PipelineLayout, vk.Result, error) {
	var l C.VkPipelineLayout
	if len(sets) > MaxSets || push > MaxPush {
		return vk.PipelineLayout(unsafe.Pointer(l)), vk.Success, fmt.Errorf("%w: a pipeline layout of %d sets and %d bytes, at most %d and %d can be", ErrStream, len(sets), push, MaxSets, MaxPush)
	}
	var h [MaxSets]uint64
	for i, s := range sets {
		h[i] = bits(s)
	}
	r := C.raw_pipeline_layout(fn.c, fn.dev(), (*C.uint64_t)(unsafe.Pointer(&h[0])), C.uint32_t(len(sets)), C.uint32_t(push), C.uint32_t(stages), &l)
	return vk.PipelineLayout(unsafe.Pointer(l)), vk.Result(r), nil
}
