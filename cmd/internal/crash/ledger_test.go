package crash

import (
	"fmt"
	"strconv"
	"sync"

	"hearth/fixtures/guests"
	"hearth/lumps"
	"hearth/runtime/ipc"
)

// message is a message of a client and what became of it.
type message struct {
	id    uint64
	to    string // service
	body  string // no other message to this service has it, unless key is set
	key   string
	lumps []lumps.CID
	sinks []*sink // who count it, each once

	acked     bool
	ackSeq    uint64 // the place that its sender was told; 0 where a reply told it
	journaled uint64 // the place where it stands
}

// identity finds a message in the journal.
func (m *message) identity(pid uint64) string {
	if m.key != "" {
		return m.key
	}
	return fmt.Sprintf("%d %s", pid, m.body)
}

// sink is a process that counts, and what it must have counted.
type sink struct {
	name     string
	n        uint64
	checksum uint64 // of a relay
	sum      int64  // of a counter
	shown    int64  // the largest sum that a counter answered
}

func (k *sink) add(id uint64) {
	k.n++
	sum, err := strconv.ParseUint(guests.RelayChecksum(id), 16, 64)
	if err != nil {
		panic(err)
	}
	k.checksum += sum
	k.sum += int64(id)
}

// ledger is what the clients of a world know.
type ledger struct {
	mu      sync.Mutex
	ids     uint64
	all     map[string]*message
	open    []*message // whose fate is not settled
	resend  []*message // settled; their senders have keys and never heard
	settled uint64     // the journal is read up to here
	pids    map[string]uint64
	sinks   map[string]*sink
	fault   error
}

func newLedger() *ledger {
	return &ledger{all: map[string]*message{}, pids: map[string]uint64{}, sinks: map[string]*sink{}}
}

// wrong notes the first thing that must not be.
func (l *ledger) wrong(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault == nil {
		l.fault = fmt.Errorf(format, args...)
	}
}

func (l *ledger) err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fault
}

func (l *ledger) id() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ids++
	return l.ids
}

func (l *ledger) sink(name string) *sink {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sinks[name] == nil {
		l.sinks[name] = &sink{name: name}
	}
	return l.sinks[name]
}

// sending notes a message before it leaves.
func (l *ledger) sending(m *message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all[m.identity(l.pids[m.to])] = m
	l.open = append(l.open, m)
}

// acknowledged notes that the server said that the message is on disk.
func (l *ledger) acknowledged(m *message, seq uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m.acked, m.ackSeq = true, seq
}

// read takes in an event of the journal.
func (l *ledger) read(e ipc.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.Seq != l.settled+1 {
		return fmt.Errorf("the journal goes from event %d to %d", l.settled, e.Seq)
	}
	l.settled = e.Seq
	if e.Kind != "message" || e.Cause != nil {
		return nil
	}
	identity := e.Key
	if identity == "" {
		identity = e.To + " " + string(e.Body)
	}
	m := l.all[identity]
	if m == nil {
		return nil // of a test that looks, or a timer
	}
	if want := fmt.Sprint(l.pids[m.to]); e.To != want || e.CID.IsZero() && string(e.Body) != m.body {
		return fmt.Errorf("event %d holds %.80q to process %s; sent was %.80q to %s", e.Seq, e.Body, e.To, m.body, want)
	}
	if m.journaled != 0 {
		return fmt.Errorf("the message %.80q to %s stands in the journal twice: as event %d and %d", m.body, m.to, m.journaled, e.Seq)
	}
	m.journaled = e.Seq
	for _, k := range m.sinks {
		k.add(m.id)
	}
	return nil
}

// settle judges every open message once the journal is read to its end.
func (l *ledger) settle() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.open {
		switch {
		case m.acked && m.journaled == 0:
			return fmt.Errorf("the message %.80q to %s was acknowledged at event %d and is lost", m.body, m.to, m.ackSeq)
		case m.acked && m.ackSeq != 0 && m.ackSeq != m.journaled:
			return fmt.Errorf("the message %.80q to %s was acknowledged as event %d and is event %d", m.body, m.to, m.ackSeq, m.journaled)
		case !m.acked && m.key != "":
			l.resend = append(l.resend, m)
		}
	}
	l.open = l.open[:0]
	return nil
}

// again hands out a message to send once more, nil where there is none.
func (l *ledger) again() *message {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.resend) == 0 {
		return nil
	}
	m := l.resend[len(l.resend)-1]
	l.resend = l.resend[:len(l.resend)-1]
	l.open = append(l.open, m)
	return m
}

// accepted counts the messages that the journal holds.
func (l *ledger) accepted() (n uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.all {
		if m.journaled != 0 {
			n++
		}
	}
	return n
}
