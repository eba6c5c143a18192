package vk

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/device"
	"hearth/vk/scene"
)

// spoil changes one number somewhere in JSON to one that breaks sums, or to another
// index.
func spoil(r *rand.Rand, v any) any {
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		if len(keys) == 0 {
			return v
		}
		slices.Sort(keys) // the seed says what happens
		k := keys[r.IntN(len(keys))]
		v[k] = spoil(r, v[k])
	case []any:
		if len(v) > 0 {
			i := r.IntN(len(v))
			v[i] = spoil(r, v[i])
		}
	case float64:
		return []float64{-1, 0, 1, v + 1, v - 1, v * 2, -v, 0.5, 255, 65535, 1e9, -1e9, 1e18, 3e38, 1e-30, float64(r.IntN(20))}[r.IntN(16)]
	}
	return v
}

// spoilGLB changes numbers of both parts of a binary glTF file.
func spoilGLB(r *rand.Rand, b []byte) ([]byte, error) {
	n := binary.LittleEndian.Uint32(b[12:])
	text, bin := b[20:20+n], slices.Clone(b[20+n:])
	var doc any
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	for range r.IntN(3) {
		doc = spoil(r, doc)
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	for len(text)%4 != 0 {
		text = append(text, ' ')
	}
	for range r.IntN(4) { // words: floats, indices, joints
		at := 8 + r.IntN((len(bin)-8)/4)*4
		w := []uint32{math.Float32bits(float32(math.NaN())), math.Float32bits(float32(math.Inf(1))), math.Float32bits(3e38),
			math.Float32bits(-1e-38), ^uint32(0), 0, r.Uint32()}[r.IntN(7)]
		binary.LittleEndian.PutUint32(bin[at:], w)
	}
	out := append(slices.Clone(b[:12]), 0, 0, 0, 0, 'J', 'S', 'O', 'N')
	binary.LittleEndian.PutUint32(out[12:], uint32(len(text)))
	out = append(append(out, text...), bin...)
	binary.LittleEndian.PutUint32(out[8:], uint32(len(out)))
	return out, nil
}

// Whatever is in a file that a decoder takes, it is drawn without a word of validation,
// and what is drawn after it looks as it did before.
func TestSpoiledFiles(t *testing.T) {
	profiles(t, func(t *testing.T, p device.Profile) {
		s := newStage(t, p)
		if err := s.off.Resize(64, 36); err != nil {
			t.Fatal(err)
		}
		s.sun()
		if err := s.scene.SetSky(scene.Sky{Texture: s.put(heaven())}); err != nil {
			t.Fatal(err)
		}
		s.look(mgl32.Vec3{0, 0.5, 3}, mgl32.Vec3{0, 0, 0})
		s.add(s.put(ball(paint(0.2, 0.6, 1, 0, 0.5)).gltf()), mgl32.Ident4())
		s.settle()
		want := s.picture()
		hand, err := os.ReadFile("../fixtures/models/hand.glb")
		if err != nil {
			t.Fatal(err)
		}
		box, err := os.ReadFile(samples + "BoxTextured-glTF-Binary/BoxTextured.glb")
		if err != nil {
			t.Fatal(err)
		}
		drawn := 0
		for i, file := range [][]byte{hand, box, s.pack("glTF-Sample-Models/AnimatedMorphCube-glTF", "AnimatedMorphCube.gltf"), s.pack("simple_skin", "simple_skin.gltf")} {
			for seed := range uint64(8) {
				r := rand.New(rand.NewPCG(seed, uint64(i)))
				b, err := spoilGLB(r, file)
				if err != nil {
					t.Fatal(err)
				}
				id := s.add(s.put(b), mgl32.Scale3D(0.5, 0.5, 0.5), func(o *scene.Object) { o.Animation = scene.Animation{Index: 0, Speed: 1, Loop: true} })
				at := func(o *FrameOptions) { o.Time = time.Duration(seed) * 130 * time.Millisecond }
				if f := s.settle(at); len(f) == 0 {
					drawn++
				}
				if err := s.r.d.WaitIdle(); err != nil {
					t.Fatalf("file %d, seed %d: %v", i, seed, err)
				}
				if err := s.scene.RemoveObject(id); err != nil {
					t.Fatal(err)
				}
				s.draw()
				looksSame(t, "what comes after", want, s.picture())
				if t.Failed() {
					t.Fatalf("file %d, seed %d", i, seed)
				}
			}
		}
		if drawn < 6 {
			t.Errorf("only %d spoiled files were drawn", drawn)
		}
	})
}
