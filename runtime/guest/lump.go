//go:build wasip1

package guest

import "unsafe"

// Lump is a handle of this process to immutable bytes. The zero value is not
// special: a Lump comes from a message or from one of the functions below.
type Lump uint32

// NoLump stands for a lump that a message names and that is not there.
const NoLump Lump = none

// NewLump makes a lump of data, which a durable process then holds.
func NewLump(data []byte) Lump {
	return Lump(lumpLoad(unsafe.Pointer(unsafe.SliceData(data)), uint32(len(data))))
}

// LoadLump returns the lump with this id. A durable process finds only lumps
// that it holds.
func LoadLump(id LumpID) (Lump, bool) {
	l := lumpLoadByID(&id)
	return Lump(l), l != none
}

// LoadCID returns the lump with this content identifier, as LoadLump.
func LoadCID(cid CID) (Lump, bool) {
	l := contentLoadCID(&cid)
	return Lump(l), l != none
}

// ThisLump returns the id of the module that is running.
func ThisLump() (id LumpID) {
	lumpThis(&id)
	return id
}

// ID returns the digest of the lump.
func (l Lump) ID() (id LumpID) {
	lumpGetID(uint32(l), &id)
	return id
}

// CID returns the whole content identifier.
func (l Lump) CID() (cid CID) {
	contentGetCID(uint32(l), &cid)
	return cid
}

// Len returns the length in bytes.
func (l Lump) Len() int { return int(lumpGetLen(uint32(l))) }

// Bytes returns a copy of the lump's bytes, in buf where it is large enough.
func (l Lump) Bytes(buf []byte) []byte {
	buf = sized(buf, l.Len())
	lumpGetData(uint32(l), unsafe.Pointer(unsafe.SliceData(buf)))
	return buf
}

// Free releases the handle.
func (l Lump) Free() {
	if l != NoLump {
		lumpFree(uint32(l))
	}
}

// Forget makes a durable process hold the lump no longer.
func (l Lump) Forget() { contentForget(uint32(l)) }

// Transfer lets the peer behind a capability load the lump, and tells it to fetch
// it now. Where the capability reaches a process of the same server, nothing
// happens.
func (l Lump) Transfer(to Capability) { contentTransfer(uint32(to), uint32(l)) }
