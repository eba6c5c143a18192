package pty

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// entry is hearth.ti as tic -x compiles it: programs on a machine without tic find it
// all the same.
//
//go:embed terminfo/h/hearth
var entry []byte

// entryNames are where an entry lies in a folder: under its first letter, or, as on
// file systems that do not tell capitals apart, under that letter's number. A reader
// looks for one of them, by how its library was built.
var entryNames = []string{filepath.Join("h", Term), filepath.Join("68", Term)}

// Terminfo writes the terminal's compiled entry into a folder, in both layouts, unless
// it is there, and returns the folder, absolute, for TERMINFO_DIRS. An empty dir is
// hearth/terminfo in the user's cache folder. A file is put in place whole, so that
// programs that start meanwhile never read half of one.
func Terminfo(dir string) (string, error) {
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", terminfoError(dir, err)
		}
		dir = filepath.Join(cache, "hearth", "terminfo")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", terminfoError(dir, err)
	}
	if strings.ContainsRune(dir, os.PathListSeparator) {
		return "", terminfoError(dir, errColon)
	}
	for _, name := range entryNames {
		if err := install(filepath.Join(dir, name)); err != nil {
			return "", terminfoError(dir, err)
		}
	}
	return dir, nil
}

var errColon = errors.New("a list of folders cannot hold its colon")

func terminfoError(dir string, err error) error {
	return fmt.Errorf("the description of the terminal cannot be written to %q; name a folder that you may write to: %w", dir, err)
}

func install(path string) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, entry) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+Term+"-")
	if err != nil {
		return err
	}
	_, err = f.Write(entry)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
