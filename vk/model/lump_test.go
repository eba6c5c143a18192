package model

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"hearth/lumps"

	"github.com/fxamacker/cbor/v2"
	"github.com/go-gl/mathgl/mgl32"
)

// field is a field of a mesh lump: little-endian numbers in base64.
func field(t testing.TB, data any) string {
	t.Helper()
	b, err := binary.Append(nil, binary.LittleEndian, data)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b)
}

func meshLump(t testing.TB, fields map[string]any) []byte {
	t.Helper()
	out := map[string]string{}
	for k, v := range fields {
		out[k] = field(t, v)
	}
	b, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var quad = []float32{0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0}

// A mesh lump with all its fields, as hearth-rs's guests write it.
func TestMeshLump(t *testing.T) {
	m, err := DecodeMesh(meshLump(t, map[string]any{
		"positions": quad, "normals": []float32{0, 0, 2, 0, 0, 1, 0, 0, 1, 0, 0, 0}, "tangents": []float32{3, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0},
		"uv0": []float32{0, 0, 1, 0, 1, 1, 0, 1}, "uv1": []float32{0, 0, 1, 0, 1, 1, 0, 1},
		"colors": []uint8{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, "joint_indices": slices.Repeat([]uint16{0, 1, 2, 3}, 4),
		"joint_weights": slices.Repeat([]float32{0.5, 0.5, 0, 0}, 4), "indices": []uint32{0, 1, 2, 0, 2, 3},
	}), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := wholeMesh(m); err != nil {
		t.Fatal(err)
	}
	if len(m.Positions) != 4 || m.Normals[0] != (mgl32.Vec3{0, 0, 1}) || m.Normals[3] != (mgl32.Vec3{0, 0, 1}) || m.Tangents[0] != (mgl32.Vec4{1, 0, 0, 1}) ||
		m.UV0[2] != (mgl32.Vec2{1, 1}) || m.UV1[1] != (mgl32.Vec2{1, 0}) || m.Colors[3] != [4]uint8{13, 14, 15, 16} ||
		m.Joints[1] != [4]uint16{0, 1} || m.Weights[2] != (mgl32.Vec4{0.5, 0.5}) || len(m.Indices) != 6 || m.Material != -1 {
		t.Errorf("got %+v", m)
	}
	// Tangents that are missing are those of the texture.
	up := slices.Repeat([]float32{0, 0, 1}, 4)
	if m, err = DecodeMesh(meshLump(t, map[string]any{"positions": quad, "normals": up, "uv0": []float32{0, 0, 0, 1, -1, 1, -1, 0}, "indices": []uint32{0, 1, 2, 0, 2, 3}}), Limits{}); err != nil {
		t.Fatal(err)
	}
	for i, v := range m.Tangents {
		if len(m.Positions) != 4 || !nearVec(v.Vec3(), mgl32.Vec3{0, -1, 0}, 1e-6) {
			t.Errorf("tangent %d is %v", i, v)
		}
	}
	// Positions alone: faces are flat.
	if m, err = DecodeMesh(meshLump(t, map[string]any{"positions": quad, "indices": []uint32{0, 1, 2, 0, 2, 3}}), Limits{}); err != nil || len(m.Positions) != 6 {
		t.Errorf("%+v, %v", m, err)
	}
	if m, err = DecodeMesh([]byte(`{"positions":"`+strings.TrimRight(field(t, quad[:9]), "=")+`","normals":null,"label":"x"}`), Limits{}); err != nil || len(m.Indices) != 3 {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestBrokenMeshLump(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		fields map[string]any
		limits Limits
		want   string
	}{
		{map[string]any{}, Limits{}, "positions is empty"},
		{map[string]any{"positions": quad[:8]}, Limits{}, "positions has 32 bytes and ought to have 24"},
		{map[string]any{"positions": quad, "normals": quad[:9]}, Limits{}, "normals has 36 bytes and ought to have 48"},
		{map[string]any{"positions": quad}, Limits{}, "4 indices (0 bytes) make no triangles"},
		{map[string]any{"positions": quad, "indices": []uint32{0, 1, 4}}, Limits{}, "index 2 is 4, and there are 4 vertices"},
		{map[string]any{"positions": quad, "indices": []uint32{0, 1}}, Limits{}, "make no triangles"},
		{map[string]any{"positions": quad, "indices": []uint8{0, 1, 2}}, Limits{}, "make no triangles"},
		{map[string]any{"positions": []float32{0, 0, inf}}, Limits{}, "number 2 of positions is not finite"},
		{map[string]any{"positions": quad, "joint_indices": make([]uint16, 16)}, Limits{}, "go together"},
		{map[string]any{"positions": quad[:9], "indices": []uint32{0, 1, 2}, "joint_indices": slices.Repeat([]uint16{5000}, 12), "joint_weights": slices.Repeat([]float32{1}, 12)}, Limits{}, "more than 4096 joints"},
		{map[string]any{"positions": quad}, Limits{Vertices: 3}, "more than 3 vertices"},
		{map[string]any{"positions": quad, "indices": make([]uint32, 6)}, Limits{Indices: 5}, "more than 5 indices"},
		{map[string]any{"positions": quad, "indices": make([]uint32, 6)}, Limits{Vertices: 5}, "flat normals need more vertices"},
	} {
		_, err := DecodeMesh(meshLump(t, c.fields), c.limits)
		var format *FormatError
		if !errors.As(err, &format) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %v, want %q", c.fields, err, c.want)
		}
	}
	for _, s := range []string{"", "[]", `{"positions":7}`, `{"positions":"%"}`, "{"} {
		if _, err := DecodeMesh([]byte(s), Limits{}); err == nil {
			t.Errorf("%q was read", s)
		}
	}
}

func TestAlbedoLump(t *testing.T) {
	digest := lumps.Sum(lumps.Raw, []byte("a texture")).Digest()
	var list []uint16
	for _, b := range digest {
		list = append(list, uint16(b))
	}
	numbers, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	m, err := DecodeMaterial(fmt.Appendf(nil, `{"albedo":%s}`, numbers), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Sources) != 1 || m.Sources[0].Digest != digest || !m.Sources[0].CID.IsZero() || m.BaseColorTexture.Texture != 0 || m.Metallic != 0 || m.Roughness != 1 {
		t.Errorf("got %+v", m)
	}
	for data, want := range map[string]string{
		`{"albedo":[1,2]}`: "albedo has 2 numbers; a LumpId has 32",
		`{"albedo":[256` + strings.Repeat(",0", 31) + `]}`: "albedo has 256 in it",
		`{"albedo":[0` + strings.Repeat(",0", 31) + `]}`:   "albedo names no lump",
		`{"albedo":"x"}`: "albedo is a string",
	} {
		if _, err := DecodeMaterial([]byte(data), Limits{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", data, err, want)
		}
	}
}

// A material says the same in JSON and in CBOR; one picture that serves twice is
// one source.
func TestMaterialLump(t *testing.T) {
	a, b := lumps.Sum(lumps.Raw, []byte("a")), lumps.Sum(lumps.DagPB, []byte("b"))
	f := func(v float32) *float32 { return &v }
	no := false
	lump := MaterialLump{
		Name: "brass", BaseColor: &[4]float32{0.5, 0.25, 0.125, 1}, Metallic: f(0.75), Roughness: f(0), NormalScale: f(2), OcclusionStrength: f(0.5),
		Emissive: &[3]float32{4, 0, 0}, AlphaMode: "MASK", AlphaCutoff: f(0.25), DoubleSided: true, Unlit: true,
		BaseColorTexture:         &TextureLump{CID: a.String(), UV: 1, Offset: [2]float32{0.5, 0}, Scale: &[2]float32{2, 4}, Rotation: 1, Wrap: [2]string{"mirror", "clamp"}, Mag: "nearest", Mipmaps: &no},
		MetallicRoughnessTexture: &TextureLump{CID: b.String()},
		OcclusionTexture:         &TextureLump{CID: b.String()},
	}
	asJSON, err := json.Marshal(lump)
	if err != nil {
		t.Fatal(err)
	}
	asCBOR, err := cbor.Marshal(lump)
	if err != nil {
		t.Fatal(err)
	}
	one := mgl32.Vec2{1, 1}
	none := TextureRef{Texture: -1, Scale: one}
	want := &Material{
		Name: "brass", BaseColor: mgl32.Vec4{0.5, 0.25, 0.125, 1}, Metallic: 0.75, NormalScale: 2, OcclusionStrength: 0.5,
		Emissive: mgl32.Vec3{4, 0, 0}, AlphaMode: Mask, AlphaCutoff: 0.25, DoubleSided: true, Unlit: true,
		BaseColorTexture:         TextureRef{0, 1, mgl32.Vec2{0.5, 0}, mgl32.Vec2{2, 4}, 1},
		MetallicRoughnessTexture: TextureRef{1, 0, mgl32.Vec2{}, one, 0}, OcclusionTexture: TextureRef{1, 0, mgl32.Vec2{}, one, 0},
		NormalTexture: none, EmissiveTexture: none,
		Sources: []Source{{CID: a, Wrap: [2]Wrap{Mirror, Clamp}, Mag: FilterNearest}, {CID: b, Mipmaps: true}},
	}
	for _, data := range [][]byte{asJSON, asCBOR} {
		got, err := DecodeMaterial(data, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
	for _, empty := range [][]byte{[]byte("{}"), {0xa0}} {
		if got, err := DecodeMaterial(empty, Limits{}); err != nil || fmt.Sprintf("%+v", *got) != fmt.Sprintf("%+v", DefaultMaterial()) {
			t.Errorf("%q: %+v, %v", empty, got, err)
		}
	}
	nan, err := cbor.Marshal(map[string]any{"metallic": math.NaN()})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ data, want string }{
		{`{"basecolour":1}`, `unknown field "basecolour"`}, {`{"alphaMode":"mask"}`, "OPAQUE, MASK or BLEND"},
		{`{"metallic":"1"}`, "metallic is a string"}, {`{"normalTexture":{"cid":"x"}}`, `the cid of a texture: "x": not a CID`},
		{`{"normalTexture":{"cid":"` + a.String() + `","uv":2}}`, "uv is 2"},
		{`{"normalTexture":{"cid":"` + a.String() + `","wrap":["x",""]}}`, "repeat, mirror or clamp"},
		{`{"normalTexture":{"cid":"` + a.String() + `","mag":"cubic"}}`, "linear or nearest"},
		{`["x"]`, "neither an object of JSON nor a map of CBOR"}, {"", "neither an object"}, {string(nan), "no finite number"},
		{"\xa1\x63abc\x01", "unknown field"}, {"\xa1", "unexpected EOF"}, {`{"name":"` + strings.Repeat("x", maxMaterialBytes) + `"}`, "more than 65536 bytes"},
	} {
		_, err := DecodeMaterial([]byte(c.data), Limits{})
		var format *FormatError
		if !errors.As(err, &format) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60q: got %v, want %q", c.data, err, c.want)
		}
	}
}
