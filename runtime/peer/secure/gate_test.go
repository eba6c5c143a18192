package secure

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func addr(s string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(s)) }

// clock is a time that tests move.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func testGate(l GateLimits) (*Gate, *clock) {
	c := &clock{time.Unix(1_000_000, 0)}
	return newGate(l, c.now), c
}

// try guesses once from an address and says whether it was let.
func try(t *testing.T, g *Gate, from string, success bool) bool {
	t.Helper()
	tk, err := g.enter(addr(from), func() { t.Error("evicted") })
	if err == nil {
		err = tk.guess()
		tk.leave(success && err == nil)
	}
	if err != nil && !errors.Is(err, ErrBusy) {
		t.Fatal(err)
	}
	return err == nil
}

// A guess is spent when it is answered, comes back with time, and is given back when
// it was right.
func TestGuessesAreCounted(t *testing.T) {
	g, c := testGate(GateLimits{Guesses: 5, GuessEvery: time.Second})
	const bad, good = "192.0.2.1:1", "192.0.2.2:1"
	for i := range 5 {
		if !try(t, g, bad, false) {
			t.Fatalf("guess %d refused", i)
		}
	}
	if try(t, g, bad, false) {
		t.Error("a sixth guess")
	}
	if try(t, g, "192.0.2.1:999", false) {
		t.Error("another port is another guesser")
	}
	for i := range 100 {
		if !try(t, g, good, true) {
			t.Fatalf("login %d refused, though all before were right", i)
		}
	}
	c.t = c.t.Add(2 * time.Second)
	for i, want := range []bool{true, true, false} {
		if try(t, g, bad, false) != want {
			t.Errorf("two seconds later, guess %d: not %v", i, want)
		}
	}
	// Who leaves before the answer has guessed nothing.
	tk, err := g.enter(addr("192.0.2.3:1"), nil)
	if err != nil {
		t.Fatal(err)
	}
	tk.leave(false)
	if n := g.addresses[prefixOf(addr("192.0.2.3:1"))].guesses.level(c.t); n != 5 {
		t.Errorf("%v guesses left of 5", n)
	}
}

func TestPrefixes(t *testing.T) {
	cases := []struct{ a, b string }{
		{"192.0.2.1:1", "[::ffff:192.0.2.1]:2"},
		{"[2001:db8::1]:1", "[2001:db8::ffff:ffff:ffff:ffff]:2"},
	}
	for _, c := range cases {
		if a, b := prefixOf(addr(c.a)), prefixOf(addr(c.b)); a != b || !a.IsValid() {
			t.Errorf("%s is %v, %s is %v", c.a, a, c.b, b)
		}
	}
	for _, c := range []struct{ a, b string }{{"192.0.2.1:1", "192.0.2.2:1"}, {"[2001:db8::1]:1", "[2001:db8:0:1::1]:1"}} {
		if a, b := prefixOf(addr(c.a)), prefixOf(addr(c.b)); a == b {
			t.Errorf("%s and %s are both %v", c.a, c.b, a)
		}
	}
	unix := &net.UnixAddr{Name: "x"}
	if p := prefixOf(unix); p != prefixOf(nil) || p.IsValid() {
		t.Errorf("no address is %v", p)
	}
}

// The places of those who have said nothing go to newcomers, the oldest first; an
// address has only so many.
func TestPlaces(t *testing.T) {
	g, _ := testGate(GateLimits{Waiting: 3, Answered: 2, PerAddress: 2})
	evicted := make(chan string, 10)
	enter := func(from string) (*ticket, error) {
		return g.enter(addr(from), func() { evicted <- from })
	}
	must := func(from string) *ticket {
		t.Helper()
		tk, err := enter(from)
		if err != nil {
			t.Fatal(err)
		}
		return tk
	}
	a1, _ := must("192.0.2.1:1"), must("192.0.2.1:2")
	if _, err := enter("192.0.2.1:3"); err != ErrBusy {
		t.Errorf("a third of one address: %v", err)
	}
	b := must("192.0.2.2:1")
	c := must("192.0.2.3:1")
	if from := <-evicted; from != "192.0.2.1:1" {
		t.Errorf("%s had to go", from)
	}
	if err := a1.guess(); err != ErrBusy {
		t.Errorf("the evicted one is answered: %v", err)
	}
	a1.leave(false)
	a3 := must("192.0.2.1:3") // its place is free again, at the cost of 192.0.2.1:2
	if from := <-evicted; from != "192.0.2.1:2" {
		t.Errorf("%s had to go", from)
	}
	for _, tk := range []*ticket{a3, b, c} {
		if err := tk.guess(); err != nil {
			t.Fatal(err)
		}
	}
	if from := <-evicted; from != "192.0.2.1:3" {
		t.Errorf("%s had to go", from)
	}
	for _, tk := range []*ticket{a3, b, c} {
		tk.leave(false)
		tk.leave(false) // twice is once
	}
	if g.waiting.Len() != 0 || g.answered.Len() != 0 {
		t.Errorf("%d and %d places are taken", g.waiting.Len(), g.answered.Len())
	}
	for p, a := range g.addresses {
		if a.pending != 0 {
			t.Errorf("%v has %d pending", p, a.pending)
		}
	}
}

// A flood from everywhere uses up the rate, not the reserve of those who have logged
// in before.
func TestReserve(t *testing.T) {
	g, c := testGate(GateLimits{Rate: 10, Reserve: 5})
	const friend = "198.51.100.7:1"
	if !try(t, g, friend, true) {
		t.Fatal("refused")
	}
	c.t = c.t.Add(time.Second)
	let := 0
	for i := range 200 {
		if try(t, g, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 1).String(), false) {
			let++
		}
	}
	if let != 10 {
		t.Errorf("%d strangers were answered, want 10", let)
	}
	if !try(t, g, friend, true) {
		t.Error("a friend is refused with the strangers")
	}
	c.t = c.t.Add(goodFor + time.Hour)
	for i := range 200 {
		try(t, g, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 1, byte(i)}), 1).String(), false)
	}
	if try(t, g, friend, true) {
		t.Error("a friend for ever")
	}
}

// Guessers from many addresses, who have used up the rate between them, leave room
// for a stranger who has guessed nothing yet.
func TestFloodLeavesRoomForStrangers(t *testing.T) {
	g, c := testGate(GateLimits{Guesses: 20, GuessEvery: 6 * time.Second, Rate: 100, Reserve: 1})
	guesser := func(i int) string {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 1).String()
	}
	for second := range 60 {
		c.t = c.t.Add(time.Second)
		let := 0
		for round := range 10 {
			for i := range 100 {
				if try(t, g, guesser(i), false) {
					let++
				}
			}
			stranger := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, byte(second), byte(round)}), 1).String()
			if second > 0 && round%5 == 4 && !try(t, g, stranger, true) {
				t.Fatalf("second %d: a stranger is refused for the guessers", second)
			}
		}
		if second == 0 && let != 100 {
			t.Errorf("%d guesses in the first second, want the whole rate", let)
		}
	}
}

// Memory is bounded, and forgetting never forgives: accounts with debts stay, and
// newcomers share one when there is no room.
func TestAddressesAreBounded(t *testing.T) {
	g, c := testGate(GateLimits{Addresses: 10, Guesses: 2, GuessEvery: time.Hour, Rate: 1 << 20})
	from := func(i int) string {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 1).String()
	}
	for i := range 10 {
		try(t, g, from(i), false)
	}
	let := 0
	for i := range 1000 {
		if try(t, g, from(100+i), false) {
			let++
		}
	}
	if let != 2 || len(g.addresses) != 10 {
		t.Errorf("the crowd was let guess %d times; %d addresses remembered", let, len(g.addresses))
	}
	c.t = c.t.Add(24 * time.Hour) // debts are over
	if !try(t, g, from(5000), false) || len(g.addresses) != 1 {
		t.Errorf("%d addresses remembered", len(g.addresses))
	}
}

// site is a listening server behind its gate.
type site struct {
	addr   string
	failed atomic.Int64 // handshakes
	wg     sync.WaitGroup
	l      net.Listener
	cancel context.CancelFunc
}

func listen(t *testing.T, cfg *ServerConfig) *site {
	t.Helper()
	l, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &site{l: l, cancel: cancel, addr: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(l.Addr().(*net.TCPAddr).Port)).String()}
	s.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.wg.Go(func() {
				conn, err := Server(ctx, c, cfg)
				if err != nil {
					s.failed.Add(1)
					return
				}
				conn.Read(make([]byte, 1))
				conn.Close()
			})
		}
	})
	return s
}

func (s *site) stop() {
	s.l.Close()
	s.cancel()
	s.wg.Wait()
}

func (s *site) dialFrom(ip string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}, Timeout: 2 * time.Second}
	return d.Dial("tcp4", s.addr)
}

// While one address guesses as fast as it can, and others hold as many connections
// open as they get without saying anything, a client from elsewhere logs in, every
// time. How long that takes is logged; the limit is generous for slow machines.
func TestLoginUnderAttack(t *testing.T) {
	cases := []struct {
		name   string
		limits GateLimits
		attack func(t *testing.T, s *site, cfg *ClientConfig, stop <-chan struct{})
	}{
		{"guesses from one address", GateLimits{}, func(t *testing.T, s *site, cfg *ClientConfig, stop <-chan struct{}) {
			hello := attackHello(t, cfg)
			swarm(stop, 8, func(int) { s.throw("127.0.0.2", hello) })
		}},
		{"guesses from many addresses", GateLimits{}, func(t *testing.T, s *site, cfg *ClientConfig, stop <-chan struct{}) {
			hello := attackHello(t, cfg)
			swarm(stop, 8, func(i int) {
				s.throw(net.IPv4(127, 0, 1+byte(i%4), byte(i%50)).String(), hello)
			})
		}},
		{"slowloris fills every place", GateLimits{Waiting: 40}, func(t *testing.T, s *site, cfg *ClientConfig, stop <-chan struct{}) {
			hello := attackHello(t, cfg)
			var mu sync.Mutex
			var open []net.Conn
			swarm(stop, 4, func(i int) {
				c, err := s.dialFrom(net.IPv4(127, 0, 9, byte(i%100)).String())
				if err != nil {
					return
				}
				c.Write(hello[:10])
				mu.Lock()
				open = append(open, c)
				if len(open) > 200 {
					open[0].Close()
					open = open[1:]
				}
				mu.Unlock()
				time.Sleep(30 * time.Millisecond)
			})
			for _, c := range open {
				c.Close()
			}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			sc, _ := newServerConfig(t)
			sc.Gate = NewGate(c.limits)
			cc := newClientConfig(t, sc)
			s := listen(t, sc)
			defer s.stop()
			stop := make(chan struct{})
			var wg sync.WaitGroup
			wg.Go(func() { c.attack(t, s, cc, stop) })
			defer wg.Wait()
			defer close(stop)
			for start := time.Now(); s.failed.Load() < 20; time.Sleep(10 * time.Millisecond) {
				if time.Since(start) > 20*time.Second {
					t.Fatal("no attack")
				}
			}
			var worst time.Duration
			for i := range 10 {
				start := time.Now()
				conn, err := s.dialFrom("127.0.0.77")
				if err != nil {
					t.Fatal(err)
				}
				secured, err := Client(context.Background(), conn, cc)
				if err != nil {
					t.Fatalf("login %d: %v", i, err)
				}
				worst = max(worst, time.Since(start))
				secured.Close()
			}
			t.Logf("10 logins, the slowest took %v; %d handshakes failed meanwhile", worst.Round(time.Millisecond), s.failed.Load())
		})
	}
}

// attackHello costs an attacker nothing to send again.
func attackHello(t *testing.T, cfg *ClientConfig) []byte {
	t.Helper()
	c := *cfg
	c.Password = []byte("guess")
	_, b, err := newClientLogin(&c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// throw sends a hello and waits for the answer, which is one guess.
func (s *site) throw(from string, hello []byte) {
	c, err := s.dialFrom(from)
	if err != nil {
		time.Sleep(time.Millisecond)
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Second))
	c.Write(hello)
	c.Read(make([]byte, maxMessage))
}

// swarm runs f from n goroutines until stop.
func swarm(stop <-chan struct{}, n int, f func(i int)) {
	var wg sync.WaitGroup
	var count atomic.Int64
	for range n {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					f(int(count.Add(1)))
				}
			}
		})
	}
	wg.Wait()
}
