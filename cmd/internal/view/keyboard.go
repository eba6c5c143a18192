package view

import (
	"slices"
	"strings"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/cmd/internal/eye"
	terminal "hearth/term/service"
	"hearth/vk/service"
	"hearth/vk/window"
)

const (
	// noticeFor is how long a line stays that tells the user something.
	noticeFor = 6 * time.Second
	// openAway is how far before the eye a terminal is opened, in metres: as far as a
	// large screen is from who sits before it.
	openAway = 1.5
	// openColumns and openRows are its size in cells: what programs expect.
	openColumns, openRows = 80, 24
	// openEm is the size of its letters, in metres: then it is as large as a large screen.
	openEm      = 0.035
	openPadding = 0.015 // metres
	openAside   = 0.08  // metres: to the right, and downwards, of one that stands there
	openSteps   = 16    // then they stand in front of each other: 0.3 m nearer to the eye
	// openOpacity lets little through: light adds up linearly, and eight hundredths of a
	// bright sky behind a letter are a third of the brightness that is seen.
	openOpacity = 0.97
)

// happened takes an event of the window, or tells a terminal or guests of it.
func (v *View) happened(e window.Event, now time.Time) {
	switch {
	case v.prompts.take(e, now):
	case v.mouse.asked != nil:
		v.wait(e)
	default:
		v.handle(e)
	}
}

// handle is happened for what waits for nothing.
func (v *View) handle(e window.Event) {
	switch e.(type) {
	case window.Key, window.Character:
	default:
		v.typed() // what was typed before it
	}
	if !v.pointed(e) {
		v.deliver(e)
	}
}

// deliver is handle for what is not for a terminal under the mouse.
func (v *View) deliver(e window.Event) {
	looking := v.hands.looking
	to := v.hands.take(e)
	if v.hands.looking && !looking {
		// The pointer is hidden from now on, and what is clicked is in the middle.
		w, h := v.size()
		v.plugin.Input().Publish(service.CursorMoved{X: float64(w) / 2, Y: float64(h) / 2})
	}
	switch to {
	case toGuests:
		if e := told(e); e != nil {
			v.plugin.Input().Publish(e)
		}
	case toTerminal:
		switch e := e.(type) {
		case window.Key:
			v.typist.key(e)
		case window.Character:
			v.typist.text(e.Rune)
		}
	}
	if f, ok := e.(window.Focused); ok {
		v.windowFocus(f.Focused)
	}
	switch {
	case v.hands.next:
		v.typed()
		v.handOn()
	case v.hands.back:
		v.typed()
		v.takeBack()
	case v.hands.open:
		v.openHere()
	}
	v.hands.next, v.hands.back, v.hands.open = false, false, false
}

// typed gives the terminal what was typed and is whole.
func (v *View) typed() {
	for _, k := range v.typist.take() {
		if v.terminals != nil {
			v.terminals.Key(k)
		}
	}
}

// keyboards looks who has the keyboard: a guest that ended listens no more, and a
// terminal that ended reads no more. Of two, the one that did not have it took it.
func (v *View) keyboards() {
	in := v.plugin.Input()
	guests, shell := in.Focused() != service.Nobody, false
	if v.terminals != nil {
		_, shell = v.terminals.Focused()
	}
	switch {
	case guests && shell && v.hands.terminal:
		v.terminals.Unfocus()
		shell = false
	case guests && shell:
		in.Focus(service.Nobody)
		guests = false
	}
	if shell && !v.hands.terminal {
		v.typesInto()
	}
	v.hands.guests, v.hands.terminal = guests, shell
}

// typesInto has the keys go to the terminal that has the focus now.
func (v *View) typesInto() {
	v.plugin.Input().Focus(service.Nobody)
	v.hands.guests, v.hands.terminal, v.hands.looking = false, true, false
	v.hands.release()
	v.typist.reset()
}

// handOn gives the keyboard to the next guest and behind the last of them to the first
// terminal. Who types in a terminal goes round the terminals, as in the windows of a
// desktop; from the only one it comes back to the user.
func (v *View) handOn() {
	if !v.hands.terminal {
		who, ok := v.plugin.Input().FocusNext()
		if v.hands.guests, v.listener = ok, who.Client; ok {
			return
		}
	}
	v.hands.terminal = false
	if v.terminals == nil {
		return
	}
	all := v.terminals.List()
	had, _ := v.terminals.Focused()
	i := slices.IndexFunc(all, func(t terminal.Info) bool { return t.ID == had })
	for k := range all { // some may be for others to type in
		if next := all[(i+1+k)%len(all)].ID; next != had && v.terminals.Focus(next) {
			v.typesInto()
			return
		}
	}
	v.terminals.Unfocus()
}

// windowFocus takes the keys away from a terminal while another window has them, which
// its program and its cursor show, and gives them back.
func (v *View) windowFocus(focused bool) {
	v.typist.reset()
	if v.terminals == nil {
		return
	}
	if !focused {
		if id, ok := v.terminals.Focused(); ok {
			v.away = id
			v.terminals.Unfocus()
			v.hands.terminal = false
		}
		return
	}
	if v.away != 0 && v.hands.keyboard() == toNobody && v.terminals.Focus(v.away) {
		v.typesInto()
	}
	v.away = 0
}

// takeBack gives the keyboard to the user.
func (v *View) takeBack() {
	v.plugin.Input().Focus(service.Nobody)
	if v.terminals != nil {
		v.terminals.Unfocus()
	}
	v.hands.guests, v.hands.terminal = false, false
}

// openHere opens a terminal before the eye, and gives it the keyboard.
func (v *View) openHere() {
	if v.terminals == nil {
		v.tell("terminals are off: the client was started with --terminal none")
		return
	}
	id, err := v.terminals.OpenHere(v.free(v.camera().View))
	if err != nil {
		v.log.Warn("no terminal opens", "error", err)
		v.tell("no terminal opens: " + err.Error())
		return
	}
	if v.terminals.Focus(id) {
		v.typesInto()
	}
}

// before is the place of a terminal before somebody's eyes, that faces them upright.
// cell is the size of a cell in ems.
func before(view mgl32.Mat4, cell mgl32.Vec2) terminal.State {
	e := eye.FromView(view)
	return terminal.State{
		Position:    e.Position.Add(e.Forward().Mul(openAway)),
		Orientation: mgl32.AnglesToQuat(e.Yaw, e.Pitch, 0, mgl32.YXZ),
		HalfSize:    mgl32.Vec2{openColumns*openEm*cell[0]/2 + openPadding, openRows*openEm*cell[1]/2 + openPadding},
		Padding:     mgl32.Vec2{openPadding, openPadding},
		UnitsPerEm:  openEm,
		Opacity:     openOpacity,
	}
}

// free is the place before somebody's eyes where no other terminal stands: one that was
// opened from the same place is seen behind the new one, as windows of a desktop are.
func (v *View) free(view mgl32.Mat4) terminal.State {
	s, all := before(view, v.cell), v.scene.Snapshot().Grids
	step := s.Orientation.Rotate(mgl32.Vec3{openAside, -openAside, openAside / 4})
	for range openSteps {
		taken := false
		for _, g := range all.All() {
			taken = taken || g.Origin.Sub(s.Position).Len() < openAside/2
		}
		if !taken {
			break
		}
		s.Position = s.Position.Add(step)
	}
	return s
}

// notice is a line that tells the user something for a while.
type notice struct {
	text  string
	until time.Time
}

func (v *View) tell(text string) {
	v.notice = notice{plain(strings.TrimSpace(text)), time.Now().Add(noticeFor)}
}

// chores are what the frame loop does besides drawing.
func (v *View) chores(now time.Time) (changed bool) {
	v.board.give()
	v.primary.give()
	was := v.prompts.shown
	changed = v.prompts.look(now) != was
	if v.notice.text != "" && now.After(v.notice.until) {
		v.notice, changed = notice{}, true
	}
	return changed
}

// maxNamed bounds the name of a terminal over the picture, in characters: programs choose
// titles, and what takes the keys back must be seen behind them.
const maxNamed = 40

// short is the begin of a text of ASCII.
func short(text string, most int) string {
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}

// typing names what has the keyboard, for the overlay.
func (v *View) typing() string {
	switch {
	case v.hands.terminal:
		id, _ := v.terminals.Focused()
		name := short(plain(v.nameOf(id)), maxNamed)
		if len(v.terminals.List()) > 1 {
			return name + " - Ctrl+Shift+Esc ends, Ctrl+Tab next"
		}
		return name + " - Ctrl+Shift+Esc ends"
	case v.hands.guests:
		return v.listener + " - Ctrl+Tab"
	}
	return ""
}
