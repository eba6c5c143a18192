package transport_test

import (
	"io"
	"testing"
	"time"
)

// BenchmarkTransfer moves data one way in writes of the size of four records, by
// TCP, by WebSocket, and by WebSocket through a reverse proxy with TLS.
func BenchmarkTransfer(b *testing.B) {
	for _, w := range ways {
		b.Run(w.name, func(b *testing.B) {
			const size = 64 << 10
			client, server := ready(b, w)
			client.SetDeadline(time.Time{})
			server.SetDeadline(time.Time{})
			data := make([]byte, size)
			done := make(chan error, 1)
			b.SetBytes(size)
			b.ReportAllocs()
			b.ResetTimer()
			go func() {
				buf := make([]byte, size)
				var err error
				for got := 0; got < size*b.N && err == nil; {
					var n int
					n, err = server.Read(buf)
					got += n
				}
				done <- err
			}()
			for range b.N {
				if _, err := client.Write(data); err != nil {
					b.Fatal(err)
				}
			}
			if err := <-done; err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkRoundTrip sends 64 bytes there and back.
func BenchmarkRoundTrip(b *testing.B) {
	for _, w := range ways {
		b.Run(w.name, func(b *testing.B) {
			client, server := ready(b, w)
			client.SetDeadline(time.Time{})
			server.SetDeadline(time.Time{})
			done := make(chan struct{})
			go func() {
				defer close(done)
				buf := make([]byte, 64)
				for {
					if _, err := io.ReadFull(server, buf); err != nil {
						return
					}
					if _, err := server.Write(buf); err != nil {
						return
					}
				}
			}()
			buf := make([]byte, 64)
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if _, err := client.Write(buf); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(client, buf); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			client.Close()
			<-done
		})
	}
}
