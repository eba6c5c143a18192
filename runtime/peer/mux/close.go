package mux

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Close ends the session in order: streams have flushTime to send what they
// queued, then the other end is told the reason (its Err returns it, cut to 255
// bytes), then the connection is closed. A session that has ended stays as it is.
func (m *Session) Close(reason string) error {
	m.mu.Lock()
	if m.err == nil && m.closing == nil {
		m.closing = &ClosedError{Reason: clip(reason)}
		m.shut.Store(true)
		for _, s := range m.streams {
			// Whoever waits for room to queue more has to hear of it.
			s.writable.Broadcast()
		}
		m.wake.Signal()
		m.hasty = time.AfterFunc(flushTime, m.hurry)
	}
	m.mu.Unlock()
	<-m.ended
	return nil
}

// hurry ends a close that waits for streams, and then one that waits for the
// connection.
func (m *Session) hurry() {
	m.mu.Lock()
	m.flushNow = true
	m.wake.Signal()
	m.mu.Unlock()
	m.giveUp()
}

// giveUp ends a close lingerTime from now, whatever the other end does.
func (m *Session) giveUp() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.hasty.Stop()
		m.hasty = time.AfterFunc(lingerTime, func() { m.fail(m.closing) })
	}
}

// clip makes of a reason what a GOAWAY carries: text of bounded length, without
// what a terminal would take for orders.
func clip(reason string) string {
	reason = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(reason, "\uFFFD"))
	if len(reason) > maxReason {
		reason = reason[:maxReason]
		for !utf8.ValidString(reason) {
			reason = reason[:len(reason)-1]
		}
	}
	return reason
}
