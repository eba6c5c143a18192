package space

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"hearth/lumps"
)

// ErrBadState reports blocks that should be a state or a snapshot and are not.
var ErrBadState = errors.New("not the state of a space")

// Slot is an entry of a process's capability table.
type Slot struct {
	_      struct{} `cbor:",toarray"`
	Handle uint32
	Cap    Cap
	Count  uint32 // references that the guest holds
}

// Box is a mailbox of a process under the handle that the guest knows it by.
type Box struct {
	_      struct{} `cbor:",toarray"`
	Handle uint32
	ID     uint64
}

// LumpSlot is a lump under a guest's handle.
type LumpSlot struct {
	_      struct{} `cbor:",toarray"`
	Handle uint32
	Lump   lumps.CID
}

// Image is what a process changed by executing: everything that its next event
// can see. The lists ascend by handle and by CID, without repeats.
type Image struct {
	Memory  PageTree
	Globals []byte // 8 bytes each, little endian, by index
	Table   []Slot
	Boxes   []Box // without the parent mailbox, which has handle 0
	Lumps   []LumpSlot
	Held    []lumps.CID // what it may load
	Fuel    uint64      // burnt so far
	Ended   bool        // it ended and its exit has no event yet
}

// imageRecord is an image as it is stored. Each of the lists is a dag-cbor list,
// or where it has more than maxInlineList elements the link of a tree of the
// same elements, so that the record stays small and a large list is stored by
// its differences.
//
//	table, boxes, lumps   handle u32 be -> element
//	held                  CID           -> link
type imageRecord struct {
	Memory  PageTree        `cbor:"memory"`
	Globals []byte          `cbor:"globals"`
	Table   cbor.RawMessage `cbor:"table,omitempty"`
	Boxes   cbor.RawMessage `cbor:"boxes,omitempty"`
	Lumps   cbor.RawMessage `cbor:"lumps,omitempty"`
	Held    cbor.RawMessage `cbor:"held,omitempty"`
	Fuel    uint64          `cbor:"fuel"`
	Ended   bool            `cbor:"ended,omitempty"`
}

const (
	// maxInlineList is how many elements of a list stand in the record itself. The
	// records of some 16 processes share a leaf.
	maxInlineList = 32
	// maxList is the longest list that is read: what the largest limits of a
	// process allow.
	maxList = 1 << 20
	// maxGlobals bounds the bytes of globals: 4096 of them.
	maxGlobals = 8 * 4096
)

func slotKey(s *Slot) []byte         { return binary.BigEndian.AppendUint32(nil, s.Handle) }
func boxKey(b *Box) []byte           { return binary.BigEndian.AppendUint32(nil, b.Handle) }
func lumpSlotKey(s *LumpSlot) []byte { return binary.BigEndian.AppendUint32(nil, s.Handle) }
func cidKey(c *lumps.CID) []byte     { return bytes.Clone(c[:]) }

// record stores the parts of an image that are trees and returns the rest.
func (im *Image) record(put Put) (*imageRecord, error) {
	if len(im.Globals) > maxGlobals {
		return nil, fmt.Errorf("%d bytes of globals: %w", len(im.Globals), errTooLarge)
	}
	r := &imageRecord{Memory: im.Memory, Globals: im.Globals, Fuel: im.Fuel, Ended: im.Ended}
	var err1, err2, err3, err4 error
	r.Table, err1 = packList(im.Table, slotKey, put)
	r.Boxes, err2 = packList(im.Boxes, boxKey, put)
	r.Lumps, err3 = packList(im.Lumps, lumpSlotKey, put)
	r.Held, err4 = packList(im.Held, cidKey, put)
	return r, errors.Join(err1, err2, err3, err4)
}

// image is the way back.
func (r *imageRecord) image(ctx context.Context, get Get) (*Image, error) {
	im := &Image{Memory: r.Memory, Globals: r.Globals, Fuel: r.Fuel, Ended: r.Ended}
	err := r.Memory.validate()
	if err == nil && (len(r.Globals) > maxGlobals || len(r.Globals)%8 != 0) {
		err = fmt.Errorf("%d bytes of globals: %w", len(r.Globals), ErrBadState)
	}
	if err == nil {
		im.Table, err = unpackList(ctx, get, r.Table, slotKey)
	}
	if err == nil {
		im.Boxes, err = unpackList(ctx, get, r.Boxes, boxKey)
	}
	if err == nil {
		im.Lumps, err = unpackList(ctx, get, r.Lumps, lumpSlotKey)
	}
	if err == nil {
		im.Held, err = unpackList(ctx, get, r.Held, cidKey)
	}
	if err != nil {
		return nil, err
	}
	return im, nil
}

func packList[T any](list []T, key func(*T) []byte, put Put) (cbor.RawMessage, error) {
	if len(list) == 0 {
		return nil, nil
	}
	if len(list) > maxList {
		return nil, fmt.Errorf("a list of %d elements: %w", len(list), errTooLarge)
	}
	if len(list) <= maxInlineList {
		for i := 1; i < len(list); i++ {
			if bytes.Compare(key(&list[i-1]), key(&list[i])) >= 0 {
				return nil, fmt.Errorf("a list is out of order: %w", ErrBadState)
			}
		}
		return lumps.Marshal(list)
	}
	entries := make([]entry, len(list))
	for i := range list {
		value, err := lumps.Marshal(list[i])
		if err != nil {
			return nil, err
		}
		entries[i] = entry{Key: key(&list[i]), Value: value}
	}
	root, err := buildTree(entries, put)
	if err != nil {
		return nil, err
	}
	return lumps.Marshal(root)
}

// cborTag is the first byte of a link.
const cborTag = 0xd8

func unpackList[T any](ctx context.Context, get Get, raw cbor.RawMessage, key func(*T) []byte) ([]T, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	bad := func(what any) error { return fmt.Errorf("a list of a process: %v: %w", what, ErrBadState) }
	var list []T
	if raw[0] != cborTag {
		if err := lumps.Unmarshal(raw, &list); err != nil {
			return nil, bad(err)
		}
		if len(list) == 0 || len(list) > maxInlineList {
			return nil, bad(fmt.Sprintf("%d elements in place", len(list)))
		}
		for i := 1; i < len(list); i++ {
			if bytes.Compare(key(&list[i-1]), key(&list[i])) >= 0 {
				return nil, bad("it is out of order")
			}
		}
		return list, nil
	}
	var root lumps.CID
	if err := lumps.Unmarshal(raw, &root); err != nil {
		return nil, bad(err)
	}
	for e, err := range walkTree(ctx, get, root) {
		if err != nil {
			return nil, err
		}
		var v T
		if err := lumps.Unmarshal(e.Value, &v); err != nil {
			return nil, bad(err)
		}
		if !bytes.Equal(e.Key, key(&v)) {
			return nil, bad("an element under another key")
		}
		if len(list) == maxList {
			return nil, bad("it is too long")
		}
		list = append(list, v)
	}
	if len(list) <= maxInlineList {
		return nil, bad(fmt.Sprintf("%d elements in a tree", len(list)))
	}
	return list, nil
}

// Validate compares an image with the limits of its process. A process that was
// not made here may have been given handles that its tables cannot have.
func (im *Image) Validate(l Limits) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("a process has %s: %w", fmt.Sprintf(format, args...), ErrBadState)
	}
	if pages := uint64(l.Pages) * (wasmPage / PageSize); uint64(im.Memory.Pages) > pages {
		return bad("a memory of %d pages and a limit of %d", im.Memory.Pages, pages)
	}
	for i := range im.Table {
		s := &im.Table[i]
		if s.Handle >= min(l.Table, maxList) || s.Count == 0 {
			return bad("capability %d with %d references, of at most %d", s.Handle, s.Count, l.Table)
		}
		if err := s.Cap.validate(); err != nil {
			return bad("capability %d: %v", s.Handle, err)
		}
	}
	for _, b := range im.Boxes {
		if b.Handle == 0 || b.Handle >= min(l.Boxes, maxList) {
			return bad("mailbox %d of at most %d", b.Handle, l.Boxes)
		}
	}
	for _, s := range im.Lumps {
		if s.Handle >= min(l.Held, maxList) || s.Lump.IsZero() {
			return bad("lump %d of at most %d", s.Handle, l.Held)
		}
	}
	for _, c := range im.Held {
		if c.IsZero() {
			return bad("no lump among those that it holds")
		}
	}
	return nil
}

// wasmPage is the unit of Limits.Pages.
const wasmPage = 64 << 10

// validate says what is wrong with a capability that some program wrote.
func (c Cap) validate() error { return cmp.Or(c.Ref.validate(), permsError(c.Perms)) }

func permsError(p uint8) error {
	if p&^permAll != 0 {
		return fmt.Errorf("unknown permissions %#x", p)
	}
	return nil
}

func (r Ref) validate() error {
	switch {
	case r.Kind > RefService:
		return fmt.Errorf("a reference of unknown kind %d", r.Kind)
	case len(r.Service) > MaxName:
		return fmt.Errorf("a service's name of %d bytes", len(r.Service))
	}
	return nil
}

// EncodeImage stores an image as a lump of its own: what a module is after its
// initialisation.
func EncodeImage(im *Image, put Put) (lumps.CID, error) {
	r, err := im.record(put)
	if err != nil {
		return lumps.CID{}, err
	}
	return putNode(put, r)
}

// LoadImage reads what EncodeImage stored.
func LoadImage(ctx context.Context, get Get, c lumps.CID) (*Image, error) {
	data, err := get(ctx, c)
	if err != nil {
		return nil, err
	}
	r := new(imageRecord)
	if c.Codec() != lumps.DagCBOR {
		return nil, fmt.Errorf("%s is no process image: %w", c, ErrBadState)
	}
	if err := lumps.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("%s is no process image: %w (%v)", c, ErrBadState, err)
	}
	im, err := r.image(ctx, get)
	if err != nil {
		return nil, fmt.Errorf("process image %s: %w", c, err)
	}
	return im, nil
}
