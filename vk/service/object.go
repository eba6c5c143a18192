package service

import (
	"context"
	"errors"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/runtime"
	"hearth/runtime/serde"
	"hearth/vk/scene"
)

// pair is the original's object.
type pair struct {
	Mesh      serde.LumpID `json:"mesh"`
	Skeleton  []mat4       `json:"skeleton"`
	Material  serde.LumpID `json:"material"`
	Transform mat4         `json:"transform"`
	Name      string       `json:"name"`
}

// whole is an object of one file.
type whole struct {
	Model     serde.LumpID `json:"model"`
	Transform *mat4        `json:"transform"`
	Animation *animation   `json:"animation"`
	Tint      *vec4        `json:"tint"`
	Weights   []float32    `json:"weights"`
	Hidden    bool         `json:"hidden"`
	NoShadow  bool         `json:"no_shadow"`
	NoPick    bool         `json:"no_pick"`
	Name      string       `json:"name"`
	Strict    bool         `json:"strict"`
}

type animation struct {
	Index int      `json:"index"`
	At    float64  `json:"at"` // seconds into it
	Speed *float32 `json:"speed"`
	Loop  *bool    `json:"loop"`
}

// scene gives the animation as it runs from now on.
func (a *animation) scene(now time.Duration) (scene.Animation, error) {
	if a == nil {
		return scene.Animation{Index: -1}, nil
	}
	if !(a.At >= -1e6 && a.At <= 1e6) {
		return scene.Animation{}, &scene.ValueError{What: "an animation begins within a million seconds of now"}
	}
	x := scene.Animation{Index: a.Index, Speed: 1, Loop: a.Loop == nil || *a.Loop}
	if a.Speed != nil {
		x.Speed = *a.Speed
	}
	x.Start = now - time.Duration(a.At*float64(time.Second))
	return x, nil
}

func (p *Plugin) addObject(j *job) error {
	j.refuse = lumpErrors
	q, err := parsed[pair](j)
	if err != nil {
		return err
	}
	if q.Name, err = cleanName(q.Name); err != nil {
		return err
	}
	switch {
	case !q.Mesh.Set:
		return missing("mesh")
	case !q.Material.Set:
		return missing("material")
	case !q.Transform.set:
		return missing("transform")
	}
	mesh, material := aMesh("mesh", q.Mesh), aMaterial("material", q.Material)
	j.needs(mesh, material)
	j.do = func() error {
		o := scene.NewObject()
		o.Mesh, o.Material, o.Transform, o.Joints = mesh.cid, material.cid, q.Transform.v, matrices(q.Skeleton)
		return j.object(o, q.Name, ok(j.c, "Ok"))
	}
	return nil
}

func (j *job) object(o scene.Object, name string, answer []byte) error {
	t := &thing{kind: objectKind, name: name, bytes: objectBytes(o.Joints, o.Weights)}
	t.apply = t.toObject
	return j.make(t, answer, func() (scene.ID, error) { return j.p.scene.AddObject(o) })
}

func objectBytes(joints []mgl32.Mat4, weights []float32) int64 {
	return int64(len(joints))*64 + int64(len(weights))*4
}

// addModel adds an object even where its model cannot be shown: then there is a
// placeholder, and the answer says why. With strict there is neither.
func (p *Plugin) addModel(j *job) error {
	q, err := parsed[whole](j)
	if err != nil {
		return err
	}
	if q.Name, err = cleanName(q.Name); err != nil {
		return err
	}
	if !q.Model.Set {
		return missing("model")
	}
	m := aModel("model", q.Model)
	j.needs(m)
	var fault error
	if check := j.check; check != nil {
		j.check = func(ctx context.Context) error {
			fault = check(ctx)
			if q.Strict {
				return fault
			}
			return nil
		}
	}
	j.do = func() error {
		o := scene.NewObject()
		o.Model, o.Weights, o.Hidden, o.NoShadow, o.NoPick = m.cid, q.Weights, q.Hidden, q.NoShadow, q.NoPick
		if o.Model.IsZero() && fault != nil {
			return fault // nothing that a placeholder could stand for
		}
		if q.Transform != nil {
			o.Transform = q.Transform.v
		}
		if q.Tint != nil {
			o.Tint = q.Tint.v
		}
		if o.Animation, err = q.Animation.scene(p.scene.Now()); err != nil {
			return err
		}
		answer := ok(j.c, "Ok")
		if fault != nil {
			answer = ok(j.c, map[string]string{"Placeholder": fault.Error()})
		}
		return j.object(o, q.Name, answer)
	}
	return nil
}

// toObject follows a message to an object.
func (t *thing) toObject(c serde.Codec, tag serde.Tagged) error {
	s := t.m.p.scene
	switch tag.Name {
	case "Transform":
		x, err := serde.Value[mat4](c, tag)
		return t.change(err, func(o *scene.Object) { o.Transform = x.v })
	case "JointMatrices":
		x, err := serde.Value[[]mat4](c, tag)
		return t.setJoints(err, matrices(x))
	case "JointTransforms":
		x, err := serde.Value[struct {
			Global  []mat4 `json:"joint_global"`
			Inverse []mat4 `json:"inverse_bind"`
		}](c, tag)
		if err == nil && len(x.Global) != len(x.Inverse) {
			err = errors.New("JointTransforms needs as many joints as inverse bind matrices")
		}
		joints := make([]mgl32.Mat4, len(x.Global))
		for i := range joints {
			if err == nil {
				joints[i] = x.Global[i].v.Mul4(x.Inverse[i].v)
			}
		}
		return t.setJoints(err, joints)
	case "Tint":
		x, err := serde.Value[vec4](c, tag)
		return t.change(err, func(o *scene.Object) { o.Tint = x.v })
	case "Animation":
		x, err := serde.Value[*animation](c, tag)
		if err != nil {
			return &parseError{err}
		}
		a, err := x.scene(s.Now())
		if err != nil {
			return err
		}
		return t.change(nil, func(o *scene.Object) { o.Animation = a })
	case "Weights":
		x, err := serde.Value[[]float32](c, tag)
		if err != nil {
			return &parseError{err}
		}
		o, there := t.object()
		if !there {
			return errEnded
		}
		return t.within(objectBytes(o.Joints, x), func() error { return t.change(nil, func(o *scene.Object) { o.Weights = x }) })
	case "Hidden":
		x, err := serde.Value[bool](c, tag)
		return t.change(err, func(o *scene.Object) { o.Hidden = x })
	case "Material":
		return t.setMaterial(c, tag)
	}
	return &parseError{errUnknown}
}

// change makes a change of the object that was read without an error.
func (t *thing) change(err error, f func(*scene.Object)) error {
	if err != nil {
		return &parseError{err}
	}
	return t.m.p.scene.UpdateObject(t.id, f)
}

// object returns the object as it is now.
func (t *thing) object() (scene.Object, bool) { return t.m.p.scene.Object(t.id) }

func (t *thing) setJoints(err error, joints []mgl32.Mat4) error {
	if err != nil {
		return &parseError{err}
	}
	o, there := t.object()
	if !there {
		return errEnded
	}
	return t.within(objectBytes(joints, o.Weights), func() error {
		return t.change(nil, func(o *scene.Object) { o.Joints = joints })
	})
}

// setMaterial changes the material of a pair when it has been looked at, and answers
// then. Messages that come behind it do not wait.
func (t *thing) setMaterial(c serde.Codec, tag serde.Tagged) error {
	id, err := serde.Value[serde.LumpID](c, tag)
	if err != nil {
		return &parseError{err}
	}
	if o, there := t.object(); !there {
		return errEnded
	} else if o.Mesh.IsZero() {
		return &parseError{errors.New("a model has its own materials; give an object a mesh to give it another material")}
	}
	p, n := t.m.p, aMaterial("material", id)
	t.m.mu.Lock()
	t.materials++
	turn := t.materials
	t.m.mu.Unlock()
	if p.recall(n) {
		return t.change(nil, func(o *scene.Object) { o.Material = n.cid })
	}
	cl := t.m.client
	if err := cl.admit(messageCost); err != nil {
		return err
	}
	asked := message{reply: t.told.reply, cbor: t.told.cbor}
	t.told.reply = runtime.Capability{} // it is answered later
	look := &inspector{p, t.rt, t.told.lumps, cl.checks}
	if !p.start(func() {
		defer cl.admitted(messageCost)
		ctx, cancel := context.WithTimeout(p.ctx, p.wait)
		defer cancel()
		err := look.look(ctx, n)
		t.m.mu.Lock()
		if err == nil && turn == t.materials { // one that was asked for later counts
			err = t.change(nil, func(o *scene.Object) { o.Material = n.cid })
		}
		t.m.mu.Unlock()
		t.answer(&asked, err)
	}) {
		cl.admitted(messageCost)
	}
	return nil
}
