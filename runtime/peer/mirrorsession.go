package peer

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"net"

	"hearth/lumps/want"
	"hearth/runtime/peer/mirror"
	"hearth/runtime/peer/mux"
	"hearth/runtime/peer/secure"
	"hearth/runtime/peer/transport"
	"hearth/runtime/peer/trust"
)

// MirrorSession is a connection of somebody who comes for the lumps alone: it
// needs no runtime, gives no capability and takes none. It is a mirror.Session.
type MirrorSession struct {
	mux    *mux.Session
	want   *want.Exchange
	offers *mirror.Offers
	Server ed25519.PublicKey
	// Program is what the server calls itself.
	Program string
}

// DialMirror connects with a mirror's credential. Of d, the node and what Run needs
// are not used.
func DialMirror(ctx context.Context, d Client) (*MirrorSession, error) {
	sc, server, err := d.secured(ctx)
	if err != nil {
		return nil, err
	}
	mux.Tune(sc)
	s := &MirrorSession{mux: mux.New(sc, true, mux.Options{}), offers: new(mirror.Offers), Server: server}
	if err := s.greet(ctx, d.program()); err != nil {
		s.mux.Close(closing(err))
		return nil, err
	}
	return s, nil
}

func (s *MirrorSession) greet(ctx context.Context, program string) error {
	ctx, cancel := context.WithTimeout(ctx, helloTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { s.mux.Close("no hello came in time") })
	defer stop()
	streams, err := openStreams(ctx, s.mux, true)
	if err != nil {
		return err
	}
	mine := hello{version: version, program: program}
	if _, err := streams[0].Write(endFrame(mine.append(appendFrame(nil, opHello)))); err != nil {
		return err
	}
	r := newFrames(streams[0])
	h, err := readHello(s.mux, r)
	if err != nil {
		return err
	}
	s.Program = h.program
	s.want = want.New(streams[1], streams[2], want.Options{Provider: s.offers})
	go func() {
		// Nobody has anything to say to us; who does so nevertheless is not listened to.
		for {
			if _, _, err := r.next(); err != nil {
				s.want.Close()
				return
			}
		}
	}()
	return nil
}

// Open begins a stream to the server's mirror service.
func (s *MirrorSession) Open(context.Context) (io.ReadWriteCloser, error) {
	st, err := s.mux.Open(streamMirror, mux.Bulk)
	if err != nil {
		return nil, err
	}
	return mirrorStream{st}, nil
}

// ErrNoMirror reports a server that has no mirror service for the credential. It
// matches want.ErrDenied.
var ErrNoMirror error = noMirrorError{}

type noMirrorError struct{}

func (noMirrorError) Error() string {
	return "the server moves worlds with a mirror's credential only; have its operator make one with hearth-ctl invite --mirror"
}
func (noMirrorError) Unwrap() error { return want.ErrDenied }

// mirrorStream says of a stream that was refused what that means.
type mirrorStream struct{ *mux.Stream }

func (s mirrorStream) Read(p []byte) (int, error) {
	n, err := s.Stream.Read(p)
	return n, refused(err)
}

func (s mirrorStream) Write(p []byte) (int, error) {
	n, err := s.Stream.Write(p)
	return n, refused(err)
}

func refused(err error) error {
	var reset *mux.ResetError
	if errors.As(err, &reset) && reset.Remote && reset.Code == codeNoMirror {
		return ErrNoMirror
	}
	return err
}

// Source gives blocks of the server.
func (s *MirrorSession) Source() want.Source { return s.want }

// Offers is what the server may ask for.
func (s *MirrorSession) Offers() *mirror.Offers { return s.offers }

// Done is closed when the connection has ended; Err says why.
func (s *MirrorSession) Done() <-chan struct{} { return s.mux.Done() }

// Err is why the connection ended, nil before.
func (s *MirrorSession) Err() error { return s.mux.Err() }

// Close ends the connection in order.
func (s *MirrorSession) Close() error {
	s.want.Close()
	return s.mux.Close("done")
}

// secured dials and proves both ends.
func (d *Client) secured(ctx context.Context) (net.Conn, ed25519.PublicKey, error) {
	dial := d.Dial
	if dial == nil {
		dial = transport.Dial
	}
	nc, err := dial(ctx, d.Link)
	if err != nil {
		return nil, nil, err
	}
	credential := d.Link.Credential
	if credential == "" {
		credential = trust.SpaceCredential
	}
	sc, err := secure.Client(ctx, nc, &secure.ClientConfig{
		Identity: d.Identity, Space: d.Link.Space, Credential: credential, Password: d.Password,
		Version: d.program(), MinKSF: d.MinKSF, Pin: d.Pin,
	})
	if err != nil {
		nc.Close()
		return nil, nil, err
	}
	return sc, sc.Peer().Key, nil
}

func (d *Client) program() string {
	if d.Program == "" && d.Node != nil {
		return d.Node.o.Program
	}
	return d.Program
}
