package atlas

import "unicode/utf8"

// entry is that of a handle, nil for one that names nothing.
func (a *Atlas) entry(h Handle) *entry {
	if h == 0 || int(h) >= len(a.entries) || a.entries[h].stage == free {
		return nil
	}
	return &a.entries[h]
}

// take returns a handle that nobody has, 0 if all are in use.
func (a *Atlas) take() Handle {
	if len(a.unused) == 0 && len(a.entries) > a.handles {
		if a.oldest == 0 {
			return 0
		}
		a.evict(a.oldest)
	}
	if n := len(a.unused); n > 0 {
		h := a.unused[n-1]
		a.unused = a.unused[:n-1]
		return h
	}
	a.entries = append(a.entries, entry{})
	return Handle(len(a.entries) - 1)
}

// evict throws out a picture that nobody uses.
func (a *Atlas) evict(h Handle) {
	a.unlink(h)
	e := &a.entries[h]
	if e.stage == shown {
		a.pages[e.spot.page].remove(e.spot)
	}
	a.stats.Evicted++
	a.drop(h)
}

// drop forgets a handle, whose glyph is blank from now on.
func (a *Atlas) drop(h Handle) {
	e := &a.entries[h]
	if r, n := utf8.DecodeRuneInString(e.text); n == len(e.text) {
		delete(a.runes, uint64(r)|uint64(e.style)<<32|uint64(e.columns)<<40)
	} else {
		delete(a.clusters, cluster{e.text, e.style, e.columns})
	}
	*e = entry{glyph: Glyph{Page: -1}, fresh: e.fresh, hungry: e.hungry}
	a.unused = append(a.unused, h)
	a.mark(h)
}

// link makes a handle the most recently used of those that nobody uses.
func (a *Atlas) link(h Handle) {
	e := &a.entries[h]
	e.older, e.newer = a.newest, 0
	if a.newest != 0 {
		a.entries[a.newest].newer = h
	} else {
		a.oldest = h
	}
	a.newest = h
}

func (a *Atlas) unlink(h Handle) {
	e := &a.entries[h]
	if e.older != 0 {
		a.entries[e.older].newer = e.newer
	} else {
		a.oldest = e.newer
	}
	if e.newer != 0 {
		a.entries[e.newer].older = e.older
	} else {
		a.newest = e.older
	}
	e.older, e.newer = 0, 0
}
