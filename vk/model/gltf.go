package model

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/qmuntal/gltf"
)

// gltfExtensions are the extensions of glTF that a file may require. Others that a
// file merely uses are passed over, as the specification wants.
var gltfExtensions = []string{
	"KHR_lights_punctual", "KHR_materials_emissive_strength", "KHR_materials_unlit",
	"KHR_mesh_quantization", "KHR_texture_transform", "EXT_texture_webp",
}

// gltfFile is the top of a document. Its lists are read element by element, so
// that an error names the element, and so that their length is bounded first.
type gltfFile struct {
	Asset *struct {
		Version    string `json:"version"`
		MinVersion string `json:"minVersion"`
	} `json:"asset"`
	ExtensionsRequired []string                   `json:"extensionsRequired"`
	Extensions         map[string]json.RawMessage `json:"extensions"`
	Scene              *int                       `json:"scene"`
	Accessors          []json.RawMessage          `json:"accessors"`
	Animations         []json.RawMessage          `json:"animations"`
	Buffers            []json.RawMessage          `json:"buffers"`
	BufferViews        []json.RawMessage          `json:"bufferViews"`
	Images             []json.RawMessage          `json:"images"`
	Materials          []json.RawMessage          `json:"materials"`
	Meshes             []json.RawMessage          `json:"meshes"`
	Nodes              []json.RawMessage          `json:"nodes"`
	Samplers           []json.RawMessage          `json:"samplers"`
	Scenes             []json.RawMessage          `json:"scenes"`
	Skins              []json.RawMessage          `json:"skins"`
	Textures           []json.RawMessage          `json:"textures"`
}

// gltfDecoder builds a Model out of one document.
type gltfDecoder struct {
	ctx  context.Context
	open Opener
	l    Limits
	left Limits // what is not spent yet
	work int64  // elements that may still be read
	bin  []byte // the binary chunk of a GLB
	doc  gltf.Document
	m    *Model

	buffers  [][]byte // nil until asked for
	pictures []int    // by image: index in m.Pictures, -1 until asked for
	meshes   [][]int  // by mesh: its primitives in m.Meshes
	joints   []int    // by m.Meshes: the largest joint that moves it
	nodes    []int    // by node of the file: index in m.Nodes
	shared   map[int]int
	lights   []json.RawMessage
}

// badGLTF is an error at a place of the file.
func badGLTF(where, format string, args ...any) error {
	return &FormatError{Format: "glTF", Where: where, Err: fmt.Errorf(format, args...)}
}

func item(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

// Chunks of a GLB (glTF 2.0, chapter 4):
//
//	"glTF" | version u32 = 2 | length u32 of the file
//	length u32 | "JSON" | text, padded with spaces
//	length u32 | "BIN\0" | bytes, padded with zeros     (optional)
const (
	glbHeader = 12
	glbJSON   = 0x4e4f534a
	glbBIN    = 0x004e4942
)

func isGLB(data []byte) bool { return len(data) >= 4 && string(data[:4]) == "glTF" }

// splitGLB returns the two chunks of a GLB.
func splitGLB(data []byte) (text, bin []byte, err error) {
	bad := func(s string) ([]byte, []byte, error) {
		return nil, nil, &FormatError{Format: "GLB", Err: errors.New(s)}
	}
	if len(data) < glbHeader+8 {
		return bad(errShort.Error())
	}
	if v := binary.LittleEndian.Uint32(data[4:]); v != 2 {
		return bad(fmt.Sprintf("it is of version %d; convert it to version 2", v))
	}
	length := int64(binary.LittleEndian.Uint32(data[8:]))
	if length > int64(len(data)) {
		return bad(errShort.Error())
	}
	if length < glbHeader+8 {
		return bad("the length in its header is too small; export it again")
	}
	rest := data[glbHeader:length]
	for first := true; len(rest) >= 8; first = false {
		n, kind := int64(binary.LittleEndian.Uint32(rest)), binary.LittleEndian.Uint32(rest[4:])
		if n > int64(len(rest)-8) {
			return bad("a chunk leaves the file; export it again")
		}
		chunk := rest[8 : 8+n]
		switch {
		case first && kind != glbJSON:
			return bad("it does not begin with a chunk of JSON; export it again")
		case first:
			text = chunk
		case kind == glbBIN && bin == nil:
			bin = chunk
		}
		rest = rest[8+n:]
	}
	return text, bin, nil
}

func decodeGLTF(ctx context.Context, data []byte, open Opener, l Limits) (*Model, error) {
	text, bin := data, []byte(nil)
	if isGLB(data) {
		var err error
		if text, bin, err = splitGLB(data); err != nil {
			return nil, err
		}
	}
	d := &gltfDecoder{ctx: ctx, open: open, l: l, left: l, bin: bin, m: new(Model)}
	// Elements may be read more often than they are there: a small file could ask
	// for days of it.
	d.work = 16*int64(l.Vertices) + int64(l.Indices) + int64(l.Keys)
	d.left.Bytes -= int64(len(data))
	for _, step := range []func() error{
		func() error { return d.parse(text) },
		d.readMaterials, d.readTextures, d.readMeshes, d.readLights, d.readNodes,
		d.readSkins, d.checkSkins, d.readAnimations,
	} {
		if err := step(); err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	if err := d.m.bound(); err != nil {
		return nil, badGLTF("nodes", "%w", err)
	}
	return d.m, nil
}

func (d *gltfDecoder) parse(text []byte) error {
	var f gltfFile
	text = trimBOM(text)
	if err := checkTokens(text, maxTokens); err != nil {
		return &FormatError{Format: "glTF", Err: err}
	}
	err := json.Unmarshal(text, &f)
	// In glTF 1 the lists are objects, which is an error too, but not the one to name.
	if kind := (*json.UnmarshalTypeError)(nil); err != nil && (f.Asset == nil || strings.HasPrefix(f.Asset.Version, "2.") || !errors.As(err, &kind)) {
		return &FormatError{Format: "glTF", Err: jsonError(err)}
	}
	if f.Asset == nil {
		return badGLTF("asset", "it is missing; this may be no glTF, or one of version 1: convert it to glTF 2.0")
	}
	if v := f.Asset.Version; !strings.HasPrefix(v, "2.") || (f.Asset.MinVersion != "" && f.Asset.MinVersion != "2.0") {
		return badGLTF("asset", "version %q is not read; convert it to glTF 2.0", v)
	}
	var lacking []string
	for _, e := range f.ExtensionsRequired {
		if !slices.Contains(gltfExtensions, e) {
			lacking = append(lacking, e)
		}
	}
	if lacking != nil {
		return badGLTF("extensionsRequired", "%s: %w", strings.Join(lacking, ", "), ErrExtension)
	}
	d.doc.Scene = f.Scene
	read := func(e error) {
		if err == nil {
			err = e
		}
	}
	read(readList(&d.doc.Accessors, f.Accessors, "accessors", d.l))
	read(readList(&d.doc.Animations, f.Animations, "animations", d.l))
	read(readList(&d.doc.Buffers, f.Buffers, "buffers", d.l))
	read(readList(&d.doc.BufferViews, f.BufferViews, "bufferViews", d.l))
	read(readList(&d.doc.Images, f.Images, "images", d.l))
	read(readList(&d.doc.Materials, f.Materials, "materials", d.l))
	read(readList(&d.doc.Meshes, f.Meshes, "meshes", d.l))
	read(readList(&d.doc.Nodes, f.Nodes, "nodes", d.l))
	read(readList(&d.doc.Samplers, f.Samplers, "samplers", d.l))
	read(readList(&d.doc.Scenes, f.Scenes, "scenes", d.l))
	read(readList(&d.doc.Skins, f.Skins, "skins", d.l))
	read(readList(&d.doc.Textures, f.Textures, "textures", d.l))
	if raw, ok := f.Extensions["KHR_lights_punctual"]; ok {
		var ext struct {
			Lights []json.RawMessage `json:"lights"`
		}
		if e := json.Unmarshal(raw, &ext); e != nil {
			read(&FormatError{Format: "glTF", Where: "KHR_lights_punctual", Err: jsonError(e)})
		}
		d.lights = ext.Lights
	}
	d.buffers = make([][]byte, len(d.doc.Buffers))
	d.pictures = make([]int, len(d.doc.Images))
	for i := range d.pictures {
		d.pictures[i] = -1
	}
	return err
}

// readList decodes the elements of one list.
func readList[T any](to *[]*T, from []json.RawMessage, name string, l Limits) error {
	if len(from) > l.Items {
		return badGLTF(name, "%w", &LimitError{name, int64(l.Items)})
	}
	*to = make([]*T, len(from))
	for i, raw := range from {
		if err := json.Unmarshal(raw, &(*to)[i]); err != nil {
			return &FormatError{Format: "glTF", Where: item(name, i), Err: jsonError(err)}
		}
		if (*to)[i] == nil {
			return badGLTF(item(name, i), "it is null; export the file again")
		}
	}
	return nil
}

// jsonError says what is wrong with JSON in one sentence.
func jsonError(err error) error {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Errorf("%s is a %s, which cannot be; export the file again", kind.Field, kind.Value)
	case errors.As(err, &kind):
		return fmt.Errorf("it is a %s, which cannot be; export the file again", kind.Value)
	case errors.As(err, &syntax):
		return fmt.Errorf("the JSON is broken near byte %d (%v); fetch or export the file again", syntax.Offset, syntax)
	}
	return fmt.Errorf("%s; export the file again", strings.TrimPrefix(err.Error(), "gltf: "))
}

func trimBOM(b []byte) []byte {
	if len(b) >= 3 && b[0] == 0xef && b[1] == 0xbb && b[2] == 0xbf {
		return b[3:]
	}
	return b
}

// extension decodes one extension of an object, if it has it.
func extension(e gltf.Extensions, name, where string, to any) (bool, error) {
	v, ok := e[name]
	if !ok {
		return false, nil
	}
	raw, ok := v.(json.RawMessage)
	if !ok { // somebody in the process registered a decoder of his own
		var err error
		if raw, err = json.Marshal(v); err != nil {
			return false, badGLTF(where, "%s: %w", name, err)
		}
	}
	if err := json.Unmarshal(raw, to); err != nil {
		return false, badGLTF(where, "%s: %w", name, jsonError(err))
	}
	return true, nil
}
