package vk

import (
	"time"

	"github.com/go-gl/mathgl/mgl32"
	vulkan "github.com/vulkan-go/vulkan"

	"hearth/lumps"
	"hearth/vk/device"
	"hearth/vk/draw"
	"hearth/vk/res"
	"hearth/vk/scene"
)

// waitShown is how long a model may be on its way before a box of wires stands for
// it: what arrives at once should not flicker.
const waitShown = 2 * time.Second

// lookKey is what an object looks like.
type lookKey struct{ model, mesh, material lumps.CID }

// appearance is what of a look is shown.
type appearance uint8

const (
	shownNothing appearance = iota
	shownWaiting
	shownFailed
	shownModel
)

// look is a model with the objects that have it.
type look struct {
	key   lookKey
	ref   *res.ModelRef
	shown appearance
	since time.Time
	err   error
	kind  *modelKind // once it is there
	slots []int32
	at    int // in looks.open; -1: not there
}

// looks are all models that the scene names.
type looks struct {
	res     *res.Resources
	byKey   map[lookKey]*look
	open    []*look // those that are neither there nor failed
	failed  int
	boxes   placeholders
	waiting []draw.Part
	broken  []draw.Part
}

// Failure is something of the scene that cannot be drawn.
type Failure struct {
	// Lump is what failed: a model, a mesh with a material, or a sky.
	Lump lumps.CID
	Err  error
}

func (r *Renderer) openLooks() error {
	l := &r.looks
	l.byKey = map[lookKey]*look{}
	var err error
	if l.res, err = res.New(r.a, r.o.Assets, res.Options{Upload: r.o.UploadBudget, Anisotropy: r.anisotropy(), Log: r.log}); err != nil {
		return err
	}
	r.keep(l.res.Close)
	r.keep(l.boxes.close)
	if err := r.openPlaceholders(l.res.MaterialLayout()); err != nil {
		return err
	}
	l.waiting = box(l.boxes.waiting, mgl32.Vec3{}, mgl32.Vec3{})
	l.broken = box(l.boxes.failed, mgl32.Vec3{}, mgl32.Vec3{})
	return nil
}

// anisotropy is 1 on a processor, where each sample of a texture costs its time.
func (r *Renderer) anisotropy() float32 {
	if r.d.CPU {
		return 0
	}
	return 8
}

func (l *looks) layout() *device.SetLayout { return l.res.MaterialLayout() }

// table gives the set of all materials, and is nil where each has its own.
func (r *Renderer) materialTable() func() vulkan.DescriptorSet {
	l := &r.looks
	if r.d.Profile != device.ProfileBindless {
		return nil
	}
	return l.res.MaterialSet
}

// take returns the look of an object for a slot. A zero key is nil: nothing to see.
func (r *Renderer) take(k lookKey, slot int32) *look {
	if k == (lookKey{}) {
		return nil
	}
	l := r.looks.byKey[k]
	if l == nil {
		l = &look{key: k, since: time.Now(), at: -1}
		if k.model != (lumps.CID{}) {
			l.ref = r.looks.res.Model(k.model)
		} else {
			l.ref = r.looks.res.Pair(k.mesh, k.material)
		}
		r.looks.byKey[k] = l
		if !r.settle(l) {
			l.at = len(r.looks.open)
			r.looks.open = append(r.looks.open, l)
		}
	}
	r.slots[slot].place = int32(len(l.slots))
	l.slots = append(l.slots, slot)
	return l
}

// drop lets a slot's look go.
func (r *Renderer) drop(slot int32) {
	s := &r.slots[slot]
	l := s.look
	if l == nil {
		return
	}
	last := l.slots[len(l.slots)-1]
	l.slots[s.place] = last
	r.slots[last].place = s.place
	l.slots = l.slots[:len(l.slots)-1]
	s.look = nil
	if len(l.slots) > 0 {
		return
	}
	if l.shown == shownFailed {
		r.looks.failed--
	}
	l.ref.Release()
	delete(r.looks.byKey, l.key)
	if l.at >= 0 {
		n := len(r.looks.open) - 1
		last := r.looks.open[n]
		r.looks.open[l.at], last.at = last, l.at
		r.looks.open[n], r.looks.open = nil, r.looks.open[:n]
	}
}

// settle looks how far a model is, and reports whether it is there or failed.
func (r *Renderer) settle(l *look) bool {
	switch l.ref.State() {
	case res.Ready:
		l.kind, l.shown = newModelKind(l.ref.Model()), shownModel
		return true
	case res.Failed:
		l.err, l.shown = l.ref.Err(), shownFailed
		r.looks.failed++
		return true
	}
	return false
}

// syncLooks shows what arrived, or that it does not.
func (r *Renderer) syncLooks() error {
	open := r.looks.open[:0]
	var err error
	for _, l := range r.looks.open {
		before := l.shown
		l.at = -1
		if !r.settle(l) {
			l.at = len(open)
			open = append(open, l)
			if l.shown == shownNothing && time.Since(l.since) > waitShown {
				l.shown = shownWaiting
			}
		}
		if l.shown != before && err == nil {
			err = r.show(l)
		}
	}
	clear(r.looks.open[len(open):])
	r.looks.open = open
	return err
}

// show puts all objects of a look into the world anew.
func (r *Renderer) show(l *look) error {
	for _, slot := range l.slots {
		c := r.seen[slot/scene.ChunkSize]
		if err := r.put(slot, &c.Items[slot%scene.ChunkSize]); err != nil {
			return err
		}
	}
	return nil
}

// parts are what is drawn of a look that does not move.
func (r *Renderer) parts(l *look) []draw.Part {
	switch l.shown {
	case shownModel:
		return l.kind.still
	case shownFailed:
		return r.looks.broken
	case shownWaiting:
		return r.looks.waiting
	}
	return nil
}

func (l *looks) counts() (pending, failed int) { return len(l.open), l.failed }

func (l *looks) failures() []Failure {
	var out []Failure
	for k, x := range l.byKey {
		if x.err == nil {
			continue
		}
		f := Failure{Lump: k.model, Err: x.err}
		if k.model == (lumps.CID{}) {
			f.Lump = k.mesh
		}
		out = append(out, f)
	}
	return out
}
