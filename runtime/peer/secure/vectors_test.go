package secure

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
)

// vectors come from testdata/vectors.py, which knows the package comment and not
// this code.
func vectors(t *testing.T) map[string][]byte {
	t.Helper()
	b, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var text map[string]string
	if err := json.Unmarshal(b, &text); err != nil {
		t.Fatal(err)
	}
	v := make(map[string][]byte)
	for k, s := range text {
		if v[k], err = hex.DecodeString(s); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

func fillFrom(first, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(first + 7*i)
	}
	return b
}

// The messages, the signatures, the keys and the records are those of an
// independent computation, to the byte.
func TestVectors(t *testing.T) {
	v := vectors(t)
	check := func(name string, got []byte) {
		t.Helper()
		if want, ok := v[name]; !ok || !bytes.Equal(got, want) {
			t.Errorf("%s is\n%x, want\n%x", name, got, want)
		}
	}
	server, client := ed25519.NewKeyFromSeed(v["server_seed"]), ed25519.NewKeyFromSeed(v["client_seed"])
	ke3 := fillFrom(6, ke3Len)

	p := preface{Versions{1, 2, "hearth 0.4"}}
	ch := clientHello{suites: []byte{suiteAESGCM, suiteChaCha}, space: "attic", credential: "gäste", ke1: fillFrom(4, ke1Len)}
	copy(ch.random[:], fillFrom(7, randomLen))
	check("first_flight", appendMessage(p.marshal(), kindClientHello, ch.marshal()))
	tr := newTranscript()
	tr.add(kindPreface, p.marshal())
	tr.add(kindClientHello, ch.marshal())

	sh := serverHello{version: 1, suite: suiteChaCha, ksf: DefaultKSF, identity: public(server), program: "hearth 0.5", ke2: fillFrom(5, ke2Len)}
	copy(sh.random[:], fillFrom(8, randomLen))
	check("context", opaqueContext(tr, &sh, false))
	sh.signature = ed25519.Sign(server, signed(labelServerSigns, tr.fork(kindServerHello, sh.unsigned())))
	check("server_hello", appendMessage(nil, kindServerHello, sh.marshal()))
	tr.add(kindServerHello, sh.marshal())

	// As both logins do once OPAQUE has given its key.
	tr.add(kindClientFinish, ke3)
	sum := tr.sum()
	between := extract(v["session_key"], sum)
	plain := append(bytes.Clone(public(client)), ed25519.Sign(client, signed(labelClientSigns, sum))...)
	tr.add(kindClientFinish, plain)
	main := extract(between, tr.sum())
	check("client_finish", appendMessage(nil, kindClientFinish, append(ke3, seal(between, labelClientFinish, plain)...)))
	check("server_finish", appendMessage(nil, kindServerFinish, (&serverLogin{main: main}).finish(alertNone)))
	a := alert{alertVersion, Versions{1, 4, "hearth 0.9"}}
	check("alert", appendMessage(nil, kindAlert, a.marshal()))

	s := newSession(main)
	check("to_server", s.toServer)
	check("to_client", s.toClient)
	check("exporter", s.exporter)
	check("exported", (&Conn{exporter: s.exporter}).Exporter("label"))

	for name, suite := range map[string]uint8{"records_chacha": suiteChaCha, "records_aes": suiteAESGCM} {
		out := newHalf(suite, bytes.Clone(s.toServer))
		out.every = 3
		var wire []byte
		for i := range 7 {
			r := append([]byte{0, 0, 0, typeData}, fillFrom(10+i, 20*i+1)...)
			wire = append(wire, out.seal(append(make([]byte, 0, maxRecord), r...))...)
		}
		w := writer{b: make([]byte, 0, maxRecord)}
		w.close(out)
		check(name, append(wire, w.b...))
	}
}

// The vectors' messages parse to what they were made of: the parsers are as
// independent of the writers as the vectors are.
func TestVectorsParse(t *testing.T) {
	v := vectors(t)
	r := bytes.NewReader(v["first_flight"])
	p, _, err := readPreface(r)
	if err != nil || p.versions != (Versions{1, 2, "hearth 0.4"}) {
		t.Errorf("preface %v, %v", p, err)
	}
	kind, body, err := readMessage(r)
	if err != nil || kind != kindClientHello || r.Len() != 0 {
		t.Fatalf("kind %d, %v, %d bytes left", kind, err, r.Len())
	}
	ch, err := parseClientHello(body)
	if err != nil || ch.space != "attic" || ch.credential != "gäste" || !bytes.Equal(ch.suites, []byte{2, 1}) ||
		!bytes.Equal(ch.ke1, fillFrom(4, ke1Len)) || !bytes.Equal(ch.random[:], fillFrom(7, randomLen)) {
		t.Errorf("client hello %+v, %v", ch, err)
	}
	_, body, _ = readMessage(bytes.NewReader(v["server_hello"]))
	sh, err := parseServerHello(body)
	if err != nil || sh.version != 1 || sh.suite != suiteChaCha || sh.ksf != DefaultKSF || sh.program != "hearth 0.5" ||
		!bytes.Equal(sh.ke2, fillFrom(5, ke2Len)) || !bytes.Equal(sh.identity, public(ed25519.NewKeyFromSeed(v["server_seed"]))) {
		t.Errorf("server hello %+v, %v", sh, err)
	}
	_, body, _ = readMessage(bytes.NewReader(v["alert"]))
	if a, err := parseAlert(body); err != nil || *a != (alert{alertVersion, Versions{1, 4, "hearth 0.9"}}) {
		t.Errorf("alert %+v, %v", a, err)
	}
}
