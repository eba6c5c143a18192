package glyph

import (
	"bytes"
	"image"
	"image/color"
	"image/png"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype/tables"
	"golang.org/x/image/draw"
	"golang.org/x/image/vector"

	"hearth/term/msdf"
)

// maxStrike bounds the picture of one emoji in pixels a side. Apple's largest have 160,
// and with 256 a tile of the finest atlas is full.
const maxStrike = 512

// maxLayers bounds the outlines that are laid over each other for one glyph.
const maxLayers = 256

// colorPicture draws a cluster with a face of colour.
func (f *Family) colorPicture(face *Face, runes []rune, columns int) (Picture, bool) {
	if !face.colored {
		return Picture{}, false
	}
	r, ok := shapes(face, runes)
	if !ok {
		return Picture{}, false
	}
	var parts []*image.NRGBA
	for _, g := range r.glyphs {
		if img := face.image(g.gid); img != nil {
			parts = append(parts, img)
		}
	}
	if len(parts) == 0 || len(parts) > MaxColumns {
		return Picture{}, false
	}
	img := beside(parts)
	return Picture{Image: img, Box: f.grid.center(columns, img.Rect.Dx(), img.Rect.Dy())}, true
}

// beside puts the pictures of a sequence that the font does not join into one.
func beside(parts []*image.NRGBA) *image.NRGBA {
	if len(parts) == 1 {
		return parts[0]
	}
	w, h := 0, 0
	for _, p := range parts {
		w += p.Rect.Dx()
		h = max(h, p.Rect.Dy())
	}
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	x := 0
	for _, p := range parts {
		draw.Draw(out, image.Rect(x, 0, x+p.Rect.Dx(), p.Rect.Dy()), p, image.Point{}, draw.Src)
		x += p.Rect.Dx()
	}
	return out
}

// image draws one glyph in colour: a bitmap of CBDT or sbix, or layers of COLR, version
// 0. nil if it has none.
func (f *Face) image(gid font.GID) (img *image.NRGBA) {
	var layers tables.PaintColrLayersResolved
	err := f.use(func() {
		if b, ok := f.face.GlyphDataBitmap(gid); ok && b.Format == font.PNG {
			img = decodePNG(b.Data)
		}
		if img != nil {
			return
		}
		if c, ok := f.face.GlyphDataColor(gid); ok {
			layers, _ = c.Paint.(tables.PaintColrLayersResolved)
		}
	})
	if err != nil || img != nil {
		return img
	}
	if len(layers) == 0 || len(layers) > maxLayers || len(f.font.CPAL) == 0 {
		return nil
	}
	return f.layered(layers)
}

func decodePNG(data []byte) *image.NRGBA {
	c, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil || c.Width < 1 || c.Height < 1 || c.Width > maxStrike || c.Height > maxStrike {
		return nil
	}
	src, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	img := image.NewNRGBA(image.Rect(0, 0, c.Width, c.Height))
	draw.Draw(img, img.Rect, src, src.Bounds().Min, draw.Src)
	return img
}

// foreground is the palette index of a layer that has the colour of the text, which a
// picture in colour does not know.
const foreground = 0xFFFF

func (f *Face) layered(layers tables.PaintColrLayersResolved) *image.NRGBA {
	var shapes []msdf.Shape
	var all msdf.Shape
	for _, l := range layers {
		s, err := f.outline(run{glyphs: []placed{{gid: font.GID(l.GlyphID)}}})
		if err != nil {
			return nil
		}
		shapes = append(shapes, s)
		all.Contours = append(all.Contours, s.Contours...)
	}
	if all.Check() != nil {
		return nil
	}
	low, high := all.Bounds()
	side := max(high.X-low.X, high.Y-low.Y)
	if side <= 0 {
		return nil
	}
	scale := strikeSize / side
	w, h := max(int((high.X-low.X)*scale+0.999), 1), max(int((high.Y-low.Y)*scale+0.999), 1)
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	palette := f.font.CPAL[0]
	for i, l := range layers {
		ink := color.NRGBA{128, 128, 128, 255}
		if l.PaletteIndex != foreground {
			if int(l.PaletteIndex) >= len(palette) {
				return nil
			}
			c := palette[l.PaletteIndex]
			ink = color.NRGBA{c.Red, c.Green, c.Blue, c.Alpha}
		}
		z := vector.NewRasterizer(w, h)
		z.DrawOp = draw.Over
		rasterise(z, &shapes[i], low.X, high.Y, scale)
		z.Draw(out, out.Rect, image.NewUniform(ink), image.Point{})
	}
	img := image.NewNRGBA(out.Rect)
	draw.Draw(img, img.Rect, out, image.Point{}, draw.Src)
	return img
}

// rasterise draws a shape whose left and top are at the corner of the picture.
func rasterise(z *vector.Rasterizer, s *msdf.Shape, left, top, scale float64) {
	at := func(p msdf.Point) (x, y float32) {
		return float32((p.X - left) * scale), float32((top - p.Y) * scale)
	}
	for _, c := range s.Contours {
		x, y := at(c[0].P[0])
		z.MoveTo(x, y)
		for i := range c {
			bx, by := at(c[i].P[1])
			switch c[i].Kind {
			case msdf.Line:
				z.LineTo(bx, by)
			case msdf.Quad:
				cx, cy := at(c[i].P[2])
				z.QuadTo(bx, by, cx, cy)
			case msdf.Cubic:
				cx, cy := at(c[i].P[2])
				dx, dy := at(c[i].P[3])
				z.CubeTo(bx, by, cx, cy, dx, dy)
			}
		}
		z.ClosePath()
	}
}
