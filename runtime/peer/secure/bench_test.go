package secure

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"syscall"
	"testing"
	"time"
)

// BenchmarkServerHalf is what a server computes for one login: respond for whoever
// asks, verify only for who proves.
func BenchmarkServerHalf(b *testing.B) {
	sc, _ := newServerConfig(b)
	for _, credential := range []string{testName, "nobody"} {
		cc := newClientConfig(b, sc)
		cc.Credential = credential
		flight := firstFlight(b, cc)
		name := map[bool]string{true: "respond/known", false: "respond/unknown"}[credential == testName]
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				l := flight.deliver(b, sc)
				if _, err := l.respond(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("whole", func(b *testing.B) {
		b.ReportAllocs()
		cc := newClientConfig(b, sc)
		for b.Loop() {
			b.StopTimer()
			flight := firstFlight(b, cc)
			b.StartTimer()
			l := flight.deliver(b, sc)
			hello, err := l.respond()
			if err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			finish, err := flight.login.verify(hello)
			if err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			if _, err := l.verify(finish); err != nil {
				b.Fatal(err)
			}
			newSession(l.main)
			l.finish(alertNone)
		}
	})
}

// BenchmarkClientHalf is what a login costs a client, all else being a millisecond.
func BenchmarkClientHalf(b *testing.B) {
	for _, ksf := range []KSF{InsecureKSF, FloorKSF, DefaultKSF} {
		b.Run(ksf.String(), func(b *testing.B) {
			sc, d := newServerConfig(b)
			keys, err := NewKeys(public(sc.Identity), ksf)
			if err != nil {
				b.Fatal(err)
			}
			record, err := keys.Register(testSpace, testName, []byte(testPassword))
			if err != nil {
				b.Fatal(err)
			}
			sc.Keys = keys
			d.set(testName, record)
			cc := newClientConfig(b, sc)
			b.ReportAllocs()
			for b.Loop() {
				flight := firstFlight(b, cc)
				hello, err := flight.deliver(b, sc).respond()
				if err != nil {
					b.Fatal(err)
				}
				if _, err := flight.login.verify(hello); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRecords moves bytes through a loopback TCP pair, the reader on its own
// goroutine: bare, secured with either suite, and crypto/tls with the same ciphers.
// The rate of the clock, and that of the processor time of both ends. TLS 1.2, because TLS 1.3 chooses the cipher by the processor.
func BenchmarkRecords(b *testing.B) {
	pairs := []struct {
		name string
		pair func(testing.TB) (net.Conn, net.Conn)
	}{
		{"tcp", tcpPair},
		{"secure-chacha", func(t testing.TB) (net.Conn, net.Conn) { return securedPair(t, suiteChaCha) }},
		{"tls-chacha", func(t testing.TB) (net.Conn, net.Conn) {
			return tlsPair(t, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256)
		}},
		{"secure-aes", func(t testing.TB) (net.Conn, net.Conn) { return securedPair(t, suiteAESGCM) }},
		{"tls-aes", func(t testing.TB) (net.Conn, net.Conn) {
			return tlsPair(t, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384)
		}},
	}
	for _, w := range []struct {
		name string
		size int
	}{{"64B", 64}, {"16KiB", 16 << 10}, {"bulk-1MiB", 1 << 20}} {
		for _, p := range pairs {
			b.Run(w.name+"/"+p.name, func(b *testing.B) {
				from, to := p.pair(b)
				defer from.Close()
				defer to.Close()
				buf := make([]byte, w.size)
				done := make(chan error, 1)
				total := 0
				go func() {
					in := make([]byte, 256<<10)
					n := 0
					for {
						m, err := to.Read(in)
						n += m
						if err != nil {
							if err == io.EOF {
								err = nil
							}
							total = n
							done <- err
							return
						}
					}
				}()
				b.SetBytes(int64(w.size))
				b.ReportAllocs()
				b.ResetTimer()
				start := processorTime(b)
				for range b.N {
					if _, err := from.Write(buf); err != nil {
						b.Fatal(err)
					}
				}
				// The time ends when all has arrived.
				if t, ok := from.(*net.TCPConn); ok {
					t.CloseWrite()
				} else {
					go from.Close() // which waits for the peer's own close
				}
				if err := <-done; err != nil || total != b.N*w.size {
					b.Fatalf("%d of %d bytes arrived: %v", total, b.N*w.size, err)
				}
				b.StopTimer()
				b.ReportMetric(float64(total)/1e6/(processorTime(b)-start).Seconds(), "MB/cpu-s")
			})
		}
	}
}

// BenchmarkRoundTrip is 64 bytes there and back.
func BenchmarkRoundTrip(b *testing.B) {
	for _, p := range []struct {
		name string
		pair func(testing.TB) (net.Conn, net.Conn)
	}{
		{"tcp", tcpPair},
		{"secure-chacha", func(t testing.TB) (net.Conn, net.Conn) { return securedPair(t, suiteChaCha) }},
		{"secure-aes", func(t testing.TB) (net.Conn, net.Conn) { return securedPair(t, suiteAESGCM) }},
		{"tls-chacha", func(t testing.TB) (net.Conn, net.Conn) {
			return tlsPair(t, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256)
		}},
	} {
		b.Run(p.name, func(b *testing.B) {
			from, to := p.pair(b)
			defer from.Close()
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer to.Close()
				buf := make([]byte, 64)
				for {
					if _, err := io.ReadFull(to, buf); err != nil {
						return
					}
					to.Write(buf)
				}
			}()
			buf := make([]byte, 64)
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				from.Write(buf)
				if _, err := io.ReadFull(from, buf); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			from.Close()
			<-done
		})
	}
}

// processorTime is what both ends used, which says more than the clock on a machine
// that others use too.
func processorTime(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// securedPair has records and no handshake.
func securedPair(t testing.TB, suite uint8) (net.Conn, net.Conn) {
	a, b := tcpPair(t)
	return recordPair(a, b, suite)
}

func recordPair(a, b net.Conn, suite uint8) (*Conn, *Conn) {
	up := func() []byte { return expand(make([]byte, 64), "up", secretLen) }
	down := func() []byte { return expand(make([]byte, 64), "down", secretLen) }
	return newConn(a, suite, up(), down(), nil, Peer{}), newConn(b, suite, down(), up(), nil, Peer{})
}

func tlsPair(t testing.TB, suite uint16) (net.Conn, net.Conn) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	a, b := tcpPair(t)
	conf := &tls.Config{
		MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite},
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, InsecureSkipVerify: true,
	}
	client, server := tls.Client(a, conf), tls.Server(b, conf)
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := client.ConnectionState().CipherSuite; got != suite {
		t.Fatalf("TLS took %s", tls.CipherSuiteName(got))
	}
	return client, server
}
