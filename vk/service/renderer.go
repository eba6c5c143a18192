package service

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/lumps"
	"hearth/runtime"
	"hearth/vk/scene"
)

// directional is what the original says of a light.
type directional struct {
	Color     vec3     `json:"color"`
	Intensity *float32 `json:"intensity"`
	Direction vec3     `json:"direction"`
	Distance  *float32 `json:"distance"`
}

// lamp is a point or a spot.
type lamp struct {
	Position  vec3    `json:"position"`
	Color     vec3    `json:"color"`
	Intensity float32 `json:"intensity"`
	Range     float32 `json:"range"`
	Direction vec3    `json:"direction"`
	Inner     float32 `json:"inner"`
	Outer     float32 `json:"outer"`
	Shadow    bool    `json:"shadow"`
	Name      string  `json:"name"`
}

// pair is the original's object.
type pair struct {
	Mesh      lumpID `json:"mesh"`
	Skeleton  []mat4 `json:"skeleton"`
	Material  lumpID `json:"material"`
	Transform mat4   `json:"transform"`
	Name      string `json:"name"`
}

// whole is an object of one file.
type whole struct {
	Model     lumpID     `json:"model"`
	Transform *mat4      `json:"transform"`
	Animation *animation `json:"animation"`
	Tint      *vec4      `json:"tint"`
	Weights   []float32  `json:"weights"`
	Hidden    bool       `json:"hidden"`
	NoShadow  bool       `json:"no_shadow"`
	NoPick    bool       `json:"no_pick"`
	Name      string     `json:"name"`
	Strict    bool       `json:"strict"`
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

type look struct {
	Exposure   *float32 `json:"exposure"`
	ToneMap    *string  `json:"tone_map"`
	Bloom      *float32 `json:"bloom"`
	Ambient    *vec4    `json:"ambient"`
	Background *vec3    `json:"background"`
}

var toneMaps = map[string]scene.ToneMap{"Neutral": scene.Neutral, "ACES": scene.ACES, "Reinhard": scene.Reinhard, "None": scene.None}

// lumpErrors answers as the original does where a lump is at fault.
func lumpErrors(c codec, err error) []byte {
	if _, ok := errors.AsType[*lumpError](err); ok {
		return c.encode(map[string]string{"Err": "LumpError"})
	}
	return refusal(c, err)
}

func missing(what string) error { return &parseError{errors.New(what + " is missing")} }

func parsed[T any](j *job) (T, error) {
	v, err := decodeAs[T](j.c, j.t)
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
	switch j.t.name {
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
	case !q.Mesh.set:
		return missing("mesh")
	case !q.Material.set:
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
	if !q.Model.set {
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
func (t *thing) toObject(c codec, tag tagged) error {
	s := t.m.p.scene
	switch tag.name {
	case "Transform":
		x, err := decodeAs[mat4](c, tag)
		return t.change(err, func(o *scene.Object) { o.Transform = x.v })
	case "JointMatrices":
		x, err := decodeAs[[]mat4](c, tag)
		return t.setJoints(err, matrices(x))
	case "JointTransforms":
		x, err := decodeAs[struct {
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
		x, err := decodeAs[vec4](c, tag)
		return t.change(err, func(o *scene.Object) { o.Tint = x.v })
	case "Animation":
		x, err := decodeAs[*animation](c, tag)
		if err != nil {
			return &parseError{err}
		}
		a, err := x.scene(s.Now())
		if err != nil {
			return err
		}
		return t.change(nil, func(o *scene.Object) { o.Animation = a })
	case "Weights":
		x, err := decodeAs[[]float32](c, tag)
		if err != nil {
			return &parseError{err}
		}
		o, there := t.object()
		if !there {
			return errEnded
		}
		return t.within(objectBytes(o.Joints, x), func() error { return t.change(nil, func(o *scene.Object) { o.Weights = x }) })
	case "Hidden":
		x, err := decodeAs[bool](c, tag)
		return t.change(err, func(o *scene.Object) { o.Hidden = x })
	case "Material":
		return t.setMaterial(c, tag, t.named)
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

// object returns the object as it is in the newest snapshot.
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

// setMaterial changes the material of a pair when it has been looked at. Messages
// that come behind it do not wait.
func (t *thing) setMaterial(c codec, tag tagged, named []lumps.CID) error {
	id, err := decodeAs[lumpID](c, tag)
	if err != nil {
		return &parseError{err}
	}
	if o, there := t.object(); !there {
		return errEnded
	} else if o.Mesh.IsZero() {
		return &parseError{errors.New("a model has its own materials; give an object a mesh to give it another material")}
	}
	p, n := t.m.p, aMaterial("material", id)
	if p.recall(n) {
		return t.change(nil, func(o *scene.Object) { o.Material = n.cid })
	}
	t.m.mu.Lock()
	t.materials++
	turn := t.materials
	t.m.mu.Unlock()
	p.start(func() {
		ctx, cancel := context.WithTimeout(p.ctx, p.wait)
		defer cancel()
		if err := (&inspector{p, t.rt, named, t.m.client.checks}).look(ctx, n); err != nil {
			t.m.client.complain(t.kind.String(), err)
			return
		}
		t.m.mu.Lock()
		newest := turn == t.materials
		t.m.mu.Unlock()
		if newest {
			t.change(nil, func(o *scene.Object) { o.Material = n.cid })
		}
	})
	return nil
}

func (p *Plugin) addDirectional(j *job) error {
	q, err := parsed[struct {
		State directional `json:"initial_state"`
		Name  string      `json:"name"`
	}](j)
	if err != nil {
		return err
	}
	if q.Name, err = cleanName(q.Name); err != nil {
		return err
	}
	s := q.State
	switch {
	case !s.Color.set:
		return missing("color")
	case s.Intensity == nil:
		return missing("intensity")
	case !s.Direction.set:
		return missing("direction")
	case s.Distance == nil:
		return missing("distance")
	}
	return j.light(scene.Light{
		Kind: scene.Directional, Color: s.Color.v, Intensity: *s.Intensity, Direction: s.Direction.v, Distance: *s.Distance, Shadow: true,
	}, q.Name)
}

func (p *Plugin) addLamp(j *job) error {
	q, err := parsed[lamp](j)
	if err != nil {
		return err
	}
	if q.Name, err = cleanName(q.Name); err != nil {
		return err
	}
	l := scene.Light{
		Kind: scene.Point, Color: q.Color.v, Intensity: q.Intensity, Position: q.Position.v, Range: q.Range, Shadow: q.Shadow,
	}
	switch {
	case !q.Position.set:
		return missing("position")
	case !q.Color.set:
		return missing("color")
	}
	if j.t.name == "AddSpotLight" {
		if !q.Direction.set {
			return missing("direction")
		}
		l.Kind, l.Direction, l.Inner, l.Outer = scene.Spot, q.Direction.v, q.Inner, q.Outer
	}
	return j.light(l, q.Name)
}

func (j *job) light(l scene.Light, name string) error {
	j.do = func() error {
		t := &thing{kind: lightKind, name: name}
		t.apply = t.toLight
		return j.make(t, ok(j.c, "Ok"), func() (scene.ID, error) { return j.p.scene.AddLight(l) })
	}
	return nil
}

// toLight follows a message to a light.
func (t *thing) toLight(c codec, tag tagged) error {
	var f func(*scene.Light)
	var err error
	var v vec3
	var n float32
	switch tag.name {
	case "Color", "Direction", "Position":
		v, err = decodeAs[vec3](c, tag)
	case "Intensity", "Distance", "Range":
		n, err = decodeAs[float32](c, tag)
	}
	switch tag.name {
	case "Color":
		f = func(l *scene.Light) { l.Color = v.v }
	case "Direction":
		f = func(l *scene.Light) { l.Direction = v.v }
	case "Position":
		f = func(l *scene.Light) { l.Position = v.v }
	case "Intensity":
		f = func(l *scene.Light) { l.Intensity = n }
	case "Distance":
		f = func(l *scene.Light) { l.Distance = n }
	case "Range":
		f = func(l *scene.Light) { l.Range = n }
	case "Cone":
		var x struct {
			Inner float32 `json:"inner"`
			Outer float32 `json:"outer"`
		}
		x, err = decodeAs[struct {
			Inner float32 `json:"inner"`
			Outer float32 `json:"outer"`
		}](c, tag)
		f = func(l *scene.Light) { l.Inner, l.Outer = x.Inner, x.Outer }
	case "Shadow":
		var x bool
		x, err = decodeAs[bool](c, tag)
		f = func(l *scene.Light) { l.Shadow = x }
	default:
		err = errUnknown
	}
	if err != nil {
		return &parseError{err}
	}
	return t.m.p.scene.UpdateLight(t.id, f)
}

func (p *Plugin) setSky(j *job) error {
	j.refuse = lumpErrors
	q, err := parsed[struct {
		Texture *lumpID `json:"texture"`
	}](j)
	if err != nil {
		return err
	}
	if q.Texture == nil { // ours: no sky
		j.do = func() error { return j.done(p.scene.SetSky(scene.Sky{})) }
		return nil
	}
	n := aSky("texture", *q.Texture)
	j.needs(n)
	j.do = func() error { return j.done(p.scene.SetSky(scene.Sky{Texture: n.cid})) }
	return nil
}

func (p *Plugin) setLook(j *job) error {
	q, err := parsed[look](j)
	if err != nil {
		return err
	}
	var tone scene.ToneMap
	if q.ToneMap != nil {
		var there bool
		if tone, there = toneMaps[*q.ToneMap]; !there {
			return &parseError{errors.New("tone_map is Neutral, ACES, Reinhard or None")}
		}
	}
	j.do = func() error {
		return j.done(p.scene.UpdateLook(func(l *scene.Look) {
			if q.Exposure != nil {
				l.Exposure = *q.Exposure
			}
			if q.ToneMap != nil {
				l.ToneMap = tone
			}
			if q.Bloom != nil {
				l.Bloom = *q.Bloom
			}
			if q.Ambient != nil {
				l.Ambient = q.Ambient.v
			}
			if q.Background != nil {
				l.Background = q.Background.v
			}
		}))
	}
	return nil
}

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

// list tells tools what there is.
func (j *job) list() error {
	p := j.p
	p.mu.Lock()
	all := make([]description, 0, min(len(p.things), maxListed))
	ids := make([]scene.ID, 0, len(p.things))
	for id := range p.things {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids[:min(len(ids), maxListed)] {
		all = append(all, p.things[id].describe())
	}
	p.mu.Unlock()
	j.r.Reply(ok(j.c, map[string]any{"List": map[string]any{"things": all, "more": len(ids) - len(all)}}))
	return nil
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
