package windowtest

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

// CloseWindow asks a window to close as a window manager does when its cross is
// clicked: by a WM_DELETE_WINDOW message, which xdotool does not send. The few
// requests of the X protocol that it takes are written by hand.
func (d *Display) CloseWindow(id string) {
	d.t.Helper()
	if err := d.closeWindow(id); err != nil {
		d.t.Fatalf("closing window %s: %v", id, err)
	}
}

func (d *Display) closeWindow(id string) error {
	window, err := strconv.ParseUint(id, 10, 32)
	if err != nil {
		return err
	}
	c, err := net.Dial("unix", "/tmp/.X11-unix/X"+strings.TrimPrefix(d.Name, ":"))
	if err != nil {
		return err
	}
	defer c.Close()
	le := binary.LittleEndian
	// Setup: little endian, version 11.0, no authorization.
	if _, err := c.Write([]byte{'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0}); err != nil {
		return err
	}
	head := make([]byte, 8)
	if _, err := io.ReadFull(c, head); err != nil {
		return err
	}
	if head[0] != 1 {
		return fmt.Errorf("the display refuses the connection")
	}
	if _, err := io.CopyN(io.Discard, c, int64(le.Uint16(head[6:]))*4); err != nil {
		return err
	}
	atom := func(name string) (uint32, error) {
		q := []byte{16, 0, 0, 0, 0, 0, 0, 0}
		le.PutUint16(q[4:], uint16(len(name)))
		q = append(q, name...)
		for len(q)%4 != 0 {
			q = append(q, 0)
		}
		le.PutUint16(q[2:], uint16(len(q)/4))
		if _, err := c.Write(q); err != nil {
			return 0, err
		}
		reply := make([]byte, 32)
		_, err := io.ReadFull(c, reply)
		return le.Uint32(reply[8:]), err
	}
	protocols, err := atom("WM_PROTOCOLS")
	if err != nil {
		return err
	}
	del, err := atom("WM_DELETE_WINDOW")
	if err != nil {
		return err
	}
	// SendEvent of a ClientMessage with format 32.
	q := make([]byte, 44)
	q[0] = 25
	le.PutUint16(q[2:], 11)
	le.PutUint32(q[4:], uint32(window))
	q[12], q[13] = 33, 32
	le.PutUint32(q[16:], uint32(window))
	le.PutUint32(q[20:], protocols)
	le.PutUint32(q[24:], del)
	if _, err := c.Write(q); err != nil {
		return err
	}
	// An answer says that the display has read all before it.
	_, err = atom("WM_PROTOCOLS")
	return err
}
