package service

import (
	"context"
	"errors"

	"hearth/runtime"
	"hearth/runtime/serde"
	"hearth/vk/scene"
)

// Grab says what the window does with the mouse.
type Grab string

// The ways to hold the mouse.
const (
	GrabNone Grab = "None"
	Confined Grab = "Confined" // it stays in the window
	Locked   Grab = "Locked"   // it stays where it is; motion is told all the same
)

// Host is the window, as the program that has one gives it. Its methods are called
// from any goroutine and must not wait.
type Host interface {
	SetTitle(title string)
	SetCursorGrab(g Grab)
	SetCursorVisible(visible bool)
	// SetCamera looks through a guest's camera until the user takes it back.
	SetCamera(c scene.Camera)
}

// maxTitle bounds a title in bytes: no desktop shows more.
const maxTitle = 1024

var errNoWindow = errors.New("this viewer has no window")

// window follows a command to hearth.Window. The original answers none of them; ours
// are answered where there is a reply address, but for Subscribe and Unsubscribe,
// whose first capability gets the events.
func (p *Plugin) window(_ context.Context, r *runtime.Request) {
	c := serde.Of(r.Data)
	tag, err := c.Tagged(r.Data)
	if err == nil && (tag.Name == "Subscribe" || tag.Name == "Unsubscribe") {
		to, there := r.ReplyTo()
		var q interest
		if tag.Value != nil {
			q, err = serde.Value[interest](c, tag)
		}
		switch {
		case !there:
			r.Drop("the first capability of " + tag.Name + " gets the events")
			return
		case err != nil:
		case tag.Name == "Subscribe":
			err = p.input.subscribe(r.Runtime(), to, q, c)
		default:
			p.input.unsubscribe(to)
		}
		if err != nil {
			p.log.Warn("somebody cannot hear of the window", "client", clientOf(to), "error", err)
		}
		r.Drop("")
		return
	}
	if err != nil {
		err = &parseError{err}
	} else {
		err = p.command(c, tag)
	}
	if _, there := r.ReplyTo(); !there {
		reason := ""
		if err != nil {
			reason = err.Error()
		}
		r.Drop(reason)
		return
	}
	if err != nil {
		r.Reply(refusal(c, err))
		return
	}
	r.Reply(ok(c, "Ok"))
}

// command is what a guest wants of the window.
type command struct {
	VFov *float32 `json:"vfov"` // degrees
	Near *float32 `json:"near"`
	View mat4     `json:"view"`
}

func (p *Plugin) command(c serde.Codec, tag serde.Tagged) error {
	f, err := readCommand(c, tag)
	if err != nil {
		return err
	}
	switch {
	case p.host != nil:
		f(p.host)
	case tag.Name == "SetCamera":
		f(sceneOnly{p.scene})
	default:
		return errNoWindow
	}
	return nil
}

// sceneOnly is a viewer without a window: a camera is all that it has.
type sceneOnly struct{ s *scene.Scene }

func (sceneOnly) SetTitle(string)            {}
func (sceneOnly) SetCursorGrab(Grab)         {}
func (sceneOnly) SetCursorVisible(bool)      {}
func (h sceneOnly) SetCamera(c scene.Camera) { h.s.SetCamera(c) }

// readCommand reads what the window is to do.
func readCommand(c serde.Codec, tag serde.Tagged) (func(Host), error) {
	switch tag.Name {
	case "SetTitle":
		title, err := serde.Value[string](c, tag)
		if err == nil && len(title) > maxTitle {
			err = errors.New("a title has 1024 bytes at most")
		}
		if err != nil {
			return nil, &parseError{err}
		}
		return func(h Host) { h.SetTitle(title) }, nil
	case "SetCursorGrab":
		g, err := serde.Value[Grab](c, tag)
		if err == nil && g != GrabNone && g != Confined && g != Locked {
			err = errors.New("the cursor is grabbed as None, Confined or Locked")
		}
		if err != nil {
			return nil, &parseError{err}
		}
		return func(h Host) { h.SetCursorGrab(g) }, nil
	case "SetCursorVisible":
		visible, err := serde.Value[bool](c, tag)
		if err != nil {
			return nil, &parseError{err}
		}
		return func(h Host) { h.SetCursorVisible(visible) }, nil
	case "SetCamera":
		q, err := serde.Value[command](c, tag)
		switch {
		case err != nil:
			return nil, &parseError{err}
		case q.VFov == nil:
			return nil, missing("vfov")
		case q.Near == nil:
			return nil, missing("near")
		case !q.View.set:
			return nil, missing("view")
		}
		cam := scene.Camera{View: q.View.v, VFov: degrees(*q.VFov), Near: *q.Near}
		if err := cam.Check(); err != nil {
			return nil, err
		}
		return func(h Host) { h.SetCamera(cam) }, nil
	}
	return nil, &parseError{errUnknown}
}
