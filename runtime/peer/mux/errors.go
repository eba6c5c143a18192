package mux

import (
	"errors"
	"fmt"
)

var (
	// ErrProtocol is matched by what ends a session whose other end broke the
	// rules.
	ErrProtocol = errors.New("the peer broke the stream protocol")
	// ErrDead ends a session whose other end was silent for too long.
	ErrDead = errors.New("the peer does not answer any more; connect again when it can be reached")
	// ErrClosed is matched by a session that either end closed.
	ErrClosed = errors.New("the session is closed")
	// ErrLost is matched by a session whose connection ended without a goodbye.
	ErrLost = errors.New("the connection to the peer was lost")
	// ErrTooManyStreams refuses to open a stream.
	ErrTooManyStreams = errors.New("too many streams are open; close some before opening another")
	// ErrReset is matched by a stream that either end reset.
	ErrReset = errors.New("the stream was reset")
	// ErrWriteClosed refuses a write behind the end of a stream.
	ErrWriteClosed = errors.New("the stream is closed for writing")
	// ErrReadClosed refuses to read from a stream that was closed here.
	ErrReadClosed = errors.New("the stream is closed for reading")
)

// A ClosedError says who closed a session and why. It matches ErrClosed.
type ClosedError struct {
	Reason string
	Remote bool // the other end closed it
}

func (e *ClosedError) Error() string {
	switch who := map[bool]string{false: "this end", true: "the peer"}[e.Remote]; e.Reason {
	case "":
		return who + " closed the session"
	default:
		return fmt.Sprintf("%s closed the session: %s", who, e.Reason)
	}
}

func (e *ClosedError) Is(target error) bool { return target == ErrClosed }

// Codes of resets that the package itself gives. Those from CodeUser on are the
// caller's.
const (
	CodeCancel  uint32 = 0  // no longer wanted
	CodeRefused uint32 = 1  // too many streams
	CodeClosed  uint32 = 2  // data came to a stream that its reader had closed
	CodeUser    uint32 = 16 // the first that callers may define
)

// A ResetError says who reset a stream and with which code. It matches ErrReset.
type ResetError struct {
	Code   uint32
	Remote bool // the other end reset it
}

func (e *ResetError) Error() string {
	if !e.Remote {
		return fmt.Sprintf("the stream was reset here with code %d", e.Code)
	}
	switch e.Code {
	case CodeRefused:
		return "the peer refused the stream: it has too many; close some and try again"
	case CodeClosed:
		return "the peer closed the stream before it had read all"
	default:
		return fmt.Sprintf("the peer reset the stream with code %d", e.Code)
	}
}

func (e *ResetError) Is(target error) bool { return target == ErrReset }

// violation is an error that matches ErrProtocol and says what was wrong.
func violation(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrProtocol, fmt.Sprintf(format, args...))
}
