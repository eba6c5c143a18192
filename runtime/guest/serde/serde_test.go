package serde

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
)

func TestTag(t *testing.T) {
	for _, c := range []struct {
		in, variant, body string
		bad               bool
	}{
		{in: `"List"`, variant: "List"},
		{in: ` "List" `, variant: "List"},
		{in: `{"Get":{"name":"x"}}`, variant: "Get", body: `{"name":"x"}`},
		{in: "{ \"Get\" :\n[1, 2] }", variant: "Get", body: `[1, 2]`},
		{in: `{"Get":true}`, variant: "Get", body: "true"},
		{in: `{"Get":null}`, variant: "Get", body: "null"},
		{in: `{"N":-0.5e+10}`, variant: "N", body: "-0.5e+10"},
		{in: `{"\u00e9\ud83d\ude00\n":0}`, variant: "é😀\n", body: "0"},
		{in: ``, bad: true},
		{in: `null`, bad: true},
		{in: `{}`, bad: true},
		{in: `{"A":1,"B":2}`, bad: true},
		{in: `{"A":1} x`, bad: true},
		{in: `{"A":01}`, bad: true},
		{in: `{"A":1.}`, bad: true},
		{in: `{"A":[1,]}`, bad: true},
		{in: `{"A":{"b"}}`, bad: true},
		{in: `{"A":tru}`, bad: true},
		{in: `{"A":`, bad: true},
		{in: `"\ud800"`, bad: true},
		{in: `"\udc00\ud800"`, bad: true},
		{in: `"\u12"`, bad: true},
		{in: `"\x"`, bad: true},
		{in: `"\`, bad: true},
		{in: "\"\xff\"", bad: true},
		{in: "\"a\nb\"", bad: true},
	} {
		variant, body, err := Tag([]byte(c.in))
		if c.bad {
			if !errors.Is(err, ErrSyntax) {
				t.Errorf("Tag(%q) = %q, %q, %v; want ErrSyntax", c.in, variant, body, err)
			}
			continue
		}
		if err != nil || variant != c.variant || string(body) != c.body {
			t.Errorf("Tag(%q) = %q, %q, %v; want %q, %q", c.in, variant, body, err, c.variant, c.body)
		}
	}
}

// A value that nests too deep is refused, where it would exhaust the stack.
func TestDepthIsBounded(t *testing.T) {
	nested := func(n int) []byte {
		return []byte(`{"A":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}")
	}
	if _, _, err := Tag(nested(maxDepth)); err != nil {
		t.Errorf("%d levels: %v", maxDepth, err)
	}
	if _, _, err := Tag(nested(maxDepth + 1)); !errors.Is(err, ErrSyntax) {
		t.Errorf("%d levels: %v, want ErrSyntax", maxDepth+1, err)
	}
	if _, _, err := Tag(nested(10_000_000)); !errors.Is(err, ErrSyntax) {
		t.Errorf("ten million levels: %v, want ErrSyntax", err)
	}
}

func TestFields(t *testing.T) {
	var got []string
	err := Fields([]byte(` {"a": 1 , "b":{"c":[]}} `), func(name string, v []byte) error {
		got = append(got, name+"="+string(v))
		return nil
	})
	if err != nil || strings.Join(got, " ") != `a=1 b={"c":[]}` {
		t.Errorf("Fields: %q, %v", got, err)
	}
	stop := errors.New("stop")
	if err := Fields([]byte(`{"a":1,"b":2}`), func(string, []byte) error { return stop }); err != stop {
		t.Errorf("Fields went past the error of its function: %v", err)
	}
	for _, bad := range []string{"", "[]", `{"a":1`, `{"a"}`, `{,}`, `{"a":1}}`, `{a:1}`} {
		if err := Fields([]byte(bad), func(string, []byte) error { return nil }); !errors.Is(err, ErrSyntax) {
			t.Errorf("Fields(%q): %v, want ErrSyntax", bad, err)
		}
	}
}

func TestStrings(t *testing.T) {
	ss, err := Strings([]byte(`["a", "b\"c", ""]`))
	if err != nil || len(ss) != 3 || ss[1] != `b"c` {
		t.Errorf("Strings: %q, %v", ss, err)
	}
	for _, bad := range []string{`["a",1]`, `"a"`, `["a"`, `["a" "b"]`, `[,]`} {
		if ss, err := Strings([]byte(bad)); err == nil {
			t.Errorf("Strings(%q) = %q, want an error", bad, ss)
		}
	}
}

func TestLumpID(t *testing.T) {
	var id [32]byte
	for i := range id {
		id[i] = byte(i * 9)
	}
	text := AppendLumpID(nil, id)
	want, _ := json.Marshal(func() (n []int) {
		for _, b := range id {
			n = append(n, int(b))
		}
		return n
	}())
	if !bytes.Equal(text, want) {
		t.Errorf("AppendLumpID: %s, want %s", text, want)
	}
	if got, err := LumpID(text); err != nil || got != id {
		t.Errorf("LumpID(%s) = %v, %v", text, got, err)
	}
	for _, bad := range []string{
		"[]", string(text[:len(text)-1]), strings.Replace(string(text), "[0,", "[256,", 1),
		strings.Replace(string(text), "[0,", "[0,0,", 1), strings.Replace(string(text), "[0,", "[-1,", 1), `"x"`,
	} {
		if _, err := LumpID([]byte(bad)); !errors.Is(err, ErrSyntax) {
			t.Errorf("LumpID(%s): %v, want ErrSyntax", bad, err)
		}
	}
}

func TestAppend(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{string(AppendTagged(nil, "List", nil)), `"List"`},
		{string(AppendTagged(nil, "Get", []byte(`{"name":"x"}`))), `{"Get":{"name":"x"}}`},
		{string(AppendString(nil, "a\"b\\\n\t\r\x01é\xff")), `"a\"b\\\n\t\r\u0001é` + "\uFFFD\""},
		{string(AppendFloat(nil, 1.5)), "1.5"},
		{string(AppendFloat(nil, 1e-9)), "0.000000001"},
		{string(AppendFloat(nil, math.NaN())), "null"},
		{string(AppendFloat(nil, math.Inf(1))), "null"},
		{string(AppendUint(nil, math.MaxUint64)), "18446744073709551615"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}

// What is read is valid JSON, says what encoding/json says it does, and never
// panics.
func FuzzTag(f *testing.F) {
	for _, s := range []string{`"List"`, `{"Get":{"name":"x"}}`, `{"A":[1,{"b":null},"\ud83d\ude00"]}`, `{"N":-1.5e3}`, `"\`, "{"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		variant, body, err := Tag(data)
		if err != nil {
			if variant != "" || body != nil {
				t.Fatalf("an error came with %q, %q", variant, body)
			}
			return
		}
		if !json.Valid(data) {
			t.Fatalf("took %q, which is not JSON", data)
		}
		if body == nil {
			var s string
			if err := json.Unmarshal(data, &s); err != nil || s != variant {
				t.Fatalf("%q is %q, encoding/json says %q (%v)", data, variant, s, err)
			}
			return
		}
		var m map[string]json.RawMessage
		if err := json.Unmarshal(data, &m); err != nil || len(m) != 1 || !bytes.Equal(m[variant], body) {
			t.Fatalf("%q is %q with %q, encoding/json says %q (%v)", data, variant, body, m, err)
		}
	})
}

// What is written is read back.
func FuzzString(f *testing.F) {
	f.Add("plain")
	f.Add("é\"\\\x00\u2028")
	f.Fuzz(func(t *testing.T, s string) {
		text := AppendString(nil, s)
		var want string
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatalf("%q became %q: %v", s, text, err)
		}
		if got, err := String(text); err != nil || got != want || got != strings.ToValidUTF8(s, "\uFFFD") && strings.ToValidUTF8(s, "") == s {
			t.Fatalf("%q became %q, read as %q, %v", s, text, got, err)
		}
	})
}

func BenchmarkTag(b *testing.B) {
	data := []byte(`{"Set":{"key":"colour","value":{"r":1,"g":0.5,"b":0}}}`)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Tag(data); err != nil {
			b.Fatal(err)
		}
	}
}
