package model

import (
	"encoding/json"
	"math"

	"github.com/go-gl/mathgl/mgl32"
	"github.com/qmuntal/gltf"
)

func (d *gltfDecoder) readMaterials() error {
	for i, g := range d.doc.Materials {
		where := item("materials", i)
		m, err := d.material(g, where)
		if err != nil {
			return err
		}
		for _, f := range []float32{
			m.BaseColor[0], m.BaseColor[1], m.BaseColor[2], m.BaseColor[3], m.Metallic, m.Roughness,
			m.NormalScale, m.OcclusionStrength, m.AlphaCutoff, m.Emissive[0], m.Emissive[1], m.Emissive[2],
		} {
			if f-f != 0 {
				return badGLTF(where, "a factor is no finite number; export the file again")
			}
		}
		d.m.Materials = append(d.m.Materials, m)
	}
	return nil
}

func (d *gltfDecoder) material(g *gltf.Material, where string) (Material, error) {
	m := DefaultMaterial()
	m.Name = g.Name
	m.AlphaMode = [...]AlphaMode{gltf.AlphaOpaque: Opaque, gltf.AlphaMask: Mask, gltf.AlphaBlend: Blend}[g.AlphaMode]
	m.AlphaCutoff = float32(g.AlphaCutoffOrDefault())
	m.DoubleSided = g.DoubleSided
	m.Emissive = mgl32.Vec3{float32(g.EmissiveFactor[0]), float32(g.EmissiveFactor[1]), float32(g.EmissiveFactor[2])}
	var err error
	texture := func(to *TextureRef, index, set int, e gltf.Extensions) {
		if err == nil {
			*to, err = d.textureRef(index, set, e, where)
		}
	}
	if p := g.PBRMetallicRoughness; p != nil {
		c := p.BaseColorFactorOrDefault()
		m.BaseColor = mgl32.Vec4{float32(c[0]), float32(c[1]), float32(c[2]), float32(c[3])}
		m.Metallic, m.Roughness = float32(p.MetallicFactorOrDefault()), float32(p.RoughnessFactorOrDefault())
		if t := p.BaseColorTexture; t != nil {
			texture(&m.BaseColorTexture, t.Index, t.TexCoord, t.Extensions)
		}
		if t := p.MetallicRoughnessTexture; t != nil {
			texture(&m.MetallicRoughnessTexture, t.Index, t.TexCoord, t.Extensions)
		}
	} else if err := d.specular(g, &m, where); err != nil {
		return m, err
	}
	if t := g.NormalTexture; t != nil && t.Index != nil {
		m.NormalScale = float32(t.ScaleOrDefault())
		texture(&m.NormalTexture, *t.Index, t.TexCoord, t.Extensions)
	}
	if t := g.OcclusionTexture; t != nil && t.Index != nil {
		m.OcclusionStrength = float32(t.StrengthOrDefault())
		texture(&m.OcclusionTexture, *t.Index, t.TexCoord, t.Extensions)
	}
	if t := g.EmissiveTexture; t != nil {
		texture(&m.EmissiveTexture, t.Index, t.TexCoord, t.Extensions)
	}
	if err != nil {
		return m, err
	}
	strength := struct {
		V float64 `json:"emissiveStrength"`
	}{1}
	if _, err := extension(g.Extensions, "KHR_materials_emissive_strength", where, &strength); err != nil {
		return m, err
	}
	m.Emissive = m.Emissive.Mul(float32(strength.V))
	m.Unlit, err = extension(g.Extensions, "KHR_materials_unlit", where, &struct{}{})
	return m, err
}

// specular takes what the older specular-glossiness material has in common with
// ours, for files that have nothing else: its diffuse part, without metal.
func (d *gltfDecoder) specular(g *gltf.Material, m *Material, where string) error {
	ext := struct {
		Diffuse    [4]float32        `json:"diffuseFactor"`
		Glossiness float32           `json:"glossinessFactor"`
		Texture    *gltf.TextureInfo `json:"diffuseTexture"`
	}{[4]float32{1, 1, 1, 1}, 1, nil}
	ok, err := extension(g.Extensions, "KHR_materials_pbrSpecularGlossiness", where, &ext)
	if err != nil || !ok {
		return err
	}
	m.BaseColor, m.Metallic, m.Roughness = ext.Diffuse, 0, 1-ext.Glossiness
	if t := ext.Texture; t != nil {
		m.BaseColorTexture, err = d.textureRef(t.Index, t.TexCoord, t.Extensions, where)
	}
	return err
}

func (d *gltfDecoder) textureRef(index, set int, e gltf.Extensions, where string) (TextureRef, error) {
	r := TextureRef{Texture: index, UV: set, Scale: mgl32.Vec2{1, 1}}
	if index < 0 || index >= len(d.doc.Textures) {
		return r, badGLTF(where, "it names texture %d, which is not there; export the file again", index)
	}
	t := struct {
		Offset   [2]float64 `json:"offset"`
		Scale    [2]float64 `json:"scale"`
		Rotation float64    `json:"rotation"`
		TexCoord *int       `json:"texCoord"`
	}{Scale: [2]float64{1, 1}}
	if _, err := extension(e, "KHR_texture_transform", where, &t); err != nil {
		return r, err
	}
	if t.TexCoord != nil {
		r.UV = *t.TexCoord
	}
	r.Offset = mgl32.Vec2{float32(t.Offset[0]), float32(t.Offset[1])}
	r.Scale = mgl32.Vec2{float32(t.Scale[0]), float32(t.Scale[1])}
	r.Rotation = float32(math.Mod(t.Rotation, 2*math.Pi))
	for _, f := range []float32{r.Offset[0], r.Offset[1], r.Scale[0], r.Scale[1], r.Rotation} {
		if f-f != 0 {
			return r, badGLTF(where, "a texture's transform is no finite number; export the file again")
		}
	}
	if r.UV < 0 || r.UV > 1 {
		// Two sets are what meshes here have; a third is rare, and for maps that
		// refine what is there without them.
		r.Texture, r.UV = -1, 0
	}
	return r, nil
}

// readTextures makes the textures that materials use; pictures of others are not
// even fetched.
func (d *gltfDecoder) readTextures() error {
	used := make([]bool, len(d.doc.Textures))
	for i := range d.m.Materials {
		for _, r := range d.m.Materials[i].refs() {
			if r.Texture >= 0 {
				used[r.Texture] = true
			}
		}
	}
	for i, g := range d.doc.Textures {
		where := item("textures", i)
		t := Texture{Picture: -1, Mipmaps: true}
		if g.Sampler != nil {
			if *g.Sampler < 0 || *g.Sampler >= len(d.doc.Samplers) {
				return badGLTF(where, "it names sampler %d, which is not there; export the file again", *g.Sampler)
			}
			t.sampler(d.doc.Samplers[*g.Sampler])
		}
		if used[i] {
			image, err := d.image(g, where)
			if err != nil {
				return err
			}
			if image >= 0 {
				if t.Picture, err = d.picture(image, where); err != nil {
					return err
				}
			}
		}
		d.m.Textures = append(d.m.Textures, t)
	}
	return nil
}

// image returns which image a texture is of, or -1.
func (d *gltfDecoder) image(g *gltf.Texture, where string) (int, error) {
	webp := struct {
		Source int `json:"source"`
	}{-1}
	if _, err := extension(g.Extensions, "EXT_texture_webp", where, &webp); err != nil {
		return 0, err
	}
	if webp.Source >= 0 {
		return webp.Source, nil
	}
	if g.Source == nil {
		return -1, nil
	}
	return *g.Source, nil
}

func (t *Texture) sampler(s *gltf.Sampler) {
	wrap := [...]Wrap{gltf.WrapRepeat: Repeat, gltf.WrapClampToEdge: Clamp, gltf.WrapMirroredRepeat: Mirror}
	t.Wrap = [2]Wrap{wrap[s.WrapS], wrap[s.WrapT]}
	if s.MagFilter == gltf.MagNearest {
		t.Mag = FilterNearest
	}
	switch s.MinFilter {
	case gltf.MinNearest, gltf.MinNearestMipMapNearest, gltf.MinNearestMipMapLinear:
		t.Min = FilterNearest
	}
	switch s.MinFilter {
	case gltf.MinNearest, gltf.MinLinear:
		t.Mipmaps = false
	}
	switch s.MinFilter {
	case gltf.MinNearestMipMapNearest, gltf.MinLinearMipMapNearest:
		t.MipFilter = FilterNearest
	}
}

// picture decodes an image once, and returns its index in Model.Pictures.
func (d *gltfDecoder) picture(i int, from string) (int, error) {
	if i < 0 || i >= len(d.doc.Images) {
		return 0, badGLTF(from, "it names image %d, which is not there; export the file again", i)
	}
	if d.pictures[i] >= 0 {
		return d.pictures[i], nil
	}
	if err := d.ctx.Err(); err != nil {
		return 0, err
	}
	g, where := d.doc.Images[i], item("images", i)
	var data []byte
	var err error
	switch {
	case g.BufferView != nil:
		data, _, err = d.bufferView(*g.BufferView, where)
	case g.URI != "":
		if data, err = d.fetch(g.URI); err != nil {
			err = badGLTF(where, "%w", err)
		}
	default:
		err = badGLTF(where, "it has neither a URI nor a buffer view; export the file again")
	}
	if err != nil {
		return 0, err
	}
	l := d.l
	l.Pixels = min(l.Pixels, max(d.left.AllPixels, 1))
	p, err := DecodePicture(data, l)
	if err != nil {
		return 0, badGLTF(where, "%w", err)
	}
	if p.Faces != 1 {
		return 0, badGLTF(where, "%w", errCube)
	}
	if d.left.AllPixels -= p.weight(); d.left.AllPixels < 0 {
		return 0, badGLTF(where, "%w", &LimitError{"pixels in all pictures", int64(d.l.AllPixels)})
	}
	d.pictures[i] = len(d.m.Pictures)
	d.m.Pictures = append(d.m.Pictures, *p)
	return d.pictures[i], nil
}

func (d *gltfDecoder) readLights() error {
	if len(d.lights) > d.l.Items {
		return badGLTF("KHR_lights_punctual", "%w", &LimitError{"lights", int64(d.l.Items)})
	}
	for i, raw := range d.lights {
		where := item("KHR_lights_punctual.lights", i)
		g := struct {
			Type      string     `json:"type"`
			Color     [3]float32 `json:"color"`
			Intensity float32    `json:"intensity"`
			Range     float32    `json:"range"`
			Spot      struct {
				Inner float32 `json:"innerConeAngle"`
				Outer float32 `json:"outerConeAngle"`
			} `json:"spot"`
		}{Color: [3]float32{1, 1, 1}, Intensity: 1}
		g.Spot.Outer = math.Pi / 4
		if err := json.Unmarshal(raw, &g); err != nil {
			return badGLTF(where, "%w", jsonError(err))
		}
		l := Light{Color: g.Color, Intensity: g.Intensity, Range: g.Range}
		switch g.Type {
		case "directional":
		case "point":
			l.Kind = Point
		case "spot":
			l.Kind = Spot
			l.Outer = min(max(g.Spot.Outer, 0), math.Pi/2)
			l.Inner = min(max(g.Spot.Inner, 0), l.Outer)
		default:
			return badGLTF(where, "%q is no kind of light; export the file again", g.Type)
		}
		if l.Intensity < 0 || l.Range < 0 {
			return badGLTF(where, "it has a negative intensity or range; export the file again")
		}
		d.m.Lights = append(d.m.Lights, l)
	}
	return nil
}
