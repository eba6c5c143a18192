package vk

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
)

// shape is geometry for a glTF file that a test writes.
type shape struct {
	positions, normals []float32
	uv                 []float32
	colors             []byte // RGBA
	indices            []uint16
	material           string // JSON
	textures           []image.Image
	extra              string // JSON of further members of the file
	extraData          []byte
	extraAccessors     string
	attributes         string // further attributes of the primitive
	primitive          string // further members of the primitive
	node               string // further members of the node
	mode               int
}

func u16s(v []uint16) []byte {
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, v)
	return b.Bytes()
}

func f32s(v []float32) []byte {
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, v)
	return b.Bytes()
}

// gltf writes the shape as a glTF file of one mesh.
func (s *shape) gltf() []byte {
	var data []byte
	var views, accessors, attributes []string
	view := func(b []byte) int {
		for len(data)%4 != 0 {
			data = append(data, 0)
		}
		views = append(views, fmt.Sprintf(`{"buffer":0,"byteOffset":%d,"byteLength":%d}`, len(data), len(b)))
		data = append(data, b...)
		return len(views) - 1
	}
	accessor := func(b []byte, component, count int, kind, more string) int {
		accessors = append(accessors, fmt.Sprintf(`{"bufferView":%d,"componentType":%d,"count":%d,"type":%q%s}`, view(b), component, count, kind, more))
		return len(accessors) - 1
	}
	n := len(s.positions) / 3
	low, high := [3]float32{math.MaxFloat32, math.MaxFloat32, math.MaxFloat32}, [3]float32{-math.MaxFloat32, -math.MaxFloat32, -math.MaxFloat32}
	for i, f := range s.positions {
		low[i%3], high[i%3] = min(low[i%3], f), max(high[i%3], f)
	}
	attributes = append(attributes, fmt.Sprintf(`"POSITION":%d`, accessor(f32s(s.positions), 5126, n, "VEC3",
		fmt.Sprintf(`,"min":[%v,%v,%v],"max":[%v,%v,%v]`, low[0], low[1], low[2], high[0], high[1], high[2]))))
	if s.normals != nil {
		attributes = append(attributes, fmt.Sprintf(`"NORMAL":%d`, accessor(f32s(s.normals), 5126, n, "VEC3", "")))
	}
	if s.uv != nil {
		attributes = append(attributes, fmt.Sprintf(`"TEXCOORD_0":%d`, accessor(f32s(s.uv), 5126, n, "VEC2", "")))
	}
	if s.colors != nil {
		attributes = append(attributes, fmt.Sprintf(`"COLOR_0":%d`, accessor(s.colors, 5121, n, "VEC4", `,"normalized":true`)))
	}
	indices := accessor(u16s(s.indices), 5123, len(s.indices), "SCALAR", "")
	if s.attributes != "" {
		attributes = append(attributes, s.attributes)
	}
	var images, textures []string
	for i, m := range s.textures {
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			panic(err)
		}
		images = append(images, fmt.Sprintf(`{"uri":"data:image/png;base64,%s"}`, base64.StdEncoding.EncodeToString(b.Bytes())))
		textures = append(textures, fmt.Sprintf(`{"source":%d}`, i))
	}
	if s.extraData != nil {
		view(s.extraData)
	}
	mode := 4
	if s.mode != 0 {
		mode = s.mode
	}
	material := s.material
	if material == "" {
		material = "{}"
	}
	var out strings.Builder
	fmt.Fprintf(&out, `{"asset":{"version":"2.0"},"extensionsUsed":["KHR_materials_unlit","KHR_texture_transform","KHR_materials_emissive_strength","KHR_lights_punctual"],
"scene":0,"scenes":[{"nodes":[0]}],"buffers":[{"byteLength":%d,"uri":"data:application/octet-stream;base64,%s"}],
"bufferViews":[%s],"accessors":[%s%s],"materials":[%s],
"meshes":[{"primitives":[{"attributes":{%s},"indices":%d,"material":0,"mode":%d%s}]}]`,
		len(data), base64.StdEncoding.EncodeToString(data), strings.Join(views, ","), strings.Join(accessors, ","), s.extraAccessors,
		material, strings.Join(attributes, ","), indices, mode, s.primitive)
	if len(images) > 0 {
		fmt.Fprintf(&out, `,"images":[%s],"textures":[%s]`, strings.Join(images, ","), strings.Join(textures, ","))
	}
	if !strings.Contains(s.extra, `"nodes"`) {
		fmt.Fprintf(&out, `,"nodes":[{"mesh":0%s}]`, s.node)
	}
	out.WriteString(s.extra + "}")
	return []byte(out.String())
}

// plane is a square of side 2 in the ground, facing up.
func plane(material string) *shape {
	return &shape{positions: []float32{-1, 0, -1, 1, 0, -1, -1, 0, 1, 1, 0, 1}, normals: []float32{0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0},
		uv: []float32{0, 0, 1, 0, 0, 1, 1, 1}, indices: []uint16{0, 2, 1, 1, 2, 3}, material: material}
}

// pane is a square of side 1 that stands, facing +Z.
func pane(material string) *shape {
	return &shape{positions: []float32{-0.5, 0.5, 0, 0.5, 0.5, 0, -0.5, -0.5, 0, 0.5, -0.5, 0}, normals: []float32{0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1},
		uv: []float32{0, 0, 1, 0, 0, 1, 1, 1}, indices: []uint16{0, 2, 1, 1, 2, 3}, material: material}
}

// ball is a sphere of radius 0.5.
func ball(material string) *shape {
	const rings, segments = 24, 48
	s := &shape{material: material}
	for r := range rings + 1 {
		for g := range segments + 1 {
			a, b := math.Pi*float64(r)/rings, 2*math.Pi*float64(g)/segments
			x, y, z := float32(math.Sin(a)*math.Cos(b)), float32(math.Cos(a)), float32(math.Sin(a)*math.Sin(b))
			s.positions = append(s.positions, x/2, y/2, z/2)
			s.normals = append(s.normals, x, y, z)
			s.uv = append(s.uv, float32(g)/segments, float32(r)/rings)
			if r < rings && g < segments {
				i := uint16(r*(segments+1) + g)
				n := i + segments + 1
				s.indices = append(s.indices, i, i+1, n, i+1, n+1, n)
			}
		}
	}
	return s
}

// paint is a material of glTF.
func paint(r, g, b, metallic, roughness float64) string {
	return fmt.Sprintf(`{"pbrMetallicRoughness":{"baseColorFactor":[%v,%v,%v,1],"metallicFactor":%v,"roughnessFactor":%v}}`, r, g, b, metallic, roughness)
}

// heaven is an equirectangular sky: blue above, warm at the horizon, brown below, and
// bright towards -Z.
func heaven() []byte {
	m := image.NewNRGBA(image.Rect(0, 0, 128, 64))
	for y := range 64 {
		for x := range 128 {
			up := math.Cos(math.Pi * (float64(y) + 0.5) / 64)
			d := math.Abs(float64(x)-32) / 64 // u = 0.25 is -Z
			glow := math.Exp(-8*d*d) * math.Exp(-12*up*up)
			c := color.NRGBA{90, 70, 50, 255}
			if up > 0 {
				c = color.NRGBA{uint8(200 - 140*up), uint8(210 - 90*up), uint8(225 - 15*up), 255}
			}
			c.R, c.G, c.B = uint8(min(255, float64(c.R)+120*glow)), uint8(min(255, float64(c.G)+90*glow)), uint8(min(255, float64(c.B)+40*glow))
			m.SetNRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}
