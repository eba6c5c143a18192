package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"hearth/vk/scene"
)

// typed are the letters that are typed in turn: tmux's sequences have none of them.
const typed = "xyzq"

// pauses are between keys: longer than a frame, and never in step with one.
func pauses() func() {
	r := rand.New(rand.NewPCG(7, 11))
	return func() { time.Sleep(9*time.Millisecond + time.Duration(r.Int64N(int64(4*time.Millisecond)))) }
}

// BenchmarkTerminalKey measures from a key's message to a terminal until its letter is
// in a snapshot of the scene; then, in a tmux with as many panes, from the key's
// command until the letter is read from an attached client. cat runs in both and the
// kernel echoes, so no shell is measured. Beside it, others are silent or print.
//
// All terminals of Hearth are shown. tmux shows the window with the key and keeps the
// others up to date behind it.
func BenchmarkTerminalKey(b *testing.B) {
	for _, printing := range []int{0, 20, 100} {
		b.Run(fmt.Sprintf("printing=%d", printing), func(b *testing.B) {
			b.Run("hearth", func(b *testing.B) { keyHearth(b, printing) })
			b.Run("tmux", func(b *testing.B) { keyTmux(b, printing) })
		})
	}
}

const columns = 80 // of every terminal

// flood prints without end.
var flood = []string{"/usr/bin/seq", "1000000000"}

func keyHearth(b *testing.B, printing int) {
	d := newDesk(b)
	echo := d.open("/bin/cat")
	var grid scene.ID
	for id := range d.scene.Snapshot().Grids.All() {
		grid = id
	}
	for range printing {
		d.open(flood...)
	}
	d.sees("all print", prompted(printing))
	time.Sleep(time.Second) // they have found their pace
	var messages [len(typed)][]byte
	for i := range messages {
		messages[i] = fmt.Appendf(nil, `{"Input":"%c"}`, typed[i])
	}
	var took []time.Duration
	pause := pauses()
	for b.Loop() {
		pause()
		i := len(took)
		row, column := i/columns, i%columns
		begun := time.Now()
		d.tell(echo, messages[i%len(messages)])
		took = append(took, d.sees("the letter", func(s *scene.Snapshot) bool {
			g, ok := s.Grids.Get(grid)
			return ok && row < len(g.Lines) && column < len(g.Lines[row]) && g.Lines[row][column].Glyph != 0
		}).Sub(begun))
	}
	report(b, "key", took)
}

func keyTmux(b *testing.B, printing int) {
	m := newTmux(b)
	m.do("new-session", "-d", "-s", "keys", "-x", "80", "-y", "24", "/bin/cat")
	m.do("new-session", "-d", "-s", "control", "-x", "80", "-y", "24", "/bin/cat")
	for range printing {
		m.do("new-window", "-d", "-t", "keys", flood[0]+" "+flood[1])
	}
	control := m.control("control")
	shown := m.attach("keys")
	shown.settle()
	var took []time.Duration
	pause := pauses()
	for b.Loop() {
		pause()
		letter := typed[len(took)%len(typed)]
		line := fmt.Appendf(nil, "send-keys -t keys:0 -l %c\n", letter)
		begun := time.Now()
		if _, err := control.Write(line); err != nil {
			b.Fatal(err)
		}
		took = append(took, shown.until(func(p []byte) bool { return bytes.IndexByte(p, letter) >= 0 }).Sub(begun))
	}
	report(b, "key", took)
}
