package reconcile

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"hearth/lumps"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "write golden files")

// some yields n CIDs of a stream of its own, of all codecs and hash functions.
func some(seed byte, n int) []lumps.CID {
	r := rand.NewChaCha8([32]byte{seed})
	codecs, hashes := []byte{lumps.Raw, lumps.DagPB, lumps.DagCBOR}, []byte{lumps.BLAKE3, lumps.SHA256}
	cids := make([]lumps.CID, n)
	for i := range cids {
		var d lumps.Digest
		r.Read(d[:])
		cids[i] = lumps.FromDigest(codecs[i%3], hashes[i%2], d)
	}
	return cids
}

func setOf(parts ...[]lumps.CID) *Set {
	return NewSet(func(yield func(lumps.CID) bool) {
		for _, p := range parts {
			for _, c := range p {
				if !yield(c) {
					return
				}
			}
		}
	})
}

// run has two sides step until the end.
func run(t rapid.TB, ours, theirs *Set) (n *Initiator, s Stats) {
	t.Helper()
	n, p := NewInitiator(ours, Options{}), NewResponder(theirs)
	var answer []byte
	for {
		message, done, err := n.Step(answer)
		if err != nil {
			t.Fatal(err)
		}
		if len(message) > MaxMessage {
			t.Fatalf("a message of %d bytes", len(message))
		}
		s.BytesOut += int64(len(message))
		var ended bool
		if answer, ended, err = p.Step(message); err != nil || ended != done {
			t.Fatal(err, ended)
		}
		if len(answer) > MaxMessage {
			t.Fatalf("an answer of %d bytes", len(answer))
		}
		if done {
			return n, s
		}
		s.BytesIn += int64(len(answer))
		s.Rounds++
	}
}

func inOrder(cids []lumps.CID) []lumps.CID {
	cids = slices.Clone(cids)
	slices.SortFunc(cids, func(a, b lumps.CID) int { return compareKeys(keyOf(a), keyOf(b)) })
	return cids
}

func check(t rapid.TB, n *Initiator, have, need []lumps.CID) {
	t.Helper()
	if got := inOrder(n.Have()); !slices.Equal(got, inOrder(have)) {
		t.Errorf("have %d, want %d", len(got), len(have))
	}
	if got := inOrder(n.Need()); !slices.Equal(got, inOrder(need)) {
		t.Errorf("need %d, want %d", len(got), len(need))
	}
}

func TestSets(t *testing.T) {
	big := 20_000
	// What these name crosses the limits of a message many times.
	huge := 80_000
	twin := some(9, 4)
	for i := range twin { // one digest under several codecs and hash functions
		twin[i] = lumps.FromDigest([]byte{lumps.Raw, lumps.DagPB}[i%2], []byte{lumps.BLAKE3, lumps.SHA256}[i/2], twin[0].Digest())
	}
	for _, c := range []struct {
		name               string
		common, ours, peer []lumps.CID
		rounds             int // at most
	}{
		{"both empty", nil, nil, nil, 1},
		{"equal", some(1, big), nil, nil, 1},
		{"equal and short", some(1, 7), nil, nil, 1},
		{"ours empty", nil, nil, some(1, big), 1},
		{"theirs empty", nil, some(1, big), nil, 1},
		{"disjoint", nil, some(1, big), some(2, big), 40},
		{"one of ours", some(1, big), some(2, 1), nil, 4},
		{"one of theirs", some(1, big), nil, some(2, 1), 4},
		{"one each", some(1, big), some(2, 1), some(3, 1), 4},
		{"a hundred each", some(1, big), some(2, 100), some(3, 100), 4},
		{"much of ours", some(1, 100), some(2, big), nil, 4},
		{"much of theirs", some(1, 100), nil, some(2, big), 4},
		{"more than a message", some(1, 100), nil, some(2, huge), 12},
		{"all more than a message", nil, some(1, huge), some(2, huge), 100},
		{"one digest, many names", some(1, 1000), twin[:2], twin[2:], 4},
		{"one digest of one name", nil, twin[:1], twin, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, s := run(t, setOf(c.common, c.ours), setOf(c.peer, c.common))
			have, need := c.ours, c.peer
			if c.name == "one digest of one name" {
				have, need = nil, c.peer[1:]
			}
			check(t, n, have, need)
			if s.Rounds > c.rounds {
				t.Errorf("%d round trips, want %d", s.Rounds, c.rounds)
			}
			t.Logf("%+v", s)
		})
	}
}

// What a hundred differences cost grows with the sets by their logarithm only.
func TestCost(t *testing.T) {
	n := 100_000
	if os.Getenv("HEARTH_SOAK") != "" {
		n = 1_000_000
	}
	common, ours, theirs := some(1, n), some(2, 50), some(3, 50)
	found, s := run(t, setOf(common, ours), setOf(common, theirs))
	check(t, found, ours, theirs)
	if s.Rounds > 4 || s.BytesIn+s.BytesOut > 100_000 {
		t.Errorf("%d round trips and %d bytes for 100 of %d", s.Rounds, s.BytesIn+s.BytesOut, n)
	}
	t.Logf("%+v", s)
}

// Whatever two sets there are, the difference is found, and what is shared is not
// in it.
func TestAnySets(t *testing.T) {
	pool := some(4, 1500)
	// Digests that share long prefixes, as if somebody had mined them.
	for i := range 300 {
		d := pool[0].Digest()
		binary.BigEndian.PutUint16(d[30-i%7:], uint16(i))
		pool = append(pool, lumps.FromDigest(lumps.Raw, lumps.BLAKE3, d))
	}
	pool = slices.Collect(setOf(pool).All())
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, len(pool)).Draw(rt, "of the pool")
		differ := rapid.SampledFrom([]float64{0, 0.001, 0.01, 0.2, 1}).Draw(rt, "share that differs")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		var ours, theirs, have, need []lumps.CID
		for _, i := range r.Perm(len(pool))[:n] {
			c := pool[i]
			switch {
			case r.Float64() >= differ:
				ours, theirs = append(ours, c), append(theirs, c)
			case r.IntN(2) == 0:
				ours, have = append(ours, c), append(have, c)
			default:
				theirs, need = append(theirs, c), append(need, c)
			}
		}
		found, _ := run(rt, setOf(ours), setOf(theirs))
		check(rt, found, have, need)
	})
}

func TestSet(t *testing.T) {
	cids := some(1, 5000)
	s := setOf(cids, cids[:2500], []lumps.CID{{}, {9}})
	if s.Len() != len(cids) || !slices.Equal(slices.Collect(s.All()), inOrder(cids)) {
		t.Errorf("%d CIDs of %d", s.Len(), len(cids))
	}
	for _, c := range cids {
		if !s.Has(c) {
			t.Fatalf("%s is not there", c)
		}
	}
	if s.Has(some(2, 1)[0]) || s.Has(lumps.CID{}) {
		t.Error("what is not there is")
	}
}

// A fingerprint says what is in a range, whatever the range.
func TestFingerprint(t *testing.T) {
	s := setOf(some(1, 200))
	v, w := newView(s, [nonceLen]byte{1}), newView(s, [nonceLen]byte{2})
	for lo := range s.Len() {
		for hi := lo; hi <= s.Len(); hi++ {
			part := newView(setOf(slices.Collect(cidsOf(s.keys[lo:hi]))), v.nonce)
			if got := v.fingerprint(lo, hi); got != part.fingerprint(0, hi-lo) {
				t.Fatalf("from %d to %d: %x", lo, hi, got)
			} else if hi > lo && got == w.fingerprint(lo, hi) {
				t.Fatal("the nonce makes no difference")
			}
		}
	}
}

func cidsOf(keys []key) iter.Seq[lumps.CID] { return (&Set{keys}).All() }

// The bytes of a session, so that a change of the format shows.
func TestGolden(t *testing.T) {
	common := some(1, 300)
	n := newInitiator(setOf(common, some(2, 3)), Options{}, [nonceLen]byte([]byte("a nonce of 16 by")))
	p := NewResponder(setOf(common, some(3, 3)))
	var out bytes.Buffer
	var answer []byte
	for {
		message, done, err := n.Step(answer)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "> %x\n", message)
		if done {
			break
		}
		if answer, _, err = p.Step(message); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "< %x\n", answer)
	}
	name := filepath.Join("testdata", "session.golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, out.Bytes()) {
		t.Errorf("the session is\n%s and was\n%s", out.Bytes(), want)
	}
}

func TestBadQuestions(t *testing.T) {
	begin := append([]byte{version}, make([]byte, nonceLen)...)
	print12 := make([]byte, fingerprintLen)
	cat := func(parts ...any) []byte {
		b := bytes.Clone(begin)
		for _, p := range parts {
			switch p := p.(type) {
			case int:
				b = append(b, byte(p))
			case []byte:
				b = append(b, p...)
			}
		}
		return b
	}
	long := bytes.Clone(begin)
	for i := range maxRanges + 1 {
		long = append(long, askTags, 2, byte(i>>8), byte(i), 0)
	}
	for name, m := range map[string][]byte{
		"another version":      {2},
		"no nonce":             begin[:9],
		"unknown kind":         cat(9, endBound),
		"no bound":             cat(askFingerprint),
		"a long bound":         cat(askFingerprint, 35, make([]byte, 35), print12),
		"half a bound":         cat(askFingerprint, 5, 1, 2),
		"half a print":         cat(askFingerprint, endBound, print12[:11]),
		"bounds that stand":    cat(askFingerprint, 1, 7, print12, askFingerprint, 1, 7, print12),
		"bounds that fall":     cat(askFingerprint, 1, 7, print12, askFingerprint, 1, 6, print12),
		"a lower bound falls":  cat(askFingerprint, 1, 7, print12, askFingerprint|withLower, 1, 6, endBound, print12),
		"upper under lower":    cat(askFingerprint|withLower, 1, 7, 1, 7, print12),
		"an empty bound":       cat(askFingerprint, 0, print12),
		"beyond the end":       cat(askFingerprint, endBound, print12, askFingerprint, endBound, print12),
		"lower beyond the end": cat(askFingerprint|withLower, endBound, endBound, print12),
		"many tags":            cat(askTags, endBound, maxTags+1, make([]byte, (maxTags+1)*tagLen)),
		"half a tag":           cat(askTags, endBound, 1, 1, 2, 3),
		"many ranges":          long,
		"too long":             make([]byte, MaxMessage+1),
	} {
		if _, _, err := NewResponder(setOf(some(1, 100))).Step(m); !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBadAnswers(t *testing.T) {
	few, many := setOf(some(1, 10)), setOf(some(1, 1000))
	mine, other := few.keys[3], keyOf(some(5, 1)[0])
	low, high := other, other
	low[0], high[0] = 1, 2
	broken := other
	broken[32] = 0
	print12 := make([]byte, fingerprintLen)
	bits := make([]byte, 2)
	cat := func(parts ...any) (b []byte) {
		for _, p := range parts {
			switch p := p.(type) {
			case int:
				b = append(b, byte(p))
			case []byte:
				b = append(b, p...)
			case key:
				b = append(b, p[:]...)
			}
		}
		return b
	}
	for name, c := range map[string]struct {
		set    *Set
		answer []byte
	}{
		"none":                  {few, nil},
		"more than asked":       {few, cat(sayEqual, sayEqual)},
		"unknown kind":          {few, cat(9)},
		"a cut of tags":         {few, cat(sayCut, 2, print12, 1, 5, print12)},
		"tags for a print":      {many, cat(sayTags, bits, endBound, 0, 0)},
		"less than asked":       {many, cat(sayEqual)},
		"a cut into one":        {many, cat(sayCut, 1, print12)},
		"a cut outside":         {many, cat(sayCut, 2, print12, 1, 255, print12)},
		"a cut that stands":     {many, cat(sayCut, 3, print12, 1, 5, print12, 1, 5, print12)},
		"a cut at a long bound": {many, cat(sayCut, 2, print12, 48, make([]byte, 48), print12)},
		"a cut at the end":      {many, cat(sayCut, 2, print12, endBound, print12)},
		"half of the bits":      {few, cat(sayTags, 0)},
		"half a key":            {few, cat(sayTags, bits, endBound, 0, 1, 7)},
		"a key that is ours":    {few, cat(sayTags, bits, endBound, 0, 1, mine)},
		"keys that fall":        {few, cat(sayTags, bits, endBound, 0, 2, high, low)},
		"a key twice":           {few, cat(sayTags, bits, endBound, 0, 2, low, low)},
		"a key beyond the cut":  {few, cat(sayTags, bits, 1, 2, 0, 1, high)},
		"no CID":                {few, cat(sayTags, bits, endBound, 0, 1, broken)},
		"too long":              {few, make([]byte, MaxMessage+1)},
	} {
		n := NewInitiator(c.set, Options{})
		if _, _, err := n.Step(nil); err != nil {
			t.Fatal(err)
		}
		if _, _, err := n.Step(c.answer); !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := NewInitiator(few, Options{}).Step([]byte{sayEqual}); !errors.Is(err, ErrProtocol) {
		t.Errorf("an answer before the question: %v", err)
	}
}

// A responder that never comes to an end is left, and so is one that names more
// than it may.
func TestLimits(t *testing.T) {
	n := NewInitiator(setOf(some(1, 10)), Options{})
	answer := []byte(nil)
	var err error
	for i := 0; err == nil; i++ {
		if _, _, err = n.Step(answer); i > MaxRounds+1 {
			t.Fatal("it goes on")
		}
		answer = []byte{sayLater}
	}
	if !errors.Is(err, ErrProtocol) {
		t.Error(err)
	}

	n, p := NewInitiator(setOf(), Options{MaxNeed: 99}), NewResponder(setOf(some(1, 100)))
	m, _, _ := n.Step(nil)
	if answer, _, err = p.Step(m); err != nil {
		t.Fatal(err)
	}
	if _, _, err = n.Step(answer); !errors.Is(err, ErrProtocol) {
		t.Error(err)
	}

	p = NewResponder(setOf())
	m = append([]byte{version}, make([]byte, nonceLen)...)
	for i := 0; ; i++ {
		if _, _, err = p.Step(append(m, askTags, endBound, 0)); err != nil || i > MaxRounds {
			break
		}
		m = nil
	}
	if !errors.Is(err, ErrProtocol) {
		t.Errorf("an initiator without end: %v", err)
	}

	// A cut into ever more ranges that are empty here.
	n = NewInitiator(setOf(some(1, 1000)), Options{})
	if _, _, err = n.Step(nil); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		var a []byte
		for _, s := range n.asked {
			if s.j-s.i <= maxTags {
				a = append(a, sayLater)
				continue
			}
			a = append(a, sayCut, maxWays)
			for i := range maxWays {
				if i > 0 {
					lo := append(bytes.Clone(s.lo.bytes()), make([]byte, keyLen)...)[:16]
					a = append(append(append(a, 17), lo...), byte(i))
				}
				a = append(a, make([]byte, fingerprintLen-1)...)
				a = append(a, 1)
			}
		}
		if _, _, err = n.Step(a); err != nil {
			break
		}
		if len(n.unasked) > n.view.Len()+ways*maxRanges {
			t.Fatalf("%d ranges are not asked", len(n.unasked))
		}
	}
}

func TestStream(t *testing.T) {
	common := some(1, 5000)
	c, d := net.Pipe()
	defer c.Close()
	defer d.Close()
	failed := make(chan error, 1)
	go func() { failed <- Respond(context.Background(), d, setOf(common, some(3, 9))) }()
	have, need, stats, err := Initiate(context.Background(), c, setOf(common, some(2, 8)), Options{})
	if err != nil || len(have) != 8 || len(need) != 9 {
		t.Errorf("%d, %d, %v", len(have), len(need), err)
	}
	if err := <-failed; err != nil {
		t.Error(err)
	}
	if stats.Rounds == 0 || stats.BytesIn == 0 || stats.BytesOut == 0 {
		t.Errorf("%+v", stats)
	}
}

// onlyClose is a stream without deadlines.
type onlyClose struct{ io.ReadWriteCloser }

func TestStreamEnds(t *testing.T) {
	set := setOf(some(1, 50))
	for name, wrap := range map[string]func(net.Conn) io.ReadWriter{
		"by a deadline": func(c net.Conn) io.ReadWriter { return c },
		"by Close":      func(c net.Conn) io.ReadWriter { return onlyClose{c} },
	} {
		c, d := net.Pipe() // d is silent
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		if _, _, _, err := Initiate(ctx, wrap(c), set, Options{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
		c.Close()
		d.Close()
	}
	for name, sent := range map[string][]byte{
		"nothing":    {},
		"half":       {0, 0},
		"no message": {0, 0, 0, 9, 1},
		"too long":   {0xff, 0, 0, 0},
	} {
		c, d := net.Pipe()
		go func() {
			c.Write(sent)
			c.Close()
		}()
		want := io.ErrUnexpectedEOF
		if name == "too long" {
			want = ErrProtocol
		}
		if err := Respond(context.Background(), d, set); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
		d.Close()
	}
}
