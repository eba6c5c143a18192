package ipc

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestParseFrame(t *testing.T) {
	for _, c := range []struct {
		line, id, method, params string
		ok                       bool
	}{
		{`{"jsonrpc":"2.0","id":1,"method":"send","params":{"pid":7}}`, "1", "send", `{"pid":7}`, true},
		{` { "jsonrpc" : "2.0" , "method" : "x" } `, "", "x", "", true},
		{`{"jsonrpc":"2.0","id":"a\"b","method":"x","params":[1,2]}`, `"a\"b"`, "x", "[1,2]", true},
		{`{"jsonrpc":"2.0","id":null,"method":"x","params":null}`, "null", "x", "null", true},
		{`{"jsonrpc":"2.0","id":1,"method":"x"}`, "1", "x", "", true},
		{`{"jsonrpc":"2.0","id":1,"extra":{"a":[{}]},"method":"x"}`, "1", "x", "", true},
		{`{"jsonrpc":"2.0","id":-1.5e3,"method":"x"}`, "-1.5e3", "x", "", true},
		{`{"jsonrpc":"1.0","id":1,"method":"x"}`, "", "", "", false},
		{`{"id":1,"method":"x"}`, "", "", "", false},
		{`[{"jsonrpc":"2.0","id":1,"method":"x"}]`, "", "", "", false},
		{`{"jsonrpc":"2.0","id":{},"method":"x"}`, "", "", "", false},
		{`{"jsonrpc":"2.0","id":true,"method":"x"}`, "", "", "", false},
		{`{"jsonrpc":"2.0","id":1,"method":7}`, "", "", "", false},
		{`{"jsonrpc":"2.0","id":1,"method":"x","params":7}`, "", "", "", false},
		{`{"jsonrpc":"2.0","id":"` + strings.Repeat("x", maxID) + `","method":"x"}`, "", "", "", false},
		{`{"jsonrpc":"2.0","id":1,"method":"x","params":` + strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1) + `}`, "", "", "", false},
		{`{"jsonrpc":"2.0","id":1,"method":"x"} x`, "", "", "", false},
		{`{"jsonrpc":"2.0","id":01,"method":"x"}`, "", "", "", false},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\ty\"}", "", "", "", false},
		{`{"jsonrpc":"2.0",}`, "", "", "", false},
		{`{`, "", "", "", false},
		{``, "", "", "", false},
		{`null`, "", "", "", false},
	} {
		f, err := parseFrame([]byte(c.line))
		if (err == nil) != c.ok {
			t.Errorf("%s: error %v", c.line, err)
		} else if string(f.id) != c.id || string(f.method) != c.method || string(f.params) != c.params {
			t.Errorf("%s: id %s, method %s, params %s", c.line, f.id, f.method, f.params)
		}
	}
}

func TestReadLine(t *testing.T) {
	long := strings.Repeat("x", MaxLine-1)
	r := bufio.NewReaderSize(strings.NewReader("a\n\n"+long+"\n"+"b\n"+long+"xxx\n"), 4096)
	var buf []byte
	for _, want := range []string{"a", "", long, "b"} {
		got, err := readLine(r, &buf)
		if err != nil || string(got) != want {
			t.Fatalf("%d bytes and %v, want %d bytes", len(got), err, len(want))
		}
	}
	if _, err := readLine(r, &buf); !errors.Is(err, ErrLineTooLong) {
		t.Errorf("a line over the limit: %v", err)
	}
	r = bufio.NewReaderSize(strings.NewReader(strings.Repeat("y", 5000)), 4096)
	if _, err := readLine(r, &buf); err != io.ErrUnexpectedEOF {
		t.Errorf("a line that is cut off: %v", err)
	}
}

// What the scanner takes for an object is one for encoding/json, and with the same
// members; nothing that it refuses is one, but for the depth.
func FuzzScan(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"a":1}`, `{"jsonrpc":"2.0","id":1,"method":"send","params":{"pid":7,"data":"aGk="}}`,
		`{"a":"\u00e9\"\\","b":[1,-0.5e+7,true,null,{"c":{}}]}`, "{\"a\":\"\x01\"}", `{"a":01}`, `{"a":1,}`, `{"a" 1}`,
		`{"a":"\ud800"}`, `{"a":"\x"}`, `[[[[]]]]`, "{\"\xff\":1}", `{"a":-}`, `{"a":1.}`, `{"a":"` + strings.Repeat(`\\`, 40) + `"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got := map[string]string{}
		err := eachMember(b, func(key, value []byte) error {
			got[string(key)] = string(value)
			return nil
		})
		var want map[string]json.RawMessage
		werr := json.Unmarshal(b, &want)
		if errors.Is(err, errDeep) {
			return
		}
		// null is an object to encoding/json.
		if (err == nil) != (werr == nil && want != nil) {
			t.Fatalf("%q: scanner says %v, encoding/json %v", b, err, werr)
		}
		if err != nil || !json.Valid(b) {
			return
		}
		for k, v := range want {
			// Keys that are no UTF-8 are replaced there and left alone here.
			if g, ok := got[k]; ok && g != string(bytes.TrimSpace(v)) {
				t.Fatalf("%q: member %q is %q, want %q", b, k, g, v)
			}
		}
		if len(want) > len(got) {
			t.Fatalf("%q: %d members, want %d", b, len(got), len(want))
		}
	})
}

// Whatever a peer sends, a frame is read or refused, and what is read can be
// answered with valid JSON.
func FuzzFrame(f *testing.F) {
	f.Add([]byte(`{"jsonrpc":"2.0","id":1,"method":"send","params":{"pid":7,"service":"x","data":"aGk=","key":"k","wait":false,"timeout":3,"lumps":[]}}`))
	f.Add([]byte(`{"jsonrpc":"2.0","method":"data","params":{"call":4,"data":"AAAA"}}`))
	f.Add([]byte(`{"jsonrpc":"2.0","id":"x","error":{"code":-32000,"message":"m","data":{"kind":"busy","exit":75}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		fr, err := parseFrame(b)
		if err != nil {
			return
		}
		if fr.params != nil {
			var p SendParams
			if err := p.scan(fr.params); err != nil {
				out := appendError(nil, fr.id, codeBadParams, badParams(err))
				if !json.Valid(out) {
					t.Fatalf("the answer %q is no JSON", out)
				}
			}
		}
		if fr.id != nil {
			if out := appendResult(nil, fr.id, []byte("{}")); !json.Valid(out) {
				t.Fatalf("the answer %q is no JSON", out)
			}
		}
		if fr.fault != nil && parseError(fr.fault) == nil {
			t.Fatal("an error became none")
		}
	})
}

func TestErrorsCrossTheSocket(t *testing.T) {
	for i := range kinds {
		k := &kinds[i]
		err := fmt.Errorf("while testing: %w", k.sentinel)
		if got := KindOf(err); got != k {
			t.Errorf("%v is of kind %s, want %s", k.sentinel, got.Name, k.Name)
		}
		f, perr := parseFrame(bytes.TrimSpace(appendError(nil, []byte("1"), codeServer, err)))
		if perr != nil {
			t.Fatal(perr)
		}
		back := parseError(f.fault)
		var remote *Error
		if !errors.Is(back, k.sentinel) || !errors.As(back, &remote) || remote.Kind != k.Name || remote.Exit != k.Exit || back.Error() != err.Error() {
			t.Errorf("kind %s came back as %#v", k.Name, back)
		}
	}
}

func BenchmarkParseSend(b *testing.B) {
	line := []byte(`{"jsonrpc":"2.0","id":123456,"method":"send","params":{"pid":4711,"data":"` + strings.Repeat("QUJD", 22) + `"}}`)
	b.ReportAllocs()
	for b.Loop() {
		f, err := parseFrame(line)
		if err != nil {
			b.Fatal(err)
		}
		var p SendParams
		if err := p.scan(f.params); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParsePiece(b *testing.B) {
	line := bytes.TrimSpace(appendPiece(nil, []byte("7"), make([]byte, PieceSize)))
	b.SetBytes(PieceSize)
	b.ReportAllocs()
	for b.Loop() {
		f, err := parseFrame(line)
		if err != nil {
			b.Fatal(err)
		}
		eachMember(f.params, func(key, value []byte) error {
			if string(key) == "data" {
				_, err := decodeBytes(value)
				return err
			}
			return nil
		})
	}
}
