package model

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	encoder "github.com/gen2brain/webp"
	"github.com/go-gl/mathgl/mgl32"
)

// builder writes glTF files for tests: one buffer as a data: URI, a view and an
// accessor for each array.
type builder struct {
	doc  map[string]any
	body []byte
	n    map[string]int
}

type js = map[string]any

func newBuilder() *builder {
	return &builder{doc: js{"asset": js{"version": "2.0"}}, n: map[string]int{}}
}

func (b *builder) add(list string, v any) int {
	all, _ := b.doc[list].([]any)
	b.doc[list] = append(all, v)
	return len(all)
}

func (b *builder) view(data any) int {
	for len(b.body)%4 != 0 {
		b.body = append(b.body, 0)
	}
	at := len(b.body)
	var buf bytes.Buffer
	if err := binary.Write(&buf, binary.LittleEndian, data); err != nil {
		panic(err)
	}
	b.body = append(b.body, buf.Bytes()...)
	return b.add("bufferViews", js{"buffer": 0, "byteOffset": at, "byteLength": buf.Len()})
}

// accessor adds an array: data is a slice of numbers, kind SCALAR, VEC3, ...
func (b *builder) accessor(data any, kind string, extra js) int {
	types := map[string]int{
		"[]int8": 5120, "[]uint8": 5121, "[]int16": 5122, "[]uint16": 5123, "[]uint32": 5125, "[]float32": 5126,
	}
	per := map[string]int{"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
	a := js{"bufferView": b.view(data), "componentType": types[fmt.Sprintf("%T", data)], "type": kind, "count": binary.Size(data) / sizeOf(data) / per[kind]}
	for k, v := range extra {
		a[k] = v
	}
	return b.add("accessors", a)
}

func sizeOf(data any) int {
	return map[string]int{"[]int8": 1, "[]uint8": 1, "[]int16": 2, "[]uint16": 2, "[]uint32": 4, "[]float32": 4}[fmt.Sprintf("%T", data)]
}

// triangle adds a mesh of one primitive and a node for it.
func (b *builder) triangle(attributes js, extra js) {
	if attributes["POSITION"] == nil {
		attributes["POSITION"] = b.accessor([]float32{0, 0, 0, 1, 0, 0, 0, 1, 0}, "VEC3", nil)
	}
	p := js{"attributes": attributes}
	for k, v := range extra {
		p[k] = v
	}
	b.add("nodes", js{"mesh": b.add("meshes", js{"primitives": []any{p}})})
}

func (b *builder) bytes() []byte {
	if len(b.body) > 0 {
		b.doc["buffers"] = []any{js{"byteLength": len(b.body), "uri": "data:application/octet-stream;base64," + base64.StdEncoding.EncodeToString(b.body)}}
	}
	raw, err := json.Marshal(b.doc)
	if err != nil {
		panic(err)
	}
	return raw
}

func (b *builder) decode(t testing.TB) *Model {
	t.Helper()
	m, err := Decode(context.Background(), b.bytes(), nil, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	checkWhole(t, m)
	return m
}

func (b *builder) refused(t testing.TB, l Limits, want string) {
	t.Helper()
	_, err := Decode(context.Background(), b.bytes(), nil, l)
	var format *FormatError
	if !errors.As(err, &format) || !strings.Contains(err.Error(), want) {
		t.Fatalf("got %v, want a FormatError with %q", err, want)
	}
}

// Integers of every width, as they are and normalized, give the same triangle.
func TestComponentTypes(t *testing.T) {
	for _, c := range []struct {
		data       any
		normalized bool
		scale      float32
	}{
		{[]float32{0, 0, 0, 1, 0, 0, 0, -1, 0}, false, 1},
		{[]int8{0, 0, 0, 127, 0, 0, 0, -127, 0}, true, 1},
		{[]int8{0, 0, 0, 127, 0, 0, 0, -128, 0}, true, 1}, // both are -1
		{[]int16{0, 0, 0, 32767, 0, 0, 0, -32767, 0}, true, 1},
		{[]int8{0, 0, 0, 100, 0, 0, 0, -100, 0}, false, 100},
		{[]int16{0, 0, 0, 1000, 0, 0, 0, -1000, 0}, false, 1000},
	} {
		b := newBuilder()
		b.doc["extensionsRequired"] = []string{"KHR_mesh_quantization"}
		b.triangle(js{"POSITION": b.accessor(c.data, "VEC3", js{"normalized": c.normalized})}, nil)
		m := b.decode(t)
		want := []mgl32.Vec3{{0, 0, 0}, {c.scale, 0, 0}, {0, -c.scale, 0}}
		for i, p := range m.Meshes[0].Positions {
			if !nearVec(p, want[i], 1e-6*c.scale) {
				t.Errorf("%T normalized %v: vertex %d is %v, want %v", c.data, c.normalized, i, p, want[i])
			}
		}
	}
	for _, c := range []struct {
		data any
		kind string
	}{
		{[]uint8{255, 0, 51, 255, 0, 51, 255, 0, 51}, "VEC3"},
		{[]uint16{65535, 0, 13107, 65535, 65535, 0, 13107, 65535, 65535, 0, 13107, 65535}, "VEC4"},
		{[]float32{1.5, -1, 0.2, 1, 0, 0.2, 1, 0, 0.2}, "VEC3"},
	} {
		b := newBuilder()
		b.triangle(js{"COLOR_0": b.accessor(c.data, c.kind, js{"normalized": true})}, nil)
		for i, got := range b.decode(t).Meshes[0].Colors {
			if got != [4]uint8{255, 0, 51, 255} {
				t.Errorf("%T %s: colour %d is %v", c.data, c.kind, i, got)
			}
		}
	}
	for _, indices := range []any{[]uint8{2, 1, 0}, []uint16{2, 1, 0}, []uint32{2, 1, 0}} {
		b := newBuilder()
		b.triangle(js{"NORMAL": b.accessor([]float32{0, 0, 1, 0, 0, 1, 0, 0, 1}, "VEC3", nil)}, js{"indices": b.accessor(indices, "SCALAR", nil)})
		if got := b.decode(t).Meshes[0].Indices; got[0] != 2 || got[1] != 1 || got[2] != 0 {
			t.Errorf("%T: %v", indices, got)
		}
	}
}

// Sparse accessors replace some elements, of a view or of zeros; so do those of
// vertices of which a primitive uses a part.
func TestSparse(t *testing.T) {
	b := newBuilder()
	at := b.view([]uint16{1, 3})
	values := b.view([]float32{7, 0, 0, 0, 9, 0})
	sparse := js{"count": 2, "indices": js{"bufferView": at, "componentType": 5123}, "values": js{"bufferView": values}}
	onView := b.accessor([]float32{0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3}, "VEC3", js{"sparse": sparse})
	onZeros := b.add("accessors", js{"componentType": 5126, "type": "VEC3", "count": 4, "sparse": sparse})
	normals := b.accessor([]float32{0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1}, "VEC3", nil)
	points := js{"mode": 0}
	b.triangle(js{"POSITION": onView, "NORMAL": normals}, points)
	b.triangle(js{"POSITION": onZeros, "NORMAL": normals}, points)
	part := js{"mode": 0, "indices": b.accessor([]uint8{3, 2, 3}, "SCALAR", nil)}
	b.triangle(js{"POSITION": onView, "NORMAL": normals}, part)
	m := b.decode(t)
	for i, want := range [][]mgl32.Vec3{
		{{0, 0, 0}, {7, 0, 0}, {2, 2, 2}, {0, 9, 0}}, {{0, 0, 0}, {7, 0, 0}, {0, 0, 0}, {0, 9, 0}}, {{2, 2, 2}, {0, 9, 0}},
	} {
		if got := m.Meshes[i].Positions; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("mesh %d: %v, want %v", i, got, want)
		}
	}
	if got := m.Meshes[2].Indices; fmt.Sprint(got) != "[1 0 1]" {
		t.Errorf("indices %v", got)
	}
	for _, bad := range [][]uint16{{3, 1}, {1, 4}, {2, 2}} {
		b := newBuilder()
		sparse := js{"count": 2, "indices": js{"bufferView": b.view(bad), "componentType": 5123}, "values": js{"bufferView": b.view(make([]float32, 6))}}
		b.triangle(js{"POSITION": b.add("accessors", js{"componentType": 5126, "type": "VEC3", "count": 4, "sparse": sparse})}, points)
		b.refused(t, Limits{}, "do not ascend within 4 elements")
	}
}

// A stride leaves room between elements; an element that ends behind its view is
// refused, the last one that just fits is not.
func TestStride(t *testing.T) {
	for _, c := range []struct {
		offset, count int
		ok            bool
	}{{0, 3, true}, {4, 3, true}, {8, 3, false}, {0, 4, false}, {1 << 40, 3, false}, {-4, 3, false}, {0, 1 << 31, false}} {
		b := newBuilder()
		v := b.view([]float32{0, 0, 0, -1, 1, 0, 0, -1, 0, 1, 0, -1})
		b.doc["bufferViews"].([]any)[v].(js)["byteStride"] = 16
		b.triangle(js{"POSITION": b.add("accessors", js{"bufferView": v, "byteOffset": c.offset, "componentType": 5126, "type": "VEC3", "count": c.count})}, nil)
		if !c.ok {
			b.refused(t, Limits{}, "accessors[0]")
			continue
		}
		if p := b.decode(t).Meshes[0].Positions; len(p) != 3 {
			t.Errorf("%+v: %v", c, p)
		}
	}
}

// Faces without normals are flat: corners are not shared, and tangents of the file
// do not count.
func TestFlatNormals(t *testing.T) {
	b := newBuilder()
	b.triangle(js{
		"POSITION": b.accessor([]float32{0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}, "VEC3", nil),
		"TANGENT":  b.accessor([]float32{0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1}, "VEC4", nil),
	}, js{"indices": b.accessor([]uint8{0, 1, 2, 0, 3, 1}, "SCALAR", nil)})
	m := b.decode(t)
	mesh := &m.Meshes[0]
	if len(mesh.Positions) != 6 {
		t.Fatalf("%d vertices", len(mesh.Positions))
	}
	for i, want := range []mgl32.Vec3{{0, 0, 1}, {0, 0, 1}, {0, 0, 1}, {0, 1, 0}, {0, 1, 0}, {0, 1, 0}} {
		if mesh.Normals[i] != want {
			t.Errorf("normal %d is %v, want %v", i, mesh.Normals[i], want)
		}
		if d := mesh.Tangents[i].Vec3().Dot(want); !near(d, 0, 1e-6) {
			t.Errorf("tangent %d is %v", i, mesh.Tangents[i])
		}
	}
	b.refused(t, Limits{Vertices: 5}, "flat normals need more vertices")
}

// A matrix is taken apart where that is exact, also with a mirror, and kept where
// it shears; a node that an animation drives cannot be one that shears.
func TestMatrixNodes(t *testing.T) {
	rot := mgl32.AnglesToQuat(0.3, -1.2, 2.5, mgl32.XYZ)
	for _, c := range []struct {
		name  string
		m     mgl32.Mat4
		fixed bool
	}{
		{"translation", mgl32.Translate3D(1, 2, 3), false},
		{"all", compose(mgl32.Vec3{1, -2, 3}, rot, mgl32.Vec3{2, 3, 0.5}), false},
		{"mirror", compose(mgl32.Vec3{1, -2, 3}, rot, mgl32.Vec3{2, -3, 0.5}), false},
		{"half turn", compose(mgl32.Vec3{}, mgl32.QuatRotate(math.Pi, mgl32.Vec3{0, 1, 0}), mgl32.Vec3{1, 1, 1}), false},
		{"small", compose(mgl32.Vec3{}, rot, mgl32.Vec3{1e-5, 1e-5, 1e-5}), false},
		{"shear", mgl32.ShearX3D(0.5, 0.2), true},
		{"flat", mgl32.Scale3D(1, 0, 1), true},
	} {
		b := newBuilder()
		b.add("nodes", js{"matrix": c.m})
		m := b.decode(t)
		n := &m.Nodes[0]
		if n.Fixed != c.fixed {
			t.Errorf("%s: fixed is %v", c.name, n.Fixed)
		}
		got := n.Local()
		for i := range got {
			if !near(got[i], c.m[i], 1e-5) {
				t.Fatalf("%s: got\n%v, want\n%v", c.name, got, c.m)
			}
		}
	}
	b := newBuilder()
	b.add("nodes", js{"matrix": mgl32.ShearX3D(0.5, 0.2)})
	b.add("animations", js{
		"samplers": []any{js{"input": b.accessor([]float32{0}, "SCALAR", nil), "output": b.accessor([]float32{0, 0, 0}, "VEC3", nil)}},
		"channels": []any{js{"sampler": 0, "target": js{"node": 0, "path": "scale"}}},
	})
	b.refused(t, Limits{}, "it drives a node with a matrix that shears")
}

// Parents come before children whatever the order of the file; what the scene does
// not show has no meshes, and still can be a joint.
func TestNodeOrder(t *testing.T) {
	b := newBuilder()
	b.add("nodes", js{"name": "leaf"})                                  // 0
	b.add("nodes", js{"name": "mid", "children": []int{0}})             // 1
	b.add("nodes", js{"name": "root", "children": []int{1}})            // 2
	b.add("nodes", js{"name": "hidden", "mesh": 0})                     // 3
	b.add("nodes", js{"name": "shown", "mesh": 0, "children": []int{}}) // 4
	b.add("meshes", js{"primitives": []any{js{"attributes": js{"POSITION": b.accessor(make([]float32, 9), "VEC3", nil)}}}})
	b.add("skins", js{"joints": []int{0, 2}})
	b.add("scenes", js{"nodes": []int{}})
	b.add("scenes", js{"nodes": []int{2, 4}})
	b.doc["scene"] = 1
	m := b.decode(t)
	names := map[string]*Node{}
	for i := range m.Nodes {
		n := &m.Nodes[i]
		names[n.Name] = n
	}
	for child, parent := range map[string]string{"leaf": "mid", "mid": "root"} {
		if p := names[child].Parent; p < 0 || m.Nodes[p].Name != parent {
			t.Errorf("%s is below %d", child, p)
		}
	}
	if len(names["hidden"].Meshes) != 0 || len(names["shown"].Meshes) != 1 {
		t.Errorf("hidden %v, shown %v", names["hidden"].Meshes, names["shown"].Meshes)
	}
	if j := m.Skins[0].Joints; m.Nodes[j[0]].Name != "leaf" || m.Nodes[j[1]].Name != "root" {
		t.Errorf("joints %v", j)
	}
}

// All that a material can say arrives.
func TestMaterial(t *testing.T) {
	picture := "data:image/png;base64," + base64.StdEncoding.EncodeToString(encodePNG(t, gradient(2, 2)))
	b := newBuilder()
	b.doc["extensionsUsed"] = []string{"KHR_texture_transform", "KHR_materials_unlit", "KHR_materials_emissive_strength", "VENDOR_unknown"}
	b.add("images", js{"uri": picture})
	b.add("samplers", js{"wrapS": 33071, "wrapT": 33648, "magFilter": 9728, "minFilter": 9985})
	b.add("samplers", js{"minFilter": 9728})
	b.add("textures", js{"source": 0, "sampler": 0})
	b.add("textures", js{"source": 0, "sampler": 1})
	b.add("textures", js{"source": 0})
	b.add("materials", js{
		"name": "all", "alphaMode": "MASK", "alphaCutoff": 0.25, "doubleSided": true, "emissiveFactor": []float32{1, 0.5, 0.25},
		"pbrMetallicRoughness": js{
			"baseColorFactor": []float32{0.1, 0.2, 0.3, 0.4}, "metallicFactor": 0.5, "roughnessFactor": 0.75,
			"baseColorTexture": js{"index": 0, "texCoord": 0, "extensions": js{"KHR_texture_transform": js{
				"offset": []float32{0.5, 0.25}, "scale": []float32{2, 3}, "rotation": 1.5, "texCoord": 1,
			}}},
			"metallicRoughnessTexture": js{"index": 1, "texCoord": 1},
		},
		"normalTexture":    js{"index": 2, "scale": 0.5},
		"occlusionTexture": js{"index": 1, "strength": 0.125},
		"emissiveTexture":  js{"index": 2, "texCoord": 5},
		"extensions":       js{"KHR_materials_unlit": js{}, "KHR_materials_emissive_strength": js{"emissiveStrength": 4}, "VENDOR_unknown": js{"a": 1}},
	})
	b.add("materials", js{})
	m := b.decode(t)
	got := m.Materials[0]
	one := mgl32.Vec2{1, 1}
	want := Material{
		Name: "all", BaseColor: mgl32.Vec4{0.1, 0.2, 0.3, 0.4}, Metallic: 0.5, Roughness: 0.75, NormalScale: 0.5, OcclusionStrength: 0.125,
		Emissive: mgl32.Vec3{4, 2, 1}, AlphaMode: Mask, AlphaCutoff: 0.25, DoubleSided: true, Unlit: true,
		BaseColorTexture:         TextureRef{0, 1, mgl32.Vec2{0.5, 0.25}, mgl32.Vec2{2, 3}, 1.5},
		MetallicRoughnessTexture: TextureRef{1, 1, mgl32.Vec2{}, one, 0},
		NormalTexture:            TextureRef{2, 0, mgl32.Vec2{}, one, 0},
		OcclusionTexture:         TextureRef{1, 0, mgl32.Vec2{}, one, 0},
		EmissiveTexture:          TextureRef{-1, 0, mgl32.Vec2{}, one, 0}, // there is no sixth set
	}
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if fmt.Sprintf("%+v", m.Materials[1]) != fmt.Sprintf("%+v", DefaultMaterial()) {
		t.Errorf("an empty material is %+v", m.Materials[1])
	}
	if len(m.Pictures) != 1 {
		t.Errorf("%d pictures", len(m.Pictures))
	}
	for i, want := range []Texture{
		{0, [2]Wrap{Clamp, Mirror}, FilterNearest, FilterLinear, true, FilterNearest},
		{0, [2]Wrap{}, FilterLinear, FilterNearest, false, FilterLinear},
		{0, [2]Wrap{}, FilterLinear, FilterLinear, true, FilterLinear},
	} {
		if m.Textures[i] != want {
			t.Errorf("texture %d is %+v, want %+v", i, m.Textures[i], want)
		}
	}
}

func TestLights(t *testing.T) {
	b := newBuilder()
	b.doc["extensionsRequired"] = []string{"KHR_lights_punctual"}
	b.doc["extensions"] = js{"KHR_lights_punctual": js{"lights": []any{
		js{"type": "directional", "color": []float32{1, 0.5, 0}, "intensity": 3},
		js{"type": "point", "range": 10},
		js{"type": "spot", "spot": js{"innerConeAngle": 0.1, "outerConeAngle": 0.2}},
		js{"type": "spot"},
	}}}
	b.add("nodes", js{"extensions": js{"KHR_lights_punctual": js{"light": 2}}})
	m := b.decode(t)
	white := mgl32.Vec3{1, 1, 1}
	for i, want := range []Light{
		{Directional, mgl32.Vec3{1, 0.5, 0}, 3, 0, 0, 0}, {Point, white, 1, 10, 0, 0}, {Spot, white, 1, 0, 0.1, 0.2}, {Spot, white, 1, 0, 0, math.Pi / 4},
	} {
		if m.Lights[i] != want {
			t.Errorf("light %d is %+v, want %+v", i, m.Lights[i], want)
		}
	}
	if m.Nodes[0].Light != 2 {
		t.Errorf("the node has light %d", m.Nodes[0].Light)
	}
	b.add("nodes", js{"extensions": js{"KHR_lights_punctual": js{"light": 4}}})
	b.refused(t, Limits{}, "it names light 4")
}

// Eight influences become the four that weigh most, and weights sum to 1.
func TestInfluences(t *testing.T) {
	b := newBuilder()
	weights := []float32{0.1, 0, 0.2, 0.1, 0, 0, 0, 0, 2, 2, 0, 0}
	b.triangle(js{
		"JOINTS_0":  b.accessor([]uint8{1, 2, 3, 4, 5, 9, 9, 9, 0, 1, 9, 9}, "VEC4", nil),
		"WEIGHTS_0": b.accessor(weights, "VEC4", nil),
		"JOINTS_1":  b.accessor([]uint16{5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "VEC4", nil),
		"WEIGHTS_1": b.accessor([]float32{0.4, 0.3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "VEC4", nil),
	}, nil)
	joints := make([]int, 7)
	for i := range joints {
		joints[i] = b.add("nodes", js{})
	}
	b.add("skins", js{"joints": joints})
	b.doc["nodes"].([]any)[0].(js)["skin"] = 0
	m := b.decode(t)
	sum := map[uint16]float32{}
	for k, j := range m.Meshes[0].Joints[0] {
		sum[j] += m.Meshes[0].Weights[0][k]
	}
	for j, w := range map[uint16]float32{5: 0.4, 6: 0.3, 3: 0.2, 1: 0.1} {
		if !near(sum[j], w, 1e-6) && j != 1 || (j == 1 && !near(sum[1]+sum[4], w, 1e-6)) {
			t.Errorf("joint %d weighs %v, want %v (%v)", j, sum[j], w, sum)
		}
	}
	if m.Meshes[0].Joints[1] != [4]uint16{5} || m.Meshes[0].Weights[1] != (mgl32.Vec4{1}) {
		t.Errorf("a vertex without weights has %v %v", m.Meshes[0].Joints[1], m.Meshes[0].Weights[1])
	}
	if m.Meshes[0].Weights[2] != (mgl32.Vec4{0.5, 0.5}) || m.Meshes[0].Joints[2] != [4]uint16{0, 1} {
		t.Errorf("joints without weight stay: %v %v", m.Meshes[0].Joints[2], m.Meshes[0].Weights[2])
	}
	b.doc["skins"].([]any)[0].(js)["joints"] = joints[:6]
	b.refused(t, Limits{}, "a vertex names joint 6 of 6")
}

// data: URIs are read in all their spellings.
func TestDataURI(t *testing.T) {
	for uri, want := range map[string]string{
		"data:application/octet-stream;base64,aGk=": "hi", "data:;base64,aGk": "hi", "DATA:text/plain,h%69": "hi", "data:,": "",
	} {
		if got, ok, err := dataURI(uri); !ok || err != nil || string(got) != want {
			t.Errorf("%s: %q, %v, %v", uri, got, ok, err)
		}
	}
	for _, uri := range []string{"data:nothing", "data:;base64,%%", "data:,%zz"} {
		if _, ok, err := dataURI(uri); !ok || err == nil {
			t.Errorf("%s was read", uri)
		}
	}
	if _, ok, _ := dataURI("a.bin"); ok {
		t.Error("a name is no data: URI")
	}
}

// A texture may have a WebP beside the picture for those who do not read it; the
// older specular material lends what it shares with ours.
func TestOtherMaterials(t *testing.T) {
	var webp bytes.Buffer
	if err := encoder.Encode(&webp, gradient(6, 4), encoder.Options{Lossless: true}); err != nil {
		t.Fatal(err)
	}
	b := newBuilder()
	b.doc["extensionsUsed"] = []string{"EXT_texture_webp", "KHR_materials_pbrSpecularGlossiness"}
	b.add("images", js{"uri": "missing.png"})
	b.add("images", js{"bufferView": b.view(webp.Bytes()), "mimeType": "image/webp"})
	b.add("textures", js{"source": 0, "extensions": js{"EXT_texture_webp": js{"source": 1}}})
	b.add("textures", js{})
	b.add("materials", js{"extensions": js{"KHR_materials_pbrSpecularGlossiness": js{
		"diffuseFactor": []float32{0.5, 0.25, 0.125, 1}, "glossinessFactor": 0.75, "diffuseTexture": js{"index": 0},
	}}})
	b.add("materials", js{"normalTexture": js{"index": 1}})
	m := b.decode(t)
	got := m.Materials[0]
	if got.BaseColor != (mgl32.Vec4{0.5, 0.25, 0.125, 1}) || got.Metallic != 0 || got.Roughness != 0.25 || got.BaseColorTexture.Texture != 0 {
		t.Errorf("got %+v", got)
	}
	if len(m.Pictures) != 1 || m.Pictures[0].Width != 6 || m.Textures[1].Picture != -1 {
		t.Errorf("%d pictures, textures %+v", len(m.Pictures), m.Textures)
	}
}
