package service

import (
	"errors"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/runtime/serde"
	"hearth/vk/scene"
)

// stand is where a virtual camera is; it looks along -Z of its orientation.
type stand struct {
	Position    vec3  `json:"position"`
	Orientation *vec4 `json:"orientation"`
}

func (x *stand) view() (mgl32.Mat4, error) {
	if !x.Position.set {
		return mgl32.Mat4{}, missing("position")
	}
	q := mgl32.QuatIdent()
	if x.Orientation != nil {
		if q = x.Orientation.quat(); !(q.Len() > 1e-6) {
			return mgl32.Mat4{}, &scene.ValueError{What: "an orientation is a quaternion that is not zero"}
		}
		q = q.Normalize()
	}
	p := x.Position.v
	return q.Conjugate().Mat4().Mul4(mgl32.Translate3D(-p[0], -p[1], -p[2])), nil
}

// degrees turns the unit of requests into that of the scene.
func degrees(d float32) float32 { return mgl32.DegToRad(d) }

// cameras reads a request to hearth.Camera.
func (p *Plugin) cameras(j *job) error {
	if err := j.tag(); err != nil {
		return err
	}
	if j.t.Name != "CreateCamera" {
		return &parseError{errUnknown}
	}
	q, err := parsed[struct {
		stand
		VFov   *float32 `json:"vfov"` // degrees
		Near   *float32 `json:"near"`
		Width  int      `json:"width"`
		Height int      `json:"height"`
		Every  float64  `json:"every"` // seconds
		Stop   bool     `json:"stopped"`
		Name   string   `json:"name"`
	}](j)
	if err != nil {
		return err
	}
	if q.Name, err = cleanName(q.Name); err != nil {
		return err
	}
	view, err := q.view()
	if err != nil {
		return err
	}
	if !(q.Every >= 0 && q.Every <= 1e6) {
		return &scene.ValueError{What: "the time between two pictures is in seconds, zero or more"}
	}
	v := scene.View{
		Camera: scene.Camera{View: view, VFov: degrees(60), Near: 0.05}, Width: q.Width, Height: q.Height,
		Every: time.Duration(q.Every * float64(time.Second)), Stopped: q.Stop, Name: q.Name,
	}
	if q.VFov != nil {
		v.VFov = degrees(*q.VFov)
	}
	if q.Near != nil {
		v.Near = *q.Near
	}
	j.do = func() error {
		t := &thing{kind: cameraKind, name: q.Name, bytes: int64(len(q.Name))}
		t.apply = t.toCamera
		return j.make(t, ok(j.c, "Camera"), func() (scene.ID, error) { return p.scene.AddView(v) })
	}
	return nil
}

// toCamera follows a message to a virtual camera.
func (t *thing) toCamera(c serde.Codec, tag serde.Tagged) error {
	s := t.m.p.scene
	switch tag.Name {
	case "Relocate":
		q, err := serde.Value[stand](c, tag)
		if err != nil {
			return &parseError{err}
		}
		view, err := q.view()
		if err != nil {
			return err
		}
		return s.UpdateView(t.id, func(v *scene.View) { v.View = view })
	case "Lens":
		q, err := serde.Value[struct {
			VFov float32 `json:"vfov"`
			Near float32 `json:"near"`
		}](c, tag)
		if err != nil {
			return &parseError{err}
		}
		return s.UpdateView(t.id, func(v *scene.View) { v.VFov, v.Near = degrees(q.VFov), q.Near })
	case "Start", "Stop":
		if tag.Value != nil {
			return &parseError{errors.New(tag.Name + " has no value")}
		}
		return s.UpdateView(t.id, func(v *scene.View) { v.Stopped = tag.Name == "Stop" })
	}
	return &parseError{errUnknown}
}
