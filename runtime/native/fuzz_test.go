package native

import (
	"testing"

	"hearth/runtime/serde"
)

// No request for a time panics, and none is in the past.
func FuzzSeconds(f *testing.F) {
	for _, s := range []string{"1.5", "-1", "1e400", "null", "\xf9\x3e\x00", ""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if d, err := seconds(serde.Of(data), data); err == nil && d < 0 {
			t.Fatalf("%q is %d ns", data, d)
		}
	})
}
