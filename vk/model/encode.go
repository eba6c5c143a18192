package model

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"math"

	"github.com/go-gl/mathgl/mgl32"
	"github.com/qmuntal/gltf"
)

// encodeStatic writes a model without skins, targets and animations as a GLB.
// files are those that the pictures were decoded from; they are kept where glTF
// takes them, else the picture is written as PNG. Tangents are left out: who reads
// the file makes them again.
func encodeStatic(m *Model, files [][]byte) ([]byte, error) {
	e := &glbEncoder{m: m, doc: &gltf.Document{Asset: gltf.Asset{Version: "2.0", Generator: "Hearth"}}}
	if err := e.pictures(files); err != nil {
		return nil, err
	}
	for i := range m.Textures {
		t := &m.Textures[i]
		s := &gltf.Sampler{MinFilter: gltf.MinLinearMipMapLinear, MagFilter: gltf.MagLinear}
		if t.Wrap == [2]Wrap{Clamp, Clamp} {
			s.WrapS, s.WrapT = gltf.WrapClampToEdge, gltf.WrapClampToEdge
		}
		e.doc.Samplers = append(e.doc.Samplers, s)
		e.doc.Textures = append(e.doc.Textures, &gltf.Texture{Sampler: gltf.Index(i), Source: gltf.Index(t.Picture)})
	}
	used := map[string]bool{}
	for i := range m.Materials {
		e.doc.Materials = append(e.doc.Materials, encodeMaterial(&m.Materials[i], used))
	}
	for _, name := range gltfExtensions {
		if used[name] {
			e.doc.ExtensionsUsed = append(e.doc.ExtensionsUsed, name)
		}
	}
	scene := &gltf.Scene{}
	for i := range m.Nodes {
		n := &m.Nodes[i]
		mesh := &gltf.Mesh{Name: n.Name}
		for _, k := range n.Meshes {
			mesh.Primitives = append(mesh.Primitives, e.primitive(&m.Meshes[k]))
		}
		e.doc.Meshes = append(e.doc.Meshes, mesh)
		e.doc.Nodes = append(e.doc.Nodes, &gltf.Node{
			Name: n.Name, Mesh: gltf.Index(i), Matrix: gltf.DefaultMatrix, Rotation: gltf.DefaultRotation, Scale: gltf.DefaultScale,
		})
		scene.Nodes = append(scene.Nodes, i)
	}
	e.doc.Scenes, e.doc.Scene = []*gltf.Scene{scene}, gltf.Index(0)
	e.doc.Buffers = []*gltf.Buffer{{ByteLength: e.body.Len()}}
	text, err := json.Marshal(e.doc)
	if err != nil {
		return nil, err
	}
	return joinGLB(text, e.body.Bytes())
}

type glbEncoder struct {
	m    *Model
	doc  *gltf.Document
	body glbBody
}

func (e *glbEncoder) pictures(files [][]byte) error {
	for i := range e.m.Pictures {
		b := files[i]
		kind := mimeType(b)
		if kind != "image/png" && kind != "image/jpeg" {
			p := &e.m.Pictures[i]
			if p.Format != RGBA8 || p.Faces != 1 {
				return errors.New("a material's picture has more than 8 bits or one face; convert it to PNG")
			}
			var out bytes.Buffer
			img := &image.NRGBA{Pix: p.Pixels, Stride: 4 * p.Width, Rect: image.Rect(0, 0, p.Width, p.Height)}
			if err := png.Encode(&out, img); err != nil {
				return err
			}
			b, kind = out.Bytes(), "image/png"
		}
		e.doc.Images = append(e.doc.Images, &gltf.Image{MimeType: kind, BufferView: gltf.Index(e.view(b, gltf.TargetNone))})
	}
	return nil
}

func (e *glbEncoder) view(b []byte, target gltf.Target) int {
	e.doc.BufferViews = append(e.doc.BufferViews, &gltf.BufferView{ByteOffset: e.body.add(b), ByteLength: len(b), Target: target})
	return len(e.doc.BufferViews) - 1
}

func (e *glbEncoder) accessor(a gltf.Accessor, b []byte, target gltf.Target) int {
	a.BufferView = gltf.Index(e.view(b, target))
	e.doc.Accessors = append(e.doc.Accessors, &a)
	return len(e.doc.Accessors) - 1
}

func (e *glbEncoder) primitive(m *Mesh) *gltf.Primitive {
	p := &gltf.Primitive{Attributes: gltf.PrimitiveAttributes{}}
	p.Mode = [...]gltf.PrimitiveMode{Triangles: gltf.PrimitiveTriangles, Lines: gltf.PrimitiveLines, Points: gltf.PrimitivePoints}[m.Topology]
	if m.Material >= 0 {
		p.Material = gltf.Index(m.Material)
	}
	n := len(m.Positions)
	// What bounds say must be what the numbers are, and the targets here are none.
	p.Attributes[gltf.POSITION] = e.accessor(gltf.Accessor{
		Count: n, Type: gltf.AccessorVec3, Min: wide(m.Min), Max: wide(m.Max),
	}, floatBytes(m.Positions), gltf.TargetArrayBuffer)
	if m.Topology == Triangles {
		p.Attributes[gltf.NORMAL] = e.accessor(gltf.Accessor{Count: n, Type: gltf.AccessorVec3}, floatBytes(m.Normals), gltf.TargetArrayBuffer)
	}
	if m.UV0 != nil {
		p.Attributes[gltf.TEXCOORD_0] = e.accessor(gltf.Accessor{Count: n, Type: gltf.AccessorVec2}, floatBytes(m.UV0), gltf.TargetArrayBuffer)
	}
	if m.Colors != nil {
		b := make([]byte, 0, 4*n)
		for _, c := range m.Colors {
			b = append(b, c[:]...)
		}
		p.Attributes[gltf.COLOR_0] = e.accessor(gltf.Accessor{
			Count: n, Type: gltf.AccessorVec4, ComponentType: gltf.ComponentUbyte, Normalized: true,
		}, b, gltf.TargetArrayBuffer)
	}
	a := gltf.Accessor{Count: len(m.Indices), Type: gltf.AccessorScalar, ComponentType: gltf.ComponentUshort}
	var b []byte
	if n > 0xffff { // 0xffff itself means something else to a GPU
		a.ComponentType = gltf.ComponentUint
		for _, v := range m.Indices {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
	} else {
		for _, v := range m.Indices {
			b = binary.LittleEndian.AppendUint16(b, uint16(v))
		}
	}
	p.Indices = gltf.Index(e.accessor(a, b, gltf.TargetElementArrayBuffer))
	return p
}

func wide(v mgl32.Vec3) []float64 { return []float64{float64(v[0]), float64(v[1]), float64(v[2])} }

func floatBytes[V mgl32.Vec2 | mgl32.Vec3](s []V) []byte {
	var b []byte
	for _, v := range s {
		switch v := any(v).(type) {
		case mgl32.Vec2:
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v[0]))
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v[1]))
		case mgl32.Vec3:
			for _, f := range v {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
			}
		}
	}
	return b
}

func encodeMaterial(m *Material, used map[string]bool) *gltf.Material {
	unit := func(f float32) float64 { return float64(min(max(f, 0), 1)) }
	extensions := func(r TextureRef) gltf.Extensions {
		if r.Identity() {
			return nil
		}
		used["KHR_texture_transform"] = true
		return gltf.Extensions{"KHR_texture_transform": map[string]any{"offset": r.Offset, "scale": r.Scale}}
	}
	info := func(r TextureRef) *gltf.TextureInfo {
		if r.Texture < 0 {
			return nil
		}
		return &gltf.TextureInfo{Index: r.Texture, Extensions: extensions(r)}
	}
	g := &gltf.Material{
		Name: m.Name,
		PBRMetallicRoughness: &gltf.PBRMetallicRoughness{
			BaseColorFactor: &[4]float64{unit(m.BaseColor[0]), unit(m.BaseColor[1]), unit(m.BaseColor[2]), unit(m.BaseColor[3])},
			MetallicFactor:  gltf.Float(unit(m.Metallic)), RoughnessFactor: gltf.Float(unit(m.Roughness)),
			BaseColorTexture: info(m.BaseColorTexture), MetallicRoughnessTexture: info(m.MetallicRoughnessTexture),
		},
		EmissiveTexture: info(m.EmissiveTexture),
	}
	if m.AlphaMode == Blend {
		g.AlphaMode = gltf.AlphaBlend
	}
	if r := m.NormalTexture; r.Texture >= 0 {
		g.NormalTexture = &gltf.NormalTexture{Index: gltf.Index(r.Texture), Scale: gltf.Float(float64(m.NormalScale)), Extensions: extensions(r)}
	}
	strength := max(1, m.Emissive[0], m.Emissive[1], m.Emissive[2])
	for i := range 3 {
		g.EmissiveFactor[i] = unit(m.Emissive[i] / strength)
	}
	if strength > 1 {
		used["KHR_materials_emissive_strength"] = true
		g.Extensions = gltf.Extensions{"KHR_materials_emissive_strength": map[string]any{"emissiveStrength": strength}}
	}
	return g
}
