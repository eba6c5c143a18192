package model

import (
	"fmt"
	"math"
	"slices"

	"github.com/go-gl/mathgl/mgl32"
	"github.com/qmuntal/gltf"
)

func (d *gltfDecoder) readMeshes() error {
	// Exporters cut one array of vertices into many primitives by their indices.
	d.shared = map[int]int{}
	primitives := 0
	for _, m := range d.doc.Meshes {
		primitives += len(m.Primitives)
		for _, p := range m.Primitives {
			if p != nil {
				d.shared[p.Attributes[gltf.POSITION]]++
			}
		}
	}
	if primitives > d.l.Items {
		return badGLTF("meshes", "%w", &LimitError{"primitives", int64(d.l.Items)})
	}
	d.meshes = make([][]int, len(d.doc.Meshes))
	for i, m := range d.doc.Meshes {
		for j, p := range m.Primitives {
			where := fmt.Sprintf("meshes[%d].primitives[%d]", i, j)
			if p == nil {
				return badGLTF(where, "it is null; export the file again")
			}
			if _, ok := p.Attributes[gltf.POSITION]; !ok {
				continue // there is nothing to see (section 3.7.2.1)
			}
			if err := d.ctx.Err(); err != nil {
				return err
			}
			mesh, err := d.primitive(p, where)
			if err != nil {
				return err
			}
			d.meshes[i] = append(d.meshes[i], len(d.m.Meshes))
			d.m.Meshes = append(d.m.Meshes, mesh)
		}
	}
	return nil
}

// primitive makes a Mesh of a primitive.
func (d *gltfDecoder) primitive(p *gltf.Primitive, where string) (Mesh, error) {
	mesh := Mesh{Material: -1}
	if p.Material != nil {
		if *p.Material < 0 || *p.Material >= len(d.m.Materials) {
			return mesh, badGLTF(where, "it names material %d, which is not there; export the file again", *p.Material)
		}
		mesh.Material = *p.Material
	}
	if len(p.Targets) > d.l.Targets {
		return mesh, badGLTF(where, "%w", &LimitError{"morph targets", int64(d.l.Targets)})
	}
	position := p.Attributes[gltf.POSITION]
	v, err := d.accessor(position, where+".POSITION", gltf.AccessorVec3)
	if err != nil {
		return mesh, err
	}
	indices, err := d.indices(p, v.count, where)
	if err != nil {
		return mesh, err
	}
	var order []uint32 // the vertices that are used, where others use others
	n := v.count
	if p.Indices != nil && d.shared[position] > 1 {
		if order = distinct(indices); len(order) == n {
			order = nil
		} else {
			n = len(order)
		}
	}
	if d.left.Vertices -= n * (1 + len(p.Targets)); d.left.Vertices < 0 {
		return mesh, badGLTF(where, "%w", &LimitError{"vertices", int64(d.l.Vertices)})
	}
	read := func(name string, broken bool, types ...gltf.AccessorType) ([]float32, *view, error) {
		i, ok := p.Attributes[name]
		if !ok {
			return nil, nil, nil
		}
		return d.attribute(i, where+"."+name, v.count, order, broken, types...)
	}
	if err := d.vertices(&mesh, read); err != nil {
		return mesh, err
	}
	if err := d.targets(&mesh, p, v.count, order, where); err != nil {
		return mesh, err
	}
	if order != nil {
		rename(indices, order)
	}
	if d.left.Indices -= 3 * len(indices); d.left.Indices < 0 {
		return mesh, badGLTF(where, "%w", &LimitError{"indices", int64(d.l.Indices)})
	}
	mesh.Topology, mesh.Indices = resolve(p.Mode, indices)
	uv := -1
	if mesh.Material >= 0 {
		if t := d.m.Materials[mesh.Material].NormalTexture; t.Texture >= 0 {
			uv = t.UV
		}
	}
	if err := mesh.complete(uv, true, &d.left.Vertices); err != nil {
		return mesh, badGLTF(where, "%w", err)
	}
	return mesh, nil
}

// attribute reads what goes with the vertices.
func (d *gltfDecoder) attribute(i int, where string, count int, order []uint32, broken bool, types ...gltf.AccessorType) ([]float32, *view, error) {
	v, err := d.accessor(i, where, types...)
	if err != nil {
		return nil, nil, err
	}
	if v.count != count {
		return nil, nil, badGLTF(where, "it has %d elements for %d vertices; export the file again", v.count, count)
	}
	f, err := v.floats(order, broken)
	return f, v, err
}

func (d *gltfDecoder) vertices(m *Mesh, read func(string, bool, ...gltf.AccessorType) ([]float32, *view, error)) error {
	f, _, err := read(gltf.POSITION, false, gltf.AccessorVec3)
	if err != nil {
		return err
	}
	m.Positions = vec3s(f)
	// Directions that are no numbers are made anew rather than refused: exporters
	// write them for triangles without area.
	if f, _, err = read(gltf.NORMAL, true, gltf.AccessorVec3); err != nil {
		return err
	}
	m.Normals = vec3s(f)
	if f, _, err = read(gltf.TANGENT, true, gltf.AccessorVec4); err != nil {
		return err
	}
	m.Tangents = vec4s(f)
	if f, _, err = read(gltf.TEXCOORD_0, false, gltf.AccessorVec2); err != nil {
		return err
	}
	m.UV0 = vec2s(f)
	if f, _, err = read(gltf.TEXCOORD_1, false, gltf.AccessorVec2); err != nil {
		return err
	}
	m.UV1 = vec2s(f)
	f, v, err := read(gltf.COLOR_0, false, gltf.AccessorVec3, gltf.AccessorVec4)
	if err != nil {
		return err
	}
	if f != nil {
		m.Colors = colors(f, v.components)
	}
	return d.influences(m, read)
}

// influences reads joints and weights. Of eight to a vertex the four that weigh
// most are kept.
func (d *gltfDecoder) influences(m *Mesh, read func(string, bool, ...gltf.AccessorType) ([]float32, *view, error)) error {
	j, v, err := read(gltf.JOINTS_0, false, gltf.AccessorVec4)
	if err != nil || j == nil {
		return err
	}
	if v.normalized || (v.component != gltf.ComponentUbyte && v.component != gltf.ComponentUshort) {
		return badGLTF(v.where, "joints are neither bytes nor shorts; export the file again")
	}
	w, _, err := read(gltf.WEIGHTS_0, false, gltf.AccessorVec4)
	if err != nil {
		return err
	}
	if w == nil {
		return badGLTF(v.where, "it has joints and no weights; export the file again")
	}
	j1, v1, err := read("JOINTS_1", false, gltf.AccessorVec4)
	if err != nil {
		return err
	}
	w1, _, err := read("WEIGHTS_1", false, gltf.AccessorVec4)
	if err != nil {
		return err
	}
	if j1 != nil && (v1.normalized || (v1.component != gltf.ComponentUbyte && v1.component != gltf.ComponentUshort)) {
		return badGLTF(v1.where, "joints are neither bytes nor shorts; export the file again")
	}
	n := len(j) / 4
	m.Joints, m.Weights = make([][4]uint16, n), make([]mgl32.Vec4, n)
	for i := range n {
		var joints [8]uint16
		var weights [8]float32
		for k := range 4 {
			joints[k], weights[k] = uint16(j[4*i+k]), w[4*i+k]
			if j1 != nil && w1 != nil {
				joints[4+k], weights[4+k] = uint16(j1[4*i+k]), w1[4*i+k]
			}
		}
		m.Joints[i], m.Weights[i] = strongest(joints, weights)
	}
	return nil
}

// strongest returns the four largest weights, scaled to a sum of 1. A vertex that
// nothing weighs on goes with its first joint.
func strongest(joints [8]uint16, weights [8]float32) (j [4]uint16, w mgl32.Vec4) {
	for k := range 4 {
		for o := max(4, k+1); o < 8; o++ {
			if weights[o] > weights[k] {
				weights[k], weights[o] = weights[o], weights[k]
				joints[k], joints[o] = joints[o], joints[k]
			}
		}
	}
	var sum float32
	for k := range 4 {
		sum += max(weights[k], 0)
	}
	if !(sum > 1e-12) || math.IsInf(float64(sum), 0) {
		return [4]uint16{joints[0]}, mgl32.Vec4{1}
	}
	for k := range 4 {
		if weights[k] > 0 {
			j[k], w[k] = joints[k], weights[k]/sum
		}
	}
	return j, w
}

func (d *gltfDecoder) targets(m *Mesh, p *gltf.Primitive, count int, order []uint32, where string) error {
	for i, t := range p.Targets {
		var out Target
		for _, part := range []struct {
			name string
			to   *[]mgl32.Vec3
		}{{gltf.POSITION, &out.Positions}, {gltf.NORMAL, &out.Normals}, {gltf.TANGENT, &out.Tangents}} {
			a, ok := t[part.name]
			if !ok {
				continue
			}
			f, _, err := d.attribute(a, fmt.Sprintf("%s.targets[%d].%s", where, i, part.name), count, order, false, gltf.AccessorVec3)
			if err != nil {
				return err
			}
			*part.to = vec3s(f)
		}
		m.Targets = append(m.Targets, out)
	}
	return nil
}

// indices returns those of the primitive, or all vertices in their order.
func (d *gltfDecoder) indices(p *gltf.Primitive, vertices int, where string) ([]uint32, error) {
	if p.Indices == nil {
		if vertices > d.left.Indices || vertices > d.left.Vertices {
			return nil, badGLTF(where, "%w", &LimitError{"vertices", int64(d.l.Vertices)})
		}
		out := make([]uint32, vertices)
		for i := range out {
			out[i] = uint32(i)
		}
		return out, nil
	}
	v, err := d.accessor(*p.Indices, where+".indices", gltf.AccessorScalar)
	if err != nil {
		return nil, err
	}
	switch v.component {
	case gltf.ComponentUbyte, gltf.ComponentUshort, gltf.ComponentUint:
	default:
		return nil, badGLTF(v.where, "indices are no unsigned integers; export the file again")
	}
	if v.count > d.left.Indices {
		return nil, badGLTF(where, "%w", &LimitError{"indices", int64(d.l.Indices)})
	}
	if v.sparse != nil {
		return nil, badGLTF(v.where, "sparse indices are not read; export the file without")
	}
	out := v.uints()
	for i, n := range out {
		if int64(n) >= int64(vertices) {
			return nil, badGLTF(v.where, "index %d is %d, and there are %d vertices; export the file again", i, n, vertices)
		}
	}
	return out, nil
}

// distinct returns the values of s, each once, ascending.
func distinct(s []uint32) []uint32 {
	out := slices.Clone(s)
	slices.Sort(out)
	return slices.Compact(out)
}

// rename replaces values by their place in order, which has them all.
func rename(s, order []uint32) {
	place := make(map[uint32]uint32, len(order))
	for i, v := range order {
		place[v] = uint32(i)
	}
	for i, v := range s {
		s[i] = place[v]
	}
}

// resolve turns strips, fans and loops into single primitives (glTF 2.0, section
// 3.7.2.1, which also orders the corners). What is left over is dropped.
func resolve(mode gltf.PrimitiveMode, in []uint32) (Topology, []uint32) {
	n := len(in)
	var out []uint32
	switch mode {
	case gltf.PrimitivePoints:
		return Points, in
	case gltf.PrimitiveLines:
		return Lines, in[:n/2*2]
	case gltf.PrimitiveLineStrip, gltf.PrimitiveLineLoop:
		for i := 0; i+1 < n; i++ {
			out = append(out, in[i], in[i+1])
		}
		if mode == gltf.PrimitiveLineLoop && n > 2 {
			out = append(out, in[n-1], in[0])
		}
		return Lines, out
	case gltf.PrimitiveTriangleStrip:
		for i := 0; i+2 < n; i++ {
			out = append(out, in[i], in[i+1+i%2], in[i+2-i%2])
		}
		return Triangles, out
	case gltf.PrimitiveTriangleFan:
		for i := 1; i+1 < n; i++ {
			out = append(out, in[i], in[i+1], in[0])
		}
		return Triangles, out
	}
	return Triangles, in[:n/3*3]
}

func vec2s(f []float32) []mgl32.Vec2 {
	if f == nil {
		return nil
	}
	out := make([]mgl32.Vec2, len(f)/2)
	for i := range out {
		out[i] = mgl32.Vec2(f[2*i : 2*i+2])
	}
	return out
}

func vec3s(f []float32) []mgl32.Vec3 {
	if f == nil {
		return nil
	}
	out := make([]mgl32.Vec3, len(f)/3)
	for i := range out {
		out[i] = mgl32.Vec3(f[3*i : 3*i+3])
	}
	return out
}

func vec4s(f []float32) []mgl32.Vec4 {
	if f == nil {
		return nil
	}
	out := make([]mgl32.Vec4, len(f)/4)
	for i := range out {
		out[i] = mgl32.Vec4(f[4*i : 4*i+4])
	}
	return out
}

// colors makes bytes of RGB or RGBA.
func colors(f []float32, components int) [][4]uint8 {
	out := make([][4]uint8, len(f)/components)
	for i := range out {
		out[i][3] = 255
		for k := range components {
			out[i][k] = byte(min(max(f[i*components+k], 0), 1)*255 + 0.5)
		}
	}
	return out
}
