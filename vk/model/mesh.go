package model

import "github.com/go-gl/mathgl/mgl32"

// Topology says what consecutive indices of a mesh make.
type Topology uint8

const (
	Triangles Topology = iota // three indices each; fans and strips are resolved
	Lines                     // two indices each; loops and strips are resolved
	Points
)

func (t Topology) String() string {
	switch t {
	case Lines:
		return "lines"
	case Points:
		return "points"
	}
	return "triangles"
}

// Mesh is geometry with one material. All arrays of vertices that are not nil are
// as long as Positions; Normals and Tangents always are there.
type Mesh struct {
	Positions []mgl32.Vec3
	Normals   []mgl32.Vec3 // unit length
	Tangents  []mgl32.Vec4 // unit length; w, 1 or -1, is the sign of the bitangent
	UV0, UV1  []mgl32.Vec2 // nil where absent; v grows downwards
	Colors    [][4]uint8   // linear RGBA, nil where absent
	Joints    [][4]uint16  // indices in Skin.Joints, nil unless skinned
	Weights   []mgl32.Vec4 // of Joints, sum 1, nil unless skinned
	Indices   []uint32     // of vertices, grouped by Topology
	Targets   []Target
	Min, Max  mgl32.Vec3 // bounds of Positions, targets at weight 1 included
	Material  int        // index in Model.Materials, -1 is DefaultMaterial
	Topology  Topology
}

// Target is a morph target: what its weight times is added to a vertex. An array
// is nil, or as long as the mesh's Positions.
type Target struct{ Positions, Normals, Tangents []mgl32.Vec3 }

// Size returns about how many bytes the mesh takes in memory.
func (m *Mesh) Size() int64 {
	n := 12*len(m.Positions) + 12*len(m.Normals) + 16*len(m.Tangents) + 8*len(m.UV0) + 8*len(m.UV1) +
		4*len(m.Colors) + 8*len(m.Joints) + 16*len(m.Weights) + 4*len(m.Indices)
	for i := range m.Targets {
		t := &m.Targets[i]
		n += 12 * (len(t.Positions) + len(t.Normals) + len(t.Tangents))
	}
	return int64(n)
}
