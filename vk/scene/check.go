package scene

import (
	"math"

	"github.com/go-gl/mathgl/mgl32"
)

func floor(x float64) float64 { return math.Floor(x) }

// finite reports whether every number can be drawn with. A NaN fails both
// comparisons.
func finite(xs ...float32) bool {
	for _, x := range xs {
		if !(x >= -MaxNumber && x <= MaxNumber) {
			return false
		}
	}
	return true
}

func (l *Limits) object(o *Object) error {
	if !finite(o.Transform[:]...) || !finite(o.Tint[:]...) || !finite(o.Animation.Speed) || !finite(o.Weights...) {
		return ErrNotFinite
	}
	for i := range o.Joints {
		if !finite(o.Joints[i][:]...) {
			return ErrNotFinite
		}
	}
	if o.Model.IsZero() && o.Mesh.IsZero() {
		return &ValueError{"an object needs a model or a mesh"}
	}
	if len(o.Joints) > l.Joints {
		return &FullError{"joints an object", int64(l.Joints)}
	}
	if len(o.Weights) > l.Weights {
		return &FullError{"morph weights an object", int64(l.Weights)}
	}
	if o.Animation.Index < -1 {
		return &ValueError{"an animation is an index, or -1 for none"}
	}
	return nil
}

func (l *Limits) light(x *Light) error {
	if !finite(x.Color[:]...) || !finite(x.Position[:]...) || !finite(x.Direction[:]...) ||
		!finite(x.Intensity, x.Range, x.Inner, x.Outer, x.Distance) {
		return ErrNotFinite
	}
	switch {
	case x.Kind > Spot:
		return &ValueError{"a light is directional, a point or a spot"}
	case x.Kind != Point && !(x.Direction.LenSqr() > 1e-12):
		return &ValueError{"a light needs a direction that is not zero"}
	case x.Color[0] < 0 || x.Color[1] < 0 || x.Color[2] < 0 || x.Intensity < 0:
		return &ValueError{"a light cannot be darker than none; give a colour and an intensity of zero or more"}
	case x.Range < 0 || x.Distance < 0:
		return &ValueError{"the range and the distance of a light are zero or more"}
	case x.Kind == Spot && !(x.Inner >= 0 && x.Inner <= x.Outer && x.Outer > 0 && x.Outer <= math.Pi/2):
		return &ValueError{"the cone of a spot has 0 <= inner <= outer <= a quarter turn"}
	}
	return nil
}

func (l *Limits) canvas(c *Canvas) error {
	q := mgl32.Vec4{c.Orientation.V[0], c.Orientation.V[1], c.Orientation.V[2], c.Orientation.W}
	if !finite(c.Origin[:]...) || !finite(c.HalfSize[:]...) || !finite(q[:]...) || !finite(c.Opacity) {
		return ErrNotFinite
	}
	switch {
	case !(q.LenSqr() > 1e-12):
		return &ValueError{"an orientation is a quaternion that is not zero"}
	case c.HalfSize[0] < 0 || c.HalfSize[1] < 0:
		return &ValueError{"the half size of a canvas is zero or more"}
	case c.Width < 1 || c.Height < 1:
		return &ValueError{"a canvas has one pixel at least"}
	case c.Width > MaxSide || c.Height > MaxSide:
		return &FullError{"pixels a side of a canvas", MaxSide}
	case len(c.Pixels) != 4*c.Width*c.Height:
		return &ValueError{"a canvas has four bytes for each pixel"}
	case c.Opacity < 0 || c.Opacity > 1:
		return &ValueError{"an opacity is between 0 and 1"}
	}
	c.Orientation = c.Orientation.Normalize()
	return nil
}

func (l *Limits) lines(x *Lines) error {
	for i := range x.Vertices {
		if v := &x.Vertices[i]; !finite(v.Position[:]...) || !finite(v.Color[:]...) {
			return ErrNotFinite
		}
	}
	if len(x.Indices)%2 != 0 {
		return &ValueError{"lines have two indices each"}
	}
	for _, i := range x.Indices {
		if int64(i) >= int64(len(x.Vertices)) {
			return &ValueError{"an index of a line names a vertex that is not there"}
		}
	}
	return nil
}

// Check reports why a scene would refuse the camera.
func (c *Camera) Check() error {
	if !finite(c.View[:]...) || !finite(c.VFov, c.Near) {
		return ErrNotFinite
	}
	// A view is a turn and a shift, perhaps a scale; what squeezes the world flat
	// cannot be looked through, and what mirrors it would turn its surfaces inside out.
	if d := c.View.Mat3().Det(); !(d > 1e-12) {
		return &ValueError{"the view of a camera mirrors the world or squeezes it flat; give a turn and a shift"}
	}
	if !(c.VFov > 0.001 && c.VFov < math.Pi-0.001) {
		return &ValueError{"the field of view is more than nothing and less than half a turn"}
	}
	if !(c.Near > 1e-6) {
		return &ValueError{"the near plane is in front of the camera, more than a micrometre away"}
	}
	return nil
}

func (l *Limits) view(v *View) error {
	if err := v.Check(); err != nil {
		return err
	}
	switch {
	case v.Width < 1 || v.Height < 1:
		return &ValueError{"a view has one pixel at least"}
	case v.Width > MaxSide || v.Height > MaxSide:
		return &FullError{"pixels a side of a view", MaxSide}
	case v.Every < 0:
		return &ValueError{"the time between two pictures is zero or more"}
	}
	return nil
}

func checkLook(x *Look) error {
	if !finite(x.Exposure, x.Bloom) || !finite(x.Ambient[:]...) || !finite(x.Background[:]...) {
		return ErrNotFinite
	}
	switch {
	case x.Exposure < -32 || x.Exposure > 32:
		return &ValueError{"an exposure is between -32 and 32 EV"}
	case x.ToneMap > None:
		return &ValueError{"there is no such tone map"}
	case x.Bloom < 0 || x.Bloom > 1:
		return &ValueError{"bloom is between 0 and 1"}
	}
	for i, c := range x.Ambient {
		if c < 0 || i < 3 && x.Background[i] < 0 {
			return &ValueError{"light cannot be less than none"}
		}
	}
	return nil
}

func (o *Object) bytes() int64 { return int64(len(o.Joints))*64 + int64(len(o.Weights))*4 }
func (c *Canvas) bytes() int64 { return int64(len(c.Pixels)) }
func (l *Lines) bytes() int64  { return int64(len(l.Vertices))*24 + int64(len(l.Indices))*4 }
func (l *Light) bytes() int64  { return 0 }
func (v *View) bytes() int64   { return int64(len(v.Name)) }
