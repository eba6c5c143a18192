package world

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"hearth/journal/space"
	"hearth/store/bolt"
)

// Standby is a world that ends at a snapshot of another and is moved on with it,
// open for that. It has not run: the file branch is in its folder, and its journal
// has no record of its own. Whoever opens it as a world and runs it has it go on,
// on a branch of its own, and it is a standby no more.
type Standby struct {
	Dir   string // absolute
	Store *bolt.Store
	// Space moves the world from snapshot to snapshot.
	Space space.Standby

	w *World
}

// standbyMark is what the file unfinished says of a standby that is being made:
// what its store holds is kept for the next attempt.
const standbyMark = "standby\n"

// ErrNotStandby reports a world that has run, or was never a copy of another.
var ErrNotStandby = errors.New("the world is no standby: it has a history of its own; pull into a new folder")

// OpenStandby opens the standby in dir, or begins one where nothing is: a folder
// that does not exist, is empty, or holds what an attempt left that was cut off,
// of which everything that came is kept. ErrNotStandby if there is a world of
// another kind.
func OpenStandby(dir string, owner Owner, log *slog.Logger) (_ *Standby, err error) {
	if Exists(dir) == nil {
		return openStandby(dir, owner, log)
	}
	kept, err := cutOff(dir)
	if err != nil {
		return nil, err
	}
	if !kept {
		if err := beginStandby(dir, owner, log); err != nil {
			return nil, err
		}
	}
	l, err := acquire(dir, owner)
	if err != nil {
		return nil, openError(dir, err)
	}
	w := &World{Dir: dir, owner: owner, lock: l, log: log, Made: true}
	// Under the lock: another program may have finished or removed it meanwhile.
	if kept, err := cutOff(dir); err != nil || !kept {
		return nil, errors.Join(err, &PathError{"make", dir, errors.New("another program has changed it; try again")}, l.release())
	}
	if err := w.OpenStore(); err != nil {
		return nil, errors.Join(err, l.release())
	}
	return w.standby(), nil
}

// beginStandby makes the folder of a standby that will be kept if it is not
// finished.
func beginStandby(dir string, owner Owner, log *slog.Logger) error {
	w, err := Make(dir, owner, log)
	if err != nil {
		return err
	}
	if err := writeFile(dir, "unfinished", []byte(standbyMark)); err != nil {
		return errors.Join(&PathError{"make", dir, err}, w.Close())
	}
	return w.lock.release()
}

// cutOff reports whether dir holds a standby that was begun.
func cutOff(dir string) (bool, error) {
	b, err := os.ReadFile(filepath.Join(dir, "unfinished"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, &PathError{"open", dir, err}
	}
	return string(b) == standbyMark, nil
}

func openStandby(dir string, owner Owner, log *slog.Logger) (*Standby, error) {
	if _, err := readFormat(dir); err != nil {
		return nil, err
	}
	l, err := acquire(dir, owner)
	if err != nil {
		return nil, openError(dir, err)
	}
	w := &World{Dir: dir, owner: owner, lock: l, log: log}
	if err := w.readBranch(); err != nil {
		return nil, errors.Join(err, l.release())
	}
	if w.branch == nil {
		return nil, errors.Join(ErrNotStandby, l.release())
	}
	if err := w.OpenStore(); err != nil {
		return nil, errors.Join(openError(dir, err), l.release())
	}
	y := w.standby()
	if err = y.Space.Settle(context.Background()); err == nil {
		_, err = y.Space.At(context.Background())
	}
	if errors.Is(err, space.ErrRan) {
		err = ErrNotStandby
	}
	if err != nil {
		return nil, errors.Join(err, y.Close())
	}
	return y, nil
}

func (w *World) standby() *Standby {
	return &Standby{Dir: w.Dir, Store: w.Store, Space: space.Standby{Store: w.Store, Journal: w.JournalDir()}, w: w}
}

// New reports whether the standby has yet to become a world.
func (y *Standby) New() bool { return y.w.Made }

// Commit makes a standby that was begun a world, when it stands at a snapshot.
// One that is a world already stays one.
func (y *Standby) Commit(ctx context.Context) error {
	if !y.w.Made {
		return nil
	}
	if at, err := y.Space.At(ctx); err != nil || at.IsZero() {
		return errors.Join(err, y.w.missing(at.IsZero()))
	}
	if err := y.w.Fork(); err != nil {
		return &PathError{"make", y.Dir, err}
	}
	return y.w.Commit()
}

func (w *World) missing(snapshot bool) error {
	if !snapshot {
		return nil
	}
	return &PathError{"make", w.Dir, errors.New("nothing was pulled into it yet")}
}

// Close closes the standby. What came of one that is no world yet stays for the
// next attempt.
func (y *Standby) Close() error {
	return errors.Join(y.w.Store.Close(), y.w.lock.release())
}

// Discard closes a standby that is no world yet and removes what came of it.
func (y *Standby) Discard() error {
	if !y.w.Made {
		return y.Close()
	}
	y.w.madeDir = y.Dir
	return y.w.Close()
}

// readBranch reads the file that a copy has until it runs.
func (w *World) readBranch() error {
	b, err := os.ReadFile(filepath.Join(w.Dir, "branch"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return w.parseBranch(strings.TrimSpace(string(b)))
}

// settle makes the journal of a standby whole that was moved when a crash came.
func (w *World) settle() error {
	if w.branch == nil {
		return nil
	}
	return w.standby().Space.Settle(context.Background())
}
