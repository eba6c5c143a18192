package service

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/term"
	"hearth/term/atlas"
	"hearth/term/glyph"
	"hearth/vk/scene"
)

// painter makes grids of what changed on screens. It is one goroutine that looks at all
// terminals which changed, one after the other and each once, and then rests until the
// next frame could show more: who prints without end is seen as often as the others.
type painter struct {
	p *Plugin

	// mu guards what follows.
	mu   sync.Mutex
	due  []*session    // that changed
	wake chan struct{} // one value: due is not empty

	passes atomic.Uint64 // over what changed

	// Of the goroutine.
	later map[*session]time.Duration // when to look again: a cursor that blinks, output held back
	ink   ink
}

func (b *painter) init(p *Plugin) {
	*b = painter{p: p, wake: make(chan struct{}, 1), later: map[*session]time.Duration{}, ink: ink{atlas: p.atlas}}
}

// touch has the painter look.
func (s *session) touch() {
	if !s.queued.CompareAndSwap(false, true) {
		return
	}
	b := &s.p.brush
	b.mu.Lock()
	b.due = append(b.due, s)
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (p *Plugin) paint() {
	b := &p.brush
	timer := time.NewTimer(0)
	defer timer.Stop()
	var spare []*session
	idle := 0 // looks in a row that found nothing to show
	for {
		select {
		case <-p.ctx.Done():
			return
		case <-b.wake:
		case <-timer.C:
		}
		begun, drawn := p.now(), false
		b.mu.Lock()
		due := b.due
		b.due = spare[:0]
		b.mu.Unlock()
		for s, at := range b.later {
			if at <= begun && s.queued.CompareAndSwap(false, true) {
				due = append(due, s)
			}
		}
		for _, s := range due {
			s.queued.Store(false)
			delete(b.later, s)
			at, shown := s.paint(&b.ink, begun)
			if at > 0 {
				b.later[s] = at
			}
			drawn = drawn || shown
		}
		b.passes.Add(1)
		clear(due)
		spare = due
		// Rest, and look again when the first of what waits is due.
		if idle++; drawn || idle > looks {
			idle = 0
			rest := time.NewTimer(begun + paintEvery - p.now())
			select {
			case <-p.ctx.Done():
				rest.Stop()
				return
			case <-rest.C:
			}
		}
		next := time.Hour
		for _, at := range b.later {
			next = min(next, at-p.now())
		}
		timer.Reset(max(next, 0))
	}
}

// close gives glyphs back. The goroutine has ended.
func (b *painter) close() { b.ink.close() }

// ink is what cells are made with: the glyphs of ASCII, which all terminals use and
// which are never given back, and room to work in.
type ink struct {
	atlas *atlas.Atlas
	ascii [4][glyphs]atlas.Handle
	row   []scene.GridCell
	used  []atlas.Handle
	text  []byte
}

// The characters of ASCII that have a picture.
const (
	firstGlyph = '!'
	glyphs     = '~' - firstGlyph + 1
)

func (k *ink) close() {
	for i := range k.ascii {
		for _, h := range k.ascii[i] {
			if h != 0 {
				k.atlas.Release(h)
			}
		}
	}
}

// canvas is what the painter knows of one screen.
type canvas struct {
	view   term.View
	lines  [][]scene.GridCell // as the scene has them
	used   [][]atlas.Handle   // of each line, but for those of ASCII
	style  style
	bar    string
	hover  term.Span
	geomed bool // the scene has the state
	look   look // as the scene has it
}

// look is what of a grid is not in its cells.
type look struct {
	background uint32
	cursor     scene.GridCursor
	border     uint32
	width      float32 // of the border
}

// style is what the cells of all rows depend on.
type style struct {
	palette *term.Palette
	reverse bool
}

// paint shows what changed and sends what watchers are to hear. It returns when it is to
// look again, 0 for never, and whether anybody sees anything new now.
func (s *session) paint(k *ink, now time.Duration) (again time.Duration, drawn bool) {
	b := &s.brush
	s.mu.Lock()
	if s.removed {
		s.mu.Unlock()
		b.release(k)
		return 0, true
	}
	soon := func(at time.Duration) {
		if again == 0 || at < again {
			again = at
		}
	}
	if at := s.tug(now); at > 0 {
		soon(at)
	}
	s.t.Tick(now)
	s.t.View(&b.view)
	if s.t.Synchronized() {
		soon(now + term.SyncTimeout/3)
	}
	s.rumour(now)
	var post []letter
	if len(s.watchers) > 0 {
		var more bool
		if post, more = s.letters(now); more {
			soon(now + paintEvery)
		}
	}
	rt := s.rt
	if at := s.program.wait(now); at > 0 {
		soon(at)
	}
	bar, hover := s.bar.shown(), s.mouse.link
	st, restyle := s.state, s.restyle
	s.restyle = false
	edge := border(s.focused, now < s.program.flash, s.phase == fed)
	if s.program.flash > now {
		soon(s.program.flash)
	}
	cursor, blinking := s.cursor(&b.view, now)
	if blinking > 0 {
		soon(blinking)
	}
	grid := s.grid
	s.mu.Unlock()

	changed := b.compose(k, bar, hover)
	m := s.p.metrics
	shown := look{opaque(b.style.background()), cursor, edge.color, edge.width * st.UnitsPerEm}
	if grid != 0 && (changed || restyle || !b.geomed || shown != b.look) {
		err := s.p.scene.UpdateGrid(grid, func(g *scene.Grid) {
			if changed || !b.geomed {
				g.Columns, g.Rows = b.view.Columns, b.view.Rows
				g.Lines = slices.Clone(b.lines)
			}
			if restyle || !b.geomed {
				m.place(g, &st)
			}
			g.Background, g.Cursor, g.Border, g.BorderWidth = shown.background, shown.cursor, shown.border, shown.width
		})
		if err != nil && !errors.Is(err, scene.ErrNoThing) { // that was removed a moment ago
			s.client.complain(err)
		}
		b.geomed, b.look, drawn = true, shown, true
	}
	s.post(rt, post)
	return again, drawn || len(post) > 0
}

// compose makes the rows that changed. It reports whether any did.
func (b *canvas) compose(k *ink, bar string, hover term.Span) (changed bool) {
	v := &b.view
	now := style{v.Palette, v.Reverse}
	fresh := now != b.style || len(b.lines) != v.Rows || v.Rows > 0 && len(b.lines[0]) != v.Columns
	if len(b.lines) != v.Rows {
		for i := v.Rows; i < len(b.used); i++ {
			k.release(b.used[i])
		}
		b.lines = slices.Grow(b.lines[:min(len(b.lines), v.Rows)], v.Rows)[:v.Rows]
		b.used = slices.Grow(b.used[:min(len(b.used), v.Rows)], v.Rows)[:v.Rows]
	}
	b.style = now
	wasBar, isBar := b.barRow(b.bar), b.barRow(bar)
	for i := range v.Lines {
		line := v.Top + int64(i)
		hovered := hover != b.hover && (touches(hover, line) || touches(b.hover, line))
		barred := (i == isBar || i == wasBar) && (bar != b.bar || v.Changed[i] || wasBar != isBar)
		if !fresh && !v.Changed[i] && !hovered && !barred {
			continue
		}
		if i == isBar {
			k.banner(v, bar, b.style)
		} else {
			k.compose(v, &v.Lines[i], line, b.style, hover)
		}
		if b.put(k, i) {
			changed = true
		}
	}
	b.bar, b.hover = bar, hover
	return changed
}

func touches(x term.Span, line int64) bool {
	return x.From.Less(x.To) && line >= x.From.Line && line <= x.To.Line
}

// barRow is where a bar lies: at the bottom; -1 where there is none.
func (b *canvas) barRow(bar string) int {
	if bar == "" {
		return -1
	}
	return b.view.Rows - 1
}

// put takes the row that was composed over, unless it is what the scene has. A row that
// only moved stays the slice that it was.
func (b *canvas) put(k *ink, i int) bool {
	same := func(j int) bool { return j >= 0 && j < len(b.lines) && slices.Equal(b.lines[j], k.row) }
	if same(i) {
		k.release(k.used)
		return false
	}
	row := []scene.GridCell(nil)
	if same(i + 1) {
		row = b.lines[i+1] // the screen was scrolled by a line
	} else {
		row = slices.Clone(k.row)
	}
	k.release(b.used[i])
	b.lines[i] = row
	b.used[i] = append(b.used[i][:0], k.used...)
	return true
}

func (b *canvas) release(k *ink) {
	for _, u := range b.used {
		k.release(u)
	}
	*b = canvas{}
}

func (k *ink) release(used []atlas.Handle) {
	for _, h := range used {
		k.atlas.Release(h)
	}
}

// metrics are the sizes of a font's cells, in ems.
type metrics struct {
	cell                                   cellSize
	baseline, underline, thickness, strike float32
}

func measure(f *glyph.Family) metrics {
	w, h, b := f.Cell()
	m := f.Metrics()
	return metrics{
		cell: cellSize{float32(w), float32(h)}, baseline: float32(b),
		// The font's positions are up from the baseline.
		underline: float32(-m.UnderlinePosition), thickness: float32(m.UnderlineThickness), strike: float32(-m.StrikePosition),
	}
}

// place gives a grid the place and the sizes of a state.
func (m *metrics) place(g *scene.Grid, s *State) {
	em := s.UnitsPerEm
	g.Origin, g.Orientation, g.HalfSize, g.Padding = s.Position, s.Orientation, s.HalfSize, s.Padding
	g.Em, g.Cell, g.Baseline = em, mgl32.Vec2{m.cell.width * em, m.cell.height * em}, m.baseline*em
	g.Underline, g.UnderlineThickness, g.Strike = m.underline*em, m.thickness*em, m.strike*em
	g.Opacity = s.Opacity
}

// blankGrid is the grid before anything is painted.
func (s *session) blankGrid() scene.Grid {
	columns, rows := s.t.Size()
	g := scene.Grid{Columns: columns, Rows: rows, Background: opaque(s.t.Palette().Dynamic[term.Background])}
	s.p.metrics.place(&g, &s.state)
	return g
}

// frame is how the edge of a terminal looks.
type frame struct {
	color uint32
	width float32 // ems
}

// border shows the focus, and a bell for a moment. What is typed at a screen goes to who
// made it, who may have made it look like a shell: its border is not a shell's.
func border(focused, flash, screen bool) frame {
	switch {
	case flash:
		return frame{opaque(0xffd75f), 0.2}
	case focused && screen:
		return frame{opaque(0xff8c3c), 0.1}
	case focused:
		return frame{opaque(0x5c9cff), 0.1}
	}
	return frame{}
}

// cursor is how the cursor looks: hollow without the focus, and off in every other half
// of its period where it blinks. next is when that changes, 0 for not.
func (s *session) cursor(v *term.View, now time.Duration) (c scene.GridCursor, next time.Duration) {
	x := v.Cursor
	if !x.Visible || s.phase == ended || s.phase == past || v.Rows == 0 {
		return scene.GridCursor{}, 0
	}
	c = scene.GridCursor{Column: x.Column, Row: x.Row, Wide: x.Wide, Color: opaque(v.Palette.Dynamic[term.CursorColor]), Text: opaque(v.Palette.Dynamic[term.Background])}
	if x.Row < len(v.Lines) && v.Lines[x.Row].Size != term.SingleSize {
		c.Column, c.Wide = min(2*c.Column, v.Columns-1), true
	}
	switch {
	case !s.focused:
		c.Shape = scene.CursorHollowBlock
		return c, 0
	case x.Shape == term.UnderlineCursor:
		c.Shape = scene.CursorUnderline
	case x.Shape == term.BarCursor:
		c.Shape = scene.CursorBar
	default:
		c.Shape = scene.CursorBlock
	}
	idle := now - s.stir
	if x.Blink && idle < blinkFor {
		next = now + blinkEvery - idle%blinkEvery
		if idle/blinkEvery%2 == 1 {
			c.Shape = scene.CursorNone
		}
	}
	return c, next
}

// publish hands the pictures of glyphs on to the scene.
func (p *Plugin) publish() {
	full := false
	failed := func(err error) {
		if err != nil && !full {
			full = true
			p.log.Warn("glyphs of terminals are not shown", "error", err)
		}
	}
	for {
		select {
		case <-p.ctx.Done():
			return
		case <-p.atlas.Changed():
		}
		p.atlas.Drain(func(t atlas.Tile) {
			failed(p.scene.PutTile(t.Page, t.Color, scene.Tile{X: t.X, Y: t.Y, W: t.W, H: t.H, Levels: t.Levels}))
		}, func(h atlas.Handle, g atlas.Glyph) {
			failed(p.scene.PutGlyph(uint32(h), scene.Glyph{Page: g.Page, X: g.X, Y: g.Y, W: g.W, H: g.H, Left: g.Left, Bottom: g.Bottom, Right: g.Right, Top: g.Top}))
		})
	}
}
