package secure

import (
	"errors"
	"fmt"
	"net"
)

var (
	// ErrAuth is one error, with one text, for all three causes: which of them it
	// was would tell a guesser what exists.
	ErrAuth = errors.New("the password is wrong, or the credential is unknown or revoked; check both and try again")
	// ErrUnknownSpace: the server answers, and has no space of that name.
	ErrUnknownSpace = errors.New("the server has no space of this name; check the link")
	// ErrRefused: the login was right, and the server's lists do not admit the peer.
	ErrRefused = errors.New("the server does not admit this peer; ask its operator to allow it")
	// ErrBusy: a gate is full, or the address has guessed too often.
	ErrBusy = errors.New("the server takes no more logins from this address for now; try again in a few seconds")
	// ErrHandshake: what came is no handshake of Hearth, or it ended early.
	ErrHandshake = errors.New("the handshake was malformed or cut off; check that both ends are Hearth and the link is sound")
	// ErrIdentity: a signature over the handshake does not belong to the key shown.
	ErrIdentity = errors.New("the peer could not prove its identity key; somebody may be in between, do not go on")
	// ErrTruncated: the connection ended without an authenticated close. What was
	// read is genuine; more may have been on its way.
	ErrTruncated = errors.New("the connection was cut without an authenticated close; reconnect")
	// ErrRecord: a record was forged, damaged, replayed, reordered or malformed.
	ErrRecord = errors.New("a record of the connection is not genuine; the connection was dropped, reconnect")
	// ErrClosed: this end, or the peer, closed the connection. It is a net.ErrClosed.
	ErrClosed = fmt.Errorf("the secured connection is closed: %w", net.ErrClosed)
	// ErrWeakKSF: a server asks for too little stretching of the password.
	ErrWeakKSF = errors.New("the server stretches passwords too little to send it one; its operator must raise the parameters")
	// ErrCostlyKSF: a server asks for more work than a client should do for it.
	ErrCostlyKSF = errors.New("the server asks for more password stretching than a client will do; its operator must lower the parameters")
	// ErrPassword: an empty password, or one longer than MaxPassword.
	ErrPassword = fmt.Errorf("a password must have between 1 and %d bytes", MaxPassword)
	// ErrName: a space or credential name outside what the hello can carry.
	ErrName = fmt.Errorf("a space or credential name must be 1 to %d bytes of printable text", MaxName)
	// ErrKeys: not key material, or damaged.
	ErrKeys = errors.New("the OPAQUE key material is damaged; restore it from a backup, or set all passwords anew")
	// ErrForeignKeys: whole, but made for another configuration or format.
	ErrForeignKeys = errors.New("the OPAQUE key material is of another version or configuration; use the program that made it")
	// ErrConfig: a field of a configuration is missing or contradicts another.
	ErrConfig = errors.New("the configuration of the secured connection is not usable")
)

// Versions says what one end speaks: the range of protocol versions and the
// program's own version text.
type Versions struct {
	First, Last uint8
	Program     string
}

func (v Versions) String() string {
	p := v.Program
	if p == "" {
		p = "unnamed"
	}
	if v.First == v.Last {
		return fmt.Sprintf("%s (protocol %d)", p, v.Last)
	}
	return fmt.Sprintf("%s (protocols %d to %d)", p, v.First, v.Last)
}

// VersionError reports two ends without a protocol version in common.
type VersionError struct{ Ours, Theirs Versions }

func (e *VersionError) Error() string {
	which := "update this program"
	if e.Theirs.Last < e.Ours.First {
		which = "update the peer"
	}
	return fmt.Sprintf("this end is %v and the peer is %v, which have no version in common; %s", e.Ours, e.Theirs, which)
}

// AlertError is a refusal that came before the server proved who it is, so that
// anyone on the path could have sent it. Err is what it says.
type AlertError struct{ Err error }

func (e *AlertError) Error() string {
	return fmt.Sprintf("an answer that nobody signed says: %v", e.Err)
}

func (e *AlertError) Unwrap() error { return e.Err }
