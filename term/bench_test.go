package term

import (
	"bytes"
	"testing"
)

// Texts of one kind each, about 64 KiB, as programs write them.
var texts64 = map[string][]byte{
	"ascii": bytes.Repeat([]byte("The quick brown fox jumps over the lazy dog, and runs away from it again.\r\n"), 870),
	"sgr":   sgrHeavy(),
	"cjk":   bytes.Repeat([]byte("日本語の文章は漢字と仮名で書かれ、端末では一字が二桁を占める。中文字符也一样宽。\r\n"), 560),
	"mixed": bytes.Repeat([]byte("naïve Größe — «кириллица» ελληνικά e\u0301a\u0308 └──┘ ✓\r\n"), 900),
}

func sgrHeavy() []byte {
	var b []byte
	for i := range 2600 {
		b = appendf(b, "\x1b[38;2;%d;%d;%dmab\x1b[0;1;%dmc\x1b[m", i%256, i*7%256, i*13%256, 30+i%8)
		if i%20 == 19 {
			b = append(b, "\r\n"...)
		}
	}
	return b
}

// At the bottom of the screen, with a history that is full: a row goes in, a row goes
// out.
func BenchmarkFeed(b *testing.B) {
	for _, name := range []string{"ascii", "sgr", "cjk", "mixed"} {
		input := texts64[name]
		b.Run(name, func(b *testing.B) {
			t := New(Options{Columns: 120, Rows: 40})
			for t.HistoryLen() < 10_000 {
				t.Feed(input)
			}
			t.Feed(input)
			b.SetBytes(int64(len(input)))
			b.ReportAllocs()
			for b.Loop() {
				t.Feed(input)
			}
		})
	}
	b.Run("cuts", func(b *testing.B) {
		input := texts64["sgr"]
		t := New(Options{Columns: 120, Rows: 40})
		for t.HistoryLen() < 10_000 {
			t.Feed(input)
		}
		b.SetBytes(int64(len(input)))
		b.ReportAllocs()
		for b.Loop() {
			for i := 0; i < len(input); i += 7 {
				t.Feed(input[i:min(i+7, len(input))])
			}
		}
	})
	b.Run("region", func(b *testing.B) {
		// As tmux and editors scroll: within margins, a line at a time.
		input := bytes.Repeat([]byte("\x1b[2;39r\x1b[39;1Ha line of an editor\n"), 2000)
		t := New(Options{Columns: 120, Rows: 40})
		b.SetBytes(int64(len(input)))
		b.ReportAllocs()
		for b.Loop() {
			t.Feed(input)
		}
	})
}

// A full screen is written and taken over by a View, each row of it new.
func BenchmarkView(b *testing.B) {
	var frames [2][]byte
	for i := range frames {
		for y := range 60 {
			frames[i] = appendf(frames[i], "\x1b[%d;1H\x1b[3%dm%0200d", y+1, y%8, i+y)
		}
	}
	t := New(Options{Columns: 200, Rows: 60})
	var v View
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		t.Feed(frames[i&1])
		t.View(&v)
	}
}

func BenchmarkResize(b *testing.B) {
	t := New(Options{Columns: 120, Rows: 40})
	for t.HistoryLen() < 10_000 {
		t.Feed(texts64["ascii"])
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		t.Resize(120-40*(i&1), 40)
	}
}

func BenchmarkReplay(b *testing.B) {
	t := New(Options{Columns: 120, Rows: 40})
	for t.HistoryLen() < 10_000 {
		t.Feed(texts64["sgr"])
	}
	b.ReportAllocs()
	for b.Loop() {
		b.SetBytes(int64(len(t.Replay())))
	}
}

// Feeding does not allocate once the rows of the history are there.
func TestFeedAllocates(t *testing.T) {
	for name, input := range texts64 {
		x := New(Options{Columns: 120, Rows: 40, History: 200})
		for range 6 {
			x.Feed(input)
		}
		var v View
		x.View(&v)
		if n := testing.AllocsPerRun(3, func() { x.Feed(input); x.View(&v) }); n > 0 {
			t.Errorf("%s: %v allocations for %d bytes", name, n, len(input))
		}
	}
}
