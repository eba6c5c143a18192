package pass

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/go-gl/mathgl/mgl64"
	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/raw"
)

// sky is radiance by direction.
type sky func(d mgl64.Vec3) [3]float64

// cubeDirection is the table of Vulkan's specification ("Cube Map Face Selection"),
// solved for the direction of a texel's middle.
func cubeDirection(face, x, y, size int) mgl64.Vec3 {
	s := (float64(x)+0.5)/float64(size)*2 - 1
	t := (float64(y)+0.5)/float64(size)*2 - 1
	// The table's rows: major axis, s from, t from.
	rows := [6][3]mgl64.Vec3{
		{{1, 0, 0}, {0, 0, -1}, {0, -1, 0}},
		{{-1, 0, 0}, {0, 0, 1}, {0, -1, 0}},
		{{0, 1, 0}, {1, 0, 0}, {0, 0, 1}},
		{{0, -1, 0}, {1, 0, 0}, {0, 0, -1}},
		{{0, 0, 1}, {1, 0, 0}, {0, -1, 0}},
		{{0, 0, -1}, {-1, 0, 0}, {0, -1, 0}},
	}
	r := rows[face]
	return r[0].Add(r[1].Mul(s)).Add(r[2].Mul(t)).Normalize()
}

// cube paints a sky on a cube of half floats.
func (f sky) cube(size int) []byte {
	px := make([][4]float32, 0, size*size*6)
	for face := range 6 {
		for y := range size {
			for x := range size {
				c := f(cubeDirection(face, x, y, size))
				px = append(px, [4]float32{float32(c[0]), float32(c[1]), float32(c[2]), 1})
			}
		}
	}
	return halves(px)
}

// equirect paints a sky on a picture whose middle is +X and whose top is +Y.
func (f sky) equirect(w int) []byte {
	h := w / 2
	px := make([][4]float32, 0, w*h)
	for y := range h {
		for x := range w {
			a := ((float64(x)+0.5)/float64(w) - 0.5) * 2 * math.Pi
			e := (0.5 - (float64(y)+0.5)/float64(h)) * math.Pi
			c := f(mgl64.Vec3{math.Cos(e) * math.Cos(a), math.Sin(e), math.Cos(e) * math.Sin(a)})
			px = append(px, [4]float32{float32(c[0]), float32(c[1]), float32(c[2]), 1})
		}
	}
	return halves(px)
}

// filterer is the pass with what its results are asked by.
type filterer struct {
	*rig
	p       *IBL
	probe   program
	sampler vk.Sampler
	asked   uint64
}

func newFilterer(t *testing.T) *filterer {
	g := open(t)
	f := &filterer{rig: g}
	var err error
	if f.p, err = NewIBL(g.dev, g.alloc); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.p.Close)
	f.probe = g.compile("ibl_probe.frag", 4, storage, storage, sampled)
	if f.sampler, err = g.dev.Sampler(device.SamplerDesc{Mag: vk.FilterLinear, Min: vk.FilterLinear, Mipmap: vk.SamplerMipmapModeLinear, MaxLod: device.LodAll}); err != nil {
		t.Fatal(err)
	}
	return f
}

// filter makes an environment of a sky.
func (f *filterer) filter(in IBLInput, size int) *Environment {
	f.t.Helper()
	e, err := f.p.NewEnvironment(size)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(e.Close)
	in.Into = e
	for frame := range uint64(2) { // the second time over the first
		in.Frame = frame
		f.do(func(s *raw.Stream) error { return f.p.Record(s, in) })
	}
	return e
}

func (f *filterer) ofCube(s sky, sourceSize, size int) *Environment {
	im := f.image(sourceSize, sourceSize, hdrFormat, 8, true, s.cube(sourceSize))
	return f.filter(IBLInput{Source: im.View, SourceSize: sourceSize, SourceLevels: 1}, size)
}

// ask evaluates ibl.glsl for a direction and a roughness: irradiance over pi, the
// prefiltered radiance, and the fit of the BRDF at the cosine d[1].
func (f *filterer) ask(e *Environment, d []mgl64.Vec3, roughness float64) (irradiance, specular, fit [][3]float64) {
	f.t.Helper()
	var in []byte
	for _, v := range d {
		for _, x := range []float64{v[0], v[1], v[2], roughness} {
			in = binary.LittleEndian.AppendUint32(in, math.Float32bits(float32(x)))
		}
	}
	probes := f.upload(in)
	x := f.surface(len(d), 3, vk.FormatR32g32b32a32Sfloat, 16, false)
	out := x.draw([4]float32{}, 0, func(s *raw.Stream) error {
		f.asked++
		set, err := f.probe.sets.take(f.asked * InFlight)
		if err != nil {
			return err
		}
		f.probe.sets.buffer(0, probes)
		f.probe.sets.buffer(1, Range{Buffer: e.Irradiance})
		f.probe.sets.texture(2, e.Cube, f.sampler, vk.ImageLayoutShaderReadOnlyOptimal)
		f.probe.sets.write(set)
		levels := float32(e.Levels)
		f.probe.begin(s, x.w, x.h)
		s.BindSets(vk.PipelineBindPointGraphics, f.probe.layout, 0, set)
		s.Push(f.probe.layout, device.PushStages, 0, bytesOf(&levels))
		s.Draw(3, 1, 0, 0)
		return nil
	})
	for i := range d {
		var r [3][3]float64
		for k := range 3 {
			for c := range 3 {
				r[k][c] = float64(math.Float32frombits(binary.LittleEndian.Uint32(out[(k*len(d)+i)*16+c*4:])))
			}
		}
		irradiance, specular, fit = append(irradiance, r[0]), append(specular, r[1]), append(fit, r[2])
	}
	return
}

func directions(n int) []mgl64.Vec3 {
	r := rand.New(rand.NewPCG(1, 1))
	d := []mgl64.Vec3{{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}}
	for len(d) < n {
		d = append(d, mgl64.Vec3{r.NormFloat64(), r.NormFloat64(), r.NormFloat64()}.Normalize())
	}
	return d
}

func near(t *testing.T, what string, d mgl64.Vec3, got, want [3]float64, slack float64) {
	t.Helper()
	for k := range 3 {
		if !(math.Abs(got[k]-want[k]) <= slack) {
			t.Fatalf("%s along %.3v is %.4v, want %.4v within %v", what, d, got, want, slack)
		}
	}
}

// The irradiance of skies whose integral is known in closed form, over pi: a constant
// sky gives itself, 1 + d.a gives 1 + 2/3 n.a, a clamped cosine the second order of
// its series, 1/4 + (n.a)/3 + 5/64 (3/2 (n.a)^2 - 1/2), and products of coordinates,
// which are harmonics of second order, a quarter of themselves.
func TestIrradianceClosedForms(t *testing.T) {
	f := newFilterer(t)
	axis := mgl64.Vec3{1, 2, -2}.Normalize()
	for _, c := range []struct {
		name  string
		sky   sky
		want  sky
		slack float64
	}{
		{"constant", func(mgl64.Vec3) [3]float64 { return [3]float64{0.5, 2, 0} },
			func(mgl64.Vec3) [3]float64 { return [3]float64{0.5, 2, 0} }, 2e-3},
		{"cosine", func(d mgl64.Vec3) [3]float64 { v := 1 + d.Dot(axis); return [3]float64{v, 2 * v, 1} },
			func(n mgl64.Vec3) [3]float64 { v := 1 + n.Dot(axis)*2/3; return [3]float64{v, 2 * v, 1} }, 5e-3},
		{"clamped cosine", func(d mgl64.Vec3) [3]float64 { v := max(d.Dot(axis), 0); return [3]float64{v, 0, 1} },
			func(n mgl64.Vec3) [3]float64 {
				x := n.Dot(axis)
				return [3]float64{max(0.25+x/3+5.0/64*(1.5*x*x-0.5), 0), 0, 1}
			}, 5e-3},
		{"second order", func(d mgl64.Vec3) [3]float64 { return [3]float64{1 + d[0]*d[1], 1 + d[1]*d[2], 1 + d[0]*d[2]} },
			func(n mgl64.Vec3) [3]float64 {
				return [3]float64{1 + n[0]*n[1]/4, 1 + n[1]*n[2]/4, 1 + n[0]*n[2]/4}
			}, 5e-3},
		{"squares", func(d mgl64.Vec3) [3]float64 {
			return [3]float64{1 + (d[0]*d[0]-d[1]*d[1])/2, 1 + (3*d[2]*d[2]-1)/3, 1}
		}, func(n mgl64.Vec3) [3]float64 {
			return [3]float64{1 + (n[0]*n[0]-n[1]*n[1])/8, 1 + (3*n[2]*n[2]-1)/12, 1}
		}, 5e-3},
	} {
		dirs := directions(100)
		for name, e := range map[string]*Environment{"cube": f.ofCube(c.sky, 64, 64),
			"picture": f.filter(IBLInput{Source: f.image(256, 128, hdrFormat, 8, false, c.sky.equirect(256)).View, Equirect: true, SourceSize: 256, SourceLevels: 1}, 64)} {
			got, _, _ := f.ask(e, dirs, 0)
			for i, d := range dirs {
				near(t, c.name+" by "+name, d, got[i], c.want(d), c.slack)
			}
		}
	}
}

// A sky that tells its directions apart.
func painted(d mgl64.Vec3) [3]float64 {
	return [3]float64{1 + d[0], 1.5 + d[1] + 0.3*math.Sin(9*d[2]), 1.5 + d[2]}
}

// Level 0 is the sky as it is: texel for texel if it has the same size.
func TestPrefilterMirror(t *testing.T) {
	f := newFilterer(t)
	e := f.ofCube(painted, 64, 64)
	got := colors(f.read(e.cube, 8, 0, vk.ImageLayoutShaderReadOnlyOptimal))
	want := colors(sky(painted).cube(64))
	for i := range want {
		for k := range 4 { // the base is read through a filter: its weights are rounded
			if math.Abs(float64(got[i][k]-want[i][k])) > 1e-3*float64(want[i][k]) {
				t.Fatalf("texel %d is %v, want %v", i, got[i], want[i])
			}
		}
	}
	// A picture all around, and skies that are larger or smaller, look the same.
	dirs := directions(200)
	for name, e := range map[string]*Environment{
		"picture": f.filter(IBLInput{Source: f.image(512, 256, hdrFormat, 8, false, sky(painted).equirect(512)).View, Equirect: true, SourceSize: 512, SourceLevels: 1}, 64),
		"larger":  f.ofCube(painted, 128, 32),
		"smaller": f.ofCube(painted, 32, 64),
	} {
		_, specular, _ := f.ask(e, dirs, 0)
		for i, d := range dirs {
			near(t, name, d, specular[i], painted(d), 0.05)
		}
	}
}

// A constant sky is constant at every roughness.
func TestPrefilterConstant(t *testing.T) {
	f := newFilterer(t)
	e := f.ofCube(func(mgl64.Vec3) [3]float64 { return [3]float64{0.5, 3, 100} }, 16, 64)
	if e.Levels != 4 {
		t.Fatalf("%d levels", e.Levels)
	}
	for l := range e.Levels {
		for i, c := range colors(f.read(e.cube, 8, uint32(l), vk.ImageLayoutShaderReadOnlyOptimal)) {
			for k, want := range []float64{0.5, 3, 100, 1} {
				if math.Abs(float64(c[k])-want) > 2e-3*want {
					t.Fatalf("level %d texel %d is %v", l, i, c)
				}
			}
		}
	}
}

// Every roughness is the integral of the GGX lobe, with the view along the normal:
// the truth integrates over the sphere by a fine grid instead of samples.
func TestPrefilterAgainstIntegral(t *testing.T) {
	f := newFilterer(t)
	im := f.image(64, 64, hdrFormat, 8, true, sky(painted).cube(64))
	e := f.filter(IBLInput{Source: im.View, SourceSize: 64, SourceLevels: 1, Samples: 256}, 128)
	dirs := directions(12)
	for l := 1; l < e.Levels; l++ {
		roughness := float64(l) / float64(e.Levels-1)
		_, specular, _ := f.ask(e, dirs, roughness)
		for i, n := range dirs {
			near(t, "lobe", n, specular[i], lobe(painted, n, roughness), 0.02+0.04*roughness) // the smaller the level, the more its filter flattens
		}
	}
}

// lobe integrates L(l) D(h) (n.l) over l, by its own weight; D(h)/4 is the density of l
// where the view is the normal.
func lobe(s sky, n mgl64.Vec3, roughness float64) (out [3]float64) {
	a2 := math.Pow(roughness, 4)
	up := mgl64.Vec3{0, 0, 1}
	if math.Abs(n[2]) > 0.9 {
		up = mgl64.Vec3{1, 0, 0}
	}
	x := up.Cross(n).Normalize()
	y := n.Cross(x)
	weight := 0.0
	const steps = 200
	for i := range steps {
		theta := (float64(i) + 0.5) / steps * math.Pi / 2 // of l; h is at half of it
		h := math.Cos(theta / 2)
		d := a2 / math.Pow(h*h*(a2-1)+1, 2)
		w := d * math.Cos(theta) * math.Sin(theta)
		for j := range 64 {
			phi := (float64(j) + 0.5) / 64 * 2 * math.Pi
			l := x.Mul(math.Sin(theta) * math.Cos(phi)).Add(y.Mul(math.Sin(theta) * math.Sin(phi))).Add(n.Mul(math.Cos(theta)))
			c := s(l)
			for k := range 3 {
				out[k] += c[k] * w
			}
			weight += w
		}
	}
	for k := range 3 {
		out[k] /= weight
	}
	return out
}

// A broken sky does not break what it lights.
func TestIBLBrokenSky(t *testing.T) {
	f := newFilterer(t)
	px := make([][4]float32, 6*16*16)
	for i := range px {
		px[i] = [4]float32{float32(math.NaN()), -3, float32(math.Inf(1)), 1}
	}
	im := f.image(16, 16, hdrFormat, 8, true, halves(px))
	e := f.filter(IBLInput{Source: im.View, SourceSize: 16, SourceLevels: 1}, 16)
	irradiance, specular, _ := f.ask(e, directions(20), 0.5)
	for i := range irradiance {
		for _, c := range [][3]float64{irradiance[i], specular[i]} {
			if c[0] != 0 || c[1] != 0 || !(c[2] > 0 && c[2] <= MaxLight*1.1) {
				t.Fatalf("irradiance %v, specular %v", irradiance[i], specular[i])
			}
		}
	}
}

// A sky of 8 bits in sRGB is read as light.
func TestIBLEncodedSky(t *testing.T) {
	f := newFilterer(t)
	px := make([]byte, 6*8*8*4)
	for i := range px {
		px[i] = 188
	}
	im := f.image(8, 8, vk.FormatR8g8b8a8Srgb, 4, true, px)
	e := f.filter(IBLInput{Source: im.View, SourceSize: 8, SourceLevels: 1}, 16)
	got, _, _ := f.ask(e, directions(6), 0)
	near(t, "half", mgl64.Vec3{}, got[0], [3]float64{0.503, 0.503, 0.503}, 5e-3)
}

// The levels of a large sky are used: the reduced sky comes from the level that fits.
func TestIBLLevels(t *testing.T) {
	f := newFilterer(t)
	im, err := f.alloc.NewImage(mem.ImageDesc{Width: 256, Height: 256, Layers: 6, Levels: 3, Cube: true, Format: hdrFormat, Name: "large sky",
		Usage: vk.ImageUsageSampledBit | vk.ImageUsageTransferDstBit})
	if err != nil {
		t.Fatal(err)
	}
	defer im.Close()
	f.do(func(s *raw.Stream) error {
		all := raw.ImageBarrier{Image: im.Handle, Old: vk.ImageLayoutUndefined, New: vk.ImageLayoutTransferDstOptimal, DstStage: raw.StageAll, DstAccess: raw.AccessMemoryWrite}
		s.Barriers([]raw.ImageBarrier{all}, nil, nil)
		for l := range uint32(3) { // each level in a colour of its own
			var px [][4]float32
			for range 6 * (256 >> l) * (256 >> l) {
				c := [4]float32{}
				c[l] = 1
				px = append(px, c)
			}
			s.CopyBufferToImage(f.upload(halves(px)).Buffer, raw.BufferLayout{}, im.Handle, vk.ImageLayoutTransferDstOptimal,
				raw.Region{Level: l, Layers: 6, Width: 256 >> l, Height: 256 >> l})
		}
		all.Old, all.New, all.SrcStage, all.SrcAccess, all.DstAccess = all.New, vk.ImageLayoutShaderReadOnlyOptimal, raw.StageAll, raw.AccessMemoryWrite, raw.AccessMemoryRead
		s.Barriers([]raw.ImageBarrier{all}, nil, nil)
		return nil
	})
	for size, want := range map[int][3]float64{256: {1, 0, 0}, 128: {0, 1, 0}, 64: {0, 0, 1}, 16: {0, 0, 1}} {
		e := f.filter(IBLInput{Source: im.View, SourceSize: 256, SourceLevels: 3, Samples: 4}, size)
		_, got, _ := f.ask(e, directions(6), 0)
		near(t, "level", mgl64.Vec3{}, got[0], want, 1e-3)
	}
}

func TestIBLInput(t *testing.T) {
	f := newFilterer(t)
	for _, size := range []int{0, 8, 48, 2048, -16} {
		if _, err := f.p.NewEnvironment(size); !errors.Is(err, ErrInput) {
			t.Errorf("an environment of %d texels: %v", size, err)
		}
	}
	var s raw.Stream
	if err := f.p.Record(&s, IBLInput{}); !errors.Is(err, ErrInput) || s.Len() != 0 {
		t.Errorf("no sky: %v, %d words", err, s.Len())
	}
}

// The time of filtering a sky, on the device that tests run on.
func BenchmarkIBL(b *testing.B) {
	g := open(b)
	p, err := NewIBL(g.dev, g.alloc)
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	e, err := p.NewEnvironment(128)
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	im := g.image(128, 128, hdrFormat, 8, true, sky(painted).cube(128))
	in := IBLInput{Source: im.View, SourceSize: 128, SourceLevels: 1, Into: e}
	b.ReportAllocs()
	for b.Loop() {
		in.Frame++
		g.do(func(s *raw.Stream) error { return p.Record(s, in) })
	}
}
