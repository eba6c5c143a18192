package view

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/cmd/internal/exit"
	"hearth/cmd/internal/eye"
	"hearth/vk"
	"hearth/vk/device"
	"hearth/vk/scene"
	"hearth/vk/service"
	"hearth/vk/window"
)

const (
	// restFor is how long the loop sleeps when nothing moves: what was missed (a lump
	// that arrived, a change between two looks) is seen then at the latest.
	restFor = 250 * time.Millisecond
	// leastFrame is the shortest time from one frame to the next on a device that is
	// a program, which has better things to do than to draw faster than people see.
	leastFrame = time.Second / 60
	// floorEvery is how often a walker's floor is looked at.
	floorEvery = 100 * time.Millisecond
	// overlayEvery is how often figures change that nothing else draws anew.
	overlayEvery = 500 * time.Millisecond
	// roomEvery is how often a picture is tried again that the device has no room for,
	// and roomSaid how often the log tells of it.
	roomEvery, roomSaid = 250 * time.Millisecond, 10 * time.Second
)

// runWindow shows the world in the window until it is closed. A frame is drawn when
// something changed or moves; a window at rest costs nothing.
func (v *View) runWindow(ctx context.Context) error {
	stop := context.AfterFunc(ctx, v.wake)
	defer stop()
	v.wg.Go(func() {
		for {
			select {
			case <-v.scene.Changed():
				v.wake()
			case <-v.done:
				return
			}
		}
	})
	input := v.plugin.Input()
	var (
		last     *scene.Snapshot
		lastTime = time.Now()
		lastDraw time.Time
		floorAt  time.Time
		frames   int
		again    = true // the next frame is wanted whatever happened
	)
	for ctx.Err() == nil {
		wait := time.Duration(0)
		if !again {
			wait = v.rest(lastDraw)
		} else if v.screen.cpu() {
			wait = leastFrame - time.Since(lastDraw)
		}
		wait = max(wait, time.Until(v.room))
		events := v.win.Wait(wait)
		if err := v.win.Err(); err != nil {
			return &exit.UnavailableError{Err: err}
		}
		now := time.Now()
		moment := now.Sub(lastTime)
		lastTime = now
		for _, e := range events {
			if _, ok := e.(window.CloseRequested); ok {
				return nil
			}
			v.happened(e, now)
			again = true
		}
		v.typed()
		if v.answered(now) {
			again = true
		}
		v.keyboards()
		if v.chores(now) {
			again = true
		}
		if v.apply() {
			again = true
		}
		if v.move(moment) {
			again = true
		}
		if v.takePicksIfOpen() {
			again = true
		}
		snap := v.scene.Snapshot()
		again = again || snap != last || v.figures.look(snap) || v.figures.pending > 0 || v.asked.Load() > 0 || v.ahead != nil || v.mouse.asked != nil ||
			v.hands.overlay && now.Sub(lastDraw) >= overlayEvery || now.Sub(lastDraw) >= time.Second
		if err := v.films.draw(snap, v.scene.Now()); err != nil {
			return err
		}
		v.takeShots(snap, v.scene.Now())
		if w, h := v.win.Size(); w == 0 || h == 0 {
			again, last = false, snap // nobody sees it
			continue
		}
		if !again || now.Before(v.room) || v.screen.cpu() && now.Sub(lastDraw) < leastFrame {
			continue
		}
		if v.hands.mode == eye.Walk && !v.hands.theirs && now.Sub(floorAt) >= floorEvery {
			floorAt = now
			v.lookDown()
		} else if v.hands.mode != eye.Walk {
			v.ahead = nil
		}
		lost, err := v.frame(snap, v.scene.Now())
		if err = v.bear(err, now); err != nil {
			return err
		}
		if now.Before(v.room) {
			continue
		}
		if !lost && !lastDraw.IsZero() {
			input.Publish(service.Redraw{DT: now.Sub(lastDraw).Seconds()})
		}
		lastDraw, last, again = now, snap, lost
		if frames++; v.o.Frames > 0 && frames >= v.o.Frames {
			return nil
		}
	}
	return nil
}

// rest is how long the loop may sleep.
func (v *View) rest(lastDraw time.Time) time.Duration {
	d := restFor
	if due := v.films.due(v.scene.Now()); due < d {
		d = due
	}
	return max(d, time.Millisecond)
}

// frame draws what is seen in the window or the picture.
func (v *View) frame(snap *scene.Snapshot, now time.Duration) (lost bool, err error) {
	camera := v.camera()
	v.stands.Store(&camera.View)
	o := vk.FrameOptions{Time: now, Camera: &camera}
	if p := v.panel(); p.any() {
		w, h := v.size()
		o.Overlay = v.figures.overlay(p, snap, w, h)
	}
	st, lost, err := v.screen.draw(snap, o)
	if err != nil || lost {
		return lost, err
	}
	v.figures.took(st, time.Now())
	v.ready(snap)
	return false, nil
}

// bear takes an error of drawing in a window. That the device has no room is no end:
// the window may become smaller, and the scene emptier.
func (v *View) bear(err error, now time.Time) error {
	if !errors.Is(err, device.ErrMemory) {
		return err
	}
	if now.Sub(v.roomSaid) >= roomSaid {
		v.log.Warn("the window is not drawn", "error", err)
		v.roomSaid = now
	}
	v.room = now.Add(roomEvery)
	return nil
}

// panel is what the overlay says besides the figures.
func (v *View) panel() panel {
	p := panel{full: v.hands.overlay, aim: v.hands.looking, keyboard: v.typing(), notice: v.notice.text, question: v.prompts.shown}
	if !p.full {
		return p
	}
	p.guests = len(v.plugin.Input().Subscribers())
	if r := v.screen.r; r != nil {
		p.device, p.samples = r.Device().Name, r.Samples()
	}
	e := &v.eye
	p.place = fmt.Sprintf("%s  at %.2f %.2f %.2f  yaw %.0f pitch %.0f", v.hands.mode, e.Position[0], e.Position[1], e.Position[2],
		mgl32.RadToDeg(e.Yaw), mgl32.RadToDeg(e.Pitch))
	if v.hands.theirs {
		p.place = "through the camera of a guest"
	}
	a := v.assets.Stats()
	p.assets = fmt.Sprintf("assets %d held, %d idle, %s", a.Held, a.Idle, size(a.HeldCost+a.IdleCost))
	p.recording = v.films.line()
	return p
}

func (v *View) size() (w, h int) {
	if v.win != nil {
		return v.win.Size()
	}
	return v.o.Width, v.o.Height
}

// ready asks how much is on the way, and logs what cannot be shown, once.
func (v *View) ready(snap *scene.Snapshot) {
	pending, failures := v.screen.r.Ready(snap)
	v.figures.pending = pending
	for _, f := range v.figures.news(failures) {
		v.log.Warn("a lump cannot be shown", "lump", f.Lump.String(), "error", f.Err)
	}
}

// takePicksIfOpen answers what is asked while there is a device.
func (v *View) takePicksIfOpen() bool { return v.screen.r != nil && v.takePicks() }

// lookDown asks what the walker is about to step on: what is at the lower edge of the
// picture. Who stands still has seen it.
func (v *View) lookDown() {
	w, h := v.size()
	if v.screen.r == nil || w == 0 || h == 0 {
		v.ahead = nil
		return
	}
	select {
	case hit, ok := <-v.ahead:
		v.ahead = nil
		if ok && hit.Object != 0 {
			v.floor.Seen(hit.Position, v.eye.Position[1]-eye.Height)
		}
	default:
	}
	if v.ahead == nil && v.aheadOf != v.eye {
		v.ahead, v.aheadOf = v.screen.r.Pick(w/2, h-1), v.eye
	}
}

// apply does to the window what guests want of it, as far as the user lets them.
func (v *View) apply() (changed bool) {
	changed = v.hear()
	grab, visible := v.pointer(v.win.Focused())
	if grab != v.win.Grab() {
		if err := v.win.SetGrab(grab); err != nil {
			v.log.Debug("the mouse is not held", "error", err)
		}
	}
	if v.hidden == visible {
		v.hidden = !visible
		v.win.SetCursorVisible(visible)
	}
	if changed {
		v.win.SetTitle(v.guests.title)
	}
	return changed
}

// pointer says how the pointer is held and whether it is seen. A guest may hold and hide
// it while it has the keyboard, and never else: the chord, which takes both back, always
// works, and the picture says so.
func (v *View) pointer(focused bool) (grab window.Grab, visible bool) {
	switch {
	case v.hands.looking:
		return window.GrabLocked, true
	case v.hands.guests && focused:
		return v.guests.grab, v.guests.visible
	}
	return window.GrabNone, true
}
