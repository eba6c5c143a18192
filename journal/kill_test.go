package journal_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"hearth/journal"
	"hearth/journal/journaltest"
)

const killEnv = "HEARTH_JOURNAL_KILL"

// A process that is killed in the middle of appending loses nothing that it had
// said was durable, however often.
func TestKill(t *testing.T) {
	if dir := os.Getenv(killEnv); dir != "" {
		appendUntilKilled(dir)
	}
	rounds := 6
	if os.Getenv("HEARTH_SOAK") == "1" {
		rounds = 100
	}
	dir := t.TempDir()
	var acked uint64
	for round := range rounds {
		c := exec.Command(os.Args[0], "-test.run=^TestKill$")
		c.Env = append(os.Environ(), killEnv+"="+dir)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		before := acked
		kill := time.AfterFunc(time.Duration(100+37*round%150)*time.Millisecond, func() { c.Process.Kill() })
		for s := bufio.NewScanner(out); s.Scan(); {
			seq, err := strconv.ParseUint(strings.TrimSuffix(s.Text(), "."), 10, 64)
			if err == nil && strings.HasSuffix(s.Text(), ".") {
				acked = max(acked, seq)
			}
		}
		c.Wait()
		kill.Stop()
		j, r := open(t, dir, small)
		if r.Last < acked {
			t.Fatalf("round %d: the journal ends with %d, and %d was acknowledged", round, r.Last, acked)
		}
		journaltest.Verify(t, j, 1, r.Last)
		mustClose(t, j)
		if acked == before {
			t.Logf("round %d acknowledged nothing before it was killed", round)
		}
	}
	if acked == 0 {
		t.Fatal("nothing was ever acknowledged; the test has lost its subject")
	}
	t.Logf("%d records acknowledged over %d kills", acked, rounds)
}

func appendUntilKilled(dir string) {
	j, _, err := journal.Open(dir, small)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for {
		var es []journal.Entry
		for seq := j.Head() + 1; len(es) < 50; seq++ {
			es = append(es, journal.Entry{Kind: journaltest.Kind(seq), Time: journaltest.Time(seq), Body: journaltest.Body(seq)})
		}
		last, err := j.SubmitBatch(es...)
		if err == nil {
			err = j.Wait(context.Background(), last)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Printf("%d.\n", last)
	}
}
