package space

import (
	"context"
	"errors"
	"fmt"

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
// can see.
type Image struct {
	Memory  PageTree    `cbor:"memory"`
	Globals []byte      `cbor:"globals"` // 8 bytes each, little endian, by index
	Table   []Slot      `cbor:"table,omitempty"`
	Boxes   []Box       `cbor:"boxes,omitempty"`
	Lumps   []LumpSlot  `cbor:"lumps,omitempty"`
	Held    []lumps.CID `cbor:"held,omitempty"`  // sorted: what it may load
	Fuel    uint64      `cbor:"fuel"`            // burnt so far
	Ended   bool        `cbor:"ended,omitempty"` // it ended and its exit has no event yet
}

// EncodeImage stores an image as a lump of its own: what a module is after its
// initialisation.
func EncodeImage(im *Image, put Put) (lumps.CID, error) { return putNode(put, im) }

// LoadImage reads what EncodeImage stored.
func LoadImage(ctx context.Context, get Get, c lumps.CID) (*Image, error) {
	data, err := get(ctx, c)
	if err != nil {
		return nil, err
	}
	im := new(Image)
	if err := lumps.Unmarshal(data, im); err != nil {
		return nil, fmt.Errorf("%s is no process image: %w (%v)", c, ErrBadState, err)
	}
	return im, nil
}
