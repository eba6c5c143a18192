package model

import "github.com/go-gl/mathgl/mgl32"

// Model is everything in a file that can be drawn. It is immutable once decoded:
// many may read it at the same time.
type Model struct {
	Meshes     []Mesh
	Materials  []Material
	Textures   []Texture
	Pictures   []Picture
	Nodes      []Node
	Skins      []Skin
	Animations []Animation
	Lights     []Light
	Min, Max   mgl32.Vec3 // bounds in the default pose; both zero if nothing is drawn
}

// Node is a place in the hierarchy. Parents come before their children.
type Node struct {
	Name        string
	Parent      int // index in Model.Nodes, -1 for a root
	Translation mgl32.Vec3
	Rotation    mgl32.Quat // unit length
	Scale       mgl32.Vec3
	// Matrix is the local transform if Fixed: a matrix of the file that is no
	// product of the three above (it shears). Such a node is never animated.
	Matrix  mgl32.Mat4
	Fixed   bool
	Meshes  []int     // indices in Model.Meshes
	Skin    int       // index in Model.Skins, -1 none
	Light   int       // index in Model.Lights, -1 none; it shines along -Z
	Weights []float32 // of the meshes' targets, nil or as long as the longest Targets
}

// Local returns the node's transform relative to its parent.
func (n *Node) Local() mgl32.Mat4 {
	if n.Fixed {
		return n.Matrix
	}
	return compose(n.Translation, n.Rotation, n.Scale)
}

// Skin joins a mesh to nodes. The matrix of joint j is
//
//	Pose.Globals[Joints[j]] * InverseBind[j]
//
// in the space of the model; the transform of the node that has the skin does not
// matter (glTF 2.0, section 3.7.3.3).
type Skin struct {
	Joints      []int // indices in Model.Nodes
	InverseBind []mgl32.Mat4
}

// LightKind is the shape of a light.
type LightKind uint8

const (
	Directional LightKind = iota
	Point
	Spot
)

func (k LightKind) String() string {
	switch k {
	case Point:
		return "point"
	case Spot:
		return "spot"
	}
	return "directional"
}

// Light is a light of KHR_lights_punctual. A node places it.
type Light struct {
	Kind         LightKind
	Color        mgl32.Vec3 // linear
	Intensity    float32    // lux if directional, else candela
	Range        float32    // metres, 0 is without end
	Inner, Outer float32    // half angles of a spot's cone, radians
}

// Size returns about how many bytes the model takes in memory.
func (m *Model) Size() int64 {
	var n int64
	for i := range m.Meshes {
		n += m.Meshes[i].Size()
	}
	for i := range m.Pictures {
		n += m.Pictures[i].Size()
	}
	n += 256*int64(len(m.Nodes)) + 512*int64(len(m.Materials)) + 64*int64(len(m.Textures))
	for i := range m.Skins {
		n += 72 * int64(len(m.Skins[i].Joints))
	}
	for i := range m.Animations {
		for j := range m.Animations[i].Channels {
			c := &m.Animations[i].Channels[j]
			n += 4 * int64(len(c.Times)+len(c.Values))
		}
	}
	return n
}

// compose returns T * R * S.
func compose(t mgl32.Vec3, r mgl32.Quat, s mgl32.Vec3) mgl32.Mat4 {
	x, y, z, w := r.V[0], r.V[1], r.V[2], r.W
	return mgl32.Mat4{
		(1 - 2*(y*y+z*z)) * s[0], 2 * (x*y + w*z) * s[0], 2 * (x*z - w*y) * s[0], 0,
		2 * (x*y - w*z) * s[1], (1 - 2*(x*x+z*z)) * s[1], 2 * (y*z + w*x) * s[1], 0,
		2 * (x*z + w*y) * s[2], 2 * (y*z - w*x) * s[2], (1 - 2*(x*x+y*y)) * s[2], 0,
		t[0], t[1], t[2], 1,
	}
}
