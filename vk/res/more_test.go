package res

import (
	"bytes"
	"encoding/binary"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"hearth/vk/model"
	"hearth/vk/vktest"
)

// put uploads a picture that no lump holds.
func (b *bench) put(p *model.Picture, colour, mips bool) (*Texture, func()) {
	b.t.Helper()
	e := &entry{r: b.r}
	bl := newBuilder(b.r, e, &model.Model{})
	x, err := bl.texture(p, colour, mips)
	if err != nil {
		b.t.Fatal(err)
	}
	bl.out, bl.single = nil, x
	if err := b.r.enqueue(e, bl, func() {}); err != nil {
		b.t.Fatal(err)
	}
	for e.state == Pending {
		b.frame()
	}
	return x, x.destroy
}

// Cubes reach the device face by face, in both formats, with the levels that
// halving gives.
func TestCubes(t *testing.T) {
	b := onCPU(t, Options{Upload: minUpload})
	for _, f := range []model.Format{model.RGBA8, model.RGBA16F} {
		p := &model.Picture{Width: 256, Height: 256, Faces: 6, Format: f}
		for face := range 6 {
			for i := range 256 * 256 {
				if f == model.RGBA8 {
					p.Pixels = append(p.Pixels, byte(i), byte(i>>8), byte(40*face), 255)
					continue
				}
				for c := range 4 {
					p.Pixels = binary.LittleEndian.AppendUint16(p.Pixels, floatToHalf(float32(face*1000+i%256+c)))
				}
			}
		}
		x, done := b.put(p, false, true)
		if !x.Cube || x.HDR != (f == model.RGBA16F) || x.Image.Levels != 9 || x.Image.Layers != 6 {
			t.Fatalf("%v: %+v", f, x)
		}
		half := halve(p, false)
		for face := range 6 {
			if !bytes.Equal(b.texels(x.Image, 0, uint32(face), f.Bytes()), p.Face(face)) {
				t.Errorf("%v: face %d differs", f, face)
			}
			got := b.texels(x.Image, 1, uint32(face), f.Bytes())
			if f == model.RGBA8 {
				if d := far(got, half.Face(face)); d > 1 {
					t.Errorf("level 1 of face %d differs by %d", face, d)
				}
				continue
			}
			for i := 0; i < len(got); i += 2 {
				g, w := halfToFloat(binary.LittleEndian.Uint16(got[i:])), halfToFloat(binary.LittleEndian.Uint16(half.Face(face)[i:]))
				if g-w > 4 || w-g > 4 { // a half of 5000 has steps of 4
					t.Fatalf("level 1 of face %d: %v, want %v", face, g, w)
				}
			}
		}
		done()
	}
}

// Where the tables of the bindless profile are full, what comes fails with ErrFull,
// and gives back what it took.
func TestFullTables(t *testing.T) {
	d := vktest.SwiftShader(t)
	b := newBench(t, d, vktest.Memory(t, d), Options{Grace: -1})
	c := b.shelf.put(file(t, filepath.Join(samples, "BoxTextured-glTF-Binary/BoxTextured.glb")))
	for name, table := range map[string]interface{ Used() uint32 }{"materials": b.r.materials.used, "textures": b.r.materials.slots} {
		g := b.r.materials.used
		n := uint32(maxMaterials)
		if name == "textures" {
			g, n = b.r.materials.slots, maxTextures-1
		}
		x, ok := g.Take(n)
		if !ok {
			t.Fatalf("%s: there are %d already", name, table.Used())
		}
		ref := b.r.Model(c)
		b.until(ref)
		if !errors.Is(ref.Err(), ErrFull) {
			t.Errorf("%s: %v, %v", name, ref.State(), ref.Err())
		}
		ref.Release()
		b.frame()
		g.Give(x)
		ref = b.r.Model(c)
		b.ready(ref)
		ref.Release()
		for range 4 {
			b.frame()
		}
	}
	if err := d.WaitIdle(); err != nil {
		t.Fatal(err)
	}
	if m, s := b.r.materials.used.Used(), b.r.materials.slots.Used(); m != 0 || s != 1 {
		t.Errorf("%d materials and %d textures are left", m, s)
	}
}

// Many ask and let go at the same time, while frames go on.
func TestConcurrent(t *testing.T) {
	b := onCPU(t, Options{Grace: 2})
	glb := b.shelf.put(file(t, filepath.Join(samples, "BoxTextured-glTF-Binary/BoxTextured.glb")))
	pic := b.shelf.put(picture(t, 64, 64, 1))
	mesh, mat := b.shelf.put(meshLump(t)), b.shelf.put([]byte(`{}`))
	bad := b.shelf.put([]byte("glTF"))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				m, x, p, f := b.r.Model(glb), b.r.Texture(pic, TextureOptions{Linear: g%2 == 0}), b.r.Pair(mesh, mat), b.r.Model(bad)
				if i%3 == 0 {
					time.Sleep(time.Millisecond)
				}
				if k := m.Model(); k != nil && len(k.Meshes) == 0 {
					t.Error("a model without its mesh")
				}
				_, _, _ = m.Bounds()
				_ = b.r.Changes()
				_ = f.Err()
				m.Release()
				x.Release()
				p.Release()
				f.Release()
			}
		})
	}
	for end := time.Now().Add(500 * time.Millisecond); time.Now().Before(end); {
		b.frame()
	}
	close(stop)
	wg.Wait()
	for range 6 {
		b.frame()
	}
	if s := b.r.Stats(); s.Ready+s.Pending+s.Failed != 0 {
		t.Errorf("left behind: %+v", s)
	}
	if b.r.Stats().Uploaded == 0 {
		t.Error("nothing was ever copied")
	}
}
