package atlas

import "image"

// coverage makes the levels of a distance field: below the first each texel is the mean
// of what the field's picture, w by h in a tile of tw by th, covers in it. What is beyond
// the picture does not count, so a line that goes on there stays as bright at its edge.
func coverage(pixels []byte, tw, th, w, h int) (levels [Levels][]byte) {
	extend(pixels, tw, th, w, h)
	levels[0] = pixels
	for n := 1; n < Levels; n++ {
		step, lw, lh := 1<<n, tw>>n, th>>n
		out := make([]byte, 4*lw*lh)
		for y := range lh {
			for x := range lw {
				sum, count := 0, 0
				for j := y * step; j < min((y+1)*step, h); j++ {
					for i := x * step; i < min((x+1)*step, w); i++ {
						sum += int(pixels[4*(j*tw+i)+3])
						count++
					}
				}
				if count > 0 {
					v := byte((2*sum + count) / (2 * count))
					copy(out[4*(y*lw+x):], []byte{v, v, v, v})
				}
			}
		}
		levels[n] = out
	}
	return levels
}

// extend repeats the last texels of a picture to the right and below, so that a filter
// that looks one further sees the same.
func extend(pixels []byte, tw, th, w, h int) {
	for y := range h {
		row := pixels[4*y*tw : 4*(y+1)*tw]
		for x := w; x < tw; x++ {
			copy(row[4*x:4*x+4], row[4*(w-1):4*w])
		}
	}
	for y := h; y < th; y++ {
		copy(pixels[4*y*tw:4*(y+1)*tw], pixels[4*(h-1)*tw:4*h*tw])
	}
}

// straight divides the alpha out of a picture again.
func straight(m *image.RGBA) []byte {
	out := make([]byte, len(m.Pix))
	for i := 0; i < len(out); i += 4 {
		a := int(m.Pix[i+3])
		if a == 0 {
			continue
		}
		for k := range 3 {
			out[i+k] = byte(min((int(m.Pix[i+k])*255+a/2)/a, 255))
		}
		out[i+3] = byte(a)
	}
	return out
}

// halved is the mean of each two by two texels, alpha multiplied in.
func halved(m *image.RGBA) *image.RGBA {
	w, h := m.Rect.Dx()/2, m.Rect.Dy()/2
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			i := 2*y*m.Stride + 8*x
			for k := range 4 {
				sum := int(m.Pix[i+k]) + int(m.Pix[i+4+k]) + int(m.Pix[i+m.Stride+k]) + int(m.Pix[i+m.Stride+4+k])
				out.Pix[y*out.Stride+4*x+k] = byte((sum + 2) / 4)
			}
		}
	}
	return out
}
