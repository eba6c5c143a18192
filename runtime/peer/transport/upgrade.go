package transport

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"
)

const (
	// The library's own buffers are small: the wire beneath has larger ones, and
	// what is longer passes them by.
	frameRead  = 1 << 10
	frameWrite = 4 << 10
)

// upgrade answers the web on c, whose deadline is end, and makes a WebSocket of it.
func (l *listener) upgrade(c *net.TCPConn, end time.Time, proxied bool) (net.Conn, error) {
	w := newWire(c)
	req, err := http.ReadRequest(w.r)
	if err != nil {
		// A line that is cut short is not told from a wrong one by the error.
		if !time.Now().Before(end) {
			return nil, os.ErrDeadlineExceeded
		}
		return nil, answer(c, http.StatusBadRequest, ErrBadRequest)
	}
	var remote net.Addr = c.RemoteAddr()
	if proxied {
		peer, err := l.forwarded(req.Header, addrOf(remote))
		if err != nil {
			return nil, answer(c, http.StatusBadRequest, err)
		}
		if l.o.Admit != nil {
			if err := l.o.Admit(peer); err != nil {
				answer(c, http.StatusForbidden, errors.New("this peer is not let in"))
				return nil, err
			}
		}
		if peer != addrOf(remote) {
			// The port of the peer is not known.
			remote = net.TCPAddrFromAddrPort(netip.AddrPortFrom(peer, 0))
		}
	}
	if req.ContentLength != 0 || len(req.TransferEncoding) > 0 || !offers(req.Header) {
		return nil, answer(c, http.StatusUpgradeRequired, ErrBadRequest)
	}
	r := &response{wire: w, header: http.Header{}}
	ws, err := websocket.Accept(r, req, &websocket.AcceptOptions{Subprotocols: []string{subprotocol}})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadRequest, err)
	}
	return newWebConn(ws, w, remote), nil
}

// offers reports whether a request asks for Hearth's subprotocol.
func offers(h http.Header) bool {
	return slices.ContainsFunc(strings.Split(strings.Join(h.Values("Sec-WebSocket-Protocol"), ","), ","), func(s string) bool {
		return strings.TrimSpace(s) == subprotocol
	})
}

// forwarded returns the peer that a trusted proxy asks for. Each proxy adds at the
// end whom it was asked by: the last one that is no trusted proxy is the peer, and
// what stands before it may be its invention.
func (l *listener) forwarded(h http.Header, proxy netip.Addr) (netip.Addr, error) {
	peer := proxy
	hops := strings.Split(strings.Join(h.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if hop = strings.TrimSpace(hop); hop == "" && len(hops) == 1 {
			break
		}
		a, err := netip.ParseAddr(strings.Trim(hop, "[]"))
		if err != nil { // some proxies add the port
			ap, err := netip.ParseAddrPort(hop)
			if err != nil {
				return netip.Addr{}, ErrForwarded
			}
			a = ap.Addr()
		}
		if peer = a.Unmap().WithZone(""); !l.trusts(peer) {
			break
		}
	}
	return peer, nil
}

// answer refuses a request, with a word for those who look with a browser, and
// returns err.
func answer(c net.Conn, status int, err error) error {
	body := err.Error() + "\n"
	fmt.Fprintf(c, "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s", status, http.StatusText(status), len(body), body)
	return err
}

// response is the answer to the one request of a connection, as the WebSocket
// library writes it.
type response struct {
	wire   *wire
	header http.Header
	status int
}

func (r *response) Header() http.Header { return r.header }

func (r *response) WriteHeader(status int) {
	if r.status != 0 {
		return
	}
	r.status = status
	if status != http.StatusSwitchingProtocols {
		r.header.Set("Connection", "close")
	}
	r.wire.hold()
	fmt.Fprintf(r.wire, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	r.header.Write(r.wire)
	fmt.Fprint(r.wire, "\r\n")
	r.wire.release()
}

func (r *response) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.wire.Write(p)
}

// Hijack gives the connection to the library, which speaks frames from here on.
func (r *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return r.wire, bufio.NewReadWriter(bufio.NewReaderSize(r.wire, frameRead), bufio.NewWriterSize(r.wire, frameWrite)), nil
}
