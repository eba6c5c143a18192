package glyph

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
)

// needed are the tables of a font that pictures in cells are made from. Variations (a
// variable font is its default instance), Apple's layout and metrics of lines that run
// down are not; nor are bitmaps without colour, which are smaller than what is drawn.
var needed = []string{"cmap", "head", "hhea", "hmtx", "maxp", "OS/2", "post", "name", "glyf", "loca", "CFF ", "CFF2",
	"GSUB", "GPOS", "GDEF", "CBLC", "CBDT", "sbix", "COLR", "CPAL"}

// table is where a table lies in a file, and where the directory says so.
type table struct{ entry, at, size int64 }

// patch is bytes of a file that are read as others.
type patch struct {
	at    int64
	bytes []byte
}

// masked is a file as it is read: without the tables that are not needed, since whatever
// is read of a font takes time and room before anybody asks for it.
type masked struct {
	*bytes.Reader
	patches []patch
}

func mask(data []byte, fonts []map[string]table, foreign bool) *masked {
	m := &masked{Reader: bytes.NewReader(data)}
	for _, tables := range fonts {
		for tag, t := range tables {
			if !slices.Contains(needed, tag) && (foreign || tag != "morx") {
				m.patches = append(m.patches, patch{t.entry, []byte("none")})
			}
			// Of version 1, whose pictures are programs, only what is as in version 0.
			if tag == "COLR" && t.size >= 14 && binary.BigEndian.Uint16(data[t.at:]) != 0 {
				m.patches = append(m.patches, patch{t.at, []byte{0, 0}})
			}
		}
	}
	return m
}

func (m *masked) Read(b []byte) (int, error) {
	at, _ := m.Seek(0, io.SeekCurrent)
	n, err := m.Reader.Read(b)
	m.cover(b[:n], at)
	return n, err
}

func (m *masked) ReadAt(b []byte, at int64) (int, error) {
	n, err := m.Reader.ReadAt(b, at)
	m.cover(b[:n], at)
	return n, err
}

func (m *masked) cover(b []byte, at int64) {
	for _, p := range m.patches {
		for i, x := range p.bytes {
			if k := p.at + int64(i) - at; k >= 0 && k < int64(len(b)) {
				b[k] = x
			}
		}
	}
}
