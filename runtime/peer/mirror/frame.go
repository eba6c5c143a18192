package mirror

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/fxamacker/cbor/v2"

	"hearth/lumps"
	"hearth/store"
)

// What a frame is.
const (
	isWorld    = "world"
	isProgress = "progress"
	isMoved    = "moved"
	isReady    = "ready"
	isLumps    = "lumps"
	isFault    = "fault"
)

// What a request asks for.
const (
	opDescribe = "describe"
	opPush     = "push"
	opWatch    = "watch"
	opLoose    = "loose"
)

// request is the first frame of a stream.
type request struct {
	Version int             `cbor:"v"`
	Op      string          `cbor:"op"`
	Body    cbor.RawMessage `cbor:"body"`
}

// message is every other frame.
type message struct {
	Is   string          `cbor:"is"`
	Body cbor.RawMessage `cbor:"body"`
}

type describeRequest struct {
	Fresh bool        `cbor:"fresh"`
	Of    lumps.CID   `cbor:"of"`
	Root  string      `cbor:"root"`
	Roots []string    `cbor:"roots"`
	Have  []lumps.CID `cbor:"have"`
}

type rootAt struct {
	Name  string    `cbor:"name"`
	At    lumps.CID `cbor:"at"`
	Force bool      `cbor:"force,omitempty"`
}

type worldAnswer struct {
	Name     string      `cbor:"name"`
	Writable bool        `cbor:"writable"`
	Head     lumps.CID   `cbor:"head"`
	Seq      uint64      `cbor:"seq"`
	Time     int64       `cbor:"time"`
	Branch   []byte      `cbor:"branch"`
	Roots    []rootAt    `cbor:"roots"`
	Path     []lumps.CID `cbor:"path"`
}

type pushRequest struct {
	Name  string      `cbor:"name"`
	Fork  string      `cbor:"fork"`
	Head  lumps.CID   `cbor:"head"`
	Path  []lumps.CID `cbor:"path"`
	Roots []rootAt    `cbor:"roots"`
}

type progressAnswer struct {
	Blocks int64 `cbor:"blocks"`
	Bytes  int64 `cbor:"bytes"`
}

type movedAnswer struct {
	Moves  []Move `cbor:"moves"`
	Blocks int64  `cbor:"blocks"`
	Bytes  int64  `cbor:"bytes"`
	Lumps  int64  `cbor:"lumps"`
}

type watchRequest struct {
	Last  lumps.CID `cbor:"last"`
	Wait  int64     `cbor:"wait"`
	Every int64     `cbor:"every"`
}

type looseRequest struct {
	Take bool `cbor:"take"`
}

type readyAnswer struct {
	Lumps int64 `cbor:"lumps"`
}

type lumpRecord struct {
	CID    lumps.CID  `cbor:"cid"`
	Size   int64      `cbor:"size"`
	Blocks int64      `cbor:"blocks"`
	Kind   store.Kind `cbor:"kind"`
}

type lumpsFrame struct {
	Lumps []lumpRecord `cbor:"lumps"`
}

// wire sends and receives the frames of one stream.
type wire struct {
	rw    io.ReadWriter
	in    int64
	out   int64
	turns int // how often this side waited for an answer
	asked bool
}

func (w *wire) send(v any) error {
	body, err := lumps.Marshal(v)
	if err != nil {
		return err
	}
	if len(body) > maxFrame {
		return fmt.Errorf("a frame of %d bytes, and %d is the most; name fewer roots or lumps at once", len(body), maxFrame)
	}
	b := append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(body)), uint32(len(body))), body...)
	n, err := w.rw.Write(b)
	w.out += int64(n)
	w.asked = true
	return err
}

func (w *wire) request(op string, body any) error {
	raw, err := lumps.Marshal(body)
	if err != nil {
		return err
	}
	return w.send(request{Version: Version, Op: op, Body: raw})
}

func (w *wire) say(is string, body any) error {
	raw, err := lumps.Marshal(body)
	if err != nil {
		return err
	}
	return w.send(message{Is: is, Body: raw})
}

// receive reads a frame. io.EOF only between frames.
func (w *wire) receive(v any) error {
	var head [4]byte
	n, err := io.ReadFull(w.rw, head[:])
	w.in += int64(n)
	if err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size == 0 || size > maxFrame {
		return fmt.Errorf("a frame of %d bytes: %w", size, ErrRequest)
	}
	body := make([]byte, size)
	n, err = io.ReadFull(w.rw, body)
	w.in += int64(n)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	if w.asked {
		w.turns++
		w.asked = false
	}
	if err := lumps.Unmarshal(body, v); err != nil {
		return fmt.Errorf("a frame that cannot be read: %w", ErrRequest)
	}
	return nil
}

// next receives a message. A fault of the other side is the error.
func (w *wire) next() (message, error) {
	var m message
	if err := w.receive(&m); err != nil {
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("the peer ended the request without an answer: %w", io.ErrUnexpectedEOF)
		}
		return m, err
	}
	if m.Is != isFault {
		return m, nil
	}
	var f fault
	if err := m.read(&f); err != nil {
		return m, err
	}
	return m, f.err()
}

// expect receives a message of a kind into v. Progress goes to progress, where
// it is not nil.
func (w *wire) expect(is string, v any, progress func(progressAnswer)) error {
	for {
		m, err := w.next()
		if err != nil {
			return err
		}
		if m.Is == isProgress && is != isProgress {
			var p progressAnswer
			if err := m.read(&p); err != nil {
				return err
			}
			if progress != nil {
				progress(p)
			}
			continue
		}
		if m.Is != is {
			return fmt.Errorf("%.20q where %q was expected: %w", m.Is, is, ErrRequest)
		}
		return m.read(v)
	}
}

// checked is a body that knows what it may be.
type checked interface{ check() error }

// null is what stands in dag-cbor where nothing does.
var null = []byte{0xf6}

func (m message) read(v any) error { return readBody(m.Body, v) }

func readBody(body []byte, v any) error {
	if len(body) == 0 || bytes.Equal(body, null) || lumps.Unmarshal(body, v) != nil {
		return fmt.Errorf("a frame without what belongs into it: %w", ErrRequest)
	}
	if c, ok := v.(checked); ok {
		return c.check()
	}
	return nil
}

func tooMany(what string, n, most int) error {
	return fmt.Errorf("%d %s in one request, and %d is the most: %w", n, what, most, ErrRequest)
}

func (r *describeRequest) check() error {
	if len(r.Roots) > maxRoots {
		return tooMany("roots", len(r.Roots), maxRoots)
	}
	if len(r.Have) > maxHave {
		return tooMany("snapshots", len(r.Have), maxHave)
	}
	names := r.Roots
	if r.Root != "" {
		names = append([]string{r.Root}, names...)
	}
	for _, n := range names {
		if err := store.CheckRootName(n); err != nil {
			return fmt.Errorf("%w: %w", ErrRequest, err)
		}
	}
	return nil
}

func (a *worldAnswer) check() error {
	if err := CheckName(a.Name); err != nil {
		return fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if len(a.Roots) > maxRoots || len(a.Path) > 2*maxPath {
		return tooMany("roots or links", max(len(a.Roots), len(a.Path)), 2*maxPath)
	}
	for _, r := range a.Roots {
		if err := store.CheckRootName(r.Name); err != nil {
			return fmt.Errorf("%w: %w", ErrRequest, err)
		}
	}
	return nil
}

func (r *pushRequest) check() error {
	if len(r.Roots) > maxRoots || len(r.Path) > 2*maxPath {
		return tooMany("roots or links", max(len(r.Roots), len(r.Path)), 2*maxPath)
	}
	if !r.Head.IsZero() {
		if err := CheckName(r.Name); err != nil {
			return err
		}
	}
	if r.Fork != "" {
		if err := CheckName(r.Fork); err != nil {
			return err
		}
	}
	for _, n := range r.Roots {
		if err := checkRoot(n.Name); err != nil {
			return err
		}
		if n.At.IsZero() {
			return fmt.Errorf("the root %q names nothing: %w", n.Name, ErrRequest)
		}
	}
	return nil
}

func (r *watchRequest) check() error {
	if r.Wait < 0 || r.Every < 0 {
		return fmt.Errorf("a time before none: %w", ErrRequest)
	}
	return nil
}

func (a *movedAnswer) check() error {
	if len(a.Moves) > maxRoots+1 {
		return tooMany("roots", len(a.Moves), maxRoots+1)
	}
	return nil
}

func (f *lumpsFrame) check() error {
	if len(f.Lumps) > maxBatch {
		return tooMany("lumps", len(f.Lumps), maxBatch)
	}
	for _, l := range f.Lumps {
		if l.CID.IsZero() {
			return fmt.Errorf("a lump without a name: %w", ErrRequest)
		}
	}
	return nil
}
