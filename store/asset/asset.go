// Package asset keeps what is decoded from lumps: compiled modules, meshes,
// fonts, whatever costs more to make than to keep.
//
// The key idea: the bytes of a lump never change, so what was decoded from them
// never grows stale, and everybody who needs it shares it. A cache holds one
// value for a type and a CID. It is made once however many ask at the same time,
// counted while somebody holds a reference, and kept afterwards as long as the
// idle values together cost no more than a budget; the one that was let go
// longest ago goes first, but none before a time of grace.
//
// A loader is found by the Go type that it makes:
//
//	asset.Register(c, "mesh", asset.Loader[*Mesh]{Load: decodeMesh})
//	ref, err := asset.Load[*Mesh](ctx, c, cid)
//	defer ref.Release()
package asset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"

	"hearth/lumps"
	"hearth/store"
)

// Content is a lump that a loader reads. It is the loader's until Load returns.
type Content interface {
	io.ReadSeeker
	Size() int64
}

// Source is where lumps come from: a store, or a store that asks its peers for
// what it lacks.
type Source interface {
	Open(ctx context.Context, c lumps.CID) (Content, error)
}

// FromBlocks is the lumps of a block store.
func FromBlocks(b store.Blocks) Source { return blocks{b} }

type blocks struct{ store.Blocks }

func (b blocks) Open(ctx context.Context, c lumps.CID) (Content, error) {
	r, err := store.OpenLump(ctx, b.Blocks, c)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Loader makes values of one type.
type Loader[T any] struct {
	// Load decodes a lump, which others wrote: it must bound what it builds. cost
	// is what the value takes, in bytes. A loader may load other assets with the
	// context that it got; the value then holds their references.
	Load func(ctx context.Context, c lumps.CID, content Content) (v T, cost int64, err error)
	// Close gives up what a value holds. nil if the garbage collector is enough.
	Close func(T)
	// MaxSize is the largest lump that Load is shown. 0 is DefaultMaxSize.
	MaxSize int64
}

// DefaultMaxSize bounds the lumps that a loader is shown, unless it says
// otherwise: large textures and modules are well below.
const DefaultMaxSize = 256 << 20

var (
	// ErrClosed reports a load from a closed cache.
	ErrClosed = errors.New("the asset cache is closed")
	// ErrNoLoader reports a type that nobody registered a loader for.
	ErrNoLoader = errors.New("no loader is registered for this type of asset")
	// ErrCycle reports an asset whose loader asks for the asset itself.
	ErrCycle = errors.New("an asset cannot be made from itself")
	// ErrPanic reports a loader that panicked.
	ErrPanic = errors.New("the loader failed on these bytes")
)

// LoadError says which asset could not be made, and why.
type LoadError struct {
	Type string
	CID  lumps.CID
	Err  error
}

func (e *LoadError) Error() string { return fmt.Sprintf("load %s %s: %v", e.Type, e.CID, e.Err) }
func (e *LoadError) Unwrap() error { return e.Err }

// loader is a Loader whose type is forgotten.
type loader struct {
	name    string
	maxSize int64
	load    func(ctx context.Context, c lumps.CID, content Content) (any, int64, error)
	close   func(any) // or nil
}

// Register sets the loader of T. name is for errors and figures. A type has one
// loader; to register another is a mistake of the program, and panics.
func Register[T any](c *Cache, name string, l Loader[T]) {
	r := &loader{name: name, maxSize: l.MaxSize}
	if r.maxSize == 0 {
		r.maxSize = DefaultMaxSize
	}
	r.load = func(ctx context.Context, cid lumps.CID, content Content) (any, int64, error) {
		return l.Load(ctx, cid, content)
	}
	if l.Close != nil {
		r.close = func(v any) { l.Close(v.(T)) }
	}
	typ := reflect.TypeFor[T]()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loaders[typ] != nil {
		panic("asset: a second loader for " + typ.String())
	}
	c.loaders[typ] = r
}

// Load returns a reference to the asset of type T that is made from the lump c.
// Who asks while it is being made waits for the same value. An error is nobody's
// but of those who waited for it: the next call tries again.
func Load[T any](ctx context.Context, c *Cache, cid lumps.CID) (*Ref[T], error) {
	e, err := c.get(ctx, key{reflect.TypeFor[T](), cid})
	if err != nil {
		return nil, err
	}
	// A T that is an interface may hold nil.
	v, _ := e.value.(T)
	return &Ref[T]{cache: c, entry: e, value: v}, nil
}
