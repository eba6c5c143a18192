package journal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"github.com/zeebo/blake3"
)

// MaxBody is the largest body: a guest's message of 1 MiB, the largest that a
// mailbox takes, and room for the envelope around it.
const MaxBody = 1<<20 + 64<<10

const (
	frameHead  = 68
	frameAlign = 4
	flagMark   = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Record is one position of the journal.
type Record struct {
	Seq  uint64   // from 1, without gaps
	Time int64    // Unix nanoseconds, never decreasing
	Kind uint16   // the caller's
	Body []byte   // the caller's
	Prev [32]byte // hash of the record before
	Hash [32]byte // of this record
}

// hash computes r.Hash from the other fields.
func (r *Record) hash() [32]byte {
	body := blake3.Sum256(r.Body)
	return chain(r.Seq, r.Time, r.Kind, len(r.Body), &r.Prev, &body)
}

// chain is the hash of a record.
func chain(seq uint64, time int64, kind uint16, n int, prev, body *[32]byte) [32]byte {
	var b [86]byte
	binary.LittleEndian.PutUint64(b[0:], seq)
	binary.LittleEndian.PutUint64(b[8:], uint64(time))
	binary.LittleEndian.PutUint16(b[16:], kind)
	binary.LittleEndian.PutUint32(b[18:], uint32(n))
	copy(b[22:], prev[:])
	copy(b[54:], body[:])
	return blake3.Sum256(b[:])
}

// frameLen is what a body of n bytes takes in a segment.
func frameLen(n int) int64 { return (frameHead + int64(n) + frameAlign - 1) &^ (frameAlign - 1) }

// saltCRC is what every head checksum of a segment begins with.
func saltCRC(salt uint64) uint32 {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], salt)
	return crc32.Checksum(b[:], castagnoli)
}

// head is a frame without its body.
type head struct {
	bodyCRC uint32
	len     uint32
	back    uint32
	seq     uint64
	time    int64
	kind    uint16
	flags   uint16
	prev    [32]byte
}

func (h *head) mark() bool { return h.flags == flagMark }

// durable is the last seq that was durable when the frame was written.
func (h *head) durable() uint64 { return h.seq - uint64(h.back) }

// appendFrame writes a frame behind dst. h.len and h.bodyCRC are those of body.
func appendFrame(dst []byte, salt uint32, h *head, body []byte) []byte {
	at := len(dst)
	dst = append(dst, make([]byte, frameHead)...)
	b := dst[at:]
	binary.LittleEndian.PutUint32(b[4:], h.bodyCRC)
	binary.LittleEndian.PutUint32(b[8:], h.len)
	binary.LittleEndian.PutUint32(b[12:], h.back)
	binary.LittleEndian.PutUint64(b[16:], h.seq)
	binary.LittleEndian.PutUint64(b[24:], uint64(h.time))
	binary.LittleEndian.PutUint16(b[32:], h.kind)
	binary.LittleEndian.PutUint16(b[34:], h.flags)
	copy(b[36:], h.prev[:])
	binary.LittleEndian.PutUint32(b, crc32.Update(salt, castagnoli, b[4:frameHead]))
	dst = append(dst, body...)
	for len(dst)%frameAlign != at%frameAlign {
		dst = append(dst, 0)
	}
	return dst
}

var (
	errHead = errors.New("no record begins here")
	errBody = errors.New("the body of the record fails its checksum")
	errPad  = errors.New("the filling behind the record is not zero")
)

// decodeHead reads the head that b, of at least frameHead bytes, begins with.
func decodeHead(b []byte, salt uint32) (h head, err error) {
	h.len = binary.LittleEndian.Uint32(b[8:])
	h.back = binary.LittleEndian.Uint32(b[12:])
	h.seq = binary.LittleEndian.Uint64(b[16:])
	h.flags = binary.LittleEndian.Uint16(b[34:])
	// The cheap conditions first: a search through a broken tail asks them of
	// every fourth byte.
	if h.len > MaxBody || h.flags > flagMark || uint64(h.back) > h.seq ||
		crc32.Update(salt, castagnoli, b[4:frameHead]) != binary.LittleEndian.Uint32(b) {
		return head{}, errHead
	}
	h.bodyCRC = binary.LittleEndian.Uint32(b[4:])
	h.time = int64(binary.LittleEndian.Uint64(b[24:]))
	h.kind = binary.LittleEndian.Uint16(b[32:])
	copy(h.prev[:], b[36:])
	return h, nil
}

// checkBody verifies what follows the head: rest is the body and its filling.
func (h *head) checkBody(rest []byte) error {
	if crc32.Checksum(rest[:h.len], castagnoli) != h.bodyCRC {
		return errBody
	}
	for _, c := range rest[h.len:] {
		if c != 0 {
			return errPad
		}
	}
	return nil
}
