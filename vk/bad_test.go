package vk

import (
	"errors"
	"image"
	"math"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/lumps"
	"hearth/vk/device"
	"hearth/vk/draw"
	vkmem "hearth/vk/mem"
	"hearth/vk/scene"
	"hearth/vk/vktest"
)

// A scene that is full is drawn, with nothing lost but time: it is taken over once,
// and a frame after that costs what a small one costs.
func TestFullScene(t *testing.T) {
	s := newStage(t, device.ProfileBound, func(o *Options) { o.Device.Validate = false })
	s.look(mgl32.Vec3{0, 0, 5}, mgl32.Vec3{0, 0, 0})
	c := s.put(pane(paint(1, 0, 0, 0, 0.5)).gltf())
	var last scene.ID
	var n int
	for ; ; n++ {
		o := scene.NewObject()
		o.Model, o.Transform = c, mgl32.Translate3D(float32(n%1024)*3, float32(n/1024)*3, -float32(n%7))
		id, err := s.scene.AddObject(o)
		if err != nil {
			var full *scene.FullError
			if !errors.As(err, &full) {
				t.Fatal(err)
			}
			break
		}
		last = id
	}
	s.settle()
	s.draw()
	s.draw()
	if err := s.r.d.WaitIdle(); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	st := s.draw()
	if st.Objects != n || st.Items != n || st.Visible == 0 || st.Visible > 1000 {
		t.Errorf("%d objects: %+v", n, st)
	}
	if st.Uploaded > 1<<10 {
		t.Errorf("%d bytes are sent though nothing changed", st.Uploaded)
	}
	t.Logf("a frame of %d objects: %v, of which %v recording", n, time.Since(begun), st.CPU)
	if err := s.scene.UpdateObject(last, func(o *scene.Object) { o.Tint = mgl32.Vec4{0, 1, 0, 1} }); err != nil {
		t.Fatal(err)
	}
	if st := s.draw(); st.Uploaded == 0 || st.Uploaded > 64*80 {
		t.Errorf("%d bytes for one object", st.Uploaded)
	}
}

// What the caller's own camera has wrong does not reach the device: validation would
// speak, or a picture of nothing come back.
func TestCamerasOfNothing(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.sun()
	s.look(mgl32.Vec3{0, 0, 5}, mgl32.Vec3{0, 0, 0})
	s.add(s.put(ball(paint(1, 0, 0, 0, 0.5)).gltf()), mgl32.Ident4())
	s.settle()
	nan := float32(math.NaN())
	good := scene.DefaultCamera()
	for name, change := range map[string]func(c *scene.Camera){
		"NaN view":      func(c *scene.Camera) { c.View[5] = nan },
		"infinite view": func(c *scene.Camera) { c.View[12] = float32(math.Inf(1)) },
		"no view":       func(c *scene.Camera) { c.View = mgl32.Mat4{} },
		"no angle":      func(c *scene.Camera) { c.VFov = 0 },
		"NaN angle":     func(c *scene.Camera) { c.VFov = nan },
		"half a circle": func(c *scene.Camera) { c.VFov = math.Pi },
		"no near plane": func(c *scene.Camera) { c.Near = -1 },
		"NaN near":      func(c *scene.Camera) { c.Near = nan },
	} {
		c := good
		change(&c)
		if st := s.draw(func(o *FrameOptions) { o.Camera = &c }); st.Skipped {
			t.Errorf("%s: no picture", name)
		}
		if u := usable(c); u.View.Det() == 0 || !(u.VFov > 0 && u.VFov < math.Pi) || !(u.Near > 0) {
			t.Errorf("%s became %+v", name, u)
		}
	}
}

// Transforms that flatten, overflow or are not numbers spoil their object and nothing
// besides: the ball beside them looks as it does alone. The scene refuses the worst;
// the renderer is handed them by a table of its own making.
func TestTransformsOfNothing(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.sun()
	s.look(mgl32.Vec3{0, 0, 5}, mgl32.Vec3{0, 0, 0})
	c := s.put(ball(paint(0.2, 0.6, 1, 0, 0.5)).gltf())
	s.add(c, mgl32.Ident4())
	s.settle()
	alone := s.picture()
	nan := float32(math.NaN())
	for name, m := range map[string]mgl32.Mat4{
		"flat":  mgl32.Translate3D(0, 50, 0).Mul4(mgl32.Scale3D(1, 1, 0)),
		"point": mgl32.Translate3D(1, 1, 0).Mul4(mgl32.Scale3D(0, 0, 0)),
		"huge":  mgl32.Translate3D(0, 0, 1e9),
		"tiny":  mgl32.Translate3D(1, 1, 0).Mul4(mgl32.Scale3D(1e-20, 1e-20, 1e-20)),
	} {
		id := s.add(c, m)
		s.draw()
		looksSame(t, name, alone, s.picture())
		if err := s.scene.RemoveObject(id); err != nil {
			t.Fatal(err)
		}
	}
	for _, tint := range []float32{1, 0.5} { // opaque, and sorted by the processor
		parts := s.r.looks.byKey[lookKey{model: c}].kind.still
		for _, m := range []mgl32.Mat4{{nan, nan, nan, nan}, mgl32.Translate3D(nan, 0, 0), mgl32.Scale3D(float32(math.Inf(1)), 1, 1)} {
			if err := s.r.drawer.World.Set(200, draw.Object{World: m, Tint: mgl32.Vec4{1, 1, 1, tint}}, parts); err != nil {
				t.Fatal(err)
			}
			s.draw()
			looksSame(t, "not a number", alone, s.picture())
		}
	}
	s.r.drawer.World.Remove(200)
}

// A picture without a side is not drawn, one that is too large is refused, and sizes
// may change from frame to frame.
func TestSizes(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.sun()
	s.add(s.put(ball(paint(1, 0, 0, 0, 0.5)).gltf()), mgl32.Ident4())
	if _, err := s.r.Read(s.off); !errors.Is(err, ErrNoPicture) {
		t.Errorf("reading what was never drawn: %v", err)
	}
	if _, err := s.r.NewOffscreen(1<<20, 16); !errors.Is(err, ErrSize) {
		t.Errorf("a picture that is too large: %v", err)
	}
	for _, size := range [][2]int{{64, 64}, {0, 64}, {64, 0}, {0, 0}, {1, 1}, {3, 200}, {200, 3}, {64, 64}} {
		if err := s.off.Resize(size[0], size[1]); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if st := s.draw(); st.Skipped != (size[0]*size[1] == 0) {
				t.Errorf("%v: skipped %v", size, st.Skipped)
			}
		}
		if size[0]*size[1] > 0 {
			if p := s.picture(); p.Rect.Dx() != size[0] || p.Rect.Dy() != size[1] {
				t.Errorf("%v became %v", size, p.Rect)
			}
		}
	}
	if _, err := s.r.NewSwapchain(func() (int, int) { return 64, 64 }); !errors.Is(err, ErrNoSurface) {
		t.Errorf("a window where there is none: %v", err)
	}
}

// Several pictures of one scene, each with its own camera and size.
func TestViews(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.sun()
	s.look(mgl32.Vec3{0, 0, 5}, mgl32.Vec3{0, 0, 0})
	s.add(s.put(ball(paint(0.9, 0.2, 0.2, 0, 0.5)).gltf()), mgl32.Ident4())
	s.settle()
	front := s.picture()
	other, err := s.r.NewOffscreen(64, 64)
	if err != nil {
		t.Fatal(err)
	}
	away := scene.DefaultCamera()
	away.View = mgl32.LookAtV(mgl32.Vec3{0, 0, 5}, mgl32.Vec3{0, 0, 10}, mgl32.Vec3{0, 1, 0})
	for range 3 {
		s.draw()
		if _, err := s.r.Draw(s.scene.Snapshot(), other, FrameOptions{Camera: &away, Secondary: true}); err != nil {
			t.Fatal(err)
		}
	}
	looksSame(t, "the first view", front, s.picture())
	p, err := s.r.Read(other)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 64 * 64 {
		if p.Pix[4*i] > 40 {
			t.Fatalf("a camera that looks away sees %v at %d", p.Pix[4*i:4*i+4], i)
		}
	}
	other.Close()
	s.draw()
}

// A lump that never arrives is nothing, and then a box of wires; frames go on.
func TestNeverArrives(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.look(mgl32.Vec3{1.5, 1.5, 4}, mgl32.Vec3{0, 0, 0})
	never := s.put([]byte("taken away"))
	for k := range s.r.looks.byKey {
		t.Fatalf("there is %v already", k)
	}
	s.hold(never)
	s.add(never, mgl32.Ident4())
	s.draw()
	before := s.picture()
	if pending, failures := s.r.Ready(s.scene.Snapshot()); pending != 1 || len(failures) != 0 {
		t.Errorf("%d pending, %v", pending, failures)
	}
	for _, l := range s.r.looks.byKey { // as if it had waited
		l.since = l.since.Add(-2 * waitShown)
	}
	s.draw()
	if d, err := vktest.Compare(before, s.picture(), 10); err != nil || d.Share == 0 {
		t.Errorf("nothing stands for it: %v %v", d, err)
	}
	vktest.Golden(t, "waiting", s.picture(), vktest.Tolerance{Mean: 0.6, Large: 10, Share: 0.012})
}

// After Close everything is refused, and questions are ended.
func TestClosed(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.sun()
	s.add(s.put(ball(paint(1, 0, 0, 0, 0.5)).gltf()), mgl32.Ident4())
	s.draw()
	asked := s.r.Pick(3, 3)
	if err := s.r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, ok := <-asked; ok {
		t.Error("a closed renderer answers")
	}
	if _, ok := <-s.r.Pick(3, 3); ok {
		t.Error("a closed renderer answers")
	}
	if _, err := s.r.Draw(s.scene.Snapshot(), s.off, FrameOptions{}); !errors.Is(err, ErrClosed) {
		t.Errorf("drawing: %v", err)
	}
	if _, err := s.r.Read(s.off); !errors.Is(err, ErrClosed) {
		t.Errorf("reading: %v", err)
	}
	if _, err := s.r.NewOffscreen(8, 8); !errors.Is(err, ErrClosed) {
		t.Errorf("a new picture: %v", err)
	}
	if err := s.r.Close(); err != nil {
		t.Errorf("a second time: %v", err)
	}
}

// What comes and goes for many frames leaves nothing behind.
func TestComingAndGoing(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.sun()
	s.look(mgl32.Vec3{0, 0, 5}, mgl32.Vec3{0, 0, 0})
	shapes := []lumps.CID{s.put(ball(paint(1, 0, 0, 0, 0.5)).gltf()), s.put(pane(paint(0, 1, 0, 0, 0.5)).gltf()),
		s.file(samples + "simple_skin/simple_skin.gltf"), s.put([]byte("no model"))}
	var used uint64
	for round := range 30 {
		var objects []scene.ID
		for i := range 40 {
			objects = append(objects, s.add(shapes[(i+round)%len(shapes)], mgl32.Translate3D(float32(i%8), float32(i/8), 0)))
		}
		l, err := s.scene.AddLight(scene.Light{Kind: scene.Point, Color: mgl32.Vec3{1, 1, 1}, Intensity: 1, Range: 3})
		if err != nil {
			t.Fatal(err)
		}
		c, err := s.scene.AddCanvas(scene.Canvas{HalfSize: mgl32.Vec2{1, 1}, Orientation: mgl32.QuatIdent(), Width: 4, Height: 4, Pixels: make([]byte, 64), Opacity: 1})
		if err != nil {
			t.Fatal(err)
		}
		n, err := s.scene.AddLines(scene.Lines{Vertices: make([]scene.LineVertex, 2), Indices: []uint32{0, 1}})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			s.draw()
		}
		for _, id := range objects {
			if err := s.scene.RemoveObject(id); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(s.scene.RemoveLight(l), s.scene.RemoveCanvas(c), s.scene.RemoveLines(n)); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			s.draw()
		}
		st := s.draw()
		if round == 10 {
			used = st.DeviceUsed
		}
		if round > 10 && st.DeviceUsed > used+used/4 {
			t.Fatalf("after %d rounds %d bytes are in use, after 10 there were %d", round, st.DeviceUsed, used)
		}
		if n := s.r.drawer.World.Items(); n != 0 || len(s.r.looks.byKey) != 0 || len(s.r.motion.movers) != 0 {
			t.Fatalf("%d items, %d models and %d movers are left", n, len(s.r.looks.byKey), len(s.r.motion.movers))
		}
	}
}

// looksSame compares two pictures of the same thing on the same device.
func looksSame(t *testing.T, what string, want, got *image.NRGBA) {
	t.Helper()
	if d, err := vktest.Compare(want, got, 10); err != nil || d.Max > 1 {
		t.Errorf("%s: the rest looks different: %v %v", what, d, err)
	}
}

// A scene that the device has no memory for is an error that says so, and no end:
// with less in it, it is drawn as if nothing had been.
func TestNoMemory(t *testing.T) {
	s := newStage(t, device.ProfileBound, func(o *Options) { o.Memory.Budget = 96 << 20 })
	s.sun()
	s.look(mgl32.Vec3{0, 0, 5}, mgl32.Vec3{0, 0, 0})
	c := s.put(ball(paint(0.2, 0.6, 1, 0, 0.5)).gltf())
	s.add(c, mgl32.Ident4())
	s.settle()
	alone := s.picture()
	var ids []scene.ID
	var err error
	for range 60 {
		for range 5000 {
			ids = append(ids, s.add(c, mgl32.Translate3D(0, 0, 50)))
		}
		if _, err = s.r.Draw(s.scene.Snapshot(), s.off, FrameOptions{}); err != nil {
			break
		}
	}
	if !errors.Is(err, vkmem.ErrMemory) {
		t.Fatalf("%d objects in 96 MiB: %v", len(ids), err)
	}
	if _, err := s.r.NewOffscreen(4096, 4096); !errors.Is(err, vkmem.ErrMemory) {
		t.Errorf("a large picture: %v", err)
	}
	for _, id := range ids {
		if err := s.scene.RemoveObject(id); err != nil {
			t.Fatal(err)
		}
	}
	s.settle()
	looksSame(t, "after the flood", alone, s.picture())

	// A canvas that there is no memory for is not shown, and costs nobody else.
	large, err := s.scene.AddCanvas(scene.Canvas{HalfSize: mgl32.Vec2{1, 1}, Orientation: mgl32.QuatIdent(), Width: 4096, Height: 4096,
		Pixels: make([]byte, 4*4096*4096), Opacity: 1})
	if err != nil {
		t.Fatal(err)
	}
	s.settle()
	looksSame(t, "with a canvas that does not fit", alone, s.picture())
	if err := s.scene.UpdateCanvas(large, func(c *scene.Canvas) {
		c.Width, c.Height, c.Pixels = 1, 1, []byte{255, 255, 255, 255}
	}); err != nil {
		t.Fatal(err)
	}
	s.settle()
	if d, err := vktest.Compare(alone, s.picture(), 10); err != nil || d.Share < 0.1 {
		t.Errorf("a canvas that fits again is not seen: %v %v", d, err)
	}
}

// A lost device is said at once and for good, questions end, and Close returns.
func TestLost(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.sun()
	s.add(s.put(ball(paint(1, 0, 0, 0, 0.5)).gltf()), mgl32.Ident4())
	s.settle()
	asked := s.r.Pick(3, 3)
	s.r.d.F.WaitIdle() // so that only the renderer takes it for lost
	lost := reflect.ValueOf(s.r.d).Elem().FieldByName("lost")
	(*atomic.Bool)(lost.Addr().UnsafePointer()).Store(true)
	for range 2 {
		if _, err := s.r.Draw(s.scene.Snapshot(), s.off, FrameOptions{}); !errors.Is(err, ErrLost) {
			t.Errorf("drawing: %v", err)
		}
	}
	if _, err := s.r.Read(s.off); !errors.Is(err, ErrLost) {
		t.Errorf("reading: %v", err)
	}
	if err := s.r.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
	if _, ok := <-asked; ok {
		t.Error("a lost device answers")
	}
}
