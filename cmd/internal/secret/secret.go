// Package secret reads what must not stand in an argument: passwords, and links
// that hold one. Arguments can be read by everyone on a machine.
package secret

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"hearth/cmd/internal/exit"
	"hearth/runtime/peer/trust"
)

// Environment is the variable that may hold a password.
const Environment = "HEARTH_PASSWORD"

// MaxFile bounds a file that holds a password or a link.
const MaxFile = 64 << 10

// ConfigDir is where a user keeps identity and known servers.
func ConfigDir() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", exit.Usagef("there is no folder for this user's settings: set HOME or XDG_CONFIG_HOME")
	}
	return filepath.Join(dir, "hearth"), nil
}

// KnownServers is the user's file of known servers.
func KnownServers() (*trust.KnownServers, error) {
	dir, err := ConfigDir()
	if err != nil {
		return nil, err
	}
	return trust.NewKnownServers(filepath.Join(dir, "known-servers")), nil
}

// Link reads a link: an argument, @FILE, or - for stdin. An argument that holds a
// secret is refused.
func Link(arg string, stdin io.Reader) (trust.Link, error) {
	switch {
	case arg == "-":
		return trust.ReadLink(io.LimitReader(stdin, MaxFile))
	case strings.HasPrefix(arg, "@"):
		f, err := os.Open(arg[1:])
		if err != nil {
			return trust.Link{}, err
		}
		defer f.Close()
		return trust.ReadLink(io.LimitReader(f, MaxFile))
	default:
		return trust.ParseArgument(arg)
	}
}

// Password finds a password: in the link, in the file, in the environment, or by
// asking on the terminal.
func Password(ctx context.Context, l trust.Link, file, question string) ([]byte, error) {
	if l.Secret != "" {
		return []byte(l.Secret), nil
	}
	if file != "" {
		return FromFile(ctx, file)
	}
	if p := os.Getenv(Environment); p != "" {
		return []byte(p), nil
	}
	if !Terminal() {
		return nil, exit.Usagef("there is no password: give --password-file FILE, set %s, or run this on a terminal", Environment)
	}
	return Ask(ctx, question)
}

// FromFile reads a password: the first line of a file, or of stdin for -.
func FromFile(ctx context.Context, file string) ([]byte, error) {
	if file == "-" {
		return interruptible(ctx, func() ([]byte, error) { return firstLine(os.Stdin) })
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("the file of the password: %w", err)
	}
	defer f.Close()
	return firstLine(f)
}

func firstLine(r io.Reader) ([]byte, error) {
	line, err := bufio.NewReader(io.LimitReader(r, MaxFile)).ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("the file of the password: %w", err)
	}
	if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
		return nil, exit.Usagef("the file of the password begins with an empty line")
	}
	return line, nil
}
