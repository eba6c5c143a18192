package vk

import (
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
}

type sun struct {
	draw.Sun
	distance float32
}

// sync takes over the lights of a snapshot and of models, if they changed. Those
// beyond draw.MaxSuns and pass.MaxLights are left out: the last ones of the table.
func (l *lightState) sync(t scene.Table[scene.Light]) {
	if same(&l.seen, t) {
		return
	}
	l.suns, l.count, l.shadow, l.sent = l.suns[:0], 0, -1, false
	for _, x := range t.All() {
		switch x.Kind {
		case scene.Directional:
			if len(l.suns) == draw.MaxSuns {
				continue
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
		default:
			p := pass.Light{Position: x.Position, Range: x.Reach(), Color: x.Color.Mul(x.Intensity), Spot: x.Kind == scene.Spot,
				Direction: x.Direction, Inner: x.Inner, Outer: x.Outer}
			if l.count == pass.MaxLights || p.Range <= 0 {
				continue
			}
			at := l.count * pass.LightSize
			for len(l.bytes) < at+pass.LightSize {
				l.bytes = append(l.bytes, make([]byte, pass.LightSize)...)
			}
			pass.PutLight(l.bytes[at:], &p)
			l.count++
		}
	}
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
