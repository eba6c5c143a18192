package raw

// #include "raw.h"
import "C"

import (
	"unsafe"

	vk "github.com/vulkan-go/vulkan"
)

// Features are the abilities of a device that the renderer asks about: the floor,
// what is taken where it is there, and what the bindless profile needs.
type Features struct {
	API uint32 // version as Vulkan packs it

	DynamicRendering, Synchronization2, TimelineSemaphore, DrawIndirectFirstInstance bool

	ShaderDrawParameters, MultiDrawIndirect, DrawIndirectCount, DepthClamp, SamplerAnisotropy, FillModeNonSolid, IndependentBlend,
	SampleRateShading, FragmentStoresAndAtomics, StorageWriteWithoutFormat, ImageCubeArray, DepthBiasClamp,
	HostQueryReset, TextureCompressionBC, RobustBufferAccess bool

	DescriptorIndexing, RuntimeDescriptorArray, SampledImageNonUniform, PartiallyBound, SampledImageUpdateAfterBind bool
}

// pairs lists Go's fields beside C's.
func (f *Features) pairs(c *C.raw_features) [24]struct {
	g *bool
	c *C.uint32_t
} {
	return [24]struct {
		g *bool
		c *C.uint32_t
	}{
		{&f.DynamicRendering, &c.dynamic_rendering},
		{&f.Synchronization2, &c.synchronization2},
		{&f.TimelineSemaphore, &c.timeline_semaphore},
		{&f.ShaderDrawParameters, &c.shader_draw_parameters},
		{&f.DrawIndirectFirstInstance, &c.draw_indirect_first_instance},
		{&f.MultiDrawIndirect, &c.multi_draw_indirect},
		{&f.DrawIndirectCount, &c.draw_indirect_count},
		{&f.DepthClamp, &c.depth_clamp},
		{&f.SamplerAnisotropy, &c.sampler_anisotropy},
		{&f.FillModeNonSolid, &c.fill_mode_non_solid},
		{&f.IndependentBlend, &c.independent_blend},
		{&f.SampleRateShading, &c.sample_rate_shading},
		{&f.FragmentStoresAndAtomics, &c.fragment_stores_and_atomics},
		{&f.StorageWriteWithoutFormat, &c.shader_storage_image_write_without_format},
		{&f.ImageCubeArray, &c.image_cube_array},
		{&f.DepthBiasClamp, &c.depth_bias_clamp},
		{&f.HostQueryReset, &c.host_query_reset},
		{&f.TextureCompressionBC, &c.texture_compression_bc},
		{&f.RobustBufferAccess, &c.robust_buffer_access},
		{&f.DescriptorIndexing, &c.descriptor_indexing},
		{&f.RuntimeDescriptorArray, &c.runtime_descriptor_array},
		{&f.SampledImageNonUniform, &c.sampled_image_non_uniform},
		{&f.PartiallyBound, &c.partially_bound},
		{&f.SampledImageUpdateAfterBind, &c.sampled_image_update_after_bind},
	}
}

// QueryFeatures asks what a device can do. Of one below Vulkan 1.3 only API is set.
func (i *Instance) QueryFeatures(p vk.PhysicalDevice) Features {
	var f Features
	c := (*C.raw_features)(C.calloc(1, C.sizeof_raw_features))
	defer C.free(unsafe.Pointer(c))
	C.raw_query_features(i.c(), C.VkPhysicalDevice(unsafe.Pointer(p)), c)
	f.API = uint32(c.api)
	for _, x := range f.pairs(c) {
		*x.g = *x.c != 0
	}
	return f
}

// Functions are the entry points of one device.
type Functions struct {
	Device vk.Device
	c      *C.raw_functions
	submit *C.raw_submit // C's, so that submitting hands over no memory of Go's
}

// CreateDevice makes a device with one queue of a family and exactly these features.
func (i *Instance) CreateDevice(p vk.PhysicalDevice, family uint32, f Features, extensions []string) (*Functions, vk.Result) {
	c := (*C.raw_features)(C.calloc(1, C.sizeof_raw_features))
	defer C.free(unsafe.Pointer(c))
	for _, x := range f.pairs(c) {
		if *x.g {
			*x.c = 1
		}
	}
	e := cstrings(extensions)
	defer e.free()
	var d C.VkDevice
	if r := C.raw_create_device(i.c(), C.VkPhysicalDevice(unsafe.Pointer(p)), C.uint32_t(family), c, e.p, e.n, &d); r != C.VK_SUCCESS {
		return nil, vk.Result(r)
	}
	return i.InitDevice(vk.Device(unsafe.Pointer(d)), f)
}

// InitDevice fetches the functions of a device.
func (i *Instance) InitDevice(d vk.Device, f Features) (*Functions, vk.Result) {
	fn := &Functions{Device: d, c: (*C.raw_functions)(C.calloc(1, C.sizeof_raw_functions)),
		submit: (*C.raw_submit)(C.calloc(1, C.sizeof_raw_submit))}
	missing := C.raw_init_device(i.c(), fn.dev(), fn.c)
	if missing != nil {
		fn.free()
		return nil, vk.ErrorIncompatibleDriver
	}
	if f.MultiDrawIndirect {
		fn.c.multi_draw = 1
	}
	if !f.DrawIndirectCount { // a layer may hand out the function all the same
		fn.c.CmdDrawIndirectCount, fn.c.CmdDrawIndexedIndirectCount = nil, nil
	}
	return fn, vk.Success
}

// Destroy destroys the device. fn must not be used any more.
func (fn *Functions) Destroy() {
	C.raw_destroy_device(fn.c, fn.dev())
	fn.free()
}

func (fn *Functions) free() {
	C.free(unsafe.Pointer(fn.submit))
	C.free(unsafe.Pointer(fn.c))
	fn.c, fn.submit = nil, nil
}

func (fn *Functions) dev() C.VkDevice { return C.VkDevice(unsafe.Pointer(fn.Device)) }

// Name names an object for validation messages and debuggers.
func (fn *Functions) Name(t vk.ObjectType, handle uint64, name string) {
	if fn.c.SetDebugUtilsObjectNameEXT == nil {
		return
	}
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	C.raw_name(fn.c, fn.dev(), C.uint32_t(t), C.uint64_t(handle), s)
}

// Bits are a handle as Vulkan's number, to name it or to keep it in a map.
func Bits[H any](h H) uint64 { return bits(h) }
