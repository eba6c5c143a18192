package device

import (
	"fmt"
	"time"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/raw"
)

// waitLimit is how long the device may take for what it was given before it counts
// as hung. A driver resets a card that hangs within seconds; a CPU that draws a
// large picture beside other work may take many.
const waitLimit = 2 * time.Minute

// deferred is garbage that may go when the timeline has reached at.
type deferred struct {
	at uint64
	f  func()
}

// Defer runs f when the device has executed everything that was submitted so far,
// and every frame that is being recorded. f runs on the goroutine that begins a
// frame, waits, or closes the device; it may call Defer.
func (d *Device) Defer(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open > 0 {
		d.untagged = append(d.untagged, f)
		return
	}
	d.garbage = append(d.garbage, deferred{d.submitted, f})
}

// begin and end count frames that are being recorded; mu is held.
func (d *Device) begin() { d.open++ }

func (d *Device) end() {
	if d.open--; d.open > 0 {
		return
	}
	for _, f := range d.untagged {
		d.garbage = append(d.garbage, deferred{d.submitted, f})
	}
	clear(d.untagged)
	d.untagged = d.untagged[:0]
}

// Collect runs what was deferred and is due. It does not wait.
func (d *Device) Collect() error {
	done, r := d.F.Value(d.timeline)
	if err := d.check("vkGetSemaphoreCounterValue", r); err != nil {
		return err
	}
	d.run(done)
	return nil
}

// run runs what is due at a number of the timeline, in the order in which it was
// deferred, and what that defers if it is due too.
func (d *Device) run(done uint64) {
	for {
		d.mu.Lock()
		n := 0
		for n < len(d.garbage) && d.garbage[n].at <= done {
			n++
		}
		if n == 0 {
			d.mu.Unlock()
			return
		}
		due := append(d.due[:0], d.garbage[:n]...)
		d.due = nil // another goroutine may run at the same time
		left := copy(d.garbage, d.garbage[n:])
		clear(d.garbage[left:])
		d.garbage = d.garbage[:left]
		d.mu.Unlock()
		for _, g := range due {
			g.f()
		}
		clear(due)
		d.mu.Lock()
		d.due = due
		d.mu.Unlock()
	}
}

// runAll runs all that was deferred: nothing is executed any more.
func (d *Device) runAll() {
	for {
		d.mu.Lock()
		for _, f := range d.untagged {
			d.garbage = append(d.garbage, deferred{0, f})
		}
		d.untagged = nil
		n := len(d.garbage)
		d.mu.Unlock()
		if n == 0 {
			return
		}
		d.run(^uint64(0))
	}
}

// Submit records the stream into cb and submits it. It returns the number on the
// timeline that says when it has been executed. wait and signal are binary
// semaphores, or null.
func (d *Device) Submit(cb vk.CommandBuffer, s *raw.Stream, wait, signal vk.Semaphore, stage raw.Stage) (uint64, error) {
	if d.Lost() {
		return 0, ErrLost
	}
	r, err := d.F.Record(cb, s)
	if err != nil {
		return 0, err
	}
	if err := d.check("vkEndCommandBuffer", r); err != nil {
		return 0, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return 0, ErrClosed
	}
	n := d.submitted + 1
	r = d.F.Submit(d.Queue, cb, [2]raw.Semaphore{{Handle: wait, Stage: stage}},
		[2]raw.Semaphore{{Handle: d.timeline, Value: n, Stage: raw.StageAll}, {Handle: signal, Stage: raw.StageAll}})
	if err := d.check("vkQueueSubmit2", r); err != nil {
		return 0, err
	}
	d.submitted = n
	return n, nil
}

// Present shows an image of a swapchain after wait. The result is Vulkan's: a
// swapchain that is out of date is not an error of the device.
func (d *Device) Present(sc vk.Swapchain, image uint32, wait vk.Semaphore) vk.Result {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.answer("vkQueuePresentKHR", d.F.Present(d.Queue, sc, image, wait))
	if r == vk.ErrorDeviceLost {
		d.lost.Store(true)
	}
	return r
}

// Wait waits until the timeline has reached n.
func (d *Device) Wait(n uint64) error {
	if d.Lost() {
		return ErrLost
	}
	const call = "vkWaitSemaphores"
	r := d.F.Wait(d.timeline, n, uint64(waitLimit))
	if d.answer(call, r) == vk.Timeout {
		d.lost.Store(true)
		return fmt.Errorf("%w (it did not finish within %v)", ErrLost, waitLimit)
	}
	return d.check(call, r)
}

// Done is the number that the timeline has reached.
func (d *Device) Done() (uint64, error) {
	n, r := d.F.Value(d.timeline)
	return n, d.check("vkGetSemaphoreCounterValue", r)
}

// Do records a stream, submits it and waits: for setting up, and for tests.
func (d *Device) Do(f func(s *raw.Stream)) error {
	n, err := d.Start(f)
	if err != nil {
		return err
	}
	if err := d.Wait(n); err != nil {
		return err
	}
	d.run(n)
	return nil
}

// Start is Do without waiting. It returns the number on the timeline that says when
// it has been executed; what is submitted later is executed behind it.
func (d *Device) Start(f func(s *raw.Stream)) (uint64, error) {
	var s raw.Stream
	f(&s)
	cb, err := d.commandBuffer()
	if err != nil {
		return 0, err
	}
	n, err := d.Submit(cb, &s, vk.NullSemaphore, vk.NullSemaphore, 0)
	d.mu.Lock()
	defer d.mu.Unlock()
	back := func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.idle = append(d.idle, cb)
	}
	if err != nil {
		d.idle = append(d.idle, cb)
		return 0, err
	}
	// The number is its own, whatever frame is being recorded: no need for Defer.
	d.garbage = append(d.garbage, deferred{n, back})
	return n, nil
}

// commandBuffer takes a command buffer that is not in use.
func (d *Device) commandBuffer() (vk.CommandBuffer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, ErrClosed
	}
	if n := len(d.idle); n > 0 {
		cb := d.idle[n-1]
		d.idle = d.idle[:n-1]
		return cb, nil
	}
	cbs, err := newCommandBuffers(d, d.pool, 1)
	if err != nil {
		return nil, err
	}
	return cbs[0], nil
}

func newCommandBuffers(d *Device, pool vk.CommandPool, n int) ([]vk.CommandBuffer, error) {
	cbs := make([]vk.CommandBuffer, n)
	ai := &vk.CommandBufferAllocateInfo{SType: vk.StructureTypeCommandBufferAllocateInfo, CommandPool: pool, CommandBufferCount: uint32(n)}
	defer ai.Free()
	if err := d.check("vkAllocateCommandBuffers", vk.AllocateCommandBuffers(d.Handle, ai, cbs)); err != nil {
		return nil, err
	}
	return cbs, nil
}

// WaitIdle waits for all that was submitted and runs what was deferred. Of a device
// that is lost it runs everything, since nothing is executed any more, and returns
// ErrLost.
func (d *Device) WaitIdle() error {
	d.mu.Lock()
	n := d.submitted
	d.mu.Unlock()
	if err := d.Wait(n); err != nil {
		if d.Lost() {
			d.F.WaitIdle() // answers that the device is lost, once it is sure of it
			d.runAll()
		}
		return err
	}
	d.run(n)
	return nil
}
