package native

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/fxamacker/cbor/v2"

	"hearth/lumps"
	"hearth/runtime"
)

// codec is the encoding of one request.
type codec struct{ cbor bool }

// codecOf tells JSON from CBOR by the first byte: no JSON text begins with the
// bytes that a CBOR map, text, array, integer or simple value begins with, but for
// digits and punctuation below 0x80, which are CBOR strings and small numbers that
// no request here consists of.
func codecOf(data []byte) codec {
	data = bytes.TrimLeft(data, " \t\r\n")
	if len(data) == 0 {
		return codec{}
	}
	c := data[0]
	return codec{cbor: c >= 0x80 || c >= 0x60 && c < 0x7b && !json.Valid(data)}
}

var cborDec = func() cbor.DecMode {
	m, err := cbor.DecOptions{MaxNestedLevels: 16, MaxArrayElements: 1 << 16, MaxMapPairs: 1 << 12}.DecMode()
	if err != nil {
		panic(err)
	}
	return m
}()

func (c codec) decode(data []byte, v any) error {
	if c.cbor {
		return cborDec.Unmarshal(data, v)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("there is something behind the request")
	}
	return nil
}

// encode cannot fail: what is answered is made of names, numbers and booleans.
func (c codec) encode(v any) []byte {
	var b []byte
	var err error
	if c.cbor {
		b, err = cbor.Marshal(v)
	} else {
		b, err = json.Marshal(v)
	}
	if err != nil {
		panic(err)
	}
	return b
}

// tagged is an enum by serde's rules: a bare name, or a name with a value.
type tagged struct {
	name  string
	value []byte // encoded; nil for a bare name
}

func (c codec) tagged(data []byte) (tagged, error) {
	var name string
	if c.decode(data, &name) == nil {
		return tagged{name: name}, nil
	}
	if c.cbor {
		var m map[string]cbor.RawMessage
		if err := c.decode(data, &m); err != nil {
			return tagged{}, err
		}
		for k, v := range m {
			if len(m) == 1 {
				return tagged{k, v}, nil
			}
		}
		return tagged{}, fmt.Errorf("an enum has one tag and not %d", len(m))
	}
	var m map[string]json.RawMessage
	if err := c.decode(data, &m); err != nil {
		return tagged{}, err
	}
	for k, v := range m {
		if len(m) == 1 {
			return tagged{k, v}, nil
		}
	}
	return tagged{}, fmt.Errorf("an enum has one tag and not %d", len(m))
}

// lumpID is a lump as a request names it: 32 numbers (the digest), or a CID as
// text.
type lumpID struct {
	cid    lumps.CID
	digest lumps.Digest
}

func (l *lumpID) UnmarshalJSON(b []byte) error { return l.unmarshal(b, json.Unmarshal) }
func (l *lumpID) UnmarshalCBOR(b []byte) error {
	var raw []byte
	if cborDec.Unmarshal(b, &raw) == nil && len(raw) == 32 {
		l.digest = lumps.Digest(raw)
		return nil
	}
	return l.unmarshal(b, cborDec.Unmarshal)
}

func (l *lumpID) unmarshal(b []byte, decode func([]byte, any) error) error {
	var text string
	if decode(b, &text) == nil {
		c, err := lumps.Parse(text)
		l.cid = c
		return err
	}
	var numbers []uint16
	if err := decode(b, &numbers); err != nil || len(numbers) != 32 {
		return fmt.Errorf("a lump is named by 32 numbers or a CID")
	}
	for i, n := range numbers {
		if n > 255 {
			return fmt.Errorf("a lump is named by 32 numbers up to 255")
		}
		l.digest[i] = byte(n)
	}
	return nil
}

// numbers is how a LumpId is answered.
func numbers(d lumps.Digest) []uint16 {
	out := make([]uint16, len(d))
	for i, b := range d {
		out[i] = uint16(b)
	}
	return out
}

// bad drops a request that cannot be read.
func bad(r *runtime.Request, err error) {
	r.Drop("not a request that this service knows: " + err.Error())
}
