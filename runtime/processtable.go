package runtime

import "sync"

// tableShards is how many locks the table of processes has: spawning and ending
// on many workers is what it is busy with.
const tableShards = 32

// processTable finds transient processes by PID.
type processTable struct {
	shards [tableShards]struct {
		mu sync.RWMutex
		by map[uint64]*Process
	}
}

func (t *processTable) add(p *Process) {
	s := &t.shards[p.pid%tableShards]
	s.mu.Lock()
	if s.by == nil {
		s.by = map[uint64]*Process{}
	}
	s.by[p.pid] = p
	s.mu.Unlock()
}

func (t *processTable) get(pid uint64) *Process {
	s := &t.shards[pid%tableShards]
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.by[pid]
}

func (t *processTable) remove(pid uint64) {
	s := &t.shards[pid%tableShards]
	s.mu.Lock()
	delete(s.by, pid)
	s.mu.Unlock()
}

// all returns the processes as they are now, in no order.
func (t *processTable) all() (ps []*Process) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.RLock()
		for _, p := range s.by {
			ps = append(ps, p)
		}
		s.mu.RUnlock()
	}
	return ps
}
