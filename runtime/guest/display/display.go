// Package display writes what guests say to the services that show a space:
// hearth.Renderer, hearth.canvas.CanvasFactory, hearth.DebugDrawFactory, hearth.Window,
// hearth.Camera and hearth.terminal.TerminalFactory; and reads the window's events.
//
// The key idea: a value is what is to be shown, and its Request is the text that asks
// for it. The answer is {"Ok":..} with a capability to what was made, or {"Err":..}; what
// was made ends when the capability is killed, or with the process that asked. The other
// functions are messages to what was made.
//
//	ball := guest.NewLump(glb)
//	req := display.Model{Lump: ball.ID(), Transform: display.At(0, 1, 0)}.Request()
//	guest.Request(renderer, req, func(m *guest.Message) { ... m.Take(0) ... })
//
// A request names the lumps whose IDs were read in the same handler call, and so grants
// them to who shows the space.
//
// Lengths are metres, angles radians, colours linear; y points up. Matrices are 16 numbers
// by columns.
package display

import (
	"encoding/base64"
	"math"

	"hearth/runtime/guest/serde"
)

// Names of the services.
const (
	Renderer  = "hearth.Renderer"
	Canvases  = "hearth.canvas.CanvasFactory"
	DebugDraw = "hearth.DebugDrawFactory"
	Window    = "hearth.Window"
	Camera    = "hearth.Camera"
)

// Vec3 is a place, a direction or a colour; Quat a turn as x, y, z, w.
type (
	Vec3 [3]float32
	Vec4 [4]float32
	Quat [4]float32
	Mat4 [16]float32
)

// Unturned is no turn.
var Unturned = Quat{0, 0, 0, 1}

// At is where something is that is not turned.
func At(x, y, z float32) Mat4 { return Place(Vec3{x, y, z}, Unturned, Vec3{1, 1, 1}) }

// Place is where something is that is scaled, then turned, then moved.
func Place(to Vec3, turn Quat, scale Vec3) Mat4 {
	x, y, z, w := turn[0], turn[1], turn[2], turn[3]
	a, b, c := scale[0], scale[1], scale[2]
	return Mat4{
		(1 - 2*(y*y+z*z)) * a, 2 * (x*y + z*w) * a, 2 * (x*z - y*w) * a, 0,
		2 * (x*y - z*w) * b, (1 - 2*(x*x+z*z)) * b, 2 * (y*z + x*w) * b, 0,
		2 * (x*z + y*w) * c, 2 * (y*z - x*w) * c, (1 - 2*(x*x+y*y)) * c, 0,
		to[0], to[1], to[2], 1,
	}
}

// Turn is a turn by an angle around an axis of length 1, counter-clockwise seen against
// it.
func Turn(axis Vec3, angle float32) Quat {
	sin, cos := math.Sincos(float64(angle) / 2)
	s := float32(sin)
	return Quat{axis[0] * s, axis[1] * s, axis[2] * s, float32(cos)}
}

// Animation says which animation of a model runs, and how.
type Animation struct {
	Index int
	Speed float32
	Loop  bool
}

// Model is a lump with a glTF or OBJ model that is to be shown.
type Model struct {
	Lump      [32]byte
	Transform Mat4
	Animation *Animation // nil: it stands still
	Tint      Vec4       // multiplies its colours; zero is {1, 1, 1, 1}
	Name      string     // what an answer to Pick calls it; may be empty
}

// Request asks hearth.Renderer for it.
func (m Model) Request() []byte {
	if m.Tint == (Vec4{}) {
		m.Tint = Vec4{1, 1, 1, 1}
	}
	w := begin("AddModel").lump("model", m.Lump).numbers("transform", m.Transform[:])
	if m.Animation != nil {
		w = w.value("animation", m.Animation.append(nil))
	}
	w = w.numbers("tint", m.Tint[:])
	if m.Name != "" {
		w = w.value("name", serde.AppendString(nil, m.Name))
	}
	return w.end()
}

func (a *Animation) append(b []byte) []byte {
	w := writer{append(b, '{')}
	w = w.value("index", serde.AppendUint(nil, uint64(max(a.Index, 0)))).number("speed", a.Speed).value("loop", truth(a.Loop))
	return append(w.b, '}')
}

// Object is a mesh with a material, which are lumps of their own.
type Object struct {
	Mesh, Material [32]byte
	Transform      Mat4
}

// Request asks hearth.Renderer for it.
func (o Object) Request() []byte {
	return begin("AddObject").lump("mesh", o.Mesh).value("skeleton", []byte("null")).
		lump("material", o.Material).numbers("transform", o.Transform[:]).end()
}

// DirectionalLight comes from far away.
type DirectionalLight struct {
	Color     Vec3
	Intensity float32
	Direction Vec3    // the way that the light goes
	Distance  float32 // how far its shadows reach
}

// Request asks hearth.Renderer for it.
func (l DirectionalLight) Request() []byte {
	state := writer{[]byte{'{'}}.numbers("color", l.Color[:]).number("intensity", l.Intensity).
		numbers("direction", l.Direction[:]).number("distance", l.Distance)
	return begin("AddDirectionalLight").value("initial_state", append(state.b, '}')).end()
}

// PointLight shines to all sides, as far as Range.
type PointLight struct {
	Position, Color  Vec3
	Intensity, Range float32
}

// Request asks hearth.Renderer for it.
func (l PointLight) Request() []byte {
	return begin("AddPointLight").numbers("position", l.Position[:]).numbers("color", l.Color[:]).
		number("intensity", l.Intensity).number("range", l.Range).end()
}

// SpotLight shines in a cone: fully within the angle Inner from its direction, and not
// beyond Outer.
type SpotLight struct {
	Position, Direction, Color Vec3
	Intensity, Range           float32
	Inner, Outer               float32
}

// Request asks hearth.Renderer for it.
func (l SpotLight) Request() []byte {
	return begin("AddSpotLight").numbers("position", l.Position[:]).numbers("direction", l.Direction[:]).
		numbers("color", l.Color[:]).number("intensity", l.Intensity).number("range", l.Range).
		number("inner", l.Inner).number("outer", l.Outer).end()
}

// Skybox asks hearth.Renderer for a sky: a cube texture, or a picture of all around.
func Skybox(texture [32]byte) []byte { return begin("SetSkybox").lump("texture", texture).end() }

// Look asks hearth.Renderer to make pictures of light so: stops of exposure, the mapper
// of tones (Neutral, ACES, Reinhard, None), and how much bright things bloom.
func Look(exposure float32, toneMap string, bloom float32) []byte {
	return begin("SetLook").number("exposure", exposure).value("tone_map", serde.AppendString(nil, toneMap)).number("bloom", bloom).end()
}

// Ambient asks hearth.Renderer for light from everywhere.
func Ambient(rgba Vec4) []byte { return begin("SetAmbientLighting").numbers("ambient", rgba[:]).end() }

// Pick asks hearth.Renderer what is under a pixel of its window: {"Ok":"Nothing"}, or
// {"Ok":{"Hit":{"object":ID,"name":N,"position":[x,y,z]}}}.
func Pick(x, y int) []byte {
	return begin("Pick").value("x", serde.AppendUint(nil, uint64(max(x, 0)))).value("y", serde.AppendUint(nil, uint64(max(y, 0)))).end()
}

// Transform, Tint, Hidden and Animate are messages to an object.
func Transform(m Mat4) []byte    { return message("Transform", numbers(m[:])) }
func Tint(rgba Vec4) []byte      { return message("Tint", numbers(rgba[:])) }
func Hidden(on bool) []byte      { return message("Hidden", truth(on)) }
func Animate(a Animation) []byte { return message("Animation", a.append(nil)) }

// Position, Color, Intensity, Range and Direction are messages to a light.
func Position(p Vec3) []byte      { return message("Position", numbers(p[:])) }
func Color(rgb Vec3) []byte       { return message("Color", numbers(rgb[:])) }
func Intensity(n float32) []byte  { return message("Intensity", serde.AppendFloat(nil, short(n))) }
func Range(metres float32) []byte { return message("Range", serde.AppendFloat(nil, short(metres))) }
func Direction(d Vec3) []byte     { return message("Direction", numbers(d[:])) }

// Frame is where a canvas stands: its middle, its turn, and half of its size.
type Frame struct {
	Origin      Vec3
	Orientation Quat
	HalfSize    [2]float32
}

func (f Frame) append() []byte {
	w := writer{[]byte{'{'}}.numbers("origin", f.Origin[:]).numbers("orientation", f.Orientation[:]).numbers("half_size", f.HalfSize[:])
	return append(w.b, '}')
}

// Pixels are rows from the top, 4 bytes a pixel: red, green, blue, alpha.
type Pixels struct {
	Width, Height int
	Data          []byte
}

func (p Pixels) append() []byte {
	w := writer{[]byte{'{'}}.value("width", serde.AppendUint(nil, uint64(p.Width))).value("height", serde.AppendUint(nil, uint64(p.Height)))
	return append(w.value("data", serde.AppendString(nil, base64.StdEncoding.EncodeToString(p.Data))).b, '}')
}

// Canvas is a picture in space.
type Canvas struct {
	Frame   Frame
	Pixels  Pixels
	Nearest bool // pixels stay square where they are large
}

// Request asks hearth.canvas.CanvasFactory for it.
func (c Canvas) Request() []byte {
	sampling := "Linear"
	if c.Nearest {
		sampling = "Nearest"
	}
	return begin("CreateCanvas").value("position", c.Frame.append()).value("pixels", c.Pixels.append()).
		value("sampling", serde.AppendString(nil, sampling)).end()
}

// Relocate, Resize and Blit are messages to a canvas: another place, another picture, a
// part of the picture.
func Relocate(f Frame) []byte { return message("Relocate", f.append()) }
func Resize(p Pixels) []byte  { return message("Resize", p.append()) }
func Blit(x, y int, p Pixels) []byte {
	return begin("Blit").value("x", serde.AppendUint(nil, uint64(x))).value("y", serde.AppendUint(nil, uint64(y))).value("pixels", p.append()).end()
}

// Line is a debug line.
type Line struct{ From, To, Color Vec3 }

// Lines is the message that tells debug lines, for which hearth.DebugDrawFactory is asked
// with null, what they show.
func Lines(lines []Line) []byte {
	vertices, indices := []byte{'['}, []byte{'['}
	for i, l := range lines {
		for j, p := range []Vec3{l.From, l.To} {
			if n := 2*i + j; n > 0 {
				vertices, indices = append(vertices, ','), append(indices, ',')
			}
			v := writer{append(vertices, '{')}.numbers("position", p[:]).numbers("color", l.Color[:])
			vertices = append(v.b, '}')
			indices = serde.AppendUint(indices, uint64(2*i+j))
		}
	}
	return begin("Contents").value("vertices", append(vertices, ']')).value("indices", append(indices, ']')).end()
}

// writer writes the members of an object.
type writer struct{ b []byte }

func begin(name string) writer {
	return writer{append(serde.AppendString([]byte{'{'}, name), ':', '{')}
}

func (w writer) end() []byte { return append(w.b, '}', '}') }

func (w writer) value(name string, json []byte) writer {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	return writer{append(append(serde.AppendString(w.b, name), ':'), json...)}
}

func (w writer) numbers(name string, xs []float32) writer { return w.value(name, numbers(xs)) }
func (w writer) number(name string, x float32) writer {
	return w.value(name, serde.AppendFloat(nil, short(x)))
}
func (w writer) lump(name string, id [32]byte) writer {
	return w.value(name, serde.AppendLumpID(nil, id))
}

func message(name string, json []byte) []byte { return serde.AppendTagged(nil, name, json) }

func numbers(xs []float32) []byte {
	b := []byte{'['}
	for i, x := range xs {
		if i > 0 {
			b = append(b, ',')
		}
		b = serde.AppendFloat(b, short(x))
	}
	return append(b, ']')
}

// short rounds to a millionth, which is what a scene needs: the exact value of a
// float32 has up to seven digits more. What is not finite is 0, which JSON can say.
func short(x float32) float64 {
	if x-x != 0 {
		return 0
	}
	return math.Round(float64(x)*1e6) / 1e6
}

func truth(b bool) []byte {
	if b {
		return []byte("true")
	}
	return []byte("false")
}
