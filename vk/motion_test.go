package vk

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/device"
	"hearth/vk/draw"
	"hearth/vk/model"
	"hearth/vk/scene"
	"hearth/vk/vktest"
)

// pack makes one lump of a file of the samples and its neighbours.
func (s *stage) pack(dir, name string) []byte {
	s.t.Helper()
	b, err := model.Pack(os.DirFS(samples+dir), name)
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// A skin bends and a cube changes its shape, each at the place of its animation; one
// that does not move stands beside them, and one with joints of its own.
func TestMotion(t *testing.T) {
	profiles(t, func(t *testing.T, p device.Profile) {
		s := newStage(t, p)
		s.sun()
		s.look(mgl32.Vec3{0, 1.2, 6}, mgl32.Vec3{0, 0.8, 0})
		skin := s.file(samples + "simple_skin/simple_skin.gltf")
		cube := s.put(s.pack("glTF-Sample-Models/AnimatedMorphCube-glTF", "AnimatedMorphCube.gltf"))
		plays := func(o *scene.Object) { o.Animation = scene.Animation{Index: 0, Speed: 1, Loop: true} }
		s.add(skin, mgl32.Translate3D(-2.5, 0, 0))
		s.add(skin, mgl32.Translate3D(-1.2, 0, 0), plays)
		s.add(skin, mgl32.Translate3D(0, 0, 0), func(o *scene.Object) {
			o.Joints = []mgl32.Mat4{mgl32.Ident4(), mgl32.Translate3D(0.4, 0.3, 0)}
		})
		// The cube of the file is two metres large.
		s.add(cube, mgl32.Translate3D(2.4, 0.5, 0).Mul4(mgl32.HomogRotate3DY(0.35)).Mul4(mgl32.Scale3D(0.4, 0.4, 0.4)), plays)
		s.add(cube, mgl32.Translate3D(2.4, 1.6, 0).Mul4(mgl32.HomogRotate3DY(0.35)).Mul4(mgl32.Scale3D(0.25, 0.25, 0.25)), func(o *scene.Object) {
			o.Weights = []float32{1, 0}
		})
		if f := s.settle(func(o *FrameOptions) { o.Time = 1300 * time.Millisecond }); len(f) != 0 {
			t.Fatal(f)
		}
		vktest.Golden(t, "motion", s.picture())
	})
}

// However many come, begin and stop, and however the buffer of bent vertices grows,
// each is drawn as one alone is; and an animation that stands costs no job.
func TestManyMovers(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.sun()
	s.look(mgl32.Vec3{0, 1, 4}, mgl32.Vec3{0, 1, 0})
	skin := s.file(samples + "simple_skin/simple_skin.gltf")
	at := func(o *FrameOptions) { o.Time = 2 * time.Second }
	plays := func(o *scene.Object) { o.Animation = scene.Animation{Index: 0, Speed: 1, Loop: true} }
	first := s.add(skin, mgl32.Ident4(), plays)
	s.settle(at)
	alone := s.picture()
	var others []scene.ID
	for i := range 600 { // of 10 vertices: beyond firstBent
		others = append(others, s.add(skin, mgl32.Translate3D(0, 0, 20+float32(i)), plays))
	}
	s.settle(at)
	if have := s.r.motion.buffer.Size / 64; have <= firstBent {
		t.Fatalf("the buffer has room for %d vertices and was to grow", have)
	}
	if d, err := vktest.Compare(alone, s.picture(), 10); err != nil || d.Max > 1 {
		t.Errorf("beside others it looks different: %v %v", d, err)
	}
	s.draw(at)
	if n := len(s.r.motion.jobs); n != 0 {
		t.Errorf("%d jobs though the time stands", n)
	}
	s.draw(func(o *FrameOptions) { o.Time = 2100 * time.Millisecond })
	if n := len(s.r.motion.jobs); n != 601 {
		t.Errorf("%d jobs for 601 objects that move", n)
	}
	for i, id := range others {
		var err error
		if i%2 == 0 {
			err = s.scene.RemoveObject(id)
		} else {
			err = s.scene.UpdateObject(id, func(o *scene.Object) { o.Animation.Index = -1 })
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s.draw(at)
	if d, err := vktest.Compare(alone, s.picture(), 10); err != nil || d.Max > 1 {
		t.Errorf("after others left it looks different: %v %v", d, err)
	}
	if err := s.scene.RemoveObject(first); err != nil {
		t.Fatal(err)
	}
	for _, id := range others {
		_ = s.scene.RemoveObject(id)
	}
	s.draw(at)
	if n := len(s.r.motion.movers); n != 0 || s.r.drawer.World.Items() != 0 {
		t.Errorf("%d movers and %d items are left of nothing", n, s.r.drawer.World.Items())
	}
}

// A pick names what is under its pixel, and where.
func TestPick(t *testing.T) {
	profiles(t, func(t *testing.T, p device.Profile) {
		s := newStage(t, p)
		s.sun()
		s.look(mgl32.Vec3{0, 0, 5}, mgl32.Vec3{0, 0, 0})
		c := s.put(ball(paint(1, 0, 0, 0, 0.5)).gltf())
		near := s.add(c, mgl32.Translate3D(0, 0, 1))
		s.add(c, mgl32.Translate3D(0, 0, -1))
		side := s.add(c, mgl32.Translate3D(1.5, 0, 0))
		s.add(c, mgl32.Translate3D(-1.5, 0, 0), func(o *scene.Object) { o.NoPick = true })
		s.settle()
		perMetre := float64(height) / 2 / math.Tan(math.Pi/8) / 5 // pixels, at the distance of the origin
		x := int(1.5 * perMetre)
		for _, q := range []struct {
			x, y int
			want scene.ID
			at   mgl32.Vec3
		}{
			{width / 2, height / 2, near, mgl32.Vec3{0, 0, 1.5}},
			{width/2 + x, height / 2, side, mgl32.Vec3{1.37, 0, 0.48}},
			{width/2 - x, height / 2, 0, mgl32.Vec3{}}, {2, 2, 0, mgl32.Vec3{}}, {-1, 7, 0, mgl32.Vec3{}}, {width, 0, 0, mgl32.Vec3{}},
		} {
			answer := s.r.Pick(q.x, q.y)
			var hit Hit
			for i := 0; ; i++ {
				s.draw()
				var ok bool
				select {
				case hit, ok = <-answer:
				default:
					if i < 5 {
						continue
					}
				}
				if !ok {
					t.Fatalf("no answer about %d,%d", q.x, q.y)
				}
				break
			}
			if hit.Object != q.want || hit.Position.Sub(q.at).Len() > 0.1 {
				t.Errorf("at %d,%d is %d at %v, not %d at %v", q.x, q.y, hit.Object, hit.Position, q.want, q.at)
			}
		}
		var all []<-chan Hit
		for range maxAsked + 10 {
			all = append(all, s.r.Pick(1, 1))
		}
		for range maxAsked {
			s.draw()
		}
		answered := 0
		for _, c := range all {
			if _, ok := <-c; ok {
				answered++
			}
		}
		if answered != maxAsked {
			t.Errorf("%d of %d questions were answered, %d may wait", answered, len(all), maxAsked)
		}
	})
}

// What the camera sees is counted on the device.
func TestCounts(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.sun()
	s.look(mgl32.Vec3{0, 0, 5}, mgl32.Vec3{0, 0, 0})
	c := s.put(pane(paint(1, 0, 0, 0, 0.5)).gltf())
	for i := range 7 {
		s.add(c, mgl32.Translate3D(float32(i)*0.1, 0, 0))
		s.add(c, mgl32.Translate3D(float32(i)*0.1, 0, 10)) // behind the camera
	}
	s.add(c, mgl32.Ident4(), func(o *scene.Object) { o.Tint = mgl32.Vec4{1, 1, 1, 0.5} })
	s.settle()
	s.draw()
	s.draw()
	st := s.draw()
	if st.Items != 15 || st.Visible != 8 || st.Triangles != 16 || st.Blended != 1 || st.Batches != 2 {
		t.Errorf("%+v", st)
	}
}

// A lamp of a model shines where its object is, and no longer than it is there.
func TestModelsCarryLights(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.look(mgl32.Vec3{0, 3, 5}, mgl32.Vec3{0, 0, 0})
	s.add(s.put(plane(paint(1, 1, 1, 0, 1)).gltf()), mgl32.Scale3D(5, 1, 5))
	lamp := pane(paint(1, 1, 1, 0, 1))
	lamp.extra = `,"nodes":[{"mesh":0,"scale":[0.1,0.1,0.1],"children":[1]},{"translation":[0,0,5],"extensions":{"KHR_lights_punctual":{"light":0}}}],
"extensions":{"KHR_lights_punctual":{"lights":[{"type":"point","color":[1,0,0],"intensity":2,"range":4}]}}`
	id := s.add(s.put(lamp.gltf()), mgl32.Translate3D(-1.5, 0.6, 0))
	s.settle()
	brightest := func() (x int, red uint8) {
		p := s.picture()
		for i := range width * height {
			if r := p.Pix[4*i]; r > red {
				x, red = i%width, r
			}
		}
		return x, red
	}
	if x, red := brightest(); x > width/2-20 || red < 100 || s.r.lights.count != 1 {
		t.Errorf("the lamp on the left shines %d at %d, %d lights", red, x, s.r.lights.count)
	}
	if err := s.scene.UpdateObject(id, func(o *scene.Object) { o.Transform = mgl32.Translate3D(1.5, 0.6, 0) }); err != nil {
		t.Fatal(err)
	}
	s.draw()
	if x, red := brightest(); x < width/2+20 || red < 100 {
		t.Errorf("the lamp on the right shines %d at %d", red, x)
	}
	if err := s.scene.RemoveObject(id); err != nil {
		t.Fatal(err)
	}
	s.draw()
	if _, red := brightest(); red > 60 || s.r.lights.count != 0 {
		t.Errorf("a lamp that is gone shines %d", red)
	}
}

// A frame allocates the same few things however much there is in the scene.
func TestAllocationsDoNotGrow(t *testing.T) {
	s := newStage(t, device.ProfileBound, func(o *Options) { o.Device.Validate = false })
	s.sun()
	if err := s.off.Resize(16, 16); err != nil {
		t.Fatal(err)
	}
	c := s.put(pane(paint(1, 0, 0, 0, 0.5)).gltf())
	count := func() float64 {
		s.settle()
		for range 3 {
			s.draw()
		}
		snap := s.scene.Snapshot()
		return testing.AllocsPerRun(20, func() {
			if _, err := s.r.Draw(snap, s.off, FrameOptions{}); err != nil {
				t.Fatal(err)
			}
		})
	}
	s.add(c, mgl32.Ident4())
	few := count()
	for i := range 3000 {
		s.add(c, mgl32.Translate3D(float32(i%60), float32(i/60), 0), func(o *scene.Object) {
			if i%10 == 0 {
				o.Tint[3] = 0.5
			}
		})
	}
	if many := count(); many > few+1 || few > 16 {
		t.Errorf("%v allocations for a frame of one object, %v for one of 3000", few, many)
	}
}

// The device sees what the processor's own test of the same spheres sees, from
// wherever it looks: nothing that is in the picture is missing.
func TestCullingAgainstProcessor(t *testing.T) {
	profiles(t, func(t *testing.T, p device.Profile) {
		s := newStage(t, p)
		if err := s.off.Resize(32, 32); err != nil {
			t.Fatal(err)
		}
		rnd := rand.New(rand.NewPCG(7, 8))
		between := func(a, b float32) float32 { return a + rnd.Float32()*(b-a) }
		c := s.put(pane(paint(1, 0, 0, 0, 0.5)).gltf())
		var places []mgl32.Mat4
		for range 400 {
			m := mgl32.Translate3D(between(-20, 20), between(-20, 20), between(-20, 20)).
				Mul4(mgl32.HomogRotate3D(between(0, 6), mgl32.Vec3{1, 2, 3}.Normalize())).
				Mul4(mgl32.Scale3D(between(0.2, 3), between(0.2, 3), between(-3, 3)))
			places = append(places, m)
			s.add(c, m)
		}
		s.settle()
		g := &s.r.looks.byKey[lookKey{model: c}].kind.still[0].Geometry
		for range 10 {
			view := mgl32.LookAtV(mgl32.Vec3{between(-5, 5), between(-5, 5), between(-5, 5)}, mgl32.Vec3{between(-9, 9), between(-9, 9), between(-9, 9)}, mgl32.Vec3{0, 1, 0})
			camera := scene.Camera{View: view, VFov: between(0.3, 2), Near: between(0.05, 2)}
			var st Stats
			for range 3 { // the count is that of two frames before
				st = s.draw(func(o *FrameOptions) { o.Camera = &camera })
			}
			v := draw.Frustum(draw.Perspective(camera.VFov, 1, camera.Near).Mul4(view))
			want := 0
			for i := range places {
				if v.Sees(mgl32.TransformCoordinate(g.Center, places[i]), g.Radius*draw.Stretch(&places[i])) {
					want++
				}
			}
			if d := st.Visible - want; d < -1 || d > 1 || want == 0 { // one may be on the edge
				t.Errorf("the device sees %d, the processor %d of 400", st.Visible, want)
			}
		}
	})
}
