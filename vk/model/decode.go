package model

import (
	"context"
	"fmt"
	"net/url"
)

// Opener returns the bytes behind a URI of a file: a neighbour's name, still
// escaped, or an ipfs:// address. data: URIs are not shown to it.
type Opener func(ctx context.Context, uri string) ([]byte, error)

// Decode reads a model: glTF 2.0 as JSON or GLB, or Wavefront OBJ. What the bytes
// are is seen in them. open gives what the file refers to; nil for a file that
// stands alone, which then must not refer to anything. The model shares no memory
// with data. Errors are a *FormatError that wraps what open or a decoder said,
// ErrUnknown, or the context's.
func Decode(ctx context.Context, data []byte, open Opener, limits Limits) (*Model, error) {
	l := limits.withDefaults()
	format := sniffModel(data)
	if format == "" {
		return nil, ErrUnknown
	}
	if int64(len(data)) > l.Bytes {
		return nil, &FormatError{Format: format, Err: &LimitError{"bytes", l.Bytes}}
	}
	if format == "OBJ" {
		m, _, err := decodeOBJ(ctx, data, open, l)
		return m, err
	}
	return decodeGLTF(ctx, data, open, l)
}

func sniffModel(data []byte) string {
	switch {
	case isGLB(data):
		return "GLB"
	case firstByte(trimBOM(data)) == '{':
		return "glTF"
	case isOBJ(data):
		return "OBJ"
	}
	return ""
}

// fetch returns the bytes behind a URI: its own if it is a data: URI, else those
// that open finds.
func fetch(ctx context.Context, uri string, open Opener) ([]byte, error) {
	if b, ok, err := dataURI(uri); ok {
		return b, err
	}
	if open == nil {
		return nil, fmt.Errorf("it needs %s: %w", shortURI(uri), ErrRelative)
	}
	b, err := open(ctx, uri)
	if err != nil {
		return nil, fmt.Errorf("it needs %s: %w", shortURI(uri), err)
	}
	return b, nil
}

// shortURI is a URI for an error: quoted, and cut where it is long.
func shortURI(uri string) string {
	if s, err := url.PathUnescape(uri); err == nil {
		uri = s
	}
	const most = 120
	if len(uri) > most {
		uri = uri[:most] + "..."
	}
	return fmt.Sprintf("%q", uri)
}
