package main

import (
	"math"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	all, err := parse(strings.NewReader("goos: linux\nBenchmarkX/y-z-2 \t 200\t 12.5 ns/op\t 3 cpu-ns/op\nBenchmarkY-2 1 2 ns/op\nPASS\n"))
	m := all["X/y-z"]
	if err != nil || m["ns/op"] != 12.5 || m["cpu-ns/op"] != 3 || len(m) != 2 || all["Y"]["ns/op"] != 2 || len(all) != 2 {
		t.Errorf("%v, %v", all, err)
	}
	if _, err := only(all, nil); err == nil {
		t.Error("one of two results was chosen")
	}
	if _, err := m.need("B/op"); err == nil {
		t.Error("a metric that is not there is found")
	}
	for _, s := range []string{"PASS\n", "BenchmarkX 1 x ns/op\n"} {
		if _, err := parse(strings.NewReader(s)); err == nil {
			t.Errorf("%q is a result", s)
		}
	}
}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		row  row
		want string
	}{
		{row{cpu: []float64{3, 0.5, 0.6}, goal: goal{cpuRatio, 0.6, false}}, "met"},
		{row{cpu: []float64{0.9, 0.9}, goal: goal{cpuRatio, 0.6, false}}, "missed by 50%"},
		{row{wall: []float64{0.4}, goal: goal{wallRatio, 0.8, true}}, "missed by 50%"},
		{row{ours: []float64{1, 2, 3, 4}, goal: goal{ours, 2.5, true}}, "met"},
		{row{ours: []float64{3}, goal: goal{cpuRatio, 1, false}}, "not measured"},
		{row{cpu: []float64{2}, wall: []float64{0.8}, goal: goal{bothRatios, 1, true}}, "missed by 20%"},
		{row{cpu: []float64{2}, wall: []float64{0.8}, goal: goal{bothRatios, 1, false}}, "missed by 100%"},
		{row{cpu: []float64{1.1}, wall: []float64{0.997}, goal: goal{bothRatios, 1, true}}, "missed by less than 1%"},
		{row{cpu: []float64{2}, goal: goal{bothRatios, 1, true}}, "not measured"},
		{row{ours: []float64{3}, goal: goal{of: none}}, ""},
		{row{goal: goal{of: none}}, "not measured"},
	} {
		if got := c.row.goal.verdict(&c.row); got != c.want {
			t.Errorf("%+v: %s, want %s", c.row, got, c.want)
		}
	}
	if !math.IsNaN(median(nil)) {
		t.Error("nothing has a median")
	}
}

func TestTable(t *testing.T) {
	var b strings.Builder
	write(&b, []*row{
		{what: "a", ours: []float64{120, 80}, peer: []float64{200}, cpu: []float64{0.5}, wall: []float64{2}, goal: goal{cpuRatio, 0.6, false}},
		{what: "b", unit: perSecond, ours: []float64{10}, cost: []float64{2e6}, goal: goal{ours, 20, true}},
		{what: "c", unit: kilobytes, goal: goal{ours, 16e3, false}, note: "why not"},
		{what: "e", ours: []float64{12.4e6}, peer: []float64{0.32e6}, goal: goal{of: none}},
		{what: "f", unit: kilobytes, ours: []float64{9.32e6}, peer: []float64{5800}, goal: goal{of: none}},
		{what: "d", unit: megabits, ours: []float64{43.21}, goal: goal{of: none}},
	})
	want := `| what | ours | peer | CPU | wall | goal | result |
|---|---|---|---|---|---|---|
| a | 100 ns | 200 ns | 0.50 | 2.00 | CPU ≤ 0.6 | met |
| b | 10/s (2.0 ms CPU each) |  |  |  | ours ≥ 20/s | missed by 50% |
| c |  |  |  |  | ours ≤ 16.0 KB | why not |
| e | 12 ms | 320.0 µs |  |  |  |  |
| f | 9.3 MB | 5.8 KB |  |  |  |  |
| d | 43.2 Mbit/s |  |  |  |  |  |
`
	if b.String() != want {
		t.Errorf("\n%swant\n%s", b.String(), want)
	}
}

// The peer is asked for what its program knows.
func TestErlang(t *testing.T) {
	e := newErlang(t.Context(), t.TempDir())
	if e.err == errNoErlang {
		t.Log(e.err)
		return
	}
	if e.err != nil {
		t.Fatal(e.err)
	}
	for _, work := range [][]string{{"ring", "10", "500"}, {"fanin", "3200"}, {"spawn", "1500"}} {
		v, err := e.run(t.Context(), work...)
		if err != nil || len(v) != 3 || v[0] == 0 || v[1] <= 0 {
			t.Errorf("%v: %v, %v", work, v, err)
		}
	}
	if v, err := e.run(t.Context(), "idle", "1000"); err != nil || len(v) != 2 || v[1] <= 0 {
		t.Errorf("idle: %v, %v", v, err)
	}
}
