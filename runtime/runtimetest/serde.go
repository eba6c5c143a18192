package runtimetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// CBOR turns a request in JSON into the same data in CBOR: the same bytes whenever it
// is asked.
func CBOR(t testing.TB, text string) []byte {
	t.Helper()
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	mode, err := cbor.CanonicalEncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	b, err := mode.Marshal(common(v))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// JSON turns an answer in CBOR into JSON as the other answers are.
func JSON(t testing.TB, data []byte) string {
	t.Helper()
	var v any
	if err := cbor.Unmarshal(data, &v); err != nil {
		t.Fatalf("%x: %v", data, err)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(common(v)); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// common gives numbers and maps types that both encodings know.
func common(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case map[string]any:
		for k := range v {
			v[k] = common(v[k])
		}
	case map[any]any:
		m := map[string]any{}
		for k, x := range v {
			m[fmt.Sprint(k)] = common(x)
		}
		return m
	case []any:
		for i := range v {
			v[i] = common(v[i])
		}
	}
	return v
}

// Log takes what is logged, from any goroutine.
type Log struct {
	mu sync.Mutex // guards what follows
	b  bytes.Buffer
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String returns what was logged so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
