package service

import (
	"context"
	"errors"
	"fmt"

	"hearth/lumps"
	"hearth/runtime"
	"hearth/store/asset"
	"hearth/vk/model"
)

// need is a lump that a request names, and what it has to be.
type need struct {
	what string // its name in the request
	as   string // what it has to be
	id   lumpID
	load func(p *Plugin, ctx context.Context, n *need, rt *runtime.Runtime, named []lumps.CID) error
	cid  lumps.CID // found
}

// good is a lump that was decoded as something.
type good struct {
	as  string
	cid lumps.CID
}

var errZero = errors.New("an empty name names no lump")

// find names the lump: a digest leaves open how its bytes are read.
func (n *need) find(ctx context.Context, p *Plugin, rt *runtime.Runtime, named []lumps.CID) (err error) {
	n.cid, err = p.find(ctx, rt, n.id, named)
	return err
}

func (p *Plugin) find(ctx context.Context, rt *runtime.Runtime, id lumpID, named []lumps.CID) (lumps.CID, error) {
	if !id.cid.IsZero() {
		return id.cid, rt.Ensure(ctx, id.cid)
	}
	if id.digest == (lumps.Digest{}) {
		return lumps.CID{}, errZero
	}
	for _, c := range named {
		if c.Digest() == id.digest {
			return c, rt.Ensure(ctx, c)
		}
	}
	c, err := rt.FindDigest(ctx, id.digest)
	if err != nil {
		return c, err
	}
	return c, rt.Ensure(ctx, c)
}

// recall names a lump that was good before, without waiting.
func (p *Plugin) recall(n *need) (ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n.cid = n.id.cid; n.cid.IsZero() {
		n.cid = p.digests[n.id.digest]
	}
	_, ok = p.known[good{n.as, n.cid}]
	return ok
}

// learn remembers a good lump.
func (p *Plugin) learn(n *need) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.known) >= maxKnown {
		clear(p.known)
		clear(p.digests)
	}
	p.known[good{n.as, n.cid}] = struct{}{}
	p.digests[n.cid.Digest()] = n.cid
}

// needs lets a job wait for lumps, unless all were good before.
func (j *job) needs(all ...*need) {
	known := true
	for _, n := range all {
		known = j.p.recall(n) && known
	}
	if !known {
		j.check = func(ctx context.Context) error { return j.p.look(ctx, j.r.Runtime(), j.r.Lumps, all...) }
	}
}

// look finds lumps and decodes them once, so that what cannot be shown is refused
// where it is named. The decoded asset stays in the cache for the renderer.
func (p *Plugin) look(ctx context.Context, rt *runtime.Runtime, named []lumps.CID, all ...*need) error {
	for _, n := range all {
		err := n.find(ctx, p, rt, named)
		if err == nil {
			err = n.load(p, ctx, n, rt, named)
		}
		if ctx.Err() != nil {
			return &lumpError{n.what, errUnavailable}
		}
		if err != nil {
			return &lumpError{n.what, err}
		}
		p.learn(n)
	}
	return nil
}

func decoded[T any](ctx context.Context, p *Plugin, c lumps.CID, see func(T) error) error {
	if p.assets == nil {
		return nil
	}
	ref, err := asset.Load[T](ctx, p.assets, c)
	if err != nil {
		return err
	}
	defer ref.Release()
	if see == nil {
		return nil
	}
	return see(ref.Value())
}

func aModel(what string, id lumpID) *need {
	return &need{what: what, as: "model", id: id, load: func(p *Plugin, ctx context.Context, n *need, _ *runtime.Runtime, _ []lumps.CID) error {
		return decoded[*model.Model](ctx, p, n.cid, nil)
	}}
}

func aMesh(what string, id lumpID) *need {
	return &need{what: what, as: "mesh", id: id, load: func(p *Plugin, ctx context.Context, n *need, _ *runtime.Runtime, _ []lumps.CID) error {
		return decoded[*model.Mesh](ctx, p, n.cid, nil)
	}}
}

// aMaterial is a material with all its pictures.
func aMaterial(what string, id lumpID) *need {
	return &need{what: what, as: "material", id: id, load: func(p *Plugin, ctx context.Context, n *need, rt *runtime.Runtime, named []lumps.CID) error {
		return decoded(ctx, p, n.cid, func(m *model.Material) error {
			for i, s := range m.Sources {
				c, err := p.find(ctx, rt, lumpID{cid: s.CID, digest: s.Digest}, named)
				if err == nil {
					err = decoded[*model.Picture](ctx, p, c, nil)
				}
				if err != nil {
					return fmt.Errorf("its texture %d: %w", i, err)
				}
			}
			return nil
		})
	}}
}

func aSky(what string, id lumpID) *need {
	return &need{what: what, as: "sky", id: id, load: func(p *Plugin, ctx context.Context, n *need, _ *runtime.Runtime, _ []lumps.CID) error {
		return decoded(ctx, p, n.cid, func(x *model.Picture) error {
			if x.Faces != 6 && x.Width != 2*x.Height {
				return fmt.Errorf("a sky is a cube texture or a picture twice as wide as high, and this one has %d by %d pixels", x.Width, x.Height)
			}
			return nil
		})
	}}
}
