package native

import "testing"

// No request makes the codecs panic, and what is answered can be read again.
func FuzzCodec(f *testing.F) {
	for _, s := range []string{`"List"`, `{"Get":{"name":"x"}}`, `{"lump":[1,2],"entrypoint":null}`, "\xa1\x63Get\xa1\x64name\x61x", "\x64List", "1.5", ""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c := codecOf(data)
		tag, err := c.tagged(data)
		if err == nil && tag.value != nil {
			var arg struct {
				Name string `json:"name" cbor:"name"`
			}
			_ = c.decode(tag.value, &arg)
		}
		var l lumpID
		_ = c.decode(data, &l)
		_, _ = seconds(c, data)
		var back string
		if err := c.decode(c.encode("x"), &back); err != nil || back != "x" {
			t.Fatalf("%q: %v", back, err)
		}
	})
}
