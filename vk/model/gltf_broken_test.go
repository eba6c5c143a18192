package model

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

// Faults that no sample has, each named by its place.
func TestBrokenGLTF(t *testing.T) {
	one := func(attributes js, extra js) func(*builder) {
		return func(b *builder) { b.triangle(attributes, extra) }
	}
	anim := func(times []float32, values int, path, interpolation string) func(*builder) {
		return func(b *builder) {
			b.add("nodes", js{})
			kind, per := "VEC3", 3
			if path == "rotation" {
				kind, per = "VEC4", 4
			}
			b.add("animations", js{
				"samplers": []any{js{"input": b.accessor(times, "SCALAR", nil), "output": b.accessor(make([]float32, values*per), kind, nil), "interpolation": interpolation}},
				"channels": []any{js{"sampler": 0, "target": js{"node": 0, "path": path}}},
			})
		}
	}
	for _, c := range []struct {
		name  string
		build func(*builder)
		want  string
	}{
		{"no asset", func(b *builder) { delete(b.doc, "asset") }, "asset: it is missing"},
		{"version 3", func(b *builder) { b.doc["asset"] = js{"version": "3.0"} }, `version "3.0" is not read`},
		{"needs 2.1", func(b *builder) { b.doc["asset"] = js{"version": "2.1", "minVersion": "2.1"} }, "is not read"},
		{"extensions", func(b *builder) {
			b.doc["extensionsRequired"] = []string{"KHR_texture_basisu", "KHR_draco_mesh_compression", "KHR_materials_unlit"}
		}, "KHR_texture_basisu, KHR_draco_mesh_compression: the file requires"},
		{"null", func(b *builder) { b.doc["nodes"] = []any{nil} }, "nodes[0]: it is null"},
		{"null primitive", func(b *builder) { b.add("meshes", js{"primitives": []any{nil}}) }, "meshes[0].primitives[0]: it is null"},
		{"accessor", one(js{"POSITION": 7}, nil), "it names accessor 7"},
		{"negative accessor", one(js{"POSITION": -1}, nil), "it names accessor -1"},
		{"material", one(js{}, js{"material": 3}), "it names material 3"},
		{"mode", one(js{}, js{"mode": 9}), "unknown primitive mode: 9"},
		{"two parents", func(b *builder) {
			b.add("nodes", js{"children": []int{2}})
			b.add("nodes", js{"children": []int{2}})
			b.add("nodes", js{})
		}, "nodes[2]: it is below two nodes"},
		{"own child", func(b *builder) { b.add("nodes", js{"children": []int{0}}) }, "nodes[0]: it is below itself"},
		{"no child", func(b *builder) { b.add("nodes", js{"children": []int{5}}) }, "it names child 5"},
		{"mesh", func(b *builder) { b.add("nodes", js{"mesh": 1}) }, "it names mesh 1"},
		{"skin", func(b *builder) { b.add("nodes", js{"skin": 1}) }, "it names skin 1"},
		{"huge scale", func(b *builder) { b.add("nodes", js{"scale": []float64{1e300, 1, 1}}) }, "no finite number"},
		{"nested scales", func(b *builder) {
			b.add("nodes", js{"scale": []float64{1e30, 1, 1}, "children": []int{1}})
			b.add("nodes", js{"scale": []float64{1e30, 1, 1}})
		}, "too large for 32 bit floats"},
		{"joints without weights", func(b *builder) {
			b.triangle(js{"JOINTS_0": b.accessor(make([]uint8, 12), "VEC4", nil)}, nil)
		}, "it has joints and no weights"},
		{"counts", func(b *builder) {
			b.triangle(js{"NORMAL": b.accessor(make([]float32, 6), "VEC3", nil)}, nil)
		}, "it has 2 elements for 3 vertices"},
		{"type", func(b *builder) {
			b.triangle(js{"TEXCOORD_0": b.accessor(make([]float32, 9), "VEC3", nil)}, nil)
		}, "it is of type VEC3"},
		{"float indices", func(b *builder) {
			b.triangle(js{}, js{"indices": b.accessor(make([]float32, 3), "SCALAR", nil)})
		}, "no unsigned integers"},
		{"NaN", func(b *builder) {
			b.triangle(js{"POSITION": b.accessor([]float32{0, 0, 0, 0, float32(math.NaN()), 0, 0, 0, 0}, "VEC3", nil)}, nil)
		}, "element 1 is no finite number"},
		{"times", anim([]float32{0, 1, 1}, 3, "scale", "LINEAR"), "do not ascend from 0 on at key 2"},
		{"negative time", anim([]float32{-1, 1}, 2, "scale", "LINEAR"), "at key 0"},
		{"values", anim([]float32{0, 1}, 3, "scale", "LINEAR"), "it has 3 values and ought to have 2"},
		{"spline", anim([]float32{0, 1}, 2, "rotation", "CUBICSPLINE"), "it has 2 values and ought to have 6"},
		{"path", anim([]float32{0, 1}, 2, "colour", "LINEAR"), `"colour" is no path`},
		{"huge count", func(b *builder) {
			b.triangle(js{"POSITION": b.add("accessors", js{"componentType": 5126, "type": "VEC3", "count": 1 << 30})}, nil)
		}, "more than 8388608 vertices"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBuilder()
			c.build(b)
			b.refused(t, Limits{}, c.want)
		})
	}
}

// Each limit refuses what is just beyond it.
func TestModelLimits(t *testing.T) {
	strip := func(b *builder) {
		b.triangle(js{"POSITION": b.accessor(make([]float32, 30), "VEC3", nil), "NORMAL": b.accessor(make([]float32, 30), "VEC3", nil)}, js{"mode": 5})
	}
	targets := func(b *builder) {
		p := b.accessor(make([]float32, 9), "VEC3", nil)
		b.triangle(js{"POSITION": p, "NORMAL": p}, js{"targets": []any{js{"POSITION": p}, js{"POSITION": p}}})
	}
	chain := func(b *builder) {
		for i := range 4 {
			b.add("nodes", js{"children": []int{i + 1}})
		}
		b.add("nodes", js{})
	}
	for _, c := range []struct {
		name     string
		build    func(*builder)
		ok, less Limits
		want     string
	}{
		{"vertices", strip, Limits{Vertices: 10}, Limits{Vertices: 9}, "more than 9 vertices"},
		{"indices", strip, Limits{Indices: 30}, Limits{Indices: 29}, "more than 29 indices"},
		{"targets count as vertices", targets, Limits{Vertices: 9}, Limits{Vertices: 8}, "more than 8 vertices"},
		{"targets", targets, Limits{Targets: 2}, Limits{Targets: 1}, "more than 1 morph targets"},
		{"depth", chain, Limits{Depth: 5}, Limits{Depth: 4}, "more than 4 levels of nodes"},
		{"nodes", chain, Limits{Items: 5}, Limits{Items: 4}, "more than 4 nodes"},
		{"joints", func(b *builder) {
			b.add("nodes", js{})
			b.add("skins", js{"joints": []int{0, 0, 0}})
		}, Limits{Joints: 3}, Limits{Joints: 2}, "more than 2 joints"},
	} {
		b := newBuilder()
		c.build(b)
		if _, err := Decode(context.Background(), b.bytes(), nil, c.ok); err != nil {
			t.Errorf("%s, at the limit: %v", c.name, err)
		}
		b.refused(t, c.less, c.want)
	}
	b := newBuilder()
	for range 3 {
		b.add("nodes", js{})
	}
	for range 2 {
		b.add("skins", js{"joints": []int{0, 1}})
	}
	b.refused(t, Limits{Items: 3}, "more than 3 joints in all skins")
	// JSON that takes far more memory decoded than as text.
	list := append([]byte(`{"asset":{"version":"2.0"},"extras":[`), bytes.Repeat([]byte("[],"), maxTokens/2)...)
	if _, err := Decode(context.Background(), append(list, "0]}"...), nil, Limits{}); err == nil || !strings.Contains(err.Error(), "values in its JSON") {
		t.Errorf("got %v", err)
	}
	// Structure within strings is none.
	b = newBuilder()
	b.add("nodes", js{"name": `{"[,` + strings.Repeat(`,{[\"`, 100)})
	if err := checkTokens(b.bytes(), 8); err != nil {
		t.Error(err)
	}
	cube := fmt.Sprintf(`{"size":[1,1],"data":%q}`, base64.StdEncoding.EncodeToString(make([]byte, 24)))
	b = newBuilder()
	b.add("images", js{"uri": "data:application/json;base64," + base64.StdEncoding.EncodeToString([]byte(cube))})
	b.add("textures", js{"source": 0})
	b.add("materials", js{"normalTexture": js{"index": 0}})
	b.refused(t, Limits{}, "images[0]: a material's texture has one face")
	b.doc["images"] = []any{js{"uri": "data:image/png;base64," + base64.StdEncoding.EncodeToString(encodePNG(t, gradient(8, 8)))}}
	b.refused(t, Limits{AllPixels: 63}, "more than 63 pixels")
	// A small file that has the same vertices read again and again.
	b = newBuilder()
	p := b.accessor(make([]float32, 3*1000), "VEC3", nil)
	primitive := js{"attributes": js{"POSITION": p, "NORMAL": p}, "mode": 0}
	b.add("meshes", js{"primitives": []any{primitive, primitive, primitive, primitive}})
	b.refused(t, Limits{Vertices: 3999}, "more than 3999 vertices")
}

// A decode ends soon after its context does.
func TestDecodeCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	b := newBuilder()
	b.triangle(js{}, nil)
	for _, data := range [][]byte{b.bytes(), []byte("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")} {
		if _, err := Decode(ctx, data, nil, Limits{}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
}

func TestBrokenGLB(t *testing.T) {
	good, err := joinGLB([]byte(`{"asset":{"version":"2.0"}}`), []byte{1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(context.Background(), good, nil, Limits{}); err != nil {
		t.Fatal(err)
	}
	put := func(at int, v uint32) []byte {
		b := bytes.Clone(good)
		binary.LittleEndian.PutUint32(b[at:], v)
		return b
	}
	for _, c := range []struct {
		data []byte
		want string
	}{
		{good[:8], "ends early"}, {good[:len(good)-1], "ends early"}, {put(4, 3), "version 3"}, {put(8, 1<<31), "ends early"},
		{put(8, 12), "too small"}, {put(12, 1<<30), "leaves the file"}, {put(16, 7), "does not begin with a chunk of JSON"},
	} {
		if _, err := Decode(context.Background(), c.data, nil, Limits{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}
