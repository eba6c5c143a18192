package bolt

import (
	"errors"
	"fmt"
)

var (
	// ErrLocked reports a store that another process, or another part of this one,
	// has open.
	ErrLocked = errors.New("the store is in use by another process")
	// ErrIndex reports a database that cannot be read. The packs are not affected.
	ErrIndex = errors.New("the index is damaged; close the store and open it again to rebuild it from the packs")
)

// VersionError reports a store that a newer Hearth wrote.
type VersionError struct {
	File  string
	Found uint32
	Knows uint32 // the newest version that this program reads
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("%s has format version %d and this program reads up to %d; open the store with a newer Hearth", e.File, e.Found, e.Knows)
}

// NotPackError reports a file that is not a pack of this store.
type NotPackError struct{ File string }

func (e *NotPackError) Error() string {
	return fmt.Sprintf("%s does not begin as a pack of this store; restore the file or move it out of the store", e.File)
}

// MissingPacksError reports pack files that the index knows and that are gone.
type MissingPacksError struct {
	Dir   string
	Packs []string
}

func (e *MissingPacksError) Error() string {
	return fmt.Sprintf("%d pack files of %s are gone (%s first); restore them, or rebuild the index to go on without what they held", len(e.Packs), e.Dir, e.Packs[0])
}
