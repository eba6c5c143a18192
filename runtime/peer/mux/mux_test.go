package mux

import (
	"bytes"
	"context"
	"io"
	"math/rand"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tcp returns the two ends of a loopback connection.
func tcp(t testing.TB) (net.Conn, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return a, b
}

// join makes two sessions of the ends of a connection, closed with the test.
func join(t testing.TB, a, b io.ReadWriteCloser, o Options) (client, server *Session) {
	t.Helper()
	client, server = New(a, true, o), New(b, false, o)
	t.Cleanup(func() {
		var wg sync.WaitGroup
		for _, m := range []*Session{client, server} {
			wg.Add(1)
			go func() { defer wg.Done(); m.Close("the test is over") }()
		}
		wg.Wait()
	})
	return client, server
}

func pair(t testing.TB, o Options) (client, server *Session) {
	t.Helper()
	a, b := tcp(t)
	return join(t, a, b, o)
}

// streams opens one and accepts it.
func streams(t testing.TB, from, to *Session, class Class) (near, far *Stream) {
	t.Helper()
	near, err := from.Open(7, class)
	if err != nil {
		t.Fatal(err)
	}
	far, err = to.Accept(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	return near, far
}

// soon is a context that ends when a test must have hung.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func random(n int) []byte {
	p := make([]byte, n)
	rand.New(rand.NewSource(int64(n))).Read(p)
	return p
}

// echo sends back what comes on every stream of a session.
func echo(m *Session, wg *sync.WaitGroup) {
	defer wg.Done()
	for {
		s, err := m.Accept(context.Background())
		if err != nil {
			return
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			io.Copy(s, s)
			s.CloseWrite()
		}()
	}
}

// What is written arrives, on as many streams as there are, whatever the
// connection's own buffering, and nothing is left of them.
func TestStreamsCarry(t *testing.T) {
	for name, conns := range map[string]func(testing.TB) (net.Conn, net.Conn){
		"tcp":  tcp,
		"pipe": func(testing.TB) (net.Conn, net.Conn) { a, b := net.Pipe(); return a, b },
	} {
		t.Run(name, func(t *testing.T) {
			a, b := conns(t)
			client, server := join(t, a, b, Options{})
			var serving, wg sync.WaitGroup
			serving.Add(2)
			go echo(client, &serving)
			go echo(server, &serving)
			for i := range 24 {
				wg.Add(1)
				go func() {
					defer wg.Done()
					from := []*Session{client, server}[i/2%2]
					s, err := from.Open(byte(i), Class(i%2))
					if err != nil {
						t.Error(err)
						return
					}
					p := random(i * i * 3000)
					go func() {
						s.Write(p)
						s.CloseWrite()
					}()
					got, err := io.ReadAll(s)
					if err != nil || !bytes.Equal(got, p) {
						t.Errorf("stream %d: %d of %d bytes came back (%v)", i, len(got), len(p), err)
					}
				}()
			}
			wg.Wait()
			if _, err := client.Ping(soon(t)); err != nil {
				t.Fatal(err)
			}
			waitFor(t, "the streams to be forgotten", func() bool { return client.NumStreams() == 0 && server.NumStreams() == 0 })
			client.Close("done")
			serving.Wait()
		})
	}
}

// waitFor polls what other goroutines are to bring about.
func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
