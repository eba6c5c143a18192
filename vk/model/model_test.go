package model

import (
	"context"
	"fmt"
	"math"
	"os"
	"path"
	"testing"

	"github.com/go-gl/mathgl/mgl32"
)

// samples is where Debian's assimp-testmodels puts the files that its authors
// collected.
const samples = "/usr/share/assimp/models"

// decodeSample reads a sample with its neighbours.
func decodeSample(t testing.TB, name string) (*Model, error) {
	t.Helper()
	return decodeFile(t, samples, name)
}

func decodeFile(t testing.TB, dir, name string) (*Model, error) {
	t.Helper()
	fsys := os.DirFS(dir)
	data, err := os.ReadFile(path.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return Decode(context.Background(), data, neighbours(fsys, name, Limits{}.withDefaults()), Limits{})
}

// checkWhole fails the test if a model breaks one of the promises of the package.
func checkWhole(t testing.TB, m *Model) {
	t.Helper()
	for i := range m.Meshes {
		if err := wholeMesh(&m.Meshes[i]); err != nil {
			t.Fatalf("mesh %d: %v", i, err)
		}
		if k := m.Meshes[i].Material; k < -1 || k >= len(m.Materials) {
			t.Fatalf("mesh %d has material %d of %d", i, k, len(m.Materials))
		}
	}
	for i := range m.Materials {
		for _, r := range m.Materials[i].refs() {
			if r.Texture < -1 || r.Texture >= len(m.Textures) || r.UV < 0 || r.UV > 1 {
				t.Fatalf("material %d has texture %d of %d, set %d", i, r.Texture, len(m.Textures), r.UV)
			}
			if r.Texture >= 0 && (!finite(r.Offset[:]) || !finite(r.Scale[:]) || !finite([]float32{r.Rotation})) {
				t.Fatalf("material %d has a transform that is not finite", i)
			}
		}
		b := &m.Materials[i]
		if !finite(b.BaseColor[:]) || !finite(b.Emissive[:]) || !finite([]float32{b.Metallic, b.Roughness, b.NormalScale, b.OcclusionStrength, b.AlphaCutoff}) {
			t.Fatalf("material %d has a factor that is not finite", i)
		}
	}
	for i, x := range m.Textures {
		if x.Picture < -1 || x.Picture >= len(m.Pictures) {
			t.Fatalf("texture %d has picture %d of %d", i, x.Picture, len(m.Pictures))
		}
	}
	for i := range m.Pictures {
		if err := wholePicture(&m.Pictures[i]); err != nil {
			t.Fatalf("picture %d: %v", i, err)
		}
	}
	for i := range m.Nodes {
		n := &m.Nodes[i]
		if n.Parent >= i || n.Parent < -1 || n.Skin >= len(m.Skins) || n.Light >= len(m.Lights) {
			t.Fatalf("node %d has parent %d, skin %d, light %d", i, n.Parent, n.Skin, n.Light)
		}
		for _, k := range n.Meshes {
			mesh := &m.Meshes[k]
			if len(mesh.Targets) > len(n.Weights) {
				t.Fatalf("node %d has %d weights for %d targets", i, len(n.Weights), len(mesh.Targets))
			}
			for _, j := range mesh.Joints {
				if n.Skin >= 0 && int(max(j[0], j[1], j[2], j[3])) >= len(m.Skins[n.Skin].Joints) {
					t.Fatalf("node %d: joints %v of %d", i, j, len(m.Skins[n.Skin].Joints))
				}
			}
		}
	}
	for i, s := range m.Skins {
		if len(s.Joints) != len(s.InverseBind) {
			t.Fatalf("skin %d has %d joints and %d matrices", i, len(s.Joints), len(s.InverseBind))
		}
		for _, j := range s.Joints {
			if j < 0 || j >= len(m.Nodes) {
				t.Fatalf("skin %d has joint %d of %d nodes", i, j, len(m.Nodes))
			}
		}
	}
	var p Pose
	for a := -1; a < len(m.Animations); a++ {
		for _, at := range []float32{-1, 0, 0.3, 1e9, float32(math.NaN())} {
			m.Pose(a, at, &p)
		}
	}
	if !finite(m.Min[:]) || !finite(m.Max[:]) || m.Min[0] > m.Max[0] {
		t.Fatalf("bounds %v %v", m.Min, m.Max)
	}
}

func finite(f []float32) bool {
	for _, v := range f {
		if v-v != 0 {
			return false
		}
	}
	return true
}

func wholePicture(p *Picture) error {
	if p.Width < 1 || p.Height < 1 || (p.Faces != 1 && p.Faces != 6) || len(p.Pixels) != p.Width*p.Height*p.Faces*p.Format.Bytes() {
		return fmt.Errorf("%d by %d, %d faces of %v in %d bytes", p.Width, p.Height, p.Faces, p.Format, len(p.Pixels))
	}
	return nil
}

func wholeMesh(m *Mesh) error {
	n := len(m.Positions)
	for name, l := range map[string]int{
		"UV0": len(m.UV0), "UV1": len(m.UV1), "colors": len(m.Colors), "joints": len(m.Joints), "weights": len(m.Weights),
	} {
		if l != 0 && l != n {
			return fmt.Errorf("%d %s for %d vertices", l, name, n)
		}
	}
	if len(m.Normals) != n || len(m.Tangents) != n {
		return fmt.Errorf("%d normals, %d tangents, %d vertices", len(m.Normals), len(m.Tangents), n)
	}
	for i := range n {
		p, nor, tan := m.Positions[i], m.Normals[i], m.Tangents[i]
		if !finite(p[:]) {
			return fmt.Errorf("vertex %d is at %v", i, p)
		}
		for k := range 3 {
			if p[k] < m.Min[k] || p[k] > m.Max[k] {
				return fmt.Errorf("vertex %d at %v is outside of %v %v", i, p, m.Min, m.Max)
			}
		}
		if l := nor.Len(); !(math.Abs(float64(l)-1) < 1e-4) {
			return fmt.Errorf("normal %d has length %v", i, l)
		}
		if l := tan.Vec3().Len(); !(math.Abs(float64(l)-1) < 1e-4) || (tan[3] != 1 && tan[3] != -1) {
			return fmt.Errorf("tangent %d is %v", i, tan)
		}
	}
	for i, w := range m.Weights {
		if sum := w[0] + w[1] + w[2] + w[3]; !(math.Abs(float64(sum)-1) < 1e-4) {
			return fmt.Errorf("weights %d are %v", i, w)
		}
	}
	for _, s := range [][]mgl32.Vec2{m.UV0, m.UV1} {
		for i := range s {
			if !finite(s[i][:]) {
				return fmt.Errorf("texture coordinate %d is %v", i, s[i])
			}
		}
	}
	for i, k := range m.Indices {
		if int(k) >= n {
			return fmt.Errorf("index %d is %d of %d", i, k, n)
		}
	}
	if per := [...]int{Triangles: 3, Lines: 2, Points: 1}[m.Topology]; len(m.Indices)%per != 0 {
		return fmt.Errorf("%d indices of %v", len(m.Indices), m.Topology)
	}
	for i, t := range m.Targets {
		for _, s := range [][]mgl32.Vec3{t.Positions, t.Normals, t.Tangents} {
			if s != nil && len(s) != n {
				return fmt.Errorf("target %d has %d of %d vertices", i, len(s), n)
			}
			for k := range s {
				if !finite(s[k][:]) {
					return fmt.Errorf("target %d, vertex %d is %v", i, k, s[k])
				}
			}
		}
	}
	return nil
}

func near(a, b, within float32) bool { return float32(math.Abs(float64(a-b))) <= within }

func nearVec(a, b mgl32.Vec3, within float32) bool {
	return near(a[0], b[0], within) && near(a[1], b[1], within) && near(a[2], b[2], within)
}
