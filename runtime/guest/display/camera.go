package display

import "hearth/runtime/guest/serde"

// Shot is a virtual camera, which looks along -z of its orientation. Where its pictures go
// is for the viewer's user to say.
type Shot struct {
	Position      Vec3
	Orientation   Quat
	VFov          float32 // degrees
	Width, Height int     // pixels
	Every         float32 // seconds from picture to picture; 0: each frame
}

// Request asks hearth.Camera for it.
func (s Shot) Request() []byte {
	return begin("CreateCamera").numbers("position", s.Position[:]).numbers("orientation", s.Orientation[:]).number("vfov", s.VFov).
		value("width", serde.AppendUint(nil, uint64(s.Width))).value("height", serde.AppendUint(nil, uint64(s.Height))).
		number("every", s.Every).end()
}

// MoveShot, Start and Stop are messages to a virtual camera.
func MoveShot(position Vec3, orientation Quat) []byte {
	return begin("Relocate").numbers("position", position[:]).numbers("orientation", orientation[:]).end()
}

var (
	Start = []byte(`"Start"`)
	Stop  = []byte(`"Stop"`)
)

// Title asks hearth.Window to show a title; Grab to hold the mouse: None, Confined or
// Locked.
func Title(text string) []byte { return message("SetTitle", serde.AppendString(nil, text)) }
func Grab(how string) []byte   { return message("SetCursorGrab", serde.AppendString(nil, how)) }
