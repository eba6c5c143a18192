package model

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/go-gl/mathgl/mgl32"
)

// maxPolygon is how many corners a polygon with a notch may have: cutting it takes
// the square of that. Convex ones are not bounded.
const maxPolygon = 512

// refs reads the corners of a line: v, v/t, v//n or v/t/n, counted from 1, or from
// -1 backwards.
func (d *objDecoder) refs(line []byte) ([]objCorner, error) {
	d.face = d.face[:0]
	for {
		var word []byte
		if word, line = objWord(line); len(word) == 0 {
			break
		}
		c := objCorner{-1, -1, -1}
		for part, to := range [...]*int32{&c.v, &c.t, &c.n} {
			i := 0
			for i < len(word) && word[i] != '/' {
				i++
			}
			have := [...]int{len(d.positions), len(d.uvs), len(d.normals)}[part]
			if i > 0 {
				n, err := strconv.ParseInt(string(word[:i]), 10, 32)
				switch {
				case err != nil:
					return nil, fmt.Errorf("%q is no index; export the file again", shortWord(word))
				case n < 0:
					n += int64(have)
				default:
					n--
				}
				if n < 0 || n >= int64(have) {
					return nil, fmt.Errorf("index %s is not there: so far there are %d %s; export the file again",
						shortWord(word[:i]), have, [...]string{"vertices", "texture coordinates", "normals"}[part])
				}
				*to = int32(n)
			}
			if i == len(word) {
				word = nil
				break
			}
			word = word[i+1:]
		}
		if c.v < 0 {
			return nil, errors.New("a corner names no vertex; export the file again")
		}
		d.face = append(d.face, c)
		if d.corners++; d.corners > d.l.Indices {
			return nil, &LimitError{"corners", int64(d.l.Indices)}
		}
	}
	return d.face, d.ctx.Err()
}

// add appends to the group of the current object and material.
func (d *objDecoder) add(t Topology, corners ...objCorner) error {
	k := d.key
	k.topology = t
	g := d.group[k]
	if g == nil {
		if len(d.groups) >= d.l.Items {
			return &LimitError{"meshes", int64(d.l.Items)}
		}
		g = &objGroup{objKey: k}
		d.group[k] = g
		d.groups = append(d.groups, g)
	}
	g.corners = append(g.corners, corners...)
	return nil
}

func (d *objDecoder) points(rest []byte) error {
	c, err := d.refs(rest)
	if err != nil {
		return err
	}
	return d.add(Points, c...)
}

func (d *objDecoder) polyline(rest []byte) error {
	c, err := d.refs(rest)
	for i := 0; err == nil && i+1 < len(c); i++ {
		err = d.add(Lines, c[i], c[i+1])
	}
	return err
}

func (d *objDecoder) polygon(rest []byte) error {
	c, err := d.refs(rest)
	if err != nil {
		return err
	}
	switch len(c) { // with fewer corners it is met in the wild, and is no area
	case 1:
		return d.add(Points, c...)
	case 2:
		return d.add(Lines, c...)
	case 0:
		return errors.New("a face has no corners; export the file again")
	}
	// Newell's normal: its length is twice the area, concave or not.
	var nx, ny, nz float64
	for i := range c {
		a, b := d.positions[c[i].v], d.positions[c[(i+1)%len(c)].v]
		nx += (float64(a[1]) - float64(b[1])) * (float64(a[2]) + float64(b[2]))
		ny += (float64(a[2]) - float64(b[2])) * (float64(a[0]) + float64(b[0]))
		nz += (float64(a[0]) - float64(b[0])) * (float64(a[1]) + float64(b[1]))
	}
	d.faceNormals(c, nx, ny, nz)
	if len(d.normals) > d.l.Vertices {
		return &LimitError{"normals", int64(d.l.Vertices)}
	}
	if len(c) == 3 {
		return d.add(Triangles, c...)
	}
	return d.cut(c, nx, ny, nz)
}

// faceNormals gives normals to corners that have none: that of the face, or in a
// smoothing group the sum over all its faces at the vertex, weighted by area.
func (d *objDecoder) faceNormals(c []objCorner, x, y, z float64) {
	flat := int32(-1)
	// The sum must stay finite in float32; the size of an area beyond does not count.
	l := math.Sqrt(x*x + y*y + z*z)
	if most := 1e30; l > most {
		x, y, z = x/l*most, y/l*most, z/l*most
	}
	n := mgl32.Vec3{float32(x), float32(y), float32(z)}
	if n[0]-n[0] != 0 || n[1]-n[1] != 0 || n[2]-n[2] != 0 {
		n = mgl32.Vec3{}
	}
	for i := range c {
		if c[i].n >= 0 {
			continue
		}
		if d.smooth == 0 {
			if flat < 0 {
				unit, _ := direction(n)
				flat = int32(len(d.normals))
				d.normals = append(d.normals, unit)
			}
			c[i].n = flat
			continue
		}
		k := objSmooth{c[i].v, d.smooth}
		at, ok := d.smoothed[k]
		if !ok {
			at = int32(len(d.normals))
			d.smoothed[k] = at
			d.normals = append(d.normals, mgl32.Vec3{})
		}
		d.normals[at] = d.normals[at].Add(n)
		c[i].n = at
	}
}

// cut makes triangles of a polygon: a fan if it is convex, else ears are cut off
// in its plane (Meisters, 1975).
func (d *objDecoder) cut(c []objCorner, nx, ny, nz float64) error {
	// Drop the axis along which the polygon is thinnest, and keep the winding.
	type point struct{ x, y float64 }
	flat := make([]point, len(c))
	ax, ay, az := math.Abs(nx), math.Abs(ny), math.Abs(nz)
	for i := range c {
		p := d.positions[c[i].v]
		x, y, z := float64(p[0]), float64(p[1]), float64(p[2])
		switch {
		case ax >= ay && ax >= az:
			flat[i] = point{y * math.Copysign(1, nx), z}
		case ay >= az:
			flat[i] = point{z * math.Copysign(1, ny), x}
		default:
			flat[i] = point{x * math.Copysign(1, nz), y}
		}
	}
	turn := func(a, b, c point) float64 { return (b.x-a.x)*(c.y-a.y) - (b.y-a.y)*(c.x-a.x) }
	left := make([]int, len(c))
	convex := true
	for i := range left {
		left[i] = i
		n := len(c)
		convex = convex && turn(flat[i], flat[(i+1)%n], flat[(i+2)%n]) >= 0
	}
	if !convex && len(c) > maxPolygon {
		return &LimitError{"corners of a polygon that is not convex", maxPolygon}
	}
	// Each round looks at one corner. One that is no ear waits for the next time;
	// if none is left that is one, the polygon crosses itself, and a fan must do.
	for misses, i := 0, 0; !convex && len(left) > 3 && misses < len(left); {
		n := len(left)
		a, b, e := left[(i+n-1)%n], left[i%n], left[(i+1)%n]
		ear := turn(flat[a], flat[b], flat[e]) > 0
		for _, o := range left {
			if !ear {
				break
			}
			p := flat[o]
			if o == a || o == b || o == e || p == flat[a] || p == flat[b] || p == flat[e] {
				continue
			}
			if turn(flat[a], flat[b], p) >= 0 && turn(flat[b], flat[e], p) >= 0 && turn(flat[e], flat[a], p) >= 0 {
				ear = false
			}
		}
		if !ear {
			misses, i = misses+1, (i+1)%n
			continue
		}
		if err := d.add(Triangles, c[a], c[b], c[e]); err != nil {
			return err
		}
		left = append(left[:i%n], left[i%n+1:]...)
		misses, i = 0, i%len(left)
	}
	for i := 1; i+1 < len(left); i++ {
		if err := d.add(Triangles, c[left[0]], c[left[i]], c[left[i+1]]); err != nil {
			return err
		}
	}
	return nil
}

// model makes a mesh of each group and a node of each object.
func (d *objDecoder) model() (*Model, [][]byte, error) {
	if len(d.groups) == 0 && len(d.positions) <= d.l.Indices {
		for i := range d.positions { // a cloud of points
			if err := d.add(Points, objCorner{int32(i), -1, -1}); err != nil {
				return nil, nil, err
			}
		}
	}
	if len(d.groups) == 0 {
		return nil, nil, errors.New("it has no faces, lines or points; export it again")
	}
	t := &mtlDecoder{obj: d, m: new(Model), textures: map[mtlTexture]int{}, pictures: map[string]int{}, index: map[string]int{}}
	if err := t.read(); err != nil {
		return nil, nil, err
	}
	m := t.m
	left := d.l.Vertices
	nodes := map[int]int{}
	for _, g := range d.groups {
		if err := d.ctx.Err(); err != nil {
			return nil, nil, err
		}
		mesh, err := d.mesh(g, &left)
		if err != nil {
			return nil, nil, err
		}
		uv := -1
		if name := d.materials[g.material]; name != "" {
			if i, ok := t.index[name]; ok {
				mesh.Material = i
				for _, r := range m.Materials[i].refs() {
					if r.Texture >= 0 && mesh.UV0 == nil {
						mesh.UV0 = make([]mgl32.Vec2, len(mesh.Positions)) // glTF wants a texture to have some
					}
				}
				if m.Materials[i].NormalTexture.Texture >= 0 {
					uv = 0
				}
			}
		}
		if err := mesh.complete(uv, false, &left); err != nil {
			return nil, nil, err
		}
		n, ok := nodes[g.object]
		if !ok {
			n = len(m.Nodes)
			nodes[g.object] = n
			m.Nodes = append(m.Nodes, Node{
				Name: d.objects[g.object], Parent: -1, Rotation: mgl32.QuatIdent(), Scale: mgl32.Vec3{1, 1, 1}, Skin: -1, Light: -1,
			})
		}
		m.Nodes[n].Meshes = append(m.Nodes[n].Meshes, len(m.Meshes))
		m.Meshes = append(m.Meshes, mesh)
	}
	return m, t.files, m.bound()
}

func (d *objDecoder) mesh(g *objGroup, left *int) (Mesh, error) {
	m := Mesh{Material: -1, Topology: g.topology, Indices: make([]uint32, len(g.corners))}
	seen := make(map[objCorner]uint32, len(g.corners)/2)
	var order []objCorner
	uv, normals := false, false
	for i, c := range g.corners {
		at, ok := seen[c]
		if !ok {
			at = uint32(len(order))
			seen[c] = at
			order = append(order, c)
			uv, normals = uv || c.t >= 0, normals || c.n >= 0
		}
		m.Indices[i] = at
	}
	if *left -= len(order); *left < 0 {
		return m, &LimitError{"vertices", int64(d.l.Vertices)}
	}
	m.Positions = make([]mgl32.Vec3, len(order))
	if uv {
		m.UV0 = make([]mgl32.Vec2, len(order))
	}
	if normals {
		m.Normals = make([]mgl32.Vec3, len(order))
	}
	if d.colors != nil {
		m.Colors = make([][4]uint8, len(order))
	}
	for i, c := range order {
		m.Positions[i] = d.positions[c.v]
		if c.t >= 0 {
			m.UV0[i] = d.uvs[c.t]
		}
		if c.n >= 0 {
			m.Normals[i] = d.normals[c.n]
		}
		if d.colors != nil {
			m.Colors[i] = d.colors[c.v]
		}
	}
	return m, nil
}
