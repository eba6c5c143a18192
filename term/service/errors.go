package service

import (
	"errors"
	"fmt"

	"hearth/runtime/serde"
	"hearth/term/pty"
	"hearth/vk/scene"
)

var (
	// ErrRefused answers who may not have a shell here.
	ErrRefused = errors.New("the person at this screen did not permit a shell; ask them, or show output on a screen of your own with CreateScreen")

	errClosed    = errors.New("the terminals of this program have ended; start the program again")
	errEnded     = errors.New("this terminal was closed; create another")
	errNoReply   = errors.New("a request needs a reply address")
	errNoWatcher = errors.New("to watch, send a capability that takes messages")
	errUnknown   = errors.New("there is no such request")
	errLost      = errors.New("more waits than one may have waiting; send less, or ask for answers and wait for them")
	errNoShell   = errors.New("no shell runs in this terminal that could read this; start one with Enter")
	errNoScreen  = errors.New("only a screen without a shell is fed; create it with CreateScreen")
	errScreen    = errors.New("a screen has no shell; what is typed there are events to who watches it")
)

// RightError reports a message that a capability does not permit.
type RightError struct{ Right string }

func (e *RightError) Error() string {
	return fmt.Sprintf("this capability does not permit to %s; ask who made the terminal for one that does", e.Right)
}

// LimitError reports that somebody has as much as one may have.
type LimitError struct {
	Client string // a process, or a peer with all that runs there
	What   string
	Limit  int64
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("%s has all the %s that one may have (%d); remove some first", e.Client, e.What, e.Limit)
}

// busyError reports a question that cannot be asked now.
type busyError struct{ why string }

func (e *busyError) Error() string { return e.why }

// parseError reports a request that is not what it should be.
type parseError struct{ err error }

func (e *parseError) Error() string { return e.err.Error() }
func (e *parseError) Unwrap() error { return e.err }

// valueError reports a value that no terminal can have.
type valueError struct{ why string }

func (e *valueError) Error() string { return e.why }

// tooLargeError reports what does not fit, however little else there is.
type tooLargeError struct{ why string }

func (e *tooLargeError) Error() string { return e.why }

func tooManyCells(most int) error {
	return &tooLargeError{fmt.Sprintf("a terminal has %d cells at most; give it larger letters or a smaller rectangle", most)}
}

// kindOf is the tag of an error in an answer.
func kindOf(err error) string {
	var parse *parseError
	var value *valueError
	var sceneValue *scene.ValueError
	var full *scene.FullError
	var limit *LimitError
	var busy *busyError
	var large *tooLargeError
	var right *RightError
	var start *pty.StartError
	switch {
	case errors.As(err, &right), errors.Is(err, ErrRefused), errors.Is(err, errControl), errors.Is(err, errTell):
		return "Refused"
	case errors.As(err, &full), errors.As(err, &limit), errors.As(err, &large):
		return "Full"
	case errors.As(err, &busy), errors.Is(err, errLost), errors.Is(err, pty.ErrFull):
		return "Busy"
	case errors.As(err, &value), errors.As(err, &sceneValue), errors.Is(err, scene.ErrNotFinite):
		return "Value"
	case errors.Is(err, scene.ErrNoThing), errors.Is(err, errEnded), errors.Is(err, errNoShell), errors.Is(err, pty.ErrEnded):
		return "Gone"
	case errors.As(err, &start), errors.Is(err, errClosed):
		return "Unavailable"
	case errors.As(err, &parse), errors.Is(err, errUnknown), errors.Is(err, errNoWatcher), errors.Is(err, errNoScreen), errors.Is(err, errScreen):
		return "Parse"
	}
	return "Other"
}

// refusal is the answer to what is not done: {"Err":{kind:sentence}}.
func refusal(c serde.Codec, err error) []byte {
	return c.Encode(map[string]map[string]string{"Err": {kindOf(err): err.Error()}})
}

// ok is the answer {"Ok":v}.
func ok(c serde.Codec, v any) []byte { return c.Encode(map[string]any{"Ok": v}) }
