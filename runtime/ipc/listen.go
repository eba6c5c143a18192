package ipc

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// maxPath is how long the path of a Unix socket may be, by the size of
// sockaddr_un and the name that it is made under first.
const maxPath = 107 - len(".new")

// ErrSocketInUse reports a socket that another server listens on.
var ErrSocketInUse = errors.New("another server listens on this socket")

// Listen makes the socket at path, and its folder where there is none. The socket
// appears under its name when nobody but its owner can connect to it; one that a
// dead server left is replaced.
func Listen(path string) (net.Listener, error) {
	if len(path) > maxPath {
		return nil, fmt.Errorf("the socket path %s is longer than the %d bytes that the system takes; choose a shorter one with --socket: %w", path, maxPath, fs.ErrInvalid)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	if fi, err := os.Lstat(path); err == nil {
		if fi.Mode()&fs.ModeSocket == 0 {
			return nil, fmt.Errorf("%s is there and is no socket; choose another with --socket: %w", path, fs.ErrExist)
		}
		if c, err := net.Dial("unix", path); err == nil {
			c.Close()
			return nil, fmt.Errorf("%w: %s", ErrSocketInUse, path)
		}
	}
	// Under another name first: a socket is made with the mode that the umask
	// allows, and connecting must wait until it is 0600.
	first := path + ".new"
	if err := os.Remove(first); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: first, Net: "unix"})
	if err != nil {
		return nil, err
	}
	ln.SetUnlinkOnClose(false)
	err = os.Chmod(first, 0o600)
	if err == nil {
		err = os.Rename(first, path)
	}
	if err != nil {
		ln.Close()
		os.Remove(first)
		return nil, err
	}
	return &listener{ln, path}, nil
}

// listener removes its socket when it is closed.
type listener struct {
	*net.UnixListener
	path string
}

func (l *listener) Close() error {
	err := os.Remove(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(l.UnixListener.Close(), err)
}

// noListener reports whether connecting failed because nobody listens.
func noListener(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOTSOCK) || errors.Is(err, syscall.ENOTDIR)
}
