package service

import (
	"testing"
	"time"
)

// Few terminals are read as they print; a crowd shares what is read in all; who prints
// a line does not rest in any crowd; and a crowd that is over is forgotten.
func TestCrowd(t *testing.T) {
	// read has terminals print 4096 bytes whenever they have rested, for two seconds, and
	// returns how many bytes that was a second.
	read := func(c *crowd, terminals int, from time.Duration) (rate float64) {
		all, next := make([]standing, terminals), make([]time.Duration, terminals)
		total := 0
		for now := from; now < from+2*time.Second; now += time.Millisecond {
			for i := range all {
				if next[i] <= now {
					total += 4096
					next[i] = now + max(time.Millisecond, c.rest(&all[i], 4096, now))
				}
			}
		}
		return float64(total) / 2
	}
	for _, n := range []int{crowdSize, 2 * crowdSize, 100} {
		var c crowd
		if rate := read(&c, n, 0); rate > 1.2*crowdRate || rate < 0.5*crowdRate {
			t.Errorf("%d terminals print %.1f MiB/s, and share %d", n, rate/(1<<20), crowdRate>>20)
		}
	}
	var c crowd
	if got, want := read(&c, crowdSize-1, 0), float64((crowdSize-1)*4096*1000); got != want {
		t.Errorf("%d terminals print %.0f bytes a second, and could print %.0f", crowdSize-1, got, want)
	}
	read(&c, 100, 10*time.Second)
	var quiet, late standing
	if d := c.rest(&quiet, crowdBytes-1, 12*time.Second); d != 0 {
		t.Errorf("an echo rests for %v", d)
	}
	if d := c.rest(&late, 4096, 13*time.Second); d != 0 {
		t.Errorf("one who prints when the crowd is gone rests for %v", d)
	}
}
