package ipc

import (
	"encoding/json"
	"time"

	"hearth/lumps"
)

// Peers is what a program has to do with other peers; nil for one that has
// nothing. A stopped world has one too: its files.
type Peers interface {
	// List returns the connected peers; ErrNoServer on a stopped world.
	List() ([]Peer, error)
	// Kick ends connections and returns how many. who is a key id or its
	// beginning, a credential, or a connection's number; ErrNoPeer if it is nobody's.
	Kick(who, reason string) (int, error)
	// Rules returns the access rules, in the order in which they were made.
	Rules() ([]Rule, error)
	// SetRule adds a rule, or removes it, and ends the connections that are not
	// admitted any more. action is RuleAllow, RuleBlock or RuleRemove; rule is
	// key:ID, cred:NAME, addr:PREFIX, or one of these without its class.
	SetRule(action, rule string) error
	// Credentials returns the invitations by name, and the space's password.
	Credentials() ([]Credential, error)
	// Invite makes a credential and its secret, which is shown this once.
	Invite(InviteParams) (Invitation, error)
	// Revoke removes a credential and ends the connections that logged in with it.
	Revoke(name string) error
}

// Actions of SetRule, and of a Rule the first two.
const (
	RuleAllow  = "allow"
	RuleBlock  = "block"
	RuleRemove = "remove"
)

// Roles of peers and credentials.
const (
	RoleGuest  = "guest"
	RoleMirror = "mirror"
)

// Peer is a connection to another peer.
type Peer struct {
	ID          uint64       `json:"id"`  // the connection's number
	Key         string       `json:"key"` // key id
	Credential  string       `json:"credential"`
	Role        string       `json:"role"`
	Program     string       `json:"program"`
	Address     string       `json:"address"`
	Since       time.Time    `json:"since"`
	RTT         Milliseconds `json:"rtt"`
	Server      bool         `json:"server"`  // we dialed it
	Exports     int          `json:"exports"` // capabilities that it has of us
	Imports     int          `json:"imports"` // capabilities that we have of it
	MessagesIn  uint64       `json:"messages_in"`
	MessagesOut uint64       `json:"messages_out"`
	Denied      uint64       `json:"denied"` // messages that its capabilities did not allow
	Lost        uint64       `json:"lost"`   // messages to it that were on their way when something ended
	BlocksIn    int64        `json:"blocks_in"`
	BlocksOut   int64        `json:"blocks_out"`
	BytesIn     int64        `json:"bytes_in"`
	BytesOut    int64        `json:"bytes_out"`
}

// Milliseconds is a duration that JSON shows as a number of milliseconds, with
// fractions.
type Milliseconds time.Duration

// MarshalJSON writes the number.
func (m Milliseconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(float64(m) / float64(time.Millisecond))
}

// UnmarshalJSON reads the number.
func (m *Milliseconds) UnmarshalJSON(b []byte) error {
	var v float64
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*m = Milliseconds(v * float64(time.Millisecond))
	return nil
}

// Rule says who is let in or kept out.
type Rule struct {
	Action string    `json:"action"`
	Rule   string    `json:"rule"`
	Made   time.Time `json:"made,omitzero"`
}

// Credential is what a peer can log in with.
type Credential struct {
	Name    string    `json:"name"`
	Role    string    `json:"role"`
	Note    string    `json:"note"`
	Made    time.Time `json:"made"`
	Expires time.Time `json:"expires,omitzero"` // zero: never
}

// InviteParams say for whom and for how long.
type InviteParams struct {
	Name    string    `json:"name,omitempty"` // empty: one is made up
	Role    string    `json:"role,omitempty"` // empty: RoleGuest
	Note    string    `json:"note,omitempty"`
	Expires time.Time `json:"expires,omitzero"` // zero: never
}

// Invitation is a credential with its secret.
type Invitation struct {
	Name   string `json:"name"`
	Secret string `json:"secret"`
	// Links are to be handed over: they hold the secret in the fragment. None where
	// nobody listens.
	Links []string `json:"links"`
}

// Directions of a sync.
const (
	Push = "push"
	Pull = "pull"
)

// SyncParams say what moves between this world and another.
type SyncParams struct {
	Direction string `json:"direction"` // Push or Pull
	Link      string `json:"link"`      // without a secret
	Password  []byte `json:"password,omitempty"`
	// Trust is the key id that the server must show, where the link has none.
	Trust string `json:"trust,omitempty"`
	// Snapshot is the one to move; zero is the newest.
	Snapshot lumps.CID `json:"snapshot,omitzero"`
	// Of pulls the mirror of that name at the other side in the place of the other
	// side's own world.
	Of string `json:"of,omitempty"`
	// Roots are roots of the store to move besides, as they are.
	Roots []string `json:"roots,omitempty"`
	// RootsOnly leaves the snapshot out.
	RootsOnly bool `json:"roots_only,omitempty"`
	// Name of the mirror where it comes to; empty is the name of the world.
	Name string `json:"name,omitempty"`
	// Fork is the name under which a history that has diverged is kept.
	Fork string `json:"fork,omitempty"`
	// Loose moves lumps, too, that no root reaches.
	Loose bool `json:"loose,omitempty"`
	// Force replaces roots that name something else.
	Force bool `json:"force,omitempty"`
	// Watch goes on with each new snapshot until the call is cancelled.
	Watch bool `json:"watch,omitempty"`
	// Every has the other side take a snapshot so often, for Watch; zero waits for
	// those that it takes anyway.
	Every Milliseconds `json:"every,omitempty"`
}

// SyncProgress is an item of a sync: how far it is, and with Moved, what a watch
// has done.
type SyncProgress struct {
	Blocks int64 `json:"blocks"`
	Bytes  int64 `json:"bytes"`
	// Moved says what has moved; of a watch, each time. Nil while it is under way.
	Moved *SyncResult `json:"moved,omitempty"`
	// Behind is how old the snapshot was when it stood here.
	Behind Milliseconds `json:"behind,omitempty"`
}

// SyncResult says what a sync did.
type SyncResult struct {
	// Root, From and To are of the snapshot: the root that names it, and what it
	// named before; zero where there was none.
	Root     string     `json:"root"`
	From     lumps.CID  `json:"from,omitzero"`
	To       lumps.CID  `json:"to,omitzero"`
	Seq      uint64     `json:"seq,omitempty"`
	UpToDate bool       `json:"up_to_date"` // nothing had to move
	Roots    []SyncRoot `json:"roots,omitempty"`
	Lumps    int64      `json:"lumps,omitempty"` // loose ones
	Blocks   int64      `json:"blocks"`          // that the receiver lacked
	Bytes    int64      `json:"bytes"`           // of those blocks
	Wire     int64      `json:"wire"`            // both ways, as far as it is known
	// RoundTrips is how often an answer was waited for.
	RoundTrips int `json:"round_trips"`
}

// SyncRoot is another root that moved as it is.
type SyncRoot struct {
	Root string    `json:"root"`
	From lumps.CID `json:"from,omitzero"`
	To   lumps.CID `json:"to"`
}
