package secure

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// Wrong, unknown and revoked are one error with one text, and an empty or endless
// password never leaves the client.
func TestOneTextForAllFailures(t *testing.T) {
	cases := []struct {
		name   string
		change func(*ClientConfig, *directory)
	}{
		{"wrong password", func(c *ClientConfig, _ *directory) { c.Password = []byte("hunter23") }},
		{"unknown credential", func(c *ClientConfig, _ *directory) { c.Credential = "nobody" }},
		{"revoked", func(_ *ClientConfig, d *directory) { d.set(testName, nil) }},
		{"damaged record", func(_ *ClientConfig, d *directory) { d.set(testName, []byte("x")) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			sc, d := newServerConfig(t)
			cc := newClientConfig(t, sc)
			c.change(cc, d)
			a, b := tcpPair(t)
			_, _, cErr, sErr := handshake(t, a, b, cc, sc)
			if !errors.Is(cErr, ErrAuth) || cErr.Error() != ErrAuth.Error() {
				t.Errorf("the client says %q", cErr)
			}
			if sErr == nil {
				t.Error("the server accepted")
			}
			if damaged := strings.Contains(sErr.Error(), "is damaged"); damaged != (c.name == "damaged record") {
				t.Errorf("the server says %q", sErr)
			}
		})
	}
}

// A credential that is revoked between the server's answer and the client's proof
// is revoked, and the client hears nothing else.
func TestRevokedDuringTheLogin(t *testing.T) {
	sc, d := newServerConfig(t)
	cc := newClientConfig(t, sc)
	pin := cc.Pin
	cc.Pin = func(k ed25519.PublicKey) error {
		d.set(testName, nil)
		return pin(k)
	}
	a, b := tcpPair(t)
	_, _, cErr, sErr := handshake(t, a, b, cc, sc)
	if !errors.Is(cErr, ErrAuth) || !errors.Is(sErr, ErrAuth) {
		t.Errorf("%v; %v", cErr, sErr)
	}
}

// The server takes the same steps for a credential that exists and one that does
// not: it asks once, allocates as much and answers as long.
func TestKnownAndUnknownTakeTheSamePath(t *testing.T) {
	sc, d := newServerConfig(t)
	measure := func(credential string) (asked, size int, allocs float64) {
		cc := newClientConfig(t, sc)
		cc.Credential = credential
		flight := firstFlight(t, cc)
		before := d.asked
		hello, err := flight.deliver(t, sc).respond()
		if err != nil {
			t.Fatal(err)
		}
		asked, size = d.asked-before, len(hello)
		allocs = testing.AllocsPerRun(50, func() {
			if _, err := flight.deliver(t, sc).respond(); err != nil {
				t.Fatal(err)
			}
		})
		return asked, size, allocs
	}
	// Names of one length: they are part of what is hashed.
	a1, s1, n1 := measure("space")
	a2, s2, n2 := measure("nobod")
	if a1 != 1 || a2 != 1 || s1 != s2 || n1-n2 > 1 || n2-n1 > 1 {
		t.Errorf("known: asked %d, %d bytes, %v allocations; unknown: asked %d, %d bytes, %v allocations", a1, s1, n1, a2, s2, n2)
	}
}

func TestUnknownSpace(t *testing.T) {
	sc, _ := newServerConfig(t)
	cc := newClientConfig(t, sc)
	cc.Space = "cellar"
	a, b := tcpPair(t)
	_, _, cErr, sErr := handshake(t, a, b, cc, sc)
	var unsigned *AlertError
	if !errors.Is(cErr, ErrUnknownSpace) || !errors.As(cErr, &unsigned) || !errors.Is(sErr, ErrUnknownSpace) {
		t.Errorf("%v; %v", cErr, sErr)
	}
}

// Lists refuse after the login. The client is told so by a message that only the
// server can have sent, and not why.
func TestAdmitRefuses(t *testing.T) {
	sc, _ := newServerConfig(t)
	blocked := errors.New("rule 7 blocks it")
	var seen Peer
	sc.Admit = func(p Peer) error { seen = p; return blocked }
	cc := newClientConfig(t, sc)
	a, b := tcpPair(t)
	_, _, cErr, sErr := handshake(t, a, b, cc, sc)
	if !errors.Is(cErr, ErrRefused) || errors.As(cErr, new(*AlertError)) || strings.Contains(cErr.Error(), "rule 7") {
		t.Errorf("the client says %v", cErr)
	}
	if !errors.Is(sErr, ErrRefused) || !errors.Is(sErr, blocked) {
		t.Errorf("the server says %v", sErr)
	}
	if !seen.Key.Equal(public(cc.Identity)) || seen.Credential != testName {
		t.Errorf("the lists were asked about %+v", seen)
	}
}

// A server that knows the password and every record, but not the identity key, is
// refused at the pin, and gets nothing that the password was used for.
func TestTwinServer(t *testing.T) {
	real, _ := newServerConfig(t)
	twin, _ := newServerConfig(t) // same space, credential and password
	cc := newClientConfig(t, real)
	a, b := tcpPair(t)
	_, _, cErr, sErr := handshake(t, a, b, cc, twin)
	if !errors.Is(cErr, errWrongPin) {
		t.Errorf("the client says %v", cErr)
	}
	if !errors.Is(sErr, ErrHandshake) || !errors.Is(sErr, io.EOF) {
		t.Errorf("the twin got more than the hello: %v", sErr)
	}

	t.Run("with the true key in its hello", func(t *testing.T) {
		flight := firstFlight(t, cc)
		body, err := flight.deliver(t, twin).respond()
		if err != nil {
			t.Fatal(err)
		}
		h, err := parseServerHello(body)
		if err != nil {
			t.Fatal(err)
		}
		h.identity = public(real.Identity)
		h.signature = ed25519.Sign(twin.Identity, signed(labelServerSigns, flight.login.transcript.fork(kindServerHello, h.unsigned())))
		if _, err := flight.login.verify(h.marshal()); !errors.Is(err, ErrIdentity) {
			t.Error(err)
		}
	})
	t.Run("asks for nothing before the pin", func(t *testing.T) {
		cc := *cc
		cc.MinKSF = FloorKSF // the twin's parameters are far below
		a, b := tcpPair(t)
		_, _, cErr, _ := handshake(t, a, b, &cc, twin)
		if !errors.Is(cErr, errWrongPin) || errors.Is(cErr, ErrWeakKSF) {
			t.Error(cErr)
		}
	})
}

// A client cannot log in as a key that is not its own, even with the password.
func TestClientProvesItsKey(t *testing.T) {
	sc, _ := newServerConfig(t)
	cc := newClientConfig(t, sc)
	victim := newIdentity(t)
	// The public half of the victim's key, the private half of another.
	cc.Identity = append(append(ed25519.PrivateKey{}, cc.Identity.Seed()...), public(victim)...)
	a, b := tcpPair(t)
	_, _, cErr, sErr := handshake(t, a, b, cc, sc)
	if !errors.Is(sErr, ErrIdentity) || cErr == nil {
		t.Errorf("%v; %v", cErr, sErr)
	}
}

// Two ends without a version in common both say so, with both versions and both
// programs; with one in common they take the highest.
func TestVersions(t *testing.T) {
	cases := []struct {
		name           string
		client, server [2]uint8
		ok             bool
		advice         [2]string
	}{
		{"same", [2]uint8{1, 1}, [2]uint8{1, 1}, true, [2]string{}},
		{"newer client that knows the old", [2]uint8{1, 3}, [2]uint8{1, 1}, true, [2]string{}},
		{"newer server that knows the old", [2]uint8{1, 1}, [2]uint8{1, 4}, true, [2]string{}},
		{"newer client", [2]uint8{2, 3}, [2]uint8{1, 1}, false, [2]string{"update the peer", "update this program"}},
		{"newer server", [2]uint8{1, 1}, [2]uint8{2, 9}, false, [2]string{"update this program", "update the peer"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			sc, _ := newServerConfig(t)
			cc := newClientConfig(t, sc)
			sc.span, cc.span = c.server, c.client
			sc.Version, cc.Version = "hearth 0.9", "hearth 0.3"
			a, b := tcpPair(t)
			cConn, sConn, cErr, sErr := handshake(t, a, b, cc, sc)
			if c.ok {
				if cErr != nil || sErr != nil {
					t.Fatal(cErr, sErr)
				}
				cConn.Abort()
				sConn.Abort()
				return
			}
			cv, sv := Versions{c.client[0], c.client[1], "hearth 0.3"}, Versions{c.server[0], c.server[1], "hearth 0.9"}
			var e *VersionError
			if !errors.As(cErr, &e) || e.Ours != cv || e.Theirs != sv || !strings.Contains(e.Error(), c.advice[0]) {
				t.Errorf("the client says %v", cErr)
			}
			if !errors.As(sErr, &e) || e.Ours != sv || e.Theirs != cv || !strings.Contains(e.Error(), c.advice[1]) {
				t.Errorf("the server says %v", sErr)
			}
		})
	}
}

// What a server may make a client compute is bounded on both sides.
func TestKSFBounds(t *testing.T) {
	cases := []struct {
		ksf  KSF
		want error
	}{
		{DefaultKSF, nil}, {FloorKSF, nil},
		{KSF{1, 64 * 1024, 4}, ErrWeakKSF}, {KSF{3, 1024, 4}, ErrWeakKSF}, {KSF{3, 64 * 1024, 0}, ErrWeakKSF},
		{KSF{}, ErrWeakKSF}, {InsecureKSF, ErrWeakKSF},
		{KSF{maxKSFTime, 64 * 1024, 1}, nil}, {KSF{maxKSFTime + 1, 64 * 1024, 1}, ErrCostlyKSF},
		{KSF{2, maxKSFMemoryKiB, 4}, nil}, {KSF{2, maxKSFMemoryKiB + 1, 4}, ErrCostlyKSF},
		{KSF{3, 64 * 1024, maxKSFThreads + 1}, ErrCostlyKSF}, {KSF{maxKSFTime, maxKSFMemoryKiB, 1}, ErrCostlyKSF},
		{KSF{^uint32(0), ^uint32(0), 255}, ErrCostlyKSF},
	}
	for _, c := range cases {
		if err := c.ksf.Check(); !errors.Is(err, c.want) {
			t.Errorf("%v: %v, want %v", c.ksf, err, c.want)
		}
	}

	sc, _ := newServerConfig(t)
	cc := newClientConfig(t, sc)
	cc.MinKSF = KSF{}
	a, b := tcpPair(t)
	if _, _, cErr, _ := handshake(t, a, b, cc, sc); !errors.Is(cErr, ErrWeakKSF) {
		t.Errorf("a weak server: %v", cErr)
	}
	if _, err := NewKeys(public(sc.Identity), KSF{1, 7, 1}); !errors.Is(err, ErrConfig) {
		t.Errorf("keys for parameters that Argon2id does not have: %v", err)
	}
	if _, err := NewKeys(public(sc.Identity), KSF{99, 64, 1}); !errors.Is(err, ErrCostlyKSF) {
		t.Errorf("keys that no client would accept: %v", err)
	}
}

// What can be known to be wrong before the first byte is refused there.
func TestConfigurations(t *testing.T) {
	sc, _ := newServerConfig(t)
	other, _ := newServerConfig(t)
	long := strings.Repeat("x", MaxName+1)
	servers := map[string]func(*ServerConfig){
		"no identity":   func(c *ServerConfig) { c.Identity = nil },
		"no keys":       func(c *ServerConfig) { c.Keys = nil },
		"foreign keys":  func(c *ServerConfig) { c.Keys = other.Keys },
		"no directory":  func(c *ServerConfig) { c.Directory = nil },
		"no space":      func(c *ServerConfig) { c.Space = "" },
		"long version":  func(c *ServerConfig) { c.Version = long },
		"control chars": func(c *ServerConfig) { c.Version = "\x1b[2J" },
	}
	for name, change := range servers {
		c := *sc
		change(&c)
		a, b := net.Pipe()
		if _, err := Server(context.Background(), b, &c); !errors.Is(err, ErrConfig) {
			t.Errorf("server, %s: %v", name, err)
		}
		if _, err := a.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("server, %s: the connection is open: %v", name, err)
		}
	}
	clients := map[string]struct {
		change func(*ClientConfig)
		want   error
	}{
		"no identity":    {func(c *ClientConfig) { c.Identity = nil }, ErrConfig},
		"no pin":         {func(c *ClientConfig) { c.Pin = nil }, ErrConfig},
		"long version":   {func(c *ClientConfig) { c.Version = long }, ErrConfig},
		"odd floor":      {func(c *ClientConfig) { c.MinKSF = KSF{1, 1, 1} }, ErrConfig},
		"no space":       {func(c *ClientConfig) { c.Space = "" }, ErrName},
		"long space":     {func(c *ClientConfig) { c.Space = long }, ErrName},
		"NUL in a name":  {func(c *ClientConfig) { c.Credential = "a\x00b" }, ErrName},
		"empty password": {func(c *ClientConfig) { c.Password = nil }, ErrPassword},
		"long password":  {func(c *ClientConfig) { c.Password = make([]byte, MaxPassword+1) }, ErrPassword},
	}
	for name, x := range clients {
		c := newClientConfig(t, sc)
		x.change(c)
		a, b := net.Pipe()
		if _, err := Client(context.Background(), a, c); !errors.Is(err, x.want) {
			t.Errorf("client, %s: %v", name, err)
		}
		if _, err := b.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("client, %s: the connection is open: %v", name, err)
		}
	}
}

// A peer that says nothing ends with the timeout, or with the context, whichever is
// first, on both sides.
func TestSilentPeer(t *testing.T) {
	sc, _ := newServerConfig(t)
	cc := newClientConfig(t, sc)
	ends := map[string]func(context.Context, net.Conn, time.Duration) error{
		"server": func(ctx context.Context, c net.Conn, d time.Duration) error {
			cfg := *sc
			cfg.Timeout = d
			_, err := Server(ctx, c, &cfg)
			return err
		},
		"client": func(ctx context.Context, c net.Conn, d time.Duration) error {
			cfg := *cc
			cfg.Timeout = d
			_, err := Client(ctx, c, &cfg)
			return err
		},
	}
	for name, run := range ends {
		a, b := tcpPair(t)
		var ne net.Error
		if err := run(context.Background(), a, 50*time.Millisecond); !errors.As(err, &ne) || !ne.Timeout() || !errors.Is(err, ErrHandshake) {
			t.Errorf("%s, timeout: %v", name, err)
		}
		b.Close()
		a, b = tcpPair(t)
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(50*time.Millisecond, cancel)
		if err := run(ctx, a, time.Hour); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, context: %v", name, err)
		}
		b.Close()
	}
}

// What is no handshake is told so, at both ends.
func TestGarbage(t *testing.T) {
	sc, _ := newServerConfig(t)
	cc := newClientConfig(t, sc)
	for _, text := range []string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HRTH\x00\x00\x00", "HRTH\x01\x01\x00\x02\x00\x01x", "HRTH\x01\x01\x00\x01\xff\xff", "HRTH\x01\x01\x00\x01\x00\x00"} {
		a, b := tcpPair(t)
		go func() {
			a.Write([]byte(text))
			io.Copy(io.Discard, a)
			a.Close()
		}()
		if _, err := Server(context.Background(), b, sc); !errors.Is(err, ErrHandshake) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"SSH-2.0-OpenSSH_9.6\r\n", "\x02\x00\x01x", "\x05\x00\x04\x00\x01\x01\x00", "\x03\x00\x01x"} {
		a, b := tcpPair(t)
		go func() {
			b.Write([]byte(text))
			io.Copy(io.Discard, b)
			b.Close()
		}()
		if _, err := Client(context.Background(), a, cc); !errors.Is(err, ErrHandshake) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
