package device

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/raw"
)

// Errors of a device.
var (
	// ErrNoDriver reports a machine without a Vulkan driver.
	ErrNoDriver = errors.New("no Vulkan driver is installed here; install one for the graphics card, or mesa-vulkan-drivers, which also draws without a card")
	// ErrNoValidation reports Options.Validate without the validation layer.
	ErrNoValidation = errors.New("the validation layer of Vulkan is not installed; install vulkan-validationlayers or do not ask for validation")
	// ErrLost reports that the device is lost: it was removed, reset or hangs. All
	// that was made with it is gone; close it and open it again.
	ErrLost = errors.New("the graphics device was lost; close the renderer and open it again")
	// ErrClosed reports the use of a device behind its Close.
	ErrClosed = errors.New("the graphics device is closed")
	// ErrMemory reports that there is no memory left for the device.
	ErrMemory = errors.New("the graphics device is out of memory; draw less or smaller things")
)

// VulkanError is a call that failed in a way that has no name of its own.
type VulkanError struct {
	Call   string
	Result vk.Result
}

func (e *VulkanError) Error() string {
	return fmt.Sprintf("Vulkan's %s failed with code %d", e.Call, e.Result)
}

// NoDeviceError reports that drivers are there and none of their devices fits.
type NoDeviceError struct {
	Wanted  string           // Options.Device
	Devices []RejectedDevice // in the order of Vulkan
}

// RejectedDevice is a device and why it was not taken.
type RejectedDevice struct{ Name, Reason string }

func (e *NoDeviceError) Error() string {
	var s []string
	for _, d := range e.Devices {
		s = append(s, d.Name+": "+d.Reason)
	}
	return "no graphics device fits (" + strings.Join(s, "; ") + "); install a newer driver or choose another device"
}

// Profile says how textures reach shaders.
type Profile int

// The profiles. Bound is the floor; bindless puts all textures into one array.
const (
	ProfileAuto Profile = iota
	ProfileBound
	ProfileBindless
)

func (p Profile) String() string { return [...]string{"auto", "bound", "bindless"}[p] }

// Message is what validation or a driver says.
type Message = raw.Message

// Options of Open. The zero value takes the best device without validation.
type Options struct {
	Validate           bool          // core and synchronization validation
	OnMessage          func(Message) // called on the thread that errs; must not call Vulkan
	Device             string        // a part of the device's name; "" is the best: discrete, integrated, virtual, CPU
	Profile            Profile
	InstanceExtensions []string                              // of the window system
	Surface            func(vk.Instance) (vk.Surface, error) // for a window; nil draws offscreen only
	Cache              string                                // file of the pipeline cache; "" keeps none
	Log                *slog.Logger
}

// Limits of the device that the renderer asks about; sizes in bytes or texels.
type Limits struct {
	MaxImage2D, MaxImageCube, MaxImageLayers          uint32
	MaxSamples                                        uint32 // that colour and depth both have
	MaxUniformRange, MaxStorageRange                  uint32
	UniformAlign, StorageAlign, Granularity, AtomSize uint64
	MaxAllocations, MaxPush, MaxSets                  uint32
	MaxSampledImages                                  uint32 // of a shader stage
	MaxAnisotropy                                     float32
	TimestampPeriod                                   float64 // nanoseconds of a tick; 0: the queue has no clock
	TimestampBits                                     uint32
	MaxComputeGroups                                  [3]uint32
}

// Device is an open device. Fields are read only.
type Device struct {
	Handle   vk.Device
	Physical vk.PhysicalDevice
	Instance vk.Instance
	Surface  vk.Surface // null without a window
	Queue    vk.Queue
	Family   uint32 // of the queue
	Name     string
	CPU      bool // the device is a program
	Profile  Profile
	Limits   Limits
	Features raw.Features
	Memory   vk.PhysicalDeviceMemoryProperties // dereferenced
	F        *raw.Functions
	Log      *slog.Logger

	instance *raw.Instance
	options  Options
	props    vk.PhysicalDeviceProperties
	cache    vk.PipelineCache
	timeline vk.Semaphore
	lost     atomic.Bool

	mu        sync.Mutex // guards all below, and the queue
	closed    bool
	submitted uint64 // the last number of the timeline that was handed out
	open      int    // frames that were begun and not submitted
	garbage   []deferred
	due       []deferred // memory for those that are run
	untagged  []func()   // deferred while a frame was open that may still use it
	pool      vk.CommandPool
	idle      []vk.CommandBuffer // of pool
	samplers  map[SamplerDesc]vk.Sampler
	layouts   []*SetLayout

	hook func(call string, r vk.Result) vk.Result // of tests: what a call is to have answered
}

// Lost tells whether the device is lost.
func (d *Device) Lost() bool { return d.lost.Load() }

// answer is what a call answered; a test may change it.
func (d *Device) answer(call string, r vk.Result) vk.Result {
	if d.hook != nil {
		return d.hook(call, r)
	}
	return r
}

// check turns the result of a call into an error.
func (d *Device) check(call string, r vk.Result) error {
	switch r = d.answer(call, r); r {
	case vk.Success, vk.Incomplete:
		return nil
	case vk.ErrorDeviceLost:
		d.lost.Store(true)
		return fmt.Errorf("%w (%s)", ErrLost, call)
	case vk.ErrorOutOfDeviceMemory, vk.ErrorOutOfHostMemory, vk.ErrorOutOfPoolMemory:
		return fmt.Errorf("%w (%s)", ErrMemory, call)
	}
	return &VulkanError{call, r}
}

// Check turns the result of a call of Vulkan into an error: ErrLost (and the device
// counts as lost from then on), ErrMemory or a *VulkanError.
func (d *Device) Check(call string, r vk.Result) error { return d.check(call, r) }

// Close waits for the device, runs what was deferred, writes the pipeline cache and
// destroys the device. What others made and did not destroy is reported by
// validation. Closing twice does nothing.
func (d *Device) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed = true
	d.mu.Unlock()
	r := d.F.WaitIdle()
	err := d.check("vkDeviceWaitIdle", r)
	d.runAll()
	if d.options.Cache != "" && !d.Lost() {
		if e := d.saveCache(); e != nil {
			d.Log.Warn("the pipeline cache was not written; the next start is slower", "file", d.options.Cache, "error", e)
		}
	}
	for _, l := range d.layouts {
		l.destroy()
	}
	for _, s := range d.samplers {
		vk.DestroySampler(d.Handle, s, nil)
	}
	vk.DestroyCommandPool(d.Handle, d.pool, nil)
	vk.DestroySemaphore(d.Handle, d.timeline, nil)
	vk.DestroyPipelineCache(d.Handle, d.cache, nil)
	d.F.Destroy()
	if d.Surface != vk.NullSurface {
		vk.DestroySurface(d.Instance, d.Surface, nil)
	}
	d.instance.Destroy()
	if errors.Is(err, ErrLost) {
		return nil // it is what Close was called for
	}
	return err
}

// NewSurface replaces the surface, which was lost or whose window was replaced. The
// swapchain of the old one must be destroyed.
func (d *Device) NewSurface() error {
	if d.options.Surface == nil {
		return errors.New("the device was opened without a window; there is no surface to replace")
	}
	if d.Surface != vk.NullSurface {
		vk.DestroySurface(d.Instance, d.Surface, nil)
		d.Surface = vk.NullSurface
	}
	s, err := d.options.Surface(d.Instance)
	if err != nil {
		return fmt.Errorf("the window gave no surface to draw on: %w", err)
	}
	d.Surface = s
	var ok vk.Bool32
	if r := vk.GetPhysicalDeviceSurfaceSupport(d.Physical, d.Family, s, &ok); r != vk.Success || ok == vk.False {
		return &VulkanError{"vkGetPhysicalDeviceSurfaceSupportKHR", r}
	}
	return nil
}
