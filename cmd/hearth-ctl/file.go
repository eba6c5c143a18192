package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"hearth/cmd/internal/exit"
)

// writeFile writes a file that appears under its name when it is whole and on
// disk. What is no ordinary file (a pipe, a device) is written as it is.
func writeFile(name string, write func(w io.Writer) error) (err error) {
	if fi, err := os.Stat(name); err == nil && !fi.Mode().IsRegular() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return &exit.CreateError{File: name, Err: bare(err)}
		}
		return errors.Join(write(f), f.Close())
	}
	dir := filepath.Dir(name)
	tmp := filepath.Join(dir, fmt.Sprintf(".%s.%d", filepath.Base(name), os.Getpid()))
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return &exit.CreateError{File: name, Err: bare(err)}
	}
	defer func() {
		if err != nil {
			os.Remove(tmp)
		}
	}()
	b := bufio.NewWriterSize(f, 256<<10)
	err = write(b)
	if err == nil {
		err = b.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp, name); err != nil {
		return &exit.CreateError{File: name, Err: bare(err)}
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// bare is why an operation failed, without the names that it was called with.
func bare(err error) error {
	var no syscall.Errno
	if errors.As(err, &no) {
		return no
	}
	return err
}
