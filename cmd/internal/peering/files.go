// Package peering joins a world with other peers: the files of who is believed, the
// node that holds the connections, what a peer is given, and the calls of hearth-ctl
// about them.
//
//	DIR/peer/identity          the key that this world proves to peers: made once, kept
//	DIR/peer/space             its name in links; the passwords are bound to it
//	DIR/peer/credentials.json  what clients log in with: the space's password, invitations
//	DIR/peer/access.json       who is let in, and who is not
//	DIR/peer/terminals         who may open terminals without being asked about (package view)
//
// The key idea: these files are the operator's, not the space's. No backup and no
// mirror carries them, and a program that changes them needs no running server: one
// that runs looks again.
package peering

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"hearth/cmd/internal/exit"
	"hearth/runtime/peer/secure"
	"hearth/runtime/peer/trust"
)

// Files are the files of trust of one world.
type Files struct {
	Dir         string
	Space       string
	Identity    ed25519.PrivateKey
	Credentials *trust.Credentials
	Access      *trust.Access
}

// OpenFiles reads the files of the world in dir and makes those that are made once.
// space is the name in links; "" is the one that it has, or the folder's.
func OpenFiles(dir, space string) (*Files, error) {
	f := &Files{Dir: filepath.Join(dir, "peer")}
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return nil, &exit.CreateError{File: f.Dir, Err: err}
	}
	var err error
	if f.Space, err = nameOf(f.Dir, filepath.Base(dir), space); err != nil {
		return nil, err
	}
	if f.Identity, err = trust.OpenIdentity(f.Dir); err != nil {
		return nil, err
	}
	if f.Credentials, err = trust.OpenCredentials(filepath.Join(f.Dir, "credentials.json")); err != nil {
		return nil, err
	}
	f.Access, err = trust.OpenAccess(filepath.Join(f.Dir, "access.json"))
	return f, err
}

// nameOf is the name of a space among peers, kept in a file from its first use on.
func nameOf(dir, base, want string) (string, error) {
	if want != "" {
		if err := trust.CheckName(want); err != nil {
			return "", exit.Usagef("--space: %v", err)
		}
	}
	file := filepath.Join(dir, "space")
	b, err := os.ReadFile(file)
	have := strings.TrimSpace(string(b))
	switch {
	case err == nil && trust.CheckName(have) != nil:
		return "", fmt.Errorf("%s does not hold a name; restore it, or remove it and set all passwords anew", file)
	case err == nil && (want == "" || want == have):
		return have, nil
	case err == nil:
		return "", exit.Usagef("this space is called %q by its peers, and their passwords are bound to that; leave --space out, or remove %s and set all passwords anew", have, dir)
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	if want == "" {
		want = strings.Map(func(r rune) rune {
			if r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.') {
				return r
			}
			return '-'
		}, base)
		if want = want[:min(len(want), 64)]; trust.CheckName(want) != nil {
			want = "space"
		}
	}
	// Whole or not at all, and of two programs that begin at once the first decides.
	w, err := os.CreateTemp(dir, "space.*.tmp")
	if err != nil {
		return "", &exit.CreateError{File: file, Err: err}
	}
	defer os.Remove(w.Name())
	_, err = w.WriteString(want + "\n")
	if err = errors.Join(err, w.Sync(), w.Close()); err != nil {
		return "", &exit.CreateError{File: file, Err: err}
	}
	if err := os.Link(w.Name(), file); errors.Is(err, fs.ErrExist) {
		return nameOf(dir, base, want)
	} else if err != nil {
		return "", &exit.CreateError{File: file, Err: err}
	}
	return want, syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Keys returns the OPAQUE keys of the world, and makes them with the first password.
func (f *Files) Keys(k secure.KSF) (*secure.Keys, error) {
	public := f.Identity.Public().(ed25519.PublicKey)
	b := f.Credentials.Keys()
	if b == nil {
		if err := f.Credentials.Err(); err != nil {
			return nil, err
		}
		keys, err := secure.NewKeys(public, k)
		if err != nil {
			return nil, err
		}
		if err := f.Credentials.SetKeys(keys.Marshal()); err != nil && !errors.Is(err, trust.ErrHasKeys) {
			return nil, err
		}
		b = f.Credentials.Keys()
	}
	keys, err := secure.ParseKeys(b)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(keys.Identity(), public) {
		return nil, fmt.Errorf("the passwords in %s belong to another identity; restore the whole folder, or remove it and set all passwords anew", f.Dir)
	}
	return keys, nil
}

// SetCredential sets what a client may log in with.
func (f *Files) SetCredential(name string, password []byte, role trust.Role, note string, expires time.Time) error {
	keys, err := f.Keys(secure.DefaultKSF)
	if err != nil {
		return err
	}
	record, err := keys.Register(f.Space, name, password)
	if err != nil {
		return err
	}
	return f.Credentials.Set(name, record, role, note, expires)
}

// Key is the public key of the world.
func (f *Files) Key() ed25519.PublicKey { return f.Identity.Public().(ed25519.PublicKey) }
