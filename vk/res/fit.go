package res

import (
	"encoding/binary"
	"math"

	"hearth/vk/model"
)

// fit returns a picture whose sides are at most limit: the picture itself, or one
// halved as often as it takes. Colours are averaged in linear light, as the blits
// of a mip chain do it.
func fit(p *model.Picture, limit int, colour bool) *model.Picture {
	for p.Width > limit || p.Height > limit {
		p = halve(p, colour)
	}
	return p
}

// halve averages blocks of 2 x 2 pixels. The last row or column of an odd size is
// averaged with itself left out, as the blit would weigh it least.
func halve(p *model.Picture, colour bool) *model.Picture {
	w, h := max(p.Width/2, 1), max(p.Height/2, 1)
	q := &model.Picture{Width: w, Height: h, Faces: p.Faces, Format: p.Format, Pixels: make([]byte, w*h*p.Faces*p.Format.Bytes())}
	n := p.Format.Bytes()
	for f := range p.Faces {
		src, dst := p.Face(f), q.Face(f)
		for y := range h {
			y0, y1 := min(2*y, p.Height-1), min(2*y+1, p.Height-1)
			for x := range w {
				x0, x1 := min(2*x, p.Width-1), min(2*x+1, p.Width-1)
				four := [4][]byte{src[(y0*p.Width+x0)*n:], src[(y0*p.Width+x1)*n:], src[(y1*p.Width+x0)*n:], src[(y1*p.Width+x1)*n:]}
				out := dst[(y*w+x)*n : (y*w+x+1)*n]
				if p.Format == model.RGBA16F {
					averageHalf(out, four)
				} else {
					averageBytes(out, four, colour)
				}
			}
		}
	}
	return q
}

func averageBytes(out []byte, four [4][]byte, colour bool) {
	for c := range 4 {
		if colour && c < 3 {
			sum := float32(0)
			for _, p := range four {
				sum += linear[p[c]]
			}
			out[c] = encode(sum / 4)
			continue
		}
		sum := 2
		for _, p := range four {
			sum += int(p[c])
		}
		out[c] = byte(sum / 4)
	}
}

func averageHalf(out []byte, four [4][]byte) {
	for c := range 4 {
		sum := float32(0)
		for _, p := range four {
			sum += halfToFloat(binary.LittleEndian.Uint16(p[2*c:]))
		}
		binary.LittleEndian.PutUint16(out[2*c:], floatToHalf(sum/4))
	}
}

// linear decodes sRGB (IEC 61966-2-1).
var linear = func() (t [256]float32) {
	for i := range t {
		v := float64(i) / 255
		if v <= 0.04045 {
			t[i] = float32(v / 12.92)
		} else {
			t[i] = float32(math.Pow((v+0.055)/1.055, 2.4))
		}
	}
	return
}()

func encode(v float32) byte {
	x := float64(v)
	if x <= 0.0031308 {
		x *= 12.92
	} else {
		x = 1.055*math.Pow(x, 1/2.4) - 0.055
	}
	return byte(x*255 + 0.5)
}

// halfToFloat decodes an IEEE 754 half.
func halfToFloat(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&0x3ff)
	switch {
	case exp == 31:
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	case exp == 0:
		f := float32(frac) / (1 << 24)
		if sign != 0 {
			f = -f
		}
		return f
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

// floatToHalf encodes an IEEE 754 half, rounded to the nearest; what is too large
// becomes the largest number, since an infinite texel would spread over the sky.
func floatToHalf(f float32) uint16 {
	b := math.Float32bits(f)
	sign := uint16(b >> 16 & 0x8000)
	switch a := math.Abs(float64(f)); {
	case math.IsNaN(a):
		return 0
	case a >= 65504:
		return sign | 0x7bff
	case a < 1.0/(1<<14):
		return sign | uint16(math.RoundToEven(a*(1<<24)))
	}
	return sign | uint16((b&0x7fffffff+0xfff+(b>>13&1)-(112<<23))>>13)
}
