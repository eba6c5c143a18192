package reconcile

import (
	"encoding/binary"
	"slices"
)

// Responder answers.
type Responder struct {
	set    *Set
	view   *view // once the nonce is known
	rounds int
}

// NewResponder begins a session. The first Step hashes the whole set.
func NewResponder(s *Set) *Responder { return &Responder{set: s} }

// question is a range of the initiator.
type question struct {
	kind   int
	lo, up bound
	print  fingerprint
	tags   []tag
}

// Step takes a message and returns the answer. An empty message is the end.
func (p *Responder) Step(message []byte) (answer []byte, done bool, err error) {
	if len(message) > MaxMessage {
		return nil, false, protocolError("a message has %d bytes, and %d is the most", len(message), MaxMessage)
	}
	if len(message) == 0 {
		return nil, true, nil
	}
	if p.rounds++; p.rounds > MaxRounds {
		return nil, false, protocolError("no end after %d rounds", MaxRounds)
	}
	r := &reader{b: message}
	if p.view == nil {
		if v := r.u8(); v != version {
			return nil, false, protocolError("it speaks version %d of it, and we version %d", v, version)
		}
		nonce := r.take(nonceLen)
		if r.err != nil {
			return nil, false, r.err
		}
		p.view = newView(p.set, [nonceLen]byte(nonce))
	}
	questions, err := readQuestions(r)
	if err != nil {
		return nil, false, err
	}
	for i, q := range questions {
		// What is left must hold one byte for each range that follows.
		room := MaxMessage - len(answer) - (len(questions) - i - 1)
		answer = p.answer(answer, q, room)
	}
	return answer, false, nil
}

func readQuestions(r *reader) ([]question, error) {
	var qs []question
	var last bound
	for len(r.b) > 0 {
		if len(qs) == maxRanges {
			return nil, protocolError("a message has more than %d ranges", maxRanges)
		}
		q := question{kind: r.u8(), lo: last}
		if q.kind&withLower != 0 {
			q.kind &^= withLower
			q.lo = r.bound(last)
		}
		if q.lo.end() {
			r.fail("a range begins at the end")
		}
		q.up = r.bound(q.lo)
		switch q.kind {
		case askFingerprint:
			q.print = r.fingerprint()
		case askTags:
			n := r.u8()
			if n > maxTags {
				r.fail("a range has %d tags, and %d is the most", n, maxTags)
			}
			for range n {
				if r.err == nil {
					q.tags = append(q.tags, tag(r.take(tagLen)))
				}
			}
		default:
			r.fail("a range is of kind %d", q.kind)
		}
		if r.err != nil {
			return nil, r.err
		}
		last = q.up
		qs = append(qs, q)
	}
	return qs, r.err
}

// answer appends what is to be said of a range, in room bytes, of which there is
// one at least.
func (p *Responder) answer(b []byte, q question, room int) []byte {
	i, j := p.view.at(q.lo), p.view.at(q.up)
	var more []byte
	switch {
	case q.kind == askTags:
		more = p.tags(q, i, j, room)
	case p.view.fingerprint(i, j) == q.print:
		more = []byte{sayEqual}
	case j-i <= maxShort:
		more = appendKeys([]byte{sayKeys, byte(j - i)}, p.view.keys[i:j])
	default:
		more = p.cut(i, j)
	}
	if len(more) > room {
		more = []byte{sayLater}
	}
	return append(b, more...)
}

func (p *Responder) cut(i, j int) []byte {
	parts, keys := min(ways, j-i), p.view.keys
	b := []byte{sayCut, byte(parts)}
	lo := i
	for n := range parts {
		hi := i + (j-i)*(n+1)/parts
		if n > 0 {
			b = appendBound(b, between(&keys[lo-1], &keys[lo]))
		}
		f := p.view.fingerprint(lo, hi)
		b = append(b, f[:]...)
		lo = hi
	}
	return b
}

// tags compares ours with the initiator's. There may be many more of ours, so that
// the answer ends where the room does.
func (p *Responder) tags(q question, i, j, room int) []byte {
	const most = 1<<16 - 1 // keys that a count can say
	lacks := make([]byte, (len(q.tags)+7)/8)
	for n := range q.tags {
		lacks[n/8] |= 1 << (n % 8)
	}
	fit := min((room-1-len(lacks)-(1+keyLen)-2)/keyLen, most)
	if fit < 1 {
		return []byte{sayLater}
	}
	var extra []key
	cut := theEnd
	for n := i; n < j; n++ {
		if t := slices.Index(q.tags, p.view.tag(n)); t >= 0 {
			lacks[t/8] &^= 1 << (t % 8)
			continue
		}
		if len(extra) == fit {
			cut = between(&p.view.keys[n-1], &p.view.keys[n])
			break
		}
		extra = append(extra, p.view.keys[n])
	}
	if len(extra) == 0 && cut.end() && !slices.ContainsFunc(lacks, func(b byte) bool { return b != 0 }) {
		return []byte{sayEqual}
	}
	b := append([]byte{sayTags}, lacks...)
	b = appendBound(b, cut)
	b = binary.BigEndian.AppendUint16(b, uint16(len(extra)))
	return appendKeys(b, extra)
}
