package mirror

import (
	"errors"
	"fmt"

	"hearth/lumps"
)

var (
	// ErrReadOnly reports a world that takes no pushes.
	ErrReadOnly = errors.New("the other world takes no pushes; its operator must allow them")
	// ErrNoSnapshot reports a world that never took a snapshot.
	ErrNoSnapshot = errors.New("the world has no snapshot yet; take one first (hearth-ctl snapshot)")
	// ErrBusy reports a server that has enough to do.
	ErrBusy = errors.New("the server has enough pushes and walks to do; try again later")
	// ErrBadName reports a name that no mirror can have.
	ErrBadName = errors.New("a mirror's name is 1 to 64 letters, digits, \"-\", \"_\" and \".\"")
	// ErrReserved reports a root that belongs to the world itself.
	ErrReserved = errors.New("this root belongs to the world itself; push or pull its snapshot instead")
	// ErrNoRoot reports a root that the other side does not have.
	ErrNoRoot = errors.New("the other side has no such root")
	// ErrUnknown reports a snapshot that the other side does not have.
	ErrUnknown = errors.New("the other side has no such snapshot")
	// ErrIncomplete reports a sender that does not have, or does not give, all of
	// what it offers.
	ErrIncomplete = errors.New("the sender does not give all that belongs to it; nothing was moved, and what came is kept for the next try")
	// ErrStalled reports a sender of whom nothing came for too long.
	ErrStalled = errors.New("nothing comes from the other side any more; try again: what came is kept")
	// ErrRequest reports a peer that does not speak this protocol.
	ErrRequest = errors.New("the peer broke the rules of the mirror protocol")
	// ErrNoSpace reports a receiver whose disk is full.
	ErrNoSpace = errors.New("the receiver's disk is full; make room and try again: what came is kept")
)

// DivergedError reports two histories of which neither goes on from the other.
type DivergedError struct {
	Root   string    // that was to be moved
	Ours   lumps.CID // the snapshot here
	Theirs lumps.CID // the one on the other side
	// Common is the newest snapshot that both have, zero if none, and Seq the last
	// event that they are known to share.
	Common lumps.CID
	Seq    uint64
}

func (e *DivergedError) Error() string {
	where := "they share no snapshot"
	if !e.Common.IsZero() {
		where = fmt.Sprintf("they part behind snapshot %s, at event %d or soon after", e.Common, e.Seq)
	}
	return fmt.Sprintf("the histories have diverged: %s here and %s there; %s; nothing was moved, --fork NAME keeps both", e.Ours, e.Theirs, where)
}

// OtherSpaceError reports a snapshot of another space under the name of one.
type OtherSpaceError struct {
	Root     string
	New, Old lumps.CID
}

func (e *OtherSpaceError) Error() string {
	return fmt.Sprintf("%s is of another space than %s, which is there under %s; use another name", e.New, e.Old, e.Root)
}

// RootError reports a root that is there and names something else.
type RootError struct {
	Root     string
	New, Old lumps.CID
}

func (e *RootError) Error() string {
	return fmt.Sprintf("the root %q is there and names %s, not %s; use --force to replace it, or push under another name", e.Root, e.Old, e.New)
}

// VersionError reports a peer that speaks no version of the protocol in common.
type VersionError struct {
	Ours, Oldest, Newest int
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("this program speaks version %d of the mirror protocol and the peer %d to %d; use the newer program on both sides", e.Ours, e.Oldest, e.Newest)
}

// RemoteError is a failure on the other side, in its words.
type RemoteError struct {
	Text string
	kind error
}

func (e *RemoteError) Error() string { return "the other side: " + e.Text }
func (e *RemoteError) Unwrap() error { return e.kind }
