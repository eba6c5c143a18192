package view

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"path/filepath"
	"time"

	"hearth/cmd/internal/exit"
	"hearth/runtime"
	"hearth/runtime/serde"
	"hearth/vk"
	"hearth/vk/scene"
)

// ShotService is the service that makes pictures of what is seen now, for who controls
// this program through its socket: a picture shows what the terminals show, and is a file
// of the user.
//
//	{"Capture":{"file":path,"width"?,"height"?}} -> {"Ok":{"width","height"}} | {"Err":{kind:sentence}}
//
// The kinds are Refused, Parse, Create and Unavailable.
const ShotService = "hearth.client.Picture"

const (
	// maxShots bounds the pictures that wait for a frame.
	maxShots = 16
	// shotFor is how long a picture is waited for, on a device that does not answer.
	shotFor = 8 * time.Second
)

// shot is a picture that somebody waits for.
type shot struct {
	width, height int // 0: as what is seen
	answer        chan<- shotAnswer
}

type shotAnswer struct {
	img *image.NRGBA
	err error
}

// shotRequest is the value of Capture.
type shotRequest struct {
	File   string `json:"file"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

var (
	errShotStranger = errors.New("only who controls this program through its socket may have pictures of what is seen")
	errShotSize     = fmt.Errorf("the sides of a picture are 1 to %d pixels", MaxPicture)
	errShotParse    = errors.New("ask by Capture, with the file, an absolute path that ends in .png, and a size or none")
)

// shotService is the service. Its handler waits for a frame, and does not hold up others.
func (v *View) shotService() runtime.Service {
	return runtime.Service{Name: ShotService, Handle: func(_ context.Context, r *runtime.Request) {
		c := serde.Of(r.Data)
		answer := func(value any, err error) {
			if err != nil {
				value = map[string]any{"Err": map[string]string{shotKind(err): err.Error()}}
			} else {
				value = map[string]any{"Ok": value}
			}
			r.Reply(c.Encode(value))
		}
		reply, ok := r.ReplyTo()
		if !r.Sender.Host || !ok || runtime.PeerOf(reply) != "" {
			answer(nil, errShotStranger)
			return
		}
		t, err := c.Tagged(r.Data)
		q, verr := serde.Value[shotRequest](c, t)
		switch {
		case err != nil || verr != nil || t.Name != "Capture" || !filepath.IsAbs(q.File) || filepath.Ext(q.File) != ".png":
			answer(nil, errShotParse)
			return
		case q.Width < 0 || q.Height < 0 || q.Width > MaxPicture || q.Height > MaxPicture || (q.Width == 0) != (q.Height == 0):
			answer(nil, errShotSize)
			return
		}
		go func() { // ends with the view, or shotFor
			img, err := v.shoot(q.Width, q.Height)
			if err == nil {
				err = writePNG(q.File, img)
			}
			if err != nil {
				answer(nil, err)
				return
			}
			answer(map[string]int{"width": img.Rect.Dx(), "height": img.Rect.Dy()}, nil)
		}()
	}}
}

func shotKind(err error) string {
	var create *exit.CreateError
	switch {
	case errors.Is(err, errShotStranger), errors.Is(err, fs.ErrPermission):
		return "Refused"
	case errors.Is(err, errShotParse), errors.Is(err, errShotSize), errors.Is(err, vk.ErrSize):
		return "Parse"
	case errors.As(err, &create):
		return "Create"
	}
	return "Unavailable"
}

// shoot has the next frame drawn as a picture too. Any goroutine calls it but that of
// the frames.
func (v *View) shoot(width, height int) (*image.NRGBA, error) {
	answer := make(chan shotAnswer, 1)
	late := time.NewTimer(shotFor)
	defer late.Stop()
	select {
	case v.shots <- shot{width, height, answer}:
	case <-v.done:
		return nil, errNotShown
	case <-late.C:
		return nil, errNotAnswered
	}
	v.wake()
	select {
	case a := <-answer:
		return a.img, a.err
	case <-v.done:
		return nil, errNotShown
	case <-late.C:
		return nil, errNotAnswered
	}
}

// takeShots draws the pictures that somebody waits for: what the user sees, without what
// lies over it. A picture that cannot be made ends nothing else.
func (v *View) takeShots(snap *scene.Snapshot, now time.Duration) {
	for {
		select {
		case s := <-v.shots:
			img, err := v.draw(s, snap, now)
			s.answer <- shotAnswer{img, err}
		default:
			return
		}
	}
}

func (v *View) draw(s shot, snap *scene.Snapshot, now time.Duration) (*image.NRGBA, error) {
	if s.width == 0 {
		if s.width, s.height = v.size(); s.width == 0 || s.height == 0 {
			s.width, s.height = defaultWidth, defaultHeight // a window that nobody sees
		}
	}
	r := v.screen.r
	if r == nil {
		return nil, errNotAnswered
	}
	off, err := r.NewOffscreen(s.width, s.height)
	if err != nil {
		return nil, fmt.Errorf("the picture cannot be made: %w", err)
	}
	defer func() {
		if v.screen.r == r { // else the device was lost, and all of it is gone
			off.Close()
		}
	}()
	camera := v.camera()
	if _, _, err = v.screen.drawOn(off, snap, vk.FrameOptions{Time: now, Camera: &camera}); err != nil {
		return nil, err
	}
	if v.screen.r != r {
		return nil, errNotAnswered // the device was lost
	}
	return r.Read(off)
}
