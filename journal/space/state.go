package space

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"hearth/lumps"
)

// stateNode is the root block of a state. Every link is a tree.
//
//	processes  PID u64 be   -> {process, image}
//	names      name         -> capability
//	roots      name         -> {cid, size}
//	monitors   id u64 be    -> {by, target}
//	links      process u64 be, process u64 be (smaller first) -> null
//	timers     id u64 be    -> timer
//	keys       seq u64 be   -> text
//	outbox     seq, process u64 be, index u32 be -> effect
type stateNode struct {
	Format    int       `cbor:"format"`
	Processes lumps.CID `cbor:"processes"`
	Names     lumps.CID `cbor:"names"`
	Roots     lumps.CID `cbor:"roots"`
	Monitors  lumps.CID `cbor:"monitors"`
	Links     lumps.CID `cbor:"links"`
	Timers    lumps.CID `cbor:"timers"`
	Keys      lumps.CID `cbor:"keys"`
	Outbox    lumps.CID `cbor:"outbox"`
}

// processRecord joins what the kernel and what the guest made of a process.
type processRecord struct {
	Process *Process `cbor:"process"`
	Image   *Image   `cbor:"image"`
}

// State is a whole state in memory, but for the pages.
type State struct {
	Kernel *Kernel
	Images map[uint64]*Image // by PID; one for every process of the kernel
	Outbox []Effect          // by cause
}

func be64(v ...uint64) []byte {
	b := make([]byte, 0, 8*len(v))
	for _, x := range v {
		b = binary.BigEndian.AppendUint64(b, x)
	}
	return b
}

// Encode stores the state and returns its CID. The pages of the images must be
// stored already.
func (s *State) Encode(put Put) (lumps.CID, error) {
	k := s.Kernel
	n := stateNode{Format: Format}
	var err error
	tree := func(root *lumps.CID, entries []Entry) {
		if err == nil {
			slices.SortFunc(entries, func(a, b Entry) int { return bytes.Compare(a.Key, b.Key) })
			*root, err = buildTree(entries, put)
		}
	}
	value := func(v any) cbor.RawMessage {
		data, e := lumps.Marshal(v)
		if e != nil && err == nil {
			err = e
		}
		return data
	}
	procs := make([]Entry, 0, len(k.procs))
	for pid, p := range k.procs {
		im := s.Images[pid]
		if im == nil {
			return lumps.CID{}, fmt.Errorf("process %d has no image: %w", pid, ErrBadState)
		}
		procs = append(procs, Entry{Key: be64(pid), Value: value(processRecord{p, im})})
	}
	tree(&n.Processes, procs)
	tree(&n.Names, entriesOf(k.names, func(s string) []byte { return []byte(s) }, value))
	tree(&n.Roots, entriesOf(k.roots, func(s string) []byte { return []byte(s) }, value))
	tree(&n.Monitors, entriesOf(k.monitors, func(id uint64) []byte { return be64(id) }, value))
	tree(&n.Timers, entriesOf(k.timers, func(id uint64) []byte { return be64(id) }, value))
	var links, keys, outbox []Entry
	for a, list := range k.links {
		for _, b := range list {
			if a < b {
				links = append(links, Entry{Key: be64(a, b), Value: value(nil)})
			}
		}
	}
	for key, seq := range k.keys {
		keys = append(keys, Entry{Key: be64(seq), Value: value(key)})
	}
	for i := range s.Outbox {
		e := &s.Outbox[i]
		if k.Settled(e) {
			continue
		}
		key := binary.BigEndian.AppendUint32(be64(e.Cause.Seq, e.Cause.Process), e.Cause.Index)
		outbox = append(outbox, Entry{Key: key, Value: value(e)})
	}
	tree(&n.Links, links)
	tree(&n.Keys, keys)
	tree(&n.Outbox, outbox)
	if err != nil {
		return lumps.CID{}, err
	}
	return putNode(put, n)
}

func entriesOf[K cmp.Ordered, V any](m map[K]V, key func(K) []byte, value func(any) cbor.RawMessage) []Entry {
	out := make([]Entry, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, Entry{Key: key(k), Value: value(m[k])})
	}
	return out
}

func loadStateNode(ctx context.Context, get Get, c lumps.CID) (*stateNode, error) {
	data, err := get(ctx, c)
	if err != nil {
		return nil, err
	}
	n := new(stateNode)
	if err := lumps.Unmarshal(data, n); err != nil {
		return nil, fmt.Errorf("%s: %w (%v)", c, ErrBadState, err)
	}
	if n.Format > Format {
		return nil, &FormatError{Found: n.Format}
	}
	if n.Format < 1 {
		return nil, fmt.Errorf("%s: %w", c, ErrBadState)
	}
	return n, nil
}

// LoadState reads what Encode stored. The kernel's seq, time and epoch are the
// snapshot's to set.
func LoadState(ctx context.Context, get Get, c lumps.CID) (*State, error) {
	n, err := loadStateNode(ctx, get, c)
	if err != nil {
		return nil, err
	}
	s := &State{Kernel: NewKernel(), Images: map[uint64]*Image{}}
	k := s.Kernel
	each := func(root lumps.CID, keyLen int, f func(e Entry) error) {
		for e, werr := range walkTree(ctx, get, root) {
			if err != nil {
				return
			}
			if err = werr; err != nil {
				return
			}
			if keyLen > 0 && len(e.Key) != keyLen {
				err = fmt.Errorf("a key of %d bytes: %w", len(e.Key), ErrBadState)
				return
			}
			if e2 := f(e); e2 != nil {
				err = fmt.Errorf("%w (%v)", ErrBadState, e2)
				return
			}
		}
	}
	id := func(e Entry) uint64 { return binary.BigEndian.Uint64(e.Key) }
	each(n.Processes, 8, func(e Entry) error {
		var r processRecord
		if err := lumps.Unmarshal(e.Value, &r); err != nil {
			return err
		}
		if r.Process == nil || r.Image == nil {
			return fmt.Errorf("process %d lacks a part", id(e))
		}
		r.Process.PID = id(e)
		k.procs[id(e)], s.Images[id(e)] = r.Process, r.Image
		return nil
	})
	each(n.Names, 0, func(e Entry) error {
		var c Cap
		err := lumps.Unmarshal(e.Value, &c)
		k.names[string(e.Key)] = c
		return err
	})
	each(n.Roots, 0, func(e Entry) error {
		var r RootValue
		err := lumps.Unmarshal(e.Value, &r)
		k.roots[string(e.Key)] = r
		return err
	})
	each(n.Monitors, 8, func(e Entry) error {
		m := &Monitor{}
		if err := lumps.Unmarshal(e.Value, m); err != nil {
			return err
		}
		m.ID = id(e)
		k.addMonitor(m)
		return nil
	})
	each(n.Links, 16, func(e Entry) error {
		a, b := id(e), binary.BigEndian.Uint64(e.Key[8:])
		k.links[a], k.links[b] = insert(k.links[a], b), insert(k.links[b], a)
		return nil
	})
	each(n.Timers, 8, func(e Entry) error {
		t := &PendingTimer{}
		if err := lumps.Unmarshal(e.Value, t); err != nil {
			return err
		}
		t.ID = id(e)
		k.timers[t.ID] = t
		return nil
	})
	each(n.Keys, 8, func(e Entry) error {
		var key string
		if err := lumps.Unmarshal(e.Value, &key); err != nil {
			return err
		}
		k.addKey(key, id(e))
		return nil
	})
	each(n.Outbox, 20, func(e Entry) error {
		var ef Effect
		if err := lumps.Unmarshal(e.Value, &ef); err != nil {
			return err
		}
		s.Outbox = append(s.Outbox, ef)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}
