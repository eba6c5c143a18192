package transport_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// What was written before Close arrives, and then the end.
func TestCloseEndsTheOtherSide(t *testing.T) {
	everyWay(t, func(t *testing.T, w way) {
		for _, clientCloses := range []bool{true, false} {
			a, b := ready(t, w)
			if !clientCloses {
				a, b = b, a
			}
			if _, err := a.Write([]byte("last words")); err != nil {
				t.Fatal(err)
			}
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(b)
			if string(got) != "last words" || err != nil {
				t.Errorf("client closes %v: read %q, %v", clientCloses, got, err)
			}
			if n, err := b.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("client closes %v: another read: %d, %v", clientCloses, n, err)
			}
			// The first writes may still go into the socket.
			var werr error
			for end := time.Now().Add(patience); werr == nil && time.Now().Before(end); {
				_, werr = b.Write(make([]byte, 1<<10))
			}
			if werr == nil || errors.Is(werr, os.ErrDeadlineExceeded) {
				t.Errorf("client closes %v: writing to who is gone: %v", clientCloses, werr)
			}
		}
	})
}

// Close wakes up whoever reads or writes, and says net.ErrClosed from then on.
func TestCloseWakes(t *testing.T) {
	everyWay(t, func(t *testing.T, w way) {
		for _, end := range []string{"client", "server"} {
			client, server := ready(t, w)
			c := client
			if end == "server" {
				c = server
			}
			read, wrote := make(chan error, 1), make(chan error, 1)
			go func() {
				_, err := io.ReadFull(c, make([]byte, 1))
				read <- err
			}()
			go func() {
				// The other side does not read: this stalls.
				var err error
				for err == nil {
					_, err = c.Write(make([]byte, 256<<10))
				}
				wrote <- err
			}()
			time.Sleep(50 * time.Millisecond)
			begin := time.Now()
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			if took := time.Since(begin); took > 3*time.Second {
				t.Errorf("%s: Close took %v with a peer that does not read", end, took)
			}
			if err := <-read; !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: the read ended with %v", end, err)
			}
			if err := <-wrote; !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: the write ended with %v", end, err)
			}
			if err := c.Close(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: a second Close: %v", end, err)
			}
			if err := c.SetDeadline(time.Now()); !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: a deadline after Close: %v", end, err)
			}
			if _, err := c.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: a write after Close: %v", end, err)
			}
		}
	})
}

// Deadlines end a read and a write that wait, and can be moved while they do.
func TestDeadlines(t *testing.T) {
	everyWay(t, func(t *testing.T, w way) {
		client, server := ready(t, w)
		for _, c := range []net.Conn{client, server} {
			read := make(chan error, 1)
			go func() {
				_, err := c.Read(make([]byte, 1))
				read <- err
			}()
			c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
			err := <-read
			var timeout net.Error
			if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
				t.Errorf("read: %v", err)
			}
		}
		// Reading timed out; the other direction still works.
		if _, err := client.Write([]byte("x")); err != nil {
			t.Error(err)
		}
		server.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
		var err error
		for err == nil {
			_, err = server.Write(make([]byte, 256<<10))
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("write: %v", err)
		}
	})
}
