package model

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/go-gl/mathgl/mgl32"
)

// mtlDecoder reads the materials of an OBJ file: the MTL specification of Alias,
// and the fields for physically based rendering that Exocortex added (Pr, Pm, Ke,
// norm and their maps). A classic exponent Ns becomes a roughness (Walter et al.,
// 2007: alpha = sqrt(2 / (Ns + 2)), and roughness is its root).
type mtlDecoder struct {
	obj      *objDecoder
	m        *Model
	files    [][]byte // by picture: the file, nil if it was composed
	index    map[string]int
	textures map[mtlTexture]int
	pictures map[string]int
}

// mtlTexture is a texture that is there once: two of one picture may differ.
type mtlTexture struct {
	picture int
	clamp   bool
}

// mtlMap is a map_ statement.
type mtlMap struct {
	file          string
	offset, scale mgl32.Vec2
	clamp         bool
	bump          float32
}

// mtlMaterial is a material as its statements say it.
type mtlMaterial struct {
	Material
	exponent                                  float32 // Ns, negative is none
	pbr                                       bool
	emissive                                  bool
	base, alpha, rough, metal, glow, bump, nm *mtlMap
}

func (t *mtlDecoder) read() error {
	for _, name := range t.obj.libraries {
		data, err := t.fetch(name)
		if err != nil {
			return err
		}
		if err := t.library(name, data); err != nil {
			return err
		}
	}
	return nil
}

func (t *mtlDecoder) fetch(name string) ([]byte, error) {
	b, err := fetch(t.obj.ctx, objURI(name), t.obj.open)
	if err != nil {
		return nil, err
	}
	if t.obj.bytes -= int64(len(b)); t.obj.bytes < 0 {
		return nil, &LimitError{"bytes in all files together", t.obj.l.Bytes}
	}
	return b, nil
}

func (t *mtlDecoder) library(name string, data []byte) error {
	line := 0
	bad := func(err error) error {
		where := name
		if line > 0 {
			where += ", line " + strconv.Itoa(line)
		}
		return &FormatError{Format: "MTL", Where: where, Err: err}
	}
	text, err := objText(data)
	if err != nil {
		return bad(err)
	}
	var all []*mtlMaterial
	err = objLines(text, &line, func(b []byte) error {
		word, rest := objWord(b)
		if string(word) == "newmtl" {
			if len(t.m.Materials)+len(all) >= t.obj.l.Items {
				return &LimitError{"materials", int64(t.obj.l.Items)}
			}
			m := &mtlMaterial{Material: DefaultMaterial(), exponent: -1}
			m.Name, m.Metallic = string(bytes.TrimSpace(rest)), 0
			all = append(all, m)
			return nil
		}
		if len(word) == 0 || len(all) == 0 {
			return nil
		}
		return all[len(all)-1].statement(strings.ToLower(string(word)), rest)
	})
	if err != nil {
		return bad(err)
	}
	line = 0
	used := map[string]bool{}
	for _, n := range t.obj.materials {
		used[n] = true
	}
	for _, m := range all {
		if _, ok := t.index[m.Name]; ok || !used[m.Name] {
			continue
		}
		if err := t.finish(m); err != nil {
			return bad(fmt.Errorf("material %q: %w", m.Name, err))
		}
		t.index[m.Name] = len(t.m.Materials)
		t.m.Materials = append(t.m.Materials, m.Material)
	}
	return nil
}

func (m *mtlMaterial) statement(word string, rest []byte) error {
	maps := map[string]**mtlMap{
		"map_kd": &m.base, "map_d": &m.alpha, "map_pr": &m.rough, "map_pm": &m.metal, "map_ke": &m.glow,
		"map_bump": &m.bump, "bump": &m.bump, "norm": &m.nm, "map_kn": &m.nm,
	}
	if to, ok := maps[word]; ok {
		var err error
		*to, err = parseMap(rest)
		m.pbr = m.pbr || word == "map_pr" || word == "map_pm"
		return err
	}
	switch word {
	case "kd", "ke", "d", "tr", "ns", "pr", "pm":
	default:
		return nil
	}
	if w, _ := objWord(rest); string(w) == "spectral" || string(w) == "xyz" {
		return nil // colours by other means are not read
	}
	var f [3]float32
	if word == "d" {
		if w, after := objWord(rest); string(w) == "-halo" {
			rest = after
		}
	}
	n, err := objFloats(rest, f[:])
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("%s has no number; export the file again", word)
	}
	if n == 1 { // one number is a grey
		f[1], f[2] = f[0], f[0]
	}
	switch word {
	case "kd":
		m.BaseColor[0], m.BaseColor[1], m.BaseColor[2] = f[0], f[1], f[2]
	case "ke":
		m.Emissive, m.emissive = f, true
	case "d":
		m.BaseColor[3] = min(max(f[0], 0), 1)
	case "tr":
		m.BaseColor[3] = 1 - min(max(f[0], 0), 1)
	case "ns":
		m.exponent = max(f[0], 0)
	case "pr":
		m.Roughness, m.pbr = min(max(f[0], 0), 1), true
	case "pm":
		m.Metallic, m.pbr = min(max(f[0], 0), 1), true
	}
	return nil
}

// maxMapValue keeps sums and products of the options of a map finite.
const maxMapValue = 1e9

// parseMap reads the options of a map and then the name of its file, which may
// have spaces in it.
func parseMap(rest []byte) (*mtlMap, error) {
	m := &mtlMap{scale: mgl32.Vec2{1, 1}, bump: 1}
	// Options and how many words follow them at most; -o, -s and -t end earlier where
	// a word is no number.
	options := map[string]int{
		"-blendu": 1, "-blendv": 1, "-cc": 1, "-clamp": 1, "-texres": 1, "-imfchan": 1, "-type": 1,
		"-bm": 1, "-boost": 1, "-mm": 2, "-o": 3, "-s": 3, "-t": 3,
	}
	for {
		word, after := objWord(rest)
		name := strings.ToLower(string(word))
		count, ok := options[name]
		if !ok {
			break
		}
		var f [3]float32
		n := 0
		for rest = after; n < count; n++ {
			word, after := objWord(rest)
			v, number := parseFloat(word)
			if !number && count > 1 {
				break
			}
			if name == "-clamp" {
				m.clamp = strings.EqualFold(string(word), "on")
			}
			if v > maxMapValue || v < -maxMapValue {
				return nil, fmt.Errorf("the option %s has a value beyond %g; export the file again", name, float64(maxMapValue))
			}
			f[n], rest = v, after
		}
		switch {
		case n == 0:
			return nil, fmt.Errorf("the option %s has no value; export the file again", name)
		case name == "-o":
			m.offset = mgl32.Vec2{f[0], f[1]}
		case name == "-s":
			m.scale = mgl32.Vec2{f[0], f[1]}
			if n == 1 {
				m.scale[1] = 1
			}
		case name == "-bm":
			m.bump = f[0]
		}
	}
	m.file = string(bytes.TrimSpace(rest))
	if m.file == "" {
		return nil, errors.New("a map names no file; export the file again")
	}
	return m, nil
}

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
