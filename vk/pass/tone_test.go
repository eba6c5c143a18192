package pass

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/raw"
)

type rgb [3]float64

func (c rgb) each(f func(float64) float64) rgb { return rgb{f(c[0]), f(c[1]), f(c[2])} }

// mapped is the truth of the tone mappers, written from their publications in double
// precision; the result is linear and not cut.
func mapped(m Mapper, c rgb) rgb {
	switch m {
	case MapNeutral:
		x := min(c[0], c[1], c[2])
		offset := 0.04
		if x < 0.08 {
			offset = x - 6.25*x*x
		}
		c = c.each(func(v float64) float64 { return v - offset })
		p := max(c[0], c[1], c[2])
		const ks, kd = 0.8 - 0.04, 0.15
		if p <= ks {
			return c
		}
		pn := 1 - (1-ks)*(1-ks)/(p+1-2*ks)
		g := 1 / (kd*(p-pn) + 1)
		return c.each(func(v float64) float64 { return v*pn/p*g + pn*(1-g) })
	case MapACES:
		in := [3]rgb{{0.59719, 0.35458, 0.04823}, {0.07600, 0.90834, 0.01566}, {0.02840, 0.13383, 0.83777}}
		out := [3]rgb{{1.60475, -0.53108, -0.07367}, {-0.10208, 1.10813, -0.00605}, {-0.00327, -0.07276, 1.07602}}
		mul := func(m [3]rgb, v rgb) (r rgb) {
			for i := range 3 {
				r[i] = m[i][0]*v[0] + m[i][1]*v[1] + m[i][2]*v[2]
			}
			return r
		}
		v := mul(in, c).each(func(v float64) float64 {
			return (v*(v+0.0245786) - 0.000090537) / (v*(0.983729*v+0.4329510) + 0.238081)
		})
		return mul(out, v)
	case MapReinhard:
		l := 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]
		return c.each(func(v float64) float64 { return v / (1 + l) })
	}
	return c
}

// srgb is the curve of IEC 61966-2-1, cut to [0, 1].
func srgb(v float64) float64 {
	v = min(max(v, 0), 1)
	if v <= 0.0031308 {
		return v * 12.92
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}

// The truth itself agrees with what was published.
func TestToneReference(t *testing.T) {
	for _, c := range []struct {
		m    Mapper
		in   rgb
		want rgb
	}{
		// Khronos PBR Neutral: base colours below the compression come out 0.04 darker,
		// and 0.08 is where the toe ends.
		{MapNeutral, rgb{0.08, 0.08, 0.08}, rgb{0.04, 0.04, 0.04}},
		{MapNeutral, rgb{0.5, 0.3, 0.2}, rgb{0.46, 0.26, 0.16}},
		{MapNeutral, rgb{0.8, 0.8, 0.8}, rgb{0.76, 0.76, 0.76}},
		{MapNeutral, rgb{0, 0, 0}, rgb{0, 0, 0}},
		{MapReinhard, rgb{1, 1, 1}, rgb{0.5, 0.5, 0.5}},
		{MapReinhard, rgb{3, 3, 3}, rgb{0.75, 0.75, 0.75}},
		{MapNone, rgb{0.25, 1, 4}, rgb{0.25, 1, 4}},
	} {
		got := mapped(c.m, c.in)
		for k := range 3 {
			if math.Abs(got[k]-c.want[k]) > 1e-9 {
				t.Errorf("mapper %d of %v is %v, published %v", c.m, c.in, got, c.want)
			}
		}
	}
	// Bright light goes to white by all; the ACES fit reaches it at about 1.0 and keeps
	// middle grey at a bit over a tenth.
	for m := range mappers {
		if c := mapped(m, rgb{1e4, 1e4, 1e4}); c[0] < 0.99 {
			t.Errorf("mapper %d of very bright light is %v", m, c)
		}
	}
	if c := mapped(MapACES, rgb{0.18, 0.18, 0.18}); math.Abs(c[1]-0.1056) > 0.001 {
		t.Errorf("ACES of middle grey is %v", c)
	}
	for v, want := range map[float64]float64{0.5: 187.5, 0.18: 117.6, 0.0031308: 10.3} {
		if got := srgb(v) * 255; math.Abs(got-want) > 0.1 {
			t.Errorf("sRGB of %v is %v, want %v", v, got, want)
		}
	}
}

// What the device draws is what the formulas say, for all mappers, exposures, and
// colours from black over saturated to far beyond white.
func TestTone(t *testing.T) {
	g := open(t)
	const w, h = 64, 32
	x := g.surface(w, h, vk.FormatR8g8b8a8Unorm, 4, false)
	p, err := NewTone(g.dev, x.target())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	r := rand.New(rand.NewPCG(1, 1))
	px := make([][4]float32, w*h)
	for i := range px {
		k := float32(math.Exp2(r.Float64()*18 - 10))
		px[i] = [4]float32{k * r.Float32(), k * r.Float32(), k * r.Float32(), 1}
		if i%7 == 0 {
			px[i] = [4]float32{k, k, k, 1}
		}
		if i%11 == 0 {
			px[i][i%3] = 0
		}
	}
	px[0] = [4]float32{}
	px[1] = [4]float32{float32(math.NaN()), 0, 0, 1}
	px[2] = [4]float32{float32(math.Inf(1)), 1, 1, 1}
	px[3] = [4]float32{-5, -5, -5, 1}
	data := halves(px)
	px = colors(data)
	hdr := g.image(w, h, vk.FormatR16g16b16a16Sfloat, 8, false, data)
	frame := uint64(0)
	for m := range mappers {
		for _, ev := range []float32{0, 1.5, -3} {
			for _, dither := range []bool{false, true} {
				frame++
				got := x.draw([4]float32{}, 0, func(s *raw.Stream) error {
					return p.Record(s, ToneInput{Frame: frame, HDR: hdr.View, Exposure: ev, Mapper: m, Dither: dither, Width: w, Height: h})
				})
				slack := 0.51
				if dither {
					slack = 1.01
				}
				moved := 0
				for i, c := range px {
					in := rgb{}
					for k := range 3 {
						v := float64(c[k]) * math.Exp2(float64(ev))
						if v != v {
							v = 0
						}
						in[k] = min(max(v, 0), 65504)
					}
					out := mapped(m, in)
					for k := range 3 {
						want := srgb(out[k]) * 255
						d := math.Abs(float64(got[i*4+k]) - want)
						if !(d <= slack+0.05) {
							t.Fatalf("mapper %d, %v EV, dither %v: %v is %d, want %.2f", m, ev, dither, c, got[i*4+k], want)
						}
						if d > 0.55 {
							moved++
						}
					}
					if got[i*4+3] != 255 {
						t.Fatalf("alpha is %d", got[i*4+3])
					}
				}
				if dither && moved == 0 {
					t.Errorf("mapper %d: the dither changes nothing", m)
				}
			}
		}
	}
}

// Bloom is mixed in before exposure.
func TestToneBloom(t *testing.T) {
	g := open(t)
	x := g.surface(8, 8, vk.FormatB8g8r8a8Unorm, 4, false)
	p, err := NewTone(g.dev, x.target())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	b, err := NewBloom(g.dev, g.alloc)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	c, err := b.NewChain(8, 8)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	px := make([][4]float32, 64)
	for i := range px {
		px[i] = [4]float32{0.25, 0, 0, 1}
	}
	dark := g.image(8, 8, hdrFormat, 8, false, halves(px))
	for i := range px {
		px[i] = [4]float32{0, 0, 1, 1}
	}
	blue := g.image(8, 8, hdrFormat, 8, false, halves(px))
	g.do(func(s *raw.Stream) error {
		return b.Record(s, BloomInput{Frame: 1, HDR: blue.View, Chain: c, Spread: 0.5})
	})
	got := x.draw([4]float32{}, 0, func(s *raw.Stream) error {
		return p.Record(s, ToneInput{Frame: 1, HDR: dark.View, Bloom: c.View(), BloomShare: 0.25, Exposure: 1, Mapper: MapNone, Width: 8, Height: 8})
	})
	for i, want := range []float64{srgb(2*0.25) * 255, 0, srgb(2*0.75*0.25) * 255, 255} { // BGRA
		if math.Abs(float64(got[i])-want) > 0.6 {
			t.Errorf("channel %d is %d, want %.2f", i, got[i], want)
		}
	}
}

func TestToneInput(t *testing.T) {
	g := open(t)
	im := g.image(1, 1, hdrFormat, 8, false, make([]byte, 8))
	for _, in := range []ToneInput{{Width: 1, Height: 1}, {HDR: im.View, Height: 1}, {HDR: im.View, Width: 1, Height: 1, Mapper: mappers}} {
		var s raw.Stream
		if err := (&Tone{}).Record(&s, in); !errors.Is(err, ErrInput) || s.Len() != 0 {
			t.Errorf("%+v: %v, %d words", in, err, s.Len())
		}
	}
}
