package model

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/go-gl/mathgl/mgl32"
	"github.com/udhos/gwob"
)

func decodeOBJText(t testing.TB, files map[string]string) (*Model, error) {
	t.Helper()
	fsys := fstest.MapFS{}
	for n, s := range files {
		fsys[n] = &fstest.MapFile{Data: []byte(s)}
	}
	return Decode(context.Background(), []byte(files["a.obj"]), neighbours(fsys, "a.obj", Limits{}.withDefaults()), Limits{})
}

// area sums what the triangles of a mesh cover, seen along its normals.
func area(m *Mesh) (a float64) {
	for i := 0; i+2 < len(m.Indices); i += 3 {
		x, y, z := cross64(m.Positions[m.Indices[i]], m.Positions[m.Indices[i+1]], m.Positions[m.Indices[i+2]])
		a += math.Sqrt(x*x+y*y+z*z) / 2
	}
	return a
}

// Polygons are cut into triangles that cover them once: the sum of the areas is
// that of the polygon, in any plane.
func TestOBJPolygons(t *testing.T) {
	spin := mgl32.AnglesToQuat(0.7, 1.9, -0.4, mgl32.XYZ)
	for name, c := range map[string]struct {
		points []mgl32.Vec2
		area   float64
	}{
		"quad":      {[]mgl32.Vec2{{0, 0}, {2, 0}, {2, 1}, {0, 1}}, 2},
		"arrow":     {[]mgl32.Vec2{{0, 0}, {2, 2}, {0, 1}, {-2, 2}}, 2},
		"L":         {[]mgl32.Vec2{{0, 0}, {2, 0}, {2, 1}, {1, 1}, {1, 2}, {0, 2}}, 3},
		"comb":      {[]mgl32.Vec2{{0, 0}, {5, 0}, {5, 3}, {4, 3}, {4, 1}, {3, 1}, {3, 3}, {2, 3}, {2, 1}, {1, 1}, {1, 3}, {0, 3}}, 11},
		"on a line": {[]mgl32.Vec2{{0, 0}, {1, 0}, {2, 0}, {2, 2}, {1, 1}, {0, 2}}, 3},
	} {
		var s strings.Builder
		for _, p := range c.points {
			v := spin.Rotate(mgl32.Vec3{p[0], p[1], 5})
			fmt.Fprintf(&s, "v %v %v %v\n", v[0], v[1], v[2])
		}
		s.WriteString("f")
		for i := range c.points {
			s.WriteString(" " + strconv.Itoa(i+1))
		}
		m, err := decodeOBJText(t, map[string]string{"a.obj": s.String()})
		if err != nil {
			t.Fatal(err)
		}
		checkWhole(t, m)
		mesh := &m.Meshes[0]
		if got := area(mesh); got < c.area-1e-4 || got > c.area+1e-4 {
			t.Errorf("%s covers %v, want %v", name, got, c.area)
		}
		if len(mesh.Indices) != 3*(len(c.points)-2) {
			t.Errorf("%s has %d corners", name, len(mesh.Indices))
		}
		if want := spin.Rotate(mgl32.Vec3{0, 0, 1}); !nearVec(mesh.Normals[0], want, 1e-4) {
			t.Errorf("%s faces %v, want %v", name, mesh.Normals[0], want)
		}
	}
}

// A smoothing group shares normals over an edge, "off" does not, and another group
// neither.
func TestOBJSmoothing(t *testing.T) {
	const roof = "v 0 0 0\nv 0 0 1\nv 1 1 0\nv 1 1 1\nv 2 0 0\nv 2 0 1\n"
	for _, c := range []struct {
		faces    string
		vertices int
	}{
		{"f 1 2 4 3\nf 3 4 6 5\n", 8}, {"s off\nf 1 2 4 3\nf 3 4 6 5\n", 8}, {"s 1\nf 1 2 4 3\nf 3 4 6 5\n", 6}, {"s 1\nf 1 2 4 3\ns 2\nf 3 4 6 5\n", 8},
	} {
		m, err := decodeOBJText(t, map[string]string{"a.obj": roof + c.faces})
		if err != nil {
			t.Fatal(err)
		}
		mesh := &m.Meshes[0]
		if len(mesh.Positions) != c.vertices {
			t.Errorf("%q has %d vertices, want %d", c.faces, len(mesh.Positions), c.vertices)
		}
		for i, p := range mesh.Positions {
			if c.vertices == 6 && p[0] == 1 && !nearVec(mesh.Normals[i], mgl32.Vec3{0, 1, 0}, 1e-6) {
				t.Errorf("the ridge has %v", mesh.Normals[i])
			}
		}
	}
}

func TestMTL(t *testing.T) {
	grey := func(v byte) string {
		p := gradient(4, 4)
		for i := range p.Pix {
			p.Pix[i] = v
			if i%4 == 3 {
				p.Pix[i] = 255
			}
		}
		return string(encodePNG(t, p))
	}
	files := map[string]string{
		"a.obj": "mtllib my materials.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\n" +
			"usemtl classic\nf 1/1 2/2 3/3\nusemtl pbr one\nf 1/1 2/2 3/3\nusemtl glass\nf 1/1 2/2 3/3\nusemtl nowhere\nf 1/1 2/2 3/3\n",
		"my materials.mtl": "# c\nnewmtl classic\nKd 0.5 0.25 0.125\nNs 30\nmap_Kd -s 2 3 1 -o 0.5 0 -clamp on tex/a b.png\nmap_Bump -bm 2 tex\\h.png\n" +
			"newmtl pbr one\nKd 1 1 1\nPr 0.3\nPm 1\nKe 4 2 1\nmap_Pr tex/r.png\nmap_Pm tex/m.png\nnorm tex/n.png\n" +
			"newmtl glass\nKd 1 1 1\nd 0.5\nmap_d tex/r.png\n" +
			"newmtl unused\nmap_Kd missing.png\n",
		"tex/a b.png": string(encodePNG(t, gradient(4, 4))), "tex/h.png": grey(128), "tex/r.png": grey(77), "tex/m.png": grey(33), "tex/n.png": string(encodePNG(t, gradient(4, 4))),
	}
	m, err := decodeOBJText(t, files)
	if err != nil {
		t.Fatal(err)
	}
	checkWhole(t, m)
	if len(m.Materials) != 3 || len(m.Meshes) != 4 || m.Meshes[3].Material != -1 {
		t.Fatalf("%d materials, %d meshes", len(m.Materials), len(m.Meshes))
	}
	pixel := func(r TextureRef) []byte { return m.Pictures[m.Textures[r.Texture].Picture].Pixels[:4] }
	c := m.Materials[0]
	if c.BaseColor != (mgl32.Vec4{0.5, 0.25, 0.125, 1}) || c.Metallic != 0 || !near(c.Roughness, 0.5, 1e-6) {
		t.Errorf("classic is %+v", c)
	}
	if r := c.BaseColorTexture; r.Scale != (mgl32.Vec2{2, 3}) || r.Offset != (mgl32.Vec2{0.5, -2}) || m.Textures[r.Texture].Wrap != [2]Wrap{Clamp, Clamp} {
		t.Errorf("its texture is %+v", r)
	}
	if got := pixel(c.NormalTexture); got[0] != 128 || got[1] != 128 || got[2] != 255 {
		t.Errorf("an even height gives %v", got)
	}
	c = m.Materials[1]
	if c.Emissive != (mgl32.Vec3{4, 2, 1}) || c.Roughness != 1 || c.Metallic != 1 {
		t.Errorf("pbr is %+v", c)
	}
	if got := pixel(c.MetallicRoughnessTexture); got[1] != 77 || got[2] != 33 {
		t.Errorf("roughness and metal are %v", got)
	}
	c = m.Materials[2]
	if c.AlphaMode != Blend || c.BaseColor[3] != 0.5 {
		t.Errorf("glass is %+v", c)
	}
	if got := pixel(c.BaseColorTexture); got[0] != 255 || got[3] < 76 || got[3] > 77 {
		t.Errorf("its opacity is %v", got)
	}
	delete(files, "tex/r.png")
	var format *FormatError
	if _, err := decodeOBJText(t, files); !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &format) || format.Format != "MTL" || !strings.Contains(err.Error(), `material "pbr one": it needs "tex/r.png"`) {
		t.Errorf("got %v", err)
	}
}

func TestOBJText(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"v 0 0 0\r\nv 1 0 0\r\nv 0 1 0\r\nf -3 -2 -1\r\n", ""},
		{"v 0 0 0 # zero\nv 1 0 \\\n 0\nv 0 1 0\nf 1 2 3#", `"3#" is no index`},
		{"v 0 0 0\nv 1 0 \\\n 0\nv 0 1 0\nf 1 \\\n2 3 # last", ""},
		{"\ufeffv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1// 2// 3//\n", ""},
		{"v 0 0 0 2\nv 1e3 +.5 -0.\nv 0 1 0\np 1 2 3\nl 1 2 3\n", ""},
		{"v 0 0\n", "line 1: a vertex has fewer than three numbers"},
		{"v 0 0 nan\n", `line 1: "nan" is no finite number`},
		{"v 0 0 1e99\n", `"1e99" is no finite number`},
		{"v 0 0 0\nf 1 2 3\n", "line 2: index 2 is not there: so far there are 1 vertices"},
		{"v 0 0 0\nf 0 0 0\n", "index 0 is not there"},
		{"v 0 0 0\nf -2\n", "index -2 is not there"},
		{"v 0 0 0\nf /\n", "a corner names no vertex"},
		{"v 0 0 0\nf 1/7\n", "index 7 is not there: so far there are 0 texture coordinates"},
		{"v 0 0 0\nf 99999999999999999999\n", "is no index"},
		{"vn 0 1\n", "a normal has fewer"},
		{"g empty\n", "it has no faces"},
		{"v 0 0 0\ncurv 0 1\n", "free-form curves"},
		{"mtllib x.mtl\nv 0 0 0\np 1\n", `it needs "x.mtl"`},
		{"v 3e38 0 0\nv -3e38 0 0\np 1 2\n", "too large for 32 bit floats"},
	} {
		_, err := Decode(context.Background(), []byte(c.text), nil, Limits{})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%q: %v", c.text, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%q: got %v, want %q", c.text, err, c.want)
		}
	}
	for _, c := range []struct {
		text string
		l    Limits
		want string
	}{
		{"v 0 0 0\nv 0 0 0\nv 0 0 0\n", Limits{Vertices: 2}, "line 3: more than 2 vertices"},
		{"v 0 0 0\nf 1 1 1 1\n", Limits{Indices: 3}, "more than 3 corners"},
		{"o a\no b\no c\nv 0 0 0\np 1\n", Limits{Items: 2}, "more than 2 objects"},
		{"v 0 0 0\nv 1 1 1\np 1 2\n", Limits{Bytes: 10}, "more than 10 bytes"},
	} {
		if _, err := Decode(context.Background(), []byte(c.text), nil, c.l); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.text, err, c.want)
		}
	}
}

// The short way of reading numbers gives what strconv gives.
func TestParseFloat(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	check := func(s string) {
		t.Helper()
		want, err := strconv.ParseFloat(s, 32)
		got, ok := parseFloat([]byte(s))
		if ok != (err == nil) || (ok && !near(got, float32(want), float32(math.Abs(want))*6e-8)) {
			t.Errorf("%q is %v, %v; strconv says %v, %v", s, got, ok, want, err)
		}
	}
	for _, s := range []string{"0", "-0", "+1", ".5", "5.", "-.5", ".", "-", "+", "", "1e5", "1e-5", "1.5E+3", "1e", "--1", "1.2.3", "12a",
		"0.000000000000000000000000001", "123456789012345678901234567890", "0.1234567890123456789", "1e400", "00000000000000000000001.5"} {
		check(s)
	}
	for range 20000 {
		check(strconv.FormatFloat((r.Float64()-0.5)*math.Pow(10, float64(r.IntN(20)-8)), "feg"[r.IntN(3)], r.IntN(12), 64))
	}
}

// Another parser finds the same triangles in the samples that both read.
func TestOBJAgainstGwob(t *testing.T) {
	for _, name := range []string{"OBJ/spider.obj", "OBJ/box.obj", "OBJ/WusonOBJ.obj"} {
		m, err := decodeSample(t, name)
		if err != nil {
			t.Fatal(err)
		}
		o, err := gwob.NewObjFromFile(samples+"/"+name, &gwob.ObjParserOptions{})
		if err != nil {
			t.Fatal(err)
		}
		corners, total := 0, 0.0
		for i := range m.Meshes {
			corners += len(m.Meshes[i].Indices)
			total += area(&m.Meshes[i])
		}
		at := func(i int) mgl32.Vec3 {
			x, y, z := o.VertexCoordinates(o.Indices[i])
			return mgl32.Vec3{x, y, z}
		}
		want := 0.0
		for i := 0; i+2 < len(o.Indices); i += 3 {
			x, y, z := cross64(at(i), at(i+1), at(i+2))
			want += math.Sqrt(x*x+y*y+z*z) / 2
		}
		if corners != len(o.Indices) || math.Abs(total-want) > 1e-4*want {
			t.Errorf("%s: %d corners that cover %v; gwob says %d and %v", name, corners, total, len(o.Indices), want)
		}
	}
}
