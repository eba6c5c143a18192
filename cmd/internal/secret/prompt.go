package secret

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"hearth/cmd/internal/exit"
)

// Terminal reports whether somebody can be asked.
func Terminal() bool {
	return term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd()))
}

// Ask asks on the terminal, without showing what is typed.
func Ask(ctx context.Context, question string) ([]byte, error) {
	fmt.Fprint(os.Stderr, question)
	p, err := interruptible(ctx, func() ([]byte, error) { return term.ReadPassword(int(os.Stdin.Fd())) })
	fmt.Fprintln(os.Stderr)
	if err != nil {
		return nil, err
	}
	if len(p) == 0 {
		return nil, exit.Usagef("an empty password is none")
	}
	return p, nil
}

// AskTrust asks on the terminal whether a server's key is the right one; nil where
// nobody can be asked.
func AskTrust(ctx context.Context, host string) func(keyID string) (bool, error) {
	if !Terminal() {
		return nil
	}
	return func(keyID string) (bool, error) {
		fmt.Fprintf(os.Stderr, "%s is not known. Its key is\n  %s\nCompare it with what its operator says. Trust it? (yes/no) ", host, keyID)
		line, err := interruptible(ctx, func() (string, error) { return bufio.NewReader(os.Stdin).ReadString('\n') })
		if err != nil {
			fmt.Fprintln(os.Stderr)
			return false, err
		}
		return strings.EqualFold(strings.TrimSpace(line), "yes"), nil
	}
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
	go func() { // it ends with the program, where nobody answers
		v, err := ask()
		got <- answer{v, err}
	}()
	select {
	case a := <-got:
		return a.v, a.err
	case <-ctx.Done():
		term.Restore(fd, state)
		var none T
		return none, ctx.Err()
	}
}
