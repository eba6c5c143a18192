package peerbench

import (
	"context"
	"fmt"
	"io"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"hearth/runtime/peer/mux"
)

const message = 64

// count reads n messages with a large buffer.
func count(b *testing.B, r io.Reader, n int) {
	buf := make([]byte, 64<<10)
	for left := n * message; left > 0; {
		k, err := r.Read(buf)
		if err != nil {
			b.Error(err)
			return
		}
		left -= k
	}
}

// oneWay sends n messages with send and waits until all have come.
func oneWay(b *testing.B, r io.Reader, send func([]byte) error) {
	b.SetBytes(message)
	measure(b, "msg/s", func(n int) {
		done := make(chan struct{})
		go func() { count(b, r, n); close(done) }()
		p := make([]byte, message)
		for range n {
			if err := send(p); err != nil {
				b.Fatal(err)
			}
		}
		<-done
	})
}

func write(w io.Writer) func([]byte) error {
	return func(p []byte) error { _, err := w.Write(p); return err }
}

// appender queues and waits for the stream to drain where much is queued, as a
// caller does that must not block elsewhere.
func appender(s *mux.Stream) func([]byte) error {
	const high, low = 256 << 10, 64 << 10
	drained := make(chan struct{}, 1)
	s.OnDrained(low, func() {
		select {
		case drained <- struct{}{}:
		default:
		}
	})
	return func(p []byte) error {
		waiting, err := s.Append(p)
		for err == nil && waiting > high {
			<-drained
			waiting = s.Waiting()
		}
		return err
	}
}

// BenchmarkMessages sends messages of 64 bytes one way on one connection. Each
// side uses the cipher that it prefers on this machine.
func BenchmarkMessages(b *testing.B) {
	b.Run("hearth/append", func(b *testing.B) {
		client, server := ours(b, loopback)
		near, far := streams(b, client, server, mux.Interactive)
		oneWay(b, far, appender(near))
	})
	b.Run("hearth/write", func(b *testing.B) {
		client, server := ours(b, loopback)
		near, far := streams(b, client, server, mux.Interactive)
		oneWay(b, far, write(near))
	})
	b.Run("yamux/secured", func(b *testing.B) {
		a, c := secured(b, loopback)
		s := overYamux(b, a, c)[0]
		oneWay(b, s[1], write(s[0]))
	})
	b.Run("yamux/tls", func(b *testing.B) {
		a, c := overTLS(b, loopback, 0)
		s := overYamux(b, a, c)[0]
		oneWay(b, s[1], write(s[0]))
	})
	b.Run("grpc/tls", func(b *testing.B) {
		client := overGRPC(b)
		stream, err := client(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(message)
		measure(b, "msg/s", func(n int) {
			p := make([]byte, message)
			for range n {
				if err := stream.SendMsg(&p); err != nil {
					b.Fatal(err)
				}
			}
			stream.CloseSend()
			var got []byte
			if err := stream.RecvMsg(&got); err != nil || string(got) != fmt.Sprint(n) {
				b.Fatalf("%s of %d came (%v)", got, n, err)
			}
		})
	})
}

// BenchmarkRoundTrip sends 64 bytes there and back.
func BenchmarkRoundTrip(b *testing.B) {
	there := func(b *testing.B, near, far io.ReadWriter) {
		go func() {
			p := make([]byte, message)
			for {
				if _, err := io.ReadFull(far, p); err != nil {
					return
				}
				far.Write(p)
			}
		}()
		measure(b, "", func(n int) {
			p := make([]byte, message)
			for range n {
				near.Write(p)
				if _, err := io.ReadFull(near, p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("tcp", func(b *testing.B) {
		near, far := loopback(b)
		there(b, near, far)
	})
	b.Run("secured", func(b *testing.B) {
		near, far := secured(b, loopback)
		there(b, near, far)
	})
	b.Run("hearth", func(b *testing.B) {
		client, server := ours(b, loopback)
		near, far := streams(b, client, server, mux.Interactive)
		there(b, near, far)
	})
	b.Run("yamux/secured", func(b *testing.B) {
		a, c := secured(b, loopback)
		s := overYamux(b, a, c)[0]
		there(b, s[0], s[1])
	})
	b.Run("yamux/tls", func(b *testing.B) {
		a, c := overTLS(b, loopback, 0)
		s := overYamux(b, a, c)[0]
		there(b, s[0], s[1])
	})
	b.Run("grpc/tls", func(b *testing.B) {
		client := overGRPC(b)
		stream, err := client(metadataEcho(context.Background()))
		if err != nil {
			b.Fatal(err)
		}
		measure(b, "", func(n int) {
			p, got := make([]byte, message), []byte(nil)
			for range n {
				if err := stream.SendMsg(&p); err != nil {
					b.Fatal(err)
				}
				if err := stream.RecvMsg(&got); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

// bytesCodec has gRPC carry bytes as they are.
type bytesCodec struct{}

func (bytesCodec) Name() string                  { return "bytes" }
func (bytesCodec) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (bytesCodec) Unmarshal(p []byte, v any) error {
	q := v.(*[]byte)
	*q = append((*q)[:0], p...)
	return nil
}

// overGRPC serves a stream in both directions over TLS. It answers every message
// or, where not asked to, their number at the end.
func overGRPC(b *testing.B) func(context.Context) (grpc.ClientStream, error) {
	b.Helper()
	cc, sc := tlsConfigs(0)
	cc.NextProtos, sc.NextProtos = []string{"h2"}, []string{"h2"}
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(sc)), grpc.ForceServerCodec(bytesCodec{}))
	desc := &grpc.StreamDesc{StreamName: "Carry", ServerStreams: true, ClientStreams: true, Handler: func(_ any, s grpc.ServerStream) error {
		echo := wantsEcho(s.Context())
		var p []byte
		for n := 0; ; n++ {
			if err := s.RecvMsg(&p); err == io.EOF {
				p = fmt.Append(nil, n)
				return s.SendMsg(&p)
			} else if err != nil {
				return err
			}
			if echo {
				if err := s.SendMsg(&p); err != nil {
					return err
				}
			}
		}
	}}
	server.RegisterService(&grpc.ServiceDesc{ServiceName: "Bench", HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{*desc}}, struct{}{})
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go server.Serve(l)
	conn, err := grpc.NewClient("passthrough:///"+l.Addr().String(),
		grpc.WithTransportCredentials(credentials.NewTLS(cc)), grpc.WithDefaultCallOptions(grpc.ForceCodec(bytesCodec{})))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close(); server.Stop() })
	return func(ctx context.Context) (grpc.ClientStream, error) {
		return conn.NewStream(ctx, desc, "/Bench/Carry")
	}
}
