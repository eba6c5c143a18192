package vk

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/lumps"
	"hearth/vk/device"
	"hearth/vk/scene"
	"hearth/vk/vktest"
)

// guests changes a scene as many guests would: objects, lamps, canvases, lines, screens
// and skies come, change and go, pictures change their sizes, somebody asks what is
// under a pixel.
type guests struct {
	*stage
	rnd    *rand.Rand
	models []lumps.CID
	skies  []lumps.CID
	gone   []func() error // what removes the things that are there
	time   time.Duration
}

func (g *guests) cycle() {
	t, rnd := g.t, g.rnd
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	spot := func() mgl32.Vec3 {
		return mgl32.Vec3{rnd.Float32()*8 - 4, rnd.Float32() * 2, -rnd.Float32() * 6}
	}
	for range 12 {
		at := spot()
		switch rnd.IntN(6) {
		case 0, 1:
			id := g.add(g.models[rnd.IntN(len(g.models))], mgl32.Translate3D(at[0], at[1], at[2]), func(o *scene.Object) {
				o.Tint[3] = float32(1 - rnd.IntN(2)/2)
				if rnd.IntN(2) == 0 {
					o.Animation = scene.Animation{Index: 0, Speed: 1, Loop: true}
				}
			})
			must(g.scene.UpdateObject(id, func(o *scene.Object) { o.Tint[3] = 0.3 + 0.7*float32(rnd.IntN(2)) }))
			g.gone = append(g.gone, func() error { return g.scene.RemoveObject(id) })
		case 2:
			id, err := g.scene.AddLight(scene.Light{Kind: scene.Point, Color: mgl32.Vec3{1, 1, 1}, Intensity: 1, Range: 3, Position: at})
			must(err)
			g.gone = append(g.gone, func() error { return g.scene.RemoveLight(id) })
		case 3:
			w := 1 << rnd.IntN(7)
			id, err := g.scene.AddCanvas(scene.Canvas{Origin: at, HalfSize: mgl32.Vec2{1, 1}, Orientation: mgl32.QuatIdent(), Width: w, Height: w, Pixels: make([]byte, 4*w*w), Opacity: 1})
			must(err)
			g.gone = append(g.gone, func() error { return g.scene.RemoveCanvas(id) })
		case 4:
			id, err := g.scene.AddLines(scene.Lines{Vertices: make([]scene.LineVertex, 2+rnd.IntN(100)), Indices: []uint32{0, 1}})
			must(err)
			g.gone = append(g.gone, func() error { return g.scene.RemoveLines(id) })
		case 5:
			columns, rows := 1+rnd.IntN(200), 1+rnd.IntN(60)
			x := scene.NewGrid(columns, rows)
			x.Origin, x.Lines = at, make([][]scene.GridCell, rows)
			x.Lines[rnd.IntN(rows)] = make([]scene.GridCell, columns)
			id, err := g.scene.AddGrid(x)
			must(err)
			page, side := rnd.IntN(3), 8<<rnd.IntN(2)
			must(g.scene.PutTile(page, false, tile(8*rnd.IntN(4), 8*rnd.IntN(4), side, [4]byte{200, 200, 200, 200})))
			must(g.scene.PutGlyph(uint32(rnd.IntN(1000)), scene.Glyph{Page: int32(page), W: uint16(side), H: uint16(side), Right: 1, Top: 1}))
			must(g.scene.UpdateGrid(id, func(x *scene.Grid) { x.Lines = nil }))
			g.gone = append(g.gone, func() error { return g.scene.RemoveGrid(id) })
		}
	}
	must(g.scene.SetSky(scene.Sky{Texture: g.skies[rnd.IntN(len(g.skies))]}))
	if rnd.IntN(4) == 0 {
		must(g.off.Resize(16+rnd.IntN(3)*16, 16+rnd.IntN(3)*16))
	}
	_ = g.r.Pick(rnd.IntN(16), rnd.IntN(16))
	for range 1 + rnd.IntN(4) {
		g.time += 20 * time.Millisecond
		g.draw(func(o *FrameOptions) { o.Time = g.time })
	}
	rnd.Shuffle(len(g.gone), func(i, k int) { g.gone[i], g.gone[k] = g.gone[k], g.gone[i] })
	for n := min(len(g.gone), rnd.IntN(26)); n > 0; n-- {
		must(g.gone[len(g.gone)-1]())
		g.gone = g.gone[:len(g.gone)-1]
	}
}

// clear takes everything away and draws until it is.
func (g *guests) clear() {
	for _, f := range g.gone {
		if err := f(); err != nil {
			g.t.Fatal(err)
		}
	}
	g.gone = g.gone[:0]
	if err := errors.Join(g.scene.SetSky(scene.Sky{}), g.off.Resize(16, 16)); err != nil {
		g.t.Fatal(err)
	}
	for range 150 { // beyond what resources are kept after they were let go
		g.draw()
	}
	if err := g.r.d.WaitIdle(); err != nil {
		g.t.Fatal(err)
	}
	runtime.GC()
	debug.FreeOSMemory()
}

// A scene in which things come, change and go does not make the process grow, nor what
// it holds of the device. With HEARTH_SOAK it is an hour of it.
func TestSoak(t *testing.T) {
	length := 2 * time.Second
	if os.Getenv("HEARTH_SOAK") != "" {
		length = time.Hour
	}
	s := newStage(t, device.ProfileBound, func(o *Options) {
		o.Device.Validate = false // which remembers much itself
		o.ShadowSize, o.Cascades = 64, 1
	})
	s.sun()
	s.look(mgl32.Vec3{0, 1, 4}, mgl32.Vec3{0, 0.5, 0})
	g := &guests{stage: s, rnd: rand.New(rand.NewPCG(7, 8)), skies: []lumps.CID{{}, s.put(heaven())}, models: []lumps.CID{
		s.put(ball(paint(1, 0, 0, 0, 0.5)).gltf()), s.put(turning()), s.put(twins()), s.file(samples + "simple_skin/simple_skin.gltf"),
		s.file(samples + "BoxTextured-glTF-Binary/BoxTextured.glb"), s.put([]byte("no model"))}}
	if err := s.off.Resize(16, 16); err != nil {
		t.Fatal(err)
	}
	for range 60 {
		g.cycle()
	}
	g.clear()
	rss, used := vktest.Resident(t), s.r.a.Stats()
	var heap, after runtime.MemStats
	runtime.ReadMemStats(&heap)
	cycles := 0
	for end := time.Now().Add(length); time.Now().Before(end); cycles++ {
		g.cycle()
	}
	g.clear()
	runtime.ReadMemStats(&after)
	rssAfter, usedAfter := vktest.Resident(t), s.r.a.Stats()
	t.Logf("%d cycles: resident %d -> %d KiB, heap %d -> %d KiB, device %d -> %d KiB", cycles, rss>>10, rssAfter>>10,
		heap.HeapAlloc>>10, after.HeapAlloc>>10, used.Used>>10, usedAfter.Used>>10)
	if n := s.r.drawer.World.Items(); n != 0 || len(s.r.looks.byKey) != 0 || len(s.r.motion.movers) != 0 || s.r.motion.ranges.Used() != 0 {
		t.Errorf("%d items, %d models, %d movers and %d bent vertices are left", n, len(s.r.looks.byKey), len(s.r.motion.movers), s.r.motion.ranges.Used())
	}
	// A scene may by chance have been larger than any before: its buffers stay.
	if usedAfter.Used > used.Used+1<<20 || usedAfter.Buffers > used.Buffers+4 || usedAfter.Images > used.Images {
		t.Errorf("the device's memory went from %+v to %+v", used, usedAfter)
	}
	if d := int64(after.HeapAlloc) - int64(heap.HeapAlloc); d > 2<<20 {
		t.Errorf("Go's memory grew by %d KiB", d>>10)
	}
	if d := rssAfter - rss; float64(d) > math.Max(32<<20, 0.1*float64(rss)) {
		t.Errorf("the process grew by %d KiB", d>>10)
	}
}
