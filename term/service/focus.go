package service

import (
	"slices"

	"hearth/term/input"
)

// Focus gives a terminal what is typed, and reports whether it is there.
func (p *Plugin) Focus(id ID) bool {
	p.mu.Lock()
	s := p.sessions[id]
	if s == nil {
		p.mu.Unlock()
		return false
	}
	was := p.sessions[p.focus]
	p.focus = id
	p.mu.Unlock()
	if was != s {
		if was != nil {
			was.setFocus(false)
		}
		s.setFocus(true)
	}
	return true
}

// Unfocus takes the focus from whichever terminal has it.
func (p *Plugin) Unfocus() {
	p.mu.Lock()
	was := p.sessions[p.focus]
	p.focus = 0
	p.mu.Unlock()
	if was != nil {
		was.setFocus(false)
	}
}

// Focused returns the terminal that has the focus.
func (p *Plugin) Focused() (ID, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.focus, p.focus != 0
}

// FocusNext gives the focus to the terminal that was made after the one that has it.
func (p *Plugin) FocusNext() (ID, bool) {
	p.mu.Lock()
	i := slices.IndexFunc(p.order, func(s *session) bool { return s.id == p.focus })
	var id ID
	if len(p.order) > 0 {
		id = p.order[(i+1)%len(p.order)].id
	}
	p.mu.Unlock()
	return id, id != 0 && p.Focus(id)
}

func (s *session) setFocus(on bool) {
	s.mu.Lock()
	s.focused, s.stir = on, s.p.now()
	s.toProgram(input.AppendFocus(nil, on, s.t.Modes()))
	if !on {
		s.mouse = mouse{}
		s.bar.clear()
		s.tracker.Reset()
	}
	s.tell(event{"Focused": on})
	s.mu.Unlock()
	s.touch()
}

// focused is the session that has the focus.
func (p *Plugin) focused() *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sessions[p.focus]
}
