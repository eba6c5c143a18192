package windowtest

import (
	"errors"
	"io"
)

// Own makes somebody else the owner of a selection, whose text comes in pieces: one
// is sent whole, several one after the other (ICCCM 2.7.2), and without any the owner
// never answers. It holds the selection until the test ends.
func (d *Display) Own(selection string, pieces ...string) {
	d.t.Helper()
	x, err := d.dial()
	if err == nil {
		err = x.own(selection, pieces)
	}
	if err != nil {
		d.t.Fatalf("owning %s: %v", selection, err)
	}
	done := make(chan error, 1)
	go func() { done <- x.serve(pieces) }()
	d.t.Cleanup(func() {
		x.Close()
		<-done // its connection is closed: what it says is that
	})
}

// own makes a window and gives it a selection.
func (x *client) own(selection string, pieces []string) (err error) {
	for _, a := range []struct {
		name string
		to   *uint32
	}{{selection, &x.selection}, {"INCR", &x.incr}} {
		if *a.to, err = x.atom(a.name); err != nil {
			return err
		}
	}
	// CreateWindow of 1x1 pixels, with everything as its parent has it.
	x.window = x.base | 1
	q := make([]byte, 32)
	q[0] = 1
	le.PutUint32(q[4:], x.window)
	le.PutUint32(q[8:], x.root)
	le.PutUint16(q[16:], 1)
	le.PutUint16(q[18:], 1)
	if err := x.request(q); err != nil {
		return err
	}
	// SetSelectionOwner.
	q = make([]byte, 16)
	q[0] = 22
	le.PutUint32(q[4:], x.window)
	le.PutUint32(q[8:], x.selection)
	if err := x.request(q); err != nil {
		return err
	}
	_, err = x.atom("INCR") // an answer says that the display has read all before it
	return err
}

// serve answers who asks for the selection, until the connection is closed.
func (x *client) serve(pieces []string) error {
	var requestor, property, target uint32
	var left []string
	for e := make([]byte, 32); ; {
		if _, err := io.ReadFull(x, e); err != nil {
			return err
		}
		switch e[0] &^ 0x80 {
		case 30: // SelectionRequest
			if len(pieces) == 0 {
				continue
			}
			requestor, target, property = le.Uint32(e[12:]), le.Uint32(e[20:]), le.Uint32(e[24:])
			var err error
			if left = nil; len(pieces) == 1 {
				err = x.put(requestor, property, target, []byte(pieces[0]), 8)
			} else {
				left = append(append(left, pieces...), "")
				err = errors.Join(x.watch(requestor), x.put(requestor, property, x.incr, make([]byte, 4), 32))
			}
			// SendEvent of a SelectionNotify.
			q := make([]byte, 44)
			q[0] = 25
			le.PutUint32(q[4:], requestor)
			q[12] = 31
			copy(q[16:20], e[4:8]) // time
			le.PutUint32(q[20:], requestor)
			le.PutUint32(q[24:], x.selection)
			le.PutUint32(q[28:], target)
			le.PutUint32(q[32:], property)
			if err = errors.Join(err, x.request(q)); err != nil {
				return err
			}
		case 28: // PropertyNotify: deleted
			if e[16] == 1 && len(left) > 0 && le.Uint32(e[4:]) == requestor && le.Uint32(e[8:]) == property {
				if err := x.put(requestor, property, target, []byte(left[0]), 8); err != nil {
					return err
				}
				left = left[1:]
			}
		}
	}
}

// put is ChangeProperty.
func (x *client) put(window, property, kind uint32, data []byte, bits int) error {
	q := make([]byte, 24, 24+len(data))
	q[0] = 18
	le.PutUint32(q[4:], window)
	le.PutUint32(q[8:], property)
	le.PutUint32(q[12:], kind)
	q[16] = byte(bits)
	le.PutUint32(q[20:], uint32(len(data)*8/bits))
	return x.request(append(q, data...))
}

// watch is ChangeWindowAttributes: to hear of the properties of a window.
func (x *client) watch(window uint32) error {
	q := make([]byte, 16)
	q[0] = 2
	le.PutUint32(q[4:], window)
	le.PutUint32(q[8:], 1<<11) // the events
	le.PutUint32(q[12:], 1<<22)
	return x.request(q)
}
