package service_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/runtimetest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// exchange is what a golden file tells of: requests to the factory (>), messages to what
// it made (.), and the answers.
var exchanges = map[string][]string{
	"hearth-rs": {
		"> " + create,
		`. {"State":{"position":[1,2,3],"orientation":[0,1,0,0],"half_size":[1,0.5],"opacity":0.5,"padding":[0,0],"units_per_em":0.05,"colors":{}}}`,
		`. {"Input":"\u0004"}`,
		`. "Quit"`,
	},
	"screen": {
		"> " + screen,
		`. {"Feed":"aGVsbG8sIAobWzFtd29ybGQ="}`,
		`. "Text"`,
		`. "Describe"`,
		`. {"Resize":{"columns":10,"rows":3}}`,
		`. {"State":{"position":[0,0,0],"half_size":[0.5,0.5],"units_per_em":0.1}}`,
		`. {"Select":{"from":{"line":0,"column":0},"to":{"line":0,"column":3},"kind":"Cells"}}`,
		`. "Copy"`,
		`. {"Select":null}`,
		`. "Copy"`,
		`. {"Search":{"text":"WORLD"}}`,
		`. {"Search":{"text":"world"}}`,
		`. {"Scroll":3}`,
		`. {"Share":["View"]}`,
		`. {"Share":["Look"]}`,
		`. {"Share":[]}`,
		`. {"Unwatch":null}`,
		`. {"Select":{"from":{"line":0,"column":0},"to":{"line":0,"column":3},"kind":"Circle"}}`,
		`. {"Feed":7}`,
		`. {"Dance":null}`,
		`. {nonsense`,
		`. "Quit"`,
	},
	"refused": {
		`> {"CreateTerminal":{}}`,
		`> {"CreateTerminal":{"position":[0,0],"half_size":[1,1],"units_per_em":0.1}}`,
		`> {"CreateTerminal":{"position":[0,0,null],"half_size":[1,1],"units_per_em":0.1}}`,
		`> {"CreateTerminal":{"position":[0,0,0],"units_per_em":0.1}}`,
		`> {"CreateTerminal":{"position":[0,0,0],"half_size":[1,1],"units_per_em":0}}`,
		`> {"CreateTerminal":{"position":[0,0,1e30],"half_size":[1,1],"units_per_em":0.1}}`,
		`> {"CreateTerminal":{"position":[0,0,0],"half_size":[1,1],"units_per_em":0.1,"opacity":2}}`,
		`> {"CreateTerminal":{"position":[0,0,0],"half_size":[1,1],"units_per_em":0.1,"orientation":[0,0,0,0]}}`,
		`> {"CreateTerminal":{"position":[0,0,0],"half_size":[1,1],"units_per_em":0.1,"padding":[-1,0]}}`,
		`> {"CreateTerminal":{"position":[0,0,0],"half_size":[1,1],"units_per_em":0.1,"colors":{"red":1}}}`,
		`> {"CreateTerminal":{"position":[0,0,0],"half_size":[1,1],"units_per_em":0.1,"colors":{"300":1}}}`,
		`> {"CreateTerminal":{"position":[0,0,0],"half_size":[1000,1000],"units_per_em":0.001}}`,
		`> {"CreateTerminal":{"position":[0,0,0],"units_per_em":0.1,"columns":80}}`,
		`> {"CreateTerminal":{"position":[0,0,0],"units_per_em":0.1,"columns":-1,"rows":3}}`,
		`> {"CreateTerminal":{"position":[0,0,0],"units_per_em":0.1,"columns":100000,"rows":3}}`,
		`> {"CreateTerminal":{"position":[0,0,0],"half_size":[1,1],"units_per_em":0.1,"name":"a\nb"}}`,
		`> {"CreateTerminal":{"position":[0,0,0],"half_size":[1,1],"units_per_em":0.1,"name":"a/b"}}`,
		`> {"CreateTerminal":{"position":[0,0,0],"half_size":[1,1],"units_per_em":0.1,"command":{"path":""}}}`,
		`> {"CreateTerminal":{"position":[0,0,0],"half_size":[1,1],"units_per_em":0.1,"command":{"path":"/bin/sh","args":["\u0000"]}}}`,
		`> {"CreateTerminal":{"position":[0,0,0],"half_size":[1,1],"units_per_em":0.1,"command":{"path":"/bin/sh","dir":"here"}}}`,
		`> {"CreateTerminal":{"position":[0,0,0],"half_size":[1,1],"units_per_em":0.1,"command":{"path":"/bin/sh","dir":"/no/such/folder"}}}`,
		`> {"CreateScreen":{"position":[0,0,0],"half_size":[1,1],"units_per_em":0.1,"command":{"path":"/bin/sh"}}}`,
		`> {"CreateWindow":{}}`,
		`> {nonsense`,
		`> "Describe"`,
	},
	"messages": {
		`> {"CreateTerminal":{"position":[0,1.5,-2],"half_size":[2,1.2],"units_per_em":0.1,"colors":{"257":1118481},"command":{"path":"/bin/cat"},"name":"pets"}}`,
		`. {"Feed":"YQ=="}`,
		`. {"Input":7}`,
		`. {"Resize":{"columns":0,"rows":1}}`,
		`. {"Resize":{"columns":5000,"rows":5000}}`,
		`. {"State":{"position":[0,0,0],"half_size":[1,1],"units_per_em":-1}}`,
		`. {"State":{"position":[0,0,0],"half_size":[100,100],"units_per_em":0.01}}`,
		`. {"Search":{"text":""}}`,
		`. {"Search":{"text":"cat"}}`,
		`. {"Scroll":"up"}`,
		`. {"Paste":"meow"}`,
		`. {"Resize":{"columns":20,"rows":4}}`,
		`. "Describe"`,
		`. "Destroy"`,
	},
}

// numbers of processes differ from run to run.
var processes = regexp.MustCompile(`process \d+`)

// sizes of terminals that were asked for in cells follow the font.
var sizes = regexp.MustCompile(`("half_size": ?)\[[^\]]*\]`)

// steady leaves out of an answer what may differ.
func steady(b []byte) []byte {
	return sizes.ReplaceAll(processes.ReplaceAll(b, []byte("process N")), []byte("$1[W,H]"))
}

// The bytes of requests and answers, in JSON and in CBOR.
func TestGolden(t *testing.T) {
	for name, lines := range exchanges {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			for _, encoding := range []string{"json", "cbor"} {
				w := newWorld(t)
				g := w.guest()
				var made runtime.Capability
				for _, line := range lines {
					text, to := line[2:], w.factory()
					if line[0] == '.' {
						to = made
					}
					data := []byte(text)
					if encoding == "cbor" {
						if !json.Valid(data) {
							continue
						}
						data = runtimetest.CBOR(t, text)
					}
					if _, _, err := w.Accept(to, runtime.Message{Data: data, Caps: []runtime.Capability{g.port.Cap(caps.Send | caps.Monitor)}}); err != nil {
						t.Fatal(err)
					}
					r := g.next()
					if line[0] == '>' && len(r.Caps) == 1 {
						made = r.Caps[0]
					}
					if encoding == "json" {
						fmt.Fprintf(&out, "%s\n  %s", line, steady(r.Data))
					} else {
						var v any
						if err := cbor.Unmarshal(r.Data, &v); err != nil {
							t.Fatalf("%s: %x: %v", line, r.Data, err)
						}
						d, err := cbor.Diagnose(r.Data)
						if err != nil {
							t.Fatal(err)
						}
						fmt.Fprintf(&out, "%x\n  %s", data, steady([]byte(d)))
					}
					if n := len(r.Caps); n > 0 {
						fmt.Fprintf(&out, "   + %d capability", n)
					}
					out.WriteByte('\n')
				}
				out.WriteByte('\n')
			}
			file := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(want, out.Bytes()) {
				t.Errorf("differs from %s:\n%s", file, out.Bytes())
			}
		})
	}
}
