package bolt

import (
	"encoding/binary"
	"hash/crc32"

	"hearth/lumps"
	"hearth/store"
)

// Version of the pack format that this program writes.
const packVersion = 1

const (
	packMagic  = "HEARTHPK"
	packHeader = 32 // bytes before the first record
	recHeader  = 44 // bytes before the body of a record
)

// Kinds of records. None is zero, so that zeros are never a record.
const (
	kindBlock  = 1
	kindLump   = 2
	kindUnlump = 3
	kindRoot   = 4
)

const lumpBody = 17 // bytes of the body of a lump record

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// record is the decoded header of a record.
type record struct {
	kind byte
	cid  lumps.CID // zero in the removal of a root
	len  uint32    // of the body
}

func (r record) size() int64 { return recHeader + int64(r.len) }

// appendRecord appends a whole record to b.
func appendRecord(b []byte, salt uint32, kind byte, c lumps.CID, body []byte) []byte {
	at := len(b)
	b = append(b, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)))
	b = append(b, kind, c[1], c[2], 0)
	b = append(b, c[4:]...)
	b = append(b, body...)
	binary.LittleEndian.PutUint32(b[at:], crc32.Update(salt, castagnoli, b[at+4:]))
	return b
}

// parseHeader reads what stands before a body. ok is false if no record begins
// this way.
func parseHeader(b []byte) (r record, ok bool) {
	r.kind, r.len = b[8], binary.LittleEndian.Uint32(b[4:])
	if b[11] != 0 {
		return r, false
	}
	r.cid = lumps.FromDigest(b[9], b[10], lumps.Digest(b[12:recHeader]))
	if r.kind == kindRoot && b[9] == 0 {
		if r.cid != lumps.FromDigest(0, 0, lumps.Digest{}) {
			return r, false
		}
		r.cid = lumps.CID{}
	} else if _, err := lumps.FromBytes(r.cid[:]); err != nil {
		return r, false
	}
	switch r.kind {
	case kindBlock:
		ok = r.len <= lumps.MaxBlock
	case kindLump:
		ok = r.len == lumpBody
	case kindUnlump:
		ok = r.len == 0
	case kindRoot:
		ok = r.len >= 1 && r.len <= store.MaxRootName
	}
	return r, ok
}

// intact reports whether a whole record has the checksum that it says.
func intact(rec []byte, salt uint32) bool {
	return crc32.Update(salt, castagnoli, rec[4:]) == binary.LittleEndian.Uint32(rec)
}

func appendLumpBody(b []byte, l store.Lump) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(l.Size))
	b = binary.LittleEndian.AppendUint64(b, uint64(l.Blocks))
	return append(b, byte(l.Kind))
}

func parseLumpBody(c lumps.CID, b []byte) (store.Lump, bool) {
	if len(b) != lumpBody {
		return store.Lump{}, false
	}
	l := store.Lump{
		CID:    c,
		Size:   int64(binary.LittleEndian.Uint64(b)),
		Blocks: int64(binary.LittleEndian.Uint64(b[8:])),
		Kind:   store.Kind(b[16]),
	}
	return l, l.Check() == nil
}

// appendPackHeader appends the header of a pack.
func appendPackHeader(b []byte, number, salt uint32) []byte {
	at := len(b)
	b = append(b, packMagic...)
	b = binary.LittleEndian.AppendUint32(b, packVersion)
	b = binary.LittleEndian.AppendUint32(b, number)
	b = binary.LittleEndian.AppendUint32(b, salt)
	b = append(b, make([]byte, 8)...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[at:], castagnoli))
}

// parsePackHeader returns the salt of a pack. A header with a wrong checksum is
// a *NotPackError: the checksum stands at the same place in every version.
func parsePackHeader(file string, b []byte, number uint32) (salt uint32, err error) {
	if len(b) < packHeader || string(b[:8]) != packMagic || crc32.Checksum(b[:28], castagnoli) != binary.LittleEndian.Uint32(b[28:]) {
		return 0, &NotPackError{file}
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v > packVersion {
		return 0, &VersionError{file, v, packVersion}
	}
	if binary.LittleEndian.Uint32(b[12:]) != number {
		return 0, &NotPackError{file}
	}
	return binary.LittleEndian.Uint32(b[16:]), nil
}

// decode reads a whole record whose header is r. ok is false if its checksum or
// its content is wrong.
func decode(r record, rec []byte, salt uint32) (q queued, ok bool) {
	if int64(len(rec)) != r.size() || !intact(rec, salt) {
		return q, false
	}
	q = queued{record: r}
	switch body := rec[recHeader:]; r.kind {
	case kindLump:
		l, ok := parseLumpBody(r.cid, body)
		q.more = &extra{lump: l}
		return q, ok
	case kindRoot:
		q.more = &extra{name: string(body)}
		return q, store.CheckRootName(q.more.name) == nil
	}
	return q, true
}
