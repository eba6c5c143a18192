package service

import (
	"fmt"
	"strings"

	"hearth/term/input"
)

// bar is a line of this program's over the last row of a screen.
type bar struct {
	status string         // how the shell ended; "": it did not
	text   string         // in its place for a moment; "": none
	asks   func(yes bool) // a question: Enter is yes, Escape is no. Called with mu held.
	search *search        // what is searched for; nil: nothing
}

// shown is what the person reads.
func (b *bar) shown() string {
	if b.text != "" {
		return b.text
	}
	return b.status
}

func (b *bar) say(text string) { b.text = cleanTitle(text) }

// clear ends a question or a search.
func (b *bar) clear() { b.text, b.asks, b.search = "", nil, nil }

// Key gives a key to the terminal that has the focus; taken is false where none has it.
// Its own shortcuts come first:
//
//	Shift+PageUp, Shift+PageDown, Shift+Home, Shift+End   the history
//	Ctrl+Shift+Up, Ctrl+Shift+Down                        the history, line by line
//	Ctrl+Shift+C, Ctrl+Shift+V, Shift+Insert              the clipboard
//	Ctrl+Shift+F                                          search
func (p *Plugin) Key(k input.Key) (taken bool) {
	s := p.focused()
	if s == nil {
		return false
	}
	s.press(k)
	s.touch()
	return true
}

func (s *session) press(k input.Key) {
	s.mu.Lock()
	var after func()
	defer func() {
		s.mu.Unlock()
		if after != nil {
			after()
		}
	}()
	if s.removed {
		return
	}
	s.stir = s.p.now()
	down := k.Action != input.Release
	if s.bar.asks != nil {
		if yes := k.Code == input.Enter; down && (yes || k.Code == input.Escape) {
			asks := s.bar.asks
			s.bar.clear()
			asks(yes)
		}
		return
	}
	if s.bar.search != nil {
		if down {
			s.searchKey(k)
		}
		return
	}
	if down && s.shortcut(k) {
		return
	}
	isEnter := k.Code == input.Enter || k.Code == input.KPEnter
	switch s.phase {
	case ended:
		switch {
		case k.Action != input.Press || !isEnter:
		case s.again:
			_ = s.revive() // the bar says why not
		default:
			after = func() { s.p.start(s.quit) }
		}
		return
	case past:
		if k.Action == input.Press && !k.Code.Modifier() {
			_ = s.revive()
		}
		return
	}
	if err := s.enter(input.AppendKey(nil, k, s.t.Modes())); err != nil {
		s.client.complain(err)
	}
}

// enter types what the person typed: the end of the text is shown. The caller holds mu.
func (s *session) enter(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	s.t.ClearSelection()
	s.t.Scroll(-scrollAll)
	return s.typed(data)
}

// modifiers are those that tell shortcuts apart.
const modifiers = input.Shift | input.Ctrl | input.Alt | input.Super | input.Hyper | input.Meta

// shortcut does what is this program's to do. The caller holds mu.
func (s *session) shortcut(k input.Key) bool {
	_, rows := s.t.Size()
	code := k.Code
	if k.Base != 0 && code >= 0x80 && !code.Named() {
		code = input.Code(k.Base) // a layout without Latin letters
	}
	switch k.Mods & modifiers {
	case input.Shift:
		switch code {
		case input.PageUp:
			s.t.Scroll(max(rows-1, 1))
		case input.PageDown:
			s.t.Scroll(-max(rows-1, 1))
		case input.Home:
			s.t.Scroll(scrollAll)
		case input.End:
			s.t.Scroll(-scrollAll)
		case input.Insert:
			s.pasteFrom(s.p.clip)
			return true
		default:
			return false
		}
		// The alternate screen has no history: its program gets these keys.
		return !s.t.Alternate()
	case input.Shift | input.Ctrl:
		switch code {
		case input.Up:
			s.t.Scroll(1)
		case input.Down:
			s.t.Scroll(-1)
		case 'c', 'C':
			if text := s.t.SelectedText(); text != "" {
				s.p.clip.Set(text)
			}
		case 'v', 'V':
			s.pasteFrom(s.p.clip)
		case 'f', 'F':
			s.beginSearch()
		default:
			return false
		}
		return true
	}
	return false
}

// pasteFrom pastes what is in a clipboard. The caller holds mu.
func (s *session) pasteFrom(c Clipboard) {
	if err := s.offer(c.Get()); err != nil {
		s.client.complain(err)
	}
}

// Paste gives text to the terminal that has the focus, as if it was typed.
func (p *Plugin) Paste(text string) {
	s := p.focused()
	if s == nil {
		return
	}
	s.mu.Lock()
	if err := s.offer(text); err != nil {
		s.client.complain(err)
	}
	s.mu.Unlock()
	s.touch()
}

// offer pastes what the person wants pasted. Where the program does not know pastes from
// typing, a text of many lines would be run as it comes, so the person is asked first.
// The caller holds mu.
func (s *session) offer(text string) error {
	lines := strings.Count(strings.TrimRight(text, "\r\n"), "\n") + 1
	ends := strings.ContainsAny(text, "\r\n")
	if s.t.Modes().BracketedPaste || !ends || len(text) > maxClipboard || s.phase == ended {
		return s.paste(text)
	}
	what := "a line and its Enter"
	if lines > 1 {
		what = fmt.Sprintf("%d lines", lines)
	}
	s.bar.clear()
	s.bar.say("Paste " + what + ", which this program runs at once? Enter pastes, Escape does not.")
	s.bar.asks = func(yes bool) {
		if !yes {
			return
		}
		if err := s.paste(text); err != nil {
			s.client.complain(err)
		}
	}
	return nil
}

// paste types text as a paste, as whoever may type says. The caller holds mu.
func (s *session) paste(text string) error {
	if len(text) > maxClipboard {
		return &tooLargeError{fmt.Sprintf("a paste has %d bytes at most; put the text into a file", maxClipboard)}
	}
	if text == "" {
		return nil
	}
	if s.phase == ended {
		return errNoShell
	}
	return s.enter(input.AppendPaste(nil, text, s.t.Modes()))
}

// copied is the selected text.
func (s *session) copied() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.t.SelectedText()
}
