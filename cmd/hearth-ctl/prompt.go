package main

import (
	"context"
	"fmt"

	"hearth/cmd/internal/secret"
	"hearth/runtime/ipc"
	"hearth/runtime/peer/trust"
)

// password finds the password for a link.
func password(ctx context.Context, l trust.Link, file string) ([]byte, error) {
	who := l.Credential
	if who == "" {
		who = trust.SpaceCredential
	}
	return secret.Password(ctx, l, file, fmt.Sprintf("Password of %q for %s at %s: ", who, l.Space, l.Host))
}

// trusting connects, with the key id that the server must show. Where it is not
// known, somebody on the terminal is asked, and it connects again: nobody compares
// a key as fast as a handshake must end.
func trusting(ctx context.Context, l trust.Link, key string, connect func(key string) error) error {
	err := connect(key)
	shown := ipc.KeyOf(err)
	ask := secret.AskTrust(ctx, l.Host)
	if shown == "" || key != "" || ask == nil {
		return err
	}
	ok, err := ask(shown)
	if err != nil {
		return err
	}
	if !ok {
		return trust.ErrNotAccepted
	}
	return connect(shown)
}
