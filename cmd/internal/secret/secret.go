// Package secret reads what must not stand in an argument: passwords, and links
// that hold one. Arguments can be read by everyone on a machine.
package secret

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

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

// Terminal reports whether somebody can be asked.
func Terminal() bool {
	return term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd()))
}

// Password finds a password: in the link, in the file, in the environment, or by
// asking on the terminal.
func Password(l trust.Link, file, question string) ([]byte, error) {
	if l.Secret != "" {
		return []byte(l.Secret), nil
	}
	if file != "" {
		return FromFile(file)
	}
	if p := os.Getenv(Environment); p != "" {
		return []byte(p), nil
	}
	if !Terminal() {
		return nil, exit.Usagef("there is no password: give --password-file FILE, set %s, or run this on a terminal", Environment)
	}
	return Ask(question)
}

// FromFile reads a password: the first line of a file, or of stdin for -.
func FromFile(file string) ([]byte, error) {
	r := io.Reader(os.Stdin)
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("the file of the password: %w", err)
		}
		defer f.Close()
		r = f
	}
	line, err := bufio.NewReader(io.LimitReader(r, MaxFile)).ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("the file of the password: %w", err)
	}
	if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
		return nil, exit.Usagef("the file of the password begins with an empty line")
	}
	return line, nil
}

// Ask asks on the terminal, without showing what is typed.
func Ask(question string) ([]byte, error) {
	fmt.Fprint(os.Stderr, question)
	p, err := term.ReadPassword(int(os.Stdin.Fd()))
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
func AskTrust(host string) func(keyID string) (bool, error) {
	if !Terminal() {
		return nil
	}
	return func(keyID string) (bool, error) {
		fmt.Fprintf(os.Stderr, "%s is not known. Its key is\n  %s\nCompare it with what its operator says. Trust it? (yes/no) ", host, keyID)
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if err != nil {
			return false, err
		}
		return strings.EqualFold(strings.TrimSpace(line), "yes"), nil
	}
}
