package store

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"hearth/lumps"
)

// MaxRootName is the longest name of a root in bytes: that of a file in most
// file systems, so that a root can be a file of its name in a backup.
const MaxRootName = 255

// ErrBadName reports a name that no root can have.
var ErrBadName = errors.New("a root's name is UTF-8 of 1 to 255 bytes")

// Verify returns nil if a store may take the block: its CID is one that Hearth
// uses, it is small enough, and its bytes hash to its name.
func (b Block) Verify() error {
	if _, err := lumps.FromBytes(b.CID[:]); err != nil {
		return err
	}
	if len(b.Data) > lumps.MaxBlock {
		return fmt.Errorf("block %s of %d bytes is %w (limit %d)", b.CID, len(b.Data), ErrTooLarge, lumps.MaxBlock)
	}
	if got := b.CID.SumLike(b.Data); got != b.CID {
		return &MismatchError{Want: b.CID, Got: got}
	}
	return nil
}

// CheckRootName returns nil or an error that wraps ErrBadName.
func CheckRootName(name string) error {
	if len(name) == 0 || len(name) > MaxRootName || !utf8.ValidString(name) {
		return fmt.Errorf("root %.40q: %w", name, ErrBadName)
	}
	return nil
}

// Check returns nil if the record can stand in a catalogue.
func (l Lump) Check() error {
	if _, err := lumps.FromBytes(l.CID[:]); err != nil {
		return err
	}
	if l.Size < 0 || l.Size > lumps.MaxFile || l.Blocks < 1 {
		return fmt.Errorf("lump %s: %d bytes in %d blocks cannot be", l.CID, l.Size, l.Blocks)
	}
	return nil
}
