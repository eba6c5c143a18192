package vk

import (
	"slices"
	"unsafe"

	"github.com/go-gl/mathgl/mgl32"
	vulkan "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/draw"
	"hearth/vk/pass"
	"hearth/vk/raw"
	"hearth/vk/scene"
)

// bend adds the job of a part.
func (r *Renderer) bend(v *mover, part int, o *scene.Object) {
	m := &r.motion
	from := v.kind.from[part]
	node, h := &v.kind.m.Source.Nodes[from.node], &v.kind.m.Meshes[from.mesh]
	j := bendJob{vertices: h.VertexBuffer, skins: h.SkinBuffer, deltas: h.DeltaBuffer, SkinJob: pass.SkinJob{
		VertexIn: uint32(h.VertexOffset), VertexOut: v.ranges[part].First, Vertices: h.VertexCount, FirstSkin: pass.NotSkinned}}
	local := v.pose.Globals[from.node]
	first := len(m.joints)
	if skinned(h) {
		switch {
		case o.Joints != nil:
			m.joints = append(m.joints, o.Joints...)
		case node.Skin >= 0:
			s := &v.kind.m.Source.Skins[node.Skin]
			for k, b := range s.Joints {
				m.joints = append(m.joints, v.pose.Globals[b].Mul4(s.InverseBind[k]))
			}
			local = mgl32.Ident4() // joints are in the space of the model
		}
	}
	if n := len(m.joints) - first; n > 0 {
		j.FirstSkin, j.FirstJoint, j.Joints = h.FirstSkin, uint32(first), uint32(n)
	}
	if h.Targets > 0 {
		w := o.Weights
		if w == nil {
			w = v.pose.Weights[from.node]
		}
		w = w[:min(len(w), int(h.Targets))]
		j.FirstTarget, j.Targets, j.FirstWeight = h.FirstDelta, uint32(len(w)), uint32(len(m.weights))
		m.weights = append(m.weights, w...)
	}
	m.jobs = append(m.jobs, j)
	r.drawer.World.SetLocal(int(v.slot), part, &local)
	center, radius := bentBounds(&h.Geometry.Min, &h.Geometry.Max, m.joints[first:])
	r.drawer.World.SetBounds(int(v.slot), part, center, radius)
}

// bentBounds is a sphere around a box wherever its joints take it: every vertex is a
// mean of where the joints take it.
func bentBounds(low, high *mgl32.Vec3, joints []mgl32.Mat4) (center mgl32.Vec3, radius float32) {
	middle := low.Add(*high).Mul(0.5)
	size := high.Sub(middle).Len()
	if len(joints) == 0 {
		return middle, size
	}
	var a, b mgl32.Vec3
	for i := range joints {
		c, s := mgl32.TransformCoordinate(middle, joints[i]), size*draw.Stretch(&joints[i])
		for k := range c {
			if i == 0 {
				a[k], b[k] = c[k]-s, c[k]+s
			}
			a[k], b[k] = min(a[k], c[k]-s), max(b[k], c[k]+s)
		}
	}
	center = a.Add(b).Mul(0.5)
	return center, b.Sub(center).Len()
}

// prepareBending sends joints, weights and jobs, grouped by the buffers that they
// read.
func (r *Renderer) prepareBending(fr *device.Frame) error {
	m := &r.motion
	m.batches = m.batches[:0]
	if len(m.jobs) == 0 {
		return nil
	}
	slices.SortStableFunc(m.jobs, func(a, b bendJob) int {
		for _, d := range [3]int{compareHandles(a.vertices, b.vertices), compareHandles(a.skins, b.skins), compareHandles(a.deltas, b.deltas)} {
			if d != 0 {
				return d
			}
		}
		return 0
	})
	m.plain = m.plain[:0]
	for i := range m.jobs {
		m.plain = append(m.plain, m.jobs[i].SkinJob)
	}
	joints, err := r.send(fr, bytesOfSlice(m.joints))
	if err != nil {
		return err
	}
	weights, err := r.send(fr, bytesOfSlice(m.weights))
	if err != nil {
		return err
	}
	for first := 0; first < len(m.jobs); {
		end := first + 1
		for end < len(m.jobs) && m.jobs[end].vertices == m.jobs[first].vertices && m.jobs[end].skins == m.jobs[first].skins && m.jobs[end].deltas == m.jobs[first].deltas {
			end++
		}
		s, err := fr.Alloc((end-first)*pass.SkinJobSize, 0)
		if err != nil {
			return err
		}
		groups, err := pass.PutSkinJobs(s.Bytes, m.plain[first:end])
		if err != nil {
			return err
		}
		j := &m.jobs[first]
		m.batches = append(m.batches, bendBatch{first, end - first, groups, pass.SkinInput{Frame: fr.Number,
			Vertices: pass.Range{Buffer: j.vertices}, Skins: pass.Range{Buffer: j.skins}, Deltas: pass.Range{Buffer: j.deltas},
			Joints: joints, Weights: weights, Out: pass.Range{Buffer: m.buffer.Handle},
			Jobs:     pass.Range{Buffer: s.Buffer, Offset: s.Offset, Size: uint64(len(s.Bytes))},
			JobCount: end - first, Groups: groups}})
		first = end
	}
	return nil
}

func compareHandles(a, b vulkan.Buffer) int {
	x, y := raw.Bits(a), raw.Bits(b)
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// send puts bytes into the memory of the frame; none are no range.
func (r *Renderer) send(fr *device.Frame, data []byte) (pass.Range, error) {
	if len(data) == 0 {
		return pass.Range{Buffer: vulkan.NullBuffer}, nil
	}
	s, err := fr.Alloc(len(data), 0)
	if err != nil {
		return pass.Range{}, err
	}
	copy(s.Bytes, data)
	return pass.Range{Buffer: s.Buffer, Offset: s.Offset, Size: uint64(len(data))}, nil
}

func bytesOfSlice[T any](v []T) []byte {
	if len(v) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&v[0])), int(unsafe.Sizeof(v[0]))*len(v))
}

func (r *Renderer) recordSkin(s *raw.Stream) {
	for i := range r.motion.batches {
		r.now.fail(r.skin.Record(s, r.motion.batches[i].in))
	}
}
