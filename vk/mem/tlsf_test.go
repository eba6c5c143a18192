package mem

import (
	"testing"

	"pgregory.net/rapid"
)

// check compares all that a space knows with its nodes: neighbours touch, no two
// free ranges lie beside each other, lists and bitmaps hold exactly what is free.
func (s *space) check(t interface{ Fatalf(string, ...any) }) {
	first := none
	spare := map[int32]bool{}
	for _, n := range s.spare {
		spare[n] = true
	}
	for i := range s.nodes {
		if !spare[int32(i)] && s.nodes[i].before == none {
			if first != none {
				t.Fatalf("two first ranges")
			}
			first = int32(i)
		}
	}
	var off, used uint64
	free := map[int32]bool{}
	was := false
	count := 0
	for n := first; n != none; n = s.nodes[n].after {
		x := &s.nodes[n]
		if x.off != off || x.size == 0 || x.size%grain != 0 {
			t.Fatalf("range at %d of %d, want %d", x.off, x.size, off)
		}
		if x.after != none && s.nodes[x.after].before != n {
			t.Fatalf("neighbours disagree")
		}
		if x.free && was {
			t.Fatalf("two free ranges at %d were not joined", off)
		}
		if was = x.free; x.free {
			free[n] = true
		} else {
			used += x.size
		}
		off += x.size
		count++
	}
	if off != s.size || used != s.used || count+len(s.spare) != len(s.nodes) {
		t.Fatalf("ends at %d of %d; %d used, %d counted; %d nodes of %d", off, s.size, used, s.used, count+len(s.spare), len(s.nodes))
	}
	for fl := range s.heads {
		if (s.first>>fl&1 != 0) != (s.second[fl] != 0) {
			t.Fatalf("class %d: bitmaps disagree", fl)
		}
		for sl := range s.heads[fl] {
			if (s.second[fl]>>sl&1 != 0) != (s.heads[fl][sl] != none) {
				t.Fatalf("class %d.%d: the bitmap is wrong", fl, sl)
			}
			prev := none
			for n := s.heads[fl][sl]; n != none; n = s.nodes[n].nextFree {
				f, l := class(s.nodes[n].size)
				if !free[n] || f != fl || l != sl || s.nodes[n].prevFree != prev {
					t.Fatalf("class %d.%d holds what is not free or not of it", fl, sl)
				}
				delete(free, n)
				prev = n
			}
		}
	}
	if len(free) > 0 {
		t.Fatalf("%d free ranges are in no list", len(free))
	}
}

// Whatever is taken and given, ranges never overlap, are aligned, are within the
// space, and it is whole again when all is given back.
func TestSpaceProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Uint64Range(grain, 1<<24).Draw(t, "size")
		s := newSpace(size)
		type taken struct {
			n         int32
			off, size uint64
		}
		var all []taken
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				n := rapid.OneOf(rapid.Uint64Range(0, 4096), rapid.Uint64Range(0, 1<<22), rapid.Just(s.size-s.used), rapid.Just(^uint64(0))).Draw(t, "n")
				align := uint64(1) << rapid.IntRange(0, 17).Draw(t, "align")
				i, off, ok := s.alloc(n, align)
				if !ok {
					if s.used == 0 && align <= grain && n <= s.size {
						t.Fatalf("%d bytes do not fit into %d that are free", n, s.size)
					}
					return
				}
				got := s.nodes[i].size
				if off%align != 0 || off%grain != 0 || got < n || off+got > s.size || off != s.nodes[i].off {
					t.Fatalf("%d bytes aligned to %d: %d at %d of %d", n, align, got, off, s.size)
				}
				for _, x := range all {
					if off < x.off+x.size && x.off < off+got {
						t.Fatalf("ranges overlap")
					}
				}
				all = append(all, taken{i, off, got})
			},
			"give": func(t *rapid.T) {
				if len(all) == 0 {
					return
				}
				i := rapid.IntRange(0, len(all)-1).Draw(t, "i")
				s.release(all[i].n)
				all[i] = all[len(all)-1]
				all = all[:len(all)-1]
			},
			"": func(t *rapid.T) { s.check(t) },
		})
		for _, x := range all {
			s.release(x.n)
		}
		s.check(t)
		if i, off, ok := s.alloc(s.size, 1); !ok || off != 0 {
			t.Fatalf("not whole again")
		} else {
			s.release(i)
		}
	})
}

// FuzzSpace plays takes and gives out of bytes.
func FuzzSpace(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 200, 5, 6, 250, 7})
	f.Add([]byte("take some, give some, take more than there is"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := newSpace(1 << 20)
		var all []int32
		for i := 0; i+2 < len(b); i += 3 {
			if b[i] >= 128 && len(all) > 0 {
				k := int(b[i+1]) % len(all)
				s.release(all[k])
				all = append(all[:k], all[k+1:]...)
			} else if n, off, ok := s.alloc(uint64(b[i+1])<<(b[i]%14), 1<<(b[i+2]%18)); ok {
				if off&(1<<(b[i+2]%18)-1) != 0 {
					t.Fatal("not aligned")
				}
				all = append(all, n)
			}
			s.check(t)
		}
	})
}

// Every size falls into a class that grows with it, and all of the class that is
// searched for it are large enough.
func TestClasses(t *testing.T) {
	last := 0
	for u := uint64(1); u < 1<<16; u++ {
		fl, sl := class(u * grain)
		c := fl*slCount + sl
		if c < last || c > last+1 {
			t.Fatalf("size %d falls from class %d to %d", u, last, c)
		}
		last = c
		wf, ws := classFor(u * grain)
		if wf*slCount+ws < c {
			t.Fatalf("size %d is searched in a smaller class", u)
		}
		if wf > fl || ws > sl {
			if below := wf*slCount + ws - 1; below != c {
				t.Fatalf("size %d is searched %d classes up", u, below-c+1)
			}
		}
	}
	if fl, sl := classFor(maxObject); fl >= flCount || sl >= slCount {
		t.Fatal("the largest size has no class")
	}
}

// Ranges count what is not bytes.
func TestRanges(t *testing.T) {
	r := NewRanges(100)
	if _, ok := r.Take(0); ok {
		t.Error("a range of nothing")
	}
	a, ok := r.Take(60)
	b, ok2 := r.Take(40)
	if !ok || !ok2 || a.First != 0 || b.First != 60 || r.Used() != 100 {
		t.Fatalf("%+v %+v, %d used", a, b, r.Used())
	}
	if _, ok := r.Take(1); ok {
		t.Error("101 of 100")
	}
	r.Give(a)
	if c, ok := r.Take(1); !ok || c.First != 0 {
		t.Errorf("%+v", c)
	}
}

func BenchmarkSpace(b *testing.B) {
	s := newSpace(64 << 20)
	var live [256]int32
	for i := range live {
		live[i], _, _ = s.alloc(uint64(1000+i*300), 256)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		k := i * 97 % len(live)
		if live[k] != none {
			s.release(live[k])
		}
		live[k], _, _ = s.alloc(uint64(1000+i%997*100), 256)
		i++
	}
}
