// Package serde writes and reads the JSON that services of a space speak: JSON
// by the rules of the Rust library of that name.
//
// The key idea: an enum is tagged from outside, "List" or {"Get":{"name":"x"}},
// so that a request splits into the name of a variant and a body. This package
// does that split, and little else, without encoding/json: it keeps a guest a
// megabyte smaller and reads a request in place. What it reads it checks whole.
package serde

import (
	"errors"
	"strconv"
	"unicode/utf8"
)

// ErrSyntax reports data that are not the JSON that was expected.
var ErrSyntax = errors.New("not JSON of the expected form")

// maxDepth bounds how deep values may nest: the reader recurses, and a guest's
// stack is small. serde_json's own limit is 128.
const maxDepth = 128

// Tag splits an externally tagged enum. body is a piece of data, nil for a
// variant without one.
func Tag(data []byte) (variant string, body []byte, err error) {
	r := reader{data: data}
	r.space()
	switch r.peek() {
	case '"':
		variant, err = r.text()
	case '{':
		r.pos++
		r.space()
		if variant, err = r.text(); err != nil {
			return "", nil, err
		}
		if !r.take(':') {
			return "", nil, ErrSyntax
		}
		if body, err = r.value(1); err != nil {
			return "", nil, err
		}
		if !r.take('}') {
			return "", nil, ErrSyntax
		}
	default:
		err = ErrSyntax
	}
	if err != nil || !r.end() {
		return "", nil, ErrSyntax
	}
	return variant, body, nil
}

// Fields calls fn with each member of an object, and stops at its first error.
// value is a piece of data.
func Fields(data []byte, fn func(name string, value []byte) error) error {
	r := reader{data: data}
	if !r.take('{') {
		return ErrSyntax
	}
	for first := true; !r.take('}'); first = false {
		if !first && !r.take(',') {
			return ErrSyntax
		}
		r.space()
		name, err := r.text()
		if err != nil {
			return err
		}
		if !r.take(':') {
			return ErrSyntax
		}
		v, err := r.value(1)
		if err != nil {
			return err
		}
		if err := fn(name, v); err != nil {
			return err
		}
	}
	if !r.end() {
		return ErrSyntax
	}
	return nil
}

// Elements calls fn with each element of an array, and stops at its first error.
func Elements(data []byte, fn func(value []byte) error) error {
	r := reader{data: data}
	if !r.take('[') {
		return ErrSyntax
	}
	for first := true; !r.take(']'); first = false {
		if !first && !r.take(',') {
			return ErrSyntax
		}
		v, err := r.value(1)
		if err != nil {
			return err
		}
		if err := fn(v); err != nil {
			return err
		}
	}
	if !r.end() {
		return ErrSyntax
	}
	return nil
}

// String reads a JSON string.
func String(data []byte) (string, error) {
	r := reader{data: data}
	r.space()
	s, err := r.text()
	if err != nil || !r.end() {
		return "", ErrSyntax
	}
	return s, nil
}

// Strings reads an array of strings.
func Strings(data []byte) (ss []string, err error) {
	err = Elements(data, func(v []byte) error {
		s, err := String(v)
		ss = append(ss, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	return ss, nil
}

// LumpID reads an array of 32 numbers.
func LumpID(data []byte) (id [32]byte, err error) {
	n := 0
	err = Elements(data, func(v []byte) error {
		b, err := strconv.ParseUint(string(v), 10, 8)
		if err != nil || n == len(id) {
			return ErrSyntax
		}
		id[n] = byte(b)
		n++
		return nil
	})
	if err != nil || n != len(id) {
		return [32]byte{}, ErrSyntax
	}
	return id, nil
}

// AppendTagged appends {"variant":body}, or "variant" where body is nil.
func AppendTagged(dst []byte, variant string, body []byte) []byte {
	if body == nil {
		return AppendString(dst, variant)
	}
	dst = AppendString(append(dst, '{'), variant)
	dst = append(append(dst, ':'), body...)
	return append(dst, '}')
}

// AppendUint appends a number.
func AppendUint(dst []byte, n uint64) []byte { return strconv.AppendUint(dst, n, 10) }

// AppendFloat appends a number; what JSON cannot say is null, as serde has it.
func AppendFloat(dst []byte, f float64) []byte {
	if f-f != 0 {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// AppendLumpID appends an array of 32 numbers.
func AppendLumpID(dst []byte, id [32]byte) []byte {
	dst = append(dst, '[')
	for i, b := range id {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendUint(dst, uint64(b), 10)
	}
	return append(dst, ']')
}

// AppendString appends a JSON string. Bytes that are not UTF-8 become U+FFFD.
func AppendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		}
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
		i++
	}
	return append(dst, '"')
}
