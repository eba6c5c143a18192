package scene

import (
	"math"
	"time"

	"github.com/go-gl/mathgl/mgl32"
)

// Camera is where the space is seen from. It looks along -Z of its own space; its
// far plane is at infinity.
type Camera struct {
	View mgl32.Mat4 // from the world into the camera's space
	VFov float32    // vertical, in radians
	Near float32    // metres
}

// DefaultCamera stands two steps back from the origin at the height of eyes.
func DefaultCamera() Camera {
	return Camera{View: mgl32.LookAtV(mgl32.Vec3{0, 1.7, 4}, mgl32.Vec3{0, 1, 0}, mgl32.Vec3{0, 1, 0}), VFov: math.Pi / 3, Near: 0.05}
}

// View is a virtual camera: what it sees becomes pictures.
type View struct {
	Camera
	Width, Height int           // pixels
	Every         time.Duration // from one picture to the next; 0: every frame
	Stopped       bool          // makes no pictures for now
	Name          string        // of the guest's choice, for people
}
