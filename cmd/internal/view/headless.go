package view

import (
	"context"
	"slices"
	"time"

	"hearth/runtime"
	"hearth/vk/scene"
)

const (
	// settleEvery is how often a capture looks whether all has arrived.
	settleEvery = 20 * time.Millisecond
	// quietFor is how long nothing may come into the scene before it counts as whole:
	// guests ask for a scene in one go, and answers take milliseconds.
	quietFor = 400 * time.Millisecond
	// emptyFor is how long an empty scene of a world of our own is waited for.
	emptyFor = 5 * time.Second
	// busyFor is how long processes of a world of our own are waited for that have more
	// to do, while nothing comes into the scene: a module that is compiled on a busy
	// machine takes seconds, and a guest that computes for ever is none to wait for.
	busyFor = 10 * time.Second
	// screenFor is how long screens of characters are waited for from the first of them
	// on: to show something, to have their glyphs, and to rest. A shell says its first
	// words in less, and one that never rests is a picture at any time.
	screenFor = 3 * time.Second
)

// runHeadless draws pictures, and the pictures of guests' cameras.
func (v *View) runHeadless(ctx context.Context) error {
	if v.o.Capture != nil {
		if err := v.settle(ctx); err != nil {
			return err
		}
	}
	tick := time.NewTicker(time.Second / time.Duration(v.o.FPS))
	defer tick.Stop()
	begun := v.scene.Now()
	for n := 0; v.o.Frames == 0 || n < v.o.Frames; n++ {
		if n > 0 && (v.o.Capture == nil || v.o.Capture.dir != "") {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		now := begun + time.Duration(n)*time.Second/time.Duration(v.o.FPS)
		if v.o.Capture == nil {
			now = v.scene.Now()
		}
		snap := v.scene.Snapshot()
		if v.o.Capture != nil {
			if err := v.still(ctx, snap, now, n); err != nil {
				return err
			}
		}
		v.takeShots(snap, now)
		if err := v.films.draw(snap, now); err != nil {
			return err
		}
		if v.films.broken {
			return nil // there is nothing else to do here; shut says why
		}
	}
	return nil
}

// still draws a frame and, where it is to be one, makes it a file.
func (v *View) still(ctx context.Context, snap *scene.Snapshot, now time.Duration, n int) error {
	v.hear()
	v.takePicksIfOpen()
	for lost := true; lost; {
		var err error
		if lost, err = v.frame(snap, now); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if !v.o.Capture.wants(n, v.o.Frames) {
		return nil
	}
	img, err := v.screen.picture()
	if err != nil {
		return err
	}
	name, err := v.o.Capture.put(n, img)
	if err == nil {
		v.log.Info("a picture is written", "file", name, "frame", n+1)
	}
	return err
}

// settle draws until what the scene names has arrived or failed and nothing more
// comes into the scene, or the time is over.
func (v *View) settle(ctx context.Context) error {
	begun := time.Now()
	tick := time.NewTicker(settleEvery)
	defer tick.Stop()
	var things int
	var texts texts
	since := begun
	for {
		v.hear()
		snap := v.scene.Snapshot()
		if n := count(snap); n != things {
			things, since = n, time.Now()
		}
		blank := false
		if snap.Grids.Len() > 0 && texts.recent() {
			var changed bool
			if changed, blank = texts.look(snap); changed {
				since = time.Now()
			}
		}
		v.takePicksIfOpen()
		if err := v.screen.scout(snap, v.scene.Now()); err != nil {
			return err
		}
		if v.screen.r != nil {
			v.ready(snap)
		}
		quiet := time.Since(since)
		switch {
		case v.figures.pending > 0, blank:
		case things > 0 && quiet >= quietFor && quiet < busyFor && v.busy(ctx):
		case things == 0 && v.o.Empty, things == 0 && !v.o.Remote && quiet >= emptyFor, things > 0 && quiet >= quietFor:
			if things == 0 && !v.o.Empty {
				v.log.Warn("there is nothing to see: no process of this world shows anything; --init MODULE.wasm founds a new world, and --connect LINK joins another")
			}
			return nil
		}
		if time.Since(begun) >= v.o.Timeout {
			v.log.Warn("the picture is taken before everything has arrived", "things", things, "pending", v.figures.pending, "waited", v.o.Timeout)
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// busy reports whether processes of a world of our own have something to do: they may
// put it into the scene yet. What a server's processes do is not known.
func (v *View) busy(ctx context.Context) bool {
	rt := v.world.Load()
	if rt == nil || v.o.Remote {
		return false
	}
	all, err := rt.Processes(ctx)
	return err == nil && slices.ContainsFunc(all, func(p runtime.ProcessInfo) bool {
		return p.State != runtime.StateIdle.String() || p.Queue > 0
	})
}

// count is how many things there are to see.
func count(s *scene.Snapshot) int {
	n := s.Objects.Len() + s.Lights.Len() + s.Canvases.Len() + s.Lines.Len() + s.Grids.Len()
	if s.Sky != (scene.Sky{}) {
		n++
	}
	return n
}

// texts are the screens of characters of a scene, as somebody sees them who waits for
// them to rest.
type texts struct {
	since  time.Time // when the first was seen
	before uint64    // the sum of their versions
}

// recent reports whether they are still waited for.
func (t *texts) recent() bool { return t.since.IsZero() || time.Since(t.since) < screenFor }

// look reports whether a screen has changed since the last call, and whether one shows
// nothing yet or lacks pictures of its glyphs.
func (t *texts) look(s *scene.Snapshot) (changed, blank bool) {
	if t.since.IsZero() {
		t.since = time.Now()
	}
	var sum uint64
	for _, g := range s.Grids.All() {
		sum += g.Version
		blank = blank || !g.Hidden && !written(s, g)
	}
	changed, t.before = sum != t.before, sum
	return changed, blank
}

// written reports whether a screen shows something, and all of it.
func written(s *scene.Snapshot, g *scene.Grid) bool {
	some := false
	for _, line := range g.Lines {
		for _, c := range line {
			if c.Glyph == 0 {
				continue
			}
			if glyph, ok := s.Glyphs.At(int(c.Glyph & scene.GlyphHandle)); !ok || glyph.Page < 0 {
				return false
			}
			some = true
		}
	}
	return some
}
