package journaltest

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"testing"

	"github.com/zeebo/blake3"
)

// Frame is a record or a mark as it stands in a segment.
type Frame struct {
	File     string // path
	Off, End int64
	Seq      uint64
	Time     int64
	Kind     uint16
	Mark     bool
	Durable  uint64 // the durable mark
	Prev     [32]byte
	Hash     [32]byte
	Body     []byte
}

// Frames reads every segment file in dir by the format's description, verifies
// each checksum and link, and fails the test where one is wrong.
func Frames(tb testing.TB, dir string) []Frame {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil {
		tb.Fatal(err)
	}
	sort.Strings(files)
	var all []Frame
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		fs, err := segment(b)
		if err != nil {
			tb.Fatalf("%s: %v", file, err)
		}
		for i := range fs {
			fs[i].File = file
		}
		all = append(all, fs...)
	}
	for i := 1; i < len(all); i++ {
		p, f := all[i-1], all[i]
		want := p.Seq + 1
		if f.Mark {
			want = p.Seq
		}
		last := p.Hash
		if p.Mark {
			last = p.Prev
		}
		if f.Seq != want || f.Prev != last || f.Time < p.Time || f.Durable > f.Seq {
			tb.Fatalf("%s at %d: record %d does not follow record %d", f.File, f.Off, f.Seq, p.Seq)
		}
	}
	return all
}

// Records leaves the marks out.
func Records(fs []Frame) (rs []Frame) {
	for _, f := range fs {
		if !f.Mark {
			rs = append(rs, f)
		}
	}
	return rs
}

func segment(b []byte) (fs []Frame, err error) {
	le := binary.LittleEndian
	if len(b) < 72 || string(b[:8]) != "hearthJ\n" || le.Uint32(b[8:]) != 1 {
		return nil, fmt.Errorf("no header")
	}
	h := append([]byte(nil), b[:72]...)
	if Seal(h, 12); le.Uint32(h[12:]) != le.Uint32(b[12:]) {
		return nil, fmt.Errorf("the header's checksum is wrong")
	}
	salt := crc32c(0, b[24:32])
	off := 72
	for off < len(b) {
		f := b[off:]
		if allZero(f) {
			return fs, nil
		}
		n := 68 + int(le.Uint32(f[8:]))
		if len(f) < n || crc32c(salt, f[4:68]) != le.Uint32(f) || crc32c(0, f[68:n]) != le.Uint32(f[4:]) {
			return nil, fmt.Errorf("no frame at %d", off)
		}
		end := (n + 3) / 4 * 4
		if !allZero(f[n:end]) {
			return nil, fmt.Errorf("the filling at %d is not zero", off+n)
		}
		r := Frame{
			Off: int64(off), End: int64(off + end), Seq: le.Uint64(f[16:]), Time: int64(le.Uint64(f[24:])),
			Kind: le.Uint16(f[32:]), Mark: le.Uint16(f[34:]) == 1, Prev: [32]byte(f[36:]), Body: f[68:n],
		}
		r.Durable = r.Seq - uint64(le.Uint32(f[12:]))
		if !r.Mark {
			body := blake3.Sum256(r.Body)
			hash := blake3.New()
			hash.Write(f[16:34])
			hash.Write(f[8:12])
			hash.Write(r.Prev[:])
			hash.Write(body[:])
			r.Hash = [32]byte(hash.Sum(nil))
		}
		fs = append(fs, r)
		off += end
	}
	return fs, nil
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// crc32c goes on from c. It is written out to share nothing with the code under test.
func crc32c(c uint32, b []byte) uint32 {
	c = ^c
	for _, x := range b {
		c = slow[byte(c)^x] ^ c>>8
	}
	return ^c
}

var slow = func() (t [256]uint32) {
	for i := range t {
		c := uint32(i)
		for range 8 {
			c = c>>1 ^ 0x82f63b78&-(c&1)
		}
		t[i] = c
	}
	return t
}()
