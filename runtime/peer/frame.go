package peer

import (
	"encoding/binary"
	"errors"
	"fmt"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime/caps"
)

// version is the version of this protocol. Package secure has agreed on a version
// of the whole before; this one tells a mistake early.
const version = 1

const (
	opHello   = 1
	opSend    = 2
	opRelease = 3
	opWatch   = 4
	opUnwatch = 5
	opDown    = 6
	opKill    = 7
	opLink    = 8
	opUnlink  = 9
	opFailed  = 10
	opOffer   = 11
)

const (
	capDead  = 0
	capTheir = 1 // of the sender
	capOurs  = 2 // of the receiver
)

// ErrProtocol reports a peer that broke the protocol. It is wrapped with how.
var ErrProtocol = errors.New("the peer broke the protocol")

func broken(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrProtocol, fmt.Sprintf(format, args...))
}

// descriptor is a capability on the wire.
type descriptor struct {
	kind  byte
	perms caps.Perms
	id    uint64
}

func (d descriptor) append(b []byte) []byte {
	if d.kind == capDead {
		return append(b, capDead)
	}
	return binary.AppendUvarint(append(b, d.kind, byte(d.perms)), d.id)
}

// cursor reads the body of a frame. After a fault everything it returns is zero.
type cursor struct {
	b   []byte
	err error
}

func (c *cursor) fail(what string) {
	if c.err == nil {
		c.err = broken("a frame with a bad %s", what)
	}
	c.b = nil
}

func (c *cursor) uvarint(what string) uint64 {
	v, n := binary.Uvarint(c.b)
	if n <= 0 || n > 1 && c.b[n-1] == 0 { // one form for each number
		c.fail(what)
		return 0
	}
	c.b = c.b[n:]
	return v
}

func (c *cursor) byte(what string) byte {
	if len(c.b) == 0 {
		c.fail(what)
		return 0
	}
	v := c.b[0]
	c.b = c.b[1:]
	return v
}

func (c *cursor) descriptor() (d descriptor) {
	switch d.kind = c.byte("capability"); d.kind {
	case capDead:
	case capTheir, capOurs:
		if p := c.byte("capability"); p&^byte(caps.All) != 0 {
			c.fail("permission")
		} else {
			d.perms = caps.Perms(p)
		}
		if d.id = c.uvarint("capability"); d.id == 0 {
			c.fail("capability")
		}
	default:
		c.fail("capability")
	}
	return d
}

func (c *cursor) cid() (cid lumps.CID) {
	if len(c.b) < lumps.CIDLen {
		c.fail("CID")
		return cid
	}
	cid, err := lumps.FromBytes(c.b[:lumps.CIDLen])
	if err != nil {
		c.fail("CID")
		return cid
	}
	c.b = c.b[lumps.CIDLen:]
	return cid
}

// id is a number and nothing behind it.
func (c *cursor) id() uint64 {
	id := c.uvarint("number")
	if len(c.b) != 0 {
		c.fail("length")
	}
	return id
}

// hello is what a peer begins with.
type hello struct {
	version byte
	root    descriptor
	program string
}

func (h *hello) append(b []byte) []byte {
	return append(h.root.append(append(b, h.version)), h.program...)
}

func parseHello(b []byte) (h hello, err error) {
	c := cursor{b: b}
	h.version = c.byte("version")
	h.root = c.descriptor()
	if len(c.b) > maxProgram {
		c.fail("program")
	}
	h.program = string(c.b)
	return h, c.err
}

// message is a message on the wire. caps and lumps are appended to the slices that
// it comes with; body is part of the frame.
type message struct {
	target uint64
	caps   []descriptor
	lumps  []lumps.CID
	body   []byte
}

func (m *message) append(b []byte) []byte {
	b = binary.AppendUvarint(b, m.target)
	b = binary.AppendUvarint(b, uint64(len(m.caps)))
	b = binary.AppendUvarint(b, uint64(len(m.lumps)))
	for _, d := range m.caps {
		b = d.append(b)
	}
	for _, c := range m.lumps {
		b = append(b, c[:]...)
	}
	return append(b, m.body...)
}

func (m *message) parse(b []byte) error {
	c := cursor{b: b}
	m.target = c.uvarint("target")
	ncaps, nlumps := c.uvarint("count"), c.uvarint("count")
	if ncaps > space.MaxCaps || nlumps > space.MaxLumps {
		c.fail("count")
		return c.err
	}
	m.caps, m.lumps = m.caps[:0], nil
	for i := uint64(0); i < ncaps && c.err == nil; i++ {
		m.caps = append(m.caps, c.descriptor())
	}
	if nlumps > 0 && c.err == nil {
		if uint64(len(c.b)) < nlumps*lumps.CIDLen {
			c.fail("count")
		}
		m.lumps = make([]lumps.CID, 0, nlumps)
		for i := uint64(0); i < nlumps && c.err == nil; i++ {
			m.lumps = append(m.lumps, c.cid())
		}
	}
	if len(c.b) > space.MaxMessage {
		c.fail("length")
	}
	m.body = c.b
	return c.err
}

// appendFrame begins a frame on b; endFrame sets its length.
func appendFrame(b []byte, op byte) []byte { return append(b, 0, 0, 0, 0, op) }

func endFrame(b []byte) []byte {
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}
