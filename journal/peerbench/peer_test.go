package peerbench

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.etcd.io/raft/v3/raftpb"
	"go.uber.org/zap"

	"hearth/journal"
)

// A log appends a body and returns when it is durable.
type log interface {
	append(body []byte) error
	close() error
}

type hearthLog struct{ j *journal.Journal }

func openHearth(b *testing.B, dir string) log {
	j, _, err := journal.Open(dir, journal.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return hearthLog{j}
}

func (l hearthLog) append(body []byte) error {
	_, err := l.j.Append(context.Background(), 1, 1, body)
	return err
}

func (l hearthLog) close() error { return l.j.Close() }

// etcdLog puts the journal's group commit before etcd's log: one goroutine
// saves everything that was submitted while the save before it ran, and wakes
// all its appenders at once.
type etcdLog struct {
	w     *wal.WAL
	index uint64
	done  chan struct{}

	mu     sync.Mutex
	work   sync.Cond
	queue  [][]byte
	group  *etcdGroup
	closed bool
}

type etcdGroup struct {
	done chan struct{}
	err  error
}

func openEtcd(b *testing.B, dir string) log {
	w, err := wal.Create(zap.NewNop(), filepath.Join(dir, "wal"), nil)
	if err != nil {
		b.Fatal(err)
	}
	l := &etcdLog{w: w, done: make(chan struct{}), group: &etcdGroup{done: make(chan struct{})}}
	l.work.L = &l.mu
	go l.run()
	return l
}

func (l *etcdLog) append(body []byte) error {
	l.mu.Lock()
	if len(l.queue) == 0 {
		l.work.Signal()
	}
	l.queue = append(l.queue, body)
	g := l.group
	l.mu.Unlock()
	<-g.done
	return g.err
}

func (l *etcdLog) run() {
	defer close(l.done)
	var spare [][]byte
	var entries []*raftpb.Entry
	term := uint64(1)
	for {
		runtime.Gosched()
		l.mu.Lock()
		for len(l.queue) == 0 {
			if l.closed {
				l.mu.Unlock()
				return
			}
			l.work.Wait()
		}
		q, g := l.queue, l.group
		l.queue, l.group = spare[:0], &etcdGroup{done: make(chan struct{})}
		l.mu.Unlock()
		entries = entries[:0]
		for _, body := range q {
			l.index++
			index := l.index
			entries = append(entries, &raftpb.Entry{Term: &term, Index: &index, Data: body})
		}
		commit := l.index
		g.err = l.w.Save(&raftpb.HardState{Term: &term, Commit: &commit}, entries)
		close(g.done)
		clear(q)
		spare = q
	}
}

func (l *etcdLog) close() error {
	l.mu.Lock()
	l.closed = true
	l.work.Signal()
	l.mu.Unlock()
	<-l.done
	return l.w.Close()
}

// round has n appenders append for a while.
func round(b *testing.B, open func(*testing.B, string) log, n int, d time.Duration) (perSecond, cpuMicros float64) {
	dir, err := os.MkdirTemp(b.TempDir(), "log")
	if err != nil {
		b.Fatal(err)
	}
	defer os.RemoveAll(dir)
	l := open(b, dir)
	var wg sync.WaitGroup
	counts := make([]int, n)
	begin, cpu := time.Now(), cpuTime(b)
	end := begin.Add(d)
	for i := range n {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			body := make([]byte, 300)
			for k := range body {
				body[k] = byte(r.Uint32())
			}
			for time.Now().Before(end) {
				if err := l.append(body[:100+r.IntN(201)]); err != nil {
					b.Error(err)
					return
				}
				counts[i]++
			}
		})
	}
	wg.Wait()
	wall, used := time.Since(begin), cpuTime(b)-cpu
	if err := l.close(); err != nil {
		b.Fatal(err)
	}
	total := 0
	for _, c := range counts {
		total += c
	}
	return float64(total) / wall.Seconds(), float64(used.Microseconds()) / float64(max(1, total))
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func median(x []float64) float64 {
	slices.SortFunc(x, cmp.Compare[float64])
	return x[len(x)/2]
}

// BenchmarkAgainstEtcd: bodies of 100 to 300 bytes from n appenders, each of
// which waits until its record is durable. The logs take turns within each
// round, so that a noisy machine disturbs both; the ratio is the median of the
// rounds' ratios.
func BenchmarkAgainstEtcd(b *testing.B) {
	for _, n := range []int{1, 64, 1024} {
		b.Run(fmt.Sprintf("appenders=%d", n), func(b *testing.B) {
			var hearth, etcd, hearthCPU, etcdCPU, ratio, cpuRatio []float64
			for i := 0; b.Loop(); i++ {
				var h, hc, e, ec float64
				runs := []func(){
					func() { h, hc = round(b, openHearth, n, 400*time.Millisecond) },
					func() { e, ec = round(b, openEtcd, n, 400*time.Millisecond) },
				}
				runs[i%2]()
				runs[1-i%2]()
				hearth, hearthCPU = append(hearth, h), append(hearthCPU, hc)
				etcd, etcdCPU = append(etcd, e), append(etcdCPU, ec)
				ratio, cpuRatio = append(ratio, h/e), append(cpuRatio, ec/hc)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(hearth), "hearth/s")
			b.ReportMetric(median(etcd), "etcd/s")
			b.ReportMetric(median(ratio), "ratio")
			b.ReportMetric(median(hearthCPU), "hearth-cpu-µs")
			b.ReportMetric(median(etcdCPU), "etcd-cpu-µs")
			b.ReportMetric(median(cpuRatio), "cpu-ratio")
		})
	}
}
