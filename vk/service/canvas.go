package service

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"hearth/runtime/serde"
	"hearth/vk/scene"
)

// place is where a canvas stands.
type place struct {
	Origin      vec3 `json:"origin"`
	Orientation vec4 `json:"orientation"`
	HalfSize    vec2 `json:"half_size"`
}

func (x *place) check() error {
	if !x.Origin.set || !x.Orientation.set || !x.HalfSize.set {
		return errors.New("a position has an origin, an orientation and a half_size")
	}
	return nil
}

// pixels are RGBA8, the top row first. Ours: without data they are clear, so that a
// canvas can be larger than a message.
type pixels struct {
	Width  int  `json:"width"`
	Height int  `json:"height"`
	Data   blob `json:"data"`
}

func (x *pixels) check() error {
	if x.Width < 1 || x.Height < 1 || x.Width > scene.MaxSide || x.Height > scene.MaxSide {
		return fmt.Errorf("pixels have a width and a height between 1 and %d", scene.MaxSide)
	}
	if n := 4 * x.Width * x.Height; len(x.Data) != 0 && len(x.Data) != n {
		return fmt.Errorf("%d by %d pixels are %d bytes and not %d", x.Width, x.Height, n, len(x.Data))
	}
	return nil
}

// filled are all the bytes.
func (x *pixels) filled() []byte {
	if len(x.Data) == 0 {
		return make([]byte, 4*x.Width*x.Height)
	}
	return x.Data
}

// painting is a canvas and what was painted on it since the scene has seen it.
type painting struct {
	*thing
	width, height int
	pixels        []byte
	shared        bool // the scene has pixels: they are not to be written again
	changed       bool
	next          time.Time // when the scene may be shown more
}

// canvasFactory reads a request to hearth.canvas.CanvasFactory.
func (p *Plugin) canvasFactory(j *job) error {
	j.refuse = parseErrors
	if err := j.tag(); err != nil {
		return err
	}
	if j.t.Name != "CreateCanvas" {
		return &parseError{errUnknown}
	}
	q, err := parsed[struct {
		Position place  `json:"position"`
		Pixels   pixels `json:"pixels"`
		Sampling string `json:"sampling"`
		Name     string `json:"name"`
	}](j)
	if err != nil {
		return err
	}
	if err = q.Position.check(); err == nil {
		err = q.Pixels.check()
	}
	if err != nil {
		return &parseError{err}
	}
	if q.Name, err = cleanName(q.Name); err != nil {
		return err
	}
	if q.Sampling != "Linear" && q.Sampling != "Nearest" {
		return &parseError{errors.New("sampling is Linear or Nearest")}
	}
	j.do = func() error {
		t := &thing{kind: canvasKind, name: q.Name, bytes: 4 * int64(q.Pixels.Width) * int64(q.Pixels.Height)}
		return j.make(t, ok(j.c, "Canvas"), func() (scene.ID, error) {
			x := &painting{thing: t, width: q.Pixels.Width, height: q.Pixels.Height, pixels: q.Pixels.filled(), shared: true}
			t.apply, t.flush = x.apply, x.flush
			return p.scene.AddCanvas(scene.Canvas{
				Origin: q.Position.Origin.v, Orientation: q.Position.Orientation.quat(), HalfSize: q.Position.HalfSize.v,
				Width: x.width, Height: x.height, Pixels: x.pixels, Nearest: q.Sampling == "Nearest", Opacity: 1,
			})
		})
	}
	return nil
}

// parseErrors answers as the original does where a canvas is not what it should be.
func parseErrors(c serde.Codec, err error) []byte {
	if kind := kindOf(err); kind == "Parse" || kind == "Value" {
		return c.Encode(map[string]string{"Err": "ParseError"})
	}
	return refusal(c, err)
}

// apply follows a message to a canvas.
func (x *painting) apply(c serde.Codec, tag serde.Tagged) error {
	s := x.m.p.scene
	switch tag.Name {
	case "Relocate":
		q, err := serde.Value[place](c, tag)
		if err == nil {
			err = q.check()
		}
		if err != nil {
			return &parseError{err}
		}
		return s.UpdateCanvas(x.id, func(c *scene.Canvas) {
			c.Origin, c.Orientation, c.HalfSize = q.Origin.v, q.Orientation.quat(), q.HalfSize.v
		})
	case "Resize":
		q, err := serde.Value[pixels](c, tag)
		if err == nil {
			err = q.check()
		}
		if err != nil {
			return &parseError{err}
		}
		return x.within(4*int64(q.Width)*int64(q.Height), func() error {
			x.width, x.height, x.pixels, x.shared, x.changed = q.Width, q.Height, q.filled(), false, true
			return nil
		})
	case "Blit":
		q, err := serde.Value[struct {
			X      uint32 `json:"x"`
			Y      uint32 `json:"y"`
			Pixels pixels `json:"pixels"`
		}](c, tag)
		if err == nil {
			err = q.Pixels.check()
		}
		if err != nil {
			return &parseError{err}
		}
		x.blit(q.X, q.Y, q.Pixels.Width, q.Pixels.Height, q.Pixels.filled())
		return nil
	case "Opacity":
		n, err := serde.Value[float32](c, tag)
		if err != nil {
			return &parseError{err}
		}
		return s.UpdateCanvas(x.id, func(c *scene.Canvas) { c.Opacity = n })
	case "Hidden":
		hidden, err := serde.Value[bool](c, tag)
		if err != nil {
			return &parseError{err}
		}
		return s.UpdateCanvas(x.id, func(c *scene.Canvas) { c.Hidden = hidden })
	}
	return &parseError{errUnknown}
}

// blit paints what of a picture is on the canvas.
func (x *painting) blit(left, top uint32, width, height int, data []byte) {
	if left >= uint32(x.width) || top >= uint32(x.height) {
		return
	}
	if x.shared {
		x.pixels, x.shared = bytes.Clone(x.pixels), false
	}
	x.changed = true
	w, h := min(width, x.width-int(left)), min(height, x.height-int(top))
	for row := range h {
		at := 4 * ((int(top)+row)*x.width + int(left))
		copy(x.pixels[at:at+4*w], data[4*row*width:])
	}
}

// flush shows what was painted, unless something was shown just now.
func (x *painting) flush() (later bool) {
	if !x.changed {
		return false
	}
	now := time.Now()
	if now.Before(x.next) {
		return true
	}
	x.next, x.changed, x.shared = now.Add(paintEvery), false, true
	err := x.m.p.scene.UpdateCanvas(x.id, func(c *scene.Canvas) {
		c.Width, c.Height, c.Pixels = x.width, x.height, x.pixels
	})
	if err != nil {
		x.m.client.complain(x.kind.String(), err)
	}
	return false
}
