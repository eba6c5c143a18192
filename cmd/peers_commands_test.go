package cmd_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/runtime/ipc"
	"hearth/runtime/peer"
	"hearth/runtime/peer/trust"
)

// stranger is somebody's key id.
var stranger = trust.KeyID([]byte("a key that nobody has made it of"))

// crowd is a server's peers, as hearth-ctl sees them.
type crowd struct {
	mu    sync.Mutex // guards all
	calls []string
	peers []ipc.Peer
	rules []ipc.Rule
	creds []ipc.Credential
	links []string
	sync  func(ctx context.Context, p ipc.SyncParams, progress func(ipc.SyncProgress) error) (ipc.SyncResult, error)
	syncs []ipc.SyncParams
}

func (c *crowd) did(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, fmt.Sprintf(format, args...))
}

// done returns what was called since it was asked last.
func (c *crowd) done() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := strings.Join(c.calls, "; ")
	c.calls = nil
	return all
}

func (c *crowd) List() ([]ipc.Peer, error) { return c.peers, nil }

func (c *crowd) Kick(who, reason string) (int, error) {
	c.did("kick %s %q", who, reason)
	if who == "nobody" {
		return 0, fmt.Errorf("%w: %s", peer.ErrNoPeer, who)
	}
	return 2, nil
}

func (c *crowd) Rules() ([]ipc.Rule, error) { return c.rules, nil }

func (c *crowd) SetRule(action, rule string) error {
	c.did("%s %s", action, rule)
	if action == ipc.RuleRemove && rule == "cred:gone" {
		return trust.ErrNoRule
	}
	return nil
}

func (c *crowd) Credentials() ([]ipc.Credential, error) { return c.creds, nil }

func (c *crowd) Invite(p ipc.InviteParams) (ipc.Invitation, error) {
	expires := "never"
	if !p.Expires.IsZero() {
		expires = time.Until(p.Expires).Round(time.Minute).String()
	}
	c.did("invite %q %s %q %s", p.Name, p.Role, p.Note, expires)
	if p.Name == "ann" {
		return ipc.Invitation{}, fmt.Errorf("there is one called ann already: %w", fs.ErrExist)
	}
	i := ipc.Invitation{Name: p.Name, Secret: "hush", Links: []string{}}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.links {
		i.Links = append(i.Links, l+"?cred="+p.Name+"#hush")
	}
	return i, nil
}

func (c *crowd) Revoke(name string) error {
	c.did("revoke %s", name)
	if name == "gone" {
		return trust.ErrNoCredential
	}
	return nil
}

func (c *crowd) Sync(ctx context.Context, p ipc.SyncParams, progress func(ipc.SyncProgress) error) (ipc.SyncResult, error) {
	c.mu.Lock()
	c.syncs = append(c.syncs, p)
	c.mu.Unlock()
	return c.sync(ctx, p, progress)
}

// synced returns the params of the syncs since it was asked last.
func (c *crowd) synced() []ipc.SyncParams {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.syncs
	c.syncs = nil
	return all
}

// among has hearth-ctl talk to a server with such peers.
func (p *place) among(c *crowd) {
	p.t.Helper()
	socket := p.path("run") + "/c.sock"
	ln, err := ipc.Listen(socket)
	if err != nil {
		p.t.Fatal(err)
	}
	srv := ipc.NewServer(ipc.World{Peers: c, Sync: c.Sync}, nil)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	p.t.Cleanup(func() {
		srv.Close()
		if err := <-served; err != nil {
			p.t.Error(err)
		}
	})
	p.env = append(p.env, "HEARTH_SOCKET="+socket)
}

// The commands about peers ask for what they were told to and print it.
func TestPeerCommands(t *testing.T) {
	p := newPlace(t)
	at := time.Date(2026, 11, 22, 19, 0, 0, 0, time.UTC)
	c := &crowd{
		peers: []ipc.Peer{
			{ID: 3, Key: stranger, Credential: "ann", Role: ipc.RoleGuest, Program: "hearth-client 1\x1b[2J", Address: "10.0.0.1:7", Since: at,
				RTT: ipc.Milliseconds(1250 * time.Microsecond), MessagesIn: 4, MessagesOut: 5, BytesIn: 6, BytesOut: 7, Denied: 8},
			{ID: 9, Key: stranger, Role: ipc.RoleGuest, Server: true, Since: at},
		},
		rules: []ipc.Rule{{Action: ipc.RuleBlock, Rule: "cred:ann", Made: at}, {Action: ipc.RuleAllow, Rule: "addr:10.0.0.0/8"}},
		creds: []ipc.Credential{
			{Name: "ann", Role: ipc.RoleGuest, Note: "two\nlines", Made: at, Expires: at.Add(time.Hour)},
			{Name: "space", Role: ipc.RoleGuest, Made: at},
		},
		links: []string{"hearth://h:4920/home", "hearth+ws://h/home"},
	}
	p.among(c)

	group, _, _ := strings.Cut(stranger, "-")
	want := fmt.Sprintf("3\t%s\tann\tguest\t10.0.0.1:7\thearth-client 1\\x1b[2J\t2026-11-22T19:00:00Z\t1.25\t4\t5\t6\t7\n"+
		"9\t%[1]s\t-\tserver\t-\t-\t2026-11-22T19:00:00Z\t0\t0\t0\t0\t0", group)
	if got := p.ok("list-peers"); got != want {
		t.Errorf("list-peers:\n%q, want\n%q", got, want)
	}
	var first ipc.Peer
	line, _, _ := strings.Cut(p.ok("list-peers", "--json"), "\n")
	if err := json.Unmarshal([]byte(line), &first); err != nil || first != c.peers[0] {
		t.Errorf("list-peers --json: %s (%v)", line, err)
	}
	for _, x := range []struct {
		args      []string
		out, does string
	}{
		{[]string{"kick", "7", "-m", "too loud"}, "", `kick 7 "too loud"`},
		{[]string{"kick", group, "--json"}, `{"kicked":2}`, "kick " + group + ` ""`},
		{[]string{"block", "cred:bo"}, "", "block cred:bo"},
		{[]string{"block", "10.0.0.0/8"}, "", "block addr:10.0.0.0/8"},
		{[]string{"allow", stranger, "--json"}, `{"action":"allow","rule":"key:` + stranger + `"}`, "allow key:" + stranger},
		{[]string{"allow", "::1", "--remove", "--json"}, `{"action":"remove","rule":"addr:::1/128"}`, "remove addr:::1/128"},
		{[]string{"block", "--remove", "cred:bo"}, "", "remove cred:bo"},
		{[]string{"block"}, "block\tcred:ann\t2026-11-22T19:00:00Z\nallow\taddr:10.0.0.0/8\t-", ""},
		{[]string{"allow"}, "block\tcred:ann\t2026-11-22T19:00:00Z\nallow\taddr:10.0.0.0/8\t-", ""},
		{[]string{"allow", "--json"}, `{"action":"block","rule":"cred:ann","made":"2026-11-22T19:00:00Z"}` + "\n" + `{"action":"allow","rule":"addr:10.0.0.0/8"}`, ""},
		{[]string{"invite", "bo"}, "hearth://h:4920/home?cred=bo#hush\nhearth+ws://h/home?cred=bo#hush", `invite "bo" guest "" never`},
		{[]string{"invite", "--mirror", "--note", "the cellar", "--expires", "7d"}, "hearth://h:4920/home?cred=#hush\nhearth+ws://h/home?cred=#hush",
			`invite "" mirror "the cellar" 168h0m0s`},
		{[]string{"invite", "bo", "--expires", "90m", "--json"},
			`{"name":"bo","secret":"hush","links":["hearth://h:4920/home?cred=bo#hush","hearth+ws://h/home?cred=bo#hush"]}`, `invite "bo" guest "" 1h30m0s`},
		{[]string{"invite", "--list"}, "ann\tguest\t2026-11-22T19:00:00Z\t2026-11-22T20:00:00Z\ttwo\\x0alines\nspace\tguest\t2026-11-22T19:00:00Z\t-\t-", ""},
		{[]string{"invite", "--list", "--json"}, `{"name":"ann","role":"guest","note":"two\nlines","made":"2026-11-22T19:00:00Z","expires":"2026-11-22T20:00:00Z"}` +
			"\n" + `{"name":"space","role":"guest","note":"","made":"2026-11-22T19:00:00Z"}`, ""},
		{[]string{"invite", "--revoke", "ann"}, "", "revoke ann"},
		{[]string{"invite", "--revoke", "ann", "--json"}, `{"revoked":"ann"}`, "revoke ann"},
	} {
		if got := p.ok(x.args...); got != x.out {
			t.Errorf("%q prints\n%s, want\n%s", x.args, got, x.out)
		}
		if did := c.done(); did != x.does {
			t.Errorf("%q: %s, want %s", x.args, did, x.does)
		}
	}
	mistyped := "A" + stranger[1:]
	if stranger[0] == 'A' {
		mistyped = "B" + stranger[1:]
	}
	for _, x := range []struct {
		code int
		says string
		args []string
		does string
	}{
		{66, "no such peer", []string{"kick", "nobody"}, `kick nobody ""`},
		{64, "one peer", []string{"kick"}, ""},
		{64, "group 1", []string{"block", mistyped}, ""},
		{64, "a rule is", []string{"allow", "tuesday"}, ""},
		{64, "bits behind", []string{"allow", "10.1.2.3/8"}, ""},
		{64, "needs the rule", []string{"block", "--remove"}, ""},
		{66, "no such rule", []string{"block", "--remove", "cred:gone"}, "remove cred:gone"},
		{64, "one rule", []string{"block", "a", "b"}, ""},
		{73, "already", []string{"invite", "ann"}, `invite "ann" guest "" never`},
		{66, "no such credential", []string{"invite", "--revoke", "gone"}, "revoke gone"},
		{64, "one of these", []string{"invite", "--list", "--revoke", "x"}, ""},
		{64, "one of these", []string{"invite", "bo", "--list"}, ""},
		{64, "one of these", []string{"invite", "--mirror", "--revoke", "x"}, ""},
		{64, "empty name", []string{"invite", ""}, ""},
		{64, "no duration", []string{"invite", "--expires", "soon"}, ""},
		{64, "no duration", []string{"invite", "--expires", "0d"}, ""},
		{64, "no duration", []string{"invite", "--expires", "-3h"}, ""},
		{64, "no duration", []string{"invite", "--expires", "99999999d"}, ""},
	} {
		p.fails(x.code, x.says, x.args...)
		if did := c.done(); did != x.does {
			t.Errorf("%q: %s, want %s", x.args, did, x.does)
		}
	}
	// Where nobody listens the secret is not lost.
	c.mu.Lock()
	c.links = nil
	c.mu.Unlock()
	if r := p.ctl("invite", "bo"); r.code != 0 || r.out != "hush\n" || !strings.Contains(r.errout, "the credential is bo") {
		t.Errorf("an invitation without links: %+v", r)
	}
}

// A world that nobody runs has its files of trust, and no peers.
func TestPeersOfStoppedWorld(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "HEARTH_WORLD="+p.path("world"))
	p.serve().stop()

	p.fails(69, "no server", "list-peers")
	p.fails(69, "no server", "kick", "7")
	if got := p.ok("block"); got != "" {
		t.Errorf("rules of a new world: %q", got)
	}
	p.ok("block", "cred:ann")
	p.ok("allow", "10.0.0.0/8")
	if got := p.ok("allow"); !strings.HasPrefix(got, "block\tcred:ann\t2") || !strings.Contains(got, "\nallow\taddr:10.0.0.0/8\t2") {
		t.Errorf("rules: %q", got)
	}
	p.ok("block", "--remove", "cred:ann")
	p.fails(66, "no such rule", "block", "--remove", "cred:ann")

	r := p.ctl("invite", "bo", "--mirror", "--note", "cellar", "--expires", "1d", "--json")
	if r.code != 0 {
		t.Fatalf("%+v", r)
	}
	var i ipc.Invitation
	if err := json.Unmarshal([]byte(r.out), &i); err != nil || i.Name != "bo" || len(i.Secret) < 20 || len(i.Links) != 0 {
		t.Errorf("invitation %+v, %v", i, err)
	}
	p.fails(73, "already", "invite", "bo")
	if row := strings.Split(p.ok("invite", "--list"), "\t"); len(row) != 5 || row[0] != "bo" || row[1] != "mirror" || row[3] == "-" || row[4] != "cellar" {
		t.Errorf("invitations: %q", row)
	}
	for file, data := range p.files(p.path("world")) {
		if strings.Contains(data, i.Secret) {
			t.Errorf("the secret of the invitation stands in %s", file)
		}
	}
	p.ok("invite", "--revoke", "bo")
	p.fails(66, "no such credential", "invite", "--revoke", "bo")
	if got := p.ok("invite", "--list"); got != "" {
		t.Errorf("invitations: %q", got)
	}
}

// A public lump is a root of the space under another name.
func TestLoadPublicLump(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "HEARTH_WORLD="+p.path("world"))
	s := p.serve()
	open := p.ok("load-lump", "--public", p.file("open", []byte("for all")))
	kept := p.ok("load-lump", p.file("kept", []byte("for us")))
	events := p.ok("journal", "--json")
	if !strings.Contains(events, "public/"+open) || strings.Contains(events, "lumps/"+open) {
		t.Errorf("the lump is not public, or kept twice:\n%s", events)
	}
	if !strings.Contains(events, "lumps/"+kept) || strings.Contains(events, "public/"+kept) {
		t.Errorf("the other lump is public, or not kept:\n%s", events)
	}
	s.stop()
	later := p.ok("load-lump", "--public", p.file("later", []byte("for all, later")))
	if events := p.ok("journal", "--json"); !strings.Contains(events, "public/"+later) {
		t.Errorf("the lump that a stopped world was given is not public:\n%s", events)
	}
	p.fails(66, "no such file", "load-lump", "--public", p.path("nothing"))
}

// equalSync compares params; what was not given is nil there and empty here.
func equalSync(a, b ipc.SyncParams) bool {
	if len(a.Roots) == 0 && len(b.Roots) == 0 {
		a.Roots, b.Roots = nil, nil
	}
	return reflect.DeepEqual(a, b)
}
