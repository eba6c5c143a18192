package runtime

import (
	"maps"
	"math/rand/v2"
	"testing"
)

// The table holds what a map would, whatever comes and goes, and keeps nothing for
// those that are gone.
func TestProcessTable(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var table processTable
	want := map[uint64]*Process{}
	next := uint64(1_000_000_000_000_000)
	for step := range 200_000 {
		switch op := r.IntN(10); {
		case op < 5 && step < 150_000:
			next += 1 + r.Uint64N(3)
			p := &Process{pid: next}
			table.add(p)
			want[next] = p
		case len(want) > 0:
			for pid := range want {
				if table.get(pid) != want[pid] {
					t.Fatalf("step %d: PID %d is not found", step, pid)
				}
				table.remove(pid)
				table.remove(pid)
				delete(want, pid)
				break
			}
		}
		if pid := next - r.Uint64N(50); table.get(pid) != want[pid] {
			t.Fatalf("step %d: PID %d: %v, want %v", step, pid, table.get(pid), want[pid])
		}
	}
	got := map[uint64]*Process{}
	for _, p := range table.all() {
		got[p.pid] = p
	}
	if !maps.Equal(got, want) {
		t.Errorf("%d processes, want %d", len(got), len(want))
	}
	for pid := range want {
		table.remove(pid)
	}
	for i := range table.shards {
		if n := len(table.shards[i].pages); n > 0 {
			t.Fatalf("shard %d keeps %d pages of nobody", i, n)
		}
	}
}
