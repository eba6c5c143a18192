package graph

import (
	"errors"
	"fmt"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/raw"
)

// ErrGraph reports passes that do not fit together; it is a mistake of who built
// the graph.
var ErrGraph = errors.New("the passes of a frame contradict each other")

// Slot names a resource within a graph.
type Slot int

// Transient is the shape of an image that lives within a frame. Zero Levels,
// Layers and Samples are 1.
type Transient struct {
	Format                  vk.Format
	Width, Height           int
	Levels, Layers, Samples int
	Aspect                  vk.ImageAspectFlagBits // 0: colour
	Usage                   vk.ImageUsageFlagBits  // besides what the passes say
}

type slot struct {
	name      string
	buffer    bool
	transient *Transient
}

// access is one use of a slot by a pass.
type access struct {
	slot    Slot
	use     Use
	discard bool
}

// Pass is a step of a frame.
type Pass struct {
	name string
	run  func(*raw.Stream)
	uses []access
	g    *Graph
}

// Graph collects passes.
type Graph struct {
	slots  []slot
	passes []*Pass
}

// New returns a graph without passes.
func New() *Graph { return &Graph{} }

// Transient declares an image that the graph makes.
func (g *Graph) Transient(name string, t Transient) Slot {
	t.Levels, t.Layers, t.Samples = max(t.Levels, 1), max(t.Layers, 1), max(t.Samples, 1)
	return g.slot(slot{name: name, transient: &t})
}

// Image declares an image that is given with Plan.SetImage.
func (g *Graph) Image(name string) Slot { return g.slot(slot{name: name}) }

// Buffer declares a buffer that is given with Plan.SetBuffer.
func (g *Graph) Buffer(name string) Slot { return g.slot(slot{name: name, buffer: true}) }

func (g *Graph) slot(s slot) Slot {
	g.slots = append(g.slots, s)
	return Slot(len(g.slots) - 1)
}

// Pass adds a step. run records it; nil records nothing, and the barriers of its
// uses are all it does.
func (g *Graph) Pass(name string, run func(*raw.Stream)) *Pass {
	p := &Pass{name: name, run: run, g: g}
	g.passes = append(g.passes, p)
	return p
}

// Use declares that the pass touches a slot; writing keeps what it does not write.
func (p *Pass) Use(s Slot, u Use) *Pass { return p.add(access{slot: s, use: u}) }

// Overwrite declares that the pass writes a slot and needs nothing of what it held.
func (p *Pass) Overwrite(s Slot, u Use) *Pass { return p.add(access{slot: s, use: u, discard: true}) }

func (p *Pass) add(a access) *Pass {
	p.uses = append(p.uses, a)
	return p
}

// phase is a run of uses of one slot with one state: one write, or reads in one
// layout with nothing between them. One barrier before its first pass serves all.
type phase struct {
	slot    Slot
	pass    int // the first
	last    int
	use     Use
	discard bool
}

// phases checks the passes and joins their uses.
func (g *Graph) phases() ([]phase, error) {
	var all []phase
	current := make([]int, len(g.slots)) // index+1 in all
	for pi, p := range g.passes {
		joined := map[Slot]access{}
		var order []Slot
		for _, a := range p.uses {
			if a.slot < 0 || int(a.slot) >= len(g.slots) {
				return nil, fmt.Errorf("%w: pass %s uses slot %d of %d", ErrGraph, p.name, a.slot, len(g.slots))
			}
			sl := g.slots[a.slot]
			if a.discard && !a.use.Writes() {
				return nil, fmt.Errorf("%w: pass %s overwrites %s without writing it", ErrGraph, p.name, sl.name)
			}
			if sl.buffer {
				a.use.Layout = vk.ImageLayoutUndefined
			}
			old, twice := joined[a.slot]
			if !twice {
				joined[a.slot] = a
				order = append(order, a.slot)
				continue
			}
			if old.use.Layout != a.use.Layout {
				return nil, fmt.Errorf("%w: pass %s wants %s in two layouts", ErrGraph, p.name, sl.name)
			}
			a.use, a.discard = a.use.Or(old.use), a.discard && old.discard
			joined[a.slot] = a
		}
		for _, s := range order {
			a, sl := joined[s], g.slots[s]
			if i := current[s]; i > 0 {
				ph := &all[i-1]
				if !ph.use.Writes() && !a.use.Writes() && ph.use.Layout == a.use.Layout {
					ph.use, ph.last = ph.use.Or(a.use), pi
					continue
				}
			} else if sl.transient != nil && !a.discard {
				return nil, fmt.Errorf("%w: pass %s needs what is in %s, which nothing has written before", ErrGraph, p.name, sl.name)
			}
			all = append(all, phase{slot: s, pass: pi, last: pi, use: a.use, discard: a.discard})
			current[s] = len(all)
		}
	}
	return all, nil
}
