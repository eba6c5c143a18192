package secure

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
)

// foreign is @serenity-kit/opaque in a process of its own: see fixtures/opaque.
type foreign struct {
	t   *testing.T
	in  io.WriteCloser
	out *bufio.Scanner
}

func startForeign(t *testing.T) *foreign {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		msg := "the test against an independent OPAQUE needs Node (apt-get install nodejs): " + err.Error()
		if os.Getenv("CI") == "true" {
			t.Fatal(msg)
		}
		t.Skip(msg)
	}
	cmd := exec.Command(node, "../../../fixtures/opaque/driver.js")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("node: %v\n%s", err, &stderr)
		}
	})
	return &foreign{t: t, in: in, out: bufio.NewScanner(out)}
}

// A base64 value of the package, which is unpadded and for URLs.
type b64 []byte

func (b b64) MarshalText() ([]byte, error) {
	return []byte(base64.RawURLEncoding.EncodeToString(b)), nil
}

func (b *b64) UnmarshalText(text []byte) (err error) {
	*b, err = base64.RawURLEncoding.DecodeString(string(text))
	return err
}

type values map[string]any

// call calls a function and decodes its result, which is absent where the package
// says that the password is wrong.
func (f *foreign) call(name string, params any, result any) (present bool) {
	f.t.Helper()
	line, err := json.Marshal(values{"call": name, "params": params})
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := f.in.Write(append(line, '\n')); err != nil {
		f.t.Fatal(err)
	}
	if !f.out.Scan() {
		f.t.Fatalf("%s: node is gone: %v", name, f.out.Err())
	}
	var answer struct {
		Result json.RawMessage
		Error  string
	}
	if err := json.Unmarshal(f.out.Bytes(), &answer); err != nil || answer.Error != "" {
		f.t.Fatalf("%s: %v %s", name, err, answer.Error)
	}
	if string(answer.Result) == "null" {
		return false
	}
	if err := json.Unmarshal(answer.Result, result); err != nil {
		f.t.Fatalf("%s: %v", name, err)
	}
	return true
}

// interopKSF has more than one of everything, so that a swapped parameter shows.
var interopKSF = KSF{Time: 2, MemoryKiB: 1024, Threads: 3}

func foreignKSF(k KSF) values {
	return values{"argon2id-custom": values{"iterations": k.Time, "memory": k.MemoryKiB, "parallelism": k.Threads}}
}

// exchange shows that both ends hold the same keys for both directions.
func exchange(t *testing.T, a, b *Conn) {
	t.Helper()
	for _, d := range [][2]*Conn{{a, b}, {b, a}} {
		go d[0].Write([]byte("across implementations"))
		got := make([]byte, 22)
		if _, err := io.ReadFull(d[1], got); err != nil || string(got) != "across implementations" {
			t.Errorf("%q, %v", got, err)
		}
	}
	if !bytes.Equal(a.Exporter("x"), b.Exporter("x")) {
		t.Error("the exporters differ")
	}
}

// A client whose OPAQUE is not ours logs in to our server, with a record that our
// Register made; with a wrong password it finds out, as ours does.
func TestForeignClient(t *testing.T) {
	f := startForeign(t)
	sc, d := newServerConfig(t)
	keys, err := NewKeys(public(sc.Identity), interopKSF)
	if err != nil {
		t.Fatal(err)
	}
	record, err := keys.Register(testSpace, testName, []byte(testPassword))
	if err != nil {
		t.Fatal(err)
	}
	d.set(testName, record)
	sc.Keys, sc.noContext = keys, true

	for _, password := range []string{testPassword, "hunter23"} {
		a, b := tcpPair(t)
		type result struct {
			conn *Conn
			err  error
		}
		done := make(chan result, 1)
		go func() {
			c, err := Server(context.Background(), b, sc)
			done <- result{c, err}
		}()
		client, err := f.login(a, sc, password)
		server := <-done
		if password != testPassword {
			if !errors.Is(err, ErrAuth) || server.err == nil {
				t.Errorf("a wrong password: %v; %v", err, server.err)
			}
			continue
		}
		if err != nil || server.err != nil {
			t.Fatal(err, server.err)
		}
		exchange(t, client, server.conn)
		client.Close()
		server.conn.Close()
	}
}

// login is a client's half with the OPAQUE of the foreign package.
func (f *foreign) login(c net.Conn, sc *ServerConfig, password string) (*Conn, error) {
	defer func() {
		if f.t.Failed() {
			c.Close()
		}
	}()
	id := newIdentity(f.t)
	var start struct{ ClientLoginState, StartLoginRequest b64 }
	f.call("client.startLogin", values{"password": password}, &start)
	tr := newTranscript()
	p := preface{Versions{1, 1, "foreign"}}
	h := clientHello{suites: []byte{suiteChaCha}, space: testSpace, credential: testName, ke1: start.StartLoginRequest}
	rand.Read(h.random[:])
	tr.add(kindPreface, p.marshal())
	tr.add(kindClientHello, h.marshal())
	c.Write(appendMessage(p.marshal(), kindClientHello, h.marshal()))
	body, err := expect(c, kindServerHello)
	if err != nil {
		return nil, err
	}
	sh, err := parseServerHello(body)
	if err != nil {
		return nil, err
	}
	var finish struct{ FinishLoginRequest, SessionKey b64 }
	if !f.call("client.finishLogin", values{
		"clientLoginState": start.ClientLoginState, "loginResponse": b64(sh.ke2), "password": password,
		"identifiers": values{"server": string(identityText(sh.identity))}, "keyStretching": foreignKSF(sh.ksf),
	}, &finish) {
		c.Close()
		return nil, ErrAuth
	}
	tr.add(kindServerHello, body)
	tr.add(kindClientFinish, finish.FinishLoginRequest)
	sum := tr.sum()
	between := extract(finish.SessionKey, sum)
	plain := append(bytes.Clone(public(id)), ed25519.Sign(id, signed(labelClientSigns, sum))...)
	tr.add(kindClientFinish, plain)
	main := extract(between, tr.sum())
	c.Write(appendMessage(nil, kindClientFinish, append(finish.FinishLoginRequest, seal(between, labelClientFinish, plain)...)))
	if body, err = expect(c, kindServerFinish); err != nil {
		return nil, err
	}
	status, err := open(main, labelServerFinish, body)
	if err != nil || status[0] != alertNone {
		return nil, fmt.Errorf("the server's finish: %d, %v", status, err)
	}
	s := newSession(main)
	return newConn(c, sh.suite, s.toServer, s.toClient, s.exporter, Peer{Key: sh.identity}), nil
}

// Our client logs in to a server whose OPAQUE is not ours, with a record that the
// foreign package made, both halves; with a wrong password it says ErrAuth.
func TestForeignServer(t *testing.T) {
	f := startForeign(t)
	id := newIdentity(t)
	site := f.newSite(id)
	for _, password := range []string{testPassword, "hunter23"} {
		cc := newClientConfig(t, &ServerConfig{Identity: id})
		cc.Password, cc.noContext = []byte(password), true
		a, b := tcpPair(t)
		type result struct {
			conn *Conn
			err  error
		}
		done := make(chan result, 1)
		go func() {
			c, err := Client(context.Background(), a, cc)
			done <- result{c, err}
		}()
		server, err := site.serve(b)
		client := <-done
		if password != testPassword {
			if client.err != ErrAuth || !errors.Is(err, io.EOF) {
				t.Errorf("a wrong password: %v; %v", client.err, err)
			}
			continue
		}
		if err != nil || client.err != nil {
			t.Fatal(err, client.err)
		}
		if !server.Peer().Key.Equal(public(cc.Identity)) {
			t.Error("the client proved another key")
		}
		exchange(t, client.conn, server)
		client.conn.Close()
		server.Close()
	}
}

// foreignSite is a server's identity, setup and record.
type foreignSite struct {
	*foreign
	id            ed25519.PrivateKey
	setup, record b64
}

func (f *foreign) newSite(id ed25519.PrivateKey) *foreignSite {
	s := &foreignSite{foreign: f, id: id}
	f.call("server.createSetup", nil, &s.setup)
	var start struct{ ClientRegistrationState, RegistrationRequest b64 }
	f.call("client.startRegistration", values{"password": testPassword}, &start)
	var response struct{ RegistrationResponse b64 }
	f.call("server.createRegistrationResponse", values{
		"serverSetup": s.setup, "userIdentifier": string(credentialID(testSpace, testName)),
		"registrationRequest": start.RegistrationRequest,
	}, &response)
	var finish struct{ RegistrationRecord b64 }
	f.call("client.finishRegistration", values{
		"password": testPassword, "registrationResponse": response.RegistrationResponse,
		"clientRegistrationState": start.ClientRegistrationState,
		"identifiers":             s.identifiers(), "keyStretching": foreignKSF(interopKSF),
	}, &finish)
	s.record = finish.RegistrationRecord
	return s
}

func (s *foreignSite) identifiers() values {
	return values{"server": string(identityText(public(s.id)))}
}

// serve is a server's half with the OPAQUE of the foreign package.
func (s *foreignSite) serve(c net.Conn) (*Conn, error) {
	_, raw, err := readPreface(c)
	if err != nil {
		return nil, err
	}
	body, err := expect(c, kindClientHello)
	if err != nil {
		return nil, err
	}
	h, err := parseClientHello(body)
	if err != nil {
		return nil, err
	}
	var start struct{ ServerLoginState, LoginResponse b64 }
	s.call("server.startLogin", values{
		"serverSetup": s.setup, "registrationRecord": s.record, "startLoginRequest": b64(h.ke1),
		"userIdentifier": string(credentialID(h.space, h.credential)), "identifiers": s.identifiers(),
	}, &start)
	tr := newTranscript()
	tr.add(kindPreface, raw)
	tr.add(kindClientHello, body)
	sh := serverHello{version: 1, suite: suiteChaCha, ksf: interopKSF, identity: public(s.id), program: "foreign", ke2: start.LoginResponse}
	rand.Read(sh.random[:])
	sh.signature = ed25519.Sign(s.id, signed(labelServerSigns, tr.fork(kindServerHello, sh.unsigned())))
	tr.add(kindServerHello, sh.marshal())
	c.Write(appendMessage(nil, kindServerHello, sh.marshal()))
	if body, err = expect(c, kindClientFinish); err != nil {
		c.Close()
		return nil, err
	}
	var finish struct{ SessionKey b64 }
	s.call("server.finishLogin", values{
		"serverLoginState": start.ServerLoginState, "finishLoginRequest": b64(body[:ke3Len]), "identifiers": s.identifiers(),
	}, &finish)
	tr.add(kindClientFinish, body[:ke3Len])
	sum := tr.sum()
	between := extract(finish.SessionKey, sum)
	plain, err := open(between, labelClientFinish, body[ke3Len:])
	if err != nil {
		return nil, err
	}
	key := ed25519.PublicKey(plain[:ed25519.PublicKeySize])
	if !ed25519.Verify(key, signed(labelClientSigns, sum), plain[ed25519.PublicKeySize:]) {
		return nil, ErrIdentity
	}
	tr.add(kindClientFinish, plain)
	main := extract(between, tr.sum())
	c.Write(appendMessage(nil, kindServerFinish, seal(main, labelServerFinish, []byte{alertNone})))
	ss := newSession(main)
	return newConn(c, sh.suite, ss.toClient, ss.toServer, ss.exporter, Peer{Key: key, Credential: h.credential}), nil
}
