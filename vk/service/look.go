package service

import (
	"errors"

	"hearth/runtime/serde"
	"hearth/vk/scene"
)

type look struct {
	Exposure   *float32 `json:"exposure"`
	ToneMap    *string  `json:"tone_map"`
	Bloom      *float32 `json:"bloom"`
	Ambient    *vec4    `json:"ambient"`
	Background *vec3    `json:"background"`
}

var toneMaps = map[string]scene.ToneMap{"Neutral": scene.Neutral, "ACES": scene.ACES, "Reinhard": scene.Reinhard, "None": scene.None}

func (p *Plugin) setSky(j *job) error {
	j.refuse = lumpErrors
	q, err := parsed[struct {
		Texture *serde.LumpID `json:"texture"`
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
