// Package serde is the encoding of what guests say to services: JSON by serde's rules,
// or the same data in CBOR (RFC 8949).
//
// The key idea: a request is answered in the encoding that it was asked in, which its
// first byte tells. Enums are externally tagged: "Name", or {"Name": value}; a LumpId
// is an array of 32 numbers.
package serde

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Codec is the encoding of one request, and so of its answer: JSON, or the same
// data in CBOR (RFC 8949).
type Codec struct{ CBOR bool }

// Of tells JSON from CBOR by the first byte: no JSON text begins with the
// bytes that a CBOR map, text or simple value begins with, but for '{' and letters,
// which are CBOR texts of a length that no bare tag has.
func Of(data []byte) Codec {
	data = bytes.TrimLeft(data, " \t\r\n")
	if len(data) == 0 {
		return Codec{}
	}
	c := data[0]
	return Codec{CBOR: c >= 0x80 || c >= 0x60 && c < 0x7b && !json.Valid(data)}
}

// maxElements bounds the arrays of a CBOR request: a message has a million bytes at
// most, so that more elements are a lie about the length.
const maxElements = 1 << 20

var cborDec = func() cbor.DecMode {
	m, err := cbor.DecOptions{MaxNestedLevels: 16, MaxArrayElements: maxElements, MaxMapPairs: 1 << 12}.DecMode()
	if err != nil {
		panic(err)
	}
	return m
}()

// Decode reads the whole of data into v.
func (c Codec) Decode(data []byte, v any) error {
	if c.CBOR {
		return cborDec.Unmarshal(data, v)
	}
	return json.Unmarshal(data, v)
}

// Encode cannot fail: what is answered is made of names, finite numbers and truths.
func (c Codec) Encode(v any) []byte {
	var b []byte
	var err error
	if c.CBOR {
		b, err = cbor.Marshal(v)
	} else {
		// As serde writes it: without the escapes that are for HTML.
		var buf bytes.Buffer
		e := json.NewEncoder(&buf)
		e.SetEscapeHTML(false)
		err = e.Encode(v)
		b = bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
	}
	if err != nil {
		panic(err)
	}
	return b
}

// Tagged is an enum by serde's rules: a bare name, or a name with a value.
type Tagged struct {
	Name  string
	Value []byte // encoded; nil for a bare name
}

var errTag = errors.New(`a request is a name, or {"name": value}`)

// Tag reads the outermost layer alone: the value is whole only if it can be
// decoded. The name is a part of data.
func (c Codec) Tag(data []byte) (name, value []byte, err error) {
	if c.CBOR {
		return cborTag(data)
	}
	data = bytes.Trim(data, " \t\r\n")
	bare := len(data) > 0 && data[0] == '"'
	if !bare {
		if len(data) < 2 || data[0] != '{' || data[len(data)-1] != '}' {
			return nil, nil, errTag
		}
		data = bytes.Trim(data[1:len(data)-1], " \t\r\n")
	}
	if len(data) < 2 || data[0] != '"' {
		return nil, nil, errTag
	}
	n := 1
	for n < len(data) && wordByte(data[n]) {
		n++
	}
	if n == len(data) || data[n] != '"' || n == 1 {
		return nil, nil, errTag
	}
	name, data = data[1:n], bytes.TrimLeft(data[n+1:], " \t\r\n")
	if bare {
		if len(data) > 0 {
			return nil, nil, errTag
		}
		return name, nil, nil
	}
	if len(data) < 2 || data[0] != ':' {
		return nil, nil, errTag
	}
	return name, data[1:], nil
}

func cborTag(data []byte) (name, value []byte, err error) {
	bare := len(data) > 0 && data[0] != 0xa1
	if !bare && len(data) > 0 {
		data = data[1:]
	}
	if len(data) == 0 {
		return nil, nil, errTag
	}
	n, head := int(data[0])-0x60, 1
	if data[0] == 0x78 && len(data) > 1 {
		n, head = int(data[1]), 2
	} else if n > 23 {
		return nil, nil, errTag
	}
	if n <= 0 || len(data) < head+n {
		return nil, nil, errTag
	}
	name, value = data[head:head+n], data[head+n:]
	for _, b := range name {
		if !wordByte(b) {
			return nil, nil, errTag
		}
	}
	if bare != (len(value) == 0) {
		return nil, nil, errTag
	}
	if bare {
		value = nil
	}
	return name, value, nil
}

func wordByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_'
}

// Tagged is Tag with the name as a string.
func (c Codec) Tagged(data []byte) (Tagged, error) {
	name, value, err := c.Tag(data)
	return Tagged{string(name), value}, err
}

// Value reads the value of a tag.
func Value[T any](c Codec, t Tagged) (v T, err error) {
	if t.Value == nil {
		return v, fmt.Errorf("%s needs a value", t.Name)
	}
	if err = c.Decode(t.Value, &v); err != nil {
		return v, fmt.Errorf("%s: %w", t.Name, err)
	}
	return v, nil
}
