package world

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Format is the version of the layout of the folder.
const Format = 1

// formatFile is what DIR/format says.
type formatFile struct {
	Hearth  string    `json:"hearth"` // "world"
	Format  int       `json:"format"`
	Program string    `json:"program"`
	Created time.Time `json:"created"`
}

// readFormat reads the format file. ErrNoWorld where there is none.
func readFormat(dir string) (formatFile, error) {
	var f formatFile
	b, err := os.ReadFile(filepath.Join(dir, "format"))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return f, fmt.Errorf("%s: %w", dir, ErrNoWorld)
	}
	if err != nil {
		return f, &PathError{"open", dir, err}
	}
	if err := json.Unmarshal(b, &f); err != nil || f.Hearth != "world" || f.Format < 1 {
		return f, fmt.Errorf("%s: %w", dir, ErrBadFormat)
	}
	if f.Format > Format {
		return f, &NewerError{Dir: dir, Found: f.Format, By: f.Program}
	}
	return f, nil
}

// writeFile puts a small file in place at once and durably.
func writeFile(dir, name string, data []byte) error {
	tmp := filepath.Join(dir, name+".tmp")
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp, filepath.Join(dir, name)); err != nil {
		return err
	}
	return syncDir(dir)
}

// removeFile removes a file durably.
func removeFile(dir, name string) error {
	if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
