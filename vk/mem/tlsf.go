package mem

import "math/bits"

// The grain of a space: offsets and sizes are multiples of it. 256 is the largest
// alignment that uniform and storage buffers of known devices ask for.
const (
	grain     = 256
	slBits    = 4 // 16 lists for each power of two: at most 1/16 is given away by rounding
	slCount   = 1 << slBits
	flCount   = 64 - slBits
	none      = int32(-1)
	maxObject = 1 << 48 // bytes; more is a mistake, and would overflow the classes
)

// space divides [0, size) into ranges.
type space struct {
	size, used uint64
	nodes      []node
	spare      []int32 // unused nodes
	first      uint64  // bit i: some list of class i is not empty
	second     [flCount]uint16
	heads      [flCount][slCount]int32
}

// node is a range. Ranges that lie beside each other are linked, and so are free
// ranges of a class.
type node struct {
	off, size          uint64
	before, after      int32 // neighbours
	prevFree, nextFree int32
	free               bool
}

func newSpace(size uint64) *space {
	s := &space{size: size / grain * grain}
	for i := range s.heads {
		for j := range s.heads[i] {
			s.heads[i][j] = none
		}
	}
	n := s.node()
	s.nodes[n] = node{size: s.size, before: none, after: none}
	s.insert(n)
	return s
}

// node takes an unused node.
func (s *space) node() int32 {
	if n := len(s.spare); n > 0 {
		i := s.spare[n-1]
		s.spare = s.spare[:n-1]
		return i
	}
	s.nodes = append(s.nodes, node{})
	return int32(len(s.nodes) - 1)
}

// class is the list that a free range of this size is in.
func class(size uint64) (fl, sl int) {
	u := size / grain
	if u < slCount {
		return 0, int(u)
	}
	log := bits.Len64(u) - 1
	return log - slBits + 1, int(u>>(log-slBits)) - slCount
}

// classFor is the first list all of whose ranges have at least this size.
func classFor(size uint64) (fl, sl int) {
	u := size / grain
	if u >= slCount {
		u += 1<<(bits.Len64(u)-1-slBits) - 1
	}
	return class(u * grain)
}

// alloc takes a range; align is a power of two. It returns the node, which names
// the range until it is given to release.
func (s *space) alloc(size, align uint64) (n int32, off uint64, ok bool) {
	if size > maxObject || align > maxObject {
		return none, 0, false
	}
	size = max(roundUp(size, grain), grain)
	want := size
	if align > grain {
		want += align - grain
	}
	n = s.find(want)
	if n == none {
		return none, 0, false
	}
	s.remove(n)
	off = s.nodes[n].off
	if at := roundUp(off, max(align, grain)); at != off { // the part before stays free
		front := n
		n = s.split(front, at-off)
		s.insert(front)
	}
	if s.nodes[n].size > size {
		s.insert(s.split(n, size))
	}
	s.nodes[n].free = false
	s.used += size
	return n, s.nodes[n].off, true
}

// maxWalk bounds the steps through the list that may hold a range that just fits.
const maxWalk = 16

// find returns a free range of at least size.
func (s *space) find(size uint64) int32 {
	fl, sl := classFor(size)
	if fl >= flCount {
		return none
	}
	m := s.second[fl] &^ (1<<sl - 1)
	if m == 0 {
		above := s.first &^ (1<<(fl+1) - 1)
		if above == 0 {
			return s.findExact(size)
		}
		fl = bits.TrailingZeros64(above)
		m = s.second[fl]
	}
	return s.heads[fl][bits.TrailingZeros16(m)]
}

// findExact looks in the list of the size itself, where some ranges are too small:
// a block that was made for one thing must take it.
func (s *space) findExact(size uint64) int32 {
	fl, sl := class(size)
	n := s.heads[fl][sl]
	for range maxWalk {
		if n == none || s.nodes[n].size >= size {
			return n
		}
		n = s.nodes[n].nextFree
	}
	return none
}

// split cuts a range behind size and returns the rest, which is in no list.
func (s *space) split(n int32, size uint64) int32 {
	r := s.node()
	a := s.nodes[n]
	s.nodes[r] = node{off: a.off + size, size: a.size - size, before: n, after: a.after}
	if a.after != none {
		s.nodes[a.after].before = r
	}
	s.nodes[n].after, s.nodes[n].size = r, size
	return r
}

// release frees a range and joins it with free neighbours.
func (s *space) release(n int32) {
	s.used -= s.nodes[n].size
	if b := s.nodes[n].before; b != none && s.nodes[b].free {
		s.remove(b)
		s.join(b, n)
		n = b
	}
	if a := s.nodes[n].after; a != none && s.nodes[a].free {
		s.remove(a)
		s.join(n, a)
	}
	s.insert(n)
}

// join adds the range b, which follows a, to a.
func (s *space) join(a, b int32) {
	s.nodes[a].size += s.nodes[b].size
	s.nodes[a].after = s.nodes[b].after
	if n := s.nodes[b].after; n != none {
		s.nodes[n].before = a
	}
	s.spare = append(s.spare, b)
}

func (s *space) insert(n int32) {
	fl, sl := class(s.nodes[n].size)
	h := s.heads[fl][sl]
	s.nodes[n].free, s.nodes[n].prevFree, s.nodes[n].nextFree = true, none, h
	if h != none {
		s.nodes[h].prevFree = n
	}
	s.heads[fl][sl] = n
	s.second[fl] |= 1 << sl
	s.first |= 1 << fl
}

func (s *space) remove(n int32) {
	x := &s.nodes[n]
	x.free = false
	if x.nextFree != none {
		s.nodes[x.nextFree].prevFree = x.prevFree
	}
	if x.prevFree != none {
		s.nodes[x.prevFree].nextFree = x.nextFree
		return
	}
	fl, sl := class(x.size)
	s.heads[fl][sl] = x.nextFree
	if x.nextFree == none {
		if s.second[fl] &^= 1 << sl; s.second[fl] == 0 {
			s.first &^= 1 << fl
		}
	}
}

func roundUp(n, to uint64) uint64 { return (n + to - 1) &^ (to - 1) }
