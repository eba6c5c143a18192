package space

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"strings"

	"hearth/lumps"
)

// Side is a state in some store.
type Side struct {
	Get   Get
	State lumps.CID
}

// What a Difference is about.
const (
	DiffProcess = "process"
	DiffService = "service"
	DiffRoot    = "root"
	// The rest of a state is told of by numbers: one Difference for each of them.
	DiffMonitors = "monitors"
	DiffLinks    = "links"
	DiffTimers   = "timers"
	DiffKeys     = "keys"
	DiffOutbox   = "outbox"
)

// Difference is one thing that two states do not share.
type Difference struct {
	Op   byte   // '+': only b has it; '-': only a; '~': both, and not the same
	Kind string // one of the constants above
	Name string // PID, or name of the service or root

	// Of a process: its memory, in bytes. Of a root: the size of its lump.
	SizeA, SizeB int64
	// Of a process: its module. Of a root: its lump.
	LumpA, LumpB lumps.CID
	// Of a service: what it names.
	CapA, CapB Cap
	// Of a process that changed: which parts did, and how many pages of memory.
	Parts []string
	Pages int64
	// Of the rest: how many entries only b has, only a has, and have changed.
	Added, Removed, Changed int
}

// Bytes returns how many bytes of memory are in pages that differ.
func (d *Difference) Bytes() int64 { return d.Pages * PageSize }

// String returns the line that people see.
func (d *Difference) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%c %s", d.Op, d.Kind)
	if d.Name != "" {
		fmt.Fprintf(&b, " %s", d.Name)
	}
	size := func() {
		switch {
		case d.Op == '+':
			fmt.Fprintf(&b, " %d bytes", d.SizeB)
		case d.Op == '-' || d.SizeA == d.SizeB:
			fmt.Fprintf(&b, " %d bytes", d.SizeA)
		default:
			fmt.Fprintf(&b, " %d -> %d bytes", d.SizeA, d.SizeB)
		}
	}
	switch d.Kind {
	case DiffProcess:
		size()
		if d.Op == '~' {
			if d.Pages > 0 {
				fmt.Fprintf(&b, ", %d of them in %d pages differ", d.Bytes(), d.Pages)
			}
			fmt.Fprintf(&b, ": %s", strings.Join(d.Parts, ", "))
		}
	case DiffService:
		switch d.Op {
		case '+':
			fmt.Fprintf(&b, " %s", d.CapB.Ref)
		case '-':
			fmt.Fprintf(&b, " %s", d.CapA.Ref)
		default:
			fmt.Fprintf(&b, " %s -> %s", d.CapA.Ref, d.CapB.Ref)
		}
	case DiffRoot:
		size()
		switch d.Op {
		case '+':
			fmt.Fprintf(&b, " %s", d.LumpB)
		case '-':
			fmt.Fprintf(&b, " %s", d.LumpA)
		default:
			fmt.Fprintf(&b, " %s -> %s", d.LumpA, d.LumpB)
		}
	default:
		fmt.Fprintf(&b, " %d added, %d removed, %d changed", d.Added, d.Removed, d.Changed)
	}
	return b.String()
}

// Diff yields what differs between two states: processes by PID, then services
// and roots by name, then the rest. It reads only what the two do not share.
func Diff(ctx context.Context, a, b Side) iter.Seq2[Difference, error] {
	return func(yield func(Difference, error) bool) {
		if a.State == b.State {
			return
		}
		na, err := loadStateNode(ctx, a.Get, a.State)
		if err != nil {
			yield(Difference{}, err)
			return
		}
		nb, err := loadStateNode(ctx, b.Get, b.State)
		if err != nil {
			yield(Difference{}, err)
			return
		}
		each := func(ra, rb lumps.CID, describe func(change, *Difference) error) bool {
			for ch, err := range diffTrees(ctx, a.Get, b.Get, ra, rb) {
				d := Difference{Op: '~'}
				switch {
				case ch.Old == nil:
					d.Op = '+'
				case ch.New == nil:
					d.Op = '-'
				}
				if err == nil {
					err = describe(ch, &d)
				}
				if !yield(d, err) || err != nil {
					return false
				}
			}
			return true
		}
		ok := each(na.Processes, nb.Processes, func(ch change, d *Difference) error { return diffProcess(ctx, a, b, ch, d) }) &&
			each(na.Names, nb.Names, func(ch change, d *Difference) error {
				d.Kind, d.Name = DiffService, string(ch.Key)
				return bothSides(ch, &d.CapA, &d.CapB)
			}) &&
			each(na.Roots, nb.Roots, func(ch change, d *Difference) error {
				d.Kind, d.Name = DiffRoot, string(ch.Key)
				var va, vb RootValue
				err := bothSides(ch, &va, &vb)
				d.SizeA, d.SizeB, d.LumpA, d.LumpB = va.Size, vb.Size, va.CID, vb.CID
				return err
			})
		if !ok {
			return
		}
		for _, rest := range []struct {
			kind string
			a, b lumps.CID
		}{
			{DiffMonitors, na.Monitors, nb.Monitors},
			{DiffLinks, na.Links, nb.Links},
			{DiffTimers, na.Timers, nb.Timers},
			{DiffKeys, na.Keys, nb.Keys},
			{DiffOutbox, na.Outbox, nb.Outbox},
		} {
			if rest.a == rest.b {
				continue
			}
			d := Difference{Op: '~', Kind: rest.kind}
			for ch, err := range diffTrees(ctx, a.Get, b.Get, rest.a, rest.b) {
				switch {
				case err != nil:
					yield(d, err)
					return
				case ch.Old == nil:
					d.Added++
				case ch.New == nil:
					d.Removed++
				default:
					d.Changed++
				}
			}
			if !yield(d, nil) {
				return
			}
		}
	}
}

// bothSides decodes the values of a change that are there.
func bothSides(ch change, old, new any) error {
	if ch.Old != nil {
		if err := value(entry{Key: ch.Key, Value: ch.Old}, old); err != nil {
			return err
		}
	}
	if ch.New != nil {
		return value(entry{Key: ch.Key, Value: ch.New}, new)
	}
	return nil
}

func diffProcess(ctx context.Context, a, b Side, ch change, d *Difference) error {
	if len(ch.Key) != 8 {
		return badState("a process under a key of %d bytes", len(ch.Key))
	}
	d.Kind, d.Name = DiffProcess, fmt.Sprint(idOf(entry{Key: ch.Key}))
	var ra, rb *processRecord
	var err error
	if ch.Old != nil {
		if ra, err = decodeProcess(entry{Key: ch.Key, Value: ch.Old}); err != nil {
			return err
		}
		d.SizeA, d.LumpA = int64(ra.Image.Memory.Pages)*PageSize, ra.Process.Program.Module
	}
	if ch.New != nil {
		if rb, err = decodeProcess(entry{Key: ch.Key, Value: ch.New}); err != nil {
			return err
		}
		d.SizeB, d.LumpB = int64(rb.Image.Memory.Pages)*PageSize, rb.Process.Program.Module
	}
	if ra == nil || rb == nil {
		return nil
	}
	ia, ib := ra.Image, rb.Image
	if d.Pages, err = diffPages(ctx, a.Get, b.Get, &ia.Memory, &ib.Memory); err != nil {
		return err
	}
	pa, pb := ra.Process, rb.Process
	for _, part := range []struct {
		name    string
		differs bool
	}{
		{"module", pa.Program.Module != pb.Program.Module},
		{"program", pa.Program != pb.Program && pa.Program.Module == pb.Program.Module},
		{"parent", pa.Parent != pb.Parent},
		{"service", pa.Service != pb.Service},
		{"memory", d.Pages > 0 || ia.Memory.Pages != ib.Memory.Pages},
		{"globals", !bytes.Equal(ia.Globals, ib.Globals)},
		{"capabilities", !bytes.Equal(ia.Table, ib.Table)},
		{"mailboxes", !bytes.Equal(ia.Boxes, ib.Boxes)},
		{"lumps", !bytes.Equal(ia.Lumps, ib.Lumps) || !bytes.Equal(ia.Held, ib.Held)},
		{"fuel", ia.Fuel != ib.Fuel},
		{"end", ia.Ended != ib.Ended},
	} {
		if part.differs {
			d.Parts = append(d.Parts, part.name)
		}
	}
	return nil
}

// diffPages counts the pages in which two memories differ, without reading them
// or the nodes that both have. Where one is longer, its further pages count when
// they are not all zero.
func diffPages(ctx context.Context, getA, getB Get, a, b *PageTree) (int64, error) {
	for _, t := range []*PageTree{a, b} {
		if err := t.validate(); err != nil {
			return 0, err
		}
	}
	height := max(a.Height, b.Height)
	rootA, getA, err := lift(getA, a, height)
	if err != nil {
		return 0, err
	}
	rootB, getB, err := lift(getB, b, height)
	if err != nil {
		return 0, err
	}
	sub := func(get Get, c lumps.CID) ([]lumps.CID, error) {
		if c.IsZero() {
			return nil, nil
		}
		return loadPageNode(ctx, get, c)
	}
	var count func(na, nb []lumps.CID, height uint8) (int64, error)
	count = func(na, nb []lumps.CID, height uint8) (int64, error) {
		var n int64
		for i := range max(len(na), len(nb)) {
			var ca, cb lumps.CID
			if i < len(na) {
				ca = na[i]
			}
			if i < len(nb) {
				cb = nb[i]
			}
			switch {
			case ca == cb:
			case height == 0:
				if ca.Codec() != lumps.Raw && !ca.IsZero() || cb.Codec() != lumps.Raw && !cb.IsZero() {
					return 0, badState("a page that is not raw bytes")
				}
				n++
			default:
				sa, err := sub(getA, ca)
				if err != nil {
					return 0, err
				}
				sb, err := sub(getB, cb)
				if err != nil {
					return 0, err
				}
				k, err := count(sa, sb, height-1)
				if err != nil {
					return 0, err
				}
				n += k
			}
		}
		return n, nil
	}
	return count(rootA, rootB, height)
}

// lift makes the root of a page tree as if the tree were as high as another. The
// nodes that the higher tree would have are made on the way; get gives them.
func lift(get Get, t *PageTree, height uint8) ([]lumps.CID, Get, error) {
	root, made := t.Root, map[lumps.CID][]byte{}
	for h := t.Height; h < height && len(root) > 0; h++ {
		c, err := putNode(func(c lumps.CID, data []byte) error { made[c] = data; return nil }, root)
		if err != nil {
			return nil, nil, err
		}
		root = []lumps.CID{c}
	}
	return root, func(ctx context.Context, c lumps.CID) ([]byte, error) {
		if data, ok := made[c]; ok {
			return data, nil
		}
		return get(ctx, c)
	}, nil
}
