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

// standbyFile marks a world that follows another and has not run. Without a format
// file beside it nothing whole was pulled yet, and what came is kept for the next
// attempt.
const standbyFile = "standby"

// OpenStandby opens the standby in dir for moving it on, its store alone, or begins
// one. One that was begun becomes a world with Commit. space.ErrRan reports a world
// of another kind.
func OpenStandby(dir string, owner Owner, log *slog.Logger) (_ *World, err error) {
	_, err = os.Stat(filepath.Join(dir, standbyFile))
	begun := err == nil
	_, err = readFormat(dir)
	switch {
	case err == nil && !begun:
		return nil, space.ErrRan
	case err != nil && !errors.Is(err, ErrNoWorld):
		return nil, err
	}
	w := &World{Dir: dir, owner: owner, log: log, Made: err != nil, standby: true}
	if w.Made && !begun {
		if err := vacant(dir); err != nil {
			return nil, err
		}
		if w.madeDir, err = makeDirs(dir); err != nil {
			return nil, &PathError{"make", dir, err}
		}
	}
	if w.lock, err = acquire(dir, owner); err != nil {
		return nil, openError(dir, err)
	}
	err = nil
	if w.Made && !begun {
		// What an attempt of another kind left is no part of it.
		if err = w.clear(); err == nil {
			err = errors.Join(writeFile(dir, standbyFile, nil), removeFile(dir, "unfinished"))
		}
	}
	if err == nil {
		err = w.OpenStore()
	}
	if err == nil {
		err = w.settle()
	}
	if err == nil {
		return w, nil
	}
	if w.Store != nil {
		err = errors.Join(err, w.Store.Close())
	}
	return nil, errors.Join(openError(dir, err), w.lock.release())
}

// settle makes the journal of a standby follow the newest snapshot, where a crash
// came between the two.
func (w *World) settle() error {
	if _, err := os.Stat(filepath.Join(w.Dir, standbyFile)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return space.Standby{Store: w.Store, Journal: w.JournalDir()}.Settle(context.Background())
}
