package term

// beginString begins a string of this kind: ] an OSC, P a DCS, X, ^ and _ others.
func (t *Terminal) beginString(kind byte) {
	s := &t.parser
	t.last.content = 0
	s.state, s.kind, s.text, s.lost, s.prev = str, kind, s.text[:0], false, 0
	s.bell = false
}

// keepString is how much memory for strings is kept between them.
const keepString = 4096

// feedString takes a string, to its end if it is in p.
func (t *Terminal) feedString(p []byte) []byte {
	s := &t.parser
	if s.state == strEscape {
		if p[0] == '\\' {
			t.endString()
			return p[1:]
		}
		s.state, s.inters = escape, 0
		t.freeString()
		return p
	}
	for i, b := range p {
		switch {
		case b == 0x1b:
			t.keep(p[:i])
			s.state = strEscape
			return p[i+1:]
		case b == 0x18 || b == 0x1a:
			s.state = ground
			t.freeString()
			return p[i+1:]
		case b == 0x07 && s.kind == ']':
			t.keep(p[:i])
			s.bell = true
			t.endString()
			return p[i+1:]
		case b == 0x9c && (!t.utf8 || i > 0 && p[i-1] == 0xc2 || i == 0 && s.prev == 0xc2):
			t.keep(p[:i])
			if n := len(s.text); t.utf8 && n > 0 {
				s.text = s.text[:n-1]
			}
			t.endString()
			return p[i+1:]
		}
	}
	t.keep(p)
	s.prev = p[len(p)-1]
	return nil
}

// keep adds p to the string, unless it is one of those that nobody reads.
func (t *Terminal) keep(p []byte) {
	s := &t.parser
	if s.kind != ']' && s.kind != 'P' || s.lost {
		return
	}
	if len(s.text)+len(p) > t.limits.Strings {
		s.lost = true
		t.freeString()
		return
	}
	s.text = append(s.text, p...)
}

// endString does what the string says.
func (t *Terminal) endString() {
	s := &t.parser
	s.state = ground
	if !s.lost {
		switch s.kind {
		case ']':
			t.osc(s.text)
		case 'P':
			t.dcs(s.text)
		}
	}
	t.freeString()
}

func (t *Terminal) freeString() {
	if s := &t.parser; cap(s.text) > keepString {
		s.text = nil
	}
}
