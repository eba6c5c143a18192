package lumps

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/ipfs/go-cid"
	"github.com/multiformats/go-multibase"
	"github.com/multiformats/go-multihash"

	"hearth/fixtures/cids"
)

const (
	emptyRaw = "bafkr4ifpcne3t5pzugtkaqcn5i3nzskjtpfslsnnyejlpte2spfoihzsmi" // printed by Kubo
	fileV0   = "QmbGA7YJuT13rbKSsUB9RPV5Pnzm3T3Ay6sU3Prss1bLBu"
)

func TestSumAsKubo(t *testing.T) {
	if c := Sum(Raw, nil); c.String() != emptyRaw {
		t.Errorf("no bytes are %s, want %s", c, emptyRaw)
	}
}

func TestParse(t *testing.T) {
	for _, l := range cids.Lumps() {
		c, err := Parse(l.CID)
		if err != nil || c.String() != l.CID {
			t.Errorf("%s: %s, %v", l.CID, c, err)
		}
		if c.Foreign().String() != l.CID {
			t.Errorf("%s as go-cid is %s", l.CID, c.Foreign())
		}
		b58, err := c.Foreign().StringOfBase(multibase.Base58BTC)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Parse(b58); err != nil || again != c {
			t.Errorf("%s in base58: %s, %v", l.CID, again, err)
		}
	}
	v0, err := Parse(fileV0)
	if err != nil || v0.Codec() != DagPB || v0.Hash() != SHA256 {
		t.Fatalf("version 0: %v, %v", v0, err)
	}
	f, _ := cid.Decode(fileV0)
	if want := cid.NewCidV1(cid.DagProtobuf, f.Hash()).String(); v0.String() != want {
		t.Errorf("version 0 became %s, want %s", v0, want)
	}
	if b, err := FromBytes(f.Bytes()); err != nil || b != v0 {
		t.Errorf("binary version 0: %s, %v", b, err)
	}
}

func TestRefusedCIDs(t *testing.T) {
	hash := func(code uint64, n int) []byte {
		mh, err := multihash.Sum([]byte("x"), code, n)
		if err != nil {
			t.Fatal(err)
		}
		return mh
	}
	text := func(codec uint64, mh []byte) string { return cid.NewCidV1(codec, mh).String() }
	long := append(hash(multihash.SHA2_256, -1), 0)
	for name, in := range map[string]struct {
		s    string
		want error
	}{
		"empty":          {"", ErrBadCID},
		"a word":         {"lump", ErrBadCID},
		"cut off":        {emptyRaw[:40], ErrBadCID},
		"very long":      {strings.Repeat("b", 1<<16), ErrBadCID},
		"codec":          {text(cid.DagJSON, hash(multihash.SHA2_256, -1)), ErrUnsupported},
		"codec one byte": {text(0x51, hash(multihash.SHA2_256, -1)), ErrUnsupported},
		"hash":           {text(cid.Raw, hash(multihash.SHA3_256, -1)), ErrUnsupported},
		"short digest":   {text(cid.Raw, hash(multihash.SHA2_256, 20)), ErrUnsupported},
		"long digest":    {text(cid.Raw, hash(multihash.SHA2_512, -1)), ErrUnsupported},
		"identity":       {text(cid.Raw, hash(multihash.IDENTITY, -1)), ErrUnsupported},
	} {
		if c, err := Parse(in.s); !errors.Is(err, in.want) || !c.IsZero() && in.want == ErrBadCID {
			t.Errorf("%s: %v, %v; want %v", name, c, err, in.want)
		} else if len(err.Error()) > 400 {
			t.Errorf("%s: the error repeats %d bytes of input", name, len(err.Error()))
		}
	}
	if _, err := FromBytes(append(append([]byte{1, Raw}, long...), 1)); !errors.Is(err, ErrBadCID) {
		t.Errorf("bytes behind a CID: %v", err)
	}
}

func TestVerify(t *testing.T) {
	data := []byte("some bytes")
	for _, c := range []CID{
		Sum(Raw, data), Sum(DagCBOR, data),
		FromDigest(Raw, SHA256, sha256.Sum256(data)),
	} {
		if !Verify(c, data) {
			t.Errorf("%s does not verify", c)
		}
		if Verify(c, data[1:]) || Verify(c, nil) {
			t.Errorf("other bytes verify as %s", c)
		}
		c[20]++
		if Verify(c, data) {
			t.Errorf("the bytes verify as %s", c)
		}
	}
	mh, _ := multihash.Sum(data, multihash.SHA2_256, -1)
	if got := FromDigest(Raw, SHA256, sha256.Sum256(data)).Multihash(); !bytes.Equal(got[:], mh) {
		t.Errorf("multihash %x, want %x", got, mh)
	}
	if (CID{}).SumLike(nil) == (CID{}) || Verify(CID{}, nil) {
		t.Error("the zero CID names something")
	}
}

func TestCIDAsText(t *testing.T) {
	type doc struct{ A, Zero CID }
	in := doc{A: Sum(Raw, []byte("a"))}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"A":"` + in.A.String() + `","Zero":""}`; string(b) != want {
		t.Errorf("got %s, want %s", b, want)
	}
	var out doc
	if err := json.Unmarshal(b, &out); err != nil || out != in {
		t.Errorf("%v came back as %v, %v", in, out, err)
	}
}

func FuzzFromBytes(f *testing.F) {
	c := Sum(Raw, nil)
	v0, _ := cid.Decode(fileV0)
	f.Add(c[:])
	f.Add(v0.Bytes())
	f.Add([]byte{1, 0x55, 0, 1, 'x'})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := FromBytes(b)
		if err != nil {
			return
		}
		if again, err := FromBytes(c[:]); err != nil || again != c {
			t.Fatalf("%x: %s came back as %s, %v", b, c, again, err)
		}
		if got := c.Foreign().Bytes(); !bytes.Equal(got, c[:]) {
			t.Fatalf("%x: go-cid has %x", b, got)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(emptyRaw)
	f.Add(fileV0)
	f.Add("f" + hex.EncodeToString([]byte{1, 0x55, 0x12, 32}))
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Parse(s)
		if err != nil {
			return
		}
		if again, err := Parse(c.String()); err != nil || again != c {
			t.Fatalf("%q: %s came back as %s, %v", s, c, again, err)
		}
	})
}
