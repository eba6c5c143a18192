package space

import (
	"encoding/binary"
	"math"
	"unicode/utf8"

	"hearth/lumps"
)

// A message is the event that there are most of, so it has a codec of its own,
// which writes the very bytes that the general one writes and reads them when
// they are in exactly that form; everything else is left to the general one.
//
//	{to, key, blob, body, caps, cause, lumps, timer, origin}
//
// in this order (shorter keys first), all but to left out where empty.

// size is enough for the encoding, and not much more: the journal keeps the
// slice until it is written.
func (m *Message) size() int {
	const head = 9 // the longest head of an item
	n := 1 + 3 + refSize + len(m.To.Service) + 5 + 5 + len(m.Body)
	if m.Key != "" {
		n += 4 + 5 + len(m.Key)
	}
	if !m.Blob.IsZero() {
		n += 5 + len(linkHead) + lumps.CIDLen
	}
	if len(m.Caps) > 0 {
		n += 5 + head
		for i := range m.Caps {
			n += 1 + refSize + len(m.Caps[i].Ref.Service) + 2
		}
	}
	if !m.Cause.IsZero() {
		n += 6 + 1 + 2*head + 5
	}
	if len(m.Lumps) > 0 {
		n += 6 + head + (len(linkHead)+lumps.CIDLen)*len(m.Lumps)
	}
	if m.Timer != 0 {
		n += 6 + head
	}
	if m.Origin != "" {
		n += 7 + 5 + len(m.Origin)
	}
	return n
}

// refSize is the longest encoding of a reference without its service.
const refSize = 1 + 2 + 9 + 9 + 5

func (m *Message) append(b []byte) []byte {
	pairs := byte(1)
	for _, has := range [...]bool{m.Key != "", !m.Blob.IsZero(), len(m.Body) > 0, len(m.Caps) > 0, !m.Cause.IsZero(), len(m.Lumps) > 0, m.Timer != 0, m.Origin != ""} {
		if has {
			pairs++
		}
	}
	b = append(b, 0xa0|pairs)
	b = append(b, "\x62to"...)
	b = appendRef(b, &m.To)
	if m.Key != "" {
		b = append(b, "\x63key"...)
		b = appendText(b, m.Key)
	}
	if !m.Blob.IsZero() {
		b = append(b, "\x64blob"...)
		b = appendLink(b, m.Blob)
	}
	if len(m.Body) > 0 {
		b = append(b, "\x64body"...)
		b = appendHead(b, 0x40, uint64(len(m.Body)))
		b = append(b, m.Body...)
	}
	if len(m.Caps) > 0 {
		b = append(b, "\x64caps"...)
		b = appendHead(b, 0x80, uint64(len(m.Caps)))
		for i := range m.Caps {
			b = append(b, 0x82)
			b = appendRef(b, &m.Caps[i].Ref)
			b = appendHead(b, 0, uint64(m.Caps[i].Perms))
		}
	}
	if !m.Cause.IsZero() {
		b = append(b, "\x65cause"...)
		b = m.Cause.append(b)
	}
	if len(m.Lumps) > 0 {
		b = append(b, "\x65lumps"...)
		b = appendHead(b, 0x80, uint64(len(m.Lumps)))
		for _, c := range m.Lumps {
			b = appendLink(b, c)
		}
	}
	if m.Timer != 0 {
		b = append(b, "\x65timer"...)
		b = appendHead(b, 0, m.Timer)
	}
	if m.Origin != "" {
		b = append(b, "\x66origin"...)
		b = appendText(b, m.Origin)
	}
	return b
}

// appendHead writes the first byte of a CBOR item and its argument.
func appendHead(b []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n <= math.MaxUint8:
		return append(b, major|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|27), n)
}

func appendText(b []byte, s string) []byte {
	return append(appendHead(b, 0x60, uint64(len(s))), s...)
}

func appendRef(b []byte, r *Ref) []byte {
	b = append(b, 0x84)
	b = appendHead(b, 0, uint64(r.Kind))
	b = appendHead(b, 0, r.Process)
	b = appendHead(b, 0, r.Mailbox)
	return appendText(b, r.Service)
}

// linkHead is what dag-cbor puts before the CID of a link.
const linkHead = "\xd8\x2a\x58\x25\x00"

func appendLink(b []byte, c lumps.CID) []byte {
	if c.IsZero() {
		return append(b, cborNull)
	}
	return append(append(b, linkHead...), c[:]...)
}

// parseMessage reads what append wrote, or returns nil.
func parseMessage(b []byte) *Message {
	if len(b) == 0 || b[0]&0xe0 != 0xa0 {
		return nil
	}
	pairs := int(b[0] & 0x1f)
	p := parser{b: b[1:], ok: true}
	m := new(Message)
	if !p.key("\x62to") {
		return nil
	}
	p.ref(&m.To)
	pairs--
	if p.key("\x63key") {
		m.Key = p.text()
		pairs--
		p.need(m.Key != "")
	}
	if p.key("\x64blob") {
		m.Blob = p.link()
		pairs--
		p.need(!m.Blob.IsZero())
	}
	if p.key("\x64body") {
		body := p.take(p.head(0x40))
		m.Body = append(make([]byte, 0, len(body)), body...)
		pairs--
		p.need(len(m.Body) > 0)
	}
	if p.key("\x64caps") {
		n := p.count(6)
		m.Caps = make([]Cap, n)
		for i := range m.Caps {
			p.byte(0x82)
			p.ref(&m.Caps[i].Ref)
			m.Caps[i].Perms = uint8(p.number(math.MaxUint8))
		}
		pairs--
		p.need(n > 0)
	}
	if p.key("\x65cause") {
		p.byte(0x83)
		m.Cause = Cause{Process: p.number(math.MaxUint64), Seq: p.number(math.MaxUint64), Index: uint32(p.number(math.MaxUint32))}
		pairs--
		p.need(!m.Cause.IsZero())
	}
	if p.key("\x65lumps") {
		n := p.count(1)
		m.Lumps = make([]lumps.CID, n)
		for i := range m.Lumps {
			m.Lumps[i] = p.link()
		}
		pairs--
		p.need(n > 0)
	}
	if p.key("\x65timer") {
		m.Timer = p.number(math.MaxUint64)
		pairs--
		p.need(m.Timer != 0)
	}
	if p.key("\x66origin") {
		m.Origin = p.text()
		pairs--
		p.need(m.Origin != "")
	}
	if !p.ok || pairs != 0 || len(p.b) != 0 {
		return nil
	}
	return m
}

// parser reads canonical dag-cbor of a known form. ok turns false at the first
// thing that is not; what is returned then means nothing.
type parser struct {
	b  []byte
	ok bool
}

func (p *parser) need(ok bool) { p.ok = p.ok && ok }

func (p *parser) key(k string) bool {
	if len(p.b) < len(k) || string(p.b[:len(k)]) != k {
		return false
	}
	p.b = p.b[len(k):]
	return true
}

func (p *parser) byte(want byte) {
	if len(p.b) == 0 || p.b[0] != want {
		p.ok = false
		return
	}
	p.b = p.b[1:]
}

// head reads the argument of an item of a major type, in its shortest form.
func (p *parser) head(major byte) uint64 {
	if !p.ok || len(p.b) == 0 || p.b[0]&0xe0 != major {
		p.ok = false
		return 0
	}
	info := p.b[0] & 0x1f
	p.b = p.b[1:]
	if info < 24 {
		return uint64(info)
	}
	if info > 27 || len(p.b) < 1<<(info-24) {
		p.ok = false
		return 0
	}
	var n, least uint64
	switch info {
	case 24:
		n, least = uint64(p.b[0]), 24
	case 25:
		n, least = uint64(binary.BigEndian.Uint16(p.b)), 1<<8
	case 26:
		n, least = uint64(binary.BigEndian.Uint32(p.b)), 1<<16
	default:
		n, least = binary.BigEndian.Uint64(p.b), 1<<32
	}
	p.b = p.b[1<<(info-24):]
	p.need(n >= least)
	return n
}

func (p *parser) number(limit uint64) uint64 {
	n := p.head(0)
	p.need(n <= limit)
	return n
}

// count reads the length of a list whose elements take at least size bytes each.
func (p *parser) count(size int) int {
	n := p.head(0x80)
	if !p.ok || n > uint64(len(p.b)/size) {
		p.ok = false
		return 0
	}
	return int(n)
}

func (p *parser) take(n uint64) []byte {
	if !p.ok || n > uint64(len(p.b)) {
		p.ok = false
		return nil
	}
	s := p.b[:n]
	p.b = p.b[n:]
	return s
}

func (p *parser) text() string {
	s := p.take(p.head(0x60))
	p.need(utf8.Valid(s))
	return string(s)
}

func (p *parser) ref(r *Ref) {
	p.byte(0x84)
	r.Kind = RefKind(p.number(math.MaxUint8))
	r.Process = p.number(math.MaxUint64)
	r.Mailbox = p.number(math.MaxUint64)
	if len(p.b) > 0 && p.b[0] == 0x60 {
		p.b = p.b[1:]
	} else {
		r.Service = p.text()
	}
}

func (p *parser) link() (c lumps.CID) {
	if len(p.b) > 0 && p.b[0] == cborNull {
		p.b = p.b[1:]
		return c
	}
	if !p.key(linkHead) {
		p.ok = false
		return c
	}
	raw := p.take(lumps.CIDLen)
	if !p.ok {
		return c
	}
	if raw[0] == 1 && (raw[1] == lumps.Raw || raw[1] == lumps.DagPB || raw[1] == lumps.DagCBOR) && raw[2] == lumps.BLAKE3 && raw[3] == 32 {
		copy(c[:], raw)
		return c
	}
	c, err := lumps.FromBytes(raw)
	p.need(err == nil)
	return c
}
