package model

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/x448/float16"
)

// maxHDRHeader bounds the text before the pixels of a Radiance picture. Programs
// append a line of history each time that they touch a file.
const maxHDRHeader = 64 << 10

var errShort = errors.New("the file ends early; fetch or export it again")

// isHDR reports whether the bytes begin like a Radiance picture.
func isHDR(b []byte) bool {
	return bytes.HasPrefix(b, []byte("#?RADIANCE")) || bytes.HasPrefix(b, []byte("#?RGBE"))
}

// decodeHDR reads a Radiance picture (Ward, "The RADIANCE picture file format"):
//
//	#?RADIANCE\n  NAME=VALUE\n ...  \n  -Y height +X width\n  scanlines
//
// A pixel is three mantissas and one exponent: v * 2^(e-136). A scanline is flat
// (4 bytes a pixel, where 1 1 1 n repeats the pixel before), or, if it begins with
// 2 2 and its width in two bytes, four planes of runs (n > 128: the next byte
// n-128 times) and dumps (n bytes).
func decodeHDR(data []byte, l Limits) (*Picture, error) {
	w, h, flip, scale, xyz, rest, err := hdrHeader(data)
	if err != nil {
		return nil, err
	}
	if err := l.checkPicture(w, h, 1); err != nil {
		return nil, err
	}
	// Memory follows the rows that are there: a header alone takes none.
	p := &Picture{Width: w, Height: h, Faces: 1, Format: RGBA16F}
	p.Pixels = make([]byte, 0, min(8*w*h, 64*len(rest)))
	line := make([]byte, 4*w)
	var powers [256]float64 // by exponent; 0 is black
	for e := 1; e < len(powers); e++ {
		powers[e] = math.Ldexp(scale, e-136)
	}
	for y := 0; y < h; y++ {
		if rest, err = hdrLine(rest, line, w); err != nil {
			return nil, fmt.Errorf("row %d: %w", y, err)
		}
		p.Pixels = slices.Grow(p.Pixels, 8*w)[:8*w*(y+1)]
		hdrPixels(line, p.Pixels[8*w*y:], &powers, xyz)
	}
	for a, b := 0, h-1; flip && a < b; a, b = a+1, b-1 {
		x, y := p.Pixels[8*w*a:8*w*(a+1)], p.Pixels[8*w*b:8*w*(b+1)]
		for i := range x {
			x[i], y[i] = y[i], x[i]
		}
	}
	return p, nil
}

func hdrHeader(data []byte) (w, h int, flip bool, scale float64, xyz bool, rest []byte, err error) {
	scale = 1
	head, fail := data[:min(len(data), maxHDRHeader)], func(text string) (int, int, bool, float64, bool, []byte, error) {
		return 0, 0, false, 0, false, nil, errors.New(text)
	}
	text := false
	for {
		i := bytes.IndexByte(head, '\n')
		if i < 0 {
			return fail("the header does not end; export the picture again")
		}
		line := strings.TrimRight(string(head[:i]), "\r ")
		head = head[i+1:]
		rest = data[min(len(data), maxHDRHeader)-len(head):]
		if text && line == "" {
			break
		}
		text = true
		switch name, value, _ := strings.Cut(line, "="); name {
		case "FORMAT":
			switch strings.TrimSpace(value) {
			case "32-bit_rle_rgbe":
			case "32-bit_rle_xyze":
				xyz = true
			default:
				return fail("its pixels are neither RGBE nor XYZE; convert the picture")
			}
		case "EXPOSURE":
			// Each program that scaled the pixels says by how much: divide by all.
			if v, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil && v > 1e-12 && v < 1e12 {
				scale /= v
			}
		}
	}
	i := bytes.IndexByte(head, '\n')
	if i < 0 {
		return fail("the size is missing; export the picture again")
	}
	f := strings.Fields(string(head[:i]))
	rest = rest[i+1:]
	if len(f) != 4 || f[2] != "+X" || (f[0] != "-Y" && f[0] != "+Y") {
		return fail("its rows do not run from left to right; convert the picture")
	}
	h, err1 := strconv.Atoi(f[1])
	w, err2 := strconv.Atoi(f[3])
	if err1 != nil || err2 != nil {
		return fail("the size is no number; export the picture again")
	}
	return w, h, f[0] == "+Y", scale, xyz, rest, nil
}

// hdrLine fills line with w pixels of four bytes.
func hdrLine(in, line []byte, w int) ([]byte, error) {
	if len(in) < 4 {
		return nil, errShort
	}
	marked := in[0] == 2 && in[1] == 2 && in[2] < 128
	same := int(in[2])<<8|int(in[3]) == w
	// Rows of fewer than 8 pixels ought to be flat; some programs do not know that.
	if !marked || w > 0x7fff || (w < 8 && !same) {
		return hdrFlat(in, line)
	}
	if !same {
		return nil, errors.New("the row is not as long as the picture is wide; export the picture again")
	}
	in = in[4:]
	for plane := 0; plane < 4; plane++ {
		for x := 0; x < w; {
			if len(in) < 2 {
				return nil, errShort
			}
			n := int(in[0])
			run := n > 128
			if run {
				n -= 128
			}
			if n == 0 || x+n > w {
				return nil, errors.New("a run leaves the row; export the picture again")
			}
			if run {
				for i := 0; i < n; i++ {
					line[4*(x+i)+plane] = in[1]
				}
				in = in[2:]
			} else {
				if len(in) < 1+n {
					return nil, errShort
				}
				for i := 0; i < n; i++ {
					line[4*(x+i)+plane] = in[1+i]
				}
				in = in[1+n:]
			}
			x += n
		}
	}
	return in, nil
}

func hdrFlat(in, line []byte) ([]byte, error) {
	shift := 0
	for x := 0; x < len(line); {
		if len(in) < 4 {
			return nil, errShort
		}
		if in[0] != 1 || in[1] != 1 || in[2] != 1 {
			copy(line[x:x+4], in)
			x, shift, in = x+4, 0, in[4:]
			continue
		}
		// The old way to repeat a pixel; counts that follow each other are digits.
		n := 4 * (int(in[3]) << shift)
		if x == 0 || x+n > len(line) || shift > 24 {
			return nil, errors.New("a run leaves the row; export the picture again")
		}
		for end := x + n; x < end; x += 4 {
			copy(line[x:x+4], line[x-4:x])
		}
		shift, in = shift+8, in[4:]
	}
	return in, nil
}

// maxHalf is the largest finite half: the disc of the sun exceeds it.
const maxHalf = 65504

func half(v float64) uint16 {
	if !(v > -maxHalf) {
		v = -maxHalf
	} else if v > maxHalf {
		v = maxHalf
	}
	return float16.Fromfloat32(float32(v)).Bits()
}

var halfOne = half(1)

func hdrPixels(line, out []byte, powers *[256]float64, xyz bool) {
	for i := 0; i+4 <= len(line); i += 4 {
		f := powers[line[i+3]]
		r, g, b := float64(line[i])*f, float64(line[i+1])*f, float64(line[i+2])*f
		if xyz { // CIE XYZ to linear sRGB, D65 (IEC 61966-2-1)
			r, g, b = max(0, 3.2404542*r-1.5371385*g-0.4985314*b), max(0, -0.9692660*r+1.8760108*g+0.0415560*b),
				max(0, 0.0556434*r-0.2040259*g+1.0572252*b)
		}
		binary.LittleEndian.PutUint64(out[2*i:], uint64(half(r))|uint64(half(g))<<16|uint64(half(b))<<32|uint64(halfOne)<<48)
	}
}
