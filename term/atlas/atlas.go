// Package atlas keeps the pictures of characters on pages: made by workers when they are
// first asked for, counted while they are in use, and thrown out, the least recently used
// first, when there is no more room.
//
// The key idea: who draws never waits. Acquire answers at once with a handle, which has no
// picture as long as it is being made; who publishes drains tiles and glyphs when Changed
// says that there are some. A tile that somebody uses never moves.
//
//	page, 1024 texels a side             tile, aligned to 8, so that four levels hold only it
//	+------------------------+          +---------------------+
//	| shelf: tiles of a kind |          |  border: Range/2+1  |   of letters: the distance
//	|  of height, side by    |          |   +-------------+   |   field fades out in it
//	|  side, with gaps       |          |   | the outline |   |
//	+------------------------+          |   +-------------+   |
//	| shelf                  |          +---------------------+
//	+------------------------+          +-------------+-------+   of shapes that fill cells:
//	| free                   |          |   the cell  | rest  |   the picture W by H is the
//	+------------------------+          |             |       |   cell to the texel, and is
//	                                    +-------------+-------+   cut there
//
// A shape that fills its cell is drawn to a whole number of texels, stretched by less than
// one of them, and its outline goes on beyond the edge, so the field and the coverage at
// the edge are those of a line that does not end. A reader that clamps to the picture then
// sees the shares of neighbours add up to one.
package atlas

import (
	"sync"
	"unicode/utf8"

	"hearth/term/glyph"
	"hearth/term/msdf"
)

// What the pages are like, which those who read them know.
const (
	PageSide = 1024 // texels a side
	Levels   = 4    // of detail, each half of the one before
	Align    = 8    // places and sizes of tiles are multiples of it: one texel of the last level
)

// Handle names a glyph. 0 has nothing to draw. They are small and are used again.
type Handle uint32

// MaxHandles bounds the glyphs that are known at the same time, in use or not.
const MaxHandles = 1 << 16

// Glyph is where the picture of a handle is, and how it lies about the pen.
type Glyph struct {
	Page       int32  // -1: on its way, or blank
	X, Y, W, H uint16 // texels: the tile's picture
	// Left, Bottom, Right and Top are ems from the pen on the baseline, Y up.
	Left, Bottom, Right, Top float32
	Color                    bool
}

// Tile is a part of a page, whose pixels are never written again: RGBA8, the top row
// first, level n W>>n by H>>n. On pages of distance fields R, G and B of level 0 are the
// distances and A of every level is the coverage; on pages of colour it is sRGB with
// straight alpha.
type Tile struct {
	Page       int
	Color      bool
	X, Y, W, H int // multiples of Align
	Levels     [Levels][]byte
}

// Options of an atlas. Zero fields get the default.
type Options struct {
	Workers int     // that make pictures; default 2
	Em      float64 // texels an em, 16 to 128; default 48
	Range   float64 // texels from a distance of 0 to one of 1, 2 to 16; default 6
	Pages   int     // at most, of both kinds; default 16
	// Keep is how many pages are begun before unused pictures are thrown out; default 4.
	Keep int
}

func (o *Options) normalise() {
	if o.Workers < 1 {
		o.Workers = 2
	}
	if !(o.Em > 0) {
		o.Em = 48
	}
	o.Em = min(max(o.Em, 16), 128)
	if !(o.Range > 0) {
		o.Range = 6
	}
	o.Range = min(max(o.Range, 2), 16)
	if o.Pages < 1 {
		o.Pages = 16
	}
	if o.Keep < 1 {
		o.Keep = 4
	}
	o.Keep = min(o.Keep, o.Pages)
}

// stage is how far an entry is.
type stage uint8

const (
	free   stage = iota // the handle is nobody's
	queued              // for a worker, or with one
	blank               // made, and there is nothing to see
	shown               // it has a place
	noRoom              // it was made, but no page had room; made again when one may
)

// entry is what a handle names.
type entry struct {
	stage   stage
	refs    int32
	columns uint8
	style   glyph.Style
	fresh   bool // in Atlas.changed
	hungry  bool // in Atlas.starved
	text    string
	spot    spot // of what is shown, and what is kept for who had none; a size alone without room
	glyph   Glyph
	// Neighbours among those shown that nobody uses, from the least recently used; 0
	// ends the list at both sides.
	older, newer Handle
}

// Atlas makes and keeps pictures. Any goroutine may use it.
type Atlas struct {
	family   *glyph.Family
	draw     func(g *msdf.Generator, text string, s glyph.Style, columns int) made // a.make, but for tests
	o        Options
	handles  int // MaxHandles, but for tests
	changes  chan struct{}
	done     sync.WaitGroup
	draining sync.Mutex // held through Drain, before mu

	mu             sync.Mutex // guards what follows
	wake           sync.Cond  // work for the workers, room in tiles, or the end
	closed         bool
	runes          map[uint64]Handle
	clusters       map[cluster]Handle
	entries        []entry  // by handle; 0 is not used
	unused         []Handle // handles that are free
	queue          []Handle
	next           int      // of queue
	starved        []Handle // that had no room, or had none before
	oldest, newest Handle
	pages          []*page
	tiles          []Tile
	changed        []Handle
	stats          Stats
}

// cluster is the key of what is not a single character.
type cluster struct {
	text    string
	style   glyph.Style
	columns uint8
}

// MaxText bounds the bytes of a cluster that count; what is behind is not drawn.
const MaxText = 128

// maxTiles bounds the tiles that wait to be drained, about 40 MiB; workers wait then.
const maxTiles = 2048

// New begins an atlas with its workers. Close ends it.
func New(f *glyph.Family, o Options) *Atlas {
	o.normalise()
	a := &Atlas{
		family: f, o: o, handles: MaxHandles, changes: make(chan struct{}, 1),
		runes: map[uint64]Handle{}, clusters: map[cluster]Handle{}, entries: make([]entry, 1),
	}
	a.draw = a.make
	a.wake.L = &a.mu
	for range o.Workers {
		a.done.Go(a.work)
	}
	return a
}

// Close ends the workers and waits for them. What was acquired has no pictures any more
// that were not drained.
func (a *Atlas) Close() {
	a.mu.Lock()
	a.closed = true
	a.wake.Broadcast()
	a.mu.Unlock()
	a.done.Wait()
}

// Acquire returns the handle of a character or a cluster, UTF-8, that spans columns cells,
// and counts a use of it, which Release ends. The same key is the same handle. It is 0 for
// no text, and when MaxHandles are in use.
func (a *Atlas) Acquire(text []byte, s glyph.Style, columns int) Handle {
	if len(text) == 0 {
		return 0
	}
	s &= glyph.Bold | glyph.Italic
	c := uint8(min(max(columns, 1), glyph.MaxColumns))
	r, n := utf8.DecodeRune(text)
	single := n == len(text)
	if !single && len(text) > MaxText {
		text = text[:MaxText]
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var h Handle
	key := uint64(r) | uint64(s)<<32 | uint64(c)<<40
	if single {
		h = a.runes[key]
	} else {
		h = a.clusters[cluster{string(text), s, c}]
	}
	if h != 0 {
		e := &a.entries[h]
		if e.refs == 0 && e.stage == shown {
			a.unlink(h)
		}
		e.refs++
		a.stats.Hits++
		return h
	}
	if h = a.take(); h == 0 {
		a.stats.Refused++
		return 0
	}
	e := &a.entries[h]
	*e = entry{stage: queued, refs: 1, columns: c, style: s, text: string(text), glyph: Glyph{Page: -1}, fresh: e.fresh, hungry: e.hungry}
	if single {
		a.runes[key] = h
	} else {
		a.clusters[cluster{e.text, s, c}] = h
	}
	a.stats.Misses++
	a.queue = append(a.queue, h)
	a.mark(h)
	a.wake.Signal()
	return h
}

// Retain counts another use of a handle that is in use.
func (a *Atlas) Retain(h Handle) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.entry(h); e != nil && e.refs > 0 {
		e.refs++
	}
}

// Release ends a use. What nobody uses stays until its room is needed.
func (a *Atlas) Release(h Handle) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.entry(h)
	if e == nil || e.refs == 0 {
		return
	}
	if e.refs--; e.refs > 0 {
		return
	}
	switch e.stage {
	case shown:
		a.link(h)
		a.nourish()
	case noRoom:
		a.drop(h)
	}
}

// Changed wakes who publishes: it receives when there is something to drain.
func (a *Atlas) Changed() <-chan struct{} { return a.changes }

// Drain tells what is new since the last time: tiles in the order in which they take the
// places of others, then the glyphs that changed. One at a time.
func (a *Atlas) Drain(tile func(Tile), glyph func(Handle, Glyph)) {
	a.draining.Lock()
	defer a.draining.Unlock()
	a.mu.Lock()
	tiles, changed := a.tiles, a.changed
	a.tiles, a.changed = nil, nil
	glyphs := make([]Glyph, len(changed))
	for i, h := range changed {
		e := &a.entries[h]
		e.fresh = false
		glyphs[i] = e.glyph
	}
	a.wake.Broadcast()
	a.mu.Unlock()
	for _, t := range tiles {
		tile(t)
	}
	for i, h := range changed {
		glyph(h, glyphs[i])
	}
}

// Stats are the figures of an atlas.
type Stats struct {
	Hits, Misses      int64 // calls of Acquire that knew the key, and that did not
	Made, Evicted     int64 // pictures
	Refused           int64 // calls of Acquire without a handle left
	Starved           int64 // pictures that found no room, each time that they were made
	Used, Unused      int   // handles that are counted, and that are kept
	Waiting, NoRoom   int   // handles without a picture so far
	Pages, ColorPages int
}

// Stats returns the figures of this moment.
func (a *Atlas) Stats() Stats {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.stats
	for i := range a.entries[1:] {
		e := &a.entries[1+i]
		switch {
		case e.stage == free:
			continue
		case e.refs > 0:
			s.Used++
		default:
			s.Unused++
		}
		switch e.stage {
		case queued:
			s.Waiting++
		case noRoom:
			s.NoRoom++
		}
	}
	for _, p := range a.pages {
		if p.color {
			s.ColorPages++
		} else {
			s.Pages++
		}
	}
	return s
}

// mark has a glyph drained.
func (a *Atlas) mark(h Handle) {
	if e := &a.entries[h]; !e.fresh {
		e.fresh = true
		a.changed = append(a.changed, h)
	}
	a.signal()
}

func (a *Atlas) signal() {
	select {
	case a.changes <- struct{}{}:
	default:
	}
}
