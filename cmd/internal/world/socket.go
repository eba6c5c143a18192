package world

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"hearth/lumps"
)

// maxSocketName keeps the path of a socket within what the system takes.
const maxSocketName = 24

// DefaultDir is where a world is that nobody named.
func DefaultDir() (string, error) {
	data := os.Getenv("XDG_DATA_HOME")
	if data == "" || !filepath.IsAbs(data) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("there is no home folder to keep the default world in; name one with --world: %w", err)
		}
		data = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(data, "hearth", "default"), nil
}

// DefaultSocket is where the server of the world in dir listens if nobody says
// otherwise: in the user's folder for such things, under a name that is for
// people and a hash that tells worlds of one name apart.
func DefaultSocket(dir string) (string, error) {
	folder, err := socketFolder()
	if err != nil {
		return "", err
	}
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, filepath.Base(dir))
	digest := lumps.Sum(lumps.Raw, []byte(dir)).Digest()
	return filepath.Join(folder, fmt.Sprintf("%.*s-%x.sock", maxSocketName, name, digest[:8])), nil
}

// socketFolder returns a folder that only this user can enter.
func socketFolder() (string, error) {
	if run := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(run) {
		if fi, err := os.Stat(run); err == nil && fi.IsDir() {
			return private(filepath.Join(run, "hearth"))
		}
	}
	return private(filepath.Join(os.TempDir(), fmt.Sprintf("hearth-%d", os.Getuid())))
}

// private makes sure that a folder is this user's alone. In a folder that all may
// write to, somebody else may have been quicker.
func private(dir string) (string, error) {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	fi, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !fi.IsDir() || ok && st.Uid != uint32(os.Getuid()) {
		return "", fmt.Errorf("%s is not a folder of yours; set XDG_RUNTIME_DIR or use --socket: %w", dir, fs.ErrPermission)
	}
	if fi.Mode().Perm() != 0o700 {
		if err := os.Chmod(dir, 0o700); err != nil {
			return "", err
		}
	}
	return dir, nil
}
