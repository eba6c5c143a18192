package msdf

import "math"

// Params say where a shape lies in its picture.
type Params struct {
	Scale  float64 // texels an em, at most MaxScale
	Origin Point   // ems: what lies at the lower left corner of the picture
	Range  float64 // texels from a distance shown as 0 to the one shown as 1
}

// MaxScale, in texels an em, is far beyond what a page holds.
const MaxScale = 4096

func (p *Params) valid() bool {
	finite := func(f, most float64) bool { return math.Abs(f) <= most }
	return finite(p.Scale, MaxScale) && p.Scale > 0 && finite(p.Range, math.MaxFloat32) && p.Range > 0 &&
		finite(p.Origin.X, MaxCoordinate) && finite(p.Origin.Y, MaxCoordinate)
}

// Scratch for more than this, some megabytes, is not kept for the next picture.
const (
	keptEdges  = 8192
	keptTexels = 256 * 256
)

// A Generator draws shapes. It keeps its scratch from one picture to the next; the
// zero value is ready. One goroutine at a time may use it.
type Generator struct {
	outline outline
	field   field
	area    area
	winder  winder
	mender  mender
}

// Draw draws a shape into w by h pixels of dst, 4 bytes a pixel, the top row first,
// stride bytes a row. R, G and B are distances to its edge: 0.5 is the edge, 1 is
// inside by Range/2 or more. Their median is the distance to draw by. A is the exact
// area that the shape covers of the texel.
//
// A shape that Check refuses, and parameters that are not finite and positive, make
// the picture of an empty shape.
func (g *Generator) Draw(dst []byte, stride, w, h int, s *Shape, p Params) {
	if w <= 0 || h <= 0 {
		return
	}
	if !p.valid() || s.Check() != nil {
		for y := range h {
			clear(dst[y*stride : y*stride+4*w])
		}
		return
	}
	o, f := &g.outline, &g.field
	o.load(s, p)
	f.w, f.h = w, h
	f.inside = resize(f.inside, w*h)
	f.texel = resize(f.texel, w*h)
	// A texel more than the range, and never so little that the four texels around a
	// corner are not all measured.
	f.cutoff = max(p.Range/2, 1) + 1
	g.winder.inside(f.inside, w, h, o.raw)
	g.area.reset(w, h)

	united := o.unite()
	if united {
		o.colour()
		f.edges = o.edges
		for _, l := range o.loops {
			for i := l.from; i < l.to; i++ {
				g.area.addEdge(&o.edges[i])
			}
		}
		g.area.sum()
		united = f.draw()
	}
	if !united || !g.agrees() {
		g.winder.cover(&g.area, o.raw)
	}
	if united {
		g.mender.mend(f)
	} else {
		g.fromCoverage()
	}
	g.write(dst, stride, p.Range)
	if len(o.raw) > keptEdges || w*h > keptTexels {
		*g = Generator{}
	}
}

// agrees tells whether coverage and windings say the same of texels away from edges.
func (g *Generator) agrees() bool {
	f := &g.field
	for y := range f.h {
		for x := range f.w {
			k := y*f.w + x
			if math.Abs(f.texel[k].d) < math.Sqrt2/2 {
				continue
			}
			want := float32(0)
			if f.inside[k] {
				want = 1
			}
			if a := g.area.at(x, y) - want; a > 1.0/256 || a < -1.0/256 {
				return false
			}
		}
	}
	return true
}

// fromCoverage makes a field without corners, a texel wide, of an outline that cost
// too much to measure.
func (g *Generator) fromCoverage() {
	f := &g.field
	for y := range f.h {
		for x := range f.w {
			t := &f.texel[y*f.w+x]
			switch a := g.area.at(x, y); a {
			case 0:
				t.d = -f.cutoff
			case 1:
				t.d = f.cutoff
			default:
				t.d = float64(a) - 0.5
			}
			t.level(t.d)
		}
	}
}

func (g *Generator) write(dst []byte, stride int, rng float64) {
	f := &g.field
	for y := range f.h {
		row := dst[(f.h-1-y)*stride:][:4*f.w]
		for x := range f.w {
			t := &f.texel[y*f.w+x]
			px := row[4*x : 4*x+4]
			for c := range 3 {
				px[c] = uint8(max(0, min(255, 127.5+t.c[c]*(255/rng))) + 0.5)
			}
			px[3] = uint8(g.area.at(x, y)*255 + 0.5)
		}
	}
}
