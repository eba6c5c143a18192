package lumps

import (
	"encoding/binary"
	"fmt"
)

// The data of a dag-pb block of a file is a UnixFS message
// (https://specs.ipfs.tech/unixfs/):
//
//	0x08 type   0x12 len data   0x18 filesize   (0x20 blocksize) for each link
//
// Hearth writes interior nodes only, of type file and without data of their own;
// it reads files of other writers too, whose nodes may carry the first bytes.
const (
	ufsRaw  = 0
	ufsFile = 2
)

// Fields of the UnixFS message.
const (
	ufsType       = 1
	ufsData       = 2
	ufsFileSize   = 3
	ufsBlockSizes = 4
	ufsMode       = 7
	ufsMtime      = 8
)

// File is one block of a file DAG: bytes of its own, then those of its children.
type File struct {
	Data     []byte // part of the block
	Children []Child
	Size     int64 // bytes of the file at and below this block
}

// Child is a part of a file.
type Child struct {
	CID  CID
	Size int64 // bytes of the file that it must hold, at least 1
}

// ParseFile reads a block of a file DAG. A raw block is a file of its bytes. The
// sizes that a node claims for its children add up to its own; whether a child
// holds what its parent claims is for the reader of the child to check. Blocks
// that are not part of a file give ErrNotFile, malformed ones a *FormatError.
func ParseFile(c CID, block []byte) (File, error) {
	if len(block) > MaxBlock {
		return File{}, tooLong(c)
	}
	switch c.Codec() {
	case Raw:
		return File{Data: block, Size: int64(len(block))}, nil
	case DagPB:
		n, err := parsePB(c, block)
		if err != nil {
			return File{}, err
		}
		return parseUnixFS(c, n)
	}
	return File{}, fmt.Errorf("block %s (codec %#x): %w", c, c.Codec(), ErrNotFile)
}

func parseUnixFS(c CID, n pbNode) (File, error) {
	if !n.hasData {
		return File{}, fmt.Errorf("block %s: %w", c, ErrNotFile)
	}
	r := &pbReader{cid: c, b: n.data, base: n.dataAt}
	var (
		f       File
		kind    = ^uint64(0)
		claimed uint64
		has     bool // a file size is claimed
		seen    uint64
	)
	size := func(at int, v uint64) error {
		if v > MaxFile {
			return r.bad(at, "a size that no file has")
		}
		// A part without bytes would let a few blocks stand for an endless walk.
		if v == 0 {
			return r.bad(at, "a part without bytes")
		}
		if len(f.Children) == len(n.links) {
			return r.bad(at, "more sizes than links")
		}
		f.Children = append(f.Children, Child{n.links[len(f.Children)].cid, int64(v)})
		return nil
	}
	for r.more() {
		at := r.at
		num, v, sub, err := r.field()
		if err != nil {
			return File{}, err
		}
		if num > ufsMtime || (num != ufsBlockSizes && seen&(1<<num) != 0) {
			return File{}, r.bad(at, "a UnixFS field that is unknown or doubled")
		}
		seen |= 1 << num
		switch {
		case num == ufsType && sub == nil:
			if kind = v; kind != ufsFile && kind != ufsRaw {
				return File{}, fmt.Errorf("block %s (UnixFS type %d): %w", c, kind, ErrNotFile)
			}
		case num == ufsData && sub != nil:
			f.Data = sub.b
		case num == ufsFileSize && sub == nil:
			claimed, has = v, true
		case num == ufsBlockSizes && sub == nil:
			if err := size(at, v); err != nil {
				return File{}, err
			}
		case num == ufsBlockSizes: // packed
			for sub.more() {
				v, err := sub.varint()
				if err != nil {
					return File{}, err
				}
				if err := size(at, v); err != nil {
					return File{}, err
				}
			}
		case (num == ufsMode && sub == nil) || (num == ufsMtime && sub != nil):
			// What a file system would keep beside the bytes is not the bytes' concern.
		default:
			return File{}, r.bad(at, "a UnixFS field that a file does not have")
		}
	}
	if kind == ^uint64(0) {
		return File{}, r.bad(0, "no UnixFS type")
	}
	if len(f.Children) != len(n.links) {
		return File{}, r.bad(0, "fewer sizes than links")
	}
	sum := uint64(len(f.Data))
	for _, k := range f.Children {
		if sum += uint64(k.Size); sum > MaxFile {
			return File{}, r.bad(0, "a size that no file has")
		}
	}
	if has && claimed != sum {
		return File{}, r.bad(0, fmt.Sprintf("its size is given as %d, its parts make %d", claimed, sum))
	}
	f.Size = int64(sum)
	return f, nil
}

// appendFileNode appends the dag-pb block of an interior node of a file.
func appendFileNode(b []byte, kids []part) []byte {
	var size int64
	ufs := make([]byte, 0, 16+6*len(kids))
	for _, k := range kids {
		size += k.size
	}
	ufs = append(ufs, ufsType<<3, ufsFile, ufsFileSize<<3)
	ufs = binary.AppendUvarint(ufs, uint64(size))
	for _, k := range kids {
		ufs = append(ufs, ufsBlockSizes<<3)
		ufs = binary.AppendUvarint(ufs, uint64(k.size))
	}
	for _, k := range kids {
		link := 2 + CIDLen + 2 + 1 + uvarintLen(uint64(k.tsize))
		b = append(b, 0x12)
		b = binary.AppendUvarint(b, uint64(link))
		b = append(b, 0x0a, CIDLen)
		b = append(b, k.cid[:]...)
		b = append(b, 0x12, 0, 0x18) // the name is there and empty
		b = binary.AppendUvarint(b, uint64(k.tsize))
	}
	b = append(b, 0x0a)
	b = binary.AppendUvarint(b, uint64(len(ufs)))
	return append(b, ufs...)
}

func uvarintLen(v uint64) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}
