//go:build wasip1

package guest

import "unsafe"

// Message is a message to this process. It is valid until the handler that was
// called with it returns.
type Message struct {
	// Mailbox is where it arrived.
	Mailbox Mailbox
	// Data is its body: a buffer that the next message uses again.
	Data []byte
	// Caps are its capabilities. In a request the first is the reply address.
	Caps []Capability

	signal uint32
	lumps  []Lump
}

// spare is the one Message that handlers see: only one runs at a time, and a
// handler that allocates nothing costs the garbage collector nothing.
var spare Message

// keepBuffer is the largest message buffer that is kept for the next one: a rare
// large message should not stay in every later snapshot.
const keepBuffer = 64 << 10

func takeMessage(b Mailbox, signal uint32) *Message {
	m := &spare
	m.Mailbox, m.signal = b, signal
	m.Data = sized(m.Data, int(signalDataLen(signal)))
	signalData(signal, unsafe.Pointer(unsafe.SliceData(m.Data)))
	n := int(signalCapsNum(signal))
	if cap(m.Caps) < n {
		m.Caps = make([]Capability, n)
	}
	m.Caps = m.Caps[:n]
	signalCaps(signal, unsafe.Pointer(unsafe.SliceData(m.Caps)))
	return m
}

func (m *Message) release() {
	for _, c := range m.Caps {
		c.Free()
	}
	for _, l := range m.lumps {
		l.Free()
	}
	m.Caps, m.lumps, m.Data = m.Caps[:0], m.lumps[:0], m.Data[:0]
	if cap(m.Data) > keepBuffer {
		m.Data = nil
	}
}

// Take hands capability i to the caller, who frees it, and Nobody where the
// message has no such one.
func (m *Message) Take(i int) Capability {
	if i < 0 || i >= len(m.Caps) {
		return Nobody
	}
	c := m.Caps[i]
	m.Caps[i] = Nobody
	return c
}

// Reply answers a request: a message to its first capability. A message that
// carries none, or one that cannot be sent to, expects no answer, and Reply does
// nothing.
func (m *Message) Reply(data []byte, caps ...Capability) {
	if len(m.Caps) > 0 && m.Caps[0].Can(CanSend) {
		m.Caps[0].Send(data, caps...)
	}
}

// Lumps returns the lumps that the message names, NoLump for one that is not
// there. They are released with the message; a durable process holds them until it
// forgets them.
func (m *Message) Lumps() []Lump {
	if len(m.lumps) > 0 {
		return m.lumps
	}
	n := int(signalLumpsNum(m.signal))
	if n > 0 {
		m.lumps = make([]Lump, n)
		signalLumps(m.signal, unsafe.Pointer(unsafe.SliceData(m.lumps)))
	}
	return m.lumps
}

// TakeLump hands lump i to the caller, who frees it, and NoLump where the message
// names no such one.
func (m *Message) TakeLump(i int) Lump {
	lumps := m.Lumps()
	if i < 0 || i >= len(lumps) {
		return NoLump
	}
	l := lumps[i]
	lumps[i] = NoLump
	return l
}

// sized returns buf with length n, or a new slice where it is too small.
func sized(buf []byte, n int) []byte {
	if cap(buf) < n {
		return make([]byte, n)
	}
	return buf[:n]
}
