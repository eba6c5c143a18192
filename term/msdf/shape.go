package msdf

import (
	"errors"
	"fmt"
	"math"
)

// A Point is a place or a vector. Shapes are in ems, Y up.
type Point struct{ X, Y float64 }

// Kind says which curve a Segment is.
type Kind uint8

const (
	Line  Kind = iota // P[0] to P[1]
	Quad              // P[0] to P[2], controlled by P[1]
	Cubic             // P[0] to P[3], controlled by P[1] and P[2]
)

// A Segment is a Bézier curve. Points beyond its kind's are not looked at.
type Segment struct {
	Kind Kind
	P    [4]Point
}

// last is the index of a kind's end point.
func (k Kind) last() int { return int(k) + 1 }

// A Shape is an outline: contours that are filled by the non-zero winding rule.
// A contour that does not end where it began is closed with a line, and so is a
// gap between two of its segments. Direction does not matter, but for what the
// winding rule makes of it.
type Shape struct {
	Contours [][]Segment
}

// Limits of a shape, which Check tells of.
const (
	// MaxSegments bounds the time and memory of a picture. The largest glyphs of
	// common fonts have about two thousand segments.
	MaxSegments = 16384
	// MaxCoordinate, in ems, leaves double precision 1e-9 of a texel at the
	// largest scale. No font draws so far from its origin.
	MaxCoordinate = 1024
)

// What Check finds. Errors name the contour and wrap one of these.
var (
	ErrTooComplex = errors.New("the outline has too many segments; simplify it")
	ErrCoordinate = errors.New("the outline has a coordinate that is not a number or too large; repair the font")
	ErrKind       = errors.New("the outline has a segment of an unknown kind; use Line, Quad or Cubic")
)

// Check says why a shape cannot be drawn: ErrTooComplex, ErrCoordinate or ErrKind,
// or nil if it can.
func (s *Shape) Check() error {
	n := 0
	for i, c := range s.Contours {
		if n += len(c); n > MaxSegments {
			return fmt.Errorf("more than %d segments by contour %d: %w", MaxSegments, i, ErrTooComplex)
		}
		for j := range c {
			if err := c[j].check(); err != nil {
				return fmt.Errorf("contour %d, segment %d: %w", i, j, err)
			}
		}
	}
	return nil
}

func (g *Segment) check() error {
	if g.Kind > Cubic {
		return ErrKind
	}
	for _, p := range g.P[:g.Kind.last()+1] {
		// A comparison with NaN is false.
		if !(math.Abs(p.X) <= MaxCoordinate && math.Abs(p.Y) <= MaxCoordinate) {
			return ErrCoordinate
		}
	}
	return nil
}

// Bounds returns the smallest upright box that holds the curves themselves, not
// their control points: in ems, both zero where there is no segment.
func (s *Shape) Bounds() (min, max Point) {
	min = Point{math.Inf(1), math.Inf(1)}
	max = Point{math.Inf(-1), math.Inf(-1)}
	add := func(p Point) {
		min = Point{math.Min(min.X, p.X), math.Min(min.Y, p.Y)}
		max = Point{math.Max(max.X, p.X), math.Max(max.Y, p.Y)}
	}
	for _, c := range s.Contours {
		for i := range c {
			g := &c[i]
			if g.Kind > Cubic {
				continue
			}
			add(g.P[0])
			add(g.P[g.Kind.last()])
			var t [4]float64
			for _, t := range t[:extremes(g.Kind, &g.P, &t)] {
				add(at(g.Kind, &g.P, t))
			}
		}
	}
	if !(min.X <= max.X && min.Y <= max.Y) {
		return Point{}, Point{}
	}
	return min, max
}
