package vktest

import (
	"errors"
	"flag"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/mem"
)

// Layout is Vulkan's layout of an image.
type Layout = vk.ImageLayout

const (
	transferSrc = vk.ImageLayoutTransferSrcOptimal
	bufferDst   = vk.BufferUsageTransferDstBit
)

var update = flag.Bool("update", false, "write golden pictures that differ")

// Picture reads an RGBA8 image (level 0, layer 0) that is in the given layout.
func Picture(t testing.TB, a *mem.Allocator, i *mem.Image, layout Layout) *image.NRGBA {
	t.Helper()
	return &image.NRGBA{Pix: Bytes(t, a, i, layout, 0, 0, 4), Stride: int(4 * i.Width), Rect: image.Rect(0, 0, int(i.Width), int(i.Height))}
}

// Tolerance is how far two pictures may be apart. Differences are CIE76 ones: the
// distance in CIELAB, where 2.3 is what an eye just notices (Mahy, Van Eycken and
// Oosterlinck, "Evaluation of uniform color spaces", 1994).
type Tolerance struct {
	Mean  float64 // of the differences of all pixels
	Large float64 // from where a difference counts as large
	Share float64 // of pixels whose difference is large
}

// DefaultTolerance lets drivers round and place edges as they do, and nothing that
// one would point at.
var DefaultTolerance = Tolerance{Mean: 0.5, Large: 10, Share: 0.003}

// Difference is how far two pictures are apart.
type Difference struct {
	Mean, Max, Share float64
	X, Y             int // where Max is
}

// Within tells whether a difference is within a tolerance.
func (d Difference) Within(t Tolerance) bool { return d.Mean <= t.Mean && d.Share <= t.Share }

func (d Difference) String() string {
	return fmt.Sprintf("mean difference %.3f, %.3f%% of the pixels differ much, the most (%.1f) at %d,%d", d.Mean, 100*d.Share, d.Max, d.X, d.Y)
}

// Compare compares two pictures of the same size. Both are laid over grey (so that
// transparency counts), blurred in linear light by half a pixel (so that an edge may
// fall into one or the other pixel), and compared in CIELAB. large is where
// a difference counts as large.
func Compare(a, b image.Image, large float64) (Difference, error) {
	if a.Bounds().Size() != b.Bounds().Size() {
		return Difference{}, fmt.Errorf("the pictures have sizes %v and %v", a.Bounds().Size(), b.Bounds().Size())
	}
	x, y := lab(blur(linear(a))), lab(blur(linear(b)))
	var d Difference
	n := 0
	for i := range x.px {
		p, q := x.px[i], y.px[i]
		e := math.Sqrt(sq(p[0]-q[0]) + sq(p[1]-q[1]) + sq(p[2]-q[2]))
		d.Mean += e
		if e > large {
			n++
		}
		if e > d.Max {
			d.Max, d.X, d.Y = e, i%x.w, i/x.w
		}
	}
	if len(x.px) > 0 {
		d.Mean /= float64(len(x.px))
		d.Share = float64(n) / float64(len(x.px))
	}
	return d, nil
}

func sq(v float64) float64 { return v * v }

type plane struct {
	w, h int
	px   [][3]float64
}

// linear decodes sRGB and lays the picture over middle grey.
func linear(m image.Image) plane {
	n := NRGBA(m)
	p := plane{n.Rect.Dx(), n.Rect.Dy(), make([][3]float64, n.Rect.Dx()*n.Rect.Dy())}
	for i := range p.px {
		o := n.Pix[i/p.w*n.Stride+i%p.w*4:]
		a := float64(o[3]) / 255
		for c := range 3 {
			p.px[i][c] = srgb[o[c]]*a + 0.2*(1-a)
		}
	}
	return p
}

var srgb = func() (t [256]float64) {
	for i := range t {
		v := float64(i) / 255
		if v <= 0.04045 {
			t[i] = v / 12.92
		} else {
			t[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return
}()

// blur weighs a pixel and its neighbours 1 2 1 in both directions.
func blur(p plane) plane {
	for _, step := range [][2]int{{1, 0}, {0, 1}} {
		q := plane{p.w, p.h, make([][3]float64, len(p.px))}
		for y := range p.h {
			for x := range p.w {
				at := func(k int) [3]float64 {
					return p.px[min(max(y+k*step[1], 0), p.h-1)*p.w+min(max(x+k*step[0], 0), p.w-1)]
				}
				a, b, c := at(-1), at(0), at(1)
				for i := range 3 {
					q.px[y*p.w+x][i] = (a[i] + 2*b[i] + c[i]) / 4
				}
			}
		}
		p = q
	}
	return p
}

// lab turns linear sRGB into CIELAB of the white D65.
func lab(p plane) plane {
	f := func(t float64) float64 {
		if t > 216.0/24389 {
			return math.Cbrt(t)
		}
		return (24389.0/27*t + 16) / 116
	}
	for i, c := range p.px {
		x := f((0.4124564*c[0] + 0.3575761*c[1] + 0.1804375*c[2]) / 0.95047)
		y := f(0.2126729*c[0] + 0.7151522*c[1] + 0.0721750*c[2])
		z := f((0.0193339*c[0] + 0.1191920*c[1] + 0.9503041*c[2]) / 1.08883)
		p.px[i] = [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
	}
	return p
}

// NRGBA is a picture in the form that is compared, copied if it was in another.
func NRGBA(m image.Image) *image.NRGBA {
	if n, ok := m.(*image.NRGBA); ok && n.Rect.Min == (image.Point{}) {
		return n
	}
	n := image.NewNRGBA(image.Rect(0, 0, m.Bounds().Dx(), m.Bounds().Dy()))
	draw.Draw(n, n.Rect, m, m.Bounds().Min, draw.Src)
	return n
}

// Golden compares a picture with testdata/name.png within DefaultTolerance, or the
// tolerance that is given. Where they differ the test fails, and both are left for
// a look; with -update the golden picture is replaced.
func Golden(t testing.TB, name string, got image.Image, tol ...Tolerance) {
	t.Helper()
	limit := DefaultTolerance
	if len(tol) > 0 {
		limit = tol[0]
	}
	file := filepath.Join("testdata", name+".png")
	want, err := ReadPNG(file)
	if errors.Is(err, fs.ErrNotExist) && !*update {
		t.Errorf("there is no golden picture %s; look at %s and run go test -update", file, leave(t, name, got))
		return
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var d Difference
	if want != nil {
		if d, err = Compare(want, got, limit.Large); err == nil && d.Within(limit) {
			return
		}
	}
	if *update {
		if err := WritePNG(file, got); err != nil {
			t.Fatal(err)
		}
		t.Logf("wrote %s", file)
		return
	}
	if err != nil {
		t.Errorf("%s: %v; look at %s", file, err, leave(t, name, got))
		return
	}
	t.Errorf("%s: %v; at most %.3f and %.3f%% may be; look at %s", file, d, limit.Mean, 100*limit.Share, leave(t, name, got))
}

// leave writes a picture where it survives the test.
func leave(t testing.TB, name string, m image.Image) string {
	file := filepath.Join(os.TempDir(), "hearth-golden", name+".png")
	if err := WritePNG(file, m); err != nil {
		t.Error(err)
	}
	return file
}

// ReadPNG reads a picture.
func ReadPNG(file string) (image.Image, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return png.Decode(f)
}

// WritePNG writes a picture, with its folders.
func WritePNG(file string, m image.Image) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	e := png.Encoder{CompressionLevel: png.BestCompression}
	if err := e.Encode(f, m); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
