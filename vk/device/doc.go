// Package device owns a Vulkan device: choosing and opening it, its one queue, the
// order of what was submitted, frames in flight, and the things that are made once
// (shaders, layouts, pipelines, samplers, descriptor sets).
//
// The key idea: everything submitted gets the next number of one timeline
// semaphore. What has become garbage is given to Defer, which runs it when the
// timeline has passed all that could still use it; so nobody waits for the device
// to destroy something, and nobody destroys what the device still reads.
//
// Submitting and deferring are safe from many goroutines; a Frames and what it
// hands out belong to one. Making things is safe from many, except that a
// SetLayout's sets are made by one goroutine at a time.
//
// Lock order: Device.mu is a leaf; no function that was deferred runs under it.
package device
