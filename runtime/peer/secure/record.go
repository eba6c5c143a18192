package secure

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"

	"golang.org/x/crypto/chacha20poly1305"
)

// Cipher suites.
const (
	suiteChaCha = 1
	suiteAESGCM = 2
)

// Types of records.
const (
	typeData  = 0
	typeClose = 1
)

const (
	headerLen = 3
	// MaxPayload is what one record carries: large enough that its 20 bytes of
	// framing do not count, small enough that a message behind one waits little.
	MaxPayload = 16 << 10
	overhead   = headerLen + 1 + tagLen
	maxRecord  = MaxPayload + overhead
	// rekeyRecords is how many records a key seals, at most 1 GiB: far below the
	// bounds of either cipher, and a stolen key opens little.
	rekeyRecords = 1 << 16
)

// A half is one direction of the record layer: its key, and the count of records.
type half struct {
	suite  uint8
	every  uint32
	secret []byte
	aead   cipher.AEAD
	count  uint64 // records under this key
	iv     [ivLen]byte
	nonce  [ivLen]byte // here, because a local would escape at every record
}

func newHalf(suite uint8, secret []byte) *half {
	h := &half{suite: suite, every: rekeyRecords, secret: secret}
	h.install()
	return h
}

// install derives the key of the current secret and moves to the next secret, from
// which this one cannot be found.
func (h *half) install() {
	key := expand(h.secret, labelRecordKey, keyLen)
	copy(h.iv[:], expand(h.secret, labelRecordIV, ivLen))
	next := expand(h.secret, labelNext, secretLen)
	clear(h.secret)
	h.secret, h.count = next, 0
	h.aead = newAEAD(h.suite, key)
	clear(key)
}

func newAEAD(suite uint8, key []byte) cipher.AEAD {
	var aead cipher.AEAD
	var err error
	if suite == suiteAESGCM {
		var block cipher.Block
		if block, err = aes.NewCipher(key); err == nil {
			aead, err = cipher.NewGCM(block)
		}
	} else {
		aead, err = chacha20poly1305.New(key)
	}
	if err != nil {
		panic(err) // only for a key of another length
	}
	return aead
}

func (h *half) setNonce() {
	h.nonce = h.iv
	n := binary.BigEndian.Uint64(h.nonce[ivLen-8:])
	binary.BigEndian.PutUint64(h.nonce[ivLen-8:], n^h.count)
}

func (h *half) step() {
	h.count++
	if h.count == uint64(h.every) {
		h.install()
	}
}

// seal makes a record of r[headerLen:], which holds type and payload. r has room
// for the tag.
func (h *half) seal(r []byte) []byte {
	n := len(r) - headerLen + tagLen
	r[0], r[1], r[2] = byte(n>>16), byte(n>>8), byte(n)
	h.setNonce()
	sealed := h.aead.Seal(r[:headerLen], h.nonce[:], r[headerLen:], r[:headerLen])
	h.step()
	return sealed
}

// open opens a whole record in place.
func (h *half) open(r []byte) (typ uint8, payload []byte, err error) {
	h.setNonce()
	plain, err := h.aead.Open(r[headerLen:headerLen], h.nonce[:], r[headerLen:], r[:headerLen])
	if err != nil {
		return 0, nil, ErrRecord
	}
	h.step()
	return plain[0], plain[1:], nil
}

// recordLen returns the length of the record that begins with b, 0 where b is too
// short to say, ErrRecord for a length that none can have.
func recordLen(b []byte) (int, error) {
	if len(b) < headerLen {
		return 0, nil
	}
	n := int(b[0])<<16 | int(b[1])<<8 | int(b[2])
	if n < 1+tagLen || n > 1+MaxPayload+tagLen {
		return 0, ErrRecord
	}
	return headerLen + n, nil
}
