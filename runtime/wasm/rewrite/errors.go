package rewrite

import (
	"errors"
	"fmt"
	"strings"
)

// Why a module is refused; *Error wraps one of them.
var (
	// ErrMalformed: the bytes are no WebAssembly module.
	ErrMalformed = errors.New("the module is damaged or no WebAssembly; build it again")
	// ErrLimit: the module is valid and too large in some way.
	ErrLimit = errors.New("the module passes a limit; make it smaller")
	// ErrUnsupported: the module uses a proposal beyond WebAssembly 2.0.
	ErrUnsupported = errors.New("the module needs a feature beyond WebAssembly 2.0; build it without")
	// ErrNotDurable: the module could not be replayed or put into a snapshot.
	ErrNotDurable = errors.New("the module cannot be durable; build it without, or spawn it as transient")
	// ErrReserved: the module uses a name that belongs to the host.
	ErrReserved = errors.New("the module uses a name that is kept for the host; rename it")
)

// Error reports the construct for which a module is refused, and where it is.
type Error struct {
	Kind   error  // one of the Err values
	What   string // the construct
	Offset int    // in bytes from the start of the module
	Func   int    // index of the function in the module as it came, -1 outside of one
}

func (e *Error) Error() string {
	// The advice stands behind the place: "module cannot be durable: table.set at
	// byte 61, function 3; build it without, or ...".
	claim, advice, _ := strings.Cut(e.Kind.Error(), "; ")
	where := fmt.Sprintf("byte %d", e.Offset)
	if e.Func >= 0 {
		where += fmt.Sprintf(", function %d", e.Func)
	}
	return fmt.Sprintf("%s: %s (%s); %s", claim, e.What, where, advice)
}

func (e *Error) Unwrap() error { return e.Kind }
