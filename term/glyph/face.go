package glyph

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/harfbuzz"
)

// Limits of a font's file.
const (
	// MaxFile, in bytes, has room for the largest fonts that there are, those with all
	// the characters of China.
	MaxFile = 128 << 20
	// MaxFaces bounds the faces of a collection; the largest in use have 36.
	MaxFaces = 64
)

// patience is how long a face may work on one cluster before it is given up: a thousand
// times what any honest one needs.
const patience = 2 * time.Second

// maxLost bounds the calls that were given up and have not ended: nothing can end a
// goroutine from outside, and each takes a processor. Then only the faces that the
// program brings are asked, until some of those calls end.
const maxLost = 4

// lost is how many such calls there are.
var lost atomic.Int32

// What is wrong with a font.
var (
	ErrFormat   = errors.New("it is neither TrueType nor OpenType; convert it")
	ErrTooLarge = errors.New("it is larger than any font; take another file")
	ErrBroken   = errors.New("its tables are damaged; get it from its source again")
	ErrCostly   = errors.New("it takes more work than any honest one; do not use it")
)

// FontError says why the bytes of a font, or one of its glyphs, are of no use.
type FontError struct {
	Face int   // which of the collection; 0 in files of one
	Err  error // one of the above
	Why  string
}

func (e *FontError) Error() string {
	if e.Why != "" {
		return fmt.Sprintf("font (face %d): %v (%s)", e.Face, e.Err, e.Why)
	}
	return fmt.Sprintf("font (face %d): %v", e.Face, e.Err)
}

func (e *FontError) Unwrap() error { return e.Err }

// Face is one face of a font. Any goroutine may use it; they take turns.
type Face struct {
	name    string
	em      float64 // units
	metrics Metrics
	colored bool
	font    *font.Font
	work    *work
	size    int64
	brought bool // with the program, so nobody made it to cost
	wait    time.Duration

	dead atomic.Bool   // it panicked or did not end, and is not used again
	gone chan struct{} // closed when it did not end, for those who wait for their turn
	turn chan struct{} // holds one while somebody uses what follows
	face *font.Face
	hb   *harfbuzz.Font
	buf  *harfbuzz.Buffer
}

// Parse reads a TrueType or OpenType font, or a collection of such. The faces keep data,
// which must not be written any more.
func Parse(data []byte) ([]*Face, error) { return parse(data, -1) }

// parse reads one face of a font, or all for -1.
func parse(data []byte, only int) (faces []*Face, err error) {
	at := 0
	defer func() {
		if p := recover(); p != nil {
			faces, err = nil, &FontError{Face: at, Err: ErrBroken, Why: fmt.Sprint(p)}
		}
	}()
	if len(data) > MaxFile {
		return nil, &FontError{Err: ErrTooLarge}
	}
	fonts, err := readTables(data)
	if err != nil {
		return nil, &FontError{Err: err}
	}
	loaders, err := opentype.NewLoaders(mask(data, fonts, only < 0))
	if err != nil {
		return nil, &FontError{Err: ErrBroken, Why: err.Error()}
	}
	if only >= len(loaders) {
		return nil, &FontError{Face: only, Err: ErrFormat, Why: "the collection has no such face"}
	}
	s := &scale{left: maxWeight + weightPerByte*len(data)}
	for i, l := range loaders {
		if only >= 0 && i != only {
			continue
		}
		at = i
		if !s.weigh(data, fonts[i]) {
			return nil, &FontError{Face: i, Err: ErrCostly}
		}
		f, err := load(l)
		if err != nil {
			return nil, &FontError{Face: i, Err: ErrBroken, Why: err.Error()}
		}
		f.size = int64(len(data))
		faces = append(faces, f)
	}
	return faces, nil
}

// readTables reads what a font begins with, and looks that its tables lie in it, and are
// not more together than it is, since whoever reads them makes room for as much as they
// say.
//
//	collection: +---------+-------------+-----------+--------------+
//	            | "ttcf"  | version u32 | fonts u32 | offsets u32  |
//	            +---------+-------------+-----------+--------------+
//	font:       +-------------+------------+---------+   table: +---------+---------+------------+----------+
//	            | version u32 | tables u16 | 6 bytes |          | tag u32 | sum u32 | offset u32 | size u32 |
//	            +-------------+------------+---------+          +---------+---------+------------+----------+
func readTables(data []byte) (fonts []map[string]table, err error) {
	if len(data) < 12 {
		return nil, ErrFormat
	}
	if binary.BigEndian.Uint32(data) != 0x74746366 { // "ttcf"
		tables, err := readFont(data, 0)
		return []map[string]table{tables}, err
	}
	n := binary.BigEndian.Uint32(data[8:])
	if n == 0 || n > MaxFaces || len(data) < 12+4*int(n) {
		return nil, ErrBroken
	}
	for i := range int(n) {
		tables, err := readFont(data, int64(binary.BigEndian.Uint32(data[12+4*i:])))
		if err != nil {
			return nil, ErrBroken
		}
		fonts = append(fonts, tables)
	}
	return fonts, nil
}

func readFont(data []byte, at int64) (map[string]table, error) {
	if at+12 > int64(len(data)) {
		return nil, ErrBroken
	}
	switch binary.BigEndian.Uint32(data[at:]) {
	case 0x00010000, 0x74727565, 0x4F54544F: // 1.0, "true", "OTTO"
	default:
		return nil, ErrFormat
	}
	n := int64(binary.BigEndian.Uint16(data[at+4:]))
	if at+12+16*n > int64(len(data)) {
		return nil, ErrBroken
	}
	tables, sum := map[string]table{}, int64(0)
	for i := range n {
		entry := at + 12 + 16*i
		e := data[entry:]
		t := table{entry, int64(binary.BigEndian.Uint32(e[8:])), int64(binary.BigEndian.Uint32(e[12:]))}
		if sum += t.size; t.at+t.size > int64(len(data)) || sum > int64(len(data)) {
			return nil, ErrBroken
		}
		tag := string(e[:4])
		if _, twice := tables[tag]; twice {
			return nil, ErrBroken
		}
		tables[tag] = t
	}
	return tables, nil
}

func load(l *opentype.Loader) (*Face, error) {
	w, err := newWork(l) // first, since it counts what is read after it
	if err != nil {
		return nil, err
	}
	f, err := font.NewFont(l)
	if err != nil {
		return nil, err
	}
	face := font.NewFace(f)
	em := float64(f.Upem()) // 16 to 16384, or a usual one in the place of nonsense
	x := &Face{
		em: em, font: f, face: face, work: w, hb: harfbuzz.NewFont(face), buf: harfbuzz.NewBuffer(),
		wait: patience, gone: make(chan struct{}), turn: make(chan struct{}, 1),
		colored: f.COLR != nil || len(f.BitmapSizes()) > 0,
		name:    f.Describe().Family,
	}
	// Bitmaps are chosen by this size: the largest strike there is.
	face.SetPpem(strikeSize, strikeSize)
	x.metrics = measure(face, em)
	return x, nil
}

// strikeSize, in pixels an em, is that of the usual emoji.
const strikeSize = 128

// measure reads the sizes of a face, and puts those that make no sense in their place.
func measure(f *font.Face, em float64) Metrics {
	size := func(v, low, high, usual float64) float64 {
		if v /= em; !(v >= low && v <= high) { // NaN, too
			return usual
		}
		return v
	}
	var m Metrics
	e, _ := f.FontHExtents()
	m.Ascent = size(float64(e.Ascender), 0.3, 2, 0.9)
	m.Descent = size(-float64(e.Descender), 0.02, 1, 0.25)
	m.LineGap = size(float64(e.LineGap), 0, 1, 0)
	advance := 0.0
	if g, ok := f.NominalGlyph('M'); ok {
		advance = float64(f.HorizontalAdvance(g))
	}
	m.Advance = size(advance, 0.2, 2, 0.6)
	m.UnderlinePosition = size(float64(f.LineMetric(font.UnderlinePosition)), -0.5, 0.1, -0.1)
	m.UnderlineThickness = size(float64(f.LineMetric(font.UnderlineThickness)), 0.01, 0.25, 0.05)
	m.StrikePosition = size(float64(f.LineMetric(font.StrikethroughPosition)), 0.05, 1, 0.3)
	return m
}

// Name is the family's name that the font gives itself.
func (f *Face) Name() string { return f.name }

// Metrics are the sizes of the face.
func (f *Face) Metrics() Metrics { return f.metrics }

// Colored reports whether the face has pictures in colour.
func (f *Face) Colored() bool { return f.colored }

// Has reports whether the face has a glyph for a character.
func (f *Face) Has(r rune) bool {
	if f.dead.Load() {
		return false
	}
	ok := false
	err := f.guarded(func() { _, ok = f.font.NominalGlyph(r) })
	return err == nil && ok
}

// guarded calls into the libraries that read fonts, whose panics are errors.
func (f *Face) guarded(call func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			f.dead.Store(true)
			err = &FontError{Err: ErrBroken, Why: fmt.Sprint(p)}
		}
	}()
	call()
	return nil
}

// use calls into the libraries while nobody else uses the face. A call that does not end
// in time is given up, and the face with it: it keeps its turn until the call ends.
func (f *Face) use(call func()) error {
	select {
	case f.turn <- struct{}{}:
	case <-f.gone:
		return &FontError{Err: ErrCostly}
	}
	if f.dead.Load() || lost.Load() >= maxLost && !f.brought {
		<-f.turn
		return &FontError{Err: ErrBroken}
	}
	var state atomic.Int32 // 1: ended, 2: given up; whichever was first
	done := make(chan error, 1)
	go func() {
		err := f.guarded(call)
		if !state.CompareAndSwap(0, 1) {
			lost.Add(-1)
		}
		<-f.turn
		done <- err
	}()
	timer := time.NewTimer(f.wait)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
	}
	lost.Add(1)
	if !state.CompareAndSwap(0, 2) { // it ended just now
		lost.Add(-1)
		return <-done
	}
	f.dead.Store(true)
	close(f.gone)
	return &FontError{Err: ErrCostly}
}

// finite reports whether a coordinate can be worked with.
func finite(v float64) bool { return !math.IsNaN(v) && math.Abs(v) < 1e6 }
