package msdf

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

var (
	update = flag.Bool("update", false, "write golden files anew")
	sheets = flag.String("sheets", "", "a folder to write pictures of fields and fonts to")
)

// quality are the errors of coverage of a font drawn from its fields.
type quality struct {
	// mean is over the pixels at edges: those partly covered, and those that are wrong.
	mean, worst float64
	of          rune
}

func qualityOf(gs []glyph, fields []picture, em float64) quality {
	var q quality
	n := 0
	for i, gl := range gs {
		lo, hi := gl.shape.Bounds()
		x0, y0 := int(math.Floor(lo.X*em))-1, int(math.Floor(lo.Y*em))-1
		w, h := int(math.Ceil(hi.X*em))+1-x0, int(math.Ceil(hi.Y*em))+1-y0
		want := polygonOf(&gl.shape).fill(em, x0, y0, w, h)
		got := fields[i].render(em, x0, y0, w, h)
		for k := range want {
			d := math.Abs(want[k] - got[k])
			if d > 1.0/255 || want[k] > 0 && want[k] < 1 {
				q.mean += d
				n++
			}
			if d > q.worst {
				q.worst, q.of = d, gl.r
			}
		}
	}
	q.mean /= float64(n)
	return q
}

// A font drawn from fields as a shader does it is as it should be. The golden file is
// the table of what is measured.
func TestDrawnFromFieldsFontsLookRight(t *testing.T) {
	var table bytes.Buffer
	sizes := []float64{12, 16, 24, 32, 48, 96, 200}
	if !long() && !*update {
		sizes = []float64{16, 24, 48}
	}
	fmt.Fprintf(&table, "Errors of coverage at edges, the printable ASCII of fonts drawn from fields of 48 texels an em, range 6.\n\n")
	fmt.Fprintf(&table, "%-18s %6s  %6s  %6s  %s\n", "font", "pixels", "mean", "worst", "of")
	for i, f := range fontFiles {
		gs := loadGlyphs(t, i)
		var g Generator
		var fields []picture
		for k := range gs {
			pix, w, h, p := draw(&g, &gs[k].shape, 48, 6)
			fields = append(fields, picture{pix, w, h, p})
		}
		if *sheets != "" {
			writeSheet(t, filepath.Join(*sheets, f.name+".png"), gs, fields)
		}
		for _, em := range sizes {
			q := qualityOf(gs, fields, em)
			fmt.Fprintf(&table, "%-18s %6.0f  %6.4f  %6.3f  %c\n", f.name, em, q.mean, q.worst, q.of)
			if em >= 24 && em <= 48 && q.mean > 0.035 {
				t.Errorf("%s at %.0f pixels: a mean error of %.4f", f.name, em, q.mean)
			}
			if em <= 48 && q.worst > 0.5 {
				t.Errorf("%s at %.0f pixels: %q has a pixel wrong by %.3f", f.name, em, q.of, q.worst)
			}
		}
	}
	golden(t, "testdata/quality.txt", table.Bytes())
}

// golden compares a table with one that was looked at, line by line: each must stand there.

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(want, []byte("\n"))
	for l := range bytes.SplitSeq(got, []byte("\n")) {
		if slices.ContainsFunc(lines, func(k []byte) bool { return bytes.Equal(k, l) }) {
			continue
		}
		t.Fatalf("%s is not what it was; look at it and run with -update\ngot:\n%s\nwant:\n%s", path, got, want)
	}
}

// A is the covered area of each texel.
func TestAlphaIsCoverage(t *testing.T) {
	for i, f := range fontFiles {
		t.Run(f.name, func(t *testing.T) {
			var g Generator
			for _, gl := range someGlyphs(t, i) {
				pix, w, h, p := draw(&g, &gl.shape, 48, 6)
				x0, y0 := int(math.Round(p.Origin.X*48)), int(math.Round(p.Origin.Y*48))
				want := polygonOf(&gl.shape).fill(48, x0, y0, w, h)
				for y := range h {
					for x := range w {
						got := float64(pix[4*((h-1-y)*w+x)+3]) / 255
						// The judge cuts a texel in 32 lines.
						if d := math.Abs(got - want[y*w+x]); d > 0.02 {
							t.Fatalf("%q at %d, %d: %.3f, want %.3f", gl.r, x, y, got, want[y*w+x])
						}
					}
				}
			}
		})
	}
}

// Budgets are for hostile outlines; glyphs do not come near them.
func TestGlyphsNeedAHundredthOfTheBudgets(t *testing.T) {
	for i, f := range fontFiles {
		var g Generator
		for _, gl := range loadGlyphs(t, i) {
			draw(&g, &gl.shape, 48, 6)
			for name, spent := range map[string]float64{
				"comparisons":  float64(g.outline.compared) / maxCompared,
				"meetings":     float64(g.outline.meetings) / maxMeetings,
				"cuts":         float64(len(g.outline.cuts)) / maxCuts,
				"windings":     float64(g.outline.crossed) / maxCrossed,
				"measures":     float64(g.field.reached) / maxReached,
				"examinations": float64(g.mender.judged) / maxJudged,
			} {
				if spent > 0.01 {
					t.Errorf("%s, %q: %.4f of the budget of %s", f.name, gl.r, spent, name)
				}
			}
		}
	}
}
