package model

import (
	"fmt"
	"math"

	"github.com/go-gl/mathgl/mgl32"
)

// finish makes textures of the maps.
func (t *mtlDecoder) finish(m *mtlMaterial) error {
	if !m.pbr && m.exponent >= 0 {
		m.Roughness = float32(math.Pow(2/(float64(m.exponent)+2), 0.25))
	}
	if m.glow != nil && !m.emissive {
		m.Emissive = mgl32.Vec3{1, 1, 1}
	}
	if m.BaseColor[3] < 1 {
		m.AlphaMode = Blend
	}
	if m.alpha != nil {
		m.AlphaMode = Blend
		if m.base == nil || m.base.file != m.alpha.file {
			if err := t.alpha(m); err != nil {
				return err
			}
			return t.rest(m)
		}
	}
	if err := t.set(&m.BaseColorTexture, m.base); err != nil {
		return err
	}
	return t.rest(m)
}

// alpha joins the map of opacity with that of colour.
func (t *mtlDecoder) alpha(m *mtlMaterial) error {
	use := m.alpha
	key := "alpha\x00" + m.alpha.file
	if m.base != nil {
		use, key = m.base, key+"\x00"+m.base.file
	}
	return t.compose(&m.BaseColorTexture, key, use, []*mtlMap{m.base, m.alpha}, func(o []byte, in [][]byte) {
		copy(o, []byte{255, 255, 255, 255})
		if in[0] != nil {
			copy(o, in[0])
		}
		o[3] = byte((299*int(in[1][0]) + 587*int(in[1][1]) + 114*int(in[1][2])) / 1000)
		if in[1][3] != 255 { // a picture with alpha means that
			o[3] = in[1][3]
		}
	})
}

func (t *mtlDecoder) rest(m *mtlMaterial) error {
	if err := t.set(&m.EmissiveTexture, m.glow); err != nil {
		return err
	}
	if m.rough != nil || m.metal != nil {
		use := m.rough
		if use == nil {
			use = m.metal
		}
		key := "pbr"
		for _, f := range []*mtlMap{m.rough, m.metal} {
			key += "\x00"
			if f != nil {
				key += f.file
			}
		}
		// The map takes the place of the factor.
		if m.rough != nil {
			m.Roughness = 1
		}
		if m.metal != nil {
			m.Metallic = 1
		}
		err := t.compose(&m.MetallicRoughnessTexture, key, use, []*mtlMap{m.rough, m.metal}, func(o []byte, in [][]byte) {
			copy(o, []byte{255, 255, 255, 255})
			if in[0] != nil {
				o[1] = in[0][0]
			}
			if in[1] != nil {
				o[2] = in[1][0]
			}
		})
		if err != nil {
			return err
		}
	}
	if m.nm != nil {
		return t.set(&m.NormalTexture, m.nm)
	}
	if m.bump == nil {
		return nil
	}
	// Specified as heights; but many programs write normals under the same name.
	i, err := t.picture(m.bump.file)
	if err != nil {
		return err
	}
	if !grey(&t.m.Pictures[i]) {
		m.NormalScale = m.bump.bump
		return t.set(&m.NormalTexture, m.bump)
	}
	key := fmt.Sprintf("bump\x00%v\x00%s", m.bump.bump, m.bump.file)
	at, ok := t.pictures[key]
	if !ok {
		if at, err = t.add(key, heightNormals(&t.m.Pictures[i], m.bump.bump), nil); err != nil {
			return err
		}
	}
	t.refer(&m.NormalTexture, at, m.bump)
	return nil
}

func (t *mtlDecoder) set(r *TextureRef, m *mtlMap) error {
	if m == nil {
		return nil
	}
	i, err := t.picture(m.file)
	if err != nil {
		return err
	}
	t.refer(r, i, m)
	return nil
}

func (t *mtlDecoder) refer(r *TextureRef, picture int, m *mtlMap) {
	k := mtlTexture{picture, m.clamp}
	at, ok := t.textures[k]
	if !ok {
		at = len(t.m.Textures)
		t.textures[k] = at
		tex := Texture{Picture: picture, Mipmaps: true}
		if m.clamp {
			tex.Wrap = [2]Wrap{Clamp, Clamp}
		}
		t.m.Textures = append(t.m.Textures, tex)
	}
	// MTL's v grows upwards: v' = s v + o is 1 - (s (1 - v) + o) downwards.
	*r = TextureRef{
		Texture: at, Scale: m.scale,
		Offset: mgl32.Vec2{m.offset[0], 1 - m.scale[1] - m.offset[1]},
	}
}

// picture fetches and decodes a file once.
func (t *mtlDecoder) picture(file string) (int, error) {
	if i, ok := t.pictures[file]; ok {
		return i, nil
	}
	data, err := t.fetch(file)
	if err != nil {
		return 0, err
	}
	p, err := DecodePicture(data, t.obj.l)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", file, err)
	}
	return t.add(file, p, data)
}

func (t *mtlDecoder) add(key string, p *Picture, file []byte) (int, error) {
	if p.Faces != 1 {
		return 0, errCube
	}
	total := p.weight()
	for i := range t.m.Pictures {
		total += t.m.Pictures[i].weight()
	}
	if total > t.obj.l.AllPixels {
		return 0, &LimitError{"pixels in all pictures", int64(t.obj.l.AllPixels)}
	}
	i := len(t.m.Pictures)
	t.pictures[key] = i
	t.m.Pictures = append(t.m.Pictures, *p)
	t.files = append(t.files, file)
	return i, nil
}

// compose makes one picture out of several of RGBA8, at the size of the largest;
// from gets the pixels of each at one place, nil where a map is nil.
func (t *mtlDecoder) compose(r *TextureRef, key string, use *mtlMap, maps []*mtlMap, pixel func(out []byte, from [][]byte)) error {
	at, ok := t.pictures[key]
	if !ok {
		in := make([]*Picture, len(maps))
		w, h := 1, 1
		for i, m := range maps {
			if m == nil {
				continue
			}
			// They are decoded apart from the model's: what is composed takes their place.
			data, err := t.fetch(m.file)
			if err != nil {
				return err
			}
			if in[i], err = DecodePicture(data, t.obj.l); err != nil {
				return fmt.Errorf("%s: %w", m.file, err)
			}
			if in[i].Format != RGBA8 || in[i].Faces != 1 {
				return fmt.Errorf("%s is no picture of 8 bits; convert it", m.file)
			}
			w, h = max(w, in[i].Width), max(h, in[i].Height)
		}
		if err := t.obj.l.checkPicture(w, h, 1); err != nil {
			return err
		}
		out := &Picture{Width: w, Height: h, Faces: 1, Pixels: make([]byte, 4*w*h)}
		from := make([][]byte, len(maps))
		for y := range h {
			for x := range w {
				for i, p := range in {
					if p != nil {
						o := 4 * (y*p.Height/h*p.Width + x*p.Width/w)
						from[i] = p.Pixels[o : o+4]
					}
				}
				o := 4 * (y*w + x)
				pixel(out.Pixels[o:o+4], from)
			}
		}
		var err error
		if at, err = t.add(key, out, nil); err != nil {
			return err
		}
	}
	t.refer(r, at, use)
	return nil
}

// grey reports whether no pixel has a colour.
func grey(p *Picture) bool {
	if p.Format != RGBA8 {
		return false
	}
	for i := 0; i+3 < len(p.Pixels); i += 4 {
		if p.Pixels[i] != p.Pixels[i+1] || p.Pixels[i] != p.Pixels[i+2] {
			return false
		}
	}
	return true
}

// heightNormals makes a normal map of heights by central differences. scale is how
// many pixels high white is, in the picture's own grid.
func heightNormals(p *Picture, scale float32) *Picture {
	out := &Picture{Width: p.Width, Height: p.Height, Faces: 1, Pixels: make([]byte, len(p.Pixels))}
	w, h := p.Width, p.Height
	at := func(x, y int) float32 { return float32(p.Pixels[4*((y+h)%h*w+(x+w)%w)]) / 255 * scale }
	for y := range h {
		for x := range w {
			// Rows go down and the tangent space's y goes up.
			n, _ := direction(mgl32.Vec3{(at(x-1, y) - at(x+1, y)) / 2, (at(x, y+1) - at(x, y-1)) / 2, 1})
			o := out.Pixels[4*(y*w+x):]
			for k := range 3 {
				o[k] = byte((n[k]*0.5+0.5)*255 + 0.5)
			}
			o[3] = 255
		}
	}
	return out
}
