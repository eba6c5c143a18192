package vk

import (
	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/draw"
	"hearth/vk/model"
	"hearth/vk/pass"
	"hearth/vk/raw"
	"hearth/vk/scene"
)

// Hit is what is under a pixel: an object or a grid. Object 0: nothing.
type Hit struct {
	Object   scene.ID
	Position mgl32.Vec3 // world
}

// maxAsked bounds the questions that wait for a frame; who asks more gets no hit.
const maxAsked = 64

// maxPickDraws bounds the meshes under one pixel that are drawn to find the nearest.
const maxPickDraws = 1 << 14

// pickQuestion is a question that no frame has taken so far.
type pickQuestion struct {
	x, y   int
	answer chan Hit
}

// picks are the questions that are with the device.
type picks struct {
	asked map[uint64]*pickAsked
	tag   uint64
	draws []pass.PickDraw
}

// pickAsked remembers who was in the slots when the question was asked.
type pickAsked struct {
	answer   chan Hit
	snapshot *scene.Snapshot
}

// Pick asks which object or grid is under a pixel of the main picture (FrameOptions.
// Secondary). The answer comes some frames later; the channel then is closed. It is
// closed without an answer where nothing can be asked. Anybody may call it.
func (r *Renderer) Pick(x, y int) <-chan Hit {
	c := make(chan Hit, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.asked) >= maxAsked || r.deaf {
		close(c)
		return c
	}
	r.asked = append(r.asked, pickQuestion{x, y, c})
	return c
}

// abandonPicks ends all questions without an answer.
func (r *Renderer) abandonPicks() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deaf = true
	for _, q := range r.asked {
		close(q.answer)
	}
	r.asked = nil
	for _, q := range r.picks.asked {
		close(q.answer)
	}
	r.picks.asked = nil
}

// answerPicks hands out what the device has answered.
func (r *Renderer) answerPicks() {
	if len(r.picks.asked) == 0 {
		return
	}
	// Begin waited for the frame that used this slot before, and so for all before it.
	done := uint64(0)
	if n := uint64(r.frames.Len()); r.now.number > n {
		done = r.now.number - n
	}
	for {
		a, ok := r.picker.Poll(done)
		if !ok {
			return
		}
		q := r.picks.asked[a.Tag]
		if q == nil {
			continue
		}
		delete(r.picks.asked, a.Tag)
		hit := Hit{}
		if a.Number > 0 {
			slot := int(a.Number&^gridNumber - 1)
			var id scene.ID
			var ok bool
			if a.Number&gridNumber != 0 {
				id, ok = q.snapshot.Grids.ID(slot)
			} else {
				id, ok = q.snapshot.Objects.ID(slot)
			}
			if ok {
				hit = Hit{id, a.Position}
			}
		}
		q.answer <- hit
		close(q.answer)
	}
}

// recordPicks records the questions that are open, as many as the pass takes.
func (r *Renderer) recordPicks(s *raw.Stream) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := &r.now
	k := &f.plan.key
	for len(r.asked) > 0 && !r.picker.Busy() {
		q := r.asked[0]
		r.asked = r.asked[:copy(r.asked, r.asked[1:])]
		if q.x < 0 || q.y < 0 || q.x >= k.width || q.y >= k.height {
			q.answer <- Hit{}
			close(q.answer)
			continue
		}
		r.picks.tag++
		if r.picks.asked == nil {
			r.picks.asked = map[uint64]*pickAsked{}
		}
		r.picks.asked[r.picks.tag] = &pickAsked{q.answer, f.snapshot}
		if err := r.picker.Record(s, pass.PickInput{Frame: f.number, Tag: r.picks.tag, ViewProjection: f.combined,
			Width: k.width, Height: k.height, X: q.x, Y: q.y, Draws: r.under(q.x, q.y)}); err != nil {
			delete(r.picks.asked, r.picks.tag)
			close(q.answer)
			return err
		}
	}
	return nil
}

// under finds the meshes whose bounds a pixel's ray meets.
func (r *Renderer) under(x, y int) []pass.PickDraw {
	f := &r.now
	k := &f.plan.key
	w, h := float32(k.width), float32(k.height)
	// The picture's clip space, cut to the pixel.
	m := mgl32.Scale3D(w, h, 1)
	m[12], m[13] = w-2*float32(x)-1, h-2*float32(y)-1
	v := draw.Frustum(m.Mul4(f.combined))
	r.picks.draws = r.picks.draws[:0]
	r.drawer.World.Each(&v, func(slot int, g *draw.Geometry, to *mgl32.Mat4) bool {
		o := &r.seen[slot/scene.ChunkSize].Items[slot%scene.ChunkSize]
		if !o.Hidden && !o.NoPick && g.Topology == model.Triangles {
			r.picks.draws = append(r.picks.draws, pass.PickDraw{Vertices: pass.Range{Buffer: g.Vertices}, Indices: pass.Range{Buffer: g.Indices},
				VertexOffset: g.VertexOffset, FirstIndex: g.FirstIndex, Count: g.IndexCount, Transform: *to, Number: uint32(slot + 1)})
		}
		return len(r.picks.draws) < maxPickDraws
	})
	r.gridsUnder(&v)
	return r.picks.draws
}
