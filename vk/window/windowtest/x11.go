package windowtest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"net"
	"strconv"
	"strings"
)

// client speaks the few requests of the X protocol that xdotool does not, by hand.
type client struct {
	net.Conn
	base, root              uint32 // of its own resources, and the root window
	window, selection, incr uint32 // of an owner
}

var le = binary.LittleEndian

func (d *Display) dial() (*client, error) {
	c, err := net.Dial("unix", "/tmp/.X11-unix/X"+strings.TrimPrefix(d.Name, ":"))
	if err != nil {
		return nil, err
	}
	x := &client{Conn: c}
	if err := x.setup(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return x, nil
}

// setup says little endian, version 11.0 and no authorization.
func (x *client) setup() error {
	if _, err := x.Write([]byte{'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0}); err != nil {
		return err
	}
	head := make([]byte, 8)
	if _, err := io.ReadFull(x, head); err != nil {
		return err
	}
	if head[0] != 1 {
		return errors.New("the display refuses the connection")
	}
	more := make([]byte, int(le.Uint16(head[6:]))*4)
	if _, err := io.ReadFull(x, more); err != nil {
		return err
	}
	vendor := (int(le.Uint16(more[16:])) + 3) &^ 3
	x.base, x.root = le.Uint32(more[4:]), le.Uint32(more[32+vendor+8*int(more[21]):])
	return nil
}

// request sends a request, whose length is filled in.
func (x *client) request(q []byte) error {
	for len(q)%4 != 0 {
		q = append(q, 0)
	}
	le.PutUint16(q[2:], uint16(len(q)/4))
	_, err := x.Write(q)
	return err
}

// reply returns the answer to the request before it: 32 bytes, and what it announces.
func (x *client) reply() (head, data []byte, err error) {
	head = make([]byte, 32)
	if _, err := io.ReadFull(x, head); err != nil {
		return nil, nil, err
	}
	if head[0] != 1 {
		return nil, nil, fmt.Errorf("the display answers with error %d", head[1])
	}
	data = make([]byte, 4*int(le.Uint32(head[4:])))
	_, err = io.ReadFull(x, data)
	return head, data, err
}

func (x *client) atom(name string) (uint32, error) {
	q := []byte{16, 0, 0, 0, 0, 0, 0, 0}
	le.PutUint16(q[4:], uint16(len(name)))
	if err := x.request(append(q, name...)); err != nil {
		return 0, err
	}
	head, _, err := x.reply()
	if err != nil {
		return 0, err
	}
	return le.Uint32(head[8:]), nil
}

// CloseWindow asks a window to close as a window manager does when its cross is
// clicked: by a WM_DELETE_WINDOW message.
func (d *Display) CloseWindow(id string) {
	d.t.Helper()
	if err := d.with(id, (*client).close); err != nil {
		d.t.Fatalf("closing window %s: %v", id, err)
	}
}

// Shot is what a window shows, as the screen has it: the window must be on it whole.
func (d *Display) Shot(id string) (img *image.NRGBA) {
	d.t.Helper()
	err := d.with(id, func(x *client, window uint32) (err error) {
		img, err = x.shot(window)
		return err
	})
	if err != nil {
		d.t.Fatalf("a picture of window %s: %v", id, err)
	}
	return img
}

func (d *Display) with(id string, f func(*client, uint32) error) error {
	window, err := strconv.ParseUint(id, 10, 32)
	if err != nil {
		return err
	}
	x, err := d.dial()
	if err != nil {
		return err
	}
	defer x.Close()
	return f(x, uint32(window))
}

func (x *client) close(window uint32) error {
	protocols, err := x.atom("WM_PROTOCOLS")
	if err != nil {
		return err
	}
	del, err := x.atom("WM_DELETE_WINDOW")
	if err != nil {
		return err
	}
	// SendEvent of a ClientMessage with format 32.
	q := make([]byte, 44)
	q[0] = 25
	le.PutUint32(q[4:], window)
	q[12], q[13] = 33, 32
	le.PutUint32(q[16:], window)
	le.PutUint32(q[20:], protocols)
	le.PutUint32(q[24:], del)
	if err := x.request(q); err != nil {
		return err
	}
	// An answer says that the display has read all before it.
	_, err = x.atom("WM_PROTOCOLS")
	return err
}

func (x *client) shot(window uint32) (*image.NRGBA, error) {
	// GetGeometry.
	q := make([]byte, 8)
	q[0] = 14
	le.PutUint32(q[4:], window)
	if err := x.request(q); err != nil {
		return nil, err
	}
	head, _, err := x.reply()
	if err != nil {
		return nil, err
	}
	w, h := le.Uint16(head[16:]), le.Uint16(head[18:])
	// GetImage, as pixels (Z format), with all planes.
	q = make([]byte, 20)
	q[0], q[1] = 73, 2
	le.PutUint32(q[4:], window)
	le.PutUint16(q[12:], w)
	le.PutUint16(q[14:], h)
	le.PutUint32(q[16:], ^uint32(0))
	if err := x.request(q); err != nil {
		return nil, err
	}
	_, data, err := x.reply()
	if err != nil {
		return nil, err
	}
	img := image.NewNRGBA(image.Rect(0, 0, int(w), int(h)))
	if len(data) < len(img.Pix) {
		return nil, fmt.Errorf("%d bytes for %dx%d pixels; a display of 24 bits was asked for", len(data), w, h)
	}
	for i := 0; i < len(img.Pix); i += 4 { // blue, green, red, nothing
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = data[i+2], data[i+1], data[i], 255
	}
	return img, nil
}
