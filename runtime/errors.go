package runtime

import (
	"errors"
	"fmt"

	"hearth/journal/space"
)

var (
	// ErrNoProcess reports a PID or name that nothing lives under.
	ErrNoProcess = errors.New("no such process")
	// ErrNoService reports a name that nothing is registered under.
	ErrNoService = errors.New("no such service")
	// ErrBusy reports a mailbox at its limit; the sender may try again.
	ErrBusy = errors.New("the mailbox is full; try again later")
	// ErrTooLarge reports a message over space.MaxMessage.
	ErrTooLarge = fmt.Errorf("the message is larger than the limit of %d bytes; put it in a lump and name the lump", space.MaxMessage)
	// ErrBlocking reports a module that only has a blocking run.
	ErrBlocking = errors.New("this module waits for its messages in run and cannot be durable; export _hearth_receive instead")
	// ErrBadModule reports bytes that cannot run here. It is wrapped with why.
	ErrBadModule = errors.New("not a module that can run here")
	// ErrStopped reports a call on a runtime that was closed or has failed.
	ErrStopped = errors.New("the space is closed")
	// ErrNotDurable reports a durable operation on a runtime without a journal.
	ErrNotDurable = errors.New("this runtime keeps no journal, so it has no durable processes")
	// ErrNoReply reports that a process ended without an answer.
	ErrNoReply = errors.New("the process ended without an answer")
	// ErrDuplicate reports a message whose key was accepted before.
	ErrDuplicate = errors.New("a message with this key was accepted before")
)

// Trap is how an execution ended that cannot go on. For a durable process its
// reason is a function of its history.
type Trap struct {
	Reason string // one of the space.Reason constants
	Code   int32  // of an exit
	Detail string // for people
}

func (t *Trap) Error() string {
	if t.Detail == "" {
		return "the process ended: " + t.Reason
	}
	return fmt.Sprintf("the process ended: %s (%s)", t.Reason, t.Detail)
}

// normal is how most processes end. Nobody changes a trap.
var normal = &Trap{Reason: space.ReasonNormal}

// Exit is the trap of a process that ends by itself.
func Exit(code int32) *Trap {
	if code == 0 {
		return normal
	}
	return &Trap{Reason: space.ReasonExited, Code: code, Detail: fmt.Sprintf("exit code %d", code)}
}

// trapf is a trap for a misuse of the host's functions.
func trapf(format string, args ...any) *Trap {
	return &Trap{Reason: space.ReasonTrap, Detail: fmt.Sprintf(format, args...)}
}
