package crash

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"hearth/journal"
)

const (
	// worldsAtOnce are worlds that are killed beside each other: the machines that
	// test this have two processors.
	worldsAtOnce = 2
	// killsPerWorld bounds the history that each proof executes again.
	killsPerWorld = 20
	// kills is how many there are in a run of the tests, soakKills in a long one.
	kills     = 200
	soakKills = 5000
)

// tally is what happened in a run.
type tally struct {
	mu                                          sync.Mutex
	kills, inFlight, starting, snapshots, stops int
	messages, events                            uint64
}

func setting(t *testing.T, name string, otherwise uint64) uint64 {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

// newSeed is a seed that was not used before, or the one that a person names.
func newSeed(t *testing.T) uint64 {
	t.Helper()
	seed := setting(t, "HEARTH_CRASH_SEED", uint64(time.Now().UnixNano()))
	t.Logf("HEARTH_CRASH_SEED=%d", seed)
	return seed
}

// Whatever was acknowledged is there after any kill, once; nothing is doubled,
// nothing damaged, and executing the history again comes to the same state.
func TestKill(t *testing.T) {
	most := uint64(kills)
	if os.Getenv("HEARTH_SOAK") != "" {
		most = soakKills
	}
	most = setting(t, "HEARTH_CRASH_KILLS", most)
	seed := newSeed(t)
	t.Logf("HEARTH_CRASH_KILLS=%d", most)
	worlds := int((most + killsPerWorld - 1) / killsPerWorld)
	var all tally
	begin := time.Now()
	t.Run("world", func(t *testing.T) {
		gate := make(chan struct{}, worldsAtOnce)
		for i := range worlds {
			n := min(killsPerWorld, int(most)-i*killsPerWorld)
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				gate <- struct{}{}
				defer func() { <-gate }()
				rng := rand.New(rand.NewPCG(seed, uint64(i)))
				v := newVictim(t, rng, &all)
				t.Log(v.p.flags)
				if err := v.live(n); err != nil {
					t.Error(err)
				}
			})
		}
	})
	t.Logf("%d kills in %.0f s, %d with messages in flight, %d while it started, %d during a snapshot; %d orderly ends; %d messages, %d events",
		all.kills, time.Since(begin).Seconds(), all.inFlight, all.starting, all.snapshots, all.stops, all.messages, all.events)
	if t.Failed() {
		return
	}
	if uint64(all.kills) < most {
		t.Errorf("%d kills; want %d", all.kills, most)
	}
	if all.kills >= kills && all.inFlight*10 < all.kills*6 {
		t.Errorf("only %d of %d kills hit messages in flight", all.inFlight, all.kills)
	}
	if all.messages < uint64(all.kills)*20 {
		t.Errorf("only %d messages were acknowledged", all.messages)
	}
}

// victim is a world that is killed again and again.
type victim struct {
	*load
	rng   *rand.Rand
	tally *tally
	rough bool // it is never stopped in an orderly way
}

// newVictim chooses what kind of world it is.
func newVictim(t *testing.T, rng *rand.Rand, all *tally) *victim {
	flags := []string{"--workers", strconv.Itoa(1 + rng.IntN(4))}
	calm, babbling := false, 0
	switch rng.IntN(4) {
	case 0: // long replays, and segments that end because they are full
		calm, babbling = true, 30<<10
		flags = append(flags, "--snapshot-every", "0", "--snapshot-events", "0", "--segment-size", strconv.Itoa(journal.MinSegmentSize))
	case 1: // the same, but snapshots come by themselves
		calm, babbling = true, 20<<10
		flags = append(flags, "--snapshot-every", "50ms", "--segment-size", strconv.Itoa(journal.MinSegmentSize))
	default:
		flags = append(flags, "--snapshot-events", strconv.Itoa(200+rng.IntN(2000)))
	}
	v := &victim{load: newLoad(newPlace(t, flags...)), rng: rng, tally: all}
	v.calm, v.babbling = calm, babbling
	return v
}

// live lets the world live through n kills.
func (v *victim) live(n int) error {
	for made := false; n > 0; {
		// Some servers do not get far.
		for n > 1 && v.rng.IntN(5) == 0 {
			if err := v.killStarting(); err != nil {
				return err
			}
			n--
		}
		s, err := v.p.start()
		if err != nil {
			return err
		}
		if !made && n > 1 && v.rng.IntN(2) == 0 {
			if err := v.killFounding(s); err != nil {
				return err
			}
			n--
			continue
		}
		if !made {
			if err := v.found(); err != nil {
				return err
			}
			made = true
		}
		if err := v.proveAll(); err != nil {
			return errors.Join(err, v.why(s))
		}
		killed, err := v.burden(s)
		if err != nil {
			return errors.Join(err, v.why(s))
		}
		if killed {
			n--
		}
		if v.rng.IntN(10) == 0 {
			if err := v.proveStopped(); err != nil {
				return err
			}
		}
	}
	// The last word has a proof.
	s, err := v.p.start()
	if err != nil {
		return err
	}
	if err := v.proveAll(); err != nil {
		return errors.Join(err, v.why(s))
	}
	v.tally.mu.Lock()
	v.tally.messages += v.ledger.accepted()
	v.tally.events += v.ledger.settled
	v.tally.mu.Unlock()
	return s.stop()
}

// why explains a failure by a server that ended by itself.
func (v *victim) why(s *server) error {
	if s.alive() {
		s.kill()
		return nil
	}
	return fmt.Errorf("%w with %v: %s", errEnded, s.cmd.ProcessState, s.said())
}

func (v *victim) found() error {
	c, err := v.p.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	return v.populate(c)
}

// killFounding kills the server while its first processes are made.
func (v *victim) killFounding(s *server) error {
	done := make(chan error, 1)
	go func() { done <- v.found() }()
	pause(v.rng, 500*time.Millisecond)
	if !s.alive() {
		return errors.Join(<-done, v.why(s))
	}
	s.kill()
	if err := <-done; err != nil && !gone(err) {
		return err
	}
	v.tally.mu.Lock()
	v.tally.kills++
	v.tally.starting++
	v.tally.mu.Unlock()
	return nil
}

// killStarting kills a server that restores the space, or has not come to that.
func (v *victim) killStarting() error {
	s, err := v.p.begin()
	if err != nil {
		return err
	}
	pause(v.rng, 150*time.Millisecond)
	if !s.alive() {
		return fmt.Errorf("%w by itself with %v: %s", errEnded, s.cmd.ProcessState, s.said())
	}
	s.kill()
	v.tally.mu.Lock()
	v.tally.kills++
	v.tally.starting++
	v.tally.mu.Unlock()
	return nil
}

// proveAll connects to a server that has just restored the space.
func (v *victim) proveAll() error {
	c, err := v.p.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := v.prove(c); err != nil {
		return err
	}
	// In a calm world each proof would shorten what the next start must execute.
	if !v.calm || v.rng.IntN(4) == 0 {
		if err := v.proveState(c); err != nil {
			return err
		}
	}
	return v.proveData(c)
}

// proveStopped has hearth-ctl look at the world as the crash left it.
func (v *victim) proveStopped() error {
	if _, err := v.p.ctlOK("check", "--read-data"); err != nil {
		return err
	}
	_, err := v.p.ctlOK("replay")
	return err
}

// burden sends until it kills the server, or stops it, and reports which.
func (v *victim) burden(s *server) (killed bool, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	v.inFlight.Store(0)
	seed := v.rng.Uint64()
	go func() { done <- v.run(ctx, seed) }()
	pause(v.rng, 300*time.Millisecond)
	snapshot := !v.calm && v.rng.IntN(5) == 0
	if snapshot {
		c, err := v.p.dial()
		if err != nil {
			return false, err
		}
		defer c.Close()
		go c.Snapshot(ctx, "killed")
		pause(v.rng, 15*time.Millisecond)
	}
	if !s.alive() {
		return false, errors.Join(errEnded, <-done)
	}
	stop := !v.rough && v.rng.IntN(15) == 0
	switch {
	case stop:
		err = s.stop()
	case !v.rough && v.rng.IntN(10) == 0: // while it takes its last snapshot
		err = s.cmd.Process.Signal(syscall.SIGTERM)
		pause(v.rng, 20*time.Millisecond)
		snapshot = true
		s.kill()
	default:
		s.kill()
	}
	err = errors.Join(err, <-done)
	v.tally.mu.Lock()
	defer v.tally.mu.Unlock()
	if stop {
		v.tally.stops++
		return false, err
	}
	v.tally.kills++
	if snapshot {
		v.tally.snapshots++
	}
	if v.inFlight.Load() > 0 {
		v.tally.inFlight++
	}
	return true, err
}
