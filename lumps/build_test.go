package lumps

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"hearth/fixtures/cids"
)

// A lump has the name and the blocks that Kubo gives to the same bytes.
func TestBuildAsKubo(t *testing.T) {
	for _, want := range cids.Lumps() {
		if want.Size > 100<<20 && os.Getenv("HEARTH_SOAK") == "" {
			continue // gigabytes
		}
		t.Run(want.Name, func(t *testing.T) {
			t.Parallel()
			seen := map[CID]bool{}
			var calls int64
			got, err := build(want.Reader(), want.Links, func(c CID, b []byte) error {
				calls++
				if len(b) > MaxBlock {
					t.Errorf("block of %d bytes", len(b))
				}
				if !Verify(c, b) {
					t.Errorf("block %s does not hash to its name", c)
				}
				links, err := Links(c, b)
				if err != nil {
					t.Error(err)
				}
				for _, l := range links {
					if !seen[l] {
						t.Errorf("%s was put before its child %s", c, l)
					}
				}
				seen[c] = true
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if got.CID.String() != want.CID || got.Size != want.Size || got.Blocks != calls || int64(len(seen)) != want.Blocks {
				t.Errorf("got %s of %d bytes in %d blocks, %d distinct\nwant %s of %d bytes in %d distinct blocks",
					got.CID, got.Size, got.Blocks, len(seen), want.CID, want.Size, want.Blocks)
			}
		})
	}
}

// How the input arrives has no influence on the result.
func TestBuildFromDribblingReader(t *testing.T) {
	var in cids.Lump
	for _, in = range cids.Lumps() {
		if in.Name == "random-1M" {
			break
		}
	}
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"half":    iotest.HalfReader,
		"dataErr": iotest.DataErrReader,
		"odd":     func(r io.Reader) io.Reader { return oddReader{r} },
	} {
		got, err := Build(wrap(in.Reader()), func(CID, []byte) error { return nil })
		if err != nil || got.CID.String() != in.CID {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

type oddReader struct{ r io.Reader }

func (o oddReader) Read(p []byte) (int, error) { return o.r.Read(p[:min(len(p), 4097)]) }

func TestBuildPassesErrorsOn(t *testing.T) {
	boom := errors.New("boom")
	_, err := Build(io.MultiReader(cids.Bytes("lines", 600000), iotest.ErrReader(boom)), func(CID, []byte) error { return nil })
	if !errors.Is(err, boom) {
		t.Errorf("reader failed, Build returned %v", err)
	}
	for stop := range 4 { // at each leaf and at the node
		n := 0
		_, err = Build(cids.Bytes("zeros", 3*MinChunk), func(CID, []byte) error {
			if n++; n > stop {
				return boom
			}
			return nil
		})
		if !errors.Is(err, boom) || n != stop+1 {
			t.Errorf("put %d failed, Build returned %v after %d", stop, err, n)
		}
	}
}

// cutSlowly is the chunker as its definition reads: the hash of the last 32
// bytes, computed anew at every place.
func cutSlowly(b []byte) int {
	b = b[:min(len(b), MaxChunk)]
	for end := MinChunk; end < len(b); end++ {
		var h uint32
		for _, c := range b[end-buzWindow : end] {
			h = h<<1 | h>>31
			h ^= buzTable[c]
		}
		if h&buzMask == 0 {
			return end
		}
	}
	return len(b)
}

func TestCutAsDefined(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.SampledFrom([]int{0, 1, MinChunk - 1, MinChunk, MinChunk + 1, MinChunk + 33, MaxChunk - 1, MaxChunk, MaxChunk + 1}).Draw(t, "size")
		b := make([]byte, size)
		io.ReadFull(cids.Bytes(fmt.Sprint("random-", rapid.IntRange(0, 1000).Draw(t, "seed")), int64(size)), b)
		// A stretch of zeros somewhere makes borders that random bytes rarely have.
		if size > MinChunk {
			from := rapid.IntRange(MinChunk-40, size).Draw(t, "zeros from")
			to := rapid.IntRange(from, min(size, from+50)).Draw(t, "to")
			clear(b[from:to])
		}
		if got, want := cut(b), cutSlowly(b); got != want {
			t.Fatalf("cut at %d, want %d", got, want)
		}
	})
}

func BenchmarkCut(b *testing.B) {
	buf := make([]byte, 32<<20)
	io.ReadFull(cids.Bytes("random-1", int64(len(buf))), buf)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		for rest := buf; len(rest) > 0; {
			rest = rest[cut(rest):]
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	buf := make([]byte, 32<<20)
	io.ReadFull(cids.Bytes("random-1", int64(len(buf))), buf)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Build(bytes.NewReader(buf), func(CID, []byte) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSum200(b *testing.B) {
	buf := make([]byte, 200)
	b.SetBytes(200)
	b.ReportAllocs()
	for b.Loop() {
		Sum(Raw, buf)
	}
}

// A reader that is cut off gives its error and no lump, wherever that happens.
func TestBuildOfCutReader(t *testing.T) {
	for _, size := range []int{0, 1, MinChunk, MaxChunk + 1, readAhead, readAhead + 5} {
		r := io.MultiReader(bytes.NewReader(make([]byte, size)), iotest.ErrReader(io.ErrUnexpectedEOF))
		if got, err := Build(r, func(CID, []byte) error { return nil }); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut behind %d bytes: %+v, %v", size, got, err)
		}
	}
}
