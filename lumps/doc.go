// Package lumps owns the identity of content: CIDs, the blocks that a lump is
// cut into, and the DAG that joins the blocks of a large one. It does no I/O.
//
// The key idea: a lump's name is the hash of its bytes, and it is the same name
// that any other IPFS program gives to the same bytes. A lump's CID is what
//
//	ipfs add --cid-version=1 --raw-leaves --chunker=buzhash --hash=blake3 --max-file-links=174
//
// prints for it: one raw block up to 128 KiB, and beyond that a balanced UnixFS
// tree over chunks whose borders the content decides, so that an edit in the
// middle of a large lump changes a few blocks and not all that follow.
// Structured lumps (snapshots, journal segments) are dag-cbor with real links,
// so that any IPLD tool can walk them.
//
// A node of a large lump is a dag-pb block: its links, then a UnixFS message with
// the size of what is below and of the part below each link. Tsize counts bytes
// of blocks. Numbers are varints.
//
//	for each child (174 at most):
//	    12 len | 0a 24 CID (36) | 12 00 | 18 tsize
//	then:
//	    0a len | 08 02 | 18 size | for each child: 20 size
//
// Blocks come from strangers, so all that reads them is strict: what no writer
// makes is a *FormatError, sizes must add up, and depth and length are bounded.
package lumps
