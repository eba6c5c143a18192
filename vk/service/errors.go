package service

import (
	"errors"
	"fmt"

	"hearth/runtime/serde"
	"hearth/vk/scene"
)

var (
	errEnded       = errors.New("this was removed")
	errNoReply     = errors.New("a request needs a reply address")
	errUnknown     = errors.New("there is no such request")
	errNoPick      = errors.New("this viewer cannot pick")
	errNotReady    = errors.New("the picture was not ready in time; ask again")
	errLost        = errors.New("more waits than one may have waiting; send less, or ask for answers and wait for them")
	errUnavailable = errors.New("a lump did not arrive in time")
)

// LimitError reports that somebody has as much as one may have.
type LimitError struct {
	Client string // a process, or a peer with all that runs there
	What   string
	Limit  int64
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("%s has all the %s that one may have (%d); remove some first", e.Client, e.What, e.Limit)
}

// busyError reports requests that come faster than they are answered.
type busyError struct {
	limit int64
	what  string
}

func (e *busyError) Error() string {
	return fmt.Sprintf("%d %s wait already; read the answers before you ask for more", e.limit, e.what)
}

// lumpError reports a lump that cannot be shown.
type lumpError struct {
	what string // its part in the request
	err  error
}

func (e *lumpError) Error() string { return fmt.Sprintf("the %s cannot be shown: %v", e.what, e.err) }
func (e *lumpError) Unwrap() error { return e.err }

// parseError reports a request that is not what it should be.
type parseError struct{ err error }

func (e *parseError) Error() string { return e.err.Error() }
func (e *parseError) Unwrap() error { return e.err }

// kindOf is the tag of an error in an answer.
func kindOf(err error) string {
	var parse *parseError
	var lump *lumpError
	var full *scene.FullError
	var limit *LimitError
	var busy *busyError
	var value *scene.ValueError
	switch {
	case errors.As(err, &lump):
		return "Lump"
	case errors.As(err, &full), errors.As(err, &limit):
		return "Full"
	case errors.As(err, &busy), errors.Is(err, errLost):
		return "Busy"
	case errors.As(err, &value), errors.Is(err, scene.ErrNotFinite):
		return "Value"
	case errors.Is(err, scene.ErrNoThing), errors.Is(err, errEnded):
		return "Gone"
	case errors.Is(err, errNoPick), errors.Is(err, errNoWindow), errors.Is(err, errNotReady):
		return "Unavailable"
	case errors.As(err, &parse):
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
