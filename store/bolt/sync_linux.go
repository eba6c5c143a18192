package bolt

import (
	"os"
	"syscall"
)

// datasync leaves out what fsync adds: the times of the file.
func datasync(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if err != syscall.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
