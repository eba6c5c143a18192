package secure

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

// flips calls f with b, one bit of it flipped: every bit, or one of each byte,
// another in each.
func flips(b []byte, every bool, f func(bit int, flipped []byte)) {
	c := bytes.Clone(b)
	for bit := range 8 * len(b) {
		if !every && bit%8 != bit/8*5%8 {
			continue
		}
		c[bit/8] ^= 1 << (bit % 8)
		f(bit, c)
		c[bit/8] ^= 1 << (bit % 8)
	}
}

var soak = os.Getenv("HEARTH_SOAK") == "1"

// A bit flipped anywhere in any message of the handshake is found by whoever reads
// the message, or by the client when the server answers what it never said.
func TestEveryBitOfTheHandshake(t *testing.T) {
	sc, _ := newServerConfig(t)
	cc := newClientConfig(t, sc)
	flight := firstFlight(t, cc)
	l := flight.deliver(t, sc)
	hello, err := l.respond()
	if err != nil {
		t.Fatal(err)
	}

	answered := 0
	first := append(bytes.Clone(flight.preface), flight.hello...)
	flips(first, true, func(bit int, b []byte) {
		tampered := flight
		tampered.preface, tampered.hello = b[:len(flight.preface)], b[len(flight.preface):]
		l, err := tampered.tryDeliver(sc)
		if err != nil {
			return
		}
		hello, err := l.respond()
		if err != nil {
			return
		}
		answered++
		if _, err := flight.login.verify(hello); !errors.Is(err, ErrIdentity) {
			t.Errorf("bit %d of the first flight: %v", bit, err)
		}
	})
	if answered < 32*8 {
		t.Errorf("only %d flips reached the client's check", answered)
	}

	flips(hello, true, func(bit int, b []byte) {
		if _, err := flight.login.verify(b); !errors.Is(err, ErrIdentity) && !errors.Is(err, ErrHandshake) {
			t.Errorf("bit %d of the server's hello: %v", bit, err)
		}
	})

	finish, err := flight.login.verify(hello)
	if err != nil {
		t.Fatal(err)
	}
	flips(finish, true, func(bit int, b []byte) {
		want := ErrAuth // in OPAQUE's proof; behind it, in the box
		if bit >= 8*ke3Len {
			want = ErrHandshake
		}
		if _, err := l.verify(b); !errors.Is(err, want) {
			t.Errorf("bit %d of the client's finish: %v", bit, err)
		}
	})

	if _, err := l.verify(finish); err != nil {
		t.Fatal(err)
	}
	last := l.finish(alertNone)
	flips(last, true, func(bit int, b []byte) {
		if err := flight.login.confirm(b); !errors.Is(err, ErrHandshake) {
			t.Errorf("bit %d of the server's finish: %v", bit, err)
		}
	})
	if err := flight.login.confirm(last); err != nil {
		t.Error(err)
	}
}

// What the signature would let through, OPAQUE's context catches: a hello changed
// and signed again by the server's own key, whose OPAQUE half never saw the change.
func TestOpaqueBindsTheHello(t *testing.T) {
	sc, _ := newServerConfig(t)
	cc := newClientConfig(t, sc)
	cc.Pin = func(ed25519.PublicKey) error { return nil }
	flight := firstFlight(t, cc)
	body, err := flight.deliver(t, sc).respond()
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[error]int{}
	flips(body[:len(body)-ed25519.SignatureSize], soak, func(bit int, b []byte) {
		h, err := parseServerHello(append(bytes.Clone(b), make([]byte, ed25519.SignatureSize)...))
		if err != nil || h.ksf.MemoryKiB > 1<<12 {
			return // TestKSFBounds is about these
		}
		key := sc.Identity
		if !public(key).Equal(h.identity) { // then signed by one that knows that key
			key = newIdentity(t)
			h.identity = public(key)
		}
		h.signature = ed25519.Sign(key, signed(labelServerSigns, flight.login.transcript.fork(kindServerHello, h.unsigned())))
		_, err = flight.login.verify(h.marshal())
		for _, known := range []error{ErrAuth, ErrHandshake, ErrWeakKSF, ErrCostlyKSF} {
			if errors.Is(err, known) {
				kinds[known]++
				return
			}
		}
		t.Errorf("bit %d: %v", bit, err)
	})
	if kinds[ErrAuth] < 200 {
		t.Errorf("outcomes %v: most should have come as far as OPAQUE", kinds)
	}
}

// flipper flips one bit of what passes it.
type flipper struct {
	net.Conn
	mu  sync.Mutex
	at  int // bit to flip
	pos int
}

func (f *flipper) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := bytes.Clone(p)
	if i := f.at/8 - f.pos; i >= 0 && i < len(b) {
		b[i] ^= 1 << (f.at % 8)
	}
	f.pos += len(p)
	return f.Conn.Write(b)
}

// The same on the wire, with the framing: no end accepts anything, whichever bit was
// flipped in whichever direction. The server may believe a client whose last message
// it has not seen answered; then it never gets a byte from it.
func TestFlippedBitsOnTheWire(t *testing.T) {
	sc, _ := newServerConfig(t)
	cc := newClientConfig(t, sc)
	sc.Timeout, cc.Timeout = 2*time.Second, 2*time.Second
	sc.Gate = NewGate(GateLimits{PerAddress: 1 << 20, Guesses: 1 << 20, Rate: 1 << 20})
	flight := firstFlight(t, cc)
	hello, err := flight.deliver(t, sc).respond()
	if err != nil {
		t.Fatal(err)
	}
	up := len(flight.preface) + 3 + len(flight.hello) + 3 + clientFinishLen
	down := 3 + len(hello) + 3 + serverFinishLen
	type run struct {
		fromClient bool
		bit        int
	}
	runs := make(chan run)
	var wg sync.WaitGroup
	for range 24 { // most wait: a flipped length makes an end wait for more
		wg.Go(func() {
			for r := range runs {
				if err := flipOnce(cc, sc, r.fromClient, r.bit); err != nil {
					t.Errorf("from the client %v, bit %d: %v", r.fromClient, r.bit, err)
				}
			}
		})
	}
	for _, fromClient := range []bool{true, false} {
		n := map[bool]int{true: up, false: down}[fromClient]
		flips(make([]byte, n), soak, func(bit int, _ []byte) { runs <- run{fromClient, bit} })
	}
	close(runs)
	wg.Wait()
}

func flipOnce(cc *ClientConfig, sc *ServerConfig, fromClient bool, bit int) error {
	a, b := net.Pipe()
	var client, server net.Conn = a, b
	if fromClient {
		client = &flipper{Conn: a, at: bit}
	} else {
		server = &flipper{Conn: b, at: bit}
	}
	type result struct {
		conn *Conn
		err  error
	}
	done := make(chan result, 1)
	go func() {
		c, err := Server(context.Background(), server, sc)
		done <- result{c, err}
	}()
	c, err := Client(context.Background(), client, cc)
	a.Close()
	s := <-done
	if err == nil {
		c.Abort()
		return errors.New("the client accepted")
	}
	if s.err == nil {
		defer s.conn.Abort()
		if fromClient {
			return errors.New("the server accepted what the client did not send")
		}
		if n, err := s.conn.Read(make([]byte, 1)); n != 0 || !errors.Is(err, ErrTruncated) {
			return fmt.Errorf("the server read %d, %v", n, err)
		}
	}
	return nil
}
