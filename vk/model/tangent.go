package model

import (
	"errors"
	"math"

	"github.com/go-gl/mathgl/mgl32"
)

// tangentCorners is the state of makeTangents. A corner is a place in Indices.
type tangentCorners struct {
	m      *Mesh
	uv     []mgl32.Vec2
	welded []uint32     // by vertex: the first one that is equal to it
	side   []int8       // by triangle: the sign of its area in the texture, 0 for none
	along  []mgl32.Vec3 // by triangle: where u grows
	group  []int32      // by corner: a forest; the root stands for the group
	sums   []mgl32.Vec3 // by root
}

// makeTangents computes Tangents the way of MikkTSpace (Mikkelsen, "Simulation of
// Wrinkled Surfaces Revisited", 2008, which glTF asks for):
//
//   - vertices of equal position, normal and texture coordinate are one;
//   - around a vertex, triangles that share an edge and are not mirrored against
//     each other in the texture form a group, which is an island's part there;
//   - a group's tangent is the mean of its triangles' directions of u, each laid
//     into the plane of the normal and weighted by its angle at the vertex;
//   - a vertex that is in several groups is split.
//
// Unlike the original, a triangle without area in the texture takes the group of
// another one at the same vertex. The sign is 1 where the texture is not mirrored,
// v growing downwards.
func (m *Mesh) makeTangents(uv []mgl32.Vec2, left *int) error {
	t := &tangentCorners{m: m, uv: uv}
	t.weld()
	t.directions()
	t.join()
	t.sum()
	return t.assign(left)
}

func (t *tangentCorners) weld() {
	type key struct {
		p, n mgl32.Vec3
		uv   mgl32.Vec2
	}
	t.welded = make([]uint32, len(t.m.Positions))
	seen := make(map[key]uint32, len(t.m.Positions))
	for i := range t.welded {
		k := key{t.m.Positions[i], t.m.Normals[i], t.uv[i]}
		first, ok := seen[k]
		if !ok {
			first = uint32(i)
			seen[k] = first
		}
		t.welded[i] = first
	}
}

func (t *tangentCorners) directions() {
	in := t.m.Indices
	t.side, t.along = make([]int8, len(in)/3), make([]mgl32.Vec3, len(in)/3)
	for i := range t.side {
		a, b, c := in[3*i], in[3*i+1], in[3*i+2]
		u0, u1, u2 := t.uv[a], t.uv[b], t.uv[c]
		s1, t1 := float64(u1[0])-float64(u0[0]), float64(u1[1])-float64(u0[1])
		s2, t2 := float64(u2[0])-float64(u0[0]), float64(u2[1])-float64(u0[1])
		area := s1*t2 - s2*t1
		p, q, r := t.m.Positions[a], t.m.Positions[b], t.m.Positions[c]
		var d [3]float64
		for k := range 3 {
			d[k] = t2*(float64(q[k])-float64(p[k])) - t1*(float64(r[k])-float64(p[k]))
		}
		l := math.Sqrt(d[0]*d[0] + d[1]*d[1] + d[2]*d[2])
		if !(math.Abs(area) > 1e-30) || !(l > 1e-30) || math.IsInf(l, 0) {
			continue
		}
		t.side[i] = 1
		if area < 0 {
			t.side[i], l = -1, -l
		}
		t.along[i] = mgl32.Vec3{float32(d[0] / l), float32(d[1] / l), float32(d[2] / l)}
	}
}

func (t *tangentCorners) find(c int32) int32 {
	for t.group[c] != c {
		t.group[c] = t.group[t.group[c]]
		c = t.group[c]
	}
	return c
}

func (t *tangentCorners) union(a, b int32) {
	a, b = t.find(a), t.find(b)
	t.group[max(a, b)] = min(a, b)
}

// join makes the groups of corners.
func (t *tangentCorners) join() {
	in := t.m.Indices
	t.group = make([]int32, len(in))
	for i := range t.group {
		t.group[i] = int32(i)
	}
	edges := make(map[[2]uint32]int32, len(in)) // from, to: the corner at from
	for c := range t.group {
		tri := c / 3
		if t.side[tri] == 0 {
			continue
		}
		next := 3*tri + (c+1)%3
		from, to := t.welded[in[c]], t.welded[in[next]]
		other, ok := edges[[2]uint32{to, from}]
		if !ok {
			edges[[2]uint32{from, to}] = int32(c)
			continue
		}
		// An edge joins two triangles; a third one finds it taken.
		delete(edges, [2]uint32{to, from})
		if t.side[other/3] != t.side[tri] {
			continue
		}
		t.union(int32(c), 3*(other/3)+(other+1)%3)
		t.union(int32(next), other)
	}
	// Corners of triangles without area in the texture go with a neighbour.
	good := map[uint32]int32{}
	lost := false
	for c, v := range in {
		if t.side[c/3] == 0 {
			lost = true
		} else if _, ok := good[t.welded[v]]; !ok {
			good[t.welded[v]] = int32(c)
		}
	}
	for c := 0; lost && c < len(in); c++ {
		if t.side[c/3] == 0 {
			if g, ok := good[t.welded[in[c]]]; ok {
				t.group[c] = t.find(g)
			}
		}
	}
}

// sum adds up the directions of each group.
func (t *tangentCorners) sum() {
	in := t.m.Indices
	t.sums = make([]mgl32.Vec3, len(in))
	for c := range in {
		tri := c / 3
		if t.side[tri] == 0 {
			continue
		}
		v := in[c]
		n, p := t.m.Normals[v], t.m.Positions[v]
		d, ok := direction(within(t.along[tri], n))
		if !ok {
			continue
		}
		a, ok1 := direction(within(t.m.Positions[in[3*tri+(c+1)%3]].Sub(p), n))
		b, ok2 := direction(within(t.m.Positions[in[3*tri+(c+2)%3]].Sub(p), n))
		if !ok1 || !ok2 {
			continue
		}
		angle := float32(math.Acos(float64(max(-1, min(1, a.Dot(b))))))
		g := t.find(int32(c))
		t.sums[g] = t.sums[g].Add(d.Mul(angle))
	}
}

// within lays v into the plane at a right angle to n.
func within(v, n mgl32.Vec3) mgl32.Vec3 { return v.Sub(n.Mul(n.Dot(v))) }

// assign gives each vertex the tangent of its group, and splits those of several.
func (t *tangentCorners) assign(left *int) error {
	in := t.m.Indices
	order := make([]uint32, len(t.m.Positions))
	of := make([]int32, len(order)) // by vertex: its group
	for i := range order {
		order[i], of[i] = uint32(i), -1
	}
	type split struct {
		vertex uint32
		group  int32
	}
	splits := map[split]uint32{}
	for c, v := range in {
		g := t.find(int32(c))
		switch of[v] {
		case -1:
			of[v] = g
			continue
		case g:
			continue
		}
		to, ok := splits[split{v, g}]
		if !ok {
			if *left -= 1 + len(t.m.Targets); *left < 0 {
				return errors.New("the seams of its texture need more vertices than the limit allows; export the file with tangents")
			}
			to = uint32(len(order))
			splits[split{v, g}] = to
			order, of = append(order, v), append(of, g)
		}
		in[c] = to
	}
	if len(order) > len(t.m.Positions) {
		t.m.reorder(order)
	}
	t.m.Tangents = make([]mgl32.Vec4, len(order))
	for i, g := range of {
		if g < 0 {
			continue
		}
		w := float32(1)
		if t.side[g/3] > 0 {
			w = -1
		}
		t.m.Tangents[i] = t.sums[g].Vec4(w)
	}
	return nil
}
