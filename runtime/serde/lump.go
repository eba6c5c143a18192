package serde

import (
	"encoding/json"
	"errors"

	"hearth/lumps"
)

// LumpID is a lump as a request names it: 32 numbers (the digest), or a CID as
// text.
type LumpID struct {
	CID    lumps.CID // zero where the digest was given
	Digest lumps.Digest
	Set    bool // tells what was given from what was left out
}

func (l *LumpID) UnmarshalJSON(b []byte) error { return l.unmarshal(b, json.Unmarshal) }
func (l *LumpID) UnmarshalCBOR(b []byte) error {
	var raw []byte
	if len(b) > 0 && b[0]>>5 == 2 && cborDec.Unmarshal(b, &raw) == nil && len(raw) == len(l.Digest) {
		l.Digest, l.Set = lumps.Digest(raw), true
		return nil
	}
	return l.unmarshal(b, cborDec.Unmarshal)
}

func (l *LumpID) unmarshal(b []byte, decode func([]byte, any) error) error {
	var text string
	if decode(b, &text) == nil && text != "" {
		c, err := lumps.Parse(text)
		l.CID, l.Set = c, true
		return err
	}
	var numbers []uint16
	if err := decode(b, &numbers); err != nil || len(numbers) != len(l.Digest) {
		return errors.New("a lump is named by 32 numbers or a CID")
	}
	for i, n := range numbers {
		if n > 255 {
			return errors.New("a lump is named by 32 numbers up to 255")
		}
		l.Digest[i] = byte(n)
	}
	l.Set = true
	return nil
}

// Numbers is how a LumpId is answered.
func Numbers(d lumps.Digest) []uint16 {
	out := make([]uint16, len(d))
	for i, b := range d {
		out[i] = uint16(b)
	}
	return out
}
