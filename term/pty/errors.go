package pty

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// what a start failed at.
type failure int

const (
	refused failure = iota
	notFound
	notExecutable
	noFolder
	noTerminal
)

// A StartError says why a program does not run. It wraps the cause: errors.Is tells
// fs.ErrNotExist and fs.ErrPermission.
type StartError struct {
	Path string // what was asked for
	Dir  string // where, if that was asked for
	Err  error
	what failure
}

func (e *StartError) Unwrap() error { return e.Err }

func (e *StartError) Error() string {
	switch e.what {
	case notFound:
		return fmt.Sprintf("there is no program %s; name one that exists, or leave it out for your shell", e.Path)
	case notExecutable:
		return fmt.Sprintf("%s is not a file that you may execute (%v); name another program, or change its mode", e.Path, cause(e.Err))
	case noFolder:
		return fmt.Sprintf("%s cannot start in %s (%v); name a folder that you may enter", e.Path, e.Dir, cause(e.Err))
	case noTerminal:
		return fmt.Sprintf("the system gives no terminal for %s (%v); close others, or raise kernel.pty.max and the limit of open files", e.Path, cause(e.Err))
	}
	switch {
	case errors.Is(e.Err, syscall.ENOEXEC):
		return fmt.Sprintf("%s is not a program of this machine; name another, or begin the script with #! and its interpreter", e.Path)
	case errors.Is(e.Err, syscall.ENOENT):
		return fmt.Sprintf("%s names an interpreter or loader that does not exist; install it, or name another program", e.Path)
	case errors.Is(e.Err, syscall.E2BIG):
		return fmt.Sprintf("the arguments and the environment of %s are too long; pass less", e.Path)
	case errors.Is(e.Err, syscall.EAGAIN) || errors.Is(e.Err, syscall.ENOMEM):
		return fmt.Sprintf("there is no room for another process (%s: %v); end others first", e.Path, cause(e.Err))
	}
	return fmt.Sprintf("%s does not start: %v", e.Path, cause(e.Err))
}

// cause is the part of an error that says why, without the path and the call.
func cause(err error) error {
	var path *os.PathError
	var call *os.SyscallError
	for {
		switch {
		case errors.As(err, &path):
			err = path.Err
		case errors.As(err, &call):
			err = call.Err
		default:
			var number syscall.Errno
			if errors.As(err, &number) {
				return number
			}
			return err
		}
	}
}

// A LeftError names processes that outlived their terminal.
type LeftError struct {
	Pids []int
}

func (e *LeftError) Error() string {
	return fmt.Sprintf("the terminal is closed, but processes of it still run (%v): they belong to another user or wait for a device; end them yourself", e.Pids)
}
