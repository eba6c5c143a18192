package view

import (
	"slices"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/cmd/internal/eye"
	"hearth/term/input"
	terminal "hearth/term/service"
	"hearth/vk"
	"hearth/vk/window"
)

// terminals are the terminals of a world, as the frame loop needs them. None of it
// waits for a shell.
type terminals interface {
	Hit(origin, direction mgl32.Vec3) (terminal.Hit, bool)
	Drag(id terminal.ID, origin, direction mgl32.Vec3) (terminal.Hit, bool)
	Mouse(h terminal.Hit, e input.Mouse) (taken bool)
	MouseLeft()
	Key(k input.Key) (taken bool)
	Focus(id terminal.ID) bool
	Focused() (terminal.ID, bool)
	Unfocus()
	OpenHere(s terminal.State) (terminal.ID, error)
	List() []terminal.Info
}

// mouse is the pointer where it is over terminals. A button that goes down there may
// be meant for what stands before it: the picture is asked first, and all that follows
// waits meanwhile, keys too, since they may be for the terminal that is clicked. The
// terminal then has the mouse until all buttons are up.
//
//	press over a terminal --Pick--> nothing nearer: the terminal has the mouse
//	                          '---> something:      the press is the guests'
type mouse struct {
	x, y  float64 // pixels, of the last place that was taken
	mods  input.Mods
	over  bool       // it is over a terminal
	wheel [2]float64 // notches that are no whole ones yet

	on   terminal.Hit   // what has the mouse, and where it was last; Terminal 0: none
	held []input.Button // that are down on it

	asked <-chan vk.Hit // what is under a press; nil: nothing is asked
	since time.Time
	under terminal.Hit // the terminal there
	from  mgl32.Vec3   // the eye
	queue []window.Event
	where place // of the press
	told  place // of the last press that nothing stood before
}

// place is where a press was: another in the same place need not be asked about, which
// a double click has no time for.
type place struct {
	terminal terminal.ID
	x, y     float64
	camera   mgl32.Mat4
}

const (
	// nearer is by how much of its distance a thing must be nearer than a terminal to
	// stand before it: the picture's depth has this precision, and a terminal may lie
	// on a wall.
	nearer = 0.01
	// askedFor is how long the picture is waited for, on a device that does not answer.
	askedFor = time.Second
	// maxQueued bounds what waits for it: a second of a quick mouse.
	maxQueued = 1024
	// maxNotches bounds what one turn of the wheel is.
	maxNotches = 16
)

// buttons are those of the mouse by their names.
var buttons = map[string]input.Button{"Left": input.ButtonLeft, "Middle": input.ButtonMiddle, "Right": input.ButtonRight}

func buttonOf(b window.Button) input.Button {
	if b.Name == "Other" && b.Number >= 8 && b.Number <= 11 {
		return input.Button8 + input.Button(b.Number-8)
	}
	return buttons[b.Name]
}

// pointed takes an event of the mouse that is a terminal's.
func (v *View) pointed(e window.Event) (taken bool) {
	p := &v.mouse
	switch e := e.(type) {
	case window.Key:
		p.mods = modsOf(e.Modifiers, e.Locks)
		return false
	case window.Focused:
		if !e.Focused {
			v.letGo()
		}
		return false
	case window.CursorMoved:
		p.x, p.y = e.X, e.Y
	}
	return v.terminals != nil && v.point(e)
}

// wait keeps an event until the picture has answered about a press.
func (v *View) wait(e window.Event) {
	p := &v.mouse
	if _, ok := e.(window.Focused); ok || len(p.queue) >= maxQueued {
		v.decide(vk.Hit{})
	}
	if p.asked == nil {
		v.handle(e)
		return
	}
	p.queue = append(p.queue, e)
}

// point is pointed for where there are terminals.
func (v *View) point(e window.Event) (taken bool) {
	p := &v.mouse
	switch e := e.(type) {
	case window.CursorMoved:
		if p.on.Terminal != 0 {
			v.drag()
			return true
		}
		h, _, ok := v.aimed()
		if ok = ok && !v.hands.looking; ok {
			v.terminals.Mouse(h, input.Mouse{Action: input.Motion, Mods: p.mods})
		} else if p.over {
			v.terminals.MouseLeft()
		}
		p.over = ok
	case window.Motion:
		return p.on.Terminal != 0
	case window.Wheel:
		return v.turned(e)
	case window.Button:
		switch b := buttonOf(e); {
		case b == input.NoButton:
		case e.Pressed:
			return v.pressed(e)
		default:
			return v.released(b)
		}
	}
	return false
}

// aimed is the terminal under the pointer, or in the middle where the mouse is taken,
// and where it is seen from.
func (v *View) aimed() (h terminal.Hit, from mgl32.Vec3, ok bool) {
	from, direction, ok := v.ray()
	if !ok {
		return h, from, false
	}
	h, ok = v.terminals.Hit(from, direction)
	return h, from, ok
}

// ray goes from the eye through the pointer.
func (v *View) ray() (from, direction mgl32.Vec3, ok bool) {
	w, h := v.size()
	x, y := v.mouse.x, v.mouse.y
	if v.hands.looking {
		x, y = float64(w)/2, float64(h)/2
	}
	return eye.Ray(v.camera(), x, y, w, h)
}

// drag tells the terminal that has the mouse where it is, beyond its edges too: there a
// selection scrolls.
func (v *View) drag() {
	v.follows()
	p := &v.mouse
	v.terminals.Mouse(p.on, input.Mouse{Action: input.Motion, Button: slices.Min(p.held), Mods: p.mods})
}

// follows finds where the mouse is in the plane of the terminal that has it; where that
// is nowhere, it stays where it was last.
func (v *View) follows() {
	if from, direction, ok := v.ray(); ok {
		if h, ok := v.terminals.Drag(v.mouse.on.Terminal, from, direction); ok {
			v.mouse.on = h
		}
	}
}

// turned takes a turn of the wheel over a terminal.
func (v *View) turned(e window.Wheel) bool {
	p := &v.mouse
	if v.hands.looking {
		return false
	}
	h, _, ok := v.aimed()
	if p.on.Terminal != 0 {
		h, ok = p.on, true
	}
	if !ok {
		p.wheel = [2]float64{}
		return false
	}
	for i, axis := range [...]struct {
		turned     float64
		plus, less input.Button
	}{{e.X, input.WheelRight, input.WheelLeft}, {e.Y, input.WheelUp, input.WheelDown}} {
		p.wheel[i] = min(max(p.wheel[i]+axis.turned, -maxNotches), maxNotches)
		for ; p.wheel[i] >= 1; p.wheel[i]-- {
			v.terminals.Mouse(h, input.Mouse{Button: axis.plus, Mods: p.mods})
		}
		for ; p.wheel[i] <= -1; p.wheel[i]++ {
			v.terminals.Mouse(h, input.Mouse{Button: axis.less, Mods: p.mods})
		}
	}
	return true
}

// pressed takes a button that went down.
func (v *View) pressed(e window.Button) bool {
	p := &v.mouse
	b := buttonOf(e)
	if p.on.Terminal != 0 {
		v.press(b)
		return true
	}
	h, from, ok := v.aimed()
	focused, _ := v.terminals.Focused()
	if !ok || b == input.ButtonRight && h.Terminal != focused {
		v.terminals.Unfocus()
		v.hands.terminal = false
		return false
	}
	if p.where = v.here(h); p.where == p.told {
		v.take(h, b)
		return true
	}
	p.under, p.from, p.since = h, from, time.Now()
	p.queue = append(p.queue[:0], e)
	p.asked = v.ask()
	return true
}

// here is the place of a press now.
func (v *View) here(h terminal.Hit) place {
	x, y := v.mouse.x, v.mouse.y
	if v.hands.looking {
		x, y = -1, -1 // the middle
	}
	return place{h.Terminal, x, y, v.camera().View}
}

// ask asks what is under the pointer.
func (v *View) ask() <-chan vk.Hit {
	if v.screen == nil || v.screen.r == nil {
		return closed
	}
	w, h := v.size()
	if v.hands.looking {
		return v.screen.r.Pick(w/2, h/2)
	}
	return v.screen.r.Pick(int(v.mouse.x), int(v.mouse.y))
}

// closed is an answer of a picture that cannot tell.
var closed = func() <-chan vk.Hit {
	c := make(chan vk.Hit)
	close(c)
	return c
}()

// answered goes on with what waited for the picture, if it has answered. Nobody to ask
// is an answer too: a terminal that may be hidden is better than a click that is lost.
func (v *View) answered(now time.Time) (any bool) {
	p := &v.mouse
	for p.asked != nil {
		select {
		case hit := <-p.asked:
			v.decide(hit)
		default:
			if now.Sub(p.since) < askedFor {
				return any
			}
			v.decide(vk.Hit{})
		}
		any = true
	}
	return any
}

// decide goes on with what waited: hit is what the press was on.
func (v *View) decide(hit vk.Hit) {
	p := &v.mouse
	queue := p.queue
	p.asked, p.queue = nil, nil
	press, away := queue[0].(window.Button), p.under.Distance
	if hit.Object != 0 && hit.Position.Sub(p.from).Len() < away-nearer*max(away, 1) {
		v.terminals.Unfocus()
		v.hands.terminal = false
		v.deliver(press)
	} else {
		p.told = p.where
		v.take(p.under, buttonOf(press))
	}
	for i, e := range queue[1:] {
		if v.handle(e); p.asked != nil { // another press
			p.queue = append(p.queue, queue[i+2:]...)
			return
		}
	}
	v.typed()
}

// take gives the mouse to a terminal, and with the left button the keyboard.
func (v *View) take(h terminal.Hit, b input.Button) {
	v.mouse.on = h
	if b == input.ButtonLeft && v.terminals.Focus(h.Terminal) {
		v.typesInto()
	}
	v.press(b)
}

func (v *View) press(b input.Button) {
	p := &v.mouse
	if !slices.Contains(p.held, b) {
		p.held = append(p.held, b)
	}
	v.terminals.Mouse(p.on, input.Mouse{Action: input.Press, Button: b, Mods: p.mods})
}

// released takes a button that went up.
func (v *View) released(b input.Button) bool {
	p := &v.mouse
	i := slices.Index(p.held, b)
	if i < 0 {
		return false
	}
	p.held = slices.Delete(p.held, i, i+1)
	v.follows()
	v.terminals.Mouse(p.on, input.Mouse{Action: input.Release, Button: b, Mods: p.mods})
	if len(p.held) == 0 {
		p.on = terminal.Hit{}
	}
	return true
}

// letGo takes the mouse away from a terminal: another window has it.
func (v *View) letGo() {
	p := &v.mouse
	for _, b := range slices.Clone(p.held) {
		v.released(b)
	}
	p.mods, p.wheel = 0, [2]float64{}
}
