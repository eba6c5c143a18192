package model

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	encoder "github.com/gen2brain/webp"
	"github.com/mdouchement/hdr"
	"github.com/mdouchement/hdr/codec/rgbe"
	"github.com/mdouchement/hdr/hdrcolor"
	"github.com/x448/float16"
)

// gradient has a colour and an opacity for each pixel.
func gradient(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{uint8(x * 255 / max(w-1, 1)), uint8(y * 255 / max(h-1, 1)), uint8((x + y) * 255 / (w + h)), uint8(128 + x%128)})
		}
	}
	return img
}

func encodePNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Every kind of pixel that PNG has comes out as the same RGBA8.
func TestPNG(t *testing.T) {
	want := gradient(19, 7)
	opaque := gradient(19, 7)
	for i := 3; i < len(opaque.Pix); i += 4 {
		opaque.Pix[i] = 255
	}
	deep := image.NewNRGBA64(want.Rect)
	deepOpaque := image.NewRGBA64(want.Rect)
	for y := range 7 {
		for x := range 19 {
			c := want.NRGBAAt(x, y)
			// A lower byte that rounds to the upper one.
			deep.SetNRGBA64(x, y, color.NRGBA64{uint16(c.R)*257 - 100*uint16(min(c.R, 1)), uint16(c.G) * 257, uint16(c.B) * 257, uint16(c.A) * 257})
			deepOpaque.SetRGBA64(x, y, color.RGBA64{uint16(c.R) * 257, uint16(c.G) * 257, uint16(c.B) * 257, 0xffff})
		}
	}
	part := image.NewNRGBA(image.Rect(0, 0, 40, 20))
	for y := range 7 {
		for x := range 19 {
			part.SetNRGBA(x+11, y+5, want.NRGBAAt(x, y))
		}
	}
	for _, c := range []struct {
		name string
		img  image.Image
		want []byte
	}{
		{"8 bit with alpha", want, want.Pix},
		{"8 bit", opaque, opaque.Pix},
		{"16 bit with alpha", deep, want.Pix},
		{"16 bit", deepOpaque, opaque.Pix},
		{"part of a larger one", part.SubImage(image.Rect(11, 5, 30, 12)), want.Pix},
	} {
		p, err := DecodePicture(encodePNG(t, c.img), Limits{})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if p.Width != 19 || p.Height != 7 || p.Faces != 1 || p.Format != RGBA8 || !bytes.Equal(p.Pixels, c.want) {
			t.Errorf("%s: %dx%d of %v differs", c.name, p.Width, p.Height, p.Format)
		}
	}
	grey16 := image.NewGray16(image.Rect(0, 0, 2, 1))
	grey16.SetGray16(0, 0, color.Gray16{0x80ff})
	grey := image.NewGray(image.Rect(0, 0, 2, 1))
	grey.SetGray(0, 0, color.Gray{0x81})
	palette := image.NewPaletted(image.Rect(0, 0, 2, 1), color.Palette{color.NRGBA{1, 2, 3, 4}, color.NRGBA{255, 0, 0, 255}})
	palette.SetColorIndex(1, 0, 1)
	for _, c := range []struct {
		img  image.Image
		want []byte
	}{
		{grey16, []byte{0x80, 0x80, 0x80, 255, 0, 0, 0, 255}},
		{grey, []byte{0x81, 0x81, 0x81, 255, 0, 0, 0, 255}},
		{palette, []byte{1, 2, 3, 4, 255, 0, 0, 255}},
	} {
		p, err := DecodePicture(encodePNG(t, c.img), Limits{})
		if err != nil || !bytes.Equal(p.Pixels, c.want) {
			t.Errorf("%T: %v, %v; want %v", c.img, p, err, c.want)
		}
	}
}

func TestJPEG(t *testing.T) {
	var b bytes.Buffer
	want := gradient(64, 48)
	if err := jpeg.Encode(&b, want, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	p, err := DecodePicture(b.Bytes(), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	ref, err := jpeg.Decode(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	for y := range 48 {
		for x := range 64 {
			c := color.NRGBAModel.Convert(ref.At(x, y)).(color.NRGBA)
			o := p.Pixels[4*(y*64+x):]
			for k, v := range [4]byte{c.R, c.G, c.B, 255} {
				if d := int(o[k]) - int(v); d < -1 || d > 1 {
					t.Fatalf("pixel %d, %d is %v, want %v", x, y, o[:4], c)
				}
			}
		}
	}
}

// libwebp writes what we read: lossless to the bit, lossy nearly, and the first
// frame of an animation.
func TestWebP(t *testing.T) {
	want := gradient(40, 30)
	for _, o := range []encoder.Options{{Lossless: true, Exact: true}, {Quality: 95}} {
		var b bytes.Buffer
		if err := encoder.Encode(&b, want, o); err != nil {
			t.Fatal(err)
		}
		p, err := DecodePicture(b.Bytes(), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		sum := 0
		for i := range p.Pixels {
			d := int(p.Pixels[i]) - int(want.Pix[i])
			sum += max(d, -d)
		}
		if o.Lossless && sum != 0 || sum > 6*len(p.Pixels) {
			t.Errorf("%+v: mean difference %v", o, float64(sum)/float64(len(p.Pixels)))
		}
		if got, err := DecodePicture(animate(b.Bytes(), 40, 30), Limits{}); err != nil || !bytes.Equal(got.Pixels, p.Pixels) {
			t.Errorf("%+v, animated: %v", o, err)
		}
	}
}

// animate puts a still WebP into an animation of one frame.
func animate(still []byte, w, h int) []byte {
	u24 := func(n int) []byte { return []byte{byte(n), byte(n >> 8), byte(n >> 16)} }
	body := still[12:]
	if string(body[:4]) == "VP8X" {
		body = body[18:]
	}
	frame := slices.Concat(make([]byte, 6), u24(w-1), u24(h-1), u24(100), []byte{0}, body)
	out := slices.Concat([]byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x12\x00\x00\x00"), u24(w-1), u24(h-1),
		[]byte("ANIM\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00ANMF"), binary.LittleEndian.AppendUint32(nil, uint32(len(frame))), frame)
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

// Radiance pictures that another library writes come out with its numbers.
func TestHDR(t *testing.T) {
	for _, w := range []int{5, 64} { // flat rows, and runs
		img := hdr.NewRGB(image.Rect(0, 0, w, 9))
		r := rand.New(rand.NewPCG(1, 2))
		for y := range 9 {
			for x := range w {
				v := hdrcolor.RGB{R: 1.5, G: 0.25, B: 1e-3}
				if x%7 < 4 {
					v = hdrcolor.RGB{R: r.Float64() * 1000, G: r.Float64(), B: r.Float64() * 1e-4}
				}
				img.SetRGB(x, y, v)
			}
		}
		img.SetRGB(0, 0, hdrcolor.RGB{R: 1e9, G: 1e9, B: 1e9}) // beyond a half
		var b bytes.Buffer
		if err := rgbe.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		p, err := DecodePicture(b.Bytes(), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if p.Format != RGBA16F || p.Width != w || p.Height != 9 {
			t.Fatalf("%dx%d of %v", p.Width, p.Height, p.Format)
		}
		ref, err := rgbe.Decode(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		for y := range 9 {
			for x := range w {
				cr, cg, cb, _ := ref.(hdr.Image).HDRAt(x, y).HDRRGBA()
				for k, v := range []float64{cr, cg, cb, 1} {
					got := halfAt(p, x, y, k)
					v = min(v, maxHalf)
					if d := got - v; d > v/1000+1e-7 || d < -v/1000-1e-7 {
						t.Fatalf("pixel %d, %d, channel %d is %v, want %v", x, y, k, got, v)
					}
				}
			}
		}
	}
}

func halfAt(p *Picture, x, y, k int) float64 {
	return float64(float16.Frombits(binary.LittleEndian.Uint16(p.Pixels[8*(y*p.Width+x)+2*k:])).Float32())
}

// By hand: the old runs, the exposure, rows from below, XYZ, and what is broken.
func TestHDRByHand(t *testing.T) {
	head := func(extra, size string) string {
		return "#?RADIANCE\n# by hand\nFORMAT=32-bit_rle_rgbe\n" + extra + "\n" + size + "\n"
	}
	p, err := DecodePicture([]byte(head("EXPOSURE=2\n", "+Y 2 +X 3")+"\x80\x40\x20\x81"+"\x01\x01\x01\x02"+"\x00\x00\x00\x00"+"\x80\x80\x80\x82"+"\x01\x01\x01\x01"), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	// 128 * 2^(129-136) / 2 = 0.5; the second row is the upper one.
	for _, c := range []struct {
		x, y, k int
		want    float64
	}{{0, 1, 0, 0.5}, {2, 1, 1, 0.25}, {0, 0, 0, 0}, {2, 0, 2, 1}, {0, 0, 3, 1}} {
		if got := halfAt(p, c.x, c.y, c.k); got != c.want {
			t.Errorf("pixel %d, %d, channel %d is %v, want %v", c.x, c.y, c.k, got, c.want)
		}
	}
	white, err := DecodePicture([]byte("#?RADIANCE\nFORMAT=32-bit_rle_xyze\n\n-Y 1 +X 1\n"+"\x79\x80\x8b\x81"), Limits{})
	if err != nil { // 0.95 1 1.09: the white of D65
		t.Fatal(err)
	}
	for k := range 3 {
		if v := halfAt(white, 0, 0, k); v < 0.97 || v > 1.03 {
			t.Errorf("channel %d of white is %v", k, v)
		}
	}
	for _, c := range []struct{ data, want string }{
		{"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n", "header does not end"},
		{"#?RADIANCE\nFORMAT=other\n\n-Y 1 +X 1\n", "neither RGBE nor XYZE"},
		{head("", "+X 1 -Y 1"), "from left to right"},
		{head("", "-Y one +X 1"), "no number"},
		{head("", "-Y 0 +X 1"), "at least one"},
		{head("", "-Y 2 +X 2") + "\x01\x01\x01\x01", "row 0: a run leaves the row"},
		{head("", "-Y 2 +X 2") + "abcdabcdabcd", "row 1: the file ends early"},
		{head("", "-Y 1 +X 8") + "\x02\x02\x00\x08\x89\x00", "row 0: a run leaves the row"},
		{head("", "-Y 1 +X 8") + "\x02\x02\x00\x08\x00\x00", "row 0: a run leaves the row"},
		{head("", "-Y 1 +X 8") + "\x02\x02\x00\x09\x00\x00", "as long as the picture is wide"},
		{head("", "-Y 8000 +X 8000"), "ends early"},
	} {
		if _, err := DecodePicture([]byte(c.data), Limits{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

// A small file that unpacks to a huge picture is refused by its header.
func TestPictureLimits(t *testing.T) {
	bomb := func(w, h uint32) []byte {
		ihdr := append([]byte("IHDR"), binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)...)
		ihdr = append(ihdr, 8, 6, 0, 0, 0)
		b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), ihdr...)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(ihdr))
	}
	for _, c := range []struct {
		name   string
		data   []byte
		limits Limits
		want   string
	}{
		{"wide", bomb(1<<30, 1), Limits{}, "more than 16384 pixels to a side"},
		{"large", bomb(16000, 16000), Limits{}, "more than 67108864 pixels"},
		{"by wish", encodePNG(t, gradient(20, 20)), Limits{Pixels: 399}, "more than 399 pixels"},
		{"bytes", encodePNG(t, gradient(20, 20)), Limits{Bytes: 50}, "more than 50 bytes"},
		{"HDR", []byte("#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 16000 +X 16000\n"), Limits{}, "more than 67108864 pixels"},
		{"lump", []byte(`{"size":[100000,1],"data":""}`), Limits{}, "more than 16384 pixels"},
	} {
		_, err := DecodePicture(c.data, c.limits)
		var limit *LimitError
		if !errors.As(err, &limit) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := DecodePicture([]byte("GIF89a"), Limits{}); !errors.Is(err, ErrUnknown) {
		t.Errorf("GIF: %v", err)
	}
	for _, data := range [][]byte{bomb(4, 4), []byte("\xff\xd8"), []byte("RIFF\x00\x00\x00\x00WEBP"), []byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02")} {
		var format *FormatError
		if _, err := DecodePicture(data, Limits{}); !errors.As(err, &format) {
			t.Errorf("%q: %v", data, err)
		}
	}
}

// The textures of hearth-rs: one face, six faces, and nothing between.
func TestTextureLump(t *testing.T) {
	lump := func(w, h, n int) []byte {
		return fmt.Appendf(nil, `{"label":null,"size":[%d,%d],"data":"%s"}`, w, h, base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1, 2, 3, 4}, n)))
	}
	for _, c := range []struct {
		w, h, n, faces int
		want           string
	}{
		{3, 2, 6, 1, ""}, {2, 2, 24, 6, ""}, {1, 1, 1, 1, ""},
		{2, 2, 5, 0, "neither one face"}, {3, 2, 36, 0, "faces of a cube are square"}, {0, 2, 0, 0, "at least one"},
		{-3, 2, 6, 0, "at least one"},
	} {
		p, err := DecodePicture(lump(c.w, c.h, c.n), Limits{})
		switch {
		case c.want != "":
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%+v: %v", c, err)
			}
		case err != nil || p.Faces != c.faces || wholePicture(p) != nil:
			t.Errorf("%+v: %+v, %v", c, p, err)
		case !bytes.Equal(p.Face(c.faces - 1)[:4], []byte{1, 2, 3, 4}) || len(p.Face(0)) != 4*c.w*c.h:
			t.Errorf("%+v: its last face differs", c)
		}
	}
	for _, s := range []string{`{}`, `{"size":[1],"data":"AAAAAA=="}`, `{"size":[1,1],"data":"%%"}`, `{"size":[1,1],"data":7}`, `{"size":["1",1]}`, `{`} {
		if _, err := DecodePicture([]byte(s), Limits{}); err == nil {
			t.Errorf("%s was read", s)
		}
	}
}

// Pictures of the samples, as another decoder sees them.
func TestSamplePictures(t *testing.T) {
	for _, name := range []string{"glTF2/BoxTextured-glTF/CesiumLogoFlat.png", "OBJ/SpiderTex.jpg", "glTF2/ClearCoat-glTF/PlasticWrap_normals.jpg"} {
		data, err := os.ReadFile(filepath.Join(samples, name))
		if err != nil {
			t.Fatal(err)
		}
		p, err := DecodePicture(data, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		c, _, err := image.DecodeConfig(bytes.NewReader(data))
		if err != nil || p.Width != c.Width || p.Height != c.Height || wholePicture(p) != nil {
			t.Errorf("%s: %dx%d, want %dx%d (%v)", name, p.Width, p.Height, c.Width, c.Height, err)
		}
	}
}
