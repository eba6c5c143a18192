package device

import (
	"fmt"
	"log/slog"
	"runtime"
	"strings"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/raw"
)

const validationLayer = "VK_LAYER_KHRONOS_validation"

const apiVersion = 1<<22 | 3<<12 // Vulkan 1.3, the floor

// Open opens the device that fits best. Errors: raw.ErrNoLoader and ErrNoDriver, a
// *NoDeviceError, ErrNoValidation, or what Vulkan says.
func Open(o Options) (*Device, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := raw.Load(); err != nil {
		return nil, err
	}
	d := &Device{options: o, Log: o.Log, samplers: map[SamplerDesc]vk.Sampler{}, Surface: vk.NullSurface}
	if err := d.openInstance(); err != nil {
		return nil, err
	}
	if err := d.openDevice(); err != nil {
		if d.F != nil {
			d.F.Destroy()
		}
		if d.Surface != vk.NullSurface {
			vk.DestroySurface(d.Instance, d.Surface, nil)
		}
		d.instance.Destroy()
		return nil, err
	}
	d.Log.Info("graphics device opened", "device", d.Name, "profile", d.Profile.String(), "validation", o.Validate)
	return d, nil
}

func (d *Device) openInstance() error {
	var layers []string
	ext := append([]string(nil), d.options.InstanceExtensions...)
	if d.options.Validate {
		layers, ext = []string{validationLayer}, append(ext, "VK_EXT_debug_utils")
	}
	for i := range ext {
		ext[i] = strings.TrimRight(ext[i], "\x00")
	}
	i, r := raw.CreateInstance(d.options.Validate, layers, ext, d.options.OnMessage)
	switch r {
	case vk.Success:
	case vk.ErrorIncompatibleDriver:
		return ErrNoDriver
	case vk.ErrorLayerNotPresent:
		return ErrNoValidation
	case vk.ErrorExtensionNotPresent:
		return fmt.Errorf("the Vulkan driver cannot draw to this window system (it lacks one of %s)", strings.Join(ext, ", "))
	default:
		return d.check("vkCreateInstance", r)
	}
	d.instance, d.Instance = i, i.Handle
	return nil
}

func (d *Device) openDevice() error {
	if d.options.Surface != nil {
		s, err := d.options.Surface(d.Instance)
		if err != nil {
			return fmt.Errorf("the window gave no surface to draw on: %w", err)
		}
		d.Surface = s
	}
	best, err := d.choose()
	if err != nil {
		return err
	}
	d.Physical, d.Name, d.Family, d.props = best.handle, best.name, best.family, best.props
	d.CPU = best.props.DeviceType == vk.PhysicalDeviceTypeCpu
	d.Profile = ProfileBound
	if d.options.Profile != ProfileBound && bindless(best.features) {
		d.Profile = ProfileBindless
	}
	d.Features = enabled(best.features, d.Profile)
	d.readLimits(best)
	vk.GetPhysicalDeviceMemoryProperties(d.Physical, &d.Memory)
	d.Memory.Deref()
	for i := range d.Memory.MemoryTypes {
		d.Memory.MemoryTypes[i].Deref()
	}
	for i := range d.Memory.MemoryHeaps {
		d.Memory.MemoryHeaps[i].Deref()
	}
	var ext []string
	if d.Surface != vk.NullSurface {
		ext = append(ext, "VK_KHR_swapchain")
	}
	f, r := d.instance.CreateDevice(d.Physical, d.Family, d.Features, ext)
	if r == vk.ErrorExtensionNotPresent {
		return &NoDeviceError{d.options.Device, []RejectedDevice{{d.Name, "it cannot show pictures in a window"}}}
	}
	if err := d.check("vkCreateDevice", r); err != nil {
		return err
	}
	d.F, d.Handle = f, f.Device
	d.Queue = f.Queue(d.Family)
	if d.timeline, r = f.NewTimeline(0); r != vk.Success {
		return d.check("vkCreateSemaphore", r)
	}
	ci := &vk.CommandPoolCreateInfo{SType: vk.StructureTypeCommandPoolCreateInfo, QueueFamilyIndex: d.Family,
		Flags: vk.CommandPoolCreateFlags(vk.CommandPoolCreateResetCommandBufferBit)}
	defer runtime.KeepAlive(ci)
	var pool vk.CommandPool
	if err := d.check("vkCreateCommandPool", vk.CreateCommandPool(d.Handle, ci, nil, &pool)); err != nil {
		vk.DestroySemaphore(d.Handle, d.timeline, nil)
		return err
	}
	ci.Free()
	d.pool = pool
	d.openCache()
	return nil
}

// candidate is a device that Vulkan lists.
type candidate struct {
	handle   vk.PhysicalDevice
	name     string
	props    vk.PhysicalDeviceProperties
	features raw.Features
	family   uint32
	bits     uint32 // of a timestamp
	rank     int
}

// choose takes the best device that fits the options.
func (d *Device) choose() (*candidate, error) {
	var n uint32
	if r := vk.EnumeratePhysicalDevices(d.Instance, &n, nil); r != vk.Success || n == 0 {
		return nil, ErrNoDriver
	}
	all := make([]vk.PhysicalDevice, n)
	if r := vk.EnumeratePhysicalDevices(d.Instance, &n, all); r != vk.Success && r != vk.Incomplete {
		return nil, d.check("vkEnumeratePhysicalDevices", r)
	}
	refused := &NoDeviceError{Wanted: d.options.Device}
	var best *candidate
	for _, h := range all[:n] {
		c := &candidate{handle: h}
		vk.GetPhysicalDeviceProperties(h, &c.props)
		c.props.Deref()
		c.props.Limits.Deref()
		c.name = vk.ToString(c.props.DeviceName[:])
		c.features = d.instance.QueryFeatures(h)
		if why := d.unfit(c); why != "" {
			refused.Devices = append(refused.Devices, RejectedDevice{c.name, why})
			continue
		}
		c.rank = rank(c.props.DeviceType)
		if best == nil || c.rank > best.rank {
			best = c
		}
	}
	if best == nil {
		return nil, refused
	}
	return best, nil
}

func rank(t vk.PhysicalDeviceType) int {
	switch t {
	case vk.PhysicalDeviceTypeDiscreteGpu:
		return 4
	case vk.PhysicalDeviceTypeIntegratedGpu:
		return 3
	case vk.PhysicalDeviceTypeVirtualGpu:
		return 2
	case vk.PhysicalDeviceTypeCpu:
		return 1
	}
	return 0
}

// unfit is why a device cannot be used, or "".
func (d *Device) unfit(c *candidate) string {
	if w := d.options.Device; w != "" && !strings.Contains(strings.ToLower(c.name), strings.ToLower(w)) {
		return fmt.Sprintf("its name does not contain %q, which was asked for", w)
	}
	if c.features.API < apiVersion {
		return fmt.Sprintf("it has Vulkan %d.%d, 1.3 is needed", c.features.API>>22, c.features.API>>12&0x3ff)
	}
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"dynamicRendering", c.features.DynamicRendering},
		{"synchronization2", c.features.Synchronization2},
		{"timelineSemaphore", c.features.TimelineSemaphore},
		{"drawIndirectFirstInstance", c.features.DrawIndirectFirstInstance},
	} {
		if !f.has {
			return "it lacks " + f.name
		}
	}
	if why := short(&c.props.Limits); why != "" {
		return why
	}
	if d.options.Profile == ProfileBindless && !bindless(c.features) {
		return "it lacks descriptor indexing, which the bindless profile needs"
	}
	var n uint32
	vk.GetPhysicalDeviceQueueFamilyProperties(c.handle, &n, nil)
	families := make([]vk.QueueFamilyProperties, n)
	vk.GetPhysicalDeviceQueueFamilyProperties(c.handle, &n, families)
	const needed = vk.QueueFlags(vk.QueueGraphicsBit | vk.QueueComputeBit)
	why := "it has no queue for graphics and compute"
	for i := range families {
		families[i].Deref()
		if families[i].QueueFlags&needed != needed {
			continue
		}
		if d.Surface != vk.NullSurface {
			var ok vk.Bool32
			if r := vk.GetPhysicalDeviceSurfaceSupport(c.handle, uint32(i), d.Surface, &ok); r != vk.Success || ok == vk.False {
				why = "it cannot show pictures in this window"
				continue
			}
		}
		c.family, c.bits = uint32(i), families[i].TimestampValidBits
		return ""
	}
	return why
}

// stageBuffers is how many storage buffers a shader reads at most: surfaces, of the
// scene, its lights and the table of materials. Vulkan promises 4, and all devices known
// to draw on a screen have more.
const stageBuffers = 9

// short is which limit of a device is too low, or "". The others that are counted on
// are what Vulkan promises.
func short(l *vk.PhysicalDeviceLimits) string {
	if n := l.MaxPerStageDescriptorStorageBuffers; n < stageBuffers {
		return fmt.Sprintf("its shaders read %d storage buffers, %d are needed", n, stageBuffers)
	}
	return ""
}

func bindless(f raw.Features) bool {
	return f.DescriptorIndexing && f.RuntimeDescriptorArray && f.SampledImageNonUniform && f.PartiallyBound && f.SampledImageUpdateAfterBind
}

// enabled are the features that a device is opened with: all that are asked about,
// less what nobody uses here.
func enabled(f raw.Features, p Profile) raw.Features {
	f.RobustBufferAccess = false // it costs every access, and shaders here check their bounds
	if p != ProfileBindless {
		f.DescriptorIndexing, f.RuntimeDescriptorArray, f.SampledImageNonUniform, f.PartiallyBound, f.SampledImageUpdateAfterBind = false, false, false, false, false
	}
	return f
}

func (d *Device) readLimits(c *candidate) {
	l := &c.props.Limits
	both := l.FramebufferColorSampleCounts & l.FramebufferDepthSampleCounts
	samples := uint32(1)
	for s := uint32(1); s <= 64; s *= 2 {
		if uint32(both)&s != 0 {
			samples = s
		}
	}
	d.Limits = Limits{
		MaxImage2D: l.MaxImageDimension2D, MaxImageCube: l.MaxImageDimensionCube, MaxImageLayers: l.MaxImageArrayLayers,
		MaxSamples: samples, MaxUniformRange: l.MaxUniformBufferRange, MaxStorageRange: l.MaxStorageBufferRange,
		UniformAlign: uint64(l.MinUniformBufferOffsetAlignment), StorageAlign: uint64(l.MinStorageBufferOffsetAlignment),
		Granularity: uint64(l.BufferImageGranularity), AtomSize: uint64(l.NonCoherentAtomSize),
		MaxAllocations: l.MaxMemoryAllocationCount, MaxPush: l.MaxPushConstantsSize, MaxSets: l.MaxBoundDescriptorSets,
		MaxSampledImages: l.MaxPerStageDescriptorSampledImages, MaxAnisotropy: 1,
		TimestampPeriod: float64(l.TimestampPeriod), TimestampBits: c.bits,
		MaxComputeGroups: l.MaxComputeWorkGroupCount,
	}
	if c.bits == 0 {
		d.Limits.TimestampPeriod = 0
	}
	if d.Features.SamplerAnisotropy && !d.CPU { // a CPU pays for each of its samples
		d.Limits.MaxAnisotropy = l.MaxSamplerAnisotropy
	}
}
