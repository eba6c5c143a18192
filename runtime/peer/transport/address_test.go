package transport_test

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"hearth/runtime/peer/transport"
	"hearth/runtime/peer/trust"
)

func TestListenAddresses(t *testing.T) {
	for addr, port := range map[string]string{
		"127.0.0.1:0": "", "localhost:0": "", ":0": "", "[::]:0": "", "127.0.0.1": "4920", ":4920": "4920",
	} {
		ln, err := transport.Listen(addr, transport.Options{})
		if err != nil {
			if port != "" { // another program may have the port
				continue
			}
			t.Errorf("%s: %v", addr, err)
			continue
		}
		if _, p, _ := net.SplitHostPort(ln.Addr().String()); port != "" && p != port {
			t.Errorf("%s listens on %v", addr, ln.Addr())
		}
		ln.Close()
	}
	for _, addr := range []string{"127.0.0.1:x", "127.0.0.1:65536", ":-1", ":01", "[::1", "a b:1", "h/x", "192.0.2.1:0"} {
		if ln, err := transport.Listen(addr, transport.Options{}); err == nil {
			t.Errorf("%s listens on %v", addr, ln.Addr())
			ln.Close()
		}
	}
	ln := listen(t, transport.Options{})
	if _, err := transport.Listen(ln.Addr().String(), transport.Options{}); err == nil || !strings.Contains(err.Error(), "another program") {
		t.Errorf("a port that is taken: %v", err)
	}
}

func TestLinks(t *testing.T) {
	key := make([]byte, 32)
	for addr, want := range map[string]string{
		"10.0.0.1:99":    "hearth://10.0.0.1:99/attic?id=" + trust.KeyID(key),
		"[::1]:99":       "hearth://[::1]:99/attic?id=" + trust.KeyID(key),
		"[fe80::1%1]:99": "hearth://[fe80::1%251]:99/attic?id=" + trust.KeyID(key),
	} {
		links := transport.Links(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(addr)), "attic", key)
		if len(links) != 1 || links[0].String() != want {
			t.Errorf("%s: %v", addr, links)
		}
	}
	for _, addr := range []string{"[::]:99", "0.0.0.0:99"} {
		links := transport.Links(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(addr)), "attic", key)
		if len(links) == 0 || links[len(links)-1].Host != "localhost:99" {
			t.Fatalf("%s: %v", addr, links)
		}
		for _, l := range links {
			if back, err := trust.ParseLink(l.String()); err != nil || back.Host != l.Host || !back.Key.Equal(l.Key) {
				t.Errorf("%s: %s is read as %v, %v", addr, l, back, err)
			}
			host, _, _ := net.SplitHostPort(l.Host)
			if ip, err := netip.ParseAddr(host); err == nil && (ip.IsUnspecified() || ip.IsLoopback() || addr[0] == '0' && ip.Is6()) {
				t.Errorf("%s: the link %s is of no use", addr, l)
			}
		}
	}
	if links := transport.Links(&net.UnixAddr{}, "attic", key); links != nil {
		t.Errorf("links to a Unix socket: %v", links)
	}
}
