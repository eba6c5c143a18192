package vk

import (
	"errors"

	vulkan "github.com/vulkan-go/vulkan"

	"hearth/lumps"
	"hearth/vk/draw"
	"hearth/vk/mem"
	"hearth/vk/pass"
	"hearth/vk/raw"
	"hearth/vk/res"
	"hearth/vk/scene"
)

// The side of the cube that surfaces reflect, in texels. On a processor filtering
// takes its time: half a second for four times as many texels.
const (
	environmentSize    = 128
	environmentSizeCPU = 32
	environmentSamples = 16 // on a processor
)

// skyState is the sky of the scene on the device.
type skyState struct {
	lump        lumps.CID
	ref         *res.TextureRef // of lump
	drawn       *res.TextureRef // what is seen: ref, or the one before it; nil: nothing
	err         error
	environment *pass.Environment
}

// syncSky asks for the sky of a snapshot, and filters it when it is there. Until
// then the one before it stays.
func (r *Renderer) syncSky(s *raw.Stream, k scene.Sky) error {
	y := &r.sky
	if k.Texture != y.lump {
		if y.ref != nil && y.ref != y.drawn {
			y.ref.Release()
		}
		y.lump, y.ref, y.err = k.Texture, nil, nil
		if k.Texture == (lumps.CID{}) {
			return r.hideSky()
		}
		y.ref = r.looks.res.Texture(k.Texture, res.TextureOptions{})
	}
	if y.ref == nil || y.ref == y.drawn || y.err != nil {
		return nil
	}
	switch y.ref.State() {
	case res.Failed:
		y.err = y.ref.Err()
		return r.hideSky()
	case res.Ready:
		err := r.showSky(s, y.ref.Texture())
		if errors.Is(err, mem.ErrMemory) { // the rest of the picture goes on
			y.err = err
			return r.hideSky()
		}
		if err != nil {
			return err
		}
		if y.drawn != nil {
			y.drawn.Release()
		}
		y.drawn = y.ref
	}
	return nil
}

// hideSky shows nothing behind the scene.
func (r *Renderer) hideSky() error {
	y := &r.sky
	if y.drawn != nil && y.drawn != y.ref {
		y.drawn.Release()
	}
	y.drawn = nil
	r.drawer.SetEnvironment(draw.Environment{})
	return r.drawer.SetSky(vulkan.NullImageView, false)
}

func (r *Renderer) showSky(s *raw.Stream, t *res.Texture) error {
	y := &r.sky
	size, samples := environmentSize, 0
	if r.d.CPU {
		size, samples = environmentSizeCPU, environmentSamples
	}
	if r.ibl == nil {
		p, err := pass.NewIBL(r.d, r.a)
		if err != nil {
			return err
		}
		r.ibl = p
		r.keep(p.Close)
	}
	if y.environment == nil {
		e, err := r.ibl.NewEnvironment(size)
		if err != nil {
			return err
		}
		y.environment = e
	}
	if err := r.ibl.Record(s, pass.IBLInput{Frame: r.now.number, Source: t.Image.View, Equirect: !t.Cube, SourceSize: int(t.Image.Width),
		SourceLevels: int(t.Image.Levels), Samples: samples, Into: y.environment}); err != nil {
		return err
	}
	if err := r.drawer.SetSky(t.Image.View, !t.Cube); err != nil {
		return err
	}
	r.drawer.SetEnvironment(draw.Environment{Cube: y.environment.Cube, Irradiance: y.environment.Irradiance})
	return nil
}

// levels is how many levels of roughness the environment has, 0 where there is none.
func (y *skyState) levels() float32 {
	if y.drawn == nil {
		return 0
	}
	return float32(y.environment.Levels)
}

func (y *skyState) pending() int {
	if y.ref != y.drawn && y.err == nil {
		return 1
	}
	return 0
}

func (y *skyState) failures() []Failure {
	if y.err == nil {
		return nil
	}
	return []Failure{{Lump: y.lump, Err: y.err}}
}

func (y *skyState) close(r *Renderer) {
	if y.drawn != nil && y.drawn != y.ref {
		y.drawn.Release()
	}
	if y.ref != nil {
		y.ref.Release()
	}
	if y.environment != nil {
		y.environment.Close()
	}
	*y = skyState{}
}
