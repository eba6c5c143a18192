package glyph

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"runtime"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hearth/fixtures/fonts"
	"hearth/lumps"
	"hearth/store/asset"
)

func regular() []byte {
	r, _, _, _ := fonts.Mononoki()
	return slices.Clone(r)
}

// find finds a table of a font: where it is, and how long.
func find(t testing.TB, data []byte, tag string) (at, size int) {
	t.Helper()
	for i := range int(binary.BigEndian.Uint16(data[4:])) {
		if e := data[12+16*i:]; string(e[:4]) == tag {
			return int(binary.BigEndian.Uint32(e[8:])), int(binary.BigEndian.Uint32(e[12:]))
		}
	}
	t.Fatalf("no table %s", tag)
	return 0, 0
}

func TestParse(t *testing.T) {
	faces, err := Parse(regular())
	if err != nil || len(faces) != 1 {
		t.Fatal(faces, err)
	}
	f := faces[0]
	want := Metrics{Ascent: 978.0 / 1024, Descent: 250.0 / 1024, Advance: 575.0 / 1024, UnderlinePosition: -77.0 / 1024, UnderlineThickness: 51.0 / 1024, StrikePosition: 300.0 / 1024}
	if f.Metrics() != want || f.Name() != "mononoki" || f.Colored() || !f.Has('g') || f.Has('中') {
		t.Errorf("%q %+v", f.Name(), f.Metrics())
	}
}

// Each kind of nonsense is refused with its reason.
func TestParseRefuses(t *testing.T) {
	cut := func(n int) []byte { return regular()[:n] }
	collection := func(n uint32) []byte {
		b := append([]byte("ttcf\x00\x01\x00\x00"), make([]byte, 64)...)
		binary.BigEndian.PutUint32(b[8:], n)
		return b
	}
	vast := regular()
	binary.BigEndian.PutUint32(vast[12+12:], 0xFFFFFFF0) // the size of the first table
	overlapping := regular()
	for i := range int(binary.BigEndian.Uint16(overlapping[4:])) {
		binary.BigEndian.PutUint32(overlapping[12+16*i+8:], 0)
		binary.BigEndian.PutUint32(overlapping[12+16*i+12:], uint32(len(overlapping)))
	}
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"nothing":             {nil, ErrFormat},
		"text":                {[]byte("this is not a font at all"), ErrFormat},
		"compressed":          {append([]byte("wOFF"), regular()...), ErrFormat},
		"a head alone":        {cut(12), ErrBroken},
		"half":                {cut(30000), ErrBroken},
		"a collection of 0":   {collection(0), ErrBroken},
		"a million faces":     {collection(1 << 20), ErrBroken},
		"faces that are none": {collection(2), ErrBroken},
		"a table of 4 GiB":    {vast, ErrBroken},
		"tables that overlap": {overlapping, ErrBroken},
		"large":               {make([]byte, MaxFile+1), ErrTooLarge},
	} {
		faces, err := Parse(c.data)
		var font *FontError
		if !errors.Is(err, c.want) || !errors.As(err, &font) || faces != nil {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// A glyph that is composed of itself many times over is refused before it is drawn, and
// one that is composed of honest parts is not.
func TestComposed(t *testing.T) {
	// Ten glyphs, each of thirty times the next: 30^9 of the last.
	const glyphs, times = 10, 30
	var glyf, loca []byte
	for g := range glyphs {
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
		if g == glyphs-1 {
			glyf = append(glyf, make([]byte, 12)...) // of no contours
			continue
		}
		glyf = append(glyf, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0)
		for i := range times {
			flags := uint16(moreComponents)
			if i == times-1 {
				flags = 0
			}
			glyf = binary.BigEndian.AppendUint16(glyf, flags)
			glyf = binary.BigEndian.AppendUint16(glyf, uint16(g+1))
			glyf = append(glyf, 0, 0)
		}
	}
	loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
	w := &work{glyf: glyf, loca: loca, long: true}
	for gid, want := range []bool{true, true, true, true, true, true, true, true, false, false} {
		if got := w.costly(uint32(gid)); got != want {
			t.Errorf("glyph %d: costly %v, want %v", gid, got, want)
		}
	}
	for _, gid := range []uint32{10, 1 << 31} {
		if w.costly(gid) {
			t.Errorf("glyph %d, which is not there, is costly", gid)
		}
	}
	f := mustParse(t, regular())
	for gid := range uint32(2000) {
		if f.work.costly(gid) {
			t.Errorf("glyph %d of mononoki is costly", gid)
		}
	}
}

func mustParse(t testing.TB, data []byte) *Face {
	t.Helper()
	faces, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return faces[0]
}

// index is an INDEX of CFF with offsets of four bytes.
func index(entries ...[]byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(len(entries)))
	if len(entries) == 0 {
		return b
	}
	b = append(b, 4)
	at := uint32(1)
	for i := 0; ; i++ {
		b = binary.BigEndian.AppendUint32(b, at)
		if i == len(entries) {
			break
		}
		at += uint32(len(entries[i]))
	}
	for _, e := range entries {
		b = append(b, e...)
	}
	return b
}

// Subroutines that call each other by the hundred are refused before they are run.
func TestCharstrings(t *testing.T) {
	call := func(n, times int) (program []byte) {
		for range times {
			program = append(program, byte(n-107+139), 29) // callgsubr, biased by 107
		}
		return append(program, 11)
	}
	var subrs [][]byte
	for i := range 8 {
		subrs = append(subrs, call(i+1, 200))
	}
	subrs = append(subrs, []byte{139, 139, 21, 11}) // 0 0 rmoveto return
	glyphs := [][]byte{
		append(call(0, 1)[:2], 14),            // all of it
		append(call(7, 1)[:2], 14),            // 200 of the last
		{139, 140, 1, 139, 140, 19, 0x80, 14}, // hstem, hintmask with an implied vstem, endchar
		{29},                                  // a call of nothing
		{255, 1},                              // a number that is cut off
	}
	charset := index(glyphs...)
	head := []byte{1, 0, 4, 4}
	name := index([]byte("x"))
	strings, global := index(), index(subrs...)
	topDict := func(at int) []byte { return append(binary.BigEndian.AppendUint32([]byte{29}, uint32(at)), 17) }
	size := len(head) + len(name) + len(index(topDict(0))) + len(strings) + len(global)
	data := slices.Concat(head, name, index(topDict(size)), strings, global, charset)
	c, err := readCharstrings(data)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for gid, want := range []bool{true, false, false, false, false} {
		if got := c.costly(uint32(gid)); got != want {
			t.Errorf("glyph %d: costly %v, want %v", gid, got, want)
		}
	}
	if d := time.Since(began); d > 10*time.Second {
		t.Errorf("to find that out took %v", d)
	}
	for n := range data { // cut anywhere, it is refused or read, and never worse
		if c, err := readCharstrings(data[:n]); err == nil {
			c.costly(0)
		}
	}
}

// A face whose reader fails is not used again, and says so.
func TestFails(t *testing.T) {
	f := mustParse(t, regular())
	err := f.use(func() { panic("as a damaged table makes it") })
	var font *FontError
	if !errors.As(err, &font) || !errors.Is(err, ErrBroken) || f.Has('g') {
		t.Errorf("%v, and it has g: %v", err, f.Has('g'))
	}
	if _, err := f.shape([]rune("g")); !errors.Is(err, ErrBroken) {
		t.Errorf("shaped: %v", err)
	}
	fam := NewFamily(FamilyOptions{Regular: f, NoSystem: true})
	if p := fam.Picture("g", 0, 1); p.Blank() {
		t.Error("others do not step in for a broken face")
	}
}

// A font that has no characters, or no outlines, is a face whose cells have usual sizes,
// for which others step in; one that has neither glyphs nor characters is refused.
func TestEmptyFonts(t *testing.T) {
	nothing := words(nil, 0, 1, 3, 1, 0, 12, 6, 10, 0, 0, 0)
	for name, set := range map[string]map[string][]byte{
		"no characters": {"cmap": nothing},
		"no outlines":   {"glyf": nil, "loca": nil},
		"no layout":     {"GSUB": nil, "GPOS": nil, "GDEF": nil, "post": nil, "name": nil, "OS/2": nil, "hhea": nil, "hmtx": nil},
	} {
		f := mustParse(t, with(regular(), set))
		if m := f.Metrics(); !(m.Advance > 0.1 && m.Ascent > 0.1 && m.Descent > 0 && m.UnderlineThickness > 0) {
			t.Errorf("%s: a cell is %+v", name, m)
		}
		fam := NewFamily(FamilyOptions{Regular: f, NoSystem: true})
		for _, text := range []string{"g", "é", "q\u0323", "─"} {
			p := fam.Picture(text, Bold, 1)
			if p.Blank() {
				t.Errorf("%s: %q is blank", name, text)
			}
			inCell(t, fam, &p, text, 1)
		}
	}
	if _, err := Parse(with(regular(), map[string][]byte{"cmap": nil, "maxp": nil})); !errors.Is(err, ErrBroken) {
		t.Errorf("a font of nothing: %v", err)
	}
}

// A face whose reader does not end costs one goroutine until it ends, and keeps nobody
// waiting; when too many do not end, no face is asked but those of the program.
func TestHangs(t *testing.T) {
	defer goleak.VerifyNone(t)
	end := make(chan struct{})
	var hung []*Face
	for range maxLost {
		f := mustParse(t, regular())
		f.wait = 10 * time.Millisecond
		hung = append(hung, f)
		began := make(chan struct{})
		errs := make(chan error, 4)
		go func() { errs <- f.use(func() { close(began); <-end }) }()
		<-began
		for range cap(errs) - 1 { // while it hangs, these wait for their turn
			go func() { _, err := f.shape([]rune("g")); errs <- err }()
		}
		for range cap(errs) {
			if err := <-errs; !errors.Is(err, ErrCostly) {
				t.Errorf("who waited got %v", err)
			}
		}
	}
	honest := mustParse(t, regular())
	if _, err := honest.shape([]rune("g")); !errors.Is(err, ErrBroken) {
		t.Errorf("with %d calls that do not end another is begun: %v", maxLost, err)
	}
	if p := NewFamily(FamilyOptions{Regular: honest, NoSystem: true}).Picture("g", 0, 1); p.Blank() {
		t.Error("the faces of the program do not step in")
	}
	close(end)
	for lost.Load() != 0 {
		runtime.Gosched()
	}
	if _, err := honest.shape([]rune("g")); err != nil {
		t.Errorf("when all ended: %v", err)
	}
	if hung[0].Has('g') {
		t.Error("a face that hung is asked again")
	}
}

// source is lumps by their CIDs.
type source map[lumps.CID][]byte

type content struct{ *bytes.Reader }

func (s source) Open(_ context.Context, c lumps.CID) (asset.Content, error) {
	return content{bytes.NewReader(s[c])}, nil
}

// A font is an asset: loaded once, by the CID of its lump; what is none is refused.
func TestAsset(t *testing.T) {
	good, bad := lumps.Sum(lumps.Raw, []byte("good")), lumps.Sum(lumps.Raw, []byte("bad"))
	c := asset.New(source{good: regular(), bad: []byte("no font, but some text")}, asset.Options{})
	defer c.Close()
	Register(c)
	ref, err := asset.Load[*Font](t.Context(), c, good)
	if err != nil {
		t.Fatal(err)
	}
	defer ref.Release()
	if f := ref.Value(); len(f.Faces) != 1 || f.Faces[0].Name() != "mononoki" {
		t.Errorf("%+v", f)
	}
	if _, err := asset.Load[*Font](t.Context(), c, bad); !errors.Is(err, ErrFormat) {
		t.Errorf("text is a font: %v", err)
	}
}

// FuzzParse: whatever the bytes, faces make pictures or are refused.
func FuzzParse(f *testing.F) {
	good := regular()
	f.Add(good)
	f.Add(good[:5000])
	book, _ := fonts.DejaVuSansMono()
	f.Add(book[:20000])
	for _, tag := range []string{"glyf", "cmap", "GSUB", "GPOS", "hmtx", "loca"} {
		b := regular()
		at, size := find(f, b, tag)
		for i := at; i < at+size; i += 7 {
			b[i] ^= 0x55
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		faces, err := Parse(data)
		if err != nil {
			var font *FontError
			if !errors.As(err, &font) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		if len(faces) > MaxFaces {
			t.Fatal(len(faces), "faces")
		}
		fam := NewFamily(FamilyOptions{Regular: faces[0], NoSystem: true})
		for _, text := range []string{"g", "é", "q\u0323\u0308", "=>", "中"} {
			p := fam.Picture(text, Bold|Italic, 1)
			if err := p.Outline.Check(); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			inCell(t, fam, &p, text, 1)
		}
	})
}

// inCell checks that a picture is there, and sticks out of its cells by little.
func inCell(t testing.TB, f *Family, p *Picture, text string, columns int) {
	t.Helper()
	if p.Fills || p.Image != nil {
		return
	}
	w, h, base := f.Cell()
	low, high := p.Outline.Bounds()
	if low.X < -(overX+0.01)*w || high.X > (float64(columns)+overX+0.01)*w || low.Y < base-h-(overY+0.01)*h || high.Y > base+(overY+0.01)*h {
		t.Fatalf("%q lies at %v %v in cells of %v by %v, %v", text, low, high, w, h, base)
	}
}
