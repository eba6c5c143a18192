package pass

import (
	"errors"
	"math"
	"testing"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/raw"
	"hearth/vk/vktest"
)

// bloomed runs bloom on a picture and returns its result, of half the size.
func bloomed(t *testing.T, g *rig, p *Bloom, w, h int, spread float32, px [][4]float32) [][4]float32 {
	t.Helper()
	c, err := p.NewChain(w, h)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	im := g.image(w, h, hdrFormat, 8, false, halves(px))
	for frame := range uint64(2) { // the second time over the first
		g.do(func(s *raw.Stream) error {
			return p.Record(s, BloomInput{Frame: frame, HDR: im.View, Chain: c, Spread: spread})
		})
	}
	return colors(g.read(c.image, 8, 0, vk.ImageLayoutGeneral))
}

func newBloom(t testing.TB, g *rig) *Bloom {
	t.Helper()
	p, err := NewBloom(g.dev, g.alloc)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// A bright pixel far from the borders keeps its energy, is widened around its place,
// and to all sides alike.
func TestBloomConservesEnergy(t *testing.T) {
	g := open(t)
	p := newBloom(t, g)
	const side = 512
	const bright = 8000
	for _, at := range [][2]int{{256, 256}, {255, 255}, {251, 262}} {
		px := make([][4]float32, side*side)
		px[at[1]*side+at[0]] = [4]float32{bright, bright / 2, 0, 1}
		got := bloomed(t, g, p, side, side, 0.65, px)
		var sum [3]float64
		var mx, my, wide float64
		for i, c := range got {
			for k := range 3 {
				sum[k] += float64(c[k]) * 4
			}
			x, y := float64(i%(side/2))*2+1, float64(i/(side/2))*2+1
			mx += x * float64(c[0]) * 4
			my += y * float64(c[0]) * 4
			if math.Hypot(x-float64(at[0]), y-float64(at[1])) > 20 {
				wide += float64(c[0]) * 4
			}
		}
		for k, want := range []float64{bright, bright / 2, 0} {
			if math.Abs(sum[k]-want) > 0.02*bright {
				t.Errorf("pixel %v: channel %d has energy %.1f after bloom, want %v within 2%%", at, k, sum[k], want)
			}
		}
		mx, my = mx/sum[0], my/sum[0]
		if math.Abs(mx-float64(at[0])-0.5) > 4 || math.Abs(my-float64(at[1])-0.5) > 4 {
			t.Errorf("pixel %v: the glow's centre is at %.2f, %.2f", at, mx, my)
		}
		if wide < 0.05*bright || wide > 0.9*bright {
			t.Errorf("pixel %v: %.1f of %d lies beyond 20 pixels", at, wide, bright)
		}
		if at == [2]int{255, 255} { // symmetric pictures stay symmetric only for pixels in the middle of a cell; the diagonal always does
			for y := range side / 2 {
				for x := range y {
					if a, b := got[y*side/2+x][0], got[x*side/2+y][0]; math.Abs(float64(a-b)) > 1e-2*float64(a)+1e-3 {
						t.Fatalf("the glow is %v at %d,%d and %v at %d,%d", a, x, y, b, y, x)
					}
				}
			}
		}
	}
}

// Black stays black, a plain picture stays as it is up to its borders, and what no
// light can be spreads nothing.
func TestBloomPlain(t *testing.T) {
	g := open(t)
	p := newBloom(t, g)
	for _, size := range [][2]int{{1, 1}, {2, 2}, {3, 7}, {64, 36}, {97, 33}} {
		for _, v := range []float32{0, 0.75} {
			px := make([][4]float32, size[0]*size[1])
			for i := range px {
				px[i] = [4]float32{v, v * 2, 0, 1}
			}
			for i, c := range bloomed(t, g, p, size[0], size[1], 0.65, px) {
				if math.Abs(float64(c[0]-v)) > 2e-3*float64(v) || math.Abs(float64(c[1]-2*v)) > 4e-3*float64(v) || c[2] != 0 {
					t.Fatalf("%v of %v: texel %d is %v", size, v, i, c)
				}
			}
		}
	}
	px := make([][4]float32, 64*64)
	for i, v := range []float32{float32(math.NaN()), -1e4, float32(math.Inf(-1))} {
		px[40*64+20+i*4] = [4]float32{v, v, v, 1}
	}
	for i, c := range bloomed(t, g, p, 64, 64, 0.65, px) {
		if c != [4]float32{0, 0, 0, 1} {
			t.Fatalf("NaN and negative light made texel %d %v", i, c)
		}
	}
	px[40*64+20][0] = float32(math.Inf(1))
	for i, c := range bloomed(t, g, p, 64, 64, 0.65, px) {
		if !(c[0] >= 0 && c[0] <= MaxLight) {
			t.Fatalf("infinite light made texel %d %v", i, c)
		}
	}
}

// Without spread bloom is the picture at half its size; with all of it the widest level.
func TestBloomSpread(t *testing.T) {
	g := open(t)
	p := newBloom(t, g)
	px := make([][4]float32, 256*256)
	px[128*256+128] = [4]float32{1000, 0, 0, 1}
	peak := func(spread float32) (m float32) {
		for _, c := range bloomed(t, g, p, 256, 256, spread, px) {
			m = max(m, c[0])
		}
		return m
	}
	last := peak(0)
	for _, s := range []float32{0.3, 0.6, 1} {
		if m := peak(s); m >= last*0.9 {
			t.Errorf("at spread %v the glow's peak is %v, it was %v with less", s, m, last)
		} else {
			last = m
		}
	}
}

// What a person sees: a round glow around a lamp, an oval one around a tube.
func TestBloomPicture(t *testing.T) {
	g := open(t)
	p := newBloom(t, g)
	const w, h = 256, 144
	px := make([][4]float32, w*h)
	px[60*w+70] = [4]float32{4000, 4000, 4000, 1}
	for y := 80; y < 100; y++ {
		px[y*w+180] = [4]float32{800, 120, 15, 1}
	}
	im := g.image(w, h, hdrFormat, 8, false, halves(px))
	c, err := p.NewChain(w, h)
	must(t, err)
	defer c.Close()
	x := g.surface(w, h, vk.FormatR8g8b8a8Unorm, 4, false)
	tone, err := NewTone(g.dev, x.target())
	must(t, err)
	defer tone.Close()
	g.do(func(s *raw.Stream) error {
		return p.Record(s, BloomInput{Frame: 1, HDR: im.View, Chain: c, Spread: 0.65})
	})
	got := x.draw([4]float32{}, 0, func(s *raw.Stream) error {
		return tone.Record(s, ToneInput{Frame: 1, HDR: im.View, Bloom: c.View(), BloomShare: 0.9, Mapper: MapACES, Width: w, Height: h})
	})
	vktest.Golden(t, "glow", picturePNG(got, w, h))
}

func TestBloomInput(t *testing.T) {
	g := open(t)
	p := newBloom(t, g)
	if _, err := p.NewChain(0, 5); !errors.Is(err, ErrInput) {
		t.Errorf("a chain without width: %v", err)
	}
	var s raw.Stream
	if err := p.Record(&s, BloomInput{}); !errors.Is(err, ErrInput) || s.Len() != 0 {
		t.Errorf("no chain: %v, %d words", err, s.Len())
	}
}
