package model

import (
	"math"

	"github.com/go-gl/mathgl/mgl32"
)

// Pose is where the nodes of a model are at one moment. Its arrays grow with the
// first use and are used again by the next.
type Pose struct {
	Globals []mgl32.Mat4 // by node: from its space to that of the model
	Weights [][]float32  // by node: of the targets of its meshes, nil where it has none

	places []place
	store  []float32 // what Weights points into
}

// place is the animated part of a node.
type place struct {
	t mgl32.Vec3
	r mgl32.Quat
	s mgl32.Vec3
}

// Default returns a new Pose of the model as its file places it.
func (m *Model) Default() *Pose {
	p := new(Pose)
	m.Pose(-1, 0, p)
	return p
}

// Pose computes where all nodes are seconds into an animation; before its first
// key and behind its last one a channel holds that key. An animation that the
// model has not, -1 say, gives the default pose. It does not allocate when into
// has held a pose of this model before.
func (m *Model) Pose(animation int, seconds float32, into *Pose) {
	into.reset(m)
	if animation >= 0 && animation < len(m.Animations) {
		if seconds != seconds {
			seconds = 0
		}
		a := &m.Animations[animation]
		for i := range a.Channels {
			into.apply(&a.Channels[i], seconds)
		}
	}
	for i := range m.Nodes {
		n := &m.Nodes[i]
		l := &into.places[i]
		local := n.Matrix
		if !n.Fixed {
			local = compose(l.t, l.r, l.s)
		}
		if n.Parent >= 0 {
			local = mulAffine(&into.Globals[n.Parent], &local)
		}
		into.Globals[i] = local
	}
}

// JointMatrices writes what each joint of a skin does to a vertex, the node's
// transform times the inverse bind matrix, and returns into, grown where needed.
func (m *Model) JointMatrices(skin int, p *Pose, into []mgl32.Mat4) []mgl32.Mat4 {
	s := &m.Skins[skin]
	into = resize(into, len(s.Joints))
	for i, j := range s.Joints {
		into[i] = mulAffine(&p.Globals[j], &s.InverseBind[i])
	}
	return into
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

func (p *Pose) reset(m *Model) {
	p.Globals = resize(p.Globals, len(m.Nodes))
	p.Weights = resize(p.Weights, len(m.Nodes))
	p.places = resize(p.places, len(m.Nodes))
	total := 0
	for i := range m.Nodes {
		n := &m.Nodes[i]
		p.places[i] = place{n.Translation, n.Rotation, n.Scale}
		total += len(n.Weights)
	}
	p.store = resize(p.store, total)
	rest := p.store
	for i := range m.Nodes {
		w := m.Nodes[i].Weights
		if len(w) == 0 {
			p.Weights[i] = nil
			continue
		}
		copy(rest, w)
		p.Weights[i] = rest[:len(w):len(w)]
		rest = rest[len(w):]
	}
}

func (p *Pose) apply(c *Channel, at float32) {
	l := &p.places[c.Node]
	switch c.Path {
	case Translation:
		c.sample(at, l.t[:])
	case Scale:
		c.sample(at, l.s[:])
	case Rotation:
		var q [4]float32
		c.sample(at, q[:])
		l.r = unitQuat(q)
	case Weights:
		c.sample(at, p.Weights[c.Node])
	}
}

// sample writes the value of the channel at a time (glTF 2.0, appendix C).
func (c *Channel) sample(at float32, out []float32) {
	n, last := len(out), len(c.Times)-1
	stride, skip := n, 0
	if c.Interpolation == CubicSpline {
		stride, skip = 3*n, n
	}
	if at <= c.Times[0] {
		copy(out, c.Values[skip:])
		return
	}
	if at >= c.Times[last] {
		copy(out, c.Values[last*stride+skip:])
		return
	}
	// The last key at or before the time. There is one behind it.
	lo, hi := 0, last
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; c.Times[mid] <= at {
			lo = mid
		} else {
			hi = mid
		}
	}
	a, b := c.Values[lo*stride:(lo+1)*stride], c.Values[hi*stride:(hi+1)*stride]
	step := c.Times[hi] - c.Times[lo]
	u := (at - c.Times[lo]) / step
	switch {
	case c.Interpolation == Step:
		copy(out, a)
	case c.Interpolation == CubicSpline:
		u2, u3 := u*u, u*u*u
		v0, m0, v1, m1 := 2*u3-3*u2+1, step*(u3-2*u2+u), -2*u3+3*u2, step*(u3-u2)
		for i := range out {
			out[i] = v0*a[n+i] + m0*a[2*n+i] + v1*b[n+i] + m1*b[i]
		}
	case c.Path == Rotation:
		slerp(a, b, u, out)
	default:
		for i := range out {
			out[i] = a[i] + u*(b[i]-a[i])
		}
	}
}

// slerp follows the shorter great arc from a to b (Shoemake, 1985).
func slerp(a, b []float32, u float32, out []float32) {
	dot := a[0]*b[0] + a[1]*b[1] + a[2]*b[2] + a[3]*b[3]
	sign := float32(1)
	if dot < 0 {
		dot, sign = -dot, -1
	}
	wa, wb := 1-u, u
	if dot < 0.9995 { // beyond, the sine is too small to divide by
		angle := math.Acos(float64(dot))
		s := 1 / math.Sin(angle)
		wa, wb = float32(math.Sin(float64(1-u)*angle)*s), float32(math.Sin(float64(u)*angle)*s)
	}
	for i := range out {
		out[i] = wa*a[i] + sign*wb*b[i]
	}
}

// unitQuat normalises x, y, z, w; what has no direction does not rotate.
func unitQuat(q [4]float32) mgl32.Quat {
	l := math.Sqrt(float64(q[0])*float64(q[0]) + float64(q[1])*float64(q[1]) +
		float64(q[2])*float64(q[2]) + float64(q[3])*float64(q[3]))
	if !(l > 1e-20) || math.IsInf(l, 0) {
		return mgl32.QuatIdent()
	}
	s := float32(1 / l)
	return mgl32.Quat{W: q[3] * s, V: mgl32.Vec3{q[0] * s, q[1] * s, q[2] * s}}
}

// mulAffine returns a * b for matrices whose last row is 0 0 0 1.
func mulAffine(a, b *mgl32.Mat4) (r mgl32.Mat4) {
	for c := 0; c < 4; c++ {
		x, y, z := b[4*c], b[4*c+1], b[4*c+2]
		r[4*c] = a[0]*x + a[4]*y + a[8]*z
		r[4*c+1] = a[1]*x + a[5]*y + a[9]*z
		r[4*c+2] = a[2]*x + a[6]*y + a[10]*z
	}
	r[12] += a[12]
	r[13] += a[13]
	r[14] += a[14]
	r[15] = 1
	return r
}
