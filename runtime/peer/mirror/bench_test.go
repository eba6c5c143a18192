package mirror

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"hearth/runtime"
	"hearth/runtime/runtimetest"
	"hearth/store"
)

// sizeOf is how large the world of the benchmark is: 64 MiB, and 1 GiB with
// HEARTH_SOAK=1. Seven eighths are files, the rest pages of processes.
func sizeOf() (files, processes int) {
	if os.Getenv("HEARTH_SOAK") == "1" {
		return 224, 2048
	}
	return 14, 128
}

const fileSize = 4 << 20

// asset puts a file of random bytes, and a root of the space on it. Of a changed
// one, a hundredth in the middle is new.
func (w *world) asset(n int, changed bool) {
	w.T.Helper()
	ctx := context.Background()
	data := make([]byte, fileSize)
	rand.NewChaCha8([32]byte{byte(n), byte(n >> 8)}).Read(data)
	if changed {
		rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), 1}).Read(data[fileSize/2 : fileSize/2+fileSize/100])
	}
	l, err := store.PutLump(ctx, w.Store, bytes.NewReader(data), store.KindFile)
	must(w.T, err)
	must(w.T, w.SetRoot(ctx, fmt.Sprintf("asset/%d", n), l.CID, l.Size, "test"))
}

// touchAll gives processes pages that no other has.
func touchAll(s *runtimetest.Space, pids []uint64, page, times int) {
	s.T.Helper()
	for _, pid := range pids {
		to := s.Cap(pid)
		for range times {
			_, _, err := s.Send(context.Background(), to, runtime.Message{Data: make([]byte, page), Origin: "test"})
			must(s.T, err)
		}
	}
	must(s.T, s.Quiesce(context.Background()))
}

// BenchmarkPullOnePercent pulls a world of which a hundredth has changed since it
// was pulled last. wire/lacking is what all streams carried both ways over the
// bytes of the blocks that the puller lacked. rsync, where there is one, does the
// same to the folders of the two worlds.
func BenchmarkPullOnePercent(b *testing.B) {
	w := newWorld(b, "home")
	files, processes := sizeOf()
	for n := range files {
		w.asset(n, false)
	}
	pids := make([]uint64, processes)
	for i := range pids {
		pids[i] = w.SpawnGuest("touch", true)
	}
	for page := range 16 {
		touchAll(w.Space, pids, page, page+1)
	}
	old := w.Snap().CID
	before := filepath.Join(b.TempDir(), "before")
	must(b, os.CopyFS(before, os.DirFS(filepath.Dir(w.Dir))))
	for n := range files {
		w.asset(n, true)
	}
	touchAll(w.Space, pids[:(processes+99)/100], 3, 100)
	head := w.Snap().CID
	w.Kill()

	var lacking, wire, blocks, turns int64
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		local := empty(b, "local")
		l := connect(b, w.repo, 0)
		_, err := Pull(context.Background(), l, local, PullOptions{Snapshot: old})
		must(b, err)
		l.close()
		n, size := lacks(b, w.Store, local.Store, head)
		blocks, lacking = blocks+n, lacking+size
		l = connect(b, w.repo, 0)
		b.StartTimer()
		r, err := Pull(context.Background(), l, local, PullOptions{})
		b.StopTimer()
		must(b, err)
		if r.Blocks != n || r.Bytes != size {
			b.Errorf("%d blocks of %d bytes were fetched, and %d of %d lacked", r.Blocks, r.Bytes, n, size)
		}
		wire += l.carried()
		turns += int64(r.RoundTrips)
		l.close()
		must(b, local.Store.Close())
		b.StartTimer()
	}
	b.StopTimer()
	n := float64(b.N)
	b.SetBytes(lacking / int64(b.N))
	b.ReportMetric(float64(lacking)/n, "lacking-B")
	b.ReportMetric(float64(wire)/n, "wire-B")
	b.ReportMetric(float64(wire)/float64(lacking), "wire/lacking")
	b.ReportMetric(float64(blocks)/n, "blocks")
	b.ReportMetric(float64(turns)/n, "round-trips")
	if sent, ok := rsync(b, filepath.Dir(w.Dir), before); ok {
		b.ReportMetric(float64(sent), "rsync-B")
	}
}

var rsyncTotals = regexp.MustCompile(`Total bytes (?:sent|received): ([0-9,]+)`)

// rsync copies what differs between two folders by its own means, and returns
// what it sent and received.
func rsync(b *testing.B, from, to string) (total int64, ok bool) {
	path, err := exec.LookPath("rsync")
	if err != nil {
		return 0, false
	}
	out, err := exec.Command(path, "-a", "--no-whole-file", "--stats", from+"/", to+"/").CombinedOutput()
	if err != nil {
		b.Fatalf("rsync: %v\n%s", err, out)
	}
	for _, m := range rsyncTotals.FindAllSubmatch(out, -1) {
		n, err := strconv.ParseInt(strings.ReplaceAll(string(m[1]), ",", ""), 10, 64)
		must(b, err)
		total += n
	}
	return total, total > 0
}
