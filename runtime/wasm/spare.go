package wasm

import (
	"context"
	"math/bits"
)

// maxSpare is how many ended instances of a module wait to be used again.
const maxSpare = 1024

// memory makes the memory of a new instance.
func (c *code) memory() (*memory, error) {
	most := max(memoryMax(&c.info, c.maxPages), c.image.size)
	if most == 0 || most > arenaMemory || c.blocking {
		return newMemory(c.image, most)
	}
	return c.arenas.take(c.image, most)
}

// reuse takes a spare instance whose memory has the size that is wanted.
func (c *code) reuse(size int) *instance {
	if size > c.image.size {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.spare) == 0 && len(c.wipe) > 0 {
		c.wipeArena()
	}
	n := len(c.spare)
	if n == 0 {
		return nil
	}
	i := c.spare[n-1]
	c.spare[n-1] = nil
	c.spare = c.spare[:n-1]
	c.kept--
	return i
}

// wipeArena makes spare instances of those in one arena that ended. The caller
// holds mu, which is given up for the work.
func (c *code) wipeArena() {
	a := c.wipe[len(c.wipe)-1]
	c.wipe = c.wipe[:len(c.wipe)-1]
	ended := a.ended
	a.ended, a.queued = 0, false
	var few [arenaSlots]*memory
	ms := few[:0]
	for left := ended; left != 0; left &= left - 1 {
		ms = append(ms, a.instances[bits.TrailingZeros64(left)].mem)
	}
	c.mu.Unlock()
	a.wipe(ms)
	c.mu.Lock()
	for _, m := range ms {
		c.spare = append(c.spare, a.instances[m.slot])
		a.instances[m.slot] = nil
	}
}

// giveBack keeps an instance that ended for the next process.
func (c *code) giveBack(i *instance) {
	i.p, i.exit, i.slot = nil, nil, slot{}
	a := i.mem.home
	usable := !i.broken && !c.blocking
	if usable && a != nil {
		usable = i.mem.fits() // it is wiped with its neighbours
	} else if usable {
		usable = i.mem.wipe()
	}
	if !usable || !c.keep(i, a) {
		i.mod.Close(context.Background())
	}
}

// keep makes an instance a spare one, unless there are enough.
func (c *code) keep(i *instance, a *arena) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept >= maxSpare {
		return false
	}
	c.kept++
	if a == nil {
		c.spare = append(c.spare, i)
		return true
	}
	a.instances[i.mem.slot] = i
	a.ended |= 1 << i.mem.slot
	if !a.queued && bits.OnesCount64(a.ended) >= wipeBatch {
		a.queued = true
		c.wipe = append(c.wipe, a)
	}
	return true
}

// dropSpare closes the instances that wait.
func (c *code) dropSpare() {
	ctx := context.Background()
	for _, i := range c.spare {
		i.mod.Close(ctx)
	}
	for _, a := range c.arenas.all() {
		for left := a.ended; left != 0; left &= left - 1 {
			a.instances[bits.TrailingZeros64(left)].mod.Close(ctx)
		}
	}
	c.spare, c.wipe = nil, nil
}
