// Package car reads and writes archives of blocks: the files that `ipfs dag
// export` makes and `ipfs dag import` takes.
//
// An archive is a header and blocks to the end (https://ipld.io/specs/transport/car/):
//
//	varint len | dag-cbor {"roots": [links], "version": 1}
//	varint len | CID | bytes                                 and again
//
// Version 2 wraps that: a fixed line that says so, a header with the offset and
// the size of the part above, and an index, which Hearth does not need.
//
//	0a a1 67 "version" 02 | flags 16 | offset u64 | size u64 | index offset u64
//
// Nothing in an archive is believed: lengths are bounded before memory is taken
// for them, and every block is hashed before it is given out.
package car

import (
	"fmt"

	"hearth/lumps"
)

const (
	// maxHeader bounds the header: the CIDs of some twenty thousand roots.
	maxHeader = 1 << 20
	// maxSection is a block of the largest size under the longest CID.
	maxSection = lumps.MaxBlock + lumps.CIDLen
)

// Error reports an archive that is damaged, cut off, or not one.
type Error struct {
	Offset int64 // of the header or section that is wrong
	Err    error // io.ErrUnexpectedEOF where the archive ends too early
}

func (e *Error) Error() string {
	return fmt.Sprintf("the archive is damaged at byte %d: %v; get it again from where it came", e.Offset, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// header is that of version 1, and of the line that begins version 2.
type header struct {
	Roots   []lumps.CID `cbor:"roots"`
	Version uint64      `cbor:"version"`
}
