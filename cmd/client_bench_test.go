package cmd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkFirstPicture is a start of the client to the end, with a picture of the
// starting world in between: the world is restored, the driver opened, the scene built
// by its guests, models and sky uploaded, a frame of 1280x720 drawn, written, and the
// world snapshotted. 0.4 s of it are a capture's wait for more to come. The pipelines
// are in the cache.
func BenchmarkFirstPicture(b *testing.B) {
	dir := b.TempDir()
	run := func() {
		cmd := exec.Command(filepath.Join(bin, "hearth-client"), "--headless", "--world", filepath.Join(dir, "w"), "--capture", filepath.Join(dir, "p.png"), "--log-level", "error")
		cmd.Env = []string{"XDG_RUNTIME_DIR=" + dir, "HOME=" + dir, lavapipe}
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	run()
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
}

// Frames of the starting world, with all that moves in it, leave nothing behind: the
// client is as large after them as before. With HEARTH_SOAK it is an hour of them.
func TestFramesWithoutGrowth(t *testing.T) {
	whole := 9 * time.Second
	if os.Getenv("HEARTH_SOAK") != "" {
		whole = time.Hour
	}
	p := newViewer(t)
	x := p.open("--overlay", "--validate=false")
	x.full()
	x.Do("click", "3") // the mouse is taken, and moved all the time
	var sizes []int
	for end := time.Now().Add(whole); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		x.Do("mousemove_relative", "--", "7", fmt.Sprint(len(sizes)%3-1))
		if len(sizes)%20 == 10 { // every two seconds another size
			x.Do("windowsize", x.id, fmt.Sprint(300+len(sizes)%3), "180")
		}
		sizes = append(sizes, x.resident())
	}
	third := len(sizes) / 3
	median := func(s []int) int { s = slices.Sorted(slices.Values(s)); return s[len(s)/2] }
	before, after := median(sizes[third:2*third]), median(sizes[2*third:])
	t.Logf("%d MiB, then %d MiB, in %v", before>>20, after>>20, whole)
	// What Go's collector lets lie, and malloc.
	if after-before > 24<<20 {
		t.Errorf("it grew from %d MiB to %d MiB", before>>20, after>>20)
	}
	x.stop()
}

// resident is how much memory the client has, in bytes.
func (x *watcher) resident() int {
	x.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", x.cmd.Process.Pid))
	if err != nil {
		x.t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(b))[1])
	if err != nil {
		x.t.Fatal(err)
	}
	return pages * os.Getpagesize()
}
