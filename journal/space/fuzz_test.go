package space

import (
	"context"
	"testing"

	"hearth/lumps"
)

// forged answers every question for a block with one of a few, cut from the
// input, so that whatever a block links to is there and hostile. Hashes do not
// hold; a real store would not be so kind.
type forged struct {
	parts [][]byte
	reads int
}

func forge(data []byte) *forged {
	f := &forged{}
	for len(data) > 1 && len(f.parts) < 16 {
		n := min(int(data[0])*8, len(data)-1)
		f.parts = append(f.parts, data[1:1+n])
		data = data[1+n:]
	}
	return f
}

func (f *forged) get(_ context.Context, c lumps.CID) ([]byte, error) {
	f.reads++
	if len(f.parts) == 0 {
		return nil, nil
	}
	return f.parts[int(c[4])%len(f.parts)], nil
}

// forgedRoot is a block that the fuzzer decides, by its number.
func forgedRoot(n byte) lumps.CID {
	return lumps.FromDigest(lumps.DagCBOR, lumps.BLAKE3, lumps.Digest{n})
}

// pack is what forge takes apart.
func pack(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		for len(p)%8 != 0 {
			p = append(p, 0)
		}
		out = append(append(out, byte(len(p)/8)), p...)
	}
	return out
}

// Whatever blocks say, reading them ends, soon and without a panic.
func FuzzLoadState(f *testing.F) {
	b := newBlocks()
	st := sampleState(f, b)
	c, err := st.Encode(b.put)
	if err != nil {
		f.Fatal(err)
	}
	var all [][]byte
	all = append(all, b.m[c])
	for k, data := range b.m {
		if k != c && len(data) < 2000 && len(all) < 16 {
			all = append(all, data)
		}
	}
	f.Add(pack(all...))
	for _, data := range all {
		f.Add(pack(data, data))
	}
	// A node that is its own child.
	self, _ := lumps.Marshal(innerNode{Height: 1, Branches: []branch{{First: []byte("a"), Link: forgedRoot(0), Count: 1}}})
	f.Add(pack(self))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<14 {
			return
		}
		ctx := context.Background()
		for i := range byte(3) {
			fg := forge(data)
			if s, err := LoadState(ctx, fg.get, forgedRoot(i)); err == nil {
				if _, err := s.Encode(func(lumps.CID, []byte) error { return nil }); err != nil {
					t.Fatalf("a state that was read cannot be stored: %v", err)
				}
			}
			LoadImage(ctx, fg.get, forgedRoot(i))
			LoadSnapshot(ctx, fg.get, forgedRoot(i))
			LoadManifest(ctx, fg.get, forgedRoot(i))
			for range walkTree(ctx, fg.get, forgedRoot(i)) {
			}
			for range diffTrees(ctx, fg.get, fg.get, forgedRoot(i), forgedRoot(i+1)) {
			}
			tree := PageTree{Pages: 5000, Height: 2, Root: []lumps.CID{forgedRoot(i), forgedRoot(i + 1)}}
			tree.Load(ctx, fg.get)
			// 10 to 20 parts of 2 KiB at most: a reader that goes in circles reads more.
			if fg.reads > 20000 {
				t.Fatalf("%d blocks were read", fg.reads)
			}
		}
	})
}
