package exit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"hearth/cmd/internal/world"
	"hearth/journal"
	"hearth/journal/space"
	"hearth/lumps"
	"hearth/lumps/car"
	"hearth/runtime"
	"hearth/runtime/ipc"
	"hearth/store"
	"hearth/store/bolt"
)

func TestCode(t *testing.T) {
	denied := &os.PathError{Op: "open", Path: "x", Err: syscall.EACCES}
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{Silent(1), 1},
		{Usagef("what"), 64},
		{fs.ErrInvalid, 64},
		{lumps.ErrBadCID, 65},
		{lumps.ErrUnsupported, 65},
		{runtime.ErrBadModule, 65},
		{runtime.ErrBlocking, 65},
		{runtime.ErrTooLarge, 65},
		{&space.MismatchError{}, 65},
		{&space.FormatError{}, 65},
		{&journal.VersionError{}, 65},
		{&journal.DamageError{}, 65},
		{&store.CorruptError{}, 65},
		{&car.Error{Err: errors.New("x")}, 65},
		{space.ErrNotBackup, 65},
		{space.ErrBadState, 65},
		{&world.NewerError{}, 65},
		{world.ErrBadFormat, 65},
		{&bolt.VersionError{}, 65},
		{&bolt.NotPackError{}, 65},
		{runtime.ErrNoProcess, 66},
		{runtime.ErrNoService, 66},
		{store.ErrNotFound, 66},
		{&store.NotFoundError{}, 66},
		{journal.ErrNotFound, 66},
		{world.ErrNoWorld, 66},
		{fs.ErrNotExist, 66},
		{ipc.ErrNoServer, 69},
		{ipc.ErrLost, 69},
		{runtime.ErrStopped, 69},
		{&UnavailableError{errors.New("no driver")}, 69},
		{errors.Join(errors.New("closing"), &FaultError{errors.New("faults")}), 70},
		{fmt.Errorf("the window: %w", &UnavailableError{fs.ErrNotExist}), 69},
		{world.ErrNotEmpty, 73},
		{world.ErrExists, 73},
		{fs.ErrExist, 73},
		{&CreateError{"x", syscall.ENOENT}, 73},
		{&CreateError{"x", syscall.EISDIR}, 73},
		{&world.PathError{Op: "make", Err: syscall.ENOTDIR}, 73},
		{&CreateError{"x", syscall.ENOSPC}, 74},
		{&world.PathError{Op: "make", Err: syscall.ENOSPC}, 74},
		{&world.PathError{Op: "open", Err: syscall.EIO}, 74},
		{store.ErrFailed, 74},
		{journal.ErrFailed, 74},
		{syscall.ENOSPC, 74},
		{fmt.Errorf("%w: %w", space.ErrNotBackup, syscall.ENOSPC), 74},
		{errors.New("anything else"), 74},
		{runtime.ErrBusy, 75},
		{context.DeadlineExceeded, 75},
		{&world.LockedError{}, 75},
		{journal.ErrLocked, 75},
		{bolt.ErrLocked, 75},
		{ipc.ErrSocketInUse, 75},
		{denied, 77},
		{ipc.ErrPermission, 77},
		{&CreateError{"x", syscall.EACCES}, 77},
		{&world.PathError{Op: "make", Err: denied}, 77},
		{&world.PathError{Op: "open", Err: syscall.EROFS}, 77},
		{context.Canceled, 130},
		{&ipc.Error{Kind: "no-process", Exit: 66}, 66},
		{&ipc.Error{Kind: "of a later version", Exit: 75}, 75},
	} {
		if got := Code(c.err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
		if c.err == nil {
			continue
		}
		if got := Code(fmt.Errorf("while testing: %w", c.err)); got != c.want {
			t.Errorf("wrapped %v: %d, want %d", c.err, got, c.want)
		}
	}
}

func TestReport(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, ""}, {Silent(1), ""}, {errors.New("a"), "p: a\n"}, {errors.Join(errors.New("a"), errors.New("b\n")), "p: a; b\n"},
	} {
		var b strings.Builder
		if Report(&b, "p", c.err); b.String() != c.want {
			t.Errorf("%v: %q, want %q", c.err, b.String(), c.want)
		}
	}
}
