package pty

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Of many sizes few are told, not more than one in a pause, and the last is.
func TestResize(t *testing.T) {
	p := shell(t, Options{}, `trap 'stty size' WINCH; echo ready; while :; do sleep 0.002; done`)
	r := bufio.NewReader(p)
	if got := line(t, r); got != "ready" {
		t.Fatalf("it said %q", got)
	}
	start := time.Now()
	const many = 2000
	for i := 1; i <= many; i++ {
		p.Resize(100+i, 10+i, 0, 0)
	}
	took := time.Since(start)
	var told int
	for last := ""; last != "2010 2100"; told++ {
		last = line(t, r)
	}
	if most := int(took/ResizePause) + 2; told > most {
		t.Errorf("%d sizes were told in %v, that is more than %d", told, took, most)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}

// Nobody is told a size that is not new.
func TestResizeSame(t *testing.T) {
	p := shell(t, Options{}, `trap 'echo told' WINCH; echo ready; read x; read x; echo end`)
	r := bufio.NewReader(p)
	line(t, r)
	p.Resize(80, 24, 0, 0)
	p.Write([]byte("a\nb\n"))
	out, err := io.ReadAll(r)
	if err != nil || strings.Contains(string(out), "told") {
		t.Errorf("it printed %q (%v)", out, err)
	}
}

// Sizes that no kernel holds are the nearest that it does.
func TestResizeClamped(t *testing.T) {
	for _, c := range []struct{ columns, rows, width, height, wantColumns, wantRows, wantWidth, wantHeight int }{
		{1, 1, 1, 1, 1, 1, 1, 1},
		{0, -5, -1, 0, 1, 1, 0, 0},
		{1 << 20, 10_000, 1 << 30, 70_000, MaxSize, 10_000, MaxSize, MaxSize},
	} {
		w := newWinsize(c.columns, c.rows, c.width, c.height)
		if int(w.Col) != c.wantColumns || int(w.Row) != c.wantRows || int(w.Xpixel) != c.wantWidth || int(w.Ypixel) != c.wantHeight {
			t.Errorf("%+v is %+v", c, *w)
		}
	}
	out, _ := run(t, Options{Columns: 10_000, Rows: 1 << 20}, "stty size")
	if want := strconv.Itoa(MaxSize) + " 10000\r\n"; out != want {
		t.Errorf("the program sees %q, want %q", out, want)
	}
}
