package scene_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/lumps"
	"hearth/vk/scene"
)

var cube = lumps.Sum(lumps.Raw, []byte("a cube"))

func object() scene.Object {
	o := scene.NewObject()
	o.Model = cube
	return o
}

func at(x float32) scene.Object {
	o := object()
	o.Transform = mgl32.Translate3D(x, 0, 0)
	return o
}

func add(t testing.TB, s *scene.Scene, o scene.Object) scene.ID {
	t.Helper()
	id, err := s.AddObject(o)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// What a scene holds is what a map of the same calls holds, at every snapshot, and
// a snapshot stays what it was whatever is done afterwards.
func TestTableIsAMap(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	s := scene.New(scene.Limits{})
	model := map[scene.ID]float32{}
	var ids []scene.ID
	type taken struct {
		snap  *scene.Snapshot
		model map[scene.ID]float32
	}
	var kept []taken
	ever := map[scene.ID]bool{}
	for step := range 60000 {
		// Waves of growth and of shrinking, over more than one page of chunks.
		grow := 84
		if step/20000%2 == 1 {
			grow = 10
		}
		switch k := r.IntN(100); {
		case k < grow || len(ids) == 0:
			x := r.Float32()
			n := add(t, s, at(x))
			if ever[n] {
				t.Fatalf("ID %d came twice", n)
			}
			ever[n] = true
			model[n] = x
			ids = append(ids, n)
		case k < grow+15:
			id, x := ids[r.IntN(len(ids))], r.Float32()
			if err := s.UpdateObject(id, func(o *scene.Object) { o.Transform = mgl32.Translate3D(x, 0, 0) }); err != nil {
				t.Fatal(err)
			}
			model[id] = x
		default:
			i := r.IntN(len(ids))
			id := ids[i]
			if err := s.RemoveObject(id); err != nil {
				t.Fatal(err)
			}
			delete(model, id)
			ids = slices.Delete(ids, i, i+1)
			if err := s.RemoveObject(id); !errors.Is(err, scene.ErrNoThing) {
				t.Fatalf("removed twice: %v", err)
			}
			if err := s.UpdateObject(id, func(*scene.Object) { t.Error("called for what is gone") }); !errors.Is(err, scene.ErrNoThing) {
				t.Fatalf("updated behind its end: %v", err)
			}
		}
		if r.IntN(2000) == 0 {
			m := map[scene.ID]float32{}
			for k, v := range model {
				m[k] = v
			}
			kept = append(kept, taken{s.Snapshot(), m})
		}
	}
	kept = append(kept, taken{s.Snapshot(), model})
	for _, k := range kept {
		same(t, k.snap, k.model)
	}
}

func same(t *testing.T, snap *scene.Snapshot, model map[scene.ID]float32) {
	t.Helper()
	seen := 0
	for id, o := range snap.Objects.All() {
		seen++
		if want, ok := model[id]; !ok || o.Transform[12] != want {
			t.Fatalf("object %d is at %v, want %v %v", id, o.Transform[12], want, ok)
		}
		if x, ok := snap.Objects.At(id.Slot()); !ok || x != o {
			t.Fatalf("slot %d of object %d holds another", id.Slot(), id)
		}
		if x, ok := snap.Objects.Get(id); !ok || x != o {
			t.Fatalf("object %d is not under its ID", id)
		}
	}
	if seen != len(model) || snap.Objects.Len() != seen {
		t.Fatalf("%d objects and Len %d, want %d", seen, snap.Objects.Len(), len(model))
	}
	n := 0
	for i := range snap.Objects.Chunks() {
		n += snap.Objects.Chunk(i).Len()
	}
	if n != seen {
		t.Fatalf("the chunks hold %d, the table %d", n, seen)
	}
}

// Between two snapshots only the chunks that changed have another pointer.
func TestChunksAreShared(t *testing.T) {
	s := scene.New(scene.Limits{})
	ids := make([]scene.ID, 100*scene.ChunkSize)
	for i := range ids {
		ids[i] = add(t, s, at(0))
	}
	before := s.Snapshot()
	if s.Snapshot() != before {
		t.Error("another snapshot, and nothing changed")
	}
	touched := []int{3, 70, 99} // on both pages
	for _, c := range touched {
		for i := range 5 {
			if err := s.UpdateObject(ids[c*scene.ChunkSize+i], func(o *scene.Object) { o.Transform[12] = 7 }); err != nil {
				t.Fatal(err)
			}
		}
	}
	after := s.Snapshot()
	if after.Version != before.Version+1 {
		t.Errorf("version %d behind %d", after.Version, before.Version)
	}
	for i := range after.Objects.Chunks() {
		if changed := before.Objects.Chunk(i) != after.Objects.Chunk(i); changed != slices.Contains(touched, i) {
			t.Errorf("chunk %d: another pointer: %v", i, changed)
		}
	}
	if before.Lights.Chunks() != 0 || &before.Sky == &after.Sky {
		t.Error("tables that were not touched changed")
	}
	// A chunk that was emptied is given back and can be filled again.
	for _, id := range ids[:scene.ChunkSize] {
		if err := s.RemoveObject(id); err != nil {
			t.Fatal(err)
		}
	}
	empty := s.Snapshot()
	if n := empty.Objects.Chunk(0).Len(); n != 0 || empty.Objects.Chunks() != 100 {
		t.Errorf("the emptied chunk holds %d; %d chunks", n, empty.Objects.Chunks())
	}
	if _, ok := empty.Objects.At(5); ok {
		t.Error("something is in an empty slot")
	}
	id := add(t, s, at(9))
	if id.Slot() != 0 || id == ids[0] {
		t.Errorf("the lowest free slot is taken with a fresh ID: got slot %d, ID %d for %d", id.Slot(), id, ids[0])
	}
	if _, ok := s.Snapshot().Objects.Get(ids[0]); ok {
		t.Error("the old ID still finds something")
	}
	if o, ok := before.Objects.Get(ids[0]); !ok || o.Transform[12] != 0 {
		t.Error("the first snapshot changed")
	}
}

// A snapshot is immutable while many change the scene: the race detector sees who
// writes to what was handed out, and each object's fields stay of one write.
func TestSnapshotsUnderConcurrentChanges(t *testing.T) {
	s := scene.New(scene.Limits{})
	const writers, each = 4, 300
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			var ids []scene.ID
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				x := float32(w*1000 + i%1000)
				switch {
				case len(ids) < each:
					o := at(x)
					o.Tint[0] = x
					id, err := s.AddObject(o)
					if err != nil {
						t.Error(err)
						return
					}
					ids = append(ids, id)
				case i%7 == 0:
					if err := s.RemoveObject(ids[0]); err != nil {
						t.Error(err)
					}
					ids = ids[1:]
				default:
					if err := s.UpdateObject(ids[i%len(ids)], func(o *scene.Object) { o.Transform[12], o.Tint[0] = x, x }); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	sum := func(p *scene.Snapshot) (n float64) {
		for _, o := range p.Objects.All() {
			if o.Transform[12] != o.Tint[0] {
				t.Errorf("half of a change: %v and %v", o.Transform[12], o.Tint[0])
			}
			n += float64(o.Tint[0])
		}
		return n
	}
	var kept []*scene.Snapshot
	var sums []float64
	for end := time.Now().Add(150 * time.Millisecond); time.Now().Before(end); {
		p := s.Snapshot()
		kept, sums = append(kept, p), append(sums, sum(p))
		if len(kept) > 50 {
			kept, sums = kept[1:], sums[1:]
		}
	}
	close(stop)
	wg.Wait()
	for i, p := range kept {
		if got := sum(p); got != sums[i] {
			t.Errorf("snapshot %d was worth %v and is %v", p.Version, sums[i], got)
		}
	}
}

// Many changes wake the one who draws once; a snapshot takes them all.
func TestChangedWakes(t *testing.T) {
	s := scene.New(scene.Limits{})
	woken := func() bool {
		select {
		case <-s.Changed():
			return true
		default:
			return false
		}
	}
	s.Snapshot()
	if woken() {
		t.Error("woken by nothing")
	}
	id := add(t, s, at(1))
	for range 10 {
		if err := s.UpdateObject(id, func(o *scene.Object) { o.Hidden = !o.Hidden }); err != nil {
			t.Fatal(err)
		}
	}
	if !woken() || woken() {
		t.Error("eleven changes are to wake once")
	}
	p := s.Snapshot()
	if err := s.UpdateObject(id, func(o *scene.Object) { o.Tint[0] = float32(math.NaN()) }); !errors.Is(err, scene.ErrNotFinite) {
		t.Error(err)
	}
	if err := s.SetLook(p.Look); err != nil {
		t.Fatal(err)
	}
	if woken() || s.Snapshot() != p {
		t.Error("what was refused, or changed nothing, made another snapshot")
	}
}

// Every number that is no number is refused, wherever it stands, and leaves the
// scene as it was; so is what makes no sense.
func TestRefusals(t *testing.T) {
	s := scene.New(scene.Limits{Joints: 4, Weights: 4})
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	id := add(t, s, at(1))
	light := scene.Light{Kind: scene.Spot, Color: mgl32.Vec3{1, 1, 1}, Intensity: 1, Direction: mgl32.Vec3{0, -1, 0}, Inner: 0.1, Outer: 0.2}
	lid, err := s.AddLight(light)
	if err != nil {
		t.Fatal(err)
	}
	canvas := scene.Canvas{Orientation: mgl32.QuatIdent(), HalfSize: mgl32.Vec2{1, 1}, Width: 1, Height: 1, Pixels: make([]byte, 4), Opacity: 1}
	cid, err := s.AddCanvas(canvas)
	if err != nil {
		t.Fatal(err)
	}
	lines := scene.Lines{Vertices: make([]scene.LineVertex, 2), Indices: []uint32{0, 1}}
	nid, err := s.AddLines(lines)
	if err != nil {
		t.Fatal(err)
	}
	view := scene.View{Camera: scene.DefaultCamera(), Width: 4, Height: 4}
	vid, err := s.AddView(view)
	if err != nil {
		t.Fatal(err)
	}
	before := s.Snapshot()
	for i, bad := range []float32{nan, inf, -inf, 2e9} {
		for where, err := range map[string]error{
			"transform":   s.UpdateObject(id, func(o *scene.Object) { o.Transform[i*5] = bad }),
			"tint":        s.UpdateObject(id, func(o *scene.Object) { o.Tint[i] = bad }),
			"joints":      s.UpdateObject(id, func(o *scene.Object) { o.Joints = make([]mgl32.Mat4, 2); o.Joints[1][i] = bad }),
			"weights":     s.UpdateObject(id, func(o *scene.Object) { o.Weights = []float32{0, bad} }),
			"speed":       s.UpdateObject(id, func(o *scene.Object) { o.Animation.Speed = bad }),
			"color":       s.UpdateLight(lid, func(l *scene.Light) { l.Color[i%3] = bad }),
			"intensity":   s.UpdateLight(lid, func(l *scene.Light) { l.Intensity = bad }),
			"position":    s.UpdateLight(lid, func(l *scene.Light) { l.Position[i%3] = bad }),
			"direction":   s.UpdateLight(lid, func(l *scene.Light) { l.Direction[i%3] = bad }),
			"range":       s.UpdateLight(lid, func(l *scene.Light) { l.Range = bad }),
			"cone":        s.UpdateLight(lid, func(l *scene.Light) { l.Inner = bad }),
			"origin":      s.UpdateCanvas(cid, func(c *scene.Canvas) { c.Origin[i%3] = bad }),
			"orientation": s.UpdateCanvas(cid, func(c *scene.Canvas) { c.Orientation.W = bad }),
			"half size":   s.UpdateCanvas(cid, func(c *scene.Canvas) { c.HalfSize[i%2] = bad }),
			"opacity":     s.UpdateCanvas(cid, func(c *scene.Canvas) { c.Opacity = bad }),
			"line":        s.UpdateLines(nid, func(l *scene.Lines) { l.Vertices = []scene.LineVertex{{}, {Color: mgl32.Vec3{0, bad}}} }),
			"camera":      s.SetCamera(scene.Camera{View: mgl32.Mat4{bad}, VFov: 1, Near: 1}),
			"near":        s.SetCamera(scene.Camera{View: mgl32.Ident4(), VFov: 1, Near: bad}),
			"view":        s.UpdateView(vid, func(v *scene.View) { v.VFov = bad }),
			"exposure":    s.SetLook(scene.Look{Exposure: bad}),
			"ambient":     s.SetLook(scene.Look{Ambient: mgl32.Vec4{0, 0, bad}}),
		} {
			if !errors.Is(err, scene.ErrNotFinite) {
				t.Errorf("%s %v: %v", where, bad, err)
			}
		}
	}
	for where, err := range map[string]error{
		"no model":          s.UpdateObject(id, func(o *scene.Object) { o.Model = lumps.CID{} }),
		"animation":         s.UpdateObject(id, func(o *scene.Object) { o.Animation.Index = -2 }),
		"no direction":      s.UpdateLight(lid, func(l *scene.Light) { l.Direction = mgl32.Vec3{} }),
		"dark":              s.UpdateLight(lid, func(l *scene.Light) { l.Color[1] = -1 }),
		"kind":              s.UpdateLight(lid, func(l *scene.Light) { l.Kind = 9 }),
		"inside out":        s.UpdateLight(lid, func(l *scene.Light) { l.Inner = 0.3 }),
		"half a globe":      s.UpdateLight(lid, func(l *scene.Light) { l.Outer = 2 }),
		"negative range":    s.UpdateLight(lid, func(l *scene.Light) { l.Range = -1 }),
		"no turn":           s.UpdateCanvas(cid, func(c *scene.Canvas) { c.Orientation = mgl32.Quat{} }),
		"few pixels":        s.UpdateCanvas(cid, func(c *scene.Canvas) { c.Width = 2 }),
		"no pixels":         s.UpdateCanvas(cid, func(c *scene.Canvas) { c.Width, c.Pixels = 0, nil }),
		"opaque":            s.UpdateCanvas(cid, func(c *scene.Canvas) { c.Opacity = 1.5 }),
		"index":             s.UpdateLines(nid, func(l *scene.Lines) { l.Indices = []uint32{0, 2} }),
		"half a line":       s.UpdateLines(nid, func(l *scene.Lines) { l.Indices = []uint32{0} }),
		"flat view":         s.SetCamera(scene.Camera{View: mgl32.Scale3D(1, 0, 1), VFov: 1, Near: 1}),
		"mirrored view":     s.SetCamera(scene.Camera{View: mgl32.Scale3D(1, -1, 1), VFov: 1, Near: 1}),
		"field of view":     s.SetCamera(scene.Camera{View: mgl32.Ident4(), VFov: 4, Near: 1}),
		"near":              s.SetCamera(scene.Camera{View: mgl32.Ident4(), VFov: 1}),
		"no picture":        s.UpdateView(vid, func(v *scene.View) { v.Height = 0 }),
		"back in time":      s.UpdateView(vid, func(v *scene.View) { v.Every = -1 }),
		"exposure":          s.SetLook(scene.Look{Exposure: 40}),
		"tone map":          s.SetLook(scene.Look{ToneMap: 9}),
		"bloom":             s.SetLook(scene.Look{Bloom: 2}),
		"less than nothing": s.SetLook(scene.Look{Background: mgl32.Vec3{-1}}),
	} {
		if _, ok := errors.AsType[*scene.ValueError](err); !ok {
			t.Errorf("%s: %v", where, err)
		}
	}
	for where, err := range map[string]error{
		"joints":       s.UpdateObject(id, func(o *scene.Object) { o.Joints = make([]mgl32.Mat4, 5) }),
		"weights":      s.UpdateObject(id, func(o *scene.Object) { o.Weights = make([]float32, 5) }),
		"large canvas": s.UpdateCanvas(cid, func(c *scene.Canvas) { c.Width = scene.MaxSide + 1 }),
		"large view":   s.UpdateView(vid, func(v *scene.View) { v.Width = scene.MaxSide + 1 }),
	} {
		if _, ok := errors.AsType[*scene.FullError](err); !ok {
			t.Errorf("%s: %v", where, err)
		}
	}
	if s.Snapshot() != before {
		t.Error("something that was refused changed the scene")
	}
}

// Limits hold, and what is removed makes room again.
func TestLimits(t *testing.T) {
	s := scene.New(scene.Limits{Objects: 3, Lights: 2, Canvases: 2, Lines: 2, Views: 1, Bytes: 100})
	full := func(what string, err error) {
		t.Helper()
		if e, ok := errors.AsType[*scene.FullError](err); !ok || e.Limit <= 0 {
			t.Errorf("%s: %v", what, err)
		}
	}
	ids := []scene.ID{add(t, s, object()), add(t, s, object()), add(t, s, object())}
	_, err := s.AddObject(object())
	full("objects", err)
	if err := s.RemoveObject(ids[1]); err != nil {
		t.Fatal(err)
	}
	if id := add(t, s, object()); id.Slot() != ids[1].Slot() || id == ids[1] {
		t.Errorf("slot %d, ID %d behind %d", id.Slot(), id, ids[1])
	}
	l := scene.Light{Kind: scene.Point, Intensity: 1}
	for range 2 {
		if _, err := s.AddLight(l); err != nil {
			t.Fatal(err)
		}
	}
	_, err = s.AddLight(l)
	full("lights", err)
	c := scene.Canvas{Orientation: mgl32.QuatIdent(), Width: 5, Height: 3, Pixels: make([]byte, 60)}
	cid, err := s.AddCanvas(c)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.AddCanvas(c)
	full("bytes", err)
	full("bytes of joints", s.UpdateObject(ids[0], func(o *scene.Object) { o.Joints = []mgl32.Mat4{mgl32.Ident4()} }))
	if err := s.UpdateCanvas(cid, func(c *scene.Canvas) { c.Width, c.Height, c.Pixels = 1, 1, make([]byte, 4) }); err != nil {
		t.Fatal(err)
	}
	if err := s.UpdateObject(ids[0], func(o *scene.Object) { o.Joints = []mgl32.Mat4{mgl32.Ident4()} }); err != nil {
		t.Error("what became smaller makes room: ", err)
	}
	if err := s.RemoveCanvas(cid); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveObject(ids[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddLines(scene.Lines{Vertices: make([]scene.LineVertex, 4)}); err != nil {
		t.Error("what was removed makes room: ", err)
	}
	v := scene.View{Camera: scene.DefaultCamera(), Width: 1, Height: 1}
	if _, err := s.AddView(v); err != nil {
		t.Fatal(err)
	}
	_, err = s.AddView(v)
	full("views", err)
}

// Versions tell whose pixels or vertices are others.
func TestVersions(t *testing.T) {
	s := scene.New(scene.Limits{})
	cid, err := s.AddCanvas(scene.Canvas{Orientation: mgl32.Quat{W: 2}, Width: 1, Height: 1, Pixels: make([]byte, 4), Version: 77})
	if err != nil {
		t.Fatal(err)
	}
	get := func() *scene.Canvas {
		c, ok := s.Snapshot().Canvases.Get(cid)
		if !ok {
			t.Fatal("no canvas")
		}
		return c
	}
	if c := get(); c.Version != 1 || c.Orientation.W != 1 {
		t.Errorf("version %d, orientation %v", c.Version, c.Orientation)
	}
	if err := s.UpdateCanvas(cid, func(c *scene.Canvas) { c.Origin[0], c.Version = 1, 9 }); err != nil || get().Version != 1 {
		t.Errorf("moved: %v, version %d", err, get().Version)
	}
	if err := s.UpdateCanvas(cid, func(c *scene.Canvas) { c.Pixels = make([]byte, 4) }); err != nil || get().Version != 2 {
		t.Errorf("painted: %v, version %d", err, get().Version)
	}
	lid, err := s.AddLines(scene.Lines{Vertices: make([]scene.LineVertex, 2), Indices: []uint32{0, 1}})
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range []func(*scene.Lines){
		func(l *scene.Lines) { l.Hidden = true },
		func(l *scene.Lines) { l.Indices = nil },
		func(l *scene.Lines) { l.Vertices = make([]scene.LineVertex, 2) },
	} {
		if err := s.UpdateLines(lid, f); err != nil {
			t.Fatal(err)
		}
		if l, _ := s.Snapshot().Lines.Get(lid); l.Version != uint64(i+1) {
			t.Errorf("change %d: version %d", i, l.Version)
		}
	}
}

func TestAnimationSeconds(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		a        scene.Animation
		now      time.Duration
		duration float32
		want     float32
	}{
		{scene.Animation{Index: -1, Speed: 1}, 5 * s, 2, 0},
		{scene.Animation{Speed: 1}, 1 * s, 2, 1},
		{scene.Animation{Speed: 1}, 5 * s, 2, 2},
		{scene.Animation{Speed: 1, Loop: true}, 5 * s, 2, 1},
		{scene.Animation{Speed: 2, Loop: true}, 5 * s, 4, 2},
		{scene.Animation{Speed: -1, Loop: true}, 1 * s, 4, 3},
		{scene.Animation{Speed: -1}, 1 * s, 4, 3},
		{scene.Animation{Speed: -1}, 9 * s, 4, 0},
		{scene.Animation{Speed: 1, Start: 3 * s}, 2 * s, 4, 0},
		{scene.Animation{Speed: 1, Start: 3 * s}, 4 * s, 4, 1},
		{scene.Animation{Speed: 1, Loop: true}, 5 * s, 0, 0},
		{scene.Animation{Speed: 1, Loop: true}, 720 * time.Hour, 7, float32(math.Mod(720*3600, 7))},
		{scene.Animation{Speed: 1e9, Loop: true}, math.MaxInt64, 1e-30, 0},
	} {
		got := c.a.Seconds(c.now, c.duration)
		if !(math.Abs(float64(got-c.want)) < 1e-4) {
			t.Errorf("%+v at %v of %v: %v, want %v", c.a, c.now, c.duration, got, c.want)
		}
	}
}

func TestReach(t *testing.T) {
	l := scene.Light{Kind: scene.Point, Color: mgl32.Vec3{0.5, 1, 0}, Intensity: 8}
	if r := l.Reach(); math.Abs(float64(l.Intensity/(r*r))-1.0/512) > 1e-6 {
		t.Errorf("reach %v", r)
	}
	l.Range = 3
	if l.Reach() != 3 {
		t.Error("a range is a range")
	}
	if (&scene.Light{Kind: scene.Point}).Reach() != 0 {
		t.Error("no light reaches nowhere")
	}
}

func filled(b *testing.B, n int) (*scene.Scene, []scene.ID) {
	s := scene.New(scene.Limits{})
	ids := make([]scene.ID, n)
	for i := range ids {
		ids[i] = add(b, s, at(float32(i)))
	}
	s.Snapshot()
	return s, ids
}

// BenchmarkUpdateAndSnapshot changes one object of many and takes a snapshot.
func BenchmarkUpdateAndSnapshot(b *testing.B) {
	for name, n := range map[string]int{"10k": 10_000, "1M": 1_000_000} {
		b.Run(name, func(b *testing.B) {
			s, ids := filled(b, n)
			move := func(o *scene.Object) { o.Transform[12]++ }
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if err := s.UpdateObject(ids[i%n], move); err != nil {
					b.Fatal(err)
				}
				s.Snapshot()
				i += 977
			}
		})
	}
}

// BenchmarkUpdate changes objects in chunks that no snapshot has.
func BenchmarkUpdate(b *testing.B) {
	s, ids := filled(b, 10_000)
	move := func(o *scene.Object) { o.Transform[12]++ }
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if err := s.UpdateObject(ids[i%len(ids)], move); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// BenchmarkAddRemove fills a slot and frees it, in a scene of a million.
func BenchmarkAddRemove(b *testing.B) {
	s, _ := filled(b, 1<<20-1)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.RemoveObject(add(b, s, at(1))); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCompare finds what changed between two snapshots of a million objects.
func BenchmarkCompare(b *testing.B) {
	s, ids := filled(b, 1<<20)
	before := s.Snapshot()
	if err := s.UpdateObject(ids[1<<19], func(o *scene.Object) { o.Hidden = true }); err != nil {
		b.Fatal(err)
	}
	after := s.Snapshot()
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for i := range after.Objects.Chunks() {
			if before.Objects.Chunk(i) != after.Objects.Chunk(i) {
				n++
			}
		}
		if n != 1 {
			b.Fatal(n)
		}
	}
}
