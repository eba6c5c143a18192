package lumps

import (
	"bytes"
	"errors"
	"testing"
)

func TestLinkInCBOR(t *testing.T) {
	type doc struct {
		A    CID            `cbor:"a"`
		Zero CID            `cbor:"zero"`
		M    map[string]CID `cbor:"m"`
	}
	a := Sum(Raw, []byte("a"))
	in := doc{A: a, M: map[string]CID{"long": a, "b": a}}
	b, err := Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	link := append([]byte{0xd8, 0x2a, 0x58, 37, 0}, a[:]...)
	want := bytes.Join([][]byte{
		{0xa3, 0x61, 'a'}, link, {0x61, 'm', 0xa2, 0x61, 'b'}, link, {0x64, 'l', 'o', 'n', 'g'}, link,
		{0x64, 'z', 'e', 'r', 'o', 0xf6},
	}, nil)
	if !bytes.Equal(b, want) {
		t.Errorf("got  %x\nwant %x", b, want)
	}
	var out doc
	if err := Unmarshal(b, &out); err != nil || out.A != a || !out.Zero.IsZero() || out.M["b"] != a {
		t.Errorf("came back as %v, %v", out, err)
	}
	for name, bad := range map[string][]byte{
		"text":         {0x61, 'x'},
		"other tag":    append([]byte{0xd8, 0x2b}, link[2:]...),
		"cut":          link[:20],
		"more":         append(bytes.Clone(link), 0),
		"base32":       {0xd8, 0x2a, 0x42, 'b', 'a'},
		"false length": append([]byte{0xd8, 0x2a, 0x58, 36, 0}, a[:]...),
	} {
		var c CID
		if err := Unmarshal(bad, &c); err == nil {
			t.Errorf("%s: taken as %s", name, c)
		}
	}
	var c CID
	if err := c.UnmarshalCBOR([]byte{0x01}); !errors.Is(err, ErrBadCID) {
		t.Errorf("a number: %v", err)
	}
}

// A CID that CBOR yields goes back into the same bytes.
func FuzzUnmarshalCID(f *testing.F) {
	a := Sum(Raw, []byte("a"))
	seed, _ := Marshal(a)
	f.Add(seed)
	f.Add([]byte{0xf6})
	f.Add([]byte{0xd8, 0x2a, 0x46, 0, 1, 0x55, 0, 1, 'x'})
	f.Fuzz(func(t *testing.T, b []byte) {
		var c CID
		if err := Unmarshal(b, &c); err != nil {
			return
		}
		again, err := Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var c2 CID
		if err := Unmarshal(again, &c2); err != nil || c2 != c {
			t.Fatalf("%x: %s came back as %s, %v", b, c, c2, err)
		}
	})
}
