package model

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-gl/mathgl/mgl32"
)

// mtlDecoder reads the materials of an OBJ file: the MTL specification of Alias,
// and the fields for physically based rendering that Exocortex added (Pr, Pm, Ke,
// norm and their maps). A classic exponent Ns becomes a roughness (Walter et al.,
// 2007: alpha = sqrt(2 / (Ns + 2)), and roughness is its root).
type mtlDecoder struct {
	obj      *objDecoder
	m        *Model
	files    [][]byte // by picture: the file, nil if it was composed
	index    map[string]int
	textures map[mtlTexture]int
	pictures map[string]int
}

// mtlTexture is a texture that is there once: two of one picture may differ.
type mtlTexture struct {
	picture int
	clamp   bool
}

// mtlMap is a map_ statement.
type mtlMap struct {
	file          string
	offset, scale mgl32.Vec2
	clamp         bool
	bump          float32
}

// mtlMaterial is a material as its statements say it.
type mtlMaterial struct {
	Material
	exponent                                  float32 // Ns, negative is none
	pbr                                       bool
	emissive                                  bool
	base, alpha, rough, metal, glow, bump, nm *mtlMap
}

func (t *mtlDecoder) read() error {
	for _, name := range t.obj.libraries {
		data, err := t.fetch(name)
		if err != nil {
			return err
		}
		if err := t.library(name, data); err != nil {
			return err
		}
	}
	return nil
}

func (t *mtlDecoder) fetch(name string) ([]byte, error) {
	b, err := fetch(t.obj.ctx, objURI(name), t.obj.open)
	if err != nil {
		return nil, err
	}
	if t.obj.bytes -= int64(len(b)); t.obj.bytes < 0 {
		return nil, &LimitError{"bytes in all files together", t.obj.l.Bytes}
	}
	return b, nil
}

func (t *mtlDecoder) library(name string, data []byte) error {
	line := 0
	bad := func(err error) error {
		where := name
		if line > 0 {
			where += ", line " + strconv.Itoa(line)
		}
		return &FormatError{Format: "MTL", Where: where, Err: err}
	}
	text, err := objText(data)
	if err != nil {
		return bad(err)
	}
	var all []*mtlMaterial
	err = objLines(text, &line, func(b []byte) error {
		word, rest := objWord(b)
		if string(word) == "newmtl" {
			if len(t.m.Materials)+len(all) >= t.obj.l.Items {
				return &LimitError{"materials", int64(t.obj.l.Items)}
			}
			m := &mtlMaterial{Material: DefaultMaterial(), exponent: -1}
			m.Name, m.Metallic = string(bytes.TrimSpace(rest)), 0
			all = append(all, m)
			return nil
		}
		if len(word) == 0 || len(all) == 0 {
			return nil
		}
		return all[len(all)-1].statement(strings.ToLower(string(word)), rest)
	})
	if err != nil {
		return bad(err)
	}
	line = 0
	used := map[string]bool{}
	for _, n := range t.obj.materials {
		used[n] = true
	}
	for _, m := range all {
		if _, ok := t.index[m.Name]; ok || !used[m.Name] {
			continue
		}
		if err := t.finish(m); err != nil {
			return bad(fmt.Errorf("material %q: %w", m.Name, err))
		}
		t.index[m.Name] = len(t.m.Materials)
		t.m.Materials = append(t.m.Materials, m.Material)
	}
	return nil
}

func (m *mtlMaterial) statement(word string, rest []byte) error {
	maps := map[string]**mtlMap{
		"map_kd": &m.base, "map_d": &m.alpha, "map_pr": &m.rough, "map_pm": &m.metal, "map_ke": &m.glow,
		"map_bump": &m.bump, "bump": &m.bump, "norm": &m.nm, "map_kn": &m.nm,
	}
	if to, ok := maps[word]; ok {
		var err error
		*to, err = parseMap(rest)
		m.pbr = m.pbr || word == "map_pr" || word == "map_pm"
		return err
	}
	switch word {
	case "kd", "ke", "d", "tr", "ns", "pr", "pm":
	default:
		return nil
	}
	if w, _ := objWord(rest); string(w) == "spectral" || string(w) == "xyz" {
		return nil // colours by other means are not read
	}
	var f [3]float32
	if word == "d" {
		if w, after := objWord(rest); string(w) == "-halo" {
			rest = after
		}
	}
	n, err := objFloats(rest, f[:])
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("%s has no number; export the file again", word)
	}
	if n == 1 { // one number is a grey
		f[1], f[2] = f[0], f[0]
	}
	switch word {
	case "kd":
		m.BaseColor[0], m.BaseColor[1], m.BaseColor[2] = f[0], f[1], f[2]
	case "ke":
		m.Emissive, m.emissive = f, true
	case "d":
		m.BaseColor[3] = min(max(f[0], 0), 1)
	case "tr":
		m.BaseColor[3] = 1 - min(max(f[0], 0), 1)
	case "ns":
		m.exponent = max(f[0], 0)
	case "pr":
		m.Roughness, m.pbr = min(max(f[0], 0), 1), true
	case "pm":
		m.Metallic, m.pbr = min(max(f[0], 0), 1), true
	}
	return nil
}

// maxMapValue keeps sums and products of the options of a map finite.
const maxMapValue = 1e9

// parseMap reads the options of a map and then the name of its file, which may
// have spaces in it.
func parseMap(rest []byte) (*mtlMap, error) {
	m := &mtlMap{scale: mgl32.Vec2{1, 1}, bump: 1}
	// Options and how many words follow them at most; -o, -s and -t end earlier where
	// a word is no number.
	options := map[string]int{
		"-blendu": 1, "-blendv": 1, "-cc": 1, "-clamp": 1, "-texres": 1, "-imfchan": 1, "-type": 1,
		"-bm": 1, "-boost": 1, "-mm": 2, "-o": 3, "-s": 3, "-t": 3,
	}
	for {
		word, after := objWord(rest)
		name := strings.ToLower(string(word))
		count, ok := options[name]
		if !ok {
			break
		}
		var f [3]float32
		n := 0
		for rest = after; n < count; n++ {
			word, after := objWord(rest)
			v, number := parseFloat(word)
			if !number && count > 1 {
				break
			}
			if name == "-clamp" {
				m.clamp = strings.EqualFold(string(word), "on")
			}
			if v > maxMapValue || v < -maxMapValue {
				return nil, fmt.Errorf("the option %s has a value beyond %g; export the file again", name, float64(maxMapValue))
			}
			f[n], rest = v, after
		}
		switch {
		case n == 0:
			return nil, fmt.Errorf("the option %s has no value; export the file again", name)
		case name == "-o":
			m.offset = mgl32.Vec2{f[0], f[1]}
		case name == "-s":
			m.scale = mgl32.Vec2{f[0], f[1]}
			if n == 1 {
				m.scale[1] = 1
			}
		case name == "-bm":
			m.bump = f[0]
		}
	}
	m.file = string(bytes.TrimSpace(rest))
	if m.file == "" {
		return nil, errors.New("a map names no file; export the file again")
	}
	return m, nil
}
