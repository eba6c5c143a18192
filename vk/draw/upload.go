package draw

import (
	"errors"
	"slices"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/device"
	"hearth/vk/graph"
	"hearth/vk/mem"
	"hearth/vk/model"
	"hearth/vk/pass"
	"hearth/vk/raw"

	vk "github.com/vulkan-go/vulkan"
)

// ringShare is how many bytes of one change go through the ring of a frame. A
// change of more gets a buffer for once, so that rings do not keep the size of the
// day when a million objects came.
const ringShare = 1 << 20

// Input is what a frame is drawn with. Of Frame, what concerns cascades is filled in.
type Input struct {
	Frame    Frame
	Cascades []Cascade // of the sun that throws shadows
	Lights   []byte    // pass.PutLight; at most pass.MaxLights
}

// Counts say what a frame has to draw.
type Counts struct {
	Items, Batches, Groups, Blended int
	BlendedLost                     int // seen, but beyond Limits.Blended
	Uploaded                        int // bytes
	// Visible and Triangles are what the camera saw some frames before, blended items
	// of this frame included.
	Visible, Triangles int
}

// Prepare takes over what changed in the world, sorts what is blended, and makes
// sure that everything has room. It must be called before the passes of a frame are
// recorded, and they must be executed. The error says what there is no memory for:
// nothing is drawn then, and the next Prepare sends everything anew.
func (r *Drawer) Prepare(fr *device.Frame, in *Input) (Counts, error) {
	c, err := r.prepare(fr, in)
	if err != nil {
		r.forget()
	}
	return c, err
}

// forget takes nothing of the device's structures for granted.
func (r *Drawer) forget() {
	w := r.World
	w.objects.touch()
	w.items.touch()
	w.locals.touch()
	w.batches.touch()
	w.changed = true
}

func (r *Drawer) prepare(fr *device.Frame, in *Input) (Counts, error) {
	w := r.World
	r.copies = r.copies[:0]
	c := Counts{Items: w.Items()}
	w.trim(trimBegin)
	changed := w.compile()
	if err := r.reserve(changed); err != nil {
		return c, err
	}
	var err error
	if c.Visible, c.Triangles, err = r.seen(fr); err != nil {
		return c, err
	}
	r.frame = in.Frame
	r.frame.CascadeCount = uint32(len(in.Cascades))
	r.frame.ShadowSize = float32(r.o.ShadowSize)
	eye := Frustum(in.Frame.ViewProjection)
	r.viewData[0] = gpuView{planes: eye.Planes, planeCount: uint32(eye.Count)}
	for i := range in.Cascades {
		k := &in.Cascades[i]
		v := k.Volume(r.d.Features.DepthClamp)
		r.viewData[1+i] = gpuView{planes: v.Planes, planeCount: uint32(v.Count), flags: viewShadow}
		r.frame.Cascades[i], r.frame.CascadeEnd[i], r.frame.CascadeTexel[i] = k.Map, k.End, k.Texel
		r.cascadeClips[i] = k.Clip
	}
	r.views, r.cascades = 1+len(in.Cascades), len(in.Cascades)
	if r.bindless() {
		r.material = r.materials()
	}

	u := uploader{r: r, fr: fr}
	if changed {
		r.fillTemplate()
		if err := u.send(bufTemplate, 0, bytesOfSlice(r.template)); err != nil {
			return c, err
		}
	}
	if err := errors.Join(
		sendTable(&u, bufObjects, &w.objects), sendTable(&u, bufLocals, &w.locals),
		sendTable(&u, bufItems, &w.items), sendTable(&u, bufBatches, &w.batches)); err != nil {
		return c, err
	}
	if n := min(len(in.Lights), pass.MaxLights*pass.LightSize); n > 0 {
		if err := u.send(bufLights, 0, in.Lights[:n]); err != nil {
			return c, err
		}
	}
	c.BlendedLost = r.sortBlended(&eye)
	if err := r.sendBlended(&u); err != nil {
		return c, err
	}
	c.Visible += len(r.sorted)
	for _, x := range r.runs {
		if k := &w.batchInfo[x.batch].key; k.kind.Topology == model.Triangles {
			c.Triangles += int(k.indexCount / 3 * x.count)
		}
	}
	c.Batches, c.Groups, c.Blended, c.Uploaded = w.Batches(), len(w.groups), len(r.sorted), u.bytes
	return c, r.bind()
}

// reserve makes the buffers as large as the world.
func (r *Drawer) reserve(changed bool) error {
	w := r.World
	for _, t := range []struct {
		buf   int
		size  int
		touch func()
	}{
		{bufObjects, len(w.objects.all) * 80, w.objects.touch}, {bufLocals, len(w.locals.all) * 48, w.locals.touch},
		{bufItems, len(w.items.all) * 16, w.items.touch}, {bufBatches, len(w.batches.all) * 32, w.batches.touch},
	} {
		grown, err := r.ensure(t.buf, uint64(t.size))
		if err != nil {
			return err
		}
		if grown {
			t.touch()
		}
	}
	if changed { // for a crowd that has gone as little as for none: its buffers may never have been had
		r.stride, r.commands = room(r.stride, visibleBegin, w.live), room(r.commands, commandsBegin, len(w.commands))
	}
	if _, err := r.ensure(bufVisible, uint64(4*(w.limits.Blended+views*r.stride))); err != nil {
		return err
	}
	if _, err := r.ensure(bufCommands, uint64(20*views*r.commands)); err != nil {
		return err
	}
	_, err := r.ensure(bufTemplate, uint64(20*views*r.commands))
	return err
}

// room is how much room to keep for n of something where there was room for old:
// the same until it is too small, or much too large.
func room(old, least, n int) int {
	if n <= old && (old <= least || old <= 8*n) {
		return old
	}
	for old = least; old < n; {
		old = max(2*old, n/2) // at most twice what there is
	}
	return old
}

// fillTemplate writes the commands of all views, with no instances so far.
func (r *Drawer) fillTemplate() {
	n := views * r.commands
	if cap(r.template) < n {
		r.template = make([]gpuCommand, n)
	}
	r.template = r.template[:n]
	for v := range views {
		for i, c := range r.World.commands {
			c.firstInstance += uint32(v * r.stride)
			r.template[v*r.commands+i] = c
		}
	}
}

// uploader sends bytes to the buffers of a drawer.
type uploader struct {
	r     *Drawer
	fr    *device.Frame
	bytes int
}

func (u *uploader) send(buf, at int, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	u.bytes += len(data)
	if len(data) <= ringShare {
		s, err := u.fr.Alloc(len(data), 4)
		if err != nil {
			return err
		}
		copy(s.Bytes, data)
		u.r.copies = append(u.r.copies, copyRange{s.Buffer, s.Offset, buf, uint64(at), uint64(len(data))})
		return nil
	}
	b, err := u.r.a.NewBuffer(mem.BufferDesc{Name: "a large change", Size: uint64(len(data)), Usage: vk.BufferUsageTransferSrcBit, Memory: mem.Upload})
	if err != nil {
		return err
	}
	copy(b.Bytes, data)
	u.r.copies = append(u.r.copies, copyRange{b.Handle, 0, buf, uint64(at), uint64(len(data))})
	b.Close() // when the frame has been executed
	return nil
}

func sendTable[T any](u *uploader, buf int, t *table[T]) error {
	return t.changes(func(at int, data []byte) error { return u.send(buf, at, data) })
}

// sorted is a blended item that is seen.
type sorted struct {
	depth float32 // before the camera
	item  int32
}

// run is blended items of one batch with nothing of another between them.
type run struct {
	batch        uint32
	first, count uint32
}

// sortBlended finds the blended items that are seen, farthest first, and returns
// how many are too many: the farthest are left out.
func (r *Drawer) sortBlended(eye *Volume) (lost int) {
	w := r.World
	r.sorted = r.sorted[:0]
	view := r.frame.View.Row(2)
	for _, i := range w.blended {
		it := w.items.all[i]
		o := &w.objects.all[it.object]
		if o.flags&flagHidden != 0 {
			continue
		}
		b := &w.batches.all[it.batch]
		m, l := o.world.mat4(), w.locals.all[it.local].mat4()
		m = m.Mul4(l)
		c := mgl32.TransformCoordinate(b.center, m)
		if eye.Sees(c, b.radius*Stretch(&m)) {
			r.sorted = append(r.sorted, sorted{-(view[0]*c[0] + view[1]*c[1] + view[2]*c[2] + view[3]), i})
		}
	}
	slices.SortFunc(r.sorted, func(a, b sorted) int {
		switch {
		case a.depth > b.depth:
			return -1
		case a.depth < b.depth:
			return 1
		}
		return int(a.item - b.item) // the same picture each time
	})
	if lost = len(r.sorted) - w.limits.Blended; lost > 0 {
		r.sorted = r.sorted[:copy(r.sorted, r.sorted[lost:])]
	}
	return max(lost, 0)
}

// sendBlended puts the blended items at the beginning of the lists and joins them to
// runs.
func (r *Drawer) sendBlended(u *uploader) error {
	r.runs, r.list = r.runs[:0], r.list[:0]
	for i, s := range r.sorted {
		b := r.World.items.all[s.item].batch
		if n := len(r.runs); n > 0 && r.runs[n-1].batch == b {
			r.runs[n-1].count++
		} else {
			r.runs = append(r.runs, run{b, uint32(i), 1})
		}
		r.list = append(r.list, uint32(s.item))
	}
	return u.send(bufVisible, 0, bytesOfSlice(r.list))
}

// RecordUpload copies what Prepare found. It writes (CopyTarget) objects, locals,
// items, batches, lights, visible, template, views and frame.
func (r *Drawer) RecordUpload(s *raw.Stream) {
	for _, c := range r.copies {
		s.CopyBuffer(c.src, c.from, r.mine[c.dst].Handle, c.at, c.n)
	}
	s.UpdateBuffer(r.mine[bufViews].Handle, 0, bytesOf(&r.viewData))
	s.UpdateBuffer(r.mine[bufFrame].Handle, 0, bytesOf(&r.frame))
}

// RecordReset empties the commands: it copies (CopySource) template to (CopyTarget)
// commands.
func (r *Drawer) RecordReset(s *raw.Stream) {
	n := uint64(20 * len(r.World.commands))
	if n == 0 {
		return
	}
	for v := range r.views {
		at := uint64(20 * v * r.commands)
		s.CopyBuffer(r.mine[bufTemplate].Handle, at, r.mine[bufCommands].Handle, at, n)
	}
}

// Uploads declares what RecordUpload does in a graph.
func (r *Drawer) Uploads(p *graph.Pass, s Slots) *graph.Pass {
	for _, x := range []graph.Slot{s.Objects, s.Locals, s.Items, s.Batches, s.Lights, s.Visible, s.Template, s.Views, s.Frame} {
		p.Use(x, graph.CopyTarget)
	}
	return p
}
