package view

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/lumps"
	"hearth/vk"
	"hearth/vk/device"
	"hearth/vk/scene"
)

// The overlay says what the frames say, and stays within its panel.
func TestOverlay(t *testing.T) {
	var f figures
	f.peers = func() int { return 3 }
	snap := scene.New(scene.Limits{}).Snapshot()
	begun := time.Now()
	spans := []device.Span{{Name: "shadows", Duration: 4 * time.Millisecond}, {Name: "surfaces", Duration: time.Second}}
	for i := range 200 {
		f.took(vk.Stats{Objects: 12, GPU: spans, CPU: 2 * time.Millisecond, DeviceUsed: 5 << 20}, begun.Add(time.Duration(i)*20*time.Millisecond))
		spans = []device.Span{{Name: "shadows", Duration: 4 * time.Millisecond}, {Name: "surfaces", Duration: time.Second}}
	}
	c := f.overlay(panel{full: true, device: "a device", samples: 4, place: "fly", guests: 2}, snap, 640, 360)
	all := ""
	for _, x := range c.Texts {
		all += x.Text + "\n"
	}
	for _, want := range []string{"a device, 4 samples", " 50.0 fps", "cpu 2.00 ms", "objects 12", "5.0 MiB", "peers 3", "listeners 2", "shadows", "surfaces   1000.00", "Ctrl+Tab"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in\n%s", want, all)
		}
	}
	panelRect := c.Rects[0]
	for _, r := range c.Rects[1:] {
		if r.X < panelRect.X || r.Y < panelRect.Y || r.X+r.Width > panelRect.X+panelRect.Width || r.Y+r.Height > panelRect.Y+panelRect.Height {
			t.Errorf("%+v is out of the panel %+v", r, panelRect)
		}
	}
	c = f.overlay(panel{keyboard: "process 7"}, snap, 640, 360)
	if len(c.Rects) != 1 || len(c.Texts) != 1 || !strings.Contains(c.Texts[0].Text, "process 7") {
		t.Errorf("with the keys at a guest: %+v", c)
	}
	if c = f.overlay(panel{}, snap, 640, 360); len(c.Rects)+len(c.Texts) != 0 {
		t.Errorf("nothing to say: %+v", c)
	}
	if c = f.overlay(panel{aim: true}, snap, 640, 360); len(c.Rects) != 2 || c.Rects[1].X != 319 || c.Rects[1].Y != 179 {
		t.Errorf("the middle: %+v", c)
	}
	// A loop that slept drew no slow frame.
	f.took(vk.Stats{}, begun.Add(time.Hour))
	f.took(vk.Stats{}, begun.Add(time.Hour+10*time.Millisecond))
	if f.frame > time.Hour {
		t.Errorf("frames take %v", f.frame)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		line string
		most int
		want []string
	}{
		{"one two three", 7, []string{"one two", "three"}}, {"one two", 7, []string{"one two"}}, {"one  two", 5, []string{"one ", "two"}},
		{"a-very-long-word", 5, []string{"a-ver", "y-lon", "g-wor", "d"}}, {"a b", 0, []string{"a b"}}, {"a b", -3, []string{"a b"}}, {"", 3, []string{""}},
	} {
		if got := wrap([]string{c.line}, c.most); !slices.Equal(got, c.want) {
			t.Errorf("%q in %d: %q, want %q", c.line, c.most, got, c.want)
		}
	}
}

// Each failure is told once, however often it is met, and not a million of them.
func TestNews(t *testing.T) {
	var f figures
	a := vk.Failure{Lump: lumps.Sum(lumps.Raw, []byte("a")), Err: errors.New("it is no model")}
	b := vk.Failure{Lump: lumps.Sum(lumps.Raw, []byte("b")), Err: errors.New("it is no model")}
	if got := f.news([]vk.Failure{a, b, a}); len(got) != 2 {
		t.Errorf("%v", got)
	}
	if got := f.news([]vk.Failure{b, a}); len(got) != 0 {
		t.Errorf("told again: %v", got)
	}
	told := 0
	for i := range 3 * maxTold {
		told += len(f.news([]vk.Failure{{Lump: lumps.Sum(lumps.Raw, []byte{byte(i), byte(i >> 8)}), Err: a.Err}}))
	}
	if told > maxTold {
		t.Errorf("%d are told", told)
	}
}

func BenchmarkOverlay(b *testing.B) {
	b.ReportAllocs()
	var f figures
	f.took(vk.Stats{GPU: make([]device.Span, 12)}, time.Now())
	snap := scene.New(scene.Limits{}).Snapshot()
	for b.Loop() {
		f.overlay(panel{full: true}, snap, 1280, 720)
	}
}
