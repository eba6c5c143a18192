package secure

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/bytemare/opaque"
	"github.com/bytemare/opaque/message"
)

// A serverLogin is the server's half of one handshake, without the connection:
// what came goes in, what is to be sent comes out.
type serverLogin struct {
	cfg        *ServerConfig
	transcript transcript
	hello      *clientHello
	versions   Versions // the client's
	suite      uint8
	server     *opaque.Server
	expected   *opaque.ServerOutput
	// damaged is set where the directory's record cannot be read. The login fails
	// as that of an unknown credential does; the operator is told.
	damaged error
	main    []byte
}

func newServerLogin(cfg *ServerConfig, p preface, raw []byte) (*serverLogin, error) {
	ours := cfg.versions()
	theirs := p.versions
	// The hello that follows is of the lowest version offered.
	if theirs.First < ours.First || theirs.First > ours.Last || theirs.Last < ours.First {
		return nil, &VersionError{Ours: ours, Theirs: theirs}
	}
	l := &serverLogin{cfg: cfg, versions: theirs, transcript: newTranscript()}
	l.transcript.add(kindPreface, raw)
	return l, nil
}

// read takes the client's hello.
func (l *serverLogin) read(body []byte) error {
	h, err := parseClientHello(body)
	if err != nil {
		return err
	}
	for _, s := range h.suites {
		if bytes.IndexByte(l.cfg.offeredSuites(), s) >= 0 {
			l.suite = s
			break
		}
	}
	if l.suite == 0 {
		return fmt.Errorf("%w: no cipher suite in common", ErrHandshake)
	}
	if h.space != l.cfg.Space {
		return ErrUnknownSpace
	}
	l.hello = h
	l.transcript.add(kindClientHello, body)
	return nil
}

// record looks the credential up. What is not there is answered from the fake, and
// every step is taken for both: an unknown name costs what a known one does.
func (l *serverLogin) record() (*message.RegistrationRecord, error) {
	raw, ok := l.cfg.Directory.Credential(l.hello.credential)
	fake, err := parseRecord(l.cfg.Keys.fake)
	if err != nil {
		return nil, err
	}
	chosen := l.cfg.Keys.fake
	if ok {
		chosen = raw
	}
	record, err := parseRecord(chosen)
	if err != nil {
		l.damaged = fmt.Errorf("the record of credential %q is damaged; set its password anew: %w", l.hello.credential, err)
		return fake, nil
	}
	return record, nil
}

// respond returns the server's hello. All that a server computes for somebody who
// has proved nothing is here.
func (l *serverLogin) respond() ([]byte, error) {
	cfg := l.cfg
	h := &serverHello{
		version: min(cfg.versions().Last, l.versions.Last),
		suite:   l.suite,
		ksf:     cfg.Keys.ksf, identity: cfg.Keys.identity,
		program: cfg.Version,
	}
	rand.Read(h.random[:])
	server, err := configuration(opaqueContext(l.transcript, h, cfg.noContext)).Server()
	if err != nil {
		return nil, err
	}
	// Not SetKeyMaterial: it checks what GenerateKE2 checks again.
	server.ServerKeyMaterial = cfg.Keys.material
	ke1, err := server.Deserialize.KE1(l.hello.ke1)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHandshake, err)
	}
	record, err := l.record()
	if err != nil {
		return nil, err
	}
	ke2, out, err := server.GenerateKE2(ke1, &opaque.ClientRecord{
		RegistrationRecord:   record,
		CredentialIdentifier: credentialID(l.hello.space, l.hello.credential),
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHandshake, err)
	}
	h.ke2 = ke2.Serialize()
	h.signature = ed25519.Sign(cfg.Identity, signed(labelServerSigns, l.transcript.fork(kindServerHello, h.unsigned())))
	body := h.marshal()
	l.transcript.add(kindServerHello, body)
	l.server, l.expected = server, out
	return body, nil
}

// opaqueContext binds OPAQUE's run to what both hellos offer.
func opaqueContext(t transcript, h *serverHello, none bool) []byte {
	if none {
		return nil
	}
	return append([]byte(labelContext), t.fork(kindServerHello, h.offer())...)
}

// verify takes the client's finish: the proof that it knows the password, then the
// proof of its key. It returns that key.
func (l *serverLogin) verify(body []byte) (ed25519.PublicKey, error) {
	if len(body) != clientFinishLen {
		return nil, ErrHandshake
	}
	ke3, err := l.server.Deserialize.KE3(body[:ke3Len])
	if err != nil {
		return nil, errors.Join(ErrAuth, l.damaged)
	}
	if err := l.server.LoginFinish(ke3, l.expected.ClientMAC); err != nil {
		return nil, errors.Join(ErrAuth, l.damaged)
	}
	// A credential that was revoked while its login was under way is revoked.
	if _, ok := l.cfg.Directory.Credential(l.hello.credential); !ok || l.damaged != nil {
		return nil, errors.Join(ErrAuth, l.damaged)
	}
	sum := l.transcript.fork(kindClientFinish, body[:ke3Len])
	secret := extract(l.expected.SessionSecret, sum)
	plain, err := open(secret, labelClientFinish, body[ke3Len:])
	if err != nil {
		return nil, fmt.Errorf("%w: the client's finish is not genuine", ErrHandshake)
	}
	key := ed25519.PublicKey(plain[:ed25519.PublicKeySize])
	if !ed25519.Verify(key, signed(labelClientSigns, sum), plain[ed25519.PublicKeySize:]) {
		return nil, ErrIdentity
	}
	l.transcript.add(kindClientFinish, body[:ke3Len])
	l.transcript.add(kindClientFinish, plain)
	l.main = extract(secret, l.transcript.sum())
	return key, nil
}

// finish returns the last message: that the client is welcome, or why not.
func (l *serverLogin) finish(status uint8) []byte {
	return seal(l.main, labelServerFinish, []byte{status})
}
