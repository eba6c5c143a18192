package vk

import (
	"fmt"
	"os"
	"testing"

	"github.com/go-gl/mathgl/mgl32"
	"go.uber.org/goleak"

	"hearth/vk/device"
	"hearth/vk/window"
	"hearth/vk/window/windowtest"
)

func TestMain(m *testing.M) {
	code := windowtest.Main(m)
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Println(err)
		code = 1
	}
	os.Exit(code)
}

// A window is drawn to while it changes its size, has none, loses its surface, and
// after a frame that failed when it had an image already; each time drawing goes on,
// and validation is silent.
func TestSwapchain(t *testing.T) {
	x := windowtest.Start(t)
	t.Setenv("DISPLAY", x.Name)
	windowtest.OnMain(func() {
		w, err := window.Open(window.Options{Title: "swapchain", Width: 320, Height: 180})
		if err != nil {
			t.Error(err)
			return
		}
		defer w.Close()
		var hidden bool
		s := newStage(t, device.ProfileBound, func(o *Options) {
			o.Device.InstanceExtensions, o.Device.Surface = window.Extensions(), w.Surface
		})
		s.sun()
		s.add(s.put(ball(paint(1, 0, 0, 0, 0.5)).gltf()), mgl32.Ident4())
		swap, err := s.r.NewSwapchain(func() (int, int) {
			if hidden {
				return 0, 0
			}
			return w.Size()
		})
		if err != nil {
			t.Error(err)
			return
		}
		// frames draws until as many pictures were shown.
		frames := func(what string, n int) {
			t.Helper()
			for tries := 0; n > 0; tries++ {
				w.Poll()
				st, err := s.r.Draw(s.scene.Snapshot(), swap, FrameOptions{})
				if err != nil {
					t.Errorf("%s: %v", what, err)
					return
				}
				if !st.Skipped {
					n--
				}
				if tries > 200 {
					t.Errorf("%s: %d pictures are missing", what, n)
					return
				}
			}
		}
		frames("first", 5)
		id := x.Do("search", "--name", "swapchain")
		for _, size := range [][2]string{{"400", "240"}, {"64", "300"}, {"1", "1"}, {"320", "180"}} {
			x.Do("windowsize", "--sync", id, size[0], size[1])
			frames("resized to "+size[0]+"x"+size[1], 4)
		}
		if swap.width != 320 || swap.height != 180 {
			t.Errorf("the images are %dx%d", swap.width, swap.height)
		}
		hidden = true
		for range 3 {
			if st, err := s.r.Draw(s.scene.Snapshot(), swap, FrameOptions{}); err != nil || !st.Skipped {
				t.Errorf("a window without a size: %+v %v", st, err)
			}
		}
		hidden = false
		frames("shown again", 3)
		swap.lost = true
		frames("with another surface", 3)
		fr, err := s.r.frames.Begin()
		if err != nil {
			t.Error(err)
			return
		}
		s.r.now.frame = fr
		if ft, err := swap.begin(s.r); err != nil || ft == nil {
			t.Errorf("no image: %v", err)
		}
		fr.Abandon()
		frames("after a frame that failed", 5)
		// Offscreen beside it, on the same device.
		s.draw()
		frames("beside a picture", 2)
		swap.Close()
		if err := s.r.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A window system that is never content with its images gets new ones once for each
// size, and not every frame.
func TestNeverContent(t *testing.T) {
	w := &Swapchain{asked: [2]int{320, 180}}
	made := 0
	for _, size := range [][2]int{{320, 180}, {320, 180}, {320, 180}, {64, 64}, {64, 64}, {320, 180}, {320, 180}} {
		if w.stale || w.asked != size {
			w.asked, w.stale = size, false
			made++
		}
		w.fits(false)
		w.fits(false) // also says presenting
	}
	if made > 5 {
		t.Errorf("images were made %d times for two changes of the size", made)
	}
	w.fits(true)
	if w.fits(false); !w.stale {
		t.Error("what fitted and does not any more is kept")
	}
}
