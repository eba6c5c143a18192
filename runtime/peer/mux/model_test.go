package mux

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

var seedFlag = flag.Int64("seed", 0, "run the model test with this seed alone")

// content is what a direction of a stream of the model carries: the byte at each
// place follows from the stream and the place, so a reader knows what must come.
func content(salt uint32, from, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		x := uint32(from+i)*2654435761 + salt*40503
		p[i] = byte(x >> 13)
	}
	return p
}

// An actor does what chance says to its end of one stream, and checks what comes
// from the other end against the model.
type actor struct {
	s         *Stream
	in, out   uint32 // salts
	r         *rand.Rand
	mayReset  bool
	wantTotal int // what it sends if nothing breaks
}

// send writes or appends pieces until its total, or breaks off.
func (a *actor) send() error {
	sent := 0
	for sent < a.wantTotal {
		n := min(1+a.r.Intn([]int{10, 300, 20_000, 150_000}[a.r.Intn(4)]), a.wantTotal-sent)
		p := content(a.out, sent, n)
		var err error
		if a.r.Intn(2) == 0 && a.s.Waiting() < 200_000 {
			_, err = a.s.Append(p)
		} else {
			var k int
			if k, err = a.s.Write(p); err == nil && k != n {
				return fmt.Errorf("wrote %d of %d without an error", k, n)
			}
		}
		if err != nil {
			if errors.Is(err, ErrReset) {
				return nil
			}
			return err
		}
		sent += n
		if a.mayReset && a.r.Intn(20) == 0 {
			a.s.Reset(CodeUser)
			return nil
		}
	}
	if err := a.s.CloseWrite(); err != nil && !errors.Is(err, ErrReset) {
		return err
	}
	return nil
}

// receive reads to the end and checks every byte.
func (a *actor) receive(want int, r *rand.Rand) error {
	got := 0
	buf := make([]byte, 100_000)
	for {
		n, err := a.s.Read(buf[:1+r.Intn(len(buf))])
		if !bytes.Equal(buf[:n], content(a.in, got, n)) {
			return fmt.Errorf("stream %d carries something else at %d", a.s.ID(), got)
		}
		got += n
		switch {
		case err == io.EOF && got != want:
			return fmt.Errorf("stream %d ended at %d of %d", a.s.ID(), got, want)
		case err == io.EOF, errors.Is(err, ErrReset) && a.mayReset:
			return nil
		case err != nil:
			return err
		}
		if r.Intn(50) == 0 {
			time.Sleep(time.Duration(r.Intn(2000)) * time.Microsecond)
		}
	}
}

// ragged is a connection whose reads and writes end where chance says.
type ragged struct {
	net.Conn
	mu sync.Mutex
	r  *rand.Rand
}

func (c *ragged) cut(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n > 1 && c.r.Intn(3) == 0 {
		return 1 + c.r.Intn(min(n-1, 5000))
	}
	return n
}

func (c *ragged) Read(p []byte) (int, error) { return c.Conn.Read(p[:c.cut(len(p))]) }

func (c *ragged) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var k int
		k, err = c.Conn.Write(p[n : n+c.cut(len(p)-n)])
		n += k
	}
	return n, err
}

// gathering is a ragged connection that writes from several places, as the
// secured one does.
type gathering struct{ *ragged }

func (c gathering) WriteBuffers(pieces [][]byte) (n int, err error) {
	for _, p := range pieces {
		k, err := c.Write(p)
		if n += k; err != nil {
			return n, err
		}
	}
	return n, nil
}

// Two ends that open, write, append, read, pause, half close and reset as chance
// says, over a connection cut into pieces as chance says, carry exactly what the
// model says, and in the end hold nothing.
func TestModel(t *testing.T) {
	runs := 6
	if os.Getenv("HEARTH_SOAK") != "" {
		runs = 200
	}
	for i := range runs {
		seed := time.Now().UnixNano() + int64(i)
		if *seedFlag != 0 {
			seed = *seedFlag
		}
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { model(t, seed) })
	}
}

func model(t *testing.T, seed int64) {
	r := rand.New(rand.NewSource(seed))
	a, b := tcp(t)
	plain := &ragged{Conn: a, r: rand.New(rand.NewSource(r.Int63()))}
	gathers := gathering{&ragged{Conn: b, r: rand.New(rand.NewSource(r.Int63()))}}
	client, server := join(t, plain, gathers, Options{
		MaxWindow: InitialWindow << r.Intn(4), Memory: 1 << (17 + r.Intn(5)),
	})
	var wg sync.WaitGroup
	run := func(f func() error) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := f(); err != nil {
				t.Errorf("seed %d: %v", seed, err)
			}
		}()
	}
	for range 30 {
		from, to := client, server
		if r.Intn(2) == 0 {
			from, to = to, from
		}
		near, err := from.Open(byte(r.Intn(256)), Class(r.Intn(classes)))
		if err != nil {
			t.Fatal(err)
		}
		far, err := to.Accept(soon(t))
		if err != nil {
			t.Fatal(err)
		}
		mayReset := r.Intn(4) == 0
		total := func() int { return r.Intn([]int{1, 1000, 600_000}[r.Intn(3)]) }
		n := &actor{s: near, in: 2 * near.ID(), out: 2*near.ID() + 1, r: rand.New(rand.NewSource(r.Int63())), mayReset: mayReset, wantTotal: total()}
		f := &actor{s: far, in: n.out, out: n.in, r: rand.New(rand.NewSource(r.Int63())), mayReset: mayReset, wantTotal: total()}
		seeds := [2]int64{r.Int63(), r.Int63()}
		run(n.send)
		run(f.send)
		run(func() error { return n.receive(f.wantTotal, rand.New(rand.NewSource(seeds[0]))) })
		run(func() error { return f.receive(n.wantTotal, rand.New(rand.NewSource(seeds[1]))) })
	}
	wg.Wait()
	for _, m := range []*Session{client, server} {
		if _, err := m.Ping(soon(t)); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		waitFor(t, "the streams to be forgotten", func() bool { return m.NumStreams() == 0 })
		m.mu.Lock()
		if m.windows != 0 || m.pending.Load() != 0 || m.counts != [2]int{} || len(m.refused) != 0 {
			t.Errorf("seed %d: left behind: windows %d, pending %d, counts %v", seed, m.windows, m.pending.Load(), m.counts)
		}
		m.mu.Unlock()
	}
}
