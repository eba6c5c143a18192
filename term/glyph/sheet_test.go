package glyph

import (
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"golang.org/x/image/draw"
	"golang.org/x/image/vector"

	"hearth/term/msdf"
)

var update = flag.Bool("update", false, "rewrite the golden pictures")

// sheet draws rows of text into cells, as a screen does: what lies outside of the picture
// of a shape that fills its cell is cut.
func sheet(f *Family, em float64, lines [][]string, styles []Style) *image.RGBA {
	w, h, base := f.Cell()
	columns := 0
	for _, l := range lines {
		n := 0
		for _, t := range l {
			n += span(t)
		}
		columns = max(columns, n)
	}
	cw, ch := int(w*em+0.5), int(h*em+0.5)
	img := image.NewRGBA(image.Rect(0, 0, columns*cw, len(lines)*ch))
	draw.Draw(img, img.Rect, image.NewUniform(color.RGBA{24, 28, 34, 255}), image.Point{}, draw.Src)
	for j, l := range lines {
		x := 0
		for _, t := range l {
			n := span(t)
			style := Style(0)
			if j < len(styles) {
				style = styles[j]
			}
			p := f.Picture(t, style, n)
			clip := image.Rect(x*cw, j*ch, (x+n)*cw, (j+1)*ch)
			if !p.Fills {
				clip = clip.Inset(-ch / 4).Intersect(img.Rect)
			}
			if p.Fills { // stretched to whole pixels
				sx, sy := float64(n*cw)/(p.Box.Right*em), float64(ch)/((p.Box.Top-p.Box.Bottom)*em)
				transform(&p.Outline, func(q msdf.Point) msdf.Point {
					return msdf.Point{X: q.X * sx, Y: base + (q.Y-base)*sy}
				})
			}
			paint(img, clip, &p, float64(x*cw), float64(j*ch)+base*em, em)
			x += n
		}
	}
	return img
}

// span is 2 for what test data marks as wide by its block.
func span(t string) int {
	r, _ := utf8.DecodeRuneInString(t)
	if r >= 0x1100 && r < 0x115F || r >= 0x2E80 && r < 0xA000 || r >= 0xAC00 && r < 0xD7B0 || r >= 0x1F1E6 && r < 0x1FB00 {
		return 2
	}
	return 1
}

func paint(img *image.RGBA, clip image.Rectangle, p *Picture, x, y, em float64) {
	if p.Image != nil {
		b := p.Box
		r := image.Rect(round(x+b.Left*em), round(y-b.Top*em), round(x+b.Right*em), round(y-b.Bottom*em))
		draw.CatmullRom.Scale(img, r, p.Image, p.Image.Rect, draw.Over, nil)
		return
	}
	mask := cover(&p.Outline, clip, x, y, em)
	draw.DrawMask(img, clip, image.NewUniform(color.RGBA{220, 224, 230, 255}), image.Point{}, mask, clip.Min, draw.Over)
}

// cover is how much an outline covers of the pixels of a rectangle.
func cover(s *msdf.Shape, clip image.Rectangle, x, y, em float64) *image.Alpha {
	z := vector.NewRasterizer(clip.Dx(), clip.Dy())
	rasterise(z, s, (float64(clip.Min.X)-x)/em, (y-float64(clip.Min.Y))/em, em)
	mask := image.NewAlpha(clip)
	z.Draw(mask, clip, image.Opaque, image.Point{})
	return mask
}

// golden compares a picture with one that was looked at.
func golden(t *testing.T, name string, img *image.RGBA) {
	t.Helper()
	path := filepath.Join("testdata", name+".png")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		out, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(out, img); err != nil {
			t.Fatal(err)
		}
		return
	}
	in, err := os.Open(path)
	if err != nil {
		t.Fatalf("%v; make it with -update, and look at it", err)
	}
	defer in.Close()
	want, err := png.Decode(in)
	if err != nil {
		t.Fatal(err)
	}
	if want.Bounds() != img.Rect {
		t.Fatalf("the picture %s is %v, want %v", name, img.Rect, want.Bounds())
	}
	// Rounding differs a little between processors.
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			r, g, b, _ := want.At(x, y).RGBA()
			c := img.RGBAAt(x, y)
			if apart(c.R, r) > 3 || apart(c.G, g) > 3 || apart(c.B, b) > 3 {
				t.Fatalf("the picture %s differs at %d,%d: %v, want %v; if that is right, make it again with -update, and look at it", name, x, y, c, want.At(x, y))
			}
		}
	}
}

func apart(a uint8, b uint32) int {
	d := int(a) - int(b>>8)
	return max(d, -d)
}

// each splits a string into its characters.
func each(lines ...string) (out [][]string) {
	for _, l := range lines {
		var row []string
		for _, r := range l {
			row = append(row, string(r))
		}
		out = append(out, row)
	}
	return out
}

// block lists characters in rows.
func blockOf(from, to rune, per int) (out [][]string) {
	var row []string
	for r := from; r <= to; r++ {
		row = append(row, string(r))
		if len(row) == per {
			out, row = append(out, row), nil
		}
	}
	if row != nil {
		out = append(out, row)
	}
	return out
}

// What is drawn by rule: a line above, then every character, with a gap between.
func TestRules(t *testing.T) {
	f := NewFamily(FamilyOptions{NoSystem: true})
	spaced := func(rows [][]string) (out [][]string) {
		for _, r := range rows {
			var row []string
			for _, c := range r {
				row = append(row, c, " ")
			}
			out = append(out, row, []string{" "})
		}
		return out
	}
	golden(t, "box", sheet(f, 28, spaced(blockOf(0x2500, 0x257F, 16)), nil))
	blocks := append(blockOf(0x2580, 0x259F, 16), blockOf(0x1FB00, 0x1FB3B, 16)...)
	blocks = append(blocks, blockOf(0x1FB70, 0x1FB8B, 16)...)
	blocks = append(blocks, blockOf(0xE0B0, 0xE0BF, 16)...)
	blocks = append(blocks, blockOf(0x28F0, 0x28FF, 16)...)
	golden(t, "block", sheet(f, 28, spaced(blocks), nil))
	golden(t, "joined", sheet(f, 32, each(
		"┌─┬┐╔═╦╗╓─╥╖╒═╤╕╭─╮▛▀▜▒▒▒",
		"│ ││║ ║║║ ║║│ │││╳│▌░▐▒▒▒",
		"├─┼┤╠═╬╣╟─╫╢╞═╪╡│╱│▙▄▟▓▓▓",
		"└─┴┘╚═╩╝╙─╨╜╘═╧╛╰─╯█▇▆▓▓▓",
		"┏━┳┓┍━┯┑┎─┰┒╲ ╱▞▞▞🬓🬲🬀░░░",
		"┃ ┃┃│╎╏┆┇┊┋┃ ╳ ▚▚▚🬇🬋🬭░░░",
		"┗━┻┛┕━┷┙┖─┸┚╱ ╲▖▗▘▝▔▁⣿⢸⡇",
	), nil))
}
