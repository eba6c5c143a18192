package atlas

import (
	"image"
	"math"

	"golang.org/x/image/draw"

	"hearth/term/glyph"
	"hearth/term/msdf"
)

// work makes pictures until the atlas is closed.
func (a *Atlas) work() {
	var g msdf.Generator
	a.mu.Lock()
	defer a.mu.Unlock()
	for {
		for !a.closed && (a.next == len(a.queue) || len(a.tiles) >= maxTiles) {
			a.wake.Wait()
		}
		if a.closed {
			return
		}
		h := a.queue[a.next]
		if a.next++; a.next == len(a.queue) {
			a.queue, a.next = a.queue[:0], 0
		}
		e := a.entry(h)
		if e == nil || e.stage != queued {
			continue
		}
		if e.refs == 0 { // nobody wants it any more
			a.vacate(h)
			a.drop(h)
			a.nourish()
			continue
		}
		text, style, columns := e.text, e.style, int(e.columns)
		a.mu.Unlock()
		m := a.draw(&g, text, style, columns)
		a.mu.Lock()
		a.put(h, m)
	}
}

// put gives a handle the picture that was made for it.
func (a *Atlas) put(h Handle, m made) {
	a.stats.Made++
	a.signal() // also of those without a picture: who waits for them knows
	e := &a.entries[h]
	if e.spot.w != m.tile.W || e.spot.h != m.tile.H || e.glyph.Color != m.tile.Color {
		a.vacate(h) // another font may have taken its part
		defer a.nourish()
	}
	if m.tile.W == 0 {
		e.stage = blank
		if e.refs == 0 {
			a.drop(h)
		}
		return
	}
	at, ok := e.spot, e.spot.w > 0
	if !ok {
		at, ok = a.place(m.tile.Color, m.tile.W, m.tile.H)
	}
	if !ok {
		if e.refs == 0 {
			a.drop(h)
			return
		}
		a.starve(h, m.tile.Color, m.tile.W, m.tile.H)
		return
	}
	m.tile.Page, m.tile.X, m.tile.Y = at.page, at.x, at.y
	m.glyph.Page, m.glyph.X, m.glyph.Y = int32(at.page), uint16(at.x), uint16(at.y)
	e.stage, e.spot, e.glyph = shown, at, m.glyph
	if e.refs == 0 {
		a.link(h)
	}
	a.tiles = append(a.tiles, m.tile)
	a.mark(h)
}

// made is a picture without its place; of nothing where the tile has no width.
type made struct {
	tile  Tile
	glyph Glyph
}

func (a *Atlas) make(g *msdf.Generator, text string, style glyph.Style, columns int) made {
	p := a.family.Picture(text, style, columns)
	switch {
	case p.Blank():
		return made{}
	case p.Image != nil:
		return a.colored(&p)
	case p.Fills:
		return a.filling(g, &p)
	}
	return a.letter(g, &p)
}

// aligned is the next multiple of Align.
func aligned(n int) int { return (n + Align - 1) &^ (Align - 1) }

// letter draws an outline with a border all around.
func (a *Atlas) letter(g *msdf.Generator, p *glyph.Picture) made {
	low, high := p.Outline.Bounds()
	border := math.Ceil(a.o.Range/2) + 1
	scale := a.o.Em
	if side := max(high.X-low.X, high.Y-low.Y); side*scale > PageSide-2*border-Align {
		scale = (PageSide - 2*border - Align) / side
	}
	w := aligned(int(math.Ceil((high.X-low.X)*scale + 2*border)))
	h := aligned(int(math.Ceil((high.Y-low.Y)*scale + 2*border)))
	// In the middle of the tile, which is the picture.
	left := (low.X+high.X)/2 - float64(w)/2/scale
	bottom := (low.Y+high.Y)/2 - float64(h)/2/scale
	pixels := make([]byte, 4*w*h)
	g.Draw(pixels, 4*w, w, h, &p.Outline, msdf.Params{Scale: scale, Origin: msdf.Point{X: left, Y: bottom}, Range: a.o.Range})
	m := made{tile: Tile{W: w, H: h}, glyph: Glyph{
		W: uint16(w), H: uint16(h),
		Left: float32(left), Bottom: float32(bottom), Right: float32(left + float64(w)/scale), Top: float32(bottom + float64(h)/scale),
	}}
	m.tile.Levels = coverage(pixels, w, h, w, h)
	return m
}

// filling draws a shape that fills its cells: the picture is the cells, to the texel. The
// shape is stretched to that, so distances are those of texels, as they are read.
func (a *Atlas) filling(g *msdf.Generator, p *glyph.Picture) made {
	b := p.Box
	w := min(max(int(math.Round((b.Right-b.Left)*a.o.Em)), 1), PageSide)
	h := min(max(int(math.Round((b.Top-b.Bottom)*a.o.Em)), 1), PageSide)
	sx, sy := float64(w)/((b.Right-b.Left)*a.o.Em), float64(h)/((b.Top-b.Bottom)*a.o.Em)
	for _, c := range p.Outline.Contours {
		for i := range c {
			for k := range c[i].P {
				c[i].P[k].X *= sx
				c[i].P[k].Y *= sy
			}
		}
	}
	tw, th := aligned(w), aligned(h)
	pixels := make([]byte, 4*tw*th)
	g.Draw(pixels, 4*tw, w, h, &p.Outline, msdf.Params{Scale: a.o.Em, Origin: msdf.Point{X: b.Left * sx, Y: b.Bottom * sy}, Range: a.o.Range})
	m := made{tile: Tile{W: tw, H: th}, glyph: Glyph{
		W: uint16(w), H: uint16(h),
		Left: float32(b.Left), Bottom: float32(b.Bottom), Right: float32(b.Right), Top: float32(b.Top),
	}}
	m.tile.Levels = coverage(pixels, tw, th, w, h)
	return m
}

// colored scales an image to the texels that it has in the atlas, with a clear border.
func (a *Atlas) colored(p *glyph.Picture) made {
	b := p.Box
	scale := a.o.Em
	if side := max(b.Right-b.Left, b.Top-b.Bottom); side*scale > PageSide-2*Align {
		scale = (PageSide - 2*Align) / side
	}
	// The image takes a whole number of texels, one at least.
	w, h := max(int(math.Round((b.Right-b.Left)*scale)), 1), max(int(math.Round((b.Top-b.Bottom)*scale)), 1)
	tw, th := aligned(w+2), aligned(h+2)
	x, y := (tw-w)/2, (th-h)/2
	// Scaled with its alpha multiplied in, so that what is clear has no colour.
	fine := image.NewRGBA(image.Rect(0, 0, tw, th))
	draw.CatmullRom.Scale(fine, image.Rect(x, y, x+w, y+h), p.Image, p.Image.Rect, draw.Src, nil)
	dx, dy := (b.Right-b.Left)/float64(w), (b.Top-b.Bottom)/float64(h)
	left, top := b.Left-float64(x)*dx, b.Top+float64(y)*dy
	m := made{tile: Tile{Color: true, W: tw, H: th}, glyph: Glyph{
		Color: true, W: uint16(tw), H: uint16(th),
		Left: float32(left), Bottom: float32(top - float64(th)*dy), Right: float32(left + float64(tw)*dx), Top: float32(top),
	}}
	for n := range m.tile.Levels {
		m.tile.Levels[n] = straight(fine)
		fine = halved(fine)
	}
	return m
}
