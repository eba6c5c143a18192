package want

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hearth/lumps"
	"hearth/store"
	"hearth/store/mem"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var bg = context.Background()

// link is one end of a stream that a test can slow down and cut. Cut lets a number
// of further bytes out and then closes both directions.
type link struct {
	net.Conn
	mu     sync.Mutex
	left   int // bytes until the cut; negative never
	passed int
	delay  time.Duration // for each write
}

var errCut = errors.New("the link was cut")

func (l *link) Write(b []byte) (int, error) {
	l.mu.Lock()
	n := len(b)
	if l.left >= 0 {
		n = min(n, l.left)
		l.left -= n
	}
	l.passed += n
	delay := l.delay
	l.mu.Unlock()
	time.Sleep(delay)
	done, err := l.Conn.Write(b[:n])
	if err == nil && n < len(b) {
		l.Conn.Close()
		err = errCut
	}
	return done, err
}

func (l *link) cutAfter(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = n
}

func (l *link) bytes() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.passed
}

// tcpPipe joins two ends over loopback.
func tcpPipe(t testing.TB) (a, b *link) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	d, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return &link{Conn: c, left: -1}, &link{Conn: d, left: -1}
}

func memPipe(testing.TB) (a, b *link) {
	c, d := net.Pipe()
	return &link{Conn: c, left: -1}, &link{Conn: d, left: -1}
}

// pair is two exchanges that face each other. Ours asks in most tests.
type pair struct {
	ours, theirs *Exchange
	// The ends of the peer's streams.
	theirControl, theirData *link
}

func newPair(t testing.TB, pipe func(testing.TB) (a, b *link), ours, theirs Options) *pair {
	t.Helper()
	p := &pair{}
	var c, d *link
	c, p.theirControl = pipe(t)
	d, p.theirData = pipe(t)
	p.ours, p.theirs = New(c, d, ours), New(p.theirControl, p.theirData, theirs)
	t.Cleanup(func() {
		p.ours.Close()
		p.theirs.Close()
	})
	return p
}

// raw is a peer whose every byte the test writes.
type raw struct {
	*Exchange
	control, data net.Conn
}

func newRaw(t testing.TB, o Options) *raw {
	t.Helper()
	c, theirC := tcpPipe(t)
	d, theirD := tcpPipe(t)
	r := &raw{New(c, d, o), theirC, theirD}
	t.Cleanup(func() {
		r.Close()
		theirC.Close()
		theirD.Close()
	})
	return r
}

// want reads the next control frame, which must be a WANT of one entry.
func (r *raw) want(t testing.TB) wantEntry {
	t.Helper()
	b := make([]byte, headLen+wantLen)
	r.control.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadFull(r.control, b); err != nil {
		t.Fatal(err)
	}
	if b[0] != kindWant || b[2] != 1 {
		t.Fatalf("the frame is % x", b)
	}
	w, err := parseWant(b[headLen:])
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (r *raw) ended(t testing.TB, why error) {
	t.Helper()
	select {
	case <-r.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("the exchange goes on")
	}
	if !errors.Is(r.Err(), why) {
		t.Errorf("the exchange ended with %v, want %v", r.Err(), why)
	}
}

func bytesOf(seed uint64, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), 1}).Read(b)
	return b
}

// stock puts n blocks of a size, different for every seed, and returns their CIDs.
func stock(t testing.TB, s store.Blocks, seed uint64, n, size int) []lumps.CID {
	t.Helper()
	cids := make([]lumps.CID, n)
	for i := range cids {
		data := bytesOf(seed*100_000+uint64(i), size)
		cids[i] = lumps.Sum(lumps.Raw, data)
		if err := s.Put(bg, store.Block{CID: cids[i], Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	return cids
}

func serving(s store.Blocks) Options { return Options{Provider: ProviderFunc(s.Get)} }

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}

func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(bg, 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

var _ store.Store = (*mem.Store)(nil)
