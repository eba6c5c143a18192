package device

import vk "github.com/vulkan-go/vulkan"

// SetHook makes f say what calls of Vulkan answered, to play a device that fails.
func (d *Device) SetHook(f func(call string, r vk.Result) vk.Result) { d.hook = f }

// Garbage is how many functions wait to be run.
func (d *Device) Garbage() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.garbage) + len(d.untagged)
}

var (
	CheckSPIRV = checkSPIRV
	Short      = short
)

const (
	MaxFrameBytes = maxFrameBytes
	CacheHeader   = cacheHeader
)
