package mirror

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/lumps/want"
	"hearth/store/bolt"
)

// Streams between processes are TCP connections that begin with one of these.
const (
	tcpControl = 'c'
	tcpData    = 'd'
	tcpRequest = 'r'
)

// tcpSession is a session over a connection for each stream.
type tcpSession struct {
	addr     string
	exchange *want.Exchange
	offers   *Offers
}

func dialTCP(addr string, kind byte) (net.Conn, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	if _, err := c.Write([]byte{kind}); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func dialSession(addr string) (*tcpSession, error) {
	control, err := dialTCP(addr, tcpControl)
	if err != nil {
		return nil, err
	}
	data, err := dialTCP(addr, tcpData)
	if err != nil {
		control.Close()
		return nil, err
	}
	s := &tcpSession{addr: addr, offers: new(Offers)}
	s.exchange = want.New(control, data, want.Options{Provider: s.offers})
	return s, nil
}

func (s *tcpSession) Open(context.Context) (io.ReadWriteCloser, error) {
	return dialTCP(s.addr, tcpRequest)
}
func (s *tcpSession) Source() want.Source { return s.exchange }
func (s *tcpSession) Offers() *Offers     { return s.offers }

// serveTCP serves one dialer after another until the listener is closed.
func serveTCP(l net.Listener, r *Repository) {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var control net.Conn
	var x *want.Exchange
	for {
		c, err := l.Accept()
		if err != nil {
			break
		}
		var kind [1]byte
		if _, err := io.ReadFull(c, kind[:]); err != nil {
			c.Close()
			continue
		}
		switch kind[0] {
		case tcpControl:
			if x != nil {
				x.Close()
			}
			control = c
		case tcpData:
			x = want.New(control, c, want.Options{Provider: Everything(r.Store)})
		case tcpRequest:
			peer := x
			wg.Go(func() { _ = Serve(ctx, c, r, peer) })
		}
	}
	cancel()
	if x != nil {
		x.Close()
	}
}

// child is what a process does that is to be killed.
func child(mode, dir, addr string) error {
	s, _, err := bolt.Open(filepath.Join(dir, "store"), bolt.Options{})
	if err != nil {
		return err
	}
	switch mode {
	case "serve":
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		fmt.Println("ready", l.Addr())
		serveTCP(l, &Repository{Store: s, Name: "server", Writable: true})
	case "pull":
		session, err := dialSession(addr)
		if err != nil {
			return err
		}
		fmt.Println("ready")
		y := &space.Standby{Store: s, Journal: filepath.Join(dir, "journal")}
		if err := y.Settle(context.Background()); err != nil {
			return err
		}
		_, err = Pull(context.Background(), session, &Repository{Store: s, Name: "standby", Standby: y}, PullOptions{})
		return err
	}
	return nil
}

// start starts a child of this test and returns what it is ready for.
func start(t *testing.T, args ...string) (cmd *exec.Cmd, ready string) {
	t.Helper()
	cmd = exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), "HEARTH_MIRROR_CHILD="+strings.Join(args, "|"))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the child says %q, %v", line, err)
	}
	return cmd, strings.TrimPrefix(strings.TrimSpace(line), "ready ")
}

func rounds() int {
	if os.Getenv("HEARTH_SOAK") == "1" {
		return 100
	}
	return 8
}

// moment is when a child is killed: at once in the first round, and then at any
// time of what it does.
func moment(round int) time.Duration {
	if round == 0 {
		return 0
	}
	return time.Duration(rand.N(45_000)) * time.Microsecond
}

// A puller that is killed at any moment leaves its standby at the old snapshot or
// at the new one, whole and able to start, and the next pull needs only the rest.
func TestPullerKilled(t *testing.T) {
	w := newWorld(t, "home")
	pids := w.populate(40)
	counter := w.SpawnGuest("counter", true)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	served := make(chan struct{})
	go func() {
		defer close(served)
		serveTCP(l, w.repo)
	}()
	defer func() { l.Close(); <-served }()
	dir := t.TempDir()
	at := map[lumps.CID]string{{}: ""}
	var halves int
	for round := range rounds() {
		count := w.Ask(counter, "add 1")
		for _, pid := range pids {
			w.touch(pid, round%16, 3)
		}
		at[w.Snap().CID] = count
		before := stands(t, dir)
		cmd, _ := start(t, "pull", dir, l.Addr().String())
		time.Sleep(moment(round))
		cmd.Process.Kill()
		if err := cmd.Wait(); err != nil {
			halves++
		}
		now := stands(t, dir)
		if _, ok := at[now]; !ok || now != before && at[now] != count {
			t.Fatalf("round %d: the standby was at %s and is at %s", round, before, now)
		}
	}
	cmd, _ := start(t, "pull", dir, l.Addr().String())
	must(t, cmd.Wait())
	s := boltStore(t, filepath.Join(dir, "store"))
	last := rootOf(t, s, space.RootSnapshot)
	whole(t, s, last)
	again := started(t, &Repository{Store: s}, filepath.Join(dir, "journal"))
	if got := again.Ask(counter, "get"); got != at[last] || last != rootOf(t, w.Store, space.RootSnapshot) {
		t.Errorf("the counter stands at %s", got)
	}
	if halves == 0 {
		t.Error("no pull was killed before it ended")
	}
	t.Logf("%d of %d pulls were killed before they ended", halves, rounds())
}

// stands opens a standby as whoever comes next does, and returns its snapshot,
// all of which must be there.
func stands(t *testing.T, dir string) lumps.CID {
	t.Helper()
	s, _, err := bolt.Open(filepath.Join(dir, "store"), bolt.Options{})
	must(t, err)
	defer s.Close()
	y := space.Standby{Store: s, Journal: filepath.Join(dir, "journal")}
	must(t, y.Settle(t.Context()))
	c, err := y.At(t.Context())
	must(t, err)
	if !c.IsZero() {
		whole(t, s, c)
	}
	return c
}

// A server that is killed in the middle of pushes has the mirror at one of the
// snapshots that were pushed, whole, and takes the next push.
func TestServerKilled(t *testing.T) {
	ctx := within(t)
	w := newWorld(t, "home")
	pids := w.populate(40)
	dir := t.TempDir()
	pushed := map[lumps.CID]bool{{}: true}
	var cut int
	push := func(addr string) error {
		s, err := dialSession(addr)
		if err != nil {
			return err
		}
		defer s.exchange.Close()
		_, err = Push(ctx, s, w.repo, PushOptions{})
		return err
	}
	root := func() lumps.CID {
		s, _, err := bolt.Open(filepath.Join(dir, "store"), bolt.Options{})
		must(t, err)
		defer s.Close()
		c := rootOf(t, s, HeadRoot("home"))
		if !c.IsZero() {
			whole(t, s, c)
		}
		return c
	}
	for round := range rounds() {
		for _, pid := range pids {
			w.touch(pid, round%16, 3)
		}
		pushed[w.Snap().CID] = true
		cmd, addr := start(t, "serve", dir, "")
		killed := make(chan struct{})
		go func() {
			defer close(killed)
			time.Sleep(moment(round))
			cmd.Process.Kill()
			cmd.Wait()
		}()
		err := push(addr)
		<-killed
		if err != nil {
			cut++
		}
		if c := root(); !pushed[c] || err == nil && c != rootOf(t, w.Store, space.RootSnapshot) {
			t.Fatalf("round %d: the mirror is at %s, %v", round, c, err)
		}
	}
	cmd, addr := start(t, "serve", dir, "")
	err := push(addr)
	cmd.Process.Kill()
	cmd.Wait()
	must(t, err)
	if c := root(); c != rootOf(t, w.Store, space.RootSnapshot) {
		t.Errorf("the mirror is at %s", c)
	}
	if cut == 0 {
		t.Error("no push was cut")
	}
	t.Logf("%d of %d pushes were cut", cut, rounds())
}
