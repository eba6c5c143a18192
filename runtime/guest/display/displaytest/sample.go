// Package displaytest holds one of each request and message of package display: what the
// painters of the other SDKs say too.
package displaytest

import "hearth/runtime/guest/display"

// Samples returns them. All name this lump; they are compared with each other, and with
// what services take.
func Samples(lump [32]byte) [][]byte {
	here := display.At(1, 2, 3)
	frame := display.Frame{Origin: display.Vec3{0, 1, -2}, Orientation: display.Unturned, HalfSize: [2]float32{1.5, 0.75}}
	terminal := display.Terminal{Name: "it", Position: display.Vec3{0, 1.5, -2}, Orientation: display.Quat{0, 0.6, 0, 0.8}, Em: 0.05, Columns: 80, Rows: 24, Padding: 0.1, Opacity: 0.9, Again: true}
	picture := display.Pixels{Width: 2, Height: 1, Data: []byte{10, 40, 70, 100, 130, 160, 190, 220}}
	return [][]byte{
		display.Model{Lump: lump, Transform: here, Animation: &display.Animation{Index: 0, Speed: 1, Loop: true}, Tint: display.Vec4{0.5, 0.25, 1, 1}, Name: "it"}.Request(),
		display.Object{Mesh: lump, Material: lump, Transform: here}.Request(),
		display.DirectionalLight{Color: display.Vec3{1, 0.9, 0.8}, Intensity: 3, Direction: display.Vec3{-1, -2, -0.5}, Distance: 40}.Request(),
		display.PointLight{Position: display.Vec3{1, 2, 3}, Color: display.Vec3{1, 0.5, 0.25}, Intensity: 8, Range: 12.5}.Request(),
		display.SpotLight{Position: display.Vec3{1, 2, 3}, Direction: display.Vec3{0, -1, 0}, Color: display.Vec3{1, 1, 1}, Intensity: 20, Range: 10, Inner: 0.3, Outer: 0.6}.Request(),
		display.Skybox(lump),
		display.Ambient(display.Vec4{0.1, 0.2, 0.3, 1}),
		display.Pick(3, 4),
		display.Transform(display.Place(display.Vec3{1, 2, 3}, display.Quat{0, 0.6, 0, 0.8}, display.Vec3{2, 1, 0.5})),
		display.Tint(display.Vec4{1, 0, 0.123456789, 1}),
		display.Hidden(true),
		display.Position(display.Vec3{-1, -0.5, 1000}),
		display.Color(display.Vec3{0.25, 0.5, 1}),
		display.Intensity(2.5),
		display.Canvas{Frame: frame, Pixels: picture, Nearest: true}.Request(),
		display.Relocate(frame),
		display.Resize(picture),
		display.Blit(5, 6, picture),
		display.Lines([]display.Line{{To: display.Vec3{1, 0, 0}, Color: display.Vec3{1, 0, 0}}, {To: display.Vec3{0, 0, 1}, Color: display.Vec3{0, 0, 1}}}),
		display.Title(`a "title"`),
		display.Grab("Locked"),
		display.Shot{Position: display.Vec3{0, 2, 5}, Orientation: display.Unturned, VFov: 50, Width: 320, Height: 180, Every: 0.5}.Request(),
		display.MoveShot(display.Vec3{1, 2, 5}, display.Quat{0, 0.6, 0, 0.8}),
		terminal.Request(),
		terminal.Screen(),
		display.Feed([]byte{27, '[', '1', 'm', 200, 0}),
		display.Input("ls\r"),
		display.Paste("a \"paste\""),
		display.Cells(100, 30),
	}
}
