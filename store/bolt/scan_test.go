package bolt

import (
	"bytes"
	"testing"

	"hearth/lumps"
	"hearth/store"
)

// Whatever stands in a pack, the scan ends, accounts for every byte once, and
// finds only records that are whole.
func FuzzScanRecords(f *testing.F) {
	const salt = 7
	a := []byte("a block")
	one := appendRecord(nil, salt, kindBlock, lumps.Sum(lumps.Raw, a), a)
	lump := appendRecord(nil, salt, kindLump, lumps.Sum(lumps.Raw, a), appendLumpBody(nil, store.Lump{Size: 7, Blocks: 1}))
	root := appendRecord(nil, salt, kindRoot, lumps.Sum(lumps.Raw, a), []byte("name"))
	gone := appendRecord(nil, salt, kindRoot, lumps.CID{}, []byte("name"))
	f.Add(bytes.Join([][]byte{one, lump, root, gone, appendRecord(nil, salt, kindUnlump, lumps.Sum(lumps.Raw, a), nil)}, nil))
	f.Add(append(append(bytes.Clone(one), one[:20]...), one...))
	f.Add(append(make([]byte, 100), root...))
	f.Fuzz(func(t *testing.T, b []byte) {
		at := int64(0)
		w := &window{file: bytes.NewReader(b), size: int64(len(b))}
		err := scanRecords(w, 0, salt,
			func(off int64, q queued, rec []byte) error {
				if off != at || !bytes.Equal(rec, b[off:off+q.size()]) || !intact(rec, salt) {
					t.Fatalf("record at %d, expected at %d", off, at)
				}
				var again []byte
				switch q.kind {
				case kindBlock, kindUnlump:
					again = appendRecord(nil, salt, q.kind, q.cid, rec[recHeader:])
				case kindLump:
					again = appendRecord(nil, salt, q.kind, q.cid, appendLumpBody(nil, q.more.lump))
				case kindRoot:
					again = appendRecord(nil, salt, q.kind, q.cid, []byte(q.more.name))
				}
				if !bytes.Equal(again, rec) {
					t.Fatalf("record at %d is written as %x, was %x", off, again, rec)
				}
				at += q.size()
				return nil
			},
			func(g gap) error {
				if g.off != at || g.len <= 0 || g.last != (g.off+g.len == w.size) {
					t.Fatalf("gap %+v, expected at %d", g, at)
				}
				at += g.len
				return nil
			})
		if err != nil || at != w.size {
			t.Fatalf("scanned %d of %d bytes, %v", at, w.size, err)
		}
	})
}
