package journal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
	"sync"

	"hearth/lumps"
)

const (
	segmentMagic   = "hearthJ\n"
	segmentVersion = 1
	segmentHead    = 72
	segmentSuffix  = ".seg"
	nextName       = "next.tmp"
)

// Segment is a sealed part of the journal.
type Segment struct {
	First, Last uint64 // seq of its first and last record
	Size        int64  // bytes
	LastTime    int64  // time of the last record
	FirstPrev   [32]byte
	LastHash    [32]byte
	CID         lumps.CID // in the archive; zero while it is a file of the folder
}

// Archived reports whether the segment is in the archive.
func (s Segment) Archived() bool { return !s.CID.IsZero() }

// name is how errors name the segment.
func (s *Segment) name() string {
	if s.Archived() {
		return s.CID.String()
	}
	return segmentName(s.First)
}

func segmentName(first uint64) string { return fmt.Sprintf("%020d%s", first, segmentSuffix) }

// parseSegmentName returns the first seq of a segment's file.
func parseSegmentName(name string) (first uint64, ok bool) {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok || len(digits) != 20 {
		return 0, false
	}
	first, err := strconv.ParseUint(digits, 10, 64)
	return first, err == nil && first > 0 && segmentName(first) == name
}

// header is the head of a segment.
type header struct {
	first    uint64
	salt     uint64
	prevTime int64
	prev     [32]byte
}

func (h *header) encode() []byte {
	b := make([]byte, segmentHead)
	copy(b, segmentMagic)
	binary.LittleEndian.PutUint32(b[8:], segmentVersion)
	binary.LittleEndian.PutUint64(b[16:], h.first)
	binary.LittleEndian.PutUint64(b[24:], h.salt)
	binary.LittleEndian.PutUint64(b[32:], uint64(h.prevTime))
	copy(b[40:], h.prev[:])
	binary.LittleEndian.PutUint32(b[12:], crcWithout(b, 12))
	return b
}

// crcWithout is the checksum of b with the four bytes at at taken as zero.
func crcWithout(b []byte, at int) uint32 {
	c := crc32.Checksum(b[:at], castagnoli)
	c = crc32.Update(c, castagnoli, []byte{0, 0, 0, 0})
	return crc32.Update(c, castagnoli, b[at+4:])
}

// decodeHeader reads the head of the segment that errors call name.
func decodeHeader(b []byte, name string) (header, error) {
	damage := func(reason string) error { return &DamageError{Segment: name, Reason: reason} }
	if len(b) < segmentHead {
		return header{}, damage("the file is shorter than its header")
	}
	b = b[:segmentHead]
	if string(b[:8]) != segmentMagic {
		return header{}, damage("this is not a journal segment")
	}
	if crcWithout(b, 12) != binary.LittleEndian.Uint32(b[12:]) {
		return header{}, damage("the header fails its checksum")
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != segmentVersion {
		return header{}, &VersionError{File: name, Found: v, Newest: segmentVersion}
	}
	h := header{
		first:    binary.LittleEndian.Uint64(b[16:]),
		salt:     binary.LittleEndian.Uint64(b[24:]),
		prevTime: int64(binary.LittleEndian.Uint64(b[32:])),
		prev:     [32]byte(b[40:]),
	}
	if h.first == 0 {
		return header{}, damage("the header names no first record")
	}
	return h, nil
}

// sealed is a sealed segment and where its records are.
type sealed struct {
	Segment
	offsets *offsets
}

// offsets is a sparse index of a segment: where some of its records begin. It
// is filled by whoever passes them.
type offsets struct {
	mu   sync.Mutex
	seqs []uint64
	offs []int64
}

// offsetStep is the distance in bytes between two entries: what a look-up has
// to read at most, at 16 bytes of memory for it.
const offsetStep = 64 << 10

// note remembers that the record seq begins at off.
func (o *offsets) note(seq uint64, off int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n := len(o.offs); n == 0 && off >= segmentHead+offsetStep || n > 0 && off >= o.offs[n-1]+offsetStep {
		o.seqs = append(o.seqs, seq)
		o.offs = append(o.offs, off)
	}
}

// find returns a record at or before seq and where it begins, or 0 and the
// beginning of the segment.
func (o *offsets) find(seq uint64) (uint64, int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	lo, hi := 0, len(o.seqs)
	for lo < hi {
		if m := (lo + hi) / 2; o.seqs[m] <= seq {
			lo = m + 1
		} else {
			hi = m
		}
	}
	if lo == 0 {
		return 0, segmentHead
	}
	return o.seqs[lo-1], o.offs[lo-1]
}
