package term

// Color is a colour as the program set it: the default, an index into the palette, or
// RGB. The zero Color is the default.
type Color uint32

const (
	colorKind    Color = 0xff << 24
	colorIndexed Color = 1 << 24
	colorRGB     Color = 2 << 24
)

// DefaultColor is the foreground or background of the palette.
const DefaultColor Color = 0

// Indexed returns the colour i of the palette.
func Indexed(i uint8) Color { return colorIndexed | Color(i) }

// RGB returns the colour of these parts, sRGB.
func RGB(r, g, b uint8) Color { return colorRGB | Color(r)<<16 | Color(g)<<8 | Color(b) }

// Default tells whether c is the default.
func (c Color) Default() bool { return c&colorKind == 0 }

// Index returns the palette's index, false if c is none.
func (c Color) Index() (uint8, bool) { return uint8(c), c&colorKind == colorIndexed }

// RGB returns the parts of c, false if c is not RGB.
func (c Color) RGB() (r, g, b uint8, ok bool) {
	return uint8(c >> 16), uint8(c >> 8), uint8(c), c&colorKind == colorRGB
}

// Dynamic is one of the colours beside the palette's 256, in the order of OSC 10 to 19.
type Dynamic int

const (
	Foreground Dynamic = iota
	Background
	CursorColor
	PointerForeground
	PointerBackground
	TektronixForeground
	TektronixBackground
	SelectionBackground
	TektronixCursor
	SelectionForeground

	dynamics
)

// specials are the colours of OSC 5: bold, underline, blink, reverse, italic.
const specials = 5

// Palette is what colours mean, each as 0xRRGGBB in sRGB.
type Palette struct {
	Colors  [256]uint32
	Dynamic [dynamics]uint32
	Special [specials]uint32
}

// DefaultPalette returns 256 colours on a dark background: xterm's, but for the first
// sixteen, of which its blue is hardly to be read on black (2.2:1 by WCAG 2). Ours are
// points of the OKLCH space (B. Ottosson, "A perceptual color space for image
// processing") near the hues 25, 145, 95, 262, 325 and 205 degrees, of a lightness between
// 0.62 and 0.80, and the bright ones about 0.12 above that; each is at least 4.5:1 on the
// background.
func DefaultPalette() *Palette {
	p := &Palette{}
	copy(p.Colors[:], []uint32{
		0x000000, 0xe9504d, 0x4cc157, 0xdcbc33, 0x4a81eb, 0xcc5ed4, 0x2cc3d2, 0xe1e1e1,
		0x7a7a7a, 0xfc7a73, 0x6fea77, 0xf9e361, 0x84aefa, 0xea91ef, 0x6feaf1, 0xffffff,
	})
	level := func(i int) uint32 {
		if i == 0 {
			return 0
		}
		return uint32(55 + 40*i)
	}
	for i := range 216 {
		p.Colors[16+i] = level(i/36)<<16 | level(i/6%6)<<8 | level(i%6)
	}
	for i := range 24 {
		p.Colors[232+i] = uint32(8+10*i) * 0x010101
	}
	const ink, paper = 0xe5e5e5, 0x000000
	p.Dynamic = [dynamics]uint32{
		ink, paper, ink, ink, paper, ink, paper, 0x3a5f8a, ink, ink,
	}
	for i := range p.Special {
		p.Special[i] = ink
	}
	return p
}

// Resolve returns c as 0xRRGGBB; the default is d.
func (p *Palette) Resolve(c Color, d Dynamic) uint32 {
	switch c & colorKind {
	case colorIndexed:
		return p.Colors[uint8(c)]
	case colorRGB:
		return uint32(c) & 0xffffff
	}
	return p.Dynamic[d]
}

// Dark tells whether the background is darker than the foreground, which is what CSI ?
// 996 n answers.
func (p *Palette) Dark() bool { return luma(p.Dynamic[Background]) <= luma(p.Dynamic[Foreground]) }

// luma is the brightness of an sRGB colour by Rec. 709's weights, in 1/10000.
func luma(c uint32) uint32 { return c>>16&0xff*2126 + c>>8&0xff*7152 + c&0xff*722 }
