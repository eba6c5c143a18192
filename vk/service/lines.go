package service

import (
	"fmt"

	"hearth/runtime/serde"
	"hearth/vk/scene"
)

// vertex is an end of lines.
type vertex struct {
	Position vec3   `json:"position"`
	Color    colour `json:"color"`
}

type contents struct {
	Vertices []vertex `json:"vertices"`
	Indices  []uint32 `json:"indices"`
}

// debugDraw answers any request to hearth.DebugDrawFactory with null and lines
// without contents.
func (p *Plugin) debugDraw(j *job) error {
	j.do = func() error {
		t := &thing{kind: linesKind}
		t.apply = t.toLines
		return j.make(t, j.c.Encode(nil), func() (scene.ID, error) { return p.scene.AddLines(scene.Lines{}) })
	}
	return nil
}

// toLines follows a message to debug lines.
func (t *thing) toLines(c serde.Codec, tag serde.Tagged) error {
	s := t.m.p.scene
	switch tag.Name {
	case "Contents":
		q, err := serde.Value[contents](c, tag)
		if err == nil && (len(q.Vertices) > maxLineVertices || len(q.Indices) > maxLineIndices) {
			err = fmt.Errorf("lines have %d vertices and %d indices at most", maxLineVertices, maxLineIndices)
		}
		if err != nil {
			return &parseError{err}
		}
		l := scene.Lines{Vertices: make([]scene.LineVertex, len(q.Vertices)), Indices: q.Indices}
		for i, v := range q.Vertices {
			if !v.Position.set {
				return missing("position")
			}
			l.Vertices[i] = scene.LineVertex{Position: v.Position.v, Color: v.Color.v}
		}
		return t.within(int64(len(l.Vertices))*24+int64(len(l.Indices))*4, func() error {
			return s.UpdateLines(t.id, func(x *scene.Lines) { x.Vertices, x.Indices = l.Vertices, l.Indices })
		})
	case "Hide":
		hidden, err := serde.Value[bool](c, tag)
		if err != nil {
			return &parseError{err}
		}
		return s.UpdateLines(t.id, func(x *scene.Lines) { x.Hidden = hidden })
	}
	return &parseError{errUnknown}
}
