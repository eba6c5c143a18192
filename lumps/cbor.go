package lumps

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// dag-cbor (https://ipld.io/specs/codecs/dag-cbor/spec/) by fxamacker/cbor:
// definite lengths, keys sorted by length and then bytes, no tag but 42, 64-bit
// floats, and nothing doubled, unknown in form or behind the end.
var (
	dagEnc = must(cbor.EncOptions{
		Sort:          cbor.SortLengthFirst,
		ShortestFloat: cbor.ShortestFloatNone,
		NaNConvert:    cbor.NaNConvertReject,
		InfConvert:    cbor.InfConvertReject,
		IndefLength:   cbor.IndefLengthForbidden,
		NilContainers: cbor.NilContainerAsEmpty,
	}.EncMode())
	dagDec = must(cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		MaxNestedLevels:   64,
		MaxArrayElements:  1 << 20,
		MaxMapPairs:       1 << 20,
		ExtraReturnErrors: cbor.ExtraDecErrorNone,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Marshal encodes v as dag-cbor: the same value gives the same bytes on every
// machine. A CID becomes a link, the zero CID null.
func Marshal(v any) ([]byte, error) { return dagEnc.Marshal(v) }

// Unmarshal decodes dag-cbor that fills data.
func Unmarshal(data []byte, v any) error { return dagDec.Unmarshal(data, v) }

// linkHead is what stands before the CID of every link: tag 42, 37 bytes, the
// identity multibase.
var linkHead = [5]byte{0xd8, 0x2a, 0x58, 1 + CIDLen, 0}

// MarshalCBOR gives a dag-cbor link.
func (c CID) MarshalCBOR() ([]byte, error) {
	if c.IsZero() {
		return []byte{0xf6}, nil
	}
	return append(linkHead[:], c[:]...), nil
}

// UnmarshalCBOR reads a dag-cbor link or null.
func (c *CID) UnmarshalCBOR(b []byte) error {
	if len(b) == 1 && b[0] == 0xf6 {
		*c = CID{}
		return nil
	}
	if len(b) < len(linkHead) || b[0] != 0xd8 || b[1] != 0x2a {
		return fmt.Errorf("a dag-cbor link was expected: %w", ErrBadCID)
	}
	var raw []byte
	if err := dagDec.Unmarshal(b[2:], &raw); err != nil || len(raw) < 2 || raw[0] != 0 {
		return fmt.Errorf("a dag-cbor link was expected: %w", ErrBadCID)
	}
	p, err := FromBytes(raw[1:])
	*c = p
	return err
}
