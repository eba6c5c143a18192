package service

import (
	"sync"
	"time"
)

// crowd is how many terminals print at the same time, and how long each rests for it.
//
// What is read costs more than it costs here: the programs that print, and the kernel
// between, compute for every byte, and a hundred of them leave little for the frame. A
// few terminals are read as fast as they print. More of them share crowdRate, which is
// more than anybody reads on so many screens; a program whose output waits is stopped
// by the kernel. Who prints little never rests.
type crowd struct {
	// mu guards what follows.
	mu     sync.Mutex
	window time.Duration // when the window began
	round  uint64        // windows before
	now    int           // terminals that printed in this window
	before int           // and in the one before
}

// standing is a terminal's among them; its reader's own.
type standing struct{ round uint64 }

// rest says how long a terminal rests that has printed n bytes.
func (c *crowd) rest(p *standing, n int, now time.Duration) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if passed := now - c.window; passed >= crowdWindow || c.round == 0 {
		c.before, c.now = c.now, 0
		if passed >= 2*crowdWindow {
			c.before = 0
		}
		c.window = now
		c.round++
	}
	if p.round != c.round {
		p.round = c.round
		c.now++
	}
	many := max(c.now, c.before)
	if many < crowdSize || n < crowdBytes {
		return 0
	}
	return min(time.Duration(n)*time.Duration(many)*time.Second/crowdRate, crowdRest)
}
