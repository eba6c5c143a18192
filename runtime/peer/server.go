package peer

import (
	"context"
	"crypto/ed25519"
	"errors"
	"net"
	"net/netip"
	"sync"

	"hearth/runtime/peer/mirror"
	"hearth/runtime/peer/secure"
	"hearth/runtime/peer/trust"
)

// ServerOptions configure a server.
type ServerOptions struct {
	Node     *Node
	Identity ed25519.PrivateKey
	Space    string // its name in links
	Keys     *secure.Keys
	// Credentials and Access are asked at every login.
	Credentials *trust.Credentials
	Access      *trust.Access
	Gate        *secure.Gate
}

// Server admits peers that dial.
type Server struct {
	o ServerOptions

	mu     sync.Mutex
	lns    map[net.Listener]struct{}
	closed bool
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// NewServer returns a server that listens nowhere yet.
func NewServer(o ServerOptions) *Server {
	if o.Gate == nil {
		o.Gate = secure.NewGate(secure.GateLimits{})
	}
	s := &Server{o: o, lns: map[net.Listener]struct{}{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Serve admits what the listener accepts, until the server is closed.
func (s *Server) Serve(ln net.Listener) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		ln.Close()
		return ErrClosed
	}
	s.lns[ln] = struct{}{}
	s.mu.Unlock()
	for {
		nc, err := ln.Accept()
		if err != nil {
			s.mu.Lock()
			delete(s.lns, ln)
			closed := s.closed
			s.mu.Unlock()
			if closed {
				return nil
			}
			return err
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			nc.Close()
			return nil
		}
		s.wg.Add(1)
		s.mu.Unlock()
		go func() {
			defer s.wg.Done()
			s.admit(nc)
		}()
	}
}

// admit takes one connection from its first byte to a peer.
func (s *Server) admit(nc net.Conn) {
	log := s.o.Node.log
	addr := address(nc.RemoteAddr())
	if err := s.o.Access.CheckAddr(addr); err != nil {
		log.Debug("a connection was refused", "address", nc.RemoteAddr(), "error", err)
		nc.Close()
		return
	}
	sc, err := secure.Server(s.ctx, nc, &secure.ServerConfig{
		Identity: s.o.Identity, Space: s.o.Space, Keys: s.o.Keys, Directory: s.o.Credentials,
		Version: s.o.Node.o.Program, Gate: s.o.Gate,
		Admit: func(p secure.Peer) error { return s.o.Access.Check(p.Key, p.Credential, address(p.Addr)) },
	})
	if err != nil {
		nc.Close()
		var blocked *trust.BlockedError
		switch {
		case errors.As(err, &blocked):
			log.Info("a peer was refused", "address", addr, "error", err)
		case errors.Is(err, secure.ErrAuth):
			log.Info("a login failed", "address", addr)
		default:
			log.Debug("a handshake failed", "address", addr, "error", err)
		}
		return
	}
	p := sc.Peer()
	role, ok := s.o.Credentials.Role(p.Credential)
	if !ok { // revoked since the login
		sc.Close()
		return
	}
	info := Info{Key: p.Key, Credential: p.Credential, Role: role, Addr: p.Addr}
	a := Attach{Info: info}
	if role == trust.Mirror {
		a.Blocks = mirror.Everything(s.o.Node.rt.Store())
	}
	c, err := s.o.Node.Attach(s.ctx, sc, a)
	if err != nil {
		log.Info("a peer did not get as far as messages", "peer", info.Name(), "address", addr, "error", err)
		return
	}
	log.Info("a peer connected", "peer", c.info.Name(), "credential", p.Credential, "address", addr)
}

// Recheck ends the connections whose key, credential or address the lists no longer
// admit, and those of credentials that were revoked or are for another role now.
func (s *Server) Recheck() {
	s.o.Node.Check(func(i Info) error {
		if i.Server {
			return nil
		}
		if role, ok := s.o.Credentials.Role(i.Credential); !ok || role != i.Role {
			return secure.ErrAuth
		}
		return s.o.Access.Check(i.Key, i.Credential, address(i.Addr))
	})
}

// Close stops listening and ends handshakes. Connections are the node's.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	for ln := range s.lns {
		ln.Close()
	}
	s.mu.Unlock()
	s.cancel()
	s.wg.Wait()
}

// address is the IP address of a network address, invalid where it has none.
func address(a net.Addr) netip.Addr {
	if a == nil {
		return netip.Addr{}
	}
	if ta, ok := a.(*net.TCPAddr); ok {
		ap := ta.AddrPort()
		return ap.Addr().Unmap()
	}
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		ip, _ := netip.ParseAddr(a.String())
		return ip.Unmap()
	}
	return ap.Addr().Unmap()
}
