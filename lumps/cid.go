package lumps

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/ipfs/go-cid"
	"github.com/multiformats/go-multihash"
	"github.com/zeebo/blake3"
)

// Codecs say how a block's bytes are read (multicodec table).
const (
	Raw     = 0x55
	DagPB   = 0x70
	DagCBOR = 0x71
)

// Hash functions that name blocks (multicodec table). Hearth writes BLAKE3 and
// verifies both.
const (
	SHA256 = 0x12
	BLAKE3 = 0x1e
)

// CIDLen is the length of every CID that Hearth stores: all the varints in it
// are one byte long.
const CIDLen = 36

// CID is a binary CIDv1: version, codec, hash function, digest length (32) and
// digest. It is comparable; the zero value names nothing.
//
//	+---+-------+------+------+------------+
//	| 1 | codec | hash | 0x20 | digest 32  |
//	+---+-------+------+------+------------+
type CID [CIDLen]byte

// Digest is the hash of a block's bytes. In guest memory it is the whole LumpId.
type Digest [32]byte

var (
	// ErrBadCID reports text or bytes that are no CID.
	ErrBadCID = errors.New("not a CID")
	// ErrUnsupported reports a CID whose version, codec or hash Hearth does not take.
	ErrUnsupported = errors.New("unsupported CID")
)

// Sum returns the CID of a block: BLAKE3 under the given codec.
func Sum(codec byte, block []byte) CID {
	return FromDigest(codec, BLAKE3, blake3.Sum256(block))
}

// FromDigest builds a CID from its parts.
func FromDigest(codec, hash byte, d Digest) (c CID) {
	c[0], c[1], c[2], c[3] = 1, codec, hash, 32
	copy(c[4:], d[:])
	return c
}

// Parse reads a CID in any multibase, or a version 0 CID, which becomes its
// version 1 equal.
func Parse(s string) (CID, error) {
	c, err := cid.Decode(s)
	if err != nil {
		return CID{}, fmt.Errorf("%q: %w", clip(s), ErrBadCID)
	}
	return fromForeign(c)
}

// FromBytes reads a binary CID that fills b.
func FromBytes(b []byte) (CID, error) {
	if len(b) == CIDLen && b[0] == 1 {
		var c CID
		copy(c[:], b)
		return c, c.supported()
	}
	n, c, err := cid.CidFromBytes(b)
	if err != nil || n != len(b) {
		return CID{}, fmt.Errorf("%d bytes: %w", len(b), ErrBadCID)
	}
	return fromForeign(c)
}

func fromForeign(f cid.Cid) (CID, error) {
	if f.Version() == 0 {
		f = cid.NewCidV1(f.Type(), f.Hash())
	}
	b := f.Bytes()
	if len(b) != CIDLen {
		d, err := multihash.Decode(f.Hash())
		if err != nil {
			return CID{}, fmt.Errorf("%s: %w", f, ErrBadCID)
		}
		return CID{}, fmt.Errorf("%s: %w (codec %#x, hash %s, %d bytes); Hearth takes raw, dag-pb and dag-cbor under blake3 or sha2-256 of 32 bytes",
			f, ErrUnsupported, f.Type(), multihash.Codes[d.Code], d.Length)
	}
	var c CID
	copy(c[:], b)
	return c, c.supported()
}

func (c CID) supported() error {
	if c[0] != 1 || c[3] != 32 || (c[1] != Raw && c[1] != DagPB && c[1] != DagCBOR) || (c[2] != BLAKE3 && c[2] != SHA256) {
		return fmt.Errorf("%s: %w (codec %#x, hash %s); Hearth takes raw, dag-pb and dag-cbor under blake3 or sha2-256 of 32 bytes",
			hex.EncodeToString(c[:4]), ErrUnsupported, c[1], multihash.Codes[uint64(c[2])])
	}
	return nil
}

// Foreign returns c as the type of the go-cid library.
func (c CID) Foreign() cid.Cid {
	_, f, err := cid.CidFromBytes(c[:])
	if err != nil {
		return cid.Undef
	}
	return f
}

// String returns c in base32, as Kubo prints it, or "" for the zero CID.
func (c CID) String() string {
	if c.IsZero() {
		return ""
	}
	return c.Foreign().String()
}

// Codec returns how the block's bytes are read.
func (c CID) Codec() byte { return c[1] }

// Hash returns the function that made the digest.
func (c CID) Hash() byte { return c[2] }

// Digest returns the hash of the block's bytes.
func (c CID) Digest() Digest { return Digest(c[4:]) }

// Multihash returns the hash function, the length and the digest: what the
// store indexes a block by.
func (c CID) Multihash() [34]byte { return [34]byte(c[2:]) }

// IsZero reports whether c names nothing.
func (c CID) IsZero() bool { return c == CID{} }

// MarshalText gives the base32 form; the zero CID is empty text.
func (c CID) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText gives.
func (c *CID) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*c = CID{}
		return nil
	}
	p, err := Parse(string(b))
	*c = p
	return err
}

func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "..."
	}
	return s
}
