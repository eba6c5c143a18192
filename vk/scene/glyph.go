package scene

import (
	"fmt"
	"math"
)

const (
	// GlyphSide is the side of a page of glyphs in texels.
	GlyphSide = 1024
	// GlyphLevels is how many levels of detail a tile has, itself included.
	GlyphLevels = 4
	// GlyphAlign is what places and sizes of tiles are multiples of, so that the
	// texels of every level belong to one tile.
	GlyphAlign = 1 << (GlyphLevels - 1)
	// GlyphRange is how many texels lie between a distance of 0 (outside) and of 255
	// (inside) in the field of a tile; the edge is in the middle.
	GlyphRange = 6
)

// Glyph is the picture of a character: a part of a page, and where it lies about the
// pen. In what it holds it is what the device reads:
//
//	+----------+-------+-------+-------+-------+----------+------------+-----------+---------+
//	| page i32 | x u16 | y u16 | w u16 | h u16 | left f32 | bottom f32 | right f32 | top f32 |
//	+----------+-------+-------+-------+-------+----------+------------+-----------+---------+
type Glyph struct {
	Page       int32  // -1: nothing to draw, or nothing so far
	X, Y, W, H uint16 // the picture in texels of the page, the top row first
	// Left, Bottom, Right and Top are where the picture's edges lie, in ems from the
	// pen on the baseline, Y up. The picture ends there: what joins its neighbour goes
	// on to the edge of the picture.
	Left, Bottom, Right, Top float32
}

// Tile is a picture that is laid onto a page. X, Y, W and H are in texels, multiples
// of GlyphAlign. Level n is W>>n by H>>n RGBA8, the top row first, never written after
// it was given to the scene.
//
// On a page of colour it is sRGB with straight alpha. On others R, G and B of level 0
// are three signed distances, whose median is the distance to the outline, and A of
// every level is how much of the texel the glyph covers.
type Tile struct {
	X, Y, W, H int
	Levels     [GlyphLevels][]byte
}

// Page is GlyphSide by GlyphSide texels of glyphs, empty but for its tiles. Tiles is
// a log: within an Epoch it only grows, and a later tile hides what it covers of those
// before, so a reader that remembers how many it has taken takes the rest. With
// another Epoch the log is told again without what is hidden: a reader that has taken
// all Was tiles of the Epoch before has the first Kept ones of this, and any other one
// begins anew.
type Page struct {
	Color     bool
	Tiles     []Tile
	Epoch     uint64
	Was, Kept int
}

// pageLog is the scene's side of a page.
type pageLog struct {
	tell  int   // tiles at which the log is told again
	bytes int64 // of its tiles
}

// pageSlack is how many tiles more than twice what is alive a log may hold: below,
// looking through it costs more than it gives back.
const pageSlack = 64

// PutTile lays a tile onto a page, which begins where it is not there so far, and so
// do those before it. A page is of colour, or not, as its first tile says.
func (s *Scene) PutTile(page int, color bool, t Tile) error {
	if err := s.limits.tile(page, &t); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if page < len(s.pages) && len(s.pages[page].Tiles) > 0 && s.pages[page].Color != color {
		return &ValueError{fmt.Sprintf("page %d holds tiles of the other kind; colours and distances have pages of their own", page)}
	}
	n := t.bytes()
	if page < len(s.pages) && (len(s.pages[page].Tiles) >= s.logs[page].tell || s.bytes+n > s.limits.Bytes) {
		s.ownPages(page)
		s.shorten(page)
	}
	if err := s.charge(n); err != nil {
		return err
	}
	s.ownPages(page)
	p := &s.pages[page]
	p.Color = color
	// Readers see as many tiles as there were when they looked, so the log grows in place.
	p.Tiles = append(p.Tiles, t)
	s.logs[page].bytes += n
	s.changed()
	return nil
}

// ownPages makes the slice of pages one that no snapshot has, which holds a page. It is
// called with mu held.
func (s *Scene) ownPages(page int) {
	if s.pagesEpoch != s.epoch || page >= len(s.pages) {
		pages := make([]Page, max(len(s.pages), page+1))
		copy(pages, s.pages)
		s.pages, s.pagesEpoch = pages, s.epoch
	}
	for len(s.logs) < len(s.pages) {
		s.logs = append(s.logs, pageLog{tell: pageSlack})
	}
}

// shorten tells the log of a page again, without what is hidden. It is called with mu
// held and pages owned.
func (s *Scene) shorten(page int) {
	p, l := &s.pages[page], &s.logs[page]
	before := l.bytes
	p.Was = len(p.Tiles)
	p.Tiles, l.bytes = alive(p.Tiles)
	p.Epoch, p.Kept = p.Epoch+1, len(p.Tiles)
	l.tell = 2*len(p.Tiles) + pageSlack
	s.bytes -= before - l.bytes
}

// alive returns the tiles of which something is seen, in a slice of their own, and
// their bytes. Tiles lie on squares of GlyphAlign, so the squares that later tiles took
// say exactly what is hidden.
func alive(tiles []Tile) (kept []Tile, bytes int64) {
	const side = GlyphSide / GlyphAlign
	var taken [side][side]bool
	seen := make([]bool, len(tiles))
	n := 0
	for i := len(tiles) - 1; i >= 0; i-- {
		t := &tiles[i]
		for y := t.Y / GlyphAlign; y < (t.Y+t.H)/GlyphAlign; y++ {
			for x := t.X / GlyphAlign; x < (t.X+t.W)/GlyphAlign; x++ {
				if !taken[y][x] {
					taken[y][x], seen[i] = true, true
				}
			}
		}
		if seen[i] {
			n++
		}
	}
	kept = make([]Tile, 0, 2*n+pageSlack+1)
	for i := range tiles {
		if seen[i] {
			kept = append(kept, tiles[i])
			bytes += tiles[i].bytes()
		}
	}
	return kept, bytes
}

// PutGlyph says what a handle names from now on: its place in Snapshot.Glyphs is its
// number. Its page need not be there; it is drawn when it is. Where the page is there
// its tile should be, too: from afar a glyph is drawn by the mean of what lay in its
// place when it was put.
func (s *Scene) PutGlyph(handle uint32, g Glyph) error {
	if err := s.limits.glyph(handle, &g); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.glyphs.At(int(handle)); ok && *old == g {
		return nil
	}
	s.serial++
	s.glyphs.put(int(handle), &g, s.serial, s.epoch)
	s.changed()
	return nil
}

func (l *Limits) tile(page int, t *Tile) error {
	switch {
	case page < 0:
		return &ValueError{"a page of glyphs has a number of zero or more"}
	case page >= l.Pages:
		return &FullError{"pages of glyphs", int64(l.Pages)}
	case t.W <= 0 || t.H <= 0 || t.X < 0 || t.Y < 0 || t.W > GlyphSide || t.H > GlyphSide || t.X > GlyphSide-t.W || t.Y > GlyphSide-t.H:
		return &ValueError{fmt.Sprintf("a tile lies within its page, which has %d texels a side", GlyphSide)}
	case (t.X|t.Y|t.W|t.H)%GlyphAlign != 0:
		return &ValueError{fmt.Sprintf("places and sizes of tiles are multiples of %d texels", GlyphAlign)}
	}
	for i, b := range t.Levels {
		if len(b) != 4*(t.W>>i)*(t.H>>i) {
			return &ValueError{fmt.Sprintf("level %d of a tile has four bytes for each of its texels", i)}
		}
	}
	return nil
}

func (l *Limits) glyph(handle uint32, g *Glyph) error {
	if !finite(g.Left, g.Bottom, g.Right, g.Top) {
		return ErrNotFinite
	}
	switch {
	case int64(handle) >= int64(l.Glyphs):
		return &FullError{"glyphs", int64(l.Glyphs)}
	case g.Page < -1:
		return &ValueError{"a glyph has a page, or -1 where there is nothing to draw"}
	case int(g.Page) >= l.Pages:
		return &FullError{"pages of glyphs", int64(l.Pages)}
	case int(g.X)+int(g.W) > GlyphSide || int(g.Y)+int(g.H) > GlyphSide:
		return &ValueError{fmt.Sprintf("a glyph lies within its page, which has %d texels a side", GlyphSide)}
	case g.Right < g.Left || g.Top < g.Bottom:
		return &ValueError{"the right of a glyph is right of its left, and its top above its bottom"}
	case math.Abs(float64(g.Left)) > maxEms || math.Abs(float64(g.Right)) > maxEms ||
		math.Abs(float64(g.Bottom)) > maxEms || math.Abs(float64(g.Top)) > maxEms:
		return &ValueError{fmt.Sprintf("a glyph reaches %d ems at most from its pen", maxEms)}
	}
	return nil
}

// maxEms bounds a glyph: larger ones are not letters.
const maxEms = 64

func (t *Tile) bytes() (n int64) {
	for _, b := range t.Levels {
		n += int64(len(b))
	}
	return n
}
