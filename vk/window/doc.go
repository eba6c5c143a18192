// Package window is the one window that a program shows a space in, by GLFW.
//
// Its key idea: what a person does becomes plain values. Poll and Wait collect what
// happened since the last call and return it in order, as [Event] values whose names
// are those of winit (keys "A", "Return", "LShift"; buttons "Left"), in pixels with
// the origin at the top left. Nothing here calls back, and nothing knows of guests.
//
// GLFW belongs to the main thread of the process. A program that imports this package
// therefore keeps its main goroutine on that thread (an init function locks it there),
// and every function but Wake is to be called from it. GLFW is first touched by Open:
// a program that opens no window needs no display.
//
// On X11, which GLFW is built for here (under Wayland: through Xwayland), a display
// that goes away would end the process in the middle of a call. It is made an error
// instead, which Err tells; the window is gone then, and the program can end in order.
package window

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
)

func init() { runtime.LockOSThread() }

var (
	// ErrNoDisplay reports that there is no display to open a window on.
	ErrNoDisplay = errors.New("there is no display to open a window on")
	// ErrLost reports that the display went away while the window was open.
	ErrLost = errors.New("the display went away")
	// ErrThread reports a call from another thread than the main one.
	ErrThread = errors.New("windows belong to the main thread of the program")
	// ErrGrab reports that the display did not give the mouse to the window.
	ErrGrab = errors.New("the display does not give the mouse to this window; try again when it has the focus")
)

// noDisplay names the display that was tried.
func noDisplay() error {
	if name := os.Getenv("DISPLAY"); name != "" {
		return fmt.Errorf("%w: %s of $DISPLAY does not answer", ErrNoDisplay, name)
	}
	if os.Getenv("WAYLAND_DISPLAY") != "" {
		return fmt.Errorf("%w: $DISPLAY is not set, and under Wayland it is Xwayland that sets it", ErrNoDisplay)
	}
	return fmt.Errorf("%w: $DISPLAY is not set", ErrNoDisplay)
}

// onMainThread reports whether the caller runs on the main thread.
func onMainThread() bool { return syscall.Gettid() == syscall.Getpid() }
