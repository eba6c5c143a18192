package wasm

import (
	"context"
	"encoding/binary"
	"fmt"
	"unicode/utf8"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/wasm/rewrite"
)

// none is the handle of nothing.
const none = 0xFFFFFFFF

// hostFunc is a function that guests import. Parameters stand in s and the result
// replaces s[0]. The upper half of an i32 parameter is garbage: read it with u32.
type hostFunc struct {
	params, results string // i and I for i32 and i64
	call            func(ctx context.Context, i *instance, s []uint64)
}

var letters = map[rewrite.ValType]byte{rewrite.I32: 'i', rewrite.I64: 'I'}

func (f hostFunc) fits(params, results []rewrite.ValType) bool {
	same := func(ts []rewrite.ValType, want string) bool {
		if len(ts) != len(want) {
			return false
		}
		for n, t := range ts {
			if letters[t] != want[n] {
				return false
			}
		}
		return true
	}
	return same(params, f.params) && same(results, f.results)
}

func apiTypes(s string) []api.ValueType {
	out := make([]api.ValueType, len(s))
	for i, c := range s {
		if out[i] = api.ValueTypeI32; c == 'I' {
			out[i] = api.ValueTypeI64
		}
	}
	return out
}

func u32(v uint64) uint32 { return uint32(v) }

// host makes the modules that guests import.
func host(ctx context.Context, wz wazero.Runtime) error {
	for module, funcs := range hostFuncs {
		b := wz.NewHostModuleBuilder(module)
		for name, f := range funcs {
			call := f.call
			b.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(ctx context.Context, _ api.Module, s []uint64) {
				call(ctx, instanceOf(ctx), s)
			}), apiTypes(f.params), apiTypes(f.results)).Export(name)
		}
		if _, err := b.Instantiate(ctx); err != nil {
			return fmt.Errorf("host module %s: %w", module, err)
		}
	}
	return nil
}

// trapf ends the guest's call.
func trapf(format string, args ...any) {
	panic(&runtime.Trap{Reason: space.ReasonTrap, Detail: fmt.Sprintf(format, args...)})
}

// check ends the guest's call with an error.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

// effect is for everything that concerns the world: not during initialisation.
func (i *instance) effect(what string) {
	if i.init != nil {
		trapf("%s during initialisation; do it when the first signal arrives", what)
	}
}

// bytes is a view of guest memory, valid until the guest runs again.
func (i *instance) bytes(ptr, n uint32) []byte {
	if uint64(ptr)+uint64(n) > uint64(i.mem.size) {
		trapf("%d bytes at %d are outside of memory", n, ptr)
	}
	return i.mem.all[ptr : ptr+n : ptr+n]
}

func (i *instance) text(ptr, n uint32) string {
	b := i.bytes(ptr, n)
	if !utf8.Valid(b) {
		trapf("text at %d is not UTF-8", ptr)
	}
	return string(b)
}

// handles reads an array of u32.
func (i *instance) handles(ptr, n uint32, limit int) []uint32 {
	if n == 0 {
		return nil
	}
	if int64(n) > int64(limit) {
		trapf("%d handles; the limit is %d", n, limit)
	}
	b := i.bytes(ptr, 4*n)
	out := make([]uint32, n)
	for k := range out {
		out[k] = binary.LittleEndian.Uint32(b[4*k:])
	}
	return out
}

func (i *instance) putHandles(ptr uint32, hs []uint32) {
	b := i.bytes(ptr, uint32(4*len(hs)))
	for k, h := range hs {
		binary.LittleEndian.PutUint32(b[4*k:], h)
	}
}

// signal finds a signal by the guest's number.
func (i *instance) signal(h uint32) *slot {
	if i.c.blocking {
		if int(h) < len(i.slots) && i.slots[h] != nil {
			return i.slots[h]
		}
	} else if h == 0 && i.slot.sig != nil {
		return &i.slot
	}
	trapf("no signal %d", h)
	return nil
}

// keep gives a received signal a number.
func (i *instance) keep(s *runtime.Signal) uint32 {
	for h, x := range i.slots {
		if x == nil {
			i.slots[h] = &slot{sig: s}
			return uint32(h)
		}
	}
	if len(i.slots) >= maxSignals {
		trapf("more than %d signals held; destroy some", maxSignals)
	}
	i.slots = append(i.slots, &slot{sig: s})
	return uint32(len(i.slots) - 1)
}

// maxSignals is how many signals a blocking guest may hold at a time.
const maxSignals = 1 << 16

type funcs map[string]hostFunc

// hostFuncs is everything that guests can import.
var hostFuncs = map[string]funcs{
	rewrite.FuelModule: {
		rewrite.FuelRefill: {"", "", func(_ context.Context, i *instance, _ []uint64) { i.refill() }},
	},
	"hearth::log": {
		"log": {"iiiii", "", func(_ context.Context, i *instance, s []uint64) {
			module, text := i.text(u32(s[1]), u32(s[2])), i.text(u32(s[3]), u32(s[4]))
			i.log(runtime.LogLevel(min(u32(s[0]), uint32(runtime.LogError))), module, text)
		}},
	},
	"hearth::table":   tableFuncs,
	"hearth::mailbox": mailboxFuncs,
	"hearth::lump":    lumpFuncs,
	"hearth::content": contentFuncs,
	"hearth::metadata": {
		"set_name": metadata, "set_description": metadata, "add_author": metadata,
		"set_repository": metadata, "set_homepage": metadata, "set_license": metadata,
	},
	"hearth::process": {
		"id": {"", "I", func(_ context.Context, i *instance, s []uint64) { i.effect("asking for the PID"); s[0] = i.p.PID() }},
		"exit": {"i", "", func(_ context.Context, i *instance, s []uint64) {
			i.effect("exit")
			i.exit = runtime.Exit(int32(u32(s[0])))
		}},
		"link": {"i", "", func(_ context.Context, i *instance, s []uint64) {
			i.effect("link")
			check(i.p.Link(i.worker, u32(s[0]), true))
		}},
		"unlink": {"i", "", func(_ context.Context, i *instance, s []uint64) {
			i.effect("unlink")
			check(i.p.Link(i.worker, u32(s[0]), false))
		}},
	},
	"hearth::time": {
		"now": {"", "I", func(_ context.Context, i *instance, s []uint64) { s[0] = uint64(i.now()) }},
	},
	"env": {
		// AssemblyScript's assertions: message, file, line, column.
		"abort": {"iiii", "", func(_ context.Context, i *instance, s []uint64) {
			trapf("aborted at line %d, column %d", u32(s[2]), u32(s[3]))
		}},
	},
	"wasi_snapshot_preview1": wasiFuncs,
}

var metadata = hostFunc{"ii", "", func(_ context.Context, i *instance, s []uint64) {
	if i.init == nil || !i.init.metadata {
		trapf("metadata can only be set in _hearth_metadata")
	}
	i.text(u32(s[0]), u32(s[1]))
}}

func (i *instance) log(level runtime.LogLevel, module, text string) {
	if i.init != nil {
		if room := maxInitOutput - len(i.init.output); room > 0 {
			i.init.output = append(i.init.output, text[:min(len(text), room)]...)
			i.init.output = append(i.init.output, '\n')
		}
		return
	}
	i.p.Log(level, module, text)
}

func (i *instance) now() int64 {
	if i.init != nil {
		return 1 // the beginning of time: Go refuses to run at 0
	}
	return i.p.Now()
}

var tableFuncs = funcs{
	"inc_ref": {"i", "", func(_ context.Context, i *instance, s []uint64) { i.effect("inc_ref"); check(i.p.IncRef(u32(s[0]))) }},
	"dec_ref": {"i", "", func(_ context.Context, i *instance, s []uint64) { i.effect("dec_ref"); check(i.p.DecRef(u32(s[0]))) }},
	"get_permissions": {"i", "i", func(_ context.Context, i *instance, s []uint64) {
		i.effect("get_permissions")
		p, err := i.p.Permissions(u32(s[0]))
		check(err)
		s[0] = uint64(p)
	}},
	"demote": {"ii", "i", func(_ context.Context, i *instance, s []uint64) {
		i.effect("demote")
		h, err := i.p.Demote(u32(s[0]), caps.Perms(u32(s[1])))
		check(err)
		s[0] = uint64(h)
	}},
	"send": {"iiiii", "", func(_ context.Context, i *instance, s []uint64) {
		i.effect("send")
		check(i.p.Send(i.worker, u32(s[0]), i.bytes(u32(s[1]), u32(s[2])), i.handles(u32(s[3]), u32(s[4]), space.MaxCaps), nil))
	}},
	"kill": {"i", "", func(_ context.Context, i *instance, s []uint64) {
		i.effect("kill")
		check(i.p.Kill(i.worker, u32(s[0])))
	}},
}

var mailboxFuncs = funcs{
	"create": {"", "i", func(_ context.Context, i *instance, s []uint64) {
		i.effect("making a mailbox")
		h, err := i.p.CreateMailbox()
		check(err)
		s[0] = uint64(h)
	}},
	"destroy": {"i", "", func(_ context.Context, i *instance, s []uint64) {
		i.effect("destroy")
		check(i.p.DestroyMailbox(u32(s[0])))
	}},
	"make_capability": {"ii", "i", func(_ context.Context, i *instance, s []uint64) {
		i.effect("make_capability")
		h, err := i.p.MakeCapability(u32(s[0]), caps.Perms(u32(s[1])))
		check(err)
		s[0] = uint64(h)
	}},
	"monitor": {"ii", "", func(_ context.Context, i *instance, s []uint64) {
		i.effect("monitor")
		check(i.p.Monitor(i.worker, u32(s[0]), u32(s[1])))
	}},
	"recv": {"i", "i", func(_ context.Context, i *instance, s []uint64) {
		i.effect("recv")
		_, sig, err := i.p.Receive([]uint32{u32(s[0])}, true)
		check(err)
		s[0] = uint64(i.keep(sig))
	}},
	"try_recv": {"i", "i", func(_ context.Context, i *instance, s []uint64) {
		i.effect("try_recv")
		_, sig, err := i.p.Receive([]uint32{u32(s[0])}, false)
		check(err)
		if sig == nil {
			s[0] = none
			return
		}
		s[0] = uint64(i.keep(sig))
	}},
	"poll": {"ii", "I", func(_ context.Context, i *instance, s []uint64) {
		i.effect("poll")
		at, sig, err := i.p.Receive(i.handles(u32(s[0]), u32(s[1]), int(i.p.Limits().Boxes)), true)
		check(err)
		s[0] = uint64(at)<<32 | uint64(i.keep(sig))
	}},
	"destroy_signal": {"i", "", func(_ context.Context, i *instance, s []uint64) {
		x := i.signal(u32(s[0]))
		if i.c.blocking {
			i.p.Free(x.sig)
			i.slots[u32(s[0])] = nil
		}
		// A handler's signal is freed when the handler returns.
	}},
	"get_signal_kind": {"i", "i", func(_ context.Context, i *instance, s []uint64) { s[0] = uint64(i.signal(u32(s[0])).sig.Kind) }},
	"get_down_capability": {"i", "i", func(_ context.Context, i *instance, s []uint64) {
		x := i.signal(u32(s[0]))
		if x.sig.Kind != runtime.SignalDown {
			trapf("signal %d is not a down signal", u32(s[0]))
		}
		if !x.asked {
			h, err := i.p.AddCapability(x.sig.Down())
			check(err)
			x.down, x.asked = h, true
		}
		s[0] = uint64(x.down)
	}},
	"get_message_data_len": {"i", "i", func(_ context.Context, i *instance, s []uint64) { s[0] = uint64(len(i.signal(u32(s[0])).sig.Data)) }},
	"get_message_data": {"ii", "", func(_ context.Context, i *instance, s []uint64) {
		d := i.signal(u32(s[0])).sig.Data
		copy(i.bytes(u32(s[1]), uint32(len(d))), d)
	}},
	"get_message_caps_num": {"i", "i", func(_ context.Context, i *instance, s []uint64) { s[0] = uint64(len(i.signal(u32(s[0])).sig.Caps)) }},
	"get_message_caps": {"ii", "", func(_ context.Context, i *instance, s []uint64) {
		x := i.signal(u32(s[0]))
		if !x.taken {
			for _, c := range x.sig.Caps {
				h, err := i.p.AddCapability(c)
				check(err)
				x.caps = append(x.caps, h)
			}
			x.taken = true
		}
		i.putHandles(u32(s[1]), x.caps)
	}},
}

var lumpFuncs = funcs{
	"this_lump": {"i", "", func(_ context.Context, i *instance, s []uint64) {
		d := i.c.module.Digest()
		copy(i.bytes(u32(s[0]), 32), d[:])
	}},
	"load_by_id": {"i", "i", func(ctx context.Context, i *instance, s []uint64) {
		i.effect("loading a lump")
		h, ok, err := i.p.LumpOpenDigest(ctx, lumps.Digest(i.bytes(u32(s[0]), 32)))
		s[0] = found(h, ok, err)
	}},
	"load": {"ii", "i", func(ctx context.Context, i *instance, s []uint64) {
		i.effect("making a lump")
		h, err := i.p.LumpCreate(ctx, i.bytes(u32(s[0]), u32(s[1])))
		check(err)
		s[0] = uint64(h)
	}},
	"get_id": {"ii", "", func(_ context.Context, i *instance, s []uint64) {
		i.effect("get_id")
		c, err := i.p.Lump(u32(s[0]))
		check(err)
		d := c.Digest()
		copy(i.bytes(u32(s[1]), 32), d[:])
	}},
	"get_len": {"i", "i", func(ctx context.Context, i *instance, s []uint64) {
		i.effect("get_len")
		n, err := i.p.LumpSize(ctx, u32(s[0]))
		check(err)
		if n >= none {
			trapf("a lump of %d bytes does not fit into memory", n)
		}
		s[0] = uint64(n)
	}},
	"get_data": {"ii", "", func(ctx context.Context, i *instance, s []uint64) {
		i.effect("get_data")
		d, err := i.p.LumpData(ctx, u32(s[0]))
		check(err)
		if len(d) >= none {
			trapf("a lump of %d bytes does not fit into memory", len(d))
		}
		copy(i.bytes(u32(s[1]), uint32(len(d))), d)
	}},
	"free": {"i", "", func(_ context.Context, i *instance, s []uint64) { i.effect("free"); check(i.p.LumpFree(u32(s[0]))) }},
}

func found(h uint32, ok bool, err error) uint64 {
	check(err)
	if !ok {
		return none
	}
	return uint64(h)
}

var contentFuncs = funcs{
	"load_cid": {"i", "i", func(ctx context.Context, i *instance, s []uint64) {
		i.effect("loading a lump")
		c, err := lumps.FromBytes(i.bytes(u32(s[0]), lumps.CIDLen))
		if err != nil {
			s[0] = none
			return
		}
		h, ok, err := i.p.LumpOpen(ctx, c)
		s[0] = found(h, ok, err)
	}},
	"get_cid": {"ii", "", func(_ context.Context, i *instance, s []uint64) {
		i.effect("get_cid")
		c, err := i.p.Lump(u32(s[0]))
		check(err)
		copy(i.bytes(u32(s[1]), lumps.CIDLen), c[:])
	}},
	"transfer": {"ii", "", func(_ context.Context, i *instance, s []uint64) {
		i.effect("transfer")
		check(i.p.LumpTransfer(u32(s[0]), u32(s[1])))
	}},
	"forget":            {"i", "", func(_ context.Context, i *instance, s []uint64) { i.effect("forget"); check(i.p.LumpForget(u32(s[0]))) }},
	"message_lumps_num": {"i", "i", func(_ context.Context, i *instance, s []uint64) { s[0] = uint64(len(i.signal(u32(s[0])).sig.Lumps)) }},
	"message_lumps": {"ii", "", func(ctx context.Context, i *instance, s []uint64) {
		x := i.signal(u32(s[0]))
		if !x.named {
			for _, c := range x.sig.Lumps {
				h, ok, err := i.p.LumpOpen(ctx, c)
				check(err)
				if !ok {
					h = none
				}
				x.lumps = append(x.lumps, h)
			}
			x.named = true
		}
		i.putHandles(u32(s[1]), x.lumps)
	}},
	"send": {"iiiiiii", "", func(_ context.Context, i *instance, s []uint64) {
		i.effect("send")
		var named []lumps.CID
		for _, h := range i.handles(u32(s[5]), u32(s[6]), space.MaxLumps) {
			c, err := i.p.Lump(h)
			check(err)
			named = append(named, c)
		}
		check(i.p.Send(i.worker, u32(s[0]), i.bytes(u32(s[1]), u32(s[2])), i.handles(u32(s[3]), u32(s[4]), space.MaxCaps), named))
	}},
}
