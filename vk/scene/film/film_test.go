package film_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hearth/vk/scene/film"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func filled(w, h int, c color.NRGBA) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := 0; i < len(img.Pix); i += 4 {
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = c.R, c.G, c.B, c.A
	}
	return img
}

func noise(w, h int) *image.NRGBA {
	r := rand.New(rand.NewPCG(1, 2))
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = byte(r.Uint32())
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	return img
}

// video is a y4m stream as yuv4mpeg(5) describes it, read without the writer's help.
type video struct {
	header         string
	width, height  int
	chroma         string
	y, cb, cr      [][]byte // by picture
	cwidth, cheigh int
}

func parse(t *testing.T, data []byte) *video {
	t.Helper()
	r := bufio.NewReader(bytes.NewReader(data))
	line, err := r.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "YUV4MPEG2 ") {
		t.Fatalf("no header: %q, %v", line, err)
	}
	v := &video{header: strings.TrimSuffix(line, "\n")}
	for _, f := range strings.Fields(v.header)[1:] {
		switch f[0] {
		case 'W':
			fmt.Sscan(f[1:], &v.width)
		case 'H':
			fmt.Sscan(f[1:], &v.height)
		case 'C':
			v.chroma = f[1:]
		}
	}
	switch v.chroma {
	case "420jpeg":
		v.cwidth, v.cheigh = (v.width+1)/2, (v.height+1)/2
	case "444":
		v.cwidth, v.cheigh = v.width, v.height
	default:
		t.Fatalf("chroma %q", v.chroma)
	}
	for {
		line, err := r.ReadString('\n')
		if err == io.EOF && line == "" {
			return v
		}
		if line != "FRAME\n" {
			t.Fatalf("no frame: %q", line)
		}
		plane := func(n int) []byte {
			b := make([]byte, n)
			if _, err := io.ReadFull(r, b); err != nil {
				t.Fatal(err)
			}
			return b
		}
		v.y, v.cb, v.cr = append(v.y, plane(v.width*v.height)), append(v.cb, plane(v.cwidth*v.cheigh)), append(v.cr, plane(v.cwidth*v.cheigh))
	}
}

func y4m(t *testing.T, o film.Y4M, pictures ...*image.NRGBA) *video {
	t.Helper()
	var b bytes.Buffer
	size := pictures[0].Rect.Size()
	r, err := film.NewY4M(&b, size.X, size.Y, o)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range pictures {
		if err := r.Put(p); err != nil {
			t.Fatal(err)
		}
		for r.Written() <= int64(i) {
			time.Sleep(100 * time.Microsecond)
		}
	}
	if err := r.Close(); err != nil || r.Dropped() != 0 {
		t.Fatalf("%v, %d dropped", err, r.Dropped())
	}
	return parse(t, b.Bytes())
}

// The colours of the 100% bars are those that the standards tabulate (ITU-R BT.601-7
// and BT.709-6, 8 bits), within a step of rounding.
func TestY4MBars(t *testing.T) {
	bars := []color.NRGBA{{255, 255, 255, 255}, {255, 255, 0, 255}, {0, 255, 255, 255}, {0, 255, 0, 255}, {255, 0, 255, 255}, {255, 0, 0, 255}, {0, 0, 255, 255}, {0, 0, 0, 255}}
	for _, c := range []struct {
		name   string
		matrix film.Matrix
		height int
		want   [8][3]int
	}{
		{"601", film.BT601, 2, [8][3]int{{235, 128, 128}, {210, 16, 146}, {170, 166, 16}, {145, 54, 34}, {106, 202, 222}, {81, 90, 240}, {41, 240, 110}, {16, 128, 128}}},
		{"709", film.BT709, 2, [8][3]int{{235, 128, 128}, {219, 16, 138}, {188, 154, 16}, {173, 42, 26}, {78, 214, 230}, {63, 102, 240}, {32, 240, 118}, {16, 128, 128}}},
		{"small", film.Auto, 719, [8][3]int{{235, 128, 128}, {210, 16, 146}, {170, 166, 16}, {145, 54, 34}, {106, 202, 222}, {81, 90, 240}, {41, 240, 110}, {16, 128, 128}}},
		{"large", film.Auto, 720, [8][3]int{{235, 128, 128}, {219, 16, 138}, {188, 154, 16}, {173, 42, 26}, {78, 214, 230}, {63, 102, 240}, {32, 240, 118}, {16, 128, 128}}},
	} {
		for _, chroma := range []film.Chroma{film.C420, film.C444} {
			for i, bar := range bars {
				v := y4m(t, film.Y4M{Rate: 30, Per: 1, Matrix: c.matrix, Chroma: chroma}, filled(3, c.height, bar))
				last := len(v.cb[0]) - 1
				for _, got := range [][3]int{{int(v.y[0][0]), int(v.cb[0][0]), int(v.cr[0][0])}, {int(v.y[0][3*c.height-1]), int(v.cb[0][last]), int(v.cr[0][last])}} {
					for k := range got {
						if d := got[k] - c.want[i][k]; d < -1 || d > 1 {
							t.Errorf("%s, bar %d: %v, want %v", c.name, i, got, c.want[i])
						}
					}
				}
			}
		}
	}
}

// What is read back is what was recorded: brightness of each pixel, colour of each
// (444) or of four (420), odd sizes too.
func TestY4MPlanes(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {2, 2}, {5, 3}, {64, 36}, {31, 17}} {
		for _, chroma := range []film.Chroma{film.C420, film.C444} {
			img, second := noise(size.X, size.Y), filled(size.X, size.Y, color.NRGBA{10, 20, 30, 255})
			v := y4m(t, film.Y4M{Rate: 30000, Per: 1001, Chroma: chroma, Matrix: film.BT601}, img, second)
			want := fmt.Sprintf("YUV4MPEG2 W%d H%d F30000:1001 Ip A1:1 C420jpeg XYSCSS=420JPEG XCOLORRANGE=LIMITED", size.X, size.Y)
			if chroma == film.C444 {
				want = strings.Replace(want, "C420jpeg XYSCSS=420JPEG", "C444", 1)
			}
			if v.header != want || len(v.y) != 2 {
				t.Fatalf("%q, %d pictures", v.header, len(v.y))
			}
			step := 2
			if chroma == film.C444 {
				step = 1
			}
			for y := range size.Y {
				for x := range size.X {
					// The decoder of the standard library is full-range BT.601: stretch.
					luma := (float64(v.y[0][y*size.X+x]) - 16) / 219 * 255
					p := img.NRGBAAt(x, y)
					wantY, _, _ := color.RGBToYCbCr(p.R, p.G, p.B)
					if math.Abs(luma-float64(wantY)) > 1.2 {
						t.Fatalf("%v, pixel %d,%d: brightness %v, want %v", size, x, y, luma, wantY)
					}
				}
			}
			for cy := range v.cheigh {
				for cx := range v.cwidth {
					var cb, cr, n float64
					for y := cy * step; y < min(cy*step+step, size.Y); y++ {
						for x := cx * step; x < min(cx*step+step, size.X); x++ {
							p := img.NRGBAAt(x, y)
							_, b, r := color.RGBToYCbCr(p.R, p.G, p.B)
							cb, cr, n = cb+float64(b), cr+float64(r), n+1
						}
					}
					gotB, gotR := (float64(v.cb[0][cy*v.cwidth+cx])-128)/224*255+128, (float64(v.cr[0][cy*v.cwidth+cx])-128)/224*255+128
					if math.Abs(gotB-cb/n) > 1.6 || math.Abs(gotR-cr/n) > 1.6 {
						t.Fatalf("%v, sample %d,%d: colour %v %v, want %v %v", size, cx, cy, gotB, gotR, cb/n, cr/n)
					}
				}
			}
		}
	}
}

func TestRaw(t *testing.T) {
	var b bytes.Buffer
	r, err := film.NewRaw(&b, 4, 3)
	if err != nil {
		t.Fatal(err)
	}
	whole := noise(6, 5)
	part := whole.SubImage(image.Rect(1, 1, 5, 4)).(*image.NRGBA) // rows with a stride
	if err := errors.Join(r.Put(noise(4, 3)), r.Put(part)); err != nil {
		t.Fatal(err)
	}
	var size *film.SizeError
	if err := r.Put(noise(3, 4)); !errors.As(err, &size) {
		t.Errorf("another size: %v", err)
	}
	if err := errors.Join(r.Close(), r.Close()); err != nil {
		t.Fatal(err)
	}
	if err := r.Put(noise(4, 3)); !errors.Is(err, film.ErrClosed) {
		t.Errorf("behind the end: %v", err)
	}
	got := b.Bytes()
	if len(got) != 2*4*3*4 || !bytes.Equal(got[:48], noise(4, 3).Pix) {
		t.Fatalf("%d bytes", len(got))
	}
	for y := range 3 {
		for x := range 4 {
			c := whole.NRGBAAt(x+1, y+1)
			if !bytes.Equal(got[48+4*(4*y+x):][:4], []byte{c.R, c.G, c.B, c.A}) {
				t.Errorf("pixel %d,%d differs", x, y)
			}
		}
	}
}

// Files are numbered without gaps, behind those that are there, and are whole.
func TestPNG(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"000041.png", "notes.txt", "cover.png"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r, err := film.NewPNG(dir)
	if err != nil {
		t.Fatal(err)
	}
	pictures := []*image.NRGBA{noise(5, 4), noise(16, 9), filled(2, 2, color.NRGBA{1, 2, 3, 255})}
	for _, p := range pictures {
		if err := r.Put(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 6 {
		t.Fatalf("%v, %v", entries, err)
	}
	for i, want := range pictures {
		f, err := os.Open(filepath.Join(dir, fmt.Sprintf("%06d.png", 42+i)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := png.Decode(f)
		f.Close()
		if err != nil || got.Bounds() != want.Bounds() {
			t.Fatalf("picture %d: %v", i, err)
		}
		for y := range want.Rect.Dy() {
			for x := range want.Rect.Dx() {
				if color.NRGBAModel.Convert(got.At(x, y)) != want.At(x, y) {
					t.Fatalf("picture %d, pixel %d,%d differs", i, x, y)
				}
			}
		}
	}
	if _, err := film.NewPNG(filepath.Join(dir, "nowhere")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	gone := t.TempDir()
	if r, err = film.NewPNG(gone); err != nil {
		t.Fatal(err)
	}
	os.Remove(gone)
	r.Put(noise(1, 1))
	if err := r.Close(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that went away: %v", err)
	}
}

// A reader that does not read costs the queue and nothing else: pictures are dropped
// and counted, nobody waits, and the end is bounded.
func TestStuckReader(t *testing.T) {
	pr, pw, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pr.Close()
	const w, h = 640, 360
	r, err := film.NewRaw(pw, w, h)
	if err != nil {
		t.Fatal(err)
	}
	img := noise(w, h)
	const n = 1000
	slowest := time.Duration(0)
	for range n {
		begun := time.Now()
		if err := r.Put(img); err != nil {
			t.Fatal(err)
		}
		slowest = max(slowest, time.Since(begun))
	}
	if slowest > time.Second {
		t.Errorf("a picture waited %v", slowest)
	}
	if d := r.Dropped(); d < n-70 || d > n-60 || r.Written() != 0 {
		t.Errorf("%d dropped of %d, %d written", d, n, r.Written())
	}
	begun := time.Now()
	if err := r.Close(); !errors.Is(err, film.ErrStuck) {
		t.Errorf("the end: %v", err)
	}
	if d := time.Since(begun); d > 10*time.Second {
		t.Errorf("the end took %v", d)
	}
}

// A reader that goes away ends the recording, with an error from then on.
func TestReaderThatLeaves(t *testing.T) {
	pr, pw := io.Pipe()
	r, err := film.NewY4M(pw, 4, 4, film.Y4M{Rate: 25, Per: 1})
	if err != nil {
		t.Fatal(err)
	}
	pr.Close()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if err := r.Put(noise(4, 4)); errors.Is(err, io.ErrClosedPipe) {
			break
		} else if err != nil || time.Now().After(end) {
			t.Fatalf("%v", err)
		}
	}
	if err := r.Close(); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the end: %v", err)
	}
}

func TestBadOptions(t *testing.T) {
	for _, size := range []image.Point{{0, 1}, {1, 0}, {-1, 1}, {1 << 20, 1}} {
		if _, err := film.NewRaw(io.Discard, size.X, size.Y); err == nil {
			t.Errorf("%v is taken", size)
		}
		if _, err := film.NewY4M(io.Discard, size.X, size.Y, film.Y4M{Rate: 1, Per: 1}); err == nil {
			t.Errorf("%v is taken", size)
		}
	}
	for _, o := range []film.Y4M{{}, {Rate: 30}, {Per: 1}, {Rate: -1, Per: 1}, {Rate: 1, Per: 1 << 30}} {
		if _, err := film.NewY4M(io.Discard, 1, 1, o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

func BenchmarkY4M(b *testing.B) {
	for name, chroma := range map[string]film.Chroma{"420": film.C420, "444": film.C444} {
		b.Run(name, func(b *testing.B) {
			r, err := film.NewY4M(discard{}, 1280, 720, film.Y4M{Rate: 30, Per: 1, Chroma: chroma})
			if err != nil {
				b.Fatal(err)
			}
			img := noise(1280, 720)
			b.SetBytes(4 * 1280 * 720)
			b.ReportAllocs()
			n := int64(0)
			for b.Loop() {
				r.Put(img)
				for n++; r.Written() < n; {
					time.Sleep(20 * time.Microsecond)
				}
			}
			r.Close()
		})
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
