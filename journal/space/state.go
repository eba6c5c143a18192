package space

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"hearth/lumps"
)

// stateNode is the root block of a state. Every link is a tree, null where it is
// empty.
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
	Process *Process     `cbor:"process"`
	Image   *imageRecord `cbor:"image"`
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
	procs := make([]entry, 0, len(k.procs))
	for pid, p := range k.procs {
		im := s.Images[pid]
		if im == nil {
			return lumps.CID{}, fmt.Errorf("process %d has no image: %w", pid, ErrBadState)
		}
		r, err := im.record(put)
		if err != nil {
			return lumps.CID{}, fmt.Errorf("process %d: %w", pid, err)
		}
		value, err := lumps.Marshal(processRecord{p, r})
		if err != nil {
			return lumps.CID{}, err
		}
		procs = append(procs, entry{Key: be64(pid), Value: value})
	}
	n := stateNode{Format: Format}
	var err error
	if n.Processes, err = sortedTree(procs, put); err != nil {
		return lumps.CID{}, err
	}
	if err := k.encode(&n, put); err != nil {
		return lumps.CID{}, err
	}
	var outbox []entry
	for i := range s.Outbox {
		e := &s.Outbox[i]
		if k.Settled(e) {
			continue
		}
		value, err := lumps.Marshal(e)
		if err != nil {
			return lumps.CID{}, err
		}
		outbox = append(outbox, entry{Key: outboxKey(e.Cause), Value: value})
	}
	if n.Outbox, err = sortedTree(outbox, put); err != nil {
		return lumps.CID{}, err
	}
	return putNode(put, n)
}

func outboxKey(c Cause) []byte {
	return binary.BigEndian.AppendUint32(be64(c.Seq, c.Process), c.Index)
}

func sortedTree(entries []entry, put Put) (lumps.CID, error) {
	slices.SortFunc(entries, func(a, b entry) int { return bytes.Compare(a.Key, b.Key) })
	return buildTree(entries, put)
}

// encode stores the trees of the kernel beside the processes.
func (k *Kernel) encode(n *stateNode, put Put) error {
	var err error
	tree := func(root *lumps.CID, count int, each func(add func(key []byte, value any))) {
		if err != nil {
			return
		}
		entries := make([]entry, 0, count)
		each(func(key []byte, value any) {
			data, e := lumps.Marshal(value)
			if e != nil {
				err = e
			}
			entries = append(entries, entry{Key: key, Value: data})
		})
		if err == nil {
			*root, err = sortedTree(entries, put)
		}
	}
	tree(&n.Names, len(k.names), func(add func([]byte, any)) {
		for name, c := range k.names {
			add([]byte(name), c)
		}
	})
	tree(&n.Roots, len(k.roots), func(add func([]byte, any)) {
		for name, r := range k.roots {
			add([]byte(name), r)
		}
	})
	tree(&n.Monitors, len(k.monitors), func(add func([]byte, any)) {
		for id, m := range k.monitors {
			add(be64(id), m)
		}
	})
	tree(&n.Links, len(k.links), func(add func([]byte, any)) {
		for a, list := range k.links {
			for _, b := range list {
				if a < b {
					add(be64(a, b), nil)
				}
			}
		}
	})
	tree(&n.Timers, len(k.timers), func(add func([]byte, any)) {
		for id, t := range k.timers {
			add(be64(id), t)
		}
	})
	tree(&n.Keys, len(k.keys), func(add func([]byte, any)) {
		for key, seq := range k.keys {
			add(be64(seq), key)
		}
	})
	return err
}

func loadStateNode(ctx context.Context, get Get, c lumps.CID) (*stateNode, error) {
	if c.Codec() != lumps.DagCBOR {
		return nil, fmt.Errorf("%s: %w", c, ErrBadState)
	}
	data, err := get(ctx, c)
	if err != nil {
		return nil, err
	}
	n := new(stateNode)
	if err := formatOf(data, &n.Format); err != nil {
		return nil, fmt.Errorf("%s: %w", c, err)
	}
	if err := lumps.Unmarshal(data, n); err != nil {
		return nil, fmt.Errorf("%s: %w (%v)", c, ErrBadState, err)
	}
	return n, nil
}

// formatOf reads the version of a block before anything else of it, so that what
// a newer program wrote is called that and not damage.
func formatOf(data []byte, format *int) error {
	var h struct {
		Format int `cbor:"format"`
	}
	if err := lumps.Unmarshal(data, &h); err != nil {
		return fmt.Errorf("%w (%v)", ErrBadState, err)
	}
	if h.Format > Format {
		return &FormatError{Found: h.Format}
	}
	if h.Format < 1 {
		return ErrBadState
	}
	*format = h.Format
	return nil
}

// LoadState reads what Encode stored. The kernel's seq, time and epoch are the
// snapshot's to set.
func LoadState(ctx context.Context, get Get, c lumps.CID) (*State, error) {
	n, err := loadStateNode(ctx, get, c)
	if err != nil {
		return nil, err
	}
	l := stateLoader{ctx: ctx, get: get, state: &State{Kernel: NewKernel(), Images: map[uint64]*Image{}}}
	for _, part := range []struct {
		name   string
		root   lumps.CID
		keyLen int // 0: any
		load   func(e entry) error
	}{
		{"processes", n.Processes, 8, l.process},
		{"names", n.Names, 0, l.name},
		{"roots", n.Roots, 0, l.root},
		{"monitors", n.Monitors, 8, l.monitor},
		{"links", n.Links, 16, l.link},
		{"timers", n.Timers, 8, l.timer},
		{"keys", n.Keys, 8, l.key},
		{"outbox", n.Outbox, 20, l.outbox},
	} {
		for e, err := range walkTree(ctx, get, part.root) {
			if err == nil && part.keyLen > 0 && len(e.Key) != part.keyLen {
				err = badState("a key of %d bytes", len(e.Key))
			}
			if err == nil {
				err = part.load(e)
			}
			if err != nil {
				return nil, fmt.Errorf("%s of state %s: %w", part.name, c, err)
			}
		}
	}
	return l.state, nil
}

func badState(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), ErrBadState)
}

// stateLoader takes the entries of the trees in, and nothing that a fold could
// not have made.
type stateLoader struct {
	ctx   context.Context
	get   Get
	state *State
}

func value(e entry, v any) error {
	if err := lumps.Unmarshal(e.Value, v); err != nil {
		return fmt.Errorf("%x: %w (%v)", e.Key, ErrBadState, err)
	}
	return nil
}

func idOf(e entry) uint64 { return binary.BigEndian.Uint64(e.Key) }

func decodeProcess(e entry) (*processRecord, error) {
	var r processRecord
	if err := value(e, &r); err != nil {
		return nil, err
	}
	if r.Process == nil || r.Image == nil {
		return nil, badState("process %d lacks a part", idOf(e))
	}
	r.Process.PID = idOf(e)
	return &r, nil
}

func (l *stateLoader) process(e entry) error {
	r, err := decodeProcess(e)
	if err != nil {
		return err
	}
	p := r.Process
	if len(p.Service) > MaxName || p.PID == 0 || IsTransient(p.PID) {
		return badState("process %d", p.PID)
	}
	im, err := r.Image.image(l.ctx, l.get)
	if err == nil {
		err = im.Validate(p.Program.Limits)
	}
	if err != nil {
		return fmt.Errorf("process %d: %w", p.PID, err)
	}
	l.state.Kernel.procs[p.PID], l.state.Images[p.PID] = p, im
	return nil
}

func (l *stateLoader) name(e entry) error {
	var c Cap
	if err := value(e, &c); err != nil {
		return err
	}
	if err := c.validate(); err != nil || len(e.Key) > MaxName || c.Ref.Kind != RefDurable || !l.state.Kernel.Alive(c.Ref) {
		return badState("name %.40q for %s", e.Key, c.Ref)
	}
	l.state.Kernel.setName(string(e.Key), c)
	return nil
}

func (l *stateLoader) root(e entry) error {
	var r RootValue
	if err := value(e, &r); err != nil {
		return err
	}
	if r.CID.IsZero() || len(e.Key) > MaxName {
		return badState("root %.40q", e.Key)
	}
	l.state.Kernel.roots[string(e.Key)] = r
	return nil
}

func (l *stateLoader) monitor(e entry) error {
	m := &Monitor{}
	if err := value(e, m); err != nil {
		return err
	}
	m.ID = idOf(e)
	if m.Target.validate() != nil || l.state.Kernel.procs[m.By.Process] == nil {
		return badState("monitor %d of %s", m.ID, m.By)
	}
	l.state.Kernel.addMonitor(m)
	return nil
}

func (l *stateLoader) link(e entry) error {
	k := l.state.Kernel
	a, b := idOf(e), binary.BigEndian.Uint64(e.Key[8:])
	if a >= b || k.procs[a] == nil || k.procs[b] == nil || !bytes.Equal(e.Value, []byte{cborNull}) {
		return badState("a link of %d and %d", a, b)
	}
	k.link(a, b)
	return nil
}

const cborNull = 0xf6

func (l *stateLoader) timer(e entry) error {
	t := &PendingTimer{}
	if err := value(e, t); err != nil {
		return err
	}
	t.ID = idOf(e)
	if t.To.validate() != nil || len(t.Caps) > MaxCaps {
		return badState("timer %d", t.ID)
	}
	l.state.Kernel.addTimer(t)
	return nil
}

func (l *stateLoader) key(e entry) error {
	k := l.state.Kernel
	var key string
	if err := value(e, &key); err != nil {
		return err
	}
	if _, ok := k.keys[key]; ok || len(key) > MaxKey || len(k.keys) == MaxKeys {
		return badState("idempotency key %.40q", key)
	}
	k.addKey(key, idOf(e))
	return nil
}

func (l *stateLoader) outbox(e entry) error {
	var ef Effect
	if err := value(e, &ef); err != nil {
		return err
	}
	if ef.Kind < EffectMessage || ef.Kind > EffectResume || !bytes.Equal(e.Key, outboxKey(ef.Cause)) {
		return badState("effect %s", ef.Cause)
	}
	l.state.Outbox = append(l.state.Outbox, ef)
	return nil
}
