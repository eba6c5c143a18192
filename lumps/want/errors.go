package want

import (
	"errors"
	"fmt"

	"hearth/lumps"
	"hearth/store"
)

var (
	// ErrProtocol reports a peer that broke the rules of the exchange. The exchange
	// has ended; do not connect to that peer again without a reason.
	ErrProtocol = errors.New("the peer broke the rules of the block exchange")
	// ErrClosed reports an exchange that ended in order, from either side.
	ErrClosed = errors.New("the block exchange is closed")
	// ErrDenied is for a Provider to return: the block may be here, but this peer
	// was not granted it.
	ErrDenied = errors.New("not granted to this peer")
	// ErrUnavailable reports a block that the peer could not read just now.
	ErrUnavailable = errors.New("the peer cannot read it now; try again later")
)

func protocolError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrProtocol, fmt.Sprintf(format, args...))
}

func notGiven(c lumps.CID) error {
	return fmt.Errorf("lump %s: the peer does not give it: %w", c, store.ErrNotFound)
}

func unavailable(c lumps.CID) error { return fmt.Errorf("lump %s: %w", c, ErrUnavailable) }
