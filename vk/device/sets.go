package device

import (
	"sync"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/raw"
)

// Pools of descriptor sets begin with room for firstPool sets and double up to
// lastPool: a pool costs a call, and an unused set some memory of the driver.
const (
	firstPool = 8
	lastPool  = 512
)

// SetLayout is a layout of descriptor sets and the pools of its sets. Sets that are
// freed are used again, so that a pool never has to be reset.
type SetLayout struct {
	Handle   vk.DescriptorSetLayout
	Bindings []Binding

	d        *Device
	mu       sync.Mutex // guards all below
	pools    []vk.DescriptorPool
	free     []vk.DescriptorSet
	left     int // sets that the last pool still has
	next     int // sets of the next pool
	destroys sync.Once
}

// SetLayout makes a layout. It lives as long as the device, or until Close.
func (d *Device) SetLayout(b []Binding) (*SetLayout, error) {
	h, r, err := d.F.NewSetLayout(b)
	if err != nil {
		return nil, err
	}
	if err := d.check("vkCreateDescriptorSetLayout", r); err != nil {
		return nil, err
	}
	l := &SetLayout{Handle: h, Bindings: append([]Binding(nil), b...), d: d, next: firstPool}
	for _, x := range b {
		if x.Bindless {
			l.next = 1 // an array of thousands of textures: one set is what is wanted
		}
	}
	d.mu.Lock()
	d.layouts = append(d.layouts, l)
	d.mu.Unlock()
	return l, nil
}

// NewSets makes n sets. Their content is undefined until it is written.
func (l *SetLayout) NewSets(n int) ([]vk.DescriptorSet, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]vk.DescriptorSet, 0, n)
	k := min(n, len(l.free))
	out = append(out, l.free[len(l.free)-k:]...)
	l.free = l.free[:len(l.free)-k]
	for len(out) < n {
		if l.left == 0 {
			size := max(l.next, min(n-len(out), lastPool))
			p, r, err := l.d.F.NewDescriptorPool(l.Bindings, size)
			if err == nil {
				err = l.d.check("vkCreateDescriptorPool", r)
			}
			if err != nil {
				l.free = append(l.free, out...)
				return nil, err
			}
			l.pools, l.left = append(l.pools, p), size
			l.next = min(2*size, lastPool)
		}
		more := make([]vk.DescriptorSet, min(n-len(out), l.left))
		if err := l.d.check("vkAllocateDescriptorSets", l.d.F.AllocateSets(l.pools[len(l.pools)-1], l.Handle, more)); err != nil {
			l.left = 0 // what is left of the pool is not trusted
			l.free = append(l.free, out...)
			return nil, err
		}
		l.left -= len(more)
		out = append(out, more...)
	}
	return out, nil
}

// NewSets makes n sets of a layout.
func (d *Device) NewSets(l *SetLayout, n int) ([]vk.DescriptorSet, error) { return l.NewSets(n) }

// FreeSets gives sets back when everything submitted so far has been executed.
func (l *SetLayout) FreeSets(sets ...vk.DescriptorSet) {
	s := append([]vk.DescriptorSet(nil), sets...)
	l.d.Defer(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.free = append(l.free, s...)
	})
}

// Close destroys the layout and all its sets when everything submitted so far has
// been executed.
func (l *SetLayout) Close() { l.d.Defer(l.destroy) }

func (l *SetLayout) destroy() {
	l.destroys.Do(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, p := range l.pools {
			vk.DestroyDescriptorPool(l.d.Handle, p, nil)
		}
		vk.DestroyDescriptorSetLayout(l.d.Handle, l.Handle, nil)
		l.pools, l.free, l.left = nil, nil, 0
	})
}

// WriteSet writes descriptors of a set. The device must not be using the set,
// unless the bindings are bindless.
func (d *Device) WriteSet(set vk.DescriptorSet, writes []Write) {
	var w raw.Writer
	for _, x := range writes {
		w.Add(set, x)
	}
	d.F.WriteSets(&w)
}
