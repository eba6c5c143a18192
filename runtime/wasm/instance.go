package wasm

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	goruntime "runtime"
	"strings"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime"
)

// instance is a running module: the body of a process.
type instance struct {
	c       *code
	p       *runtime.Process
	mod     api.Module
	mem     *memory
	fuel    api.MutableGlobal
	depth   api.MutableGlobal // durable code only
	vars    []api.MutableGlobal
	receive api.Function
	stack   [2]uint64
	inbox   inbox

	// Fuel. granted is what the guest was given in this call (durable) or since the
	// last account (transient).
	granted int64
	limit   int64 // of this call, 0: none
	worker  *runtime.Worker

	slot    slot    // the signal that a handler sees
	slots   []*slot // signals that a blocking guest holds
	exit    *runtime.Trap
	broken  bool // a trap left it in the middle of something
	init    *initialising
	output  [2][]byte // unfinished lines of stdout and stderr
	globals []byte
}

// slot is a signal in a guest's hands. Handles are given to capabilities and
// lumps when the guest first asks for them.
type slot struct {
	sig   *runtime.Signal
	caps  []uint32
	lumps []uint32
	down  uint32
	asked bool // down is set
	taken bool // caps are set
	named bool // lumps are set
}

// inbox is a place in a handler's memory where the host writes every signal before
// it calls, so that reading a small message costs no call:
//
//	+----------+---------+----------+----------+---------------------------+
//	| kind u32 | len u32 | caps u32 | lumps u32 | data, as much of it as fits |
//	+----------+---------+----------+----------+---------------------------+
//
// A module asks for it by exporting the globals _hearth_inbox (its address) and
// _hearth_inbox_size (bytes, with the head).
type inbox struct{ at, size uint32 }

const inboxHead = 16

func (b inbox) fill(mem []byte, s *runtime.Signal) {
	m := mem[b.at : b.at+b.size : b.at+b.size]
	binary.LittleEndian.PutUint32(m, uint32(s.Kind))
	binary.LittleEndian.PutUint32(m[4:], uint32(len(s.Data)))
	binary.LittleEndian.PutUint32(m[8:], uint32(len(s.Caps)))
	binary.LittleEndian.PutUint32(m[12:], uint32(len(s.Lumps)))
	copy(m[inboxHead:], s.Data)
}

// findInbox reads where a module wants its signals.
func (i *instance) findInbox() error {
	at, size := i.mod.ExportedGlobal("_hearth_inbox"), i.mod.ExportedGlobal("_hearth_inbox_size")
	if at == nil && size == nil {
		return nil
	}
	if at == nil || size == nil || at.Type() != api.ValueTypeI32 || size.Type() != api.ValueTypeI32 {
		return errors.New("it exports one of _hearth_inbox and _hearth_inbox_size without the other, or not as i32")
	}
	b := inbox{uint32(at.Get()), uint32(size.Get())}
	if b.size < inboxHead || uint64(b.at)+uint64(b.size) > uint64(i.mem.size) {
		return fmt.Errorf("its inbox of %d bytes at %d is too small or outside of memory", b.size, b.at)
	}
	i.inbox = b
	return nil
}

// blockingContext leads host functions to the instance of a blocking guest.
type blockingContext struct {
	context.Context
	i *instance
}

// instanceOf finds the instance that calls.
func instanceOf(ctx context.Context) *instance {
	if w, ok := ctx.(*runtime.Worker); ok {
		return w.Guest.(*instance)
	}
	return ctx.(*blockingContext).i
}

// begin gives fuel for one call that may burn at most limit.
func (i *instance) begin(limit uint64) {
	i.limit = int64(min(limit, math.MaxInt64))
	i.granted = min(i.limit, runtime.FuelSlice)
	i.fuel.Set(uint64(i.granted))
	if i.depth != nil {
		i.depth.Set(0)
	}
}

// burnt is what the guest has burnt of what it was granted.
func (i *instance) burnt() int64 { return i.granted - int64(i.fuel.Get()) }

// refill is called by the guest when its fuel is below zero. With a limit, it
// traps exactly at the first charge beyond it, however large the slices are.
func (i *instance) refill() {
	used := i.burnt()
	if i.limit > 0 {
		if used > i.limit {
			panic(&runtime.Trap{Reason: space.ReasonFuel, Detail: "the fuel for one event is used up"})
		}
		next := min(i.limit-used, runtime.FuelSlice)
		i.granted = used + next
		i.fuel.Set(uint64(next))
	} else {
		i.p.Burn(uint64(used))
		i.granted = runtime.FuelSlice
		i.fuel.Set(runtime.FuelSlice)
		if t := i.p.Killed(); t != nil {
			panic(t)
		}
	}
	if i.worker != nil {
		i.worker.Slice()
	} else {
		goruntime.Gosched()
	}
}

// Receive calls the handler with one signal.
func (i *instance) Receive(w *runtime.Worker, s *runtime.Signal) error {
	i.slot.sig = s
	prev := w.Guest
	w.Guest, i.worker = i, w
	durable := i.p.Durable()
	if durable {
		i.begin(i.p.Limits().Fuel)
	}
	if i.receive == nil {
		i.receive = i.mod.ExportedFunction("_hearth_receive")
	}
	if i.inbox.size > 0 {
		i.inbox.fill(i.mem.all, s)
	}
	i.stack[0], i.stack[1] = uint64(s.Box), 0
	err := i.receive.CallWithStack(w, i.stack[:])
	w.Guest, i.worker = prev, nil
	if durable {
		i.p.Burn(uint64(i.burnt()))
	}
	if i.slot.taken || i.slot.asked || i.slot.named {
		i.slot = slot{}
	} else {
		i.slot.sig = nil
	}
	if err == nil && i.exit == nil {
		return nil
	}
	i.flushOutput()
	if err != nil {
		return i.trap(err)
	}
	return i.exit
}

// Run executes a blocking guest.
func (i *instance) Run(ctx context.Context) error {
	var err error
	bc := &blockingContext{ctx, i}
	if entry := i.p.Entry(); entry >= 0 {
		f := i.mod.ExportedFunction("_hearth_spawn_by_index")
		if f == nil {
			return &runtime.Trap{Reason: space.ReasonTrap, Detail: "the module has no _hearth_spawn_by_index"}
		}
		_, err = f.Call(bc, uint64(entry))
	} else if f := i.mod.ExportedFunction("run"); f != nil {
		_, err = f.Call(bc)
	} else {
		return &runtime.Trap{Reason: space.ReasonTrap, Detail: "the module has no run"}
	}
	i.p.Burn(uint64(i.burnt()))
	i.flushOutput()
	for _, s := range i.slots {
		if s != nil {
			i.p.Free(s.sig)
		}
	}
	if err != nil {
		return i.trap(err)
	}
	if i.exit != nil {
		return i.exit
	}
	return nil
}

// trap finds out why a call ended. What it returns has the same reason for the
// same execution, whatever the version of the engine says about it.
func (i *instance) trap(err error) error {
	i.broken = true
	var t *runtime.Trap
	var host *runtime.HostError
	var exit *sys.ExitError
	switch {
	case errors.As(err, &host):
		return host
	case errors.As(err, &t):
		return t
	case errors.As(err, &exit):
		return runtime.Exit(int32(exit.ExitCode()))
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return &runtime.Trap{Reason: space.ReasonTrap, Detail: strings.TrimPrefix(text, "wasm error: ")}
}

// Memory is the linear memory.
func (i *instance) Memory() []byte {
	if i.mod.Memory() == nil {
		return nil
	}
	return i.mem.all[:i.mod.Memory().Size()]
}

// MemorySize is the length of the linear memory.
func (i *instance) MemorySize() int { return i.mem.size }

// Globals are the mutable globals.
func (i *instance) Globals() []byte {
	i.globals = i.globals[:0]
	for _, g := range i.vars {
		i.globals = binary.LittleEndian.AppendUint64(i.globals, g.Get())
	}
	return i.globals
}

// Rest drops the call stack, which is most of an idle instance.
func (i *instance) Rest() { i.receive = nil }

// Close ends the instance, or keeps it for the next process.
func (i *instance) Close() { i.c.giveBack(i) }

// initialising is the world of a module before its first signal.
type initialising struct {
	metadata bool
	seed     [32]byte
	counter  uint64
	output   []byte
}

const maxInitOutput = 4096

func newInitialising(module lumps.CID) *initialising {
	return &initialising{seed: module.Digest()}
}
