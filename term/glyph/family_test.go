package glyph

import (
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hearth/fixtures/fonts"
	"hearth/term/msdf"
)

func plain() *Family { return NewFamily(FamilyOptions{NoSystem: true}) }

// ink is the area of an outline in ems, by a raster.
func ink(s *msdf.Shape) float64 {
	low, high := s.Bounds()
	const scale = 100
	w, h := int((high.X-low.X)*scale)+3, int((high.Y-low.Y)*scale)+3
	var g msdf.Generator
	pix := make([]byte, 4*w*h)
	g.Draw(pix, 4*w, w, h, s, msdf.Params{Scale: scale, Origin: msdf.Point{X: low.X - 0.01, Y: low.Y - 0.01}, Range: 6})
	sum := 0
	for i := 3; i < len(pix); i += 4 {
		sum += int(pix[i])
	}
	return float64(sum) / 255 / scale / scale
}

func TestCell(t *testing.T) {
	f, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	w, h, base := f.Cell()
	if w != 575.0/1024 || math.Abs(h-1228.0/1024) > 1e-9 || base != 978.0/1024 {
		t.Errorf("a cell is %v by %v, %v", w, h, base)
	}
}

// Text in four styles, with faces of their own and without; accents, scripts, and what
// no font has. The pictures were looked at.
func TestText(t *testing.T) {
	line := each("Hearth 0123 gjpqy @#& fi =>")[0]
	styles := []Style{0, Bold, Italic, Bold | Italic}
	rows := [][]string{line, line, line, line}
	golden(t, "styles", sheet(plain(), 24, rows, styles))
	golden(t, "synthetic", sheet(NewFamily(FamilyOptions{Regular: mustParse(t, regular()), NoSystem: true}), 24, rows, styles))
	golden(t, "clusters", sheet(plain(), 36, [][]string{
		{"e\u0301", "q\u0323\u0308", "ñ", "Ǽ", "ﷺ", "ب", "ש", "∑", "→", "☺", "\u0301", "①", "ﬃ"},
		{"中", "한", "\U0001F600", "\U0010FFFF", "\ue123", "\u0378", "\U00012345"},
	}, nil))
}

// A style that a family has no face for is made of one that it has.
func TestSynthetic(t *testing.T) {
	f := NewFamily(FamilyOptions{Regular: mustParse(t, regular()), NoSystem: true})
	have := plain()
	for _, text := range []string{"l", "g", "o", "@", "8", "é"} {
		usual, bold, italic := f.Picture(text, 0, 1), f.Picture(text, Bold, 1), f.Picture(text, Italic, 1)
		a, b, c := ink(&usual.Outline), ink(&bold.Outline), ink(&italic.Outline)
		real := have.Picture(text, Bold, 1)
		if r := ink(&real.Outline); b < 1.15*a || b > 1.3*r {
			t.Errorf("%s has %.4f of ink, bold %.4f, in the bold face %.4f", text, a, b, r)
		}
		if math.Abs(c-a) > 0.02*a {
			t.Errorf("%s has %.4f of ink, leaning %.4f", text, a, c)
		}
	}
	usual, italic := f.Picture("|", 0, 1), f.Picture("|", Italic, 1)
	_, high := usual.Outline.Bounds()
	if _, leaning := italic.Outline.Bounds(); leaning.X < high.X+0.1 {
		t.Errorf("the top of a bar is at %v, leaning at %v", high, leaning)
	}
}

// A square grows by as much on each side, whichever way it is drawn, and its hole shrinks.
func TestEmbolden(t *testing.T) {
	for _, clockwise := range []bool{false, true} {
		d := &drawing{}
		d.rect(0, 0, 1, 1)
		d.hole(0.25, 0.25, 0.75, 0.75)
		if clockwise {
			transform(&d.shape, func(p msdf.Point) msdf.Point { return msdf.Point{X: 1 - p.X, Y: p.Y} })
		}
		embolden(&d.shape, 0.1)
		low, high := d.shape.Bounds()
		inner := msdf.Shape{Contours: d.shape.Contours[1:]}
		a, b := inner.Bounds()
		for _, c := range [][2]float64{{low.X, -0.1}, {low.Y, -0.1}, {high.X, 1.1}, {high.Y, 1.1}, {a.X, 0.35}, {a.Y, 0.35}, {b.X, 0.65}, {b.Y, 0.65}} {
			if math.Abs(c[0]-c[1]) > 1e-9 {
				t.Errorf("clockwise %v: an edge at %v, want %v", clockwise, c[0], c[1])
			}
		}
	}
}

// Whatever the text, there is a picture that fits, and one of nothing only for what is
// not seen.
func TestPictures(t *testing.T) {
	f := plain()
	for _, c := range []struct {
		text    string
		columns int
		blank   bool
	}{
		{"g", 1, false}, {"", 1, true}, {" ", 1, true}, {"\u3000", 2, true}, {"\u200d", 1, true}, {"\x00\x1b", 1, true}, {"\u2800", 1, true},
		{"\xff\xfe", 1, false}, {"中", 2, false}, {"中", 1, false}, {"e" + strings.Repeat("\u0301", 1000), 1, false},
		{strings.Repeat("W", 500), 1, false}, {"\U0010ffff", 1, false}, {"g", -5, false}, {"g", 1 << 30, false},
		{"\ufdfd", 1, false}, {"\u0f3f", 1, false}, {"x\U000e0061", 1, false}, {"☺\ufe0f", 2, false},
	} {
		for s := range Style(8) {
			p := f.Picture(c.text, s, c.columns)
			if p.Blank() != c.blank {
				t.Errorf("%q: blank is %v", c.text, p.Blank())
			}
			inCell(t, f, &p, c.text, min(max(c.columns, 1), MaxColumns))
		}
	}
}

// What no font has is a box whose ink depends on the number.
func TestLastResort(t *testing.T) {
	f := plain()
	seen := map[string]rune{}
	for _, r := range []rune{0x4E00, 0x4E01, 0x4E08, 0xE001, 0x1F600, 0x1F601, 0x10FFFF, 0xABCD, 0xDEF2} {
		p := f.Picture(string(r), 0, 1)
		var g msdf.Generator
		pix := make([]byte, 4*40*80)
		g.Draw(pix, 160, 40, 80, &p.Outline, msdf.Params{Scale: 60, Origin: msdf.Point{X: 0, Y: -0.3}, Range: 4})
		if other, ok := seen[string(pix)]; ok {
			t.Errorf("U+%04X looks like U+%04X", r, other)
		}
		seen[string(pix)] = r
	}
}

// Marks that no font has are left out; the letter stays.
func TestMissingMark(t *testing.T) {
	f := plain()
	bare, marked := f.Picture("g", 0, 1), f.Picture("g\U0001D165", 0, 1)
	if a, b := ink(&bare.Outline), ink(&marked.Outline); a != b {
		t.Errorf("g has %v of ink, with a mark that no font has %v", a, b)
	}
}

// An accent is drawn with its letter, wherever it comes from.
func TestAccents(t *testing.T) {
	f := plain()
	one, two := f.Picture("é", 0, 1), f.Picture("e\u0301", 0, 1)
	if a, b := ink(&one.Outline), ink(&two.Outline); math.Abs(a-b) > 1e-3 {
		t.Errorf("é has %v of ink, of two characters %v", a, b)
	}
	bare := f.Picture("q", 0, 1)
	_, high := bare.Outline.Bounds()
	marked := f.Picture("q\u0308", 0, 1)
	if _, top := marked.Outline.Bounds(); top.Y < high.Y+0.1 {
		t.Errorf("q reaches to %v, with two dots to %v", high.Y, top.Y)
	}
}

// Marks that a font does not place stand with their letter, none on another, whether the
// font has them as wide as letters or without width.
func TestMarks(t *testing.T) {
	b, err := bundled()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text         string
		above, below int // marks
	}{
		{"o\u0302\u0301", 1, 0}, {"q\u0338", 0, 0}, {"z\u0336", 0, 0}, {"b\u0301", 1, 0}, {"w\u0301\u0302\u0303", 2, 0}, {"g\u0323", 0, 1}, {"q\u0323\u0331", 0, 2},
	} {
		face := b[4]
		r, err := face.shape([]rune(c.text))
		if err != nil || r.missing {
			t.Fatalf("%q: %v", c.text, err)
		}
		s, err := face.outline(r)
		if err != nil {
			t.Fatal(err)
		}
		bare, err := face.outline(run{glyphs: r.glyphs[:1], advance: r.advance})
		if err != nil {
			t.Fatal(err)
		}
		low, high := s.Bounds()
		under, over := bare.Bounds()
		if r.advance > face.metrics.Advance+1e-6 || low.X < -0.15 || high.X > face.metrics.Advance+0.15 {
			t.Errorf("%q is %v wide, from %v to %v", c.text, r.advance, low.X, high.X)
		}
		if got := high.Y - over.Y; c.above == 0 && got > 0.25 || got < 0.12*float64(c.above) {
			t.Errorf("%q reaches %v above its letter", c.text, got)
		}
		if got := under.Y - low.Y; c.below == 0 && got > 0.2 || got < 0.08*float64(c.below) {
			t.Errorf("%q reaches %v below its letter", c.text, got)
		}
	}
}

// noto is Debian's fonts-noto-color-emoji.
const noto = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"

// Emoji are pictures in colour that fit into their two cells: single ones, flags, and
// families that are joined.
func TestEmoji(t *testing.T) {
	data, err := os.ReadFile(noto)
	if err != nil {
		t.Fatalf("%v; install it with: apt-get install fonts-noto-color-emoji", err)
	}
	f := NewFamily(FamilyOptions{Fallback: []*Face{mustParse(t, data)}, NoSystem: true})
	w, h, base := f.Cell()
	for _, text := range []string{"😀", "🇩🇪", "👨‍👩‍👧", "👍🏽", "☺\ufe0f", "⌚", "❤\ufe0f"} {
		p := f.Picture(text, 0, 2)
		if p.Image == nil {
			t.Errorf("%s is no picture in colour", text)
			continue
		}
		if b := p.Box; b.Left < -1e-9 || b.Right > 2*w+1e-9 || b.Top > base+1e-9 || b.Bottom < base-h-1e-9 || b.Right-b.Left < w {
			t.Errorf("%s lies at %+v", text, b)
		}
		// Joined ones are as wide as one.
		if r := p.Image.Rect; r.Dx() > 140 {
			t.Errorf("%s is %v", text, r)
		}
	}
	if p := f.Picture("☺\ufe0e", 0, 2); p.Image != nil {
		t.Error("a selector of text is not heeded")
	}
	smile := f.Picture("😀", 0, 2).Image
	if c := smile.NRGBAAt(smile.Rect.Dx()/2, smile.Rect.Dy()/3); c.R < 200 || c.G < 150 || c.B > 120 || c.A != 255 {
		t.Errorf("a face is %v", c)
	}
	if c := smile.NRGBAAt(0, 0); c != (color.NRGBA{}) {
		t.Errorf("beside a face is %v", c)
	}
}

// The machine is asked once for a character, tries few files, and remembers.
func TestSystem(t *testing.T) {
	dir := t.TempDir()
	_, bold := fonts.DejaVuSansMono()
	good, bad := filepath.Join(dir, "good.ttf"), filepath.Join(dir, "bad.ttf")
	if err := os.WriteFile(good, bold, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(bad, []byte("no font at all, no font"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newSystem()
	var asked []question
	s.ask = func(q question) []offer {
		asked = append(asked, q)
		return []offer{{filepath.Join(dir, "missing.ttf"), 0}, {dir, 0}, {bad, 0}, {good, 7}, {good, 0}}
	}
	f := s.find('∑', false)
	if f == nil || f.Name() != "DejaVu Sans Mono" {
		t.Fatalf("found %v", f)
	}
	if s.find('∫', false) != f || s.find('中', false) != nil || s.find('中', false) != nil || s.find('∑', true) != nil {
		t.Error("what was found is not what there is")
	}
	if want := []question{{'∑', false}, {'中', false}, {'∑', true}}; !slices.Equal(asked, want) {
		t.Errorf("asked for %v, want %v", asked, want)
	}
	for r := range rune(2 * maxAsked) {
		s.find(0x20000+r, false)
	}
	if len(asked) > maxAsked || len(s.asked) > maxAsked {
		t.Errorf("asked %d times", len(asked))
	}
}

// What fontconfig says is read as far as it makes sense.
func TestOffers(t *testing.T) {
	got := parseOffers("/a b.ttf\t0\n/c.ttc\t65538\nnonsense\n\t3\n/d.ttf\tx\n/e.ttf\t4\n/cut off\t1")
	if want := []offer{{"/a b.ttf", 0}, {"/c.ttc", 2}, {"/e.ttf", 4}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := parseOffers(strings.Repeat("/x\t0\n", 1000)); len(got) != maxOffered {
		t.Errorf("%d offers", len(got))
	}
}

// FuzzPicture: whatever the text, the picture can be drawn and fits.
func FuzzPicture(f *testing.F) {
	for _, s := range []string{"g", "e\u0301", "中", "👨‍👩‍👧", "\xff", "ب\u0651", "─", "क्षि", "\u0301\u0302"} {
		f.Add(s, uint8(0), 1)
	}
	fam := plain()
	f.Fuzz(func(t *testing.T, text string, s uint8, columns int) {
		p := fam.Picture(text, Style(s), columns)
		if err := p.Outline.Check(); err != nil {
			t.Fatal(err)
		}
		inCell(t, fam, &p, text, min(max(columns, 1), MaxColumns))
	})
}
