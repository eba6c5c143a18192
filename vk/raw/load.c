#include "raw.h"
#include <dlfcn.h>
#include <string.h>

static PFN_vkGetInstanceProcAddr get;

void *raw_load(const char *name) {
	void *h = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	if (!h) return NULL;
	get = (PFN_vkGetInstanceProcAddr)dlsym(h, "vkGetInstanceProcAddr");
	return (void *)get;
}

int raw_instance_version(uint32_t *out) {
	PFN_vkEnumerateInstanceVersion f = (PFN_vkEnumerateInstanceVersion)get(NULL, "vkEnumerateInstanceVersion");
	return f ? f(out) : -1;
}

extern void rawMessage(uintptr_t user, uint32_t severity, char *id, char *text);

static VKAPI_ATTR VkBool32 VKAPI_CALL message(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
	VkDebugUtilsMessageTypeFlagsEXT types, const VkDebugUtilsMessengerCallbackDataEXT *d, void *user) {
	rawMessage((uintptr_t)user, severity, (char *)(d->pMessageIdName ? d->pMessageIdName : ""), (char *)(d->pMessage ? d->pMessage : ""));
	return VK_FALSE;
}

static VkDebugUtilsMessengerCreateInfoEXT messenger(uintptr_t user) {
	return (VkDebugUtilsMessengerCreateInfoEXT){
		.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
		.messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
		.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
		.pfnUserCallback = message,
		.pUserData = (void *)user,
	};
}

VkResult raw_create_instance(uint32_t validate, const char *const *layers, uint32_t nlayers,
	const char *const *extensions, uint32_t nextensions, uintptr_t user, VkInstance *out) {
	PFN_vkCreateInstance create = (PFN_vkCreateInstance)get(NULL, "vkCreateInstance");
	if (!create) return VK_ERROR_INITIALIZATION_FAILED;
	VkApplicationInfo app = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO, .pApplicationName = "Hearth", .pEngineName = "Hearth", .apiVersion = VK_API_VERSION_1_3};
	VkInstanceCreateInfo ci = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO, .pApplicationInfo = &app,
		.enabledLayerCount = nlayers, .ppEnabledLayerNames = layers,
		.enabledExtensionCount = nextensions, .ppEnabledExtensionNames = extensions};
	VkValidationFeatureEnableEXT sync[1] = {VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT};
	// the messenger of the instance itself hears what creating and destroying it says
	VkDebugUtilsMessengerCreateInfoEXT m = messenger(user);
	VkValidationFeaturesEXT vf = {.sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT, .pNext = &m,
		.enabledValidationFeatureCount = 1, .pEnabledValidationFeatures = sync};
	if (validate) ci.pNext = &vf;
	return create(&ci, NULL, out);
}

VkResult raw_create_messenger(VkInstance i, uintptr_t user, VkDebugUtilsMessengerEXT *out) {
	PFN_vkCreateDebugUtilsMessengerEXT f = (PFN_vkCreateDebugUtilsMessengerEXT)get(i, "vkCreateDebugUtilsMessengerEXT");
	if (!f) return VK_ERROR_EXTENSION_NOT_PRESENT;
	VkDebugUtilsMessengerCreateInfoEXT m = messenger(user);
	return f(i, &m, NULL, out);
}

void raw_destroy_messenger(VkInstance i, VkDebugUtilsMessengerEXT m) {
	PFN_vkDestroyDebugUtilsMessengerEXT f = (PFN_vkDestroyDebugUtilsMessengerEXT)get(i, "vkDestroyDebugUtilsMessengerEXT");
	if (f) f(i, m, NULL);
}

void raw_destroy_instance(VkInstance i) {
	PFN_vkDestroyInstance f = (PFN_vkDestroyInstance)get(i, "vkDestroyInstance");
	if (f) f(i, NULL);
}

// The features of 1.0 to 1.3 as one chain, in the order in which they are filled.
typedef struct {
	VkPhysicalDeviceFeatures2 f10;
	VkPhysicalDeviceVulkan11Features f11;
	VkPhysicalDeviceVulkan12Features f12;
	VkPhysicalDeviceVulkan13Features f13;
} chain;

static void link_chain(chain *c) {
	memset(c, 0, sizeof *c);
	c->f10.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
	c->f10.pNext = &c->f11;
	c->f11.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES;
	c->f11.pNext = &c->f12;
	c->f12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
	c->f12.pNext = &c->f13;
	c->f13.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES;
}

// Ours beside Vulkan's, read one way by the query and the other by the creation.
#define RAW_FEATURES(X)                                                                    \
	X(dynamic_rendering, f13.dynamicRendering)                                             \
	X(synchronization2, f13.synchronization2)                                              \
	X(timeline_semaphore, f12.timelineSemaphore)                                           \
	X(shader_draw_parameters, f11.shaderDrawParameters)                                    \
	X(draw_indirect_first_instance, f10.features.drawIndirectFirstInstance)                \
	X(multi_draw_indirect, f10.features.multiDrawIndirect)                                 \
	X(draw_indirect_count, f12.drawIndirectCount)                                          \
	X(depth_clamp, f10.features.depthClamp)                                                \
	X(sampler_anisotropy, f10.features.samplerAnisotropy)                                  \
	X(fill_mode_non_solid, f10.features.fillModeNonSolid)                                  \
	X(independent_blend, f10.features.independentBlend)                                    \
	X(sample_rate_shading, f10.features.sampleRateShading)                                 \
	X(fragment_stores_and_atomics, f10.features.fragmentStoresAndAtomics)                  \
	X(shader_storage_image_write_without_format, f10.features.shaderStorageImageWriteWithoutFormat) \
	X(image_cube_array, f10.features.imageCubeArray)                                       \
	X(depth_bias_clamp, f10.features.depthBiasClamp)                                       \
	X(host_query_reset, f12.hostQueryReset)                                                \
	X(texture_compression_bc, f10.features.textureCompressionBC)                           \
	X(robust_buffer_access, f10.features.robustBufferAccess)                               \
	X(descriptor_indexing, f12.descriptorIndexing)                                         \
	X(runtime_descriptor_array, f12.runtimeDescriptorArray)                                \
	X(sampled_image_non_uniform, f12.shaderSampledImageArrayNonUniformIndexing)            \
	X(partially_bound, f12.descriptorBindingPartiallyBound)                                \
	X(sampled_image_update_after_bind, f12.descriptorBindingSampledImageUpdateAfterBind)

void raw_query_features(VkInstance i, VkPhysicalDevice p, raw_features *out) {
	memset(out, 0, sizeof *out);
	VkPhysicalDeviceProperties props;
	((PFN_vkGetPhysicalDeviceProperties)get(i, "vkGetPhysicalDeviceProperties"))(p, &props);
	out->api = props.apiVersion;
	if (props.apiVersion < VK_API_VERSION_1_3) return; // the structures of 1.3 mean nothing to it
	chain c;
	link_chain(&c);
	((PFN_vkGetPhysicalDeviceFeatures2)get(i, "vkGetPhysicalDeviceFeatures2"))(p, &c.f10);
#define READ(ours, theirs) out->ours = c.theirs;
	RAW_FEATURES(READ)
}

VkResult raw_create_device(VkInstance i, VkPhysicalDevice p, uint32_t family, const raw_features *f,
	const char *const *extensions, uint32_t nextensions, VkDevice *out) {
	chain c;
	link_chain(&c);
#define WRITE(ours, theirs) c.theirs = f->ours;
	RAW_FEATURES(WRITE)
	float priority = 1;
	VkDeviceQueueCreateInfo q = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueFamilyIndex = family, .queueCount = 1, .pQueuePriorities = &priority};
	VkDeviceCreateInfo ci = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .pNext = &c.f10, .queueCreateInfoCount = 1, .pQueueCreateInfos = &q,
		.enabledExtensionCount = nextensions, .ppEnabledExtensionNames = extensions};
	return ((PFN_vkCreateDevice)get(i, "vkCreateDevice"))(p, &ci, NULL, out);
}

// Returns the name of a function that the device lacks, or NULL.
const char *raw_init_device(VkInstance i, VkDevice d, raw_functions *f) {
	PFN_vkGetDeviceProcAddr proc = (PFN_vkGetDeviceProcAddr)get(i, "vkGetDeviceProcAddr");
	if (!proc) return "vkGetDeviceProcAddr";
#define NEED(n) if (!(f->n = (PFN_vk##n)proc(d, "vk" #n))) return "vk" #n;
	RAW_DEVICE_FUNCTIONS(NEED)
#define MAY(n) f->n = (PFN_vk##n)proc(d, "vk" #n);
	RAW_OPTIONAL_FUNCTIONS(MAY)
	return NULL;
}

void raw_destroy_device(const raw_functions *f, VkDevice d) { f->DestroyDevice(d, NULL); }
