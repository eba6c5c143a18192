package service

import (
	"hearth/runtime/serde"
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
	if j.t.Name == "AddSpotLight" {
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
func (t *thing) toLight(c serde.Codec, tag serde.Tagged) error {
	var f func(*scene.Light)
	var err error
	var v vec3
	var n float32
	switch tag.Name {
	case "Color", "Direction", "Position":
		v, err = serde.Value[vec3](c, tag)
	case "Intensity", "Distance", "Range":
		n, err = serde.Value[float32](c, tag)
	}
	switch tag.Name {
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
		x, err = serde.Value[struct {
			Inner float32 `json:"inner"`
			Outer float32 `json:"outer"`
		}](c, tag)
		f = func(l *scene.Light) { l.Inner, l.Outer = x.Inner, x.Outer }
	case "Shadow":
		var x bool
		x, err = serde.Value[bool](c, tag)
		f = func(l *scene.Light) { l.Shadow = x }
	default:
		err = errUnknown
	}
	if err != nil {
		return &parseError{err}
	}
	return t.m.p.scene.UpdateLight(t.id, f)
}
