package want

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"hearth/lumps"
)

// Kinds of control frames.
const (
	kindWant     = 1
	kindCancel   = 2
	kindHave     = 3
	kindDontHave = 4
	kindBusy     = 5
	kindFailed   = 6
	kindRaise    = 7
)

// Kinds of data frames.
const (
	kindData = 1
	kindStop = 2
)

const (
	flagOnlyHas = 1

	refLen    = 4
	raiseLen  = refLen + 1
	wantLen   = refLen + 1 + 1 + 4 + lumps.CIDLen
	headLen   = 3  // of a control frame
	dataLen   = 14 // of a chunk's header, after the kind
	maxChunk  = 16 << 10
	maxInOne  = 1024 // entries of one control frame: 47 KiB of wants
	bufferLen = 64 << 10
)

// maxOpen is how many blocks of an exchange may be begun and not finished. It
// bounds what the asker must hold unverified, 32 MiB at the worst, and leaves
// enough of them to keep a window of a fast link full.
const maxOpen = 32

// wantEntry is one entry of WANT.
type wantEntry struct {
	ref      uint32
	onlyHas  bool
	priority Priority
	offset   uint32
	cid      lumps.CID
}

// appendHead begins a control frame of n entries.
func appendHead(b []byte, kind byte, n int) []byte {
	return binary.BigEndian.AppendUint16(append(b, kind), uint16(n))
}

func appendWant(b []byte, w wantEntry) []byte {
	b = binary.BigEndian.AppendUint32(b, w.ref)
	var flags byte
	if w.onlyHas {
		flags = flagOnlyHas
	}
	b = append(b, flags, byte(w.priority))
	b = binary.BigEndian.AppendUint32(b, w.offset)
	return append(b, w.cid[:]...)
}

// appendRefs writes frames of one kind until all refs are in them.
func appendRefs(b []byte, kind byte, refs []uint32) []byte {
	for len(refs) > 0 {
		n := min(len(refs), maxInOne)
		b = appendHead(b, kind, n)
		for _, r := range refs[:n] {
			b = binary.BigEndian.AppendUint32(b, r)
		}
		refs = refs[n:]
	}
	return b
}

func parseWant(b []byte) (wantEntry, error) {
	w := wantEntry{
		ref:      binary.BigEndian.Uint32(b),
		onlyHas:  b[4] == flagOnlyHas,
		priority: Priority(b[5]),
		offset:   binary.BigEndian.Uint32(b[6:]),
	}
	var err error
	if w.cid, err = lumps.FromBytes(b[10:wantLen]); err != nil {
		return w, protocolError("a want names no block (%v)", err)
	}
	if b[4] > flagOnlyHas || w.priority >= levels {
		return w, protocolError("a want has flags %#x and priority %d", b[4], b[5])
	}
	if w.offset >= lumps.MaxBlock {
		return w, protocolError("a want begins at byte %d, beyond what a block has", w.offset)
	}
	return w, nil
}

// controlHandler takes what a control stream says, entry by entry.
type controlHandler interface {
	wanted(w wantEntry) error
	cancelled(ref uint32)
	raised(ref uint32, p Priority)
	answered(kind byte, ref uint32) error
}

// readControl reads control frames until the stream or the handler ends it. The
// error is io.EOF only between frames.
func readControl(r *bufio.Reader, h controlHandler) error {
	var buf [wantLen]byte
	for {
		if _, err := io.ReadFull(r, buf[:1]); err != nil {
			return err
		}
		kind := buf[0]
		if kind < kindWant || kind > kindRaise {
			return protocolError("a control frame is of kind %d", kind)
		}
		if err := readRest(r, buf[:2]); err != nil {
			return err
		}
		n := int(binary.BigEndian.Uint16(buf[:]))
		if n == 0 || n > maxInOne {
			return protocolError("a control frame has %d entries", n)
		}
		entry := buf[:refLen]
		switch kind {
		case kindWant:
			entry = buf[:wantLen]
		case kindRaise:
			entry = buf[:raiseLen]
		}
		for range n {
			if err := readRest(r, entry); err != nil {
				return err
			}
			var err error
			switch kind {
			case kindWant:
				var w wantEntry
				if w, err = parseWant(entry); err == nil {
					err = h.wanted(w)
				}
			case kindCancel:
				h.cancelled(binary.BigEndian.Uint32(entry))
			case kindRaise:
				p := Priority(entry[refLen])
				if p >= levels {
					return protocolError("a want is raised to priority %d", p)
				}
				h.raised(binary.BigEndian.Uint32(entry), p)
			default:
				err = h.answered(kind, binary.BigEndian.Uint32(entry))
			}
			if err != nil {
				return err
			}
		}
	}
}

// chunk is the header of a chunk.
type chunk struct {
	ref, total, offset uint32
	n                  int
}

func appendChunk(b []byte, c chunk, data []byte) []byte {
	b = binary.BigEndian.AppendUint32(append(b, kindData), c.ref)
	b = binary.BigEndian.AppendUint32(b, c.total)
	b = binary.BigEndian.AppendUint32(b, c.offset)
	b = binary.BigEndian.AppendUint16(b, uint16(len(data)))
	return append(b, data...)
}

func appendStop(b []byte, ref uint32) []byte {
	return binary.BigEndian.AppendUint32(append(b, kindStop), ref)
}

// dataHandler takes what a data stream says.
type dataHandler interface {
	// place says where the bytes of a chunk go: a slice of its length.
	place(c chunk) ([]byte, error)
	// placed is called when they are there.
	placed(c chunk) error
	stopped(ref uint32) error
}

// readData reads data frames until the stream or the handler ends it. The error is
// io.EOF only between frames.
func readData(r *bufio.Reader, h dataHandler) error {
	var buf [dataLen]byte
	for {
		if _, err := io.ReadFull(r, buf[:1]); err != nil {
			return err
		}
		switch kind := buf[0]; kind {
		case kindData:
			if err := readRest(r, buf[:dataLen]); err != nil {
				return err
			}
			c := chunk{
				ref:    binary.BigEndian.Uint32(buf[:]),
				total:  binary.BigEndian.Uint32(buf[4:]),
				offset: binary.BigEndian.Uint32(buf[8:]),
				n:      int(binary.BigEndian.Uint16(buf[12:])),
			}
			if err := c.check(); err != nil {
				return err
			}
			to, err := h.place(c)
			if err != nil {
				return err
			}
			if err := readRest(r, to); err != nil {
				return err
			}
			if err := h.placed(c); err != nil {
				return err
			}
		case kindStop:
			if err := readRest(r, buf[:refLen]); err != nil {
				return err
			}
			if err := h.stopped(binary.BigEndian.Uint32(buf[:])); err != nil {
				return err
			}
		default:
			return protocolError("a data frame is of kind %d", kind)
		}
	}
}

// check holds a chunk against what no block can have.
func (c chunk) check() error {
	switch {
	case c.total > lumps.MaxBlock:
		return protocolError("a block of %d bytes is over the %d that one may have", c.total, lumps.MaxBlock)
	case c.n > maxChunk:
		return protocolError("a chunk has %d bytes, and %d is the most", c.n, maxChunk)
	case uint64(c.offset)+uint64(c.n) > uint64(c.total):
		return protocolError("a chunk ends at byte %d of %d", uint64(c.offset)+uint64(c.n), c.total)
	case c.n == 0 && c.total > 0:
		return protocolError("a chunk is empty")
	}
	return nil
}

// readRest reads what a frame that has begun must still have.
func readRest(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
