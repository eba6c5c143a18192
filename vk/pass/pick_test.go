package pass

import (
	"errors"
	"math"
	"testing"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/raw"
)

// pickMesh is vertices of VertexSize: quads in the plane z, given by their corners.
func pickMesh(quads ...[5]float32) (vertices, indices []byte) {
	var i []uint32
	for q, c := range quads {
		for k := range 4 {
			v := make([]float32, VertexSize/4)
			v[0], v[1], v[2] = c[k&1*2], c[1+k>>1*2], c[4]
			vertices = append(vertices, floats(v...)...)
		}
		b := uint32(q * 4)
		i = append(i, b, b+1, b+2, b+2, b+1, b+3)
	}
	return vertices, words(i...)
}

// ask asks a question and waits for the answer.
func (g *rig) pick(p *Pick, in PickInput) PickAnswer {
	g.t.Helper()
	g.do(func(s *raw.Stream) error { return p.Record(s, in) })
	a, ok := p.Poll(in.Frame)
	if !ok {
		g.t.Fatal("no answer")
	}
	return a
}

func newPick(t testing.TB, g *rig) *Pick {
	t.Helper()
	p, err := NewPick(g.dev, g.alloc)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// Every pixel of a picture gives the object that covers its middle, the nearer one of
// two, and nothing outside; with its depth.
func TestPickPixels(t *testing.T) {
	g := open(t)
	p := newPick(t, g)
	const w, h = 24, 12
	v, i := pickMesh([5]float32{2, 2, 10, 8, 0.25}, [5]float32{6, 4, 20, 11, 0.5}, [5]float32{0, 0, 1, 1, 0.75})
	vertices, indices := g.upload(v), g.upload(i)
	mesh := func(q, n uint32) PickDraw {
		return PickDraw{Vertices: vertices, Indices: indices, FirstIndex: q * 6, Count: 6, Transform: mgl32.Ident4(), Number: n}
	}
	draws := []PickDraw{mesh(1, 1<<31), mesh(0, 7), {Vertices: vertices, Indices: indices, VertexOffset: 8, Count: 6, Transform: mgl32.Ident4(), Number: 9},
		{Vertices: vertices, Indices: indices, Count: 6, Transform: mgl32.Translate3D(12, 0, 0), Number: 0}, {}}
	frame := uint64(0)
	for y := range h {
		for x := range w {
			frame++
			a := g.pick(p, PickInput{Frame: frame, Tag: frame * 3, ViewProjection: pixels(w, h), Width: w, Height: h, X: x, Y: y, Draws: draws})
			want, depth := uint32(0), float32(0)
			if x >= 2 && x < 10 && y >= 2 && y < 8 {
				want, depth = 7, 0.25
			}
			if x >= 6 && x < 20 && y >= 4 && y < 11 {
				want, depth = 1<<31, 0.5
			}
			if x == 0 && y == 0 {
				want, depth = 9, 0.75
			}
			if a.Number != want || a.Depth != depth || a.Frame != frame || a.Tag != frame*3 || a.X != x || a.Y != y {
				t.Fatalf("pixel %d,%d: %+v, want %d at %v", x, y, a, want, depth)
			}
			if want != 0 && a.Position.Sub(mgl32.Vec3{float32(x) + 0.5, float32(y) + 0.5, depth}).Len() > 1e-3 {
				t.Fatalf("pixel %d,%d: position %v", x, y, a.Position)
			}
		}
	}
	// Pixels outside of the picture show what is there beyond its edge.
	a := g.pick(p, PickInput{Frame: frame + 1, ViewProjection: pixels(w, h), Width: w, Height: h, X: -5, Y: 40, Draws: draws})
	if a.Number != 0 {
		t.Errorf("outside: %+v", a)
	}
}

// A region gives the object nearest to its middle.
func TestPickRegion(t *testing.T) {
	g := open(t)
	p := newPick(t, g)
	const w, h = 64, 64
	v, i := pickMesh([5]float32{10, 10, 20, 20, 0.5}, [5]float32{30, 10, 31, 11, 0.5})
	draws := []PickDraw{{Vertices: g.upload(v), Indices: g.upload(i), Count: 6, Transform: mgl32.Ident4(), Number: 1}}
	draws = append(draws, draws[0])
	draws[1].FirstIndex, draws[1].Number = 6, 2
	for k, c := range []struct {
		x, y, w, h int
		number     uint32
		px, py     int
	}{
		{15, 5, 16, 16, 1, 19, 12}, // the large one is near, the small one is at the edge
		{22, 4, 16, 16, 2, 30, 10}, // only the small one
		{0, 30, 16, 16, 0, 8, 38},  // nothing: the middle
		{24, 6, 15, 9, 2, 30, 10},  // dead centre
		{12, 12, 3, 3, 1, 13, 13},  // all of it
		{40, 40, 16, 1, 0, 48, 40}, // one row
		{19, 19, 1, 1, 1, 19, 19},  // one pixel
		{20, 20, 1, 1, 0, 20, 20},  // the next
	} {
		a := g.pick(p, PickInput{Frame: uint64(k), ViewProjection: pixels(w, h), Width: w, Height: h, X: c.x, Y: c.y, RegionWidth: c.w, RegionHeight: c.h, Draws: draws})
		if a.Number != c.number {
			t.Errorf("%+v: %+v", c, a)
			continue
		}
		// Of pixels that are equally near, any will do.
		d := func(x, y int) float64 {
			return math.Hypot(float64(2*(x-c.x)+1-c.w), float64(2*(y-c.y)+1-c.h))
		}
		if c.number != 0 && d(a.X, a.Y) != d(c.px, c.py) || c.number == 0 && (a.X != c.px || a.Y != c.py) {
			t.Errorf("%+v: pixel %d,%d", c, a.X, a.Y)
		}
	}
}

// In perspective the answer is the point of the world under the pixel.
func TestPickPosition(t *testing.T) {
	g := open(t)
	p := newPick(t, g)
	const w, h = 320, 200
	vp := perspective(1, w, h).Mul4(mgl32.LookAtV(mgl32.Vec3{3, 4, 8}, mgl32.Vec3{}, mgl32.Vec3{0, 1, 0}))
	v, i := pickMesh([5]float32{-2, -2, 2, 2, 0})
	transform := mgl32.Translate3D(0.5, -0.25, 0.5).Mul4(mgl32.HomogRotate3DY(0.7))
	draws := []PickDraw{{Vertices: g.upload(v), Indices: g.upload(i), Count: 6, Transform: transform, Number: 5}}
	for k, local := range []mgl32.Vec3{{}, {1.5, 1, 0}, {-1.9, 0.3, 0}, {0.2, -1.95, 0}} {
		world := transform.Mul4x1(local.Vec4(1))
		c := vp.Mul4x1(world)
		x, y := (c[0]/c[3]+1)/2*w, (c[1]/c[3]+1)/2*h
		a := g.pick(p, PickInput{Frame: uint64(k), ViewProjection: vp, Width: w, Height: h, X: int(x), Y: int(y), Draws: draws})
		if a.Number != 5 || a.Position.Sub(world.Vec3()).Len() > 0.05 {
			t.Errorf("pixel %v,%v is %+v, want 5 at %v", x, y, a, world)
		}
		// It lies in the plane of the mesh exactly, wherever in the pixel that is.
		if z := transform.Inv().Mul4x1(a.Position.Vec4(1))[2]; math.Abs(float64(z)) > 2e-3 {
			t.Errorf("pixel %v,%v: %v beside the plane", x, y, z)
		}
	}
	a := g.pick(p, PickInput{Frame: 100, ViewProjection: vp, Width: w, Height: h, X: 5, Y: 5, Draws: draws})
	if a.Number != 0 || a.Position != (mgl32.Vec3{}) {
		t.Errorf("the sky is %+v", a)
	}
}

// Answers come in the order of the questions, and only when their frame is done; no
// more than InFlight can wait.
func TestPickWaits(t *testing.T) {
	g := open(t)
	p := newPick(t, g)
	v, i := pickMesh([5]float32{0, 0, 8, 8, 0.5})
	in := PickInput{ViewProjection: pixels(8, 8), Width: 8, Height: 8,
		Draws: []PickDraw{{Vertices: g.upload(v), Indices: g.upload(i), Count: 6, Transform: mgl32.Ident4()}}}
	for n := range uint64(InFlight) {
		in.Frame, in.Draws[0].Number = n+1, uint32(n)+10
		g.do(func(s *raw.Stream) error { return p.Record(s, in) })
	}
	var s raw.Stream
	if err := p.Record(&s, in); !p.Busy() || !errors.Is(err, ErrInput) || s.Len() != 0 {
		t.Errorf("one too many: %v, %d words", err, s.Len())
	}
	if a, ok := p.Poll(0); ok {
		t.Errorf("before its frame: %+v", a)
	}
	for n := range uint64(InFlight) {
		a, ok := p.Poll(n + 1)
		if !ok || a.Number != uint32(n)+10 || a.Frame != n+1 {
			t.Errorf("answer %d is %+v, %v", n, a, ok)
		}
		if a, ok := p.Poll(n + 1); ok {
			t.Errorf("a second answer: %+v", a)
		}
	}
	in.RegionWidth = PickSide + 1
	if err := p.Record(&s, in); !errors.Is(err, ErrInput) || s.Len() != 0 || p.Busy() {
		t.Errorf("too large a region: %v, %d words", err, s.Len())
	}
}
