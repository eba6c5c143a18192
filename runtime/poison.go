package runtime

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"hearth/journal/space"
)

// A trap is the guest's and repeats itself in every replay. A crash of the host
// while it executes an event (a fault of the engine, memory that runs out) would
// repeat itself too, and the space would never open again. So every worker leaves
// a crumb, what it executes, in a small shared mapping that outlives the process;
// an event that was being executed at poisonCrashes crashes in a row is not
// executed again: its process is quarantined by an event, and the space opens.
//
//	+-------+---------+----------------------------+------------------------------+
//	| magic | state   | suspects 32 x              | crumbs 64 x                  |
//	| 8     | u64     | pid u64, seq u64, n u64    | pid u64, seq u64             |
//	+-------+---------+----------------------------+------------------------------+
//
// state is 1 while a replay runs: a server that was killed after that is no
// suspicion. The first replay that comes to its end clears everything.
const (
	poisonCrashes = 3
	poisonMagic   = 0x31626d7572637248
	maxSuspects   = 32
	maxCrumbs     = 64
	crumbsSize    = 16 + maxSuspects*24 + maxCrumbs*16
)

type crumbs struct {
	mem  []byte
	next atomic.Uint32
}

// openCrumbs maps the file, counts what the last run left in it, and returns the
// events that crashed the host too often.
func openCrumbs(path string) (*crumbs, map[uint64]uint64, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	if err := f.Truncate(crumbsSize); err != nil {
		return nil, nil, err
	}
	mem, err := unix.Mmap(int(f.Fd()), 0, crumbsSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, fmt.Errorf("mapping %s: %w", path, err)
	}
	c := &crumbs{mem: mem}
	le := binary.LittleEndian
	if le.Uint64(mem) != poisonMagic {
		clear(mem)
		le.PutUint64(mem, poisonMagic)
	}
	crashed := le.Uint64(mem[8:]) == 1
	left := map[[2]uint64]bool{}
	for i := range maxCrumbs {
		at := mem[16+maxSuspects*24+i*16:]
		if pid := le.Uint64(at); pid != 0 && crashed {
			left[[2]uint64{pid, le.Uint64(at[8:])}] = true
		}
		clear(at[:16])
	}
	// A suspect that was not executing at this crash is none any more.
	poison := map[uint64]uint64{}
	counts := map[[2]uint64]uint64{}
	for i := range maxSuspects {
		at := mem[16+i*24:]
		key := [2]uint64{le.Uint64(at), le.Uint64(at[8:])}
		if left[key] {
			counts[key] = le.Uint64(at[16:])
		}
		clear(at[:24])
	}
	i := 0
	for key := range left {
		counts[key]++
		if counts[key] >= poisonCrashes {
			poison[key[0]] = key[1]
		}
		if i < maxSuspects {
			at := mem[16+i*24:]
			le.PutUint64(at, key[0])
			le.PutUint64(at[8:], key[1])
			le.PutUint64(at[16:], counts[key])
			i++
		}
	}
	le.PutUint64(mem[8:], 1)
	return c, poison, nil
}

// slot returns where a worker leaves its crumbs.
func (c *crumbs) slot() *[2]atomic.Uint64 {
	n := int(c.next.Add(1)-1) % maxCrumbs
	return (*[2]atomic.Uint64)(unsafe.Pointer(&c.mem[16+maxSuspects*24+n*16]))
}

// clear notes that the replay came to its end.
func (c *crumbs) clear() {
	clear(c.mem[16:])
	binary.LittleEndian.PutUint64(c.mem[8:], 0)
}

// close gives the mapping back.
func (c *crumbs) close() { unix.Munmap(c.mem) }

// findQuarantines reads from the journal which processes were quarantined, and
// from which event on, before any of them is executed again.
func (d *durable) findQuarantines(ctx context.Context, to uint64) error {
	for rec, err := range d.j.Records(ctx, d.k.Seq+1) {
		if err != nil {
			return err
		}
		if rec.Seq > to {
			break
		}
		if space.Kind(rec.Kind) != space.KindExit {
			continue
		}
		ev, err := space.Decode(rec)
		if err != nil {
			return err
		}
		if x := ev.(*space.Exit); x.Reason == space.ReasonQuarantined {
			d.poison[x.Process] = x.From
		}
	}
	return nil
}

// quarantine ends the processes whose events crash the host. The caller holds mu.
func (d *durable) quarantine() error {
	for _, pid := range slices.Sorted(maps.Keys(d.poison)) {
		if d.k.Process(pid) == nil {
			continue
		}
		d.rt.log.Error("a process is quarantined: the server crashed while executing one of its events again", "pid", pid, "event", d.poison[pid])
		x := &space.Exit{Header: space.Header{Origin: "server"}, Process: pid, Reason: space.ReasonQuarantined, From: d.poison[pid]}
		if _, err := d.commit(nil, x); err != nil {
			return err
		}
	}
	return nil
}
