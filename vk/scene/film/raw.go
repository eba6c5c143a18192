package film

import (
	"image"
	"io"
)

// raw writes pixels and nothing else.
type raw struct{ w io.Writer }

// NewRaw records as raw pixels, picture behind picture: RGBA, 8 bits each, sRGB, not
// premultiplied, the top row first, nothing in between. A reader has to know the size:
//
//	ffmpeg -f rawvideo -pix_fmt rgba -s 640x360 -r 30 -i - ...
//
// Close closes w if it is an io.Closer, perhaps while a Write waits for a reader.
func NewRaw(w io.Writer, width, height int) (*Recorder, error) {
	if err := checkSize(width, height); err != nil {
		return nil, err
	}
	c, _ := w.(io.Closer)
	return record(raw{w}, c, width, height, room(width, height)), nil
}

func (r raw) write(img *image.NRGBA) error {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	if img.Stride == 4*w {
		_, err := r.w.Write(img.Pix[:4*w*h])
		return err
	}
	for y := range h {
		if _, err := r.w.Write(img.Pix[y*img.Stride:][:4*w]); err != nil {
			return err
		}
	}
	return nil
}
