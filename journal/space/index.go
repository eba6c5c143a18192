package space

import (
	"container/heap"
	"maps"
	"slices"
)

func (k *Kernel) setName(name string, c Cap) {
	k.names[name] = c
	k.named[c.Ref.Process] = append(k.named[c.Ref.Process], name)
}

func (k *Kernel) dropName(name string) {
	c, ok := k.names[name]
	if !ok {
		return
	}
	delete(k.names, name)
	s := k.named[c.Ref.Process]
	if i := slices.Index(s, name); i >= 0 {
		s = slices.Delete(s, i, i+1)
	}
	if len(s) == 0 {
		delete(k.named, c.Ref.Process)
	} else {
		k.named[c.Ref.Process] = s
	}
}

func (k *Kernel) addTimer(t *PendingTimer) {
	k.timers[t.ID] = t
	heap.Push((*timerHeap)(&k.due), t)
	if r := t.To.Ref; r.Kind == RefDurable || r.Kind == RefTransient {
		k.timersTo[r.Process] = insert(k.timersTo[r.Process], t.ID)
	}
}

func (k *Kernel) dropTimer(id uint64) {
	if t := k.timers[id]; t != nil {
		delete(k.timers, id)
		remove(k.timersTo, t.To.Ref.Process, id)
	}
	if len(k.due) > 2*len(k.timers)+staleTimers {
		k.due = slices.Collect(maps.Values(k.timers))
		heap.Init((*timerHeap)(&k.due))
	}
}

// staleTimers is how many dropped timers the heap may hold beside as many as
// there are others.
const staleTimers = 64

func (k *Kernel) link(a, b uint64) {
	k.links[a] = insert(k.links[a], b)
	k.links[b] = insert(k.links[b], a)
}

func (k *Kernel) unlink(a, b uint64) {
	remove(k.links, a, b)
	remove(k.links, b, a)
}

func (k *Kernel) addMonitor(m *Monitor) {
	k.monitors[m.ID] = m
	k.watching[m.By.Process] = insert(k.watching[m.By.Process], m.ID)
	if t := m.Target.Ref; t.Kind != RefService {
		k.watched[t.Process] = insert(k.watched[t.Process], m.ID)
	}
}

func (k *Kernel) dropMonitor(id uint64) {
	m := k.monitors[id]
	if m == nil {
		return
	}
	delete(k.monitors, id)
	remove(k.watching, m.By.Process, id)
	remove(k.watched, m.Target.Ref.Process, id)
}

func (k *Kernel) addKey(key string, seq uint64) {
	if _, ok := k.keys[key]; ok {
		return
	}
	k.keys[key] = seq
	k.keyOrder = append(k.keyOrder, key)
	if len(k.keyOrder) > MaxKeys {
		delete(k.keys, k.keyOrder[0])
		k.keyOrder = k.keyOrder[1:]
	}
}

func insert(s []uint64, v uint64) []uint64 {
	i, found := slices.BinarySearch(s, v)
	if found {
		return s
	}
	return slices.Insert(s, i, v)
}

func remove(m map[uint64][]uint64, key, v uint64) {
	s := m[key]
	i, found := slices.BinarySearch(s, v)
	if !found {
		return
	}
	if s = slices.Delete(s, i, i+1); len(s) == 0 {
		delete(m, key)
	} else {
		m[key] = s
	}
}
