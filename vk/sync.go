package vk

import (
	"hearth/vk/device"
	"hearth/vk/draw"
	"hearth/vk/scene"
)

// slotState is what the renderer knows of a slot of the scene.
type slotState struct {
	id    scene.ID // 0: empty
	look  *look
	place int32 // in look.slots
	mover *mover
}

// sync takes over what a snapshot has other than the one before, and records the
// uploads of what arrived. It costs by change.
func (r *Renderer) sync(fr *device.Frame, s *scene.Snapshot) error {
	if err := r.looks.res.Record(fr); err != nil {
		return err
	}
	if err := r.syncObjects(s.Objects); err != nil {
		return err
	}
	if err := r.syncLooks(); err != nil {
		return err
	}
	if err := r.syncLines(s.Lines); err != nil {
		return err
	}
	if err := r.syncCanvases(fr.Stream, s.Canvases); err != nil {
		return err
	}
	if err := r.syncGrids(fr, s); err != nil {
		return err
	}
	if err := r.syncSky(fr.Stream, s.Sky); err != nil {
		return err
	}
	if err := r.syncMotion(fr); err != nil {
		return err
	}
	r.syncLights(s.Lights) // of models where they are now
	return nil
}

func (r *Renderer) syncObjects(t scene.Table[scene.Object]) error {
	for i := range max(t.Chunks(), len(r.seen)) {
		var next *scene.Chunk[scene.Object]
		if i < t.Chunks() {
			next = t.Chunk(i)
		}
		if i == len(r.seen) {
			r.seen = append(r.seen, nil)
			r.slots = append(r.slots, make([]slotState, scene.ChunkSize)...)
		}
		before := r.seen[i]
		if before == next {
			continue
		}
		// A model that settles while the chunk is taken over looks at the new one.
		r.seen[i] = next
		for k := range scene.ChunkSize {
			slot := int32(i*scene.ChunkSize + k)
			if err := r.syncObject(slot, before, next, k); err != nil {
				r.seen[i] = nil // once more in the next frame
				return err
			}
		}
	}
	return nil
}

func (r *Renderer) syncObject(slot int32, before, next *scene.Chunk[scene.Object], k int) error {
	s := &r.slots[slot]
	if next == nil || !next.Alive(k) {
		if s.id != 0 {
			r.clearSlot(slot)
		}
		return nil
	}
	o := &next.Items[k]
	key := lookKey{o.Model, o.Mesh, o.Material}
	if s.id != next.IDs[k] || s.look != nil && s.look.key != key {
		r.clearSlot(slot)
		s.id = next.IDs[k]
		s.look = r.take(key, slot)
		return r.put(slot, o)
	}
	if before == nil || !before.Alive(k) {
		return r.put(slot, o)
	}
	was := &before.Items[k]
	if moves(was) || moves(o) {
		if changed, err := r.steer(slot, was, o); changed || err != nil {
			return err
		}
	}
	if was.Transform != o.Transform || was.Tint != o.Tint || was.Hidden != o.Hidden || was.NoShadow != o.NoShadow {
		r.drawer.World.Move(int(slot), shared(o))
		if _, carries := r.lights.carriers[slot]; carries {
			r.lights.moved = true
		}
	}
	return nil
}

func (r *Renderer) clearSlot(slot int32) {
	r.drawer.World.Remove(int(slot))
	r.stopMoving(slot)
	r.lights.carry(slot, false)
	r.drop(slot)
	r.full = false
	r.slots[slot].id = 0
}

// put shows an object as its look is now.
func (r *Renderer) put(slot int32, o *scene.Object) error {
	s := &r.slots[slot]
	r.stopMoving(slot)
	if s.look == nil {
		return nil
	}
	parts := r.parts(s.look)
	r.lights.carry(slot, s.look.shown == shownModel && len(s.look.kind.lamps) > 0)
	if s.look.shown == shownModel && s.look.kind.bends(o) {
		var err error
		if parts, err = r.startMoving(slot, o); err != nil {
			return err
		}
	}
	if len(parts) == 0 {
		r.drawer.World.Remove(int(slot))
		return nil
	}
	if err := r.drawer.World.Set(int(slot), shared(o), parts); err != nil {
		if !r.full { // said once, not for each of thousands
			r.log.Warn("objects are not shown", "why", err)
		}
		r.full = true
	}
	return nil
}

// shared is what all parts of an object share.
func shared(o *scene.Object) draw.Object {
	return draw.Object{World: o.Transform, Tint: o.Tint, Hidden: o.Hidden, NoShadow: o.NoShadow}
}

// closeScene gives back what the scene had on the device.
func (r *Renderer) closeScene() {
	for slot := range r.slots {
		if r.slots[slot].look != nil {
			r.drop(int32(slot))
		}
	}
	r.slots, r.seen = nil, nil
	r.lineSets.close()
	r.canvases.close()
	r.grids.close()
	r.sky.close(r)
}
