package res

import (
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/lumps"
)

// handle is what a caller holds.
type handle struct {
	e        *entry
	released bool // guarded by Resources.mu
}

// State tells how far the resource is.
func (h *handle) State() State {
	h.e.r.mu.Lock()
	defer h.e.r.mu.Unlock()
	return h.e.state
}

// Err is why the resource failed, or nil.
func (h *handle) Err() error {
	h.e.r.mu.Lock()
	defer h.e.r.mu.Unlock()
	return h.e.err
}

// Since is when the resource was first asked for.
func (h *handle) Since() time.Time { return h.e.since }

// Release lets the resource go. Only the first call counts.
func (h *handle) Release() {
	h.e.r.mu.Lock()
	defer h.e.r.mu.Unlock()
	if !h.released {
		h.released = true
		h.e.release()
	}
}

// ModelRef holds a model, or a mesh with a material.
type ModelRef struct{ handle }

// Model is the model, or nil unless it is Ready. It is valid until Release.
func (h *ModelRef) Model() *Model {
	h.e.r.mu.Lock()
	defer h.e.r.mu.Unlock()
	if h.e.state != Ready || h.released {
		return nil
	}
	return h.e.model
}

// Bounds are the bounds of the model, as soon as it is decoded.
func (h *ModelRef) Bounds() (low, high mgl32.Vec3, ok bool) {
	h.e.r.mu.Lock()
	defer h.e.r.mu.Unlock()
	if h.e.model == nil || h.released {
		return low, high, false
	}
	m := h.e.model.Source
	return m.Min, m.Max, true
}

// TextureRef holds a texture.
type TextureRef struct{ handle }

// Texture is the texture, or nil unless it is Ready. It is valid until Release.
func (h *TextureRef) Texture() *Texture {
	h.e.r.mu.Lock()
	defer h.e.r.mu.Unlock()
	if h.e.state != Ready || h.released {
		return nil
	}
	return h.e.texture
}

// Model asks for the model of a lump: glTF, GLB or OBJ.
func (r *Resources) Model(c lumps.CID) *ModelRef {
	r.mu.Lock()
	defer r.mu.Unlock()
	return &ModelRef{handle{e: r.get(key{kind: kindModel, cid: c})}}
}

// Pair asks for a mesh lump with a material lump. A zero material is the default one.
func (r *Resources) Pair(mesh, material lumps.CID) *ModelRef {
	r.mu.Lock()
	defer r.mu.Unlock()
	return &ModelRef{handle{e: r.get(key{kind: kindPair, cid: mesh, material: material})}}
}

// TextureOptions say how a texture is used.
type TextureOptions struct {
	Linear bool // RGBA8 holds numbers, not colours in sRGB
	NoMips bool
}

// Texture asks for the picture or the cube of a lump.
func (r *Resources) Texture(c lumps.CID, o TextureOptions) *TextureRef {
	r.mu.Lock()
	defer r.mu.Unlock()
	return &TextureRef{handle{e: r.get(key{kind: kindTexture, cid: c, linear: o.Linear, noMips: o.NoMips})}}
}
