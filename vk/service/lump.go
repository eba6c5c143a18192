package service

import (
	"context"
	"errors"
	"fmt"

	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/serde"
	"hearth/store/asset"
	"hearth/vk/model"
)

// need is a lump that a request names, and what it has to be.
type need struct {
	what string // its name in the request
	as   string // what it has to be
	id   serde.LumpID
	see  func(ctx context.Context, x *inspector, c lumps.CID) error
	cid  lumps.CID // found
}

// good is a lump that was decoded as something.
type good struct {
	as  string
	cid lumps.CID
}

var errZero = errors.New("an empty name names no lump")

// recall names a lump that was good before, without waiting.
func (p *Plugin) recall(n *need) (ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n.cid = n.id.CID; n.cid.IsZero() {
		n.cid = p.digests[n.id.Digest]
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
		j.check = func(ctx context.Context) error {
			x := &inspector{j.p, j.r.Runtime(), j.r.Lumps, j.m.client.checks}
			return x.look(ctx, all...)
		}
	}
}

// inspector looks at lumps for a client.
type inspector struct {
	p     *Plugin
	rt    *runtime.Runtime
	named []lumps.CID   // with the request
	gate  chan struct{} // has a place for each lump of the client that is decoded
}

// look finds lumps and decodes them once, so that what cannot be shown is refused
// where it is named. The decoded asset stays in the cache for the renderer.
func (x *inspector) look(ctx context.Context, all ...*need) (err error) {
	for _, n := range all {
		if n.cid, err = x.find(ctx, n.id); err == nil {
			err = n.see(ctx, x, n.cid)
		}
		if err != nil {
			if ctx.Err() != nil {
				err = errUnavailable
			}
			return &lumpError{n.what, err}
		}
		x.p.learn(n)
	}
	return nil
}

// find names a lump and waits until it is here: a digest leaves open how its bytes
// are read.
func (x *inspector) find(ctx context.Context, id serde.LumpID) (lumps.CID, error) {
	if !id.CID.IsZero() {
		return id.CID, x.rt.Ensure(ctx, id.CID)
	}
	if id.Digest == (lumps.Digest{}) {
		return lumps.CID{}, errZero
	}
	for _, c := range x.named {
		if c.Digest() == id.Digest {
			return c, x.rt.Ensure(ctx, c)
		}
	}
	c, err := x.rt.FindDigest(ctx, id.Digest)
	if err != nil {
		return c, err
	}
	return c, x.rt.Ensure(ctx, c)
}

// decoded decodes a lump that is here. It has its time from now on, so that what
// arrives late, or waits for others to be decoded, does not count as missing.
func decoded[T any](x *inspector, c lumps.CID, see func(T) error) error {
	if x.p.assets == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(x.p.ctx, x.p.wait)
	defer cancel()
	select {
	case x.gate <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	ref, err := asset.Load[T](ctx, x.p.assets, c)
	<-x.gate
	if err != nil {
		return err
	}
	defer ref.Release()
	if see == nil {
		return nil
	}
	return see(ref.Value())
}

func aModel(what string, id serde.LumpID) *need {
	return &need{what: what, as: "model", id: id, see: func(_ context.Context, x *inspector, c lumps.CID) error {
		return decoded[*model.Model](x, c, nil)
	}}
}

func aMesh(what string, id serde.LumpID) *need {
	return &need{what: what, as: "mesh", id: id, see: func(_ context.Context, x *inspector, c lumps.CID) error {
		return decoded[*model.Mesh](x, c, nil)
	}}
}

// aMaterial is a material with all its pictures.
func aMaterial(what string, id serde.LumpID) *need {
	return &need{what: what, as: "material", id: id, see: func(ctx context.Context, x *inspector, c lumps.CID) error {
		var sources []model.Source
		if err := decoded(x, c, func(m *model.Material) error { sources = m.Sources; return nil }); err != nil {
			return err
		}
		for i, s := range sources {
			c, err := x.find(ctx, serde.LumpID{CID: s.CID, Digest: s.Digest})
			if err == nil {
				err = decoded[*model.Picture](x, c, nil)
			}
			if err != nil {
				return fmt.Errorf("its texture %d: %w", i, err)
			}
		}
		return nil
	}}
}

func aSky(what string, id serde.LumpID) *need {
	return &need{what: what, as: "sky", id: id, see: func(_ context.Context, x *inspector, c lumps.CID) error {
		return decoded(x, c, func(p *model.Picture) error {
			if p.Faces != 6 && p.Width != 2*p.Height {
				return fmt.Errorf("a sky is a cube texture or a picture twice as wide as high, and this one has %d by %d pixels", p.Width, p.Height)
			}
			return nil
		})
	}}
}
