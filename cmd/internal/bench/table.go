package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// row is one thing that is measured, with a value for each round.
type row struct {
	what       string
	unit       unit
	ours, peer []float64
	cpu, wall  []float64 // the rounds' ratios; absent where there is no peer, or no sense in it
	cost       []float64 // of ours, where ours is no time: nanoseconds of processor time for one
	goal       goal
	note       string // why it was not measured
}

type unit int

const (
	nanoseconds unit = iota // for one operation
	perSecond
	kilobytes
	megabytes // a second
	megabits  // a second
	seconds
	count
	factor
)

func (u unit) format(v float64) string {
	switch u {
	case nanoseconds:
		if v >= 1e7 {
			return fmt.Sprintf("%.0f ms", v/1e6)
		}
		if v >= 1e6 {
			return fmt.Sprintf("%.1f ms", v/1e6)
		}
		if v >= 1e4 {
			return fmt.Sprintf("%.1f µs", v/1e3)
		}
		if v > 0 && v < 10 {
			return fmt.Sprintf("%.2f ns", v)
		}
		return fmt.Sprintf("%.0f ns", v)
	case perSecond:
		return fmt.Sprintf("%.0f/s", v)
	case kilobytes:
		if v >= 1e6 {
			return fmt.Sprintf("%.1f MB", v/1e6)
		}
		return fmt.Sprintf("%.1f KB", v/1000)
	case megabytes:
		return fmt.Sprintf("%.0f MB/s", v)
	case megabits:
		return fmt.Sprintf("%.1f Mbit/s", v)
	case seconds:
		return fmt.Sprintf("%.2f s", v)
	case factor:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// goal is what a figure should be at most, or at least.
type goal struct {
	of      figure
	limit   float64
	atLeast bool
}

type figure int

const (
	ours figure = iota
	cpuRatio
	wallRatio
	bothRatios
	none // it stands there to compare others with
)

func (g goal) value(r *row) float64 {
	switch g.of {
	case cpuRatio:
		return median(r.cpu)
	case wallRatio:
		return median(r.wall)
	case bothRatios: // the worse
		if g.atLeast {
			return min(median(r.cpu), median(r.wall))
		}
		return max(median(r.cpu), median(r.wall))
	}
	return median(r.ours)
}

// verdict says whether the goal is met, and otherwise by how much it is missed.
func (g goal) verdict(r *row) string {
	v := g.value(r)
	switch {
	case g.of == none && len(r.ours) > 0:
		return ""
	case math.IsNaN(v):
		return "not measured"
	case g.atLeast && v < g.limit:
		return missed(1 - v/g.limit)
	case !g.atLeast && v > g.limit:
		return missed(v/g.limit - 1)
	}
	return "met"
}

func missed(by float64) string {
	if by < 0.01 {
		return "missed by less than 1%"
	}
	return fmt.Sprintf("missed by %.0f%%", 100*by)
}

func (g goal) format(u unit) string {
	if g.of == none {
		return ""
	}
	limit := fmt.Sprint(g.limit)
	if g.of == ours {
		limit = u.format(g.limit)
	}
	sign := "≤"
	if g.atLeast {
		sign = "≥"
	}
	return fmt.Sprintf("%s %s %s", [...]string{"ours", "CPU", "wall", "both"}[g.of], sign, limit)
}

func median(x []float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	x = slices.Clone(x)
	slices.SortFunc(x, cmp.Compare[float64])
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}

// write prints the table.
func write(w io.Writer, rows []*row) {
	fmt.Fprintln(w, "| what | ours | peer | CPU | wall | goal | result |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|")
	for _, r := range rows {
		cell := func(x []float64, format func(float64) string) string {
			if len(x) == 0 {
				return ""
			}
			return format(median(x))
		}
		result := r.goal.verdict(r)
		if r.note != "" {
			result = r.note
		}
		own := cell(r.ours, r.unit.format)
		if len(r.cost) > 0 {
			own += fmt.Sprintf(" (%s CPU each)", nanoseconds.format(median(r.cost)))
		}
		fmt.Fprintf(w, "| %s |\n", strings.Join([]string{
			r.what, own, cell(r.peer, r.unit.format),
			cell(r.cpu, factor.format), cell(r.wall, factor.format), r.goal.format(r.unit), result,
		}, " | "))
	}
}
