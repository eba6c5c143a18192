package model

import (
	"errors"
	"math"

	"github.com/go-gl/mathgl/mgl32"
)

// complete makes what a mesh lacks: normals, tangents for the texture coordinates
// uv (0 or 1, -1 if no normal map asks for them), and bounds. Flat normals need
// three vertices to a triangle; left is how many vertices more there may be.
func (m *Mesh) complete(uv int, flat bool, left *int) error {
	tangents := m.Tangents
	if m.Normals == nil && m.Topology == Triangles && flat {
		// Without normals the faces are flat, and tangents of the file mean nothing
		// (glTF 2.0, section 3.7.2.1).
		tangents = nil
		if more := len(m.Indices) - len(m.Positions); more > 0 {
			if *left -= more; *left < 0 {
				return errors.New("flat normals need more vertices than the limit allows; export the file with normals")
			}
		}
		m.unshare()
		m.Normals = make([]mgl32.Vec3, len(m.Positions))
	}
	m.Tangents = tangents
	m.fixNormals()
	if m.Tangents == nil && uv >= 0 && m.Topology == Triangles && m.uvs(uv) != nil {
		if err := m.makeTangents(m.uvs(uv), left); err != nil {
			return err
		}
	}
	m.fixTangents()
	return m.bound()
}

func (m *Mesh) uvs(set int) []mgl32.Vec2 {
	if set == 1 {
		return m.UV1
	}
	return m.UV0
}

// gather returns the elements of s that order names.
func gather[T any](s []T, order []uint32) []T {
	if s == nil {
		return nil
	}
	out := make([]T, len(order))
	for i, n := range order {
		out[i] = s[n]
	}
	return out
}

// reorder replaces the vertices by those that order names.
func (m *Mesh) reorder(order []uint32) {
	m.Positions = gather(m.Positions, order)
	m.Normals = gather(m.Normals, order)
	m.Tangents = gather(m.Tangents, order)
	m.UV0, m.UV1 = gather(m.UV0, order), gather(m.UV1, order)
	m.Colors = gather(m.Colors, order)
	m.Joints, m.Weights = gather(m.Joints, order), gather(m.Weights, order)
	for i := range m.Targets {
		t := &m.Targets[i]
		t.Positions, t.Normals, t.Tangents = gather(t.Positions, order), gather(t.Normals, order), gather(t.Tangents, order)
	}
}

// unshare gives each corner a vertex of its own.
func (m *Mesh) unshare() {
	m.reorder(m.Indices)
	for i := range m.Indices {
		m.Indices[i] = uint32(i)
	}
}

// direction returns v at length 1; ok is false if it has no direction. The sum is
// of float64, in which no float32 squared overflows.
func direction(v mgl32.Vec3) (mgl32.Vec3, bool) {
	x, y, z := float64(v[0]), float64(v[1]), float64(v[2])
	l := math.Sqrt(x*x + y*y + z*z)
	if !(l > 1e-30) || math.IsInf(l, 0) {
		return mgl32.Vec3{}, false
	}
	return mgl32.Vec3{float32(x / l), float32(y / l), float32(z / l)}, true
}

// cross64 is the cross product of b-a and c-a, whose length is twice the area of
// the triangle.
func cross64(a, b, c mgl32.Vec3) (x, y, z float64) {
	ux, uy, uz := float64(b[0])-float64(a[0]), float64(b[1])-float64(a[1]), float64(b[2])-float64(a[2])
	vx, vy, vz := float64(c[0])-float64(a[0]), float64(c[1])-float64(a[1]), float64(c[2])-float64(a[2])
	return uy*vz - uz*vy, uz*vx - ux*vz, ux*vy - uy*vx
}

// fixNormals brings all normals to length 1. One that has no direction becomes
// the mean of its triangles, weighted by area, or +Z where they have none.
func (m *Mesh) fixNormals() {
	if m.Normals == nil {
		m.Normals = make([]mgl32.Vec3, len(m.Positions))
	}
	broken := false
	for i, n := range m.Normals {
		var ok bool
		if m.Normals[i], ok = direction(n); !ok {
			m.Normals[i], broken = mgl32.Vec3{}, true
		}
	}
	if !broken {
		return
	}
	sums := make([][3]float64, len(m.Positions))
	if m.Topology == Triangles {
		for i := 0; i+2 < len(m.Indices); i += 3 {
			a, b, c := m.Indices[i], m.Indices[i+1], m.Indices[i+2]
			x, y, z := cross64(m.Positions[a], m.Positions[b], m.Positions[c])
			for _, v := range [3]uint32{a, b, c} {
				s := &sums[v]
				s[0], s[1], s[2] = s[0]+x, s[1]+y, s[2]+z
			}
		}
	}
	for i, n := range m.Normals {
		if n != (mgl32.Vec3{}) {
			continue
		}
		m.Normals[i] = mgl32.Vec3{0, 0, 1}
		s := sums[i]
		if l := math.Sqrt(s[0]*s[0] + s[1]*s[1] + s[2]*s[2]); l > 1e-300 && !math.IsInf(l, 0) {
			m.Normals[i] = mgl32.Vec3{float32(s[0] / l), float32(s[1] / l), float32(s[2] / l)}
		}
	}
}

// fixTangents brings all tangents to length 1 and their sign to 1 or -1. What has
// no direction gets one across the normal.
func (m *Mesh) fixTangents() {
	if m.Tangents == nil {
		m.Tangents = make([]mgl32.Vec4, len(m.Positions))
	}
	for i, t := range m.Tangents {
		v, ok := direction(t.Vec3())
		if !ok {
			v = across(m.Normals[i])
		}
		w := float32(1)
		if t[3] < 0 {
			w = -1
		}
		m.Tangents[i] = v.Vec4(w)
	}
}

// across returns a unit vector at a right angle to the unit vector n, without a
// branch that would tear it at a pole (Duff et al., "Building an Orthonormal
// Basis, Revisited", 2017).
func across(n mgl32.Vec3) mgl32.Vec3 {
	sign := float32(math.Copysign(1, float64(n[2])))
	a := -1 / (sign + n[2])
	return mgl32.Vec3{1 + sign*n[0]*n[0]*a, sign * n[0] * n[1] * a, -sign * n[0]}
}

var errHuge = errors.New("it is too large for 32 bit floats; scale it down and export it again")

// bound computes Min and Max. Each morph target may be at weight 0 or 1.
func (m *Mesh) bound() error {
	if len(m.Positions) == 0 {
		m.Min, m.Max = mgl32.Vec3{}, mgl32.Vec3{}
		return nil
	}
	inf := float32(math.Inf(1))
	m.Min, m.Max = mgl32.Vec3{inf, inf, inf}, mgl32.Vec3{-inf, -inf, -inf}
	for i, p := range m.Positions {
		lo, hi := p, p
		for j := range m.Targets {
			if m.Targets[j].Positions == nil {
				continue
			}
			d := m.Targets[j].Positions[i]
			for k := range 3 {
				lo[k] += min(d[k], 0)
				hi[k] += max(d[k], 0)
			}
		}
		for k := range 3 {
			m.Min[k], m.Max[k] = min(m.Min[k], lo[k]), max(m.Max[k], hi[k])
		}
	}
	for k := range 3 {
		if size := m.Max[k] - m.Min[k]; size-size != 0 {
			return errHuge
		}
	}
	return nil
}

// bound computes Min and Max of the model in its default pose.
func (m *Model) bound() error {
	pose := m.Default()
	for _, g := range pose.Globals {
		for _, f := range g {
			if f-f != 0 {
				return errHuge
			}
		}
	}
	inf := float32(math.Inf(1))
	lo, hi := mgl32.Vec3{inf, inf, inf}, mgl32.Vec3{-inf, -inf, -inf}
	type skinned struct{ skin, mesh int }
	done := map[skinned]bool{} // where the node is does not matter to these
	for i := range m.Nodes {
		n := &m.Nodes[i]
		for _, k := range n.Meshes {
			mesh := &m.Meshes[k]
			if n.Skin < 0 || mesh.Joints == nil {
				grow(&lo, &hi, &pose.Globals[i], mesh)
			} else if pair := (skinned{n.Skin, k}); !done[pair] {
				done[pair] = true
				m.growSkinned(&lo, &hi, pose, &m.Skins[n.Skin], mesh)
			}
		}
	}
	if lo[0] > hi[0] {
		return nil
	}
	for k := range 3 {
		if size := hi[k] - lo[k]; size-size != 0 {
			return errHuge
		}
	}
	m.Min, m.Max = lo, hi
	return nil
}

// growSkinned extends a box by what the joints that move a mesh make of the whole
// of it: a skinned vertex is within that.
func (m *Model) growSkinned(lo, hi *mgl32.Vec3, pose *Pose, s *Skin, mesh *Mesh) {
	used := make([]bool, len(s.Joints))
	for i, j := range mesh.Joints {
		for k, w := range mesh.Weights[i] {
			if w > 0 {
				used[j[k]] = true
			}
		}
	}
	for j, u := range used {
		if u {
			t := mulAffine(&pose.Globals[s.Joints[j]], &s.InverseBind[j])
			grow(lo, hi, &t, mesh)
		}
	}
}

// grow extends a box by that of a mesh under a transform (Arvo, "Transforming
// axis-aligned bounding boxes", 1990).
func grow(lo, hi *mgl32.Vec3, t *mgl32.Mat4, m *Mesh) {
	if len(m.Positions) == 0 {
		return
	}
	for r := range 3 {
		a, b := t[12+r], t[12+r]
		for c := range 3 {
			x, y := t[4*c+r]*m.Min[c], t[4*c+r]*m.Max[c]
			a, b = a+min(x, y), b+max(x, y)
		}
		lo[r], hi[r] = min(lo[r], a), max(hi[r], b)
	}
}
