package window

import (
	"unicode/utf8"

	"github.com/go-gl/glfw/v3.3/glfw"
)

// push keeps an event for whoever polls. Movements that follow each other with
// nothing between are one, so a fast mouse does not fill the queue.
func (w *Window) push(e Event) {
	n := len(w.events)
	switch e := e.(type) {
	case CursorMoved:
		// The movement of the mouse comes between two places of the pointer.
		if n >= 2 {
			_, moved := w.events[n-2].(CursorMoved)
			if _, ok := w.events[n-1].(Motion); ok && moved {
				w.events[n-2] = e
				return
			}
		}
	case Motion:
		if n >= 1 {
			if last, ok := w.events[n-1].(Motion); ok {
				w.events[n-1] = Motion{last.X + e.X, last.Y + e.Y}
				return
			}
		}
	case Resized:
		if n >= 1 {
			if _, ok := w.events[n-1].(Resized); ok {
				w.events[n-1] = e
				return
			}
		}
	}
	if n >= MaxEvents {
		w.lost++
		return
	}
	w.events = append(w.events, e)
}

// listen has GLFW tell what happens. All of it runs within Poll and Wait.
func (w *Window) listen() {
	win := w.win
	win.SetInputMode(glfw.LockKeyMods, glfw.True)
	win.SetKeyCallback(w.key)
	win.SetCharCallback(func(_ *glfw.Window, r rune) { w.push(Character{r}) })
	win.SetMouseButtonCallback(w.button)
	win.SetCursorPosCallback(w.moved)
	win.SetCursorEnterCallback(func(_ *glfw.Window, entered bool) {
		w.at = false
		if entered {
			w.push(CursorEntered{})
		} else {
			w.push(CursorLeft{})
		}
	})
	win.SetScrollCallback(func(_ *glfw.Window, x, y float64) { w.push(Wheel{x, y}) })
	win.SetFocusCallback(func(_ *glfw.Window, focused bool) {
		w.focused, w.at = focused, false
		if w.grab == GrabConfined {
			// A pointer that cannot leave would keep the user from other windows.
			if focused {
				w.confine()
			} else {
				w.unconfine()
			}
		}
		w.push(Focused{focused})
	})
	win.SetFramebufferSizeCallback(func(_ *glfw.Window, width, height int) {
		w.width, w.height = width, height
		if !w.minimised {
			w.push(Resized{width, height})
		}
	})
	win.SetContentScaleCallback(func(_ *glfw.Window, x, _ float32) {
		width, height := w.Size()
		w.push(ScaleChanged{float64(x), width, height})
	})
	win.SetIconifyCallback(func(_ *glfw.Window, iconified bool) { w.hidden(iconified) })
	win.SetRefreshCallback(func(*glfw.Window) { w.push(Exposed{}) })
	win.SetCloseCallback(func(win *glfw.Window) {
		win.SetShouldClose(false)
		w.push(CloseRequested{})
	})
}

func (w *Window) key(_ *glfw.Window, key glfw.Key, scancode int, action glfw.Action, mods glfw.ModifierKey) {
	e := Key{Scancode: -1, Place: places[key], Pressed: action != glfw.Release, Repeat: action == glfw.Repeat, Synthetic: !w.focused}
	if scancode >= 8 { // X11 counts from 8 where the kernel counts from 0
		e.Scancode = scancode - 8
	}
	text := ""
	if key >= glfw.KeyApostrophe && key <= glfw.KeyWorld2 {
		text = glfw.GetKeyName(key, scancode)
	}
	e.Name = nameOf(key, text)
	e.Locks = locks(mods)
	if key == glfw.KeySpace {
		text = " "
	}
	if r, n := utf8.DecodeRuneInString(text); n > 0 && n == len(text) {
		e.Rune = r
		e.Shifted = w.shifted(scancode, r)
	}
	// The display tells what was held before this key.
	held := modifiers(mods)
	if m := modifierOf(key); e.Pressed {
		held |= m
	} else if m != 0 && !w.other(key) {
		held &^= m
	}
	if !w.focused {
		held = 0
	}
	e.Modifiers = held
	if held != w.held {
		w.held = held
		w.push(ModifiersChanged{held})
	}
	w.push(e)
	if e.Pressed {
		if r, ok := control(e.Place, e.Name, held); ok {
			w.push(Character{r})
		}
	}
}

// other reports whether the twin of a modifier key is still held.
func (w *Window) other(key glfw.Key) bool {
	twins := map[glfw.Key]glfw.Key{
		glfw.KeyLeftShift: glfw.KeyRightShift, glfw.KeyLeftControl: glfw.KeyRightControl,
		glfw.KeyLeftAlt: glfw.KeyRightAlt, glfw.KeyLeftSuper: glfw.KeyRightSuper,
	}
	for l, r := range twins {
		switch key {
		case l:
			return w.win.GetKey(r) == glfw.Press
		case r:
			return w.win.GetKey(l) == glfw.Press
		}
	}
	return false
}

func (w *Window) button(_ *glfw.Window, b glfw.MouseButton, action glfw.Action, _ glfw.ModifierKey) {
	e := Button{Pressed: action == glfw.Press}
	switch b {
	case glfw.MouseButtonLeft:
		e.Name = "Left"
	case glfw.MouseButtonRight:
		e.Name = "Right"
	case glfw.MouseButtonMiddle:
		e.Name = "Middle"
	default:
		// X11's 4 to 7 are the wheel, so GLFW's fourth button is its eighth.
		e.Name, e.Number = "Other", int(b)+5
	}
	w.push(e)
}

func (w *Window) moved(_ *glfw.Window, x, y float64) {
	dx, dy, known := x-w.atX, y-w.atY, w.at
	w.atX, w.atY, w.at = x, y, true
	if w.grab != GrabLocked {
		sx, sy := w.pixels()
		w.push(CursorMoved{x * sx, y * sy})
	}
	if known && (dx != 0 || dy != 0) {
		w.push(Motion{dx, dy})
	}
}

// pixels are how many pixels make one unit in which the pointer is told.
func (w *Window) pixels() (x, y float64) {
	width, height := w.win.GetSize()
	if width <= 0 || height <= 0 {
		return 1, 1
	}
	return float64(w.width) / float64(width), float64(w.height) / float64(height)
}
