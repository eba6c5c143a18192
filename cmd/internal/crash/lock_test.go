package crash

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"
)

// A second server on a world that is being used ends with 75 and disturbs nothing.
func TestTwoServers(t *testing.T) {
	rng := rand.New(rand.NewPCG(newSeed(t), 4))
	l := newLoad(newPlace(t, "--snapshot-events", "500"))
	s, c := started(t, l.p)
	if err := l.populate(c); err != nil {
		t.Fatal(err)
	}
	c.Close()
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { done <- l.run(ctx, rng.Uint64()) }()
	for range 5 {
		l.p.refused(t, 75, "in use by hearth-server")
		pause(rng, 50*time.Millisecond)
	}
	if !s.alive() {
		t.Fatalf("the first server ended: %s", s.said())
	}
	s.kill()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	proveFreed(t, l)
}
