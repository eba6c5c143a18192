package res

import (
	"context"
	"slices"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/lumps"
	"hearth/store/asset"
	"hearth/vk/model"
)

// load fetches, decodes and packs what an entry is made of, and queues it.
func (r *Resources) load(ctx context.Context, e *entry) {
	err := r.admit(ctx, e)
	if err == nil {
		switch e.key.kind {
		case kindModel:
			err = r.loadModel(ctx, e)
		case kindPair:
			err = r.loadPair(ctx, e)
		default:
			err = r.loadTexture(ctx, e)
		}
	}
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		e.fail(err)
		if e.refs == 0 && e.r.entries[e.key] != e {
			e.destroy() // reaped while it was packed
		}
	}
}

func (r *Resources) loadModel(ctx context.Context, e *entry) error {
	ref, err := asset.Load[*model.Model](ctx, r.assets, e.key.cid)
	if err != nil {
		return err
	}
	b := newBuilder(r, e, ref.Value())
	if err := b.build(); err != nil {
		b.abort()
		ref.Release()
		return err
	}
	return r.enqueue(e, b, ref.Release)
}

// loadPair loads a mesh and a material, whose textures are resources of their own.
func (r *Resources) loadPair(ctx context.Context, e *entry) error {
	mesh, err := asset.Load[*model.Mesh](ctx, r.assets, e.key.cid)
	if err != nil {
		return err
	}
	defer mesh.Release()
	mat := model.DefaultMaterial()
	if e.key.material != (lumps.CID{}) {
		ref, err := asset.Load[*model.Material](ctx, r.assets, e.key.material)
		if err != nil {
			return err
		}
		mat = *ref.Value()
		ref.Release()
	}
	// Its textures have to be admitted themselves: it must not be what keeps them out.
	r.mu.Lock()
	e.settle()
	r.mu.Unlock()
	// The pair as a model of one node, its sources as its textures.
	h := *mesh.Value()
	h.Material = 0
	m := &model.Model{Meshes: []model.Mesh{h}, Materials: []model.Material{mat}, Min: h.Min, Max: h.Max,
		Nodes: []model.Node{{Parent: -1, Rotation: mgl32.QuatIdent(), Scale: mgl32.Vec3{1, 1, 1}, Meshes: []int{0}, Skin: -1, Light: -1}}}
	b := newBuilder(r, e, m)
	if b.sources, err = r.loadSources(ctx, &mat); err != nil {
		return err
	}
	defer func() { // the builder's hold ends; the entry has its own
		for _, t := range b.sources {
			if t != nil {
				t.Release()
			}
		}
	}()
	for i := range mat.Sources {
		s := &mat.Sources[i]
		m.Textures = append(m.Textures, model.Texture{Picture: i, Wrap: s.Wrap, Mag: s.Mag, Min: s.Min, Mipmaps: s.Mipmaps})
	}
	if err := b.build(); err != nil {
		b.abort()
		return err
	}
	return r.enqueue(e, b, func() {})
}

// loadSources asks for the textures of a material, one for each picture and
// whether it holds colours (even) or numbers (odd), and waits until they are ready
// to be bound.
func (r *Resources) loadSources(ctx context.Context, mat *model.Material) (out []*TextureRef, err error) {
	out = make([]*TextureRef, 2*len(mat.Sources))
	defer func() {
		if err != nil {
			for _, t := range out {
				if t != nil {
					t.Release()
				}
			}
		}
	}()
	for i, t := range textureRefs(mat) {
		if t.Texture < 0 || t.Texture >= len(mat.Sources) {
			continue
		}
		at, o := 2*t.Texture, TextureOptions{}
		if !colours[i] {
			at, o.Linear = at+1, true
		}
		if out[at] != nil {
			continue
		}
		s := &mat.Sources[t.Texture]
		c := s.CID
		if c == (lumps.CID{}) {
			if c, err = r.o.Find(ctx, s.Digest); err != nil {
				return out, err
			}
		}
		o.NoMips = !s.Mipmaps
		out[at] = r.Texture(c, o)
	}
	for _, t := range out {
		if t != nil {
			if err = t.made(ctx); err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

// made waits until the image of a texture exists; it may still have to be copied.
func (h *TextureRef) made(ctx context.Context) error {
	e := h.e
	e.r.mu.Lock()
	for e.texture == nil && e.state == Pending {
		if e.madeCh == nil {
			e.madeCh = make(chan struct{})
		}
		ch := e.madeCh
		e.r.mu.Unlock()
		select {
		case <-ch:
		case <-ctx.Done():
			return ctx.Err()
		}
		e.r.mu.Lock()
	}
	defer e.r.mu.Unlock()
	return e.err
}

func (r *Resources) loadTexture(ctx context.Context, e *entry) error {
	ref, err := asset.Load[*model.Picture](ctx, r.assets, e.key.cid)
	if err != nil {
		return err
	}
	b := newBuilder(r, e, &model.Model{})
	t, err := b.texture(ref.Value(), !e.key.linear, !e.key.noMips)
	if err != nil {
		b.abort()
		ref.Release()
		return err
	}
	b.out, b.single = nil, t
	return r.enqueue(e, b, ref.Release)
}

// enqueue hands what was built to Record. done is called when it was copied.
func (r *Resources) enqueue(e *entry, b *builder, done func()) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || e.state != Pending {
		b.abort()
		done()
		if e.err != nil {
			return e.err
		}
		return ErrClosed
	}
	e.model, e.texture = b.out, b.single
	e.done = done
	e.parts = len(b.jobs)
	for _, t := range b.sources {
		if t == nil || slices.Contains(e.needs, t.e) {
			continue
		}
		t.e.refs++
		e.needs = append(e.needs, t.e)
		switch t.e.state {
		case Pending:
			t.e.waiters = append(t.e.waiters, e)
			e.parts++
		case Failed:
			return t.e.err // fail and destroy follow
		}
	}
	e.announce()
	r.queue = append(r.queue, b.jobs...)
	for _, j := range b.jobs {
		r.queued += j.left()
	}
	e.settle()
	if e.parts == 0 {
		e.ready()
	}
	return nil
}
