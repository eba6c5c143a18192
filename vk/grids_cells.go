package vk

import (
	"errors"

	vulkan "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/pass"
	"hearth/vk/raw"
)

const (
	// cellBudget is how many bytes of cells are sent in one frame: ten thousand rows of
	// a hundred, so only what is larger than any screen is seen to come in parts.
	cellBudget = 16 << 20
	// leastCells is what the buffer of cells begins with: two usual screens.
	leastCells = 4096
)

// errCells reports grids that together have more cells than the device can hold. It
// is a lack of memory: the rest is drawn.
var errCells = errors.Join(mem.ErrMemory, errors.New("the grids together have more cells than this device can read at once; show fewer or smaller terminals"))

// cellStore is the cells of all grids in one buffer, so that all grids are drawn with
// the same bindings.
type cellStore struct {
	buffer *mem.Buffer
	ranges *mem.Ranges
	copies []cellCopy // that are not recorded so far
}

// cellCopy brings bytes of the frame into the buffer.
type cellCopy struct {
	from device.Slice
	to   uint64
}

// take finds room for the cells of a grid.
func (c *cellStore) take(r *Renderer, fr *device.Frame, k *grid) error {
	n := uint32(k.columns * k.rows)
	if c.buffer != nil {
		if x, ok := c.ranges.Take(n); ok {
			k.cells = x
			return nil
		}
	}
	have := uint64(0)
	if c.buffer != nil {
		have = c.buffer.Size / pass.TextCellSize
	}
	// Room that is cut into pieces may not do though it is enough, so there is some more.
	most := uint64(r.d.Limits.MaxStorageRange) / pass.TextCellSize
	size := min(max(2*have, have+uint64(n)+uint64(n)/4, leastCells), most)
	if have+uint64(n) > most {
		return errCells
	}
	b, err := r.a.NewBuffer(mem.BufferDesc{Name: "cells of grids", Size: size * pass.TextCellSize,
		Usage: vulkan.BufferUsageStorageBufferBit | vulkan.BufferUsageTransferDstBit | vulkan.BufferUsageTransferSrcBit})
	if err != nil {
		return err
	}
	ranges := mem.NewRanges(uint32(size))
	x, ok := ranges.Take(n)
	if !ok {
		b.Close()
		return errCells
	}
	c.flush(fr.Stream)
	fr.Stream.Barriers(nil, nil, []raw.MemoryBarrier{{SrcStage: raw.StageTransfer, SrcAccess: raw.AccessTransferWrite,
		DstStage: raw.StageTransfer, DstAccess: raw.AccessTransferRead | raw.AccessTransferWrite}})
	for _, o := range r.grids.sets {
		if o.cells.Count == 0 {
			continue
		}
		to, ok := ranges.Take(o.cells.Count)
		if !ok { // it is sent once more, when there is room
			o.cells, o.whole, o.version = mem.Range{}, false, 0
			continue
		}
		fr.Stream.CopyBuffer(c.buffer.Handle, uint64(o.cells.First)*pass.TextCellSize, b.Handle, uint64(to.First)*pass.TextCellSize, uint64(to.Count)*pass.TextCellSize)
		o.cells = to
		o.record.FirstCell = to.First
	}
	c.buffer.Close()
	c.buffer, c.ranges, k.cells = b, ranges, x
	c.visible(fr.Stream)
	return nil
}

// give gives the room of a grid back.
func (c *cellStore) give(k *grid) {
	if k.cells.Count > 0 {
		c.ranges.Give(k.cells)
	}
	k.cells = mem.Range{}
}

// flush records the copies that wait.
func (c *cellStore) flush(s *raw.Stream) {
	if len(c.copies) == 0 {
		return
	}
	// The frame before may still read what is written now.
	s.Barriers(nil, nil, []raw.MemoryBarrier{{SrcStage: raw.StageFragment | raw.StageTransfer, SrcAccess: raw.AccessTransferWrite,
		DstStage: raw.StageTransfer, DstAccess: raw.AccessTransferWrite}})
	for _, x := range c.copies {
		s.CopyBuffer(x.from.Buffer, x.from.Offset, c.buffer.Handle, x.to, uint64(len(x.from.Bytes)))
	}
	c.copies = c.copies[:0]
	c.visible(s)
}

func (c *cellStore) visible(s *raw.Stream) {
	s.Barriers(nil, nil, []raw.MemoryBarrier{{SrcStage: raw.StageTransfer, SrcAccess: raw.AccessTransferWrite,
		DstStage: raw.StageFragment, DstAccess: raw.AccessStorageRead}})
}

func (c *cellStore) all() pass.Range {
	if c.buffer == nil {
		return pass.Range{}
	}
	return pass.Range{Buffer: c.buffer.Handle}
}

func (c *cellStore) close() {
	c.buffer.Close()
	*c = cellStore{}
}
