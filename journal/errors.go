package journal

import (
	"errors"
	"fmt"
)

var (
	// ErrClosed reports a call on a closed journal.
	ErrClosed = errors.New("the journal is closed")
	// ErrFailed reports a journal that saw a failed write or sync. What was not
	// acknowledged may or may not be there; only reopening tells.
	ErrFailed = errors.New("the journal failed while writing; restart to verify it")
	// ErrReadOnly reports a change to a journal that was opened for reading.
	ErrReadOnly = errors.New("the journal is open for reading only")
	// ErrLocked reports a journal that another program has open.
	ErrLocked = errors.New("the journal is in use by another program; stop it first")
	// ErrTooLarge reports a body over MaxBody.
	ErrTooLarge = errors.New("too large for one journal record")
	// ErrNotFound reports a seq that the journal does not hold, or a folder
	// without a journal.
	ErrNotFound = errors.New("not in the journal")
	// ErrExists reports that Create found a journal in the folder.
	ErrExists = errors.New("there is a journal in this folder already")
	// ErrNoArchive reports history that is in an archive, and none was given.
	ErrNoArchive = errors.New("this part of the journal is in an archive; open the journal with it")
)

// DamageError reports a journal that does not hold what was once durable in it.
type DamageError struct {
	Segment string // name of the file, or of the lump when it is archived
	Offset  int64  // where the fault begins
	Seq     uint64 // the first record that is not whole, 0 if none can be named
	Reason  string
}

func (e *DamageError) Error() string {
	what := ""
	if e.Seq != 0 {
		what = fmt.Sprintf(" (record %d)", e.Seq)
	}
	return fmt.Sprintf("journal segment %s is damaged at byte %d%s: %s; restore it from a backup or a mirror", e.Segment, e.Offset, what, e.Reason)
}

// VersionError reports a file that a newer program wrote.
type VersionError struct {
	File          string
	Found, Newest uint32 // the file's version, and the newest that this program reads
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("%s has journal format %d and this program reads up to %d; use a newer program", e.File, e.Found, e.Newest)
}
