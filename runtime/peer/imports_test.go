package peer_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	goruntime "runtime"
	"sync"
	"testing"
	"time"

	"hearth/runtime"
	"hearth/runtime/caps"
)

// holder is one of three sides among which capabilities go around. It holds what it
// was sent, by the number of the mailbox that each capability reaches.
type holder struct {
	*side
	post runtime.Capability             // takes capabilities in, at this side
	to   map[*holder]runtime.Capability // how the others reach post

	mu    sync.Mutex
	holds map[int][]runtime.Capability
	came  int
}

func newHolder(t *testing.T) *holder {
	h := &holder{side: newSide(t), to: map[*holder]runtime.Capability{}, holds: map[int][]runtime.Capability{}}
	port := h.NewPort(func(s *runtime.Signal) {
		if s.Kind != runtime.SignalMessage {
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		for i, c := range s.Caps {
			n := int(binary.BigEndian.Uint32(s.Data[4*i:]))
			h.holds[n] = append(h.holds[n], c)
		}
		h.came++
	})
	h.post = port.Cap(caps.All)
	h.Register("post", h.post)
	return h
}

// pick returns a random capability of those that a side holds to a mailbox.
func (h *holder) pick(r *rand.Rand, n int) (runtime.Capability, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.holds[n]
	if len(l) == 0 {
		return runtime.Capability{}, false
	}
	return l[r.IntN(len(l))], true
}

// TestReleaseModel sends capabilities around among two clients and their server,
// drops them and sends them again, with collections in between. Whoever holds one
// reaches its mailbox with it; in the end, when nobody holds any, nothing is left.
func TestReleaseModel(t *testing.T) {
	const mailboxes, rounds = 24, 8
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			a, b, server := newHolder(t), newHolder(t), newHolder(t)
			as, sa := join(t, a.side, server.side)
			bs, sb := join(t, b.side, server.side)
			all := []*holder{a, b, server}
			a.to[server], b.to[server] = get(t, a.side, as.Root(), "post"), get(t, b.side, bs.Root(), "post")
			for _, h := range []*holder{a, b} { // the server knows the clients, and they each other through it
				name := fmt.Sprintf("post %p", h)
				root := map[*holder]runtime.Capability{a: as.Root(), b: bs.Root()}[h]
				send(t, h.side, root, runtime.Message{Data: fmt.Appendf(nil, `{"Register":{"name":%q}}`, name), Caps: []runtime.Capability{h.post, h.post}})
				eventually(t, "the name", func() bool { x, ok := server.Lookup(name); server.to[h] = x; return ok })
			}
			a.to[b] = get(t, a.side, as.Root(), fmt.Sprintf("post %p", b))
			b.to[a] = get(t, b.side, bs.Root(), fmt.Sprintf("post %p", a))
			for _, h := range all {
				h.to[h] = h.post
			}
			base := []int{as.Stats().Exports, sa.Stats().Exports, bs.Stats().Exports, sb.Stats().Exports}

			reached := make([]chan struct{}, mailboxes)
			var ports []*runtime.Port
			for n := range mailboxes {
				reached[n] = make(chan struct{}, 1)
				owner := all[n%len(all)]
				p := owner.NewPort(func(s *runtime.Signal) {
					if s.Kind == runtime.SignalMessage {
						reached[n] <- struct{}{}
					}
				})
				ports = append(ports, p)
				owner.holds[n] = []runtime.Capability{p.Cap(caps.All)}
			}
			sent := 0
			settle := func() {
				eventually(t, "what was sent", func() bool {
					n := 0
					for _, h := range all {
						h.mu.Lock()
						n += h.came
						h.mu.Unlock()
					}
					return n >= sent
				})
			}
			for range rounds {
				for range 200 {
					from, to := all[r.IntN(3)], all[r.IntN(3)]
					n := r.IntN(mailboxes)
					switch r.IntN(8) {
					case 0, 1: // drop all
						from.mu.Lock()
						delete(from.holds, n)
						from.mu.Unlock()
					case 2:
						if r.IntN(20) == 0 {
							goruntime.GC()
						}
					default:
						var m runtime.Message
						for range 1 + r.IntN(3) {
							if c, ok := from.pick(r, n); ok {
								m.Caps = append(m.Caps, c)
								m.Data = binary.BigEndian.AppendUint32(m.Data, uint32(n))
							}
							n = r.IntN(mailboxes)
						}
						if len(m.Caps) > 0 {
							send(t, from.side, from.to[to], m)
							sent++
						}
					}
				}
				settle()
				for _, h := range all {
					for n := range mailboxes {
						c, ok := h.pick(r, n)
						if !ok {
							continue
						}
						send(t, h.side, c, runtime.Message{Data: []byte("x")})
						select {
						case <-reached[n]:
						case <-time.After(10 * time.Second):
							t.Fatalf("the holder of a capability to mailbox %d does not reach it", n)
						}
					}
				}
			}
			for _, h := range all {
				h.mu.Lock()
				clear(h.holds)
				h.mu.Unlock()
			}
			for _, p := range ports {
				p.Close()
			}
			eventually(t, "the release of all", func() bool {
				goruntime.GC()
				for i, n := range []int{as.Stats().Exports, sa.Stats().Exports, bs.Stats().Exports, sb.Stats().Exports} {
					if n > base[i]+2 { // signals that are used again hold a few
						return false
					}
				}
				return true
			})
			for _, c := range all {
				if len(c.node.Conns()) == 0 {
					t.Error("a connection broke")
				}
			}
		})
	}
}

// TestNumbersAreCountedOnce has a peer send the same capabilities again and again to
// somebody who drops them: however late the collector comes, what is held to them is
// not more than there are.
func TestNumbersAreCountedOnce(t *testing.T) {
	a, b := newSide(t), newSide(t)
	ab, ba := join(t, a, b)
	hold := b.NewPort(func(*runtime.Signal) {}) // keeps nothing
	b.Register("hold", hold.Cap(caps.Send))
	to := get(t, a, ab.Root(), "hold")
	var cs []runtime.Capability
	for range 256 {
		cs = append(cs, a.NewPort(func(*runtime.Signal) {}).Cap(caps.Send))
	}
	for i := range 80 {
		send(t, a, to, runtime.Message{Caps: cs})
		if i%7 == 0 {
			goruntime.GC()
		}
		if n := ba.Stats().Imports; n > len(cs)+8 {
			t.Fatalf("%d imports of %d capabilities", n, len(cs))
		}
	}
	eventually(t, "the releases", func() bool { goruntime.GC(); return ab.Stats().Exports < 8 })
	if ab.Err() != nil || ba.Err() != nil {
		t.Error(ab.Err(), ba.Err())
	}
}
