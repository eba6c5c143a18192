package vk

import (
	vulkan "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/pass"
	"hearth/vk/raw"
	"hearth/vk/scene"
)

// glyphTable is what handles name, on the device.
type glyphTable struct {
	seen   []*scene.Chunk[scene.Glyph]
	buffer *mem.Buffer
	count  int // handles below are on the device
	slots  int // that the buffer has room for
	// early tells for a chunk that it names pages that were not there when there were so
	// many as pages says.
	early []bool
	pages int
}

const glyphChunk = scene.ChunkSize * pass.TextGlyphSize

// sync sends the chunks that changed. It waits for the tiles that are on their way: a
// glyph never names what is not there.
func (g *glyphTable) sync(r *Renderer, fr *device.Frame, t scene.Table[scene.Glyph], p *pageStore) error {
	if g.buffer == nil || t.Slots() > g.slots {
		slots := max(scene.ChunkSize, 2*g.slots, t.Slots())
		b, err := r.a.NewBuffer(mem.BufferDesc{Name: "glyphs", Size: uint64(slots * pass.TextGlyphSize),
			Usage: vulkan.BufferUsageStorageBufferBit | vulkan.BufferUsageTransferDstBit})
		if err != nil {
			return err
		}
		g.buffer.Close()
		g.buffer, g.slots, g.count, g.seen = b, slots, 0, nil
	}
	if p.left > 0 {
		return nil
	}
	if g.pages != p.used {
		g.pages = p.used
		for i, early := range g.early[:len(g.seen)] {
			if early {
				g.seen[i] = nil
			}
		}
	}
	begun := false
	defer func() {
		if begun {
			fr.Stream.Barriers(nil, nil, []raw.MemoryBarrier{{SrcStage: raw.StageTransfer, SrcAccess: raw.AccessTransferWrite,
				DstStage: raw.StageFragment, DstAccess: raw.AccessStorageRead}})
		}
	}()
	for i := range t.Chunks() {
		c := t.Chunk(i)
		if i < len(g.seen) && g.seen[i] == c {
			continue
		}
		s, err := fr.Alloc(glyphChunk, pass.TextGlyphSize)
		if err != nil {
			return err
		}
		early := false
		for k := range c.Items {
			e := pass.TextGlyph{Page: -1}
			if c.Alive(k) {
				e = p.glyph(&c.Items[k])
				early = early || e.Page != c.Items[k].Page
			}
			e.Put(s.Bytes[k*pass.TextGlyphSize:])
		}
		if !begun {
			begun = true
			fr.Stream.Barriers(nil, nil, []raw.MemoryBarrier{{SrcStage: raw.StageFragment | raw.StageTransfer, SrcAccess: raw.AccessTransferWrite,
				DstStage: raw.StageTransfer, DstAccess: raw.AccessTransferWrite}})
		}
		fr.Stream.CopyBuffer(s.Buffer, s.Offset, g.buffer.Handle, uint64(i*glyphChunk), glyphChunk)
		if i == len(g.seen) {
			g.seen, g.early = append(g.seen, nil), append(g.early[:i], false)
		}
		g.seen[i], g.early[i] = c, early
		g.count = max(g.count, (i+1)*scene.ChunkSize)
		r.grids.sent += glyphChunk
	}
	return nil
}

func (g *glyphTable) all() pass.Range {
	if g.buffer == nil {
		return pass.Range{}
	}
	return pass.Range{Buffer: g.buffer.Handle}
}

// glyph is a glyph as the device reads it, one that draws nothing where its page is
// not there.
func (p *pageStore) glyph(g *scene.Glyph) pass.TextGlyph {
	e := pass.TextGlyph{Page: -1}
	if g.Page < 0 || int(g.Page) >= len(p.pages) || int(g.Page) >= p.layers() || !p.pages[g.Page].used || g.W == 0 || g.H == 0 || !(g.Right > g.Left) || !(g.Top > g.Bottom) {
		return e
	}
	page := &p.pages[g.Page]
	return pass.TextGlyph{Page: g.Page, Color: page.color, X: g.X, Y: g.Y, W: g.W, H: g.H, Mean: page.mean(g),
		Left: g.Left, Top: g.Top, Right: g.Right, Bottom: g.Bottom}
}
