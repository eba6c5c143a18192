package service

import (
	"context"
	"slices"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/runtime"
	"hearth/vk/scene"
)

// pickUnder answers what is under a pixel. Who made it gets its capability, so that
// handles can be compared; others learn its number and name.
func (p *Plugin) pickUnder(j *job) error {
	q, err := parsed[struct {
		X *float64 `json:"x"`
		Y *float64 `json:"y"`
	}](j)
	if err != nil {
		return err
	}
	switch {
	case p.pick == nil:
		return errNoPick
	case q.X == nil:
		return missing("x")
	case q.Y == nil:
		return missing("y")
	case !(*q.X >= 0 && *q.X < 1<<16 && *q.Y >= 0 && *q.Y < 1<<16):
		return &scene.ValueError{What: "a pixel of the window is meant"}
	}
	var hit Hit
	j.check = func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, pickWait)
		defer cancel()
		var err error
		if hit, err = p.pick(ctx, int(*q.X), int(*q.Y)); err != nil && ctx.Err() != nil {
			return errNotReady
		}
		return err
	}
	j.do = func() error {
		type found struct {
			Object   scene.ID   `json:"object"`
			Name     string     `json:"name"`
			Position mgl32.Vec3 `json:"position"`
		}
		if hit.Object == 0 {
			j.r.Reply(ok(j.c, "Nothing"))
			return nil
		}
		x := found{Object: hit.Object, Position: hit.Position}
		var mine []runtime.Capability
		p.mu.Lock()
		if t := p.things[hit.Object]; t != nil {
			x.Name = t.name
			if t.m == j.m {
				mine = append(mine, t.port.Cap(thingPerms))
			}
		}
		p.mu.Unlock()
		j.r.Reply(ok(j.c, map[string]any{"Hit": x}), mine...)
		return nil
	}
	return nil
}

// list tells tools what there is. It looks through the scene, which nobody else waits
// for, however much there is.
func (j *job) list() error {
	p := j.p
	snap := p.scene.Snapshot()
	ids := firstOf(snap.Objects, nil)
	ids = firstOf(snap.Lights, ids)
	ids = firstOf(snap.Canvases, ids)
	ids = firstOf(snap.Lines, ids)
	ids = firstOf(snap.Views, ids)
	slices.Sort(ids)
	all := make([]description, 0, min(len(ids), maxListed))
	p.mu.Lock()
	for _, id := range ids {
		if t := p.things[id]; t != nil && len(all) < maxListed {
			all = append(all, t.describe())
		}
	}
	more := len(p.things) - len(all)
	p.mu.Unlock()
	j.r.Reply(ok(j.c, map[string]any{"List": map[string]any{"things": all, "more": max(more, 0)}}))
	return nil
}

// firstOf appends what of a table a list can name.
func firstOf[T any](t scene.Table[T], ids []scene.ID) []scene.ID {
	n := 0
	for id := range t.All() {
		if n++; n > maxListed {
			break
		}
		ids = append(ids, id)
	}
	return ids
}

// describe tells what the viewer bounds, and what this client has.
func (j *job) describe() error {
	p, cl := j.p, j.m.client
	p.mu.Lock()
	have := map[string]int64{"bytes": cl.bytes}
	most := map[string]int64{"bytes": p.limits.Bytes, "requests": int64(p.limits.Requests)}
	for k := range kinds {
		have[k.word()], most[k.word()] = int64(cl.count[k]), int64(p.limits.limit(k))
	}
	p.mu.Unlock()
	j.r.Reply(ok(j.c, map[string]any{"Describe": map[string]any{"client": cl.name, "have": have, "limits": most, "services": Names()}}))
	return nil
}
