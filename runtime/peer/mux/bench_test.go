package mux

import (
	"io"
	"testing"
)

// BenchmarkMessages appends 64 bytes at a time, for a reader with a large buffer.
func BenchmarkMessages(b *testing.B) {
	client, server := pair(b, Options{})
	near, far := streams(b, client, server, Interactive)
	b.SetBytes(64)
	b.ReportAllocs()
	done := make(chan struct{})
	go func() { io.CopyN(io.Discard, far, int64(b.N)*64); close(done) }()
	p := make([]byte, 64)
	for b.Loop() {
		near.Write(p)
	}
	<-done
}

// BenchmarkRoundTrip sends 64 bytes there and back.
func BenchmarkRoundTrip(b *testing.B) {
	client, server := pair(b, Options{})
	near, far := streams(b, client, server, Interactive)
	go io.Copy(far, far)
	b.ReportAllocs()
	p := make([]byte, 64)
	for b.Loop() {
		near.Write(p)
		if _, err := io.ReadFull(near, p); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBulk writes 64 KiB at a time.
func BenchmarkBulk(b *testing.B) {
	client, server := pair(b, Options{})
	near, far := streams(b, client, server, Bulk)
	p := make([]byte, 64<<10)
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	done := make(chan struct{})
	go func() {
		buf := make([]byte, 64<<10)
		for left := b.N * len(p); left > 0; {
			n, err := far.Read(buf)
			if err != nil {
				b.Error(err)
				break
			}
			left -= n
		}
		close(done)
	}()
	b.ResetTimer()
	for range b.N {
		near.Write(p)
	}
	<-done
}
