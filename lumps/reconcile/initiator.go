package reconcile

import (
	"bytes"
	"crypto/rand"

	"hearth/lumps"
)

// DefaultMaxNeed is how many CIDs a responder may name: with it a hostile one costs
// 144 MiB.
const DefaultMaxNeed = 4 << 20

// Options of an Initiator.
type Options struct {
	MaxNeed int // DefaultMaxNeed
}

// Initiator asks. Step it until done.
type Initiator struct {
	view    *view
	maxNeed int
	rounds  int
	asked   []span // of the last message, in order
	unasked []span // not asked yet, the first in order last
	have    []lumps.CID
	need    []lumps.CID
}

// span is a range that differs, or may.
type span struct {
	lo, up bound
	i, j   int // of our keys
}

// NewInitiator begins a session. It hashes the whole set.
func NewInitiator(s *Set, o Options) *Initiator {
	var nonce [nonceLen]byte
	rand.Read(nonce[:])
	return newInitiator(s, o, nonce)
}

func newInitiator(s *Set, o Options, nonce [nonceLen]byte) *Initiator {
	if o.MaxNeed <= 0 {
		o.MaxNeed = DefaultMaxNeed
	}
	return &Initiator{view: newView(s, nonce), maxNeed: o.MaxNeed}
}

// Step takes the answer to the last message, nil at first, and returns the next. An
// empty one comes with done, and is to be sent too.
func (n *Initiator) Step(answer []byte) (message []byte, done bool, err error) {
	if len(answer) > MaxMessage {
		return nil, false, protocolError("a message has %d bytes, and %d is the most", len(answer), MaxMessage)
	}
	if n.rounds == 0 {
		if len(answer) > 0 {
			return nil, false, protocolError("an answer came before a question")
		}
		message = append(append(message, version), n.view.nonce[:]...)
		n.begin()
	} else if err := n.take(answer); err != nil {
		return nil, false, err
	}
	n.asked = n.asked[:0]
	if len(n.unasked) == 0 {
		return nil, true, nil
	}
	if n.rounds++; n.rounds > MaxRounds {
		return nil, false, protocolError("no end after %d rounds", MaxRounds)
	}
	return n.ask(message), false, nil
}

// Have returns what only we have, in no order.
func (n *Initiator) Have() []lumps.CID { return n.have }

// Need returns what only the peer has, in no order.
func (n *Initiator) Need() []lumps.CID { return n.need }

// begin cuts the whole: for large sets so that two further cuts of both sides lead
// to what is short enough for tags.
func (n *Initiator) begin() {
	all := span{up: theEnd, j: n.view.Len()}
	if all.j <= maxTags {
		n.unasked = []span{all}
		return
	}
	parts := all.j / (maxTags * 2 / 3 * ways * ways * ways)
	n.unasked = n.cut(nil, all, min(max(parts, 2*ways), maxWays))
	reverse(n.unasked)
}

// cut appends parts of a span with the same number of our keys.
func (n *Initiator) cut(to []span, s span, parts int) []span {
	keys := n.view.keys[s.i:s.j]
	parts = min(parts, len(keys))
	lo, i := s.lo, 0
	for p := range parts {
		j := len(keys) * (p + 1) / parts
		up := s.up
		if p < parts-1 {
			up = between(&keys[j-1], &keys[j])
		}
		to = append(to, span{lo, up, s.i + i, s.i + j})
		lo, i = up, j
	}
	return to
}

// ask writes the first of what is to do.
func (n *Initiator) ask(b []byte) []byte {
	var last bound
	for len(n.unasked) > 0 && len(n.asked) < maxRanges && len(b)+maxAsk <= MaxMessage {
		s := n.unasked[len(n.unasked)-1]
		n.unasked = n.unasked[:len(n.unasked)-1]
		n.asked = append(n.asked, s)
		kind := byte(askFingerprint)
		if s.j-s.i <= maxTags {
			kind = askTags
		}
		if s.lo == last {
			b = append(b, kind)
		} else {
			b = appendBound(append(b, kind|withLower), s.lo)
		}
		b = appendBound(b, s.up)
		last = s.up
		if kind == askFingerprint {
			f := n.view.fingerprint(s.i, s.j)
			b = append(b, f[:]...)
			continue
		}
		b = append(b, byte(s.j-s.i))
		for i := s.i; i < s.j; i++ {
			t := n.view.tag(i)
			b = append(b, t[:]...)
		}
	}
	return b
}

// take reads the answers to what was asked.
func (n *Initiator) take(answer []byte) error {
	r := &reader{b: answer}
	var more []span
	for _, s := range n.asked {
		short := s.j-s.i <= maxTags
		switch kind := r.u8(); {
		case r.err != nil:
		case kind == sayEqual:
		case kind == sayLater:
			more = append(more, s)
		case kind == sayCut && !short:
			more = n.takeCut(r, s, more)
		case kind == sayKeys && !short:
			n.takeKeys(r, s)
		case kind == sayTags && short:
			more = n.takeTags(r, s, more)
		default:
			r.fail("an answer is of kind %d", kind)
		}
		if r.err != nil {
			return r.err
		}
		if len(n.need) > n.maxNeed {
			return protocolError("the peer names more than %d blocks that we lack", n.maxNeed)
		}
	}
	if len(r.b) > 0 {
		return protocolError("an answer has %d bytes more than it should", len(r.b))
	}
	reverse(more)
	n.unasked = append(n.unasked, more...)
	// Ranges that differ have keys of ours in them, or are parts of what was asked
	// just now: an honest responder cuts each into as many as we do.
	if len(n.unasked) > n.view.Len()+ways*maxRanges {
		return protocolError("the peer cuts %d keys into %d ranges", n.view.Len(), len(n.unasked))
	}
	return nil
}

// takeCut compares the parts that the responder made, and cuts those that differ.
func (n *Initiator) takeCut(r *reader, s span, more []span) []span {
	parts := r.u8()
	if parts < 2 {
		r.fail("a range is cut into %d", parts)
		return more
	}
	theirs := r.fingerprint()
	for p := range parts {
		part := span{lo: s.lo, up: s.up, i: s.i, j: s.j}
		var next fingerprint
		if p < parts-1 {
			part.up = r.bound(s.lo)
			next = r.fingerprint()
			if r.err == nil && part.up.compare(s.up) >= 0 {
				r.fail("a bound is outside of its range")
			}
			part.j = max(n.view.at(part.up), s.i)
		}
		if r.err != nil {
			return more
		}
		if n.view.fingerprint(part.i, part.j) != theirs {
			if part.j-part.i <= maxTags {
				more = append(more, part)
			} else {
				more = n.cut(more, part, ways)
			}
		}
		s.lo, s.i, theirs = part.up, part.j, next
	}
	return more
}

// takeKeys compares ours with all of theirs.
func (n *Initiator) takeKeys(r *reader, s span) {
	theirs := r.keys(r.u8(), s.lo, s.up)
	if r.err != nil {
		return
	}
	ours := n.view.keys[s.i:s.j]
	for len(ours) > 0 || len(theirs) > 0 {
		order := 0
		switch {
		case len(theirs) == 0:
			order = -1
		case len(ours) == 0:
			order = 1
		default:
			order = compareKeys(ours[0], theirs[0])
		}
		if order < 0 {
			n.have = append(n.have, ours[0].cid())
		}
		if order > 0 {
			n.need = append(n.need, theirs[0].cid())
		}
		if order <= 0 {
			ours = ours[1:]
		}
		if order >= 0 {
			theirs = theirs[1:]
		}
	}
}

// takeTags reads which of ours the responder lacks, and what we lack.
func (n *Initiator) takeTags(r *reader, s span, more []span) []span {
	count := s.j - s.i
	lacks := bytes.Clone(r.take((count + 7) / 8))
	up := r.bound(s.lo)
	if r.err == nil && !up.end() && up.compare(s.up) >= 0 {
		r.fail("a bound is outside of its range")
	}
	rest := span{lo: up, up: s.up, i: s.j, j: s.j}
	if up.end() {
		up = s.up
	} else {
		rest.i = n.view.at(up)
	}
	keys := r.keys(r.u16(), s.lo, up)
	if r.err != nil {
		return more
	}
	for i := range rest.i - s.i {
		if lacks[i/8]&(1<<(i%8)) != 0 {
			n.have = append(n.have, n.view.keys[s.i+i].cid())
		}
	}
	for i := range keys {
		c := keys[i].cid()
		if n.view.Has(c) {
			r.fail("the peer names %s as one that we lack", c)
			return more
		}
		n.need = append(n.need, c)
	}
	if !rest.lo.end() {
		more = append(more, rest)
	}
	return more
}

func reverse(s []span) {
	for i, j := 0, len(s)-1; i < j; i, j = i+1, j-1 {
		s[i], s[j] = s[j], s[i]
	}
}
