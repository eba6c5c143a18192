package world

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"hearth/journal/space"
)

// standbyFile marks a world that follows another and has not run. Without a
// format file beside it what was pulled is no world yet, and kept for the next
// attempt.
const standbyFile = "standby"

// OpenStandby opens the standby in dir for moving it on: its store alone, with its
// journal settled. Where nothing is, or what an attempt left that was cut off, it
// begins one: the world is Made then, and becomes one with Fork and Commit when a
// snapshot was pulled; Close without them keeps what came. space.ErrRan if there
// is a world that has run, or never followed another.
func OpenStandby(dir string, owner Owner, log *slog.Logger) (_ *World, err error) {
	began, err := hasFile(dir, standbyFile)
	if err != nil {
		return nil, &PathError{"open", dir, err}
	}
	if errors.Is(Exists(dir), ErrNoWorld) && !began {
		return beginStandby(dir, owner, log)
	}
	l, err := acquire(dir, owner)
	if err != nil {
		return nil, openError(dir, err)
	}
	w := &World{Dir: dir, owner: owner, lock: l, log: log, standby: true}
	if err := w.openStandby(); err != nil {
		if w.Store != nil {
			err = errors.Join(err, w.Store.Close())
		}
		return nil, errors.Join(err, l.release())
	}
	return w, nil
}

// openStandby looks under the lock: another program may have run the world
// meanwhile, or made one of what was begun.
func (w *World) openStandby() error {
	began, err := hasFile(w.Dir, standbyFile)
	if err != nil {
		return &PathError{"open", w.Dir, err}
	}
	_, err = readFormat(w.Dir)
	switch {
	case err == nil && !began:
		return space.ErrRan
	case errors.Is(err, ErrNoWorld) && began:
		w.Made = true
		if err := removeFile(w.Dir, "unfinished"); err != nil {
			return openError(w.Dir, err)
		}
	case err != nil:
		return err
	}
	if err := w.OpenStore(); err != nil {
		return openError(w.Dir, err)
	}
	if err := w.settle(); err != nil {
		return err
	}
	_, err = w.following().At(context.Background())
	return err
}

// beginStandby makes the folder of a standby, which is kept if it is not finished.
func beginStandby(dir string, owner Owner, log *slog.Logger) (*World, error) {
	w, err := Make(dir, owner, log)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(writeFile(dir, standbyFile, nil), removeFile(dir, "unfinished")); err != nil {
		return nil, errors.Join(&PathError{"make", dir, err}, removeFile(dir, standbyFile), w.Close())
	}
	w.standby = true
	if err := w.OpenStore(); err != nil {
		return nil, errors.Join(err, w.lock.release())
	}
	return w, nil
}

// hasFile reports whether a folder has a file of that name. One that does not
// exist has none.
func hasFile(dir, name string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (w *World) following() space.Standby {
	return space.Standby{Store: w.Store, Journal: w.JournalDir()}
}

// settle makes the journal of a standby follow the newest snapshot, where a crash
// came between the two.
func (w *World) settle() error {
	began, err := hasFile(w.Dir, standbyFile)
	if err != nil || !began {
		return err
	}
	return w.following().Settle(context.Background())
}
