package draw

import (
	"encoding/binary"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/graph"
	"hearth/vk/mem"
	"hearth/vk/model"
	"hearth/vk/raw"
)

// maxCounted bounds the commands that are counted, the first ones: figures for people
// must not cost what drawing does.
const maxCounted = 1 << 14

// counter reads back how many items the camera saw, behind the frames.
type counter struct {
	slots []countSlot // by frame in flight
	now   *countSlot
}

type countSlot struct {
	buffer *mem.Buffer
	n      int // commands in it
	factor []uint32
}

// seen reads what the frame saw that used the slot before, and makes room for this
// one.
func (r *Drawer) seen(fr *device.Frame) (items, triangles int, err error) {
	for len(r.counter.slots) <= fr.Index {
		r.counter.slots = append(r.counter.slots, countSlot{})
	}
	s := &r.counter.slots[fr.Index]
	for i := range s.n {
		seen := int(binary.LittleEndian.Uint32(s.buffer.Bytes[20*i+4:]))
		items += seen
		triangles += seen * int(s.factor[i])
	}
	n := min(len(r.World.commands), maxCounted)
	if n > 0 && (s.buffer == nil || s.buffer.Size < uint64(20*n)) {
		s.buffer.Close()
		s.buffer, s.n = nil, 0
		b, err := r.a.NewBuffer(mem.BufferDesc{Name: "what was seen", Size: uint64(40 * n), Usage: vk.BufferUsageTransferDstBit, Memory: mem.Readback})
		if err != nil {
			return items, triangles, err
		}
		s.buffer = b
	}
	s.n, s.factor = n, s.factor[:0]
	for _, g := range r.World.groups {
		for i := g.first; i < g.first+g.count && len(s.factor) < n; i++ {
			f := uint32(0)
			if g.kind.Topology == model.Triangles {
				f = r.World.commands[i].indexCount / 3
			}
			s.factor = append(s.factor, f)
		}
	}
	r.counter.now = s
	return items, triangles, nil
}

// CountsSeen declares what RecordCount reads.
func (r *Drawer) CountsSeen(p *graph.Pass, s Slots) *graph.Pass {
	return p.Use(s.Commands, graph.CopySource)
}

// RecordCount copies what the camera saw to where the processor reads it, when the
// frame is done.
func (r *Drawer) RecordCount(s *raw.Stream) {
	c := r.counter.now
	if c.n == 0 {
		return
	}
	s.CopyBuffer(r.mine[bufCommands].Handle, 0, c.buffer.Handle, 0, uint64(20*c.n))
	s.Barriers(nil, []raw.BufferBarrier{{Buffer: c.buffer.Handle, SrcStage: raw.StageTransfer, SrcAccess: raw.AccessTransferWrite,
		DstStage: raw.StageHost, DstAccess: raw.AccessHostRead}}, nil)
}

func (c *counter) close() {
	for i := range c.slots {
		c.slots[i].buffer.Close()
	}
}
