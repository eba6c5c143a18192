package pty

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// An Exit says how a program ended.
type Exit struct {
	Code   int            // what it returned; -1 where a signal ended it
	Signal syscall.Signal // what ended it; 0 where it ended by itself
	Core   bool           // it left a core dump
	Err    error          // its end could not be observed
}

// Ok reports whether the program ended by itself and without complaint.
func (e Exit) Ok() bool { return e.Code == 0 && e.Signal == 0 && e.Err == nil }

// String is one sentence for a person.
func (e Exit) String() string {
	switch {
	case e.Err != nil:
		return fmt.Sprintf("how the program ended is not known: %v", e.Err)
	case e.Signal != 0:
		s := fmt.Sprintf("the program was ended by signal %d", int(e.Signal))
		if name := unix.SignalName(e.Signal); name != "" {
			s += fmt.Sprintf(" (%s, %s)", name, e.Signal)
		}
		if e.Core {
			s += " and left a core dump"
		}
		return s
	case e.Code != 0:
		return fmt.Sprintf("the program ended with code %d", e.Code)
	}
	return "the program ended"
}
