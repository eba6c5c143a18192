package cmd_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hearth/runtime/peer/peertest"
)

const password = "correct horse battery"

// listening starts a server that peers can join, with the space's password set.
func (p *place) listening(world string, args ...string) *server {
	p.t.Helper()
	pw := p.file("password", []byte(password+"\n"))
	if r := p.run(p.command("hearth-server", "passwd", "--world", p.path(world), "--password-file", pw), nil); r.code != 0 {
		p.t.Fatalf("passwd: %d %s", r.code, r.errout)
	}
	return p.serve(append([]string{"--world", p.path(world), "--listen", "127.0.0.1:0"}, args...)...)
}

// join starts a client of a server.
func (p *place) join(link, world string, args ...string) *server {
	p.t.Helper()
	c, err := p.start(exec.Command(filepath.Join(bin, "hearth-client"), append([]string{
		"--connect", link, "--headless", "--world", p.path(world), "--password-file", p.path("password")}, args...)...))
	if err != nil {
		p.t.Fatal(err)
	}
	c.joined(1)
	return c
}

// joined waits until a client has been connected n times.
func (s *server) joined(n int) {
	s.p.t.Helper()
	if _, ok := s.said.wait("joined ", n); !ok {
		s.p.t.Fatalf("the client did not join %d times: %q\n%s", n, s.said.all(), s.log)
	}
}

// ask sends a message to a service of a world and returns the answer.
func (p *place) ask(world, service, text string) string {
	p.t.Helper()
	return p.ok("--world", p.path(world), "send", service, text, "--wait", "--timeout", "30s")
}

// until asks again until the answer is right.
func (p *place) until(world, service, text string, right func(string) bool) {
	p.t.Helper()
	for end := time.Now().Add(patience); ; {
		got := p.ask(world, service, text)
		if right(got) {
			return
		}
		if time.Now().After(end) {
			p.t.Fatalf("%s: still %q", text, got)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// TestVisitors is the walk of two clients: one sends a capability to the other
// through the server, the other answers through it and loads what only the first
// has; the first is cut off, and comes back.
func TestVisitors(t *testing.T) {
	p := newPlace(t)
	s := p.listening("home")
	meeting, visitor := p.guest("meeting"), p.guest("visitor")
	p.ok("--world", p.path("home"), "spawn", meeting, "--durable", "--service", "meeting")
	p.join(s.links[0], "a")
	b := p.join(s.links[0], "b")
	for _, w := range []string{"a", "b"} {
		p.ok("--world", p.path(w), "spawn", visitor, "--service", "visitor")
	}
	if got := p.ask("a", "visitor", "leave ann"); got != "left" {
		t.Fatalf("leave: %q", got)
	}
	if got := p.ask("b", "visitor", "leave bob"); got != "left" {
		t.Fatalf("leave: %q", got)
	}
	if got := p.ask("a", "visitor", "greet bob good day"); got != "good day yourself" {
		t.Errorf("greet: %q", got)
	}
	mesh := p.ask("a", "visitor", "large 3000000")
	want := p.ask("a", "visitor", "look "+mesh)
	if got := p.ask("b", "visitor", "look "+mesh); got != "failed: the lump did not come" {
		t.Errorf("b has it before anybody named it: %q", got)
	}
	if got := p.ask("a", "visitor", "show bob "+mesh); got != want || !strings.HasPrefix(got, "3000000 bytes") {
		t.Errorf("bob saw %q, ann sees %q", got, want)
	}
	if got := p.ask("b", "visitor", "look "+mesh); got != want {
		t.Errorf("b alone sees %q", got)
	}

	gift := p.ask("a", "visitor", "make a gift")
	if got := p.ask("a", "visitor", "give bob "+gift); got != "given" {
		t.Errorf("give: %q", got)
	}
	p.until("b", "visitor", "look "+gift, func(got string) bool { return strings.HasPrefix(got, "6 bytes") })

	peers := p.objects(p.ok("--json", "--world", p.path("home"), "list-peers"))
	if len(peers) != 2 {
		t.Fatalf("peers: %v", peers)
	}
	b.end(syscall.SIGKILL)
	p.until("a", "visitor", "greet bob again", func(got string) bool { return strings.HasPrefix(got, "failed: ") })
	b = p.join(s.links[0], "b")
	p.ok("--world", p.path("b"), "spawn", visitor, "--service", "visitor")
	if got := p.ask("b", "visitor", "leave bob"); got != "left" {
		t.Fatalf("leave: %q", got)
	}
	if got := p.ask("a", "visitor", "greet bob back"); got != "back yourself" {
		t.Errorf("greet: %q", got)
	}
	// The server restarts: the clients come back by themselves.
	addr := strings.TrimPrefix(s.links[0], "hearth://")
	addr = addr[:strings.Index(addr, "/")]
	s.end(syscall.SIGKILL)
	p.serve("--world", p.path("home"), "--listen", addr)
	b.joined(2)
	if got := p.ask("b", "visitor", "leave bob"); got != "left" {
		t.Fatalf("leave: %q", got)
	}
	p.until("a", "visitor", "greet bob third", func(got string) bool { return got == "third yourself" })
}

// TestWhoGetsIn are the ways in and the ways to be kept out, each with its code.
func TestWhoGetsIn(t *testing.T) {
	p := newPlace(t)
	s := p.listening("home")
	link := s.links[0]
	wrong := p.file("wrong", []byte("not the password\n"))
	client := func(link, pw string, args ...string) result {
		return p.run(p.command("hearth-client", append([]string{"--connect", link, "--headless", "--world", p.path("c"), "--password-file", pw}, args...)...), nil)
	}
	key := link[strings.Index(link, "id=")+3:]
	bare := link[:strings.Index(link, "?")]
	typo := strings.Replace(link, "id="+key[:2], "id="+key[1:2]+key[:1], 1)
	if key[0] == key[1] {
		typo = strings.Replace(link, "id="+key[:1], "id=7", 1)
	}
	other := p.serve("--world", p.path("other"), "--listen", "127.0.0.1:0")
	type want struct {
		r    result
		code int
		says string
	}
	// First: whatever proves its key is known from then on where a link named it.
	unknown := want{client(bare, p.path("password")), 77, key}
	for name, c := range map[string]want{
		"unknown server":     unknown,
		"wrong password":     {client(link, wrong), 77, "the password is wrong"},
		"unknown credential": {client(link+"&cred=nobody", wrong), 77, "the password is wrong"},
		"typo":               {client(typo, p.path("password")), 64, "mistyped"},
		"another server":     {client(strings.Replace(other.links[0], other.links[0][strings.Index(other.links[0], "id=")+3:], key, 1), p.path("password")), 77, "key"},
		"unknown space":      {client(strings.Replace(link, "/home?", "/attic?", 1), p.path("password")), 66, "no space"},
		"no window":          {p.run(p.command("hearth-client", "--connect", link, "--world", p.path("c"), "--password-file", p.path("password")), nil), 69, "--headless"},
		"a secret argument":  {client(link+"#"+password, p.path("password")), 64, "file"},
	} {
		last := c.r.errout[strings.LastIndex(strings.TrimSpace(c.r.errout), "\n")+1:]
		if c.r.code != c.code || !strings.Contains(last, c.says) {
			t.Errorf("%s: exit code %d, want %d: %q", name, c.r.code, c.code, last)
		}
		if strings.Contains(c.r.errout, password) {
			t.Errorf("%s: the password is in the log", name)
		}
	}
	// A key that was given once is known from then on.
	c, err := p.start(p.command("hearth-client", "--connect", bare, "--trust", key, "--headless", "--world", p.path("c"), "--password-file", p.path("password")))
	if err != nil {
		t.Fatal(err)
	}
	c.joined(1)
	c.stop()
	c = p.join(bare, "c")
	c.stop()
}

// TestInvitations come and go while the server runs.
func TestInvitations(t *testing.T) {
	p := newPlace(t)
	s := p.listening("home")
	inv := p.object(p.ok("--json", "--world", p.path("home"), "invite", "ann", "--note", "for Ann"))
	links, _ := inv["links"].([]any)
	if len(links) == 0 {
		t.Fatalf("%v", inv)
	}
	file := p.file("invitation", []byte(fmt.Sprintln(links[0])))
	start := func(world string) (*server, error) {
		return p.start(p.command("hearth-client", "--connect", "@"+file, "--headless", "--world", p.path(world)))
	}
	c, err := start("ann")
	if err != nil {
		t.Fatal(err)
	}
	c.joined(1)
	peers := p.objects(p.ok("--json", "--world", p.path("home"), "list-peers"))
	if len(peers) != 1 || peers[0]["credential"] != "ann" {
		t.Errorf("peers: %v", peers)
	}
	if out := p.ok("--world", p.path("home"), "invite", "--list"); !strings.Contains(out, "ann") || strings.Contains(out, fmt.Sprint(inv["secret"])) {
		t.Errorf("list: %q", out)
	}
	p.ok("--world", p.path("home"), "invite", "--revoke", "ann")
	<-c.gone
	if code := c.cmd.ProcessState.ExitCode(); code != 77 || !strings.Contains(c.log.String(), "the password is wrong") {
		t.Errorf("after the revocation the client ends with %d: %s", code, c.log)
	}
	// Kicked: it comes back. Blocked: it does not.
	d := p.join(s.links[0], "dan")
	key := p.objects(p.ok("--json", "--world", p.path("home"), "list-peers"))[0]["key"].(string)
	p.ok("--world", p.path("home"), "kick", key[:7])
	d.joined(2)
	p.ok("--world", p.path("home"), "block", "key:"+key)
	<-d.gone
	if code := d.cmd.ProcessState.ExitCode(); code != 77 {
		t.Errorf("after the block the client ends with %d: %s", code, d.log)
	}
	p.ok("--world", p.path("home"), "block", "--remove", "key:"+key)
	p.join(s.links[0], "dan")
	p.fails(66, "no such peer", "--world", p.path("home"), "kick", "nobody")
}

// TestAcrossNetworks has the server and its clients in network namespaces with a
// wire between them that delays, loses packets, and is cut for a while.
func TestAcrossNetworks(t *testing.T) {
	wire := peertest.Conditions{Delay: 15 * time.Millisecond, Rate: 50_000_000 / 8, Loss: 0.002}
	net, err := peertest.NewNamespaces(t, wire)
	if err != nil {
		t.Logf("no network namespaces here (%v): a relay in user space stands in", err)
	}
	p := newPlace(t)
	there := func(side peertest.Side) {
		if err == nil {
			p.in = func(start func() error) error { return net.In(side, start) }
		}
	}
	addr := "127.0.0.1:0"
	if err == nil {
		l, err := net.Listen() // a free address of the far side
		if err != nil {
			t.Fatal(err)
		}
		addr = l.Addr().String()
		l.Close()
	}
	pw := p.file("password", []byte(password+"\n"))
	if r := p.run(p.command("hearth-server", "passwd", "--world", p.path("home"), "--password-file", pw), nil); r.code != 0 {
		t.Fatalf("passwd: %d %s", r.code, r.errout)
	}
	there(peertest.Far)
	s := p.serve("--world", p.path("home"), "--listen", addr)
	link := s.links[0]
	partition := func(on bool) { net.Partition(on) }
	if err != nil {
		relay := peertest.NewLink(t, hostOf(link), wire)
		link = strings.Replace(link, hostOf(link), relay.Addr(), 1)
		partition = relay.Stall
	}
	p.ok("--world", p.path("home"), "spawn", p.guest("meeting"), "--durable", "--service", "meeting")
	there(peertest.Near)
	visitor := p.guest("visitor")
	for _, w := range []string{"a", "b"} {
		at := link
		if w == "b" { // where only the web passes
			at = strings.Replace(link, "hearth://", "hearth+ws://", 1)
		}
		p.join(at, w)
		p.ok("--world", p.path(w), "spawn", visitor, "--service", "visitor")
	}
	if got := p.ask("b", "visitor", "leave bob"); got != "left" {
		t.Fatalf("leave: %q", got)
	}
	if got := p.ask("a", "visitor", "greet bob hi"); got != "hi yourself" {
		t.Errorf("greet: %q", got)
	}
	mesh := p.ask("a", "visitor", "large 2000000")
	want := p.ask("a", "visitor", "look "+mesh)
	if got := p.ask("a", "visitor", "show bob "+mesh); got != want {
		t.Errorf("bob saw %q, ann sees %q", got, want)
	}
	// Cut for less than it takes to be dead: nothing is lost.
	partition(true)
	answer := make(chan string, 1)
	go func() { answer <- p.ask("a", "visitor", "greet bob patience") }()
	time.Sleep(3 * time.Second)
	select {
	case got := <-answer:
		t.Errorf("an answer crossed a wire that was cut: %q", got)
	default:
	}
	partition(false)
	if got := <-answer; got != "patience yourself" {
		t.Errorf("greet: %q", got)
	}
	if carried, dropped := int64(1), int64(1); err == nil {
		carried, dropped = net.Packets()
		if carried == 0 || dropped == 0 {
			t.Errorf("%d packets crossed, %d were lost", carried, dropped)
		}
	}
}
