package res

import (
	"bytes"
	"encoding/binary"
	"testing"

	"hearth/vk/model"
)

// put uploads a picture that no lump holds.
func (b *bench) put(p *model.Picture, colour, mips bool) (*Texture, func()) {
	b.t.Helper()
	e := &entry{r: b.r}
	bl := newBuilder(b.r, e, &model.Model{})
	x, err := bl.texture(p, colour, mips)
	if err != nil {
		b.t.Fatal(err)
	}
	bl.out, bl.single = nil, x
	if err := b.r.enqueue(e, bl, func() {}); err != nil {
		b.t.Fatal(err)
	}
	for e.state == Pending {
		b.frame()
	}
	return x, x.destroy
}

// Cubes reach the device face by face, in both formats, with the levels that
// halving gives.
func TestCubes(t *testing.T) {
	b := onCPU(t, Options{Upload: minUpload})
	for _, f := range []model.Format{model.RGBA8, model.RGBA16F} {
		p := &model.Picture{Width: 256, Height: 256, Faces: 6, Format: f}
		for face := range 6 {
			for i := range 256 * 256 {
				if f == model.RGBA8 {
					p.Pixels = append(p.Pixels, byte(i), byte(i>>8), byte(40*face), 255)
					continue
				}
				for c := range 4 {
					p.Pixels = binary.LittleEndian.AppendUint16(p.Pixels, floatToHalf(float32(face*1000+i%256+c)))
				}
			}
		}
		x, done := b.put(p, false, true)
		if !x.Cube || x.HDR != (f == model.RGBA16F) || x.Image.Levels != 9 || x.Image.Layers != 6 {
			t.Fatalf("%v: %+v", f, x)
		}
		half := halve(p, false)
		for face := range 6 {
			if !bytes.Equal(b.texels(x.Image, 0, uint32(face), f.Bytes()), p.Face(face)) {
				t.Errorf("%v: face %d differs", f, face)
			}
			got := b.texels(x.Image, 1, uint32(face), f.Bytes())
			if f == model.RGBA8 {
				if d := far(got, half.Face(face)); d > 1 {
					t.Errorf("level 1 of face %d differs by %d", face, d)
				}
				continue
			}
			for i := 0; i < len(got); i += 2 {
				g, w := halfToFloat(binary.LittleEndian.Uint16(got[i:])), halfToFloat(binary.LittleEndian.Uint16(half.Face(face)[i:]))
				if g-w > 4 || w-g > 4 { // a half of 5000 has steps of 4
					t.Fatalf("level 1 of face %d: %v, want %v", face, g, w)
				}
			}
		}
		done()
	}
}
