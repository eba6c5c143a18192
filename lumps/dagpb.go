package lumps

import (
	"encoding/binary"
	"errors"
	"unicode/utf8"
)

// A dag-pb block (https://ipld.io/specs/codecs/dag-pb/spec/) is a protobuf
// message; Hearth writes the links first, then the data:
//
//	PBNode:  0x12 len PBLink ...   0x0a len data
//	PBLink:  0x0a len CID   0x12 len name   0x18 varint tsize
//
// tsize is the bytes of all blocks at and below the link's target.
type pbNode struct {
	links   []pbLink
	data    []byte
	dataAt  int // offset of data in the block
	hasData bool
}

type pbLink struct {
	cid   CID
	tsize uint64
}

const (
	tagVarint0 = 0 // wire types of protobuf
	tagBytes   = 2
)

// pbReader reads fields of one protobuf message. Every varint must be as short
// as its value allows, so that a message has one reading and one form.
type pbReader struct {
	cid  CID
	b    []byte
	at   int
	base int // offset of b in the block
}

func (r *pbReader) more() bool { return r.at < len(r.b) }

func (r *pbReader) bad(at int, reason string) error {
	return &FormatError{r.cid, r.base + at, errors.New(reason)}
}

func (r *pbReader) varint() (uint64, error) {
	v, n := binary.Uvarint(r.b[r.at:])
	if n <= 0 {
		return 0, r.bad(r.at, "a varint is cut off or too large")
	}
	if n > 1 && r.b[r.at+n-1] == 0 {
		return 0, r.bad(r.at, "a varint in more bytes than it needs")
	}
	r.at += n
	return v, nil
}

// field reads a field's number and its value: v for a varint, sub for bytes.
func (r *pbReader) field() (num uint64, v uint64, sub *pbReader, err error) {
	start := r.at
	key, err := r.varint()
	if err != nil {
		return 0, 0, nil, err
	}
	switch key & 7 {
	case tagVarint0:
		v, err = r.varint()
		return key >> 3, v, nil, err
	case tagBytes:
		n, err := r.varint()
		if err != nil {
			return 0, 0, nil, err
		}
		if n > uint64(len(r.b)-r.at) {
			return 0, 0, nil, r.bad(start, "a field reaches beyond the end")
		}
		sub = &pbReader{cid: r.cid, b: r.b[r.at : r.at+int(n)], base: r.base + r.at}
		r.at += int(n)
		return key >> 3, 0, sub, nil
	}
	return 0, 0, nil, r.bad(start, "a field of a kind that dag-pb does not use")
}

func parsePB(c CID, block []byte) (pbNode, error) {
	var n pbNode
	r := &pbReader{cid: c, b: block}
	linksDone := false
	for r.more() {
		at := r.at
		num, _, sub, err := r.field()
		if err != nil {
			return n, err
		}
		switch {
		case num == 2 && sub != nil && !linksDone:
			l, err := parsePBLink(sub)
			if err != nil {
				return n, err
			}
			n.links = append(n.links, l)
		case num == 1 && sub != nil && !n.hasData:
			// The data stands before all links or behind them (the spec allows both).
			linksDone = len(n.links) > 0
			n.data, n.dataAt, n.hasData = sub.b, sub.base, true
		default:
			return n, r.bad(at, "a field that is unknown, doubled or out of order")
		}
	}
	return n, nil
}

func parsePBLink(r *pbReader) (l pbLink, err error) {
	last := uint64(0)
	for r.more() {
		at := r.at
		num, v, sub, err := r.field()
		if err != nil {
			return l, err
		}
		if num <= last {
			return l, r.bad(at, "a field of a link that is doubled or out of order")
		}
		last = num
		switch {
		case num == 1 && sub != nil:
			if l.cid, err = FromBytes(sub.b); err != nil {
				return l, &FormatError{r.cid, r.base + at, err}
			}
		case num == 2 && sub != nil:
			if !utf8.Valid(sub.b) {
				return l, r.bad(at, "a name is not UTF-8")
			}
		case num == 3 && sub == nil:
			l.tsize = v
		default:
			return l, r.bad(at, "a field of a link that is unknown")
		}
	}
	if l.cid.IsZero() {
		return l, r.bad(0, "a link without a CID")
	}
	return l, nil
}
