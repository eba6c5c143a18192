package ipc

import (
	"context"
	"errors"
	"fmt"
	"io"

	"hearth/journal/space"
	"hearth/lumps/want"
	"hearth/runtime/peer"
	"hearth/runtime/peer/mirror"
	"hearth/runtime/peer/mux"
	"hearth/runtime/peer/secure"
	"hearth/runtime/peer/transport"
	"hearth/runtime/peer/trust"
)

var (
	// ErrNoPeer reports a name, number or key that no connection has.
	ErrNoPeer = errors.New("no such peer is connected; hearth-ctl list-peers shows who is")
	// ErrNoPeers reports a program that has nothing to do with other peers.
	ErrNoPeers = errors.New("this program has nothing to do with other peers")

	// What follows stands at the client for errors that carry more than a text.

	// ErrChangedKey is a server that shows another key than it should.
	ErrChangedKey = errors.New("the server shows another key than it should")
	// ErrVersion is two programs without a protocol version in common.
	ErrVersion = errors.New("the two programs speak no version of the protocol in common; use the newer one on both sides")
	// ErrUnreachable is a server that was not reached.
	ErrUnreachable = errors.New("the server cannot be reached")
	// ErrDiverged is two histories of which neither goes on from the other.
	ErrDiverged = errors.New("the histories have diverged; --fork NAME keeps both")
	// ErrOtherSpace is a snapshot of another space under the name of one.
	ErrOtherSpace = errors.New("another space is there under this name; use another name")
	// ErrRootDiffers is a root that is there and names something else.
	ErrRootDiffers = errors.New("the root is there and names something else; --force replaces it")
	// ErrRemote is a failure on the other side that has no kind here.
	ErrRemote = errors.New("the other side failed")
)

// peerKinds are the classes of errors that have to do with other peers. They stand
// before the rest, because what one of them wraps says less.
var peerKinds = []Kind{
	{Name: "no-peer", Exit: ExitNoInput, sentinel: ErrNoPeer, also: []error{peer.ErrNoPeer}},
	{Name: "no-peers", Exit: ExitUnavailable, sentinel: ErrNoPeers},
	{Name: "wrong-password", Exit: ExitPermission, sentinel: secure.ErrAuth},
	{Name: "refused", Exit: ExitPermission, sentinel: secure.ErrRefused, also: []error{peer.ErrKicked}, as: is[*trust.BlockedError]},
	{Name: "unknown-server", Exit: ExitPermission, sentinel: trust.ErrUnknownServer},
	{Name: "not-accepted", Exit: ExitPermission, sentinel: trust.ErrNotAccepted},
	{Name: "changed-key", Exit: ExitPermission, sentinel: ErrChangedKey, as: is[*trust.ChangedKeyError]},
	{Name: "bad-identity", Exit: ExitPermission, sentinel: secure.ErrIdentity},
	{Name: "unknown-space", Exit: ExitNoInput, sentinel: secure.ErrUnknownSpace},
	{Name: "server-busy", Exit: ExitTemporary, sentinel: secure.ErrBusy, also: []error{peer.ErrPeers, mirror.ErrBusy, want.ErrUnavailable}},
	{Name: "version", Exit: ExitProtocol, sentinel: ErrVersion, as: func(err error) bool {
		return is[*secure.VersionError](err) || is[*mirror.VersionError](err)
	}},
	{Name: "password-cost", Exit: ExitProtocol, sentinel: secure.ErrWeakKSF, also: []error{secure.ErrCostlyKSF}},
	{Name: "protocol", Exit: ExitProtocol, sentinel: peer.ErrProtocol, also: []error{
		secure.ErrHandshake, secure.ErrRecord, mux.ErrProtocol, want.ErrProtocol, mirror.ErrRequest}},
	{Name: "unreachable", Exit: ExitUnavailable, sentinel: ErrUnreachable, as: func(err error) bool {
		return is[*transport.DialError](err) && !errors.Is(err, context.Canceled)
	}},
	{Name: "peer-lost", Exit: ExitUnavailable, sentinel: peer.ErrClosed, also: []error{
		peer.ErrSlow, secure.ErrTruncated, secure.ErrClosed, mux.ErrClosed, mux.ErrLost, mux.ErrDead, mux.ErrReset, want.ErrClosed}},
	{Name: "diverged", Exit: ExitData, sentinel: ErrDiverged, as: is[*mirror.DivergedError]},
	{Name: "ran", Exit: ExitData, sentinel: space.ErrRan},
	{Name: "other-space", Exit: ExitData, sentinel: ErrOtherSpace, as: is[*mirror.OtherSpaceError]},
	{Name: "root-differs", Exit: ExitData, sentinel: ErrRootDiffers, as: is[*mirror.RootError]},
	{Name: "read-only", Exit: ExitPermission, sentinel: mirror.ErrReadOnly},
	{Name: "denied", Exit: ExitPermission, sentinel: want.ErrDenied},
	{Name: "no-root", Exit: ExitNoInput, sentinel: mirror.ErrNoRoot},
	{Name: "incomplete", Exit: ExitData, sentinel: mirror.ErrIncomplete},
	{Name: "unsound", Exit: ExitData, sentinel: space.ErrUnsound},
	{Name: "no-credential", Exit: ExitNoInput, sentinel: trust.ErrNoCredential},
	{Name: "no-rule", Exit: ExitNoInput, sentinel: trust.ErrNoRule},
	{Name: "full-file", Exit: ExitCreate, sentinel: trust.ErrTooMany},
	{Name: "vanished", Exit: ExitNoInput, sentinel: trust.ErrVanished, also: []error{trust.ErrNoIdentity}},
	{Name: "bad-link", Exit: ExitUsage, sentinel: trust.ErrBadLink, also: []error{trust.ErrSecretInArgument}},
	{Name: "bad-key", Exit: ExitUsage, sentinel: trust.ErrBadKeyID},
	{Name: "bad-rule", Exit: ExitUsage, sentinel: trust.ErrBadRule},
	{Name: "bad-credential", Exit: ExitUsage, sentinel: trust.ErrBadCredential, also: []error{
		trust.ErrBadName, secure.ErrName, secure.ErrPassword}},
	{Name: "bad-name", Exit: ExitUsage, sentinel: mirror.ErrBadName, also: []error{mirror.ErrReserved}},
}

// KeyOf is the key id that an error is about: of a server that is not known, so
// that somebody can be asked whether it is the right one. "" for every other.
func KeyOf(err error) string {
	var unknown *trust.UnknownServerError
	if errors.As(err, &unknown) {
		return trust.KeyID(unknown.Key)
	}
	var remote *Error
	if errors.As(err, &remote) {
		return remote.Key
	}
	return ""
}

// CutOff says of a stream that ended in the middle of a sync that it was the
// connection: what reads the stream sees no more than its end.
func CutOff(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) && KindOf(err).Name == "internal" {
		return fmt.Errorf("%w: %w", peer.ErrClosed, err)
	}
	return err
}

// Transient reports an error of another peer after which trying again may help,
// although nobody does anything about it: it is away, or busy.
func Transient(err error) bool {
	if err == nil {
		return false
	}
	s := KindOf(err).sentinel
	return s == ErrUnreachable || s == peer.ErrClosed || s == secure.ErrBusy
}
