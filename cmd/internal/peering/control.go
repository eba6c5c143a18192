package peering

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"hearth/runtime/ipc"
	"hearth/runtime/peer"
	"hearth/runtime/peer/trust"
)

// Control answers the calls of hearth-ctl about peers. A nil peering is a world that
// nobody runs, or that meets nobody: its files are there all the same.
type Control struct {
	// Open returns the files; they are made with the first use.
	Open    func() (*Files, error)
	Peering *Peering
}

var _ ipc.Peers = (*Control)(nil)

// List returns the connected peers.
func (k *Control) List() ([]ipc.Peer, error) {
	if k.Peering == nil {
		return nil, ipc.ErrNoServer
	}
	var out []ipc.Peer
	for _, c := range k.Peering.Node.Conns() {
		i, s, x := c.Info(), c.Stats(), c.Exchange().Stats()
		p := ipc.Peer{
			ID: i.ID, Key: trust.KeyID(i.Key), Credential: i.Credential, Role: string(i.Role), Program: i.Program, Since: i.Since.UTC(),
			RTT: ipc.Milliseconds(c.RTT()), Server: i.Server, Exports: s.Exports, Imports: s.Imports,
			MessagesIn: s.MessagesIn, MessagesOut: s.MessagesOut, Denied: s.Denied, Lost: s.Lost,
			BlocksIn: x.BlocksIn, BlocksOut: x.BlocksOut, BytesIn: x.BytesIn, BytesOut: x.BytesOut,
		}
		if i.Addr != nil {
			p.Address = i.Addr.String()
		}
		out = append(out, p)
	}
	return out, nil
}

// Kick ends connections.
func (k *Control) Kick(who, reason string) (int, error) {
	if k.Peering == nil {
		return 0, ipc.ErrNoServer
	}
	n, err := k.Peering.Node.Kick(who, reason)
	if errors.Is(err, peer.ErrNoPeer) {
		return n, fmt.Errorf("%w: %s", ipc.ErrNoPeer, who)
	}
	return n, err
}

// Rules returns the access rules.
func (k *Control) Rules() ([]ipc.Rule, error) {
	f, err := k.Open()
	if err != nil {
		return nil, err
	}
	rules, err := f.Access.Rules()
	var out []ipc.Rule
	for _, r := range rules {
		out = append(out, ipc.Rule{Action: string(r.Action), Rule: r.Rule.String(), Made: r.Made})
	}
	return out, err
}

// SetRule changes the access rules.
func (k *Control) SetRule(action, rule string) error {
	f, err := k.Open()
	if err != nil {
		return err
	}
	r, err := trust.ParseRule(rule)
	if err != nil {
		return fmt.Errorf("%w: %w", ipc.ErrUsage, err)
	}
	switch action {
	case ipc.RuleAllow:
		err = f.Access.Allow(r)
	case ipc.RuleBlock:
		err = f.Access.Block(r)
	case ipc.RuleRemove:
		err = f.Access.Remove(r)
	default:
		return fmt.Errorf("%w: a rule allows, blocks or is removed", ipc.ErrUsage)
	}
	k.recheck()
	return err
}

// recheck ends what is not admitted any more.
func (k *Control) recheck() {
	if k.Peering != nil && k.Peering.server != nil {
		k.Peering.server.Recheck()
	}
}

// Credentials returns what peers log in with.
func (k *Control) Credentials() ([]ipc.Credential, error) {
	f, err := k.Open()
	if err != nil {
		return nil, err
	}
	list, err := f.Credentials.List()
	var out []ipc.Credential
	for _, c := range list {
		out = append(out, ipc.Credential{Name: c.Name, Role: string(c.Role), Note: c.Note, Made: c.Made, Expires: c.Expires})
	}
	return out, err
}

// secretBytes is how long the secret of an invitation is: 160 bits, which nobody
// guesses.
const secretBytes = 20

var lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func random(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return lower.EncodeToString(b)
}

// Invite makes a credential and its secret.
func (k *Control) Invite(p ipc.InviteParams) (ipc.Invitation, error) {
	var out ipc.Invitation
	f, err := k.Open()
	if err != nil {
		return out, err
	}
	role := trust.Role(p.Role)
	if role == "" {
		role = trust.Guest
	}
	if role != trust.Guest && role != trust.Mirror {
		return out, fmt.Errorf("%w: an invitation is for a guest or for a mirror", ipc.ErrUsage)
	}
	if !p.Expires.IsZero() && !p.Expires.After(time.Now()) {
		return out, fmt.Errorf("%w: the invitation would have expired already", ipc.ErrUsage)
	}
	if p.Name == "" {
		p.Name = string(role) + "-" + random(5)
	}
	if err := trust.CheckName(p.Name); err != nil {
		return out, fmt.Errorf("%w: %w", ipc.ErrUsage, err)
	}
	list, err := f.Credentials.List()
	if err != nil {
		return out, err
	}
	for _, c := range list {
		if c.Name == p.Name {
			return out, fmt.Errorf("there is an invitation or a password called %s already; revoke it first, or choose another name: %w", p.Name, fs.ErrExist)
		}
	}
	out = ipc.Invitation{Name: p.Name, Secret: random(secretBytes), Links: []string{}}
	if err := f.SetCredential(p.Name, []byte(out.Secret), role, p.Note, p.Expires); err != nil {
		return ipc.Invitation{}, err
	}
	if k.Peering != nil {
		for _, l := range k.Peering.Links() {
			l.Credential, l.Secret = p.Name, out.Secret
			out.Links = append(out.Links, l.WithSecret())
		}
	}
	return out, nil
}

// Revoke removes a credential.
func (k *Control) Revoke(name string) error {
	f, err := k.Open()
	if err != nil {
		return err
	}
	if err := f.Credentials.Revoke(strings.TrimSpace(name)); err != nil {
		return err
	}
	k.recheck()
	return nil
}
