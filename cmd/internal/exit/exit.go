// Package exit is the one place where errors become exit codes, by sysexits.h.
package exit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"hearth/cmd/internal/world"
	"hearth/runtime/ipc"
	"hearth/store/bolt"
)

// UsageError reports a command line that makes no sense.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

// Usagef makes a UsageError.
func Usagef(format string, args ...any) error { return &UsageError{fmt.Errorf(format, args...)} }

// CreateError is a file that cannot be made, and why.
type CreateError struct {
	File string
	Err  error
}

func (e *CreateError) Error() string { return fmt.Sprintf("%s cannot be made: %v", e.File, e.Err) }
func (e *CreateError) Unwrap() error { return e.Err }

// UnavailableError reports something that this machine lacks, and says what to do.
type UnavailableError struct{ Err error }

func (e *UnavailableError) Error() string { return e.Err.Error() }
func (e *UnavailableError) Unwrap() error { return e.Err }

// DataError reports a file that is not what it should be.
type DataError struct{ Err error }

func (e *DataError) Error() string { return e.Err.Error() }
func (e *DataError) Unwrap() error { return e.Err }

// FaultError reports a fault of the program itself, which it found.
type FaultError struct{ Err error }

func (e *FaultError) Error() string { return e.Err.Error() }
func (e *FaultError) Unwrap() error { return e.Err }

// exitSoftware is the code of a fault of the program itself.
const exitSoftware = 70

// Silent is an exit code that needs no sentence: what is to be said was said.
type Silent int

func (s Silent) Error() string { return fmt.Sprintf("exit code %d", int(s)) }

// Code returns what a program that met err ends with.
func Code(err error) int {
	var (
		silent Silent
		usage  *UsageError
		create *CreateError
		absent *UnavailableError
		fault  *FaultError
		data   *DataError
		newer  *world.NewerError
		locked *world.LockedError
		path   *world.PathError
		remote *ipc.Error
		pack   *bolt.VersionError
		noPack *bolt.NotPackError
	)
	switch {
	case err == nil:
		return 0
	case errors.As(err, &silent):
		return int(silent)
	case errors.As(err, &remote):
		return remote.Exit
	case errors.As(err, &usage), errors.Is(err, fs.ErrInvalid):
		return ipc.ExitUsage
	case errors.As(err, &fault):
		return exitSoftware
	case errors.As(err, &absent):
		return ipc.ExitUnavailable
	case errors.As(err, &data), errors.As(err, &newer), errors.As(err, &pack), errors.As(err, &noPack),
		errors.Is(err, world.ErrBadFormat), errors.Is(err, bolt.ErrIndex):
		return ipc.ExitData
	case errors.As(err, &locked), errors.Is(err, ipc.ErrSocketInUse), errors.Is(err, bolt.ErrLocked):
		return ipc.ExitTemporary
	case errors.Is(err, world.ErrNoWorld):
		return ipc.ExitNoInput
	case errors.Is(err, world.ErrNotEmpty), errors.Is(err, world.ErrExists):
		return ipc.ExitCreate
	case errors.As(err, &path):
		return pathCode(path.Err, path.Op == "make")
	case errors.As(err, &create):
		return pathCode(create.Err, true)
	}
	return ipc.KindOf(err).Exit
}

// pathCode tells what may not be used from what cannot be made and from a disk
// that fails.
func pathCode(err error, making bool) int {
	switch k := ipc.KindOf(err); {
	case k.Exit == ipc.ExitPermission:
		return ipc.ExitPermission
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EIO):
		return ipc.ExitIO
	case making:
		return ipc.ExitCreate
	default:
		return k.Exit
	}
}

// Report writes the one sentence that says what is wrong, and returns the code.
func Report(w io.Writer, program string, err error) int {
	var silent Silent
	if err != nil && !errors.As(err, &silent) {
		fmt.Fprintf(w, "%s: %s\n", program, Sentence(err))
	}
	return Code(err)
}

// Sentence is an error as one line. What was met again while closing is said once.
func Sentence(err error) string {
	var said []string
	for line := range strings.FieldsFuncSeq(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }) {
		if !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, line) }) {
			said = append(said, line)
		}
	}
	return strings.Join(said, "; ")
}
