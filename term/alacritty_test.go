package term

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The reference recordings of Alacritty, as Debian's package has them: for each the
// bytes, the size and the screen with its history that they come to.
const recordings = "/usr/share/cargo/registry/alacritty_terminal-*/tests/ref"

// What the flags of a cell mean in the recordings.
const (
	refInverse = 1 << iota
	refBold
	refItalic
	refUnderline
	refWrapped
	refWide
	refSpacer
	refFaint
	refHidden
	refStrike
	refGap
	refDouble
	refCurly
	refDotted
	refDashed
)

type refColor struct {
	Named   string
	Indexed *uint8
	Spec    *struct{ R, G, B uint8 }
}

type refCell struct {
	C      string
	FG, BG refColor
	Flags  struct{ Bits int }
	Extra  *struct {
		Zerowidth      []string
		UnderlineColor *refColor `json:"underline_color"`
		Hyperlink      *struct{ Inner struct{ ID, URI string } }
	}
}

type refGrid struct {
	Raw struct {
		Inner []struct{ Inner []refCell }
		Zero  int
		Len   int
	}
}

// color returns c as this package has it.
func (c refColor) color(t *testing.T) Color {
	switch {
	case c.Indexed != nil:
		return Indexed(*c.Indexed)
	case c.Spec != nil:
		return RGB(c.Spec.R, c.Spec.G, c.Spec.B)
	case c.Named == "Foreground", c.Named == "Background":
		return DefaultColor
	}
	for i, name := range []string{"Black", "Red", "Green", "Yellow", "Blue", "Magenta", "Cyan", "White"} {
		switch c.Named {
		case name:
			return Indexed(uint8(i))
		case "Bright" + name:
			return Indexed(uint8(i + 8))
		}
	}
	t.Fatalf("a colour %+v in a recording", c)
	return 0
}

// text describes a cell of a recording; wrapped is told for the last of a row alone.
func (c refCell) text(t *testing.T) string {
	f := c.Flags.Bits
	text, underline, link := c.C, "0", ""
	if text == "\t" {
		text = " " // Alacritty remembers where a tab began, for copying
	}
	if c.Extra != nil {
		text += strings.Join(c.Extra.Zerowidth, "")
		if c.Extra.UnderlineColor != nil {
			underline = fmt.Sprintf("%x", c.Extra.UnderlineColor.color(t))
		}
		if h := c.Extra.Hyperlink; h != nil {
			link = h.Inner.URI
		}
	}
	a := Attr(0)
	for _, b := range []struct {
		bit  int
		attr Attr
	}{
		{refInverse, Inverse}, {refBold, Bold}, {refItalic, Italic}, {refFaint, Faint},
		{refHidden, Hidden}, {refStrike, Strike},
	} {
		if f&b.bit != 0 {
			a |= b.attr
		}
	}
	for i, bit := range []int{refUnderline, refDouble, refCurly, refDotted, refDashed} {
		if f&bit != 0 {
			a = a.withUnderline(Underline(i + 1))
		}
	}
	width := 1
	switch {
	case f&refWide != 0:
		width = 2
	case f&refSpacer != 0:
		width, text = 0, ""
	}
	return describe(text, width, a, c.FG.color(t), c.BG.color(t), underline, link)
}

func describe(text string, width int, a Attr, fg, bg Color, underline, link string) string {
	return fmt.Sprintf("%q width %d attr %x fg %x bg %x underline %s link %q", text, width, a, fg, bg, underline, link)
}

// departures are the recordings in which Alacritty differs from xterm, and how.
var departures = map[string]string{
	"decaln_reset":      "DECALN moves the cursor home in xterm (and by DEC's manuals), in Alacritty it stays",
	"deccolm_reset":     "DECCOLM does nothing in xterm until mode 40 allows it, in Alacritty it always clears the screen",
	"selective_erasure": "DECSED and DECSEL erase what is not protected in xterm, Alacritty does not know them",
	"underline":         "SGR 21 is a double underline in xterm, in Alacritty it ends bold",
}

func TestRecordings(t *testing.T) {
	found, _ := filepath.Glob(recordings + "/*/alacritty.recording")
	if len(found) != 42 {
		t.Fatalf("%d of Alacritty's 42 recordings in %s; install librust-alacritty-terminal-dev", len(found), recordings)
	}
	for _, path := range found {
		dir := filepath.Dir(path)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			input := read(t, path)
			var size struct {
				Columns int
				Lines   int `json:"screen_lines"`
			}
			var config struct {
				History int `json:"history_size"`
			}
			var want refGrid
			decode(t, filepath.Join(dir, "size.json"), &size)
			decode(t, filepath.Join(dir, "config.json"), &config)
			decode(t, filepath.Join(dir, "grid.json"), &want)
			if config.History == 0 {
				config.History = -1
			}
			o := Options{Columns: size.Columns, Rows: size.Lines, History: config.History}
			term := New(o)
			term.Feed(input)
			differences := compare(t, term, &want)
			why, departs := departures[filepath.Base(dir)]
			switch {
			case departs && len(differences) == 0:
				t.Errorf("the same, which it should not be: %s", why)
			case !departs && len(differences) > 0:
				t.Errorf("%d cells differ:\n%s", len(differences), strings.Join(differences[:min(len(differences), 12)], "\n"))
			}
			bytewise := New(o)
			for i := range input {
				bytewise.Feed(input[i : i+1])
			}
			same(t, bytewise, term)
		})
	}
}

// compare returns how the screen and the history of term differ from want.
func compare(t *testing.T, term *Terminal, want *refGrid) (differences []string) {
	raw := &want.Raw
	// Rows are kept from the bottom up.
	for y := term.rows - raw.Len; y < term.rows; y++ {
		i := (raw.Zero + term.rows - 1 - y) % raw.Len
		r := &row{} // rows that never were are recorded as blank
		if y >= -term.HistoryLen() {
			r = term.scr.ring.at(term.HistoryLen() + y)
		}
		for x, c := range raw.Inner[i].Inner {
			have := r.cell(x)
			text := string(term.Text(nil, have))
			uri, _ := term.Link(have)
			got := describe(text, have.Width(), have.Attr()&rendition, have.fg, have.bg,
				fmt.Sprintf("%x", term.tables.texts().UnderlineColor(have)), uri)
			if want := c.text(t); got != want {
				differences = append(differences, fmt.Sprintf("row %d column %d: %s, want %s", y, x, got, want))
			}
			if x == term.columns-1 && c.Flags.Bits&refWrapped != 0 != (r.flags&rowWrapped != 0) {
				differences = append(differences, fmt.Sprintf("row %d wrapped: %v", y, r.flags&rowWrapped != 0))
			}
		}
	}
	return differences
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decode(t *testing.T, path string, v any) {
	t.Helper()
	if err := json.Unmarshal(read(t, path), v); err != nil {
		t.Fatal(err)
	}
}
