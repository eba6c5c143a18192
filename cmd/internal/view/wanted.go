package view

import (
	"sync"

	"hearth/vk/scene"
	"hearth/vk/service"
	"hearth/vk/window"
)

// wanted is what guests want of the window. They say it on goroutines of their own;
// the frame loop does it, once for however often it was said.
type wanted struct {
	wake func() // may be nil

	mu      sync.Mutex // guards what follows
	changed bool
	state   wishes
}

var _ service.Host = (*wanted)(nil)

// wishes are the state of a window that guests choose.
type wishes struct {
	title   string
	grab    window.Grab
	visible bool
	camera  scene.Camera
	cameras int // how often a camera was chosen
}

func newWanted(title string, wake func()) *wanted {
	return &wanted{wake: wake, state: wishes{title: title, visible: true, camera: scene.DefaultCamera()}}
}

func (w *wanted) change(f func(*wishes)) {
	w.mu.Lock()
	was := w.state
	f(&w.state)
	w.changed = w.changed || was != w.state
	wake := w.changed
	w.mu.Unlock()
	if wake && w.wake != nil {
		w.wake()
	}
}

// take returns what is wanted, and whether it is news.
func (w *wanted) take() (wishes, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	changed := w.changed
	w.changed = false
	return w.state, changed
}

// SetTitle sets the text of the title bar.
func (w *wanted) SetTitle(title string) { w.change(func(s *wishes) { s.title = title }) }

// SetCursorVisible shows or hides the pointer.
func (w *wanted) SetCursorVisible(visible bool) {
	w.change(func(s *wishes) { s.visible = visible })
}

// SetCursorGrab holds the mouse, while the user lets the guests have the keyboard.
func (w *wanted) SetCursorGrab(g service.Grab) {
	grab := window.GrabNone
	switch g {
	case service.Confined:
		grab = window.GrabConfined
	case service.Locked:
		grab = window.GrabLocked
	}
	w.change(func(s *wishes) { s.grab = grab })
}

// SetCamera looks through another camera, until the user goes elsewhere.
func (w *wanted) SetCamera(c scene.Camera) {
	w.change(func(s *wishes) { s.camera, s.cameras = c, s.cameras+1 })
}
