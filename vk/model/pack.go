package model

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/url"
	"path"
	"strings"
)

// Pack makes one GLB out of a model file and its neighbours: name is a .gltf, .glb
// or .obj within fsys, and what it refers to is looked for there, relative to it.
// The result refers to nothing and so can be a lump. What a glTF file says besides
// (extensions, extras) is kept as it is, and pictures are kept byte for byte. The
// same files give the same bytes. Errors are those of Decode, of fsys, and
// ErrUnknown.
func Pack(fsys fs.FS, name string) ([]byte, error) {
	l := Limits{}.withDefaults()
	data, err := readFile(fsys, name, l)
	if err != nil {
		return nil, err
	}
	open := neighbours(fsys, name, l)
	var out []byte
	switch sniffModel(data) {
	case "":
		return nil, ErrUnknown
	case "OBJ":
		m, files, err := decodeOBJ(context.Background(), data, open, l)
		if err != nil {
			return nil, err
		}
		if out, err = encodeStatic(m, files); err != nil {
			return nil, &FormatError{Format: "OBJ", Err: err}
		}
	default:
		if _, err := decodeGLTF(context.Background(), data, open, l); err != nil {
			return nil, err
		}
		if out, err = packGLTF(data, open); err != nil {
			return nil, err
		}
	}
	// A lump that nobody can load is found here, and not by those who look at it.
	if _, err := Decode(context.Background(), out, nil, l); err != nil {
		return nil, fmt.Errorf("what was packed cannot be read back: %w", err)
	}
	return out, nil
}

func readFile(fsys fs.FS, name string, l Limits) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if info.Size() > l.Bytes {
		return nil, &LimitError{"bytes", l.Bytes}
	}
	return fs.ReadFile(fsys, name)
}

// neighbours opens what lies beside a file, and nothing outside of fsys. A name
// whose case is wrong is found, as it is where such files are made.
func neighbours(fsys fs.FS, name string, l Limits) Opener {
	return func(_ context.Context, uri string) ([]byte, error) {
		u, err := url.Parse(uri)
		if err != nil || u.Scheme != "" || u.Host != "" {
			return nil, errors.New("only files beside it are packed; put it there and name it")
		}
		at := path.Join(path.Dir(name), u.Path)
		if path.IsAbs(u.Path) || !fs.ValidPath(at) {
			return nil, errors.New("it is outside of the folder; put it beside the file that names it")
		}
		b, err := readFile(fsys, at, l)
		if errors.Is(err, fs.ErrNotExist) {
			entries, _ := fs.ReadDir(fsys, path.Dir(at))
			for _, e := range entries {
				if strings.EqualFold(e.Name(), path.Base(at)) {
					return readFile(fsys, path.Join(path.Dir(at), e.Name()), l)
				}
			}
		}
		return b, err
	}
}

// object is a JSON object of which only some fields are touched.
type object map[string]json.RawMessage

func (o object) set(name string, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // numbers and strings always can
	}
	o[name] = raw
}

func (o object) number(name string) int {
	var n int
	json.Unmarshal(o[name], &n) // the decoder has seen that it is one
	return n
}

// glbBody is the binary chunk while it grows.
type glbBody struct{ bytes.Buffer }

// add appends b at a multiple of four bytes and returns where that is.
func (g *glbBody) add(b []byte) int {
	for g.Len()%4 != 0 {
		g.WriteByte(0)
	}
	at := g.Len()
	g.Write(b)
	return at
}

// packGLTF joins all buffers to one and moves pictures into it.
func packGLTF(data []byte, open Opener) ([]byte, error) {
	text, bin := data, []byte(nil)
	if isGLB(data) {
		var err error
		if text, bin, err = splitGLB(data); err != nil {
			return nil, err
		}
	}
	var doc object
	var buffers, views, images []object
	if err := json.Unmarshal(trimBOM(text), &doc); err != nil {
		return nil, badGLTF("", "%w", jsonError(err))
	}
	for name, to := range map[string]*[]object{"buffers": &buffers, "bufferViews": &views, "images": &images} {
		if doc[name] == nil {
			continue
		}
		if err := json.Unmarshal(doc[name], to); err != nil {
			return nil, badGLTF(name, "%w", jsonError(err))
		}
	}
	var body glbBody
	at := make([]int, len(buffers))
	for i, b := range buffers {
		content := bin
		if uri := b.text("uri"); uri != "" {
			var err error
			if content, err = fetch(context.Background(), uri, open); err != nil {
				return nil, badGLTF(item("buffers", i), "%w", err)
			}
		} else if i != 0 || bin == nil {
			return nil, badGLTF(item("buffers", i), "it has neither a URI nor a binary chunk; export the file again")
		}
		n := b.number("byteLength")
		if n < 1 || n > len(content) {
			return nil, badGLTF(item("buffers", i), "it is %d bytes long and ought to be %d; fetch or export it again", len(content), n)
		}
		at[i] = body.add(content[:n])
	}
	for i, v := range views {
		b := v.number("buffer")
		if b < 0 || b >= len(at) {
			return nil, badGLTF(item("bufferViews", i), "it names buffer %d, which is not there; export the file again", b)
		}
		if v["extensions"] != nil {
			return nil, badGLTF(item("bufferViews", i), "%w", ErrExtension)
		}
		v.set("buffer", 0)
		v.set("byteOffset", v.number("byteOffset")+at[b])
	}
	for i, m := range images {
		uri := m.text("uri")
		if uri == "" {
			continue
		}
		content, err := fetch(context.Background(), uri, open)
		if err != nil {
			return nil, badGLTF(item("images", i), "%w", err)
		}
		kind := mimeType(content)
		if kind == "" {
			return nil, badGLTF(item("images", i), "it is neither PNG, JPEG nor WebP; convert it")
		}
		delete(m, "uri")
		m.set("mimeType", kind)
		m.set("bufferView", len(views))
		v := object{}
		v.set("buffer", 0)
		v.set("byteOffset", body.add(content))
		v.set("byteLength", len(content))
		views = append(views, v)
	}
	delete(doc, "buffers")
	if body.Len() > 0 {
		doc.set("buffers", []any{map[string]int{"byteLength": body.Len()}})
	}
	if views != nil {
		doc.set("bufferViews", views)
	}
	if images != nil {
		doc.set("images", images)
	}
	packed, err := json.Marshal(doc)
	if err != nil {
		return nil, badGLTF("", "%w", err)
	}
	return joinGLB(packed, body.Bytes())
}

func (o object) text(name string) string {
	var s string
	json.Unmarshal(o[name], &s) // absent, or the decoder has seen that it is one
	return s
}

func mimeType(picture []byte) string {
	format, _ := sniffPicture(picture)
	return map[string]string{"PNG": "image/png", "JPEG": "image/jpeg", "WebP": "image/webp"}[format]
}

// joinGLB writes what splitGLB reads.
func joinGLB(text, bin []byte) ([]byte, error) {
	pad := func(b []byte) int { return -len(b) & 3 }
	size := glbHeader + 8 + len(text) + pad(text)
	if len(bin) > 0 {
		size += 8 + len(bin) + pad(bin)
	}
	if int64(size) > math.MaxUint32 {
		return nil, &FormatError{Format: "GLB", Err: &LimitError{"bytes", math.MaxUint32}}
	}
	out := make([]byte, 0, size)
	out = append(out, "glTF"...)
	out = binary.LittleEndian.AppendUint32(out, 2)
	out = binary.LittleEndian.AppendUint32(out, uint32(size))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(text)+pad(text)))
	out = binary.LittleEndian.AppendUint32(out, glbJSON)
	out = append(append(out, text...), "   "[:pad(text)]...)
	if len(bin) > 0 {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(bin)+pad(bin)))
		out = binary.LittleEndian.AppendUint32(out, glbBIN)
		out = append(append(out, bin...), "\x00\x00\x00"[:pad(bin)]...)
	}
	return out, nil
}
