// Package journaltest builds journals for tests, reads them without the code
// under test, and damages them.
//
// Frames is a second, independent reader of the format that the package comment
// of journal draws: what it reads is what was promised, not what the journal
// happens to accept.
package journaltest

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"hearth/journal"
	"hearth/lumps"
)

// Body returns the body that Append gives to record seq: 0 to 499 bytes that
// depend on seq alone, and now and then a longer one.
func Body(seq uint64) []byte {
	r := rand.New(rand.NewPCG(seq, 7))
	n := r.IntN(500)
	if seq%97 == 0 {
		n = 5000 + r.IntN(20000)
	}
	b := make([]byte, 0, n+8)
	for len(b) < n {
		b = binary.LittleEndian.AppendUint64(b, r.Uint64())
	}
	return b[:n]
}

// Kind and Time are what Append gives to record seq.
func Kind(seq uint64) uint16 { return uint16(seq % 7) }
func Time(seq uint64) int64  { return int64(seq) * 1000 }

// Append appends n records and waits for them.
func Append(tb testing.TB, j *journal.Journal, n int) {
	tb.Helper()
	var last uint64
	for range n {
		seq := j.Head() + 1
		got, err := j.Submit(Kind(seq), Time(seq), Body(seq))
		if err != nil || got != seq {
			tb.Fatalf("Submit gave seq %d, %v; want %d", got, err, seq)
		}
		last = seq
	}
	if err := j.Wait(context.Background(), last); err != nil {
		tb.Fatal(err)
	}
}

// Match reports how r differs from what Append made.
func Match(r journal.Record) error {
	if r.Kind != Kind(r.Seq) || r.Time != Time(r.Seq) || !bytes.Equal(r.Body, Body(r.Seq)) {
		return fmt.Errorf("record %d is not what was appended", r.Seq)
	}
	return nil
}

// Verify reads the records from .. to, which Append made, and their chain.
func Verify(tb testing.TB, j *journal.Journal, from, to uint64) {
	tb.Helper()
	next := from
	var prev [32]byte
	for r, err := range j.Records(context.Background(), from) {
		if err != nil {
			tb.Fatalf("after record %d: %v", next-1, err)
		}
		if err := Match(r); err != nil {
			tb.Fatal(err)
		}
		if r.Seq != next {
			tb.Fatalf("record %d, want %d", r.Seq, next)
		}
		if next > from && r.Prev != prev || r.Hash == prev {
			tb.Fatalf("record %d does not follow the one before", next)
		}
		prev = r.Hash
		next++
	}
	if next != to+1 {
		tb.Fatalf("records end with %d, want %d", next-1, to)
	}
	if seq, hash := j.Durable(); seq == to && hash != prev && to >= from {
		tb.Fatal("the hash of the durable head is not that of the last record")
	}
}

// Archive keeps segments in memory.
type Archive struct {
	mu    sync.Mutex
	lumps map[lumps.CID][]byte
	fail  error
}

// Fail has Put fail with err from now on, or work again.
func (a *Archive) Fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fail = err
}

func (a *Archive) Put(_ context.Context, seg journal.Segment, r io.Reader) (lumps.CID, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return lumps.CID{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fail != nil {
		return lumps.CID{}, a.fail
	}
	if int64(len(b)) != seg.Size {
		return lumps.CID{}, fmt.Errorf("segment of %d bytes, told %d", len(b), seg.Size)
	}
	if a.lumps == nil {
		a.lumps = map[lumps.CID][]byte{}
	}
	c := lumps.Sum(lumps.Raw, b)
	a.lumps[c] = b
	return c, nil
}

func (a *Archive) Open(_ context.Context, c lumps.CID) (io.ReadSeekCloser, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	b, ok := a.lumps[c]
	if !ok {
		return nil, fmt.Errorf("no lump %s here", c)
	}
	return nopCloser{bytes.NewReader(b)}, nil
}

// Len returns how many segments are in the archive.
func (a *Archive) Len() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.lumps)
}

type nopCloser struct{ io.ReadSeeker }

func (nopCloser) Close() error { return nil }

// Files returns the contents of a folder, by name.
func Files(tb testing.TB, dir string) map[string][]byte {
	tb.Helper()
	es, err := os.ReadDir(dir)
	if err != nil {
		tb.Fatal(err)
	}
	m := map[string][]byte{}
	for _, e := range es {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			tb.Fatal(err)
		}
		m[e.Name()] = b
	}
	return m
}

// Copy copies a folder, as a crash or a backup would find it, without its lock.
func Copy(tb testing.TB, dir string) string {
	tb.Helper()
	to := tb.TempDir()
	for name, b := range Files(tb, dir) {
		if name == "lock" {
			continue
		}
		if err := os.WriteFile(filepath.Join(to, name), b, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return to
}

// Edit changes a file of the journal in place.
func Edit(tb testing.TB, file string, edit func(b []byte) []byte) {
	tb.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(file, edit(b), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// Flip changes one bit of the byte at off.
func Flip(tb testing.TB, file string, off int64) {
	tb.Helper()
	Edit(tb, file, func(b []byte) []byte { b[off] ^= 1 << (off % 8); return b })
}

// Seal computes the checksum of the first n bytes of b, whose field at at is
// the checksum itself: for writing headers and entries that are whole and wrong.
func Seal(b []byte, at int) {
	binary.LittleEndian.PutUint32(b[at:], 0)
	binary.LittleEndian.PutUint32(b[at:], crc32c(0, b))
}

// Forge replaces the last byte of a record's body and makes the checksums right
// again, as somebody would who wants to change history.
func Forge(tb testing.TB, f Frame) {
	tb.Helper()
	Edit(tb, f.File, func(b []byte) []byte {
		b[f.Off+68+int64(len(f.Body))-1] ^= 0x55
		head := b[f.Off : f.Off+68]
		binary.LittleEndian.PutUint32(head[4:], crc32c(0, b[f.Off+68:f.Off+68+int64(len(f.Body))]))
		binary.LittleEndian.PutUint32(head, crc32c(crc32c(0, b[24:32]), head[4:]))
		return b
	})
}
