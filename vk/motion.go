package vk

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/go-gl/mathgl/mgl32"
	vulkan "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/draw"
	"hearth/vk/graph"
	"hearth/vk/mem"
	"hearth/vk/model"
	"hearth/vk/pass"
	"hearth/vk/scene"
)

// Limits of what bends.
const (
	// maxBent bounds the vertices that are bent at a time, where the device does not: 256
	// MiB of them. Objects beyond it are drawn unbent.
	maxBent   = 1 << 22
	firstBent = 1 << 12
	// maxJoints bounds the joints and the weights that one frame sends: 4 MiB of
	// joints. Objects beyond it take turns, and move less smoothly.
	maxJoints = 1 << 16
)

// motion is all objects that move within themselves.
type motion struct {
	movers []*mover
	next   int // whose turn it is first, where not all fit in a frame

	buffer *mem.Buffer // of bent vertices
	state  *graph.Buffer
	ranges *mem.Ranges

	joints  []mgl32.Mat4 // of this frame
	weights []float32
	jobs    []bendJob
	plain   []pass.SkinJob
	batches []bendBatch
}

// mover is an object that is animated, skinned or morphed.
type mover struct {
	slot   int32
	place  int // in motion.movers
	kind   *modelKind
	pose   model.Pose
	parts  []draw.Part
	ranges []mem.Range // of bent vertices by part; Count 0: not bent
	last   float32     // seconds of the pose
	posed  bool
}

// bendJob is a job with the buffers that it reads.
type bendJob struct {
	pass.SkinJob
	vertices, skins, deltas vulkan.Buffer
}

// bendBatch is jobs with the same buffers, ready to be recorded.
type bendBatch struct {
	first, count int
	groups       uint32
	in           pass.SkinInput
}

func (r *Renderer) openMotion() error {
	m := &r.motion
	b, err := r.newBent(firstBent)
	if err != nil {
		return err
	}
	m.buffer, m.ranges, m.state = b, mem.NewRanges(firstBent), graph.NewBuffer(b.Handle)
	r.keep(func() { m.buffer.Close() })
	return nil
}

func (r *Renderer) newBent(vertices int) (*mem.Buffer, error) {
	return r.a.NewBuffer(mem.BufferDesc{Name: "bent vertices", Size: uint64(vertices * draw.VertexSize), Memory: mem.DeviceLocal,
		Usage: vulkan.BufferUsageStorageBufferBit | vulkan.BufferUsageVertexBufferBit})
}

func (m *motion) vertices() *graph.Buffer { return m.state }

// startMoving makes the parts of an object that moves.
func (r *Renderer) startMoving(slot int32, o *scene.Object) ([]draw.Part, error) {
	k := r.slots[slot].look.kind
	v := &mover{slot: slot, kind: k, place: len(r.motion.movers), parts: slices.Clone(k.still), ranges: make([]mem.Range, len(k.still))}
	// It is one of them from the beginning: where the buffer grows for one of its parts,
	// those before must move to the new one.
	r.motion.movers = append(r.motion.movers, v)
	for i := range v.parts {
		v.parts[i].Alone = true
		h := &k.m.Meshes[k.from[i].mesh]
		if !skinned(h) && h.Targets == 0 {
			continue
		}
		x, err := r.takeBent(h.VertexCount)
		if err != nil {
			r.log.Warn("an object is drawn unbent", "why", err)
			continue
		}
		v.ranges[i] = x
		g := &v.parts[i].Geometry
		g.Vertices, g.VertexOffset = r.motion.buffer.Handle, int32(x.First)
	}
	r.slots[slot].mover = v
	return v.parts, nil
}

// stopMoving gives back what an object that moves has.
func (r *Renderer) stopMoving(slot int32) {
	v := r.slots[slot].mover
	if v == nil {
		return
	}
	m := &r.motion
	for _, x := range v.ranges {
		if x.Count > 0 {
			m.ranges.Give(x)
		}
	}
	last := m.movers[len(m.movers)-1]
	m.movers[v.place], last.place = last, v.place
	m.movers[len(m.movers)-1] = nil
	m.movers = m.movers[:len(m.movers)-1]
	r.slots[slot].mover = nil
}

// steer takes over another animation, other joints or other weights. changed says
// that the object was put into the world anew.
func (r *Renderer) steer(slot int32, was, o *scene.Object) (changed bool, err error) {
	s := &r.slots[slot]
	if s.look == nil || s.look.shown != shownModel {
		return false, nil
	}
	if s.look.kind.bends(was) != s.look.kind.bends(o) {
		return true, r.put(slot, o)
	}
	if s.mover != nil {
		s.mover.posed = s.mover.posed && was.Animation == o.Animation &&
			sameSlice(was.Joints, o.Joints) && sameSlice(was.Weights, o.Weights)
	}
	return false, nil
}

// sameSlice compares slices that nobody writes by where they are.
func sameSlice[T any](a, b []T) bool {
	return len(a) == len(b) && unsafe.SliceData(a) == unsafe.SliceData(b)
}

// takeBent finds room for the vertices of a mesh.
func (r *Renderer) takeBent(n uint32) (mem.Range, error) {
	m := &r.motion
	if x, ok := m.ranges.Take(n); ok {
		return x, nil
	}
	have := int(m.buffer.Size / draw.VertexSize)
	most := min(maxBent, int(r.d.Limits.MaxStorageRange/draw.VertexSize))
	size := min(max(2*have, have+int(n)), most)
	if have+int(n) > most {
		return mem.Range{}, fmt.Errorf("more than %d vertices would be bent at a time; show fewer animated objects", most)
	}
	b, err := r.newBent(size)
	if err != nil {
		return mem.Range{}, err
	}
	// The old vertices stay where they are in the new buffer, and are bent once more.
	ranges := mem.NewRanges(uint32(size))
	if err := m.move(ranges); err != nil {
		b.Close()
		return mem.Range{}, err
	}
	m.buffer.Close()
	m.buffer, m.ranges = b, ranges
	m.state.Replace(b.Handle, graph.Use{})
	for _, v := range m.movers {
		v.posed = false
		for i := range v.parts {
			if v.ranges[i].Count > 0 {
				v.parts[i].Geometry.Vertices, v.parts[i].Geometry.VertexOffset = b.Handle, int32(v.ranges[i].First)
			}
		}
		if r.slots[v.slot].mover != v {
			continue // it is about to be put into the world
		}
		c := r.seen[v.slot/scene.ChunkSize]
		if err := r.drawer.World.Set(int(v.slot), shared(&c.Items[v.slot%scene.ChunkSize]), v.parts); err != nil {
			return mem.Range{}, err
		}
	}
	x, ok := ranges.Take(n)
	if !ok {
		return mem.Range{}, fmt.Errorf("no room for %d bent vertices; show fewer animated objects", n)
	}
	return x, nil
}

// move takes the same amounts from other ranges.
func (m *motion) move(to *mem.Ranges) error {
	for _, v := range m.movers {
		for i, x := range v.ranges {
			if x.Count == 0 {
				continue
			}
			y, ok := to.Take(x.Count)
			if !ok {
				return fmt.Errorf("no room for %d bent vertices; show fewer animated objects", x.Count)
			}
			v.ranges[i] = y
		}
	}
	return nil
}

// syncMotion poses what moves at the frame's time, and prepares what bends.
func (r *Renderer) syncMotion(fr *device.Frame) error {
	m := &r.motion
	m.joints, m.weights, m.jobs = m.joints[:0], m.weights[:0], m.jobs[:0]
	for i := range m.movers {
		at := (m.next + i) % len(m.movers)
		if len(m.joints) > maxJoints || len(m.weights) > maxJoints {
			m.next = at
			break
		}
		r.poseMover(m.movers[at])
	}
	return r.prepareBending(fr)
}

func (r *Renderer) poseMover(v *mover) {
	o := &r.seen[v.slot/scene.ChunkSize].Items[v.slot%scene.ChunkSize]
	src := v.kind.m.Source
	index, seconds := o.Animation.Index, float32(0)
	if index >= len(src.Animations) {
		index = -1
	}
	if index >= 0 {
		seconds = o.Animation.Seconds(r.now.time, src.Animations[index].Duration)
	}
	if v.posed && seconds == v.last {
		return
	}
	v.posed, v.last = true, seconds
	src.Pose(index, seconds, &v.pose)
	if len(v.kind.lamps) > 0 {
		r.lights.moved = true
	}
	for i := range v.parts {
		from := v.kind.from[i]
		if v.ranges[i].Count == 0 {
			r.drawer.World.SetLocal(int(v.slot), i, &v.pose.Globals[from.node])
			continue
		}
		r.bend(v, i, o)
	}
}
