package trust

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"time"
)

const (
	// MaxKnown bounds the known servers: far more than a person joins, few enough
	// that reading them all for a connection is nothing beside its handshake.
	MaxKnown = 10_000
	// maxKnownFile holds MaxKnown lines at their limit, and as many comments.
	maxKnownFile = 8 << 20
)

var (
	// ErrUnknownServer reports a server that is not known, where nobody can be asked.
	ErrUnknownServer = errors.New("this server is not known")
	// ErrNotAccepted reports a server whose key a person did not accept.
	ErrNotAccepted = errors.New("the key of the server was not accepted")
	// ErrTooMany reports a file of trust at its limit of entries.
	ErrTooMany = errors.New("the file holds as many entries as it may; remove some first")
)

// UnknownServerError is ErrUnknownServer with the key to compare.
type UnknownServerError struct {
	Host, Space string
	Key         ed25519.PublicKey
}

func (e *UnknownServerError) Error() string {
	id := KeyID(e.Key)
	return fmt.Sprintf("the server at %s with space %q is not known and its key is %s; compare it with what the server prints, and then accept it when asked, use a link with id=, or pass --trust %s", e.Host, e.Space, id, id)
}

// Unwrap gives ErrUnknownServer.
func (e *UnknownServerError) Unwrap() error { return ErrUnknownServer }

// ChangedKeyError reports a server that shows another key than it should.
type ChangedKeyError struct {
	Host, Space string
	Want, Got   ed25519.PublicKey
	File        string // the known servers; empty where the link names the key
	Line        int
}

func (e *ChangedKeyError) Error() string {
	if e.File == "" {
		return fmt.Sprintf("the server at %s has the key %s, but the link names %s: somebody may be playing the server, or the link is old; do not give it a password, and ask its operator for a new link", e.Host, KeyID(e.Got), KeyID(e.Want))
	}
	return fmt.Sprintf("THE KEY OF THE SERVER AT %s WITH SPACE %q HAS CHANGED from %s (%s:%d) to %s: somebody may be playing the server, or it was set up anew; do not go on before its operator confirms the new key, then remove that line (hearth-ctl known-servers --forget %s) and connect again", e.Host, e.Space, KeyID(e.Want), e.File, e.Line, KeyID(e.Got), e.Host)
}

// How a key came to be known.
const (
	// Asked is for a person who said yes.
	Asked = "asked"
	// Given is for a key that stood in a link or an argument.
	Given = "given"
)

// KnownServer is a line of the file.
type KnownServer struct {
	Host, Space string
	Key         ed25519.PublicKey
	Made        time.Time
	How         string
	Line        int
}

// KnownServers is the file of servers that this user believes. Any number of
// programs may use it at once.
type KnownServers struct {
	path string
}

// NewKnownServers names the file, which need not be there yet.
func NewKnownServers(path string) *KnownServers { return &KnownServers{path} }

// Check says whether the server at host, that has proved the key got, is the one
// for the space. The key that a link or an argument names is want, and decides
// alone. Without it the file decides, and for a server that is not in it ask,
// which gets the key id to show; nil where nobody can be asked. What is accepted
// is in the file when Check returns.
func (k *KnownServers) Check(host, space string, want, got ed25519.PublicKey, ask func(keyID string) (bool, error)) error {
	if len(got) != ed25519.PublicKeySize {
		return &UnknownServerError{host, space, got}
	}
	if want != nil && !want.Equal(got) {
		return &ChangedKeyError{Host: host, Space: space, Want: want, Got: got}
	}
	known, _, err := k.load()
	if err != nil {
		return err
	}
	old := find(known, host, space)
	switch {
	case old != nil && old.Key.Equal(got):
		return nil
	case want != nil && old != nil:
		// The link speaks for this connection; what the file says of others stays.
		return nil
	case old != nil:
		return k.changed(old, got)
	case want != nil:
		return k.add(host, space, got, Given)
	case ask == nil:
		return &UnknownServerError{host, space, got}
	}
	yes, err := ask(KeyID(got))
	if err != nil {
		return err
	}
	if !yes {
		return fmt.Errorf("%s: %w", host, ErrNotAccepted)
	}
	return k.add(host, space, got, Asked)
}

// List returns what the file holds, in its order.
func (k *KnownServers) List() ([]KnownServer, error) {
	known, _, err := k.load()
	return known, err
}

// Forget removes all that is known of host, and returns how many lines that were.
func (k *KnownServers) Forget(host string) (n int, err error) {
	err = change(k.path, func() error {
		known, data, err := k.load()
		if err != nil {
			return err
		}
		lines := bytes.SplitAfter(data, []byte("\n"))
		for _, s := range known {
			if s.Host == host {
				lines[s.Line-1] = nil
				n++
			}
		}
		if n == 0 {
			return nil
		}
		return replace(k.path, bytes.Join(lines, nil))
	})
	return n, err
}

func (k *KnownServers) changed(old *KnownServer, got ed25519.PublicKey) error {
	return &ChangedKeyError{Host: old.Host, Space: old.Space, Want: old.Key, Got: got, File: k.path, Line: old.Line}
}

// add writes a line. The file is read again under the lock: while a person was
// asked another program may have learnt of the server.
func (k *KnownServers) add(host, space string, key ed25519.PublicKey, how string) error {
	line := knownLine(KnownServer{Host: host, Space: space, Key: key, Made: time.Now(), How: how})
	if _, err := parseKnown(line); err != nil {
		return badLink("the server's host or space is not as a link has it (%v)", err)
	}
	return change(k.path, func() error {
		known, data, err := k.load()
		if err != nil {
			return err
		}
		if old := find(known, host, space); old != nil {
			if old.Key.Equal(key) {
				return nil
			}
			return k.changed(old, key)
		}
		if len(known) >= MaxKnown {
			return fmt.Errorf("%s: %w", k.path, ErrTooMany)
		}
		if len(data) > 0 && data[len(data)-1] != '\n' {
			data = append(data, '\n')
		}
		data = append(append(data, line...), '\n')
		if len(data) > maxKnownFile {
			return fmt.Errorf("%s: %w", k.path, ErrTooMany)
		}
		return replace(k.path, data)
	})
}

// load reads the file. Where there is none nothing is known.
func (k *KnownServers) load() ([]KnownServer, []byte, error) {
	data, _, err := read(k.path, maxKnownFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	known, bad := parseKnownFile(data)
	if bad != nil {
		bad.File = k.path
		return nil, nil, bad
	}
	return known, data, nil
}

func parseKnownFile(data []byte) ([]KnownServer, *DamagedError) {
	var known []KnownServer
	seen := map[[2]string]bool{}
	n := 0
	for raw := range bytes.Lines(data) {
		n++
		line := strings.TrimRight(string(raw), "\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		s, err := parseKnown(line)
		if err == nil && seen[[2]string{s.Host, s.Space}] {
			err = errors.New("the server stands twice")
		}
		if err != nil {
			return nil, &DamagedError{Line: n, Why: err.Error(), Do: "nothing is believed until the line is corrected or removed"}
		}
		seen[[2]string{s.Host, s.Space}] = true
		s.Line = n
		known = append(known, s)
	}
	return known, nil
}

func parseKnown(line string) (KnownServer, error) {
	f := strings.Split(line, " ")
	if len(f) != 5 {
		return KnownServer{}, errors.New("it has not five fields")
	}
	s := KnownServer{Host: f[0], How: f[4]}
	host, err := parseHost(strings.Replace(f[0], "%", "%25", 1), DefaultPort)
	if err != nil || host != f[0] {
		return s, errors.New("the first field is no host:port")
	}
	if s.Space, err = url.PathUnescape(f[1]); err != nil || CheckName(s.Space) != nil || escape(s.Space) != f[1] {
		return s, errors.New("the second field is no name of a space")
	}
	if s.Key, err = ParseKeyID(f[2]); err != nil {
		return s, err
	}
	// As it is written and in no other way: a year before 0 could be read in
	// another zone and not be written again.
	if s.Made, err = time.Parse(time.RFC3339, f[3]); err != nil || s.Made.UTC().Format(time.RFC3339) != f[3] {
		return s, errors.New("the fourth field is no time of UTC")
	}
	if s.How != Asked && s.How != Given {
		return s, errors.New("the fifth field is neither asked nor given")
	}
	return s, nil
}

func knownLine(s KnownServer) string {
	return strings.Join([]string{s.Host, escape(s.Space), KeyID(s.Key), s.Made.UTC().Format(time.RFC3339), s.How}, " ")
}

func find(known []KnownServer, host, space string) *KnownServer {
	for i := range known {
		if known[i].Host == host && known[i].Space == space {
			return &known[i]
		}
	}
	return nil
}
