package atlas

import "slices"

// page is what lies where on a page.
type page struct {
	color   bool
	shelves []shelf // from the top, without gaps between
}

// shelf is a strip of a page for tiles of one height. Without tiles it has none yet.
type shelf struct {
	y, h, tiles int
	gaps        []gap // free, from the left, never side by side
}

type gap struct{ x, w int }

// spot is where a tile lies.
type spot struct{ page, x, y, w, h int }

func newPage(color bool) *page {
	return &page{color: color, shelves: []shelf{{h: PageSide, gaps: []gap{{0, PageSide}}}}}
}

// place finds room for a tile, in a shelf of its height or in a new one.
func (p *page) place(w, h int) (x, y int, ok bool) {
	empty := -1
	for i := range p.shelves {
		s := &p.shelves[i]
		if s.tiles == 0 {
			if s.h >= h && (empty < 0 || s.h < p.shelves[empty].h) {
				empty = i
			}
			continue
		}
		// A shelf that is one step higher wastes little.
		if s.h < h || s.h > h+Align {
			continue
		}
		for j := range s.gaps {
			if s.gaps[j].w >= w {
				return s.cut(j, w), s.y, true
			}
		}
	}
	if empty < 0 || w > PageSide {
		return 0, 0, false
	}
	s := &p.shelves[empty]
	if rest := s.h - h; rest > 0 {
		below := shelf{y: s.y + h, h: rest, gaps: []gap{{0, PageSide}}}
		s.h = h
		p.shelves = slices.Insert(p.shelves, empty+1, below)
		s = &p.shelves[empty]
	}
	return s.cut(0, w), s.y, true
}

// cut takes the left part of a gap.
func (s *shelf) cut(j, w int) int {
	g := &s.gaps[j]
	x := g.x
	if g.x, g.w = g.x+w, g.w-w; g.w == 0 {
		s.gaps = slices.Delete(s.gaps, j, j+1)
	}
	s.tiles++
	return x
}

// remove gives the place of a tile back.
func (p *page) remove(at spot) {
	i, ok := slices.BinarySearchFunc(p.shelves, at.y, func(s shelf, y int) int { return s.y - y })
	if !ok {
		panic("atlas: a tile lies on no shelf")
	}
	s := &p.shelves[i]
	j, _ := slices.BinarySearchFunc(s.gaps, at.x, func(g gap, x int) int { return g.x - x })
	s.gaps = slices.Insert(s.gaps, j, gap{at.x, at.w})
	if j+1 < len(s.gaps) && at.x+at.w == s.gaps[j+1].x {
		s.gaps[j].w += s.gaps[j+1].w
		s.gaps = slices.Delete(s.gaps, j+1, j+2)
	}
	if j > 0 && s.gaps[j-1].x+s.gaps[j-1].w == at.x {
		s.gaps[j-1].w += s.gaps[j].w
		s.gaps = slices.Delete(s.gaps, j, j+1)
	}
	if s.tiles--; s.tiles > 0 {
		return
	}
	// Empty shelves side by side are one.
	if i+1 < len(p.shelves) && p.shelves[i+1].tiles == 0 {
		s.h += p.shelves[i+1].h
		p.shelves = slices.Delete(p.shelves, i+1, i+2)
	}
	if i > 0 && p.shelves[i-1].tiles == 0 {
		p.shelves[i-1].h += p.shelves[i].h
		p.shelves = slices.Delete(p.shelves, i, i+1)
	}
}

// place finds room for a tile on a page of its kind. Pages are begun up to Keep, then
// pictures are thrown out that nobody uses, then pages are begun up to the limit.
func (a *Atlas) place(color bool, w, h int) (spot, bool) {
	if at, ok := a.onPages(color, w, h); ok {
		return at, true
	}
	if len(a.pages) < a.o.Keep {
		return a.begin(color, w, h)
	}
	for h0 := a.oldest; h0 != 0; {
		e := &a.entries[h0]
		next := e.newer
		if e.glyph.Color == color {
			at := e.spot
			a.evict(h0)
			p := a.pages[at.page]
			if x, y, ok := p.place(w, h); ok {
				return spot{at.page, x, y, w, h}, true
			}
		}
		h0 = next
	}
	if len(a.pages) < a.o.Pages {
		return a.begin(color, w, h)
	}
	return spot{}, false
}

func (a *Atlas) onPages(color bool, w, h int) (spot, bool) {
	for i, p := range a.pages {
		if p.color != color {
			continue
		}
		if x, y, ok := p.place(w, h); ok {
			return spot{i, x, y, w, h}, true
		}
	}
	return spot{}, false
}

func (a *Atlas) begin(color bool, w, h int) (spot, bool) {
	p := newPage(color)
	x, y, ok := p.place(w, h)
	if ok {
		a.pages = append(a.pages, p)
	}
	return spot{len(a.pages) - 1, x, y, w, h}, ok
}
