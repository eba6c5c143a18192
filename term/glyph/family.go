package glyph

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"hearth/fixtures/fonts"
	"hearth/term/msdf"
)

// FamilyOptions say what a family is made of.
type FamilyOptions struct {
	// Regular is the usual face, whose sizes are those of the cells. nil: mononoki. Where
	// one of the others is nil, it is made of those that are there: bolder, or leaning.
	Regular, Bold, Italic, BoldItalic *Face
	// Fallback are asked in this order for what the family lacks; behind them the fonts
	// that this program brings.
	Fallback []*Face
	// NoSystem asks no fonts of the machine, which are last, so that pictures are the
	// same everywhere.
	NoSystem bool
}

// Family is faces that make pictures together. Any goroutine may use it.
type Family struct {
	styles   [4]styled
	fallback []*Face
	bold     map[*Face]*Face // of fallbacks that have one
	metrics  Metrics
	system   *system
	grid     cell
}

// styled is a face, and what is done to its outlines to have the style that was asked for.
type styled struct {
	face         *Face
	bolder, lean bool
}

// bundled are the faces that the program brings, which all families share.
var bundled = sync.OnceValues(func() (faces [6]*Face, err error) {
	var data [6][]byte
	data[0], data[1], data[2], data[3] = fonts.Mononoki()
	data[4], data[5] = fonts.DejaVuSansMono()
	for i, d := range data {
		f, err := Parse(d)
		if err != nil {
			return faces, err
		}
		faces[i] = f[0]
		faces[i].brought = true
	}
	return faces, nil
})

// Default is the family of the fonts that the program brings.
func Default() (*Family, error) {
	if _, err := bundled(); err != nil {
		return nil, err
	}
	return NewFamily(FamilyOptions{}), nil
}

// NewFamily makes a family. The faces may be shared.
func NewFamily(o FamilyOptions) *Family {
	b, err := bundled()
	if err != nil {
		panic(err) // they are part of the program, and tests read them
	}
	f := &Family{fallback: append([]*Face(nil), o.Fallback...), bold: map[*Face]*Face{b[4]: b[5]}}
	if o.Regular == nil {
		o.Regular, o.Bold, o.Italic, o.BoldItalic = b[0], b[1], b[2], b[3]
	} else {
		f.fallback = append(f.fallback, b[0])
		f.bold[b[0]] = b[1]
	}
	f.fallback = append(f.fallback, b[4])
	f.styles[0] = styled{face: o.Regular}
	f.styles[Bold] = choose(styled{o.Bold, false, false}, styled{o.Regular, true, false})
	f.styles[Italic] = choose(styled{o.Italic, false, false}, styled{o.Regular, false, true})
	f.styles[Bold|Italic] = choose(styled{o.BoldItalic, false, false}, styled{o.Italic, true, false}, styled{o.Bold, false, true}, styled{o.Regular, true, true})
	f.metrics = o.Regular.metrics
	if !o.NoSystem {
		f.system = newSystem()
	}
	f.grid = newCell(&f.metrics)
	return f
}

func choose(from ...styled) styled {
	for _, s := range from {
		if s.face != nil {
			return s
		}
	}
	return styled{}
}

// Metrics are the sizes of the usual face.
func (f *Family) Metrics() Metrics { return f.metrics }

// Cell is the size of a cell, and how far its baseline is below its top, in ems.
func (f *Family) Cell() (width, height, baseline float64) {
	return f.grid.w, f.grid.top - f.grid.bottom, f.grid.top
}

// Picture makes the picture of a character or a cluster, UTF-8, that spans columns cells.
// It may take milliseconds, and longer where a font of the machine is looked for.
func (f *Family) Picture(text string, s Style, columns int) Picture {
	s &= Bold | Italic
	columns = min(max(columns, 1), MaxColumns)
	runes := readable(text)
	if len(runes) == 0 {
		return Picture{}
	}
	if base := withoutSelectors(runes); len(base) == 1 {
		if shape, ok := f.grid.wide(columns).rule(base[0]); ok {
			return Picture{Outline: shape, Fills: true, Box: f.grid.box(columns)}
		}
		if unicode.IsSpace(base[0]) || ignorable(base[0]) || base[0] == 0x2800 {
			return Picture{}
		}
	}
	colored := wantsColor(runes, columns)
	if colored {
		for _, c := range f.colorFaces(runes[0]) {
			if p, ok := f.colorPicture(c, runes, columns); ok {
				return p
			}
		}
	}
	empty := false // some face has it, and draws nothing
	for _, c := range f.candidates(s) {
		if p, ok := f.outlinePicture(c, runes, columns); ok && !p.Blank() {
			return p
		} else if ok {
			empty = true
		}
	}
	if f.system != nil {
		if face := f.system.find(runes[0], false); face != nil {
			if p, ok := f.outlinePicture(f.synthetic(face, s), runes, columns); ok && !p.Blank() {
				return p
			} else if ok {
				empty = true
			}
			if p, ok := f.colorPicture(face, runes, columns); ok {
				return p
			}
		}
	}
	if !colored {
		for _, c := range f.colorFaces(runes[0]) {
			if p, ok := f.colorPicture(c, runes, columns); ok {
				return p
			}
		}
	}
	if empty {
		return Picture{}
	}
	// Nobody has all of it: what is left without what stands above and below.
	if bare := withoutMarks(runes); len(bare) > 0 && len(bare) < len(runes) {
		return f.Picture(string(bare), s, columns)
	}
	return Picture{Outline: f.grid.wide(columns).lastResort(runes[0])}
}

// readable decodes a cluster, without what cannot be seen in it.
func readable(text string) []rune {
	var runes []rune
	for len(text) > 0 && len(runes) < MaxText {
		r, n := utf8.DecodeRuneInString(text)
		text = text[n:]
		if !unicode.IsControl(r) {
			runes = append(runes, r)
		}
	}
	return runes
}

const (
	textSelector  = 0xFE0E
	emojiSelector = 0xFE0F
	joiner        = 0x200D
)

// ignorable reports whether a character has no picture, but changes those of others.
func ignorable(r rune) bool {
	return r >= 0x200B && r <= 0x200F || r >= 0x2060 && r <= 0x2064 || r == 0xFEFF || r == 0x00AD || r == 0x034F ||
		r >= 0xFE00 && r <= 0xFE0F || r >= 0xE0000 && r <= 0xE0FFF
}

func withoutSelectors(runes []rune) []rune {
	n := len(runes)
	for n > 1 && (runes[n-1] == textSelector || runes[n-1] == emojiSelector) {
		n--
	}
	return runes[:n]
}

// withoutMarks is the first character of a cluster and what else stands for itself.
func withoutMarks(runes []rune) (bare []rune) {
	for i, r := range runes {
		if i > 0 && (unicode.Is(unicode.M, r) || ignorable(r) || r >= 0x1F3FB && r <= 0x1F3FF) {
			continue
		}
		if i > 0 && runes[i-1] == joiner {
			continue // what a sequence of emoji joins to the first
		}
		bare = append(bare, r)
	}
	return bare
}

// wantsColor reports whether a cluster is an emoji by itself: Unicode's characters with
// Emoji_Presentation are those wide ones of these blocks.
func wantsColor(runes []rune, columns int) bool {
	base := runes[0]
	for _, r := range runes[1:] {
		switch r {
		case textSelector:
			return false
		case emojiSelector:
			return true
		}
	}
	return columns >= 2 && (base >= 0x2190 && base <= 0x2BFF || base >= 0x1F000 && base <= 0x1FAFF)
}

// candidates are the faces for a style, the family's own first.
func (f *Family) candidates(s Style) []styled {
	all := make([]styled, 0, 2+len(f.fallback))
	all = append(all, f.styles[s])
	if s != 0 {
		all = append(all, f.synthetic(f.styles[0].face, s))
	}
	for _, face := range f.fallback {
		if !face.colored {
			all = append(all, f.synthetic(face, s))
		}
	}
	return all
}

// synthetic makes a style of a face that has no others.
func (f *Family) synthetic(face *Face, s Style) styled {
	if bold := f.bold[face]; s&Bold != 0 && bold != nil {
		return styled{face: bold, lean: s&Italic != 0}
	}
	return styled{face, s&Bold != 0, s&Italic != 0}
}

func (f *Family) colorFaces(r rune) (faces []*Face) {
	for _, face := range f.fallback {
		if face.colored {
			faces = append(faces, face)
		}
	}
	if f.system != nil {
		if face := f.system.find(r, true); face != nil {
			faces = append(faces, face)
		}
	}
	return faces
}

// shapes tries a face on a cluster. A character that a face lacks may be there in parts.
func shapes(face *Face, runes []rune) (run, bool) {
	if !face.Has(runes[0]) {
		if d := []rune(norm.NFD.String(string(runes[:1]))); len(d) < 2 || !face.Has(d[0]) {
			return run{}, false
		}
	}
	r, err := face.shape(runes)
	return r, err == nil && !r.missing && len(r.glyphs) > 0
}

// bolder is how far an outline grows on each side, in ems, where there is no bold face:
// about half of what mononoki's bold has more.
const bolder = 0.018

func (f *Family) outlinePicture(c styled, runes []rune, columns int) (Picture, bool) {
	r, ok := shapes(c.face, runes)
	if !ok {
		return Picture{}, false
	}
	s, err := c.face.outline(r)
	if err != nil {
		return Picture{}, false
	}
	if len(s.Contours) == 0 && c.face.colored {
		return Picture{}, false
	}
	if c.bolder {
		embolden(&s, bolder)
	}
	if c.lean {
		lean(&s)
	}
	f.fit(&s, r.advance, columns)
	if s.Check() != nil {
		return Picture{}, false
	}
	return Picture{Outline: s}, true
}

// How far an outline may stick out of its cells, in cells: what a reader of grids looks
// for, less the border of a tile.
const overX, overY = 0.2, 0.1

// fit puts an outline of some advance into the middle of its cells: made smaller if it is
// too wide, and if it sticks out.
func (f *Family) fit(s *msdf.Shape, advance float64, columns int) {
	if len(s.Contours) == 0 {
		return
	}
	width := float64(columns) * f.grid.w
	scale, left := 1.0, 0.0
	if advance > width*1.001 {
		scale = width / advance
	}
	low, high := s.Bounds()
	if advance <= 0 { // a mark that stands alone
		left, advance = low.X, high.X-low.X
		scale = min(1, width/max(advance, 1e-6))
	}
	height := f.grid.top - f.grid.bottom
	if over := high.Y * scale; over > f.grid.top+overY*height {
		scale *= (f.grid.top + overY*height) / over
	}
	if under := low.Y * scale; under < f.grid.bottom-overY*height {
		scale *= (f.grid.bottom - overY*height) / under
	}
	shift := (width - advance*scale) / 2
	if wide := (high.X - low.X) * scale; wide > width+2*overX*f.grid.w {
		scale *= (width + 2*overX*f.grid.w) / wide
		shift = (width - (high.X+low.X-2*left)*scale) / 2
	}
	// Moved inwards if it sticks out on one side alone.
	if x := (low.X-left)*scale + shift; x < -overX*f.grid.w {
		shift += -overX*f.grid.w - x
	}
	if x := (high.X-left)*scale + shift; x > width+overX*f.grid.w {
		shift -= x - (width + overX*f.grid.w)
	}
	if scale == 1 && left == 0 && shift == 0 {
		return
	}
	transform(s, func(p msdf.Point) msdf.Point { return msdf.Point{X: (p.X-left)*scale + shift, Y: p.Y * scale} })
}
