package secure

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/bytemare/ecc"
	"github.com/bytemare/opaque"
)

// A clientLogin is the client's half of one handshake, without the connection.
//
// OPAQUE's first message does not depend on its context, and the context needs the
// server's hello. So one OPAQUE client makes the first message, and a second one,
// with the context, goes on from the first one's secrets.
type clientLogin struct {
	cfg        *ClientConfig
	transcript transcript
	suites     []byte
	blind      *ecc.Scalar
	share      *ecc.Scalar
	ke1        []byte
	server     *serverHello
	main       []byte
}

// newClientLogin returns the first flight too: preface and hello.
func newClientLogin(cfg *ClientConfig) (*clientLogin, []byte, error) {
	conf := configuration(nil)
	l := &clientLogin{
		cfg: cfg, transcript: newTranscript(), suites: cfg.offeredSuites(),
		blind: conf.OPRF.Group().NewScalar().Random(),
		share: conf.AKE.Group().NewScalar().Random(),
	}
	client, err := conf.Client()
	if err != nil {
		return nil, nil, err
	}
	ke1, err := client.GenerateKE1(cfg.Password, &opaque.ClientOptions{
		OPRFBlind: l.blind.Copy(), AKE: &opaque.AKEOptions{SecretKeyShare: l.share.Copy()},
	})
	if err != nil {
		return nil, nil, err
	}
	client.ClearState()
	l.ke1 = ke1.Serialize()
	h := &clientHello{suites: l.suites, space: cfg.Space, credential: cfg.Credential, ke1: l.ke1}
	rand.Read(h.random[:])
	p := preface{cfg.versions()}
	first, hello := p.marshal(), h.marshal()
	l.transcript.add(kindPreface, first)
	l.transcript.add(kindClientHello, hello)
	return l, appendMessage(first, kindClientHello, hello), nil
}

// verify takes the server's hello and returns the client's finish. Until the server
// has signed, is believed by Pin, and asks for an acceptable stretching, nothing is
// computed from the password but the blinded element that was sent.
func (l *clientLogin) verify(body []byte) ([]byte, error) {
	h, err := parseServerHello(body)
	if err != nil {
		return nil, err
	}
	ours := l.cfg.versions()
	if h.version < ours.First || h.version > ours.Last || bytes.IndexByte(l.suites, h.suite) < 0 {
		return nil, fmt.Errorf("%w: the server chose what was not offered", ErrHandshake)
	}
	sum := l.transcript.fork(kindServerHello, h.unsigned())
	if !ed25519.Verify(h.identity, signed(labelServerSigns, sum), h.signature) {
		return nil, ErrIdentity
	}
	if err := l.cfg.Pin(bytes.Clone(h.identity)); err != nil {
		return nil, fmt.Errorf("the server's key was not accepted: %w", err)
	}
	if err := h.ksf.checkFrom(l.cfg.floor()); err != nil {
		return nil, err
	}
	ke3, secret, err := l.opaque(h)
	if err != nil {
		return nil, err
	}
	l.server = h
	l.transcript.add(kindServerHello, body)
	l.transcript.add(kindClientFinish, ke3)
	sum = l.transcript.sum()
	between := extract(secret, sum)
	plain := bytes.Clone(l.cfg.Identity.Public().(ed25519.PublicKey))
	plain = append(plain, ed25519.Sign(l.cfg.Identity, signed(labelClientSigns, sum))...)
	l.transcript.add(kindClientFinish, plain)
	l.main = extract(between, l.transcript.sum())
	return append(bytes.Clone(ke3), seal(between, labelClientFinish, plain)...), nil
}

// opaque runs Argon2id and finds out whether password and credential are right.
func (l *clientLogin) opaque(h *serverHello) (ke3, secret []byte, err error) {
	client, err := configuration(opaqueContext(l.transcript, h, l.cfg.noContext)).Client()
	if err != nil {
		return nil, nil, err
	}
	defer client.ClearState()
	ke2, err := client.Deserialize.KE2(h.ke2)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrHandshake, err)
	}
	opt := h.ksf.options()
	opt.OPRFBlind, opt.ResumeKE1 = l.blind, l.ke1
	opt.ResumePassword = bytes.Clone(l.cfg.Password) // the library clears what it is given
	opt.AKE = &opaque.AKEOptions{SecretKeyShare: l.share}
	out, secret, _, err := client.GenerateKE3(ke2, nil, identityText(h.identity), opt)
	if errors.Is(err, opaque.ErrAuthentication) {
		// Its kinds vary with the guess; none of them says more than this.
		return nil, nil, ErrAuth
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrHandshake, err)
	}
	return out.Serialize(), secret, nil
}

// confirm takes the server's last word.
func (l *clientLogin) confirm(body []byte) error {
	if len(body) != serverFinishLen {
		return ErrHandshake
	}
	plain, err := open(l.main, labelServerFinish, body)
	if err != nil {
		return fmt.Errorf("%w: the server's finish is not genuine", ErrHandshake)
	}
	if plain[0] != alertNone {
		return alertErr(plain[0], l.cfg.versions(), Versions{})
	}
	return nil
}
