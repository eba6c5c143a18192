package secure

import (
	"crypto/ed25519"
	"fmt"
	"net"
	"runtime"
	"time"

	"golang.org/x/sys/cpu"
)

const (
	// DefaultTimeout bounds a whole handshake. It leaves a slow machine time for
	// Argon2id.
	DefaultTimeout = 20 * time.Second
	// helloTimeout bounds the time until a client's hello is there, which needs no
	// computation: a slow sender is not worth more.
	helloTimeout = 5 * time.Second
)

// A Directory knows the records that Register made. It is asked at every login, so
// that a revoked credential fails at once.
type Directory interface {
	Credential(name string) (record []byte, ok bool)
}

// Peer is who is at the other end.
type Peer struct {
	Key        ed25519.PublicKey // proved
	Credential string            // what the client logged in with, at both ends
	Version    string            // the program's version text
	Addr       net.Addr
}

// ServerConfig is shared by the handshakes of a server and not changed meanwhile.
type ServerConfig struct {
	Identity  ed25519.PrivateKey
	Space     string
	Keys      *Keys // made for Identity
	Directory Directory
	Version   string // the program's version text
	// Admit is asked after the login and before any data. Its refusal reaches the
	// client as ErrRefused, without its text. It may be nil.
	Admit func(Peer) error
	// Gate bounds the work for those who have proved nothing. If nil, one gate
	// serves all configurations of the program that name none.
	Gate    *Gate
	Timeout time.Duration // of the handshake; DefaultTimeout if zero

	span      [2]uint8 // protocol versions, if not this program's own: for tests
	suites    []byte   // cipher suites, if not this machine's: for tests
	noContext bool     // OPAQUE without a context, for a test against a library that knows none
}

// ClientConfig is for one login or many.
type ClientConfig struct {
	Identity          ed25519.PrivateKey
	Space, Credential string
	Password          []byte
	// Pin says whether the server's key is the right one. It is called after the
	// server has proved that the key is its own, and before the password is used.
	Pin     func(server ed25519.PublicKey) error
	Version string // the program's version text
	// MinKSF is the least stretching of the password that a server may ask for;
	// FloorKSF if zero.
	MinKSF  KSF
	Timeout time.Duration // of the handshake; DefaultTimeout if zero

	span      [2]uint8
	suites    []byte
	noContext bool
}

func (c *ServerConfig) check() error {
	switch {
	case len(c.Identity) != ed25519.PrivateKeySize:
		return fmt.Errorf("%w: the server has no identity", ErrConfig)
	case c.Keys == nil || c.Directory == nil:
		return fmt.Errorf("%w: the server has no keys or no directory", ErrConfig)
	case !c.Keys.identity.Equal(c.Identity.Public()):
		return fmt.Errorf("%w: the OPAQUE keys were made for another server identity", ErrConfig)
	case checkName(c.Space) != nil:
		return fmt.Errorf("%w: space: %w", ErrConfig, ErrName)
	case !c.versions().wellFormed():
		return fmt.Errorf("%w: the version text must be at most %d bytes of printable text", ErrConfig, MaxName)
	}
	return nil
}

func (c *ClientConfig) check() error {
	switch {
	case len(c.Identity) != ed25519.PrivateKeySize:
		return fmt.Errorf("%w: the client has no identity", ErrConfig)
	case c.Pin == nil:
		return fmt.Errorf("%w: the client does not say which server it believes", ErrConfig)
	case checkName(c.Space) != nil || checkName(c.Credential) != nil:
		return ErrName
	case len(c.Password) == 0 || len(c.Password) > MaxPassword:
		return ErrPassword
	case !c.versions().wellFormed():
		return fmt.Errorf("%w: the version text must be at most %d bytes of printable text", ErrConfig, MaxName)
	case c.MinKSF != KSF{} && !c.MinKSF.valid():
		return fmt.Errorf("%w: %v is not possible", ErrConfig, c.MinKSF)
	}
	return nil
}

func versionsOf(span [2]uint8, program string) Versions {
	if span == [2]uint8{} {
		span = [2]uint8{firstProtocol, lastProtocol}
	}
	return Versions{span[0], span[1], program}
}

func (c *ServerConfig) versions() Versions { return versionsOf(c.span, c.Version) }
func (c *ClientConfig) versions() Versions { return versionsOf(c.span, c.Version) }

func (c *ClientConfig) floor() KSF {
	if c.MinKSF == (KSF{}) {
		return FloorKSF
	}
	return c.MinKSF
}

func timeoutOf(d time.Duration) time.Duration {
	if d <= 0 {
		return DefaultTimeout
	}
	return d
}

func (c *ServerConfig) offeredSuites() []byte { return suitesOf(c.suites) }
func (c *ClientConfig) offeredSuites() []byte { return suitesOf(c.suites) }

func suitesOf(s []byte) []byte {
	if s != nil {
		return s
	}
	return machineSuites
}

// machineSuites are in order of preference. AES-256-GCM is the faster one where the
// processor does it, and where it does not, neither fast nor free of timing leaks:
// then it is not offered, so it is used only where both ends have it.
var machineSuites = func() []byte {
	switch {
	case runtime.GOARCH == "amd64" && cpu.X86.HasAES && cpu.X86.HasPCLMULQDQ && cpu.X86.HasSSE41,
		runtime.GOARCH == "arm64" && cpu.ARM64.HasAES && cpu.ARM64.HasPMULL:
		return []byte{suiteAESGCM, suiteChaCha}
	}
	return []byte{suiteChaCha}
}()
