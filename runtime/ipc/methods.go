package ipc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/peer"
	"hearth/store"
)

// method is how a call is answered. A long one ends when its client leaves; one
// with upload reads what the client sends behind its request.
type method struct {
	do     func(k *call) (any, error)
	long   bool
	upload bool
}

// done is the answer of what has nothing to say.
type done struct{}

var methods map[string]method

func init() {
	methods = map[string]method{
		"world.info":    {do: (*call).info},
		"lump.put":      {do: (*call).putLump, upload: true},
		"lump.get":      {do: (*call).getLump, long: true},
		"lump.stat":     {do: (*call).statLump},
		"lump.list":     {do: (*call).listLumps, long: true},
		"block.get":     {do: (*call).getBlock},
		"process.spawn": {do: (*call).spawn},
		"process.list":  {do: (*call).processes},
		"process.kill":  {do: (*call).kill},
		"process.tail":  {do: (*call).tail, long: true},
		"service.list":  {do: (*call).serviceNames},
		"send":          {do: (*call).send},
		"snapshot":      {do: (*call).snapshot},
		"history":       {do: (*call).history, long: true},
		"journal":       {do: (*call).journal, long: true},
		"check":         {do: (*call).check, long: true},
		"backup":        {do: (*call).backup, long: true},
		"world.copy":    {do: (*call).copyWorld, long: true},
		"replay":        {do: (*call).replay, long: true},
		"state":         {do: (*call).state, long: true},

		"peer.list":         {do: (*call).listPeers, long: true},
		"peer.kick":         {do: (*call).kick},
		"peer.rules":        {do: (*call).listRules, long: true},
		"peer.rule":         {do: (*call).setRule},
		"credential.list":   {do: (*call).listCredentials, long: true},
		"credential.invite": {do: (*call).invite},
		"credential.revoke": {do: (*call).revoke},
		"sync":              {do: (*call).sync, long: true},
	}
}

// live returns the runtime, for what needs a live process.
func (k *call) live() (*runtime.Runtime, error) {
	if k.s.w.Runtime == nil {
		return nil, ErrNoServer
	}
	return k.s.w.Runtime, nil
}

func (k *call) info() (any, error) {
	w := &k.s.w
	return Info{Program: w.Program, PID: os.Getpid(), World: w.Dir, Running: w.Runtime != nil, Head: w.Journal.Head()}, nil
}

// ---- lumps

const (
	// RootPrefix begins the names of the roots that keep what users loaded.
	RootPrefix = "lumps/"
	// PublicPrefix begins the names of those that every peer may load.
	PublicPrefix = peer.PublicPrefix
)

func lumpOf(l store.Lump) Lump {
	return Lump{CID: l.CID, Size: l.Size, Blocks: l.Blocks, Kind: l.Kind.String()}
}

func (k *call) putLump() (any, error) {
	var p putParams
	if err := k.read(&p); err != nil {
		return nil, err
	}
	l, err := store.PutLump(k.ctx, k.s.w.Store, k, store.KindFile)
	if err != nil {
		return nil, err
	}
	if p.Root || p.Public {
		prefix := RootPrefix
		if p.Public {
			prefix = PublicPrefix
		}
		if err := k.setRoot(prefix, l); err != nil {
			return nil, err
		}
	}
	return lumpOf(l), nil
}

// setRoot makes a lump part of the space, and so of its backups.
func (k *call) setRoot(prefix string, l store.Lump) error {
	name := prefix + l.CID.String()
	if rt := k.s.w.Runtime; rt != nil {
		return rt.SetRoot(k.ctx, name, l.CID, l.Size, k.origin)
	}
	return k.s.w.appendEvent(k.ctx, &space.Root{Header: space.Header{Origin: k.origin}, Name: name, CID: l.CID, Size: l.Size})
}

func (k *call) getLump() (any, error) {
	var p cidParams
	if err := k.read(&p); err != nil {
		return nil, err
	}
	r, err := store.OpenLump(k.ctx, k.s.w.Store, p.CID)
	if err != nil {
		return nil, err
	}
	n, err := r.WriteTo(k)
	return sizeResult{n}, err
}

func (k *call) statLump() (any, error) {
	var p cidParams
	if err := k.read(&p); err != nil {
		return nil, err
	}
	l, err := k.s.w.Store.Lump(k.ctx, p.CID)
	if err == nil {
		return lumpOf(l), nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	size, err := k.s.w.Store.Size(k.ctx, p.CID)
	if err != nil {
		return nil, err
	}
	return Lump{CID: p.CID, Size: size, Blocks: 1, Kind: "block"}, nil
}

func (k *call) listLumps() (any, error) {
	for l, err := range k.s.w.Store.Lumps(k.ctx) {
		if err != nil {
			return nil, err
		}
		if err := k.item(lumpOf(l)); err != nil {
			return nil, err
		}
	}
	return done{}, nil
}

func (k *call) getBlock() (any, error) {
	var p cidParams
	if err := k.read(&p); err != nil {
		return nil, err
	}
	data, err := k.s.w.Store.Get(k.ctx, p.CID)
	if err != nil {
		return nil, err
	}
	return piece{data}, nil
}

// haveLumps verifies that what a message names is there.
func (c *conn) haveLumps(cids []lumps.CID) error {
	for _, l := range cids {
		ok, err := c.s.w.Store.Has(c.ctx, l)
		if cause := context.Cause(c.ctx); err != nil && cause != nil && errors.Is(err, context.Canceled) {
			err = cause // a server that stops says that, to messages without wait too
		}
		if err != nil {
			return err
		}
		if !ok {
			return &store.NotFoundError{CID: l}
		}
	}
	return nil
}

// ---- processes

func (k *call) spawn() (any, error) {
	rt, err := k.live()
	if err != nil {
		return nil, err
	}
	var p SpawnParams
	if err := k.read(&p); err != nil {
		return nil, err
	}
	s := k.s.w.Store
	if err := k.haveLumps([]lumps.CID{p.Module}); err != nil {
		return nil, err
	}
	if p.Replace != 0 {
		old, err := process(k.ctx, rt, p.Replace)
		if err != nil {
			return nil, err
		}
		if p.Service == "" {
			p.Service = old.Service
		}
		p.Durable = p.Durable || old.Durable
	}
	pid, _, err := rt.Spawn(k.ctx, runtime.SpawnRequest{Module: p.Module, Durable: p.Durable, Service: p.Service,
		Arg: p.Arg, HasArg: p.HasArg || len(p.Arg) > 0, Key: p.Key, Entry: -1, Origin: k.origin})
	if err != nil {
		if p.Fresh && (errors.Is(err, runtime.ErrBadModule) || errors.Is(err, runtime.ErrBlocking)) {
			err = errors.Join(err, s.RemoveLump(context.WithoutCancel(k.ctx), p.Module))
		}
		return nil, err
	}
	if p.Fresh {
		l, err := s.Lump(k.ctx, p.Module)
		if err == nil {
			err = k.setRoot(RootPrefix, l)
		}
		if err != nil {
			return nil, err
		}
	}
	if p.Replace != 0 {
		// Where it ended by itself meanwhile, its place is taken all the same.
		if err := rt.Kill(k.ctx, p.Replace, k.origin); err != nil && !errors.Is(err, runtime.ErrNoProcess) {
			return nil, err
		}
	}
	return Spawned{pid}, nil
}

// process finds a living process.
func process(ctx context.Context, rt *runtime.Runtime, pid uint64) (runtime.ProcessInfo, error) {
	ps, err := rt.Processes(ctx)
	if err != nil {
		return runtime.ProcessInfo{}, err
	}
	for _, p := range ps {
		if p.PID == pid {
			return p, nil
		}
	}
	return runtime.ProcessInfo{}, naming(runtime.ErrNoProcess, pid)
}

func (k *call) processes() (any, error) {
	rt, err := k.live()
	if err != nil {
		return nil, err
	}
	ps, err := rt.Processes(k.ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range ps {
		err := k.item(Process{PID: p.PID, State: p.State, Durable: p.Durable, Service: p.Service, Parent: p.Parent,
			Module: p.Module, Fuel: p.Fuel, Memory: p.Memory, Queue: p.Queue})
		if err != nil {
			return nil, err
		}
	}
	return done{}, nil
}

func (k *call) kill() (any, error) {
	rt, err := k.live()
	if err != nil {
		return nil, err
	}
	var p pidParams
	if err := k.read(&p); err != nil {
		return nil, err
	}
	if err := rt.Kill(k.ctx, p.PID, k.origin); err != nil {
		return nil, naming(err, p.PID)
	}
	return done{}, nil
}

// naming says which process is not there, where the error does not.
func naming(err error, pid uint64) error {
	if err == runtime.ErrNoProcess {
		return fmt.Errorf("%w: %d", err, pid)
	}
	return err
}

func (k *call) tail() (any, error) {
	rt, err := k.live()
	if err != nil {
		return nil, err
	}
	var p TailParams
	if err := k.read(&p); err != nil {
		return nil, err
	}
	var ierr error
	err = rt.Tail(k.ctx, p.PID, max(0, p.Lines), p.Follow, func(l runtime.LogLine) bool {
		ierr = k.item(LogLine{Time: time.Unix(0, l.Time).UTC(), PID: l.PID, Level: l.Level.String(), Module: l.Module, Text: l.Text})
		return ierr == nil
	})
	return done{}, errors.Join(naming(err, p.PID), ierr)
}

func (k *call) serviceNames() (any, error) {
	if rt := k.s.w.Runtime; rt != nil {
		for _, s := range rt.Services() {
			if err := k.item(Service{s.Name, s.PID, s.Native}); err != nil {
				return nil, err
			}
		}
		return done{}, nil
	}
	kernel, err := k.s.w.kernel(k.ctx)
	if err != nil {
		return nil, err
	}
	for _, n := range kernel.Names() {
		c, _ := kernel.Name(n)
		if err := k.item(Service{Name: n, PID: c.Ref.Process}); err != nil {
			return nil, err
		}
	}
	return done{}, nil
}

// send is a message whose sender waits for the answer.
func (k *call) send() (any, error) {
	rt, err := k.live()
	if err != nil {
		return nil, err
	}
	var p SendParams
	if err := p.scan(k.params); err != nil {
		return nil, badParams(err)
	}
	to, err := rt.Target(p.PID, p.Service)
	if err != nil {
		return nil, err
	}
	if err := k.haveLumps(p.Lumps); err != nil {
		return nil, err
	}
	wait := time.Duration(p.Timeout) * time.Millisecond
	if p.Timeout <= 0 || wait <= 0 {
		wait = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(k.ctx, wait)
	defer cancel()
	r, err := rt.Call(ctx, to, runtime.Message{Data: p.Data, Lumps: p.Lumps, Key: p.Key, Origin: k.origin})
	switch {
	case errors.Is(err, runtime.ErrDuplicate):
		return Sent{Duplicate: true}, nil
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("no reply came within %s: %w", wait, err)
	case err != nil:
		return nil, err
	}
	return Sent{Replied: true, Reply: r.Data, Lumps: r.Lumps}, nil
}
