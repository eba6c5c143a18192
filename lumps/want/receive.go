package want

import "hearth/lumps"

// place holds a chunk against what was asked, and says where its bytes go.
func (a *asker) place(c chunk) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k := a.refs[c.ref]
	if k == nil || k.onlyHas {
		return nil, protocolError("data came for want %d, which did not ask for it", c.ref)
	}
	if !k.begun {
		if c.offset == 0 {
			k.asm, k.resumed = k.asm[:0], 0
		}
		k.total, k.begun = int(c.total), true
		if int(c.offset)+c.n < k.total {
			if a.open == maxOpen {
				return nil, protocolError("more than %d blocks are begun and not finished", maxOpen)
			}
			a.open++
			k.long = true
		}
		if cap(k.asm) < k.total {
			k.asm = append(make([]byte, 0, k.total), k.asm...)
		}
	}
	switch {
	case int(c.total) != k.total:
		return nil, protocolError("the block of want %d has %d bytes and then %d", c.ref, k.total, c.total)
	case int(c.offset) != len(k.asm):
		return nil, protocolError("a chunk for want %d stands at byte %d, and %d is next", c.ref, c.offset, len(k.asm))
	}
	return k.asm[len(k.asm) : len(k.asm)+c.n], nil
}

// placed takes in a chunk whose bytes are where place said. A block is verified
// without the lock: nobody but the data reader touches what came.
func (a *asker) placed(c chunk) error {
	a.mu.Lock()
	k := a.refs[c.ref]
	k.asm = k.asm[:len(k.asm)+c.n]
	if len(k.asm) < k.total {
		a.stats.PartialIn += int64(c.n)
		a.mu.Unlock()
		return nil
	}
	if k.long {
		a.open--
	}
	delete(a.refs, c.ref)
	a.mu.Unlock()

	right := lumps.Verify(k.cid, k.asm)

	a.mu.Lock()
	defer a.mu.Unlock()
	defer a.x.wake()
	a.stats.PartialIn -= int64(k.total - k.resumed - c.n)
	if !right {
		if k.resumed == 0 {
			err := protocolError("what came for lump %s does not hash to it", k.cid)
			if !k.cancelled {
				a.finish(k, nil, err)
			}
			return err
		}
		// The beginning came from somebody else, who may be the one who lied.
		k.asm, k.resumed = nil, 0
		if !k.cancelled {
			k.asm = []byte{} // not nil: what Partials may have is not trusted again
			k.queued = a.pending[k.priority].PushFront(k)
		}
		return nil
	}
	a.stats.BlocksIn++
	a.stats.BytesIn += int64(k.total)
	if a.window < a.max {
		a.window++
	}
	if !k.cancelled {
		a.finish(k, k.asm, nil)
	}
	return nil
}

// stopped takes the end of a cancelled block.
func (a *asker) stopped(ref uint32) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	k := a.refs[ref]
	if k == nil || !k.long || !k.cancelled {
		return protocolError("the data of want %d stops, and was not cancelled", ref)
	}
	a.open--
	delete(a.refs, ref)
	a.setAside(k)
	a.x.wake()
	return nil
}
