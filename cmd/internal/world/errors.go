package world

import (
	"errors"
	"fmt"
)

var (
	// ErrNoWorld reports a folder that is none, or is no world.
	ErrNoWorld = errors.New("no world there; hearth-server makes one")
	// ErrNotEmpty reports a folder in which no world can be made.
	ErrNotEmpty = errors.New("the folder is not empty and is no world; choose another")
	// ErrExists reports a world where a new one should be made.
	ErrExists = errors.New("there is a world already; choose another folder")
	// ErrBadFormat reports a format file that cannot be read.
	ErrBadFormat = errors.New("the format file of the world is damaged; restore it from a backup")
)

// NewerError reports a world that a newer program wrote.
type NewerError struct {
	Dir   string
	Found int
	By    string
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("the world %s has format %d, written by %s, and this program reads up to %d; use a newer Hearth", e.Dir, e.Found, e.By, Format)
}

// LockedError reports a world that another program has open.
type LockedError struct {
	Dir string
	Owner
}

func (e *LockedError) Error() string {
	who := "another program"
	if e.PID != 0 {
		who = fmt.Sprintf("%s (process %d)", e.Program, e.PID)
	}
	return fmt.Sprintf("the world %s is in use by %s", e.Dir, who)
}

// PathError is a folder that cannot be made or used, and why.
type PathError struct {
	Op  string // "make" or "open"
	Dir string
	Err error
}

func (e *PathError) Error() string {
	return fmt.Sprintf("the world %s cannot be %s: %v", e.Dir, map[string]string{"make": "made", "open": "opened"}[e.Op], e.Err)
}

func (e *PathError) Unwrap() error { return e.Err }
