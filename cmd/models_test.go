package cmd_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"image"
	"image/png"
	"math"
	"os"
	"strings"
	"testing"
)

const cubeOBJ = `mtllib cube.mtl
v 0 0 0
v 1 0 0
v 0 1 0
vt 0 0
vt 1 0
vt 0 1
usemtl red
f 1/1 2/2 3/3
`

const cubeMTL = "newmtl red\nKd 1 0 0\nmap_Kd red.png\n"

// triangleGLTF is a triangle whose positions are in tri.bin.
const triangleGLTF = `{"asset":{"version":"2.0"},"scene":0,"scenes":[{"nodes":[0]}],"nodes":[{"mesh":0}],
	"meshes":[{"primitives":[{"attributes":{"POSITION":0}}]}],
	"accessors":[{"bufferView":0,"componentType":5126,"count":COUNT,"type":"VEC3","min":[0,0,0],"max":[1,1,0]}],
	"bufferViews":[{"buffer":0,"byteLength":36}],"buffers":[{"uri":"URI","byteLength":36}]}`

// A model becomes one lump with all that it refers to, the same each time, and what
// cannot be shown is refused with what is wrong.
func TestLoadModel(t *testing.T) {
	p := newPlace(t)
	world := p.path("home")
	s := p.serve("--world", world)
	var red bytes.Buffer
	if err := png.Encode(&red, image.NewNRGBA(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	var bin []byte
	for _, x := range []float32{0, 0, 0, 1, 0, 0, 0, 1, 0} {
		bin = binary.LittleEndian.AppendUint32(bin, math.Float32bits(x))
	}
	gltf := func(count, uri string) []byte {
		return []byte(strings.NewReplacer("COUNT", count, "URI", uri).Replace(triangleGLTF))
	}
	p.file("cube.mtl", []byte(cubeMTL))
	p.file("red.png", red.Bytes())
	p.file("tri.bin", bin)
	files := []string{p.file("cube.obj", []byte(cubeOBJ)), p.file("tri.gltf", gltf("3", "tri.bin"))}
	out := p.ok(append([]string{"--world", world, "load-model"}, files...)...)
	cids := strings.Split(out, "\n")
	if len(cids) != 2 {
		t.Fatalf("load-model prints %q", out)
	}
	for i, c := range cids {
		lump := []byte(p.ok("--world", world, "get-lump", c))
		if !bytes.HasPrefix(lump, []byte("glTF\x02\x00\x00\x00")) {
			t.Errorf("%s became %.20q", files[i], lump)
		}
		if i == 0 && !bytes.Contains(lump, red.Bytes()[:8]) {
			t.Error("the picture is not in the model")
		}
		if again := p.ok("--world", world, "load-model", files[i]); again != c {
			t.Errorf("%s is %s, and then %s", files[i], c, again)
		}
	}
	var v struct{ CID, File string }
	if err := json.Unmarshal([]byte(p.ok("--json", "--world", world, "load-model", "--public", files[1])), &v); err != nil || v.CID != cids[1] || v.File != files[1] {
		t.Errorf("--json: %+v, %v", v, err)
	}
	// What is packed is as good as the file that was.
	packed := p.path("packed.glb")
	p.ok("--world", world, "get-lump", cids[1], "-o", packed)
	if got := p.ok("--world", world, "load-model", packed); got == "" {
		t.Error("what was packed cannot be loaded")
	}
	secret := p.file("secret.bin", bin)
	if err := os.MkdirAll(p.path("in"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, p.path("in/link.bin")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code int
		says string
		file string
	}{
		{66, "no such file", p.path("nothing.glb")},
		{64, "is a folder", p.dir},
		{65, "neither glTF, GLB nor OBJ", p.file("text.glb", []byte("words"))},
		{65, "glTF", p.file("long.gltf", gltf("300", "tri.bin"))},
		{66, "gone.bin", p.file("gone.gltf", gltf("3", "gone.bin"))},
		{65, "outside of the folder", p.file("in/out.gltf", gltf("3", "../secret.bin"))},
		{65, "link.bin", p.file("in/link.gltf", gltf("3", "link.bin"))},
		{65, "only files beside it", p.file("web.gltf", gltf("3", "https://example.com/tri.bin"))},
		{65, "glTF", p.file("half.gltf", gltf("3", "tri.bin")[:90])},
	} {
		p.fails(c.code, c.says, "--world", world, "load-model", c.file)
	}
	s.stop()
	// Nothing has to run for it.
	if again := p.ok("--world", world, "load-model", files[0]); again != cids[0] {
		t.Errorf("on a stopped world: %s", again)
	}
}
