package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// printer writes results: aligned columns for people on a terminal, lines with
// tabs for scripts in a pipe, objects for programs.
type printer struct {
	w    *bufio.Writer
	json bool
	tty  bool

	head []string
	rows [][]string // kept until the columns are known; terminal only
}

func newPrinter(f *os.File, json bool) *printer {
	return &printer{w: bufio.NewWriter(f), json: json, tty: !json && term.IsTerminal(int(f.Fd()))}
}

// columns names what row prints. A terminal shows the names.
func (p *printer) columns(names ...string) { p.head = names }

// row prints one result: v as an object, or the cells.
func (p *printer) row(v any, cells ...string) error {
	if p.json {
		return p.object(v)
	}
	for i, c := range cells {
		if c == "" {
			c = "-"
		}
		cells[i] = clean(c)
	}
	if p.tty && p.head != nil {
		p.rows = append(p.rows, cells)
		return nil
	}
	_, err := fmt.Fprintln(p.w, strings.Join(cells, "\t"))
	return err
}

// now prints one result of many that come slowly.
func (p *printer) now(v any, cells ...string) error {
	if err := p.row(v, cells...); err != nil {
		return err
	}
	return p.w.Flush()
}

func (p *printer) object(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = p.w.Write(append(b, '\n'))
	return err
}

func (p *printer) flush() error {
	if len(p.rows) > 0 {
		rows := append([][]string{p.head}, p.rows...)
		widths := make([]int, len(p.head))
		for _, r := range rows {
			for i, c := range r {
				widths[i] = max(widths[i], utf8.RuneCountInString(c))
			}
		}
		for _, r := range rows {
			var b strings.Builder
			for i, c := range r {
				b.WriteString(c)
				if i < len(r)-1 {
					b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c)+2))
				}
			}
			fmt.Fprintln(p.w, b.String())
		}
		p.rows = nil
	}
	return p.w.Flush()
}

// clean keeps what a guest wrote from moving the cursor or looking like another
// line.
func clean(s string) string {
	if strings.IndexFunc(s, unprintable) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !unprintable(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func unprintable(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }

// when shows a time: short and local to people, exact to scripts.
func (p *printer) when(t time.Time) string {
	if p.tty {
		return t.Local().Format("2006-01-02 15:04:05")
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// size shows a number of bytes.
func (p *printer) size(n int64) string {
	if !p.tty || n < 1024 {
		return fmt.Sprint(n)
	}
	v, unit := float64(n), 0
	for v >= 1024 && unit < 5 {
		v /= 1024
		unit++
	}
	return fmt.Sprintf("%.1f %ciB", v, " KMGTP"[unit])
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
