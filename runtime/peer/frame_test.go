package peer

import (
	"bytes"
	"crypto/rand"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime/caps"
)

func cidOf(s string) lumps.CID { return lumps.Sum(lumps.Raw, []byte(s)) }

func TestMessageRoundTrip(t *testing.T) {
	for _, m := range []message{
		{target: 1},
		{target: 1 << 40, body: []byte("hello")},
		{target: 7, caps: []descriptor{{}, {capTheir, caps.Send, 3}, {capOurs, caps.All, 1 << 50}}, body: bytes.Repeat([]byte("x"), space.MaxMessage)},
		{target: 7, lumps: []lumps.CID{cidOf("a"), cidOf("b")}, body: []byte{}},
	} {
		var got message
		if err := got.parse(m.append(nil)); err != nil {
			t.Fatal(err)
		}
		if got.target != m.target || !bytes.Equal(got.body, m.body) || len(got.caps) != len(m.caps) || !reflect.DeepEqual(got.lumps, m.lumps) {
			t.Errorf("%+v became %+v", m, got)
		}
		for i := range m.caps {
			if got.caps[i] != m.caps[i] {
				t.Errorf("capability %+v became %+v", m.caps[i], got.caps[i])
			}
		}
	}
}

func TestBadFrames(t *testing.T) {
	long := bytes.Repeat([]byte{0x80}, 11)
	for name, b := range map[string][]byte{
		"empty":               {},
		"no counts":           {1},
		"long number":         append([]byte{}, long...),
		"padded number":       {0x81, 0x00, 0, 0},
		"too many caps":       {1, 0xff, 0xff, 0x7f, 0},
		"too many lumps":      {1, 0, 0xff, 0xff, 0x7f},
		"missing lumps":       {1, 0, 3, 1, 2, 3},
		"bad descriptor":      {1, 1, 0, 9},
		"bad permission":      {1, 1, 0, capTheir, 0x80, 1},
		"capability number 0": {1, 1, 0, capTheir, 1, 0},
		"half a descriptor":   {1, 1, 0, capTheir},
		"too long a message":  append([]byte{1, 0, 0}, make([]byte, space.MaxMessage+1)...),
	} {
		var m message
		if err := m.parse(b); !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := parseHello(append([]byte{1, 0}, strings.Repeat("x", maxProgram+1)...)); !errors.Is(err, ErrProtocol) {
		t.Errorf("a long program name: %v", err)
	}
	for name, b := range map[string][]byte{"length 0": {0, 0, 0, 0}, "too long": {0xff, 0, 0, 0, 1}} {
		if _, _, err := newFrames(bytes.NewReader(b)).next(); !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFrames cuts a stream into the frames that were written, however it comes.
func TestFrames(t *testing.T) {
	var want [][]byte
	var b []byte
	for _, n := range []int{0, 1, 100, 70_000, 3, MaxFrame - 1, 5} {
		body := make([]byte, n)
		rand.Read(body)
		want = append(want, body)
		at := len(b)
		b = append(appendFrame(b, opSend), body...)
		endFrame(b[at:])
	}
	for name, r := range map[string]*frames{"whole": newFrames(bytes.NewReader(b)), "halves": newFrames(iotest.HalfReader(bytes.NewReader(b))), "with an error": newFrames(iotest.DataErrReader(bytes.NewReader(b)))} {
		for i, w := range want {
			op, body, err := r.next()
			if err != nil || op != opSend || !bytes.Equal(body, w) {
				t.Fatalf("%s: frame %d: op %d, %d bytes, %v", name, i, op, len(body), err)
			}
		}
		if _, _, err := r.next(); err == nil {
			t.Errorf("%s: a frame behind the end", name)
		}
	}
}

func FuzzFrames(f *testing.F) {
	f.Add(endFrame(append(appendFrame(nil, opSend), 1, 0, 0, 'x')))
	f.Add(endFrame(append(appendFrame(nil, opRelease), 1, 1)))
	f.Add(endFrame((&hello{version: 1, program: "p"}).append(appendFrame(nil, opHello))))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := newFrames(bytes.NewReader(b))
		for {
			op, body, err := r.next()
			if err != nil {
				return
			}
			switch op {
			case opSend:
				var m message
				if m.parse(body) == nil && !bytes.Equal(m.append(nil), body) {
					t.Fatalf("%x has another form", body)
				}
			case opHello:
				if h, err := parseHello(body); err == nil && !bytes.Equal(h.append(nil), body) {
					t.Fatalf("%x has another form", body)
				}
			default:
				c := cursor{b: body}
				for len(c.b) > 0 {
					c.uvarint("number")
				}
			}
		}
	})
}
