package crash

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hearth/runtime/ipc"
)

// spot is a byte of a file.
type spot struct {
	file string
	at   int64
}

// flip changes a bit of the byte; a second time changes it back.
func (s spot) flip(t *testing.T, bit int) {
	t.Helper()
	f, err := os.OpenFile(s.file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], s.at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1 << bit
	if _, err := f.WriteAt(b[:], s.at); err != nil {
		t.Fatal(err)
	}
}

// find looks for a text that only one file below dir holds, and only once.
func find(t *testing.T, dir, text string) (found spot, ok bool) {
	t.Helper()
	err := filepath.Walk(dir, func(path string, fi os.FileInfo, err error) error {
		if err != nil || fi.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for at := 0; ; {
			i := bytes.Index(b[at:], []byte(text))
			if i < 0 {
				return nil
			}
			ok = found.file == ""
			found = spot{path, int64(at + i)}
			at += i + 1
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, ok
}

// events reads the journal of a stopped world.
func (p *place) events(t *testing.T) (es []ipc.Event) {
	t.Helper()
	out, err := p.ctlOK("journal", "--json")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out) {
		var e ipc.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		es = append(es, e)
	}
	return es
}

// One changed bit in a message of the journal is found and named, and no server
// starts on it. Changed back, the world is as it was.
func TestChangedByte(t *testing.T) {
	rng := rand.New(rand.NewPCG(newSeed(t), 2))
	l := killed(t, rng, true, "--snapshot-every", "0", "--snapshot-events", "0")
	p := l.p
	events := p.events(t)
	for tried, changed := 0, 0; changed < 6; tried++ {
		if tried > 1000 {
			t.Fatal("no message of the journal can be found in its files")
		}
		// Not the last ones: what nobody was told of is cut, not damaged.
		e := events[rng.IntN(len(events)*9/10)]
		if e.Kind != "message" || len(e.Body) < 4 {
			continue
		}
		s, ok := find(t, filepath.Join(p.world(), "journal"), string(e.Body))
		if !ok {
			continue
		}
		s.at += rng.Int64N(int64(len(e.Body)))
		bit := rng.IntN(8)
		s.flip(t, bit)
		changed++
		for _, args := range [][]string{{"check"}, {"check", "--read-data"}, {"replay"}} {
			code, out, errout, err := p.ctl(args...)
			if err != nil || code != 65 || !strings.Contains(out+errout, fmt.Sprintf("record %d", e.Seq)) || !strings.Contains(out+errout, filepath.Base(s.file)) {
				t.Errorf("%s with a bit changed in event %d: exit code %d, %v\n%s%s", args, e.Seq, code, err, out, errout)
			}
		}
		t.Logf("%s", p.refused(t, 65, "damaged"))
		s.flip(t, bit)
	}
	_, c := started(t, p)
	defer c.Close()
	if err := l.prove(c); err != nil {
		t.Error(err)
	}
	if err := l.proveState(c); err != nil {
		t.Error(err)
	}
	if err := l.proveData(c); err != nil {
		t.Error(err)
	}
}

// The same in a segment that moved to the store: the block is named, and what reads
// it says so.
func TestChangedByteInArchive(t *testing.T) {
	rng := rand.New(rand.NewPCG(newSeed(t), 3))
	l := killed(t, rng, false, "--snapshot-events", "300")
	p := l.p
	events := p.events(t)
	for tried, changed := 0, 0; changed < 3; tried++ {
		if tried > 1000 {
			t.Fatal("no message of the journal can be found in the store")
		}
		e := events[rng.IntN(len(events))]
		if e.Kind != "message" || len(e.Body) < 4 {
			continue
		}
		s, ok := find(t, filepath.Join(p.world(), "store"), string(e.Body))
		if !ok {
			continue
		}
		s.at += rng.Int64N(int64(len(e.Body)))
		bit := rng.IntN(8)
		s.flip(t, bit)
		changed++
		for _, args := range [][]string{{"check", "--read-data"}, {"replay"}, {"journal"}} {
			code, out, errout, err := p.ctl(args...)
			if err != nil || code != 65 || !strings.Contains(out+errout, "bafkr4i") || !strings.Contains(out+errout, "damaged") {
				t.Errorf("%s with a bit changed in event %d: exit code %d, %v\n%.2000s%s", args, e.Seq, code, err, out, errout)
			}
		}
		s.flip(t, bit)
	}
	_, c := started(t, p)
	defer c.Close()
	if err := l.prove(c); err != nil {
		t.Error(err)
	}
	if err := l.proveData(c); err != nil {
		t.Error(err)
	}
}

// refused starts a server that must end with a code and one sentence.
func (p *place) refused(t *testing.T, code int, says string) string {
	t.Helper()
	s, err := p.begin()
	if err != nil {
		t.Fatal(err)
	}
	return said(t, s, code, says)
}

// said wants a server to have ended with a code and one sentence, and returns that.
func said(t *testing.T, s *server, code int, says string) string {
	t.Helper()
	got, err := s.code()
	if err != nil {
		t.Fatal(err)
	}
	sentence, n := "", 0
	for line := range strings.Lines(s.said()) {
		if strings.HasPrefix(line, "hearth-server: ") {
			sentence = line
			n++
		}
	}
	if got != code || n != 1 || !strings.Contains(sentence, says) {
		t.Errorf("the server ended with %d, want %d, and said, where one sentence with %q is wanted:\n%s", got, code, says, s.said())
	}
	return strings.TrimSpace(sentence)
}
