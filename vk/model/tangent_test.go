package model

import (
	"bytes"
	"encoding/json"
	"math"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/go-gl/mathgl/mgl32"
)

// mikktspace returns what the original computes for each corner of a mesh.
func mikktspace(t *testing.T, m *Mesh, uv []mgl32.Vec2) []mgl32.Vec4 {
	t.Helper()
	var in struct {
		Position []float32 `json:"position"`
		Normal   []float32 `json:"normal"`
		Texcoord []float32 `json:"texcoord"`
	}
	for _, v := range m.Indices {
		p, n := m.Positions[v], m.Normals[v]
		in.Position = append(in.Position, p[:]...)
		in.Normal = append(in.Normal, n[:]...)
		in.Texcoord = append(in.Texcoord, uv[v][:]...)
	}
	line, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", filepath.Join(fixtures, "mikktspace", "driver.js"))
	cmd.Stdin = bytes.NewReader(append(line, '\n'))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v; it needs Node: apt-get install nodejs", err)
	}
	var f []float32
	if err := json.Unmarshal(out, &f); err != nil {
		t.Fatal(err)
	}
	if len(f) != 4*len(m.Indices) {
		t.Fatalf("%d numbers for %d corners", len(f), len(m.Indices))
	}
	return vec4s(f)
}

// sphere has the seam and the poles at which tangents go wrong.
func sphere(rows, columns int) *Mesh {
	m := &Mesh{Material: -1}
	for y := 0; y <= rows; y++ {
		for x := 0; x <= columns; x++ {
			u, v := float64(x)/float64(columns), float64(y)/float64(rows)
			s, c := math.Sincos(2 * math.Pi * u)
			r, h := math.Sincos(math.Pi * v)
			if y == rows {
				r = 0 // and not nearly
			}
			n := mgl32.Vec3{float32(r * c), float32(h), float32(-r * s)}
			m.Positions, m.Normals = append(m.Positions, n.Mul(2)), append(m.Normals, n)
			m.UV0 = append(m.UV0, mgl32.Vec2{float32(u), float32(v)})
		}
	}
	for y := 0; y < rows; y++ {
		for x := 0; x < columns; x++ {
			a := uint32(y*(columns+1) + x)
			b := a + uint32(columns) + 1
			m.Indices = append(m.Indices, a, b, a+1, a+1, b, b+1)
		}
	}
	return m
}

// folded is a roof whose two sides are mirror images in the texture, as models are
// whose halves share one.
func folded() *Mesh {
	up, _ := direction(mgl32.Vec3{0, 1, 0.3})
	m := &Mesh{Material: -1, Indices: []uint32{0, 2, 1, 1, 2, 3, 2, 4, 3, 3, 4, 5}}
	for _, v := range []struct{ x, y, u float32 }{{-1, 0, 1}, {0, 0.5, 0}, {1, 0, 1}} {
		for z := range 2 {
			m.Positions = append(m.Positions, mgl32.Vec3{v.x, v.y, float32(-z)})
			m.Normals = append(m.Normals, up)
			m.UV0 = append(m.UV0, mgl32.Vec2{v.u, float32(z) * 0.7})
		}
	}
	return m
}

func clone(m *Mesh) *Mesh {
	c := *m
	c.Indices = append([]uint32(nil), m.Indices...)
	return &c
}

// The tangents are those of MikkTSpace, with the sign that v growing downwards
// turns over. Poles of the sphere, where triangles have no area, are left out.
func TestTangentsAreMikkTSpace(t *testing.T) {
	meshes := map[string]*Mesh{"sphere": sphere(12, 16), "roof": folded()}
	for name, file := range map[string]string{
		"test plate": "glTF2/ClearCoat-glTF/ClearCoatTest.gltf", "controller": "",
	} {
		m, err := decodeFile(t, fixtures, "controller.glb")
		if file != "" {
			m, err = decodeSample(t, file)
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range m.Meshes {
			if x := &m.Meshes[i]; x.UV0 != nil && len(x.Indices) > 3000 && len(x.Indices) < 20000 {
				meshes[name] = clone(x)
			}
		}
	}
	if len(meshes) != 4 {
		t.Fatalf("%d meshes to compare", len(meshes))
	}
	for name, m := range meshes {
		want := mikktspace(t, m, m.UV0)
		left := 1 << 20
		before := len(m.Positions)
		if err := m.makeTangents(m.UV0, &left); err != nil {
			t.Fatal(err)
		}
		m.fixTangents()
		if err := m.bound(); err != nil {
			t.Fatal(err)
		}
		if err := wholeMesh(m); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		compared, off := 0, 0
		worst := float32(1)
		for i := 0; i+2 < len(m.Indices); i += 3 {
			a, b, c := m.Indices[i], m.Indices[i+1], m.Indices[i+2]
			x, y, z := cross64(m.Positions[a], m.Positions[b], m.Positions[c])
			if x*x+y*y+z*z < 1e-16 {
				continue
			}
			for k, v := range [3]uint32{a, b, c} {
				compared++
				dot := m.Tangents[v].Vec3().Dot(want[i+k].Vec3())
				worst = min(worst, dot)
				if dot < 0.9998 || m.Tangents[v][3] != -want[i+k][3] { // about a degree
					off++
				}
			}
		}
		t.Logf("%s: %d corners, %d off, worst cosine %.6f, %d vertices more", name, compared, off, worst, len(m.Positions)-before)
		if compared == 0 || off > compared/200 {
			t.Errorf("%s: %d of %d corners are off", name, off, compared)
		}
	}
}

// Where a texture is mirrored the vertices on the fold are split, and only they.
func TestMirroredTextureSplitsVertices(t *testing.T) {
	m := folded()
	left := 100
	if err := m.makeTangents(m.UV0, &left); err != nil {
		t.Fatal(err)
	}
	m.fixTangents()
	if len(m.Positions) != 8 || left != 98 {
		t.Fatalf("%d vertices, %d left", len(m.Positions), left)
	}
	signs := map[float32]int{}
	for _, v := range m.Tangents {
		signs[v[3]]++
	}
	if signs[1] != 4 || signs[-1] != 4 {
		t.Fatalf("signs %v", signs)
	}
	left = 1
	if err := folded().makeTangents(m.UV0, &left); err == nil {
		t.Fatal("vertices beyond the limit were made")
	}
}

// A surface that shows a picture upright has its tangent to the right, and with
// its normal and the sign that makes the way up.
func TestTangentsOfUprightPicture(t *testing.T) {
	m := &Mesh{
		Positions: []mgl32.Vec3{{0, 0, 0}, {1, 0, 0}, {0, 1, 0}},
		Normals:   []mgl32.Vec3{{0, 0, 1}, {0, 0, 1}, {0, 0, 1}},
		UV0:       []mgl32.Vec2{{0, 1}, {1, 1}, {0, 0}}, Indices: []uint32{0, 1, 2},
	}
	left := 10
	if err := m.makeTangents(m.UV0, &left); err != nil {
		t.Fatal(err)
	}
	m.fixTangents()
	for i, v := range m.Tangents {
		up := m.Normals[i].Cross(v.Vec3()).Mul(v[3])
		if !nearVec(v.Vec3(), mgl32.Vec3{1, 0, 0}, 1e-6) || !nearVec(up, mgl32.Vec3{0, 1, 0}, 1e-6) {
			t.Errorf("tangent %v, up %v", v, up)
		}
	}
}
