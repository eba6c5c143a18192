package pass

import (
	"encoding/binary"
	"errors"
	"image"
	"math"
	"testing"

	"github.com/go-gl/mathgl/mgl32"
	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/mem"
	"hearth/vk/raw"
	"hearth/vk/vktest"
)

// pixels is a clip space in which x and y are pixels from the upper left and z is the
// depth: for tests that say where something is.
func pixels(w, h int) mgl32.Mat4 {
	return mgl32.Mat4{0: 2 / float32(w), 5: 2 / float32(h), 10: 1, 12: -1, 13: -1, 15: 1}
}

// perspective is a reverse, infinite projection with y down.
func perspective(vfov float32, w, h int) mgl32.Mat4 {
	f := float32(1 / math.Tan(float64(vfov)/2))
	return mgl32.Mat4{0: f * float32(h) / float32(w), 5: -f, 11: -1, 14: 0.1}
}

// pixel is an RGBA8 texel of a picture of a width.
func pixel(b []byte, w, x, y int) [4]uint8 { return [4]uint8(b[(y*w+x)*4:]) }

func picturePNG(b []byte, w, h int) *image.NRGBA {
	return &image.NRGBA{Pix: b, Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
}

func words(v ...uint32) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, x)
	}
	return b
}

func floats(v ...float32) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// A line covers the pixels that it goes through, and no other.
func TestLinesPixels(t *testing.T) {
	g := open(t)
	const w, h = 32, 16
	x := g.surface(w, h, vk.FormatR8g8b8a8Unorm, 4, true)
	p, err := NewLines(g.dev, x.target())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	vertices := g.upload(floats(
		4.5, 3.5, 0.5, 1, 0, 0, 20.5, 3.5, 0.5, 1, 0, 0, // horizontal, red
		8.5, 6.5, 0.5, 0, 1, 0, 8.5, 12.5, 0.5, 0, 1, 0, // vertical, green
		0.5, 14.5, 0.2, 0, 0, 1, 31.5, 14.5, 0.2, 0, 0, 1)) // behind, blue
	indices := g.upload(words(0, 1, 2, 3, 4, 5, 1)) // the last has no other end
	in := LinesInput{ViewProjection: pixels(w, h), Width: w, Height: h, Draws: []LinesDraw{
		{Vertices: vertices, Indices: indices, Count: 7}, {Vertices: vertices, Indices: indices, Count: 1}, {}}}
	got := x.draw([4]float32{0, 0, 0, 1}, 0.3, func(s *raw.Stream) error { return p.Record(s, in) })
	for y := range h {
		for px := range w {
			want := [4]uint8{0, 0, 0, 255}
			switch {
			case y == 3 && px >= 4 && px < 20:
				want[0] = 255
			case px == 8 && y >= 6 && y < 12:
				want[1] = 255
			case y == 3 && px == 20, px == 8 && y == 12:
				continue // whether the last end is drawn is the device's choice
			}
			if c := pixel(got, w, px, y); c != want {
				t.Errorf("pixel %d,%d is %v, want %v", px, y, c, want)
			}
		}
	}
	in.Brightness = 0.5
	got = x.draw([4]float32{0, 0, 0, 1}, 0, func(s *raw.Stream) error { return p.Record(s, in) })
	if c := pixel(got, w, 10, 14); c[2] != 127 && c[2] != 128 {
		t.Errorf("at half brightness blue is %v", c)
	}
}

// A line on a surface is seen, one a little behind it is not: at all distances.
func TestLinesBias(t *testing.T) {
	g := open(t)
	const w, h = 16, 16
	x := g.surface(w, h, vk.FormatR8g8b8a8Unorm, 4, true)
	p, err := NewLines(g.dev, x.target())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	vp := perspective(1, w, h)
	for _, distance := range []float32{0.2, 3, 100, 5000} {
		surface := vp[14] / distance // the depth of a surface there
		for shift, seen := range map[float32]bool{1: true, 1.0002: true, 1.01: false} {
			d := -distance * shift
			in := LinesInput{ViewProjection: vp, Width: w, Height: h, Draws: []LinesDraw{{Count: 2, Indices: g.upload(words(0, 1)),
				Vertices: g.upload(floats(-distance, 0, d, 1, 1, 1, distance, 0, d, 1, 1, 1))}}}
			got := x.draw([4]float32{0, 0, 0, 1}, surface, func(s *raw.Stream) error { return p.Record(s, in) })
			lit := 0
			for i := 0; i < len(got); i += 4 {
				if got[i] > 0 {
					lit++
				}
			}
			if (lit > 0) != seen {
				t.Errorf("at %v m, %v times as far as the surface: %d pixels", distance, shift, lit)
			}
		}
	}
}

// grid is a floor of lines, as a guest draws it.
func grid() (vertices []float32, indices []uint32) {
	for i := -5; i <= 5; i++ {
		f := float32(i)
		c := [3]float32{0.3, 0.3, 0.3}
		if i == 0 {
			c = [3]float32{0.8, 0.1, 0.1}
		}
		vertices = append(vertices, -5, 0, f, c[0], c[1], c[2], 5, 0, f, c[0], c[1], c[2], f, 0, -5, c[0], c[1], c[2], f, 0, 5, c[2], c[1], c[0])
	}
	for i := range len(vertices) / 6 {
		indices = append(indices, uint32(i))
	}
	return
}

// What a person sees: a grid on the floor, canvases that stand on it in front of each
// other, seen from both sides.
func TestSpacePicture(t *testing.T) {
	g := open(t)
	const w, h = 256, 144
	x := g.surface(w, h, vk.FormatR8g8b8a8Srgb, 4, true)
	lines, err := NewLines(g.dev, x.target())
	if err != nil {
		t.Fatal(err)
	}
	defer lines.Close()
	canvas, err := NewCanvas(g.dev, x.target())
	if err != nil {
		t.Fatal(err)
	}
	defer canvas.Close()
	vp := perspective(math.Pi/3, w, h).Mul4(mgl32.LookAtV(mgl32.Vec3{2, 2.5, 6}, mgl32.Vec3{0, 0.7, 0}, mgl32.Vec3{0, 1, 0}))
	v, i := grid()
	card := make([]byte, 8*8*4) // an F: neither turned nor mirrored looks the same
	for k := range 64 {
		px, py := k%8, k/8
		c := [4]uint8{40, 60, 160, 255}
		if px == 2 || (py == 1 && px > 1 && px < 7) || (py == 4 && px > 1 && px < 6) {
			c = [4]uint8{250, 220, 90, 255}
		}
		if px == 0 || py == 0 || px == 7 || py == 7 {
			c[3] = 96
		}
		copy(card[k*4:], c[:])
	}
	im := g.image(8, 8, vk.FormatR8g8b8a8Srgb, 4, false, card)
	li := LinesInput{ViewProjection: vp, Width: w, Height: h, Draws: []LinesDraw{{Vertices: g.upload(floats(v...)), Indices: g.upload(words(i...)), Count: uint32(len(i))}}}
	ci := CanvasInput{Frame: 1, ViewProjection: vp, Width: w, Height: h, Draws: []CanvasDraw{
		{Texture: im.View, Origin: mgl32.Vec3{0, 1, -1.5}, Right: mgl32.Vec3{1, 0, 0}, Up: mgl32.Vec3{0, 1, 0}, Opacity: 1},
		{Texture: im.View, Nearest: true, Origin: mgl32.Vec3{-1.6, 0.8, 0}, Right: mgl32.Vec3{0.5, 0, -0.5}, Up: mgl32.Vec3{0, 0.8, 0}, Opacity: 1},
		{Texture: im.View, Nearest: true, Origin: mgl32.Vec3{1.5, 0.8, 1}, Right: mgl32.Vec3{-0.8, 0, 0}, Up: mgl32.Vec3{0, 0.8, 0}, Opacity: 0.6},
	}}
	got := x.draw([4]float32{0.02, 0.02, 0.03, 1}, 0, func(s *raw.Stream) error {
		if err := lines.Record(s, li); err != nil {
			return err
		}
		return canvas.Record(s, ci)
	})
	vktest.Golden(t, "space", picturePNG(got, w, h))
}

// A canvas shows its texels as they are, where it is, blended and hidden as it should be.
func TestCanvasPixels(t *testing.T) {
	g := open(t)
	const w, h = 16, 16
	x := g.surface(w, h, vk.FormatR8g8b8a8Unorm, 4, true)
	p, err := NewCanvas(g.dev, x.target())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	// Upper left red, upper right green, lower left blue half clear, lower right clear.
	im := g.image(2, 2, vk.FormatR8g8b8a8Unorm, 4, false, []byte{255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 128, 255, 255, 255, 0})
	d := CanvasDraw{Texture: im.View, Nearest: true, Origin: mgl32.Vec3{8, 8, 0.5}, Right: mgl32.Vec3{4, 0, 0}, Up: mgl32.Vec3{0, -4, 0}, Opacity: 1}
	frame := uint64(0)
	draw := func(depth, brightness float32, d ...CanvasDraw) []byte {
		frame++
		return x.draw([4]float32{0.2, 0.2, 0.2, 1}, depth, func(s *raw.Stream) error {
			return p.Record(s, CanvasInput{Frame: frame, ViewProjection: pixels(w, h), Brightness: brightness, Width: w, Height: h, Draws: d})
		})
	}
	check := func(name string, b []byte, at map[[2]int][4]uint8) {
		t.Helper()
		for k, want := range at {
			c := pixel(b, w, k[0], k[1])
			for i := range 3 {
				if math.Abs(float64(c[i])-float64(want[i])) > 1 {
					t.Errorf("%s: pixel %v is %v, want %v", name, k, c, want)
					break
				}
			}
		}
	}
	back := [4]uint8{51, 51, 51, 255}
	blue := [4]uint8{25, 25, 153, 255}
	check("nearest", draw(0, 0, d), map[[2]int][4]uint8{{4, 4}: {255, 0, 0}, {7, 7}: {255, 0, 0}, {8, 7}: {0, 255, 0}, {11, 4}: {0, 255, 0},
		{4, 8}: blue, {7, 11}: blue, {8, 8}: back, {11, 11}: back, {3, 4}: back, {12, 4}: back, {4, 3}: back, {4, 12}: back})
	check("behind", draw(0.6, 0, d), map[[2]int][4]uint8{{4, 4}: back, {8, 7}: back, {4, 8}: back})
	half := d
	half.Opacity = 0.5
	check("half opaque", draw(0, 0, half), map[[2]int][4]uint8{{4, 4}: {153, 25, 25}, {4, 8}: {38, 38, 102}, {8, 8}: back})
	none := d
	none.Opacity = 0
	check("opacity 0", draw(0, 0, none), map[[2]int][4]uint8{{4, 4}: back})
	check("dim", draw(0, 0.5, d), map[[2]int][4]uint8{{4, 4}: {128, 0, 0}, {8, 7}: {0, 128, 0}})
	turned := d
	turned.Right = turned.Right.Mul(-1)
	check("from behind", draw(0, 0, turned), map[[2]int][4]uint8{{4, 4}: {0, 255, 0}, {11, 4}: {255, 0, 0}})
	far := d
	far.Origin[2], far.Texture = 0.4, g.image(1, 1, vk.FormatR8g8b8a8Unorm, 4, false, []byte{255, 255, 255, 255}).View
	check("clear pixels hide nothing", draw(0, 0, d, far), map[[2]int][4]uint8{{4, 4}: {255, 0, 0}, {4, 8}: blue, {8, 8}: {255, 255, 255}})
	linear := d
	linear.Nearest = false
	b := draw(0, 0, linear)
	check("linear", b, map[[2]int][4]uint8{{4, 4}: {255, 0, 0}, {11, 4}: {0, 255, 0}})
	if c := pixel(b, w, 7, 4); c[0] < 120 || c[0] > 160 || c[1] < 95 || c[1] > 135 {
		t.Errorf("between red and green is %v", c)
	}
}

// On a target of several samples the same passes draw the same things, smoother.
func TestMultisampled(t *testing.T) {
	g := open(t)
	const w, h = 16, 16
	x := g.surface(w, h, vk.FormatR8g8b8a8Unorm, 4, false)
	var views [2]*mem.Image
	for i, d := range []mem.ImageDesc{{Format: x.color.Format, Usage: vk.ImageUsageColorAttachmentBit},
		{Format: vk.FormatD32Sfloat, Usage: vk.ImageUsageDepthStencilAttachmentBit, Aspect: vk.ImageAspectDepthBit}} {
		d.Width, d.Height, d.Samples, d.Name = w, h, 4, "samples"
		im, err := g.alloc.NewImage(d)
		must(t, err)
		defer im.Close()
		views[i] = im
	}
	target := Target{Color: x.color.Format, Depth: vk.FormatD32Sfloat, Samples: 4}
	lines, err := NewLines(g.dev, target)
	must(t, err)
	defer lines.Close()
	canvas, err := NewCanvas(g.dev, target)
	must(t, err)
	defer canvas.Close()
	white := g.image(1, 1, vk.FormatR8g8b8a8Unorm, 4, false, []byte{255, 255, 255, 255})
	line := LinesDraw{Vertices: g.upload(floats(0, 14.5, 0.5, 1, 0, 0, 16, 14.5, 0.5, 1, 0, 0)), Indices: g.upload(words(0, 1)), Count: 2}
	g.do(func(s *raw.Stream) error {
		s.Barriers([]raw.ImageBarrier{
			{Image: views[0].Handle, Old: vk.ImageLayoutUndefined, New: vk.ImageLayoutColorAttachmentOptimal, DstStage: raw.StageColorOutput, DstAccess: raw.AccessColorWrite},
			{Image: x.color.Handle, Old: vk.ImageLayoutUndefined, New: vk.ImageLayoutColorAttachmentOptimal, DstStage: raw.StageColorOutput, DstAccess: raw.AccessColorWrite},
			{Image: views[1].Handle, Aspect: vk.ImageAspectDepthBit, Old: vk.ImageLayoutUndefined, New: vk.ImageLayoutDepthStencilAttachmentOptimal,
				DstStage: raw.StageFragmentTests, DstAccess: raw.AccessDepthRead | raw.AccessDepthWrite}}, nil, nil)
		s.BeginRendering(&raw.Rendering{Width: w, Height: h,
			Color: []raw.Attachment{{View: views[0].View, Resolve: x.color.View, Layout: vk.ImageLayoutColorAttachmentOptimal, Load: vk.AttachmentLoadOpClear, Store: vk.AttachmentStoreOpDontCare}},
			Depth: &raw.Attachment{View: views[1].View, Layout: vk.ImageLayoutDepthStencilAttachmentOptimal, Load: vk.AttachmentLoadOpClear, Store: vk.AttachmentStoreOpDontCare}})
		err := errors.Join(
			lines.Record(s, LinesInput{ViewProjection: pixels(w, h), Width: w, Height: h, Draws: []LinesDraw{line}}),
			canvas.Record(s, CanvasInput{Frame: 1, ViewProjection: pixels(w, h), Width: w, Height: h, Draws: []CanvasDraw{
				{Texture: white.View, Origin: mgl32.Vec3{8, 8, 0.5}, Right: mgl32.Vec3{4.5, 0, 0}, Up: mgl32.Vec3{0, -4, 0}, Opacity: 1}}}))
		s.EndRendering()
		return err
	})
	got := g.read(x.color, 4, 0, vk.ImageLayoutColorAttachmentOptimal)
	for at, want := range map[[2]int]uint8{{8, 8}: 255, {4, 8}: 255, {3, 8}: 128, {12, 8}: 128, {2, 8}: 0, {8, 3}: 0, {8, 14}: 255} {
		if c := pixel(got, w, at[0], at[1]); math.Abs(float64(c[0])-float64(want)) > 1 {
			t.Errorf("pixel %v is %v, want %d", at, c, want)
		}
	}
}

func TestDrawingInput(t *testing.T) {
	g := open(t)
	x := g.surface(8, 8, vk.FormatR8g8b8a8Unorm, 4, true)
	lines, err := NewLines(g.dev, x.target())
	if err != nil {
		t.Fatal(err)
	}
	defer lines.Close()
	canvas, err := NewCanvas(g.dev, x.target())
	if err != nil {
		t.Fatal(err)
	}
	defer canvas.Close()
	text, err := NewText(g.dev, x.target())
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	var s raw.Stream
	if err := text.Record(&s, TextInput{Count: 1, Width: 1}); !errors.Is(err, ErrInput) {
		t.Errorf("text without a height: %v", err)
	}
	if err := lines.Record(&s, LinesInput{Height: 1}); !errors.Is(err, ErrInput) {
		t.Errorf("lines without a width: %v", err)
	}
	if err := canvas.Record(&s, CanvasInput{Width: 1}); !errors.Is(err, ErrInput) {
		t.Errorf("canvases without a height: %v", err)
	}
	if err := errors.Join(lines.Record(&s, LinesInput{Width: 1, Height: 1}), canvas.Record(&s, CanvasInput{Width: 1, Height: 1}), text.Record(&s, TextInput{Width: 1, Height: 1})); err != nil {
		t.Error(err)
	}
	if s.Len() != 0 {
		t.Errorf("%d words were recorded", s.Len())
	}
}
