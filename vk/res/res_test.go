package res

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	vk "github.com/vulkan-go/vulkan"
	"go.uber.org/goleak"

	"hearth/lumps"
	"hearth/store/asset"
	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/model"
	"hearth/vk/vktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A model that others wrote comes back from the device as it was decoded: vertices,
// indices, and the texture in all its levels; in both profiles.
func TestModelReadBack(t *testing.T) {
	for _, c := range []struct {
		name string
		open func(testing.TB, ...func(*device.Options)) *device.Device
	}{{"bound", vktest.Open}, {"bindless", vktest.SwiftShader}} {
		t.Run(c.name, func(t *testing.T) {
			d := c.open(t)
			b := newBench(t, d, vktest.Memory(t, d), Options{})
			data := file(t, filepath.Join(samples, "BoxTextured-glTF-Binary/BoxTextured.glb"))
			want := decode(t, data)
			ref := b.r.Model(b.shelf.put(data))
			defer ref.Release()
			if ref.Model() != nil || ref.State() != Pending {
				t.Fatal("ready before anything was recorded")
			}
			b.ready(ref)
			m := ref.Model()
			for i := range want.Meshes {
				b.same(&m.Meshes[i], &want.Meshes[i])
			}
			p := &want.Pictures[0]
			i := m.textures[0].Image
			if got := b.texels(i, 0, 0, 4); !bytes.Equal(got, p.Pixels) {
				t.Error("the texture differs")
			}
			if i.Levels != mem.Levels(uint32(p.Width), uint32(p.Height)) {
				t.Errorf("%d levels", i.Levels)
			}
			x := &m.Materials[m.Meshes[0].Material]
			buf, off := b.r.materials.target(x)
			flags := binary.LittleEndian.Uint32(b.read(buf, off, MaterialSize)[48:])
			if flags&flagTexture == 0 {
				t.Errorf("flags %b say that there is no texture", flags)
			}
			if bound := c.name == "bound"; bound != (x.Set != nil) || bound == (b.r.MaterialSet() != nil) {
				t.Error("a set that is not of the profile")
			}
			if m.Source.Pictures[0].Pixels != nil || m.Source.Meshes[0].Positions != nil {
				t.Error("what is on the device is kept in memory")
			}
		})
	}
}

// Skins and morph targets reach the device as drawn in the package comment.
func TestSkinsAndTargets(t *testing.T) {
	b := onCPU(t, Options{})
	for _, name := range []string{"simple_skin/simple_skin.gltf", "glTF-Sample-Models/AnimatedMorphCube-glTF/AnimatedMorphCube.gltf"} {
		full := filepath.Join(samples, name)
		data, err := model.Pack(os.DirFS(filepath.Dir(full)), filepath.Base(full))
		if err != nil {
			t.Fatal(err)
		}
		want := decode(t, data)
		ref := b.r.Model(b.shelf.put(data))
		b.ready(ref)
		for i := range want.Meshes {
			if len(want.Meshes[i].Joints)+len(want.Meshes[i].Targets) == 0 {
				t.Errorf("%s is neither skinned nor morphed", name)
			}
			b.same(&ref.Model().Meshes[i], &want.Meshes[i])
		}
		ref.Release()
	}
	// and one that is both
	m := triangle()
	m.Joints = [][4]uint16{{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}}
	for i := range 3 {
		m.Weights = append(m.Weights, [4]float32{0.5, 0.25, 0.125, float32(i) / 8})
	}
	m.Targets = []model.Target{{Positions: m.Positions}, {Normals: m.Normals}}
	e := &entry{r: b.r}
	bl := newBuilder(b.r, e, &model.Model{Meshes: []model.Mesh{m}})
	if err := bl.build(); err != nil {
		t.Fatal(err)
	}
	defer bl.out.destroy(b.r)
	if err := b.r.enqueue(e, bl, func() {}); err != nil {
		t.Fatal(err)
	}
	b.frame()
	b.same(&bl.out.Meshes[0], &m)
}

// A chain of mips takes its share of the frames' budget.
func TestMipsHaveABudget(t *testing.T) {
	b := onCPU(t, Options{Upload: minUpload})
	frames := func(seed byte, o TextureOptions) (n int) {
		x := b.r.Texture(b.shelf.put(picture(t, 1024, 1024, seed)), o)
		defer x.Release()
		for end := time.Now().Add(30 * time.Second); x.State() == Pending && time.Now().Before(end); {
			if b.frame(); n > 0 || b.r.Stats().LastUpload > 0 {
				n++
			}
		}
		if x.State() != Ready {
			t.Fatal(x.Err())
		}
		return n
	}
	const mips = 1024 * 1024 * 4 / 3 * blitCost
	bare, chain := frames(1, TextureOptions{NoMips: true}), frames(2, TextureOptions{})
	if chain < bare+mips/minUpload {
		t.Errorf("%d frames without mips, %d with them", bare, chain)
	}
}

// No frame copies more than its budget, whatever is queued, and odd sizes and
// chains of mips come out whole.
func TestUploadBudget(t *testing.T) {
	b := onCPU(t, Options{Upload: minUpload})
	var refs []ref
	sizes := [][2]int{{700, 500}, {513, 257}, {1, 300}, {1024, 1024}, {64, 64}}
	for i, s := range sizes {
		refs = append(refs, b.r.Texture(b.shelf.put(picture(t, s[0], s[1], byte(i))), TextureOptions{}))
	}
	frames := 0
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end) && slices.ContainsFunc(refs, func(r ref) bool { return r.State() == Pending }); {
		b.frame()
		if n := b.r.Stats().LastUpload; n > minUpload {
			t.Fatalf("a frame copied %d bytes", n)
		} else if n > 0 {
			frames++
		}
	}
	for i, x := range refs {
		if x.State() != Ready {
			t.Fatal(x.Err())
		}
		p, err := model.DecodePicture(picture(t, sizes[i][0], sizes[i][1], byte(i)), model.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		img := x.(*TextureRef).Texture().Image
		if !bytes.Equal(b.texels(img, 0, 0, 4), p.Pixels) {
			t.Errorf("%v: level 0 differs", sizes[i])
		}
		if sizes[i][0]%2 == 0 && sizes[i][1]%2 == 0 {
			if d := far(b.texels(img, 1, 0, 4), halve(p, true).Pixels); d > 2 {
				t.Errorf("%v: level 1 differs by %d", sizes[i], d)
			}
		}
		x.(*TextureRef).Release()
	}
	if frames < 6 {
		t.Errorf("6 MB went up in %d frames of 1 MiB", frames)
	}
}

// A texture that is larger than the device takes is halved until it fits.
func TestHalved(t *testing.T) {
	b := onCPU(t, Options{MaxTexture: 64})
	data := picture(t, 300, 100, 7)
	ref := b.r.Texture(b.shelf.put(data), TextureOptions{Linear: true, NoMips: true})
	defer ref.Release()
	b.ready(ref)
	i := ref.Texture().Image
	if i.Width != 37 || i.Height != 12 || i.Levels != 1 || i.Format != vk.FormatR8g8b8a8Unorm {
		t.Fatalf("%dx%d, %d levels, format %d", i.Width, i.Height, i.Levels, i.Format)
	}
	p, _ := model.DecodePicture(data, model.Limits{})
	for range 3 {
		p = halve(p, false)
	}
	if !bytes.Equal(b.texels(i, 0, 0, 4), p.Pixels) {
		t.Error("it is another picture")
	}
}

// A mesh lump with a material lump is a model of one node; its textures are shared
// with all who use them.
func TestPair(t *testing.T) {
	b := onCPU(t, Options{Grace: -1})
	pic := b.shelf.put(picture(t, 32, 32, 1))
	digest := make([]uint16, 32)
	for i, x := range pic.Digest() {
		digest[i] = uint16(x)
	}
	mat, err := json.Marshal(map[string]any{"albedo": digest})
	if err != nil {
		t.Fatal(err)
	}
	mesh := meshLump(t)
	want, err := model.DecodeMesh(mesh, model.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	c, m := b.shelf.put(mesh), b.shelf.put(mat)
	one, two := b.r.Pair(c, m), b.r.Pair(c, m)
	tex := b.r.Texture(pic, TextureOptions{NoMips: !defaultMips(t, mat)})
	b.ready(one, two, tex)
	if one.Model() != two.Model() {
		t.Error("the same pair is there twice")
	}
	b.same(&one.Model().Meshes[0], want)
	if n := len(one.Model().Source.Nodes); n != 1 {
		t.Errorf("%d nodes", n)
	}
	if s := b.r.Stats(); s.Ready != 2 {
		t.Errorf("%d resources for a pair and the texture that it shares", s.Ready)
	}
	one.Release()
	one.Release() // only the first counts
	b.frame()
	if two.Model() == nil || two.State() != Ready {
		t.Fatal("the pair went with the first who let go")
	}
	two.Release()
	b.frame()
	b.frame()
	if s := b.r.Stats(); s.Ready != 1 || tex.State() != Ready {
		t.Errorf("%d resources are left, and the texture is %v", s.Ready, tex.State())
	}
	tex.Release()
	for range 3 {
		b.frame()
	}
	if s := b.r.Stats(); s.Ready+s.Idle != 0 || s.Reaped != 2 {
		t.Errorf("after all let go: %+v", s)
	}
}

func defaultMips(t *testing.T, mat []byte) bool {
	t.Helper()
	m, err := model.DecodeMaterial(mat, model.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return m.Sources[m.BaseColorTexture.Texture].Mipmaps
}

// What is let go is destroyed some frames later, and nothing of it stays in the
// device's memory.
func TestReaped(t *testing.T) {
	b := onCPU(t, Options{Grace: 3})
	data := file(t, filepath.Join(samples, "BoxTextured-glTF-Binary/BoxTextured.glb"))
	c := b.shelf.put(data)
	warm := func() {
		ref := b.r.Model(c)
		b.ready(ref)
		ref.Release()
	}
	cycles := int64(0)
	for ; cycles == 0 || len(b.r.staging) < b.frames.Len(); cycles++ { // until both frames in flight have copied
		warm()
		for range 7 + int(cycles) {
			b.frame()
		}
	}
	if s := b.r.Stats(); s.Ready+s.Idle+s.Pending != 0 || s.Reaped != cycles {
		t.Fatalf("not reaped: %+v", s)
	}
	before := b.a.Stats()
	for range 3 {
		warm()
		ref := b.r.Model(c) // again before it is reaped: it is simply there
		if ref.State() != Ready {
			t.Error("let go for a moment, and gone")
		}
		ref.Release()
		for range 8 {
			b.frame()
		}
	}
	if after := b.a.Stats(); after.Used != before.Used || after.Images != before.Images || after.Buffers != before.Buffers {
		t.Errorf("memory grew from %+v to %+v", before, after)
	}
}

// A lump that never arrives, one that is broken, one that does not fit: each is
// told, and nothing else suffers.
func TestFailures(t *testing.T) {
	b := onCPU(t, Options{Grace: -1})
	never := b.r.Model(lumps.Sum(lumps.Raw, []byte("nobody has this")))
	broken := b.r.Model(b.shelf.put([]byte("glTF but not really")))
	noPicture := b.r.Texture(b.shelf.put([]byte("\x89PNG\r\n\x1a\nno")), TextureOptions{})
	mesh := b.shelf.put(meshLump(t))
	badMaterial := b.r.Pair(mesh, b.shelf.put([]byte("{")))
	lostTexture := []byte(`{"albedo":[` + string(bytes.Repeat([]byte("1,"), 31)) + `1]}`)
	waits := b.r.Pair(mesh, b.shelf.put(lostTexture))
	good := b.r.Model(b.shelf.put(file(t, filepath.Join(samples, "BoxTextured-glTF-Binary/BoxTextured.glb"))))
	b.until(broken, noPicture, badMaterial, good)
	var le *asset.LoadError
	for name, r := range map[string]ref{"broken": broken, "picture": noPicture, "material": badMaterial} {
		if r.State() != Failed || !errors.As(r.Err(), &le) {
			t.Errorf("%s: %v, %v", name, r.State(), r.Err())
		}
	}
	if good.State() != Ready {
		t.Errorf("a good model: %v", good.Err())
	}
	if never.State() != Pending || waits.State() != Pending {
		t.Error("what never arrives is not pending")
	}
	if _, _, ok := never.Bounds(); ok || never.Since().IsZero() {
		t.Error("bounds of what never arrived")
	}
	never.Release()
	waits.Release()
	for end := time.Now().Add(10 * time.Second); b.r.Stats().Pending > 0; b.frame() {
		if time.Now().After(end) {
			t.Fatalf("what never arrives is still asked for: %+v", b.r.Stats())
		}
	}
	broken.Release()
	noPicture.Release()
	badMaterial.Release()
	good.Release()
}

// Where the device's memory ends, what does not fit fails with mem.ErrMemory, and
// fits when room was made.
func TestExhausted(t *testing.T) {
	d := vktest.Open(t)
	a := mem.New(d, mem.Options{Budget: 24 << 20})
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	b := newBench(t, d, a, Options{Grace: -1, Upload: minUpload})
	one := b.r.Texture(b.shelf.put(picture(t, 1500, 1500, 1)), TextureOptions{NoMips: true})
	b.ready(one)
	c := b.shelf.put(picture(t, 1500, 1500, 2))
	two := b.r.Texture(c, TextureOptions{NoMips: true})
	three := b.r.Texture(b.shelf.put(picture(t, 1500, 1500, 3)), TextureOptions{NoMips: true})
	b.until(two, three)
	failed := two
	if three.State() == Failed {
		failed = three
	}
	if !errors.Is(failed.Err(), mem.ErrMemory) {
		t.Fatalf("%v %v, %v %v", two.State(), two.Err(), three.State(), three.Err())
	}
	one.Release()
	two.Release()
	three.Release()
	for range 4 {
		b.frame()
	}
	again := b.r.Texture(c, TextureOptions{NoMips: true})
	defer again.Release()
	b.ready(again)
}

// Closing in the middle of loading and copying leaves no goroutine (TestMain), no
// memory (vktest.Memory), and errors that say so.
func TestCloseWhileLoading(t *testing.T) {
	d := vktest.Open(t)
	b := newBench(t, d, vktest.Memory(t, d), Options{Upload: minUpload})
	never := b.r.Model(lumps.Sum(lumps.Raw, []byte("nobody has this")))
	big := b.r.Texture(b.shelf.put(picture(t, 1024, 1024, 1)), TextureOptions{})
	for b.r.Stats().Queued == 0 {
		time.Sleep(time.Millisecond)
	}
	b.frame()
	b.r.Close()
	late := b.r.Model(lumps.CID{})
	for _, x := range []ref{never, big, late} {
		if x.State() != Failed || !errors.Is(x.Err(), ErrClosed) {
			t.Errorf("%v, %v", x.State(), x.Err())
		}
	}
	never.Release()
	big.Release()
	late.Release()
}
