package service

import (
	"testing"

	"hearth/lumps"
	"hearth/runtime"
)

// Who gets a shell without a question, by every policy, sender and heir; whoever is not
// known is permitted nothing.
func TestJudge(t *testing.T) {
	brought, other := lumps.CID{}, lumps.CID{}
	for c, text := range map[*lumps.CID]string{&brought: "brought", &other: "other"} {
		*c = lumps.Sum(lumps.Raw, []byte(text))
	}
	reply := func(pid uint64) (c runtime.Capability) { c.Ref.Process = pid; return c }
	host, process, guest, peer := runtime.Sender{Host: true}, runtime.Sender{Process: 7, Module: other}, runtime.Sender{Process: 7, Module: brought}, runtime.Sender{Peer: "k"}
	granted := &memory{}
	for _, k := range []string{"module " + other.String(), "peer granted"} {
		granted.Grant(k)
	}
	for _, c := range []struct {
		name              string
		sender            runtime.Sender
		heir              uint64
		remote            bool // the heir is a peer's
		grants            Grants
		none, ask, local_ verdict
	}{
		{"this program", host, 9, false, nil, refused, permitted, permitted},
		{"this program for a peer", host, 9, true, nil, refused, unknown, unknown},
		{"nobody", runtime.Sender{}, 9, false, nil, refused, refused, refused},
		{"a process", process, 7, false, nil, refused, unknown, permitted},
		{"a process for another", process, 8, false, nil, refused, unknown, permitted},
		{"a process for a peer", process, 7, true, nil, refused, unknown, unknown},
		{"a process that was granted one", process, 7, false, granted, refused, permitted, permitted},
		{"a process that was granted one, for another", process, 8, false, granted, refused, unknown, permitted},
		{"a process without a module", runtime.Sender{Process: 7}, 7, false, granted, refused, unknown, permitted},
		{"a trusted module", guest, 7, false, nil, refused, permitted, permitted},
		{"a trusted module for another", guest, 8, false, nil, refused, unknown, permitted},
		{"a trusted module for a peer", guest, 7, true, nil, refused, unknown, unknown},
		{"a peer", peer, 9, true, nil, refused, unknown, unknown},
		{"a peer that was granted one", runtime.Sender{Peer: "granted"}, 9, true, granted, refused, permitted, permitted},
	} {
		for policy, want := range map[Policy]verdict{None: c.none, Ask: c.ask, Local: c.local_} {
			p := &Plugin{policy: policy, trusted: func(m cid) bool { return m == brought }, ask: newAsker(nil, c.grants, 4, nil)}
			o, remote := ownerOf(c.sender, reply(c.heir))
			if got := p.judge(c.sender, reply(c.heir), o, remote || c.remote); got != want {
				t.Errorf("%s, policy %d: %d, want %d", c.name, policy, got, want)
			}
		}
	}
}
