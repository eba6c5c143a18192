#include "raw.h"
#include <string.h>

static void specialize(VkSpecializationInfo *s, VkSpecializationMapEntry *e, uint32_t n, const uint32_t *id, const uint32_t *value) {
	for (uint32_t i = 0; i < n; i++) e[i] = (VkSpecializationMapEntry){id[i], 4 * i, 4};
	*s = (VkSpecializationInfo){n, e, 4 * n, value};
}

static const VkPipelineColorBlendAttachmentState blends[] = {
	// off, alpha, premultiplied, additive: as in pipeline.go
	{0},
	{1, VK_BLEND_FACTOR_SRC_ALPHA, VK_BLEND_FACTOR_ONE_MINUS_SRC_ALPHA, VK_BLEND_OP_ADD, VK_BLEND_FACTOR_ONE, VK_BLEND_FACTOR_ONE_MINUS_SRC_ALPHA, VK_BLEND_OP_ADD, 0},
	{1, VK_BLEND_FACTOR_ONE, VK_BLEND_FACTOR_ONE_MINUS_SRC_ALPHA, VK_BLEND_OP_ADD, VK_BLEND_FACTOR_ONE, VK_BLEND_FACTOR_ONE_MINUS_SRC_ALPHA, VK_BLEND_OP_ADD, 0},
	{1, VK_BLEND_FACTOR_ONE, VK_BLEND_FACTOR_ONE, VK_BLEND_OP_ADD, VK_BLEND_FACTOR_ONE, VK_BLEND_FACTOR_ONE, VK_BLEND_OP_ADD, 0},
};

VkResult raw_graphics_pipeline(const raw_functions *f, VkDevice d, VkPipelineCache cache, const raw_graphics *g, VkPipeline *out) {
	VkSpecializationInfo spec[2];
	VkSpecializationMapEntry entry[2][16];
	VkPipelineShaderStageCreateInfo stage[2];
	const VkShaderStageFlagBits kind[2] = {VK_SHADER_STAGE_VERTEX_BIT, VK_SHADER_STAGE_FRAGMENT_BIT};
	uint32_t stages = 0;
	for (int i = 0; i < 2; i++) {
		if (!g->module[i]) continue;
		specialize(&spec[i], entry[i], g->constants[i], g->constant_id[i], g->constant_value[i]);
		stage[stages++] = (VkPipelineShaderStageCreateInfo){.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO, .stage = kind[i],
			.module = (VkShaderModule)(uintptr_t)g->module[i], .pName = "main", .pSpecializationInfo = g->constants[i] ? &spec[i] : NULL};
	}
	VkVertexInputBindingDescription bind[4];
	for (uint32_t i = 0; i < g->bindings; i++)
		bind[i] = (VkVertexInputBindingDescription){i, g->binding_stride[i], g->binding_instance[i] ? VK_VERTEX_INPUT_RATE_INSTANCE : VK_VERTEX_INPUT_RATE_VERTEX};
	VkVertexInputAttributeDescription attr[16];
	for (uint32_t i = 0; i < g->attributes; i++)
		attr[i] = (VkVertexInputAttributeDescription){g->attribute_location[i], g->attribute_binding[i], g->attribute_format[i], g->attribute_offset[i]};
	VkPipelineVertexInputStateCreateInfo vi = {.sType = VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO,
		.vertexBindingDescriptionCount = g->bindings, .pVertexBindingDescriptions = bind,
		.vertexAttributeDescriptionCount = g->attributes, .pVertexAttributeDescriptions = attr};
	VkPipelineInputAssemblyStateCreateInfo ia = {.sType = VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO, .topology = g->topology};
	VkPipelineViewportStateCreateInfo vp = {.sType = VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO, .viewportCount = 1, .scissorCount = 1};
	VkPipelineRasterizationStateCreateInfo rs = {.sType = VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO,
		.depthClampEnable = g->depth_clamp, .polygonMode = g->wire ? VK_POLYGON_MODE_LINE : VK_POLYGON_MODE_FILL, .cullMode = g->cull, .frontFace = g->front,
		.depthBiasEnable = g->depth_bias, .depthBiasConstantFactor = g->bias_constant, .depthBiasClamp = g->bias_clamp, .depthBiasSlopeFactor = g->bias_slope,
		.lineWidth = 1};
	VkPipelineMultisampleStateCreateInfo ms = {.sType = VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO,
		.rasterizationSamples = g->samples, .alphaToCoverageEnable = g->alpha_to_coverage};
	VkPipelineDepthStencilStateCreateInfo ds = {.sType = VK_STRUCTURE_TYPE_PIPELINE_DEPTH_STENCIL_STATE_CREATE_INFO,
		.depthTestEnable = g->depth_test, .depthWriteEnable = g->depth_write, .depthCompareOp = g->depth_compare};
	VkPipelineColorBlendAttachmentState blend[8];
	VkFormat color[8];
	for (uint32_t i = 0; i < g->colors; i++) {
		blend[i] = blends[g->blend];
		blend[i].colorWriteMask = g->write_mask;
		color[i] = g->color_format[i];
	}
	VkPipelineColorBlendStateCreateInfo cb = {.sType = VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO, .attachmentCount = g->colors, .pAttachments = blend};
	const VkDynamicState dynamic[2] = {VK_DYNAMIC_STATE_VIEWPORT, VK_DYNAMIC_STATE_SCISSOR};
	VkPipelineDynamicStateCreateInfo dy = {.sType = VK_STRUCTURE_TYPE_PIPELINE_DYNAMIC_STATE_CREATE_INFO, .dynamicStateCount = 2, .pDynamicStates = dynamic};
	VkPipelineRenderingCreateInfo rc = {.sType = VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO, .colorAttachmentCount = g->colors,
		.pColorAttachmentFormats = color, .depthAttachmentFormat = g->depth_format};
	VkGraphicsPipelineCreateInfo ci = {.sType = VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO, .pNext = &rc, .stageCount = stages, .pStages = stage,
		.pVertexInputState = &vi, .pInputAssemblyState = &ia, .pViewportState = &vp, .pRasterizationState = &rs, .pMultisampleState = &ms,
		.pDepthStencilState = &ds, .pColorBlendState = &cb, .pDynamicState = &dy, .layout = (VkPipelineLayout)(uintptr_t)g->layout};
	return f->CreateGraphicsPipelines(d, cache, 1, &ci, NULL, out);
}

VkResult raw_compute_pipeline(const raw_functions *f, VkDevice d, VkPipelineCache cache, const raw_compute *g, VkPipeline *out) {
	VkSpecializationInfo spec;
	VkSpecializationMapEntry entry[16];
	specialize(&spec, entry, g->constants, g->constant_id, g->constant_value);
	VkComputePipelineCreateInfo ci = {.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO, .layout = (VkPipelineLayout)(uintptr_t)g->layout,
		.stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO, .stage = VK_SHADER_STAGE_COMPUTE_BIT,
			.module = (VkShaderModule)(uintptr_t)g->module, .pName = "main", .pSpecializationInfo = g->constants ? &spec : NULL}};
	return f->CreateComputePipelines(d, cache, 1, &ci, NULL, out);
}

VkResult raw_set_layout(const raw_functions *f, VkDevice d, const raw_binding *b, uint32_t n, VkDescriptorSetLayout *out) {
	VkDescriptorSetLayoutBinding lb[32];
	VkDescriptorBindingFlags flags[32];
	uint32_t bindless = 0;
	for (uint32_t i = 0; i < n; i++) {
		lb[i] = (VkDescriptorSetLayoutBinding){b[i].binding, b[i].type, b[i].count, b[i].stages, NULL};
		flags[i] = b[i].bindless ? VK_DESCRIPTOR_BINDING_PARTIALLY_BOUND_BIT | VK_DESCRIPTOR_BINDING_UPDATE_AFTER_BIND_BIT : 0;
		bindless |= b[i].bindless;
	}
	VkDescriptorSetLayoutBindingFlagsCreateInfo fi = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_BINDING_FLAGS_CREATE_INFO, .bindingCount = n, .pBindingFlags = flags};
	VkDescriptorSetLayoutCreateInfo ci = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .bindingCount = n, .pBindings = lb};
	if (bindless) {
		ci.pNext = &fi;
		ci.flags = VK_DESCRIPTOR_SET_LAYOUT_CREATE_UPDATE_AFTER_BIND_POOL_BIT;
	}
	return f->CreateDescriptorSetLayout(d, &ci, NULL, out);
}

VkResult raw_pipeline_layout(const raw_functions *f, VkDevice d, const uint64_t *sets, uint32_t n, uint32_t push, uint32_t stages, VkPipelineLayout *out) {
	VkDescriptorSetLayout l[8];
	for (uint32_t i = 0; i < n; i++) l[i] = (VkDescriptorSetLayout)(uintptr_t)sets[i];
	VkPushConstantRange r = {stages, 0, push};
	VkPipelineLayoutCreateInfo ci = {.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .setLayoutCount = n, .pSetLayouts = l,
		.pushConstantRangeCount = push ? 1 : 0, .pPushConstantRanges = &r};
	return f->CreatePipelineLayout(d, &ci, NULL, out);
}

VkResult raw_descriptor_pool(const raw_functions *f, VkDevice d, const raw_binding *b, uint32_t n, uint32_t sets, VkDescriptorPool *out) {
	VkDescriptorPoolSize size[32];
	uint32_t bindless = 0;
	for (uint32_t i = 0; i < n; i++) {
		size[i] = (VkDescriptorPoolSize){b[i].type, b[i].count * sets};
		bindless |= b[i].bindless;
	}
	VkDescriptorPoolCreateInfo ci = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO, .maxSets = sets, .poolSizeCount = n, .pPoolSizes = size};
	if (bindless) ci.flags = VK_DESCRIPTOR_POOL_CREATE_UPDATE_AFTER_BIND_BIT;
	return f->CreateDescriptorPool(d, &ci, NULL, out);
}

VkResult raw_allocate_sets(const raw_functions *f, VkDevice d, VkDescriptorPool p, VkDescriptorSetLayout l, uint64_t *out, uint32_t n) {
	for (uint32_t i = 0; i < n; i++) {
		VkDescriptorSetAllocateInfo ai = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO, .descriptorPool = p, .descriptorSetCount = 1, .pSetLayouts = &l};
		VkDescriptorSet s;
		VkResult r = f->AllocateDescriptorSets(d, &ai, &s);
		if (r) return r;
		out[i] = (uint64_t)(uintptr_t)s;
	}
	return VK_SUCCESS;
}

void raw_write_sets(const raw_functions *f, VkDevice d, const raw_write *w, uint32_t n) {
	enum { BATCH = 32 };
	VkWriteDescriptorSet ws[BATCH];
	VkDescriptorBufferInfo bi[BATCH];
	VkDescriptorImageInfo ii[BATCH];
	while (n) {
		uint32_t k = n < BATCH ? n : BATCH;
		for (uint32_t i = 0; i < k; i++) {
			bi[i] = (VkDescriptorBufferInfo){(VkBuffer)(uintptr_t)w[i].buffer, w[i].offset, w[i].range ? w[i].range : VK_WHOLE_SIZE};
			ii[i] = (VkDescriptorImageInfo){(VkSampler)(uintptr_t)w[i].sampler, (VkImageView)(uintptr_t)w[i].view, w[i].layout};
			ws[i] = (VkWriteDescriptorSet){.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, .dstSet = (VkDescriptorSet)(uintptr_t)w[i].set,
				.dstBinding = w[i].binding, .dstArrayElement = w[i].element, .descriptorCount = 1, .descriptorType = w[i].type,
				.pImageInfo = &ii[i], .pBufferInfo = &bi[i]};
		}
		f->UpdateDescriptorSets(d, k, ws, 0, NULL);
		w += k;
		n -= k;
	}
}

VkResult raw_shader(const raw_functions *f, VkDevice d, const uint32_t *code, size_t bytes, VkShaderModule *out) {
	VkShaderModuleCreateInfo ci = {.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, .codeSize = bytes, .pCode = code};
	return f->CreateShaderModule(d, &ci, NULL, out);
}

VkResult raw_cache(const raw_functions *f, VkDevice d, const void *data, size_t n, VkPipelineCache *out) {
	VkPipelineCacheCreateInfo ci = {.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO, .initialDataSize = n, .pInitialData = data};
	return f->CreatePipelineCache(d, &ci, NULL, out);
}

VkResult raw_cache_data(const raw_functions *f, VkDevice d, VkPipelineCache c, size_t *n, void *out) { return f->GetPipelineCacheData(d, c, n, out); }

VkResult raw_flush(const raw_functions *f, VkDevice d, VkDeviceMemory m, uint64_t offset, uint64_t n, uint32_t invalidate) {
	VkMappedMemoryRange r = {.sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE, .memory = m, .offset = offset, .size = n};
	return invalidate ? f->InvalidateMappedMemoryRanges(d, 1, &r) : f->FlushMappedMemoryRanges(d, 1, &r);
}

void raw_name(const raw_functions *f, VkDevice d, uint32_t type, uint64_t handle, const char *name) {
	if (!f->SetDebugUtilsObjectNameEXT) return;
	VkDebugUtilsObjectNameInfoEXT n = {.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT, .objectType = type, .objectHandle = handle, .pObjectName = name};
	f->SetDebugUtilsObjectNameEXT(d, &n);
}
