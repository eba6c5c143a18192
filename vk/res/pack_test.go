package res

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/model"
)

func float(b []byte, at int) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(b[at:]))
}

// A material's bytes are where material.glsl draws them.
func TestPackMaterial(t *testing.T) {
	m := model.DefaultMaterial()
	m.BaseColor, m.Emissive, m.AlphaCutoff = mgl32.Vec4{1, 2, 3, 4}, mgl32.Vec3{5, 6, 7}, 8
	m.Metallic, m.Roughness, m.NormalScale, m.OcclusionStrength = 9, 10, 11, 12
	m.AlphaMode, m.DoubleSided, m.Unlit = model.Mask, true, true
	m.NormalTexture = model.TextureRef{Texture: 0, UV: 1, Offset: mgl32.Vec2{0.25, 0.5}, Scale: mgl32.Vec2{2, 3}, Rotation: 0.7}
	m.EmissiveTexture = model.TextureRef{Texture: 1, Scale: mgl32.Vec2{1, 1}}
	b := packMaterial(&m, [5]uint32{1, 2, 3, 4, 5})
	if len(b) != MaterialSize {
		t.Fatalf("%d bytes", len(b))
	}
	for i := range 12 {
		if float(b, 4*i) != float32(i+1) {
			t.Errorf("number %d is %v", i, float(b, 4*i))
		}
	}
	words := [4]uint32{flagUnlit | flagMask | flagDoubleSided | flagTexture<<2 | flagTexture<<4 | flagUV1<<2, 1 | 2<<16, 3 | 4<<16, 5}
	for i, want := range words {
		if got := binary.LittleEndian.Uint32(b[48+4*i:]); got != want {
			t.Errorf("flags %d are %x, want %x", i, got, want)
		}
	}
	// Offset + R * (Scale * uv), with the matrix of KHR_texture_transform
	sin, cos := math.Sincos(0.7)
	for _, uv := range []mgl32.Vec2{{0, 0}, {1, 0}, {0, 1}, {0.3, 0.9}} {
		x, y := float64(uv[0])*2, float64(uv[1])*3
		want := [2]float64{0.25 + cos*x + sin*y, 0.5 - sin*x + cos*y}
		for i := range 2 {
			row := 64 + 2*2*16 + 16*i
			got := float(b, row)*uv[0] + float(b, row+4)*uv[1] + float(b, row+8)
			if math.Abs(float64(got)-want[i]) > 1e-5 {
				t.Errorf("coordinate %d of %v is %v, want %v", i, uv, got, want[i])
			}
		}
	}
	m.AlphaMode = model.Blend
	if f := binary.LittleEndian.Uint32(packMaterial(&m, [5]uint32{})[48:]); f&flagBlend == 0 || f&flagMask != 0 {
		t.Errorf("flags %x", f)
	}
}

// An index beyond the vertices never reaches the device.
func TestPackIndices(t *testing.T) {
	m := triangle()
	m.Indices = []uint32{0, 1, 3}
	if _, err := packIndices(&m); err == nil || !strings.Contains(err.Error(), "index 3") {
		t.Errorf("%v", err)
	}
}

// Halves become floats and the same halves again, all of them; what has no half
// becomes the nearest or the largest.
func TestHalves(t *testing.T) {
	for h := range 1 << 16 {
		f := halfToFloat(uint16(h))
		if exp := h >> 10 & 31; exp == 31 {
			if !math.IsInf(float64(f), 0) && !math.IsNaN(float64(f)) {
				t.Fatalf("%04x is %v", h, f)
			}
			continue
		}
		if got := floatToHalf(f); got != uint16(h) {
			t.Fatalf("%04x is %v is %04x", h, f, got)
		}
	}
	for _, c := range []struct {
		f    float32
		want uint16
	}{{1, 0x3c00}, {-2, 0xc000}, {65504, 0x7bff}, {1e9, 0x7bff}, {float32(math.Inf(-1)), 0xfbff}, {float32(math.NaN()), 0}, {1 + 1.0/2048, 0x3c00}, {1 + 3.0/2048, 0x3c02}, {6e-8, 1}, {1e-9, 0}, {2047.0 / 2048 * 2, 0x3fff}, {1.9999, 0x4000}} {
		if got := floatToHalf(c.f); got != c.want {
			t.Errorf("%v is %04x, want %04x", c.f, got, c.want)
		}
	}
}

// Pictures are halved by the mean of four: of colours in linear light, of numbers as
// they are, of halves as floats; each face by itself.
func TestHalve(t *testing.T) {
	p := &model.Picture{Width: 2, Height: 2, Faces: 1, Pixels: []byte{255, 255, 0, 0, 0, 0, 0, 0, 255, 0, 0, 255, 0, 0, 0, 255}}
	if got := halve(p, false).Pixels; got[0] != 128 || got[1] != 64 || got[2] != 0 || got[3] != 128 {
		t.Errorf("numbers: %v", got)
	}
	if got := halve(p, true).Pixels; got[0] != 188 || got[1] != 137 || got[3] != 128 { // sRGB of 0.5 and of 0.25
		t.Errorf("colours: %v", got)
	}
	h := &model.Picture{Width: 4, Height: 2, Faces: 6, Format: model.RGBA16F}
	for f := range 6 {
		for i := range 8 {
			for range 4 {
				h.Pixels = binary.LittleEndian.AppendUint16(h.Pixels, floatToHalf(float32(f*100+i)))
			}
		}
	}
	q := halve(h, true)
	if q.Width != 2 || q.Height != 1 || q.Faces != 6 {
		t.Fatalf("%dx%d, %d faces", q.Width, q.Height, q.Faces)
	}
	for f := range 6 {
		if got := halfToFloat(binary.LittleEndian.Uint16(q.Face(f)[8:])); got != float32(f*100)+4.5 {
			t.Errorf("face %d: %v", f, got)
		}
	}
	odd := &model.Picture{Width: 3, Height: 1, Faces: 1, Pixels: []byte{10, 10, 10, 10, 20, 20, 20, 20, 90, 90, 90, 90}}
	if got := fit(odd, 1, false); got.Width != 1 || got.Pixels[0] != 15 {
		t.Errorf("an odd size: %+v", got)
	}
	if fit(odd, 3, false) != odd {
		t.Error("what fits was changed")
	}
}
