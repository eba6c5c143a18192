package res

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"hearth/vk/device"
	"hearth/vk/vktest"
)

// Frames in which things come and go do not make the process grow: not the
// device's memory, not Go's, not C's. With HEARTH_SOAK it is an hour of them.
func TestSoak(t *testing.T) {
	length := 2 * time.Second
	if os.Getenv("HEARTH_SOAK") != "" {
		length = time.Hour
	}
	d := vktest.Open(t, func(o *device.Options) { o.Validate = false }) // which remembers much itself
	b := newBench(t, d, vktest.Memory(t, d), Options{Grace: 5})
	glb := b.shelf.put(file(t, filepath.Join(samples, "BoxTextured-glTF-Binary/BoxTextured.glb")))
	rnd := rand.New(rand.NewPCG(5, 6))
	cycle := func() {
		var held []interface {
			ref
			Release()
		}
		for range 6 {
			switch rnd.IntN(3) {
			case 0:
				held = append(held, b.r.Model(glb))
			case 1:
				n := 16 << rnd.IntN(5)
				held = append(held, b.r.Texture(b.shelf.put(picture(t, n, n, byte(rnd.IntN(4)))), TextureOptions{}))
			default:
				held = append(held, b.r.Pair(b.shelf.put(meshLump(t)), b.shelf.put([]byte(`{}`))))
			}
		}
		for range 1 + rnd.IntN(30) { // some are let go before they are there
			b.frame()
		}
		for _, h := range held {
			h.Release()
		}
	}
	settle := func() (int64, uint64) {
		for range 20 {
			b.frame()
		}
		if s := b.r.Stats(); s.Pending+s.Ready+s.Failed > 0 {
			t.Fatalf("not all is reaped: %+v", s)
		}
		if err := d.WaitIdle(); err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return vktest.Resident(t), m.HeapAlloc
	}
	for range 40 {
		cycle()
	}
	rss, heap := settle()
	used := b.a.Stats()
	cycles := 0
	for end := time.Now().Add(length); time.Now().Before(end); cycles++ {
		cycle()
	}
	rssAfter, heapAfter := settle()
	after := b.a.Stats()
	t.Logf("%d cycles: resident %d -> %d KiB, heap %d -> %d KiB, device %d -> %d KiB", cycles, rss>>10, rssAfter>>10, heap>>10, heapAfter>>10, used.Used>>10, after.Used>>10)
	if after.Used != used.Used || after.Buffers != used.Buffers || after.Images != used.Images || after.Allocated > used.Allocated {
		t.Errorf("the device's memory went from %+v to %+v", used, after)
	}
	// What is measured is noisy by what allocators keep; a leak of one small object a
	// cycle is above this within a minute.
	if heapAfter > heap+2<<20 {
		t.Errorf("Go's memory grew from %d to %d KiB", heap>>10, heapAfter>>10)
	}
	if rssAfter > rss+32<<20 {
		t.Errorf("the process grew from %d to %d KiB", rss>>10, rssAfter>>10)
	}
}
