package serde

import (
	"strings"
	"testing"

	"hearth/lumps"
)

// What serde_json and ciborium write for an enum is read, and what they would not
// write is an error.
func TestTagged(t *testing.T) {
	for text, want := range map[string]Tagged{
		`"List"`:                  {"List", nil},
		` { "Get" : {"name":1} }`: {"Get", []byte(` {"name":1} `)},
		`{"Hide":true}`:           {"Hide", []byte("true")},
		"\x64List":                {"List", nil},
		"\xa1\x64Hide\xf5":        {"Hide", []byte("\xf5")},
	} {
		got, err := Of([]byte(text)).Tagged([]byte(text))
		if err != nil || got.Name != want.Name || strings.TrimSpace(string(got.Value)) != strings.TrimSpace(string(want.Value)) || (got.Value == nil) != (want.Value == nil) {
			t.Errorf("%q is %q %q, %v", text, got.Name, got.Value, err)
		}
	}
	for _, text := range []string{"", "1", "null", "[]", "{}", `""`, `"a b"`, `"List" 1`, `{"Get"}`, "\xa0", "\xa2\x61a\x01\x61b\x02", "\x60", "\x64Li"} {
		if got, err := Of([]byte(text)).Tagged([]byte(text)); err == nil {
			t.Errorf("%q is %+v", text, got)
		}
	}
}

// A LumpId is 32 numbers, or a CID as text; in CBOR also a byte string.
func TestLumpID(t *testing.T) {
	c := lumps.Sum(lumps.Raw, []byte("it"))
	d := c.Digest()
	for _, k := range []Codec{{}, {CBOR: true}} {
		var l LumpID
		if err := k.Decode(k.Encode(Numbers(d)), &l); err != nil || l.Digest != d || !l.Set {
			t.Errorf("numbers: %+v, %v", l, err)
		}
		l = LumpID{}
		if err := k.Decode(k.Encode(c.String()), &l); err != nil || l.CID != c || !l.Set {
			t.Errorf("text: %+v, %v", l, err)
		}
		for _, wrong := range []any{[]int{1, 2}, "bafy", -1, make([]int, 33), append(make([]int, 31), 256)} {
			if err := k.Decode(k.Encode(wrong), &l); err == nil {
				t.Errorf("%v is a lump", wrong)
			}
		}
	}
	k, l := Codec{CBOR: true}, LumpID{}
	if err := k.Decode(k.Encode(d[:]), &l); err != nil || l.Digest != d {
		t.Errorf("bytes: %+v, %v", l, err)
	}
}

// The names of both encodings are read by one rule: what is decoded is what was
// encoded, and no bytes make the codecs panic.
func FuzzCodec(f *testing.F) {
	for _, s := range []string{`"List"`, `{"Get":{"name":"x"}}`, `{"lump":[1,2],"entrypoint":null}`, "\xa1\x63Get\xa1\x64name\x61x", "\x64List", "1.5", "",
		`{"Transform":[1,0,0,0]}`, " \"Quit\" ", "{\"A\":", "\xa1\x78", "\x78\x18abcdefghijklmnopqrstuvwx"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c := Of(data)
		tag, err := c.Tagged(data)
		if err == nil {
			if tag.Name == "" || strings.Trim(tag.Name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
				t.Fatalf("name %q", tag.Name)
			}
			for _, k := range []Codec{{}, {CBOR: true}} {
				back, err := k.Tagged(k.Encode(tag.Name))
				if err != nil || back.Name != tag.Name || back.Value != nil || len(tag.Name) <= 24 && Of(k.Encode(tag.Name)) != k {
					t.Fatalf("%q: %+v, %v", tag.Name, back, err)
				}
				back, err = k.Tagged(k.Encode(map[string]int{tag.Name: 7}))
				if n, e := Value[int](k, back); err != nil || e != nil || n != 7 || Of(k.Encode(map[string]int{tag.Name: 7})) != k {
					t.Fatalf("%q: %+v, %v", tag.Name, back, err)
				}
			}
		}
		var l LumpID
		c.Decode(data, &l)
	})
}
