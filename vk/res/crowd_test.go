package res

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"hearth/vk/vktest"
)

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
