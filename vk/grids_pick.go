package vk

import (
	"encoding/binary"
	"math"

	"github.com/go-gl/mathgl/mgl32"
	vulkan "github.com/vulkan-go/vulkan"

	"hearth/vk/draw"
	"hearth/vk/mem"
	"hearth/vk/pass"
)

// gridNumber marks the numbers of grids among those that a pick draws; the rest of
// one is the slot and one more, as with objects.
const gridNumber = 1 << 31

// gridIndices are two triangles of a strip's corners.
var gridIndices = [6]uint32{0, 1, 2, 2, 1, 3}

// gridQuad makes the rectangle that picks draw for grids: corners at -1 and 1 in a
// vertex's position, and behind them the indices.
func (r *Renderer) gridQuad() (*mem.Buffer, error) {
	const vertices = 4 * pass.VertexSize
	b, err := r.a.NewBuffer(mem.BufferDesc{Name: "rectangle of grids", Size: vertices + 4*uint64(len(gridIndices)), Memory: mem.Upload,
		Usage: vulkan.BufferUsageVertexBufferBit | vulkan.BufferUsageIndexBufferBit})
	if err != nil {
		return nil, err
	}
	clear(b.Bytes)
	for i := range 4 {
		at := b.Bytes[i*pass.VertexSize:]
		binary.LittleEndian.PutUint32(at, math.Float32bits(float32(i&1*2-1)))
		binary.LittleEndian.PutUint32(at[4:], math.Float32bits(float32(1-i>>1*2)))
	}
	for i, n := range gridIndices {
		binary.LittleEndian.PutUint32(b.Bytes[vertices+4*i:], n)
	}
	return b, nil
}

// gridsUnder adds the grids that a volume may see to what a pick draws.
func (r *Renderer) gridsUnder(v *draw.Volume) {
	g := &r.grids
	if len(g.list) == 0 {
		return
	}
	if g.quad == nil {
		var err error
		if g.quad, err = r.gridQuad(); err != nil { // nothing of them is hit
			r.log.Warn("screens cannot be picked", "why", err)
			return
		}
	}
	for _, k := range g.list {
		x := &k.record
		if len(r.picks.draws) >= maxPickDraws || !v.Sees(x.Origin, x.HalfSize.Len()) {
			continue
		}
		r.picks.draws = append(r.picks.draws, pass.PickDraw{Vertices: pass.Range{Buffer: g.quad.Handle}, Indices: pass.Range{Buffer: g.quad.Handle},
			FirstIndex: 4 * pass.VertexSize / 4, Count: uint32(len(gridIndices)), Number: gridNumber | uint32(k.id.Slot()+1),
			Transform: mgl32.Mat4FromCols(x.Right.Vec4(0), x.Up.Vec4(0), mgl32.Vec4{0, 0, 1, 0}, x.Origin.Vec4(1))})
	}
}
