package model

import "fmt"

// Limits bound what a decoder builds out of bytes that others wrote. A field that
// is 0 takes its default; Default* says why it is what it is.
type Limits struct {
	Bytes     int64 // of the file, and of all files that it refers to together
	Vertices  int   // of a model, each morph target counted again
	Indices   int   // of a model, after strips and fans are resolved
	Pixels    int   // of a picture, all faces together
	AllPixels int   // of a model, all pictures together
	Side      int   // the longer side of a picture, in pixels
	Items     int   // nodes, meshes, materials, textures, accessors...: of each kind
	Depth     int   // of the hierarchy of nodes
	Joints    int   // of a skin; all skins together have Items at most
	Targets   int   // of a mesh
	Keys      int   // of all animations, in numbers of Channel.Values
}

const (
	// DefaultBytes holds the largest of the public sample models many times over.
	DefaultBytes = 256 << 20
	// DefaultVertices is 64 bytes each on the GPU, and so 512 MiB.
	DefaultVertices = 8 << 20
	// DefaultIndices is four triangles to a vertex.
	DefaultIndices = 32 << 20
	// DefaultPixels is a square picture of 8192 pixels, or 512 MiB of RGBA16F.
	DefaultPixels = 64 << 20
	// DefaultAllPixels is five pictures of 2048 pixels squared for each of a dozen
	// materials, and so 1 GiB. A pixel of RGBA16F counts as two.
	DefaultAllPixels = 256 << 20
	// DefaultSide is what every desktop GPU takes.
	DefaultSide = 16384
	// DefaultItems keeps a file of many empty things from costing more than its
	// bytes suggest; files of cities have some ten thousand nodes.
	DefaultItems = 1 << 17
	// DefaultDepth is far beyond the skeleton of anything that lives.
	DefaultDepth = 512
	// DefaultJoints is many times the bones of the most detailed skeletons in use.
	DefaultJoints = 4096
	// DefaultTargets is beyond the blend shapes of a film's face rig.
	DefaultTargets = 1024
	// DefaultKeys is an hour of 64 joints at 60 frames a second.
	DefaultKeys = 160 << 20
)

// maxTokens bounds the values in the JSON of a model: each takes some hundred
// bytes at most once it is decoded, whatever little it took in the file. Files of
// 100,000 accessors have a third of it.
const maxTokens = 4 << 20

// checkTokens counts the values and names in JSON, roughly, before it is decoded.
func checkTokens(text []byte, most int) error {
	n, inside := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			inside = !inside
		case inside && c == '\\':
			i++
		case !inside && (c == ',' || c == '{' || c == '['):
			if n++; n > most {
				return &LimitError{"values in its JSON", int64(most)}
			}
		}
	}
	return nil
}

func (l Limits) withDefaults() Limits {
	if l.Bytes == 0 {
		l.Bytes = DefaultBytes
	}
	for _, f := range []struct {
		p *int
		d int
	}{
		{&l.Vertices, DefaultVertices}, {&l.Indices, DefaultIndices}, {&l.Pixels, DefaultPixels},
		{&l.AllPixels, DefaultAllPixels}, {&l.Side, DefaultSide}, {&l.Items, DefaultItems},
		{&l.Depth, DefaultDepth}, {&l.Joints, DefaultJoints}, {&l.Targets, DefaultTargets},
		{&l.Keys, DefaultKeys},
	} {
		if *f.p == 0 {
			*f.p = f.d
		}
	}
	return l
}

// LimitError reports a file that asks for more than the Limits allow.
type LimitError struct {
	What string // what there is too much of
	Max  int64
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("more than %d %s; make the file smaller or raise the limit", e.Max, e.What)
}
