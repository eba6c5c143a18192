// Package store is the contract of a place where blocks are kept, and what can
// be built on the contract alone: putting, reading, verifying and walking lumps.
//
// A block store is a map from CID to bytes in which the key vouches for the
// value: nothing enters under a wrong name, and every read is verified before
// it is returned. Beside the blocks stand two small tables: named roots, and
// the catalogue of lumps (which of the blocks are the top of something that
// somebody put, and how large it is). store/bolt keeps them on disk, store/mem
// in memory; both pass storetest.Run.
package store

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"hearth/lumps"
)

// Block is a CID and the bytes it names.
type Block struct {
	CID  lumps.CID
	Data []byte
}

// Info describes a stored block.
type Info struct {
	CID  lumps.CID
	Size int64 // bytes of the block
}

// Blocks holds blocks. Every method may be called from many goroutines; reads
// do not wait for writes.
type Blocks interface {
	// Put stores blocks and returns when they are durable, all of them or, on an
	// error, any part. A block whose bytes do not hash to its CID is refused with
	// a *MismatchError before anything is written; one that is there already
	// costs nothing. Concurrent puts share one sync. The data may be reused when
	// Put returns.
	Put(ctx context.Context, blocks ...Block) error
	// Get returns a block's bytes, verified. The slice is the caller's to read,
	// not to change. ErrNotFound if absent, *CorruptError if the bytes at rest do
	// not hash to c.
	Get(ctx context.Context, c lumps.CID) ([]byte, error)
	// Has reports whether the block is there, without reading it.
	Has(ctx context.Context, c lumps.CID) (bool, error)
	// Size returns the length of the block. ErrNotFound if absent.
	Size(ctx context.Context, c lumps.CID) (int64, error)
	// List yields every block once, in no order that means anything. Blocks put
	// or removed meanwhile may or may not be in it.
	List(ctx context.Context) iter.Seq2[Info, error]
	// Remove forgets blocks; absent ones are no error. A removed block may come
	// back after a crash that follows at once.
	Remove(ctx context.Context, cids ...lumps.CID) error
	Close() error
}

// Roots are named references that keep what they reach alive. A name is UTF-8
// of 1 to 255 bytes. A change is durable on return.
type Roots interface {
	// SetRoot points name at c; the zero CID removes the name.
	SetRoot(ctx context.Context, name string, c lumps.CID) error
	// Root returns what name points at, or ErrNotFound.
	Root(ctx context.Context, name string) (lumps.CID, error)
	// Roots yields every name in byte order.
	Roots(ctx context.Context) iter.Seq2[Root, error]
}

// Root is a named reference.
type Root struct {
	Name string
	CID  lumps.CID
}

// Lump is what the catalogue knows of one lump.
type Lump struct {
	CID    lumps.CID
	Size   int64 // bytes of content
	Blocks int64 // blocks that hold it, interior nodes included
	Kind   Kind
}

// Kind says what a lump's bytes are for.
type Kind uint8

const (
	KindFile     Kind = 0 // bytes that somebody put
	KindSnapshot Kind = 1 // a space snapshot
	KindSegment  Kind = 2 // a sealed journal segment
	KindCode     Kind = 3 // a module as it was rewritten
)

func (k Kind) String() string {
	switch k {
	case KindFile:
		return "file"
	case KindSnapshot:
		return "snapshot"
	case KindSegment:
		return "segment"
	case KindCode:
		return "code"
	}
	return fmt.Sprintf("kind-%d", uint8(k))
}

// Catalog is the table of lumps: the blocks that are the top of something.
type Catalog interface {
	// AddLump records lumps whose blocks are stored. Durable on return.
	AddLump(ctx context.Context, ls ...Lump) error
	// Lump returns the record of c, or ErrNotFound.
	Lump(ctx context.Context, c lumps.CID) (Lump, error)
	// Lumps yields every lump in the order of its CID's digest.
	Lumps(ctx context.Context) iter.Seq2[Lump, error]
	// RemoveLump forgets the record, not the blocks.
	RemoveLump(ctx context.Context, c lumps.CID) error
}

// Store is everything that a backend provides.
type Store interface {
	Blocks
	Roots
	Catalog
}

var (
	// ErrNotFound reports a block, lump or root that is not there.
	ErrNotFound = errors.New("not found")
	// ErrClosed reports a call on a closed store.
	ErrClosed = errors.New("the store is closed")
	// ErrTooLarge reports a block over lumps.MaxBlock.
	ErrTooLarge = errors.New("too large for one block")
	// ErrFailed reports a store that saw a failed write or sync: nothing that
	// follows can be trusted until it is opened, and so verified, again.
	ErrFailed = errors.New("the store failed while writing; restart to verify it")
)

// NotFoundError is an ErrNotFound that names what is missing.
type NotFoundError struct{ CID lumps.CID }

func (e *NotFoundError) Error() string { return fmt.Sprintf("no lump %s here", e.CID) }
func (e *NotFoundError) Unwrap() error { return ErrNotFound }

// MismatchError reports bytes that were offered under a name that is not theirs.
type MismatchError struct{ Want, Got lumps.CID }

func (e *MismatchError) Error() string {
	return fmt.Sprintf("bytes offered as %s hash to %s; they were not stored", e.Want, e.Got)
}

// CorruptError reports bytes at rest that no longer match their name.
type CorruptError struct {
	CID    lumps.CID
	Pack   string
	Offset int64
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("lump %s is damaged (%s at %d); fetch it again from a peer or a backup", e.CID, e.Pack, e.Offset)
}
