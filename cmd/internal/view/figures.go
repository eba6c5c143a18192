package view

import (
	"fmt"
	"strings"
	"time"

	"hearth/vk"
	"hearth/vk/device"
	"hearth/vk/pass"
	"hearth/vk/scene"
)

const (
	// maxTold bounds which failures are remembered as told: the log hears of each lump
	// once, and not of a million.
	maxTold = 1024
	// smooth is how far back frames count in the rate that is shown.
	smooth = 500 * time.Millisecond
)

// figures are what the overlay shows of the frames.
type figures struct {
	animated
	peers   func() int
	pending int

	stats vk.Stats
	spans []device.Span // ours: those of stats live until the next frame
	frame time.Duration // from frame to frame, smoothed
	last  time.Time
	told  map[string]bool

	content pass.OverlayContent // of the last frame, to be used again
}

// took takes over the figures of a frame that was drawn.
func (f *figures) took(st vk.Stats, now time.Time) {
	f.stats = st
	f.spans = append(f.spans[:0], st.GPU...)
	f.stats.GPU = f.spans
	if !f.last.IsZero() {
		d := now.Sub(f.last)
		switch {
		case f.frame == 0, d > time.Second: // the loop slept: no frame was slow
			f.frame = d
		default:
			f.frame += time.Duration(min(1, float64(d)/float64(smooth)) * float64(d-f.frame))
		}
	}
	f.last = now
}

// news returns the failures that nobody was told of.
func (f *figures) news(failures []vk.Failure) (fresh []vk.Failure) {
	for _, x := range failures {
		if k := x.Lump.String(); !f.told[k] && len(f.told) < maxTold {
			if f.told == nil {
				f.told = map[string]bool{}
			}
			f.told[k] = true
			fresh = append(fresh, x)
		}
	}
	return fresh
}

// The overlay: a panel in the upper left corner.
const (
	margin  = 8
	barFull = 16 * time.Millisecond // a full bar: a frame at 60 Hz
	barWide = 120                   // pixels
)

var (
	inkColor   = [4]uint8{235, 235, 235, 255}
	panelColor = [4]uint8{0, 0, 0, 170}
	barColor   = [4]uint8{90, 160, 255, 255}
	keysColor  = [4]uint8{255, 190, 60, 255}
)

// panel is what the overlay says besides the figures.
type panel struct {
	device    string
	samples   int
	place     string // of the eye
	keyboard  string // who has it, and how to take it back; "" is the user
	notice    string // something that the user is told
	question  *prompt
	full      bool // the figures too
	aim       bool // the mouse is taken: clicks are about the middle
	guests    int  // who listen
	assets    string
	recording string
}

// any reports whether there is something to show.
func (p *panel) any() bool {
	return p.full || p.aim || p.keyboard != "" || p.notice != "" || p.question != nil
}

// overlay makes what stands over a picture of w by h pixels.
func (f *figures) overlay(p panel, snap *scene.Snapshot, w, h int) *pass.OverlayContent {
	c := &f.content
	c.Rects, c.Texts = c.Rects[:0], c.Texts[:0]
	if p.aim {
		c.Rects = append(c.Rects, pass.OverlayRect{X: w/2 - 2, Y: h/2 - 2, Width: 4, Height: 4, Color: panelColor},
			pass.OverlayRect{X: w/2 - 1, Y: h/2 - 1, Width: 2, Height: 2, Color: inkColor})
	}
	if p.question != nil {
		p.question.box(c, w, h)
		return c // alone: texts lie over all rectangles
	}
	if p.notice != "" {
		lines := wrap([]string{p.notice}, max((w-2*margin)/pass.GlyphWidth, 1))
		tall := len(lines)*pass.GlyphHeight + margin
		c.Rects = append(c.Rects, pass.OverlayRect{X: 0, Y: h - tall, Width: w, Height: tall, Color: panelColor})
		c.Texts = append(c.Texts, pass.OverlayText{X: margin, Y: h - tall + margin/2, Text: strings.Join(lines, "\n"), Color: keysColor})
	}
	top := 0
	if p.keyboard != "" {
		lines := wrap([]string{"the keys go to " + p.keyboard}, (w-2*margin)/pass.GlyphWidth)
		top = len(lines)*pass.GlyphHeight + margin
		c.Rects = append(c.Rects, pass.OverlayRect{X: 0, Y: 0, Width: w, Height: top, Color: panelColor})
		c.Texts = append(c.Texts, pass.OverlayText{X: margin, Y: margin / 2, Text: strings.Join(lines, "\n"), Color: keysColor})
	}
	if !p.full {
		return c
	}
	lines := wrap(f.lines(p, snap), (w-2*margin)/pass.GlyphWidth)
	wide := 0
	for _, l := range lines {
		wide = max(wide, len(l))
	}
	spans := len(f.spans)
	c.Rects = append(c.Rects, pass.OverlayRect{X: 0, Y: top, Width: max(wide*pass.GlyphWidth, 20*pass.GlyphWidth+barWide) + 2*margin, Height: (len(lines)+spans)*pass.GlyphHeight + 2*margin, Color: panelColor})
	c.Texts = append(c.Texts, pass.OverlayText{X: margin, Y: top + margin, Text: strings.Join(lines, "\n"), Color: inkColor})
	y := top + margin + len(lines)*pass.GlyphHeight
	for _, s := range f.spans {
		c.Texts = append(c.Texts, pass.OverlayText{X: margin, Y: y, Text: fmt.Sprintf("%-11.11s%6.2f", s.Name, s.Duration.Seconds()*1000), Color: inkColor})
		long := int(min(s.Duration, barFull) * barWide / barFull)
		c.Rects = append(c.Rects, pass.OverlayRect{X: margin + 19*pass.GlyphWidth, Y: y + 3, Width: long, Height: pass.GlyphHeight - 6, Color: barColor})
		y += pass.GlyphHeight
	}
	return c
}

// lines are the figures as text.
func (f *figures) lines(p panel, snap *scene.Snapshot) []string {
	st := &f.stats
	gpu := time.Duration(0)
	for _, s := range f.spans {
		gpu += s.Duration
	}
	ms := func(d time.Duration) float64 { return d.Seconds() * 1000 }
	rate := 0.0
	if f.frame > 0 {
		rate = float64(time.Second) / float64(f.frame)
	}
	peers := 0
	if f.peers != nil {
		peers = f.peers()
	}
	lines := []string{
		fmt.Sprintf("%s, %d samples", p.device, p.samples),
		fmt.Sprintf("%5.1f fps  cpu %.2f ms  gpu %.2f ms  waited %.2f ms", rate, ms(st.CPU), ms(gpu), ms(st.Wait)),
		fmt.Sprintf("objects %d  items %d  seen %d  triangles %d", st.Objects, st.Items, st.Visible, st.Triangles),
		fmt.Sprintf("batches %d  draws %d  blended %d  lights %d", st.Batches, st.Draws, st.Blended, st.Lights),
		fmt.Sprintf("canvases %d  lines %d  terminals %d  cameras %d", snap.Canvases.Len(), snap.Lines.Len(), snap.Grids.Len(), snap.Views.Len()),
		fmt.Sprintf("memory %s  sent %s  %s", size(int64(st.DeviceUsed)), size(int64(st.Uploaded)), p.assets),
		fmt.Sprintf("on the way %d  failed %d  peers %d  listeners %d", f.pending, st.Failed, peers, p.guests),
		p.place,
	}
	if p.recording != "" {
		lines = append(lines, p.recording)
	}
	return append(lines, keysHelp[:]...)
}

// wrap breaks lines that are longer than so many characters, between words and, where
// one word is longer, within it.
func wrap(lines []string, most int) (out []string) {
	for _, l := range lines {
		for most > 0 && len(l) > most {
			i := strings.LastIndexByte(l[:most+1], ' ')
			if i <= 0 {
				i = most
			}
			out = append(out, l[:i])
			l = strings.TrimLeft(l[i:], " ")
		}
		out = append(out, l)
	}
	return out
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
