package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// BenchmarkTerminalMemory measures what one of many idle terminals holds beside the
// program in it, with an empty and with a full history of 10,000 lines; then the same
// of a pane of tmux. The lines are as in BenchmarkPeers of term/pty, 20 to 79 columns.
func BenchmarkTerminalMemory(b *testing.B) {
	lines := filepath.Join(b.TempDir(), "lines")
	if err := os.WriteFile(lines, tenThousand(), 0o600); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		many   int
		script string
	}{
		{"empty", 100, "printf ready; exec sleep 1000"},
		{"full", 20, "cat " + lines + "; printf ready; exec sleep 1000"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.Run("hearth", func(b *testing.B) {
				for b.Loop() {
					memoryHearth(b, c.many, c.script)
				}
			})
			b.Run("tmux", func(b *testing.B) {
				for b.Loop() {
					memoryTmux(b, c.many, c.script)
				}
			})
		})
	}
}

// tenThousand fills a history and the screen below it.
func tenThousand() []byte {
	r := rand.New(rand.NewPCG(5, 23))
	var b []byte
	for range 10_000 + 30 {
		for range 20 + r.IntN(60) {
			b = append(b, byte('!'+r.IntN(94)))
		}
		b = append(b, '\n')
	}
	return b
}

func memoryHearth(b *testing.B, many int, script string) {
	d := newDesk(b)
	d.open("/bin/sh", "-c", script) // what is made once for all
	d.wait(1)
	before := held(b)
	for range many {
		d.open("/bin/sh", "-c", script)
	}
	d.wait(1 + many)
	after := held(b)
	n := float64(many)
	b.ReportMetric((after.heap-before.heap)/n, "heap-B")
	b.ReportMetric((after.rss-before.rss)/n, "rss-B")
	b.ReportMetric(float64(after.goroutines-before.goroutines)/n, "goroutines")
	b.ReportMetric(float64(after.files-before.files)/n, "files")
}

// wait waits until every program has said that it is ready.
func (d *desk) wait(many int) {
	d.T.Helper()
	d.sees("all are ready", prompted(many))
	for quiet, last := 0, d.read(); quiet < 20; time.Sleep(25 * time.Millisecond) {
		if now := d.read(); now != last {
			quiet, last = 0, now
		} else {
			quiet++
		}
	}
}

// read is a number that changes while terminals do.
func (d *desk) read() (n uint64) {
	for _, g := range d.scene.Snapshot().Grids.All() {
		n += g.Version
	}
	return n
}

// holding is what a process holds.
type holding struct {
	heap, rss         float64
	goroutines, files int
}

func held(t testing.TB) holding {
	t.Helper()
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return holding{float64(m.HeapAlloc), 1024 * kilobytesOf(t, "/proc/self/smaps_rollup", "Rss:"), runtime.NumGoroutine(), len(files)}
}

func memoryTmux(b *testing.B, many int, script string) {
	m := newTmux(b)
	pid := m.pid()
	rss := func() float64 { return 1024 * kilobytesOf(b, fmt.Sprintf("/proc/%d/smaps_rollup", pid), "Rss:") }
	open := func(n int) {
		for range n {
			m.do("new-window", "-d", "-t", "first", script)
		}
		// A pane that has printed for the last time is silent.
		for quiet, last := 0, ""; quiet < 10; time.Sleep(50 * time.Millisecond) {
			if now := m.do("list-panes", "-a", "-F", "#{history_bytes} #{cursor_x}"); now != last {
				quiet, last = 0, now
			} else {
				quiet++
			}
		}
	}
	open(1)
	before := rss()
	open(many)
	b.ReportMetric((rss()-before)/float64(many), "rss-B")
}

// BenchmarkTerminalIdle has a hundred shells wait at their prompts: what that costs in
// each second, here and in tmux's server.
func BenchmarkTerminalIdle(b *testing.B) {
	const many, seconds = 100, 10
	b.Run("hearth", func(b *testing.B) {
		for b.Loop() {
			d := newDesk(b)
			for range many {
				d.open("/bin/sh")
			}
			d.wait(many)
			held(b)
			time.Sleep(time.Second)
			cpu, sleeps := computed(b)
			time.Sleep(seconds * time.Second)
			cpu2, sleeps2 := computed(b)
			b.ReportMetric(float64(cpu2-cpu)/seconds, "cpu-ns/s")
			b.ReportMetric(float64(sleeps2-sleeps)/seconds, "wakeups/s")
		}
	})
	b.Run("tmux", func(b *testing.B) {
		for b.Loop() {
			m := newTmux(b)
			for range many {
				m.do("new-window", "-d", "-t", "first", "/bin/sh")
			}
			pid := m.pid()
			time.Sleep(time.Second)
			cpu := computedBy(b, pid)
			time.Sleep(seconds * time.Second)
			b.ReportMetric(float64(computedBy(b, pid)-cpu)/seconds, "cpu-ns/s")
		}
	})
}
