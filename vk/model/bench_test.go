package model

import (
	"bytes"
	"context"
	"fmt"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	encoder "github.com/gen2brain/webp"
	"github.com/go-gl/mathgl/mgl32"
	"github.com/mdouchement/hdr"
	"github.com/mdouchement/hdr/codec/rgbe"
)

func benchmarkDecode(b *testing.B, data []byte) {
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(context.Background(), data, nil, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func readSample(b *testing.B, dir, name string) []byte {
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		b.Fatal(err)
	}
	return data
}

func BenchmarkGLB(b *testing.B) {
	b.Run("2CylinderEngine", func(b *testing.B) {
		benchmarkDecode(b, readSample(b, samples, "glTF2/2CylinderEngine-glTF-Binary/2CylinderEngine.glb"))
	})
	b.Run("hand", func(b *testing.B) { benchmarkDecode(b, readSample(b, fixtures, "hand.glb")) })
	b.Run("controller", func(b *testing.B) { benchmarkDecode(b, readSample(b, fixtures, "controller.glb")) })
	// Bulk without anything to make: 100,000 vertices of 32 bytes, 600,000 indices.
	b.Run("bulk", func(b *testing.B) {
		n := 100_000
		build := newBuilder()
		normals, indices := make([]float32, 3*n), make([]uint32, 6*n)
		for i := range n {
			normals[3*i] = 1
		}
		for i := range indices {
			indices[i] = uint32(i * 7919 % n)
		}
		build.triangle(js{
			"POSITION": build.accessor(make([]float32, 3*n), "VEC3", nil), "NORMAL": build.accessor(normals, "VEC3", nil),
			"TEXCOORD_0": build.accessor(make([]float32, 2*n), "VEC2", nil),
		}, js{"indices": build.accessor(indices, "SCALAR", nil)})
		build.doc["buffers"] = []any{js{"byteLength": len(build.body)}}
		body := build.body
		build.body = nil
		glb, err := joinGLB(build.bytes(), body)
		if err != nil {
			b.Fatal(err)
		}
		benchmarkDecode(b, glb)
	})
}

func BenchmarkOBJ(b *testing.B) {
	var s strings.Builder
	const side = 200
	for y := range side {
		for x := range side {
			fmt.Fprintf(&s, "v %.6f %.6f %.6f\nvt %.4f %.4f\n", float64(x)/side, float64(y)/side, float64(x*y%17)/170, float64(x)/side, float64(y)/side)
		}
	}
	s.WriteString("s 1\n")
	for y := range side - 1 {
		for x := range side - 1 {
			a := y*side + x + 1
			fmt.Fprintf(&s, "f %d/%d %d/%d %d/%d %d/%d\n", a, a, a+1, a+1, a+side+1, a+side+1, a+side, a+side)
		}
	}
	benchmarkDecode(b, []byte(s.String()))
}

func BenchmarkTangents(b *testing.B) {
	m := sphere(100, 200)
	b.ReportAllocs()
	b.SetBytes(int64(len(m.Indices)))
	for b.Loop() {
		c, left := clone(m), 1<<20
		if err := c.makeTangents(c.UV0, &left); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPose(b *testing.B) {
	m, err := decodeFile(b, fixtures, "hand.glb")
	if err != nil {
		b.Fatal(err)
	}
	m.Animations = []Animation{{Duration: 10}}
	var times, values []float32
	for i := range 600 {
		times = append(times, float32(i)/60)
		values = append(values, 0, float32(i%3), 0, 1)
	}
	for i := range m.Nodes {
		m.Animations[0].Channels = append(m.Animations[0].Channels, Channel{Node: i, Path: Rotation, Interpolation: Linear, Times: times, Values: values})
	}
	var p Pose
	var joints []mgl32.Mat4
	at := float32(0)
	b.ReportAllocs()
	for b.Loop() {
		if at += 0.013; at > 10 {
			at = 0
		}
		m.Pose(0, at, &p)
		joints = m.JointMatrices(0, &p, joints)
	}
}

// BenchmarkPicture counts decoded bytes.
func BenchmarkPicture(b *testing.B) {
	img := gradient(1024, 1024)
	var j, w bytes.Buffer
	if err := jpeg.Encode(&j, img, nil); err != nil {
		b.Fatal(err)
	}
	if err := encoder.Encode(&w, img, encoder.Options{Quality: 80}); err != nil {
		b.Fatal(err)
	}
	float := hdr.NewRGB(img.Rect)
	for y := range 1024 {
		for x := range 1024 {
			float.Set(x, y, img.At(x, y))
		}
	}
	var h bytes.Buffer
	if err := rgbe.Encode(&h, float); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"PNG", encodePNG(b, img)}, {"JPEG", j.Bytes()}, {"WebP", w.Bytes()}, {"HDR", h.Bytes()},
		{"lump", fmt.Appendf(nil, `{"size":[1024,1024],"data":%q}`, field(b, img.Pix))},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p, err := DecodePicture(c.data, Limits{})
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(p.Size())
			}
		})
	}
}

func BenchmarkMeshLump(b *testing.B) {
	m := sphere(100, 200)
	lump := meshLump(b, map[string]any{"positions": m.Positions, "normals": m.Normals, "uv0": m.UV0, "indices": m.Indices})
	b.SetBytes(int64(len(lump)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeMesh(lump, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
