package reconcile

import (
	"encoding/binary"
	"errors"
	"fmt"

	"hearth/lumps"
)

const (
	version = 1

	// MaxMessage is the longest message: what a peer may make us hold at once.
	MaxMessage = 1 << 20
	// MaxRounds is how many messages each side sends at most. Sets of 4,000,000 that
	// have nothing in common take a fifth of it.
	MaxRounds = 1024
	// maxRanges is how many ranges a message has. With it the answers to them,
	// cut ranges of the usual length, fit into one message.
	maxRanges = 4096
	// maxAsk is the longest range that an initiator asks about.
	maxAsk = 1 + 2*(1+keyLen) + 1 + maxTags*tagLen

	// ways is into how many parts a range is cut: more cost bytes where one part
	// differs, fewer cost round trips.
	ways = 8
	// maxWays bounds the first cut, and what a peer may cut into.
	maxWays = 255
	// maxTags is up to how many keys are named by tags: as many bytes as a cut.
	maxTags = 24
	// maxShort is up to how many keys are given whole instead of cut further: as
	// many bytes as a cut, and a round trip less.
	maxShort = 4
)

// Kinds of ranges.
const (
	askFingerprint = 1
	askTags        = 2
	withLower      = 128
)

// Kinds of answers.
const (
	sayEqual = 0
	sayCut   = 1
	sayKeys  = 2
	sayTags  = 3
	sayLater = 4
)

// ErrProtocol reports a peer whose message breaks the rules or goes over a limit.
var ErrProtocol = errors.New("the peer broke the rules of reconciliation")

func protocolError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrProtocol, fmt.Sprintf(format, args...))
}

func appendBound(b []byte, o bound) []byte {
	b = append(b, o.n)
	if o.end() {
		return b
	}
	return append(b, o.bytes()...)
}

func appendKeys(b []byte, keys []key) []byte {
	for i := range keys {
		b = append(b, keys[i][:]...)
	}
	return b
}

// reader takes a message apart. After an error it gives zeros.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = protocolError(format, args...)
	}
	r.b = nil
}

var zeros [keyLen]byte

// take returns the next n bytes, at most a key's.
func (r *reader) take(n int) []byte {
	if len(r.b) < n {
		r.fail("a message ends early")
		return zeros[:n]
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) u8() int  { return int(r.take(1)[0]) }
func (r *reader) u16() int { return int(binary.BigEndian.Uint16(r.take(2))) }

func (r *reader) fingerprint() fingerprint { return fingerprint(r.take(fingerprintLen)) }

// bound reads one that is above what came before.
func (r *reader) bound(above bound) (b bound) {
	switch n := r.u8(); {
	case n == endBound:
		b = theEnd
	case n > keyLen:
		r.fail("a bound has %d bytes, and a key %d", n, keyLen)
	default:
		b.n = uint8(n)
		copy(b.prefix[:], r.take(n))
	}
	if r.err == nil && b.compare(above) <= 0 {
		r.fail("bounds do not rise")
	}
	return b
}

// keys reads n that rise within a range.
func (r *reader) keys(n int, lo, up bound) []key {
	if len(r.b) < n*keyLen {
		r.fail("a message ends early")
		return nil
	}
	keys := make([]key, n)
	for i := range keys {
		k := &keys[i]
		copy(k[:], r.take(keyLen))
		c := k.cid()
		switch _, err := lumps.FromBytes(c[:]); {
		case err != nil:
			r.fail("a key names no block (%v)", err)
		case lo.above(k), !up.above(k):
			r.fail("a key is outside of its range")
		case i > 0 && compareKeys(keys[i-1], *k) >= 0:
			r.fail("keys do not rise")
		}
		if r.err != nil {
			return nil
		}
	}
	return keys
}
