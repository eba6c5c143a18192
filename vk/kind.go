package vk

import (
	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/draw"
	"hearth/vk/model"
	"hearth/vk/res"
	"hearth/vk/scene"
)

// modelKind is what all objects with a model share.
type modelKind struct {
	m     *res.Model
	still []draw.Part // in the pose of the file, unbent
	from  []origin    // of each part
	rests bool        // the pose of the file is drawn right without bending anything
	turns bool        // there are animations
	bent  bool        // there are skins or morph targets
	lamps []lamp
}

// lamp is a light of a model at a node (KHR_lights_punctual).
type lamp struct {
	node  int
	still mgl32.Mat4 // of the node in the pose of the file
	light *model.Light
}

// origin is where a part comes from.
type origin struct{ node, mesh int }

func newModelKind(m *res.Model) *modelKind {
	k := &modelKind{m: m, rests: true, turns: len(m.Source.Animations) > 0}
	pose := m.Source.Default()
	for n := range m.Source.Nodes {
		node := &m.Source.Nodes[n]
		if node.Light >= 0 {
			k.lamps = append(k.lamps, lamp{n, pose.Globals[n], &m.Source.Lights[node.Light]})
		}
		for _, i := range node.Meshes {
			h := &m.Meshes[i]
			if h.IndexCount == 0 || int(h.IndexCount) < leastIndices(h.Topology) {
				continue
			}
			p := draw.Part{Geometry: geometry(h), Material: material(&m.Materials[h.Material]), Local: pose.Globals[n]}
			if skinned(h) {
				k.bent = true
				k.rests = k.rests && node.Skin < 0
			}
			if h.Targets > 0 {
				k.bent = true
				for _, w := range pose.Weights[n] {
					k.rests = k.rests && w == 0
				}
			}
			k.still, k.from = append(k.still, p), append(k.from, origin{n, i})
		}
	}
	return k
}

func leastIndices(t model.Topology) int { return [...]int{3, 2, 1}[t] }

func skinned(h *res.Mesh) bool { return h.SkinBuffer != nil }

func geometry(h *res.Mesh) draw.Geometry {
	middle := h.Min.Add(h.Max).Mul(0.5)
	return draw.Geometry{Vertices: h.VertexBuffer, Indices: h.IndexBuffer, VertexOffset: h.VertexOffset, FirstIndex: h.FirstIndex,
		IndexCount: h.IndexCount, Topology: h.Topology, Center: middle, Radius: h.Max.Sub(middle).Len()}
}

func material(m *res.Material) draw.Material {
	return draw.Material{Set: m.Set, Index: m.Index, Alpha: m.Alpha, DoubleSided: m.DoubleSided}
}

// bends reports whether an object needs more than the parts as they are.
func (k *modelKind) bends(o *scene.Object) bool {
	return !k.rests || k.turns && o.Animation.Index >= 0 || k.bent && (o.Joints != nil || o.Weights != nil)
}

// moves reports whether an object asks to be moved or bent within itself.
func moves(o *scene.Object) bool {
	return o.Animation.Index >= 0 || o.Joints != nil || o.Weights != nil
}
