package scene

import (
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/lumps"
)

// ID names a thing of a scene, whatever its kind, for as long as the scene lives:
// a slot that is used again has another ID. Zero names nothing.
//
//	63            24 23      0
//	+----------------+---------+
//	| serial, from 1 | slot    |
//	+----------------+---------+
type ID uint64

// slotBits is how much of an ID is its slot: more than any limit of a table.
const slotBits = 24

// Slot is the place of the thing in its table.
func (id ID) Slot() int { return int(id & (1<<slotBits - 1)) }

// Object is a model at a place.
type Object struct {
	// Model is a glTF, GLB or OBJ lump. Where it is zero, Mesh and Material name a
	// pair of the original's lumps.
	Model          lumps.CID
	Mesh, Material lumps.CID
	// Transform brings the model into the world. It is affine: its last row is taken
	// as 0 0 0 1.
	Transform mgl32.Mat4
	// Joints are joint matrices with the inverse bind matrices in them already; nil:
	// none, or those of the model's own skin.
	Joints []mgl32.Mat4
	// Weights are those of the morph targets; nil: the model's.
	Weights   []float32
	Animation Animation
	// Tint multiplies the base colour, and its alpha the opacity.
	Tint                     mgl32.Vec4
	Hidden, NoShadow, NoPick bool
}

// NewObject returns an object with the values that leave a model as it is: in the
// origin, untinted, at rest.
func NewObject() Object {
	return Object{Transform: mgl32.Ident4(), Tint: mgl32.Vec4{1, 1, 1, 1}, Animation: Animation{Index: -1, Speed: 1}}
}

// Animation says which animation of its model an object plays.
type Animation struct {
	Index int           // of the model's animations; -1 none
	Start time.Duration // when it began, on the clock of the scene (Scene.Now)
	Speed float32       // 1 is as the file has it; 0 stands at its beginning
	Loop  bool          // begins again at its end, where it would stay otherwise
}

// Seconds returns the place in an animation of the given length at a time of the
// scene's clock.
func (a Animation) Seconds(now time.Duration, duration float32) float32 {
	if a.Index < 0 || duration <= 0 || now <= a.Start {
		return 0
	}
	// In 64 bits: a world that was open for a month still moves smoothly.
	at, length := (now-a.Start).Seconds()*float64(a.Speed), float64(duration)
	if a.Loop {
		at -= length * floor(at/length)
		return float32(min(at, length))
	}
	if a.Speed < 0 {
		at += length
	}
	return float32(max(0, min(at, length)))
}
