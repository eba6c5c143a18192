package film

import (
	"errors"
	"fmt"
	"image"
	"io"
)

// Chroma is how colour is sampled.
type Chroma uint8

const (
	// C420 has one sample of colour for 2 by 2 pixels, in their middle (420jpeg).
	C420 Chroma = iota
	// C444 has one for each pixel: for what must stay sharp.
	C444
)

// Matrix is the share of red and blue in brightness.
type Matrix uint8

const (
	// Auto is BT.601 below 720 lines and BT.709 from there on: y4m has no word for
	// the matrix, and this is what players take it for.
	Auto Matrix = iota
	BT601
	BT709
)

// Y4M says how a y4m stream is written.
type Y4M struct {
	// Rate and Per are the pictures in a time: 30 and 1, or 30000 and 1001.
	Rate, Per int
	Chroma    Chroma
	Matrix    Matrix
}

// y4m writes YUV4MPEG2 (as mjpegtools' yuv4mpeg(5) has it): a line that describes the
// stream, and for each picture a line and three planes. Numbers are text; rows of a
// plane follow each other without padding; the top row comes first.
//
//	"YUV4MPEG2 W640 H360 F30:1 Ip A1:1 C420jpeg XYSCSS=420JPEG XCOLORRANGE=LIMITED\n"
//	"FRAME\n" | Y width*height | Cb | Cr     (C420: (width+1)/2 * (height+1)/2 each)
//
// Y is from 16 to 235, Cb and Cr from 16 to 240 around 128 (ITU-R BT.601, BT.709):
//
//	Y  = 16  + 219 (kr R + (1-kr-kb) G + kb B)        R, G, B from 0 to 1, sRGB-encoded
//	Cb = 128 + 112 (B - Y') / (1 - kb)                Y' as Y, from 0 to 1
//	Cr = 128 + 112 (R - Y') / (1 - kr)
//
// Alpha is left out: pictures of a space are opaque.
type y4m struct {
	w      io.Writer
	chroma Chroma
	coeff  [9]int32 // rows Y, Cb, Cr by R, G, B; with fraction bits
	header []byte   // until it is written
	buf    []byte   // a whole picture
}

const fraction = 16 // bits behind the point

// NewY4M records as YUV4MPEG2. Close closes w if it is an io.Closer, perhaps while a
// Write waits for a reader.
func NewY4M(w io.Writer, width, height int, o Y4M) (*Recorder, error) {
	if err := checkSize(width, height); err != nil {
		return nil, err
	}
	if o.Rate < 1 || o.Per < 1 || o.Rate > 1e6 || o.Per > 1e6 {
		return nil, errors.New("a recording has between one picture and a million in a time of one to a million")
	}
	kr, kb := 0.299, 0.114
	if o.Matrix == BT709 || o.Matrix == Auto && height >= 720 {
		kr, kb = 0.2126, 0.0722
	}
	x := &y4m{w: w, chroma: o.Chroma}
	for i, f := range [9]float64{
		219 * kr, 219 * (1 - kr - kb), 219 * kb,
		-112 * kr / (1 - kb), -112 * (1 - kr - kb) / (1 - kb), 112,
		112, -112 * (1 - kr - kb) / (1 - kr), -112 * kb / (1 - kr),
	} {
		f = f / 255 * (1 << fraction)
		if f < 0 {
			f--
		}
		x.coeff[i] = int32(f + 0.5)
	}
	space, planes := "420jpeg XYSCSS=420JPEG", 2*((width+1)/2)*((height+1)/2)
	if o.Chroma == C444 {
		space, planes = "444", 2*width*height
	}
	x.header = fmt.Appendf(nil, "YUV4MPEG2 W%d H%d F%d:%d Ip A1:1 C%s XCOLORRANGE=LIMITED\n", width, height, o.Rate, o.Per, space)
	x.buf = append(make([]byte, 0, 6+width*height+planes), "FRAME\n"...)
	c, _ := w.(io.Closer)
	return record(x, c, width, height, room(width, height)), nil
}

func (x *y4m) write(img *image.NRGBA) error {
	if x.header != nil {
		if _, err := x.w.Write(x.header); err != nil {
			return err
		}
		x.header = nil
	}
	x.buf = x.planes(x.buf[:6], img)
	_, err := x.w.Write(x.buf)
	return err
}

// planes appends Y, Cb and Cr.
func (x *y4m) planes(buf []byte, img *image.NRGBA) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	k := &x.coeff
	const half = 1 << (fraction - 1)
	for y := range h {
		row := img.Pix[y*img.Stride:][:4*w]
		for ; len(row) >= 4; row = row[4:] {
			r, g, b := int32(row[0]), int32(row[1]), int32(row[2])
			buf = append(buf, byte(16+(k[0]*r+k[1]*g+k[2]*b+half)>>fraction))
		}
	}
	if x.chroma == C444 {
		for c := 3; c < 9; c += 3 {
			kr, kg, kb := k[c], k[c+1], k[c+2]
			for y := range h {
				row := img.Pix[y*img.Stride:][:4*w]
				for ; len(row) >= 4; row = row[4:] {
					buf = append(buf, byte(128+(kr*int32(row[0])+kg*int32(row[1])+kb*int32(row[2])+half)>>fraction))
				}
			}
		}
		return buf
	}
	// Colour is linear in R, G and B: the mean of four pixels has the mean of their
	// colours, so the means come first. An edge pixel of an odd size stands for two.
	for c := 3; c < 9; c += 3 {
		kr, kg, kb := int64(k[c]), int64(k[c+1]), int64(k[c+2])
		for y := 0; y < h; y += 2 {
			upper := img.Pix[y*img.Stride:]
			lower := img.Pix[min(y+1, h-1)*img.Stride:]
			for i := 0; i < w; i += 2 {
				a, b := 4*i, 4*min(i+1, w-1)
				var s [3]int64
				for ch := range s {
					s[ch] = int64(upper[a+ch]) + int64(upper[b+ch]) + int64(lower[a+ch]) + int64(lower[b+ch])
				}
				v := (kr*s[0] + kg*s[1] + kb*s[2] + 4*half) >> (fraction + 2)
				buf = append(buf, byte(128+v))
			}
		}
	}
	return buf
}
