package ipc

import (
	"fmt"
	"net"
	"os"
	"syscall"
)

// peerOf returns who is at the other end of a Unix socket, and refuses users that
// are neither the server's nor root.
func peerOf(c *net.UnixConn) (origin string, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return "", err
	}
	var cred *syscall.Ucred
	var cerr error
	if err := raw.Control(func(fd uintptr) {
		cred, cerr = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	}); err != nil {
		return "", err
	}
	if cerr != nil {
		return "", cerr
	}
	return admit(cred.Uid, uint32(os.Geteuid()))
}

// admit decides by the users at both ends.
func admit(peer, own uint32) (string, error) {
	if peer != own && peer != 0 {
		return "", fmt.Errorf("%w, and you are user %d", ErrPermission, peer)
	}
	return fmt.Sprintf("user %d", peer), nil
}
