package secure

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha512"
	"encoding/binary"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	secretLen = sha512.Size
	keyLen    = 32
	ivLen     = 12
	tagLen    = 16
)

// Labels of the key schedule and of the signatures. They end in no NUL and are of
// no common prefix followed by another's text, and so name one thing each.
const (
	labelContext      = "hearth/1 opaque context"
	labelServerSigns  = "hearth/1 server identity"
	labelClientSigns  = "hearth/1 client identity"
	labelClientFinish = "hearth/1 client finish"
	labelServerFinish = "hearth/1 server finish"
	labelToServer     = "hearth/1 client to server"
	labelToClient     = "hearth/1 server to client"
	labelExporter     = "hearth/1 exporter"
	labelRecordKey    = "hearth/1 record key"
	labelRecordIV     = "hearth/1 record iv"
	labelNext         = "hearth/1 next secret"
)

// A transcript hashes what both ends have said, each message with its kind and
// length, so that no two conversations hash alike.
type transcript struct{ h hash.Hash }

func newTranscript() transcript { return transcript{sha512.New()} }

func (t transcript) add(kind uint8, body []byte) {
	var head [5]byte
	head[0] = kind
	binary.BigEndian.PutUint32(head[1:], uint32(len(body)))
	t.h.Write(head[:])
	t.h.Write(body)
}

func (t transcript) sum() []byte { return t.h.Sum(nil) }

// fork returns the sum as if body had been added.
func (t transcript) fork(kind uint8, body []byte) []byte {
	c, err := t.h.(hash.Cloner).Clone()
	if err != nil {
		panic(err) // SHA-512 can always be cloned
	}
	f := transcript{c}
	f.add(kind, body)
	return f.sum()
}

// signed is what an identity key signs: a text that says in which role, and all
// that was said.
func signed(label string, sum []byte) []byte {
	return append(append([]byte(label), 0), sum...)
}

func expand(secret []byte, label string, n int) []byte {
	b, err := hkdf.Expand(sha512.New, secret, label, n)
	if err != nil {
		panic(err) // only for lengths that no constant here has
	}
	return b
}

func extract(secret, salt []byte) []byte {
	b, err := hkdf.Extract(sha512.New, secret, salt)
	if err != nil {
		panic(err)
	}
	return b
}

// A session is what a finished handshake leaves: a secret for each direction and
// one for what callers derive.
type session struct {
	toServer, toClient, exporter []byte
}

func newSession(main []byte) session {
	return session{
		toServer: expand(main, labelToServer, secretLen),
		toClient: expand(main, labelToClient, secretLen),
		exporter: expand(main, labelExporter, secretLen),
	}
}

// seal and open protect the two finish messages, each under a key of its own that
// is used once; so the nonce may be derived with it.
func seal(secret []byte, label string, plain []byte) []byte {
	aead, iv := onceAEAD(secret, label)
	return aead.Seal(nil, iv, plain, nil)
}

func open(secret []byte, label string, box []byte) ([]byte, error) {
	aead, iv := onceAEAD(secret, label)
	return aead.Open(nil, iv, box, nil)
}

func onceAEAD(secret []byte, label string) (cipher.AEAD, []byte) {
	b := expand(secret, label, keyLen+ivLen)
	aead, err := chacha20poly1305.New(b[:keyLen])
	if err != nil {
		panic(err) // only for a key of another length
	}
	return aead, b[keyLen:]
}
