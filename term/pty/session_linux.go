package pty

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// attributes put the child into a session of its own, with the slave as its
// controlling terminal, and keep a pidfd of it where the kernel has them (5.4).
func attributes(pidfd *int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0, PidFD: pidfd}
}

// characters makes the line discipline erase whole characters of UTF-8 and not bytes.
func characters(slave int) error {
	t, err := unix.IoctlGetTermios(slave, unix.TCGETS)
	if err != nil {
		return err
	}
	t.Iflag |= unix.IUTF8
	return unix.IoctlSetTermios(slave, unix.TCSETS, t)
}

// statusOffset is where struct siginfo_t of a SIGCHLD holds the status: behind three
// ints, aligned as a pointer, the process and the user.
const statusOffset = (12+unsafe.Sizeof(uintptr(0))-1)/unsafe.Sizeof(uintptr(0))*unsafe.Sizeof(uintptr(0)) + 8

// What si_code says of a child (bits/siginfo-consts.h).
const (
	childExited = 1
	childKilled = 2
	childDumped = 3
)

// await waits for the leader to end and leaves it to be reaped. With a pidfd the
// runtime's poller does the waiting; without, a thread does.
func (p *Process) await(pidfd int) Exit {
	// The standard library keeps a pidfd of its own, for waits that are not ours.
	_ = p.cmd.Process.Release()
	options := unix.WEXITED | unix.WNOWAIT
	if pidfd >= 0 {
		unix.CloseOnExec(pidfd)
		_ = unix.SetNonblock(pidfd, true)
		f := os.NewFile(uintptr(pidfd), "pidfd")
		defer f.Close()
		if c, err := f.SyscallConn(); err == nil {
			var e Exit
			if err := c.Read(func(uintptr) (done bool) {
				e, done = look(p.pid, options|unix.WNOHANG)
				return done
			}); err == nil {
				return e
			}
		}
	}
	e, _ := look(p.pid, options)
	return e
}

// look asks for the end of a child.
func look(pid, options int) (e Exit, ended bool) {
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, pid, &info, options, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return Exit{Code: -1, Err: err}, true
		case info.Signo == 0:
			return Exit{}, false
		}
		status := int(*(*int32)(unsafe.Add(unsafe.Pointer(&info), statusOffset)))
		if info.Code == childExited {
			return Exit{Code: status}, true
		}
		return Exit{Code: -1, Signal: syscall.Signal(status), Core: info.Code == childDumped}, true
	}
}

// takeLeader takes the leader, which has ended, from the table of processes.
func (p *Process) takeLeader() {
	for {
		if _, err := unix.Wait4(p.pid, nil, 0, nil); err != unix.EINTR {
			return
		}
	}
}

// living finds the processes of a session that are more than an entry in the table.
//
// /proc/PID/stat is "pid (name) state parent group session ...", where a name may hold
// anything, parentheses and blanks too, so the fields are read from the last one on.
// An error says that not all could be looked at.
func living(session int) (pids []int, err error) {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer proc.Close()
	names, err := proc.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	want := []byte(strconv.Itoa(session))
	buf := make([]byte, 0, 512)
	for _, name := range names {
		if name[0] < '1' || name[0] > '9' {
			continue
		}
		switch buf, err = stat(buf[:0], name); err {
		case nil:
		case unix.EMFILE, unix.ENFILE, unix.ENOMEM:
			return nil, err
		default:
			continue // it ended meanwhile
		}
		fields := bytes.Fields(buf[bytes.LastIndexByte(buf, ')')+1:])
		if len(fields) < 4 || !bytes.Equal(fields[3], want) || bytes.ContainsAny(fields[0], "ZX") {
			continue
		}
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// stat reads a process's line without what os.ReadFile allocates and asks: there may be
// thousands.
func stat(buf []byte, pid string) ([]byte, error) {
	fd, err := unix.Open("/proc/"+pid+"/stat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return buf, err
	}
	defer unix.Close(fd)
	n, err := unix.Read(fd, buf[:cap(buf)])
	return buf[:max(n, 0)], err
}
