package vk

import (
	"bytes"
	"testing"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/device"
)

// The room of screens that are gone is used again, and screens look the same when the
// cells of all have moved because there are more.
func TestGridCells(t *testing.T) {
	s := newStage(t, device.ProfileBound)
	s.plain()
	s.resize(64, 48)
	p := newPress(t, s.scene)
	// What is first among the cells goes, so what stays is not where it is put next.
	first := screen(30, 20, 1)
	first.Origin[0] = 100
	gone := s.grid(first)
	s.settle()
	stays := screen(30, 20, 1)
	stays.Lines = p.lines(30, 20, page)
	s.grid(stays)
	s.look(mgl32.Vec3{0, 0, 1}, mgl32.Vec3{})
	s.settle()
	if err := s.scene.RemoveGrid(gone); err != nil {
		t.Fatal(err)
	}
	s.settle()
	before, size := bytes.Clone(s.picture().Pix), s.r.grids.cells.buffer.Size
	for range 20 {
		id := s.grid(first)
		s.draw()
		if err := s.scene.RemoveGrid(id); err != nil {
			t.Fatal(err)
		}
		s.draw()
	}
	if now := s.r.grids.cells.buffer.Size; now != size {
		t.Errorf("cells took %d bytes, and %d after screens that came and went", size, now)
	}
	s.grid(first) // has the number of the first one, so that the next is looked at last
	more := screen(200, 100, 1)
	more.Origin[0] = 100
	s.grid(more)
	s.settle()
	if now := s.r.grids.cells.buffer.Size; now == size {
		t.Fatal("the cells did not move")
	}
	if !bytes.Equal(s.picture().Pix, before) {
		t.Error("a screen is another one when its cells have moved")
	}
}
