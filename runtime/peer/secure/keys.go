package secure

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/bytemare/ecc"
	"github.com/bytemare/ksf"
	"github.com/bytemare/opaque"
	"github.com/bytemare/opaque/message"
)

const (
	// MaxPassword bounds a password: far above any that is typed, low enough that
	// hashing it costs nothing.
	MaxPassword = 1024
	// MaxName bounds the names of spaces and credentials and the program's version
	// text, so that a hello stays small.
	MaxName = 64
	// RecordSize is the length of what Register returns.
	RecordSize = 192
)

// Layout of Marshal's result, drawn in the package comment.
const (
	keysMagic    = "HOKM"
	keysVersion  = 1
	keysConfig   = 1 // ristretto255-SHA512, HKDF, HMAC and hash SHA-512, Argon2id, 3DH
	keysSumLen   = 16
	seedLen      = 64
	scalarLen    = 32
	keysBodyLen  = len(keysMagic) + 2 + ksfLen + ed25519.PublicKeySize + seedLen + scalarLen + RecordSize
	keysFileSize = keysBodyLen + keysSumLen
)

// Keys are a server's OPAQUE keys. They are made once and kept: without them, or
// with another identity, every record is worthless. They hold no password, but
// whoever has them and a record can try passwords at leisure.
type Keys struct {
	identity ed25519.PublicKey
	ksf      KSF
	material *opaque.ServerKeyMaterial
	// fake answers for credentials that do not exist. It is made once, because
	// making one per login takes longer than looking one up and would tell.
	fake []byte
}

// configuration names every parameter: the library's defaults may change, and a
// forgotten KSF would silently be none.
func configuration(context []byte) *opaque.Configuration {
	return &opaque.Configuration{
		OPRF: opaque.RistrettoSha512, AKE: opaque.RistrettoSha512,
		KDF: crypto.SHA512, MAC: crypto.SHA512, Hash: crypto.SHA512,
		KSF: ksf.Argon2id, Context: context,
	}
}

// NewKeys makes keys for the server of this identity.
func NewKeys(identity ed25519.PublicKey, k KSF) (*Keys, error) {
	if len(identity) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%w: no server identity", ErrConfig)
	}
	if !k.valid() {
		return nil, fmt.Errorf("%w: %v is not possible", ErrConfig, k)
	}
	if err := k.checkCeiling(); err != nil {
		return nil, err
	}
	conf := configuration(nil)
	secret, public := conf.KeyGen()
	fake, err := conf.GetFakeRecord([]byte("nobody"))
	if err != nil {
		return nil, err
	}
	keys := &Keys{ksf: k, identity: bytes.Clone(identity), fake: fake.RegistrationRecord.Serialize()}
	keys.material = &opaque.ServerKeyMaterial{
		PrivateKey: secret, PublicKeyBytes: public.Encode(),
		OPRFGlobalSeed: conf.GenerateOPRFSeed(), Identity: identityText(identity),
	}
	return keys, nil
}

// identityText is the identity as OPAQUE sees it. It is text, because other
// implementations take identities as strings only.
func identityText(k ed25519.PublicKey) []byte { return []byte(hex.EncodeToString(k)) }

// KSF returns the parameters that every record of these keys was made with.
func (k *Keys) KSF() KSF { return k.ksf }

// Identity returns the server identity that the keys are bound to.
func (k *Keys) Identity() ed25519.PublicKey { return bytes.Clone(k.identity) }

// Marshal returns what ParseKeys reads. It is secret.
func (k *Keys) Marshal() []byte {
	b := make([]byte, 0, keysFileSize)
	b = append(b, keysMagic...)
	b = append(b, keysVersion, keysConfig)
	b = k.ksf.append(b)
	b = append(b, k.identity...)
	b = append(b, k.material.OPRFGlobalSeed...)
	b = append(b, k.material.PrivateKey.Encode()...)
	b = append(b, k.fake...)
	sum := sha256.Sum256(b)
	return append(b, sum[:keysSumLen]...)
}

// ParseKeys reads what Marshal wrote: ErrForeignKeys for another version or
// configuration, ErrKeys for damage.
func ParseKeys(b []byte) (*Keys, error) {
	if len(b) < len(keysMagic)+2 || string(b[:len(keysMagic)]) != keysMagic {
		return nil, ErrKeys
	}
	if b[len(keysMagic)] != keysVersion || b[len(keysMagic)+1] != keysConfig {
		return nil, fmt.Errorf("%w (version %d, configuration %d)", ErrForeignKeys, b[len(keysMagic)], b[len(keysMagic)+1])
	}
	if len(b) != keysFileSize {
		return nil, ErrKeys
	}
	sum := sha256.Sum256(b[:keysBodyLen])
	if !bytes.Equal(sum[:keysSumLen], b[keysBodyLen:]) {
		return nil, ErrKeys
	}
	f := fields{b: b[len(keysMagic)+2 : keysBodyLen]}
	k := new(Keys)
	k.ksf = f.ksf()
	k.identity = f.clone(ed25519.PublicKeySize)
	seed, secret := f.clone(seedLen), f.clone(scalarLen)
	k.fake = f.clone(RecordSize)
	if !f.end() || !k.ksf.valid() || k.ksf.checkCeiling() != nil {
		return nil, ErrKeys
	}
	scalar, err := opaque.DeserializeScalar(ecc.Ristretto255Sha512, secret)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	k.material = &opaque.ServerKeyMaterial{
		PrivateKey: scalar, PublicKeyBytes: ecc.Ristretto255Sha512.Base().Multiply(scalar).Encode(),
		OPRFGlobalSeed: seed, Identity: identityText(k.identity),
	}
	if _, err := parseRecord(k.fake); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	return k, nil
}

func parseRecord(b []byte) (*message.RegistrationRecord, error) {
	d, err := configuration(nil).Deserializer()
	if err != nil {
		return nil, err
	}
	return d.RegistrationRecord(b)
}

// checkName admits what a hello can carry and a log can show.
func checkName(s string) error {
	if len(s) == 0 || len(s) > MaxName || !printable(s) {
		return ErrName
	}
	return nil
}

func printable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// credentialID names a record within the keys. A name has no NUL in it, so no two
// pairs share one.
func credentialID(space, credential string) []byte {
	return []byte(space + "\x00" + credential)
}

// Register makes the record of a credential: both halves of OPAQUE's registration,
// here, because the operator sets passwords at the server. It takes as long as a
// login. The record goes to a Directory.
func (k *Keys) Register(space, credential string, password []byte) ([]byte, error) {
	if err := errors.Join(checkName(space), checkName(credential)); err != nil {
		return nil, ErrName
	}
	if len(password) == 0 || len(password) > MaxPassword {
		return nil, ErrPassword
	}
	conf := configuration(nil)
	server, err := conf.Server()
	if err != nil {
		return nil, err
	}
	if err := server.SetKeyMaterial(k.material); err != nil {
		return nil, err
	}
	client, err := conf.Client()
	if err != nil {
		return nil, err
	}
	defer client.ClearState()
	request, err := client.RegistrationInit(password)
	if err != nil {
		return nil, err
	}
	response, err := server.RegistrationResponse(request, credentialID(space, credential), nil)
	if err != nil {
		return nil, err
	}
	record, _, err := client.RegistrationFinalize(response, nil, k.material.Identity, k.ksf.options())
	if err != nil {
		return nil, err
	}
	return record.Serialize(), nil
}

const ksfLen = 4 + 4 + 1

func (k KSF) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, k.Time)
	b = binary.BigEndian.AppendUint32(b, k.MemoryKiB)
	return append(b, k.Threads)
}
