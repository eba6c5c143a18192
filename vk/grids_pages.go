package vk

import (
	vulkan "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/raw"
	"hearth/vk/scene"
)

// tileBudget is how many bytes of tiles are sent in one frame: some 300 glyphs, so the
// first screen of a font is there at once, and thousands take turns with the rest.
const tileBudget = 4 << 20

// coarse is the side of a page in the last level.
const coarse = scene.GlyphSide >> (scene.GlyphLevels - 1)

// pageStore is the pages of glyphs on the device: the layers of one image. Colours and
// distances lie side by side: colours as they are encoded, multiplied by alpha, so
// that both are filtered as they are mixed.
type pageStore struct {
	image *mem.Image
	pages []glyphPage
	used  int // pages that have tiles
	left  int // tiles that wait for another frame
	jobs  []tileJob
	// stamps tell which squares of a page tiles were copied to since the last barrier:
	// those with the value of stamp.
	stamps [coarse * coarse]uint32
	stamp  uint32
}

// glyphPage is what of a page has been sent.
type glyphPage struct {
	color  bool
	begun  bool
	used   bool // it has tiles
	epoch  uint64
	taken  int
	coarse []byte // the last level, as it is on the device
}

type tileJob struct {
	page   int
	tile   *scene.Tile
	levels [scene.GlyphLevels]device.Slice
}

func (p *pageStore) layers() int {
	if p.image == nil {
		return 0
	}
	return int(p.image.Layers)
}

// sync records the uploads of tiles that are new.
func (p *pageStore) sync(r *Renderer, fr *device.Frame, pages []scene.Page) error {
	if err := p.grow(r, fr.Stream, len(pages)); err != nil {
		return err
	}
	for len(p.pages) < min(len(pages), p.layers()) {
		p.pages = append(p.pages, glyphPage{coarse: make([]byte, 4*coarse*coarse)})
	}
	p.jobs, p.left = p.jobs[:0], 0
	sent := 0
	for i := range min(len(p.pages), len(pages)) {
		x, page := &pages[i], &p.pages[i]
		retold := false
		switch {
		case page.begun && page.epoch == x.Epoch:
		case page.begun && page.epoch+1 == x.Epoch && page.taken == x.Was:
			page.epoch, page.taken = x.Epoch, x.Kept
		default:
			retold = page.begun
			page.begun, page.epoch, page.taken, page.color = true, x.Epoch, 0, x.Color
		}
		if page.taken == 0 { // it may have begun before its first tile
			page.color = x.Color
		}
		for page.taken < len(x.Tiles) {
			// A page that is told again goes whole: older tiles lie over newer ones until
			// they are hidden again.
			if sent >= tileBudget && !retold {
				p.left += len(x.Tiles) - page.taken
				break
			}
			t := &x.Tiles[page.taken]
			j := tileJob{page: i, tile: t}
			for l, b := range t.Levels {
				s, err := fr.Alloc(len(b), 16)
				if err != nil {
					p.left += len(x.Tiles) - page.taken
					p.upload(fr.Stream)
					return err
				}
				if page.color {
					premultiply(s.Bytes, b)
				} else {
					copy(s.Bytes, b)
				}
				j.levels[l] = s
				sent += len(b)
			}
			page.keep(t, j.levels[scene.GlyphLevels-1].Bytes)
			if !page.used {
				page.used = true
				p.used++
			}
			p.jobs = append(p.jobs, j)
			page.taken++
		}
	}
	p.upload(fr.Stream)
	r.grids.sent += sent
	return nil
}

// upload records the jobs.
func (p *pageStore) upload(s *raw.Stream) {
	if len(p.jobs) == 0 {
		return
	}
	p.turn(s, vulkan.ImageLayoutShaderReadOnlyOptimal, vulkan.ImageLayoutTransferDstOptimal)
	for i := range p.jobs {
		j := &p.jobs[i]
		if i == 0 || p.jobs[i-1].page != j.page {
			p.stamp++
		}
		if p.covers(j.tile) { // copies have no order of their own
			s.Barriers(nil, nil, []raw.MemoryBarrier{{SrcStage: raw.StageTransfer, SrcAccess: raw.AccessTransferWrite, DstStage: raw.StageTransfer, DstAccess: raw.AccessTransferWrite}})
			p.stamp++
			p.covers(j.tile)
		}
		for l, b := range j.levels {
			s.CopyBufferToImage(b.Buffer, raw.BufferLayout{Offset: b.Offset}, p.image.Handle, vulkan.ImageLayoutTransferDstOptimal,
				raw.Region{Level: uint32(l), Layer: uint32(j.page), X: int32(j.tile.X >> l), Y: int32(j.tile.Y >> l), Width: uint32(j.tile.W >> l), Height: uint32(j.tile.H >> l)})
		}
	}
	p.turn(s, vulkan.ImageLayoutTransferDstOptimal, vulkan.ImageLayoutShaderReadOnlyOptimal)
	clear(p.jobs) // so that they do not keep tiles
	p.jobs = p.jobs[:0]
}

// covers marks where a tile lies, and reports whether it lies over another one that no
// barrier is behind.
func (p *pageStore) covers(t *scene.Tile) (over bool) {
	const l = scene.GlyphAlign
	for y := t.Y / l; y < (t.Y+t.H)/l; y++ {
		for x := t.X / l; x < (t.X+t.W)/l; x++ {
			s := &p.stamps[y*coarse+x]
			over = over || *s == p.stamp
			*s = p.stamp
		}
	}
	return over
}

// turn changes the layout of all pages.
func (p *pageStore) turn(s *raw.Stream, from, to vulkan.ImageLayout) {
	b := raw.ImageBarrier{Image: p.image.Handle, Old: from, New: to}
	b.SrcStage, b.SrcAccess = side(from)
	b.DstStage, b.DstAccess = side(to)
	if from == vulkan.ImageLayoutShaderReadOnlyOptimal {
		b.SrcAccess = raw.AccessNone
	}
	s.Barriers([]raw.ImageBarrier{b}, nil, nil)
}

// side is who uses pages in a layout.
func side(l vulkan.ImageLayout) (raw.Stage, raw.Access) {
	switch l {
	case vulkan.ImageLayoutTransferDstOptimal:
		return raw.StageTransfer, raw.AccessTransferWrite
	case vulkan.ImageLayoutTransferSrcOptimal:
		return raw.StageTransfer, raw.AccessTransferRead
	case vulkan.ImageLayoutShaderReadOnlyOptimal:
		return raw.StageFragment, raw.AccessSampledRead
	}
	return raw.StageNone, raw.AccessNone
}

// grow makes room for n pages, and at least one.
func (p *pageStore) grow(r *Renderer, s *raw.Stream, n int) error {
	n = min(max(n, 1), int(r.d.Limits.MaxImageLayers))
	have := p.layers()
	if have >= n {
		return nil
	}
	n = min(max(n, 2*have), int(r.d.Limits.MaxImageLayers))
	image, err := r.a.NewImage(mem.ImageDesc{Name: "pages of glyphs", Width: scene.GlyphSide, Height: scene.GlyphSide, Levels: scene.GlyphLevels, Layers: uint32(n), Array: true,
		Format: vulkan.FormatR8g8b8a8Unorm, Usage: vulkan.ImageUsageSampledBit | vulkan.ImageUsageTransferDstBit | vulkan.ImageUsageTransferSrcBit})
	if err != nil {
		return err
	}
	old := *p
	p.image = image
	p.turn(s, vulkan.ImageLayoutUndefined, vulkan.ImageLayoutTransferDstOptimal)
	s.ClearColorImage(image.Handle, vulkan.ImageLayoutTransferDstOptimal, [4]float32{})
	if have > 0 {
		s.Barriers(nil, nil, []raw.MemoryBarrier{{SrcStage: raw.StageTransfer, SrcAccess: raw.AccessTransferWrite, DstStage: raw.StageTransfer, DstAccess: raw.AccessTransferWrite}})
		old.turn(s, vulkan.ImageLayoutShaderReadOnlyOptimal, vulkan.ImageLayoutTransferSrcOptimal)
		for l := range uint32(scene.GlyphLevels) {
			region := raw.Region{Level: l, Layers: uint32(have), Width: scene.GlyphSide >> l, Height: scene.GlyphSide >> l}
			s.CopyImage(old.image.Handle, vulkan.ImageLayoutTransferSrcOptimal, region, image.Handle, vulkan.ImageLayoutTransferDstOptimal, region)
		}
		old.image.Close()
	}
	p.turn(s, vulkan.ImageLayoutTransferDstOptimal, vulkan.ImageLayoutShaderReadOnlyOptimal)
	return nil
}

// keep remembers the last level of a tile.
func (g *glyphPage) keep(t *scene.Tile, b []byte) {
	const l = scene.GlyphLevels - 1
	w := 4 * (t.W >> l)
	for y := range t.H >> l {
		copy(g.coarse[4*(((t.Y>>l)+y)*coarse+t.X>>l):], b[y*w:(y+1)*w])
	}
}

// mean is the mean of a glyph's picture.
func (g *glyphPage) mean(x *scene.Glyph) (m [4]uint8) {
	const l = scene.GlyphAlign
	var sum [4]int
	for y := int(x.Y) / l; y*l < int(x.Y)+int(x.H); y++ {
		h := min((y+1)*l, int(x.Y)+int(x.H)) - max(y*l, int(x.Y))
		for c := int(x.X) / l; c*l < int(x.X)+int(x.W); c++ {
			area := h * (min((c+1)*l, int(x.X)+int(x.W)) - max(c*l, int(x.X)))
			for i, b := range g.coarse[4*(y*coarse+c):][:4] {
				sum[i] += area * int(b)
			}
		}
	}
	for i := range m {
		m[i] = uint8((sum[i] + int(x.W)*int(x.H)/2) / (int(x.W) * int(x.H)))
	}
	return m
}

// premultiply copies texels with straight alpha as ones that are multiplied by it.
func premultiply(to, from []byte) {
	for i := 0; i+3 < len(from); i += 4 {
		a := uint32(from[i+3])
		for k := range 3 {
			to[i+k] = uint8((uint32(from[i+k])*a + 127) / 255)
		}
		to[i+3] = from[i+3]
	}
}
