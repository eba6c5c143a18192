package window

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-gl/glfw/v3.3/glfw"
)

// Grab says how far the mouse pointer may go.
type Grab int

const (
	GrabNone     Grab = iota
	GrabConfined      // not out of the window
	GrabLocked        // nowhere: it is hidden, and only Motion tells of it
)

// MaxEvents bounds what one call of Poll or Wait returns: a display that sends
// faster than a program looks loses the movements first, then everything.
const MaxEvents = 4096

// lookEvery is how often the window's state is asked of the display, which takes a
// round trip: what is hidden is noticed soon enough to save a frame's work.
const lookEvery = 100 * time.Millisecond

// Options say what window to open.
type Options struct {
	Title         string
	Width, Height int // of the picture, in units of the desktop; 0: 1280x720
}

// Window is an open window. A program has one at a time.
type Window struct {
	win *glfw.Window

	events []Event
	lost   int // events that did not fit

	held          Modifiers
	focused       bool
	grab          Grab
	cursor        bool // visible
	minimised     bool
	looked        time.Time
	width, height int
	atX, atY      float64
	at            bool // atX, atY are where the pointer was

	given selections

	mu   sync.Mutex // guards open, for Wake
	open bool
}

// Open opens a window. ErrNoDisplay says that there is nowhere to open it.
func Open(o Options) (w *Window, err error) {
	if !onMainThread() {
		return nil, ErrThread
	}
	leave, ok := reach()
	if !ok {
		return nil, noDisplay()
	}
	defer func() { leave() }()
	if o.Width <= 0 || o.Height <= 0 {
		o.Width, o.Height = 1280, 720
	}
	// The binding reports some failures of the display by a panic.
	defer func() {
		if r := recover(); r != nil {
			w, err = nil, fmt.Errorf("%w: %v", ErrNoDisplay, r)
		}
	}()
	if err := glfw.Init(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoDisplay, err)
	}
	leave() // GLFW is connected
	leave = func() {}
	watch()
	glfw.DefaultWindowHints()
	glfw.WindowHint(glfw.ClientAPI, glfw.NoAPI)
	glfw.WindowHint(glfw.ScaleToMonitor, glfw.True)
	glfw.WindowHintString(glfw.X11ClassName, "Hearth")
	glfw.WindowHintString(glfw.X11InstanceName, "hearth-client")
	win, err := glfw.CreateWindow(o.Width, o.Height, title(o.Title), nil, nil)
	if err != nil || win == nil {
		glfw.Terminate()
		return nil, fmt.Errorf("%w: it refuses the window: %w", ErrNoDisplay, orUnknown(err))
	}
	w = &Window{win: win, open: true, cursor: true}
	w.width, w.height = win.GetFramebufferSize()
	w.focused = win.GetAttrib(glfw.Focused) == glfw.True
	w.listen()
	return w, nil
}

func orUnknown(err error) error {
	if err == nil {
		return fmt.Errorf("no reason given")
	}
	return err
}

// maxTitle bounds what a title bar is given, in bytes.
const maxTitle = 1024

// title makes a text one that C can take.
func title(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
	if len(s) > maxTitle {
		s = strings.ToValidUTF8(s[:maxTitle], "")
	}
	return s
}

// Close closes the window. Surfaces that were made of it must be gone.
func (w *Window) Close() {
	w.mu.Lock()
	was := w.open
	w.open = false
	w.mu.Unlock()
	if !was || displayLost() {
		return
	}
	w.win.Destroy()
	glfw.Terminate()
}

// Err is ErrLost where the display went away; the window shows nothing any more.
func (w *Window) Err() error {
	if displayLost() {
		return ErrLost
	}
	return nil
}

// usable reports why the window cannot be used.
func (w *Window) usable() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if displayLost() || !w.open {
		return ErrLost
	}
	return nil
}

// Wake ends a Wait. It may be called from any goroutine, at any time.
func (w *Window) Wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open && !displayLost() {
		glfw.PostEmptyEvent()
	}
}

// Poll returns what happened since the last call. The slice is valid until the next.
func (w *Window) Poll() []Event { return w.collect(glfw.PollEvents) }

// Wait returns as soon as something happened, somebody called Wake, or the time is
// over.
func (w *Window) Wait(d time.Duration) []Event {
	if d <= 0 {
		return w.Poll()
	}
	return w.collect(func() { glfw.WaitEventsTimeout(d.Seconds()) })
}

func (w *Window) collect(pump func()) []Event {
	clear(w.events)
	w.events = w.events[:0]
	if w.usable() != nil {
		return nil
	}
	pump()
	w.look()
	return w.events
}

// look notices that the window is hidden: a display without a window manager tells of
// that by no event.
func (w *Window) look() {
	if now := time.Now(); now.Sub(w.looked) >= lookEvery && !displayLost() {
		w.looked = now
		w.hidden(w.win.GetAttrib(glfw.Iconified) == glfw.True || w.win.GetAttrib(glfw.Visible) == glfw.False)
	}
}

func (w *Window) hidden(minimised bool) {
	if minimised == w.minimised || displayLost() {
		return
	}
	w.minimised = minimised
	w.width, w.height = w.win.GetFramebufferSize()
	width, height := w.Size()
	w.push(Resized{width, height})
}

// Size is the size of the picture in pixels; 0, 0 while the window is minimised.
func (w *Window) Size() (width, height int) {
	if w.minimised {
		return 0, 0
	}
	return w.width, w.height
}

// Focused reports whether what is typed goes to the window.
func (w *Window) Focused() bool { return w.focused }

// SetTitle sets the text of the title bar.
func (w *Window) SetTitle(text string) {
	if w.usable() == nil {
		w.win.SetTitle(title(text))
	}
}

// SetCursorVisible shows or hides the pointer over the window. One that is locked is
// hidden whatever this says.
func (w *Window) SetCursorVisible(visible bool) {
	w.cursor = visible
	if w.usable() == nil {
		w.applyCursor()
	}
}

// SetGrab says how far the pointer may go. ErrGrab reports that the display refuses;
// the pointer is free then.
func (w *Window) SetGrab(g Grab) error {
	if err := w.usable(); err != nil {
		return err
	}
	if g == w.grab {
		return nil
	}
	if w.grab == GrabConfined {
		w.unconfine()
	}
	w.grab = g
	w.applyCursor()
	// Movements count from where the pointer is now, as it is told from now on.
	w.atX, w.atY = w.win.GetCursorPos()
	w.at = true
	if g != GrabConfined {
		return nil
	}
	if err := w.confine(); err != nil {
		w.grab = GrabNone
		return err
	}
	return nil
}

// Grab is how far the pointer may go.
func (w *Window) Grab() Grab { return w.grab }

func (w *Window) applyCursor() {
	mode := glfw.CursorNormal
	switch {
	case w.grab == GrabLocked:
		mode = glfw.CursorDisabled
	case !w.cursor:
		mode = glfw.CursorHidden
	}
	w.win.SetInputMode(glfw.CursorMode, mode)
	if glfw.RawMouseMotionSupported() {
		raw := glfw.False
		if mode == glfw.CursorDisabled {
			raw = glfw.True
		}
		w.win.SetInputMode(glfw.RawMouseMotion, raw)
	}
}
