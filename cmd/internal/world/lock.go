package world

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Owner is who has a world open, as the lock file says.
type Owner struct {
	PID     int    `json:"pid"`
	Program string `json:"program"`
	Socket  string `json:"socket,omitempty"` // where it listens; empty for one that does not
}

const (
	// lockPatience is how long a lock is tried: longer than the glance that others
	// take at it, so that a look never keeps a server from starting.
	lockPatience = 200 * time.Millisecond
	lockPause    = 10 * time.Millisecond
	// maxOwner bounds the lock file.
	maxOwner = 4096
)

// lock is the lock of a world, held.
type lock struct {
	f *os.File
}

// acquire takes the lock of dir, waiting a moment.
func acquire(dir string, owner Owner) (*lock, error) {
	name := filepath.Join(dir, "lock")
	for end := time.Now().Add(lockPatience); ; time.Sleep(lockPause) {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		err = flock(f, syscall.LOCK_EX)
		if err == nil && !stands(f, name) {
			// Its holder was taking a world away that did not come to be.
			f.Close()
			continue
		}
		if err == nil {
			l := &lock{f}
			if err := l.write(owner); err != nil {
				l.release()
				return nil, err
			}
			return l, nil
		}
		who := readOwner(f)
		f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, err
		}
		if time.Now().After(end) {
			return nil, &LockedError{dir, who}
		}
	}
}

// stands reports whether f is the file of that name.
func stands(f *os.File, name string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(name)
	return err == nil && os.SameFile(a, b)
}

// write says who holds the lock. A reader may see it half written and looks again.
func (l *lock) write(o Owner) error {
	b, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if err := l.f.Truncate(0); err != nil {
		return err
	}
	_, err = l.f.WriteAt(append(b, '\n'), 0)
	return err
}

func (l *lock) release() error {
	return errors.Join(l.f.Truncate(0), l.f.Close())
}

func flock(f *os.File, how int) error {
	for {
		if err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); err != syscall.EINTR {
			return err
		}
	}
}

func readOwner(f *os.File) Owner {
	var o Owner
	b, err := io.ReadAll(io.NewSectionReader(f, 0, maxOwner))
	if err != nil || json.Unmarshal(b, &o) != nil {
		return Owner{}
	}
	return o
}

// Running returns who has the world in dir open; ok is false where nobody has.
// It does not need to write in dir.
func Running(dir string) (owner Owner, ok bool, err error) {
	f, err := os.Open(filepath.Join(dir, "lock"))
	if errors.Is(err, os.ErrNotExist) {
		return Owner{}, false, nil
	}
	if err != nil {
		return Owner{}, false, err
	}
	defer f.Close()
	for end := time.Now().Add(lockPatience); ; time.Sleep(lockPause) {
		err := flock(f, syscall.LOCK_SH)
		if err == nil {
			return Owner{}, false, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return Owner{}, false, err
		}
		if o := readOwner(f); o.PID != 0 || time.Now().After(end) {
			return o, true, nil
		}
	}
}
