package transport

import (
	"crypto/ed25519"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"hearth/runtime/peer/trust"
)

// Links returns the links to a space that is served at addr: where it listens, or,
// for a listener on all addresses, each that this machine has and localhost.
func Links(addr net.Addr, space string, key ed25519.PublicKey) []trust.Link {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return nil
	}
	hosts := []string{tcp.AddrPort().Addr().Unmap().String()}
	if tcp.IP == nil || tcp.IP.IsUnspecified() {
		hosts = append(machineHosts(tcp.IP.To4() != nil), "localhost")
	}
	links := make([]trust.Link, len(hosts))
	for i, h := range hosts {
		links[i] = trust.Link{
			Transport: trust.TCP, Host: net.JoinHostPort(h, strconv.Itoa(tcp.Port)),
			Space: space, Credential: trust.SpaceCredential, Key: key,
		}
	}
	return links
}

// machineHosts are the addresses by which others reach this machine. Those of a
// link alone are left out: they mean something else on every machine.
func machineHosts(v4 bool) []string {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var addrs []netip.Addr
	for _, a := range all {
		p, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		if ip := p.Addr().Unmap(); ip.IsGlobalUnicast() && (ip.Is4() || !v4) && !slices.Contains(addrs, ip) {
			addrs = append(addrs, ip)
		}
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	hosts := make([]string, len(addrs))
	for i, a := range addrs {
		hosts[i] = a.String()
	}
	return hosts
}
