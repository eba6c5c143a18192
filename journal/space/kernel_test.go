package space

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hearth/lumps"
)

// history folds events one after the other.
type history struct {
	t *testing.T
	k *Kernel
}

// begin is a space in its first epoch, with processes 3 to 5.
func begin(t *testing.T) *history {
	h := &history{t, NewKernel()}
	h.fold(&Genesis{Format: Format, Space: make([]byte, 16), Branch: make([]byte, 16), Limits: DefaultLimits})
	h.fold(&Epoch{Number: 1, Entropy: make([]byte, 32)})
	for _, name := range []string{"a", "b", "c"} {
		h.fold(&Spawn{Program: testProgram(name)})
	}
	return h
}

func (h *history) fold(e Event) Outcome {
	h.t.Helper()
	HeaderOf(e).Seq, HeaderOf(e).Time = h.k.Seq+1, int64(h.k.Seq+1)*1000
	out, err := h.k.Apply(e)
	if err != nil {
		h.t.Fatalf("%s: %v", e.Kind(), err)
	}
	for i, ef := range out.Effects {
		if ef.Cause != (Cause{Seq: h.k.Seq, Index: uint32(i)}) {
			h.t.Errorf("effect %d of event %d has the cause %s", i, h.k.Seq, ef.Cause)
		}
	}
	h.consistent()
	return out
}

// consistent compares the indexes of a kernel with what they are of.
func (h *history) consistent() {
	h.t.Helper()
	k := h.k
	want := NewKernel()
	for name, c := range k.names {
		want.setName(name, c)
	}
	for _, t := range k.timers {
		want.addTimer(t)
	}
	for _, m := range k.monitors {
		want.addMonitor(m)
	}
	sorted := func(m map[uint64][]string) map[uint64][]string {
		c := cloneLists(m)
		for _, s := range c {
			slices.Sort(s)
		}
		return c
	}
	if !reflect.DeepEqual(sorted(want.named), sorted(k.named)) || !reflect.DeepEqual(want.timersTo, k.timersTo) ||
		!reflect.DeepEqual(want.watched, k.watched) || !reflect.DeepEqual(want.watching, k.watching) {
		h.t.Errorf("an index is not of what it indexes after event %d", k.Seq)
	}
	for a, list := range k.links {
		for _, b := range list {
			if !slices.Contains(k.links[b], a) || k.procs[a] == nil || k.procs[b] == nil {
				h.t.Errorf("a half or dead link of %d and %d", a, b)
			}
		}
	}
	for _, m := range k.monitors {
		if k.procs[m.By.Process] == nil || !k.Alive(m.Target.Ref) {
			h.t.Errorf("monitor %d is of the dead", m.ID)
		}
	}
	for name, c := range k.names {
		if !k.Alive(c.Ref) {
			h.t.Errorf("%s names the dead", name)
		}
	}
	if len(k.keys) != len(k.keyOrder) || len(k.keys) > MaxKeys {
		h.t.Errorf("%d keys, %d in order", len(k.keys), len(k.keyOrder))
	}
}

// effects describes what the kernel caused, in order.
func effects(out Outcome) string {
	var s []string
	for _, e := range out.Effects {
		switch e.Kind {
		case EffectMessage:
			s = append(s, fmt.Sprintf("message %q to %s with %d caps", e.Body, e.To.Ref, len(e.Caps)))
		case EffectDown:
			s = append(s, fmt.Sprintf("down %d of %s to %s: %s", e.Monitor, e.To.Ref, e.By, e.Reason))
		case EffectExit:
			s = append(s, fmt.Sprintf("exit %s: %s", e.To.Ref, e.Reason))
		case EffectResume:
			s = append(s, fmt.Sprintf("resume %s", e.To.Ref))
		default:
			s = append(s, fmt.Sprintf("effect %d", e.Kind))
		}
	}
	return strings.Join(s, "; ")
}

func TestFold(t *testing.T) {
	for name, c := range map[string]struct {
		before  []Event // from event 6 on
		event   Event
		deliver uint64
		effects string
		timers  bool
		check   func(k *Kernel) bool
	}{
		"a spawn": {event: &Spawn{Program: testProgram("d"), Parent: 3, Service: "d", HasArg: true, Arg: []byte("x"), Key: "k", Table: []Cap{durableTo(3)}, Reply: &Reply{To: durableTo(3), Body: []byte("r")}},
			effects: `message "x" to 6 with 0 caps; message "r" to 3 with 1 caps`,
			check: func(k *Kernel) bool {
				c, ok := k.Name("d")
				seq, _ := k.Key("k")
				p := k.Process(6)
				return ok && c == (Cap{Ref: durableRef(6, 0), Perms: permSend | permMonitor}) && seq == 6 && p.Parent == 3 && p.Service == "d" && len(p.Table) == 1 && len(k.Processes()) == 4
			}},
		"an empty argument": {event: &Spawn{Program: testProgram("d"), HasArg: true}, effects: `message "" to 6 with 0 caps`},
		"a spawn that takes a name": {before: []Event{&Register{Name: "d", Cap: durableTo(3)}}, event: &Spawn{Program: testProgram("d"), Service: "d"},
			check: func(k *Kernel) bool { c, _ := k.Name("d"); return c.Ref.Process == 7 }},
		"a spawn that failed": {event: &Spawn{Failed: "no", Key: "k", Reply: &Reply{To: durableTo(3), Body: []byte("no")}},
			effects: `message "no" to 3 with 0 caps`,
			check:   func(k *Kernel) bool { s, _ := k.Key("k"); return k.Process(6) == nil && s == 6 }},
		"a message":                 {event: &Message{To: durableRef(3, 1), Key: "k"}, deliver: 3, check: func(k *Kernel) bool { s, ok := k.Key("k"); return ok && s == 6 }},
		"a message to nobody":       {event: &Message{To: durableRef(99, 0)}},
		"a key again":               {before: []Event{&Message{To: durableRef(3, 0), Key: "k"}}, event: &Message{To: durableRef(3, 0), Key: "k"}, deliver: 3, check: func(k *Kernel) bool { s, _ := k.Key("k"); return s == 6 }},
		"a register":                {event: &Register{Name: "n", Cap: durableTo(3), Reply: &Reply{To: durableTo(4), Body: []byte("ok")}}, effects: `message "ok" to 4 with 0 caps`, check: func(k *Kernel) bool { c, ok := k.Name("n"); return ok && c == durableTo(3) }},
		"a register of a dead":      {before: []Event{&Register{Name: "n", Cap: durableTo(3)}}, event: &Register{Name: "n", Cap: durableTo(99)}, check: func(k *Kernel) bool { _, ok := k.Name("n"); return !ok }},
		"a register of a transient": {event: &Register{Name: "n", Cap: transientTo(1, 1)}, check: func(k *Kernel) bool { _, ok := k.Name("n"); return !ok }},
		"a register anew": {before: []Event{&Register{Name: "n", Cap: durableTo(3)}}, event: &Register{Name: "n", Cap: durableTo(4)},
			check: func(k *Kernel) bool {
				c, _ := k.Name("n")
				return c == durableTo(4) && slices.Equal(k.Names(), []string{"n"})
			}},
		"a watch":                 {event: &Watch{By: durableRef(3, 7), Target: durableTo(4)}, check: func(k *Kernel) bool { m := k.Monitor(6); return m != nil && m.By == durableRef(3, 7) }},
		"a watch of a service":    {event: &Watch{By: durableRef(3, 0), Target: Cap{Ref: Ref{Kind: RefService, Service: "time"}}}, check: func(k *Kernel) bool { return k.Monitor(6) != nil }},
		"a watch of a dead":       {event: &Watch{By: durableRef(3, 7), Target: durableTo(99)}, effects: "down 6 of 99 to 3/7: noproc", check: func(k *Kernel) bool { return k.Monitor(6) == nil }},
		"a watch of nothing":      {event: &Watch{By: durableRef(3, 0), Target: Cap{}}, effects: "down 6 of nothing to 3: noproc"},
		"a watch of an old epoch": {event: &Watch{By: durableRef(3, 0), Target: transientTo(0, 1)}, effects: fmt.Sprintf("down 6 of %d to 3: noproc", TransientPID(0, 1))},
		"a watch by a dead":       {event: &Watch{By: durableRef(99, 7), Target: durableTo(4)}, check: func(k *Kernel) bool { return k.Monitor(6) == nil }},
		"a down": {before: []Event{&Watch{By: durableRef(3, 7), Target: transientTo(1, 1)}}, event: &Down{To: durableRef(3, 7), Monitor: 6}, deliver: 3,
			check: func(k *Kernel) bool { return k.Monitor(6) == nil }},
		"a down to a dead": {event: &Down{To: durableRef(99, 0), Monitor: 6}},
		"an exit": {before: []Event{
			&Watch{By: durableRef(4, 1), Target: durableTo(3)}, // 6
			&Link{Process: 3, Target: durableTo(4)},
			&Link{Process: 5, Target: durableTo(3)},
			&Watch{By: durableRef(5, 2), Target: Cap{Ref: durableRef(3, 9)}}, // 9
			&Watch{By: durableRef(3, 1), Target: durableTo(4)},               // 10
			&Watch{By: durableRef(4, 3), Target: durableTo(3)},               // 11
			&Register{Name: "x", Cap: durableTo(3)},
			&Register{Name: "y", Cap: durableTo(3)},
			&Register{Name: "z", Cap: durableTo(4)},
			&Timer{Due: 5, To: durableTo(3)},
			&Timer{Due: 6, To: durableTo(4)},
		}, event: &Exit{Process: 3, Reason: ReasonTrap}, deliver: 3, timers: true,
			effects: "down 6 of 3 to 4/1: trap; down 9 of 3/9 to 5/2: trap; down 11 of 3 to 4/3: trap; exit 4: linked; exit 5: linked",
			check: func(k *Kernel) bool {
				return k.Process(3) == nil && slices.Equal(k.Names(), []string{"z"}) && len(k.monitors) == 0 && len(k.links) == 0 && k.NextTimer().Due == 6 && !k.Alive(durableRef(3, 5))
			}},
		"a normal exit":     {before: []Event{&Link{Process: 3, Target: durableTo(4)}}, event: &Exit{Process: 3, Reason: ReasonNormal}, deliver: 3, check: func(k *Kernel) bool { return len(k.links) == 0 }},
		"an exit of a dead": {event: &Exit{Process: 99, Reason: ReasonKilled}},
		"a link": {event: &Link{Process: 3, Target: durableTo(4)}, check: func(k *Kernel) bool {
			return slices.Equal(k.links[3], []uint64{4}) && slices.Equal(k.links[4], []uint64{3})
		}},
		"a link twice":                {before: []Event{&Link{Process: 3, Target: durableTo(4)}}, event: &Link{Process: 4, Target: durableTo(3)}, check: func(k *Kernel) bool { return len(k.links[3]) == 1 }},
		"an unlink":                   {before: []Event{&Link{Process: 3, Target: durableTo(4)}}, event: &Link{Process: 4, Target: durableTo(3), Unlink: true}, check: func(k *Kernel) bool { return len(k.links) == 0 }},
		"a link to itself":            {event: &Link{Process: 3, Target: durableTo(3)}, check: func(k *Kernel) bool { return len(k.links) == 0 }},
		"a link to a dead":            {event: &Link{Process: 3, Target: durableTo(99)}, effects: "exit 3: linked"},
		"a link of a dead":            {event: &Link{Process: 99, Target: durableTo(3)}, check: func(k *Kernel) bool { return len(k.links) == 0 }},
		"a link to a service":         {event: &Link{Process: 3, Target: Cap{Ref: Ref{Kind: RefService, Service: "time"}}}, check: func(k *Kernel) bool { return len(k.links)+len(k.monitors) == 0 }},
		"a link to a transient":       {event: &Link{Process: 3, Target: transientTo(1, 1)}, check: func(k *Kernel) bool { m := k.Monitor(6); return m != nil && m.Link && m.By == durableRef(3, 0) }},
		"a link to a transient twice": {before: []Event{&Link{Process: 3, Target: transientTo(1, 1)}}, event: &Link{Process: 3, Target: transientTo(1, 1)}, check: func(k *Kernel) bool { return len(k.monitors) == 1 }},
		"an unlink of a transient": {before: []Event{&Watch{By: durableRef(3, 0), Target: transientTo(1, 1)}, &Link{Process: 3, Target: transientTo(1, 1)}}, event: &Link{Process: 3, Target: transientTo(1, 1), Unlink: true},
			check: func(k *Kernel) bool { return k.Monitor(6) != nil && k.Monitor(7) == nil }},
		"a link to a dead transient": {event: &Link{Process: 3, Target: transientTo(0, 1)}, effects: fmt.Sprintf("down 6 of %d to 3: noproc", TransientPID(0, 1))},
		"a timer":                    {event: &Timer{Due: 77, To: durableTo(3), Body: []byte("t")}, timers: true, check: func(k *Kernel) bool { return k.NextTimer().ID == 6 && k.Timer(6).Due == 77 }},
		"a timer for a dead":         {event: &Timer{Due: 77, To: durableTo(99)}, check: func(k *Kernel) bool { return k.NextTimer() == nil }},
		"timers in order": {before: []Event{&Timer{Due: 9, To: durableTo(3)}, &Timer{Due: 7, To: durableTo(3)}}, event: &Timer{Due: 7, To: durableTo(3)}, timers: true,
			check: func(k *Kernel) bool { return k.NextTimer().ID == 7 }},
		"a timer that fires": {before: []Event{&Timer{Due: 9, To: durableTo(3)}, &Timer{Due: 10, To: durableTo(3)}}, event: &Message{To: durableRef(3, 0), Timer: 6}, deliver: 3, timers: true,
			check: func(k *Kernel) bool { return k.Timer(6) == nil && k.NextTimer().ID == 7 }},
		"a root":             {event: &Root{Name: "scene", CID: cidOf("s"), Size: 9}, check: func(k *Kernel) bool { r, ok := k.Root("scene"); return ok && r == RootValue{cidOf("s"), 9} }},
		"a root removed":     {before: []Event{&Root{Name: "scene", CID: cidOf("s")}}, event: &Root{Name: "scene"}, check: func(k *Kernel) bool { return len(k.Roots()) == 0 }},
		"a resume":           {event: &Resume{Process: 3}, deliver: 3},
		"a resume of a dead": {event: &Resume{Process: 99}},
		"a checkpoint":       {event: &Checkpoint{Snapshot: cidOf("s"), At: 5}},
		"a resolution":       {event: &Resolved{Reason: "busy"}},
		"an epoch": {before: []Event{
			&Watch{By: durableRef(4, 1), Target: transientTo(1, 5)},                                // 6
			&Spawn{Program: Program{Module: cidOf("r"), Resume: true, Limits: DefaultLimits}},      // 7
			&Link{Process: 3, Target: transientTo(1, 4)},                                           // 8
			&Watch{By: durableRef(3, 0), Target: durableTo(4)},                                     // 9
			&Watch{By: durableRef(3, 0), Target: Cap{Ref: Ref{Kind: RefService, Service: "time"}}}, // 10
			&Timer{Due: 1, To: transientTo(1, 4)},
		}, event: &Epoch{Number: 2, Entropy: []byte("e2"), Branch: []byte("b2")}, timers: true,
			effects: fmt.Sprintf("down 6 of %d to 4/1: restart; down 8 of %d to 3: restart; resume 7", TransientPID(1, 5), TransientPID(1, 4)),
			check: func(k *Kernel) bool {
				return k.Epoch.Number == 2 && k.Epoch.Seq == 12 && string(k.Epoch.Entropy) == "e2" && string(k.Epoch.Branch) == "b2" &&
					k.Monitor(9) != nil && k.Monitor(10) != nil && len(k.monitors) == 2 && k.NextTimer() == nil && !k.Alive(transientTo(1, 5).Ref) && k.Alive(transientTo(2, 5).Ref)
			}},
	} {
		t.Run(name, func(t *testing.T) {
			h := begin(t)
			for _, e := range c.before {
				h.fold(e)
			}
			old := h.k.Clone()
			before := dump(t, old)
			out := h.fold(c.event)
			if out.Deliver != c.deliver || effects(out) != c.effects || out.TimersChanged != c.timers {
				t.Errorf("delivered to %d, timers changed %v, effects:\n%s\nwant %d, %v,\n%s", out.Deliver, out.TimersChanged, effects(out), c.deliver, c.timers, c.effects)
			}
			if s, ok := c.event.(*Spawn); ok && s.Failed == "" && (out.Spawned == nil || out.Spawned != h.k.Process(h.k.Seq)) {
				t.Errorf("spawned %v", out.Spawned)
			}
			if c.check != nil && !c.check(h.k) {
				t.Errorf("the kernel is not as it should be: %+v", h.k)
			}
			if dump(t, old) != before || old.Seq != h.k.Seq-1 {
				t.Error("a clone changed with its original")
			}
			// The same holds for a kernel that came out of a snapshot.
			again := &history{t, reload(t, old)}
			if got := effects(again.fold(c.event)); got != c.effects {
				t.Errorf("after a restart the effects are %s", got)
			}
			if dump(t, again.k) != dump(t, h.k) {
				t.Error("after a restart the fold leads elsewhere")
			}
		})
	}
}

func TestFoldRefuses(t *testing.T) {
	k := NewKernel()
	for _, e := range []Event{&Epoch{Header: Header{Seq: 1}}, &Genesis{Header: Header{Seq: 2}}, &Epoch{}} {
		if _, err := k.Apply(e); !errors.Is(err, ErrBadEvent) {
			t.Errorf("%s: %v", e.Kind(), err)
		}
	}
	var fe *FormatError
	if _, err := k.Apply(&Genesis{Header: Header{Seq: 1}, Format: Format + 1}); !errors.As(err, &fe) || fe.Found != Format+1 {
		t.Errorf("a newer format: %v", err)
	}
	h := begin(t)
	if _, err := h.k.Apply(&Genesis{Header: Header{Seq: h.k.Seq + 1}, Format: Format}); !errors.Is(err, ErrBadEvent) {
		t.Errorf("a second genesis: %v", err)
	}
	if _, err := h.k.Apply(&Resume{Header: Header{Seq: h.k.Seq + 2}}); !errors.Is(err, ErrBadEvent) {
		t.Errorf("a gap: %v", err)
	}
}

// The table of keys is bounded; the oldest goes first.
func TestKeysAreBounded(t *testing.T) {
	h := begin(t)
	for i := range MaxKeys + 10 {
		e := &Message{Header: Header{Seq: h.k.Seq + 1}, To: durableRef(3, 0), Key: fmt.Sprint("key", i)}
		if _, err := h.k.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	h.consistent()
	_, first := h.k.Key("key9")
	seq, second := h.k.Key("key10")
	if first || !second || seq != 5+11 || len(h.k.keys) != MaxKeys {
		t.Errorf("%d keys, the 10th there: %v, the 11th: %v at %d", len(h.k.keys), first, second, seq)
	}
	if got := reload(t, h.k); len(got.keys) != MaxKeys || got.keyOrder[0] != "key10" {
		t.Errorf("a restart leaves %d keys, the oldest %s", len(got.keys), got.keyOrder[0])
	}
}

// Timers that were dropped do not pile up.
func TestStaleTimersAreForgotten(t *testing.T) {
	h := begin(t)
	for range 1000 {
		h.k.addTimer(&PendingTimer{ID: h.k.Seq + 1, Due: 1 << 60, To: durableTo(3)})
		h.k.dropTimer(h.k.Seq + 1)
	}
	if len(h.k.due) > 2*staleTimers {
		t.Errorf("%d timers are remembered, and none is set", len(h.k.due))
	}
}

func TestSettled(t *testing.T) {
	h := begin(t)
	h.fold(&Exit{Process: 3, Reason: ReasonNormal})
	dead, alive := Cap{Ref: durableRef(3, 1)}, Cap{Ref: durableRef(4, 1)}
	for name, c := range map[string]struct {
		e    Effect
		want bool
	}{
		"a message to a dead":       {Effect{Kind: EffectMessage, To: dead}, true},
		"a message":                 {Effect{Kind: EffectMessage, To: alive}, false},
		"a message to an old epoch": {Effect{Kind: EffectMessage, To: transientTo(0, 1)}, true},
		"a message to this epoch":   {Effect{Kind: EffectMessage, To: transientTo(1, 1)}, false},
		"a message to a service":    {Effect{Kind: EffectMessage, To: Cap{Ref: Ref{Kind: RefService, Service: "s"}}}, false},
		"a message to nothing":      {Effect{Kind: EffectMessage}, true},
		"a request":                 {Effect{Kind: EffectRequest, To: dead}, false},
		"an exit of a dead":         {Effect{Kind: EffectExit, To: dead}, true},
		"an exit":                   {Effect{Kind: EffectExit, To: alive}, false},
		"a down to a dead":          {Effect{Kind: EffectDown, By: dead.Ref, To: alive}, true},
		"a down of a dead":          {Effect{Kind: EffectDown, By: alive.Ref, To: dead}, false},
		"a resume of a dead":        {Effect{Kind: EffectResume, To: dead}, true},
		"a resume":                  {Effect{Kind: EffectResume, To: alive}, false},
		"a watch of a dead":         {Effect{Kind: EffectWatch, By: alive.Ref, To: dead}, false},
		"a link to a dead":          {Effect{Kind: EffectLink, By: alive.Ref, To: dead}, false},
	} {
		if got := h.k.Settled(&c.e); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestCauseOrder(t *testing.T) {
	in := []Cause{{Process: 0, Seq: 1, Index: 9}, {Process: 1, Seq: 1, Index: 0}, {Process: 1, Seq: 1, Index: 1}, {Process: 0, Seq: 2, Index: 0}}
	for i := range in {
		for j := range in {
			if in[i].Before(in[j]) != (i < j) {
				t.Errorf("%s before %s: %v", in[i], in[j], i >= j)
			}
		}
	}
	if !(Cause{Process: 1, Index: 1}).IsZero() || in[0].IsZero() {
		t.Error("what comes from outside is not told apart")
	}
}

func TestTransientPIDs(t *testing.T) {
	p := TransientPID(7, 9)
	if !IsTransient(p) || EpochOf(p) != 7 || IsTransient(1<<49) || p >= 1<<53 {
		t.Errorf("%d", p)
	}
}

// dump is the whole kernel as text.
func dump(t *testing.T, k *Kernel) string {
	t.Helper()
	st := State{Kernel: k, Images: map[uint64]*Image{}}
	for _, p := range k.Processes() {
		st.Images[p.PID] = &Image{}
	}
	c, err := st.Encode(func(lumps.CID, []byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s %d %d %+v", c, k.Seq, k.Time, k.Epoch)
}

// reload takes a kernel through a snapshot.
func reload(t *testing.T, k *Kernel) *Kernel {
	t.Helper()
	b := newBlocks()
	st := State{Kernel: k, Images: map[uint64]*Image{}}
	for _, p := range k.Processes() {
		st.Images[p.PID] = &Image{}
	}
	c, err := st.Encode(b.put)
	if err != nil {
		t.Fatal(err)
	}
	s := Snapshot{State: c, Seq: k.Seq, Clock: k.Time, Chain: make([]byte, 32), Epoch: k.Epoch}
	sc, err := EncodeSnapshot(&s, b.put)
	if err != nil {
		t.Fatal(err)
	}
	snap, err := LoadSnapshot(t.Context(), b.get, sc)
	if err != nil {
		t.Fatal(err)
	}
	back, err := snap.Load(t.Context(), b.get)
	if err != nil {
		t.Fatal(err)
	}
	return back.Kernel
}

func BenchmarkFold(b *testing.B) {
	h := begin(new(testing.T))
	e := benchMessage()
	e.To = durableRef(3, 0)
	b.ReportAllocs()
	for b.Loop() {
		e.Seq = h.k.Seq + 1
		if _, err := h.k.Apply(e); err != nil {
			b.Fatal(err)
		}
	}
}
