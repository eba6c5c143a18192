package secure

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"io"
)

// The protocol versions of this program.
const (
	firstProtocol = 1
	lastProtocol  = 1
)

// magic begins every connection; a listener may tell by it what else shares its port.
const magic = "HRTH"

// Kinds of handshake messages.
const (
	kindPreface      = 0 // in the transcript only
	kindClientHello  = 1
	kindServerHello  = 2
	kindClientFinish = 3
	kindServerFinish = 4
	kindAlert        = 5
)

// Alert codes, also the status of a server's finish.
const (
	alertNone      = 0
	alertHandshake = 1
	alertVersion   = 2
	alertSpace     = 3
	alertBusy      = 4
	alertAuth      = 5
	alertRefused   = 6
)

const (
	// maxMessage bounds a handshake message; the longest has 524 bytes.
	maxMessage = 1024
	maxSuites  = 8

	randomLen = 32
	ke1Len    = 96
	ke2Len    = 320
	ke3Len    = 64

	clientFinishLen = ke3Len + ed25519.PublicKeySize + ed25519.SignatureSize + tagLen
	serverFinishLen = 1 + tagLen
)

// fields takes a message apart. A field that is not there makes the rest fail, and
// end reports it.
type fields struct {
	b   []byte
	bad bool
}

func (f *fields) take(n int) []byte {
	if f.bad || len(f.b) < n {
		f.bad = true
		return make([]byte, n) // at most a fixed field: callers need no check of their own
	}
	v := f.b[:n:n]
	f.b = f.b[n:]
	return v
}

func (f *fields) clone(n int) []byte { return bytes.Clone(f.take(n)) }
func (f *fields) u8() uint8          { return f.take(1)[0] }
func (f *fields) u32() uint32        { return binary.BigEndian.Uint32(f.take(4)) }
func (f *fields) ksf() KSF           { return KSF{f.u32(), f.u32(), f.u8()} }
func (f *fields) vec() []byte        { return f.take(int(f.u8())) }
func (f *fields) end() bool          { return !f.bad && len(f.b) == 0 }

func appendVec[T string | []byte](b []byte, v T) []byte {
	return append(append(b, byte(len(v))), v...)
}

// A preface says what the client speaks. Its form never changes.
type preface struct{ versions Versions }

func (p *preface) marshal() []byte {
	b := append([]byte(magic), p.versions.First, p.versions.Last)
	return appendVec(b, p.versions.Program)
}

const prefaceFixed = len(magic) + 3

// readPreface returns the bytes too: the transcript holds what was sent.
func readPreface(r io.Reader) (preface, []byte, error) {
	b := make([]byte, prefaceFixed, prefaceFixed+MaxName)
	if _, err := io.ReadFull(r, b); err != nil {
		return preface{}, nil, fmt.Errorf("%w: %w", ErrHandshake, err)
	}
	n := int(b[prefaceFixed-1])
	if string(b[:len(magic)]) != magic || n > MaxName {
		return preface{}, nil, ErrHandshake
	}
	b = b[:prefaceFixed+n]
	if _, err := io.ReadFull(r, b[prefaceFixed:]); err != nil {
		return preface{}, nil, fmt.Errorf("%w: %w", ErrHandshake, err)
	}
	p, err := parsePreface(b)
	return p, b, err
}

func parsePreface(b []byte) (preface, error) {
	f := fields{b: b}
	if string(f.take(len(magic))) != magic {
		return preface{}, ErrHandshake
	}
	v := Versions{f.u8(), f.u8(), string(f.vec())}
	if !f.end() || !v.wellFormed() {
		return preface{}, ErrHandshake
	}
	return preface{v}, nil
}

func (v Versions) wellFormed() bool {
	return v.First >= 1 && v.First <= v.Last && len(v.Program) <= MaxName && printable(v.Program)
}

type clientHello struct {
	random            [randomLen]byte
	suites            []byte
	space, credential string
	ke1               []byte
}

func (h *clientHello) marshal() []byte {
	b := append(make([]byte, 0, 320), h.random[:]...)
	b = appendVec(b, h.suites)
	b = appendVec(b, h.space)
	b = appendVec(b, h.credential)
	return append(b, h.ke1...)
}

func parseClientHello(b []byte) (*clientHello, error) {
	f, h := fields{b: b}, new(clientHello)
	copy(h.random[:], f.take(randomLen))
	h.suites = f.vec()
	h.space, h.credential = string(f.vec()), string(f.vec())
	h.ke1 = f.take(ke1Len)
	if !f.end() || len(h.suites) == 0 || len(h.suites) > maxSuites ||
		checkName(h.space) != nil || checkName(h.credential) != nil {
		return nil, ErrHandshake
	}
	return h, nil
}

type serverHello struct {
	version   uint8
	random    [randomLen]byte
	suite     uint8
	ksf       KSF
	identity  ed25519.PublicKey
	program   string
	ke2       []byte
	signature []byte
}

// offer is what precedes OPAQUE's answer, and so can be in OPAQUE's context.
func (h *serverHello) offer() []byte {
	b := append(make([]byte, 0, maxMessage), h.version)
	b = append(b, h.random[:]...)
	b = append(b, h.suite)
	b = h.ksf.append(b)
	b = append(b, h.identity...)
	return appendVec(b, h.program)
}

// unsigned is what the server signs, with all before it.
func (h *serverHello) unsigned() []byte { return append(h.offer(), h.ke2...) }

func (h *serverHello) marshal() []byte { return append(h.unsigned(), h.signature...) }

func parseServerHello(b []byte) (*serverHello, error) {
	f, h := fields{b: b}, new(serverHello)
	h.version = f.u8()
	copy(h.random[:], f.take(randomLen))
	h.suite = f.u8()
	h.ksf = f.ksf()
	h.identity = f.take(ed25519.PublicKeySize)
	h.program = string(f.vec())
	h.ke2 = f.take(ke2Len)
	h.signature = f.take(ed25519.SignatureSize)
	if !f.end() || len(h.program) > MaxName || !printable(h.program) {
		return nil, ErrHandshake
	}
	return h, nil
}

// An alert is the server's last word before it hangs up, signed by nobody. Its form
// never changes: a client of any version reads a refusal of its version.
type alert struct {
	code     uint8
	versions Versions
}

func (a *alert) marshal() []byte {
	return appendVec([]byte{a.code, a.versions.First, a.versions.Last}, a.versions.Program)
}

func parseAlert(b []byte) (*alert, error) {
	f := fields{b: b}
	a := &alert{f.u8(), Versions{f.u8(), f.u8(), string(f.vec())}}
	if !f.end() || a.code == alertNone || !a.versions.wellFormed() {
		return nil, ErrHandshake
	}
	return a, nil
}

// err is what the alert means to a client.
func (a *alert) err(ours Versions) error {
	return &AlertError{alertErr(a.code, ours, a.versions)}
}

func alertErr(code uint8, ours, theirs Versions) error {
	switch code {
	case alertVersion:
		return &VersionError{Ours: ours, Theirs: theirs}
	case alertSpace:
		return ErrUnknownSpace
	case alertBusy:
		return ErrBusy
	case alertAuth:
		return ErrAuth
	case alertRefused:
		return ErrRefused
	}
	return ErrHandshake
}

// appendMessage frames a handshake message: kind, length, body.
func appendMessage(b []byte, kind uint8, body []byte) []byte {
	b = append(b, kind, byte(len(body)>>8), byte(len(body)))
	return append(b, body...)
}

// readMessage reads one message and not a byte more. It allocates only for what
// the limit admits.
func readMessage(r io.Reader) (kind uint8, body []byte, err error) {
	var h [3]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return 0, nil, fmt.Errorf("%w: %w", ErrHandshake, err)
	}
	n := int(h[1])<<8 | int(h[2])
	if n == 0 || n > maxMessage {
		return 0, nil, ErrHandshake
	}
	body = make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return 0, nil, fmt.Errorf("%w: %w", ErrHandshake, err)
	}
	return h[0], body, nil
}
