package secure

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"hash"
	"io"
	"net"
	"testing"
	"time"
)

// seeds adds a value, what lacks its last byte, and what has one more.
func seeds(f *testing.F, all ...[]byte) {
	for _, b := range all {
		f.Add(b)
		if len(b) > 0 {
			f.Add(b[:len(b)-1])
		}
		f.Add(append(bytes.Clone(b), 0))
	}
}

// A parser takes what its writer writes, byte for byte, and nothing else.
func sameAgain(t *testing.T, in []byte, err error, again func() []byte) {
	if err != nil {
		if !errors.Is(err, ErrHandshake) {
			t.Errorf("the error is %v", err)
		}
	} else if out := again(); !bytes.Equal(in, out) {
		t.Errorf("%x was read, and is written as %x", in, out)
	}
}

func FuzzPreface(f *testing.F) {
	seeds(f, (&preface{Versions{1, 1, "hearth 1.0"}}).marshal(), (&preface{Versions{1, 255, ""}}).marshal(), []byte("GET / HTTP/1.1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		p, raw, err := readPreface(r)
		read := b[:len(b)-r.Len()]
		sameAgain(t, read, err, p.marshal)
		if err == nil && !bytes.Equal(raw, read) {
			t.Errorf("%x for the transcript, %x read", raw, read)
		}
	})
}

func FuzzMessage(f *testing.F) {
	seeds(f, appendMessage(nil, kindAlert, []byte("x")), []byte{1, 0, 0}, []byte{1, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		kind, body, err := readMessage(r)
		sameAgain(t, b[:len(b)-r.Len()], err, func() []byte { return appendMessage(nil, kind, body) })
	})
}

func FuzzClientHello(f *testing.F) {
	seeds(f, (&clientHello{suites: []byte{1}, space: "attic", credential: "space", ke1: make([]byte, ke1Len)}).marshal(), nil)
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseClientHello(b)
		sameAgain(t, b, err, func() []byte { return h.marshal() })
	})
}

func FuzzServerHello(f *testing.F) {
	seeds(f, (&serverHello{version: 1, suite: 1, ksf: DefaultKSF, identity: make([]byte, 32), program: "hearth", ke2: make([]byte, ke2Len), signature: make([]byte, 64)}).marshal(), nil)
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseServerHello(b)
		sameAgain(t, b, err, func() []byte { return h.marshal() })
	})
}

func FuzzAlert(f *testing.F) {
	seeds(f, (&alert{alertVersion, Versions{1, 2, "hearth"}}).marshal(), (&alert{255, Versions{9, 9, ""}}).marshal())
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := parseAlert(b)
		sameAgain(t, b, err, func() []byte { return a.marshal() })
		if err == nil && a.err(Versions{1, 1, ""}) == nil {
			t.Error("an alert is no error")
		}
	})
}

// finished is a login of which both halves are where the finish messages come.
func finished(t testing.TB) (server *serverLogin, client *clientLogin, finish []byte) {
	sc, _ := newServerConfig(t)
	flight := firstFlight(t, newClientConfig(t, sc))
	l := flight.deliver(t, sc)
	hello, err := l.respond()
	if err != nil {
		t.Fatal(err)
	}
	if finish, err = flight.login.verify(hello); err != nil {
		t.Fatal(err)
	}
	return l, flight.login, finish
}

func FuzzClientFinish(f *testing.F) {
	server, _, finish := finished(f)
	seeds(f, finish[:ke3Len], make([]byte, clientFinishLen))
	f.Fuzz(func(t *testing.T, b []byte) {
		if key, err := server.verify(b); err == nil {
			t.Errorf("%x proved %x", b, key)
		}
	})
}

func FuzzServerFinish(f *testing.F) {
	_, client, _ := finished(f)
	seeds(f, make([]byte, serverFinishLen))
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := client.confirm(b); !errors.Is(err, ErrHandshake) {
			t.Errorf("%x: %v", b, err)
		}
	})
}

func FuzzParseKeys(f *testing.F) {
	sc, _ := newServerConfig(f)
	b := sc.Keys.Marshal()
	seeds(f, b, b[:10])
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := ParseKeys(b)
		switch {
		case err == nil:
			if !bytes.Equal(k.Marshal(), b) {
				t.Errorf("%x becomes %x", b, k.Marshal())
			}
		case !errors.Is(err, ErrKeys) && !errors.Is(err, ErrForeignKeys):
			t.Error(err)
		}
	})
}

// FuzzKE1 gives OPAQUE's first message, from a client that has proved nothing, to the
// server: an answer or a refusal.
func FuzzKE1(f *testing.F) {
	sc, _ := newServerConfig(f)
	flight := firstFlight(f, newClientConfig(f, sc))
	genuine := flight.hello[len(flight.hello)-ke1Len:]
	seeds(f, genuine, make([]byte, ke1Len), bytes.Repeat([]byte{0xff}, ke1Len))
	f.Fuzz(func(t *testing.T, ke1 []byte) {
		tampered := flight
		tampered.hello = append(bytes.Clone(flight.hello[:len(flight.hello)-ke1Len]), ke1...)
		l, err := tampered.tryDeliver(sc)
		if err == nil {
			_, err = l.respond()
		}
		if err != nil && !errors.Is(err, ErrHandshake) {
			t.Error(err)
		}
	})
}

// FuzzKE2 gives OPAQUE's second message, rightly signed by a server that is believed
// and hostile, to the client.
func FuzzKE2(f *testing.F) {
	sc, _ := newServerConfig(f)
	flight := firstFlight(f, newClientConfig(f, sc))
	body, err := flight.deliver(f, sc).respond()
	if err != nil {
		f.Fatal(err)
	}
	h, err := parseServerHello(body)
	if err != nil {
		f.Fatal(err)
	}
	genuine := bytes.Clone(h.ke2)
	other, err := firstFlight(f, newClientConfig(f, sc)).deliver(f, sc).respond()
	if err != nil {
		f.Fatal(err)
	}
	seeds(f, genuine, make([]byte, ke2Len), other[len(other)-ke2Len-ed25519.SignatureSize:len(other)-ed25519.SignatureSize])
	f.Fuzz(func(t *testing.T, ke2 []byte) {
		h := *h
		h.ke2 = ke2
		h.signature = ed25519.Sign(sc.Identity, signed(labelServerSigns, flight.login.transcript.fork(kindServerHello, h.unsigned())))
		login := *flight.login
		c, err := login.transcript.h.(hash.Cloner).Clone()
		if err != nil {
			t.Fatal(err)
		}
		login.transcript = transcript{c} // a login that succeeds goes on in it
		_, err = login.verify(h.marshal())
		if genuine := bytes.Equal(ke2, genuine); genuine != (err == nil) || err != nil && err != ErrAuth && !errors.Is(err, ErrHandshake) {
			t.Errorf("genuine: %v, the client says %v", genuine, err)
		}
	})
}

// source is a connection on which bytes come and into which all goes.
type source struct {
	net.Conn // for what is not called
	r        io.Reader
}

func (s *source) Read(p []byte) (int, error)  { return s.r.Read(p) }
func (s *source) Write(p []byte) (int, error) { return len(p), nil }
func (s *source) Close() error                { return nil }
func (s *source) RemoteAddr() net.Addr        { return nil }

func (s *source) SetDeadline(time.Time) error      { return nil }
func (s *source) SetReadDeadline(time.Time) error  { return nil }
func (s *source) SetWriteDeadline(time.Time) error { return nil }

// What is read is a prefix of what was written, however the records are mixed: the
// input says which pieces of the genuine stream come, with which bytes between.
func FuzzRecords(f *testing.F) {
	var want, wire []byte
	a, _ := recordPair(nil, nil, suiteChaCha)
	var starts []int
	for i := range 6 {
		p := fillFrom(i, 10*i+1)
		want = append(want, p...)
		starts = append(starts, len(wire))
		r := append([]byte{0, 0, 0, typeData}, p...)
		wire = append(wire, a.out.seal(append(make([]byte, 0, maxRecord), r...))...)
	}
	starts = append(starts, len(wire))
	f.Add([]byte{0, 1, 2, 3, 4, 5}) // as it was
	f.Add([]byte{0, 0, 1})
	f.Add([]byte{1, 0})
	f.Add([]byte{0, 7, 0, 0, 0})
	f.Add([]byte{0, 7, 0, 17, 0, 8, 0xff})
	f.Fuzz(func(t *testing.T, script []byte) {
		var in []byte
		for i := 0; i < len(script); i++ {
			switch op := int(script[i]); {
			case op < 6:
				in = append(in, wire[starts[op]:starts[op+1]]...)
			case op == 7 && i+1 < len(script): // a byte of the input's own
				i++
				in = append(in, script[i])
			case op == 8 && len(in) > 0 && i+1 < len(script): // damage
				i++
				in[len(in)-1] ^= script[i]
			case op == 9 && len(in) > 0: // a cut
				in = in[:len(in)-1]
			default:
				in = append(in, byte(op))
			}
		}
		_, c := recordPair(nil, &source{r: bytes.NewReader(in)}, suiteChaCha)
		got, err := readAll(c)
		if !bytes.HasPrefix(want, got) {
			t.Errorf("read %x", got)
		}
		if !errors.Is(err, ErrRecord) && !errors.Is(err, ErrTruncated) {
			t.Errorf("the end is %v, and nobody closed", err)
		}
	})
}

// No bytes make a server accept a client, or do worse than refuse.
func FuzzServer(f *testing.F) {
	sc, _ := newServerConfig(f)
	sc.Gate = NewGate(GateLimits{PerAddress: 1 << 20, Guesses: 1 << 30, Rate: 1 << 30})
	flight := firstFlight(f, newClientConfig(f, sc))
	first := appendMessage(bytes.Clone(flight.preface), kindClientHello, flight.hello)
	seeds(f, nil, first, append(bytes.Clone(first), appendMessage(nil, kindClientFinish, make([]byte, clientFinishLen))...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := Server(context.Background(), &source{r: bytes.NewReader(b)}, sc); err == nil {
			t.Errorf("accepted %x", b)
		}
	})
}

// No bytes make a client believe a server, even one that pins nothing.
func FuzzClient(f *testing.F) {
	sc, _ := newServerConfig(f)
	cc := newClientConfig(f, sc)
	cc.Pin = func(ed25519.PublicKey) error { return nil }
	hello, err := firstFlight(f, cc).deliver(f, sc).respond()
	if err != nil {
		f.Fatal(err)
	}
	seeds(f, nil, appendMessage(nil, kindServerHello, hello), appendMessage(nil, kindAlert, (&alert{alertBusy, Versions{1, 1, ""}}).marshal()))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := Client(context.Background(), &source{r: bytes.NewReader(b)}, cc); err == nil {
			t.Errorf("believed %x", b)
		}
	})
}
