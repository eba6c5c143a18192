package msdf

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

func TestCheckRefuses(t *testing.T) {
	line := func(x float64) Shape {
		return Shape{[][]Segment{{{Line, [4]Point{{0, 0}, {x, 1}}}, {Line, [4]Point{{x, 1}, {1, 1}}}}}}
	}
	many := func(n int) Shape {
		s := Shape{make([][]Segment, 2)}
		for i := range n {
			s.Contours[i%2] = append(s.Contours[i%2], Segment{Kind: Line, P: [4]Point{{0, float64(i%7) / 7}, {1, 1}}})
		}
		return s
	}
	tests := []struct {
		name  string
		shape Shape
		want  error
	}{
		{"nothing", Shape{}, nil},
		{"an empty contour", Shape{[][]Segment{{}}}, nil},
		{"a number", line(0.5), nil},
		{"the largest coordinate", line(-MaxCoordinate), nil},
		{"beyond it", line(math.Nextafter(MaxCoordinate, 1e9)), ErrCoordinate},
		{"not a number", line(math.NaN()), ErrCoordinate},
		{"infinite", line(math.Inf(-1)), ErrCoordinate},
		{"as many segments as may be", many(MaxSegments), nil},
		{"one more", many(MaxSegments + 1), ErrTooComplex},
		{"a hundred thousand", many(100_000), ErrTooComplex},
		{"an unknown kind", Shape{[][]Segment{{{Kind: 3}}}}, ErrKind},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.shape.Check()
			if !errors.Is(err, tt.want) {
				t.Fatalf("%v, want %v", err, tt.want)
			}
			// What is refused is drawn as nothing, over what was there before.
			if tt.want == nil {
				return
			}
			var g Generator
			dst := []byte{1, 2, 3, 4, 5, 6, 7, 8}
			g.Draw(dst, 4, 1, 2, &tt.shape, Params{Scale: 48, Range: 6})
			for _, b := range dst {
				if b != 0 {
					t.Fatalf("the picture is %v", dst)
				}
			}
		})
	}
}

func TestDrawOfBadParametersIsEmpty(t *testing.T) {
	s := Shape{[][]Segment{box(-1, -1, 1, 1)}}
	for _, p := range []Params{
		{}, {Scale: 48}, {Range: 6}, {Scale: -48, Range: 6}, {Scale: 48, Range: -6},
		{Scale: math.NaN(), Range: 6}, {Scale: 48, Range: math.NaN()}, {Scale: math.Inf(1), Range: 6},
		{Scale: 48, Range: math.Inf(1)}, {Scale: 48, Range: 6, Origin: Point{math.NaN(), 0}}, {Scale: MaxScale + 1, Range: 6},
	} {
		var g Generator
		dst := []byte{9, 9, 9, 9}
		g.Draw(dst, 4, 1, 1, &s, p)
		if [4]byte(dst) != [4]byte{} {
			t.Errorf("%+v: %v", p, dst)
		}
		g.Draw(nil, 0, 0, 5, &s, p)
	}
}

// hostile are outlines that cost what an outline can cost.
var hostile = []struct {
	name  string
	shape func() Shape
}{
	{"lines everywhere", func() Shape { return scribble(Line, MaxSegments/4) }},
	{"quadratic curves everywhere", func() Shape { return scribble(Quad, MaxSegments/8) }},
	{"cubic curves everywhere", func() Shape { return scribble(Cubic, MaxSegments/8) }},
	{"a few hundred cubic curves", func() Shape { return scribble(Cubic, 300) }},
	{"spokes", func() Shape {
		var s Shape
		for i := range MaxSegments / 3 {
			a, b := float64(i)*0.001, (float64(i)+0.4)*0.001
			s.Contours = append(s.Contours, ring(Point{0.5, 0.5}, Point{0.5 + 0.5*math.Cos(a), 0.5 + 0.5*math.Sin(a)}, Point{0.5 + 0.5*math.Cos(b), 0.5 + 0.5*math.Sin(b)}))
		}
		return s
	}},
	{"rings within rings", func() Shape {
		var s Shape
		for i := range MaxSegments / 4 {
			d := float64(i) / MaxSegments
			s.Contours = append(s.Contours, box(d, d, 1-d, 1-d))
		}
		return s
	}},
	{"a comb", func() Shape {
		var c []Point
		for i := range MaxSegments {
			// Not evenly, lest its teeth stand where the points do.
			c = append(c, Point{math.Pow(float64(i)/MaxSegments, 1.1), float64(i % 2)})
		}
		return Shape{[][]Segment{ring(c...)}}
	}},
	{"the same circle a thousand times", func() Shape {
		var s Shape
		for range 1000 {
			s.Contours = append(s.Contours, circle(Quad, 8, Point{0.5, 0.5}, 0.4))
		}
		return s
	}},
	{"a circle of as many curves as may be", func() Shape {
		return Shape{[][]Segment{circle(Cubic, MaxSegments, Point{0.5, 0.5}, 0.4)}}
	}},
	{"far and wide", func() Shape {
		s := scribble(Cubic, 200)
		for _, c := range s.Contours {
			for i := range c {
				for k := range c[i].P {
					c[i].P[k] = c[i].P[k].sub(Point{0.5, 0.5}).mul(2 * MaxCoordinate)
				}
			}
		}
		return s
	}},
}

func scribble(k Kind, n int) Shape {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	pt := func() Point { return Point{r.Float64(), r.Float64()} }
	var c []Segment
	pen := pt()
	for range n {
		g := Segment{k, [4]Point{pen, pt(), pt(), pt()}}
		c = append(c, g)
		pen = g.P[k.last()]
	}
	return Shape{[][]Segment{c}}
}

// Whatever the outline, Draw ends, by its budgets, and every texel away from edges is
// on its side and covered as it should be.
func TestHostileShapesEnd(t *testing.T) {
	for _, h := range hostile {
		t.Run(h.name, func(t *testing.T) {
			s := h.shape()
			if err := s.Check(); err != nil {
				t.Fatal(err)
			}
			m := &picture{w: 56, h: 56, p: Params{Scale: 48, Origin: Point{-4.0 / 48, -4.0 / 48}, Range: 6}}
			m.pix = make([]byte, 4*m.w*m.h)
			var g Generator
			g.Draw(m.pix, 4*m.w, m.w, m.h, &s, m.p)
			// As many lines as the judge has time for.
			by := 8
			if long() {
				by = 32
			}
			n := 0
			for _, c := range s.Contours {
				n += len(c)
			}
			cover := polygonIn(&s, max(4, min(48, 20_000/n))).fillBy(by, 48, -4, -4, m.w, m.h)
			// What is thinner than the points that stand for areas is right on average.
			const block = 8
			for y := 0; y < m.h; y += block {
				for x := 0; x < m.w; x += block {
					got, want := 0.0, 0.0
					for k := range block * block {
						i, j := x+k%block, y+k/block
						a, med, c := m.alphaAt(i, j), m.medianAt(i, j), cover[j*m.w+i]
						got, want = got+a/(block*block), want+c/(block*block)
						if c == 0 && med > 0.5 || c == 1 && med < -0.5 {
							t.Fatalf("at %d, %d: covered %.3f, but the median is %.3f", i, j, c, med)
						}
					}
					if math.Abs(got-want) > 0.05 {
						t.Errorf("from %d, %d: covered %.3f, want %.3f", x, y, got, want)
					}
				}
			}
		})
	}
}

// shapeOfBytes makes a shape of any bytes: a byte for what follows, coordinates in
// 1/256 of an em, or a float64 as it stands.
func shapeOfBytes(b []byte) Shape {
	s := Shape{}
	coordinate := func() float64 {
		if len(b) == 0 {
			return 0
		}
		c := b[0]
		b = b[1:]
		if c == 255 && len(b) >= 8 {
			f := math.Float64frombits(binary.LittleEndian.Uint64(b))
			b = b[8:]
			return f
		}
		return float64(c) / 256
	}
	var pen Point
	for len(b) > 0 {
		op := b[0]
		b = b[1:]
		if op&0x80 != 0 || len(s.Contours) == 0 {
			s.Contours = append(s.Contours, nil)
		}
		g := Segment{Kind: Kind(op % 3), P: [4]Point{pen}}
		if op&0x40 != 0 {
			g.P[0] = Point{coordinate(), coordinate()}
		}
		for k := 1; k <= g.Kind.last(); k++ {
			g.P[k] = Point{coordinate(), coordinate()}
		}
		pen = g.P[g.Kind.last()]
		n := len(s.Contours) - 1
		s.Contours[n] = append(s.Contours[n], g)
	}
	return s
}

func FuzzDraw(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0xc0, 10, 10, 200, 10, 0, 200, 200, 0, 10, 200})
	f.Add([]byte{0xc1, 10, 10, 200, 10, 200, 200, 1, 10, 250, 10, 10, 0xc2, 1, 1, 255, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f, 2, 3})
	f.Add([]byte{0xc2, 20, 20, 250, 250, 0, 250, 230, 20, 0xc0, 20, 20, 90, 90, 0, 20, 20})
	// Its last curve and its line turn right back at 7.25, 8.1875 texels.
	f.Add([]byte("2\xc20\x14\x148B0\x14\x14"))
	var g Generator
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<10 {
			return
		}
		s := shapeOfBytes(b)
		m := &picture{w: 30, h: 28, p: Params{Scale: 24, Origin: Point{-2.0 / 24, -2.0 / 24}, Range: 6}}
		m.pix = make([]byte, 4*m.w*m.h)
		g.Draw(m.pix, 4*m.w, m.w, m.h, &s, m.p)
		if s.Check() != nil {
			return
		}
		poly := polygonOf(&s)
		for y := range m.h {
			for x := range m.w {
				at := m.middle(x, y)
				med := m.medianAt(x, y)
				if poly.inside(at) == (med > 0) {
					continue
				}
				if d := poly.distance(at) * m.p.Scale; d > 0.75 {
					t.Fatalf("at %d, %d, %.2f texels from an edge: the median is %.3f", x, y, d, med)
				}
			}
		}
	})
}
