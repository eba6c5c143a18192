package service

import (
	"errors"

	"hearth/runtime/serde"
	"hearth/vk/scene"
)

// lumpErrors answers as the original does where a lump is at fault.
func lumpErrors(c serde.Codec, err error) []byte {
	if _, ok := errors.AsType[*lumpError](err); ok {
		return c.Encode(map[string]string{"Err": "LumpError"})
	}
	return refusal(c, err)
}

func missing(what string) error { return &parseError{errors.New(what + " is missing")} }

func parsed[T any](j *job) (T, error) {
	v, err := serde.Value[T](j.c, j.t)
	if err != nil {
		return v, &parseError{err}
	}
	return v, nil
}

// renderer reads a request to hearth.Renderer.
func (p *Plugin) renderer(j *job) error {
	if err := j.tag(); err != nil {
		return err
	}
	switch j.t.Name {
	case "AddObject":
		return p.addObject(j)
	case "AddModel":
		return p.addModel(j)
	case "AddDirectionalLight":
		return p.addDirectional(j)
	case "AddPointLight", "AddSpotLight":
		return p.addLamp(j)
	case "SetSkybox":
		return p.setSky(j)
	case "SetAmbientLighting":
		q, err := parsed[struct {
			Ambient vec4 `json:"ambient"`
		}](j)
		if err != nil {
			return err
		}
		if !q.Ambient.set {
			return missing("ambient")
		}
		j.do = func() error { return j.done(p.scene.UpdateLook(func(l *scene.Look) { l.Ambient = q.Ambient.v })) }
		return nil
	case "SetLook":
		return p.setLook(j)
	case "Pick":
		return p.pickUnder(j)
	case "List":
		j.do = func() error { return j.list() }
		return nil
	case "Describe":
		j.do = func() error { return j.describe() }
		return nil
	}
	return &parseError{errUnknown}
}

// done answers {"Ok":"Ok"} where nothing went wrong.
func (j *job) done(err error) error {
	if err == nil {
		j.r.Reply(ok(j.c, "Ok"))
	}
	return err
}

// make puts a thing into the scene and answers with its capability.
func (j *job) make(t *thing, answer []byte, put func() (scene.ID, error)) error {
	cl := j.m.client
	if err := cl.reserve(t.kind, t.bytes); err != nil {
		return err
	}
	id, err := put()
	if err != nil {
		cl.unreserve(t.kind, t.bytes)
		return err
	}
	t.id = id
	j.r.Reply(answer, j.m.add(j.r.Runtime(), t))
	return nil
}
