package wasm_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	goruntime "runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/runtimetest"
)

func init() { debug.SetGCPercent(runtime.GCPercent) } // as the server does

// cpu is the processor time that the whole process has used.
func cpu() time.Duration {
	var u unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// report adds processor time for one operation: on a noisy machine the figure to
// compare.
func report(b *testing.B, ops int, start time.Duration) {
	b.ReportMetric(float64((cpu()-start).Nanoseconds())/float64(ops), "cpu-ns/op")
}

// port receives signals on a channel.
func port(s *runtimetest.Space) (*runtime.Port, chan uint64) {
	ch := make(chan uint64, 1<<16)
	p := s.NewPort(func(sig *runtime.Signal) {
		var v uint64
		if len(sig.Data) >= 8 {
			v = binary.LittleEndian.Uint64(sig.Data)
		}
		ch <- v
	})
	return p, ch
}

func token(hops uint64) []byte {
	b := make([]byte, 64)
	binary.LittleEndian.PutUint64(b, hops)
	return b
}

// ringOf starts n stations in a ring.
func ringOf(s *runtimetest.Space, n int, durable bool, done runtime.Capability) []runtime.Capability {
	var caps []runtime.Capability
	for range n {
		caps = append(caps, s.Cap(s.SpawnGuest("ring", durable)))
	}
	for i, c := range caps {
		s.Send(context.Background(), c, runtime.Message{Caps: []runtime.Capability{done, caps[(i+1)%n]}})
	}
	return caps
}

func benchmarkRing(b *testing.B, n int, durable bool) {
	s := runtimetest.New(b)
	p, done := port(s)
	ring := ringOf(s, n, durable, p.Cap(caps.All))
	run := func(hops int) {
		if _, _, err := s.Send(context.Background(), ring[0], runtime.Message{Data: token(uint64(hops))}); err != nil {
			b.Fatal(err)
		}
		<-done
	}
	run(1000)
	b.ReportAllocs()
	b.ResetTimer()
	start := cpu()
	run(b.N)
	report(b, b.N, start)
}

// A message of 64 bytes from one guest to another and back is two hops.
func BenchmarkPingPongHop(b *testing.B) { benchmarkRing(b, 2, false) }
func BenchmarkRing1000(b *testing.B)    { benchmarkRing(b, 1000, false) }

// The same between durable processes: each hop is an event on disk.
func BenchmarkDurablePingPongHop(b *testing.B) { benchmarkRing(b, 2, true) }
func BenchmarkDurableRing1000(b *testing.B)    { benchmarkRing(b, 1000, true) }

// BenchmarkDurableTokens has 64 tokens at once in a ring of 1000.
func BenchmarkDurableTokens(b *testing.B) {
	s := runtimetest.New(b)
	p, done := port(s)
	ring := ringOf(s, 1000, true, p.Cap(caps.All))
	b.ReportAllocs()
	b.ResetTimer()
	start := cpu()
	for i := range 64 {
		s.Send(context.Background(), ring[i*15], runtime.Message{Data: token(uint64(b.N / 64))})
	}
	for range 64 {
		<-done
	}
	report(b, b.N, start)
}

func BenchmarkFanIn16(b *testing.B) {
	s := runtimetest.New(b)
	p, done := port(s)
	sink := s.Cap(s.SpawnGuest("sink", false))
	var senders []runtime.Capability
	for range 16 {
		senders = append(senders, s.Cap(s.SpawnGuest("sender", false)))
	}
	run := func(each int) {
		total := binary.LittleEndian.AppendUint64(nil, uint64(16*each))
		s.Send(context.Background(), sink, runtime.Message{Data: total, Caps: []runtime.Capability{p.Cap(caps.All)}})
		n := binary.LittleEndian.AppendUint64(nil, uint64(each))
		for _, c := range senders {
			s.Send(context.Background(), c, runtime.Message{Data: n, Caps: []runtime.Capability{sink}})
		}
		<-done
	}
	run(100)
	b.ReportAllocs()
	b.ResetTimer()
	start := cpu()
	each := b.N/16 + 1
	const round = 10_000 // of each sender: what a mailbox takes
	for each > 0 {
		run(min(each, round))
		each -= round
	}
	report(b, b.N, start)
}

// BenchmarkSpawnExit starts a process, gives it a message of 64 bytes with a reply
// address, and waits for its answer and end; a thousand at a time.
func BenchmarkSpawnExit(b *testing.B) {
	s := runtimetest.New(b)
	module := s.Module("exit")
	var left atomic.Int64
	done := make(chan struct{}, 1)
	reply := s.NewPort(func(*runtime.Signal) {
		if left.Add(-1) == 0 {
			done <- struct{}{}
		}
	}).Cap(caps.All)
	first := runtime.Message{Data: make([]byte, 64), Caps: []runtime.Capability{reply}}
	batch := func(n int) {
		left.Store(int64(n))
		for range n {
			_, c, err := s.Spawn(context.Background(), runtime.SpawnRequest{Module: module, Entry: -1})
			if err != nil {
				b.Fatal(err)
			}
			s.Send(context.Background(), c, first)
		}
		<-done
	}
	batch(1000)
	b.ReportAllocs()
	b.ResetTimer()
	start := cpu()
	for n := b.N; n > 0; n -= 1000 {
		batch(min(n, 1000))
	}
	report(b, b.N, start)
}

// BenchmarkIdleProcess reports the memory of a process that waits.
func BenchmarkIdleProcess(b *testing.B) {
	for _, guest := range []string{"echo", "counter"} {
		b.Run(guest, func(b *testing.B) {
			s := runtimetest.New(b)
			const n = 5000
			s.SpawnGuest(guest, false)
			before := pss()
			for range n {
				s.Ask(s.SpawnGuest(guest, false), "0") // one message: its memory is touched
			}
			s.Rest()
			s.Rest()
			size := float64(pss()-before) / n
			for b.Loop() {
			}
			b.ReportMetric(size, "B/process")
		})
	}
}

// pss is the memory of this process, shared pages divided among their users.
func pss() int64 {
	goruntime.GC()
	debug.FreeOSMemory()
	b, _ := os.ReadFile("/proc/self/smaps_rollup")
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "Pss:"); ok {
			var kib int64
			fmt.Sscan(v, &kib)
			return kib << 10
		}
	}
	return 0
}

// BenchmarkRestart starts a space with a million events of history and a snapshot
// near its end.
func BenchmarkRestart(b *testing.B) {
	s := runtimetest.New(b)
	p, done := port(s)
	ring := ringOf(s, 1000, true, p.Cap(caps.All))
	const tokens, events = 64, 1_000_000
	pass := func(n int) {
		for i := range tokens {
			s.Send(context.Background(), ring[i*15], runtime.Message{Data: token(uint64(n / tokens))})
		}
		for range tokens {
			<-done
		}
	}
	pass(events)
	s.Snap()
	s.Tell(ring[0].Ref.Process, string(token(1000)))
	<-done
	p.Close()
	s.Kill()
	b.ResetTimer()
	start := cpu()
	for range b.N {
		s.Start()
		b.StopTimer()
		if s.Head() < events {
			b.Fatalf("%d events", s.Head())
		}
		s.Kill()
		b.StartTimer()
	}
	report(b, b.N, start)
}

// BenchmarkReplay executes a history from its beginning, guests included; an
// operation is an event.
func BenchmarkReplay(b *testing.B) {
	s := runtimetest.New(b)
	p, done := port(s)
	ring := ringOf(s, 1000, true, p.Cap(caps.All))
	for i := range 64 {
		s.Send(context.Background(), ring[i*15], runtime.Message{Data: token(uint64(b.N / 64))})
	}
	for range 64 {
		<-done
	}
	head := s.Head()
	b.ReportAllocs()
	b.ResetTimer()
	start := cpu()
	if _, err := s.Replay(head); err != nil {
		b.Fatal(err)
	}
	report(b, b.N, start)
}

// BenchmarkSnapshotBlocks counts the blocks that a snapshot writes after one of 16
// pages has changed in each of 1,000 processes.
func BenchmarkSnapshotBlocks(b *testing.B) {
	const processes = 1000
	s := runtimetest.New(b)
	pids := make([]uint64, processes)
	inParallel(processes, func(i int) { pids[i] = s.SpawnGuest("touch", true) })
	for page := range 16 {
		touchAll(b, s, pids, page)
	}
	s.Snap()
	wrote := 0
	for b.Loop() {
		before := blocks(b, s.Store)
		touchAll(b, s, pids, 5)
		s.Snap()
		wrote = blocks(b, s.Store) - before
	}
	b.ReportMetric(float64(wrote), "blocks")
}
