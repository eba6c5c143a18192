package lumps

import (
	"io"
	"sync"
)

// maxLinks is how many children a node of a file has: what makes a node of
// about 8 KiB, and the default of the layout whose CIDs Hearth shares.
const maxLinks = 174

// Built describes a lump whose blocks were made.
type Built struct {
	CID    CID
	Size   int64 // bytes of content
	Blocks int64 // blocks passed to put, repetitions included
}

// part is a finished subtree.
type part struct {
	cid   CID
	size  int64 // bytes of content below
	tsize int64 // bytes of blocks at and below
}

// Build cuts what r yields into blocks and passes every block to put, children
// before parents, the top last. The slice that put gets is valid until put
// returns. The first error of r or put ends the build and is returned.
func Build(r io.Reader, put func(CID, []byte) error) (Built, error) {
	return build(r, maxLinks, put)
}

// readAhead is how much Build reads at a time: room for many chunks, so that the
// remainder that moves to the front is a small share of what was read.
const readAhead = 4 << 20

var readBufs = sync.Pool{New: func() any { return new([readAhead]byte) }}

func build(r io.Reader, links int, put func(CID, []byte) error) (Built, error) {
	buf := readBufs.Get().(*[readAhead]byte)
	defer readBufs.Put(buf)
	t := tree{links: links, put: put}
	var from, to int // the unread part of buf
	for eof := false; ; {
		if !eof && to-from < MaxChunk {
			from, to = 0, copy(buf[:], buf[from:to])
			// Not io.ReadFull, which gives io.ErrUnexpectedEOF for the end and for a
			// reader that was cut off alike: half a file must not become a lump.
			var err error
			for to < len(buf) && err == nil {
				var n int
				n, err = r.Read(buf[to:])
				to += n
			}
			if eof = err == io.EOF; err != nil && !eof {
				return Built{}, err
			}
		}
		if from == to && t.blocks > 0 { // nothing at all is one empty block
			break
		}
		n := cut(buf[from:to])
		if err := t.leaf(buf[from : from+n]); err != nil {
			return Built{}, err
		}
		from += n
	}
	return t.finish()
}

// tree grows the balanced DAG from its leaves: rows[i] holds the parts of height
// i that have no parent yet.
type tree struct {
	links  int
	put    func(CID, []byte) error
	rows   [][]part
	blocks int64
	node   []byte // the block of a node, reused
}

func (t *tree) leaf(chunk []byte) error {
	c := Sum(Raw, chunk)
	t.blocks++
	if err := t.put(c, chunk); err != nil {
		return err
	}
	return t.add(0, part{c, int64(len(chunk)), int64(len(chunk))})
}

// add puts a part into a row. A full row becomes a node only when another part
// comes, because the last node of a tree is its top and has no sibling.
func (t *tree) add(row int, p part) error {
	if row == len(t.rows) {
		t.rows = append(t.rows, make([]part, 0, t.links))
	}
	if len(t.rows[row]) == t.links {
		if err := t.close(row); err != nil {
			return err
		}
	}
	t.rows[row] = append(t.rows[row], p)
	return nil
}

// close makes a node of a row and moves it to the row above.
func (t *tree) close(row int) error {
	kids := t.rows[row]
	t.node = appendFileNode(t.node[:0], kids)
	p := part{cid: Sum(DagPB, t.node), tsize: int64(len(t.node))}
	for _, k := range kids {
		p.size += k.size
		p.tsize += k.tsize
	}
	t.rows[row] = kids[:0]
	t.blocks++
	if err := t.put(p.cid, t.node); err != nil {
		return err
	}
	return t.add(row+1, p)
}

func (t *tree) finish() (Built, error) {
	for row := 0; ; row++ {
		if row == len(t.rows)-1 && len(t.rows[row]) == 1 {
			top := t.rows[row][0]
			return Built{top.cid, top.size, t.blocks}, nil
		}
		if err := t.close(row); err != nil {
			return Built{}, err
		}
	}
}
