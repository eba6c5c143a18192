package term

import "unicode/utf8"

// maxClusterRunes bounds the code points of one cell. The longest emoji of Unicode have
// ten; what stacks more marks is no text.
const maxClusterRunes = 24

// texts are what the cells of a screen refer to. They stay as they are for cells that
// were there when they were taken, whatever the terminal does later.
type texts struct {
	clusters []string
	extras   []extra
	links    []link
}

func (s *tables) texts() texts {
	return texts{s.clusters.values, s.extras.values, s.links.values}
}

// Text appends the text of c to b: a space where nothing was written, nothing in the
// right half of a wide character.
func (s texts) Text(b []byte, c Cell) []byte {
	switch {
	case c.attr&wideTail != 0:
		return b
	case c.content&clusterBit != 0:
		if i := c.content &^ clusterBit; int(i) < len(s.clusters) {
			return append(b, s.clusters[i]...)
		}
		return b
	case c.content == 0:
		return append(b, ' ')
	case c.content < utf8.RuneSelf:
		return append(b, byte(c.content))
	}
	return utf8.AppendRune(b, rune(c.content))
}

// Link returns the address that c leads to by OSC 8 and the id that its cells share,
// both "" for none.
func (s texts) Link(c Cell) (uri, id string) {
	if i := int(c.extra); i < len(s.extras) {
		if l := int(s.extras[i].link); l < len(s.links) {
			return s.links[l].uri, s.links[l].id
		}
	}
	return "", ""
}

// UnderlineColor returns the colour of c's underline, the default for that of its text.
func (s texts) UnderlineColor(c Cell) Color {
	if i := int(c.extra); i < len(s.extras) {
		return s.extras[i].underline
	}
	return DefaultColor
}

// extra is what few cells have.
type extra struct {
	link      uint16 // index of a link, 0 for none
	underline Color
}

// link is a link by OSC 8. Links with an id are one link where both are the same; one
// without gets an id of its own, so that two beside each other stay two.
type link struct{ uri, id string }

// interned is a table in which each value stands once. Index 0 is the zero value. It is
// never longer than max; free are the indices of values that collection found unused.
type interned[T comparable] struct {
	values []T
	index  map[T]uint32
	free   []uint32
	max    int
	// refused counts values turned away since the table was last collected. A table
	// full of what is in use is collected again only after so many as it holds, so that
	// a flood of new values costs each a constant time.
	refused int
}

func (s *interned[T]) init(max int) {
	var zero T
	s.values = append(s.values[:0:0], zero)
	s.index = map[T]uint32{}
	s.free, s.max, s.refused = nil, max, 0
}

// find returns the index of v if it stands in the table.
func (s *interned[T]) find(v T) (uint32, bool) {
	i, ok := s.index[v]
	return i, ok
}

// full tells whether an addition needs a collection first, and that it is worth one.
func (s *interned[T]) full() (full, worth bool) {
	if len(s.free) > 0 || len(s.values) < s.max {
		return false, false
	}
	if s.refused > 0 {
		s.refused--
		return true, false
	}
	return true, true
}

// add puts v into the table, which has room for it.
func (s *interned[T]) add(v T) uint32 {
	var i uint32
	if n := len(s.free); n > 0 {
		i = s.free[n-1]
		s.free = s.free[:n-1]
		s.values[i] = v
	} else {
		i = uint32(len(s.values))
		s.values = append(s.values, v)
	}
	s.index[v] = i
	return i
}

// collect frees all that used does not name. The values move to a new array, so that
// who holds the old one is not disturbed.
func (s *interned[T]) collect(used []uint64) {
	var zero T
	values := make([]T, len(s.values), s.max)
	s.free = s.free[:0]
	clear(s.index)
	for i := len(values) - 1; i > 0; i-- {
		if used[i>>6]&(1<<(i&63)) == 0 {
			values[i] = zero
			s.free = append(s.free, uint32(i))
			continue
		}
		values[i] = s.values[i]
		s.index[values[i]] = uint32(i)
	}
	s.values = values
	s.refused = 0
	if len(s.free) < s.max/4 {
		s.refused = s.max
	}
}

// tables are the side tables of one terminal.
type tables struct {
	clusters interned[string]
	links    interned[link]
	extras   interned[extra]
	nextLink uint64
}

func (s *tables) init(l Limits) {
	s.clusters.init(l.Clusters)
	s.links.init(l.Links)
	s.extras.init(l.Extras)
	s.nextLink = 0
}

// cluster returns the content of a cell that holds text, false if there is no room.
func (t *Terminal) cluster(text []byte) (uint32, bool) {
	s := &t.tables.clusters
	if i, ok := s.index[string(text)]; ok {
		return i | clusterBit, true
	}
	if !t.room(s.full) {
		return 0, false
	}
	return s.add(string(text)) | clusterBit, true
}

// room reports whether a table takes one more, if need be behind a collection.
func (t *Terminal) room(state func() (full, worth bool)) bool {
	full, worth := state()
	if full && worth {
		t.collect()
		full, _ = state()
	}
	return !full
}

// extra returns the index of x, 0 if there is no room.
func (t *Terminal) extra(x extra) uint16 {
	if x == (extra{}) {
		return 0
	}
	s := &t.tables.extras
	if i, ok := s.find(x); ok {
		return uint16(i)
	}
	if !t.room(s.full) {
		return 0
	}
	return uint16(s.add(x))
}

// link returns the index of l, 0 if there is no room.
func (t *Terminal) link(l link) uint16 {
	s := &t.tables.links
	if i, ok := s.find(l); ok {
		return uint16(i)
	}
	if !t.room(s.full) {
		return 0
	}
	return uint16(s.add(l))
}

// collect frees what no cell, no pen, no saved cursor and no open link uses in the tables.
func (t *Terminal) collect() {
	s := &t.tables
	clusters := make([]uint64, len(s.clusters.values)/64+1)
	extras := make([]uint64, len(s.extras.values)/64+1)
	links := make([]uint64, len(s.links.values)/64+1)
	use := func(c Cell) {
		if c.content&clusterBit != 0 {
			i := c.content &^ clusterBit
			clusters[i>>6] |= 1 << (i & 63)
		}
		extras[c.extra>>6] |= 1 << (c.extra & 63)
	}
	for _, g := range []*ring{&t.main.ring, &t.alt.ring} {
		for i := range g.n {
			r := g.at(i)
			for _, c := range r.cells[:r.n] {
				if c.content&clusterBit != 0 || c.extra != 0 {
					use(c)
				}
			}
		}
	}
	use(t.pen)
	use(t.last)
	use(t.main.saved.pen)
	use(t.alt.saved.pen)
	for _, k := range t.pens {
		use(k.pen)
	}
	// The open link goes on over text that is still to come.
	links[t.url>>6] |= 1 << (t.url & 63)
	for i, x := range s.extras.values {
		if extras[i>>6]&(1<<(i&63)) != 0 {
			links[x.link>>6] |= 1 << (x.link & 63)
		}
	}
	s.clusters.collect(clusters)
	s.extras.collect(extras)
	s.links.collect(links)
}
