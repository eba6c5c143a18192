// Package eye moves the eyes of a person through a space: flying, and walking.
//
// Its key idea: an eye is a place and two angles. What the hands want of it for a
// moment is a [Wish], and Step is the only thing that moves it, by the same path
// however many frames the moment has: speeds are constant, and falls follow the
// closed form of a parabola.
//
// The space is right-handed and Y is up. Yaw 0 looks along -Z and grows to the left
// (counterclockwise from above); pitch grows upwards.
package eye

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/scene"
)

// Mode is how an eye moves.
type Mode int

const (
	Fly Mode = iota
	Walk
)

func (m Mode) String() string {
	if m == Walk {
		return "walk"
	}
	return "fly"
}

const (
	// Height is how far the eyes of somebody who stands are above the floor, in metres.
	Height = 1.7
	// Gravity is what somebody who walks falls with, in m/s².
	Gravity = 9.81
	// jump is the speed that a jump begins with, in m/s: about 0.8 m high.
	jump = 4
	// MinSpeed and MaxSpeed bound the speed of flight, in m/s: from looking at a coin
	// to crossing a valley.
	MinSpeed = 0.05
	MaxSpeed = 1000
	// flySpeed and walkSpeed are the usual speeds, in m/s.
	flySpeed  = 4
	walkSpeed = 2.5
	// fast is how much faster it is with Shift.
	fast = 4
	// notch is how much faster one notch of the wheel makes it.
	notch = 1.25
	// maxPitch keeps the view from tipping over, in radians.
	maxPitch = math.Pi/2 - 0.001
	// maxStep bounds the moment that one Step covers: a program that was stopped for a
	// while does not throw its user through the space.
	maxStep = 250 * time.Millisecond
	// Limit is how far from the origin an eye may be, in metres, along each axis:
	// beyond it, single precision has no centimetres.
	Limit = 1 << 17
)

// Eye is where somebody looks from.
type Eye struct {
	Position   mgl32.Vec3 // metres
	Yaw, Pitch float32    // radians
	Mode       Mode
	Speed      float32 // of flight, m/s; 0: the usual

	rise float32 // vertical speed of who walks, m/s
}

// Wish is what the hands want.
type Wish struct {
	Right, Up, Forward float32 // -1 to 1
	Fast, Jump         bool
	Turn, Tilt         float32 // angles to turn by, to the left and up, radians
}

// Idle reports a wish for nothing.
func (w Wish) Idle() bool { return w == Wish{} || w == Wish{Fast: true} }

// Look returns an eye at a place that looks at another.
func Look(from, at mgl32.Vec3) Eye {
	d := at.Sub(from)
	e := Eye{Position: from}
	if d.Len() > 0 {
		e.Yaw = float32(math.Atan2(float64(-d[0]), float64(-d[2])))
		e.Pitch = float32(math.Atan2(float64(d[1]), math.Hypot(float64(d[0]), float64(d[2]))))
		e.settle()
	}
	return e
}

// FromView returns the eye of a view matrix. A roll, which an eye has not, is lost.
func FromView(view mgl32.Mat4) Eye {
	m := view.Inv()
	pos := m.Col(3).Vec3()
	return Look(pos, pos.Sub(m.Col(2).Vec3()))
}

// Parse reads "X,Y,Z,YAW,PITCH" in metres and degrees; the angles may be missing.
func Parse(s string) (Eye, error) {
	v, err := numbers(s)
	if err == nil && len(v) != 3 && len(v) != 5 {
		err = fmt.Errorf("%d numbers", len(v))
	}
	if err != nil {
		return Eye{}, fmt.Errorf("%q is no camera, such as 0,1.7,4,0,-10 (metres, degrees): %w", s, err)
	}
	e := Eye{Position: mgl32.Vec3{v[0], v[1], v[2]}}
	if len(v) == 5 {
		e.Yaw, e.Pitch = mgl32.DegToRad(v[3]), mgl32.DegToRad(v[4])
	}
	e.settle()
	return e, nil
}

// ParsePoint reads "X,Y,Z" in metres.
func ParsePoint(s string) (mgl32.Vec3, error) {
	v, err := numbers(s)
	if err == nil && len(v) != 3 {
		err = fmt.Errorf("%d numbers", len(v))
	}
	if err != nil {
		return mgl32.Vec3{}, fmt.Errorf("%q is no place, such as 0,1,0 (metres): %w", s, err)
	}
	return mgl32.Vec3{v[0], v[1], v[2]}, nil
}

// numbers reads finite numbers with commas between, none farther than Limit.
func numbers(s string) ([]float32, error) {
	var v []float32
	for f := range strings.SplitSeq(s, ",") {
		x, err := strconv.ParseFloat(strings.TrimSpace(f), 32)
		if err != nil {
			return nil, fmt.Errorf("%q is no number", f)
		}
		if math.IsNaN(x) || math.Abs(x) > Limit {
			return nil, fmt.Errorf("%q is too large", f)
		}
		v = append(v, float32(x))
	}
	return v, nil
}

// Forward is the direction that the eye looks in, of length 1.
func (e *Eye) Forward() mgl32.Vec3 {
	sy, cy := math.Sincos(float64(e.Yaw))
	sp, cp := math.Sincos(float64(e.Pitch))
	return mgl32.Vec3{float32(-sy * cp), float32(sp), float32(-cy * cp)}
}

// View is the matrix from the world into the eye's space.
func (e *Eye) View() mgl32.Mat4 {
	rotate := mgl32.HomogRotate3DX(-e.Pitch).Mul4(mgl32.HomogRotate3DY(-e.Yaw))
	return rotate.Mul4(mgl32.Translate3D(-e.Position[0], -e.Position[1], -e.Position[2]))
}

// Camera is the eye as a camera; vfov in radians, near in metres.
func (e *Eye) Camera(vfov, near float32) scene.Camera {
	return scene.Camera{View: e.View(), VFov: vfov, Near: near}
}

// Wheel makes flight faster by notches of the wheel, or slower.
func (e *Eye) Wheel(notches float64) {
	s := float64(e.speed()) * math.Pow(notch, min(max(notches, -100), 100))
	e.Speed = float32(min(max(s, MinSpeed), MaxSpeed))
}

func (e *Eye) speed() float32 {
	if e.Speed == 0 {
		return flySpeed
	}
	return e.Speed
}

// Step moves the eye for a moment, and reports whether it is not where it was. floor
// is the height of the floor below it, for who walks.
func (e *Eye) Step(w Wish, moment time.Duration, floor float32) bool {
	was := *e
	moment = min(max(moment, 0), maxStep)
	dt := float32(moment.Seconds())
	e.Yaw += w.Turn
	e.Pitch += w.Tilt
	if e.Mode == Walk {
		e.walk(w, dt, floor)
	} else {
		e.fly(w, dt)
	}
	e.settle()
	return was != *e
}

// fly goes where the eye looks.
func (e *Eye) fly(w Wish, dt float32) {
	e.rise = 0
	sy, cy := math.Sincos(float64(e.Yaw))
	right := mgl32.Vec3{float32(cy), 0, float32(-sy)}
	dir := right.Mul(w.Right).Add(mgl32.Vec3{0, w.Up, 0}).Add(e.Forward().Mul(w.Forward))
	e.Position = e.Position.Add(e.reach(dir, e.speed(), w.Fast, dt))
}

// walk goes over the floor and falls to it.
func (e *Eye) walk(w Wish, dt float32, floor float32) {
	sy, cy := math.Sincos(float64(e.Yaw))
	dir := mgl32.Vec3{
		float32(cy)*w.Right - float32(sy)*w.Forward, 0,
		-float32(sy)*w.Right - float32(cy)*w.Forward,
	}
	e.Position = e.Position.Add(e.reach(dir, walkSpeed, w.Fast, dt))
	stand := floor + Height
	if w.Jump && e.rise == 0 && e.Position[1] <= stand {
		e.rise = jump
	}
	if e.Position[1] <= stand && e.rise <= 0 {
		e.Position[1], e.rise = stand, 0 // a step up is taken at once
		return
	}
	e.Position[1] += e.rise*dt - Gravity*dt*dt/2
	e.rise -= Gravity * dt
	if e.Position[1] <= stand {
		e.Position[1], e.rise = stand, 0
	}
}

// reach is how far a direction leads: two keys at once lead no farther than one.
func (e *Eye) reach(dir mgl32.Vec3, speed float32, quick bool, dt float32) mgl32.Vec3 {
	if l := dir.Len(); l > 1 {
		dir = dir.Mul(1 / l)
	}
	if quick {
		speed *= fast
	}
	return dir.Mul(speed * dt)
}

// Falling reports that the eye moves whatever is wished.
func (e *Eye) Falling(floor float32) bool {
	return e.Mode == Walk && (e.rise != 0 || e.Position[1] != floor+Height)
}

// settle brings the eye back within its bounds.
func (e *Eye) settle() {
	e.Pitch = min(max(e.Pitch, -maxPitch), maxPitch)
	e.Yaw = float32(math.Remainder(float64(e.Yaw), 2*math.Pi))
	for i := range e.Position {
		e.Position[i] = min(max(e.Position[i], -Limit), Limit)
	}
}
