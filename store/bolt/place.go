package bolt

import (
	"encoding/binary"

	"hearth/lumps"
	"hearth/store"
)

// key is what a block is looked up by: hash function and digest.
type key [33]byte

func blockKey(c lumps.CID) (k key) {
	k[0] = c[2]
	copy(k[1:], c[4:])
	return k
}

func (k key) cid(codec byte) lumps.CID {
	return lumps.FromDigest(codec, k[0], lumps.Digest(k[1:]))
}

// lumpKey orders lumps by digest.
type lumpKey [34]byte

func keyOfLump(c lumps.CID) (k lumpKey) {
	copy(k[:], c[4:])
	k[32], k[33] = c[2], c[1]
	return k
}

func (k lumpKey) cid() lumps.CID { return lumps.FromDigest(k[33], k[32], lumps.Digest(k[:32])) }

// place is where a record stands.
type place struct {
	pack uint32
	off  uint32 // of the record
	len  uint32 // of its body
}

func (p place) size() int64 { return recHeader + int64(p.len) }

const placeLen = 12

func (p place) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, p.pack)
	b = binary.LittleEndian.AppendUint32(b, p.off)
	return binary.LittleEndian.AppendUint32(b, p.len)
}

func parsePlace(b []byte) place {
	return place{binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])}
}

// entry is what the index says of a block.
type entry struct {
	place
	codec byte
}

// lumpEntry is what the index says of a lump of the catalogue.
type lumpEntry struct {
	place
	lump store.Lump
}

// rootEntry is what the index says of a root.
type rootEntry struct {
	place
	cid lumps.CID
}

// position is a point in the sequence of all records.
type position struct {
	pack uint32
	off  int64
}
