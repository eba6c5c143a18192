package vk

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/go-gl/mathgl/mgl32"
	vulkan "github.com/vulkan-go/vulkan"

	"hearth/lumps"
	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/scene"
)

// Whichever call is the one for which there is no memory, drawing a scene full of new
// things fails at most with an error that says so, and goes on when there is memory.
func TestScarceMemory(t *testing.T) {
	var s *stage
	s = newStage(t, device.ProfileBound, func(o *Options) {
		o.ShadowSize, o.Cascades = 64, 1
		o.Device.OnMessage = func(m device.Message) {
			// Calls here succeed and are said to have failed: what they made is lost.
			if !strings.Contains(m.ID, "vkDestroyDevice") {
				s.t.Errorf("validation: [%s] %s", m.ID, m.Text)
			}
		}
	})
	if err := s.off.Resize(64, 36); err != nil {
		t.Fatal(err)
	}
	s.sun()
	s.look(mgl32.Vec3{0, 1, 4}, mgl32.Vec3{0, 0.5, 0})
	models := []lumps.CID{s.put(ball(paint(1, 0, 0, 0, 0.5)).gltf()), s.put(twins()), s.file(samples + "simple_skin/simple_skin.gltf"),
		s.file(samples + "BoxTextured-glTF-Binary/BoxTextured.glb")}
	skies := []lumps.CID{s.put(heaven()), {}}
	for i := range 2 { // more pages than the first image has
		err := s.scene.PutTile(i, false, tile(0, 0, 16, [4]byte{255, 255, 255, 255}))
		if err := errors.Join(err, s.scene.PutGlyph(uint32(300+i), scene.Glyph{Page: int32(i), W: 16, H: 16, Right: 1, Top: 1})); err != nil {
			t.Fatal(err)
		}
	}
	fill := func() (undo func()) {
		var ids []scene.ID
		for i, c := range models {
			ids = append(ids, s.add(c, mgl32.Translate3D(float32(i)-1.5, 0.5, 0), func(o *scene.Object) {
				o.Animation = scene.Animation{Index: 0, Speed: 1}
				o.Tint[3] = 1 - 0.5*float32(i%2)
			}))
		}
		canvas, err := s.scene.AddCanvas(scene.Canvas{Origin: mgl32.Vec3{0, 2, -1}, HalfSize: mgl32.Vec2{1, 1}, Orientation: mgl32.QuatIdent(), Width: 32, Height: 32, Pixels: make([]byte, 4*32*32), Opacity: 1})
		lines, err2 := s.scene.AddLines(scene.Lines{Vertices: make([]scene.LineVertex, 2), Indices: []uint32{0, 1}})
		g := scene.NewGrid(100, 50) // more cells than the buffer begins with
		g.Lines = make([][]scene.GridCell, 50)
		g.Lines[3] = slices.Repeat([]scene.GridCell{{Glyph: 300, FG: white}}, 100)
		grid, err3 := s.scene.AddGrid(g)
		g.Origin[0], g.Columns, g.Lines = 2, 300, nil
		other, err4 := s.scene.AddGrid(g)
		if err := errors.Join(err, err2, err3, err4, s.scene.SetSky(scene.Sky{Texture: skies[0]})); err != nil {
			t.Fatal(err)
		}
		return func() {
			for _, id := range ids {
				if err := s.scene.RemoveObject(id); err != nil {
					t.Fatal(err)
				}
			}
			if err := errors.Join(s.scene.RemoveCanvas(canvas), s.scene.RemoveLines(lines), s.scene.RemoveGrid(grid), s.scene.RemoveGrid(other), s.scene.SetSky(scene.Sky{})); err != nil {
				t.Fatal(err)
			}
		}
	}
	at := func(o *FrameOptions) { o.Time = time.Second }
	empty, err := s.r.NewOffscreen(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	forget := func() {
		for range 125 { // what was let go is destroyed after so many frames
			if _, err := s.r.Draw(s.scene.Snapshot(), empty, FrameOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	undo := fill()
	if f := s.settle(at); len(f) > 0 {
		t.Fatal(f)
	}
	want := s.picture()
	undo()
	forget()
	// The hook stays, since goroutines that load ask it too: left says how many calls
	// succeed until one fails, and is far below 0 otherwise.
	var left atomic.Int64
	var which atomic.Value
	const never = -1 << 40
	left.Store(never)
	hook := func(call string, r vulkan.Result) vulkan.Result {
		for _, p := range []string{"vkQueue", "vkWait", "vkGet", "vkEnd"} { // what these did is done
			if strings.HasPrefix(call, p) {
				return r
			}
		}
		if left.Add(-1) == 0 {
			which.Store(call)
			return vulkan.ErrorOutOfDeviceMemory
		}
		return r
	}
	*(*func(string, vulkan.Result) vulkan.Result)(unsafe.Pointer(reflect.ValueOf(s.r.d).Elem().FieldByName("hook").UnsafeAddr())) = hook
	failed := map[string]int{}
	for k := int64(1); ; k++ {
		undo := fill()
		which.Store("")
		left.Store(k)
		err := s.off.Resize(72, 40)
		for range 12 {
			if err != nil && !errors.Is(err, mem.ErrMemory) {
				t.Fatalf("call %d, %s: %v", k, which.Load(), err)
			}
			_, err = s.r.Draw(s.scene.Snapshot(), s.off, FrameOptions{Time: time.Second})
			time.Sleep(time.Millisecond)
		}
		left.Store(never)
		undo()
		if err := s.off.Resize(64, 36); err != nil {
			t.Fatal(err)
		}
		forget()
		if which.Load() == "" {
			break
		}
		failed[which.Load().(string)]++
		if t.Failed() {
			t.Fatalf("call %d, %s", k, which.Load())
		}
	}
	if len(failed) < 4 {
		t.Errorf("only these calls failed: %v", failed)
	}
	fill()
	if f := s.settle(at); len(f) > 0 {
		t.Fatal(f)
	}
	looksSame(t, "with memory again", want, s.picture())
}
