package journal

import (
	"bytes"
	"encoding/hex"
	"flag"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hearth/lumps"
)

var update = flag.Bool("update", false, "write the golden files")

// goldenRecords are the contents of testdata/v1.
func goldenRecords() []Record {
	rs := []Record{
		{Kind: 1, Time: 1_700_000_000_000_000_000, Body: []byte("the first record")},
		{Kind: 0xffff, Time: 1_700_000_000_000_000_000, Body: nil},
		{Kind: 2, Time: 1_700_000_000_000_000_001, Body: bytes.Repeat([]byte{0xa5}, 1001)},
	}
	var prev [32]byte
	for i := range rs {
		rs[i].Seq, rs[i].Prev = uint64(i+1), prev
		rs[i].Hash = rs[i].hash()
		prev = rs[i].Hash
	}
	return rs
}

func goldenSegment() []byte {
	h := header{first: 1, salt: 0x0123456789abcdef}
	b := h.encode()
	rs := goldenRecords()
	for i := range rs {
		r := &rs[i]
		// Two groups: one of the first record, one of the others.
		back := []uint32{1, 1, 2}[i]
		b = appendFrame(b, saltCRC(h.salt), &head{bodyCRC: crc32.Checksum(r.Body, castagnoli), len: uint32(len(r.Body)), back: back, seq: r.Seq, time: r.Time, kind: r.Kind, prev: r.Prev}, r.Body)
	}
	last := rs[len(rs)-1]
	return appendFrame(b, saltCRC(h.salt), &head{seq: last.Seq, time: last.Time, flags: flagMark, prev: last.Hash}, nil)
}

func goldenIndex() []byte {
	b := encodeIndexHead()
	rs := goldenRecords()
	return appendIndexEntry(b, &Segment{
		First: 1, Last: 3, Size: 4711, LastTime: rs[2].Time, LastHash: rs[2].Hash, CID: lumps.Sum(lumps.Raw, []byte("segment")),
	})
}

// The bytes of version 1 never change, and this program reads them.
func TestGolden(t *testing.T) {
	dir := filepath.Join("testdata", "v1")
	for name, b := range map[string][]byte{segmentName(1): goldenSegment(), indexName + ".golden": goldenIndex()} {
		file := filepath.Join(dir, name)
		if *update {
			os.MkdirAll(dir, 0o755)
			if err := os.WriteFile(file, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b, want) {
			t.Errorf("%s: the encoding has changed", name)
		}
	}
	j, r, err := OpenReadOnly(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if !r.Clean || r.Last != 3 {
		t.Errorf("recovery %+v", r)
	}
	want := goldenRecords()
	for r, err := range j.Records(t.Context(), 0) {
		w := want[r.Seq-1]
		if err != nil || r.Hash != w.Hash || r.Kind != w.Kind || r.Time != w.Time || !bytes.Equal(r.Body, w.Body) {
			t.Fatalf("record %d is read as another: %v", r.Seq, err)
		}
	}
	// The head's hash, so that it is not the code alone that says what it is.
	const head = "62df27edbc21907281ed6c58c30b99c168b80e0225fd3055f2dcfcc50364ac10"
	if _, hash := j.Durable(); hex.EncodeToString(hash[:]) != head {
		t.Errorf("head %x, want %s", hash, head)
	}
	ss, _, err := decodeIndex(goldenIndex())
	if err != nil || len(ss) != 1 || ss[0].Size != 4711 || ss[0].LastHash != want[2].Hash {
		t.Errorf("index: %+v, %v", ss, err)
	}
}

// memFile is a segment in memory.
type memFile struct{ *bytes.Reader }

func (f memFile) WriteAt([]byte, int64) (int, error) { return 0, os.ErrPermission }
func (f memFile) Truncate(int64) error               { return os.ErrPermission }
func (f memFile) Sync() error                        { return nil }
func (f memFile) Close() error                       { return nil }
func (f memFile) Size() (int64, error)               { return f.Reader.Size(), nil }

// Whatever stands in a segment, opening it ends, and finds either damage or
// records that are the bytes that stand there.
func FuzzSegment(f *testing.F) {
	g := goldenSegment()
	f.Add(g)
	f.Add(g[:len(g)-1])
	f.Add(append(slices.Clone(g), make([]byte, 9000)...))
	for _, off := range []int{10, 13, 72, 80, 84, 90, 140, 200, 300, len(g) - 30} {
		b := slices.Clone(g)
		b[off] ^= 1
		f.Add(b)
		clear(b[off:min(len(b), off+68)])
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := decodeHeader(b, "fuzz")
		if err != nil {
			return
		}
		if !bytes.Equal(h.encode(), b[:segmentHead]) {
			t.Fatal("a header that was read is not what is written for it")
		}
		j := &Journal{open: &openSegment{header: h, name: "fuzz", f: memFile{bytes.NewReader(b)}, offsets: &offsets{}}}
		tail, err := j.readTail()
		if err != nil {
			return
		}
		if tail.end > int64(len(b)) || tail.used > int64(len(b)) || tail.last < h.first-1 {
			t.Fatalf("%+v of %d bytes", tail, len(b))
		}
		if rest := b[max(tail.end, tail.used):]; len(bytes.TrimRight(rest, "\x00")) > 0 {
			t.Fatal("bytes behind the tail were overlooked")
		}
		sc := newScanner(bytes.NewReader(b[segmentHead:tail.end]), segmentHead, h.salt)
		defer sc.close()
		for {
			fr, err := sc.next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("recovery took what reading does not: %v", err)
			}
			if again := appendFrame(nil, saltCRC(h.salt), &fr.head, fr.body); !bytes.Equal(again, b[fr.off:fr.end]) {
				t.Fatal("a frame that was read is not what is written for it")
			}
		}
	})
}

// Whatever stands in the index, what is read of it is what is written for it.
func FuzzIndex(f *testing.F) {
	g := goldenIndex()
	f.Add(g)
	f.Add(g[:indexHead])
	f.Add(g[:100])
	f.Add(append(slices.Clone(g), g[indexHead:]...))
	for _, off := range []int{9, 12, 20, 24, 60, 130} {
		b := slices.Clone(g)
		b[off] ^= 1
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ss, size, err := decodeIndex(b)
		if err != nil {
			return
		}
		again := encodeIndexHead()
		for i := range ss {
			if err := ss[i].plausible(); err != nil {
				t.Fatal(err)
			}
			again = appendIndexEntry(again, &ss[i])
		}
		if !bytes.Equal(again, b[:size]) || len(b)-int(size) > indexEntry {
			t.Fatal("the index that was read is not what is written for it")
		}
	})
}
