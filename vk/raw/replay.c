#include "raw.h"
#include <string.h>

// The operations, as in stream.go.
enum {
	BIND_PIPELINE = 1, BIND_SETS, PUSH, BIND_VERTEX, BIND_INDEX, VIEWPORT, SCISSOR, DRAW, DRAW_INDEXED,
	DRAW_INDIRECT, DRAW_INDEXED_INDIRECT, DRAW_INDIRECT_COUNT, DRAW_INDEXED_INDIRECT_COUNT, DISPATCH,
	DISPATCH_INDIRECT, BEGIN_RENDERING, END_RENDERING, BARRIERS, COPY_BUFFER, COPY_BUFFER_TO_IMAGE,
	COPY_IMAGE_TO_BUFFER, COPY_IMAGE, BLIT_IMAGE, RESOLVE_IMAGE, FILL_BUFFER, UPDATE_BUFFER, CLEAR_COLOR,
	CLEAR_DEPTH, RESET_QUERIES, WRITE_TIMESTAMP, COPY_QUERIES, BEGIN_LABEL, END_LABEL
};

// Words are 4 bytes apart, so a number of 8 bytes is put together, not cast to.
#define U64(i) ((uint64_t)w[i] | (uint64_t)w[(i) + 1] << 32)
#define HANDLE(T, i) ((T)(uintptr_t)U64(i))

static float real(uint32_t bits) {
	float f;
	memcpy(&f, &bits, 4);
	return f;
}

static VkRenderingAttachmentInfo attachment(const uint32_t *w) {
	VkRenderingAttachmentInfo a = {.sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO, .imageView = HANDLE(VkImageView, 0),
		.imageLayout = w[5], .loadOp = w[6], .storeOp = w[7]};
	if (HANDLE(VkImageView, 2)) {
		a.resolveMode = w[4];
		a.resolveImageView = HANDLE(VkImageView, 2);
		a.resolveImageLayout = w[5];
	}
	memcpy(&a.clearValue, w + 8, 16);
	return a;
}

static void begin_rendering(const raw_functions *f, VkCommandBuffer cb, const uint32_t *w) {
	VkRenderingAttachmentInfo color[8], depth;
	VkRenderingInfo r = {.sType = VK_STRUCTURE_TYPE_RENDERING_INFO, .renderArea = {{(int32_t)w[1], (int32_t)w[2]}, {w[3], w[4]}}, .layerCount = w[5],
		.colorAttachmentCount = w[6], .pColorAttachments = color};
	const uint32_t *a = w + 8;
	for (uint32_t i = 0; i < w[6]; i++, a += 13) color[i] = attachment(a);
	if (w[7]) {
		depth = attachment(a);
		if (depth.resolveImageView) depth.resolveMode = VK_RESOLVE_MODE_SAMPLE_ZERO_BIT;
		r.pDepthAttachment = &depth;
	}
	f->CmdBeginRendering(cb, &r);
}

static void barriers(const raw_functions *f, VkCommandBuffer cb, const uint32_t *p) {
	VkMemoryBarrier2 m[32];
	VkBufferMemoryBarrier2 b[32];
	VkImageMemoryBarrier2 im[32];
	uint32_t nm = p[1], nb = p[2], ni = p[3];
	const uint32_t *w = p + 4;
	for (uint32_t i = 0; i < nm; i++, w += 8)
		m[i] = (VkMemoryBarrier2){VK_STRUCTURE_TYPE_MEMORY_BARRIER_2, NULL, U64(0), U64(4), U64(2), U64(6)};
	for (uint32_t i = 0; i < nb; i++, w += 14)
		b[i] = (VkBufferMemoryBarrier2){VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER_2, NULL, U64(0), U64(4), U64(2), U64(6),
			VK_QUEUE_FAMILY_IGNORED, VK_QUEUE_FAMILY_IGNORED, HANDLE(VkBuffer, 8), U64(10), U64(12)};
	for (uint32_t i = 0; i < ni; i++, w += 17)
		im[i] = (VkImageMemoryBarrier2){VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2, NULL, U64(0), U64(4), U64(2), U64(6), w[10], w[11],
			VK_QUEUE_FAMILY_IGNORED, VK_QUEUE_FAMILY_IGNORED, HANDLE(VkImage, 8), {w[12], w[13], w[14], w[15], w[16]}};
	VkDependencyInfo d = {.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO, .memoryBarrierCount = nm, .pMemoryBarriers = m,
		.bufferMemoryBarrierCount = nb, .pBufferMemoryBarriers = b, .imageMemoryBarrierCount = ni, .pImageMemoryBarriers = im};
	f->CmdPipelineBarrier2(cb, &d);
}

// A region is aspect, level, layer, layers, x, y, z, width, height, depth.
static VkImageSubresourceLayers layers(const uint32_t *r) { return (VkImageSubresourceLayers){r[0], r[1], r[2], r[3]}; }
static VkOffset3D offset(const uint32_t *r) { return (VkOffset3D){(int32_t)r[4], (int32_t)r[5], (int32_t)r[6]}; }
static VkExtent3D extent(const uint32_t *r) { return (VkExtent3D){r[7], r[8], r[9]}; }
static VkOffset3D corner(const uint32_t *r) {
	return (VkOffset3D){(int32_t)(r[4] + r[7]), (int32_t)(r[5] + r[8]), (int32_t)(r[6] + r[9])};
}

static VkBufferImageCopy buffer_image(const uint32_t *w) {
	return (VkBufferImageCopy){U64(3), w[5], w[6], layers(w + 10), offset(w + 10), extent(w + 10)};
}

static void images(const raw_functions *f, VkCommandBuffer cb, uint32_t op, const uint32_t *w) {
	VkImage src = HANDLE(VkImage, 1), dst = HANDLE(VkImage, 4);
	const uint32_t *a = w + 8, *b = w + 18;
	if (op == COPY_IMAGE) {
		VkImageCopy c = {layers(a), offset(a), layers(b), offset(b), extent(a)};
		f->CmdCopyImage(cb, src, w[3], dst, w[6], 1, &c);
	} else if (op == BLIT_IMAGE) {
		VkImageBlit c = {layers(a), {offset(a), corner(a)}, layers(b), {offset(b), corner(b)}};
		f->CmdBlitImage(cb, src, w[3], dst, w[6], 1, &c, w[7]);
	} else {
		VkImageResolve c = {layers(a), offset(a), layers(b), offset(b), extent(a)};
		f->CmdResolveImage(cb, src, w[3], dst, w[6], 1, &c);
	}
}

// Replays n words. Returns -1, or the position of a command that the device lacks.
int64_t raw_replay(const raw_functions *f, VkCommandBuffer cb, const uint32_t *start, size_t n) {
	for (const uint32_t *w = start, *end = start + n; w < end; w += w[0] & 0xffffff) {
		uint32_t op = w[0] >> 24;
		switch (op) {
		case BIND_PIPELINE: f->CmdBindPipeline(cb, w[1], HANDLE(VkPipeline, 2)); break;
		case BIND_SETS: {
			VkDescriptorSet s[8];
			for (uint32_t i = 0; i < w[5]; i++) s[i] = HANDLE(VkDescriptorSet, 6 + 2 * i);
			f->CmdBindDescriptorSets(cb, w[1], HANDLE(VkPipelineLayout, 2), w[4], w[5], s, 0, NULL);
			break;
		}
		case PUSH: f->CmdPushConstants(cb, HANDLE(VkPipelineLayout, 1), w[3], w[4], w[5], w + 6); break;
		case BIND_VERTEX: {
			VkBuffer b = HANDLE(VkBuffer, 2);
			VkDeviceSize o = U64(4);
			f->CmdBindVertexBuffers(cb, w[1], 1, &b, &o);
			break;
		}
		case BIND_INDEX: f->CmdBindIndexBuffer(cb, HANDLE(VkBuffer, 1), U64(3), w[5]); break;
		case VIEWPORT: {
			VkViewport v = {real(w[1]), real(w[2]), real(w[3]), real(w[4]), real(w[5]), real(w[6])};
			f->CmdSetViewport(cb, 0, 1, &v);
			break;
		}
		case SCISSOR: {
			VkRect2D r = {{(int32_t)w[1], (int32_t)w[2]}, {w[3], w[4]}};
			f->CmdSetScissor(cb, 0, 1, &r);
			break;
		}
		case DRAW: f->CmdDraw(cb, w[1], w[2], w[3], w[4]); break;
		case DRAW_INDEXED: f->CmdDrawIndexed(cb, w[1], w[2], w[3], (int32_t)w[4], w[5]); break;
		case DRAW_INDIRECT:
		case DRAW_INDEXED_INDIRECT: {
			PFN_vkCmdDrawIndirect draw = op == DRAW_INDIRECT ? f->CmdDrawIndirect : f->CmdDrawIndexedIndirect;
			// Without multiDrawIndirect one at a time; with it, as many as every device takes.
			const uint32_t most = f->multi_draw ? 65535 : 1;
			for (uint32_t i = 0, n; i < w[5]; i += n) {
				n = w[5] - i < most ? w[5] - i : most;
				draw(cb, HANDLE(VkBuffer, 1), U64(3) + (uint64_t)i * w[6], n, w[6]);
			}
			break;
		}
		case DRAW_INDIRECT_COUNT:
		case DRAW_INDEXED_INDIRECT_COUNT: {
			PFN_vkCmdDrawIndirectCount draw = op == DRAW_INDIRECT_COUNT ? f->CmdDrawIndirectCount : f->CmdDrawIndexedIndirectCount;
			if (!draw) return w - start;
			draw(cb, HANDLE(VkBuffer, 1), U64(3), HANDLE(VkBuffer, 5), U64(7), w[9], w[10]);
			break;
		}
		case DISPATCH: f->CmdDispatch(cb, w[1], w[2], w[3]); break;
		case DISPATCH_INDIRECT: f->CmdDispatchIndirect(cb, HANDLE(VkBuffer, 1), U64(3)); break;
		case BEGIN_RENDERING: begin_rendering(f, cb, w); break;
		case END_RENDERING: f->CmdEndRendering(cb); break;
		case BARRIERS: barriers(f, cb, w); break;
		case COPY_BUFFER: {
			VkBufferCopy c = {U64(3), U64(7), U64(9)};
			f->CmdCopyBuffer(cb, HANDLE(VkBuffer, 1), HANDLE(VkBuffer, 5), 1, &c);
			break;
		}
		case COPY_BUFFER_TO_IMAGE: {
			VkBufferImageCopy c = buffer_image(w);
			f->CmdCopyBufferToImage(cb, HANDLE(VkBuffer, 1), HANDLE(VkImage, 7), w[9], 1, &c);
			break;
		}
		case COPY_IMAGE_TO_BUFFER: {
			VkBufferImageCopy c = buffer_image(w);
			f->CmdCopyImageToBuffer(cb, HANDLE(VkImage, 7), w[9], HANDLE(VkBuffer, 1), 1, &c);
			break;
		}
		case COPY_IMAGE:
		case BLIT_IMAGE:
		case RESOLVE_IMAGE: images(f, cb, op, w); break;
		case FILL_BUFFER: f->CmdFillBuffer(cb, HANDLE(VkBuffer, 1), U64(3), U64(5), w[7]); break;
		case UPDATE_BUFFER: f->CmdUpdateBuffer(cb, HANDLE(VkBuffer, 1), U64(3), w[5], w + 6); break;
		case CLEAR_COLOR: {
			VkClearColorValue c;
			memcpy(&c, w + 4, 16);
			VkImageSubresourceRange r = {VK_IMAGE_ASPECT_COLOR_BIT, 0, VK_REMAINING_MIP_LEVELS, 0, VK_REMAINING_ARRAY_LAYERS};
			f->CmdClearColorImage(cb, HANDLE(VkImage, 1), w[3], &c, 1, &r);
			break;
		}
		case CLEAR_DEPTH: {
			VkClearDepthStencilValue c = {real(w[4]), 0};
			VkImageSubresourceRange r = {VK_IMAGE_ASPECT_DEPTH_BIT, 0, VK_REMAINING_MIP_LEVELS, 0, VK_REMAINING_ARRAY_LAYERS};
			f->CmdClearDepthStencilImage(cb, HANDLE(VkImage, 1), w[3], &c, 1, &r);
			break;
		}
		case RESET_QUERIES: f->CmdResetQueryPool(cb, HANDLE(VkQueryPool, 1), w[3], w[4]); break;
		case WRITE_TIMESTAMP: f->CmdWriteTimestamp2(cb, U64(1), HANDLE(VkQueryPool, 3), w[5]); break;
		case COPY_QUERIES:
			f->CmdCopyQueryPoolResults(cb, HANDLE(VkQueryPool, 1), w[3], w[4], HANDLE(VkBuffer, 5), U64(7), 8,
				VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT);
			break;
		case BEGIN_LABEL:
			if (f->CmdBeginDebugUtilsLabelEXT) {
				VkDebugUtilsLabelEXT l = {.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_LABEL_EXT, .pLabelName = (const char *)(w + 1)};
				f->CmdBeginDebugUtilsLabelEXT(cb, &l);
			}
			break;
		case END_LABEL:
			if (f->CmdEndDebugUtilsLabelEXT) f->CmdEndDebugUtilsLabelEXT(cb);
			break;
		default: return w - start;
		}
	}
	return -1;
}

raw_recorded raw_record(const raw_functions *f, VkCommandBuffer cb, const uint32_t *w, size_t n) {
	VkCommandBufferBeginInfo b = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO, .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
	raw_recorded r = {f->BeginCommandBuffer(cb, &b), -1};
	if (r.result) return r;
	r.bad = raw_replay(f, cb, w, n);
	r.result = f->EndCommandBuffer(cb);
	return r;
}

VkResult raw_submit2(const raw_functions *f, VkQueue q, const raw_submit *s) {
	VkSemaphoreSubmitInfo wait[2], signal[2];
	for (uint32_t i = 0; i < s->waits; i++)
		wait[i] = (VkSemaphoreSubmitInfo){VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO, NULL, (VkSemaphore)(uintptr_t)s->wait[i], s->wait_value[i], s->wait_stage[i], 0};
	for (uint32_t i = 0; i < s->signals; i++)
		signal[i] = (VkSemaphoreSubmitInfo){VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO, NULL, (VkSemaphore)(uintptr_t)s->signal[i], s->signal_value[i], s->signal_stage[i], 0};
	VkCommandBufferSubmitInfo cb = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO, .commandBuffer = (VkCommandBuffer)(uintptr_t)s->command};
	VkSubmitInfo2 si = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2, .waitSemaphoreInfoCount = s->waits, .pWaitSemaphoreInfos = wait,
		.commandBufferInfoCount = s->command ? 1 : 0, .pCommandBufferInfos = &cb, .signalSemaphoreInfoCount = s->signals, .pSignalSemaphoreInfos = signal};
	return f->QueueSubmit2(q, 1, &si, VK_NULL_HANDLE);
}

VkResult raw_present(const raw_functions *f, VkQueue q, VkSwapchainKHR s, uint32_t index, VkSemaphore wait) {
	if (!f->QueuePresentKHR) return VK_ERROR_EXTENSION_NOT_PRESENT;
	VkPresentInfoKHR p = {.sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR, .waitSemaphoreCount = wait ? 1 : 0, .pWaitSemaphores = &wait,
		.swapchainCount = 1, .pSwapchains = &s, .pImageIndices = &index};
	return f->QueuePresentKHR(q, &p);
}

VkResult raw_timeline(const raw_functions *f, VkDevice d, uint64_t initial, VkSemaphore *out) {
	VkSemaphoreTypeCreateInfo t = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO, .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE, .initialValue = initial};
	VkSemaphoreCreateInfo ci = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &t};
	return f->CreateSemaphore(d, &ci, NULL, out);
}

VkResult raw_wait(const raw_functions *f, VkDevice d, VkSemaphore s, uint64_t value, uint64_t ns) {
	VkSemaphoreWaitInfo wi = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO, .semaphoreCount = 1, .pSemaphores = &s, .pValues = &value};
	return f->WaitSemaphores(d, &wi, ns);
}

raw_counter raw_reached(const raw_functions *f, VkDevice d, VkSemaphore s) {
	raw_counter c = {0};
	c.result = f->GetSemaphoreCounterValue(d, s, &c.value);
	return c;
}

VkResult raw_idle(const raw_functions *f, VkDevice d) { return f->DeviceWaitIdle(d); }

VkQueue raw_queue(const raw_functions *f, VkDevice d, uint32_t family) {
	VkQueue q = NULL;
	f->GetDeviceQueue(d, family, 0, &q);
	return q;
}
