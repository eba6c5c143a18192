package caps

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The table agrees with a plain model under any order of calls, and gives the
// lowest free handle.
func TestTableModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit = 8
		tab := NewTable[int, string](limit)
		type entry struct {
			target int
			perms  Perms
			count  int
		}
		model := map[uint32]*entry{}
		find := func(target int, p Perms) (uint32, bool) {
			for h, e := range model {
				if e.target == target && e.perms == p {
					return h, true
				}
			}
			return 0, false
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			h := uint32(rapid.IntRange(0, limit).Draw(t, "h"))
			switch rapid.IntRange(0, 3).Draw(t, "op") {
			case 0:
				target, p := rapid.IntRange(0, 9).Draw(t, "target"), Perms(rapid.IntRange(0, 3).Draw(t, "perms"))
				got, err := tab.Add(target, "", p)
				if want, held := find(target, p); held {
					if err != nil || got != want {
						t.Fatalf("a held capability got handle %d (%v), want %d", got, err, want)
					}
					model[want].count++
					continue
				}
				if len(model) == limit {
					if !errors.Is(err, ErrTableFull) {
						t.Fatalf("full table: %v", err)
					}
					continue
				}
				var want uint32
				for model[want] != nil {
					want++
				}
				if err != nil || got != want {
					t.Fatalf("handle %d (%v), want the lowest free one, %d", got, err, want)
				}
				model[want] = &entry{target, p, 1}
			case 1:
				err := tab.DecRef(h)
				if e := model[h]; e == nil {
					if !errors.Is(err, ErrNoCapability) {
						t.Fatalf("DecRef of nothing: %v", err)
					}
				} else if e.count--; e.count == 0 {
					delete(model, h)
				}
			case 2:
				if err := tab.IncRef(h); (err == nil) != (model[h] != nil) {
					t.Fatalf("IncRef(%d): %v", h, err)
				}
				if e := model[h]; e != nil {
					e.count++
				}
			case 3:
				target, _, p, err := tab.Get(h)
				if e := model[h]; e == nil {
					if !errors.Is(err, ErrNoCapability) {
						t.Fatalf("Get of nothing: %v", err)
					}
				} else if target != e.target || p != e.perms {
					t.Fatalf("Get(%d) = %d %v, want %d %v", h, target, p, e.target, e.perms)
				}
			}
			if tab.Len() != len(model) {
				t.Fatalf("Len %d, want %d", tab.Len(), len(model))
			}
		}
		// A restored table goes on as the original would.
		twin := NewTable[int, string](limit)
		tab.Each(func(h uint32, target int, live string, p Perms, n uint32) {
			if err := twin.Put(h, target, live, p, n); err != nil {
				t.Fatal(err)
			}
		})
		twin.Fill()
		for i := range limit {
			a, errA := tab.Add(100+i, "", All)
			b, errB := twin.Add(100+i, "", All)
			if a != b || (errA == nil) != (errB == nil) {
				t.Fatalf("restored table gives %d (%v), the original %d (%v)", b, errB, a, errA)
			}
		}
	})
}

func TestLivePermissions(t *testing.T) {
	tab := NewTable[int, string](4)
	h, _ := tab.Add(1, "one", Send|Monitor)
	if v, err := tab.Live(h, Send); v != "one" || err != nil {
		t.Fatal(v, err)
	}
	if _, err := tab.Live(h, Kill); !errors.Is(err, ErrPermission) {
		t.Fatalf("kill without permission: %v", err)
	}
	d, err := tab.Demote(h, Send|Kill)
	if err != nil || d == h {
		t.Fatal(d, err)
	}
	if _, _, p, _ := tab.Get(d); p != Send {
		t.Fatalf("demoted to %v: a permission was gained or lost", p)
	}
	if _, err := tab.Live(99, Send); !errors.Is(err, ErrNoCapability) {
		t.Fatal(err)
	}
}

func TestPermsString(t *testing.T) {
	got := []string{Perms(0).String(), Send.String(), All.String(), (Monitor | Link).String()}
	if want := []string{"none", "send", "send+monitor+kill+link", "monitor+link"}; !slices.Equal(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
}

func BenchmarkLive(b *testing.B) {
	tab := NewTable[[2]uint64, *int](1 << 10)
	var n int
	for i := range uint64(100) {
		tab.Add([2]uint64{i}, &n, All)
	}
	b.ReportAllocs()
	for i := range b.N {
		if _, err := tab.Live(uint32(i%100), Send); err != nil {
			b.Fatal(err)
		}
	}
}
