package service_test

import (
	"fmt"
	"strings"
	"testing"

	"hearth/term/service"
)

// screenful is a screen of colours, as a program draws that changes all of it.
func screenful(columns, rows, n int) []byte {
	var b strings.Builder
	b.WriteString("\x1b[H")
	for r := range rows {
		for c := range columns {
			if c%8 == 0 {
				fmt.Fprintf(&b, "\x1b[3%d;4%dm", (r+c+n)%8, (r+n)%8)
			}
			b.WriteByte(byte('!' + (r*columns+c+n)%94))
		}
		if r < rows-1 {
			b.WriteString("\r\n")
		}
	}
	return []byte(b.String())
}

// From the bytes of a whole screen to the snapshot of the scene that shows it: CPU of one
// goroutine, without the wait of the painter.
func BenchmarkFullScreen(b *testing.B) {
	for _, size := range [][2]int{{80, 24}, {200, 60}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			w := newWorld(b)
			x := service.NewBench(w.plugin, size[0], size[1])
			screens := [][]byte{screenful(size[0], size[1], 0), screenful(size[0], size[1], 1), screenful(size[0], size[1], 2)}
			for _, s := range screens {
				x.Show(s)
			}
			b.SetBytes(int64(len(screens[0])))
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				x.Show(screens[i%3])
				w.scene.Snapshot()
			}
			b.StopTimer()
			x.Close()
		})
	}
}

// A hundred terminals that print without end: how much is read, and what a pass of the
// painter over all of them costs.
func BenchmarkHundredPrinting(b *testing.B) {
	w := newWorld(b)
	var all []*service.Bench
	for range 100 {
		all = append(all, service.NewBench(w.plugin, 80, 24))
	}
	lines := []byte(strings.Repeat("the quick brown fox jumps over the lazy dog 0123456789\r\n", 1000))
	b.SetBytes(int64(len(lines)) * 100)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		for _, x := range all {
			x.Feed(lines)
		}
		for _, x := range all {
			x.Paint()
		}
		w.scene.Snapshot()
	}
	b.StopTimer()
	for _, x := range all {
		x.Close()
	}
}
