package trust

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// lockPatience is how long a writer waits for another. A write takes a few
	// milliseconds; who holds the lock for longer hangs.
	lockPatience = 10 * time.Second
	lockPause    = 5 * time.Millisecond
)

var (
	// ErrLocked reports a file that another program keeps locked.
	ErrLocked = errors.New("another program is changing this file and does not end; try again")
	// ErrNewer reports a file of a newer version.
	ErrNewer = errors.New("the file is of a newer version of Hearth; use that version, or one at least as new")
)

// DamagedError reports a file that does not read as it was written. Nothing was
// changed.
type DamagedError struct {
	File string
	Line int // 0 where the file has no lines
	Why  string
	Do   string // what to do about it
}

func (e *DamagedError) Error() string {
	at := e.File
	if e.Line > 0 {
		at = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	return fmt.Sprintf("%s is damaged (%s); %s", at, e.Why, e.Do)
}

// ModeError reports a file that others can read or write.
type ModeError struct {
	File string
	Mode fs.FileMode
}

func (e *ModeError) Error() string {
	return fmt.Sprintf("%s can be used by others (mode %04o); run chmod 600 on it, and if they may have read it, replace what is in it", e.File, e.Mode.Perm())
}

// change runs f while no other program changes path. The folder is made where
// there is none.
func change(path string, f func() error) error {
	path = resolve(path)
	if err := makeDir(filepath.Dir(path)); err != nil {
		return err
	}
	lock, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close() // which lets go of the lock
	for end := time.Now().Add(lockPatience); ; time.Sleep(lockPause) {
		err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f()
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return &fs.PathError{Op: "flock", Path: lock.Name(), Err: err}
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s: %w", path, ErrLocked)
		}
	}
}

// replace puts data in place of what path holds. The lock of path is held.
func replace(path string, data []byte) error {
	path = resolve(path)
	next := path + ".new"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_CLOEXEC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	err = f.Chmod(0o600)
	if err == nil {
		_, err = f.Write(data)
	}
	if err == nil {
		err = laterThan(path, next)
	}
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		os.Remove(next)
		return err
	}
	return syncDir(filepath.Dir(path))
}

// resolve follows symbolic links: a name that leads elsewhere keeps leading there.
func resolve(path string) string {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		return target
	}
	return path
}

// laterThan makes the time of next later than that of path. The clock of a file
// system may stand still between two writes, and sizes and inodes come again.
func laterThan(path, next string) error {
	old, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	now, err := os.Stat(next)
	if err != nil || now.ModTime().After(old.ModTime()) {
		return err
	}
	return os.Chtimes(next, time.Time{}, old.ModTime().Add(time.Microsecond))
}

// makeDir makes dir and what is missing above it, durably.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeDir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(parent)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// read returns what path holds, which is at most limit bytes, and its stamp. A
// file that is not there is fs.ErrNotExist, one that others can use a *ModeError.
func read(path string, limit int64) ([]byte, fs.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, nil, &DamagedError{File: path, Why: "it is no regular file", Do: "move it away"}
	}
	if st.Mode().Perm()&0o077 != 0 {
		return nil, nil, &ModeError{path, st.Mode()}
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, nil, err
	}
	if int64(len(data)) > limit {
		return nil, nil, &DamagedError{File: path, Why: fmt.Sprintf("it is longer than %d bytes", limit), Do: "restore it from a backup"}
	}
	return data, st, nil
}
