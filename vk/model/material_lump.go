package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"hearth/lumps"

	"github.com/fxamacker/cbor/v2"
	"github.com/go-gl/mathgl/mgl32"
)

// MaterialLump is the material that is a lump of its own, as JSON or as CBOR with
// the same names. Every field may be left out, and then is what glTF 2.0 says.
//
//	{"name":"brass","baseColor":[0.9,0.8,0.4,1],"metallic":1,"roughness":0.3,
//	 "normalScale":1,"occlusionStrength":1,"emissive":[0,0,0],
//	 "alphaMode":"OPAQUE","alphaCutoff":0.5,"doubleSided":false,"unlit":false,
//	 "baseColorTexture":TEXTURE,"metallicRoughnessTexture":TEXTURE,
//	 "normalTexture":TEXTURE,"occlusionTexture":TEXTURE,"emissiveTexture":TEXTURE}
//
// A field that is not known is refused, for it is a slip more often than not.
type MaterialLump struct {
	Name                     string       `json:"name,omitempty"`
	BaseColor                *[4]float32  `json:"baseColor,omitempty"`
	Metallic                 *float32     `json:"metallic,omitempty"`
	Roughness                *float32     `json:"roughness,omitempty"`
	NormalScale              *float32     `json:"normalScale,omitempty"`
	OcclusionStrength        *float32     `json:"occlusionStrength,omitempty"`
	Emissive                 *[3]float32  `json:"emissive,omitempty"`
	AlphaMode                string       `json:"alphaMode,omitempty"` // OPAQUE, MASK or BLEND
	AlphaCutoff              *float32     `json:"alphaCutoff,omitempty"`
	DoubleSided              bool         `json:"doubleSided,omitempty"`
	Unlit                    bool         `json:"unlit,omitempty"`
	BaseColorTexture         *TextureLump `json:"baseColorTexture,omitempty"`
	MetallicRoughnessTexture *TextureLump `json:"metallicRoughnessTexture,omitempty"`
	NormalTexture            *TextureLump `json:"normalTexture,omitempty"`
	OcclusionTexture         *TextureLump `json:"occlusionTexture,omitempty"`
	EmissiveTexture          *TextureLump `json:"emissiveTexture,omitempty"`
}

// TextureLump is a TEXTURE of a MaterialLump.
//
//	{"cid":"bafk...","uv":0,"offset":[0,0],"scale":[1,1],"rotation":0,
//	 "wrap":["repeat","repeat"],"mag":"linear","min":"linear","mipmaps":true}
type TextureLump struct {
	CID      string      `json:"cid"` // the text of a CID: of a picture, or of hearth-rs's texture
	UV       int         `json:"uv,omitempty"`
	Offset   [2]float32  `json:"offset,omitzero"`
	Scale    *[2]float32 `json:"scale,omitempty"`
	Rotation float32     `json:"rotation,omitempty"` // radians
	Wrap     [2]string   `json:"wrap,omitzero"`      // repeat, mirror or clamp, along u and v
	Mag      string      `json:"mag,omitempty"`      // linear or nearest
	Min      string      `json:"min,omitempty"`
	Mipmaps  *bool       `json:"mipmaps,omitempty"`
}

// maxMaterialBytes bounds a material lump: five textures and a name fit many times.
const maxMaterialBytes = 64 << 10

// DecodeMaterial reads a material lump: Hearth's (see MaterialLump) in JSON or
// CBOR, or hearth-rs's {"albedo":LumpId}. Its textures are in Sources; those of
// hearth-rs have a Digest and no CID. Errors are a *FormatError.
func DecodeMaterial(data []byte, limits Limits) (*Material, error) {
	m, err := decodeMaterialLump(data)
	if err != nil {
		return nil, &FormatError{Format: "material lump", Err: err}
	}
	return m, nil
}

var materialCBOR = func() cbor.DecMode {
	m, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField, MaxNestedLevels: 8,
	}.DecMode()
	if err != nil {
		panic(err) // the options are constants
	}
	return m
}()

func decodeMaterialLump(data []byte) (*Material, error) {
	if len(data) > maxMaterialBytes {
		return nil, &LimitError{"bytes", maxMaterialBytes}
	}
	var l MaterialLump
	switch {
	case firstByte(data) == '{' && isAlbedo(data):
		return decodeAlbedo(data)
	case firstByte(data) == '{':
		d := json.NewDecoder(bytes.NewReader(data))
		d.DisallowUnknownFields()
		if err := d.Decode(&l); err != nil {
			return nil, jsonError(err)
		}
	case len(data) > 0 && data[0]>>5 == 5: // a map of CBOR
		if err := materialCBOR.Unmarshal(data, &l); err != nil {
			return nil, fmt.Errorf("%s; encode it again", strings.TrimPrefix(err.Error(), "cbor: "))
		}
	default:
		return nil, errors.New("it is neither an object of JSON nor a map of CBOR; encode it again")
	}
	return l.material()
}

func (l *MaterialLump) material() (*Material, error) {
	m := DefaultMaterial()
	m.Name, m.DoubleSided, m.Unlit = l.Name, l.DoubleSided, l.Unlit
	if l.BaseColor != nil {
		m.BaseColor = *l.BaseColor
	}
	if l.Emissive != nil {
		m.Emissive = *l.Emissive
	}
	for _, f := range []struct {
		from, to *float32
	}{
		{l.Metallic, &m.Metallic}, {l.Roughness, &m.Roughness}, {l.NormalScale, &m.NormalScale},
		{l.OcclusionStrength, &m.OcclusionStrength}, {l.AlphaCutoff, &m.AlphaCutoff},
	} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	for _, f := range []float32{
		m.BaseColor[0], m.BaseColor[1], m.BaseColor[2], m.BaseColor[3], m.Emissive[0], m.Emissive[1], m.Emissive[2],
		m.Metallic, m.Roughness, m.NormalScale, m.OcclusionStrength, m.AlphaCutoff,
	} {
		if f-f != 0 {
			return nil, errors.New("a factor is no finite number; encode it again")
		}
	}
	modes := map[string]AlphaMode{"": Opaque, "OPAQUE": Opaque, "MASK": Mask, "BLEND": Blend}
	mode, ok := modes[l.AlphaMode]
	if !ok {
		return nil, fmt.Errorf("alphaMode is %q; it can be OPAQUE, MASK or BLEND", l.AlphaMode)
	}
	m.AlphaMode = mode
	refs := m.refs()
	for i, t := range []*TextureLump{
		l.BaseColorTexture, l.MetallicRoughnessTexture, l.NormalTexture, l.OcclusionTexture, l.EmissiveTexture,
	} {
		if t == nil {
			continue
		}
		source, err := t.source(refs[i])
		if err != nil {
			return nil, err
		}
		refs[i].Texture = len(m.Sources)
		for k, s := range m.Sources {
			if s == source { // occlusion often is in the picture of roughness
				refs[i].Texture = k
			}
		}
		if refs[i].Texture == len(m.Sources) {
			m.Sources = append(m.Sources, source)
		}
	}
	return &m, nil
}

func (t *TextureLump) source(r *TextureRef) (s Source, err error) {
	if s.CID, err = lumps.Parse(t.CID); err != nil {
		return s, fmt.Errorf("the cid of a texture: %w", err)
	}
	if t.UV < 0 || t.UV > 1 {
		return s, fmt.Errorf("a texture's uv is %d; it can be 0 or 1", t.UV)
	}
	*r = TextureRef{UV: t.UV, Offset: t.Offset, Scale: mgl32.Vec2{1, 1}, Rotation: float32(math.Mod(float64(t.Rotation), 2*math.Pi))}
	if t.Scale != nil {
		r.Scale = *t.Scale
	}
	for _, f := range []float32{r.Offset[0], r.Offset[1], r.Scale[0], r.Scale[1], r.Rotation} {
		if f-f != 0 {
			return s, errors.New("a texture's transform is no finite number; encode it again")
		}
	}
	for i, name := range t.Wrap {
		wrap, ok := map[string]Wrap{"": Repeat, "repeat": Repeat, "mirror": Mirror, "clamp": Clamp}[name]
		if !ok {
			return s, fmt.Errorf("a texture's wrap is %q; it can be repeat, mirror or clamp", name)
		}
		s.Wrap[i] = wrap
	}
	filters := map[string]Filter{"": FilterLinear, "linear": FilterLinear, "nearest": FilterNearest}
	var ok1, ok2 bool
	s.Mag, ok1 = filters[t.Mag]
	s.Min, ok2 = filters[t.Min]
	if !ok1 || !ok2 {
		return s, fmt.Errorf("a texture's mag and min are %q and %q; they can be linear or nearest", t.Mag, t.Min)
	}
	s.Mipmaps = t.Mipmaps == nil || *t.Mipmaps
	return s, nil
}
