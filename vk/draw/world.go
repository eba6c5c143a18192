package draw

import (
	"errors"
	"fmt"
	"slices"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/model"
)

// ErrFull reports more items than are held.
var ErrFull = errors.New("there are more meshes to draw than the renderer holds; show fewer objects")

// Limits bound a World. Zero fields get the default.
type Limits struct {
	// Items bounds the meshes of all objects; default 1<<21: two for each object of a
	// full scene, 32 MB, and 4 bytes each for each view.
	Items int
	// Blended bounds the meshes that light shines through in one picture, the nearest
	// first; default 1<<14: sorting more takes longer than drawing.
	Blended int
}

func (l Limits) filled() Limits {
	if l.Items <= 0 {
		l.Items = 1 << 21
	}
	if l.Blended <= 0 {
		l.Blended = 1 << 14
	}
	return l
}

// World is the processor's side of what is drawn: it mirrors the structures on the
// device and knows which of them changed. It talks to no device.
type World struct {
	limits Limits

	objects table[gpuObject]
	slots   []slot

	items    table[gpuItem]
	chain    []int32 // next item of the same object, or of the free list; -1 ends
	freeItem int32

	locals    table[matrix]
	localRefs []int32
	localOf   map[matrix]uint32
	freeLocal []uint32

	batches   table[gpuBatch]
	batchInfo []batchInfo
	batchOf   map[batchKey]uint32
	freeBatch []uint32

	blended []int32 // items, in no order
	place   []int32 // of an item in blended, -1

	live     int  // items
	changed  bool // the batches, or how many items they have
	order    []uint32
	commands []gpuCommand
	groups   []group
}

type slot struct {
	parts []Part // shared between objects of a model
	first int32  // item, -1 none
	sign  int8   // of the determinant
	clear bool   // alpha of the tint below 1
	used  bool
}

type batchInfo struct {
	key   batchKey
	count int
}

// group is batches that one indirect call draws: commands that lie side by side.
type group struct {
	kind         Kind
	key          batchKey // of the first: buffers and material
	first, count uint32
}

// trimBegin is how many items may stand free for nothing: 64 KiB.
const trimBegin = 4096

// NewWorld returns an empty world.
func NewWorld(l Limits) *World {
	w := &World{limits: l.filled(), freeItem: -1, localOf: map[matrix]uint32{}, batchOf: map[batchKey]uint32{}}
	w.locals.grow(1)
	w.localRefs = []int32{1}
	w.locals.set(0, identity)
	w.localOf[identity] = 0
	return w
}

// Items is how many meshes there are, hidden ones among them.
func (w *World) Items() int { return w.live }

// Batches is how many batches have items.
func (w *World) Batches() int { return len(w.batchOf) }

// Set puts an object into a slot, with the parts of its model, in place of what was
// there. The parts must not be changed while the world has them; those that are Alone
// are the object's own, and the world changes them. ErrFull leaves the slot empty.
func (w *World) Set(at int, o Object, parts []Part) error {
	w.Remove(at)
	if w.live+len(parts) > w.limits.Items {
		return fmt.Errorf("%w: it holds %d", ErrFull, w.limits.Items)
	}
	for len(w.slots) <= at {
		w.slots = append(w.slots, slot{first: -1})
	}
	w.objects.grow(at + 1)
	w.slots[at] = slot{parts: parts, first: -1, used: true}
	w.link(at, &o)
	w.put(at, &o)
	return nil
}

// Move changes what an object's parts share.
func (w *World) Move(at int, o Object) {
	if at >= len(w.slots) || !w.slots[at].used {
		return
	}
	s := &w.slots[at]
	if sign(&o.World) != s.sign || (o.Tint[3] < 1) != s.clear {
		w.unlink(at)
		w.link(at, &o)
	}
	w.put(at, &o)
}

// Remove empties a slot.
func (w *World) Remove(at int) {
	if at >= len(w.slots) || !w.slots[at].used {
		return
	}
	w.unlink(at)
	w.slots[at] = slot{first: -1}
}

// trim forgets the room at the ends that nothing uses any more: a crowd that has gone
// must not ask the device for its memory again. It costs by what it takes away; items
// move only when most of more than least have gone, which pays for the move.
func (w *World) trim(least int) {
	n := len(w.slots)
	for n > 0 && !w.slots[n-1].used {
		n--
	}
	w.slots = w.slots[:n]
	w.objects.all = w.objects.all[:n]
	if len(w.items.all) <= least || len(w.items.all) <= 4*w.live {
		return
	}
	items, chain, place := make([]gpuItem, 0, w.live), make([]int32, 0, w.live), make([]int32, 0, w.live)
	for at := range w.slots {
		next := &w.slots[at].first
		for i := *next; i >= 0; {
			*next = int32(len(items))
			if p := w.place[i]; p >= 0 {
				w.blended[p] = *next
			}
			items, chain, place = append(items, w.items.all[i]), append(chain, -1), append(place, w.place[i])
			next, i = &chain[len(chain)-1], w.chain[i]
		}
	}
	w.items.all, w.chain, w.place, w.freeItem = items, chain, place, -1
	w.items.touch()
}

// SetLocal moves a part within its model. The part must be Alone: it is written.
func (w *World) SetLocal(at, part int, local *mgl32.Mat4) {
	i := w.item(at, part)
	if i < 0 || !w.slots[at].parts[part].Alone {
		return
	}
	p := &w.slots[at].parts[part]
	p.Local = *local
	g := &w.objects.all[at]
	o := Object{World: g.world.mat4(), Tint: g.tint}
	if w.batchInfo[w.items.all[i].batch].key.kind != kindOf(p, &o) { // it became its mirror image
		w.unlink(at)
		w.link(at, &o)
		return
	}
	w.locals.set(int(w.items.all[i].local), rows(local))
}

// SetBounds says how large a part has become: for meshes that bend. The part must be
// Alone: it is written. It holds for the whole batch of the part.
func (w *World) SetBounds(at, part int, center mgl32.Vec3, radius float32) {
	i := w.item(at, part)
	if i < 0 || !w.slots[at].parts[part].Alone {
		return
	}
	g := &w.slots[at].parts[part].Geometry
	g.Center, g.Radius = center, radius
	n := int(w.items.all[i].batch)
	b := w.batches.all[n]
	b.center, b.radius = center, radius
	w.batches.set(n, b)
}

// item finds a part's item: parts are chained in their order.
func (w *World) item(at, part int) int32 {
	if at >= len(w.slots) || !w.slots[at].used || part >= len(w.slots[at].parts) {
		return -1
	}
	i := w.slots[at].first
	for ; part > 0 && i >= 0; part-- {
		i = w.chain[i]
	}
	return i
}

func sign(m *mgl32.Mat4) int8 {
	if m.Mat3().Det() < 0 {
		return -1
	}
	return 1
}

func (w *World) put(at int, o *Object) {
	g := gpuObject{world: rows(&o.World), tint: o.Tint}
	if o.Hidden {
		g.flags |= flagHidden
	}
	if o.NoShadow {
		g.flags |= flagNoShadow
	}
	w.objects.set(at, g)
}

// link makes the items of a slot.
func (w *World) link(at int, o *Object) {
	s := &w.slots[at]
	s.sign, s.clear = sign(&o.World), o.Tint[3] < 1
	for p := len(s.parts) - 1; p >= 0; p-- { // so that the chain is in their order
		part := &s.parts[p]
		i := w.newItem()
		b := w.useBatch(part, kindOf(part, o))
		w.items.set(int(i), gpuItem{object: uint32(at), batch: b, local: w.useLocal(part)})
		w.chain[i], s.first = s.first, i
		if w.batchInfo[b].key.kind.Alpha == model.Blend {
			w.place[i] = int32(len(w.blended))
			w.blended = append(w.blended, i)
		}
	}
}

func (w *World) unlink(at int) {
	s := &w.slots[at]
	for i := s.first; i >= 0; {
		next := w.chain[i]
		it := w.items.all[i]
		w.dropBatch(it.batch)
		w.dropLocal(it.local)
		if p := w.place[i]; p >= 0 {
			last := w.blended[len(w.blended)-1]
			w.blended[p], w.place[last] = last, p
			w.blended, w.place[i] = w.blended[:len(w.blended)-1], -1
		}
		w.items.set(int(i), gpuItem{batch: none})
		w.chain[i], w.freeItem = w.freeItem, i
		w.live--
		i = next
	}
	s.first = -1
}

func (w *World) newItem() int32 {
	w.live++
	if i := w.freeItem; i >= 0 {
		w.freeItem = w.chain[i]
		return i
	}
	i := len(w.items.all)
	w.items.grow(i + 1)
	w.chain = append(w.chain, -1)
	w.place = append(w.place, -1)
	return int32(i)
}

func (w *World) useLocal(p *Part) uint32 {
	m := rows(&p.Local)
	if !p.Alone {
		if i, ok := w.localOf[m]; ok {
			w.localRefs[i]++
			return i
		}
	}
	var i uint32
	if n := len(w.freeLocal); n > 0 {
		i, w.freeLocal = w.freeLocal[n-1], w.freeLocal[:n-1]
	} else {
		i = uint32(len(w.locals.all))
		w.locals.grow(int(i) + 1)
		w.localRefs = append(w.localRefs, 0)
	}
	w.locals.set(int(i), m)
	w.localRefs[i] = 1
	if p.Alone || m != w.locals.all[i] { // what is not a number is never found again
		w.localRefs[i] = -1
	} else {
		w.localOf[m] = i
	}
	return i
}

func (w *World) dropLocal(i uint32) {
	if w.localRefs[i] > 1 {
		w.localRefs[i]--
		return
	}
	if i == 0 {
		return // the identity stays
	}
	if w.localRefs[i] == 1 {
		delete(w.localOf, w.locals.all[i])
	}
	w.localRefs[i] = 0
	w.freeLocal = append(w.freeLocal, i)
}

func (w *World) useBatch(p *Part, k Kind) uint32 {
	key := keyOf(p, k)
	w.changed = true
	if i, ok := w.batchOf[key]; ok {
		w.batchInfo[i].count++
		return i
	}
	var i uint32
	if n := len(w.freeBatch); n > 0 {
		i, w.freeBatch = w.freeBatch[n-1], w.freeBatch[:n-1]
	} else {
		i = uint32(len(w.batchInfo))
		w.batches.grow(int(i) + 1)
		w.batchInfo = append(w.batchInfo, batchInfo{})
	}
	w.batchInfo[i] = batchInfo{key: key, count: 1}
	g := gpuBatch{center: p.Geometry.Center, radius: p.Geometry.Radius, command: none, material: p.Material.Index}
	if p.NoShadow || k.Alpha == model.Blend {
		g.flags |= batchNoShadow
	}
	if k.Alpha == model.Blend {
		g.flags |= batchBlend
	}
	w.batches.set(int(i), g)
	w.batchOf[key] = i
	return i
}

func (w *World) dropBatch(i uint32) {
	b := &w.batchInfo[i]
	w.changed = true
	if b.count--; b.count == 0 {
		delete(w.batchOf, b.key)
		*b = batchInfo{}
		w.freeBatch = append(w.freeBatch, i)
	}
}

// compile orders the batches and gives each its command and its part of the lists,
// if something changed. It costs by batch.
func (w *World) compile() (changed bool) {
	if !w.changed {
		return false
	}
	w.changed = false
	w.order = w.order[:0]
	for i := range w.batchInfo {
		if w.batchInfo[i].count > 0 {
			w.order = append(w.order, uint32(i))
		}
	}
	slices.SortFunc(w.order, func(a, b uint32) int { return compareKeys(&w.batchInfo[a].key, &w.batchInfo[b].key) })
	w.commands, w.groups = w.commands[:0], w.groups[:0]
	instances := uint32(w.limits.Blended) // before them are the blended ones
	for _, i := range w.order {
		info := &w.batchInfo[i]
		g := w.batches.all[i]
		if info.key.kind.Alpha == model.Blend {
			g.command = none
		} else {
			g.command, g.firstInstance = uint32(len(w.commands)), instances
			w.commands = append(w.commands, gpuCommand{indexCount: info.key.indexCount, instanceCount: 0, firstIndex: info.key.firstIndex,
				vertexOffset: info.key.vertexOffset, firstInstance: instances})
			instances += uint32(info.count)
			if n := len(w.groups); n > 0 && sameGroup(&w.groups[n-1].key, &info.key) {
				w.groups[n-1].count++
			} else {
				w.groups = append(w.groups, group{kind: info.key.kind, key: info.key, first: g.command, count: 1})
			}
		}
		if g != w.batches.all[i] {
			w.batches.set(int(i), g)
		}
	}
	return true
}

// Each calls f for every part that a volume may see, until f returns false: its
// object's slot, its geometry, and the matrix from the mesh to the world.
func (w *World) Each(v *Volume, f func(slot int, g *Geometry, to *mgl32.Mat4) bool) {
	for i := range w.items.all {
		it := w.items.all[i]
		if it.batch == none {
			continue
		}
		b, o, l := &w.batches.all[it.batch], &w.objects.all[it.object], &w.locals.all[it.local]
		m := o.world.mat4()
		if *l != identity {
			m = m.Mul4(l.mat4())
		}
		if !v.Sees(mgl32.TransformCoordinate(b.center, m), b.radius*Stretch(&m)) {
			continue
		}
		k := &w.batchInfo[it.batch].key
		g := Geometry{Vertices: k.vertices, Indices: k.indices, VertexOffset: k.vertexOffset, FirstIndex: k.firstIndex,
			IndexCount: k.indexCount, Topology: k.kind.Topology, Center: b.center, Radius: b.radius}
		if !f(int(it.object), &g, &m) {
			return
		}
	}
}
