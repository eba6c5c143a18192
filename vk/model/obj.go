package model

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/go-gl/mathgl/mgl32"
)

// objDecoder reads Wavefront OBJ (the appendix of the Advanced Visualizer manual,
// version 3.0): polygons, lines and points; no curves. Vertices may have colours
// behind their coordinates, as many programs write them.
type objDecoder struct {
	ctx   context.Context
	open  Opener
	l     Limits
	bytes int64
	line  int

	positions []mgl32.Vec3
	colors    [][4]uint8 // nil until a vertex has one
	uvs       []mgl32.Vec2
	normals   []mgl32.Vec3 // of the file, and those that were made

	smooth    uint32              // smoothing group, 0 for none
	smoothed  map[objSmooth]int32 // the normal that a vertex has in a group
	groups    []*objGroup         // in the order of their first face
	group     map[objKey]*objGroup
	key       objKey
	objects   []string
	materials []string // by usemtl, "" is none
	material  map[string]int
	libraries []string
	corners   int
	face      []objCorner // of the line that is read
}

type objSmooth struct {
	vertex int32
	group  uint32
}

// objCorner names a position, a texture coordinate and a normal; -1 is none.
type objCorner struct{ v, t, n int32 }

type objKey struct {
	object, material int
	topology         Topology
}

type objGroup struct {
	objKey
	corners []objCorner
}

func isOBJ(data []byte) bool {
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		data, _ = objText(data[:min(len(data), 4096)&^1])
	}
	data = trimBOM(data)
	// Comments may go on for a while.
	for head := data[:min(len(data), 64<<10)]; len(head) > 0; {
		line, rest, _ := bytes.Cut(head, []byte{'\n'})
		head = rest
		if bytes.IndexByte(line, 0) >= 0 {
			return false
		}
		word, _ := objWord(line)
		switch string(word) {
		case "v", "vt", "vn", "vp", "f", "l", "p", "o", "g", "s", "usemtl", "mtllib":
			return true
		case "":
		default:
			if word[0] != '#' {
				return false
			}
		}
	}
	return false
}

// objText returns UTF-8 of a text that may be UTF-16 with a mark.
func objText(data []byte) ([]byte, error) {
	big := bytes.HasPrefix(data, []byte{0xfe, 0xff})
	if !big && !bytes.HasPrefix(data, []byte{0xff, 0xfe}) {
		return trimBOM(data), nil
	}
	if len(data)%2 != 0 {
		return nil, errors.New("its UTF-16 ends within a character; fetch it again")
	}
	units := make([]uint16, 0, len(data)/2)
	for i := 2; i < len(data); i += 2 {
		if big {
			units = append(units, uint16(data[i])<<8|uint16(data[i+1]))
		} else {
			units = append(units, uint16(data[i+1])<<8|uint16(data[i]))
		}
	}
	return []byte(string(utf16.Decode(units))), nil
}

// objWord cuts the first word off a line.
func objWord(line []byte) (word, rest []byte) {
	i := 0
	for i < len(line) && (line[i] <= ' ') {
		i++
	}
	j := i
	for j < len(line) && line[j] > ' ' {
		j++
	}
	return line[i:j], line[j:]
}

// objLines yields the lines of a text: joined where one ends in a backslash, and
// without comments. It stops at the first error.
func objLines(text []byte, at *int, each func(line []byte) error) error {
	var joined []byte
	for n := 1; len(text) > 0; n++ {
		line, rest, _ := bytes.Cut(text, []byte{'\n'})
		text = rest
		line = bytes.TrimRight(line, " \t\r")
		if joined == nil {
			*at = n
		}
		if bytes.HasSuffix(line, []byte{'\\'}) {
			joined = append(append(joined, line[:len(line)-1]...), ' ')
			continue
		}
		if joined != nil {
			line = append(joined, line...)
			joined = nil
		}
		// "#" within a word is part of it: names have it.
		for from := 0; ; {
			i := bytes.IndexByte(line[from:], '#')
			if i < 0 {
				break
			}
			if from += i; from == 0 || line[from-1] <= ' ' {
				line = line[:from]
				break
			}
			from++
		}
		if err := each(line); err != nil {
			return err
		}
	}
	if joined != nil {
		return each(joined)
	}
	return nil
}

func decodeOBJ(ctx context.Context, data []byte, open Opener, l Limits) (*Model, [][]byte, error) {
	d := &objDecoder{
		ctx: ctx, open: open, l: l, bytes: l.Bytes - int64(len(data)),
		smoothed: map[objSmooth]int32{}, group: map[objKey]*objGroup{}, material: map[string]int{"": 0},
		materials: []string{""}, objects: []string{""},
	}
	text, err := objText(data)
	if err != nil {
		return nil, nil, &FormatError{Format: "OBJ", Err: err}
	}
	if err := objLines(text, &d.line, d.statement); err != nil {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		return nil, nil, &FormatError{Format: "OBJ", Where: "line " + strconv.Itoa(d.line), Err: err}
	}
	m, files, err := d.model()
	if err != nil && ctx.Err() == nil {
		var inner *FormatError // an MTL file's own
		if !errors.As(err, &inner) {
			err = &FormatError{Format: "OBJ", Err: err}
		}
	}
	return m, files, err
}

func (d *objDecoder) statement(line []byte) error {
	word, rest := objWord(line)
	switch string(word) {
	case "v":
		return d.position(rest)
	case "vt":
		var f [3]float32
		n, err := objFloats(rest, f[:])
		if err == nil && n < 1 {
			err = errors.New("a texture coordinate has no numbers; export the file again")
		}
		if err == nil && len(d.uvs) >= d.l.Vertices {
			err = &LimitError{"texture coordinates", int64(d.l.Vertices)}
		}
		d.uvs = append(d.uvs, mgl32.Vec2{f[0], 1 - f[1]}) // rows of a picture begin at its top
		return err
	case "vn":
		var f [3]float32
		n, err := objFloats(rest, f[:])
		if err == nil && n < 3 {
			err = errors.New("a normal has fewer than three numbers; export the file again")
		}
		if err == nil && len(d.normals) >= d.l.Vertices {
			err = &LimitError{"normals", int64(d.l.Vertices)}
		}
		d.normals = append(d.normals, f)
		return err
	case "f":
		return d.polygon(rest)
	case "l":
		return d.polyline(rest)
	case "p":
		return d.points(rest)
	case "s":
		word, _ := objWord(rest)
		n, err := strconv.ParseUint(string(word), 10, 32)
		if err != nil {
			n = 0 // "off"
		}
		d.smooth = uint32(n)
	case "o":
		if len(d.objects) >= d.l.Items {
			return &LimitError{"objects", int64(d.l.Items)}
		}
		d.key.object = len(d.objects)
		d.objects = append(d.objects, string(bytes.TrimSpace(rest)))
	case "usemtl":
		name := string(bytes.TrimSpace(rest))
		i, ok := d.material[name]
		if !ok {
			if i = len(d.materials); i >= d.l.Items {
				return &LimitError{"materials", int64(d.l.Items)}
			}
			d.material[name] = i
			d.materials = append(d.materials, name)
		}
		d.key.material = i
	case "mtllib":
		return d.library(strings.TrimSpace(string(rest)))
	case "curv", "curv2", "surf", "cstype":
		return errors.New("it has free-form curves or surfaces, which are not read; export it as polygons")
	}
	return nil // what is not known says nothing about polygons
}

func (d *objDecoder) position(rest []byte) error {
	var f [7]float32
	n, err := objFloats(rest, f[:])
	if err != nil {
		return err
	}
	if n < 3 {
		return errors.New("a vertex has fewer than three numbers; export the file again")
	}
	if len(d.positions) >= d.l.Vertices {
		return &LimitError{"vertices", int64(d.l.Vertices)}
	}
	p := mgl32.Vec3{f[0], f[1], f[2]}
	if n == 4 && f[3] != 0 && f[3] != 1 { // rational
		if p = p.Mul(1 / f[3]); p[0]-p[0] != 0 || p[1]-p[1] != 0 || p[2]-p[2] != 0 {
			return errHuge
		}
	}
	d.positions = append(d.positions, p)
	if n >= 6 && d.colors == nil {
		d.colors = make([][4]uint8, len(d.positions)-1, cap(d.positions))
		for i := range d.colors {
			d.colors[i] = [4]uint8{255, 255, 255, 255}
		}
	}
	if d.colors != nil {
		c := [4]uint8{255, 255, 255, 255}
		if n >= 6 {
			c = colors(f[3:6], 3)[0]
		}
		d.colors = append(d.colors, c)
	}
	return nil
}

// library notes the files of a mtllib statement. A name may have spaces in it,
// which also stand between several names.
func (d *objDecoder) library(names string) error {
	list := []string{names}
	if strings.Count(strings.ToLower(names), ".mtl") > 1 {
		list = strings.Fields(names)
	}
	for _, n := range list {
		if len(d.libraries) >= maxLibraries {
			return &LimitError{"material files", maxLibraries}
		}
		if n != "" {
			d.libraries = append(d.libraries, n)
		}
	}
	return nil
}

// maxLibraries bounds the files of materials that a model names: each is fetched.
const maxLibraries = 64

// objURI is a name of a file as a URI relative to the file that has it. Programs on
// Windows write backslashes.
func objURI(name string) string {
	return (&url.URL{Path: strings.ReplaceAll(name, `\`, "/")}).EscapedPath()
}

// objFloats reads as many numbers as a line has, and out takes.
func objFloats(line []byte, out []float32) (n int, err error) {
	for n < len(out) {
		var word []byte
		if word, line = objWord(line); len(word) == 0 {
			return n, nil
		}
		f, ok := parseFloat(word)
		if !ok {
			return n, fmt.Errorf("%q is no finite number; export the file again", shortWord(word))
		}
		out[n] = f
		n++
	}
	return n, nil
}

func shortWord(w []byte) []byte { return w[:min(len(w), 40)] }

// parseFloat reads the usual short decimals without strconv: up to 15 digits and
// powers of ten up to 22 are exact in a float64 (Clinger, 1990).
func parseFloat(b []byte) (float32, bool) {
	i, neg := 0, false
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		neg = b[i] == '-'
		i++
	}
	var mantissa uint64
	digits, point, seen := 0, 0, false
	for ; i < len(b) && digits <= 15; i++ {
		if c := b[i] - '0'; c <= 9 {
			mantissa = mantissa*10 + uint64(c)
			if mantissa != 0 {
				digits++
			}
			if seen {
				point++
			}
		} else if b[i] == '.' && !seen {
			seen = true
		} else {
			break
		}
	}
	if i == len(b) && digits <= 15 && point <= 22 && len(b) > 0 && b[len(b)-1] != '-' && b[len(b)-1] != '+' && string(b) != "." {
		v := float64(mantissa) / powersOfTen[point]
		if neg {
			v = -v
		}
		return float32(v), true
	}
	v, err := strconv.ParseFloat(string(b), 32)
	if err != nil || math.IsInf(v, 0) || v != v {
		return 0, false
	}
	return float32(v), true
}

var powersOfTen = [...]float64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}
