package secure

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

// records returns what a Conn sends for the payloads, record by record, and the
// Conn that reads them.
func records(t testing.TB, suite uint8, types []uint8, payloads ...[]byte) ([][]byte, *Conn, net.Conn) {
	t.Helper()
	a, b := tcpPair(t)
	from, to := recordPair(a, b, suite)
	var out [][]byte
	for i, p := range payloads {
		r := append(make([]byte, headerLen, headerLen+1+len(p)+tagLen), types[i])
		out = append(out, bytes.Clone(from.out.seal(append(r, p...))))
	}
	t.Cleanup(func() { a.Close(); to.Abort() })
	return out, to, a
}

// readAll reads to the end, with a time limit.
func readAll(c *Conn) ([]byte, error) {
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	var out []byte
	b := make([]byte, 100)
	for {
		n, err := c.Read(b)
		out = append(out, b[:n]...)
		if err != nil {
			return out, err
		}
	}
}

// Whatever is done to the records between the ends, what is read is a prefix of what
// was written, and the error tells the fault. Both directions are over then.
func TestHostileRecords(t *testing.T) {
	first, second := []byte("first record"), []byte("second record")
	types := []uint8{typeData, typeData, typeClose}
	join := func(r ...[]byte) []byte { return bytes.Join(r, nil) }
	header := func(n int) []byte { return []byte{byte(n >> 16), byte(n >> 8), byte(n)} }
	cases := []struct {
		name string
		wire func(r [][]byte) []byte
		want string
		err  error
	}{
		{"untouched", func(r [][]byte) []byte { return join(r...) }, "first recordsecond record", io.EOF},
		{"replay", func(r [][]byte) []byte { return join(r[0], r[0], r[1]) }, "first record", ErrRecord},
		{"reorder", func(r [][]byte) []byte { return join(r[1], r[0]) }, "", ErrRecord},
		{"one left out", func(r [][]byte) []byte { return join(r[0], r[2]) }, "first record", ErrRecord},
		{"close replayed early", func(r [][]byte) []byte { return join(r[2]) }, "", ErrRecord},
		{"zero length", func(r [][]byte) []byte { return join(r[0], header(0)) }, "first record", ErrRecord},
		{"tag only", func(r [][]byte) []byte { return join(r[0], header(tagLen), make([]byte, tagLen)) }, "first record", ErrRecord},
		{"oversize", func(r [][]byte) []byte { return join(r[0], header(1+MaxPayload+tagLen+1)) }, "first record", ErrRecord},
		{"largest length there is", func(r [][]byte) []byte { return join(r[0], header(1<<24-1)) }, "first record", ErrRecord},
		{"no close", func(r [][]byte) []byte { return join(r[0], r[1]) }, "first recordsecond record", ErrTruncated},
		{"cut in a header", func(r [][]byte) []byte { return join(r[0], r[1][:2]) }, "first record", ErrTruncated},
		{"cut in a record", func(r [][]byte) []byte { return join(r[0], r[1][:len(r[1])-1]) }, "first record", ErrTruncated},
		{"nothing", func(r [][]byte) []byte { return nil }, "", ErrTruncated},
		{"more after the close", func(r [][]byte) []byte { return join(r[0], r[1], r[2], r[0]) }, "first recordsecond record", io.EOF},
		{"cut and joined", func(r [][]byte) []byte { return join(header(len(r[0])+len(r[1])), r[0], r[1]) }, "", ErrRecord},
	}
	for _, suite := range []uint8{suiteChaCha, suiteAESGCM} {
		for _, c := range cases {
			t.Run(fmt.Sprint(c.name, suite), func(t *testing.T) {
				r, to, wire := records(t, suite, types, first, second, nil)
				wire.Write(c.wire(r))
				wire.(*net.TCPConn).CloseWrite()
				got, err := readAll(to)
				if string(got) != c.want || !errors.Is(err, c.err) {
					t.Errorf("read %q, %v; want %q, %v", got, err, c.want, c.err)
				}
				if _, again := to.Read(make([]byte, 1)); again != err {
					t.Errorf("then %v: not sticky", again)
				}
				if c.err == ErrRecord {
					if _, err := to.Write([]byte("x")); !errors.Is(err, ErrRecord) {
						t.Errorf("writing goes on: %v", err)
					}
				}
			})
		}
	}
}

// Types that no peer sends, genuine as they are, end the connection.
func TestMalformedRecords(t *testing.T) {
	cases := []struct {
		name    string
		typ     uint8
		payload string
	}{{"unknown type", 2, "x"}, {"empty data", typeData, ""}, {"close with a payload", typeClose, "x"}, {"type 255", 255, ""}}
	for _, c := range cases {
		r, to, wire := records(t, suiteChaCha, []uint8{c.typ}, []byte(c.payload))
		wire.Write(r[0])
		if got, err := readAll(to); len(got) != 0 || err != ErrRecord {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}

// Any bit of a record, its length included, is found; so is a record of this end's
// own, sent back.
func TestEveryBitOfARecord(t *testing.T) {
	r, _, _ := records(t, suiteChaCha, []uint8{typeData}, []byte("payload"))
	flips(r[0], true, func(bit int, b []byte) {
		a, wire := net.Pipe()
		_, to := recordPair(nil, a, suiteChaCha)
		go func() { wire.Write(b); wire.Close() }()
		if got, err := readAll(to); len(got) != 0 || !errors.Is(err, ErrRecord) && !errors.Is(err, ErrTruncated) {
			t.Errorf("bit %d: %q, %v", bit, got, err)
		}
		to.Abort()
	})
	a, b := tcpPair(t)
	conn, _ := recordPair(a, nil, suiteChaCha)
	defer conn.Abort()
	defer b.Close()
	go io.Copy(b, b) // the echo
	conn.Write([]byte("mine"))
	if got, err := readAll(conn); len(got) != 0 || err != ErrRecord {
		t.Errorf("reflected: %q, %v", got, err)
	}
}

// chunked delivers in pieces of its own choice.
type chunked struct {
	net.Conn
	r *rand.Rand
}

func (c chunked) Read(p []byte) (int, error) {
	if c.r.IntN(3) == 0 {
		p = p[:1+c.r.IntN(min(len(p), 40))]
	}
	return c.Conn.Read(p)
}

// Writes of all sizes arrive as they were written, however the bytes are cut, over
// many changes of the key.
func TestStreams(t *testing.T) {
	for seed := range uint64(6) {
		suite := []uint8{suiteChaCha, suiteAESGCM}[seed%2]
		r := rand.New(rand.NewPCG(seed, 0))
		a, b := tcpPair(t)
		from, to := recordPair(a, chunked{b, rand.New(rand.NewPCG(seed, 1))}, suite)
		from.out.every, to.in.every = 5, 5
		sizes := []int{0, 1, 63, 64, 1000, smallRead - overhead, smallRead, MaxPayload - 1, MaxPayload, MaxPayload + 1, 3 * MaxPayload, batch*MaxPayload + 1, 300_000}
		var want []byte
		var writes [][][]byte
		for range 60 {
			var bufs [][]byte
			for range 1 + r.IntN(3) {
				p := make([]byte, sizes[r.IntN(len(sizes))])
				for i := range p {
					p[i] = byte(r.Uint32())
				}
				bufs = append(bufs, p)
				want = append(want, p...)
			}
			writes = append(writes, bufs)
		}
		go func() {
			for _, bufs := range writes {
				n := 0
				for _, b := range bufs {
					n += len(b)
				}
				var m int
				var err error
				if len(bufs) == 1 {
					m, err = from.Write(bufs[0])
				} else {
					m, err = from.WriteBuffers(bufs)
				}
				if m != n || err != nil {
					t.Errorf("seed %d: wrote %d of %d: %v", seed, m, n, err)
				}
			}
			from.Close()
		}()
		got, err := readAllSizes(to, r)
		if err != io.EOF || !bytes.Equal(got, want) {
			t.Errorf("seed %d: %d of %d bytes, equal %v, %v", seed, len(got), len(want), bytes.Equal(got, want), err)
		}
		to.Close()
	}
}

func readAllSizes(c *Conn, r *rand.Rand) ([]byte, error) {
	c.SetReadDeadline(time.Now().Add(30 * time.Second))
	var out []byte
	b := make([]byte, 200_000)
	for {
		n, err := c.Read(b[:1+r.IntN(len(b)-1)])
		out = append(out, b[:n]...)
		if err != nil {
			return out, err
		}
	}
}

// counter counts the writes to the socket.
type counter struct {
	net.Conn
	writes int
}

func (c *counter) Write(p []byte) (int, error) { c.writes++; return c.Conn.Write(p) }

// What one call is given leaves with as few calls of the socket as the batch allows.
func TestWritesCoalesce(t *testing.T) {
	a, b := tcpPair(t)
	count := &counter{Conn: a}
	from, to := recordPair(count, b, suiteChaCha)
	go io.Copy(io.Discard, to)
	many := make([][]byte, 500)
	for i := range many {
		many[i] = make([]byte, 64)
	}
	for _, c := range []struct {
		bufs [][]byte
		want int
	}{{many, 1}, {[][]byte{make([]byte, batch*MaxPayload)}, 1}, {[][]byte{make([]byte, batch*MaxPayload+1)}, 2}, {[][]byte{nil, {}}, 0}} {
		count.writes = 0
		from.WriteBuffers(c.bufs)
		if count.writes != c.want {
			t.Errorf("%d buffers took %d writes, want %d", len(c.bufs), count.writes, c.want)
		}
	}
	from.Close()
	to.Close()
}

// No record costs an allocation, written or read. Less than one a run: under the
// race detector a pool forgets now and then.
func TestRecordsDoNotAllocate(t *testing.T) {
	for _, size := range []int{64, MaxPayload, 4 * MaxPayload} {
		client, server := connect(t)
		in, out := make([]byte, size), make([]byte, size)
		run := func() {
			if _, err := client.Write(out); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(server, in); err != nil {
				t.Fatal(err)
			}
		}
		for range 50 {
			run()
		}
		if n := testing.AllocsPerRun(500, run); n >= 1 {
			t.Errorf("%d bytes: %v allocations", size, n)
		}
	}
}

// An idle connection holds a small buffer again, whatever came before.
func TestIdleConnectionIsSmall(t *testing.T) {
	client, server := connect(t)
	const bulk = 10 << 20
	go client.Write(make([]byte, bulk))
	large := false
	b := make([]byte, 1<<20)
	for n := 0; n < bulk; {
		m, err := server.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		n += m
		large = large || server.r.large != nil
	}
	for range quietReads + 2 {
		client.Write([]byte("x"))
		if _, err := server.Read(b[:1]); err != nil {
			t.Fatal(err)
		}
	}
	if !large || server.r.large != nil {
		t.Errorf("a large buffer was taken: %v; and is still held: %v", large, server.r.large != nil)
	}
}

// One goroutine reads while many write, in both directions; each write arrives whole.
func TestConcurrentWriters(t *testing.T) {
	client, server := connect(t)
	const writers, each, size = 8, 200, 100
	var wg sync.WaitGroup
	for _, c := range []*Conn{client, server} {
		for i := range writers {
			wg.Go(func() {
				for range each {
					if _, err := c.Write(bytes.Repeat([]byte{byte(i)}, size)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Go(func() {
			b := make([]byte, size)
			counts := [writers]int{}
			for range writers * each {
				if _, err := io.ReadFull(c, b); err != nil {
					t.Error(err)
					return
				}
				if !bytes.Equal(b, bytes.Repeat(b[:1], size)) {
					t.Errorf("a write was torn: %x", b)
					return
				}
				counts[b[0]]++
			}
			for i, n := range counts {
				if n != each {
					t.Errorf("writer %d: %d of %d", i, n, each)
				}
			}
		})
	}
	wg.Wait()
}

// A read deadline ends a call, not the connection, even within a record.
func TestReadDeadline(t *testing.T) {
	r, to, wire := records(t, suiteChaCha, []uint8{typeData}, []byte("late but whole"))
	for _, piece := range [][]byte{nil, r[0][:2], r[0][2:9], r[0][9 : len(r[0])-1]} {
		wire.Write(piece)
		to.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if n, err := to.Read(make([]byte, 50)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("%d, %v", n, err)
		}
	}
	wire.Write(r[0][len(r[0])-1:])
	to.SetReadDeadline(time.Time{})
	b := make([]byte, 50)
	if n, err := to.Read(b); string(b[:n]) != "late but whole" || err != nil {
		t.Errorf("%q, %v", b[:n], err)
	}
}

// A write that did not finish in time leaves half a record behind: the direction is
// over. The other one is not.
func TestWriteDeadline(t *testing.T) {
	a, b := net.Pipe()
	from, to := recordPair(a, b, suiteChaCha)
	defer to.Abort()
	from.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
	_, err := from.Write([]byte("nobody reads"))
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	from.SetWriteDeadline(time.Time{})
	if _, again := from.Write([]byte("x")); again != err {
		t.Errorf("then %v", again)
	}
	go to.Write([]byte("still here"))
	got := make([]byte, 10)
	if _, err := io.ReadFull(from, got); err != nil || string(got) != "still here" {
		t.Errorf("%q, %v", got, err)
	}
	from.Abort()
}

// Close frees a blocked reader and a blocked writer within its limit, and both say
// what happened.
func TestCloseFreesBlockedCalls(t *testing.T) {
	a, b := tcpPair(t)
	conn, _ := recordPair(a, b, suiteChaCha)
	defer b.Close() // b reads nothing: a stalled peer
	errs := make(chan error, 2)
	go func() { _, err := conn.Read(make([]byte, 1)); errs <- err }()
	go func() {
		for {
			if _, err := conn.Write(make([]byte, 1<<20)); err != nil {
				errs <- err
				return
			}
		}
	}()
	time.Sleep(100 * time.Millisecond)
	done := make(chan error, 1)
	go func() { done <- conn.Close() }()
	for range 2 {
		select {
		case err := <-errs:
			if !errors.Is(err, ErrClosed) || !errors.Is(err, net.ErrClosed) {
				t.Errorf("a blocked call said %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("a call is still blocked")
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := conn.Close(); err != nil {
		t.Errorf("the second close: %v", err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := conn.Write([]byte("x")); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := conn.SetDeadline(time.Time{}); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

// What was written before Close arrives, with the close, even where the closer has
// left bytes unread, which makes a socket drop what it has not sent.
func TestCloseDelivers(t *testing.T) {
	for range 10 {
		client, server := connect(t)
		const size = 300 << 10
		stop := make(chan struct{})
		go func() { // the peer still talks while it is told the end
			defer close(stop)
			for {
				if _, err := server.Write(make([]byte, 32<<10)); err != nil {
					return
				}
			}
		}()
		if _, err := client.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		go func() {
			client.Write(make([]byte, size))
			client.Close()
		}()
		got, err := readAllSizes(server, rand.New(rand.NewPCG(1, 1)))
		if len(got) != size || err != io.EOF {
			t.Fatalf("%d of %d bytes, %v", len(got), size, err)
		}
		server.Close()
		<-stop
	}
}

// over is a connection on another, without a half to close, as a WebSocket is.
type over struct{ inner net.Conn }

func (o over) NetConn() net.Conn                  { return o.inner }
func (o over) Read(p []byte) (int, error)         { return o.inner.Read(p) }
func (o over) Write(p []byte) (int, error)        { return o.inner.Write(p) }
func (o over) Close() error                       { return o.inner.Close() }
func (o over) LocalAddr() net.Addr                { return o.inner.LocalAddr() }
func (o over) RemoteAddr() net.Addr               { return o.inner.RemoteAddr() }
func (o over) SetDeadline(t time.Time) error      { return o.inner.SetDeadline(t) }
func (o over) SetReadDeadline(t time.Time) error  { return o.inner.SetReadDeadline(t) }
func (o over) SetWriteDeadline(t time.Time) error { return o.inner.SetWriteDeadline(t) }

// The same where no half can be closed: bytes that lie unread do not cost the peer
// what was written before the close.
func TestCloseDeliversOverAnother(t *testing.T) {
	a, b := tcpPair(t)
	client, server := recordPair(over{a}, b, suiteChaCha)
	defer server.Close()
	server.Write(make([]byte, 64<<10)) // never read
	const size = 1 << 20
	done := make(chan error, 1)
	go func() {
		client.Write(make([]byte, size))
		done <- client.Close()
	}()
	got, err := readAllSizes(server, rand.New(rand.NewPCG(1, 1)))
	if len(got) != size || err != io.EOF {
		t.Errorf("%d of %d bytes, %v", len(got), size, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Abort tells the peer nothing, which the peer can tell from a close.
func TestAbort(t *testing.T) {
	client, server := connect(t)
	client.Write([]byte("x"))
	client.Abort()
	if got, err := readAll(server); string(got) != "x" || !errors.Is(err, ErrTruncated) {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
