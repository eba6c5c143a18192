package vk

import (
	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/draw"
	"hearth/vk/pass"
	"hearth/vk/scene"
)

// shadowDistance is how far from the camera a sun throws shadows where it does not
// say: a large room, or a garden.
const shadowDistance = 60

// lightState is the lights of the scene, as passes want them.
type lightState struct {
	seen   []*scene.Chunk[scene.Light]
	suns   []sun
	shadow int // which sun throws shadows, -1 none
	bytes  []byte
	count  int
	sent   bool // the device has them

	carriers map[int32]struct{} // slots of objects whose models have lights
	moved    bool               // one of them is other than it was
}

type sun struct {
	draw.Sun
	distance float32
}

// syncLights takes over the lights of a snapshot and those that models carry, if
// they changed. Those beyond draw.MaxSuns and pass.MaxLights are left out: first those
// of models, then the last ones of the table.
func (r *Renderer) syncLights(t scene.Table[scene.Light]) {
	l := &r.lights
	if same(&l.seen, t) && !l.moved {
		return
	}
	l.suns, l.count, l.shadow, l.sent, l.moved = l.suns[:0], 0, -1, false, false
	for _, x := range t.All() {
		l.add(x)
	}
	for slot := range l.carriers {
		s := &r.slots[slot]
		o := &r.seen[slot/scene.ChunkSize].Items[slot%scene.ChunkSize]
		if o.Hidden {
			continue
		}
		for i := range s.look.kind.lamps {
			k := &s.look.kind.lamps[i]
			at := k.still
			if s.mover != nil && s.mover.posed {
				at = s.mover.pose.Globals[k.node]
			}
			l.add(k.place(o.Transform.Mul4(at)))
		}
	}
}

// place is the lamp as a light of the scene.
func (k *lamp) place(at mgl32.Mat4) *scene.Light {
	x := &scene.Light{Kind: scene.LightKind(k.light.Kind), Color: k.light.Color, Intensity: k.light.Intensity, Range: k.light.Range,
		Inner: k.light.Inner, Outer: k.light.Outer, Position: at.Col(3).Vec3(), Direction: at.Mul4x1(mgl32.Vec4{0, 0, -1, 0}).Vec3()}
	if !(x.Direction.Len() > 0) { // a flattened node shines nowhere
		x.Intensity, x.Direction = 0, mgl32.Vec3{0, -1, 0}
	}
	return x
}

// add takes one light.
func (l *lightState) add(x *scene.Light) {
	if x.Kind == scene.Directional {
		if len(l.suns) == draw.MaxSuns {
			return
		}
		s := sun{distance: x.Distance}
		if s.distance <= 0 {
			s.distance = shadowDistance
		}
		s.Direction = x.Direction.Normalize().Vec4(0)
		s.Color = x.Color.Mul(x.Intensity).Vec4(0)
		if x.Shadow && l.shadow < 0 {
			l.shadow = len(l.suns)
		}
		l.suns = append(l.suns, s)
		return
	}
	p := pass.Light{Position: x.Position, Range: x.Reach(), Color: x.Color.Mul(x.Intensity), Spot: x.Kind == scene.Spot,
		Direction: x.Direction, Inner: x.Inner, Outer: x.Outer}
	if l.count == pass.MaxLights || !(p.Range > 0) {
		return
	}
	at := l.count * pass.LightSize
	for len(l.bytes) < at+pass.LightSize {
		l.bytes = append(l.bytes, make([]byte, pass.LightSize)...)
	}
	pass.PutLight(l.bytes[at:], &p)
	l.count++
}

// carry notes whether an object's model has lights.
func (l *lightState) carry(slot int32, does bool) {
	if _, did := l.carriers[slot]; did || does {
		l.moved = true
	}
	if !does {
		delete(l.carriers, slot)
		return
	}
	if l.carriers == nil {
		l.carriers = map[int32]struct{}{}
	}
	l.carriers[slot] = struct{}{}
}

// same compares a table with the chunks that were seen before, and remembers it.
func same[T any](seen *[]*scene.Chunk[T], t scene.Table[T]) bool {
	n := t.Chunks()
	equal := n == len(*seen)
	for i := range n {
		c := t.Chunk(i)
		if i == len(*seen) {
			*seen = append(*seen, nil)
		}
		if (*seen)[i] != c {
			(*seen)[i], equal = c, false
		}
	}
	if n < len(*seen) {
		clear((*seen)[n:])
		*seen = (*seen)[:n]
	}
	return equal
}
