package runtime

import (
	"context"
	"fmt"
	"slices"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime/caps"
)

// What a body may ask for of lumps.

// LumpCreate stores bytes as a lump and returns a handle.
func (p *Process) LumpCreate(ctx context.Context, data []byte) (uint32, error) {
	if len(data) > maxGuestLump {
		return 0, trapf("a lump of %d bytes; the limit for one call is %d", len(data), maxGuestLump)
	}
	if p.dur != nil {
		c, err := p.dur.createLump(data)
		if err != nil {
			return 0, err
		}
		return p.openLump(c)
	}
	l, err := p.rt.putLump(ctx, data)
	if err != nil {
		return 0, err
	}
	return p.openLump(l.CID)
}

// maxGuestLump bounds what one call of a guest stores.
const maxGuestLump = 64 << 20

func (p *Process) openLump(c lumps.CID) (uint32, error) {
	if p.dur != nil {
		p.lumps.hold(c)
		p.dur.touch(c)
		if len(p.lumps.held) > int(p.limits.Held) {
			return 0, trapf("more than %d lumps held; forget some", p.limits.Held)
		}
	}
	if len(p.lumps.slots) >= int(p.limits.Held) {
		return 0, trapf("more than %d lumps open; free some", p.limits.Held)
	}
	return p.lumps.open(c), nil
}

// LumpOpen opens a lump by CID. A durable process gets only what it holds or what
// its event names; false says that there is none.
func (p *Process) LumpOpen(ctx context.Context, c lumps.CID) (uint32, bool, error) {
	if p.dur != nil {
		if _, ok := p.lumps.held[c]; !ok {
			return 0, false, nil
		}
	} else if err := p.rt.Ensure(ctx, c); isNotFound(err) {
		return 0, false, nil
	} else if err != nil {
		return 0, false, err
	}
	h, err := p.openLump(c)
	return h, err == nil, err
}

// LumpOpenDigest opens a lump by the 32 bytes that the original ABI knows.
func (p *Process) LumpOpenDigest(ctx context.Context, d lumps.Digest) (uint32, bool, error) {
	if p.dur != nil {
		c, ok := p.lumps.byDigest(d)
		if !ok {
			return 0, false, nil
		}
		h, err := p.openLump(c)
		return h, err == nil, err
	}
	c, err := p.rt.FindDigest(ctx, d)
	if isNotFound(err) {
		return 0, false, nil
	} else if err != nil {
		return 0, false, err
	}
	h, err := p.openLump(c)
	return h, err == nil, err
}

// Lump returns the CID behind a handle. A durable process that reads a CID names
// it in what it sends from then on in this event.
func (p *Process) Lump(h uint32) (lumps.CID, error) {
	c, ok := p.lumps.get(h)
	if !ok {
		return c, trapf("no lump %d", h)
	}
	if p.dur != nil {
		p.dur.touch(c)
	} else if !slices.Contains(p.touched, c) {
		if len(p.touched) == maxTouched {
			p.touched = p.touched[1:]
		}
		p.touched = append(p.touched, c)
	}
	return c, nil
}

// maxTouched is how many lumps a transient process is taken to name.
const maxTouched = 32

// LumpTransfer lets the peer behind a capability have a lump and tells it to fetch
// the lump now, not when somebody there asks for it. Where the capability reaches
// a process here, there is nothing to do.
func (p *Process) LumpTransfer(cap, lump uint32) error {
	ref, box, perms, err := p.table.Get(cap)
	if err == nil && !perms.Has(caps.Send) {
		err = caps.ErrPermission
	}
	if err != nil {
		return trapf("transfer through capability %d: %v", cap, err)
	}
	c, ok := p.lumps.get(lump)
	if !ok {
		return trapf("no lump %d", lump)
	}
	if p.dur == nil {
		if box != nil && box.proc.remote != nil {
			box.proc.offer(c)
		}
		return nil
	}
	if ref.Kind == space.RefTransient {
		dp, box := p.dur, p.rt.proxyBox(ref)
		dp.index++
		dp.outward = append(dp.outward, func() {
			if box != nil {
				box.proc.offer(c)
			}
		})
	}
	return nil
}

// LumpSize returns the length of a lump.
func (p *Process) LumpSize(ctx context.Context, h uint32) (int64, error) {
	c, ok := p.lumps.get(h)
	if !ok {
		return 0, trapf("no lump %d", h)
	}
	data, err := p.lumpData(ctx, c)
	return int64(len(data)), err
}

// LumpData returns the bytes of a lump.
func (p *Process) LumpData(ctx context.Context, h uint32) ([]byte, error) {
	c, ok := p.lumps.get(h)
	if !ok {
		return nil, trapf("no lump %d", h)
	}
	return p.lumpData(ctx, c)
}

func (p *Process) lumpData(ctx context.Context, c lumps.CID) ([]byte, error) {
	if p.dur != nil {
		if data, ok := p.dur.newLumps[c]; ok {
			return data, nil
		}
	}
	data, err := p.rt.readLump(ctx, c)
	if err != nil && p.dur != nil {
		// The process may have it and the store has not: the host is at fault, not
		// the guest, so the guest must not see it.
		return nil, &HostError{Op: fmt.Sprintf("reading lump %s for process %d", c, p.pid), Err: err}
	}
	if err != nil {
		return nil, trapf("reading lump %s: %v", c, err)
	}
	return data, nil
}

// HostError is a failure of the machine in the middle of a durable execution.
// The server stops: the event will be executed again from its beginning.
type HostError struct {
	Op  string
	Err error
}

func (e *HostError) Error() string { return fmt.Sprintf("%s: %v", e.Op, e.Err) }
func (e *HostError) Unwrap() error { return e.Err }

// LumpFree closes a handle.
func (p *Process) LumpFree(h uint32) error {
	if !p.lumps.close(h) {
		return trapf("no lump %d", h)
	}
	return nil
}

// LumpForget ends that a durable process holds a lump. The handle stays open.
func (p *Process) LumpForget(h uint32) error {
	c, ok := p.lumps.get(h)
	if !ok {
		return trapf("no lump %d", h)
	}
	delete(p.lumps.held, c)
	return nil
}
