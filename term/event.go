package term

import (
	"unicode"
	"unicode/utf8"
)

// EventKind is what an Event tells.
type EventKind uint8

const (
	Bell           EventKind = iota
	TitleChanged             // Text is the title
	IconChanged              // Text is the icon's name
	Clipboard                // Text shall be copied, to each of the letters in Selection (c, p, s, ...)
	Directory                // Text is the URL of the working directory
	Mark                     // the shell marked Line with Mark; with CommandMark, Exit is its status
	Notification             // Title and Text shall be shown to the user
	PointerShape             // Text names the shape that the pointer of the mouse shall have
	PaletteChanged           // colours mean something else
)

// Event is something that a program asked for beyond the screen.
type Event struct {
	Kind      EventKind
	Text      string
	Title     string
	Selection string
	Mark      Marks
	Exit      int // -1 where it is not known
	Line      int64
}

// Events takes what happened since the last call. It is valid until the next one.
func (t *Terminal) Events() []Event {
	clear(t.told)
	t.events, t.told = t.told[:0], t.events
	t.eventBytes = 0
	return t.told
}

// tell adds an event. A bell or a title replaces the one before it if nothing was told
// between.
func (t *Terminal) tell(e Event) {
	if n := len(t.events); n > 0 {
		if last := &t.events[n-1]; last.Kind == e.Kind {
			if e.Kind == Bell || e.state() {
				t.eventBytes += len(e.Text) - len(last.Text)
				*last = e
				return
			}
		}
	}
	size := len(e.Text) + len(e.Title) + len(e.Selection)
	if len(t.events) >= t.limits.Events || t.eventBytes+size > t.limits.EventBytes {
		t.tellFull(e)
		return
	}
	t.eventBytes += size
	t.events = append(t.events, e)
}

// tellFull adds an event where there is no room. What tells how something is now takes
// the place of the last event that told the same, or else of the last that told of
// something that happened: it may be long until the program tells it again.
func (t *Terminal) tellFull(e Event) {
	if !e.state() {
		return
	}
	place := -1
	for i := range t.events {
		switch old := &t.events[i]; {
		case old.Kind == e.Kind:
			place = i
		case !old.state() && (place < 0 || t.events[place].Kind != e.Kind):
			place = i
		}
	}
	if place < 0 {
		return
	}
	old := &t.events[place]
	t.eventBytes += len(e.Text) - len(old.Text) - len(old.Title) - len(old.Selection)
	*old = e
}

// state tells whether e says how something is now, and not that it happened.
func (e *Event) state() bool {
	switch e.Kind {
	case TitleChanged, IconChanged, Directory, PointerShape, PaletteChanged:
		return true
	}
	return false
}

// clean returns text for a person to read on one line: whole characters, none of them a
// control or one that turns the direction of others, at most max bytes.
func clean(text []byte, max int) string {
	b := make([]byte, 0, min(len(text), max))
	for len(text) > 0 {
		c, n := utf8.DecodeRune(text)
		text = text[n:]
		if unicode.IsControl(c) || c >= 0x202a && c <= 0x202e || c >= 0x2066 && c <= 0x2069 ||
			c == 0x2028 || c == 0x2029 {
			continue
		}
		if len(b)+utf8.RuneLen(c) > max {
			break
		}
		b = utf8.AppendRune(b, c)
	}
	return string(b)
}
