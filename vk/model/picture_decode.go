package model

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"
)

// DecodePicture reads a PNG, JPEG, WebP or Radiance HDR picture, or a texture or
// cube texture lump of hearth-rs. HDR gives RGBA16F, all others RGBA8: the lower
// byte of 16 bit channels is rounded away. The size is checked before anything is
// decoded. Errors are a *FormatError, or ErrUnknown.
func DecodePicture(data []byte, limits Limits) (*Picture, error) {
	l := limits.withDefaults()
	format, decode := sniffPicture(data)
	if decode == nil {
		return nil, ErrUnknown
	}
	if int64(len(data)) > l.Bytes {
		return nil, &FormatError{Format: format, Err: &LimitError{"bytes", l.Bytes}}
	}
	p, err := decode(data, l)
	if err != nil {
		return nil, &FormatError{Format: format, Err: err}
	}
	return p, nil
}

func sniffPicture(data []byte) (string, func([]byte, Limits) (*Picture, error)) {
	switch {
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return "PNG", decodePNG
	case bytes.HasPrefix(data, []byte("\xff\xd8")):
		return "JPEG", decodeJPEG
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return "WebP", decodeWebP
	case isHDR(data):
		return "HDR", decodeHDR
	case len(data) > 0 && firstByte(data) == '{':
		return "texture lump", decodeTextureLump
	}
	return "", nil
}

// firstByte returns the first byte that is no space, or 0.
func firstByte(data []byte) byte {
	for _, b := range data {
		if b != ' ' && b != '\n' && b != '\r' && b != '\t' {
			return b
		}
	}
	return 0
}

var errCube = errors.New("a material's texture has one face, and this is a cube; name another picture")

// weight is the pixels that a picture counts as in Limits.AllPixels.
func (p *Picture) weight() int { return p.Width * p.Height * p.Faces * p.Format.Bytes() / 4 }

// checkPicture is asked before memory is taken for a picture.
func (l Limits) checkPicture(w, h, faces int) error {
	switch {
	case w < 1 || h < 1:
		return fmt.Errorf("the picture is %d by %d pixels; it needs at least one", w, h)
	case w > l.Side || h > l.Side:
		return &LimitError{"pixels to a side", int64(l.Side)}
	case int64(w)*int64(h)*int64(faces) > int64(l.Pixels):
		return &LimitError{"pixels", int64(l.Pixels)}
	}
	return nil
}

func decodePNG(data []byte, l Limits) (*Picture, error) {
	return decodeImage(data, l, png.DecodeConfig, png.Decode)
}

func decodeJPEG(data []byte, l Limits) (*Picture, error) {
	return decodeImage(data, l, jpeg.DecodeConfig, jpeg.Decode)
}

func decodeWebP(data []byte, l Limits) (*Picture, error) {
	still, err := firstFrame(data)
	if err != nil {
		return nil, err
	}
	return decodeImage(still, l, webp.DecodeConfig, webp.Decode)
}

// firstFrame returns a WebP file of the first frame if data is an animation, else
// data (WebP Container Specification). An ANMF chunk is 16 bytes and then the
// chunks of a still picture.
func firstFrame(data []byte) ([]byte, error) {
	const animated = 2
	if len(data) < 21 || string(data[12:16]) != "VP8X" || data[20]&animated == 0 {
		return data, nil
	}
	for at := 12; at+8 <= len(data); {
		size := int(binary.LittleEndian.Uint32(data[at+4:]))
		if size > len(data)-at-8 {
			return nil, errShort
		}
		body := data[at+8 : at+8+size]
		if string(data[at:at+4]) != "ANMF" {
			at += 8 + size + size&1
			continue
		}
		if size < 16 {
			return nil, errShort
		}
		out := append([]byte("RIFF\x00\x00\x00\x00WEBP"), body[16:]...)
		if len(body) > 20 && string(body[16:20]) == "ALPH" {
			// A picture with a separate alpha plane needs the header of its size.
			head := append([]byte("VP8X\x0a\x00\x00\x00\x10\x00\x00\x00"), body[6:12]...)
			out = append(append([]byte("RIFF\x00\x00\x00\x00WEBP"), head...), body[16:]...)
		}
		binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
		return out, nil
	}
	return nil, errors.New("the animation has no frame; export the picture again")
}

// decodeImage looks at the size, and then at the pixels.
func decodeImage(data []byte, l Limits, config func(io.Reader) (image.Config, error),
	decode func(io.Reader) (image.Image, error)) (*Picture, error) {
	c, err := config(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if err := l.checkPicture(c.Width, c.Height, 1); err != nil {
		return nil, err
	}
	img, err := decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return FromImage(img), nil
}

// FromImage returns an image as RGBA8, not premultiplied.
func FromImage(img image.Image) *Picture {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	p := &Picture{Width: w, Height: h, Faces: 1, Format: RGBA8}
	switch src := img.(type) {
	case *image.NRGBA:
		p.Pixels = packRows(src.Pix[src.PixOffset(b.Min.X, b.Min.Y):], src.Stride, w, h)
		return p
	case *image.RGBA:
		if src.Opaque() {
			p.Pixels = packRows(src.Pix[src.PixOffset(b.Min.X, b.Min.Y):], src.Stride, w, h)
			return p
		}
	case *image.NYCbCrA:
		opaque := FromImage(&src.YCbCr)
		for y := range h {
			alpha := src.A[src.AOffset(b.Min.X, b.Min.Y+y):]
			for x := range w {
				opaque.Pixels[4*(y*w+x)+3] = alpha[x]
			}
		}
		return opaque
	case *image.YCbCr, *image.Gray, *image.CMYK:
		dst := image.NewRGBA(image.Rect(0, 0, w, h)) // opaque: premultiplied is the same
		draw.Draw(dst, dst.Rect, img, b.Min, draw.Src)
		p.Pixels = dst.Pix
		return p
	}
	p.Pixels = make([]byte, 4*w*h)
	at := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			p.put(at, img.At(x, y))
			at += 4
		}
	}
	return p
}

// put writes one pixel. Channels of 16 bits are rounded, as 65535 is 255 * 257.
func (p *Picture) put(at int, c color.Color) {
	o := p.Pixels[at : at+4]
	switch c := c.(type) {
	case color.NRGBA:
		o[0], o[1], o[2], o[3] = c.R, c.G, c.B, c.A
	case color.NRGBA64:
		o[0], o[1], o[2], o[3] = round8(c.R), round8(c.G), round8(c.B), round8(c.A)
	case color.RGBA64:
		n := color.NRGBA64Model.Convert(c).(color.NRGBA64)
		o[0], o[1], o[2], o[3] = round8(n.R), round8(n.G), round8(n.B), round8(n.A)
	case color.Gray16:
		v := round8(c.Y)
		o[0], o[1], o[2], o[3] = v, v, v, 255
	default:
		n := color.NRGBAModel.Convert(c).(color.NRGBA)
		o[0], o[1], o[2], o[3] = n.R, n.G, n.B, n.A
	}
}

func round8(v uint16) byte { return byte((uint32(v) + 128) / 257) }

// packRows returns h rows of w pixels of four bytes without what pads them.
func packRows(pix []byte, stride, w, h int) []byte {
	if stride == 4*w {
		return pix[: 4*w*h : 4*w*h]
	}
	out := make([]byte, 0, 4*w*h)
	for y := 0; y < h; y++ {
		out = append(out, pix[y*stride:y*stride+4*w]...)
	}
	return out
}
