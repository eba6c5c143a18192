#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#define VK_NO_PROTOTYPES 1
#include <vulkan/vulkan.h>

// The functions of one device, fetched from it so that calls skip the loader.
#define RAW_DEVICE_FUNCTIONS(X)                                                                   \
	X(CmdBindPipeline) X(CmdBindDescriptorSets) X(CmdPushConstants) X(CmdBindVertexBuffers)       \
	X(CmdBindIndexBuffer) X(CmdSetViewport) X(CmdSetScissor) X(CmdDraw) X(CmdDrawIndexed)         \
	X(CmdDrawIndirect) X(CmdDrawIndexedIndirect) X(CmdDispatch) X(CmdDispatchIndirect)            \
	X(CmdBeginRendering) X(CmdEndRendering) X(CmdPipelineBarrier2) X(CmdCopyBuffer)               \
	X(CmdCopyBufferToImage) X(CmdCopyImageToBuffer) X(CmdCopyImage) X(CmdBlitImage)               \
	X(CmdResolveImage) X(CmdFillBuffer) X(CmdUpdateBuffer) X(CmdClearColorImage)                  \
	X(CmdClearDepthStencilImage) X(CmdResetQueryPool) X(CmdWriteTimestamp2) X(CmdCopyQueryPoolResults) \
	X(BeginCommandBuffer) X(EndCommandBuffer) X(QueueSubmit2) X(QueueWaitIdle) X(DeviceWaitIdle)  \
	X(CreateGraphicsPipelines) X(CreateComputePipelines) X(UpdateDescriptorSets)                  \
	X(CreateDescriptorSetLayout) X(CreatePipelineLayout) X(CreateDescriptorPool)                  \
	X(AllocateDescriptorSets) X(CreateShaderModule) X(CreateSemaphore) X(WaitSemaphores)          \
	X(GetSemaphoreCounterValue) X(CreatePipelineCache) X(GetPipelineCacheData)                    \
	X(FlushMappedMemoryRanges) X(InvalidateMappedMemoryRanges) X(DestroyDevice) X(GetDeviceQueue)

// Those that a device may lack; NULL then.
#define RAW_OPTIONAL_FUNCTIONS(X)                                                                 \
	X(CmdDrawIndirectCount) X(CmdDrawIndexedIndirectCount) X(CmdBeginDebugUtilsLabelEXT)          \
	X(CmdEndDebugUtilsLabelEXT) X(SetDebugUtilsObjectNameEXT) X(QueuePresentKHR)

typedef struct {
#define RAW_DECLARE(n) PFN_vk##n n;
	RAW_DEVICE_FUNCTIONS(RAW_DECLARE)
	RAW_OPTIONAL_FUNCTIONS(RAW_DECLARE)
#undef RAW_DECLARE
	uint32_t multi_draw; // multiDrawIndirect is enabled
} raw_functions;

typedef struct {
	uint32_t api;
	// the floor
	uint32_t dynamic_rendering, synchronization2, timeline_semaphore, draw_indirect_first_instance;
	// taken where there
	uint32_t shader_draw_parameters, multi_draw_indirect, draw_indirect_count, depth_clamp, sampler_anisotropy,
		fill_mode_non_solid, independent_blend, sample_rate_shading, fragment_stores_and_atomics,
		shader_storage_image_write_without_format, image_cube_array, depth_bias_clamp,
		host_query_reset, texture_compression_bc, robust_buffer_access;
	// the bindless profile
	uint32_t descriptor_indexing, runtime_descriptor_array, sampled_image_non_uniform,
		partially_bound, sampled_image_update_after_bind;
} raw_features;

typedef struct {
	uint64_t module[2]; // vertex, fragment
	uint32_t constants[2], constant_id[2][16], constant_value[2][16];
	uint64_t layout;
	uint32_t bindings, binding_stride[4], binding_instance[4];
	uint32_t attributes, attribute_location[16], attribute_binding[16], attribute_format[16], attribute_offset[16];
	uint32_t topology, cull, front, wire, depth_clamp;
	uint32_t depth_test, depth_write, depth_compare, depth_bias;
	float bias_constant, bias_slope, bias_clamp;
	uint32_t samples, alpha_to_coverage, blend, write_mask;
	uint32_t colors, color_format[8], depth_format;
} raw_graphics;

typedef struct {
	uint64_t module, layout;
	uint32_t constants, constant_id[16], constant_value[16];
} raw_compute;

typedef struct {
	uint32_t binding, type, count, stages, bindless, pad;
} raw_binding;

typedef struct {
	uint64_t set, buffer, offset, range, view, sampler;
	uint32_t binding, element, type, layout;
} raw_write;

typedef struct {
	uint64_t command, wait[2], wait_value[2], signal[2], signal_value[2];
	uint64_t wait_stage[2], signal_stage[2];
	uint32_t waits, signals;
} raw_submit;

void *raw_load(const char *name);
int raw_instance_version(uint32_t *out);
VkResult raw_create_instance(uint32_t validate, const char *const *layers, uint32_t nlayers,
	const char *const *extensions, uint32_t nextensions, uintptr_t user, VkInstance *out);
VkResult raw_create_messenger(VkInstance i, uintptr_t user, VkDebugUtilsMessengerEXT *out);
void raw_destroy_messenger(VkInstance i, VkDebugUtilsMessengerEXT m);
void raw_destroy_instance(VkInstance i);
void raw_query_features(VkInstance i, VkPhysicalDevice p, raw_features *out);
VkResult raw_create_device(VkInstance i, VkPhysicalDevice p, uint32_t family, const raw_features *f,
	const char *const *extensions, uint32_t nextensions, VkDevice *out);
const char *raw_init_device(VkInstance i, VkDevice d, raw_functions *f);

int64_t raw_replay(const raw_functions *f, VkCommandBuffer cb, const uint32_t *w, size_t n);
// How a recording ended: bad is -1, or the position of a command that the device lacks.
typedef struct {
	VkResult result;
	int64_t bad;
} raw_recorded;
raw_recorded raw_record(const raw_functions *f, VkCommandBuffer cb, const uint32_t *w, size_t n);
VkResult raw_submit2(const raw_functions *f, VkQueue q, const raw_submit *s);
VkResult raw_present(const raw_functions *f, VkQueue q, VkSwapchainKHR s, uint32_t index, VkSemaphore wait);
VkResult raw_timeline(const raw_functions *f, VkDevice d, uint64_t initial, VkSemaphore *out);
VkResult raw_wait(const raw_functions *f, VkDevice d, VkSemaphore s, uint64_t value, uint64_t ns);
typedef struct {
	VkResult result;
	uint64_t value;
} raw_counter;
raw_counter raw_reached(const raw_functions *f, VkDevice d, VkSemaphore s);
VkResult raw_idle(const raw_functions *f, VkDevice d);
VkQueue raw_queue(const raw_functions *f, VkDevice d, uint32_t family);
VkResult raw_graphics_pipeline(const raw_functions *f, VkDevice d, VkPipelineCache c, const raw_graphics *g, VkPipeline *out);
VkResult raw_compute_pipeline(const raw_functions *f, VkDevice d, VkPipelineCache c, const raw_compute *g, VkPipeline *out);
VkResult raw_set_layout(const raw_functions *f, VkDevice d, const raw_binding *b, uint32_t n, VkDescriptorSetLayout *out);
VkResult raw_pipeline_layout(const raw_functions *f, VkDevice d, const uint64_t *sets, uint32_t n, uint32_t push, uint32_t stages, VkPipelineLayout *out);
VkResult raw_descriptor_pool(const raw_functions *f, VkDevice d, const raw_binding *b, uint32_t n, uint32_t sets, VkDescriptorPool *out);
VkResult raw_allocate_sets(const raw_functions *f, VkDevice d, VkDescriptorPool p, VkDescriptorSetLayout l, uint64_t *out, uint32_t n);
void raw_write_sets(const raw_functions *f, VkDevice d, const raw_write *w, uint32_t n);
VkResult raw_shader(const raw_functions *f, VkDevice d, const uint32_t *code, size_t bytes, VkShaderModule *out);
VkResult raw_cache(const raw_functions *f, VkDevice d, const void *data, size_t n, VkPipelineCache *out);
VkResult raw_cache_data(const raw_functions *f, VkDevice d, VkPipelineCache c, size_t *n, void *out);
VkResult raw_flush(const raw_functions *f, VkDevice d, VkDeviceMemory m, uint64_t offset, uint64_t n, uint32_t invalidate);
void raw_name(const raw_functions *f, VkDevice d, uint32_t type, uint64_t handle, const char *name);
void raw_destroy_device(const raw_functions *f, VkDevice d);
