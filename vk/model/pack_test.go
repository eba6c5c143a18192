package model

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	encoder "github.com/gen2brain/webp"
	"github.com/google/go-cmp/cmp"
)

// Every sample that is read can be packed; what comes out stands alone, is the
// same model, and the validator finds no fault with it that the file had not.
func TestPack(t *testing.T) {
	dir := t.TempDir()
	var files, names []string
	eachSample(t, func(t *testing.T, name string) {
		want, err := decodeSample(t, name)
		packed, perr := Pack(os.DirFS(samples), name)
		if err != nil {
			if perr == nil {
				t.Fatalf("packed, and cannot be read: %v", err)
			}
			return
		}
		if perr != nil {
			t.Fatal(perr)
		}
		got, err := Decode(context.Background(), packed, nil, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		checkWhole(t, got)
		sameModel(t, got, want)
		again, err := Pack(os.DirFS(samples), name)
		if err != nil || !bytes.Equal(again, packed) {
			t.Fatalf("packed twice, the bytes differ (%v)", err)
		}
		file := filepath.Join(dir, strings.ReplaceAll(name, "/", "_")+".glb")
		if err := os.WriteFile(file, packed, 0o600); err != nil {
			t.Fatal(err)
		}
		files, names = append(files, file), append(names, name)
	})
	for i, v := range validate(t, files) {
		for _, e := range v.Errors {
			if _, known := repaired[names[i]]; !known {
				t.Errorf("%s, packed: %s at %s: %s", names[i], e.Code, e.Pointer, e.Message)
			}
		}
	}
}

// sameModel compares what is drawn.
func sameModel(t *testing.T, got, want *Model) {
	t.Helper()
	if len(got.Meshes) != len(want.Meshes) {
		t.Fatalf("%d meshes, want %d", len(got.Meshes), len(want.Meshes))
	}
	for i := range want.Meshes {
		g, w := got.Meshes[i], want.Meshes[i]
		if d := cmp.Diff([]int{int(w.Topology), len(w.Positions), len(w.Indices), w.Material}, []int{int(g.Topology), len(g.Positions), len(g.Indices), g.Material}); d != "" {
			t.Fatalf("mesh %d (-want +got):\n%s", i, d)
		}
		for k := range w.Indices {
			a, b := g.Indices[k], w.Indices[k]
			if g.Positions[a] != w.Positions[b] || !nearVec(g.Normals[a], w.Normals[b], 1e-6) {
				t.Fatalf("mesh %d, corner %d: %v %v, want %v %v", i, k, g.Positions[a], g.Normals[a], w.Positions[b], w.Normals[b])
			}
			if (g.UV0 == nil) != (w.UV0 == nil) || (g.UV0 != nil && g.UV0[a] != w.UV0[b]) {
				t.Fatalf("mesh %d, corner %d differs in its texture coordinate", i, k)
			}
		}
	}
	if len(got.Pictures) != len(want.Pictures) {
		t.Fatalf("%d pictures, want %d", len(got.Pictures), len(want.Pictures))
	}
	for i := range want.Pictures {
		g, w := &got.Pictures[i], &want.Pictures[i]
		if g.Width != w.Width || g.Height != w.Height || g.Format != w.Format || !bytes.Equal(g.Pixels, w.Pixels) {
			t.Fatalf("picture %d differs", i)
		}
	}
	if !nearVec(got.Min, want.Min, 1e-5) || !nearVec(got.Max, want.Max, 1e-5) {
		t.Fatalf("bounds %v %v, want %v %v", got.Min, got.Max, want.Min, want.Max)
	}
	if len(got.Materials) != len(want.Materials) {
		t.Fatalf("%d materials, want %d", len(got.Materials), len(want.Materials))
	}
	for i := range want.Materials {
		g, w := got.Materials[i], want.Materials[i]
		if !near(g.Roughness, w.Roughness, 1e-6) || g.AlphaMode != w.AlphaMode || !near(g.BaseColor[0], w.BaseColor[0], 1e-6) || g.BaseColorTexture != w.BaseColorTexture {
			t.Fatalf("material %d is\n%+v, want\n%+v", i, g, w)
		}
	}
}

// Nothing outside of the folder is read, by whatever name.
func TestPackStaysInside(t *testing.T) {
	for _, uri := range []string{"../secret.bin", "/etc/passwd", "file:///etc/passwd", "http://example.com/a.bin", "%2e%2e/secret.bin", "//host/a.bin", "a/../../secret.bin"} {
		fsys := fstest.MapFS{
			"m/a.gltf":   {Data: []byte(`{"asset":{"version":"2.0"},"buffers":[{"byteLength":36,"uri":"` + uri + `"}],"bufferViews":[{"buffer":0,"byteLength":36}],"accessors":[{"bufferView":0,"componentType":5126,"count":3,"type":"VEC3"}],"meshes":[{"primitives":[{"attributes":{"POSITION":0}}]}]}`)},
			"secret.bin": {Data: make([]byte, 36)},
		}
		sub, err := fs.Sub(fsys, "m")
		if err != nil {
			t.Fatal(err)
		}
		if b, err := Pack(sub, "a.gltf"); err == nil {
			t.Errorf("%s was packed: %d bytes", uri, len(b))
		}
	}
}

// A lump with a neighbour says how to make one without.
func TestLumpRefersToNeighbour(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(samples, "glTF2/BoxTextured-glTF/BoxTextured.gltf"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Decode(context.Background(), data, nil, Limits{})
	if !errors.Is(err, ErrRelative) || !strings.Contains(err.Error(), "hearth-ctl load-model") {
		t.Fatalf("got %v", err)
	}
}

func TestPackFindsOtherCase(t *testing.T) {
	fsys := fstest.MapFS{
		"a.obj": {Data: []byte("mtllib A.MTL\nv 0 0 0\nv 1 0 0\nv 0 1 0\nusemtl red\nf 1 2 3\n")},
		"a.mtl": {Data: []byte("newmtl red\nKd 1 0 0\n")},
	}
	b, err := Pack(fsys, "a.obj")
	if err != nil {
		t.Fatal(err)
	}
	m, err := Decode(context.Background(), b, nil, Limits{})
	if err != nil || len(m.Materials) != 1 || m.Materials[0].BaseColor != [4]float32{1, 0, 0, 1} {
		t.Fatalf("%+v, %v", m, err)
	}
}

// What a material of an OBJ file says survives the way through glTF: maps that are
// put together, pictures that glTF does not have, transforms, light beyond white.
func TestPackMaterials(t *testing.T) {
	var webp bytes.Buffer
	if err := encoder.Encode(&webp, gradient(6, 4), encoder.Options{Lossless: true}); err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{
		"a.obj": {Data: []byte("mtllib a.mtl\nv 0 0 0 1 0 0\nv 1 0 0 0 1 0\nv 0 1 0 0 0 1\nvt 0 0\nvt 1 0\nvt 0 1\n" +
			"usemtl a\nf 1/1 2/2 3/3\nl 1 2\np 1\n")},
		"a.mtl": {Data: []byte("newmtl a\nKd 0.5 0.5 1\nKe 8 4 0\nd 0.5\nPm 0.5\nmap_Pr r.png\nmap_Kd -s 2 2 -o 0.25 0 w.webp\nnorm -clamp on n.png\n")},
		"r.png": {Data: encodePNG(t, gradient(4, 4))}, "n.png": {Data: encodePNG(t, gradient(4, 4))}, "w.webp": {Data: webp.Bytes()},
	}
	packed, err := Pack(fsys, "a.obj")
	if err != nil {
		t.Fatal(err)
	}
	want, err := Decode(context.Background(), fsys["a.obj"].Data, neighbours(fsys, "a.obj", Limits{}.withDefaults()), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(context.Background(), packed, nil, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	sameModel(t, got, want)
	if d := cmp.Diff(want.Materials, got.Materials, cmp.Comparer(func(a, b float32) bool { return near(a, b, 1e-6) })); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if d := cmp.Diff(want.Textures, got.Textures); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if d := cmp.Diff(want.Meshes[0].Colors, got.Meshes[0].Colors); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	file := filepath.Join(t.TempDir(), "a.glb")
	if err := os.WriteFile(file, packed, 0o600); err != nil {
		t.Fatal(err)
	}
	if v := validate(t, []string{file})[0]; len(v.Errors) > 0 {
		t.Errorf("the validator says %v", v.Errors)
	}
}
