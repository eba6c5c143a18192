package runtime

import (
	"path/filepath"
	"testing"
)

// Only an event that was being executed at three crashes in a row is poison, and
// a replay that came to its end clears the suspicion.
func TestCrumbs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "crumbs")
	open := func() (*crumbs, map[uint64]uint64) {
		t.Helper()
		c, poison, err := openCrumbs(file)
		if err != nil {
			t.Fatal(err)
		}
		return c, poison
	}
	crash := func(c *crumbs, pid, seq uint64) {
		s := c.slot()
		s[1].Store(seq)
		s[0].Store(pid)
		c.close()
	}
	c, poison := open()
	for i := range poisonCrashes {
		if len(poison) != 0 {
			t.Fatalf("poison after %d crashes: %v", i, poison)
		}
		crash(c, 7, 70)
		c, poison = open()
	}
	if len(poison) != 1 || poison[7] != 70 {
		t.Fatalf("after %d crashes: %v", poisonCrashes, poison)
	}
	c.clear()
	c.close()
	c, poison = open()
	if len(poison) != 0 {
		t.Fatalf("after a replay that ended: %v", poison)
	}
	// Crashes at different events are no pattern.
	for i := range uint64(2 * poisonCrashes) {
		crash(c, 7, 100+i%2)
		if c, poison = open(); len(poison) != 0 {
			t.Fatalf("crashes at different events: %v", poison)
		}
	}
	c.close()
}
