package crash

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/fixtures/guests"
	"hearth/runtime/ipc"
)

// spawnGuest starts a durable fixture guest as a service.
func spawnGuest(t *testing.T, c *ipc.Client, name, service string) uint64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	l, err := c.PutLump(ctx, bytes.NewReader(guests.Module(name)), true)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := c.Spawn(ctx, ipc.SpawnParams{Module: l.CID, Durable: true, Service: service})
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// started is a server that is ready, and a client of it.
func started(t *testing.T, p *place) (*server, *ipc.Client) {
	t.Helper()
	s, err := p.start()
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.dial()
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

// looping makes a world in which durable guests have been told to loop for ever,
// and kills its server in the middle of it.
func looping(t *testing.T, n int) (p *place, loopers []uint64) {
	p = newPlace(t)
	s, c := started(t, p)
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	spawnGuest(t, c, "counter", "counter")
	spawnGuest(t, c, "room", "room")
	spawnGuest(t, c, "usher", "usher")
	for i := range n {
		name := fmt.Sprintf("looper%d", i)
		loopers = append(loopers, spawnGuest(t, c, "looper", name))
		if got, err := ask(ctx, c, "usher", "introduce room "+name+" join"); err != nil || got != fmt.Sprintf("joined %d", i+1) {
			t.Fatalf("join: %q, %v", got, err)
		}
	}
	for i := range n {
		if _, err := c.Send(ctx, ipc.SendParams{Service: fmt.Sprintf("looper%d", i), Data: []byte("loop")}); err != nil {
			t.Fatal(err)
		}
	}
	// Nobody else waits for it.
	begin := time.Now()
	if got, err := ask(ctx, c, "counter", "add 5"); err != nil || got != "5" {
		t.Fatalf("beside a loop: %q, %v", got, err)
	}
	t.Logf("beside the loop an answer took %v", time.Since(begin))
	s.kill()
	return p, loopers
}

// proveEnded shows that the loopers have ended, each once and for one of these
// reasons, and that who watched them knows. It returns how many ended for each.
func proveEnded(t *testing.T, p *place, loopers []uint64, reasons ...string) map[string]int {
	t.Helper()
	c, err := p.dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for service, want := range map[string][2]string{"counter": {"get", "5"}, "room": {"who", "0"}} {
		err := eventually(ctx, c, func(ctx context.Context, c *ipc.Client) error {
			got, err := ask(ctx, c, service, want[0])
			if err == nil && got != want[1] {
				err = fmt.Errorf("%s says %q, want %q", service, got, want[1])
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	ended, why := map[uint64]bool{}, map[string]int{}
	err = c.Journal(ctx, ipc.JournalParams{}, func(e ipc.Event) error {
		if e.Kind != "exit" {
			return nil
		}
		if ended[e.Process] || !slices.Contains(loopers, e.Process) || !slices.Contains(reasons, e.Reason) {
			t.Errorf("process %d ended for the reason %q (%s), want one of %q, once", e.Process, e.Reason, e.Detail, reasons)
		}
		ended[e.Process] = true
		why[e.Reason]++
		return nil
	})
	if err != nil || len(ended) != len(loopers) {
		t.Errorf("the journal holds the ends of %d loopers of %d, %v", len(ended), len(loopers), err)
	}
	snap, err := c.Snapshot(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	if r, err := c.Replay(ctx, snap.Seq); err != nil || r.State != snap.State {
		t.Errorf("replay: %+v, %v; want the state %s", r, err, snap.State)
	}
	return why
}

// A durable guest that loops for ever is ended by its fuel, in the restart too.
func TestLooperEndsByItsFuel(t *testing.T) {
	p, loopers := looping(t, 1)
	// Its server is killed once more, while it loops in the replay.
	s, err := p.begin()
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(400 * time.Millisecond)
	s.kill()
	begin := time.Now()
	if s, err = p.start(); err != nil {
		t.Fatal(err)
	}
	t.Logf("a restart with a loop in its history took %v", time.Since(begin))
	proveEnded(t, p, loopers, "fuel")
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

// Events at which server after server dies are not executed again.
func TestQuarantine(t *testing.T) {
	// Four loops on one processor take so long that every death is in a loop.
	p, loopers := looping(t, 4)
	p.env = []string{"GOMAXPROCS=1"}
	for deaths := 0; ; deaths++ {
		s, err := p.begin()
		if err != nil {
			t.Fatal(err)
		}
		if deaths > 20 {
			t.Fatalf("the server was killed %d times at the same events and still executes them", deaths)
		}
		select {
		// A slow machine needs longer until the loops run.
		case <-time.After(500*time.Millisecond + time.Duration(deaths)*100*time.Millisecond):
			s.kill()
			continue
		case <-s.ready:
		}
		if deaths < 3 {
			t.Fatalf("the space opened after %d deaths", deaths)
		}
		why := proveEnded(t, p, loopers, "quarantined", "fuel")
		t.Logf("%d deaths: %v", deaths, why)
		if why["quarantined"] == 0 || !strings.Contains(s.said(), "quarantined") {
			t.Errorf("none was quarantined:\n%s", s.said())
		}
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		// And it stays so.
		if s, err = p.start(); err != nil {
			t.Fatal(err)
		}
		proveEnded(t, p, loopers, "quarantined", "fuel")
		s.kill()
		return
	}
}
