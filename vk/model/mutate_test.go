package model

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// mutate changes one value somewhere in JSON: numbers to those that break sums,
// anything to another type, or to nothing.
func mutate(r *rand.Rand, v any) any {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			return nil
		}
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys) // the seed says what happens
		k := keys[r.IntN(len(keys))]
		if r.IntN(12) == 0 {
			delete(v, k)
		} else {
			v[k] = mutate(r, v[k])
		}
		return v
	case []any:
		if len(v) == 0 {
			return nil
		}
		i := r.IntN(len(v))
		switch r.IntN(12) {
		case 0:
			return append(v, v[i])
		case 1:
			return slices.Delete(v, i, i+1)
		}
		v[i] = mutate(r, v[i])
		return v
	case float64:
		return []any{
			-1.0, 0.0, 1.0, v + 1, v - 1, v * 2, -v, 0.5, 255.0, 65535.0, 4294967295.0, 1e18, -1e18, 1e300, "x", nil, []any{v}, float64(r.IntN(40)),
		}[r.IntN(18)]
	}
	return []any{nil, 7.0, "", []any{}, map[string]any{}, true}[r.IntN(6)]
}

// However a good file is changed in a few places, it is read whole or refused with
// a place and a reason.
func TestMutations(t *testing.T) {
	l := Limits{Vertices: 1 << 17, Indices: 1 << 18, Pixels: 1 << 20, AllPixels: 1 << 21, Keys: 1 << 17}
	files := map[string]string{}
	for _, name := range []string{
		"glTF2/simple_skin/simple_skin.gltf", "glTF2/BoxTextured-glTF-Embedded/BoxTextured.gltf",
		"glTF2/glTF-Sample-Models/AnimatedMorphCube-glTF/AnimatedMorphCube.gltf",
	} {
		files[name] = samples
	}
	files["hand.glb"] = fixtures
	read, refused := 0, 0
	for name, dir := range files {
		fsys := os.DirFS(dir)
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		text, bin := data, []byte(nil)
		if isGLB(data) {
			if text, bin, err = splitGLB(data); err != nil {
				t.Fatal(err)
			}
		}
		for seed := range uint64(250) {
			r := rand.New(rand.NewPCG(seed, 1))
			var doc any
			if err := json.Unmarshal(text, &doc); err != nil {
				t.Fatal(err)
			}
			for range 1 + r.IntN(3) {
				doc = mutate(r, doc)
			}
			changed, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			if bin != nil {
				b := slices.Clone(bin)
				for range r.IntN(4) {
					b[r.IntN(len(b))] = byte(r.Uint32())
				}
				if changed, err = joinGLB(changed, b); err != nil {
					t.Fatal(err)
				}
			}
			m, err := Decode(context.Background(), changed, neighbours(fsys, name, l.withDefaults()), l)
			var format *FormatError
			switch {
			case err == nil:
				read++
				checkWhole(t, m)
			case errors.As(err, &format) && format.Err != nil && len(format.Error()) > 10:
				refused++
			default:
				t.Fatalf("%s, seed %d: %T %v", name, seed, err, err)
			}
		}
	}
	if read < 100 || refused < 100 {
		t.Errorf("%d were read and %d refused: the changes say little", read, refused)
	}
}
