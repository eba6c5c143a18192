package draw

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/go-gl/mathgl/mgl32"
	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/model"
)

// What Go writes is what the shaders read.
func TestLayouts(t *testing.T) {
	for _, c := range []struct {
		name       string
		have, want uintptr
	}{
		{"object", unsafe.Sizeof(gpuObject{}), 80}, {"item", unsafe.Sizeof(gpuItem{}), 16},
		{"batch", unsafe.Sizeof(gpuBatch{}), 32}, {"matrix", unsafe.Sizeof(matrix{}), 48},
		{"command", unsafe.Sizeof(gpuCommand{}), 20}, {"view", unsafe.Sizeof(gpuView{}), 112},
		{"frame", unsafe.Sizeof(Frame{}), 704}, {"suns", unsafe.Offsetof(Frame{}.Suns), 544},
		{"size", unsafe.Offsetof(Frame{}.Size), 528}, {"counts", unsafe.Offsetof(Frame{}.SunCount), 672},
	} {
		if c.have != c.want {
			t.Errorf("%s: %d bytes, the shaders have %d", c.name, c.have, c.want)
		}
	}
}

// A point on the near plane has depth 1, one far away nearly 0; up is up.
func TestPerspective(t *testing.T) {
	p := Perspective(math.Pi/2, 2, 0.5)
	for _, c := range []struct {
		at   mgl32.Vec3
		want mgl32.Vec3
	}{
		{mgl32.Vec3{0, 0, -0.5}, mgl32.Vec3{0, 0, 1}},
		{mgl32.Vec3{0, 0, -5e6}, mgl32.Vec3{0, 0, 1e-7}},
		{mgl32.Vec3{2, 1, -1}, mgl32.Vec3{1, -1, 0.5}},
	} {
		v := p.Mul4x1(c.at.Vec4(1))
		if have := v.Vec3().Mul(1 / v[3]); !have.ApproxEqualThreshold(c.want, 1e-5) {
			t.Errorf("%v is seen at %v, not %v", c.at, have, c.want)
		}
	}
}

// A sphere that the frustum does not see has no point in the picture, and the middle
// of one that has is always seen.
func TestFrustumAgainstPoints(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	m := Perspective(1, 1.6, 0.1).Mul4(mgl32.LookAtV(mgl32.Vec3{3, 2, 1}, mgl32.Vec3{0, 0, -4}, mgl32.Vec3{0, 1, 0}))
	v := Frustum(m)
	seen := 0
	for range 20000 {
		c := mgl32.Vec3{r.Float32()*40 - 20, r.Float32()*40 - 20, r.Float32()*40 - 20}
		p := m.Mul4x1(c.Vec4(1))
		inside := p[3] > 0 && abs(p[0]) < p[3] && abs(p[1]) < p[3] && p[2] < p[3]
		if inside {
			seen++
		}
		if inside != v.Sees(c, 0) && abs(p[3]) > 1e-3 && abs(abs(p[0])-p[3]) > 1e-3 && abs(abs(p[1])-p[3]) > 1e-3 {
			t.Fatalf("%v: in the picture %v, seen %v", c, inside, v.Sees(c, 0))
		}
	}
	if seen < 100 {
		t.Fatalf("only %d of 20000 points were in the picture", seen)
	}
}

// Every visible point up to the distance lies in the cascade of its depth, with two
// texels to spare; and turning the camera keeps the texels where they are.
func TestCascadesCoverAndStandStill(t *testing.T) {
	const fov, aspect, near, distance, size = 1.0, 1.7, 0.05, 80, 1024
	r := rand.New(rand.NewPCG(3, 4))
	sun := mgl32.Vec3{-0.4, -1, -0.3}.Normalize()
	var before [4]Cascade
	for turn := range 20 {
		eye := mgl32.Vec3{r.Float32() * 10, 2, r.Float32() * 10}
		to := eye.Add(mgl32.Vec3{r.Float32() - 0.5, r.Float32()*0.2 - 0.1, r.Float32() - 0.5})
		view := mgl32.LookAtV(eye, to, mgl32.Vec3{0, 1, 0})
		var c [4]Cascade
		Cascades(c[:], view, fov, aspect, near, distance, sun, size)
		if c[3].End != distance {
			t.Fatalf("the last cascade ends at %v", c[3].End)
		}
		inverse := view.Inv()
		for range 500 {
			depth := near + r.Float32()*(distance-near)
			h := float32(math.Tan(fov/2)) * depth
			p := inverse.Mul4x1(mgl32.Vec4{(r.Float32()*2 - 1) * h * aspect, (r.Float32()*2 - 1) * h, -depth, 1})
			i := 0
			for depth >= c[i].End && i < 3 {
				i++
			}
			m := c[i].Map.Mul4x1(p)
			const edge = 1.0 / size
			if m[0] < edge || m[0] > 1-edge || m[1] < edge || m[1] > 1-edge || m[2] < 0 || m[2] > 1 {
				t.Fatalf("a point at depth %v is at %v of cascade %d", depth, m, i)
			}
			if v := c[i].Volume(false); !v.Sees(p.Vec3(), 0) {
				t.Fatalf("cascade %d does not see a point that it covers", i)
			}
		}
		if turn > 0 {
			for i := range c {
				if c[i].Texel != before[i].Texel {
					t.Fatalf("cascade %d has texels of %v and then %v", i, before[i].Texel, c[i].Texel)
				}
				// The same point of the world is at the same place within a texel.
				a, b := c[i].Map.Mul4x1(mgl32.Vec4{1, 2, 3, 1}), before[i].Map.Mul4x1(mgl32.Vec4{1, 2, 3, 1})
				for k := range 2 {
					if d := float64(a[k]-b[k]) * size; math.Abs(d-math.Round(d)) > 0.02 {
						t.Fatalf("cascade %d moved by %v texels", i, d)
					}
				}
			}
		}
		before = c
	}
}

func buffer(n uintptr) vk.Buffer { return *(*vk.Buffer)(unsafe.Pointer(&n)) }

func part(mesh int, alpha model.AlphaMode) Part {
	return Part{Local: mgl32.Ident4(), Material: Material{Index: uint32(mesh % 3), Alpha: alpha},
		Geometry: Geometry{Vertices: buffer(16), Indices: buffer(32), VertexOffset: int32(mesh * 100), IndexCount: uint32(mesh + 3), Radius: 1}}
}

func object(at float32) Object {
	return Object{World: mgl32.Translate3D(at, 0, 0), Tint: mgl32.Vec4{1, 1, 1, 1}}
}

// check compares the world with what it should hold, counted anew.
func check(t *testing.T, w *World, want map[int][]Part, objects map[int]Object) {
	t.Helper()
	w.trim(8)
	w.compile()
	if n := len(w.items.all); n > 8 && n > 4*w.Items() || n < w.Items() {
		t.Fatalf("room for %d items is kept for %d", n, w.Items())
	}
	for p, i := range w.blended {
		if int(w.place[i]) != p {
			t.Fatalf("blended item %d has place %d, not %d", i, w.place[i], p)
		}
	}
	count := map[batchKey]int{}
	blended, items := 0, 0
	for at, parts := range want {
		o := objects[at]
		for p := range parts {
			k := kindOf(&parts[p], &o)
			count[keyOf(&parts[p], k)]++
			items++
			if k.Alpha == model.Blend {
				blended++
			}
			it := w.items.all[w.item(at, p)]
			if int(it.object) != at || w.batchInfo[it.batch].key != keyOf(&parts[p], k) || w.locals.all[it.local] != rows(&parts[p].Local) {
				t.Fatalf("part %d of slot %d is not as it was put", p, at)
			}
		}
	}
	if w.Items() != items || len(w.blended) != blended || w.Batches() != len(count) {
		t.Fatalf("%d items, %d blended, %d batches; want %d, %d, %d", w.Items(), len(w.blended), w.Batches(), items, blended, len(count))
	}
	for key, n := range count {
		if b := w.batchInfo[w.batchOf[key]]; b.count != n {
			t.Fatalf("a batch has %d items, not %d", b.count, n)
		}
	}
	// The lists of the batches lie side by side, and groups cover the commands once.
	next, covered := uint32(w.limits.Blended), uint32(0)
	for _, c := range w.commands {
		if c.firstInstance != next {
			t.Fatalf("a list begins at %d, not at %d", c.firstInstance, next)
		}
		for key, n := range count {
			if key.kind.Alpha != model.Blend && key.vertexOffset == c.vertexOffset && w.batches.all[w.batchOf[key]].firstInstance == next {
				next += uint32(n)
				break
			}
		}
	}
	for _, g := range w.groups {
		if g.first != covered {
			t.Fatalf("a group begins at command %d, not at %d", g.first, covered)
		}
		covered += g.count
	}
	if int(covered) != len(w.commands) || int(next)-w.limits.Blended != items-blended {
		t.Fatalf("groups cover %d of %d commands, lists %d of %d items", covered, len(w.commands), next, items-blended)
	}
}

// Whatever comes and goes, the world is what was put into it.
func TestWorldAgainstMap(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	w := NewWorld(Limits{})
	want, objects := map[int][]Part{}, map[int]Object{}
	for step := range 4000 {
		at := r.IntN(60)
		o := object(r.Float32())
		if r.IntN(3) == 0 {
			o.World = o.World.Mul4(mgl32.Scale3D(-1, 1, 1))
		}
		if r.IntN(4) == 0 {
			o.Tint[3] = 0.5
		}
		what := r.IntN(4)
		if step/500%2 == 1 { // the crowd goes
			what = max(what, 1+r.IntN(2))
		}
		switch what {
		case 0, 1:
			var parts []Part
			for range r.IntN(4) {
				p := part(r.IntN(7), model.AlphaMode(r.IntN(3)))
				if r.IntN(2) == 0 {
					p.Local = mgl32.Translate3D(float32(r.IntN(3)), 0, 0)
				}
				p.Alone = r.IntN(5) == 0
				parts = append(parts, p)
			}
			if err := w.Set(at, o, parts); err != nil {
				t.Fatal(err)
			}
			want[at], objects[at] = parts, o
		case 2:
			w.Remove(at)
			delete(want, at)
		case 3:
			w.Move(at, o)
			if _, ok := want[at]; ok {
				objects[at] = o
			}
		}
		if step%50 == 0 {
			check(t, w, want, objects)
		}
	}
	for at := range 60 {
		w.Remove(at)
		delete(want, at)
	}
	check(t, w, want, objects)
	if w.trim(0); len(w.slots)+len(w.objects.all)+len(w.items.all) != 0 {
		t.Errorf("an empty world keeps %d slots, %d objects, %d items", len(w.slots), len(w.objects.all), len(w.items.all))
	}
	live := len(w.locals.all) - len(w.freeLocal)
	if live != 1 || len(w.localOf) != 1 {
		t.Errorf("%d places of parts are left of an empty world", live)
	}
}

func TestWorldRefusesTooMany(t *testing.T) {
	w := NewWorld(Limits{Items: 3})
	if err := w.Set(0, object(0), []Part{part(0, 0), part(1, 0)}); err != nil {
		t.Fatal(err)
	}
	if err := w.Set(1, object(0), []Part{part(0, 0), part(1, 0)}); err == nil {
		t.Fatal("four items are in a world of three")
	}
	if w.Items() != 2 {
		t.Errorf("%d items after a refusal", w.Items())
	}
}

// What is sent to the device is exactly what changed, page by page.
func TestTableChanges(t *testing.T) {
	var tab table[gpuItem]
	tab.grow(1000)
	for _, i := range []int{0, 64, 65, 300, 999} {
		tab.set(i, gpuItem{object: uint32(i + 1)})
	}
	var runs [][2]int
	if err := tab.changes(func(at int, data []byte) error {
		runs = append(runs, [2]int{at / 16, len(data) / 16})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := [][2]int{{0, 128}, {256, 64}, {960, 40}}
	if len(runs) != len(want) || runs[0] != want[0] || runs[1] != want[1] || runs[2] != want[2] {
		t.Errorf("runs %v, want %v", runs, want)
	}
	if tab.any {
		t.Error("changes are left")
	}
	tab.touch()
	n := 0
	_ = tab.changes(func(_ int, data []byte) error { n += len(data) / 16; return nil })
	if n != 1000 {
		t.Errorf("%d of 1000 entries are sent again", n)
	}
}

// Moving objects and compiling an unchanged world allocate nothing.
func TestMoveAllocatesNothing(t *testing.T) {
	w := NewWorld(Limits{})
	parts := []Part{part(0, 0)}
	for i := range 1000 {
		if err := w.Set(i, object(float32(i)), parts); err != nil {
			t.Fatal(err)
		}
	}
	w.compile()
	if n := testing.AllocsPerRun(10, func() {
		for i := range 1000 {
			w.Move(i, object(float32(i)+0.5))
		}
		if w.compile() {
			t.Error("moving changed the batches")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Places that are not numbers are equal to nothing, themselves included: they must be
// given back all the same.
func TestPlacesOfNothing(t *testing.T) {
	w := NewWorld(Limits{})
	nan := float32(math.NaN())
	part := Part{Local: mgl32.Translate3D(nan, 0, 0), Geometry: Geometry{IndexCount: 3}}
	for range 100 {
		if err := w.Set(0, Object{World: mgl32.Ident4()}, []Part{part, part}); err != nil {
			t.Fatal(err)
		}
		w.Remove(0)
	}
	if len(w.localOf) != 1 || len(w.locals.all) > 3 {
		t.Errorf("%d places by value and %d in all are left of nothing", len(w.localOf), len(w.locals.all))
	}
}

// Cascades of any camera and any sun that a scene takes are finite and have a size.
func TestCascadesOfExtremes(t *testing.T) {
	finite := func(m mgl32.Mat4) bool {
		for _, x := range m {
			if x-x != 0 {
				return false
			}
		}
		return true
	}
	for _, near := range []float32{1e-6, 0.05, 100, 1e6} {
		for _, distance := range []float32{1e-6, 0.01, 30, 1e5, 1e9} {
			for _, fov := range []float32{0.0011, 1, 3.14} {
				for _, aspect := range []float32{1.0 / 16384, 1, 16384} {
					for _, sun := range []mgl32.Vec3{{0, -1, 0}, {0, 1, 0}, {1, 0, 0}, {0.01, -0.99995, 0}, mgl32.Vec3{-0.5, -1, -0.4}.Normalize()} {
						for _, from := range []mgl32.Vec3{{}, {1e9, 0, -1e9}} {
							into := make([]Cascade, MaxCascades)
							view := mgl32.LookAtV(mgl32.Vec3{}, mgl32.Vec3{0.3, 0.2, -1}, mgl32.Vec3{0, 1, 0}).Mul4(mgl32.Translate3D(-from[0], -from[1], -from[2]))
							Cascades(into, view, fov, aspect, near, distance, sun, 1024)
							for i, c := range into {
								if !finite(c.Clip) || !finite(c.Map) || !(c.Texel > 0) || c.Texel-c.Texel != 0 || c.End-c.End != 0 {
									t.Fatalf("near %v distance %v fov %v aspect %v sun %v from %v: cascade %d is %+v", near, distance, fov, aspect, sun, from, i, c)
								}
							}
						}
					}
				}
			}
		}
	}
}

func TestRoom(t *testing.T) {
	for _, c := range []struct{ old, n, want int }{
		{64, 0, 64}, {64, 64, 64}, {64, 65, 128}, {64, 1000, 1000}, // 512 is half of it
		{1000, 126, 1000}, {1000, 100, 128}, {1 << 20, 0, 64},
	} {
		if got := room(c.old, 64, c.n); got != c.want {
			t.Errorf("for %d where there was room for %d: %d, not %d", c.n, c.old, got, c.want)
		}
	}
}
