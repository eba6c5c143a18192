package pass

import (
	"encoding/binary"
	"fmt"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/raw"
)

// Sizes in bytes of what Skin reads and writes, one after the other in its buffers:
//
//	vertex 64: position f32x3 @0, normal f32x3 @12, tangent f32x4 @24, then 24 bytes
//	           that are copied (texture coordinates, colour)
//	skin 24:   joints u16x4 @0, weights f32x4 @8
//	joint 64:  matrix, column after column, inverse bind included
//	delta 36:  position f32x3, normal f32x3, tangent f32x3
//	weight 4:  f32
//	job 48:    first group, vertex in, vertex out, vertices, first skin, first joint,
//	           joints, first target, targets, first weight, 0, 0; all u32
const (
	VertexSize  = 64
	SkinSize    = 24
	JointSize   = 64
	DeltaSize   = 36
	SkinJobSize = 48
)

// NotSkinned in FirstSkin says that a job only morphs.
const NotSkinned = ^uint32(0)

// skinGroup is the vertices of a workgroup; skinRow is the workgroups of a row of the
// dispatch, the most that every device allows in one dimension.
const (
	skinGroup = 64
	skinRow   = 65535
)

// MaxSkinVertices bounds the vertices of one Record: the groups of a dispatch.
const MaxSkinVertices = 1 << 31

// SkinJob is one mesh to morph and skin. All are indices, in elements of their buffer.
type SkinJob struct {
	VertexIn, VertexOut, Vertices uint32
	FirstSkin                     uint32 // of the mesh's first vertex, or NotSkinned
	FirstJoint, Joints            uint32 // joints beyond the last are taken as the last
	FirstTarget, Targets          uint32 // target t of vertex v: delta FirstTarget + t*Vertices + v
	FirstWeight                   uint32 // Targets weights
}

// PutSkinJobs writes jobs for SkinInput.Jobs into dst, SkinJobSize bytes each, and
// returns the number for SkinInput.Groups.
func PutSkinJobs(dst []byte, jobs []SkinJob) (uint32, error) {
	if len(dst) < len(jobs)*SkinJobSize {
		return 0, fmt.Errorf("%w: %d bytes for %d skin jobs, it must be %d", ErrInput, len(dst), len(jobs), len(jobs)*SkinJobSize)
	}
	group, vertices := uint32(0), uint64(0)
	for i := range jobs {
		j, b := &jobs[i], dst[i*SkinJobSize:]
		if vertices += uint64(j.Vertices) + skinGroup; vertices > MaxSkinVertices {
			return 0, fmt.Errorf("%w: more than %d vertices to skin in a frame", ErrInput, MaxSkinVertices)
		}
		for k, v := range [SkinJobSize / 4]uint32{group, j.VertexIn, j.VertexOut, j.Vertices, j.FirstSkin,
			j.FirstJoint, j.Joints, j.FirstTarget, j.Targets, j.FirstWeight} {
			binary.LittleEndian.PutUint32(b[k*4:], v)
		}
		group += groups(j.Vertices, skinGroup)
	}
	return group, nil
}

// Skin morphs and skins vertices into another buffer.
//
// Normals go by the inverse transpose of the blended matrix, tangents by the matrix;
// both stay unit length. Weights are taken relative to their sum; a vertex whose
// weights are all 0 stays where it is.
type Skin struct {
	program
	none *mem.Buffer
}

// SkinInput is what Record reads (storage, compute) and writes (Out). Skins, Deltas,
// Joints and Weights may be zero where no job uses them.
type SkinInput struct {
	Frame                                    uint64
	Vertices, Skins, Joints, Deltas, Weights Range
	Jobs                                     Range
	Out                                      Range
	JobCount                                 int
	Groups                                   uint32 // from PutSkinJobs
}

// NewSkin makes the pass.
func NewSkin(d *device.Device, a *mem.Allocator) (*Skin, error) {
	none, err := a.NewBuffer(mem.BufferDesc{Size: 256, Usage: vk.BufferUsageStorageBufferBit, Memory: mem.DeviceLocal, Name: "skin nothing"})
	if err != nil {
		return nil, err
	}
	p, err := newCompute(d, "skin_vertices.comp", 12, storage, storage, storage, storage, storage, storage, storage)
	if err != nil {
		none.Close()
		return nil, err
	}
	return &Skin{program: p, none: none}, nil
}

// Close destroys the pass behind the frames in flight.
func (p *Skin) Close() {
	p.program.close()
	p.none.Close()
}

// Record skins all jobs in one dispatch.
func (p *Skin) Record(s *raw.Stream, in SkinInput) error {
	if in.JobCount <= 0 || in.Groups == 0 {
		return nil
	}
	bound := [7]Range{in.Jobs, in.Vertices, in.Skins, in.Joints, in.Deltas, in.Weights, in.Out}
	for i := range bound {
		if bound[i].Buffer == vk.NullBuffer {
			if i < 2 || i == 6 {
				return fmt.Errorf("%w: skinning without vertices, jobs or output", ErrInput)
			}
			bound[i] = Range{Buffer: p.none.Handle}
		}
	}
	set, err := p.sets.take(in.Frame)
	if err != nil {
		return err
	}
	for i := range bound {
		p.sets.buffer(i, bound[i])
	}
	p.sets.write(set)
	row := min(in.Groups, skinRow)
	push := struct{ jobs, groups, row uint32 }{uint32(in.JobCount), in.Groups, row}
	p.dispatch(s, set, bytesOf(&push), row, groups(in.Groups, row), 1)
	return nil
}
