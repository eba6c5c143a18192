package trust

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxCredentials bounds the invitations of a space: four for each of a thousand
	// clients, and the file is still written in a moment.
	MaxCredentials = 4096
	// MaxRecord is the longest record: more than twice what OPAQUE registers.
	MaxRecord = 512
	// MaxKeys is the longest key material.
	MaxKeys = 16 << 10
	// MaxNote is the longest note, in bytes: a line of a list.
	MaxNote = 200
	// maxCredentialFile holds MaxCredentials at their limits.
	maxCredentialFile = 16 << 20
)

// Role is what a credential is for.
type Role string

const (
	// Guest joins the space.
	Guest Role = "guest"
	// Mirror also reads everything and pushes worlds.
	Mirror Role = "mirror"
)

var (
	// ErrNoCredential reports a name that no credential has.
	ErrNoCredential = errors.New("there is no such credential; list them with hearth-ctl")
	// ErrBadCredential reports a credential that cannot be kept. It is wrapped with why.
	ErrBadCredential = errors.New("this credential cannot be kept")
	// ErrHasKeys reports key material that is there already: records are worth
	// nothing under other keys.
	ErrHasKeys = errors.New("the file of credentials has keys already; use those, or move the file away and set every password anew")
)

// Credential says what is known of a credential without its record.
type Credential struct {
	Name    string
	Role    Role
	Note    string
	Made    time.Time
	Expires time.Time // zero: never
}

// Expired reports whether the credential is past its time.
func (c Credential) Expired() bool { return !c.Expires.IsZero() && !time.Now().Before(c.Expires) }

// Credentials is the server's file of what its clients can log in with. Records
// and keys are bytes that only the handshake understands.
type Credentials struct {
	doc *document[*credentials]
}

type credentialFile struct {
	Version     int               `json:"version"`
	Keys        []byte            `json:"keys,omitempty"`
	Credentials []credentialEntry `json:"credentials,omitempty"`
}

type credentialEntry struct {
	Name    string    `json:"name"`
	Record  []byte    `json:"record"`
	Role    Role      `json:"role"`
	Note    string    `json:"note,omitempty"`
	Made    time.Time `json:"made"`
	Expires time.Time `json:"expires,omitzero"`
}

// credentials is the file, and where each name stands in it.
type credentials struct {
	credentialFile
	index map[string]int
}

// OpenCredentials reads the file. One that is not there is empty.
func OpenCredentials(path string) (*Credentials, error) {
	doc, err := openDocument(path, maxCredentialFile, parseCredentials)
	if err != nil {
		return nil, err
	}
	return &Credentials{doc}, nil
}

// Keys returns the key material, nil where none is set.
func (c *Credentials) Keys() []byte {
	s, err := c.doc.get()
	if err != nil {
		return nil
	}
	return bytes.Clone(s.Keys)
}

// SetKeys keeps the key material. It is set once: where there are other keys it is
// ErrHasKeys, and a program that lost the race uses what Keys returns.
func (c *Credentials) SetKeys(keys []byte) error {
	if len(keys) == 0 || len(keys) > MaxKeys {
		return fmt.Errorf("key material has 1 to %d bytes: %w", MaxKeys, ErrBadCredential)
	}
	return c.edit(func(f *credentialFile) (bool, error) {
		if bytes.Equal(f.Keys, keys) {
			return false, nil
		}
		if f.Keys != nil {
			return false, ErrHasKeys
		}
		f.Keys = bytes.Clone(keys)
		return true, nil
	})
}

// Set adds a credential, or replaces the one of that name. A zero time never
// expires.
func (c *Credentials) Set(name string, record []byte, role Role, note string, expires time.Time) error {
	e := credentialEntry{name, bytes.Clone(record), role, note, time.Now().UTC().Truncate(time.Second), expires.UTC()}
	if err := e.check(); err != nil {
		return err
	}
	return c.edit(func(f *credentialFile) (bool, error) {
		if i := slices.IndexFunc(f.Credentials, e.named); i >= 0 {
			f.Credentials[i] = e
			return true, nil
		}
		if len(f.Credentials) >= MaxCredentials {
			return false, ErrTooMany
		}
		f.Credentials = append(f.Credentials, e)
		return true, nil
	})
}

// Revoke removes a credential. Nobody logs in with it after Revoke returned.
func (c *Credentials) Revoke(name string) error {
	return c.edit(func(f *credentialFile) (bool, error) {
		n := len(f.Credentials)
		f.Credentials = slices.DeleteFunc(f.Credentials, credentialEntry{Name: name}.named)
		if len(f.Credentials) == n {
			return false, ErrNoCredential
		}
		return true, nil
	})
}

// List returns the credentials by name, the expired ones too.
func (c *Credentials) List() ([]Credential, error) {
	s, err := c.doc.get()
	if err != nil {
		return nil, err
	}
	list := make([]Credential, 0, len(s.Credentials))
	for _, e := range s.Credentials {
		list = append(list, e.public())
	}
	slices.SortFunc(list, func(a, b Credential) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// Credential returns the record of a credential that can log in now. For one that
// is unknown, revoked or expired, and while the file cannot be read, ok is false.
func (c *Credentials) Credential(name string) (record []byte, ok bool) {
	e, ok := c.valid(name)
	return bytes.Clone(e.Record), ok
}

// Role returns what a credential that can log in now is for.
func (c *Credentials) Role(name string) (role Role, ok bool) {
	e, ok := c.valid(name)
	return e.Role, ok
}

// Err returns why the file cannot be read, nil where it can. While it cannot
// nobody logs in.
func (c *Credentials) Err() error {
	_, err := c.doc.get()
	return err
}

func (c *Credentials) valid(name string) (credentialEntry, bool) {
	s, err := c.doc.get()
	if err != nil {
		return credentialEntry{}, false
	}
	i, ok := s.index[name]
	if !ok || s.Credentials[i].public().Expired() {
		return credentialEntry{}, false
	}
	return s.Credentials[i], true
}

// edit changes a copy of the file's state and writes it where f says so.
func (c *Credentials) edit(f func(*credentialFile) (bool, error)) error {
	return c.doc.change(func(s *credentials) (any, error) {
		next := s.credentialFile
		next.Credentials = slices.Clone(next.Credentials)
		write, err := f(&next)
		if err != nil || !write {
			return nil, err
		}
		return next, nil
	})
}

func (e credentialEntry) named(o credentialEntry) bool { return e.Name == o.Name }

func (e credentialEntry) public() Credential {
	return Credential{e.Name, e.Role, e.Note, e.Made, e.Expires}
}

func (e credentialEntry) check() error {
	bad := func(why string) error { return fmt.Errorf("%w: %s", ErrBadCredential, why) }
	switch {
	case CheckName(e.Name) != nil:
		return CheckName(e.Name)
	case len(e.Record) == 0 || len(e.Record) > MaxRecord:
		return bad(fmt.Sprintf("its record has not 1 to %d bytes", MaxRecord))
	case e.Role != Guest && e.Role != Mirror:
		return bad("its role is neither guest nor mirror")
	case len(e.Note) > MaxNote || !utf8.ValidString(e.Note) || strings.ContainsFunc(e.Note, unicode.IsControl):
		return bad(fmt.Sprintf("its note is not one line of at most %d bytes", MaxNote))
	case e.Expires.Year() < 1 || e.Expires.Year() > 9999:
		return bad("the year that it expires in is not from 1 to 9999")
	}
	return nil
}

func parseCredentials(data []byte) (*credentials, error) {
	s := &credentials{index: map[string]int{}}
	if err := decode(data, &s.credentialFile); err != nil {
		return nil, err
	}
	if len(s.Credentials) > MaxCredentials || len(s.Keys) > MaxKeys {
		return nil, &DamagedError{Why: "it holds more than it may"}
	}
	for i, e := range s.Credentials {
		if err := e.check(); err != nil {
			return nil, &DamagedError{Why: fmt.Sprintf("credential %d: %v", i+1, err)}
		}
		if _, twice := s.index[e.Name]; twice {
			return nil, &DamagedError{Why: fmt.Sprintf("credential %q stands twice", e.Name)}
		}
		s.index[e.Name] = i
	}
	return s, nil
}
