package model

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	encoder "github.com/gen2brain/webp"
)

// fuzzLimits are small, so that the time goes into ways and not into sizes.
var fuzzLimits = Limits{
	Bytes: 1 << 20, Vertices: 4096, Indices: 8192, Pixels: 1 << 16, AllPixels: 1 << 17, Side: 1024,
	Items: 256, Depth: 32, Joints: 64, Targets: 8, Keys: 4096,
}

// nothing stands for files that are not there.
func nothing(context.Context, string) ([]byte, error) { return nil, os.ErrNotExist }

// known fails the test if an error is none of those that the package promises.
func known(t *testing.T, err error) {
	t.Helper()
	var format *FormatError
	if err != nil && !errors.As(err, &format) && !errors.Is(err, ErrUnknown) {
		t.Fatalf("%T: %v", err, err)
	}
}

func fuzzModel(t *testing.T, data []byte) {
	m, err := Decode(context.Background(), data, nothing, fuzzLimits)
	known(t, err)
	if err == nil {
		checkWhole(t, m)
		vertices := 0
		for i := range m.Meshes {
			vertices += len(m.Meshes[i].Positions)
		}
		if vertices > fuzzLimits.Vertices {
			t.Fatalf("%d vertices", vertices)
		}
	}
}

func FuzzGLTF(f *testing.F) {
	b := newBuilder()
	b.triangle(js{
		"NORMAL": b.accessor(make([]float32, 9), "VEC3", nil), "TEXCOORD_0": b.accessor(make([]float32, 6), "VEC2", nil),
		"JOINTS_0": b.accessor(make([]uint8, 12), "VEC4", nil), "WEIGHTS_0": b.accessor(make([]float32, 12), "VEC4", nil),
	}, js{"indices": b.accessor([]uint8{0, 1, 2}, "SCALAR", nil), "targets": []any{js{"POSITION": 4}}})
	b.add("skins", js{"joints": []int{0}})
	b.doc["nodes"].([]any)[0].(js)["skin"] = 0
	b.add("animations", js{
		"samplers": []any{js{"input": b.accessor([]float32{0, 1}, "SCALAR", nil), "output": b.accessor(make([]float32, 8), "VEC4", nil)}},
		"channels": []any{js{"sampler": 0, "target": js{"node": 0, "path": "rotation"}}},
	})
	f.Add(b.bytes())
	f.Add([]byte(`{"asset":{"version":"2.0"},"nodes":[{"children":[1]},{"children":[0]}],"scenes":[{"nodes":[0]}]}`))
	f.Add([]byte(`{"asset":{"version":"2.0"},"accessors":[{"count":9,"type":"VEC3","componentType":5126}],"meshes":[{"primitives":[{"attributes":{"POSITION":0},"mode":5}]}]}`))
	f.Fuzz(fuzzModel)
}

func FuzzGLB(f *testing.F) {
	for _, name := range []string{"glTF2/BoxTextured-glTF-Binary/BoxTextured.glb", "glTF2/BoxWithInfinites-glTF-Binary/BoxWithInfinites.glb"} {
		if data, err := os.ReadFile(filepath.Join(samples, name)); err == nil {
			f.Add(data)
		}
	}
	b, err := joinGLB([]byte(`{"asset":{"version":"2.0"},"buffers":[{"byteLength":36}],"bufferViews":[{"buffer":0,"byteLength":36}],"accessors":[{"bufferView":0,"count":3,"type":"VEC3","componentType":5126}],"meshes":[{"primitives":[{"attributes":{"POSITION":0}}]}]}`), make([]byte, 36))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, data []byte) {
		if isGLB(data) {
			fuzzModel(t, data)
		}
	})
}

func FuzzOBJ(f *testing.F) {
	f.Add([]byte("v 0 0 0\nv 1 0 0\nv 0 1 0 1 0 0\nvt 0 0\nvn 0 0 1\ns 1\nf 1/1/1 2//1 -1\nl 1 2 3\np 1\n"))
	f.Add([]byte("o a\nv 0 0 0\nv 2 2 0\nv 0 1 0\nv -2 2 0\nf 1 2 3 4\nusemtl x\nf 1 2 \\\n3\n"))
	f.Add([]byte("\xfe\xff\x00v\x00 \x001\x00\n"))
	f.Fuzz(fuzzModel)
}

func FuzzMTL(f *testing.F) {
	f.Add([]byte("newmtl a\nKd 1 0 0\nNs 10\nmap_Kd -s 1 1 1 -bm 2 t.png\nmap_d t.png\nbump t.png\nPr 0.5\nmap_Pm t.png\nKe 1 1 1\nd 0.5\n"))
	picture := encodePNG(f, gradient(4, 4))
	f.Fuzz(func(t *testing.T, data []byte) {
		model := []byte("mtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 1\nusemtl a\nf 1/1 2/1 3/1\n")
		m, err := Decode(context.Background(), model, func(_ context.Context, uri string) ([]byte, error) {
			if uri == "a.mtl" {
				return data, nil
			}
			return picture, nil
		}, fuzzLimits)
		known(t, err)
		if err == nil {
			checkWhole(t, m)
		}
	})
}

// fuzzPicture runs a decoder whatever the bytes begin with.
func fuzzPicture(f *testing.F, decode func([]byte, Limits) (*Picture, error)) {
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := decode(data, fuzzLimits.withDefaults())
		if err != nil {
			return
		}
		if err := wholePicture(p); err != nil {
			t.Fatal(err)
		}
		if p.Width*p.Height*p.Faces > fuzzLimits.Pixels {
			t.Fatalf("%d by %d pixels", p.Width, p.Height)
		}
	})
}

func FuzzPNG(f *testing.F) {
	f.Add(encodePNG(f, gradient(5, 3)))
	fuzzPicture(f, decodePNG)
}

func FuzzJPEG(f *testing.F) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, gradient(9, 9), nil); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	fuzzPicture(f, decodeJPEG)
}

func FuzzWebP(f *testing.F) {
	for _, o := range []encoder.Options{{Lossless: true}, {Quality: 50}} {
		var b bytes.Buffer
		if err := encoder.Encode(&b, gradient(9, 9), o); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
		f.Add(animate(b.Bytes(), 9, 9))
	}
	fuzzPicture(f, decodeWebP)
}

func FuzzHDR(f *testing.F) {
	f.Add([]byte("#?RADIANCE\nFORMAT=32-bit_rle_rgbe\nEXPOSURE=2\n\n-Y 2 +X 2\n\x01\x02\x03\x80\x01\x01\x01\x01\x05\x06\x07\x81\x05\x06\x07\x81"))
	f.Add([]byte("#?RADIANCE\nFORMAT=32-bit_rle_xyze\n\n-Y 1 +X 8\n\x02\x02\x00\x08\x88\x01\x08\x01\x02\x03\x04\x05\x06\x07\x08\x88\x01\x88\x80"))
	fuzzPicture(f, decodeHDR)
}

func FuzzTextureLump(f *testing.F) {
	f.Add([]byte(`{"label":null,"size":[1,1],"data":"AQIDBA=="}`))
	f.Add([]byte(`{"size":[1,1],"data":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`))
	fuzzPicture(f, decodeTextureLump)
}

func FuzzMeshLump(f *testing.F) {
	f.Add(meshLump(f, map[string]any{"positions": quad, "uv0": make([]float32, 8), "indices": []uint32{0, 1, 2, 0, 2, 3}}))
	f.Add(meshLump(f, map[string]any{"positions": quad[:9], "joint_indices": make([]uint16, 12), "joint_weights": make([]float32, 12)}))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := DecodeMesh(data, fuzzLimits)
		known(t, err)
		if err == nil {
			if err := wholeMesh(m); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func FuzzMaterialLump(f *testing.F) {
	f.Add([]byte(`{"name":"a","metallic":1,"normalTexture":{"cid":"bafkr4if27l2b444zlrc7iptfkvlkeqcmu7lrfou4ndemtu7e57sjp4ynbe","wrap":["clamp","mirror"]}}`))
	f.Add([]byte("\xa1\x68metallic\xfa\x3f\x00\x00\x00"))
	f.Add([]byte(`{"albedo":[1,2,3]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := DecodeMaterial(data, fuzzLimits)
		known(t, err)
		if err != nil {
			return
		}
		for _, r := range m.refs() {
			if r.Texture >= len(m.Sources) || !finite(r.Offset[:]) || !finite(r.Scale[:]) {
				t.Fatalf("%+v", r)
			}
		}
		if !finite(m.BaseColor[:]) || !finite(m.Emissive[:]) {
			t.Fatalf("%+v", m)
		}
	})
}
