package ipc

import (
	"context"
	"encoding/json"
)

// Peers calls f for every connected peer.
func (c *Client) Peers(ctx context.Context, f func(Peer) error) error {
	return each(ctx, c, "peer.list", nil, f, nil)
}

// Kick ends the connections of a key, a credential or a number, and returns how
// many.
func (c *Client) Kick(ctx context.Context, who, reason string) (int, error) {
	var k Kicked
	err := c.Call(ctx, "peer.kick", kickParams{who, reason}, &k)
	return k.Kicked, err
}

// Rules calls f for every access rule.
func (c *Client) Rules(ctx context.Context, f func(Rule) error) error {
	return each(ctx, c, "peer.rules", nil, f, nil)
}

// SetRule adds or removes an access rule.
func (c *Client) SetRule(ctx context.Context, action, rule string) error {
	return c.Call(ctx, "peer.rule", ruleParams{action, rule}, nil)
}

// Credentials calls f for every credential.
func (c *Client) Credentials(ctx context.Context, f func(Credential) error) error {
	return each(ctx, c, "credential.list", nil, f, nil)
}

// Invite makes a credential.
func (c *Client) Invite(ctx context.Context, p InviteParams) (Invitation, error) {
	var i Invitation
	err := c.Call(ctx, "credential.invite", p, &i)
	return i, err
}

// Revoke removes a credential.
func (c *Client) Revoke(ctx context.Context, name string) error {
	return c.Call(ctx, "credential.revoke", nameParams{name}, nil)
}

// Sync moves a world and tells how far it is. A nil progress hears nothing.
func (c *Client) Sync(ctx context.Context, p SyncParams, progress func(SyncProgress) error) (SyncResult, error) {
	var r SyncResult
	err := c.Stream(ctx, "sync", p, func(raw []byte) error {
		var v SyncProgress
		if err := json.Unmarshal(raw, &v); err != nil || progress == nil {
			return err
		}
		return progress(v)
	}, &r)
	return r, err
}
