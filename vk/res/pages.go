package res

import (
	"sync"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/mem"
)

// Pages grow from firstPage to lastPage bytes: a small space needs one of each,
// and a large one few. A mesh larger than lastPage has a page of its own.
const (
	firstPage = 4 << 20
	lastPage  = 64 << 20
)

// pages are large buffers of things of one size.
type pages struct {
	a     *mem.Allocator
	name  string
	size  uint64 // of a thing, bytes
	usage vk.BufferUsageFlagBits

	mu   sync.Mutex // guards list
	list []*page
}

type page struct {
	buf    *mem.Buffer
	ranges *mem.Ranges
}

// part is a range of a page. The zero value is none.
type part struct {
	p *page
	r mem.Range
}

func (x part) buffer() (b vk.Buffer) {
	if x.p != nil {
		b = x.p.buf.Handle
	}
	return b
}

// take finds room for n things, at least 1.
func (g *pages) take(n int) (part, error) {
	most := uint64(g.a.Device().Limits.MaxStorageRange) / g.size
	if uint64(n) > most {
		return part{}, &mem.DescError{Name: g.name, Width: uint64(n) * g.size, Err: mem.ErrSize}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, p := range g.list {
		if x, ok := p.ranges.Take(uint32(n)); ok {
			return part{p, x}, nil
		}
	}
	count := min(max(uint64(min(firstPage<<min(len(g.list), 8), lastPage))/g.size, uint64(n)), most)
	b, err := g.a.NewBuffer(mem.BufferDesc{Size: count * g.size, Usage: g.usage, Name: g.name})
	if err != nil && count > uint64(n) { // a full device may still have what is needed
		count = uint64(n)
		b, err = g.a.NewBuffer(mem.BufferDesc{Size: count * g.size, Usage: g.usage, Name: g.name})
	}
	if err != nil {
		return part{}, err
	}
	p := &page{b, mem.NewRanges(uint32(count))}
	g.list = append(g.list, p)
	x, _ := p.ranges.Take(uint32(n))
	return part{p, x}, nil
}

// give takes a part back when everything submitted so far has been executed. A page
// that is empty then is kept if it is the last one.
func (g *pages) give(x part) {
	if x.p == nil {
		return
	}
	g.a.Device().Defer(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		x.p.ranges.Give(x.r)
		if x.p.ranges.Used() > 0 || len(g.list) < 2 {
			return
		}
		for i, p := range g.list {
			if p == x.p {
				g.list = append(g.list[:i], g.list[i+1:]...)
				p.buf.Close()
				return
			}
		}
	})
}

// close destroys the pages behind the frames in flight and what was given before.
func (g *pages) close() {
	g.a.Device().Defer(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		for _, p := range g.list {
			p.buf.Close()
		}
		g.list = nil
	})
}
