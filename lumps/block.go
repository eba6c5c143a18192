package lumps

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/zeebo/blake3"
)

const (
	// MaxBlock is the largest block that Hearth stores or takes from a peer. What
	// Build makes is half of it at most; other IPFS programs stay within it too,
	// so that a block can be held in memory while its hash is still unknown.
	MaxBlock = 1 << 20
	// maxNesting bounds how deep lists, maps and tags of a dag-cbor block go: far
	// beyond what a format needs, far below what would grow the stack.
	maxNesting = 64
	// MaxFile bounds the size that a file DAG may claim, so that sums of sizes
	// stay within an int64 whatever a block says.
	MaxFile = 1 << 60
)

// ErrNotFile reports a well-formed block that is no UnixFS file: a directory, a
// link, or structured data.
var ErrNotFile = errors.New("not a file")

// FormatError reports a block that is not what its codec says.
type FormatError struct {
	CID    CID
	Offset int   // of the part that is wrong
	Err    error // why; for a link that Hearth does not take ErrUnsupported is in it
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("block %s is malformed at byte %d: %s", e.CID, e.Offset, e.Err)
}

func (e *FormatError) Unwrap() error { return e.Err }

// SumLike returns the CID that block has under c's codec and hash function. It
// is c if and only if block is what c names.
func (c CID) SumLike(block []byte) CID {
	if c.Hash() == SHA256 {
		return FromDigest(c.Codec(), SHA256, sha256.Sum256(block))
	}
	return FromDigest(c.Codec(), BLAKE3, blake3.Sum256(block))
}

// Verify reports whether block is what c names.
func Verify(c CID, block []byte) bool { return c.SumLike(block) == c }

// Links returns what block links to, in the order of the block, repetitions
// included. A block that is not what its codec says, or links to what Hearth does
// not take, gives a *FormatError.
func Links(c CID, block []byte) ([]CID, error) {
	if len(block) > MaxBlock {
		return nil, tooLong(c)
	}
	switch c.Codec() {
	case Raw:
		return nil, nil
	case DagPB:
		n, err := parsePB(c, block)
		if err != nil {
			return nil, err
		}
		cids := make([]CID, len(n.links))
		for i, l := range n.links {
			cids[i] = l.cid
		}
		return cids, nil
	case DagCBOR:
		return cborLinks(c, block)
	}
	return nil, &FormatError{c, 0, ErrUnsupported}
}

func tooLong(c CID) error {
	return &FormatError{c, MaxBlock, errors.New("it is longer than a block may be")}
}
