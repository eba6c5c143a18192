package main

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/term"

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
	return interruptible(ctx, func() ([]byte, error) {
		return secret.Password(l, file, fmt.Sprintf("Password of %q for %s at %s: ", who, l.Space, l.Host))
	})
}

// trusting connects, with the key id that the server must show. Where it is not
// known, somebody on the terminal is asked, and it connects again: nobody compares
// a key as fast as a handshake must end.
func trusting(ctx context.Context, l trust.Link, key string, connect func(key string) error) error {
	err := connect(key)
	shown := ipc.KeyOf(err)
	ask := secret.AskTrust(l.Host)
	if shown == "" || key != "" || ask == nil {
		return err
	}
	ok, err := interruptible(ctx, func() (bool, error) { return ask(shown) })
	if err != nil {
		return err
	}
	if !ok {
		return trust.ErrNotAccepted
	}
	return connect(shown)
}

// interruptible asks, and gives up with ctx: a read from a terminal hears of no
// interrupt, and would leave it without an echo.
func interruptible[T any](ctx context.Context, ask func() (T, error)) (T, error) {
	fd := int(os.Stdin.Fd())
	state, err := term.GetState(fd)
	if err != nil { // no terminal
		return ask()
	}
	type answer struct {
		v   T
		err error
	}
	got := make(chan answer, 1)
	go func() {
		v, err := ask()
		got <- answer{v, err}
	}()
	select {
	case a := <-got:
		return a.v, a.err
	case <-ctx.Done():
		fmt.Fprintln(os.Stderr)
		term.Restore(fd, state)
		var none T
		return none, ctx.Err()
	}
}
