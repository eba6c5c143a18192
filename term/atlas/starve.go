package atlas

// patience is how many pictures without room are looked at, each time that some may be
// there, before the rest has to wait.
const patience = 8

// starve notes that a picture of some size has no room.
func (a *Atlas) starve(h Handle, color bool, width, height int) {
	e := &a.entries[h]
	e.stage, e.spot, e.glyph.Color = noRoom, spot{w: width, h: height}, color
	if !e.hungry {
		e.hungry = true
		a.starved = append(a.starved, h)
	}
	a.stats.Starved++
}

// nourish keeps room for those that had none, now that there may be some. They are made
// only then, once more: pictures that nobody sees are not kept.
func (a *Atlas) nourish() {
	for fails := 0; fails < min(patience, len(a.starved)); {
		h := a.starved[0]
		a.starved = a.starved[1:]
		e := &a.entries[h]
		e.hungry = false
		if e.stage != noRoom {
			continue
		}
		at, ok := a.place(e.glyph.Color, e.spot.w, e.spot.h)
		if !ok { // others are smaller, perhaps
			e.hungry = true
			a.starved = append(a.starved, h)
			fails++
			continue
		}
		e.stage, e.spot = queued, at
		a.queue = append(a.queue, h)
		a.wake.Signal()
	}
}

// vacate gives back the room that is kept for a picture that is to be made.
func (a *Atlas) vacate(h Handle) {
	if e := &a.entries[h]; e.spot.w > 0 {
		a.pages[e.spot.page].remove(e.spot)
		e.spot = spot{}
	}
}
