package runtime

import "sync"

const (
	// tableShards is how many locks the table of processes has: spawning and ending
	// on many workers is what it is busy with.
	tableShards = 32
	// pageSlots is how many processes stand together in a shard.
	pageSlots = 64
)

// processTable finds transient processes by PID. PIDs are given in order, so
// processes of one time stand in one page, and a process costs a look into a small
// map of pages instead of an entry in a large one.
type processTable struct {
	shards [tableShards]tableShard
}

type tableShard struct {
	mu    sync.RWMutex
	pages map[uint64]*tablePage // none is empty
	spare *tablePage            // the last one that became empty
}

type tablePage struct {
	slots [pageSlots]*Process
	live  int
}

// place returns where a PID stands.
func (t *processTable) place(pid uint64) (s *tableShard, page uint64, slot int) {
	n := pid / tableShards
	return &t.shards[pid%tableShards], n / pageSlots, int(n % pageSlots)
}

func (t *processTable) add(p *Process) {
	s, page, slot := t.place(p.pid)
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.pages[page]
	if g == nil {
		if g = s.spare; g == nil {
			g = new(tablePage)
		}
		s.spare = nil
		if s.pages == nil {
			s.pages = map[uint64]*tablePage{}
		}
		s.pages[page] = g
	}
	if g.slots[slot] == nil {
		g.live++
	}
	g.slots[slot] = p
}

func (t *processTable) get(pid uint64) *Process {
	s, page, slot := t.place(pid)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if g := s.pages[page]; g != nil {
		return g.slots[slot]
	}
	return nil
}

func (t *processTable) remove(pid uint64) {
	s, page, slot := t.place(pid)
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.pages[page]
	if g == nil || g.slots[slot] == nil {
		return
	}
	g.slots[slot] = nil
	if g.live--; g.live == 0 {
		delete(s.pages, page)
		s.spare = g
	}
}

// all returns the processes as they are now, in no order.
func (t *processTable) all() (ps []*Process) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.RLock()
		for _, g := range s.pages {
			for _, p := range g.slots {
				if p != nil {
					ps = append(ps, p)
				}
			}
		}
		s.mu.RUnlock()
	}
	return ps
}
