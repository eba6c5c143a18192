package crashtest

import (
	"io"
	"maps"
)

// content is what a file holds. Pages of zeros are not kept, and the others are
// never changed in place, so that a copy costs a map: databases reserve many
// megabytes, and thousands of states differ in a page.
type content struct {
	size  int64
	pages map[int64]*page
}

const pageSize = 4096

type page [pageSize]byte

func newContent() *content { return &content{pages: map[int64]*page{}} }

func (c *content) clone() *content { return &content{size: c.size, pages: maps.Clone(c.pages)} }

func (c *content) ReadAt(b []byte, off int64) (int, error) {
	n := int(max(0, min(int64(len(b)), c.size-off)))
	for done := 0; done < n; {
		at := off + int64(done)
		in := at % pageSize
		m := int(min(int64(n-done), pageSize-in))
		if p := c.pages[at/pageSize]; p != nil {
			copy(b[done:done+m], p[in:])
		} else {
			clear(b[done : done+m])
		}
		done += m
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// bytes returns all of it.
func (c *content) bytes() []byte {
	b := make([]byte, c.size)
	_, _ = c.ReadAt(b, 0)
	return b
}

func (c *content) write(b []byte, off int64) {
	c.size = max(c.size, off+int64(len(b)))
	for len(b) > 0 {
		in := off % pageSize
		m := int(min(int64(len(b)), pageSize-in))
		var p page
		if old := c.pages[off/pageSize]; old != nil {
			p = *old
		}
		copy(p[in:], b[:m])
		if p == (page{}) {
			delete(c.pages, off/pageSize)
		} else {
			c.pages[off/pageSize] = &p
		}
		b, off = b[m:], off+int64(m)
	}
}

func (c *content) truncate(size int64) {
	if size < c.size {
		if in := size % pageSize; in > 0 {
			if old := c.pages[size/pageSize]; old != nil {
				c.write(make([]byte, min(pageSize-in, c.size-size)), size)
			}
		}
		for n := range c.pages {
			if n*pageSize >= size {
				delete(c.pages, n)
			}
		}
	}
	c.size = size
}

// apply carries out a write or truncate. keep, if not nil, says which sectors of
// a write reached the disk; the file has its length in any case.
func (c *content) apply(o Op, keep func(sector int64) bool) {
	if o.Kind == Truncate {
		c.truncate(o.Off)
		return
	}
	if keep == nil {
		c.write(o.Data, o.Off)
		return
	}
	end := o.Off + int64(len(o.Data))
	c.size = max(c.size, end)
	for at := o.Off; at < end; {
		next := min(end, (at/sector+1)*sector)
		if keep(at / sector) {
			c.write(o.Data[at-o.Off:next-o.Off], at)
		}
		at = next
	}
}

// sector is what a disk writes whole.
const sector = 512
