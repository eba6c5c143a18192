package pty

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// Hundreds of terminals at once, each with a shell that prints and ends, cost no thread
// each, and nothing of them stays.
func TestMany(t *testing.T) {
	const many = 300
	before := descriptors(t)
	all := make([]*Process, many)
	for i := range all {
		all[i] = shell(t, Options{Grace: DefaultGrace}, fmt.Sprintf("read x; seq 1 50; echo shell %d says $x; exit %d", i, i%100))
	}
	if extra := descriptors(t) - before; extra > 2*many+8 { // some are the runtime's own
		t.Errorf("%d terminals hold %d descriptors", many, extra)
	}
	if threads := threads(t); threads > 50+runtime.NumCPU() {
		t.Errorf("%d terminals hold %d threads", many, threads)
	}
	var wg sync.WaitGroup
	for i, p := range all {
		wg.Go(func() {
			if _, err := fmt.Fprintf(p, "word%d\n", i); err != nil {
				t.Error(err)
			}
			out, err := io.ReadAll(p)
			if want := fmt.Sprintf("\r\n50\r\nshell %d says word%d\r\n", i, i); err != nil || !strings.HasSuffix(string(out), want) {
				t.Errorf("shell %d printed %q (%v)", i, out, err)
			}
			if e := p.Wait(); e != (Exit{Code: i % 100}) {
				t.Errorf("shell %d ended as %+v", i, e)
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors are open, %d were before", after, before)
	}
	if zombies(t) != 0 {
		t.Error("a zombie is left")
	}
}

// threads counts those of this process.
func threads(t *testing.T) int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	return len(tasks)
}
