package pty_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hearth/term"
	"hearth/term/pty"
)

// peerStream is how much each emulator is fed: tmux is slow enough to need no more.
const peerStream = 8 << 20

// streams are what programs print: text, text in many colours and styles, and text of
// wide characters. They are the same in every run.
var streams = []struct {
	name string
	line func(b []byte, r *rand.Rand) []byte
}{
	{"ascii", func(b []byte, r *rand.Rand) []byte {
		for range 20 + r.IntN(60) {
			b = append(b, byte(' '+r.IntN(95)))
		}
		return b
	}},
	{"sgr", func(b []byte, r *rand.Rand) []byte {
		for range 4 + r.IntN(6) {
			b = fmt.Appendf(b, "\x1b[%d;%dm%c%c%c\x1b[38;5;%dm%c%c\x1b[48;2;%d;%d;%dm%c%c%c\x1b[0m ", r.IntN(8), 30+r.IntN(8),
				'a'+r.IntN(26), 'a'+r.IntN(26), 'a'+r.IntN(26), r.IntN(256), 'a'+r.IntN(26), 'a'+r.IntN(26),
				r.IntN(256), r.IntN(256), r.IntN(256), 'a'+r.IntN(26), 'a'+r.IntN(26), 'a'+r.IntN(26))
		}
		return b
	}},
	{"cjk", func(b []byte, r *rand.Rand) []byte {
		for range 10 + r.IntN(30) {
			b = append(b, string(rune(0x4e00+r.IntN(0x5000)))...)
		}
		return b
	}},
}

func makeStream(line func([]byte, *rand.Rand) []byte) []byte {
	r := rand.New(rand.NewPCG(5, 23))
	b := make([]byte, 0, peerStream+1<<10)
	for len(b) < peerStream {
		b = append(line(b, r), "\r\n"...)
	}
	return b
}

// BenchmarkPeers feeds the same streams to this terminal, to libvterm and to tmux, one
// after the other in each turn, so that what else the machine does slows them alike. It
// reports the speed of each, and how many times as fast as the others this one is.
//
// tmux gets its stream from cat in a pane, which costs a little of its own.
func BenchmarkPeers(b *testing.B) {
	dir := b.TempDir()
	vterm := filepath.Join(dir, "vterm")
	if out, err := exec.Command("cc", "-O2", "-o", vterm, "testdata/vterm.c", "-lvterm").CombinedOutput(); err != nil {
		b.Fatalf("the program that feeds libvterm does not build; install libvterm-dev: %v\n%s", err, out)
	}
	for _, stream := range streams {
		b.Run(stream.name, func(b *testing.B) {
			text := makeStream(stream.line)
			path := filepath.Join(dir, stream.name)
			if err := os.WriteFile(path, text, 0o600); err != nil {
				b.Fatal(err)
			}
			var ours, vt, mux time.Duration
			turns := 0
			for b.Loop() {
				t := term.New(term.Options{Columns: 80, Rows: 24})
				start := time.Now()
				for piece := range slices.Chunk(text, 64<<10) {
					t.Feed(piece)
				}
				ours += time.Since(start)
				vt += feedVterm(b, vterm, path)
				mux += feedTmux(b, dir, path)
				turns++
			}
			rate := func(d time.Duration) float64 { return float64(len(text)*turns) / d.Seconds() / 1e6 }
			b.ReportMetric(rate(ours), "hearth-MB/s")
			b.ReportMetric(rate(vt), "libvterm-MB/s")
			b.ReportMetric(rate(mux), "tmux-MB/s")
			b.ReportMetric(vt.Seconds()/ours.Seconds(), "x-libvterm")
			b.ReportMetric(mux.Seconds()/ours.Seconds(), "x-tmux")
		})
	}
}

func feedVterm(b *testing.B, program, path string) time.Duration {
	b.Helper()
	out, err := exec.Command(program, path).Output()
	if err != nil {
		b.Fatal(err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(n)
}

// feedTmux prints the file in a detached session and waits until the pane has taken it
// and says so: the channel is signalled by a command that runs after cat has ended, and
// the end of the stream is on the pane then but for what the pane's buffer holds.
func feedTmux(b *testing.B, dir, path string) time.Duration {
	b.Helper()
	tmux := func(args ...string) {
		cmd := exec.Command("tmux", append([]string{"-f", "/dev/null", "-L", "peers"}, args...)...)
		cmd.Env = append(pty.Environment(os.Environ()), "TMUX_TMPDIR="+dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("tmux %v: %v\n%s", args, err, out)
		}
	}
	tmux("new-session", "-d", "-x", "80", "-y", "24", "stty raw -echo; tmux -L peers wait-for go; cat "+path+"; tmux -L peers wait-for -S done; sleep 1000")
	defer tmux("kill-server")
	start := time.Now()
	tmux("wait-for", "-S", "go")
	tmux("wait-for", "done")
	return time.Since(start)
}
