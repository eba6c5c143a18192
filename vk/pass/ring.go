package pass

import (
	"fmt"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/raw"
)

const (
	// ringStep is how many sets are made when none is free.
	ringStep = 8
	// maxRing bounds the sets of a pass: far more than canvases can be in InFlight frames.
	maxRing = 1 << 16
)

// ring hands out descriptor sets, which are written anew for each use: a handle may
// name another object than it did in the last frame. Sets come back by themselves
// InFlight frames later, so the ring stops growing when it holds what frames use.
type ring struct {
	device *device.Device
	layout *device.SetLayout
	kinds  []vk.DescriptorType
	sets   []ringSet // in the order of their use, oldest at next
	next   int
	writer raw.Writer
	writes [8]raw.Write // of the set that is being put together
}

type ringSet struct {
	set  vk.DescriptorSet
	free uint64 // the first frame that may use it
}

// take returns a set that no frame in flight uses.
func (r *ring) take(frame uint64) (vk.DescriptorSet, error) {
	if r.next == len(r.sets) {
		r.next = 0
	}
	if len(r.sets) == 0 || r.sets[r.next].free > frame {
		if err := r.grow(); err != nil {
			return vk.NullDescriptorSet, err
		}
	}
	x := &r.sets[r.next]
	x.free = frame + InFlight
	r.next++
	return x.set, nil
}

// grow puts free sets before the oldest one.
func (r *ring) grow() error {
	if len(r.sets) >= maxRing {
		return fmt.Errorf("%w: more than %d descriptor sets in %d frames", ErrInput, maxRing, InFlight)
	}
	fresh, err := r.device.NewSets(r.layout, max(ringStep, min(len(r.sets), 512)))
	if err != nil {
		return err
	}
	sets := make([]ringSet, 0, len(r.sets)+len(fresh))
	sets = append(sets, r.sets[:r.next]...)
	for _, s := range fresh {
		sets = append(sets, ringSet{set: s})
	}
	r.sets = append(sets, r.sets[r.next:]...)
	return nil
}

func (r *ring) buffer(binding int, b Range) {
	r.writes[binding] = raw.Write{Buffer: b.Buffer, Offset: b.Offset, Range: b.Size}
}

func (r *ring) texture(binding int, v vk.ImageView, s vk.Sampler, l vk.ImageLayout) {
	r.writes[binding] = raw.Write{View: v, Sampler: s, Layout: l}
}

func (r *ring) image(binding int, v vk.ImageView) {
	r.writes[binding] = raw.Write{View: v, Layout: vk.ImageLayoutGeneral}
}

// write writes all bindings, which have been given since the last time.
func (r *ring) write(set vk.DescriptorSet) {
	for i, k := range r.kinds {
		w := &r.writes[i]
		w.Binding, w.Type = uint32(i), k
		r.writer.Add(set, *w)
	}
	r.device.F.WriteSets(&r.writer)
}
