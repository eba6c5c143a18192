package term

import (
	"math"
	"testing"
)

// luminance is the relative luminance of WCAG 2.
func luminance(c uint32) float64 {
	part := func(shift int) float64 {
		x := float64(c>>shift&0xff) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}

// contrast is that of WCAG 2, from 1 to 21.
func contrast(a, b uint32) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// What a program writes in one of the sixteen colours can be read on the background
// that it did not choose, and the default text on the selection.
func TestDefaultPaletteContrast(t *testing.T) {
	p := DefaultPalette()
	paper := p.Dynamic[Background]
	for i, c := range p.Colors[:16] {
		if ratio := contrast(c, paper); i != 0 && ratio < 4.5 {
			t.Errorf("colour %d, %06x, on %06x: %.2f:1", i, c, paper, ratio)
		}
		if i >= 9 && i <= 14 && luminance(c) <= luminance(p.Colors[i-8]) {
			t.Errorf("colour %d, %06x, is not brighter than %06x", i, c, p.Colors[i-8])
		}
	}
	if ratio := contrast(p.Dynamic[SelectionForeground], p.Dynamic[SelectionBackground]); ratio < 4.5 {
		t.Errorf("selected text: %.2f:1", ratio)
	}
	if got := contrast(0xffffff, 0); math.Abs(got-21) > 1e-9 {
		t.Errorf("white on black is %f", got)
	}
}
