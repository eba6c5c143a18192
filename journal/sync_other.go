//go:build unix && !linux

package journal

import "golang.org/x/sys/unix"

func datasync(fd int) error { return unix.Fsync(fd) }
